package rollout

import (
	"slices"
	"strings"
	"time"

	"ecs-deploy/internal/lazy"
	"ecs-deploy/internal/taskdef"
)

// Task is a task of a deployment.
type Task struct {
	ID         string
	URL        string     // where a person looks at it; empty where the console is not known
	Status     TaskStatus // lastStatus
	Health     HealthStatus
	StopCode   StopCode
	Reason     string    // stoppedReason
	Stopping   time.Time // when it was told to stop, or stopped
	Drained    bool      // it was stopped with its instance, as far as AWS says no more
	Addresses  []string  // private ones, in network mode awsvpc
	Created    time.Time // and how far it was when; zero: that is not known
	PullBegan  time.Time
	Pulled     time.Time
	Started    time.Time
	Containers []Container
}

// Container is one of a task's containers.
type Container struct {
	Name     string
	Image    string
	Digest   string // of the image; empty: it is not known
	ExitCode *int   // nil: it has not ended, or never ran
	Reason   string
	Health   HealthStatus
	Optional bool // the task goes on when it ends
	Balanced bool // the load balancer sends it the traffic
}

// Failed tells whether a stopped task came to grief, rather than being replaced or scaled in:
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html.
func (t Task) Failed() bool {
	return t.StopCode != "" && t.StopCode != UserInitiated && !t.Drained &&
		!strings.HasPrefix(collapsed(t.Reason), "Scaling activity initiated by")
}

// Of is the task with what its task definition and its service say of its containers: which of them may end without
// it, and which the load balancer asks.
func (t Task) Of(document taskdef.Document, balanced string) Task {
	var defined []string
	for _, container := range document.Containers() {
		defined = append(defined, container.Name)
	}
	essential := document.Essential()
	t.Containers = slices.Clone(t.Containers)
	for i, container := range t.Containers {
		t.Containers[i].Optional = slices.Contains(defined, container.Name) && !slices.Contains(essential, container.Name)
		t.Containers[i].Balanced = container.Name == balanced
	}
	return t
}

// attempts are counted in ECS's words on a failed pull, and differ from task to task.
var attempts = lazy.Regexp(`has been retried \d+ time\(s\)`)

// Cause is why a task failed. It is the same for every task that failed likewise.
type Cause struct {
	Container string // by which it failed; empty: that is not known
	Exited    bool
	ExitCode  int
	Said      string   // the words of AWS, on the container or on the task
	StopCode  StopCode // where AWS has no other words, or where it tells that the host went away
	First     bool     // the container ended by itself and well, and the others were told to stop
}

// proxyPrefix is what the names of the containers begin with that ECS adds for Service Connect.
const proxyPrefix = "ecs-service-connect-"

// OfProxy tells whether the Service Connect proxy is what failed.
func (c Cause) OfProxy() bool { return strings.HasPrefix(c.Container, proxyPrefix) }

func (c Container) ofProxy() bool { return strings.HasPrefix(c.Name, proxyPrefix) }

func (c Container) ended() bool { return c.ExitCode != nil }

func (c Container) endedWell() bool { return c.ended() && *c.ExitCode == 0 && c.Reason == "" }

// Killed are the containers, each once, of tasks with a definition that were told to end in good order, and did not
// within their stopTimeout: they end by SIGKILL then
// (https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html).
func Killed(tasks []Task, definition taskdef.Document) []KilledContainer {
	var all []KilledContainer
	for _, t := range tasks {
		if t.StopCode != ServiceSchedulerInitiated || t.Failed() {
			continue
		}
		for _, c := range t.Containers {
			its := KilledContainer{Name: c.Name, StopTimeout: definition.StopTimeout(c.Name)}
			if c.wasStopped() && *c.ExitCode == killed && !slices.Contains(all, its) {
				all = append(all, its)
			}
		}
	}
	return all
}

// PullTook is how long a task took to pull its images; 0: that is not known.
func (t Task) PullTook() time.Duration {
	if t.PullBegan.IsZero() || t.Pulled.IsZero() {
		return 0
	}
	return t.Pulled.Sub(t.PullBegan)
}

// ImageSize is how large the image of a container is.
type ImageSize struct {
	Container string
	Bytes     int64 // of its layers, compressed
}

// KilledContainer is a container that did not end when it was told to.
type KilledContainer struct {
	Name        string
	StopTimeout time.Duration
}

// The exit codes of what SIGKILL and SIGTERM ended.
const killed, terminated = 128 + 9, 128 + 15

// wasStopped tells whether a container ended since it was told to, as far as its exit code tells: by SIGTERM or, when
// it did not within its stopTimeout, by SIGKILL.
func (c Container) wasStopped() bool {
	return c.Reason == "" && c.ended() && (*c.ExitCode == killed || *c.ExitCode == terminated)
}

