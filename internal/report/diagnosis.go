package report

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"ecs-deploy/internal/lazy"
	"ecs-deploy/internal/rollout"
)

// diagnosis is why something did not succeed, for those who go on from the outputs. It is empty where it did.
type diagnosis struct {
	Cause    string // its id
	Text     string // in a sentence
	NextStep string
}

// diagnosisOf is why a run did not succeed.
func diagnosisOf(result rollout.Result) diagnosis {
	switch obstacle, is := obstacleOf(result); {
	case result.Outcome().Good():
		return diagnosis{}
	case result.Err != nil:
		text := paragraph(sentence(aborted(result.Err)))
		return diagnosis{Cause: causeOf(result.Err, result.Outcome()), Text: text, NextStep: nextStep(result)}
	case is:
		return obstacle.diagnosis
	}
	return diagnosisOfRollout(result.Foremost())
}

// causeOf is the id of the cause for which an error ended a run with an outcome.
func causeOf(err error, outcome rollout.Outcome) string {
	var p *rollout.Problem
	switch {
	case !errors.As(err, &p):
		return unexplained(outcome)
	case p.Cause == "" && p.Kind == rollout.BadInput:
		return rollout.BadInputCause
	}
	return cmp.Or(p.Cause, rollout.RefusedCause)
}

// unexplained is the id of a cause that no words of AWS tell.
func unexplained(outcome rollout.Outcome) string {
	if outcome == rollout.Superseded || outcome == rollout.Cancelled {
		return string(outcome)
	}
	return rollout.UnknownCause
}

func diagnosisOfRollout(r *rollout.Rollout) diagnosis {
	switch outcome := r.Verdict.Outcome; {
	case outcome.Good():
		return diagnosis{}
	case r.Verdict.Return != nil && r.Verdict.Return.For != "":
		text := "the deployment succeeded, and was rolled back because " + r.Verdict.Return.For + " did not"
		cause := cmp.Or(rollout.GateCauses[r.Verdict.Return.For], rollout.AnotherCause)
		return diagnosis{Cause: cause, Text: paragraph(sentence(text))}
	case len(r.Findings) == 0 || outcome == rollout.Superseded:
		unexplained := unexplained(outcome)
		if r.Verdict.Ending == rollout.EndedDeleted {
			unexplained = rollout.DeletedCause
		}
		return diagnosis{Cause: unexplained, Text: paragraph(sentence(ending(r))), NextStep: next(r)}
	}
	foremost := r.Findings[0]
	text := strings.Join(filled(phrase(r, foremost), says(r, foremost)), "; ")
	return diagnosis{Cause: cmp.Or(foremost.ID, rollout.UnknownCause), Text: paragraph(sentence(text)), NextStep: next(r)}
}

func diagnosisOfOnce(once rollout.OneOffResult) diagnosis {
	if once.Verdict.Outcome.Good() {
		return diagnosis{}
	}
	result := diagnosis{Cause: unexplained(once.Verdict.Outcome), NextStep: onceNext(once)}
	if err := once.Verdict.Err; err != nil {
		result.Cause, result.NextStep = causeOf(err, once.Verdict.Outcome), rollout.Remedy(err)
	}
	text := onceEnded(once.Verdict)
	if len(once.Findings) > 0 {
		foremost := once.Findings[0]
		result.Cause = cmp.Or(foremost.ID, result.Cause)
		text = strings.Join(filled(text, says(&rollout.Rollout{Log: once.Log}, foremost)), "; ")
	}
	result.Text = paragraph(sentence(text))
	return result
}

// shortCause is why a run did not succeed, in the few words of a title; empty: its end says it, or it is not known.
func shortCause(result rollout.Result) string {
	if result.Err != nil {
		return shortProblem(result.Err)
	}
	if obstacle, is := obstacleOf(result); is {
		return obstacle.short
	}
	switch foremost := result.Foremost(); {
	case foremost == nil:
		return ""
	case foremost.Verdict.Ending == rollout.EndedDeleted:
		return "the " + noun(foremost) + " was deleted"
	case len(foremost.Findings) > 0 && foremost.Verdict.Outcome != rollout.Superseded:
		return inFewWords(foremost, foremost.Findings[0])
	}
	return ""
}

// shortOnce is a task that was to run once and did not succeed, in the few words of a title.
func shortOnce(once rollout.OneOffResult) string {
	if len(once.Findings) > 0 {
		return once.Input + ": " + inFewWords(&rollout.Rollout{}, once.Findings[0])
	}
	return once.Input
}

// shortProblem is an error in the few words of a title; empty: nothing short says it.
func shortProblem(err error) string {
	var p *rollout.Problem
	short := ""
	if errors.As(err, &p) {
		if short = cmp.Or(p.Short, inTitle(p.Cause)); p.More > 0 {
			short += fmt.Sprintf(", and %d more", p.More)
		}
	}
	if short == "" && len(mistakes(err)) > 1 {
		return "invalid inputs"
	}
	return short
}

