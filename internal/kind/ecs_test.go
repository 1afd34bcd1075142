package kind

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ecs-deploy/internal/rollout"
)

var began = time.Date(2026, 11, 9, 3, 0, 0, 0, time.UTC)

func arn(id string) string { return "arn:aws:ecs:eu-west-1:123456789012:task-definition/" + id }

// The deployments that looks are made of: ours, the one before it, and one of another run.
var (
	ours   = rollout.Deployment{ID: "ecs-svc/2", Status: "PRIMARY", State: "IN_PROGRESS", TaskDefinition: arn("web:42"), Created: began}
	before = rollout.Deployment{ID: "ecs-svc/1", Status: "ACTIVE", State: "COMPLETED", TaskDefinition: arn("web:41"), Running: 2}
	eldest = rollout.Deployment{ID: "ecs-svc/0", TaskDefinition: arn("web:40"), Running: 2}
	theirs = rollout.Deployment{ID: "ecs-svc/3", Status: "PRIMARY", State: "IN_PROGRESS", TaskDefinition: arn("web:43"), Created: began.Add(time.Minute)}
)

func with(d rollout.Deployment, status rollout.DeploymentStatus, state rollout.RolloutState, reason string) rollout.Deployment {
	d.Status = status
	d.State = state
	d.StateReason = reason
	return d
}

func updated(d rollout.Deployment, at time.Time) rollout.Deployment {
	d.Updated = at
	return d
}

// lookedAt is a rollout half a minute after it began, with deployments as they are listed.
func lookedAt(deployments ...rollout.Deployment) *rollout.Rollout {
	r := &rollout.Rollout{Replaced: before.ID, Since: began, Look: rollout.Look{
		At: began.Add(30 * time.Second), Seen: true, Deployment: ours,
		Service: rollout.Service{Status: rollout.ServiceActive, Controller: rollout.ControlledByECS, Desired: 2, Deployments: deployments},
	}}
	if listed, is := r.Service.Deployment(ours.ID); is {
		r.Deployment = listed
	}
	return r
}

// overFor has it that the service deployment has been over for so long.
func overFor(d time.Duration) func(*rollout.Rollout) {
	return func(r *rollout.Rollout) { r.OverSince = r.At.Add(-d) }
}