// Culprit is the container by which the task failed, as far as that can be told: ECS tells the time of no container's
// end, but the first to go is the one that has a reason, or that ended otherwise than one that is told to stop.
func (t Task) Culprit() (container Container, known bool) {
	essential := t.essential()
	ended := t.StopCode == EssentialContainerExited
	unhealthy := strings.Contains(collapsed(t.Reason), "container health checks")
	ranks := []func(Container) bool{
		func(c Container) bool {
			return unhealthy && c.ofProxy() && c.ended() && !c.endedWell()
		},
		func(c Container) bool { return unhealthy && c.Health == TaskUnhealthy },
		func(c Container) bool { return c.Reason != "" && !c.ended() },
		func(c Container) bool { return c.Reason != "" },
		func(c Container) bool {
			return strings.Contains(t.Reason, "OutOfMemory") && c.ended() && *c.ExitCode == killed
		},
		func(c Container) bool { return ended && c.ended() && !c.endedWell() && !c.wasStopped() },
		func(c Container) bool { return ended && c.endedWell() && alone(essential) },
		func(c Container) bool { return ended && c.wasStopped() },
	}
	for _, c := range t.Containers { // which may be optional
		if c.ended() && !c.endedWell() && t.waitsFor(c.Name) {
			return c, true
		}
	}
	for _, among := range [][]Container{essential, t.Containers} {
		for _, is := range ranks {
			if at := slices.IndexFunc(among, is); at >= 0 {
				return among[at], true
			}
		}
	}
	return Container{}, false
}

// plainReasons are those of tasks that say less than what befell their containers.
var plainReasons = []string{"Essential container in task exited", "Task failed to start"}

// waitsFor tells whether a container of the task could not start since another ended as it should not have: the agent
// names that one
// (https://github.com/aws/amazon-ecs-agent/blob/master/agent/engine/dependencygraph/graph.go).
func (t Task) waitsFor(name string) bool {
	return slices.ContainsFunc(t.Containers, func(c Container) bool {
		return c.Name != name && strings.Contains(collapsed(c.Reason), "dependency [") &&
			strings.Contains(collapsed(c.Reason), "["+name+" (")
	})
}

// Suspect is the culprit or, where that is not known, the container that the load balancer asks, or else the only
// essential one.
func (t Task) Suspect() (container Container, known bool) {
	if culprit, known := t.Culprit(); known {
		return culprit, true
	}
	essential := t.essential()
	for _, container := range essential {
		if container.Balanced || len(essential) == 1 {
			return container, true
		}
	}
	return Container{}, false
}

// NeverRan tells whether a container of the task was never started, so that it cannot have written a log.
func (t Task) NeverRan(container Container) bool {
	return t.StopCode == TaskFailedToStart && !container.ended()
}

// alone tells whether only one container ended well: it went first then, whether or not there are others.
func alone(essential []Container) bool {
	well := 0
	for _, container := range essential {
		if container.endedWell() {
			well++
		}
	}
	return well == 1
}

// essential are the containers whose end is the task's.
func (t Task) essential() []Container {
	return slices.DeleteFunc(slices.Clone(t.Containers), func(c Container) bool { return c.Optional })
}

// collapsed is a text with a blank for each line break and what indents the next line.
func collapsed(text string) string { return strings.Join(strings.Fields(text), " ") }

// Cause is why the task failed.
func (t Task) Cause() Cause {
	t.Reason = collapsed(t.Reason)
	if t.StopCode.HostGone() {
		return Cause{Said: t.Reason, StopCode: t.StopCode}
	}
	culprit, known := t.Culprit()
	switch {
	case !known && (t.Reason == "" || t.StopCode == UserInitiated): // whose words are those of whoever stopped it
		return Cause{Said: t.Reason, StopCode: t.StopCode}
	case !known:
		return Cause{Said: attempts().ReplaceAllString(t.Reason, "has been retried")}
	case culprit.Reason == "" && strings.Contains(t.Reason, "container health checks"):
		return Cause{Container: culprit.Name, Said: t.Reason}
	}
	cause := Cause{Container: culprit.Name, Said: collapsed(culprit.Reason), Exited: culprit.ended()}
	if !cause.Exited {
		cause.Said = attempts().ReplaceAllString(cause.Said, "has been retried")
		return cause
	}
	cause.ExitCode = *culprit.ExitCode
	if cause.Said == "" && !slices.Contains(plainReasons, t.Reason) {
		cause.Said = t.Reason
	}
	cause.First = culprit.endedWell() && !culprit.Balanced && slices.ContainsFunc(t.Containers, Container.wasStopped)
	return cause
}

// Alike are the tasks that failed for the most frequent cause, in their order; of as frequent ones, for that of the
// first.
func Alike(tasks []Task) []Task {
	counts, most := map[Cause]int{}, Cause{}
	for _, task := range tasks {
		counts[task.Cause()]++
	}
	for _, task := range slices.Backward(tasks) {
		if cause := task.Cause(); counts[cause] >= counts[most] {
			most = cause
		}
	}
	return slices.DeleteFunc(slices.Clone(tasks), func(task Task) bool { return task.Cause() != most })
}
