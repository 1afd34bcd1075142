package taskdef

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// What stands in place of a value that may be a secret.
const (
	hidden  = "(hidden)"
	changed = "(changed)"
	added   = "(added)"
)

// Hidden is the document without the values that may be secrets: those of environment variables, of options and labels
// whose names speak of a secret, of command words behind --password and the like, and passwords in URLs.
func (d Document) Hidden() Document {
	return Document{d.root.hide(func(string, string) string { return hidden })}
}

// HideWords is a command without the words that may be secrets.
func HideWords(words []string) []string {
	command := value{kind: array}
	for _, word := range words {
		command.elements = append(command.elements, stringValue(word))
	}
	h := hider{replace: func(string, string) string { return hidden }}
	var shown []string
	for _, word := range h.command(command, "").elements {
		shown = append(shown, word.str())
	}
	return shown
}

// hideBoth hides the secrets of two documents. One that is the same in both makes no difference; of the others the second
// tells what has become of them.
func hideBoth(from, to Document) (Document, Document) {
	old := map[string]string{}
	from.root = from.root.hide(func(path, secret string) string {
		old[path] = secret
		return hidden
	})
	to.root = to.root.hide(func(path, secret string) string {
		switch was, there := old[path]; {
		case there && was == secret:
			return hidden
		case there:
			return changed
		}
		return added
	})
	return from, to
}

// hide puts something in the place of each secret of a value. It is asked with the path of the secret, which is another for
// each, and the secret as JSON or, where it is a part of a text, as it stands there.
func (v value) hide(replace func(path, secret string) string) value {
	h := hider{replace: replace}
	return h.value(v, "", false)
}

type hider struct {
	replace func(path, secret string) string
	seen    map[string]int // how often a path was hidden already: a key may stand twice
}

// The names of members below which there are names of the customer's own.
var (
	environments = []string{"environment"}
	options      = []string{"options", "dockerlabels", "driveropts", "labels", "hookdetails"}
	commandLists = []string{"command", "entrypoint"}
)

// The words that speak of a secret, in names and behind flags.
var (
	secretName = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`(?i)token|secret|passw|passphrase|credential|key|auth`)
	})
	secretFlag = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`(?i)^--?[a-z0-9_.-]*(?:` + flagWords + `)[a-z0-9_.-]*$`)
	})
	secretWithin = sync.OnceValue(func() *regexp.Regexp {
		const name = `[a-z0-9_.-]*(?:` + flagWords + `)[a-z0-9_.-]*`
		return regexp.MustCompile(`(?i)(--?` + name + `(?:=|\s+)|\b` + name + `=)("[^"]*"|'[^']*'|[^\s"'&;|]+)`)
	})
	secretOption = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`(?i)(\b[a-z0-9_.-]*(?:` + flagWords + `)[a-z0-9_.-]*=)([^\s,;&]+)`)
	})
	urlPassword = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(://[^\s:/@]*:)([^\s]+)(@)`) })
)

const flagWords = `passw|passphrase|token|secret|credential|api-?_?key|access-?_?key|private-?_?key`

// value hides what is in a value. All scalars of it are secrets if it holds the environment, but for names.
func (h *hider) value(v value, path string, secret bool) value {
	switch v.kind {
	case object:
		return h.members(v, path, secret)
	case array:
		hiding := v
		hiding.elements = nil
		for i, element := range v.elements {
			hiding.elements = append(hiding.elements, h.value(element, itemPath(path, i, element), secret))
		}
		return hiding
	}
	return h.scalar(v, path, secret)
}

func (h *hider) scalar(v value, path string, secret bool) value {
	switch {
	case secret && !v.isNull():
		return stringValue(h.instead(path, string(v.plain().text))).at(v.line)
	case v.isText():
		return h.within(v, path, urlPassword())
	}
	return v
}

func (h *hider) members(v value, path string, secret bool) value {
	holder := strings.ToLower(lastName(path))
	hiding := v
	hiding.members = nil
	for _, m := range v.members {
		name := strings.ToLower(m.name())
		at := below(path, m.name())
		switch {
		case secret && name == "name":
			m.value = h.value(m.value, at, false)
		case slices.Contains(environments, name):
			m.value = h.value(m.value, at, true)
		case slices.Contains(options, holder) && m.value.kind == scalar:
			m.value = h.option(m.value, at, secretName().MatchString(name) && !m.value.isEmptyText())
		case slices.Contains(commandLists, name) && m.value.kind == array:
			m.value = h.command(m.value, at)
		default:
			m.value = h.value(m.value, at, secret)
		}
		hiding.members = append(hiding.members, m)
	}
	return hiding
}

// lastName is the last member of a path, without the item behind it.
func lastName(path string) string {
	name, _, _ := strings.Cut(lastMember(path), "[")
	return name
}

// option hides an option or a label, or what in it is like password=….
func (h *hider) option(v value, path string, secret bool) value {
	if secret || !v.isText() {
		return h.scalar(v, path, secret)
	}
	return h.within(h.within(v, path, secretOption()), path, urlPassword())
}

// command hides the words behind flags that speak of a secret, and what in a word is like such a flag.
func (h *hider) command(v value, path string) value {
	hiding := v
	hiding.elements = nil
	behindFlag := false
	for i, word := range v.elements {
		at := fmt.Sprintf("%s[%d]", path, i)
		flag := secretFlag().MatchString(word.str())
		switch {
		case behindFlag && !strings.HasPrefix(word.str(), "-"):
			word = h.scalar(word, at, true)
		case !flag && word.isText():
			word = h.within(h.within(word, at, secretWithin()), at, urlPassword())
		}
		behindFlag = flag
		hiding.elements = append(hiding.elements, word)
	}
	return hiding
}

// within hides what the second group of an expression finds in a text.
func (h *hider) within(v value, path string, secret *regexp.Regexp) value {
	text := v.str()
	if !secret.MatchString(text) {
		return v
	}
	replaced := secret.ReplaceAllStringFunc(text, func(found string) string {
		parts := secret.FindStringSubmatch(found)
		return parts[1] + h.instead(path, parts[2]) + strings.Join(parts[3:], "")
	})
	return stringValue(replaced).at(v.line)
}

// instead is what stands in place of a secret.
func (h *hider) instead(path, secret string) string {
	if secret == hidden {
		return hidden
	}
	if h.seen == nil {
		h.seen = map[string]int{}
	}
	h.seen[path]++
	return h.replace(fmt.Sprintf("%s#%d", path, h.seen[path]), secret)
}
