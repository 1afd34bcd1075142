package report

import (
	"fmt"
	"strings"
	"time"

	"ecs-deploy/internal/rollout"
)

// progress is a line on the counts of a deployment.
func progress(e rollout.Progress) string {
	d := e.Deployment
	if state := standingAt(e); strings.HasPrefix(state, "rollback") { // then it is the others that count
		text := fmt.Sprintf("%d/%d of before running", e.Older, e.Desired)
		if d.Running+d.Pending > 0 {
			text += fmt.Sprintf(", %d new", d.Running+d.Pending)
		}
		return fmt.Sprintf("%-20s  %s  %s", state, progressBar(e.Older, 0, e.Desired), text)
	}
	text := fmt.Sprintf("%d/%d running", d.Running, e.Desired)
	if d.Pending > 0 {
		text += fmt.Sprintf(", %d pending", d.Pending)
	}
	if d.Failed > 0 {
		text += fmt.Sprintf(", %d failed", d.Failed)
	}
	if e.Older > 0 {
		text += fmt.Sprintf(", %d old", e.Older)
	}
	if e.Production != nil && *e.Production > 0 {
		text += fmt.Sprintf(", %g %% of the traffic", *e.Production)
	}
	if e.Left > 0 {
		text += ", " + rollout.Span(e.Left.Round(time.Second)) + " left"
	}
	return fmt.Sprintf("%-20s  %s  %s", standingAt(e), progressBar(d.Running, d.Pending, e.Desired), text)
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

// standingAt is the stage of the lifecycle while a deployment goes through it, and else its state.
func standingAt(e rollout.Progress) string {
	if e.Stage != "" && rollout.InWords(e.State) == "in progress" {
		return stageInWords(e.Stage)
	}
	return rollout.InWords(e.State)
}

// stages are those of the lifecycle whose names are too long for a column.
var stages = map[string]string{
	"POST_TEST_TRAFFIC_SHIFT":       "after test traffic",
	"PRE_PRODUCTION_TRAFFIC_SHIFT":  "before production",
	"PRODUCTION_TRAFFIC_SHIFT":      "production traffic",
	"POST_PRODUCTION_TRAFFIC_SHIFT": "after production",
}

// stageInWords is a stage in words. The lifecycle events of CodeDeploy keep their names.
func stageInWords(stage string) string {
	words, known := stages[stage]
	switch {
	case known:
		return words
	case strings.ToUpper(stage) != stage:
		return stage
	}
	return rollout.InWords(stage)
}

// onTimeout is what happens when nobody answers.
var onTimeout = map[string]string{"ROLLBACK": "ECS rolls back", "CONTINUE": "ECS continues it", "STOP": "CodeDeploy stops it"}

// hookCalled tells of a lifecycle hook. That one waits for somebody must not be overlooked.
func (r *Reporter) hookCalled(e rollout.HookCalled) {
	if e.Hook.Pause && e.Hook.Status == "AWAITING_ACTION" {
		what := fmt.Sprintf("the deployment of %s waits for somebody to continue it (%s)", e.Service.Name, stageInWords(e.Stage))
		if !e.Hook.Expires.IsZero() {
			what += fmt.Sprintf(", until %s: then %s", e.Hook.Expires.UTC().Format("2006-01-02 15:04 MST"), onTimeout[e.Hook.OnTimeout])
		}
		r.warn(warning{text: paragraph(what) + ". Run this action with operation: continue, or rollback, or do it in the console.", until: e.Service})
		return
	}
	name := "pause"
	switch {
	case !e.Hook.Pause && e.Hook.Target == "": // of CodeDeploy, which does not tell the function
		r.at(e.Service, lifecycleEvent(e.Hook))
		return
	case !e.Hook.Pause:
		name = "hook " + e.Hook.Target[strings.LastIndexByte(e.Hook.Target, ':')+1:]
	}
	r.at(e.Service, fmt.Sprintf("%s (%s): %s", name, rollout.InWords(e.Stage), rollout.InWords(e.Hook.Status)))
}
