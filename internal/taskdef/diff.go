package taskdef

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"github.com/aymanbagabas/go-udiff"
)

// Diff is a unified diff of two documents, indented, or nothing when they are the same. The values of
// environment variables are hidden, and only said to be changed or added, unless they are to be shown.
func Diff(from, to Document, fromName, toName string, showValues bool) string {
	if !showValues {
		from, to = hide(from, from, hidden), hide(to, from, "")
	}
	return udiff.Unified(fromName, toName, from.indented(), to.indented())
}

// indented is a rendering that is the same for documents that mean the same: the members are sorted,
// and empty lists, which ECS adds where nothing was said, are left out.
func (d Document) indented() string {
	var text bytes.Buffer
	_ = json.Indent(&text, Document{d.root.settled()}.JSON(), "", "  ") // a document is valid JSON
	return text.String() + "\n"
}

func (v value) settled() value {
	settled := v
	settled.members, settled.elements = nil, nil
	for _, m := range v.members {
		if m.value.kind != array || len(m.value.elements) > 0 {
			settled.members = append(settled.members, member{m.key, m.value.settled()})
		}
	}
	slices.SortStableFunc(settled.members, func(a, b member) int { return strings.Compare(a.name(), b.name()) })
	for _, element := range v.elements {
		settled.elements = append(settled.elements, element.settled())
	}
	return settled
}

// What stands in place of a value.
const (
	hidden  = "(hidden)"
	changed = "(changed)"
	added   = "(added)"
)

// hide replaces the values of environment variables: by the same text where they are as they were
// before, so that they make no difference, and else by what has become of them.
func hide(d, before Document, always string) Document {
	old := map[[2]string]string{}
	before.eachVariable(func(container, name string, v value) value {
		old[[2]string{container, name}] = string(v.text)
		return v
	})
	return d.eachVariable(func(container, name string, v value) value {
		was, there := old[[2]string{container, name}]
		switch {
		case always != "", there && was == string(v.text):
			return stringValue(hidden)
		case there:
			return stringValue(changed)
		}
		return stringValue(added)
	})
}

// eachVariable is the document with the values of all environment variables replaced.
func (d Document) eachVariable(replace func(container, name string, v value) value) Document {
	edited := Edited{Document: d}
	edited.change(func(container Container, definition value) value {
		variables := definition.get("environment")
		if variables.kind != array {
			return definition
		}
		replaced := value{kind: array}
		for _, variable := range variables.elements {
			if variable.index("value") >= 0 {
				variable = variable.with("value", replace(container.Name, variable.get("name").str(), variable.get("value")))
			}
			replaced.elements = append(replaced.elements, variable)
		}
		return definition.with("environment", replaced)
	})
	return edited.Document
}
