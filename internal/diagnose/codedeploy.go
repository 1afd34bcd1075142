package diagnose

import (
	"strings"

	"ecs-deploy/internal/rollout"
)

// codeDeploy is why CodeDeploy ended a deployment, by what it says itself: but for a time-out, whose cause
// the tasks know better. Tasks that failed are told beside it.
func codeDeploy(evidence rollout.Evidence) []rollout.Finding {
	d := evidence.CodeDeploy
	if d.Code == "" || d.Code == "TIMEOUT" && len(evidence.Failed) > 0 {
		return nil
	}
	what := strings.TrimSuffix(d.Message, ".") + " (" + d.Code + ")"
	if event, is := d.Failed(); is && d.Code == "HOOK_EXECUTION_FAILURE" {
		what = "the lifecycle event hook " + event.Name + " failed"
		if evidence.Hook != "" {
			what += " (function " + rollout.LastSegment(evidence.Hook[strings.LastIndexByte(evidence.Hook, ':')+1:]) + ")"
		}
		if event.Why != "" {
			what += ": " + strings.TrimSuffix(event.Why, ".")
		}
	}
	return append([]rollout.Finding{finding(what, d.Code+": "+d.Message)}, failures(evidence)...)
}

// shifting is where a deployment of CodeDeploy's stuck whose tasks all run.
func shifting(evidence rollout.Evidence) []rollout.Finding {
	event, _ := evidence.CodeDeploy.Event()
	switch evidence.CodeDeploy.State() {
	case rollout.ReadyWait:
		return []rollout.Finding{{
			What:  "the deployment waits for somebody to let the traffic move",
			Cause: "The deployment group is set to have that done by hand.",
			Next:  "Run this action with operation: continue, or rollback. To end the step there, give wait-for: pre-production-traffic-shift.",
		}}
	case rollout.TerminationWait:
		return []rollout.Finding{{
			What:  "all traffic goes to the new tasks, and the old ones are kept",
			Cause: "The deployment group keeps them for " + rollout.Span(evidence.CodeDeploy.TerminationWait) + " before the deployment is complete.",
			Next:  "Raise timeout, or wait only until the traffic has moved, with wait-for: running.",
		}}
	}
	return []rollout.Finding{{
		What:  "all new tasks run, and the deployment is at " + event.Name,
		Cause: "Its hooks and the steps of the traffic take longer than the time that is given.",
		Next:  "Raise timeout, or look at the log of the function that the event calls.",
	}}
}
