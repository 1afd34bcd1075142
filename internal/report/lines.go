package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"ecs-deploy/internal/lazy"
	"ecs-deploy/internal/rollout"
)

// replacing is a revision, and which it is in the place of, as far as that is known.
func replacing(result rollout.RevisionResult) string {
	before, after := result.Previous.ID(), result.Revision.ID()
	switch {
	case result.Revision.ARN == "": // of a dry run
		after = "a new revision of " + result.Revision.Family
	case before == after || before == "":
		return after
	}
	return after + " replaces " + before
}

// said is what an event of a service says, less the name of the service, that of the task set that may stand
// beside it, and what of the ARN of a target group is not its name.
func said(e rollout.ServiceSaid) string {
	name := "(service " + e.Rollout.Service.Name
	message := targetGroup().ReplaceAllString(e.Message, "(target-group $1)")
	message = taskID().ReplaceAllStringFunc(message, shortID)
	about, said, found := strings.Cut(message, ") ")
	if found && (about == name || strings.HasPrefix(about, name+", taskSet ")) {
		return said
	}
	return message
}

// taskID is the id of a task (https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-account-settings.html).
var taskID = lazy.Regexp(`\b[0-9a-f]{32}\b`)

var targetGroup = lazy.Regexp(`\(target-group arn:[^ ()]*:targetgroup/([^ ()/]+)(?:/[^ ()/]+)?\)`)

func repointed(e rollout.Repointed) string {
	switch {
	case !e.Task.Pinned():
		return e.Task.Name() + " names no revision: it runs the latest, which is " + e.Revision.ID() + " now"
	case e.Task.TaskDefinition == e.Revision.ARN:
		return e.Task.Name() + " runs " + e.Revision.ID() + " already"
	}
	return e.Task.Name() + " now runs " + e.Revision.ID() + " instead of " + rollout.RevisionID(
		e.Task.TaskDefinition,
	)
}

// takingBack is how a deployment is rolled back.
func takingBack(e rollout.RollbackStarted) string {
	by := e.Rollout.By
	switch e.How {
	case rollout.WayAsked:
		return by + " was asked to roll the deployment back"
	case rollout.WayAlready:
		text := by + " is already rolling the deployment back"
		if id := e.Rollout.Progress.RollbackID; id != "" {
			text += ", by " + id
		}
		return text
	}
	text := by + " started deployment " + e.Rollout.Verdict.Return.To.Deployment.ID + " of the previous revision"
	if e.Rollout.Service.ManagedDaemon {
		text += ", which replaces the instances again"
	}
	return text
}

// explained tells why a deployment failed: the findings, and the end of the log.
func (r *Reporter) explained(of *rollout.Rollout) {
	if r.longest > 0 {
		r.line(noun(of) + " " + of.Name() + ":")
	}
	for _, finding := range of.Findings {
		r.line(oneLine(sentence(found(of, finding))))
		for _, more := range filled(finding.Means, finding.Next) {
			r.line("  " + oneLine(more))
		}
	}
	if len(of.Findings) == 0 {
		r.line(causeless(of))
	}
	if place := logPlace(of.Log); place != "" {
		r.line(sentence(place))
	}
	if len(of.Log.Lines) > 0 {
		r.line(logTitle(of.Log) + ":")
		for _, line := range excerpt(of.Log) {
			r.line("  │ " + oneLine(line))
		}
	}
}

// tasksFailed names the cause once, and later only that it is the same.
func tasksFailed(e rollout.TasksFailed) string {
	text := plural(len(e.Tasks), "task") + " failed: " + cause(e.Cause)
	if e.Again {
		text = fmt.Sprintf("%d more failed for the same cause", len(e.Tasks))
	}
	var ids []string
	for _, task := range e.Tasks {
		ids = append(ids, shortID(task))
	}
	return text + " (" + strings.Join(ids, ", ") + ")"
}

func called(e rollout.Called) string {
	text := fmt.Sprintf("· %s %s, %s", e.Service, e.Operation, e.Took.Round(time.Millisecond))
	if e.RequestID != "" {
		text += ", request " + e.RequestID
	}
	if e.Err != "" {
		text += ": " + e.Err
	}
	return text
}

// inALine is what became of a service: of one that did not succeed, who serves.
func inALine(of *rollout.Rollout) string {
	given, d := of.Deployed(), of.Deployment
	ended := fmt.Sprintf("%-15s  ", outcomeWords[of.Verdict.Outcome])
	switch {
	case of.Verdict.Outcome == rollout.Planned:
		return ended + replacing(given)
	case d.ID == "":
		return ended + reason(of)
	case !of.Verdict.Outcome.Good():
		return ended + cmp.Or(serving(of), reason(of))
	case goesOnWell(of):
		return ended + reason(of)
	}
	return ended + fmt.Sprintf("%s  %d/%d running  %s", replacing(given), d.Running, desired(of), d.ID)
}

// goesOnWell tells whether a deployment is a success that is not complete: others may serve still.
func goesOnWell(of *rollout.Rollout) bool {
	ends := []rollout.Ending{rollout.EndedRunning, rollout.EndedShifted, rollout.EndedAtStage, rollout.EndedUnwaited}
	return slices.Contains(ends, of.Verdict.Ending)
}

var outcomeWords = map[rollout.Outcome]string{
	rollout.Succeeded:      "succeeded",
	rollout.Unchanged:      "unchanged",
	rollout.Planned:        "planned",
	rollout.Failed:         "failed",
	rollout.RolledBack:     "rolled back",
	rollout.RollbackFailed: "rollback failed",
	rollout.Superseded:     "superseded",
	rollout.TimedOut:       "timed out",
	rollout.Cancelled:      "cancelled",
	rollout.NotStarted:     "not started",
}

