package inputs

import (
	"ecs-deploy/internal/lazy"
	"regexp"
	"strings"
	"sync"
)

// A file in the format of dotenv is read as dotenv of npm reads it (https://github.com/motdotla/dotenv), but for
// three things: # begins a comment only behind a blank, a colon is no sign of equality, and what is no assignment is
// a mistake. The libraries for Go drop backslashes, or fill in variables. A script compares with npm's.

var (
	assignment = lazy.Regexp(`^[ \t]*(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_.-]*)[ \t]*=[ \t]*`)
	comment    = lazy.Regexp(`^[ \t]*(?:#[^\n]*)?(?:\n|$)`)
	unquoted   = lazy.Regexp(`(?:^|[ \t])#.*$`)
)

// dotenv reads a file in the format of dotenv. The line is that of the first mistake, or 0.
func dotenv(text string) (variables []Assignment, line int) {
	text = strings.ReplaceAll(text, "\r\n", "\n")
	rest := text
	for rest != "" {
		if skipped := comment().FindString(rest); skipped != "" {
			rest = rest[len(skipped):]
			continue
		}
		here := 1 + strings.Count(text[:len(text)-len(rest)], "\n")
		name := assignment().FindStringSubmatch(rest)
		if name == nil {
			return nil, here
		}
		value, after, closed := assigned(rest[len(name[0]):])
		if !closed {
			return nil, here
		}
		variables = append(variables, Assignment{name[1], value})
		rest = after
	}
	return variables, 0
}

// assigned reads a value, in quotes over several lines, or else up to the end of the line. It is not closed where a
// quote is missing, or something stands behind it.
func assigned(text string) (value, rest string, closed bool) {
	quote := text[:min(1, len(text))]
	pattern, isQuoted := quoted()[quote]
	if !isQuoted {
		value, rest, _ = strings.Cut(text, "\n")
		return strings.TrimSpace(unquoted().ReplaceAllString(value, "")), rest, true
	}
	found := pattern.FindStringSubmatch(text)
	if found == nil {
		return "", "", false
	}
	value = found[1]
	if quote == `"` {
		value = strings.NewReplacer(`\n`, "\n", `\r`, "\r").Replace(value)
	}
	return value, text[len(found[0]):], true
}

// quoted has, by the quote, a value in quotes, in which a quote may stand behind a backslash, and what may stand
// behind it in its line.
var quoted = sync.OnceValue(func() map[string]*regexp.Regexp {
	patterns := map[string]*regexp.Regexp{}
	for _, quote := range []string{`"`, "'", "`"} {
		patterns[quote] = regexp.MustCompile(
			`^` + quote + `((?:\\` + quote + `|[^` + quote + `])*)` + quote + `[ \t]*(?:#[^\n]*)?(?:\n|$)`,
		)
	}
	return patterns
})
