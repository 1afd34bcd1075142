package report

import (
	"bytes"
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

func TestFiveWarningsAreAnnotationsAndTheOthersAreCounted(t *testing.T) {
	var events []rollout.Event
	for i := range 8 {
		events = append(events, rollout.Noticed{What: fmt.Sprintf("doubt %d", i), Warning: true})
	}
	log, summary := report(t, append(events, rollout.Ended{Result: rollout.Result{Outcome: rollout.Succeeded, Reason: "done"}})...)
	require.Equal(t, 5, strings.Count(log, "::warning::Doubt "))
	require.Contains(t, log, "\nwarning: Doubt 5.\nwarning: Doubt 6.\nwarning: Doubt 7.\n::notice title=deployment::done%0AThere are 3 more warnings in the log.\n")
	require.Contains(t, summary, "> [!WARNING]\n> Doubt 0.\n>\n> Doubt 1.\n>\n> Doubt 2.\n>\n> Doubt 3.\n>\n> Doubt 4.\n>\n> There are 3 more warnings in the log.\n")
	require.NotContains(t, summary, "Doubt 5")
}

func TestAnnotationsAreNotLongerThanTheRunnerTakes(t *testing.T) {
	long := strings.Repeat("word% ", 3000)
	log, _ := report(t, rollout.Noticed{What: long, Warning: true},
		rollout.Ended{Result: rollout.Result{Outcome: rollout.Failed, Reason: long, Next: long}})
	unescape := strings.NewReplacer("%25", "%", "%0A", "\n")
	for line := range strings.Lines(log) {
		_, message, _ := strings.Cut(strings.TrimPrefix(line, "::"), "::")
		require.LessOrEqual(t, len(unescape.Replace(message)), longestAnnotation)
		require.Greater(t, len(unescape.Replace(message)), longestAnnotation-100)
	}
}

func TestAStepThatIsKilledLeavesASummary(t *testing.T) {
	service := rollout.Service{ServiceKey: key("web"), ARN: "arn:aws:ecs:eu-west-1:1:service/main/web", Region: "eu-west-1"}
	before, after := rollout.Named("arn:aws:ecs:eu-west-1:1:task-definition/web:41"), rollout.Named("arn:aws:ecs:eu-west-1:1:task-definition/web:42")
	planned := rollout.PlanMade{Plan: rollout.Plan{Revisions: []rollout.PlannedRevision{{Base: before, Register: true}}, Services: []rollout.PlannedService{{Service: service, Runs: before}}}}
	registered := rollout.Registered{Result: rollout.RevisionResult{Revision: after, Previous: before, Changed: true}}
	updated := rollout.Updated{Service: service, Revision: after, Deployment: rollout.Deployment{ID: "ecs-svc/1"}}
	found := rollout.TakenOver{Services: []rollout.ServiceResult{{Service: service, Revision: rollout.RevisionResult{Revision: after, Previous: before}, Deployment: rollout.Deployment{ID: "ecs-svc/1"}}}}
	ended := rollout.Ended{Result: rollout.Result{Outcome: rollout.Succeeded, Reason: "done"}}
	for name, events := range map[string][]rollout.Event{
		"updated":     {planned, registered, updated},
		"run-before":  {planned, registered, rollout.OneOffStarted{Input: "run-before"}},
		"later":       {planned, registered, rollout.OneOffStarted{Input: "run-before"}, updated, rollout.Progress{Service: key("web")}},
		"continued":   {found, rollout.Continued{Service: key("web")}},
		"taking back": {found, rollout.TakingBack{Service: key("web")}},
	} {
		t.Run(name, func(t *testing.T) {
			_, summary := report(t, events...)
			require.Contains(t, summary, "## ⏳ web → main: begun, and not ended yet\n\n> [!WARNING]\n> If the step is over and this is still here, it was killed")
			require.Contains(t, summary, "| Service | [`web`](https://eu-west-1.console.aws.amazon.com/")
			require.Contains(t, summary, "| Task definition | `web:41` → **`web:42`** |")
			if name != "run-before" {
				require.Contains(t, summary, "| Deployment | `ecs-svc/1` |")
			}
			_, summary = report(t, append(events, ended)...)
			require.NotContains(t, summary, "not ended yet")
		})
	}
}

// A fault of ours leaves no result: what was seen until then is told.
func TestAFaultOfOursKeepsWhatWasKnown(t *testing.T) {
	log, summary := report(t,
		rollout.TakenOver{Services: []rollout.ServiceResult{{Service: rollout.Service{ServiceKey: key("web")}}, {Service: rollout.Service{ServiceKey: key("api")}}}},
		rollout.TakingBack{Service: key("web")}, rollout.Decided{Service: key("web"), Verdict: rollout.Verdict{Outcome: rollout.RolledBack, Reason: "it is back"}},
		rollout.Ended{Result: rollout.Result{Outcome: rollout.Failed, Reason: "a fault"}, Abort: &rollout.Abort{}})
	require.Contains(t, log, "::error title=2 services → main%3A failed::A fault.%0Aweb: it is back.%0Aapi: how it ends is not known.\n")
	require.Contains(t, summary, "| ↩️ | `web` |")
	require.Contains(t, summary, "| ❌ | `api` |")
}

func TestOneCauseOfManyServicesIsToldOnce(t *testing.T) {
	result := rollout.Result{Outcome: rollout.Failed, Reason: "web-0: it failed"}
	for i := range 40 {
		result.Services = append(result.Services, rollout.ServiceResult{Service: rollout.Service{ServiceKey: key(fmt.Sprintf("web-%d", i))},
			Findings: []rollout.Finding{{What: "4 tasks failed: out of memory", Next: "Give it more."}}, Left: "nothing was taken back", Verdict: rollout.Verdict{Outcome: rollout.Failed}})
	}
	require.Equal(t, `web-0, web-1, web-2, web-3, web-4, and 35 others: 4 tasks failed: out of memory. Give it more.
web-0: it failed.
web-0: nothing was taken back.
web-1: nothing was taken back.
web-2: nothing was taken back.
web-3: nothing was taken back.
web-4: nothing was taken back.
The same of 35 others is in the summary.`, annotation(rollout.Ended{Result: result}))
}

func TestAWarningThatIsOverIsNotInTheSummary(t *testing.T) {
	paused := rollout.HookCalled{Service: key("web"), Stage: "POST_SCALE_UP", Hook: rollout.LifecycleHook{Pause: true, Status: "AWAITING_ACTION"}}
	doubt := rollout.Noticed{What: "something else", Warning: true}
	ended := rollout.Ended{Result: rollout.Result{Outcome: rollout.Succeeded, Reason: "done"}}
	_, summary := report(t, paused, doubt, ended)
	require.Contains(t, summary, "> The deployment of web waits for somebody to continue it (post scale up). Run this action")
	_, summary = report(t, paused, doubt, decided("web", rollout.Succeeded), ended)
	require.NotContains(t, summary, "waits for somebody")
	require.Contains(t, summary, "> Something else.")
}

func TestWhatBecameOfOtherServicesIsTold(t *testing.T) {
	failed := rollout.ServiceResult{Service: rollout.Service{ServiceKey: key("jobs")}, Findings: []rollout.Finding{{What: "2 tasks failed"}},
		Verdict: rollout.Verdict{Outcome: rollout.RolledBack, Reason: "it failed"}}
	result := rollout.Result{Outcome: rollout.RolledBack, Reason: "jobs: it failed", Services: []rollout.ServiceResult{failed}}
	for i := range 7 {
		result.Services = append(result.Services, rollout.ServiceResult{Service: rollout.Service{ServiceKey: key(fmt.Sprintf("web-%d", i))},
			Verdict: rollout.Verdict{Outcome: rollout.RolledBack, Reason: "it succeeded, but jobs did not"}})
	}
	text := annotation(rollout.Ended{Result: result})
	require.True(t, strings.HasPrefix(text, "jobs: 2 tasks failed.\njobs: it failed.\nweb-0: it succeeded, but jobs did not.\n"), text)
	require.True(t, strings.HasSuffix(text, "web-4: it succeeded, but jobs did not.\nThe same of 2 others is in the summary."), text)
}

func TestThePageShowsASummaryAsGitHubWould(t *testing.T) {
	page, err := Page("<t>", "## v\n\n> [!CAUTION]\n> `a` <https://x.y>\n>\n> b\n\n```mermaid\ngantt\n```\n", "file:///m.js")
	require.NoError(t, err)
	for _, part := range []string{
		"<title>&lt;t&gt;</title>", "<blockquote class=\"alert caution\"><p><code>a</code> <a href=\"https://x.y\">https://x.y</a></p>\n<p>b</p>\n</blockquote>",
		`<code class="language-mermaid">gantt`, `<script src="file:///m.js"></script>`,
	} {
		require.Contains(t, page, part)
	}
	page, err = Page("t", "> [!CAUTION\n> a\n\n> b\n", "")
	require.NoError(t, err)
	require.NotContains(t, page, "<script")
	require.Contains(t, page, "<p>[!CAUTION\na</p>")
}
