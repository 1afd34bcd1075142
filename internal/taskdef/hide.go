package taskdef

import (
	"bytes"
	"ecs-deploy/internal/lazy"
	"fmt"
	"regexp"
	"slices"
	"strings"
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

// hideBoth hides the secrets of two documents. One that is the same in both makes no difference; of the others the
// second tells what has become of them.
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

// hide puts something in the place of each secret of a value. It is asked with the path of the secret, which is
// another for each, and the secret as JSON or, where it is a part of a text, as it stands there.
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

// secretWords speak of a secret where they are words of a name, harmlessWords not even then where they are its last.
var (
	secretWords = []string{
		"password",
		"passwd",
		"passphrase",
		"pass",
		"pwd",
		"token",
		"secret",
		"secrets",
		"credential",
		"credentials",
		"key",
		"apikey",
		"auth",
		"authorization",
	}
	harmlessWords = []string{
		"id",
		"name",
		"file",
		"path",
		"url",
		"uri",
		"ttl",
		"type",
		"size",
		"length",
		"count",
		"timeout",
		"region",
		"stdin",
		"prefix",
	}
)

// speaksOfSecret tells whether a name is that of a secret: db_password, API-Key, splunkToken.
func speaksOfSecret(name string) bool {
	words := strings.FieldsFunc(
		strings.ToLower(humps().ReplaceAllString(name, "${1}_${2}")),
		func(r rune) bool { return r < '0' || r > '9' && r < 'a' || r > 'z' },
	)
	if len(words) == 0 || slices.Contains(harmlessWords, words[len(words)-1]) {
		return false
	}
	return slices.ContainsFunc(words, func(word string) bool {
		return slices.Contains(secretWords, word) ||
			slices.ContainsFunc(secretWords[:3], func(end string) bool { return strings.HasSuffix(word, end) }) ||
			strings.HasSuffix(word, "token") ||
			strings.HasSuffix(word, "apikey")
	})
}

var (
	humps = lazy.Regexp(`([a-z0-9])([A-Z])`)

	// assigned is a name and what it is given within a text: NAME=value, --name value, "name": "value", Name: value. An
	// authorization has its scheme before the value.
	assigned = lazy.Regexp(
		`(?i)((?:--?)?["']?)([a-z][a-z0-9_.-]*)(["']?(?:\s*[:=]\s*|\s+)(?:(?:bearer|basic|token|splunk)\s+)?)` +
			`("[^"]*"|'[^']*'|[^\s"',;&|}]+)`,
	)
	user        = lazy.Regexp(`^([^\s:/]+:)(.+)()$`)
	userFlag    = lazy.Regexp(`(\s(?:-u|--user)[ =]?[^\s:/"']+:)([^\s"']+)()`)
	urlPassword = lazy.Regexp(`(://[^\s:/@]*:)([^\s]+)(@)`)
	urlToken    = lazy.Regexp(`(://)([^\s:/@]{16,})(@)`)
)

// HideURLPasswords is a text without the passwords in its URLs.
func HideURLPasswords(text string) string {
	return urlPassword().ReplaceAllString(text, "${1}"+hidden+"${3}")
}

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
	case v.isText() && bytes.Contains(v.text, []byte("://")):
		return h.within(h.within(v, path, urlPassword()), path, urlToken())
	}
	return v
}

func (h *hider) members(v value, path string, secret bool) value {
	holder := strings.ToLower(lastName(path))
	named := slices.ContainsFunc(v.members, func(m member) bool { return strings.EqualFold(m.name(), "name") })
	hiding := v
	hiding.members = nil
	for _, m := range v.members {
		name := strings.ToLower(m.name())
		at := below(path, m.name())
		switch {
		case secret && name == "name":
			m.value = h.value(m.value, at, false)
		case slices.Contains(environments, name), named && name == "value":
			m.value = h.value(m.value, at, true)
		case slices.Contains(options, holder) && m.value.kind == scalar:
			m.value = h.option(m.value, at, speaksOfSecret(m.name()) && !m.value.isEmptyText())
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

// option hides an option or a label, and what in it is like password=….
func (h *hider) option(v value, path string, secret bool) value {
	if secret || !v.isText() {
		return h.scalar(v, path, secret)
	}
	return h.text(v, path)
}

// text hides what in a text is given to a name that speaks of a secret.
func (h *hider) text(v value, path string) value {
	text, rest := "", v.str()
	for {
		at := assigned().FindStringSubmatchIndex(rest)
		if at == nil {
			break
		}
		flag := rest[at[2]:at[3]]
		name := rest[at[4]:at[5]]
		between := rest[at[6]:at[7]]
		spaced := strings.TrimSpace(between) == "" || !strings.ContainsAny(between, ":=")
		isSecret := speaksOfSecret(name) &&
			(!spaced || strings.HasPrefix(flag, "-") || strings.EqualFold(name, "authorization"))
		end := at[5] // what follows the name may be the next
		if isSecret {
			text += rest[:at[8]] + h.instead(path, rest[at[8]:at[9]])
			end = at[9]
		} else {
			text += rest[:end]
		}
		rest = rest[end:]
	}
	if text != "" {
		v = stringValue(text + rest).at(v.line)
	}
	return h.scalar(v, path, false)
}

// command hides the words behind flags that speak of a secret, and what in a word is like such a flag.
func (h *hider) command(v value, path string) value {
	hiding := v
	hiding.elements = nil
	behind := "" // the flag before
	for i, word := range v.elements {
		at := fmt.Sprintf("%s[%d]", path, i)
		text := word.str()
		switch {
		case strings.HasPrefix(behind, "-") && speaksOfSecret(behind) && !strings.HasPrefix(text, "--"):
			word = h.scalar(word, at, true)
		case behind == "-u" || behind == "--user":
			word = h.within(word, at, user())
		case word.isText():
			word = h.within(h.text(word, at), at, userFlag())
		}
		behind = text
		if strings.ContainsAny(text, "= ") {
			behind = ""
		}
		hiding.elements = append(hiding.elements, word)
	}
	return hiding
}

// within hides what the second of three groups of an expression finds in a text.
func (h *hider) within(v value, path string, secret *regexp.Regexp) value {
	text := v.str()
	if !secret.MatchString(text) {
		return v
	}
	replaced := secret.ReplaceAllStringFunc(text, func(found string) string {
		parts := secret.FindStringSubmatch(found)
		return parts[1] + h.instead(path, parts[2]) + parts[3]
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
