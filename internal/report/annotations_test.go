package report

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ecs-deploy/internal/rollout"
)

// report hands events to a reporter, and returns the log and the summary.
func report(t *testing.T, events ...rollout.Event) (log, summary string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "summary.md")
	var out bytes.Buffer
	r := New(&out, func(name string) string { return map[string]string{"GITHUB_STEP_SUMMARY": path}[name] })
	for _, event := range events {
		r.Handle(event)
	}
	written, err := os.ReadFile(path)
	require.NoError(t, err)
	return out.String(), string(written)
}

// deployment is a rollout of web:42 replaces web:41.
func deployment(name string) *rollout.Rollout {
	return &rollout.Rollout{
		By: "ECS", Runs: revision(name, 41), Revision: rollout.RevisionResult{Revision: revision(name, 42), Previous: revision(name, 41), Changed: true},
		Look: rollout.Look{
			Service:    rollout.Service{ServiceKey: rollout.ServiceKey{Place: rollout.Place{Region: "eu-west-1"}, Cluster: "main", Name: name}, URL: "https://console/" + name, Desired: 2},
			Deployment: rollout.Deployment{ID: "ecs-svc/1"},
		},
	}
}

func revision(family string, number int) rollout.Revision {
	return rollout.Revision{ARN: fmt.Sprintf("arn:aws:ecs:eu-west-1:1:task-definition/%s:%d", family, number), Family: family, Number: number}
}

// decided is a deployment that ended.
func decided(name string, outcome rollout.Outcome, ending rollout.Ending) *rollout.Rollout {
	r := deployment(name)
	r.Phase, r.Verdict = rollout.PhaseDecided, rollout.Verdict{Outcome: outcome, Ending: ending}
	return r
}

func finished(rollouts ...*rollout.Rollout) rollout.Finished {
	return rollout.Finished{Result: rollout.Result{Rollouts: rollouts}}
}

func TestFiveWarningsAreAnnotationsAndTheOthersAreCounted(t *testing.T) {
	var events []rollout.Event
	for i := range 8 {
		events = append(events, rollout.Noticed{What: fmt.Sprintf("doubt %d", i), Warning: true})
	}
	log, summary := report(t, append(events, finished(decided("web", rollout.Succeeded, rollout.EndedComplete)))...)
	require.Equal(t, 5, strings.Count(log, "::warning::Doubt "))
	require.Contains(t, log, "\nwarning: Doubt 5.\nwarning: Doubt 6.\nwarning: Doubt 7.\n")
	require.Contains(t, log, "::notice title=web → main::web:42 is live%0AThere are 3 more warnings in the log.\n")
	require.Contains(t, summary, "> [!WARNING]\n> Doubt 0.\n>\n> Doubt 1.\n>\n> Doubt 2.\n>\n> Doubt 3.\n>\n> Doubt 4.\n>\n> There are 3 more warnings in the log.\n")
	require.NotContains(t, summary, "Doubt 5")
}

func TestAnnotationsAreNotLongerThanTheRunnerTakes(t *testing.T) {
	long := strings.Repeat("word% ", 3000)
	log, _ := report(t, rollout.Noticed{What: long, Warning: true},
		rollout.Finished{Result: rollout.Result{Err: &rollout.Problem{What: long, Next: long}}})
	unescape := strings.NewReplacer("%25", "%", "%0A", "\n")
	for line := range strings.Lines(log) {
		_, message, _ := strings.Cut(strings.TrimPrefix(line, "::"), "::")
		require.LessOrEqual(t, len(unescape.Replace(message)), longestAnnotation)
		require.Greater(t, len(unescape.Replace(message)), longestAnnotation-100)
	}
}

func TestAStepThatIsKilledLeavesASummary(t *testing.T) {
	web := deployment("web")
	planned := rollout.PlanMade{Plan: rollout.Plan{Revisions: []rollout.PlannedRevision{{Base: revision("web", 41), Register: true}}, Rollouts: []*rollout.Rollout{web}}}
	registered, started := rollout.Registered{Result: web.Revision}, rollout.Started{Rollout: web}
	found := rollout.TakenOver{Rollouts: []*rollout.Rollout{web}}
	for name, events := range map[string][]rollout.Event{
		"started":      {planned, registered, started},
		"run-before":   {planned, registered, rollout.OneOffStarted{Input: "run-before"}},
		"later":        {planned, registered, rollout.OneOffStarted{Input: "run-before"}, started, rollout.Progressed{Rollout: web}},
		"continued":    {found, rollout.Continued{Rollout: web}},
		"rolling back": {found, rollout.RollbackStarted{Rollout: web, How: rollout.WayAsked}},
	} {
		t.Run(name, func(t *testing.T) {
			_, summary := report(t, events...)
			require.Contains(t, summary, "## ⏳ web → main: in progress\n\n> [!WARNING]\n> If the step is over and you still see this, the step was killed")
			require.Contains(t, summary, "| [`web`](https://console/web) in `main` | before | deployed |")
			require.Contains(t, summary, "| Revision | `web:41` | **`web:42`** |")
			require.Contains(t, summary, "deployment `ecs-svc/1`")
			_, summary = report(t, append(events, finished(decided("web", rollout.Succeeded, rollout.EndedComplete)))...)
			require.NotContains(t, summary, "not ended yet")
		})
	}
}

