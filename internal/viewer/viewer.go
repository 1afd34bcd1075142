// Package viewer shows what a run leaves, for people without GitHub at hand: its log, and its outputs.
package viewer

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
	unfold bool
	rest   []byte // of a line that is not complete
	group  string // that is open
}

// New makes a Viewer that writes to the screen. Groups are folded, as on the page of a run that is over, unless they
// are to be unfolded.
func New(screen io.Writer, unfold bool) *Viewer { return &Viewer{screen: screen, unfold: unfold} }

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
		return v.text(line)
	}
	title, message := unescape.Replace(found[3]), unescape.Replace(found[4])
	switch found[1] {
	case "group":
		v.group = message
		if v.unfold {
			return "▼ " + message + "\n"
		}
	case "endgroup":
		group := v.group
		v.group = ""
		if !v.unfold {
			return "▶ " + group + "\n"
		}
	case "error", "warning", "notice":
		head := strings.ToUpper(found[1][:1]) + found[1][1:] + ": "
		if title != "" {
			head += title + "\n       "
		}
		return head + message + "\n"
	}
	return ""
}

// text is a line that is no command.
func (v *Viewer) text(line string) string {
	switch {
	case v.group == "":
		return line + "\n"
	case v.unfold:
		return "  " + line + "\n"
	}
	return ""
}

// Outputs shows what was written to the runner's file of outputs: of each the last value, as the
// runner reads it (https://github.com/actions/runner/blob/main/src/Runner.Worker/FileCommandManager.cs).
func Outputs(file string) string {
	values := map[string]string{}
	var names []string
	for file != "" {
		var line, value string
		line, file, _ = strings.Cut(file, "\n")
		name, delimiter, found := strings.Cut(line, "<<")
		if !found {
			continue
		}
		value, file, _ = strings.Cut("\n"+file, "\n"+delimiter+"\n")
		if _, known := values[name]; !known {
			names = append(names, name)
		}
		values[name] = strings.TrimPrefix(value, "\n")
	}
	var b strings.Builder
	for _, name := range names {
		b.WriteString(name + "=" + values[name] + "\n")
	}
	return b.String()
}