func TestJudgeECS(t *testing.T) {
	running := ours
	running.Running = 2
	failedBecause := func(outcome rollout.Outcome, ending rollout.Ending, said string) rollout.Verdict {
		return rollout.Verdict{Outcome: outcome, Ending: ending, Said: said}
	}
	complete := rollout.Verdict{Outcome: rollout.Succeeded, Ending: rollout.EndedComplete}
	back := rollout.Verdict{Outcome: rollout.RolledBack, Ending: rollout.EndedRolledBack, To: arn("web:41")}
	backBecause := back
	backBecause.Said = "because."
	another := rollout.Verdict{Outcome: rollout.Superseded, Ending: rollout.EndedSuperseded, EndedBy: rollout.Somebody, By: theirs}
	for _, test := range []struct {
		name        string
		deployments []rollout.Deployment
		progress    rollout.ServiceDeploymentStatus // of the service deployment; "" when it cannot be read
		change      func(*rollout.Rollout)
		want        rollout.Verdict // zero while it goes on
	}{
		{name: "counts of 0/0/0 right after the update are no success", deployments: []rollout.Deployment{ours, before},
			change: func(r *rollout.Rollout) { r.Service.Desired = 0 }},
		{name: "all run, but ECS has not said that it is complete", deployments: []rollout.Deployment{running}, progress: "IN_PROGRESS"},
		{name: "complete", deployments: []rollout.Deployment{with(running, "PRIMARY", "COMPLETED", "")}, want: complete},
		{name: "complete by the service deployment, while old tasks are still listed", deployments: []rollout.Deployment{running, before}, progress: "SUCCESSFUL", want: complete},
		{name: "complete, and another run has deployed since", deployments: []rollout.Deployment{theirs, with(running, "ACTIVE", "COMPLETED", "")}, progress: "SUCCESSFUL", want: complete},

		{name: "a lagging answer does not know our deployment yet", deployments: []rollout.Deployment{with(before, "PRIMARY", "COMPLETED", "")},
			change: func(r *rollout.Rollout) { r.Seen = false }},
		{name: "nor does it just before a minute has passed", deployments: []rollout.Deployment{with(before, "PRIMARY", "COMPLETED", "")},
			change: func(r *rollout.Rollout) { r.Seen, r.At = false, began.Add(time.Minute-1) }},
		{name: "after a minute it is gone", deployments: []rollout.Deployment{with(before, "PRIMARY", "COMPLETED", "")},
			change: func(r *rollout.Rollout) { r.Seen, r.At = false, began.Add(time.Minute) }, want: back},

		{name: "a read as old as ours shows what ran before it", deployments: []rollout.Deployment{updated(with(before, "PRIMARY", "COMPLETED", ""), ours.Created)}},
		{name: "what happened to it since tells that it is back", deployments: []rollout.Deployment{updated(with(before, "PRIMARY", "COMPLETED", ""), ours.Created.Add(1))}, want: back},

		{name: "rolling back", deployments: []rollout.Deployment{with(before, "PRIMARY", "IN_PROGRESS", "ECS deployment circuit breaker: rolling back to deploymentId ecs-svc/1."), with(ours, "ACTIVE", "FAILED", "")}},
		{name: "rolling back to an older one than that before", deployments: []rollout.Deployment{with(eldest, "PRIMARY", "IN_PROGRESS", "ECS deployment circuit breaker: rolling back to deploymentId ecs-svc/0.")}},
		{name: "rolled back to an older one than that before", deployments: []rollout.Deployment{with(eldest, "PRIMARY", "COMPLETED", "")},
			want: rollout.Verdict{Outcome: rollout.RolledBack, Ending: rollout.EndedRolledBack, To: arn("web:40")}},
		{name: "rolled back, and where to is not to be seen yet", deployments: []rollout.Deployment{ours, before}, progress: "ROLLBACK_SUCCESSFUL"},
		{name: "nor after a minute", deployments: []rollout.Deployment{ours, before}, progress: "ROLLBACK_SUCCESSFUL", change: overFor(time.Minute),
			want: rollout.Verdict{Outcome: rollout.RolledBack, Ending: rollout.EndedRolledBack, Said: "because."}},
		{name: "the service deployment knows better where to", deployments: []rollout.Deployment{with(before, "PRIMARY", "COMPLETED", "")},
			change: func(r *rollout.Rollout) {
				r.Own = rollout.ServiceDeployment{Status: "ROLLBACK_SUCCESSFUL", WentTo: arn("web:40")}
			},
			want: rollout.Verdict{Outcome: rollout.RolledBack, Ending: rollout.EndedRolledBack, To: arn("web:40")}},
		{name: "another run has deployed while it was rolled back", deployments: []rollout.Deployment{theirs, before}, progress: "ROLLBACK_IN_PROGRESS", want: another},
		{name: "rolling back, and the service deployment says so", deployments: []rollout.Deployment{with(before, "PRIMARY", "COMPLETED", "")}, progress: "ROLLBACK_IN_PROGRESS"},
		{name: "rolled back: the service looks as stable as ever", deployments: []rollout.Deployment{with(before, "PRIMARY", "COMPLETED", "")}, want: back},
		{name: "rolled back, and why it failed was seen before it vanished", deployments: []rollout.Deployment{with(before, "PRIMARY", "COMPLETED", "")},
			change: func(r *rollout.Rollout) {
				r.Deployment = with(ours, "ACTIVE", "FAILED", "ECS deployment failed: alarm detected.")
			},
			want: rollout.Verdict{Outcome: rollout.RolledBack, Ending: rollout.EndedRolledBack, To: arn("web:41"), Said: "ECS deployment failed: alarm detected."}},
		{name: "rolled back, with a reason", deployments: []rollout.Deployment{with(before, "PRIMARY", "COMPLETED", "")}, progress: "ROLLBACK_SUCCESSFUL", want: backBecause},
		{name: "rollback failed", deployments: []rollout.Deployment{with(ours, "PRIMARY", "FAILED", "")}, progress: "ROLLBACK_FAILED",
			want: failedBecause(rollout.RollbackFailed, rollout.EndedStuck, "because.")},

		{name: "failed, and nothing rolls back", deployments: []rollout.Deployment{with(ours, "PRIMARY", "FAILED", "tasks failed to start."), before},
			want: failedBecause(rollout.Failed, rollout.EndedGivenUp, "tasks failed to start.")},
		{name: "failed by its service, which the service deployment may still roll back", deployments: []rollout.Deployment{with(ours, "PRIMARY", "FAILED", ""), before}, progress: "IN_PROGRESS",
			change: func(r *rollout.Rollout) { r.FailedSince = r.At.Add(1 - time.Minute) }},
		{name: "and does not for a minute", deployments: []rollout.Deployment{with(ours, "PRIMARY", "FAILED", ""), before}, progress: "IN_PROGRESS",
			change: func(r *rollout.Rollout) { r.FailedSince = r.At.Add(-time.Minute) },
			want:   failedBecause(rollout.Failed, rollout.EndedGivenUp, "")},
		{name: "failed, and about to be rolled back", deployments: []rollout.Deployment{with(ours, "PRIMARY", "FAILED", ""), before},
			change: func(r *rollout.Rollout) { r.Service.Breaker.RollsBack, r.FailedSince = true, r.At.Add(1-time.Minute) }},
		{name: "failed, and not rolled back for a minute", deployments: []rollout.Deployment{with(ours, "PRIMARY", "FAILED", ""), before},
			change: func(r *rollout.Rollout) { r.Service.Breaker.RollsBack, r.FailedSince = true, r.At.Add(-time.Minute) },
			want:   failedBecause(rollout.RollbackFailed, rollout.EndedNotRolledBack, "")},
		{name: "being stopped", deployments: []rollout.Deployment{with(ours, "PRIMARY", "FAILED", ""), before}, progress: "STOP_REQUESTED"},
		{name: "stopped", deployments: []rollout.Deployment{with(ours, "PRIMARY", "FAILED", ""), before}, progress: "STOPPED",
			want: failedBecause(rollout.Failed, rollout.EndedStopped, "because.")},
		{name: "stopped, and the service looks as if it went on", deployments: []rollout.Deployment{ours, before}, progress: "STOPPED", change: overFor(time.Minute - 1)},
		{name: "for a minute", deployments: []rollout.Deployment{ours, before}, progress: "STOPPED", change: overFor(time.Minute),
			want: failedBecause(rollout.Failed, rollout.EndedStopped, "because.")},
		{name: "stopped, and nothing is listed", progress: "STOPPED"},
		{name: "the circuit breaker failed it and rolls nothing back, though alarms would", deployments: []rollout.Deployment{with(ours, "PRIMARY", "FAILED", ""), before},
			change: func(r *rollout.Rollout) {
				r.Own = rollout.ServiceDeployment{Status: "STOP_REQUESTED", Breaker: rollout.BreakerCount{Status: "TRIGGERED"}}
				r.Service.Alarms.RollsBack, r.FailedSince = true, r.At.Add(-time.Minute)
			},
			want: failedBecause(rollout.Failed, rollout.EndedGivenUp, "")},
		{name: "an alarm failed it, which rolls nothing back, though the circuit breaker would", deployments: []rollout.Deployment{with(ours, "PRIMARY", "FAILED", ""), before},
			change: func(r *rollout.Rollout) {
				r.Own = rollout.ServiceDeployment{Status: "STOP_REQUESTED", Alarmed: true}
				r.Service.Breaker.RollsBack, r.FailedSince = true, r.At.Add(-time.Minute)
			},
			want: failedBecause(rollout.Failed, rollout.EndedGivenUp, "")},

		{name: "superseded", deployments: []rollout.Deployment{theirs, with(ours, "ACTIVE", "IN_PROGRESS", ""), before}, want: another},
		{name: "superseded, before ours was ever listed", deployments: []rollout.Deployment{theirs, before}, change: func(r *rollout.Rollout) { r.Seen = false }, want: another},
		{name: "superseded, as only the list of service deployments tells", deployments: []rollout.Deployment{ours, before}, change: func(r *rollout.Rollout) { r.Later = theirs }, want: another},
		{name: "superseded, after it was complete", deployments: []rollout.Deployment{theirs, with(ours, "ACTIVE", "COMPLETED", "")}, want: complete},
		{name: "superseded, and gone from the list", deployments: []rollout.Deployment{theirs}, want: another},
		{name: "superseded, as the service deployment tells first", deployments: []rollout.Deployment{theirs, ours}, progress: "STOP_REQUESTED", want: another},
		{name: "superseded, and stopped by that", deployments: []rollout.Deployment{theirs, ours}, progress: "STOPPED", want: another},

		{name: "an odd answer", change: func(r *rollout.Rollout) { r.Missing = 1 }, deployments: []rollout.Deployment{ours}},
		{name: "deleted", change: func(r *rollout.Rollout) { r.Missing = 2 },
			want: rollout.Verdict{Outcome: rollout.Failed, Ending: rollout.EndedDeleted, EndedBy: rollout.Somebody}},
		{name: "draining", change: func(r *rollout.Rollout) { r.Service.Status = "DRAINING" },
			want: rollout.Verdict{Outcome: rollout.Failed, Ending: rollout.EndedDeleted, EndedBy: rollout.Somebody, Said: "DRAINING"}},

		{name: "words that AWS adds decide nothing", deployments: []rollout.Deployment{with(ours, "PRIMARY", "REFLECTING", "")}, progress: "CONTEMPLATING"},
		{name: "no deployment is listed at all", deployments: nil},
		{name: "behind a Classic Load Balancer there is no state", deployments: []rollout.Deployment{with(running, "PRIMARY", "", "")}, want: complete},
		{name: "and a rollback ends without one, too", deployments: []rollout.Deployment{with(before, "PRIMARY", "", "")}, want: back},
		{name: "nor is there while old tasks drain", deployments: []rollout.Deployment{with(running, "PRIMARY", "", ""), before}},
		{name: "or while one is pending", deployments: []rollout.Deployment{func() rollout.Deployment {
			d := with(running, "PRIMARY", "", "")
			d.Pending = 1
			return d
		}()}},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := lookedAt(test.deployments...)
			if test.progress != "" {
				r.Own = rollout.ServiceDeployment{Status: test.progress, Reason: "because."}
			}
			if test.change != nil {
				test.change(r)
			}
			verdict, ended := ecs{}.Judge(r, Goal{WaitFor: rollout.Stable})
			require.Equal(t, test.want, verdict)
			require.Equal(t, test.want.Outcome != "", ended)
		})
	}
}

