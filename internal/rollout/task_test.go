package rollout

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ecs-deploy/internal/taskdef"
)

func TestTheContainerThatEndedFirstIsTheCause(t *testing.T) {
	exit := func(name string, code int) Container { return Container{Name: name, ExitCode: &code} }
	said := func(name, reason string) Container { return Container{Name: name, Reason: reason} }
	optional := func(c Container) Container { c.Optional = true; return c }
	balanced := func(c Container) Container { c.Balanced = true; return c }
	for name, test := range map[string]struct {
		code       StopCode
		reason     string
		containers []Container
		want       Cause
	}{
		"a sidecar that was told to stop is listed first": {
			EssentialContainerExited, "Essential container in task exited", []Container{exit("envoy", 143), exit("app", 1)},
			Cause{Container: "app", Exited: true, ExitCode: 1},
		},
		"one that had to be killed is listed first": {
			EssentialContainerExited, "Essential container in task exited", []Container{exit("envoy", 137), exit("app", 2)},
			Cause{Container: "app", Exited: true, ExitCode: 2},
		},
		"the sidecar ended well, and the app was told to stop": {
			EssentialContainerExited, "Essential container in task exited", []Container{exit("app", 143), exit("init", 0)},
			Cause{Container: "init", Exited: true, First: true},
		},
		"the app ended well, and its sidecar was told to stop": {
			EssentialContainerExited, "Essential container in task exited", []Container{exit("envoy", 137), balanced(exit("app", 0))},
			Cause{Container: "app", Exited: true},
		},
		"the memory of one ran out": {
			EssentialContainerExited, "OutOfMemoryError: Container killed due to memory usage", []Container{exit("envoy", 1), exit("app", 137)},
			Cause{Container: "app", Exited: true, ExitCode: 137, Said: "OutOfMemoryError: Container killed due to memory usage"},
		},
		"the only essential container ended well": {
			EssentialContainerExited, "Essential container in task exited", []Container{exit("app", 0)},
			Cause{Container: "app", Exited: true},
		},
		"a container that may end did so badly": {
			EssentialContainerExited, "Essential container in task exited", []Container{optional(exit("init", 1)), exit("app", 0)},
			Cause{Container: "app", Exited: true},
		},
		"all ended well: which was first is not known": {
			EssentialContainerExited, "Essential container in task exited", []Container{exit("app", 0), exit("envoy", 0)},
			Cause{Said: "Essential container in task exited"},
		},
		"killed, with no other container": {
			EssentialContainerExited, "Essential container in task exited", []Container{exit("app", 137)},
			Cause{Container: "app", Exited: true, ExitCode: 137},
		},
		"one could not start": {
			TaskFailedToStart, "Task failed to start", []Container{exit("init", 0), said("app", "CannotPullContainerError: pull image manifest has been retried 7 time(s): x")},
			Cause{Container: "app", Said: "CannotPullContainerError: pull image manifest has been retried: x"},
		},
		"told to stop since it is not healthy": {
			"ServiceSchedulerInitiated", "Task failed ELB health checks in (target-group x)", []Container{exit("app", 137)},
			Cause{Said: "Task failed ELB health checks in (target-group x)"},
		},
		"the proxy is not the application": {
			"ServiceSchedulerInitiated", "Task failed container health checks", []Container{exit("app", 0), exit("ecs-service-connect-x", 1)},
			Cause{Container: "ecs-service-connect-x", Said: "Task failed container health checks"},
		},
		"one that another waits for ended badly": {
			"TaskFailedToStart", "Task failed to start",
			[]Container{
				said("app", "dependency graph: failed to resolve container ordering dependency [migrate (STOPPED->RUNNING) - Exit: 1] for target [app]"),
				optional(exit("migrate", 1)),
			},
			Cause{Container: "migrate", Exited: true, ExitCode: 1},
		},
		"the load balancer has nothing to do with the proxy": {
			"ServiceSchedulerInitiated", "Task failed ELB health checks in (target-group x)", []Container{exit("app", 143), exit("ecs-service-connect-x", 137)},
			Cause{Said: "Task failed ELB health checks in (target-group x)"},
		},
		"a container's own health check": {
			"ServiceSchedulerInitiated", "Task failed container health checks", []Container{{Name: "envoy"}, {Name: "app", Health: TaskUnhealthy}},
			Cause{Container: "app", Said: "Task failed container health checks"},
		},
		"its host went away": {
			SpotInterruption, "Your Spot Task was interrupted.", []Container{exit("app", 143)},
			Cause{Said: "Your Spot Task was interrupted.", StopCode: SpotInterruption},
		},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, test.want, Task{StopCode: test.code, Reason: test.reason, Containers: test.containers}.Cause())
		})
	}
}

func TestTheTaskDefinitionTellsWhichContainersMayEnd(t *testing.T) {
	document, err := taskdef.Parse([]byte(`{"containerDefinitions":[{"name":"init","essential":false},{"name":"app"}]}`))
	require.NoError(t, err)
	task := Task{Containers: []Container{{Name: "init"}, {Name: "app"}, {Name: "ecs-service-connect-x"}}}.Of(document, "app")
	require.Equal(t, []Container{{Name: "init", Optional: true}, {Name: "app", Balanced: true}, {Name: "ecs-service-connect-x"}}, task.Containers)
}

func TestAlikeAreTheTasksOfTheMostFrequentCause(t *testing.T) {
	failed := func(id, reason string) Task { return Task{ID: id, StopCode: TaskFailedToStart, Reason: reason} }
	ids := func(tasks []Task) (ids string) {
		for _, task := range tasks {
			ids += task.ID
		}
		return ids
	}
	require.Equal(t, "bd", ids(Alike([]Task{failed("a", "x"), failed("b", "y"), failed("c", "z"), failed("d", "y")})))
	require.Equal(t, "a", ids(Alike([]Task{failed("a", "x"), failed("b", "y")})), "the first of as frequent ones")
	require.Empty(t, Alike(nil))
}

// TestKilled is of containers of tasks that a deployment replaced.
func TestKilled(t *testing.T) {
	code := func(exit int) *int { return &exit }
	replaced := Task{
		StopCode: ServiceSchedulerInitiated, Reason: "Scaling activity initiated by (deployment ecs-svc/1)",
		Containers: []Container{
			{Name: "deaf", ExitCode: code(137)}, {Name: "polite", ExitCode: code(143)}, {Name: "well", ExitCode: code(0)},
			{Name: "large", ExitCode: code(137), Reason: "OutOfMemoryError: Container killed due to memory usage"}, {Name: "never"},
		},
	}
	definition, err := taskdef.Parse([]byte(`{"containerDefinitions": [{"name": "deaf", "stopTimeout": 120}]}`))
	require.NoError(t, err)
	require.Equal(t, []KilledContainer{{"deaf", 2 * time.Minute}}, Killed([]Task{replaced, replaced}, definition))
	replaced.Reason = "Task failed ELB health checks in (target-group x)"
	require.Empty(t, Killed([]Task{replaced}, definition), "it did not serve any more")
}
