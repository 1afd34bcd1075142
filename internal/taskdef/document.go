// Package taskdef edits and compares task definitions without losing a byte that it does not
// understand.
//
// A task definition is a JSON document here, never a struct: ECS adds members about once a month,
// and a deployer that knows only some of them would drop the others from every revision that it
// registers. What this package does not touch comes out exactly as it went in.
package taskdef

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Document is a task definition in the shape that RegisterTaskDefinition takes. It does not change:
// edits return another Document. The zero value is an empty one.
type Document struct{ root value }

// Essential are the containers by whose end a task ends: those that are not said to be another
// (https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html).
func (d Document) Essential() []string {
	var names []string
	for _, definition := range d.root.get("containerDefinitions").elements {
		if string(definition.get("essential").text) != "false" {
			names = append(names, definition.get("name").str())
		}
	}
	return names
}

// usualStopTimeout is the stopTimeout of containers that have none
// (https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html).
const usualStopTimeout = 30 * time.Second

// StopTimeout is how long a container may take to end when it is told to, before it is killed.
func (d Document) StopTimeout(container string) time.Duration {
	definition, _ := d.definition(container)
	seconds, err := strconv.Atoi(string(definition.get("stopTimeout").text))
	if err != nil {
		return usualStopTimeout
	}
	return time.Duration(seconds) * time.Second
}

// NetworkMode is that of the tasks; empty is the default of their platform.
func (d Document) NetworkMode() string { return d.root.get("networkMode").str() }

// Container is what deploying needs to know of one entry of containerDefinitions.
type Container struct {
	Name  string
	Image string
}

// readOnly are the members of a described task definition that RegisterTaskDefinition does not
// take: the difference between TaskDefinition and RegisterTaskDefinitionRequest in the API
// reference, https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TaskDefinition.html.
var readOnly = []string{
	"taskDefinitionArn", "revision", "status",
	"requiresAttributes", "compatibilities",
	"registeredAt", "registeredBy", "deregisteredAt", "deleteRequestedAt",
	"daemonTaskDefinitionArn", // of that of a managed daemon
}

// Parse reads a JSON object. Its error tells the line and column of what is wrong.
func Parse(data []byte) (Document, error) {
	root, err := parseJSON(data)
	if err != nil {
		return Document{}, err
	}
	if root.kind != object {
		return Document{}, errors.New("a task definition is a JSON object")
	}
	return Document{root}, nil
}

// Described reads the answer of DescribeTaskDefinition: the members that only ECS writes are left
// out, and the tags, which stand beside the task definition there, are put inside it, where
// RegisterTaskDefinition wants them. Tags in AWS's own name space are left out too, since they
// cannot be set (https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Tag.html).
func Described(answer []byte) (Document, error) {
	whole, err := Parse(answer)
	if err != nil {
		return Document{}, err
	}
	definition := whole.root.get("taskDefinition")
	if definition.kind != object {
		definition = whole.root.get("daemonTaskDefinition")
	}
	if definition.kind != object {
		return Document{}, errors.New("the answer holds no task definition")
	}
	definition = definition.without(func(name string) bool { return slices.Contains(readOnly, name) })
	tags := whole.root.get("tags").filter(func(tag value) bool {
		return !strings.HasPrefix(strings.ToLower(tag.get("key").str()), "aws:")
	})
	if len(tags.elements) > 0 {
		definition = definition.with("tags", tags)
	}
	return Document{definition}, nil
}

// ParseFile reads a file in JSON or YAML that holds a task definition, or the whole answer of DescribeTaskDefinition
// with its wrapper and tags. Members that only ECS writes are left out, and numbers become text where ECS wants text.
// The error tells the line or the path of what is wrong.
func ParseFile(source []byte) (Document, error) {
	root, err := parseSource(source)
	if err != nil {
		return Document{}, err
	}
	if root.kind != object {
		return Document{}, errors.New("a task definition is a map")
	}
	definition := root
	for _, wrapper := range []string{"taskDefinition", "daemonTaskDefinition"} {
		wrapped := root.get(wrapper)
		if wrapped.kind != object {
			continue
		}
		definition = wrapped
		if tags := root.get("tags"); len(tags.elements) > 0 {
			definition = definition.with("tags", tags)
		}
	}
	definition = definition.without(func(name string) bool { return slices.Contains(readOnly, name) })
	if definition, err = TaskDefinitionShape().conform(TaskDefinitionShape().withoutBlanks(definition), ""); err != nil {
		return Document{}, err
	}
	document := Document{definition}
	if err := document.require("family", document.Family() != ""); err != nil {
		return Document{}, err
	}
	return document, document.require("containerDefinitions", len(document.Containers()) > 0)
}

// require is the error of a document without a member that it cannot do without.
func (d Document) require(name string, has bool) error {
	if has {
		return nil
	}
	for _, m := range d.root.members {
		if given := m.name(); given != name && strings.EqualFold(given, name) {
			return fmt.Errorf("a task definition needs %q: it is written %q here, as CloudFormation has it", name, given)
		}
	}
	return fmt.Errorf("a task definition needs %q", name)
}

// JSON is the document as compact JSON.
func (d Document) JSON() []byte {
	if d.root.kind != object {
		return []byte("{}")
	}
	return d.root.append(nil)
}

// Family is the name that the revisions of the task definition share.
func (d Document) Family() string { return d.root.get("family").str() }

// Tags are the tags, by their keys.
func (d Document) Tags() map[string]string {
	tags := map[string]string{}
	for _, tag := range d.root.get("tags").elements {
		tags[tag.get("key").str()] = tag.get("value").str()
	}
	return tags
}

// Containers lists the containers in the order in which they stand.
func (d Document) Containers() []Container {
	var containers []Container
	for _, definition := range d.root.get("containerDefinitions").elements {
		containers = append(containers, Container{
			Name:  definition.get("name").str(),
			Image: definition.get("image").str(),
		})
	}
	return containers
}

// HealthChecked tells whether a container has a health check of its own.
func (d Document) HealthChecked() bool {
	return slices.ContainsFunc(d.root.get("containerDefinitions").elements, func(definition value) bool {
		return definition.get("healthCheck").kind == object
	})
}

// Log is where a container writes its log.
type Log struct {
	Driver string
	Output string // of the driver awsfirelens: the plugin that sends the log on, such as datadog; empty: not said here
	Group  string // the rest is for the driver awslogs; Fluent Bit has a group too that sends to CloudWatch Logs
	Region string // empty: that of the task
	Prefix string // of the stream, which is prefix/container/task
	Create bool   // the group is created when it is not there
}

// Readable tells whether what is written there can be read by the name of the stream.
func (l Log) Readable() bool { return l.Driver == "awslogs" && l.Group != "" && l.Prefix != "" }

// Stream is the name of the stream that a container of a task writes to
// (https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_LogConfiguration.html).
func (l Log) Stream(container, task string) string { return l.Prefix + "/" + container + "/" + task }

// Log finds out where a container writes its log. The driver is empty when it is not said.
func (d Document) Log(container string) Log {
	definition, _ := d.definition(container)
	configuration := definition.get("logConfiguration")
	options := configuration.get("options")
	driver, group := configuration.get("logDriver").str(), "awslogs-group"
	if driver == "awsfirelens" {
		group = "log_group_name"
	}
	return Log{
		Driver: driver,
		Output: options.get("Name").str(),
		Group:  options.get(group).str(),
		Region: options.get("awslogs-region").str(),
		Prefix: options.get("awslogs-stream-prefix").str(),
		Create: options.get("awslogs-create-group").str() == "true",
	}
}
