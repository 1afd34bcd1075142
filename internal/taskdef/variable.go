package taskdef

import (
	"ecs-deploy/internal/lazy"
	"errors"
	"strings"
)

// Variable sets or removes one environment variable, with a value or from a secret.
type Variable struct {
	// Container is the one that is meant; empty means those that were given an image, or the only one.
	Container string
	Name      string
	// Value is the value, or with Secret the name or ARN of the secret or parameter.
	Value  string
	Secret bool
	Remove bool
	Input  string // that gave it
}

// variableName is liberal: ECS takes nearly anything. Quotes, brackets and the like are of a list or a shell.
var variableName = lazy.Regexp("^[^=:!\\s\"'`\\[\\]{}$-][^=:!\\s\"'`\\[\\]{}$]*$")

// NameOf is the name of the variable in a line, with its container if it names one. It is empty where what stands
// there is no name, or may be the middle of a value of several lines.
func NameOf(line string) string {
	name, _, assigned := strings.Cut(line, "=")
	name = strings.TrimSpace(name)
	container, own, prefixed := strings.Cut(name, ":")
	if !prefixed {
		container, own = "", name
	}
	if !assigned && !strings.HasPrefix(own, "!") || prefixed && !IsName(container) ||
		!plainName().MatchString(strings.TrimPrefix(own, "!")) {
		return ""
	}
	return name
}

// plainName is what may be told of a line whose rest may be a secret.
var plainName = lazy.Regexp(`^[A-Za-z_][A-Za-z0-9_.-]{0,99}$`)

// ParseVariable reads "NAME=value", "container:NAME=value", "!NAME" or "container:!NAME". The value is
// all behind the first "=", as it is.
func ParseVariable(line string, secret bool) (Variable, error) {
	name, value, assigned := strings.Cut(line, "=")
	v := Variable{Name: strings.TrimSpace(name), Value: value, Secret: secret}
	if container, rest, prefixed := strings.Cut(v.Name, ":"); prefixed {
		if !IsName(container) {
			return Variable{}, errors.New("what stands before the colon is not the name of a container")
		}
		v.Container, v.Name = container, rest
	}
	v.Name, v.Remove = strings.TrimPrefix(v.Name, "!"), strings.HasPrefix(v.Name, "!")
	switch {
	case assigned && value == "=":
		return Variable{}, errors.New("it looks like a part of a value of several lines, which goes into environment-file " +
			"or task-definition-patch")
	case v.Remove == assigned, !variableName().MatchString(v.Name):
		return Variable{}, errors.New("write NAME=value, container:NAME=value, !NAME or container:!NAME; a value of " +
			"several lines goes into environment-file or task-definition-patch")
	case secret && !v.Remove && strings.TrimSpace(value) == "":
		return Variable{}, errors.New("a secret is given by the name or ARN of what holds it")
	case secret:
		v.Value = strings.TrimSpace(value)
	}
	return v, nil
}

// Same tells whether two are for the same variable of the same container.
func (v Variable) Same(other Variable) bool {
	return v.Container == other.Container && v.Name == other.Name
}

// String names the variable, and never tells its value.
func (v Variable) String() string {
	if v.Container != "" {
		return v.Container + ":" + v.Name
	}
	return v.Name
}

// set puts the variable into the definition of a container. It leaves the other of the two lists,
// since ECS refuses a name that stands in both.
func (v Variable) set(definition value) value {
	list := "environment"
	member := "value"
	other := "secrets"
	if v.Secret {
		list = "secrets"
		member = "valueFrom"
		other = "environment"
	}
	others := func(element value) bool { return element.get("name").str() != v.Name }
	if v.Remove {
		if definition.index(list) < 0 {
			return definition
		}
		return definition.with(list, definition.get(list).filter(others))
	}
	if definition.get(other).kind == array {
		definition = definition.with(other, definition.get(other).filter(others))
	}
	variables := definition.get(list)
	changed := value{kind: array}
	found := false
	for _, element := range variables.elements {
		if !others(element) {
			found = true
			if element.get(member).str() != v.Value || element.index(member) < 0 {
				element = element.with(member, stringValue(v.Value))
			}
		}
		changed.elements = append(changed.elements, element)
	}
	if !found {
		item := value{kind: object}.with("name", stringValue(v.Name)).with(member, stringValue(v.Value))
		changed.elements = append(changed.elements, item)
	}
	return definition.with(list, changed)
}
