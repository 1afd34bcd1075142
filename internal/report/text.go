package report

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// longestLine is where a line of the log is cut, in bytes.
const longestLine = 4096

// printable makes text fit for the log, whatever it holds: container logs, events and the messages
// of AWS must not command the runner. It takes commands at the start of a line, after white space,
// and in the form ##[command] anywhere in it, and ends a line at a lone carriage return
// (https://github.com/actions/runner/blob/main/src/Runner.Common/ActionCommand.cs).
func printable(text string) []string {
	text = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text)
	var lines []string
	for line := range strings.SplitSeq(text, "\n") {
		line = strings.Map(visible, strings.ToValidUTF8(line, "\uFFFD"))
		line = strings.ReplaceAll(line, "##[", "#\u200B#[")
		if strings.HasPrefix(strings.TrimSpace(line), "::") {
			line = "\u200B" + line
		}
		lines = append(lines, line)
	}
	return lines
}

// cut is text of that many bytes at most, its ellipsis included. It is cut between words or, where there is a long one,
// between characters. Secrets must be out of it already: half of one is one that nobody knows.
func cut(text string, most int) string {
	if len(text) <= most {
		return text
	}
	end := max(most-len("…"), 0)
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	if space := strings.LastIndexAny(text[:end], " \t\n"); space > end/2 {
		end = space
	}
	return text[:end] + "…"
}

// visible drops control characters.
func visible(r rune) rune {
	if r != '\t' && (unicode.IsControl(r) || r == '\uFEFF') {
		return -1
	}
	return r
}

// oneLine is text that may stand within a line.
func oneLine(text string) string { return strings.Join(printable(text), " ") }

// clock is a length of time as a clock shows it: 1:07.
func clock(d time.Duration) string {
	s := int(d.Round(time.Second).Seconds())
	if s >= 3600 {
		return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
	}
	return fmt.Sprintf("%d:%02d", s/60, s%60)
}

// plural is "1 task" or "2 tasks".
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// paragraph is text that begins with a capital letter, unless it begins with a name.
func paragraph(text string) string {
	word, _, more := strings.Cut(text, " ")
	if !more || strings.Trim(word, "abcdefghijklmnopqrstuvwxyz") != "" || word == "" {
		return text
	}
	return capital(text)
}

// capital is text with a capital letter at its beginning.
func capital(text string) string { return strings.ToUpper(text[:1]) + text[1:] }

// sentence is text with a full stop.
func sentence(text string) string {
	text = strings.TrimSpace(text)
	if text == "" {
		return ""
	}
	if !strings.ContainsAny(text[len(text)-1:], ".!?") && !strings.HasSuffix(text, "…") {
		text += "."
	}
	return text
}

// filled is the texts that are not empty.
func filled(texts ...string) []string {
	var filled []string
	for _, text := range texts {
		if text != "" {
			filled = append(filled, text)
		}
	}
	return filled
}