func TestECSHasReachedItsGoal(t *testing.T) {
	running := ours
	running.Desired, running.Running = 2, 2
	allRun := Goal{WaitFor: rollout.AllRun}
	require.True(t, ecs{}.NeedsHealth(lookedAt(running), allRun))
	for name, r := range map[string]*rollout.Rollout{
		"0 of 0":     lookedAt(ours),
		"superseded": lookedAt(theirs, with(running, "ACTIVE", "IN_PROGRESS", "")),
		"failed":     lookedAt(with(running, "PRIMARY", "FAILED", "")),
		"complete":   lookedAt(with(running, "PRIMARY", "COMPLETED", "")),
		"pending":    lookedAt(func() rollout.Deployment { d := running; d.Pending = 1; return d }()),
		"too few":    lookedAt(func() rollout.Deployment { d := running; d.Running = 1; return d }()),
		"not yet":    lookedAt(func() rollout.Deployment { d := running; d.Desired, d.Running = 1, 1; return d }()),
	} {
		require.False(t, ecs{}.NeedsHealth(r, allRun), name)
	}
	require.False(t, ecs{}.NeedsHealth(lookedAt(running), Goal{WaitFor: rollout.Stable}))
	none := lookedAt(ours)
	none.Service.Desired = 0
	require.False(t, ecs{}.NeedsHealth(none, allRun), "no task is wanted")

	for _, test := range []struct {
		health rollout.Health
		held   time.Duration
		want   bool
	}{
		{rollout.Healthy, 10*time.Second - 1, false}, {rollout.Healthy, 10 * time.Second, true},
		{rollout.Unchecked, 40*time.Second - 1, false}, {rollout.Unchecked, 40 * time.Second, true},
		{rollout.Unhealthy, time.Hour, false},
	} {
		r := lookedAt(running)
		r.Health, r.HealthySince = test.health, r.At.Add(-test.held)
		verdict, ended := ecs{}.Judge(r, allRun)
		require.Equal(t, test.want, ended, test)
		if ended {
			require.Equal(t, rollout.Verdict{Outcome: rollout.Succeeded, Ending: rollout.EndedRunning}, verdict)
		}
		r.HealthySince = time.Time{}
		_, ended = ecs{}.Judge(r, allRun)
		require.False(t, ended, "they do not all run any more")
	}

	for stage, want := range map[string]bool{"SCALE_UP": false, "TEST_TRAFFIC_SHIFT": true, "BAKE_TIME": true, "": false} {
		r := lookedAt(running)
		r.Own = rollout.ServiceDeployment{Status: rollout.ServiceDeploymentInProgress, Stage: stage}
		verdict, ended := ecs{}.Judge(r, Goal{WaitFor: "test-traffic-shift"})
		require.Equal(t, want, ended, stage)
		if want {
			require.Equal(t, rollout.EndedAtStage, verdict.Ending)
		}
		r.Own = rollout.ServiceDeployment{Status: "PENDING", Stage: stage}
		_, ended = ecs{}.Judge(r, Goal{WaitFor: "test-traffic-shift"})
		require.False(t, ended, "what a deployment leaves behind that is not under way")
	}
}

