package inputs

import (
	"slices"
	"strings"

	"ecs-deploy/internal/lazy"
	"ecs-deploy/internal/rollout"
	"ecs-deploy/internal/taskdef"
)

// daemonARN is that of a managed daemon
// (https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeDaemon.html).
var daemonARN = lazy.Regexp(`^arn:[a-z0-9-]+:ecs:[a-z0-9-]+:[0-9]{12}:daemon/[A-Za-z0-9_-]+/[A-Za-z0-9_-]+$`)

// daemons reads the list of managed daemons.
func (c *checker) daemons(t text) []rollout.Target {
	targets := c.targets("daemon", t.Daemon, clusterOfNames(t.Cluster, t.Daemon), c.daemon)
	for i := range targets {
		targets[i].Daemon = true
	}
	return targets
}

// daemon checks an entry of the list of managed daemons: a name, a path or an ARN.
func (c *checker) daemon(input string, target rollout.Target) {
	switch item := target.Text; {
	case strings.HasPrefix(item, "arn:") && !daemonARN().MatchString(item):
		c.mistake("%s: %q is neither the name nor the ARN of a managed daemon%s", input, item, oddity(item))
	case target.Name == "", target.Selector.Except:
		c.mistake("%s: %q: patterns, tags and exceptions are for services: name the daemons", input, item)
	case !taskdef.IsName(target.Name):
		c.mistake("%s: %q is neither the name nor the ARN of a managed daemon%s", input, item, oddity(item))
	case strings.Contains(item, "/") && !isPlaced(target):
		c.mistake("%s: %q is neither cluster/daemon nor region/cluster/daemon%s", input, item, oddity(item))
	}
}

// ofDaemons refuses what managed daemons do not have.
func (c *checker) ofDaemons(t text) {
	if t.Daemon == "" {
		return
	}
	if t.Service != "" {
		c.mistake("daemon and service: give only one of them: their task definitions are of different kinds")
	}
	for _, input := range append([]namedInput{
		{"desired-count", t.DesiredCount},
		{"minimum-healthy-percent", t.MinimumHealthyPercent},
		{"maximum-percent", t.MaximumPercent},
		{"service-patch", t.ServicePatch},
		{"run-before", t.RunBefore},
		{"run-after", t.RunAfter},
		{"scheduled-tasks", t.ScheduledTasks},
		{"keep-revisions", t.KeepRevisions},
	}, append(t.codeDeployGroup(), t.codeDeployment()...)...) {
		if input.value != "" {
			c.mistake("%s has no effect on managed daemons: give it for services", input.name)
		}
	}
	if strings.HasPrefix(t.Operation, "continue") {
		c.mistake("operation: %s has no effect on managed daemons, which wait for nobody", t.Operation)
	}
	if waits := []string{"stable", "none"}; !slices.Contains(waits, t.WaitFor) {
		const mistake = "wait-for: %q is not one of %s, which are all that managed daemons have"
		c.mistake(mistake, t.WaitFor, strings.Join(waits, ", "))
	}
}

// ofKind refuses the ARN of a task definition of the other kind.
func (c *checker) ofKind(t text) {
	arn := strings.HasPrefix(t.TaskDefinition, "arn:")
	switch of := rollout.IsOfDaemon(t.TaskDefinition); {
	case arn && of && t.Daemon == "":
		c.mistake("task-definition: %s is of a managed daemon: give daemon in place of service", t.TaskDefinition)
	case arn && !of && t.Daemon != "":
		c.mistake("task-definition: %s is of services: managed daemons have task definitions of their own kind",
			t.TaskDefinition)
	}
}

// targets tells whether services or daemons are given.
func (t text) targets() bool { return t.Service != "" || t.Daemon != "" }

// targetInput is the input that gives them.
func (t text) targetInput() string {
	if t.Daemon != "" {
		return "daemon"
	}
	return "service"
}

// arnOddity is what is odd about an ARN that is given as a service's.
func arnOddity(item string) string {
	if daemonARN().MatchString(item) {
		return ": it is that of a managed daemon: give it as daemon"
	}
	return oddity(item)
}
