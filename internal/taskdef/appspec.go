package taskdef

import (
	"errors"
	"fmt"
	"strings"
)

// AppSpec tells CodeDeploy what to deploy: the revision of a task definition, and the container to which
// the load balancer sends the traffic. Its keys are taken in any case, and stay as they are written, as
// does all that is not known here
// (https://docs.aws.amazon.com/codedeploy/latest/userguide/reference-appspec-file-structure-resources.html).
type AppSpec struct{ root value }

// ecsService is the type of the resource that is an ECS service.
const ecsService = "AWS::ECS::Service"

// ParseAppSpec reads an AppSpec, in YAML or JSON. Its error tells the line of what is wrong.
func ParseAppSpec(text []byte) (AppSpec, error) {
	root, err := parseSource(text)
	if err != nil {
		return AppSpec{}, err
	}
	if root.kind != object {
		return AppSpec{}, errors.New("an AppSpec is a map")
	}
	spec := AppSpec{root}
	resources := spec.resources()
	if len(resources) != 1 {
		return AppSpec{}, fmt.Errorf("an AppSpec needs %q, a list with one resource, of the type %s", "Resources", ecsService)
	}
	switch resource := resources[0].value; {
	case resource.fold("Type").str() != ecsService:
		return AppSpec{}, resource.mistake(resources[0].name(), "the type of the resource must be %s", ecsService)
	case resource.fold("Properties").kind != object:
		return AppSpec{}, resource.mistake(resources[0].name(), "the resource needs %q, a map", "Properties")
	}
	return spec, nil
}

// resources are those of the AppSpec, by their names: one, in an AppSpec that was parsed.
func (a AppSpec) resources() []member {
	var found []member
	for _, element := range a.root.fold("Resources").elements {
		found = append(found, element.members...)
	}
	return found
}

// properties are those of the service.
func (a AppSpec) properties() value {
	for _, resource := range a.resources() {
		return resource.value.fold("Properties")
	}
	return value{}
}

// JSON is the AppSpec as compact JSON.
func (a AppSpec) JSON() []byte { return a.root.append(nil) }

// Empty tells whether it is the zero value, which ParseAppSpec never gives.
func (a AppSpec) Empty() bool { return a.root.kind != object }

// With is the AppSpec for another revision.
func (a AppSpec) With(taskDefinition string) AppSpec {
	return a.edit(func(properties value) value {
		return properties.withFolded("TaskDefinition", stringValue(taskDefinition))
	})
}

// Balancing is the AppSpec with the container and port to which the load balancer sends the traffic, where
// it does not name them itself.
func (a AppSpec) Balancing(container string, port int) AppSpec {
	return a.edit(func(properties value) value {
		if properties.fold("LoadBalancerInfo").kind == object {
			return properties
		}
		info := value{
			kind: object,
		}.with("ContainerName", stringValue(container)).with("ContainerPort", value{text: fmt.Append(nil, port)})
		return properties.withFolded("LoadBalancerInfo", info)
	})
}

// Container is the one to which the load balancer sends the traffic, if it is named.
func (a AppSpec) Container() string {
	return a.properties().fold("LoadBalancerInfo").fold("ContainerName").str()
}

// TaskDefinition is what it deploys, if that is named.
func (a AppSpec) TaskDefinition() string {
	return a.properties().fold("TaskDefinition").str()
}

// Hook is the Lambda function that a lifecycle event calls, or "".
func (a AppSpec) Hook(event string) string {
	for _, hook := range a.root.fold("Hooks").elements {
		if function := hook.fold(event).str(); function != "" {
			return function
		}
	}
	return ""
}

// edit changes the properties of the service.
func (a AppSpec) edit(change func(properties value) value) AppSpec {
	list := a.root.fold("Resources")
	edited := value{kind: array}
	for _, element := range list.elements {
		for _, m := range element.members {
			resource := m.value.withFolded("Properties", change(m.value.fold("Properties")))
			element = element.with(m.name(), resource)
		}
		edited.elements = append(edited.elements, element)
	}
	return AppSpec{a.root.withFolded("Resources", edited)}
}

// folded is a key as it is written in v, where that may be in any case.
func (v value) folded(key string) string {
	for _, m := range v.members {
		if name := m.name(); strings.EqualFold(name, key) {
			return name
		}
	}
	return key
}

func (v value) fold(key string) value { return v.get(v.folded(key)) }

func (v value) withFolded(key string, to value) value { return v.with(v.folded(key), to) }
