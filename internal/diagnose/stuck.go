package diagnose

import (
	"slices"

	"ecs-deploy/internal/rollout"
)

// unanswered is that a deployment ended because it waited for approval, and nobody gave it in time.
func unanswered(evidence rollout.Evidence) []rollout.Finding {
	at := slices.IndexFunc(evidence.Progress.Hooks, rollout.LifecycleHook.Unanswered)
	if at < 0 {
		return nil
	}
	stage := "its stage"
	if name := evidence.Progress.Hooks[at].Stage; name != "" {
		stage = rollout.WaitForStage(name)
	}
	return []rollout.Finding{{
		ID: rollout.AwaitsApproval, About: rollout.AboutUnanswered, Said: evidence.Said,
		Next: "Deploy again, and continue the deployment while it waits: with operation: continue, or in the console. To " +
			"end the step at the pause, set wait-for to " + stage + ".",
	}}
}

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
			"A pause hook of the service is holding the deployment.",
			"Run this action with operation: continue or operation: rollback. To end the step at the pause, set wait-for to "+
				rollout.WaitForStage(at.Stage)+".",
		)
	case allRun && at.Wait == rollout.WaitTraffic:
		return find(
			rollout.Finding{ID: rollout.AwaitsApproval, About: rollout.AboutTraffic},
			"The deployment group waits for approval.",
			"Run this action with operation: continue or operation: rollback. To end the step there, set wait-for: "+
				"pre-production-traffic-shift.",
		)
	case allRun && at.Wait == rollout.WaitTermination:
		return find(rollout.Finding{ID: rollout.TimeoutTooShort, About: rollout.AboutKept},
			"The deployment group keeps them for "+rollout.Span(at.TerminationTimeout)+" before the deployment is complete.",
			"Raise timeout, or wait only until the traffic has moved, with wait-for: running.")
	case at.Wait == rollout.WaitRoute:
		return find(rollout.Finding{About: rollout.AboutUnrouted},
			"The deployment itself is complete.",
			"Check the gateway and its routes with ListGatewayRoutes. If the route only needs more time, raise timeout.")
	case at.Pending > 0:
		return find(rollout.Finding{About: rollout.AboutPending, Tasks: at.Pending},
			"Probably the image is large, its registry is slow, or a container waits for a dependency.",
			"Check the containers of a pending task in the console. If the tasks only need more time, raise timeout.")
	case at.OfInstances:
		return find(instances(at))
	case !allRun:
		return find(rollout.Finding{About: rollout.AboutUnstarted, Tasks: at.Running, Of: at.Wanted},
			"Probably there is no room for them, or the minimum and maximum percent keep them from starting.",
			"Check the events of the service in the console.")
	case at.Shifts:
		return find(rollout.Finding{ID: rollout.TimeoutTooShort, About: rollout.AboutStage, Event: at.Stage},
			"Its hooks, steps and bake time take longer than timeout.",
			"Raise timeout, or wait only for a stage (wait-for).")
	case at.Older > 0 && evidence.Healthy:
		return find(rollout.Finding{About: rollout.AboutOlder, Tasks: at.Older},
			"The new tasks are healthy. Most likely task protection keeps the old ones.",
			"Wait until the protection ends, or remove it with UpdateTaskProtection.")
	case at.Older > 0:
		return find(rollout.Finding{About: rollout.AboutOlder, Tasks: at.Older},
			"Probably the new tasks are not healthy, or the old tasks cannot be stopped (task protection).",
			"Check the health of the new tasks in the console, and whether the old ones are protected (UpdateTaskProtection).")
	}
	return find(
		rollout.Finding{About: rollout.AboutIncomplete},
		"Most likely old tasks drain slowly (the deregistration delay of the target group), or ECS watches alarms during "+
			"a bake time.",
		"Raise timeout, or shorten the deregistration delay or the bake time.",
	)
}

// instances is at which instances the deployment of a managed daemon stuck.
func instances(at rollout.Progress) (finding rollout.Finding, means, next string) {
	switch {
	case at.Draining > 0:
		return rollout.Finding{About: rollout.AboutInstances, Tasks: at.Draining, Of: at.Wanted},
			"Probably the tasks of services that run there cannot be moved.",
			"Check the services with tasks on those instances. If they only need more time, raise timeout."
	case !at.Replacing():
		return rollout.Finding{ID: rollout.TimeoutTooShort, About: rollout.AboutIncomplete},
			"Most likely ECS watches alarms during the bake time.", "Raise timeout, or shorten the bake time."
	}
	return rollout.Finding{About: rollout.AboutUnstarted, Tasks: at.Running, Of: at.Wanted},
		"Probably the capacity provider starts no instances in place of those that were drained.",
		"Check the capacity provider and its instances in the console. If they only need more time, raise timeout."
}
