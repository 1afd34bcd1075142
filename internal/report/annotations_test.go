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
	plan := rollout.Plan{Revisions: make([]rollout.PlannedRevision, 1), Services: []rollout.PlannedService{{Service: service, Runs: rollout.Revision{ARN: "x", Family: "web", Number: 41}}}}
	for name, begins := range map[string]rollout.Event{
		"updated":     rollout.Updated{Service: service},
		"run-before":  rollout.OneOffStarted{Input: "run-before"},
		"continued":   rollout.Continued{Service: key("web")},
		"taking back": rollout.TakingBack{Service: key("web")},
	} {
		t.Run(name, func(t *testing.T) {
			_, summary := report(t, rollout.PlanMade{Plan: plan}, begins)
			require.Contains(t, summary, "## ⏳ web → main: begun, and not ended yet\n\n> [!WARNING]\n> If the step is over and this is still here, it was killed")
			require.Contains(t, summary, "| Service | [`web`](https://eu-west-1.console.aws.amazon.com/")
			require.Contains(t, summary, "| Task definition | `web:41` → a new revision")

			_, summary = report(t, rollout.PlanMade{Plan: plan}, begins, rollout.Ended{Result: rollout.Result{Outcome: rollout.Succeeded, Reason: "done"}})
			require.NotContains(t, summary, "not ended yet")
		})
	}
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
	require.True(t, strings.HasSuffix(text, "web-4: it succeeded, but jobs did not.\nWhat became of 2 others is in the summary."), text)
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