// subject is what a run was about.
func subject(result rollout.Result) string {
	switch {
	case len(result.Rollouts) == 1:
		of := result.Rollouts[0]
		_, version := versions(of.Revision.Images)
		return strings.Join(filled(of.Service.Name, version), " ") + " → " + of.Service.Cluster
	case len(result.Rollouts) > 1:
		return fmt.Sprintf("%s → %s", plural(len(result.Rollouts), nounOf(result.Rollouts)), where(result.Rollouts))
	case result.Registered != nil:
		return result.Registered.Previous.Family
	}
	return "deployment"
}

// headline is the subject and how it ended.
func headline(result rollout.Result) string {
	outcome := result.Outcome()
	switch {
	case outcome == rollout.Planned && !result.Restarted && len(result.Rollouts) > 0:
		return "dry run: " + planned(result)
	case statusOfOne(result) != nil:
		of := statusOfOne(result)
		return of.Service.Name + " → " + of.Service.Cluster + ": " + standingInShort(of)
	case outcome.Good():
		return subject(result) + ": " + achieved(result)
	case len(result.Rollouts) == 0 && result.Registered == nil:
		return strings.Join(filled(result.About, "nothing was deployed", shortProblem(result.Err)), ": ")
	}
	about := subject(result)
	if failed := namesOf(result, touched); len(failed) > 0 && len(failed) < len(result.Rollouts) {
		about = fmt.Sprintf("%d of %s (%s) → %s", len(failed), plural(len(result.Rollouts), nounOf(result.Rollouts)),
			few(failed), where(result.Rollouts))
	}
	if result.Restarted {
		about = "restart of " + about
	}
	text := about + ": " + outcomeWords[outcome] + supersedes(result)
	text += inDuration(" after %s", result.Duration) + downInTitle(result)
	if cause := shortCause(result); cause != "" {
		text += ": " + cause
	}
	return text
}

// supersedes is the revision that superseded the one that speaks for all.
func supersedes(result rollout.Result) string {
	if of := result.Foremost(); of != nil && of.Verdict.Ending == rollout.EndedSuperseded {
		if id := rollout.RevisionID(of.Verdict.By.TaskDefinition); id != "" {
			return " by " + id
		}
	}
	return ""
}

// downInTitle names the services of which no task is left.
func downInTitle(result rollout.Result) string {
	names := namesOf(result, func(of *rollout.Rollout) bool { return notGood(of) && down(of) })
	switch {
	case len(names) == 0:
		return ""
	case len(result.Rollouts) == 1:
		return ", " + isDown(result.Rollouts[0])
	}
	return ", " + few(names) + " " + areOrIs(len(names)) + " DOWN"
}

// namesOf are the names of the services of which something is so.
func namesOf(result rollout.Result, is func(*rollout.Rollout) bool) []string {
	var names []string
	for _, of := range result.Rollouts {
		if is(of) {
			names = append(names, of.Name())
		}
	}
	return names
}

func good(of *rollout.Rollout) bool    { return of.Verdict.Outcome.Good() }
func notGood(of *rollout.Rollout) bool { return !good(of) }

// notStarted tells whether a service was not updated because the run ended before it.
func notStarted(of *rollout.Rollout) bool { return of.Verdict.Outcome == rollout.NotStarted }

// touched tells whether a deployment that is not good was begun, or tried.
func touched(of *rollout.Rollout) bool {
	return notGood(of) && !notStarted(of)
}

// planned is what a dry run would have done.
func planned(result rollout.Result) string {
	if len(result.Rollouts) == 1 {
		return plannedFor(result.Rollouts[0])
	}
	return "would deploy " + plural(len(result.Rollouts), nounOf(result.Rollouts))
}

// achieved is a good end. That nothing was asked to change is said first: most likely it was meant to be.
func achieved(result rollout.Result) string {
	end := summed(result) + inDuration(" (%s)", result.Duration)
	switch {
	case result.Restarted && result.DryRun:
		return "would be restarted unchanged, because no input asks for a change: " + end
	case result.Restarted:
		return "restarted unchanged, because no input asked for a change: " + end
	}
	return end
}

// inDuration puts a length of time into a format, if it is worth telling.
func inDuration(format string, d time.Duration) string {
	if d < time.Second {
		return ""
	}
	return fmt.Sprintf(format, rollout.Span(d))
}

// othersAwaited is a deployment of another run.
func othersAwaited(busy rollout.BusyService) string {
	text := fmt.Sprintf("%s: deployment %s", busy.Service.Name, busy.Deployment.ID)
	if busy.Deployment.TaskDefinition != "" {
		text += " of " + rollout.RevisionID(busy.Deployment.TaskDefinition)
	}
	if busy.Deployment.Created.IsZero() {
		return text + " is under way in " + busy.By
	}
	return text + " has been under way in " + busy.By + " since " + rollout.Minute(busy.Deployment.Created)
}

// othersStill is how deployments of other runs stand that are awaited.
func othersStill(e rollout.OthersAwaited) string {
	var still []string
	for _, busy := range e.Busy {
		text := busy.Service.Name
		if d := busy.Deployment; d.TaskDefinition != "" {
			text += fmt.Sprintf(" %d/%d running", d.Running, busy.Service.Desired)
		}
		still = append(still, text)
	}
	return "still under way: " + few(still) + timeoutIn(e.Left)
}
