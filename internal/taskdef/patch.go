package taskdef

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Patch is a change in the shape of what it changes.
type Patch struct{ root value }

// ParsePatch reads a patch of something that has a shape, in YAML or JSON. Its error tells the line of what is wrong.
func ParsePatch(text string, of Shape) (Patch, error) {
	root, err := parseSource([]byte(text))
	if err != nil {
		return Patch{}, err
	}
	if root.kind != object {
		return Patch{}, errors.New("a patch is a map, in the shape of what it changes")
	}
	root, err = of.conform(root, "")
	return Patch{root}, err
}

// Empty tells whether the patch changes nothing.
func (p Patch) Empty() bool { return len(p.root.members) == 0 }

// Has tells whether the patch changes a member of the whole.
func (p Patch) Has(name string) bool { return p.root.index(name) >= 0 }

// Items is how many items the patch gives a list of the whole.
func (p Patch) Items(name string) int { return len(p.root.get(name).elements) }

// Only is the part of the patch that is about one member.
func (p Patch) Only(name string) Patch {
	return Patch{p.root.without(func(member string) bool { return member != name })}
}

// Without is the patch less some members.
func (p Patch) Without(names ...string) Patch {
	return Patch{p.root.without(func(member string) bool { return slices.Contains(names, member) })}
}

// Brief is what the patch changes, in a few words: the members of the whole, with what they get where that is a number
// or a truth value.
func (p Patch) Brief() []string {
	var brief []string
	for _, m := range p.root.members {
		text := m.name()
		if m.value.kind == scalar && !m.value.isText() {
			text += ": " + string(m.value.text)
		}
		brief = append(brief, text)
	}
	return brief
}

// Members are the names of the members of the whole that the patch changes.
func (p Patch) Members() []string {
	var names []string
	for _, m := range p.root.members {
		names = append(names, m.name())
	}
	return names
}

// listKeys are the lists that are merged item by item, and the member by which two items are the
// same. All other lists are replaced. The names and keys are those of the API reference:
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TaskDefinition.html and
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html.
var listKeys = map[string]string{
	"containerDefinitions":  "name",
	"dependsOn":             "containerName",
	"environment":           "name",
	"environmentFiles":      "value",
	"extraHosts":            "hostname",
	"inferenceAccelerators": "deviceName",
	"mountPoints":           "containerPath",
	"placementConstraints":  "expression",
	"portMappings":          "containerPort",
	"properties":            "name", // of proxyConfiguration
	"resourceRequirements":  "type",
	"secretOptions":         "name",
	"secrets":               "name",
	"systemControls":        "namespace",
	"tags":                  "key",
	"ulimits":               "name",
	"volumes":               "name",
	"volumesFrom":           "sourceContainer",
}

// removal is the member that takes an item out of its list.
const removal = "$delete"

// Apply merges the patch into a document: maps member by member, lists of named things item by item,
// in their order and with new items at the end. null takes a member away, and "$delete: true" an
// item. The rest is replaced. The error tells the line in the patch and the path in the document.
func (p Patch) Apply(d Document) (Document, error) {
	if p.Empty() {
		return d, nil
	}
	root, err := merge(d.root, p.root, "")
	return Document{root}, err
}

// merge puts a patch over what is there, which is an empty scalar where there is nothing.
func merge(old, patch value, path string) (value, error) {
	there := old.kind != scalar || len(old.text) > 0 && !old.isNull()
	if there && old.kind != patch.kind {
		return value{}, patch.mistake(path, "the patch has %s where the document has %s", patch.kind, old.kind)
	}
	switch patch.kind {
	case object:
		return mergeObject(old, patch, path)
	case array:
		if key, keyed := listKeys[lastMember(path)]; keyed {
			return mergeList(old, patch, path, key)
		}
		return patch, nil
	}
	return asWritten(old, patch), nil
}

func mergeObject(old, patch value, path string) (value, error) {
	merged := old
	merged.kind, merged.text = object, nil
	for _, m := range patch.members {
		name := m.name()
		if m.value.isNull() {
			merged = merged.without(func(member string) bool { return member == name })
			continue
		}
		member, err := merge(merged.get(name), m.value, below(path, name))
		if err != nil {
			return value{}, err
		}
		merged = merged.with(name, member)
	}
	return merged, nil
}

func mergeList(old, patch value, path, key string) (value, error) {
	merged := value{kind: array, elements: slices.Clone(old.elements)}
	seen := map[string]bool{}
	for _, item := range patch.elements {
		id := keyOf(item, key)
		if item.kind != object || id.kind != scalar || id.isNull() || id.bare() == "" {
			return value{}, item.mistake(path, "each item must be a map with %q", key)
		}
		name := identity(path, item, id)
		if seen[name] {
			return value{}, item.mistake(path, "%s %s appears twice", key, id.text)
		}
		seen[name] = true
		same := func(element value) bool { return identity(path, element, keyOf(element, key)) == name }
		if bytes.Equal(item.get(removal).text, []byte("true")) {
			merged.elements = slices.DeleteFunc(merged.elements, same)
			continue
		}
		at := slices.IndexFunc(merged.elements, same)
		var there value
		if at >= 0 {
			there = merged.elements[at]
		}
		result, err := merge(there, item, fmt.Sprintf("%s[%s]", path, id.bare()))
		if err != nil {
			return value{}, err
		}
		if at >= 0 {
			merged.elements[at] = result
		} else {
			merged.elements = append(merged.elements, result)
		}
	}
	return merged, nil
}

// keyOf is the member by which an item is told from others. A placement constraint of the type
// distinctInstance has no expression.
func keyOf(item value, key string) value {
	if id := item.get(key); key != "expression" || id.bare() != "" {
		return id
	}
	return item.get("type")
}

// identity is what makes an item the one it is: its key, written as text, and for a port its protocol
// too, since one port may be mapped for both.
func identity(path string, item, id value) string {
	name := id.bare()
	if strings.HasSuffix(path, "portMappings") {
		protocol := item.get("protocol").str()
		if protocol == "" {
			protocol = "tcp"
		}
		name += "/" + protocol
	}
	return name
}

// asWritten writes a scalar of a member that no shape knows as the document has it: a number or a boolean goes in as
// text where text was.
func asWritten(old, patch value) value {
	if old.isText() && !patch.isText() && !patch.isNull() {
		return patch.asText()
	}
	return patch
}

func (k kind) String() string {
	return map[kind]string{scalar: "a single value", object: "a map", array: "a list"}[k]
}

// mistake is an error on a value. The path is empty where it is about the whole.
func (v value) mistake(path, format string, args ...any) error {
	err := fmt.Errorf(format, args...)
	if path != "" {
		err = fmt.Errorf("%s: %w", path, err)
	}
	if v.line > 0 {
		return fmt.Errorf("line %d: %w", v.line, err)
	}
	return err
}

// bare is a scalar without quotes.
func (v value) bare() string {
	if s := v.str(); s != "" {
		return s
	}
	return strings.Trim(string(v.text), `"`)
}

func (v value) isNull() bool { return v.kind == scalar && string(v.text) == "null" }