// The stages of a shift come anew at each of its steps: the next time counts for who finds a deployment there.
func TestAStageThatComesAnew(t *testing.T) {
	for _, test := range []struct {
		from, at string
		changed  bool
		want     bool
	}{
		{"", "SCALE_UP", true, false}, {"", rollout.StagePreProduction, true, true},
		{"SCALE_UP", rollout.StagePreProduction, true, true},
		{rollout.StagePreProduction, rollout.StagePreProduction, false, false},
		{rollout.StagePreProduction, rollout.StageProduction, true, false},
		{rollout.StagePreProduction, rollout.StagePreProduction, true, true},
		{rollout.StageProduction, rollout.StagePreProduction, true, true},
		{rollout.StageProduction, "BAKE_TIME", true, true},
	} {
		r := lookedAt(ours)
		r.FromStage, r.StageChanged = test.from, test.changed
		r.Own = rollout.ServiceDeployment{Status: rollout.ServiceDeploymentInProgress, Stage: test.at}
		require.Equal(t, test.want, hasReached(r, rollout.StagePreProduction), test)
	}
}

func TestProgressOfECS(t *testing.T) {
	half := 50.0
	failing := with(ours, "PRIMARY", "FAILED", "")
	failing.Running = 1
	failing.Pending = 2
	failing.Failed = 3
	r := lookedAt(failing, before)
	require.Equal(t, rollout.Progress{
		ID: "ecs-svc/2", Wanted: 2, Listed: true, Running: 1, Pending: 2, Failed: 3, Older: 2, State: "FAILED", Course: rollout.GivenUp,
		Serves: []rollout.ServingTasks{{TaskDefinition: arn("web:41"), Running: 2}, {TaskDefinition: arn("web:42"), Running: 1}},
	}, ecs{}.Progress(r))
	r.Own = rollout.ServiceDeployment{Status: "IN_PROGRESS", Stage: "PRODUCTION_TRAFFIC_SHIFT", Production: &half}
	require.Equal(t, []rollout.ServingTasks{{TaskDefinition: arn("web:41"), Running: 2, Traffic: &half}, {TaskDefinition: arn("web:42"), Running: 1, Traffic: &half}}, running(r, &half))

	pause := rollout.LifecycleHook{ID: "p", Pause: true, Status: rollout.HookAwaitingAction}
	hook := rollout.LifecycleHook{ID: "h", Target: "arn:…:function:check", Status: "IN_PROGRESS"}
	r = lookedAt(ours)
	r.Own = rollout.ServiceDeployment{Status: "IN_PROGRESS", Stage: "BAKE_TIME", Production: &half, BakeInterval: time.Minute, Hooks: []rollout.LifecycleHook{pause, hook}}
	r.StageSince = r.At.Add(-20 * time.Second)
	at := ecs{}.Progress(r)
	require.Equal(t, []any{"IN_PROGRESS", "BAKE_TIME", &half, 40 * time.Second, rollout.WaitContinue, true}, []any{at.State, at.Stage, at.Traffic, at.Remaining, at.Wait, at.Shifts})
	require.Equal(t, []rollout.LifecycleHook{pause, hook}, at.Hooks)
	r.StageSince = r.At.Add(-2 * time.Minute)
	require.Zero(t, ecs{}.Progress(r).Remaining)

	r.Own = rollout.ServiceDeployment{Status: "STOP_REQUESTED", Stage: "SCALE_UP", BakeInterval: time.Minute, Hooks: []rollout.LifecycleHook{pause, hook}}
	at = ecs{}.Progress(r)
	require.Equal(t, rollout.NoWait, at.Wait, "nobody can continue what is being stopped")
	require.Equal(t, []rollout.LifecycleHook{hook}, at.Hooks)
	require.Zero(t, at.Remaining)
}

