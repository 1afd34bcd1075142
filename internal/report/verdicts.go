package report

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"ecs-deploy/internal/rollout"
)

// reason is how a deployment ended, and what became of it then: a sentence without the service's name and its full
// stop.
func reason(r *rollout.Rollout) string {
	if r.Verdict.Return == nil {
		return ending(r)
	}
	return returned(r)
}

// ending is how a deployment ended, before anyone rolled it back.
func ending(r *rollout.Rollout) string {
	verdict := r.Verdict
	at := r.Verdict.Progress
	what := r.Revision.Revision.ID()
	switch verdict.Ending {
	case rollout.EndedComplete:
		switch {
		case at.Wanted == 0 && at.Listed:
			return what + " is deployed, but no task runs: the desired count is 0"
		case at.Listed:
			return fmt.Sprintf("%s is live, %s%s", what, tasksRun(at), onTheWay(r))
		}
		return what + " is live" + onTheWay(r)
	case rollout.EndedRunning:
		healthy := map[rollout.Health]string{rollout.Healthy: " and are healthy"}[r.Health]
		return fmt.Sprintf(
			"%d of %d tasks of %s run%s; the deployment goes on in %s until it is complete",
			at.Running,
			at.Wanted,
			what,
			healthy,
			r.By,
		)
	case rollout.EndedShifted:
		return fmt.Sprintf("%s gets all the traffic, %s; %s keeps the old tasks for a while", what, tasksRun(at), r.By)
	case rollout.EndedAtStage:
		return fmt.Sprintf("the deployment of %s has reached %s; %s continues it", what, verdict.Goal, r.By)
	case rollout.EndedUnwaited:
		return "the deployment of " + what + " has started; this step does not wait for its end"
	case rollout.EndedUnstarted:
		text := "no deployment was started, because the " + noun(r) + " already runs " + what
		if verdict.Settings {
			text = "the settings of the service were changed, and " + text
		}
		return text
	case rollout.EndedPlanned:
		return plannedFor(r) + "; " + dryRun
	case rollout.EndedStatus:
		return standingNow(r)
	case rollout.EndedUntouched:
		return untouched(r)
	}
	return badEnding(r)
}

// onTheWay is what went wrong before it went well; empty: nothing.
func onTheWay(r *rollout.Rollout) string {
	if len(r.Failures) == 0 {
		return ""
	}
	return fmt.Sprintf("; %s failed along the way: %s", plural(len(r.Failures), "task"), cause(r.Failures[0].Cause()))
}

const dryRun = "this was a dry run, and nothing was changed"

// plannedFor is what a deployment would do.
func plannedFor(r *rollout.Rollout) string {
	before, after := versions(r.Revision.Images)
	what := r.Name() + " " + before + " → " + after
	if before == after {
		what = replacing(r.Revision)
	}
	var more []string
	if n := r.Revision.Variables; n > 0 {
		more = append(more, plural(n, "variable"))
	}
	for _, call := range r.Calls {
		if call.Skipped {
			return "would start no deployment: the " + noun(r) + " already runs " + r.Revision.Revision.ID()
		}
		more = append(more, updates(r, call.Update)...)
	}
	return strings.Join(append([]string{"would deploy " + what}, more...), ", ")
}

func untouched(r *rollout.Rollout) string {
	revision := r.Revision.Revision.ID()
	text := "the " + noun(r) + " still runs " + named(r, r.Runs.ID())
	if r.Verdict.Outcome == rollout.NotStarted {
		text = "the " + noun(r) + " was not updated: it still runs " + named(r, r.Runs.ID())
	}
	switch {
	case r.Verdict.Outcome == rollout.Superseded:
		return "this " + noun(r) + " was not updated, because another deployment began after the plan was made: " +
			cmp.Or(rollout.RevisionID(r.Verdict.By.TaskDefinition), "another revision") +
			inBrackets(strings.Join(filled(r.Verdict.By.ID, registeredBy(r.Superseding)), ", ")) +
			". The waves before stay as they are"
	case r.Verdict.Unsure:
		return "it is unknown whether the " + noun(r) + " was updated to " + revision + ": AWS did not answer"
	case r.Verdict.Settings:
		text = "the settings of the service were changed, and no deployment was started"
	}
	if r.Verdict.Registered {
		text += "; " + revision + " was registered but not deployed"
	}
	return text
}

