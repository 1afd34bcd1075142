package rollout

import (
	"fmt"
	"regexp"
	"strings"
	"time"
)

// Task is a task of a deployment.
type Task struct {
	ID         string
	Status     string // lastStatus
	Health     string // HEALTHY, UNHEALTHY, or UNKNOWN when no container has a health check
	StopCode   string
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
	return t.StopCode != "" && t.StopCode != "UserInitiated" && !strings.HasPrefix(t.Reason, "Scaling activity initiated by")
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

// attempts are counted in ECS's words on a failed pull, and differ from task to t.
var attempts = regexp.MustCompile(`has been retried \d+ time\(s\)`)

// Cause is why a task failed, in a phrase that is the same for every task that failed likewise.
func (t Task) Cause() string {
	for _, container := range t.Containers {
		exit := ""
		if container.ExitCode != nil {
			exit = fmt.Sprintf(" exited with code %d", *container.ExitCode)
		}
		switch {
		case container.Reason != "" && exit != "":
			return fmt.Sprintf("container %s%s (%s)", container.Name, exit, container.Reason)
		case container.Reason != "":
			return attempts.ReplaceAllString(fmt.Sprintf("container %s: %s", container.Name, container.Reason), "has been retried")
		case t.StopCode == "EssentialContainerExited" && container.ExitCode != nil && *container.ExitCode != 0:
			return fmt.Sprintf("container %s%s", container.Name, exit)
		}
	}
	if t.Reason == "" {
		return t.StopCode
	}
	return attempts.ReplaceAllString(t.Reason, "has been retried")
}
