package taskdef

import (
	"bytes"
	"encoding/json"

	"github.com/aymanbagabas/go-udiff"
)

// Diff is a unified diff of two documents, indented, or nothing when they mean the same. Values that may be secrets are
// hidden, and only said to be changed or added, unless they are to be shown: see Document.Hidden.
func Diff(from, to Document, fromName, toName string, showValues bool) string {
	if !showValues {
		from, to = hideBoth(from, to)
	}
	return udiff.Unified(fromName, toName, from.indented(), to.indented())
}

// indented is a rendering that is the same for documents that mean the same. Empty lists, which ECS adds where
// nothing was said, are left out.
func (d Document) indented() string {
	var text bytes.Buffer
	_ = json.Indent(&text, Document{d.root.withoutEmptyLists().canonical()}.JSON(), "", "  ") // a document is valid JSON
	return text.String() + "\n"
}

func (v value) withoutEmptyLists() value {
	kept := v
	kept.members, kept.elements = nil, nil
	for _, m := range v.members {
		if m.value.kind != array || len(m.value.elements) > 0 {
			kept.members = append(kept.members, member{m.key, m.value.withoutEmptyLists()})
		}
	}
	for _, element := range v.elements {
		kept.elements = append(kept.elements, element.withoutEmptyLists())
	}
	return kept
}
