package report

import (
	"fmt"
	"slices"

	"ecs-deploy/internal/rollout"
	"ecs-deploy/internal/taskdef"
)

// logTitle is what the lines of a log are.
func logTitle(log rollout.LogTail) string {
	return fmt.Sprintf("last log lines of container %s, task %s (%s)", log.Container, shortID(log.Task), log.Kept.Group)
}

// excerpt is the lines of a log that are shown, with how many are left out.
func excerpt(log rollout.LogTail) []string {
	if len(log.Error) == 0 {
		return log.Lines
	}
	return slices.Concat(log.Error, []string{"… " + plural(log.Skipped, "line") + " …"}, log.Lines)
}

// logPlace is where a log is that cannot be shown; empty: it can.
func logPlace(log rollout.LogTail) string {
	switch {
	case log.Container == "" || len(log.Lines) > 0:
		return ""
	case log.Kept.Readable():
		return fmt.Sprintf("container %s of task %s wrote nothing to log group %s",
			log.Container, shortID(log.Task), log.Kept.Group)
	}
	return unreadableLog(log.Container, log.Kept)
}

// unreadableLog is where the log of a container is that no call reads.
func unreadableLog(container string, kept taskdef.Log) string {
	of := "the log of container " + container
	switch {
	case kept.Driver == "":
		return "container " + container + " has no logConfiguration, so its log is lost: set its log driver to awslogs"
	case kept.Driver == "awslogs":
		return of + " is in log group " + kept.Group + ", in a stream named after the container's id: set " +
			"awslogs-stream-prefix to have it shown here"
	case kept.Driver != "awsfirelens":
		return of + " is where its log driver sends it: " + kept.Driver
	case kept.Output == "":
		return of + " goes where the configuration of FireLens sends it"
	case kept.Group != "":
		return of + " is in log group " + kept.Group + ", where FireLens sends it"
	}
	return of + " is where FireLens sends it: " + kept.Output
}
