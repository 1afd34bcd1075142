package diagnose

import (
	"ecs-deploy/internal/rollout"
)

// stuck is where a deployment stuck that came to no end.
func stuck(evidence rollout.Evidence) []rollout.Finding {
	at, allRun := evidence.Progress, evidence.Progress.Running >= evidence.Progress.Wanted
	if !evidence.TimedOut || at.Failed > 0 { // of tasks that failed it is not known why
		return nil
	}
	find := func(finding rollout.Finding, means, next string) []rollout.Finding {
		finding.Means, finding.Next = means, next
		return []rollout.Finding{finding}
	}
	switch {
	case at.Wait == rollout.WaitContinue:
		return find(
			rollout.Finding{ID: rollout.AwaitsApproval, About: rollout.AboutWaiting},
			"A pause hook of the service holds it.",
			"Run this action with operation: continue, or rollback. To end the step at the pause, wait for its stage "+
				"(wait-for).",
		)
	case allRun && at.Wait == rollout.WaitTraffic:
		return find(
			rollout.Finding{ID: rollout.AwaitsApproval, About: rollout.AboutTraffic},
			"The deployment group is set to wait for it.",
			"Run this action with operation: continue, or rollback. To end the step there, give wait-for: "+
				"pre-production-traffic-shift.",
		)
	case allRun && at.Wait == rollout.WaitTermination:
		return find(rollout.Finding{ID: rollout.TimeoutTooShort, About: rollout.AboutKept},
			"The deployment group keeps them for "+rollout.Span(at.TerminationTimeout)+" before the deployment is complete.",
			"Raise timeout, or wait only until the traffic has moved, with wait-for: running.")
	case at.Pending > 0:
		return find(rollout.Finding{About: rollout.AboutPending, Tasks: at.Pending},
			"Probably the image is large or its registry slow, or a container waits for another that it depends on.",
			"Look at the containers of a pending task in the console; if it only needs longer, raise timeout.")
	case !allRun:
		return find(rollout.Finding{About: rollout.AboutUnstarted, Tasks: at.Running, Of: at.Wanted},
			"Probably there is no room for them, or the minimum and maximum percent do not let them start.",
			"Look at the events of the service in the console.")
	case at.Shifts:
		return find(rollout.Finding{ID: rollout.TimeoutTooShort, About: rollout.AboutStage, Event: at.Stage},
			"Its hooks, steps and bake time take longer than the time that is given.",
			"Raise timeout, or end the wait at a stage (wait-for).")
	case at.Older > 0:
		return find(rollout.Finding{About: rollout.AboutOlder, Tasks: at.Older},
			"Probably the new tasks do not count as healthy, or the old ones may not be stopped (task protection).",
			"Look at the health of the new tasks in the console, and at the protection of the old ones.")
	}
	return find(
		rollout.Finding{About: rollout.AboutIncomplete},
		"Probably old tasks drain slowly (the deregistration delay of the target group), or alarms are watched for a bake "+
			"time.",
		"Raise timeout, or shorten the deregistration delay or the bake time.",
	)
}
