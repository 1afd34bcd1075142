package diagnose

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ecs-deploy/internal/rollout"
)

func exited(code int, reason string) rollout.Task {
	return rollout.Task{
		StopCode: "EssentialContainerExited", Reason: "Essential container in task exited",
		Containers: []rollout.Container{{Name: "sidecar", ExitCode: new(int)}, {Name: "app", ExitCode: &code, Reason: reason}},
	}
}

// The wordings are those that real tasks stopped with; ecs-svc numbers and images are made up.
func TestExplain(t *testing.T) {
	pull := func(times string) rollout.Task {
		return rollout.Task{StopCode: "TaskFailedToStart", Reason: "CannotPullContainerError: pull image manifest has been retried " + times +
			" time(s): failed to resolve ref web:v2: web:v2: not found"}
	}
	for name, test := range map[string]struct {
		evidence rollout.Evidence
		want     []rollout.Finding
	}{
		"nothing is known": {},
		"the same cause is counted, not repeated": {
			rollout.Evidence{Failed: []rollout.Task{pull("1"), exited(1, ""), pull("7"), pull("5")}},
			[]rollout.Finding{
				{What: "3 tasks failed: CannotPullContainerError: pull image manifest has been retried: failed to resolve ref web:v2: web:v2: not found",
					Next: "Check that this tag was pushed to this repository, in this region, before the deployment."},
				{What: "1 task failed: container app exited with code 1",
					Next: "Read the last lines of the container's log, and try the image with the same environment."},
			},
		},
		"killed for its memory": {
			rollout.Evidence{Failed: []rollout.Task{exited(137, "OutOfMemoryError: Container killed due to memory usage")}},
			[]rollout.Finding{{What: "1 task failed: container app exited with code 137 (OutOfMemoryError: Container killed due to memory usage)",
				Next: "Give the container more memory, or find out what takes it."}},
		},
		"a container that never started": {
			rollout.Evidence{Failed: []rollout.Task{{StopCode: "TaskFailedToStart", Reason: "Task failed to start",
				Containers: []rollout.Container{{Name: "app", Reason: "CannotStartContainerError: no such file"}}}}},
			[]rollout.Finding{{What: "1 task failed: container app: CannotStartContainerError: no such file",
				Next: "Look at the stopped tasks and the events of the service in the console."}},
		},
		"no task was started: the latest event that says why": {
			rollout.Evidence{Events: []rollout.ServiceEvent{
				{Message: "(service web) has reached a steady state."},
				{Message: "(service web) was unable to place a task because no container instance met all of its requirements."},
				{Message: "(service web) was unable to place a task. Reason: older."},
			}},
			[]rollout.Finding{{What: "ECS was unable to place a task because no container instance met all of its requirements.",
				Next: "Make room in the cluster, ask for less CPU and memory, or check the placement constraints and capacity providers."}},
		},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, test.want, Explain(test.evidence)) })
	}
}

func TestReplacedTasksHaveNotFailed(t *testing.T) {
	for reason, task := range map[string]rollout.Task{
		"replaced":  {StopCode: "ServiceSchedulerInitiated", Reason: "Scaling activity initiated by (deployment ecs-svc/1)"},
		"by a user": {StopCode: "UserInitiated", Reason: "Task stopped by user"},
		"running":   {},
	} {
		require.False(t, task.Failed(), reason)
	}
	require.True(t, rollout.Task{StopCode: "ServiceSchedulerInitiated", Reason: "Task failed container health checks"}.Failed())
	require.True(t, exited(0, "").Failed(), "an essential container must not exit, not even with 0")
}
