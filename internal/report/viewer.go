package report

import (
	"bytes"
	"io"
	"regexp"
	"strings"
)

// Viewer shows a log about as the page of a workflow run does, for people without one at hand: it
// turns the runner's commands into what they look like.
type Viewer struct {
	screen io.Writer
	rest   []byte // of a line that is not complete
	indent string
}

// NewViewer makes a Viewer that writes to the screen.
func NewViewer(screen io.Writer) *Viewer { return &Viewer{screen: screen} }

var command = regexp.MustCompile(`^::([a-z-]+)( title=([^:]*))?::(.*)$`)

// unescape undoes the escapes of the runner's commands.
var unescape = strings.NewReplacer("%0A", "\n       ", "%0D", "", "%3A", ":", "%2C", ",", "%25", "%")

// Write takes a part of a log.
func (v *Viewer) Write(text []byte) (int, error) {
	v.rest = append(v.rest, text...)
	for {
		line, rest, complete := bytes.Cut(v.rest, []byte("\n"))
		if !complete {
			return len(text), nil
		}
		v.rest = rest
		if _, err := io.WriteString(v.screen, v.show(string(line))); err != nil {
			return 0, err
		}
	}
}

func (v *Viewer) show(line string) string {
	found := command.FindStringSubmatch(line)
	if found == nil {
		return v.indent + line + "\n"
	}
	title, message := unescape.Replace(found[3]), unescape.Replace(found[4])
	switch found[1] {
	case "group":
		v.indent = "  "
		return "▼ " + message + "\n"
	case "endgroup":
		v.indent = ""
		return ""
	case "error", "warning", "notice":
		return strings.ToUpper(found[1][:1]) + found[1][1:] + ": " + title + "\n       " + message + "\n"
	}
	return ""
}

var heredoc = regexp.MustCompile(`(?m)^([a-z-]+)<<(ghadelimiter_\w+)\n((?s:.*?))\n?(ghadelimiter_\w+)\n`)

// ViewFile shows what was written to one of the runner's files: of outputs, the last value of each.
func ViewFile(text []byte) string {
	values := map[string]string{}
	var names []string
	for _, entry := range heredoc.FindAllStringSubmatch(string(text), -1) {
		if _, known := values[entry[1]]; !known {
			names = append(names, entry[1])
		}
		values[entry[1]] = entry[3]
	}
	if names == nil {
		return string(text)
	}
	var b strings.Builder
	for _, name := range names {
		b.WriteString(name + "=" + values[name] + "\n")
	}
	return b.String()
}
