package rollout

import (
	"path"
	"strings"
)

// Selector finds services of a cluster, or takes some out of those that are found.
type Selector struct {
	Except  bool   // it takes out
	Pattern string // of names, with * and ?; empty: it goes by a tag
	Key     string // of the tag
	Value   string
}

// ParseSelector reads !name, web-*, tag:team=web, or a mix of them. It is not one if it is a name or an ARN.
func ParseSelector(text string) (selector Selector, is bool) {
	rest, except := strings.CutPrefix(text, "!")
	if tag, isTag := strings.CutPrefix(rest, "tag:"); isTag {
		key, value, _ := strings.Cut(tag, "=")
		return Selector{Except: except, Key: key, Value: value}, true
	}
	return Selector{Except: except, Pattern: rest}, except || strings.ContainsAny(rest, "*?")
}

// Finds tells whether a service is one of those that are meant. The pattern must be well-formed.
func (s Selector) Finds(name string, tags map[string]string) bool {
	if s.Pattern == "" {
		value, tagged := tags[s.Key]
		return tagged && value == s.Value
	}
	found, _ := path.Match(s.Pattern, name)
	return found
}
