package report

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"ecs-deploy/internal/rollout"
)

// progress is a line on the counts of a deployment. Tasks that the load balancer does not find healthy do not count in
// the bar.
func progress(r *rollout.Rollout, waits *rollout.Finding) string {
	at := r.Progress
	state := stateOrStage(at)
	if strings.HasPrefix(state, "rollback") { // then it is the others that count
		text := fmt.Sprintf("%d/%d old running", at.Older, at.Wanted)
		if at.Running+at.Pending > 0 {
			text += fmt.Sprintf(", %d new", at.Running+at.Pending)
		}
		return fmt.Sprintf("%-*s  %s  %s", widestState(r), state, progressBar(at.Older, 0, at.Wanted), text)
	}
	text, unhealthy := fmt.Sprintf("%d/%d running", at.Running, at.Wanted), 0
	if at.Traffic != nil && *at.Traffic > 0 {
		text += fmt.Sprintf(" with %g%% of the traffic", *at.Traffic)
	}
	if waits != nil && waits.About == rollout.AboutTargets {
		unhealthy = min(waits.Tasks, at.Running)
		text += fmt.Sprintf(", %d healthy", at.Running-unhealthy)
		if waits.Answer != nil {
			text += " (" + strings.TrimPrefix(balancer(*waits.Answer), "the ") + ": " + answered(*waits.Answer) + ")"
		}
	}
	if at.Pending > 0 {
		text += fmt.Sprintf(", %d pending", at.Pending)
	}
	if at.Older > 0 {
		text += fmt.Sprintf(", %d old", at.Older)
	}
	if at.Draining > 0 {
		text += fmt.Sprintf(", %d draining", at.Draining)
	}
	if at.Without > 0 {
		text += fmt.Sprintf(", %d without the daemon", at.Without)
	}
	if at.Failed > 0 && at.Failed != at.Breaker.Failures {
		text += fmt.Sprintf(", %d failed", at.Failed)
	}
	if at.Breaker.Failures > 0 {
		text += fmt.Sprintf(", %d failed (%s gives up at %d)", at.Breaker.Failures, r.By, at.Breaker.Threshold)
	}
	if at.Wait == rollout.WaitContinue || at.Wait == rollout.WaitTraffic {
		text += ", waits for approval"
	}
	if at.Remaining > 0 {
		text += ", " + rollout.Span(at.Remaining.Round(time.Second)) + " to go"
	}
	bar := progressBar(at.Running-unhealthy, at.Pending+unhealthy, at.Wanted)
	return fmt.Sprintf("%-*s  %s  %s", widestState(r), state, bar, text)
}

// widestState is how wide the column of states is: as wide as the longest stage of a deployment that has stages.
func widestState(r *rollout.Rollout) int {
	if r.Service.Strategy.Name != "" {
		return len("post-production-traffic-shift")
	}
	return len("AfterAllowTestTraffic")
}

// answered is what a health check got, in a word or two.
func answered(answer rollout.Answer) string {
	switch {
	case answer.Codes != "":
		return answer.Codes
	case answer.Late:
		return "no answer in time"
	}
	return "no good answer"
}

// standing is what a line says of a rollout of which nothing has changed: what it waits for, since when nothing has
// changed, and how much time is left.
func standing(e rollout.Progressed) string {
	if e.Still == 0 {
		return ""
	}
	var parts []string
	if e.Waits != nil && e.Waits.About != rollout.AboutTargets {
		parts = filled(inFewWords(e.Rollout, *e.Waits))
	}
	parts = append(parts, "unchanged for "+rollout.Span(e.Still))
	return " · " + strings.Join(parts, " · ") + timeoutIn(e.Left)
}

// timeoutIn is how much time is left, at the end of a line.
func timeoutIn(left time.Duration) string {
	switch {
	case left >= time.Minute:
		return " · timeout in " + rollout.Span(left.Round(time.Minute))
	case left > 0:
		return " · timeout in " + rollout.Span(left)
	}
	return ""
}

// cells is how wide the bar of a line is.
const cells = 10

// progressBar shows how many of the wanted tasks run, and how many are on their way.
func progressBar(running, pending, wanted int) string {
	if wanted <= 0 {
		return strings.Repeat("─", cells)
	}
	full := min(cells, running*cells/wanted)
	coming := min(cells-full, pending*cells/wanted)
	return strings.Repeat("█", full) + strings.Repeat("▒", coming) + strings.Repeat("░", cells-full-coming)
}

// stateOrStage is the stage of the lifecycle while a deployment goes through it, and else its state.
func stateOrStage(at rollout.Progress) string {
	if at.Stage != "" && rollout.InWords(at.State) == "in progress" {
		return stageName(at.Stage)
	}
	return rollout.InWords(at.State)
}

// stageName is a stage as wait-for has it. Lifecycle events, which are written with humps, keep their names.
func stageName(stage string) string {
	switch {
	case slices.Contains(rollout.Stages, stage):
		return rollout.WaitForStage(stage)
	case strings.ToUpper(stage) != stage:
		return stage
	}
	return rollout.InWords(stage)
}

// onTimeout is what happens when nobody answers.
var onTimeout = map[rollout.TimeoutAction]string{
	rollout.OnTimeoutRollback: "rolls it back",
	rollout.OnTimeoutContinue: "continues it",
	rollout.OnTimeoutStop:     "stops it",
}

// hookCalled tells of a lifecycle hook. That one waits for approval must not be overlooked.
func (r *Reporter) hookCalled(e rollout.HookCalled) {
	of, hook := e.Rollout, e.Hook
	switch {
	case hook.Pause && hook.Status == rollout.HookAwaitingAction:
		what := "The deployment of " + of.Name() + " waits for approval" + at(hook.Stage)
		if !hook.Expires.IsZero() {
			what += fmt.Sprintf(" until %s; then %s %s", rollout.Minute(hook.Expires), of.By, onTimeout[hook.OnTimeout])
		}
		r.warn(warning{
			text: what + ". Approve this pause with operation: continue-once, or it and all later ones with operation: " +
				"continue. To undo the deployment, use operation: rollback. The console can do the same.",
			until: of.Service.ServiceKey,
		})
	case hook.Pause:
		r.at(of, "pause"+at(hook.Stage)+": "+pauseWords[hook.Status])
	case hook.Target == "": // the function is not told
		r.at(of, hook.ID+": "+rollout.InWords(hook.Status)+because(hook.Why))
	default:
		r.at(of, "hook "+functionName(hook.Target)+at(hook.Stage)+": "+rollout.InWords(hook.Status))
	}
}

// pauseWords are how a pause ends.
var pauseWords = map[rollout.HookStatus]string{
	rollout.HookSucceeded: "approved", rollout.HookFailed: "refused", rollout.HookTimedOut: "not approved in time",
}

// at puts a stage behind a thing that happens there; empty: it is not known.
func at(stage string) string {
	if stage == "" {
		return ""
	}
	return " at " + stageName(stage)
}