// badEnding is the end of a deployment that did not succeed.
func badEnding(r *rollout.Rollout) string {
	verdict := r.Verdict
	said := because(verdict.Said)
	if len(verdict.Alarms) > 0 {
		said += " (alarm " + strings.Join(verdict.Alarms, ", ") + ")"
	}
	switch verdict.Ending {
	case rollout.EndedDeleted:
		if verdict.Said != "" {
			return "the " + noun(r) + " is " + verdict.Said + ": it was deleted during the deployment"
		}
		return "the " + noun(r) + " was deleted during the deployment"
	case rollout.EndedGivenUp:
		return r.By + " gave up the deployment without a rollback" + said
	case rollout.EndedNotRolledBack:
		return r.By + " gave up the deployment and did not roll it back, although the service is set to roll back" + said
	case rollout.EndedStopped:
		if verdict.EndedBy == rollout.Somebody {
			return "the deployment was stopped without a rollback" + said
		}
		return r.By + " stopped the deployment without a rollback" + said
	case rollout.EndedUnrouted:
		return r.Revision.Revision.ID() + " was deployed, but the route from the gateway to the service failed" + said
	case rollout.EndedRolledBack:
		if verdict.To == "" {
			return r.By + " rolled back the deployment" + said
		}
		return r.By + " rolled back to " + rollout.RevisionID(verdict.To) + wentPast(r) + said
	case rollout.EndedStuck:
		return r.By + " could not roll back the deployment" + inBrackets(verdict.Progress.RollbackID) + said
	case rollout.EndedSuperseded:
		return supersededBy(r)
	case rollout.EndedHopeless:
		return "the new tasks keep failing for the same cause; none of them is running"
	case rollout.EndedTimedOut:
		return fmt.Sprintf("the deployment was not %s after %s: %s",
			goal(r), rollout.Span(verdict.Timeout), leftAt(verdict.Progress))
	case rollout.EndedCancelled:
		return "the run was cancelled: " + leftAt(verdict.Progress)
	case rollout.EndedLost:
		return "the deployment could not be followed to its end, and goes on in " + r.By
	}
	return operationEnded(r)
}

// supersededBy is the deployment that superseded ours: who will serve.
func supersededBy(r *rollout.Rollout) string {
	by := r.Verdict.By
	what := cmp.Or(rollout.RevisionID(by.TaskDefinition), "another revision")
	return fmt.Sprintf("another deployment superseded this one at %s: %s%s is being deployed now (%s)",
		rollout.Minute(by.Created), what, inCommas(registeredBy(r.Superseding)), by.ID)
}

// returned is how a deployment ended that this run rolled back, or tried to.
func returned(r *rollout.Rollout) string {
	back, why := r.Verdict.Return, ending(r)
	if back.For != "" {
		why = "the deployment succeeded, but " + back.For + " did not"
	}
	switch back.End {
	case rollout.ReturnDone:
		if r.WentTo().ID() == r.Revision.Revision.ID() {
			return why + "; this step rolled the restart back"
		}
		return fmt.Sprintf("%s; this step rolled it back to %s%s", why, r.WentTo().ID(), wentPast(r))
	case rollout.ReturnAsked:
		return why + "; " + askedBack(r) + ", without waiting for its end"
	case rollout.ReturnNeedless:
		return why + "; no rollback was needed: the traffic never left the old tasks"
	case rollout.ReturnComplete:
		if back.TooLate {
			why += "; " + askedBack(r)
		}
		return why + "; the deployment succeeded in the meantime, so it was not rolled back"
	case rollout.ReturnSuperseded:
		return why + "; it was not rolled back, because " + supersededBy(r)
	case rollout.ReturnOvertaken:
		return why + "; during the rollback, " + reason(back.To)
	case rollout.ReturnCancelled:
		return why + "; the run was cancelled during the rollback, which goes on in " + r.By
	case rollout.ReturnLost:
		return why + "; the rollback is under way, and could not be followed: " + back.Err.Error()
	case rollout.ReturnRefused:
		return why + "; it could not be rolled back: " + back.Err.Error()
	case rollout.ReturnFailed:
		if back.Err == nil {
			return why + "; it could not be rolled back: " + reason(back.To)
		}
		return why + "; it could not be rolled back: " + back.Err.Error()
	}
	return why
}

// wentPast is the revision that a rollback went past: that of a deployment that ours superseded before it was complete.
func wentPast(r *rollout.Rollout) string {
	to, before := r.WentTo(), r.Revision.Previous
	if to.Family != before.Family || to.Number >= before.Number || before.ARN == r.Revision.Revision.ARN {
		return ""
	}
	return ", not to " + before.ID() + ", whose deployment was not complete"
}

