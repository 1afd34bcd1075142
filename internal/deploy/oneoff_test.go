package deploy

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"ecs-deploy/internal/cloud"
	"ecs-deploy/internal/inputs"
	"ecs-deploy/internal/plan"
	"ecs-deploy/internal/rollout"
)

// read reads inputs as they stand in a workflow, beside those of a deployment of web.
func read(t *testing.T, with map[string]string) inputs.Inputs {
	t.Helper()
	env := map[string]string{"INPUT_CLUSTER": "main", "INPUT_SERVICE": "web", "INPUT_IMAGE": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/web:v2"}
	for name, value := range with {
		env["INPUT_"+strings.ToUpper(name)] = value
	}
	in, err := inputs.Read(t.Context(), func(name string) string { return env[name] }, slices.Collect(maps.Keys(env)))
	require.NoError(t, err)
	return in
}

func TestTasksThatRunOnce(t *testing.T) {
	three := 3
	for _, test := range []struct {
		name     string
		scenario string
		deny     []string
		with     map[string]string
		detached bool
		cancel   time.Duration
		want     rollout.OneOffVerdict
		exit     *int
		lines    int
		outcome  rollout.Outcome // of the run
		stopped  int             // calls of StopTask
		err      string
	}{
		{name: "before", scenario: "migration", with: map[string]string{"run-before": "bin/migrate"},
			want: rollout.OneOffVerdict{Outcome: rollout.Succeeded, Ending: rollout.OneOffEndedWell}, exit: new(int), lines: 4, outcome: rollout.Succeeded},
		{name: "after", scenario: "migration", with: map[string]string{"run-after": "bin/smoke"},
			want: rollout.OneOffVerdict{Outcome: rollout.Succeeded, Ending: rollout.OneOffEndedWell}, exit: new(int), lines: 4, outcome: rollout.Succeeded},
		{name: "not waited for", scenario: "migration", with: map[string]string{"run-before": "bin/migrate"}, detached: true,
			want: rollout.OneOffVerdict{Outcome: rollout.Succeeded, Ending: rollout.OneOffUnwaited}, outcome: rollout.Succeeded},
		{name: "fails", scenario: "migration-fails", with: map[string]string{"run-before": "bin/migrate"}, exit: &three, lines: 3, outcome: rollout.Failed,
			want: rollout.OneOffVerdict{Outcome: rollout.Failed, Ending: rollout.OneOffFailed, Cause: rollout.Cause{Container: "app", Exited: true, ExitCode: 3}}},
		{name: "finds no place", scenario: "migration-without-room", with: map[string]string{"run-before": "bin/migrate"}, outcome: rollout.Failed,
			want: rollout.OneOffVerdict{Outcome: rollout.Failed, Ending: rollout.OneOffUnplaced, Unplaced: []string{"RESOURCE:MEMORY"}}},
		{name: "takes too long", scenario: "migration-hangs", with: map[string]string{"run-before": "{command: bin/migrate, timeout: 2m}"}, lines: 1, stopped: 1, outcome: rollout.TimedOut,
			want: rollout.OneOffVerdict{Outcome: rollout.TimedOut, Ending: rollout.OneOffTimedOut, Timeout: 2 * time.Minute}},
		{name: "is cancelled", scenario: "migration-hangs", with: map[string]string{"run-before": "bin/migrate"}, cancel: time.Minute, lines: 1, stopped: 1, outcome: rollout.Cancelled,
			want: rollout.OneOffVerdict{Outcome: rollout.Cancelled, Ending: rollout.OneOffCancelled}},
		{name: "its log cannot be read", scenario: "migration", deny: []string{"GetLogEvents"}, with: map[string]string{"run-before": "bin/migrate"},
			want: rollout.OneOffVerdict{Outcome: rollout.Succeeded, Ending: rollout.OneOffEndedWell}, exit: new(int), outcome: rollout.Succeeded},
		{name: "it cannot be followed", scenario: "migration", deny: []string{"DescribeTasks"}, with: map[string]string{"run-before": "bin/migrate"}, stopped: 1, outcome: rollout.Failed,
			want: rollout.OneOffVerdict{Outcome: rollout.Failed, Ending: rollout.OneOffBroken}, err: "ecs:DescribeTasks for task"},
		{name: "it cannot be started", scenario: "migration", deny: []string{"RunTask"}, with: map[string]string{"run-before": "bin/migrate"}, outcome: rollout.Failed,
			want: rollout.OneOffVerdict{Outcome: rollout.Failed, Ending: rollout.OneOffBroken}, err: "ecs:RunTask for run-before of web:42: not allowed"},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := open(t, test.scenario, test.deny...)
				planned, err := plan.Make(read(t, test.with), w.survey(t))
				require.NoError(t, err)
				if planned.Before != nil {
					planned.Before.Detached = test.detached
				}
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				if test.cancel > 0 {
					time.AfterFunc(test.cancel, cancel)
				}
				result, err := Execute(ctx, w.clients, nil, planned, w.hear)
				if test.err == "" {
					require.NoError(t, err)
				} else {
					require.ErrorContains(t, err, test.err)
				}
				require.Len(t, result.OneOffs, 1)
				once := result.OneOffs[0]
				require.Equal(t, test.err != "", once.Verdict.Err != nil)
				once.Verdict.Err = nil
				require.Equal(t, test.want, once.Verdict)
				require.Equal(t, test.exit, once.ExitCode)
				require.Len(t, once.Log.Lines, test.lines)
				result.Err = err
				require.Equal(t, test.outcome, result.Outcome())
				calls := w.changes()
				require.Equal(t, test.stopped, len(slices.DeleteFunc(slices.Clone(calls), func(call string) bool { return call != "StopTask" })))
				deployed := !once.Verdict.Outcome.Good() && test.with["run-before"] != ""
				require.Equal(t, deployed, !slices.Contains(calls, "UpdateService"), "no service is touched when the task before does not end well")
			})
		})
	}
}