// byItself are the causes of which the exit code says as much.
var byItself = []string{"", "exited", "sidecar-exited", "crashed", "told-to-stop"}

// stuckInWords is where a deployment stuck, in the few words of a title.
var stuckInWords = map[rollout.About]string{
	rollout.AboutUnanswered: "not approved in time",
	rollout.AboutWaiting:    "not approved in time",
	rollout.AboutTraffic:    "not approved in time",
	rollout.AboutKept:       "the old tasks are still kept",
	rollout.AboutPending:    "tasks stay PENDING",
	rollout.AboutUnstarted:  "tasks are not started",
	rollout.AboutInstances:  "instances are still draining",
	rollout.AboutOlder:      "the old tasks still run",
	rollout.AboutUnrouted:   "no gateway route yet",
}

// activated are the alarms in what AWS says of the end of a deployment.
var activated = lazy.Regexp(`Activated alarms: <([^<>]+)>`)

func inFewWords(r *rollout.Rollout, f rollout.Finding) string {
	switch {
	case stuckInWords[f.About] != "":
		return stuckInWords[f.About]
	case activated().MatchString(f.Said):
		return "alarm " + activated().FindStringSubmatch(f.Said)[1]
	case f.Answer != nil && f.Answer.Codes != "":
		return "health check got " + f.Answer.Codes
	case f.Cause.Exited && f.Cause.Container != "" && slices.Contains(byItself, f.ID):
		return fmt.Sprintf("%s exited with code %d", f.Cause.Container, f.Cause.ExitCode)
	case len(r.Verdict.Alarms) > 0 && f.About == rollout.AboutEnding:
		return "alarm " + strings.Join(r.Verdict.Alarms, ", ")
	case f.ID == rollout.UnknownCause:
		return ""
	case f.ID == "rolled-back-by-user" && r.Verdict.Outcome == rollout.RolledBack:
		return "someone rolled it back"
	case f.ID == "rolled-back-by-user":
		return "stopped by a user"
	}
	return inTitle(f.ID)
}

// inTitle is the id of a cause in the few words of a title.
func inTitle(id string) string {
	words := map[string]string{
		"image-wrong-platform": "image built for another platform",
		"deadlock":             "it can never make progress",
		"no-memory":            "no instance has enough memory",
		"instance-gone":        "instances keep disappearing",
		"keeps-failing":        "tasks keep failing",
		"gateway-route":        "the gateway route failed",
	}[id]
	return cmp.Or(words, strings.ReplaceAll(id, "-", " "))
}

// phrase is a cause as it stands at the head of a reason.
func phrase(r *rollout.Rollout, f rollout.Finding) string {
	switch f.About {
	case rollout.AboutTasks:
		return why(f) + " (" + plural(f.Tasks, "task") + ")"
	case rollout.AboutTargets:
		if f.Answer != nil {
			return why(f) + " (" + plural(f.Tasks, "task") + ")"
		}
	}
	return strings.TrimSuffix(found(r, f), ".")
}

// explainedReason is how a deployment ended, behind the cause for which it did.
func explainedReason(r *rollout.Rollout) string {
	switch {
	case r.Verdict.Outcome.Good():
		return reason(r)
	case len(r.Findings) == 0 || r.Verdict.Outcome == rollout.Superseded:
		return strings.Join(filled(reason(r), serving(r)), "; ")
	}
	return strings.Join(filled(phrase(r, r.Findings[0]), reason(brief(r)), serving(r)), "; ")
}

// explained is how a whole run ended, behind the cause for which it did.
func explained(result rollout.Result) string {
	foremost := result.Foremost()
	if _, is := obstacleOf(result); is || result.Err != nil || foremost == nil || foremost.Verdict.Outcome.Good() {
		return summed(result)
	}
	return ofService(foremost, len(result.Rollouts) > 1, explainedReason(foremost))
}

// brief is a rollout without the words of AWS on its end, where its findings say the same, or more.
func brief(r *rollout.Rollout) *rollout.Rollout {
	brief := *r
	said := func(f rollout.Finding) bool {
		same := []rollout.About{rollout.AboutError, rollout.AboutEnding}
		telling := []rollout.About{rollout.AboutHook, rollout.AboutUnanswered, rollout.AboutRoute}
		its := slices.Contains(telling, f.About)
		return its || f.Said == r.Verdict.Said && slices.Contains(same, f.About)
	}
	if r.Verdict.Vague || slices.ContainsFunc(r.Findings, said) {
		brief.Verdict.Said, brief.Verdict.Alarms = "", nil
	}
	return &brief
}

// wordsOfAWS are those on which findings rest, and more that it has said.
func wordsOfAWS(findings []rollout.Finding, more ...string) []string {
	var words []string
	for _, finding := range findings {
		words = append(words, finding.Cause.Said, finding.Said)
	}
	distinct := []string{}
	for _, text := range filled(append(words, more...)...) {
		if !slices.Contains(distinct, text) {
			distinct = append(distinct, text)
		}
	}
	return distinct
}
