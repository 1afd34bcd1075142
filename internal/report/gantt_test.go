package report

import (
	"flag"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"ecs-deploy/internal/rollout"
)

var update = flag.Bool("update", false, "write the golden anew; read it afterwards")

// ganttLine is what a line of a picture may be, after Mermaid's own grammar
// (https://github.com/mermaid-js/mermaid/blob/develop/packages/mermaid/src/diagrams/gantt/parser/gantt.jison):
// .ci/summaries has Mermaid itself read the goldens.
var ganttLine = regexp.MustCompile(`^    (section [^:#;\n]+|[^:#;\n]+ :((done|active|crit|milestone), )*2000-01-\d\d \d\d:\d\d:\d\d\.\d{3}, \d+ms)$`)

func requirePicture(t *testing.T, picture string) {
	t.Helper()
	lines := strings.Split(strings.TrimPrefix(strings.TrimSuffix(picture, "\n"), "---\ndisplayMode: compact\n---\n"), "\n")
	require.Equal(t, "gantt", lines[0])
	require.NotContains(t, picture, "%%")
	for _, line := range lines[4:] {
		require.Regexp(t, ganttLine, line)
		word, _, _ := strings.Cut(strings.TrimSpace(line), " ")
		require.False(t, word != "section" && reserved[strings.ToLower(word)], line)
	}
	require.Less(t, len(picture), 50000)
}

// drawn plays events, each so long after the one before, and draws what came of it.
// drawn is the picture of events, and of lengths of time between them.
func drawn(t *testing.T, steps ...any) (picture, leftOut string) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := New(io.Discard, func(string) string { return "" })
		r.Handle(rollout.InputsRead{})
		for _, step := range steps {
			switch step := step.(type) {
			case time.Duration:
				time.Sleep(step)
			case rollout.Event:
				r.Handle(step)
			}
		}
		picture, leftOut = r.timeline.gantt()
	})
	return picture, leftOut
}

func started(name string) rollout.Event { return rollout.Started{Rollout: deployment(name)} }

func running(name string, running, older int) rollout.Event {
	r := deployment(name)
	r.Progress = rollout.Progress{Wanted: 2, Running: running, Older: older, State: "IN_PROGRESS"}
	return rollout.Progressed{Rollout: r}
}

func atStage(name, stage, state string) rollout.Event {
	r := deployment(name)
	r.Progress = rollout.Progress{Stage: stage, State: state, Shifts: stage != ""}
	return rollout.Progressed{Rollout: r}
}

func decision(name string, outcome rollout.Outcome) rollout.Event {
	return rollout.Decided{Rollout: decided(name, outcome, rollout.EndedComplete)}
}

func TestThePictureOfARollingDeployment(t *testing.T) {
	picture, _ := drawn(t, 3*time.Second, rollout.PlanMade{Plan: rollout.Plan{Revisions: []rollout.PlannedRevision{{}}}}, rollout.Verified{}, rollout.Registered{}, started("web"),
		2*time.Second, running("web", 0, 2), 30*time.Second, running("web", 2, 2), 20*time.Second, running("web", 2, 1),
		time.Second, running("web", 1, 1), rollout.TasksFailed{Rollout: deployment("web"), Tasks: []string{"a"}}, 10*time.Second, running("web", 2, 0),
		time.Second, decision("web", rollout.Succeeded), finished(decided("web", rollout.Succeeded, rollout.EndedComplete)))
	requirePicture(t, picture)
	require.Equal(t, `---
displayMode: compact
---
gantt
    dateFormat YYYY-MM-DD HH:mm:ss.SSS
    axisFormat %M:%S
    todayMarker off
    section before
    reading the services :done, 2000-01-01 00:00:00.000, 3000ms
    section web 41
    serves :active, 2000-01-01 00:00:03.000, 52000ms
    draining :crit, 2000-01-01 00:00:55.000, 12000ms
    section web 42
    provisioning :2000-01-01 00:00:03.000, 32000ms
    getting healthy :2000-01-01 00:00:35.000, 20000ms
    section events
    1 failed :crit, milestone, 2000-01-01 00:00:56.000, 0ms
`, picture)
}