// What comes after a deployment: what is started by time gets the new revision, and old ones are let go.
func TestAfterADeployment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := open(t, "healthy")
		in := read(t, map[string]string{"scheduled-tasks": "rule:nightly, schedule:reports/monthly", "keep-revisions": "1"})
		found, err := w.clients.Survey(t.Context(), cloud.Wanted{Targets: in.Targets, Scheduled: in.Scheduled})
		require.NoError(t, err)
		planned, err := plan.Make(in, found)
		require.NoError(t, err)
		result, err := Execute(t.Context(), w.clients, nil, planned, w.hear)
		require.NoError(t, err)
		CleanUp(t.Context(), w.clients, planned, result, w.hear)
		require.Equal(t, []string{"web succeeded complete web:42"}, ends(result.Rollouts))
		calls := w.changes()
		require.Equal(t, []string{"RegisterTaskDefinition", "UpdateService", "PutTargets"}, calls[:3])
		require.NotEmpty(t, calls[3:])
		var repointed, deregistered []string
		for _, event := range w.events {
			switch e := event.(type) {
			case rollout.Repointed:
				repointed = append(repointed, e.Task.Name()+" "+e.Revision.ID())
			case rollout.Deregistered:
				deregistered = append(deregistered, e.Revisions...)
			}
		}
		require.Equal(t, []string{"target report of rule nightly web:42", "schedule reports/monthly web:42"}, repointed)
		require.NotContains(t, deregistered, "web:42")
		require.NotContains(t, deregistered, "web:41", "what ran before could be gone back to")
		require.Contains(t, deregistered, "web:40")
	})
}

func TestATaskEndedWellIfItsContainerSaysSo(t *testing.T) {
	planned := &rollout.PlannedTask{Container: "app", Essential: []string{"app", "log_router"}}
	exited := func(name string, code int, reason string) rollout.Container {
		return rollout.Container{Name: name, ExitCode: &code, Reason: reason}
	}
	for name, test := range map[string]struct {
		containers []rollout.Container
		want       bool
	}{
		"both with 0":                           {[]rollout.Container{exited("app", 0, ""), exited("log_router", 0, "")}, true},
		"the sidecar was told to stop":          {[]rollout.Container{exited("app", 0, ""), exited("log_router", 143, "")}, true},
		"and killed":                            {[]rollout.Container{exited("log_router", 137, ""), exited("app", 0, "")}, true},
		"the sidecar ran out of memory":         {[]rollout.Container{exited("app", 0, ""), exited("log_router", 137, "OutOfMemoryError: container killed")}, false},
		"the sidecar crashed":                   {[]rollout.Container{exited("app", 0, ""), exited("log_router", 1, "")}, false},
		"the sidecar never ran":                 {[]rollout.Container{exited("app", 0, ""), {Name: "log_router"}}, false},
		"the command failed":                    {[]rollout.Container{exited("app", 3, ""), exited("log_router", 143, "")}, false},
		"the command was told to stop":          {[]rollout.Container{exited("app", 143, ""), exited("log_router", 0, "")}, false},
		"it never ran":                          {[]rollout.Container{{Name: "app"}, exited("log_router", 0, "")}, false},
		"one that is not essential may do this": {[]rollout.Container{exited("app", 0, ""), exited("init", 9, "")}, true},
		"nothing is known":                      {nil, false},
	} {
		require.Equal(t, test.want, endedWell(planned, rollout.Task{Containers: test.containers}), name)
	}
	require.False(t, endedWell(&rollout.PlannedTask{Container: "job", Essential: []string{"app"}}, rollout.Task{Containers: []rollout.Container{exited("app", 0, ""), exited("job", 1, "")}}),
		"the command is for one that is not essential")
}
