package report

import (
	"fmt"
	"strings"

	"ecs-deploy/internal/rollout"
)

// noun is what a rollout deploys to.
func noun(r *rollout.Rollout) string { return r.Service.Noun() }

// nounOf is the same of several: they are of one kind.
func nounOf(rollouts []*rollout.Rollout) string {
	if len(rollouts) == 0 {
		return "service"
	}
	return noun(rollouts[0])
}

// unit is what the counts of a rollout count.
func unit(r *rollout.Rollout) string {
	if r.Service.ManagedDaemon {
		return "instance"
	}
	return "task"
}

// causeless is that the cause of a failure is not known.
func causeless(r *rollout.Rollout) string {
	if r.Service.ManagedDaemon { // which has no events
		return "the tasks do not say why"
	}
	return "neither the tasks nor the service's events say why"
}

// isDown is that nothing runs any more.
func isDown(r *rollout.Rollout) string { return "THE " + strings.ToUpper(noun(r)) + " IS DOWN" }

// servingInstances is on which instances a managed daemon runs.
func servingInstances(r *rollout.Rollout) string {
	now := r.Latest()
	var parts []string
	for _, tasks := range now.Progress.Serves {
		parts = append(parts, fmt.Sprintf("%s runs on %s",
			named(r, rollout.RevisionID(tasks.TaskDefinition)), ofInstances(tasks.Running, now.Progress.Wanted)))
	}
	return strings.Join(filled(strings.Join(parts, ", and "), without(now.Progress)), "; ")
}

// noInstance is that a managed daemon runs on none.
func noInstance(at rollout.Progress) string {
	if at.Ended {
		return "there is no instance for the daemon to run on"
	}
	return "the daemon runs on no instance yet"
}

// without is how many instances run on without the daemon; empty: none does.
func without(at rollout.Progress) string {
	switch at.Without {
	case 0:
		return ""
	case 1:
		return "1 instance runs without it"
	}
	return fmt.Sprintf("%d instances run without it", at.Without)
}

// warnOfInstances warns of those that run on without the daemon that was deployed to them.
func (r *Reporter) warnOfInstances(result rollout.Result) {
	for _, of := range result.Rollouts {
		if at := of.Progress; of.Verdict.Outcome == rollout.Succeeded && at.Without > 0 {
			r.note(fmt.Sprintf("%s of daemon %s: %s", of.Revision.Revision.ID(), of.Name(), without(at)), "The daemon "+
				"is not critical, so ECS lets such instances run on. Another deployment replaces them.", true)
		}
	}
}

// desired is how many tasks there are to be. Of a managed daemon it is the instances, of which some are not counted
// while they are replaced.
func desired(r *rollout.Rollout) int {
	if r.Service.ManagedDaemon {
		return max(r.Service.Desired, r.Progress.Wanted)
	}
	return r.Service.Desired
}