func TestThePictureOfManyServicesIsCompact(t *testing.T) {
	var steps []any
	for i := range 100 {
		steps = append(steps, started(fmt.Sprintf("service-%d", i)))
	}
	steps = append(steps, 26*time.Hour)
	var result rollout.Result
	for i := range 100 {
		outcome := rollout.Succeeded
		if i == 77 {
			outcome = rollout.Failed
		}
		name := fmt.Sprintf("service-%d", i)
		steps = append(steps, decision(name, outcome))
		result.Rollouts = append(result.Rollouts, decided(name, outcome, rollout.EndedComplete))
	}
	picture, leftOut := drawn(t, append(steps, rollout.Finished{Result: result})...)
	requirePicture(t, picture)
	require.Contains(t, picture, "    axisFormat day %d %H:%M\n")
	require.Contains(t, picture, "    section services\n    ❌ service-77 :crit, 2000-01-01 00:00:00.000, 93600000ms\n")
	require.Equal(t, mostBars, strings.Count(picture, " service-"))
	require.Equal(t, "60 services that also succeeded, and were no slower, are not in the picture.", leftOut)
}

func TestAShortRunHasNoPicture(t *testing.T) {
	picture, _ := drawn(t, started("web"), rollout.Finished{})
	require.Empty(t, picture)
}

// Mermaid itself reads this golden, in .github/summaries.
func TestThePictureOfHostileNames(t *testing.T) {
	names := append(slices.Clone(attacks), "title", "section web", "click", "href x", "call y", "a:b", "a;b", "%%{init: {}}%%", "%% x", "#1", "```", "accTitle: x", "gantt", "done, crit", "vert", "web", "")
	var steps []any
	for _, name := range names {
		steps = append(steps, started(name))
	}
	steps = append(steps, time.Minute)
	for _, name := range names {
		steps = append(steps, decision(name, rollout.Succeeded))
	}
	picture, _ := drawn(t, steps...)
	alone := ""
	for _, name := range names {
		one, _ := drawn(t, started(name), time.Second, atStage(name, name, "IN_PROGRESS"), time.Minute, decision(name, rollout.Succeeded))
		alone += "```mermaid\n" + one + "```\n"
	}
	got := "```mermaid\n" + picture + "```\n" + alone
	const golden = "testdata/hostile/summary.golden.md"
	if *update {
		require.NoError(t, os.WriteFile(golden, []byte(got), 0o644))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	require.Equal(t, string(want), got)
}

func FuzzPicture(f *testing.F) {
	for _, name := range append(attacks, "title", "section web", "click", "a:b", "a;b", "%%{init: {}}%%", "#1", "x\ny", "```", "accTitle: x", "") {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		picture, _ := drawn(t, started(name), time.Minute, atStage(name, name, name), time.Minute, decision(name, rollout.Failed))
		requirePicture(t, picture)
		picture, _ = drawn(t, started(name), started("other"), time.Minute, decision(name, rollout.Failed))
		requirePicture(t, picture)
	})
}

func TestStagesThatAreTooShortForTheirNamesStandTogether(t *testing.T) {
	stage := func(name string, from, to int) span {
		return span{name: name, from: time.Duration(from) * time.Second, to: time.Duration(to) * time.Second}
	}
	require.Equal(t, []span{stage("…", 0, 4), stage("scale-up", 4, 57), stage("test-traffic-shift", 57, 73), stage("production-traffic-shift", 73, 121), stage("…", 121, 125)},
		legible([]span{
			stage("start", 0, 4), stage("scale-up", 4, 57), stage("post-scale-up", 57, 61), stage("test-traffic-shift", 61, 69),
			stage("pre-production-traffic-shift", 69, 73), stage("production-traffic-shift", 73, 121), stage("clean-up", 121, 125),
		}, 10*time.Second))
}
