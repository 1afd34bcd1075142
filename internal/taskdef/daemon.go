package taskdef

import (
	"maps"
	"slices"
	"strings"
)

// The members of a task definition, and of a container, that those of managed daemons do not have: the difference
// between https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html and
// API_RegisterDaemonTaskDefinition.html. A test compares them with the SDK.
var (
	notOfDaemons = []string{
		"networkMode", "requiresCompatibilities", "runtimePlatform", "placementConstraints", "proxyConfiguration",
		"inferenceAccelerators", "ephemeralStorage", "enableFaultInjection",
	}
	notOfDaemonContainers = []string{
		"portMappings", "hostname", "links", "credentialSpecs", "dnsServers", "dnsSearchDomains", "dockerSecurityOptions",
		"dockerLabels", "extraHosts", "volumesFrom", "resourceRequirements", "disableNetworking", "versionConsistency",
	}
)

// NotOfDaemons are the paths of what the task definition of a managed daemon cannot have. What nobody knows may be new.
func (d Document) NotOfDaemons() []string {
	var paths []string
	for _, m := range d.root.members {
		if slices.Contains(notOfDaemons, m.name()) && !m.value.saysNothing() {
			paths = append(paths, m.name())
		}
	}
	for _, container := range d.root.get("containerDefinitions").elements {
		for _, m := range container.members {
			if slices.Contains(notOfDaemonContainers, m.name()) && !m.value.saysNothing() {
				paths = append(paths, "containerDefinitions["+container.get("name").str()+"]."+m.name())
			}
		}
	}
	return paths
}

// Tagged is the document with tags, but for those in AWS's own name space, which cannot be set.
func (d Document) Tagged(tags map[string]string) Document {
	list := value{kind: array}
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		if !strings.HasPrefix(strings.ToLower(key), "aws:") {
			its := value{kind: object}.with("key", stringValue(key)).with("value", stringValue(tags[key]))
			list.elements = append(list.elements, its)
		}
	}
	if len(list.elements) == 0 {
		return d
	}
	return Document{d.root.with("tags", list)}
}