// goal is what was waited for.
func goal(r *rollout.Rollout) string {
	switch waitFor := r.Verdict.Goal; {
	case waitFor == rollout.Stable:
		return "complete"
	case waitFor == rollout.AllRun && r.Shifted:
		return "with all the traffic"
	case waitFor == rollout.AllRun:
		return "running and healthy"
	default:
		return "at " + string(waitFor)
	}
}

// endedFor is what AWS says of why a deployment ended, without what goes without saying.
func endedFor(said string) string {
	if alarms := activated().FindStringSubmatch(said); alarms != nil {
		return "alarm " + alarms[1]
	}
	return becauseOf().ReplaceAllString(said, "")
}

// because puts a reason of AWS behind a colon, without its full stop.
func because(said string) string {
	if said == "" {
		return ""
	}
	return ": " + strings.TrimSuffix(said, ".")
}

// inCommas is text that stands amid a sentence.
func inCommas(text string) string {
	if text == "" {
		return ""
	}
	return ", " + text + ","
}

func inBrackets(text string) string {
	if text == "" {
		return ""
	}
	return " (" + text + ")"
}

// summed is how a whole run ended, in a sentence: what its foremost part came to.
func summed(result rollout.Result) string {
	if result.Err != nil {
		return aborted(result.Err)
	}
	if obstacle, is := obstacleOf(result); is {
		return fmt.Sprintf("%s: %s; %s", obstacle.input, obstacle.ended, leftBy(result, obstacle.input))
	}
	return deployed(result)
}

// leftBy is how a task or a gate that did not go well left the services.
func leftBy(result rollout.Result, input string) string {
	switch {
	case wentBack(result):
		return deployed(result)
	case input != beforeInput:
		return "what was deployed stays: " + deployed(result)
	case len(result.Rollouts) == 1:
		of := result.Rollouts[0]
		return "nothing was deployed: " + of.Name() + " still runs " + named(of, of.Runs.ID())
	}
	return "no service was touched"
}

// wentBack tells whether this step rolled back what was deployed, or tried.
func wentBack(result rollout.Result) bool {
	foremost := result.Foremost()
	return foremost != nil && foremost.Verdict.Return != nil
}

// deployed is what became of what was deployed.
func deployed(result rollout.Result) string {
	foremost, all := result.Foremost(), len(result.Rollouts)
	switch {
	case result.DryRun && all != 1:
		return dryRun
	case foremost != nil && all > 1 && foremost.Verdict.Outcome.Good():
		return few(namesOf(result, good)) + " are deployed" + failedAlongTheWay(result)
	case foremost != nil && all > 1:
		return foremost.Name() + ": " + reason(foremost)
	case foremost != nil:
		return reason(foremost)
	case result.Registered == nil:
		return ""
	case !result.Registered.Changed:
		return result.Registered.Revision.ID() + " is up to date: nothing was registered"
	}
	return result.Registered.Revision.ID() + " was registered"
}

// failedAlongTheWay is how many tasks failed of services that succeeded all the same.
func failedAlongTheWay(result rollout.Result) string {
	text := ""
	for _, of := range result.Rollouts {
		if n := len(of.Failures); n > 0 {
			text += fmt.Sprintf("; %s of %s failed along the way", plural(n, "task"), of.Name())
		}
	}
	return text
}

// aborted is an error that ended a run.
func aborted(err error) string {
	var p *rollout.Problem
	var idle rollout.NotWaiting
	switch {
	case errors.As(err, &idle):
		return err.Error() + ": " + progressSentence(idle.Rollout)
	case errors.Is(err, context.Canceled) && !errors.As(err, &p):
		return "the run was cancelled"
	}
	return err.Error()
}

// beforeInput and afterInput are the inputs that ask for tasks that run once.
const (
	beforeInput = "run-before"
	afterInput  = "run-after"
)

// onceEnded is how a task ended that was to run once.
func onceEnded(verdict rollout.OneOffVerdict) string {
	switch verdict.Ending {
	case rollout.OneOffEndedWell:
		return "it ended with exit code 0"
	case rollout.OneOffUnwaited:
		return "it has started; this step does not wait for its end"
	case rollout.OneOffUnplaced:
		return fmt.Sprintf(
			"%d of its tasks could not be placed: %s",
			len(verdict.Unplaced),
			strings.Join(slices.Compact(slices.Clone(verdict.Unplaced)), "; "),
		)
	case rollout.OneOffTimedOut:
		return "it still ran after " + rollout.Span(verdict.Timeout) + ", and this step stopped it"
	case rollout.OneOffCancelled:
		return "the run was cancelled, and the task was stopped"
	case rollout.OneOffBroken:
		return verdict.Err.Error()
	}
	return cause(verdict.Cause)
}