// An internal error leaves no result: what was seen until then is told.
func TestAFaultOfOursKeepsWhatWasKnown(t *testing.T) {
	web, api := decided("web", rollout.RolledBack, rollout.EndedRolledBack), deployment("api")
	web.Verdict.To = revision("web", 41).ARN
	log, summary := report(t,
		rollout.TakenOver{Rollouts: []*rollout.Rollout{web, api}},
		rollout.RollbackStarted{Rollout: web, How: rollout.WayAsked}, rollout.Decided{Rollout: web},
		rollout.Finished{Result: rollout.Result{Err: errors.New("a fault")}})
	require.Contains(t, log, "::error title=2 services → main%3A failed::A fault.%0AService web: ECS rolled back to web:41.%0AService api: its end is not known.\n")
	require.Contains(t, summary, "| ↩️ | [`web`]")
	require.Contains(t, summary, "| ❌ | [`api`]")
}

func TestOneCauseOfManyServicesIsToldOnce(t *testing.T) {
	var result rollout.Result
	for i := range 40 {
		r := decided(fmt.Sprintf("web-%d", i), rollout.Failed, rollout.EndedGivenUp)
		r.Findings = []rollout.Finding{{About: rollout.AboutTasks, Tasks: 4, Cause: rollout.Cause{Said: "out of memory"}, Next: "Give it more."}}
		r.Verdict.Left = rollout.LeftUnasked
		result.Rollouts = append(result.Rollouts, r)
	}
	const left = "nothing was rolled back, because AWS could not be reached."
	const who = "web-0, web-1, web-2, web-3, web-4, and 35 others: "
	require.Equal(t, "Services "+who+`ECS gave up the deployment without a rollback.
Why `+strings.TrimSuffix(who, ": ")+` failed: 4 tasks failed: out of memory.
Next: Give it more.
Services `+who+left, annotation(result))
}

func TestAWarningThatIsOverIsNotInTheSummary(t *testing.T) {
	web := deployment("web")
	paused := rollout.HookCalled{
		Rollout: web, Hook: rollout.LifecycleHook{Pause: true, Stage: "POST_SCALE_UP", Status: rollout.HookAwaitingAction},
	}
	doubt := rollout.Noticed{What: "something else", Warning: true}
	ended := finished(decided("web", rollout.Succeeded, rollout.EndedComplete))
	_, summary := report(t, paused, doubt, ended)
	require.Contains(t, summary, "> The deployment of web waits for approval at post-scale-up. Approve this pause")
	_, summary = report(t, paused, doubt, rollout.Decided{Rollout: decided("web", rollout.Succeeded, rollout.EndedComplete)}, ended)
	require.NotContains(t, summary, "waiting to be continued")
	require.Contains(t, summary, "> Something else.")
}

func TestWhatBecameOfOtherServicesIsTold(t *testing.T) {
	jobs := decided("jobs", rollout.RolledBack, rollout.EndedHopeless)
	jobs.Findings = []rollout.Finding{{About: rollout.AboutTasks, Tasks: 2, Cause: rollout.Cause{Said: "x"}}}
	jobs.Verdict.Return = &rollout.Return{End: rollout.ReturnDone}
	result := rollout.Result{Rollouts: []*rollout.Rollout{jobs}}
	for i := range 7 {
		r := decided(fmt.Sprintf("web-%d", i), rollout.RolledBack, rollout.EndedComplete)
		r.Verdict.Return = &rollout.Return{For: "jobs", End: rollout.ReturnDone}
		result.Rollouts = append(result.Rollouts, r)
	}
	text := annotation(result)
	back := func(name string) string {
		return "Service " + name + ": the deployment succeeded, but jobs did not; this step rolled it back to " + name + ":41."
	}
	require.Equal(t, strings.Join([]string{
		"Service jobs: the new tasks keep failing for the same cause; none of them is running; this step rolled it back to jobs:41.",
		"Why jobs failed: 2 tasks failed: x.",
		back("web-0"), back("web-1"), back("web-2"), back("web-3"), back("web-4"), "The summary has 2 more.",
	}, "\n"), text)
}

// Many services, all of whose tasks fail with long reasons and long logs, do not make a summary that GitHub drops.
func TestTheSummaryOfAHugeFailureFits(t *testing.T) {
	worst := decided("web", rollout.Failed, rollout.EndedGivenUp)
	worst.Findings = []rollout.Finding{{About: rollout.AboutTasks, Tasks: 2, Cause: rollout.Cause{Container: "app", Exited: true, ExitCode: 1}}}
	worst.Log = rollout.LogTail{Container: "app", Task: "1"}
	for range 1000 {
		worst.Log.Lines = append(worst.Log.Lines, strings.Repeat("`|<", 100))
	}
	for range 50 {
		worst.Failures = append(worst.Failures, rollout.Task{ID: "1", Reason: strings.Repeat("no ", 300)})
	}
	var all []*rollout.Rollout
	for range 100 {
		each := *worst
		all = append(all, &each)
	}
	_, summary := report(t, finished(all...))
	require.LessOrEqual(t, len(summary), mostSummary)
	require.Greater(t, len(summary), mostSummary*9/10)
	require.Contains(t, summary[:5000], "container app exited with code 1", "the cause comes first")
	require.Contains(t, summary[len(summary)-1000:], "> [!NOTE]\n> GitHub limits the size of a summary. Left out: ")
	require.Regexp(t, `, \d+ lines of the log[,.]`, strings.ReplaceAll(summary[len(summary)-1000:], "out: ", "out: , "))
}
