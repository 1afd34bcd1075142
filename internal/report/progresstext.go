package report

import (
	"fmt"
	"strings"

	"ecs-deploy/internal/rollout"
)

func tasksRun(at rollout.Progress) string {
	if at.OfInstances {
		text := "running on " + ofInstances(at.Running, at.Wanted)
		return strings.Join(filled(text, without(at)), "; ")
	}
	return fmt.Sprintf("%d of %d tasks running", at.Running, at.Wanted)
}

// leftAt says where a deployment stood when the waiting ended.
func leftAt(at rollout.Progress) string {
	text := tasksRun(at)
	if at.Pending > 0 {
		text += fmt.Sprintf(", %d pending", at.Pending)
	}
	if at.Failed > 0 {
		text += fmt.Sprintf(", %d failed", at.Failed)
	}
	switch {
	case at.Wait == rollout.WaitContinue:
		return text + "; it is waiting to be continued"
	case at.Wait == rollout.WaitTraffic:
		return text + ", and it is waiting for approval to shift the traffic"
	case at.Wait == rollout.WaitTermination:
		return text + ", all traffic goes to them, and the old tasks are kept"
	case at.Wait == rollout.WaitRoute:
		return text + ", and the gateway has no route to the service yet"
	case at.Traffic != nil && *at.Traffic > 0:
		return text + fmt.Sprintf(", with %g%% of the traffic, at %s", *at.Traffic, stageName(at.Stage))
	case at.Stage != "":
		return text + ", at " + stageName(at.Stage)
	}
	return text
}

// left says why a deployment was not rolled back that did not succeed, and what becomes of it; empty: there is nothing
// to say.
func left(r *rollout.Rollout) string {
	switch r.Verdict.Left {
	case rollout.LeftUnasked:
		return "nothing was rolled back, because AWS could not be reached"
	case rollout.LeftAsIs:
		return "nothing was rolled back, because rollback-on-failure is not set" + stays(r)
	case rollout.LeftNotOurs:
		return "nothing was rolled back, because another run started the deployment; " + goesOn(r)
	case rollout.LeftGoingOn:
		return strings.TrimSpace(
			"the rollback goes on in " + r.By + ". See with operation: status how it ends. " + rollout.Remedy(
				r.Verdict.Return.Err,
			),
		)
	case rollout.LeftStuck:
		return stuckAt(r)
	}
	return ""
}

// stays is what becomes of a deployment that is left as it is, and how to go back from it.
func stays(r *rollout.Rollout) string {
	percent, split := leftSplit(r)
	serves, ours := r.Progress.Serves, r.Revision.Revision
	switch {
	case split:
		return fmt.Sprintf("; %s keeps %g%% of the traffic until you do", ours.ID(), percent)
	case r.Progress.OfInstances && r.Progress.Course == rollout.Over && len(serves) > 1:
		return "; the instances stay as they are. To go back, run operation: rollback"
	case r.Progress.Course == rollout.Over && len(serves) > 0 && serves[0].TaskDefinition == ours.ARN:
		return "; " + ours.ID() + " stays live. To go back, run operation: rollback"
	}
	return "; " + goesOn(r) + wayOut(r)
}

// wayOut is what to do about a deployment that goes on.
func wayOut(r *rollout.Rollout) string {
	goesOn := r.Progress.Course == rollout.GoesOn && r.Verdict.Ending != rollout.EndedDeleted
	if !goesOn || r.Verdict.Outcome == rollout.Cancelled || down(r) {
		return ""
	}
	return ". Roll it back with operation: rollback, or deploy a fix"
}

// stuckAt says what to do when a deployment could not be rolled back.
func stuckAt(r *rollout.Rollout) string {
	at, remedy := r.Latest(), ""
	if back := r.Verdict.Return; back != nil {
		remedy = rollout.Remedy(back.Err)
	}
	return strings.TrimSpace(sentence(goesOn(at)) + " " + remedy)
}

