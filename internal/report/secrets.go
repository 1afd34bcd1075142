package report

import (
	"encoding/json"
	"io"
	"net/url"
	"slices"
	"strings"

	"github.com/sethvargo/go-githubactions"
)

// shortestSecret is how long a secret must at least be, in bytes. The runner masks text of any length,
// and a log without its "1"s and "true"s is of no use.
const shortestSecret = 8

// secrets are what must not be shown. The runner masks those that it is told in its log and in
// summaries, but not in outputs, and has been known to miss what is written another way
// (https://github.com/actions/runner/blob/main/src/Runner.Common/HostContext.cs); so they do not even
// get there.
type secrets struct {
	known    []string
	replacer *strings.Replacer
}

// learn adds secrets, and returns those that were not known. Of several lines each is one.
func (s *secrets) learn(values ...string) []string {
	var fresh []string
	for _, value := range values {
		for line := range strings.Lines(value) {
			line = strings.TrimSpace(line)
			if len(line) >= shortestSecret && !slices.Contains(s.known, line) {
				s.known, fresh = append(s.known, line), append(fresh, line)
			}
		}
	}
	if len(fresh) == 0 {
		return nil
	}
	var forms []string
	for _, secret := range s.known {
		forms = append(forms, written(secret)...)
	}
	slices.SortFunc(forms, func(a, b string) int { return len(b) - len(a) }) // the longest that fits is taken
	var pairs []string
	for _, form := range slices.Compact(forms) {
		pairs = append(pairs, form, "***")
	}
	s.replacer = strings.NewReplacer(pairs...)
	return fresh
}

// written is a secret in all the ways in which text is written here: as it is, in a URL, in JSON, in
// Markdown, in a command of the runner.
func written(secret string) []string {
	quoted, err := json.Marshal(secret)
	if err != nil {
		panic(err) // it is a string
	}
	var command strings.Builder
	githubactions.New(githubactions.WithWriter(&command)).WithFieldsMap(
		map[string]string{"title": secret},
	).Noticef("%s", secret)
	title, message, _ := strings.Cut(strings.TrimPrefix(strings.TrimSpace(command.String()), "::notice title="), "::")
	return []string{
		secret,
		url.QueryEscape(secret),
		url.PathEscape(secret),
		strings.TrimPrefix(url.UserPassword("", secret).String(), ":"),
		string(quoted[1 : len(quoted)-1]),
		prose(secret),
		title,
		message,
	}
}

func (s *secrets) hide(text string) string {
	if s.replacer == nil {
		return text
	}
	return s.replacer.Replace(text)
}

// maskingWriter is a writer on which no secret is written. Each write is a whole line.
type maskingWriter struct {
	to      io.Writer
	secrets *secrets
}

func (h maskingWriter) Write(text []byte) (int, error) {
	_, err := io.WriteString(h.to, h.secrets.hide(string(text)))
	return len(text), err
}