// Every state of a service × every reason to roll its deployment back.
func TestHowECSTakesBack(t *testing.T) {
	completed := with(ours, "PRIMARY", "COMPLETED", "")
	for _, test := range []struct {
		name        string
		deployments []rollout.Deployment
		why         RollbackCause
		want        Step
	}{
		{"under way", []rollout.Deployment{ours, before}, RollbackCause{}, Stop},
		{"under way, and ECS refused", []rollout.Deployment{ours, before}, RollbackCause{StopFailed: true}, Restore},
		{"under way, for another's sake", []rollout.Deployment{ours, before}, RollbackCause{ForAnother: true}, Stop},
		{"under way, as its user wants", []rollout.Deployment{ours, before}, RollbackCause{ByUser: true}, Stop},
		{"failed", []rollout.Deployment{with(ours, "PRIMARY", "FAILED", ""), before}, RollbackCause{}, Stop},
		{"complete after all", []rollout.Deployment{completed}, RollbackCause{}, LeaveComplete},
		{"complete, for another's sake", []rollout.Deployment{completed}, RollbackCause{ForAnother: true}, Restore},
		{"complete, as its user wants", []rollout.Deployment{completed}, RollbackCause{ByUser: true}, Restore},
		{"what ran before is primary again", []rollout.Deployment{with(before, "PRIMARY", "IN_PROGRESS", ""), ours}, RollbackCause{}, Follow},
		{"the same, for another's sake", []rollout.Deployment{with(before, "PRIMARY", "IN_PROGRESS", ""), ours}, RollbackCause{ForAnother: true}, Follow},
		{"what ran before is primary, and its user asks for more", []rollout.Deployment{with(before, "PRIMARY", "COMPLETED", "")}, RollbackCause{ByUser: true}, Follow},
		{"another run has deployed", []rollout.Deployment{theirs, ours}, RollbackCause{}, LeaveSuperseded},
		{"another run has deployed, for another's sake", []rollout.Deployment{theirs, ours}, RollbackCause{ForAnother: true}, LeaveSuperseded},
		{"another run has deployed, as its user wants", []rollout.Deployment{theirs, ours}, RollbackCause{ByUser: true}, LeaveSuperseded},
		{"nothing is listed", nil, RollbackCause{}, Stop},
	} {
		require.Equal(t, test.want, ecs{}.Rollback(lookedAt(test.deployments...), test.why), test.name)
	}
}
