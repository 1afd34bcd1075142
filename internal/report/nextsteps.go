package report

import (
	"slices"

	"ecs-deploy/internal/rollout"
)

// nextStep is what to do about the end of a run; empty: nothing.
func nextStep(result rollout.Result) string {
	if result.Err != nil {
		return rollout.Remedy(result.Err)
	}
	if obstacle, is := obstacleOf(result); is && (obstacle.NextStep != "" || !wentBack(result)) {
		return obstacle.NextStep
	}
	if foremost := result.Foremost(); foremost != nil {
		return next(foremost)
	}
	return ""
}

// onceNext is what to do about a task that was to run once and did not succeed.
func onceNext(once rollout.OneOffResult) string {
	switch {
	case len(once.Findings) > 0:
		return once.Findings[0].Next
	case once.Verdict.Outcome == rollout.Cancelled:
		return ""
	}
	return "Read the last lines of the task's log, and check the task in the console. If it only needs more time, " +
		"raise timeout in the input."
}

// next is what to do about the end of a deployment.
func next(r *rollout.Rollout) string {
	verdict := r.Verdict
	switch {
	case verdict.Outcome.Good():
		return ""
	case verdict.Outcome == rollout.Cancelled && leftAlone(verdict.Return):
		return ""
	case verdict.Outcome == rollout.Cancelled && verdict.Left == "": // it is being rolled back
		return "See with operation: status how the rollback ends."
	case verdict.Outcome == rollout.Cancelled:
		return "See with operation: status how the deployment ends, or roll it back with operation: rollback."
	case verdict.Ending == rollout.EndedDeleted:
		call := map[bool]string{false: "DeleteService", true: "DeleteDaemon"}[r.Service.ManagedDaemon]
		return "Create the " + noun(r) + " again, then deploy. CloudTrail shows who called " + call + "."
	case verdict.Outcome == rollout.Superseded:
		return "Check how the other deployment ends, in the run that started it. To keep two runs from deploying at the " +
			"same time, give their jobs one concurrency group."
	case len(r.Findings) > 0:
		return remedy(r, r.Findings[0])
	case verdict.Outcome == rollout.TimedOut:
		return "Check the tasks of the deployment in the console. If it only needs more time, raise timeout."
	case r.Service.ManagedDaemon:
		return "Check the stopped tasks of the daemon in the console."
	case len(r.Failures) == 0:
		return "Check the events of the service in the console."
	}
	return "Check the stopped tasks and the events of the service in the console."
}

// leftAlone tells whether a deployment was to be rolled back, and did not need to be.
func leftAlone(back *rollout.Return) bool {
	ends := []rollout.ReturnEnd{rollout.ReturnComplete, rollout.ReturnNeedless, rollout.ReturnSuperseded}
	return back != nil && slices.Contains(ends, back.End)
}

// remedy is what to do about a finding. A deployment that waited for approval and was rolled back waits no more.
func remedy(r *rollout.Rollout, finding rollout.Finding) string {
	waited := slices.Contains([]rollout.About{rollout.AboutWaiting, rollout.AboutTraffic}, finding.About)
	if back := r.Verdict.Return; back != nil && back.End == rollout.ReturnDone && waited {
		return "Deploy again. To end the step at the pause, set wait-for to its stage, and continue the deployment in " +
			"another step."
	}
	if down(r) {
		return bringBack + " " + finding.Next
	}
	if _, split := leftSplit(r); split {
		return "Move the traffic back with operation: rollback. " + finding.Next
	}
	return finding.Next
}

// bringBack is what comes first when no task is left.
const bringBack = "Bring the service back up: deploy a fix, or a revision that worked, with task-definition: " +
	"family:revision (operation: status lists the last ones)."
