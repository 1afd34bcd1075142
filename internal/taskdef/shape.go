package taskdef

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Shape is what AWS takes for a value: text, a number, a list of something and so on. The zero value takes anything.
type Shape struct {
	kind    shapeKind
	of      *Shape           // of the elements of a list, and the values of a map
	members map[string]Shape // of a structure
	orText  bool             // a single text may stand in place of a list
	strict  bool             // a structure takes no member that it does not know
}

type shapeKind byte

const (
	anyKind shapeKind = iota
	textKind
	wholeKind
	numberKind
	truthKind
	listKind
	mapKind
	structKind
)

// wanted is what a kind is called.
var wanted = map[shapeKind]string{
	textKind: "text", wholeKind: "a whole number", numberKind: "a number", truthKind: "true or false",
	listKind: "a list", mapKind: "a map", structKind: "a map",
}

// What the tables of shapes are written with.
var (
	aText   = Shape{kind: textKind}
	aWhole  = Shape{kind: wholeKind}
	aNumber = Shape{kind: numberKind}
	aTruth  = Shape{kind: truthKind}
)

func list(of Shape) Shape { return Shape{kind: listKind, of: &of} }

func texts() Shape { return list(aText) }

func mapping(of Shape) Shape { return Shape{kind: mapKind, of: &of} }

func fields(members map[string]Shape) Shape { return Shape{kind: structKind, members: members} }

// Members lists what the shape knows, a line each: the path and what is wanted there.
func (s Shape) Members() []string {
	var lines []string
	s.list("", &lines)
	slices.Sort(lines)
	return lines
}

func (s Shape) list(path string, lines *[]string) {
	switch s.kind {
	case structKind:
		for name, member := range s.members {
			member.list(below(path, name), lines)
		}
	case listKind:
		s.of.list(path+"[]", lines)
	case mapKind:
		s.of.list(path+"{}", lines)
	default:
		*lines = append(*lines, path+": "+wanted[s.kind])
	}
}

func below(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// conform writes a value as its shape has it: a number becomes text where text is wanted, as it was written, and text
// that spells a number or a boolean becomes one where that is wanted. What the shape does not know stays as it is,
// and so do nulls. The error names the path, the value and what is wanted.
func (s Shape) conform(v value, path string) (value, error) {
	wrong := func(what string) (value, error) {
		return value{}, v.mistake(path, "it is %s, and must be %s", what, wanted[s.kind])
	}
	if s.orText && v.kind == scalar {
		return aText.conform(v, path)
	}
	switch {
	case s.kind == anyKind || v.isNull():
		return v, nil
	case s.kind == listKind && v.kind == array:
		return s.conformList(v, path)
	case (s.kind == mapKind || s.kind == structKind) && v.kind == object:
		return s.conformMembers(v, path)
	case s.kind == listKind || s.kind == mapKind || s.kind == structKind || v.kind != scalar:
		return wrong(v.kind.String())
	}
	return s.conformScalar(v, path)
}

// withoutBlanks makes nulls of empty texts where anything but text is wanted, as a skeleton of the CLI has them.
func (s Shape) withoutBlanks(v value) value {
	if v.isEmptyText() && s.kind != anyKind && s.kind != textKind {
		return value{text: []byte("null"), line: v.line}
	}
	blanked := v
	blanked.members, blanked.elements = nil, nil
	for _, m := range v.members {
		of, _ := s.member(m.name())
		blanked.members = append(blanked.members, member{m.key, of.withoutBlanks(m.value)})
	}
	for _, element := range v.elements {
		if s.kind == listKind {
			element = s.of.withoutBlanks(element)
		}
		blanked.elements = append(blanked.elements, element)
	}
	return blanked
}

func (s Shape) conformList(v value, path string) (value, error) {
	conformed := v
	conformed.elements = nil
	for i, element := range v.elements {
		element, err := s.of.conform(element, itemPath(path, i, element))
		if err != nil {
			return value{}, err
		}
		conformed.elements = append(conformed.elements, element)
	}
	return conformed, nil
}

// itemPath is the path of an item, which is known by its name where it has one.
func itemPath(path string, i int, item value) string {
	if key, keyed := listKeys[lastMember(path)]; keyed {
		if id := keyOf(item, key); id.kind == scalar && id.bare() != "" {
			return path + "[" + id.bare() + "]"
		}
	}
	return path + "[" + strconv.Itoa(i) + "]"
}

func lastMember(path string) string { return path[strings.LastIndexByte(path, '.')+1:] }

func (s Shape) conformMembers(v value, path string) (value, error) {
	conformed := v
	conformed.members = nil
	for _, m := range v.members {
		name := m.name()
		of, known := s.member(name)
		if near := s.Nearest(name); s.strict && !known && near != "" {
			return value{}, m.value.mistake(path, "there is no member %q: did you mean %q?", name, near)
		} else if s.strict && !known {
			return value{}, m.value.mistake(
				path,
				"there is no member %q: the members are %s",
				name,
				strings.Join(s.Names(), ", "),
			)
		}
		var err error
		if m.value, err = of.conform(m.value, below(path, name)); err != nil {
			return value{}, err
		}
		conformed.members = append(conformed.members, m)
	}
	return conformed, nil
}

// member is the shape of a member, and whether there is one.
func (s Shape) member(name string) (Shape, bool) {
	if s.kind == mapKind {
		return *s.of, true
	}
	of, known := s.members[name]
	return of, known
}

// Names are those of the members of a structure, sorted.
func (s Shape) Names() []string { return slices.Sorted(maps.Keys(s.members)) }

// Nearest is the member that was most likely meant by a name that is none, or "".
func (s Shape) Nearest(name string) string {
	return Nearest(name, s.Names())
}

func (s Shape) conformScalar(v value, path string) (value, error) {
	bare := v.bare()
	switch {
	case s.kind == textKind && v.isText():
		return v, nil
	case s.kind == textKind:
		return v.asText(), nil
	case s.kind == truthKind && (bare == "true" || bare == "false"):
		return value{text: []byte(bare), line: v.line}, nil
	case s.kind == truthKind:
		return value{}, v.mistake(path, "%s is neither true nor false", quoted(bare))
	}
	if is, _ := resolve(bare); is == intScalar || s.kind == numberKind && is == floatScalar {
		if v.isText() {
			_, spelled := resolve(bare)
			return spelled.at(v.line), nil
		}
		return v, nil
	}
	if integer, fraction, _ := strings.Cut(bare, "."); s.kind == wholeKind && strings.Trim(fraction, "0") == "" {
		if is, spelled := resolve(integer); is == intScalar {
			return spelled.at(v.line), nil
		}
	}
	return value{}, v.mistake(path, "%s is not %s", quoted(bare), wanted[s.kind])
}

// quoted is a value in an error.
func quoted(bare string) string {
	const most = 40
	if runes := []rune(bare); len(runes) > most {
		bare = string(runes[:most]) + "…"
	}
	return fmt.Sprintf("%q", bare)
}
