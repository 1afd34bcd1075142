package diagnose

import (
	"testing"
	"time"

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

// as is a finding with what the knowledge base says of an entry.
func as(t *testing.T, finding rollout.Finding, name string) rollout.Finding {
	t.Helper()
	for _, entry := range Knowledge {
		if entry.ID == name {
			return with(finding, entry, true)
		}
	}
	t.Fatalf("no entry is called %q", name)
	return rollout.Finding{}
}

func TestEveryEntryKnowsTheWordingOfAWS(t *testing.T) {
	for _, entry := range Knowledge {
		if entry.Signs == nil {
			require.NotEmpty(t, entry.Exits, entry.ID)
		} else {
			found, ok := Lookup(entry.Example)
			require.True(t, ok, entry.ID)
			require.Equal(t, entry.ID, found.ID, "the example of %q is found by another entry", entry.ID)
		}
		require.NotEmpty(t, entry.Source, entry.ID)
		require.Regexp(t, `\.$`, entry.Means, entry.ID)
		require.Regexp(t, `\.$`, entry.Next, entry.ID)
	}
	_, ok := Lookup("(service web) has reached a steady state.")
	require.False(t, ok)
}

// More wordings, of which some look alike.
func TestLookup(t *testing.T) {
	for text, want := range map[string]string{
		"CannotPullContainerError: pulling from host 123456789012.dkr.ecr.eu-west-1.amazonaws.com failed with status code [manifests latest]: 403 Forbidden":                                                                                                                                                                            "image-pull-denied",
		"ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve ecr registry auth: service call has been retried 3 time(s): RequestError: send request failed caused by: Post https://api.ecr....":                                                               "aws-unreachable",
		"ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve secrets from ssm: service call has been retried 1 time(s): AccessDeniedException: User: arn:aws:sts::1:assumed-role/x/y is not authorized to perform: ssm:GetParameters":                         "secret-denied",
		"ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve secret from asm: failed to fetch secret arn from secrets manager: RequestCanceled: request context canceled caused by: context deadline exceeded. Please check your task network configuration.": "aws-unreachable",
		"ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: failed to create Cloudwatch log group: AccessDeniedException: User: x is not authorized to perform: logs:CreateLogGroup":                                                                                                  "logs-denied",
		"ResourceInitializationError: failed to invoke EFS utils commands to set up EFS volumes: stderr: b'mount.nfs4: mounting fs-1.efs.eu-west-1.amazonaws.com:/grafana failed, reason given by server: No such file or directory'":                                                                                                   "efs-mount-failed",
		`OCI runtime create failed: runc create failed: unable to start container process: exec: "/opt/run.sh": stat /opt/run.sh: no such file or directory: unknown`:                                                                                                                                                                   "command-not-found",
		"unhealthy, Target.Timeout, Request timed out":                                                                 "target-timeout",
		"was unable to place a task. Reason: You've reached the limit on the number of vCPUs you can run concurrently": "quota",
		"SpotInterruption": "spot-interrupted",
	} {
		entry, ok := Lookup(text)
		require.True(t, ok, text)
		require.Equal(t, want, entry.ID, text)
	}
}

// The exit codes of containers are numbers, whatever the container is called.
func TestLookupCause(t *testing.T) {
	for cause, want := range map[rollout.Cause]string{
		{Container: "app", Exited: true, ExitCode: 126}:                                                               "command-not-executable",
		{Container: "app", Exited: true, ExitCode: 127}:                                                               "command-not-found",
		{Container: "app", Exited: true, ExitCode: 137}:                                                               "out-of-memory",
		{Container: "app", Exited: true, ExitCode: 139}:                                                               "crashed",
		{Container: "app", Exited: true, ExitCode: 143}:                                                               "told-to-stop",
		{Container: "app", Exited: true, ExitCode: 1}:                                                                 "exited",
		{Container: "app", Exited: true, ExitCode: 0}:                                                                 "exited",
		{Container: "app", Exited: true, ExitCode: 255}:                                                               "exited",
		{Container: "app", Exited: true, ExitCode: 1, Said: "OutOfMemoryError: Container killed due to memory usage"}: "out-of-memory",
		{Container: "app", Exited: true, ExitCode: 137, Said: "Gremlins"}:                                             "out-of-memory",
		{StopCode: rollout.UserInitiated, Said: "run-before ran out of time: no space left on device"}:                "told-to-stop",
		{StopCode: "SpotInterruption"}:                                                                                "spot-interrupted",
		{Said: "Your Spot Task was interrupted."}:                                                                     "spot-interrupted",
		{Said: "Gremlins"}: "",
		{}:                 "",
	} {
		entry, found := LookupCause(cause)
		require.Equal(t, want, entry.ID, "%+v", cause)
		require.Equal(t, want != "", found)
	}
}

// A service, a container and an alarm may be called what they like: only AWS's words are read.
func TestNamesAreNoCauses(t *testing.T) {
	for _, name := range []string{"alarm", "spot-alarm", "lifecycle hook", "OutOfMemory", "ResourceInitializationError"} {
		findings := Explain(rollout.Evidence{
			Failures: []rollout.Task{{StopCode: rollout.EssentialContainerExited, Containers: []rollout.Container{{Name: name, ExitCode: new(1)}}}},
			Events:   []string{"(service " + name + ") has reached a steady state."},
		})
		require.Len(t, findings, 1)
		require.Equal(t, "The program exited on its own; ECS did not stop it.", findings[0].Means, name)
		require.Empty(t, Explain(rollout.Evidence{Events: []string{"(service " + name + ") has reached a steady state."}}))

		alarmed := Explain(rollout.Evidence{Code: "ALARM_ACTIVE", Said: "One or more alarms have been activated. Activated alarms: <" + name + ">"})
		require.Equal(t, "This alarm is watched during a deployment.", alarmed[0].Means, name)
	}
	for _, image := range []string{"acme/alarm-service:v2", "acme/spotify:v2", "acme/outofmemory:v2"} {
		said := "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref docker.io/" + image + ": unexpected status: 503"
		entry, _ := Lookup(said)
		require.NotContains(t, []string{"alarm", "spot-interrupted", "out-of-memory"}, entry.ID, image)
	}
}

func TestExplain(t *testing.T) {
	all := rollout.Progress{Wanted: 2, Running: 2}
	stuckAt := func(change func(*rollout.Progress)) rollout.Evidence {
		at := all
		change(&at)
		return rollout.Evidence{TimedOut: true, Progress: at}
	}
	app := func(code int, said string) rollout.Cause {
		return rollout.Cause{Container: "app", Exited: true, ExitCode: code, Said: said}
	}
	failed := func(tasks int, cause rollout.Cause) rollout.Finding {
		return rollout.Finding{About: rollout.AboutTasks, Tasks: tasks, Cause: cause}
	}
	code := 137
	killed := rollout.Task{StopCode: rollout.EssentialContainerExited, Containers: []rollout.Container{{Name: "app", ExitCode: &code}}}
	const mismatch = "Health checks failed with these codes: [502]"
	place := "was unable to place a task because no container instance met all of its requirements. The closest matching container-instance 1 has insufficient memory available."
	console := "Check the stopped tasks and the events of the service in the console."
	for name, test := range map[string]struct {
		evidence rollout.Evidence
		want     []rollout.Finding
	}{
		"nothing is known": {},
		"the same cause is counted, not repeated": {
			rollout.Evidence{Failures: []rollout.Task{pull("1"), exited(1, ""), pull("7"), pull("5")}},
			[]rollout.Finding{as(t, failed(3, pull("1").Cause()), "image-not-found"), as(t, failed(1, app(1, "")), "exited")},
		},
		"killed for its memory": {
			rollout.Evidence{Failures: []rollout.Task{exited(137, "OutOfMemoryError: Container killed due to memory usage")}},
			[]rollout.Finding{as(t, failed(1, app(137, "OutOfMemoryError: Container killed due to memory usage")), "out-of-memory")},
		},
		"the log tells more than the exit code": {
			rollout.Evidence{Failures: []rollout.Task{exited(1, "")}, Log: Excerpt(rollout.LogTail{Container: "app", Lines: []string{"exec /app: exec format error"}})},
			[]rollout.Finding{as(t, failed(1, app(1, "")), "image-wrong-platform")},
		},
		"AWS refused the application something": {
			rollout.Evidence{Failures: []rollout.Task{exited(1, "")}, Log: Excerpt(rollout.LogTail{Container: "app", Lines: []string{
				"AccessDenied: User: arn:aws:sts::111122223333:assumed-role/web-task/0a1b is not authorized to perform: s3:GetObject on resource: arn:aws:s3:::web/x",
			}})},
			[]rollout.Finding{{
				ID: "exited", About: rollout.AboutTasks, Tasks: 1, Cause: app(1, ""), Means: "Role web-task is not allowed to call s3:GetObject on arn:aws:s3:::web/x.",
				Next: "Allow role web-task the action s3:GetObject on arn:aws:s3:::web/x. It is most likely the task role, which the application uses to call AWS.",
			}},
		},
		"what AWS refused does not matter to what was killed": {
			rollout.Evidence{Failures: []rollout.Task{killed}, Log: Excerpt(rollout.LogTail{Container: "app", Lines: []string{
				"warn xray: AccessDeniedException: User: arn:aws:sts::111122223333:assumed-role/web-task/0a1b is not authorized to perform: xray:PutTraceSegments",
			}})},
			[]rollout.Finding{{
				ID: "out-of-memory", About: rollout.AboutTasks, Tasks: 1, Cause: app(137, ""),
				Means: "Something killed the container with SIGKILL (137), most likely because it used too much memory.",
				Next:  "Give the container more memory, or find out what uses it. If ECS was already stopping it, it took longer than stopTimeout to exit.",
			}},
		},
		"a program's own words are no cause": {
			rollout.Evidence{Failures: []rollout.Task{exited(1, "")}, Log: Excerpt(rollout.LogTail{Container: "app", Lines: []string{
				"Error: listen EADDRINUSE: address already in use :::3000",
			}})},
			[]rollout.Finding{as(t, failed(1, app(1, "")), "exited")},
		},
		"an alarm ended it, whatever befell a task": {
			rollout.Evidence{Failures: []rollout.Task{exited(1, "")}, Said: "Service deployment rolled back because an alarm was triggered."},
			[]rollout.Finding{
				as(t, rollout.Finding{About: rollout.AboutEnding, Said: "Service deployment rolled back because an alarm was triggered."}, "alarm"),
				as(t, failed(1, app(1, "")), "exited"),
			},
		},
		"what is not judged yet is no cause where an event tells one": {
			rollout.Evidence{
				Targets: []rollout.TargetHealth{{State: "initial", Reason: "Elb.InitialHealthChecking"}},
				Events:  []string{"(service web) was unable to place a task. Reason: Capacity is unavailable at this time."},
			},
			[]rollout.Finding{
				as(t, rollout.Finding{About: rollout.AboutEvent, Said: "was unable to place a task. Reason: Capacity is unavailable at this time."}, "no-capacity"),
				as(t, rollout.Finding{About: rollout.AboutTargets, Tasks: 1, Said: "initial, Elb.InitialHealthChecking"}, "health-pending"),
			},
		},
		"tasks failed, and only an event tells why": {
			rollout.Evidence{Failures: []rollout.Task{{StopCode: "TaskFailedToStart", Reason: "Gremlins"}}, Events: []string{"(service web) " + place}},
			[]rollout.Finding{
				as(t, rollout.Finding{About: rollout.AboutEvent, Said: place}, "no-memory"),
				{About: rollout.AboutTasks, Tasks: 1, Cause: rollout.Cause{Said: "Gremlins"}, Next: console},
			},
		},
		"tasks failed, and nothing tells why": {
			rollout.Evidence{
				Failures: []rollout.Task{{StopCode: "TaskFailedToStart", Reason: "Gremlins"}},
				Events:   []string{"(service web) is unable to consistently start tasks successfully."},
			},
			[]rollout.Finding{{About: rollout.AboutTasks, Tasks: 1, Cause: rollout.Cause{Said: "Gremlins"}, Next: console}},
		},
		"the time ran out since tasks failed": {
			rollout.Evidence{Failures: []rollout.Task{exited(1, "")}, Code: "TIMEOUT", Said: "The deployment has timed out."},
			[]rollout.Finding{
				as(t, failed(1, app(1, "")), "exited"),
				as(t, rollout.Finding{About: rollout.AboutError, Said: "The deployment has timed out.", Code: "TIMEOUT"}, "deployment-timeout"),
			},
		},
		"but not the log of another container": {
			rollout.Evidence{Failures: []rollout.Task{exited(1, "")}, Log: rollout.LogTail{Container: "sidecar", Lines: []string{"exec /app: exec format error"}}},
			[]rollout.Finding{as(t, failed(1, app(1, "")), "exited")},
		},
		"a cause that nobody knows": {
			rollout.Evidence{Failures: []rollout.Task{{StopCode: "TaskFailedToStart", Reason: "Gremlins"}}},
			[]rollout.Finding{{About: rollout.AboutTasks, Tasks: 1, Cause: rollout.Cause{Said: "Gremlins"}, Next: console}},
		},
		"an error code, and tasks that failed beside it": {
			rollout.Evidence{Code: "ALARM_ACTIVE", Said: "Alarms are active.", Failures: []rollout.Task{exited(1, "")}},
			[]rollout.Finding{
				as(t, rollout.Finding{About: rollout.AboutError, Code: "ALARM_ACTIVE", Said: "Alarms are active."}, "alarm"),
				as(t, failed(1, app(1, "")), "exited"),
			},
		},
		"a hook that failed": {
			rollout.Evidence{Code: "HOOK_EXECUTION_FAILURE", Said: "m", FailedEvent: "BeforeAllowTraffic", FailedWhy: "w", Hook: "check"},
			[]rollout.Finding{as(t, rollout.Finding{About: rollout.AboutHook, Code: "HOOK_EXECUTION_FAILURE", Event: "BeforeAllowTraffic", Said: "w", Hook: "check"}, "hook-failed")},
		},
		"the load balancer speaks when no task failed": {
			rollout.Evidence{TimedOut: true, Targets: []rollout.TargetHealth{
				{State: "unhealthy", Reason: "Target.ResponseCodeMismatch", Description: mismatch},
				{State: "unhealthy", Reason: "Target.ResponseCodeMismatch", Description: mismatch},
				{State: "initial", Reason: "Elb.InitialHealthChecking", Description: "Initial health checks in progress"}}},
			[]rollout.Finding{
				answered(
					as(t, rollout.Finding{About: rollout.AboutTargets, Tasks: 2, Said: "unhealthy, Target.ResponseCodeMismatch, " + mismatch}, "target-unhealthy"),
					&rollout.Answer{Codes: "502"},
				),
				as(t, rollout.Finding{About: rollout.AboutTargets, Tasks: 1, Said: "initial, Elb.InitialHealthChecking, Initial health checks in progress"}, "health-pending"),
			},
		},
		"no task was started: the latest event that says why": {
			rollout.Evidence{TimedOut: true, Events: []string{
				"(service web) has reached a steady state.", "(service web) " + place, "(service web) was unable to place a task. Reason: older."}},
			[]rollout.Finding{as(t, rollout.Finding{About: rollout.AboutEvent, Said: place}, "no-memory")},
		},
		"AWS names an alarm": {
			rollout.Evidence{Said: "alarm detected"},
			[]rollout.Finding{as(t, rollout.Finding{About: rollout.AboutEnding, Said: "alarm detected"}, "alarm")},
		},
		"a pause that nobody answered, and that ended the deployment": {
			rollout.Evidence{Said: "lifecycle hook(s) timed out", Progress: rollout.Progress{Hooks: []rollout.LifecycleHook{
				{Pause: true, Status: rollout.HookTimedOut, OnTimeout: rollout.OnTimeoutRollback},
			}}},
			[]rollout.Finding{{ID: rollout.AwaitsApproval, About: rollout.AboutUnanswered, Said: "lifecycle hook(s) timed out",
				Next: "Deploy again, and continue the deployment while it waits: with operation: continue, or in the console. " +
					"To end the step at the pause, set wait-for to its stage."}},
		},
		"a pause that nobody answered, after which the deployment went on": {
			rollout.Evidence{Said: "alarm detected", Progress: rollout.Progress{Hooks: []rollout.LifecycleHook{
				{Pause: true, Status: rollout.HookTimedOut, OnTimeout: rollout.OnTimeoutContinue},
			}}},
			[]rollout.Finding{as(t, rollout.Finding{About: rollout.AboutEnding, Said: "alarm detected"}, "alarm")},
		},
		"a pause that nobody answered in time": {
			stuckAt(func(at *rollout.Progress) {
				at.Older = 2
				at.Wait = rollout.WaitContinue
				at.Shifts = true
				at.Stage = "POST_SCALE_UP"
			}),
			[]rollout.Finding{{ID: rollout.AwaitsApproval, About: rollout.AboutWaiting, Means: "A pause hook of the service is holding the deployment.",
				Next: "Run this action with operation: continue or operation: rollback. To end the step at the pause, set wait-for to post-scale-up."}},
		},
		"traffic that nobody let move": {
			stuckAt(func(at *rollout.Progress) { at.Wait, at.Shifts = rollout.WaitTraffic, true }),
			[]rollout.Finding{{ID: rollout.AwaitsApproval, About: rollout.AboutTraffic, Means: "The deployment group waits for approval.",
				Next: "Run this action with operation: continue or operation: rollback. To end the step there, set wait-for: pre-production-traffic-shift."}},
		},
		"old tasks that are kept": {
			stuckAt(func(at *rollout.Progress) {
				at.Wait = rollout.WaitTermination
				at.TerminationTimeout = time.Hour
				at.Shifts = true
			}),
			[]rollout.Finding{{ID: rollout.TimeoutTooShort, About: rollout.AboutKept, Means: "The deployment group keeps them for 1h before the deployment is complete.",
				Next: "Raise timeout, or wait only until the traffic has moved, with wait-for: running."}},
		},
		"a stage that takes long": {
			stuckAt(func(at *rollout.Progress) {
				at.Older = 2
				at.Stage = "BAKE_TIME"
				at.Shifts = true
			}),
			[]rollout.Finding{{ID: rollout.TimeoutTooShort, About: rollout.AboutStage, Event: "BAKE_TIME", Means: "Its hooks, steps and bake time take longer than timeout.",
				Next: "Raise timeout, or wait only for a stage (wait-for)."}},
		},
		"stuck in PENDING": {
			stuckAt(func(at *rollout.Progress) { at.Running, at.Pending = 0, 2 }),
			[]rollout.Finding{{About: rollout.AboutPending, Tasks: 2, Means: "Probably the image is large, its registry is slow, or a container waits for a dependency.",
				Next: "Check the containers of a pending task in the console. If the tasks only need more time, raise timeout."}},
		},
		"stuck before that": {
			stuckAt(func(at *rollout.Progress) { at.Running = 1 }),
			[]rollout.Finding{{About: rollout.AboutUnstarted, Tasks: 1, Of: 2, Means: "Probably there is no room for them, or the minimum and maximum percent keep them from starting.",
				Next: "Check the events of the service in the console."}},
		},
		"stuck with old tasks": {
			stuckAt(func(at *rollout.Progress) { at.Older = 1 }),
			[]rollout.Finding{{About: rollout.AboutOlder, Tasks: 1, Means: "Probably the new tasks are not healthy, or the old tasks cannot be stopped (task protection).",
				Next: "Check the health of the new tasks in the console, and whether the old ones are protected (UpdateTaskProtection)."}},
		},
		"stuck at the end": {
			stuckAt(func(*rollout.Progress) {}),
			[]rollout.Finding{{About: rollout.AboutIncomplete, Means: "Most likely old tasks drain slowly (the deregistration delay of the target group), or ECS watches alarms during a bake time.",
				Next: "Raise timeout, or shorten the deregistration delay or the bake time."}},
		},
		"what came to an end is not stuck": {rollout.Evidence{Progress: all}, nil},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, test.want, Explain(test.evidence)) })
	}
}

