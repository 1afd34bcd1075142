package rollout

import (
	"regexp"
	"slices"
	"strings"
	"time"
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
	Addresses  []string  // private ones, in network mode awsvpc
	Containers []Container
}

// Container is one of a task's containers.
type Container struct {
	Name     string
	Image    string
	ExitCode *int // nil: it has not ended, or never ran
	Reason   string
}

// Failed tells whether a stopped task came to grief, rather than being replaced or scaled in:
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html.
func (t Task) Failed() bool {
	return t.StopCode != "" && t.StopCode != UserInitiated && !strings.HasPrefix(t.Reason, "Scaling activity initiated by")
}

// Culprit is the container by which a task failed: the one with a reason, or that ended badly, or
// else the first.
func (t Task) Culprit() (Container, bool) {
	for _, container := range t.Containers {
		if container.Reason != "" || container.ExitCode != nil && *container.ExitCode != 0 {
			return container, true
		}
	}
	if len(t.Containers) == 0 {
		return Container{}, false
	}
	return t.Containers[0], true
}

// attempts are counted in ECS's words on a failed pull, and differ from task to task.
var attempts = regexp.MustCompile(`has been retried \d+ time\(s\)`)

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

// wasStopped tells whether a container ended since it was told to, as far as its exit code tells.
func (c Container) wasStopped() bool {
	const killed, terminated = 137, 143
	return c.Reason == "" && c.ExitCode != nil && (*c.ExitCode == killed || *c.ExitCode == terminated)
}

// first is the container that ended by itself and well, after which the others were told to stop.
func (t Task) first() (Container, bool) {
	ended := slices.IndexFunc(t.Containers, func(c Container) bool {
		return c.Reason == "" && c.ExitCode != nil && *c.ExitCode == 0
	})
	others := slices.ContainsFunc(t.Containers, Container.wasStopped)
	odd := slices.ContainsFunc(t.Containers, func(c Container) bool {
		return c.Reason != "" || c.ExitCode != nil && *c.ExitCode != 0 && !c.wasStopped()
	})
	if ended < 0 || !others || odd || t.StopCode != EssentialContainerExited {
		return Container{}, false
	}
	return t.Containers[ended], true
}

// Cause is why the task failed.
func (t Task) Cause() Cause {
	if t.StopCode.HostGone() {
		return Cause{Said: t.Reason, StopCode: t.StopCode}
	}
	if first, is := t.first(); is {
		return Cause{Container: first.Name, Exited: true, First: true}
	}
	for _, container := range t.Containers {
		if strings.HasPrefix(container.Name, proxyPrefix) && strings.Contains(t.Reason, "health checks") &&
			container.ExitCode != nil && *container.ExitCode != 0 {
			return Cause{Container: container.Name, Said: t.Reason}
		}
	}
	for _, container := range t.Containers {
		cause := Cause{Container: container.Name, Said: container.Reason}
		if container.ExitCode != nil {
			cause.Exited, cause.ExitCode = true, *container.ExitCode
		}
		switch {
		case cause.Said != "" && !cause.Exited:
			cause.Said = attempts.ReplaceAllString(cause.Said, "has been retried")
			return cause
		case cause.Said != "", t.StopCode == EssentialContainerExited && cause.ExitCode != 0:
			return cause
		}
	}
	if t.Reason == "" {
		return Cause{StopCode: t.StopCode}
	}
	return Cause{Said: attempts.ReplaceAllString(t.Reason, "has been retried")}
}
