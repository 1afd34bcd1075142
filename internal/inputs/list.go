package inputs

import (
	"encoding/json"
	"strings"
)

// lines are the lines of a value, trimmed, less the empty ones and those that begin with #. One list in JSON, as toJSON
// gives it, is taken as well.
func lines(value string) []string {
	if list, is := jsonList(value); is {
		return list
	}
	var kept []string
	for line := range strings.Lines(value) {
		if line = strings.TrimSpace(line); line != "" && !isComment(line) {
			kept = append(kept, line)
		}
	}
	return kept
}

func isComment(line string) bool { return strings.HasPrefix(strings.TrimSpace(line), "#") }

// items are what stands in the lines of a value, or between its commas.
func items(value string) []string {
	if list, is := jsonList(value); is {
		return list
	}
	var kept []string
	for _, line := range lines(value) {
		for item := range strings.SplitSeq(line, ",") {
			if item = strings.TrimSpace(item); item != "" {
				kept = append(kept, item)
			}
		}
	}
	return kept
}

// jsonList reads a list of texts in JSON, less those that are null or empty.
func jsonList(value string) ([]string, bool) {
	var list []*string
	if !strings.HasPrefix(strings.TrimSpace(value), "[") || json.Unmarshal([]byte(value), &list) != nil {
		return nil, false
	}
	var kept []string
	for _, text := range list {
		if text != nil && strings.TrimSpace(*text) != "" {
			kept = append(kept, *text)
		}
	}
	return kept, true
}

// oddity is what most likely went wrong with a value that is refused, to be put behind the error; or nothing.
func oddity(value string) string {
	switch {
	case strings.TrimSpace(value) == "":
		return ": it is empty"
	case strings.HasPrefix(value, "- "):
		return ": leave out the list marker, and write one per line"
	case strings.ContainsAny(value[:1], `"'`):
		return ": leave out the quotes"
	case strings.HasPrefix(value, "["):
		return ": it is not a JSON list of strings"
	case strings.Contains(value, "${") || strings.HasPrefix(value, "$"):
		return ": shell variables are not expanded here; write an expression of the workflow, ${{ … }}"
	case strings.ContainsAny(value, " \t"):
		return ": it contains a space"
	}
	return ""
}
