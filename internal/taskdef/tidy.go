package taskdef

import (
	"slices"
	"strings"
)

// Tidy leaves out what ECS refuses and nobody can have meant: nulls, empty names of roles and of credentials, items
// whose members are all empty, empty texts in lists other than commands, tags of AWS's own name space, a list of tags
// without any, a member that stands again later, and the members x-… at the top, where YAML files keep their anchors.
// It returns the paths of what it left out. Empty values of variables, labels and options have a meaning, and stay.
func (d Document) Tidy() (Document, []string) {
	t := tidier{}
	root := t.members(TaskDefinitionShape(), d.root, "")
	return Document{root}, t.leftOut
}

// meaningless are the members of text that mean nothing when they are empty: names of something, and words of a list.
var meaningless = []string{
	"taskRoleArn",
	"executionRoleArn",
	"credentialsParameter",
	"networkMode",
	"pidMode",
	"ipcMode",
	"cpu",
	"memory",
	"cpuArchitecture",
	"operatingSystemFamily",
	"logDriver",
	"protocol",
	"appProtocol",
	"containerPortRange",
	"condition",
	"versionConsistency",
	"iam",
	"transitEncryption",
	"accessPointId",
	"scope",
}

// mayBeEmpty are the structures that say something without any member.
var mayBeEmpty = []string{"host", "linuxParameters"}

// commands are the lists in which empty text has a meaning.
var commands = []string{"command", "entryPoint"}

type tidier struct{ leftOut []string }

func (t *tidier) drop(path string) { t.leftOut = append(t.leftOut, path) }

func (t *tidier) value(of Shape, v value, path string) value {
	switch {
	case v.kind == object && (of.kind == structKind || of.kind == mapKind):
		return t.members(of, v, path)
	case v.kind == array && of.kind == listKind:
		return t.items(*of.of, v, path)
	}
	return v
}

func (t *tidier) members(of Shape, v value, path string) value {
	var kept []member
	last := map[string]int{}
	for i, m := range v.members {
		last[m.name()] = i
	}
	for i, m := range v.members {
		name := m.name()
		at := below(path, name)
		shape, _ := of.member(name)
		tidied := t.value(shape, m.value, at)
		switch {
		case last[name] != i:
			t.drop(at + " (the first of two)")
		case m.value.isNull(), path == "" && strings.HasPrefix(name, "x-"):
			t.drop(at)
		case m.value.isEmptyText() && slices.Contains(meaningless, name):
			t.drop(at)
		case path == "" && name == "tags" && len(tidied.elements) == 0:
			t.drop(at)
		case shape.kind == structKind && tidied.isHollow() && !slices.Contains(mayBeEmpty, name):
			if len(tidied.members) > 0 || len(m.value.members) == 0 { // else what was in it is told
				t.drop(at)
			}
		default:
			m.value = tidied
			kept = append(kept, m)
		}
	}
	v.members = kept
	return v
}

func (t *tidier) items(of Shape, v value, path string) value {
	var kept []value
	for i, element := range v.elements {
		at := itemPath(path, i, element)
		switch {
		case element.isNull(),
			of.kind == structKind && element.isHollow(),
			element.isEmptyText() && !slices.Contains(commands, lastMember(path)):
			t.drop(at)
		case path == "tags" && strings.HasPrefix(strings.ToLower(element.get("key").str()), "aws:"):
			t.drop(at)
		default:
			kept = append(kept, t.value(of, element, at))
		}
	}
	v.elements = kept
	return v
}

func (v value) isEmptyText() bool { return v.isText() && len(v.text) == len(`""`) }

// isHollow tells whether a map has no member that says anything.
func (v value) isHollow() bool {
	return v.kind == object && !slices.ContainsFunc(v.members, func(m member) bool {
		empty := m.value.kind == array && len(m.value.elements) == 0 || m.value.isHollow()
		return !m.value.isNull() && !m.value.isEmptyText() && !empty
	})
}
