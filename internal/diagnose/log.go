package diagnose

import (
	"encoding/json"
	"slices"
	"strings"

	"ecs-deploy/internal/lazy"
	"ecs-deploy/internal/rollout"
)

const (
	// lastLines is how many of the last lines of a log are shown.
	lastLines = 30
	// linesBefore and linesBehind are how many are shown around the line that tells what went wrong.
	linesBefore, linesBehind = 2, 9
	// longestSaying is where that line is cut, in characters, where it stands in a sentence.
	longestSaying = 200
)

// Excerpt is what of a log is worth to be shown: the last lines and, where those are noise, the ones around the line
// that looks like the error. Passwords in addresses are hidden.
func Excerpt(log rollout.LogTail) rollout.LogTail {
	lines := cleaned(log.Lines)
	tells := telling(lines)
	log.Lines = lines[max(0, len(lines)-lastLines):]
	if tells < 0 {
		return log
	}
	log.Line, log.Says = lines[tells], saying(lines[tells])
	from, to := max(0, tells-linesBefore), tells+linesBehind
	if to < len(lines)-lastLines {
		log.Error = lines[from:to]
		log.Lines = lines[len(lines)-lastLines+len(log.Error):]
		log.Skipped = len(lines) - len(log.Lines) - to
	}
	return log
}

// cleaned is the lines of a log, of which an event may hold several, without colors and passwords.
func cleaned(events []string) []string {
	var lines []string
	for _, event := range events {
		event = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(event)
		for line := range strings.SplitSeq(strings.TrimRight(event, "\n"), "\n") {
			lines = append(lines, password().ReplaceAllString(color().ReplaceAllString(line, ""), "://$1:***@"))
		}
	}
	return lines
}

var (
	color    = lazy.Regexp(`\x1b\[[\d;]*[A-Za-z]`)
	password = lazy.Regexp(`://([^/\s:@]*):[^/\s@]+@`)
	// calm is the level of lines that tell of no error, whatever they say.
	calm = lazy.Regexp(`(?i)^\W*(info|debug|trace|notice)\b|\blevel"?[=:] ?"?(info|debug|trace)\b|` +
		`[\s\[-](INFO|DEBUG|TRACE)[\]\s:]`)
	// grave is what lines have that a program, its language or its system writes at its end.
	grave = lazy.Regexp(
		`(?i)\bpanic: |panicked at|\bfatal\b|\bunhandled|\buncaught\b|exception\b|\bcaused by: |` +
			`^[\w.]*error: |^[a-z]\w*(\.\w+)+: |segmentation fault|core dumped|exec format error`,
	)
	// plaintive is what lines have that tell of some error.
	plaintive = lazy.Regexp(
		`(?i)\berror\b|\bcritical\b|\bfailed\b|\bcannot\b|\bcould not\b|\bunable to\b|\brefused\b|` +
			`\bdenied\b|\bnot found\b|no such file|\bmissing\b.*\b(required|variable)\b|\bmissing required\b|` +
			`unbound variable|not authorized|access ?denied`,
	)
	// stamp is a time at the beginning of a line.
	stamp = lazy.Regexp(`^\[?\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d\S*( [+-]\d{4}\]?)?[\s-]+`)
)

// telling is which line most likely tells what went wrong, or -1: the last of those that are grave and give a reason,
// or else only give one, or else are grave, or complain.
func telling(lines []string) int {
	heaviest, at := 1, -1
	for i, line := range lines {
		if weight := weight(line); weight >= heaviest {
			heaviest, at = weight, i
		}
	}
	return at
}

// weight is how likely a line tells what went wrong; 0: not at all.
func weight(line string) int {
	line = stamp().ReplaceAllString(strings.TrimSpace(line), "")
	said := saying(line)
	reasoned := strings.Contains(said, ": ")
	switch isGrave, complains := grave().MatchString(said), plaintive().MatchString(line); {
	case strings.HasPrefix(line, "at "), calm().MatchString(line), strings.Contains(said, "DeprecationWarning"):
		return 0 // of a stack, or no error
	case isGrave && reasoned:
		return 4
	case complains && reasoned:
		return 3
	case isGrave:
		return 2
	case complains:
		return 1
	}
	return 0
}

// saying is a line as it stands in a sentence: without its time and, of one in JSON, only the message.
func saying(line string) string {
	line = stamp().ReplaceAllString(strings.TrimSpace(line), "")
	var fields map[string]any
	if json.Unmarshal([]byte(line), &fields) == nil {
		var parts []string
		for _, name := range []string{"msg", "message", "error", "err"} {
			if text, is := fields[name].(string); is && !slices.Contains(parts, text) {
				parts = append(parts, text)
			}
		}
		if len(parts) > 0 {
			line = strings.Join(parts, ": ")
		}
	}
	if said := []rune(line); len(said) > longestSaying {
		return string(said[:longestSaying-1]) + "…"
	}
	return line
}

// killed are the exit codes of containers that were ended from outside, whatever they wrote.
var killed = []int{128 + 9, 128 + 15}

// inLog is what the line that looks like the error tells of a container's end, beyond its exit code: that the image is
// for another platform, which the system itself writes, or that AWS refused the application something.
func inLog(cause rollout.Cause, log rollout.LogTail) (Entry, bool) {
	if !cause.Exited || cause.Container != log.Container || slices.Contains(killed, cause.ExitCode) {
		return Entry{}, false
	}
	if strings.Contains(log.Line, "exec format error") {
		return Lookup("exec format error")
	}
	if means, next := refusal(log.Line); means != "" {
		entry, found := LookupCause(cause)
		entry.Means, entry.Next = means, next+" It is most likely the task role, which the application uses to call AWS."
		return entry, found
	}
	return Entry{}, false
}
