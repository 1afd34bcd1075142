package report

import (
	"fmt"
	"strings"

	"ecs-deploy/internal/rollout"
)

// cause is why a task failed, in a phrase.
func cause(c rollout.Cause) string {
	switch {
	case c.Container == "" && c.Said == "":
		return string(c.StopCode)
	case c.Container == "":
		return c.Said
	case c.Exited && c.Said != "":
		return fmt.Sprintf("container %s exited with code %d (%s)", c.Container, c.ExitCode, c.Said)
	case c.Exited:
		return fmt.Sprintf("container %s exited with code %d", c.Container, c.ExitCode)
	}
	return fmt.Sprintf("container %s: %s", c.Container, c.Said)
}

// found is what a finding is about: a sentence without its full stop.
func found(r *rollout.Rollout, f rollout.Finding) string {
	switch f.About {
	case rollout.AboutTasks:
		return plural(f.Tasks, "task") + " failed: " + cause(f.Cause)
	case rollout.AboutPlace:
		return "ECS found no place for the task: " + f.Said
	case rollout.AboutTargets:
		return fmt.Sprintf("the load balancer does not find %s healthy: %s", plural(f.Tasks, "task"), f.Said)
	case rollout.AboutEvent:
		return "ECS " + f.Said
	case rollout.AboutEnding:
		return ending(r)
	case rollout.AboutError:
		return strings.TrimSuffix(f.Said, ".") + inBrackets(f.Code)
	case rollout.AboutHook:
		text := "the lifecycle event hook " + f.Event + " failed"
		if f.Hook != "" {
			text += " (function " + functionName(f.Hook) + ")"
		}
		return text + because(f.Said)
	case rollout.AboutWaiting:
		return "the deployment waits for somebody to continue it"
	case rollout.AboutTraffic:
		return "the deployment waits for somebody to let the traffic move"
	case rollout.AboutKept:
		return "all traffic goes to the new tasks, and the old ones are kept"
	case rollout.AboutPending:
		return plural(f.Tasks, "task") + " did not get from PENDING to RUNNING"
	case rollout.AboutUnstarted:
		return fmt.Sprintf("ECS started only %d of %s", f.Tasks, plural(f.Of, "task"))
	case rollout.AboutStage:
		return "all new tasks run, and the deployment is at " + stageName(f.Event)
	case rollout.AboutOlder:
		return fmt.Sprintf("all new tasks run, and %s of older deployments still do", plural(f.Tasks, "task"))
	}
	return "all tasks run, and ECS does not call the deployment complete"
}

// functionName is the name of a Lambda function, of which the ARN may be given.
func functionName(function string) string {
	return rollout.LastSegment(function[strings.LastIndexByte(function, ':')+1:])
}

// explanation is all that a finding has to say.
func explanation(r *rollout.Rollout, f rollout.Finding) string {
	return strings.Join(filled(sentence(found(r, f)), f.Means, remedy(r, f)), " ")
}
