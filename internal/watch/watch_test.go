package watch

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ecs-deploy/internal/rollout"
)

func TestTasksAreHealthyByTheirStateAndTheirHealthChecks(t *testing.T) {
	r := &rollout.Rollout{Look: rollout.Look{Service: rollout.Service{Desired: 2}}}
	task := func(status rollout.TaskStatus, health rollout.HealthStatus) rollout.Task {
		return rollout.Task{Status: status, Health: health}
	}
	require.Equal(t, rollout.Unchecked, healthOf(r, []rollout.Task{task("RUNNING", "UNKNOWN"), task("RUNNING", "HEALTHY")}))
	require.Equal(t, rollout.Unhealthy, healthOf(r, []rollout.Task{task("RUNNING", "UNKNOWN"), task("RUNNING", "UNHEALTHY")}))
	require.Equal(t, rollout.Unhealthy, healthOf(r, []rollout.Task{task("RUNNING", "UNKNOWN"), task("PENDING", "UNKNOWN")}))
	r.HealthChecked, r.Service.Desired = true, 1
	require.Equal(t, rollout.Unhealthy, healthOf(r, []rollout.Task{task("RUNNING", "UNKNOWN")}), "a health check has not decided yet")
	require.Equal(t, rollout.Healthy, healthOf(r, []rollout.Task{task("RUNNING", "HEALTHY")}))
}
