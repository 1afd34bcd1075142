package taskdef

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"unicode/utf8"
)

// value is a JSON value that remembers how it was written. Members keep their order, even when one
// key stands twice; keys, strings and numbers keep their text, so that a 20-digit number or an odd
// escape comes out as it went in. Only insignificant white space is lost.
//
// A value is never changed in place: edits return a copy that shares what they did not touch.
type value struct {
	kind     kind
	text     []byte // of a scalar
	written  string // a plain scalar of YAML that is not text, as it stands there
	members  []member
	elements []value
	line     int // on which it stands in YAML; 0 where that is not known
}

// at is the value on a line.
func (v value) at(line int) value {
	v.line = line
	return v
}

// asText is a scalar as text, as it was written.
func (v value) asText() value {
	text := v.written
	if text == "" {
		text = string(v.text)
	}
	return stringValue(text).at(v.line)
}

func (v value) isText() bool { return v.kind == scalar && len(v.text) > 0 && v.text[0] == '"' }

type kind byte

const (
	scalar kind = iota
	object
	array
)

type member struct {
	key   []byte // with its quotes
	value value
}

// parseJSON reads one JSON value. Its error tells the line and column of what is wrong.
func parseJSON(data []byte) (value, error) {
	var compact bytes.Buffer
	if json.Compact(&compact, data) != nil { // its error has no position; Unmarshal's has
		return value{}, locate(data, json.Unmarshal(data, new(json.RawMessage)))
	}
	if depth(compact.Bytes()) > maxDepth {
		return value{}, fmt.Errorf("it is nested more than %d levels deep", maxDepth)
	}
	v, _ := scan(compact.Bytes())
	return v, nil
}

// depth is how deep lists and maps are nested in valid JSON.
func depth(data []byte) (deepest int) {
	depth, quoted := 0, false
	for i := 0; i < len(data); i++ {
		switch c := data[i]; {
		case c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
			continue
		case c == '{' || c == '[':
			depth++
			deepest = max(deepest, depth)
		case c == '}' || c == ']':
			depth--
		}
	}
	return deepest
}

// locate puts the line and column of a syntax error in front of it.
func locate(data []byte, err error) error {
	var syntax *json.SyntaxError
	if !errors.As(err, &syntax) {
		return err
	}
	line, column := position(data, int(syntax.Offset)-1)
	return fmt.Errorf("line %d, column %d: %w", line, column, err)
}

// count is how many values there are in a value, itself included.
func (v value) count() int {
	n := 1
	for _, m := range v.members {
		n += m.value.count()
	}
	for _, element := range v.elements {
		n += element.count()
	}
	return n
}

// scan splits one value off the front of data, which is known to be valid and compact.
func scan(data []byte) (value, []byte) {
	switch data[0] {
	case '{':
		v := value{kind: object}
		for data = data[1:]; data[0] != '}'; {
			var m member
			m.key, data = scanScalar(bytes.TrimPrefix(data, []byte(",")))
			m.value, data = scan(data[1:])
			v.members = append(v.members, m)
		}
		return v, data[1:]
	case '[':
		v := value{kind: array}
		for data = data[1:]; data[0] != ']'; {
			var element value
			element, data = scan(bytes.TrimPrefix(data, []byte(",")))
			v.elements = append(v.elements, element)
		}
		return v, data[1:]
	}
	text, rest := scanScalar(data)
	return value{text: text}, rest
}

func scanScalar(data []byte) (text, rest []byte) {
	end := 0
	if data[0] == '"' {
		for end = 1; data[end] != '"'; end++ {
			if data[end] == '\\' {
				end++
			}
		}
		end++
	} else if end = bytes.IndexAny(data, ",]}"); end < 0 {
		end = len(data)
	}
	return data[:end:end], data[end:]
}

// append writes the value behind out, compactly.
func (v value) append(out []byte) []byte {
	switch v.kind {
	case object:
		out = append(out, '{')
		for i, m := range v.members {
			if i > 0 {
				out = append(out, ',')
			}
			out = append(append(out, m.key...), ':')
			out = m.value.append(out)
		}
		return append(out, '}')
	case array:
		out = append(out, '[')
		for i, element := range v.elements {
			if i > 0 {
				out = append(out, ',')
			}
			out = element.append(out)
		}
		return append(out, ']')
	default:
		return append(out, v.text...)
	}
}

// str is the string that v holds, or "" when it holds anything else.
func (v value) str() string {
	if v.kind != scalar || len(v.text) == 0 || v.text[0] != '"' {
		return ""
	}
	if plain := v.text[1 : len(v.text)-1]; bytes.IndexByte(plain, '\\') < 0 && utf8.Valid(plain) {
		return string(plain)
	}
	var s string
	_ = json.Unmarshal(v.text, &s) // parseJSON has checked the text
	return s
}

func stringValue(s string) value {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(s) // a string always encodes
	return value{text: bytes.TrimSuffix(text.Bytes(), []byte("\n"))}
}

func (m member) name() string { return value{text: m.key}.str() }

// index finds a member. Of two with the same key the last one counts, as it does for every JSON
// reader that keeps only one.
func (v value) index(key string) int {
	for i := len(v.members) - 1; i >= 0; i-- {
		if v.members[i].name() == key {
			return i
		}
	}
	return -1
}

// get is the member of that key, or an empty scalar.
func (v value) get(key string) value {
	if i := v.index(key); i >= 0 {
		return v.members[i].value
	}
	return value{}
}

// with is v with a member replaced where it stood, or added at the end.
func (v value) with(key string, to value) value {
	m := member{key: stringValue(key).text, value: to}
	i := v.index(key)
	if i < 0 {
		v.members = append(v.members[:len(v.members):len(v.members)], m)
		return v
	}
	members := slices.Clone(v.members)
	m.key = members[i].key
	members[i] = m
	v.members = members
	return v
}

// without is v less the members that drop names.
func (v value) without(drop func(name string) bool) value {
	var kept []member
	for _, m := range v.members {
		if !drop(m.name()) {
			kept = append(kept, m)
		}
	}
	v.members = kept
	return v
}

// filter is an array less the elements that keep refuses.
func (v value) filter(keep func(value) bool) value {
	var kept []value
	for _, element := range v.elements {
		if keep(element) {
			kept = append(kept, element)
		}
	}
	v.elements = kept
	return v
}
