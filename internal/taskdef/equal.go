package taskdef

import (
	"bytes"
	"slices"
	"strings"
)

// Equal tells whether two documents mean the same: however strings are escaped, and in whatever order members stand.
func (d Document) Equal(other Document) bool {
	d.root.kind, other.root.kind = object, object // the zero value is an empty one
	return bytes.Equal(d.JSON(), other.JSON()) || d.root.equal(other.root)
}

func (v value) equal(other value) bool {
	return bytes.Equal(v.canonical().append(nil), other.canonical().append(nil))
}

// canonical is the same for values that mean the same: members in the order of their names, and text as plain as it
// can be.
func (v value) canonical() value {
	canonical := v
	if v.isText() {
		canonical = v.plain()
	}
	canonical.members, canonical.elements = nil, nil
	for _, m := range v.sorted() {
		canonical.members = append(canonical.members, member{m.plainKey(), m.value.canonical()})
	}
	for _, element := range v.elements {
		canonical.elements = append(canonical.elements, element.canonical())
	}
	return canonical
}

// plain is text without the escapes that it does not need. Text with half a surrogate pair stays as it is: decoded, all
// halves would be the same.
func (v value) plain() value {
	if bytes.IndexByte(v.text, '\\') < 0 ||
		bytes.Contains(bytes.ToLower(v.text), []byte(`\ud`)) && strings.ContainsRune(v.str(), '\uFFFD') {
		return v
	}
	return stringValue(v.str())
}

// plainKey is the key with its quotes, and without the escapes that it does not need.
func (m member) plainKey() []byte { return value{text: m.key}.plain().text }

// sorted are the members by their names, the last of each.
func (v value) sorted() []member {
	members := slices.Clone(v.members)
	slices.SortStableFunc(members, func(a, b member) int {
		return bytes.Compare(bytes.Trim(a.plainKey(), `"`), bytes.Trim(b.plainKey(), `"`))
	})
	slices.Reverse(members)
	members = slices.CompactFunc(members, func(a, b member) bool { return bytes.Equal(a.plainKey(), b.plainKey()) })
	slices.Reverse(members)
	return members
}

// Lost is a member of a task definition that ECS did not keep.
type Lost struct {
	Path  string
	Meant string // the member that was most likely meant, if there is one of nearly that name
	known bool   // ECS takes it, and does not tell it again
}

// Echoes tells whether the document is what ECS makes of one that it was sent: all that was sent is there, but for
// members that nobody knows, and the rest is what ECS fills in by itself.
func (d Document) Echoes(sent Document) bool {
	e := echo{}
	e.compare(TaskDefinitionShape(), sent.root, d.root, "")
	return !e.differs && !slices.ContainsFunc(e.lost, func(l Lost) bool { return l.known })
}

// Lost are the members of a document that ECS did not keep: its answer, this document, lacks them.
func (d Document) Lost(sent Document) []Lost {
	e := echo{}
	e.compare(TaskDefinitionShape(), sent.root, d.root, "")
	return e.lost
}

// echo compares what was sent with the answer.
type echo struct {
	lost    []Lost
	differs bool
}

func (e *echo) compare(of Shape, sent, got value, path string) {
	switch {
	case sent.kind != got.kind:
		e.differs = true
	case sent.kind == object:
		e.members(of, sent, got, path)
	case sent.kind == array:
		e.items(of, sent, got, path)
	case !sent.equal(got):
		e.differs = true
	}
}

func (e *echo) members(of Shape, sent, got value, path string) {
	for _, m := range sent.sorted() {
		name := m.name()
		at := below(path, name)
		shape, known := of.member(name)
		if got.index(name) >= 0 {
			e.compare(shape, m.value, got.get(name), at)
		} else if !m.value.isNull() && !(known && m.value.saysNothing()) {
			e.lost = append(e.lost, Lost{Path: at, Meant: of.Nearest(name), known: known})
		}
	}
	for _, m := range got.members {
		if sent.index(m.name()) < 0 && !m.value.saysNothing() && !filledIn(m) {
			e.differs = true
		}
	}
}

// items compares lists: of named things by their names, since ECS may give variables back in another order, and of
// others one by one.
func (e *echo) items(of Shape, sent, got value, path string) {
	var each Shape
	if of.of != nil {
		each = *of.of
	}
	key, keyed := listKeys[lastMember(path)]
	if len(sent.elements) != len(got.elements) {
		e.differs = true
	}
	for i, element := range sent.elements {
		at := itemPath(path, i, element)
		found := i
		if keyed && element.kind == object {
			id := identity(path, element, keyOf(element, key))
			found = slices.IndexFunc(got.elements, func(v value) bool { return identity(path, v, keyOf(v, key)) == id })
		}
		if found < 0 || found >= len(got.elements) {
			e.lost = append(e.lost, Lost{Path: at, known: true})
		} else {
			e.compare(each, element, got.elements[found], at)
		}
	}
}

// saysNothing tells whether a value is as good as none.
func (v value) saysNothing() bool {
	switch {
	case v.kind != scalar:
		return len(v.elements)+len(v.members) == 0
	default:
		return slices.Contains([]string{"", "null", "false", "0", `""`}, string(v.text))
	}
}

// defaults are what ECS fills in where nothing was said, beside what says nothing
// (https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html, API_PortMapping.html,
// API_HealthCheck.html, API_TaskDefinition.html). A host port is filled in with that of the container.
var defaults = map[string]string{
	"essential":     "true",
	"protocol":      `"tcp"`,
	"interval":      "30",
	"timeout":       "5",
	"retries":       "3",
	"networkMode":   `"bridge"`,
	"rootDirectory": `"/"`,
}

func filledIn(m member) bool {
	usual, has := defaults[m.name()]
	return m.name() == "hostPort" || has && usual == string(m.value.text)
}