func TestHopeless(t *testing.T) {
	throttled := rollout.Task{StopCode: "TaskFailedToStart", Reason: "CannotPullContainerError: toomanyrequests: You have reached your pull rate limit."}
	thrice := func(code rollout.StopCode, reason string) []rollout.Task {
		task := rollout.Task{StopCode: code, Reason: reason}
		return []rollout.Task{task, task, task}
	}
	instances := rollout.Placement{Capacity: []rollout.Share{{Provider: "web-instances"}}}
	for name, test := range map[string]struct {
		failed []rollout.Task
		want   rollout.Cause // zero: there is hope
		on     rollout.Placement
	}{
		"the instance went away":                   {failed: thrice("TerminationNotice", "Host EC2 (instance i-0123456789abcdef0) terminated.")},
		"AWS takes hosts out of service":           {failed: thrice("InfrastructureHealth", "words that nobody has seen yet")},
		"Spot":                                     {failed: thrice("SpotInterruption", "Your Spot Task was interrupted.")},
		"Spot, an instance of which AWS ran out":   {failed: thrice("TaskFailedToStart", "Unable to launch instance(s) for capacity provider web-spot. UnfulfillableCapacity: Unable to fulfill capacity.")},
		"a quota of instances":                     {failed: thrice("TaskFailedToStart", "Unable to launch instance(s). MaxSpotInstanceCountExceeded: Max spot instance count exceeded.")},
		"a quota of vCPUs":                         {failed: thrice("TaskFailedToStart", "You’ve reached the limit on the number of vCPUs you can run concurrently")},
		"the network interface is late":            {failed: thrice("TaskFailedToStart", "Timeout waiting for network interface provisioning to complete.")},
		"no room":                                  {failed: thrice("TaskFailedToStart", "TaskFailedToStart: RESOURCE:CPU"), want: rollout.Cause{Said: "TaskFailedToStart: RESOURCE:CPU"}},
		"no room, where instances are added":       {failed: thrice("TaskFailedToStart", "TaskFailedToStart: RESOURCE:CPU"), on: instances},
		"unknown words":                            {failed: thrice("TaskFailedToStart", "x"), want: rollout.Cause{Said: "x"}},
		"unknown words, where instances are added": {failed: thrice("TaskFailedToStart", "x"), on: instances},
		"unknown words, on Fargate":                {failed: thrice("TaskFailedToStart", "x"), want: rollout.Cause{Said: "x"}, on: rollout.Placement{Capacity: []rollout.Share{{Provider: "FARGATE_SPOT"}}}},
		"none":                                     {},
		"two are not enough":                       {failed: []rollout.Task{pull("1"), pull("2")}},
		"three alike":                              {failed: []rollout.Task{pull("1"), exited(1, ""), pull("2"), pull("7")}, want: pull("1").Cause()},
		"three of different causes":                {failed: []rollout.Task{pull("1"), exited(1, ""), exited(2, "")}},
		"three that will pass":                     {failed: []rollout.Task{throttled, throttled, throttled}},
		"three of a cause that nobody knows":       {failed: []rollout.Task{exited(3, "x"), exited(3, "x"), exited(3, "x")}, want: rollout.Cause{Container: "app", Exited: true, ExitCode: 3, Said: "x"}},
	} {
		cause, hopeless := Hopeless(test.on, test.failed)
		require.Equal(t, test.want, cause, name)
		require.Equal(t, test.want != rollout.Cause{}, hopeless, name)
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
