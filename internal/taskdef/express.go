package taskdef

import "slices"

// ExpressContainer is what the container is called to which the load balancer of an Express service sends the traffic
// (https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateExpressGatewayService.html).
const ExpressContainer = "Main"

// The members of a container, and of a task definition, that UpdateExpressGatewayService takes by the same names
// (https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ExpressGatewayContainer.html).
var (
	ofExpressContainer = []string{"image", "command", "environment", "secrets", "repositoryCredentials"}
	ofExpress          = []string{"cpu", "memory", "executionRoleArn", "taskRoleArn"}
)

// ExpressUpdate is what UpdateExpressGatewayService is sent for an Express service whose task definition ECS makes, so
// that it makes one that differs from what runs as two documents do. Shown is the service revision that runs as
// DescribeExpressGatewayService tells of it: the whole container is sent back, since AWS does not say whether what is
// left out of it stays. It also returns the paths of what differs and cannot be sent.
func ExpressUpdate(service string, shown, runs, wanted Document) (request Document, left []string) {
	root := value{kind: object}.with("serviceArn", stringValue(service))
	from, _ := runs.definition(ExpressContainer)
	to, _ := wanted.definition(ExpressContainer)
	container := shown.root.get("primaryContainer")
	container.kind, container.text = object, nil
	for _, name := range ofExpressContainer {
		container = container.following(from, to, name)
	}
	port := func(v value) value { return first(v.get("portMappings")).get("containerPort") }
	if changed := port(to); !changed.missing() && !port(from).equal(changed) {
		container = container.with("containerPort", port(to))
	}
	log := func(v value) value { return v.get("logConfiguration").get("options") }
	logs := container.get("awsLogsConfiguration")
	logs.kind, logs.text = object, nil
	for _, option := range [][2]string{{"awslogs-group", "logGroup"}, {"awslogs-stream-prefix", "logStreamPrefix"}} {
		if changed := log(to).get(option[0]); !changed.missing() && !log(from).get(option[0]).equal(changed) {
			logs = logs.with(option[1], changed)
			container = container.with("awsLogsConfiguration", logs)
		}
	}
	root = root.with("primaryContainer", container)
	for _, name := range ofExpress {
		if !wanted.root.get(name).missing() {
			root = root.following(runs.root, wanted.root, name)
		}
	}
	architecture := func(v value) value { return v.get("runtimePlatform").get("cpuArchitecture") }
	if changed := architecture(wanted.root); !changed.missing() && !architecture(runs.root).equal(changed) {
		root = root.with("cpuArchitecture", changed)
	}
	return Document{root}, notOfExpress(runs.root, wanted.root)
}

// ExpressOwn is the same for a task definition of the customer's, by its ARN.
func ExpressOwn(service, taskDefinition string) Document {
	root := value{kind: object}.with("serviceArn", stringValue(service))
	return Document{root.with("taskDefinitionArn", stringValue(taskDefinition))}
}

// Has tells whether the document has a member.
func (d Document) Has(name string) bool { return !d.root.get(name).missing() }

// ExpressImage is the image of a request.
func (d Document) ExpressImage() string { return d.root.get("primaryContainer").get("image").str() }

// following gives a value what a member has become, where that is something else.
func (v value) following(from, to value, name string) value {
	switch {
	case from.get(name).equal(to.get(name)):
		return v
	case to.index(name) < 0:
		return v.without(func(member string) bool { return member == name })
	}
	return v.with(name, to.get(name))
}

// notOfExpress are the paths of what differs between two task definitions, and what UpdateExpressGatewayService does
// not take.
func notOfExpress(from, to value) []string {
	paths := differing(from, to, append(slices.Clone(ofExpress), "containerDefinitions", "runtimePlatform"), "")
	paths = append(paths, removed(from, to, ofExpress, "")...)
	platform, wanted := from.get("runtimePlatform"), to.get("runtimePlatform")
	paths = append(paths, differing(platform, wanted, []string{"cpuArchitecture"}, "runtimePlatform")...)
	paths = append(paths, removed(platform, wanted, []string{"cpuArchitecture"}, "runtimePlatform")...)
	if len(from.get("containerDefinitions").elements) != len(to.get("containerDefinitions").elements) {
		return append(paths, "containerDefinitions")
	}
	mine, _ := Document{from}.definition(ExpressContainer)
	other, _ := Document{to}.definition(ExpressContainer)
	said := append(slices.Clone(ofExpressContainer), "portMappings", "logConfiguration")
	paths = append(paths, differing(mine, other, said, "containerDefinitions")...)
	ports, others := mine.get("portMappings"), other.get("portMappings")
	if differs := differing(first(ports), first(others), []string{"containerPort", "hostPort"}, ""); len(differs) > 0 ||
		len(ports.elements) != len(others.elements) {
		paths = append(paths, "containerDefinitions.portMappings")
	}
	log, otherLog := mine.get("logConfiguration"), other.get("logConfiguration")
	options := []string{"awslogs-group", "awslogs-stream-prefix"}
	if len(differing(log, otherLog, []string{"options"}, "")) > 0 ||
		len(differing(log.get("options"), otherLog.get("options"), options, "")) > 0 ||
		len(removed(log.get("options"), otherLog.get("options"), options, "")) > 0 {
		paths = append(paths, "containerDefinitions.logConfiguration")
	}
	return paths
}

// differing are the paths of members that two maps do not have alike, but for some.
func differing(a, b value, but []string, path string) []string {
	var names []string
	for _, m := range append(slices.Clone(a.members), b.members...) {
		name := m.name()
		if !slices.Contains(but, name) && !slices.Contains(names, below(path, name)) && !a.get(name).equal(b.get(name)) {
			names = append(names, below(path, name))
		}
	}
	return names
}

// removed are the paths of some members that the first map has, and the second does not: what is left out of a request
// stays as it is.
func removed(from, to value, some []string, path string) []string {
	var names []string
	for _, name := range some {
		if from.index(name) >= 0 && to.index(name) < 0 {
			names = append(names, below(path, name))
		}
	}
	return names
}

// missing tells whether a value is not there.
func (v value) missing() bool { return v.kind == scalar && len(v.text) == 0 }

// first is the first element of a list, or an empty scalar.
func first(list value) value {
	if len(list.elements) == 0 {
		return value{}
	}
	return list.elements[0]
}

// NamesOnePort tells whether a container maps one port, and gives it a name.
func (d Document) NamesOnePort(container string) bool {
	definition, _ := d.definition(container)
	ports := definition.get("portMappings")
	return len(ports.elements) == 1 && first(ports).get("name").str() != ""
}
