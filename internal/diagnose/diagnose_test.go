package diagnose

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ecs-deploy/internal/rollout"
)

func exited(code int, reason string) rollout.Task {
	return rollout.Task{
		ID: "1", StopCode: "EssentialContainerExited", Reason: "Essential container in task exited",
		Containers: []rollout.Container{{Name: "sidecar", ExitCode: new(int)}, {Name: "app", ExitCode: &code, Reason: reason}},
	}
}

func pull(times string) rollout.Task {
	return rollout.Task{StopCode: "TaskFailedToStart", Reason: "CannotPullContainerError: pull image manifest has been retried " + times +
		" time(s): failed to resolve ref web:v2: web:v2: not found"}
}

// known is the finding for a text, as the knowledge base has it.
func known(t *testing.T, what, name string) rollout.Finding {
	t.Helper()
	for _, entry := range Knowledge {
		if entry.Name == name {
			return rollout.Finding{What: what, Cause: entry.Means, Next: entry.Next}
		}
	}
	t.Fatalf("no entry is called %q", name)
	return rollout.Finding{}
}

func TestEveryEntryKnowsTheWordingOfAWS(t *testing.T) {
	names := map[string]bool{}
	for _, entry := range Knowledge {
		found, ok := Lookup(entry.Example)
		require.True(t, ok, entry.Name)
		require.Equal(t, entry.Name, found.Name, "the example of %q is found by another entry", entry.Name)
		require.False(t, names[entry.Name], "%q is there twice", entry.Name)
		names[entry.Name] = true
		require.NotEmpty(t, entry.Source, entry.Name)
		require.Regexp(t, `\.$`, entry.Means, entry.Name)
		require.Regexp(t, `\.$`, entry.Next, entry.Name)
	}
	_, ok := Lookup("(service web) has reached a steady state.")
	require.False(t, ok)
}

// More wordings, of which some look alike.
func TestLookup(t *testing.T) {
	for text, want := range map[string]string{
		"CannotPullContainerError: pulling from host 123456789012.dkr.ecr.eu-west-1.amazonaws.com failed with status code [manifests latest]: 403 Forbidden":                                                                                                                                                                            "no permission to pull",
		"ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve ecr registry auth: service call has been retried 3 time(s): RequestError: send request failed caused by: Post https://api.ecr....":                                                               "no route to AWS",
		"ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve secrets from ssm: service call has been retried 1 time(s): AccessDeniedException: User: arn:aws:sts::1:assumed-role/x/y is not authorized to perform: ssm:GetParameters":                         "secret or parameter denied",
		"ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve secret from asm: failed to fetch secret arn from secrets manager: RequestCanceled: request context canceled caused by: context deadline exceeded. Please check your task network configuration.": "no route to AWS",
		"ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: failed to create Cloudwatch log group: AccessDeniedException: User: x is not authorized to perform: logs:CreateLogGroup":                                                                                                  "log group missing",
		"ResourceInitializationError: failed to invoke EFS utils commands to set up EFS volumes: stderr: b'mount.nfs4: mounting fs-1.efs.eu-west-1.amazonaws.com:/grafana failed, reason given by server: No such file or directory'":                                                                                                   "EFS mount failed",
		`OCI runtime create failed: runc create failed: unable to start container process: exec: "/opt/run.sh": stat /opt/run.sh: no such file or directory: unknown`:                                                                                                                                                                   "command not found",
		"container app exited with code 127":           "command not found",
		"container app exited with code 137":           "out of memory",
		"container app exited with code 1":             "container exits",
		"container app exited with code 255":           "container exits",
		"unhealthy, Target.Timeout, Request timed out": "load balancer's health check timed out",
		"was unable to place a task. Reason: You've reached the limit on the number of vCPUs you can run concurrently": "quota reached",
		"SpotInterruption": "spot capacity taken back",
	} {
		entry, ok := Lookup(text)
		require.True(t, ok, text)
		require.Equal(t, want, entry.Name, text)
	}
}