// goesOn says whether anyone does more about a deployment.
func goesOn(r *rollout.Rollout) string {
	switch course := r.Progress.Course; {
	case course == rollout.Over, r.Verdict.Ending == rollout.EndedDeleted:
		return r.By + " takes no further action"
	case course == rollout.Blocking:
		return r.By + " goes on with the deployment, and no other can start until it is over or rolled back (operation: " +
			"rollback)"
	case course == rollout.GivenUp:
		return r.By + " starts no more tasks of " + r.Revision.Revision.ID()
	}
	return r.By + " keeps trying"
}

// progressSentence says how the newest deployment of a service stands.
func progressSentence(r *rollout.Rollout) string {
	at, running := r.Progress, tasksRun(r.Progress)
	runs := rollout.RevisionID(r.Deployment.TaskDefinition)
	of := "another revision"
	if runs != "" {
		of = runs
	}
	deployment := fmt.Sprintf("deployment %s of %s ", at.ID, of)
	share, split := leftSplit(r)
	switch {
	case at.Undeployed:
		return fmt.Sprintf("%s has not deployed this service yet; it runs %s, %s", r.By, runs, running)
	case at.RollbackID != "":
		return deployment + "is being rolled back by " + at.RollbackID
	case at.State == string(rollout.ServiceDeploymentRollbackRequested):
		return deployment + "is about to be rolled back by " + r.By + " on request, " + running
	case at.State == string(rollout.ServiceDeploymentRollbackInProgress) && at.OfInstances:
		return fmt.Sprintf("%sis being rolled back by %s to %s, which is on %s",
			deployment, r.By, r.Revision.Previous.ID(), ofInstances(at.Older, at.Wanted))
	case at.State == string(rollout.ServiceDeploymentRollbackInProgress):
		return fmt.Sprintf("%sis being rolled back by %s to %s, of which %s %s running",
			deployment, r.By, r.Revision.Previous.ID(), plural(at.Older, "task"), areOrIs(at.Older))
	case split:
		return fmt.Sprintf("%s%s with %g%% of the traffic, which still goes there, %s; operation: rollback moves it back",
			deployment, ended(at), share, running)
	case at.Course == rollout.Over:
		return fmt.Sprintf("deployment %s %s, and it runs %s, %s", at.ID, ended(at), runs, running)
	case at.Wait == rollout.WaitTraffic:
		return deployment + "is waiting for approval to shift the traffic, " + running
	case at.Wait == rollout.WaitTermination:
		return deployment + "gets all the traffic, " + running + ", and the old tasks are kept for about " + rollout.Span(
			at.Remaining,
		) + " more"
	}
	text := deployment + "is " + rollout.InWords(state(r)) + ", " + running
	if at.Stage != "" && rollout.InWords(at.State) == "in progress" {
		text += ", at " + stageName(at.Stage)
	}
	if at.Wait == rollout.WaitContinue {
		text += ", and is waiting to be continued"
	}
	return text
}

// leftSplit is the share of the traffic that goes to tasks of ours although who carried their deployment out does no
// more about it.
func leftSplit(r *rollout.Rollout) (percent float64, split bool) {
	const both = 2
	if r.Progress.Course != rollout.Over || len(r.Progress.Serves) < both || r.Progress.Serves[1].Traffic == nil {
		return 0, false
	}
	return *r.Progress.Serves[1].Traffic, true
}

// state is that of the deployment as its service has it or, where services have none, as who carries it out calls it.
func state(r *rollout.Rollout) string {
	if r.Deployment.State != "" {
		return string(r.Deployment.State)
	}
	return r.Progress.State
}

// ended is how a deployment ended that is over.
func ended(at rollout.Progress) string {
	switch rollout.InWords(at.State) {
	case "succeeded":
		return "has succeeded"
	case "failed":
		return "has failed"
	}
	return "was " + rollout.InWords(at.State)
}
