package watch

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"ecs-deploy/internal/rollout"
	"ecs-deploy/internal/taskdef"
)

// endedWith0 tells whether the first container of a task has.
func endedWith0(task rollout.Task) bool {
	code := task.Containers[0].ExitCode
	return code != nil && *code == 0
}

func TestFollowTasks(t *testing.T) {
	for _, test := range []struct {
		name     string
		scenario string
		deny     []string
		timeout  time.Duration
		state    rollout.TaskStatus
		lines    int
		err      error
	}{
		{name: "to the end", scenario: "migration", timeout: time.Hour, state: "DEPROVISIONING", lines: 4},
		{name: "it fails", scenario: "migration-fails", timeout: time.Hour, state: "DEPROVISIONING", lines: 3},
		{name: "without its log", scenario: "migration", deny: []string{"GetLogEvents"}, timeout: time.Hour, state: "DEPROVISIONING"},
		{name: "too long", scenario: "migration-hangs", timeout: 2 * time.Minute, state: rollout.TaskRunning, lines: 1, err: ErrTimeout},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := open(t, test.scenario, test.deny...)
				revision, err := w.client.Revision(t.Context(), "web")
				require.NoError(t, err)
				request, err := taskdef.Parse([]byte(`{"cluster":"main","count":1,"launchType":"FARGATE","networkConfiguration":{"awsvpcConfiguration":{"subnets":["subnet-1"]}}}`))
				require.NoError(t, err)
				arns, _, err := w.client.RunTask(t.Context(), rollout.PlannedTask{Input: "run-before", Cluster: "main", Request: request}, revision)
				require.NoError(t, err)
				streams, _ := w.client.LogStreams(revision.Document, arns)
				tasks, err := FollowTasks(t.Context(), w.client, OneOff{Input: "run-before", Cluster: "main", Tasks: arns, Streams: streams, Timeout: test.timeout, Decisive: []string{"app"}, Well: endedWith0}, w.hear)
				require.True(t, errors.Is(err, test.err), err)
				require.Equal(t, test.state, tasks[0].Status)
				require.Len(t, told[rollout.OneOffSaid](w), test.lines)
				require.Equal(t, len(test.deny), len(told[rollout.Unreadable](w)))
				require.GreaterOrEqual(t, len(told[rollout.OneOffProgressed](w)), 4)
				if endedWith0(tasks[0]) {
					last := w.heard[len(w.heard)-1]
					require.LessOrEqual(t, time.Since(w.began)-last.at, wellTimeout+soonInterval*11/10, "the deployment waits for no more of its log")
				}
				w.requireNoSilence(t)
			})
		})
	}
}