func TestExplain(t *testing.T) {
	timedOut := rollout.Verdict{Outcome: rollout.TimedOut, Reason: "not complete after 30m"}
	two := rollout.Service{Desired: 2}
	const console = "Look at the stopped tasks and the events of the service in the console."
	for name, test := range map[string]struct {
		evidence rollout.Evidence
		want     []rollout.Finding
	}{
		"nothing is known": {},
		"a pause that nobody answered": {
			rollout.Evidence{Verdict: timedOut, Service: two, Deployment: rollout.Deployment{Running: 2}, Older: 2, Stage: "POST_TEST_TRAFFIC_SHIFT", Waiting: true},
			[]rollout.Finding{{
				What: "the deployment waits for somebody to continue it", Cause: "A pause hook of the service holds it.",
				Next: "Run this action with operation: continue, or rollback. To end the step at the pause, wait for its stage (wait-for).",
			}},
		},
		"a stage that takes long": {
			rollout.Evidence{Verdict: timedOut, Service: two, Deployment: rollout.Deployment{Running: 2}, Older: 2, Stage: "BAKE_TIME"},
			[]rollout.Finding{{
				What: "all new tasks run, and the deployment is at bake time", Cause: "Its hooks, steps and bake time take longer than the time that is given.",
				Next: "Raise timeout, or end the wait at a stage (wait-for).",
			}},
		},
		"the same cause is counted, not repeated": {
			rollout.Evidence{Failed: []rollout.Task{pull("1"), exited(1, ""), pull("7"), pull("5")}},
			[]rollout.Finding{
				known(t, "3 tasks failed: CannotPullContainerError: pull image manifest has been retried: failed to resolve ref web:v2: web:v2: not found", "image not found"),
				known(t, "1 task failed: container app exited with code 1", "container exits"),
			},
		},
		"killed for its memory": {
			rollout.Evidence{Failed: []rollout.Task{exited(137, "OutOfMemoryError: Container killed due to memory usage")}},
			[]rollout.Finding{known(t, "1 task failed: container app exited with code 137 (OutOfMemoryError: Container killed due to memory usage)", "out of memory")},
		},
		"the log tells more than the exit code": {
			rollout.Evidence{Failed: []rollout.Task{exited(1, "")}, Log: rollout.LogTail{Container: "app", Lines: []string{"exec /app: exec format error"}}},
			[]rollout.Finding{known(t, "1 task failed: container app exited with code 1", "wrong architecture")},
		},
		"but not the log of another container": {
			rollout.Evidence{Failed: []rollout.Task{exited(1, "")}, Log: rollout.LogTail{Container: "sidecar", Lines: []string{"exec /app: exec format error"}}},
			[]rollout.Finding{known(t, "1 task failed: container app exited with code 1", "container exits")},
		},
		"a cause that nobody knows": {
			rollout.Evidence{Failed: []rollout.Task{{StopCode: "TaskFailedToStart", Reason: "Gremlins"}}},
			[]rollout.Finding{{What: "1 task failed: Gremlins", Next: console}},
		},
		"the load balancer speaks when no task failed": {
			rollout.Evidence{Verdict: timedOut, Targets: []rollout.TargetHealth{
				{State: "unhealthy", Reason: "Target.ResponseCodeMismatch", Description: "Health checks failed with these codes: [502]"},
				{State: "unhealthy", Reason: "Target.ResponseCodeMismatch", Description: "Health checks failed with these codes: [502]"},
				{State: "initial", Reason: "Elb.InitialHealthChecking", Description: "Initial health checks in progress"}}},
			[]rollout.Finding{
				known(t, "the load balancer does not find 2 tasks healthy: unhealthy, Target.ResponseCodeMismatch, Health checks failed with these codes: [502]", "load balancer's health check failed"),
				known(t, "the load balancer does not find 1 task healthy: initial, Elb.InitialHealthChecking, Initial health checks in progress", "load balancer's health check failed"),
			},
		},
		"no task was started: the latest event that says why": {
			rollout.Evidence{Verdict: timedOut, Events: []rollout.ServiceEvent{
				{Message: "(service web) has reached a steady state."},
				{Message: "(service web) was unable to place a task because no container instance met all of its requirements. The closest matching container-instance 1 has insufficient memory available."},
				{Message: "(service web) was unable to place a task. Reason: older."},
			}},
			[]rollout.Finding{known(t, "ECS was unable to place a task because no container instance met all of its requirements. The closest matching container-instance 1 has insufficient memory available.", "not enough memory")},
		},
		"the verdict names an alarm": {
			rollout.Evidence{Verdict: rollout.Verdict{Outcome: rollout.RolledBack, Reason: "ECS rolled back: alarm detected"}},
			[]rollout.Finding{known(t, "ECS rolled back: alarm detected", "alarm")},
		},
		"stuck in PENDING": {
			rollout.Evidence{Verdict: timedOut, Service: two, Deployment: rollout.Deployment{Pending: 2}},
			[]rollout.Finding{{What: "2 tasks did not get from PENDING to RUNNING",
				Cause: "The image is large or its registry slow, or a container waits for another that it depends on.",
				Next:  "Look at the containers of a pending task in the console; if it only needs longer, raise timeout."}},
		},
		"stuck before that": {
			rollout.Evidence{Verdict: timedOut, Service: two, Deployment: rollout.Deployment{Running: 1}},
			[]rollout.Finding{{What: "ECS started only 1 of 2 tasks",
				Cause: "There is no room for them, or the minimum and maximum percent do not let them start.",
				Next:  "Look at the events of the service in the console."}},
		},
		"stuck with old tasks": {
			rollout.Evidence{Verdict: timedOut, Service: two, Deployment: rollout.Deployment{Running: 2}, Older: 1},
			[]rollout.Finding{{What: "all new tasks run, and 1 task of older deployments still do",
				Cause: "The new tasks do not count as healthy, or the old ones may not be stopped (task protection).",
				Next:  "Look at the health of the new tasks in the console, and at the protection of the old ones."}},
		},
		"stuck at the end": {
			rollout.Evidence{Verdict: timedOut, Service: two, Deployment: rollout.Deployment{Running: 2}},
			[]rollout.Finding{{What: "all tasks run, and ECS does not call the deployment complete",
				Cause: "Old tasks drain slowly (the deregistration delay of the target group), or alarms are watched for a bake time.",
				Next:  "Raise timeout, or shorten the deregistration delay or the bake time."}},
		},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, test.want, Explain(test.evidence)) })
	}
}

func TestHopeless(t *testing.T) {
	throttled := rollout.Task{StopCode: "TaskFailedToStart", Reason: "CannotPullContainerError: toomanyrequests: You have reached your pull rate limit."}
	for name, test := range map[string]struct {
		failed []rollout.Task
		want   string
	}{
		"none":                               {},
		"two are not enough":                 {failed: []rollout.Task{pull("1"), pull("2")}},
		"three alike":                        {failed: []rollout.Task{pull("1"), exited(1, ""), pull("2"), pull("7")}, want: pull("1").Cause()},
		"three of different causes":          {failed: []rollout.Task{pull("1"), exited(1, ""), exited(2, "")}},
		"three that will pass":               {failed: []rollout.Task{throttled, throttled, throttled}},
		"three of a cause that nobody knows": {failed: []rollout.Task{exited(3, "x"), exited(3, "x"), exited(3, "x")}, want: "container app exited with code 3 (x)"},
	} {
		cause, hopeless := Hopeless(test.failed)
		require.Equal(t, test.want, cause, name)
		require.Equal(t, test.want != "", hopeless, name)
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
