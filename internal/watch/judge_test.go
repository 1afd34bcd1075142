package watch

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ecs-deploy/internal/rollout"
)

var began = time.Date(2026, 11, 9, 3, 0, 0, 0, time.UTC)

func arn(id string) string { return "arn:aws:ecs:eu-west-1:123456789012:task-definition/" + id }

// The deployments that the snapshots are made of: ours, the one before it, and one of somebody else.
var (
	ours   = rollout.Deployment{ID: "ecs-svc/2", Status: "PRIMARY", State: "IN_PROGRESS", TaskDefinition: arn("web:42"), Created: began}
	before = rollout.Deployment{ID: "ecs-svc/1", Status: "ACTIVE", State: "COMPLETED", TaskDefinition: arn("web:41"), Running: 2}
	theirs = rollout.Deployment{ID: "ecs-svc/3", Status: "PRIMARY", State: "IN_PROGRESS", TaskDefinition: arn("web:43"), Created: began.Add(time.Minute)}
)

func with(d rollout.Deployment, status, state, reason string) rollout.Deployment {
	d.Status, d.State, d.StateReason = status, state, reason
	return d
}

func TestJudge(t *testing.T) {
	running := ours
	running.Running = 2
	for _, test := range []struct {
		name        string
		deployments []rollout.Deployment
		progress    string // the status of the service deployment; "" when it may not be read
		change      func(*snapshot)
		want        rollout.Outcome // "" while it goes on
		reason      string
	}{
		{name: "counts of 0/0/0 right after the update are no success", deployments: []rollout.Deployment{ours, before},
			change: func(s *snapshot) { s.service.Desired = 0 }},
		{name: "all run, but ECS has not said that it is complete", deployments: []rollout.Deployment{running}, progress: "IN_PROGRESS"},
		{name: "complete", deployments: []rollout.Deployment{with(running, "PRIMARY", "COMPLETED", "")},
			want: rollout.Succeeded, reason: "web:42 is live, 2 of 2 tasks run"},
		{name: "complete by the service deployment, while old tasks are still listed", deployments: []rollout.Deployment{running, before}, progress: "SUCCESSFUL",
			want: rollout.Succeeded, reason: "web:42 is live, 2 of 2 tasks run"},
		{name: "complete, and somebody else has deployed since", deployments: []rollout.Deployment{theirs, with(running, "ACTIVE", "COMPLETED", "")}, progress: "SUCCESSFUL",
			want: rollout.Succeeded, reason: "web:42 is live, 2 of 2 tasks run"},

		{name: "a lagging answer does not know our deployment yet", deployments: []rollout.Deployment{with(before, "PRIMARY", "COMPLETED", "")},
			change: func(s *snapshot) { s.seen = false }},
		{name: "nor does it after a minute", deployments: []rollout.Deployment{with(before, "PRIMARY", "COMPLETED", "")},
			change: func(s *snapshot) { s.seen, s.at = false, began.Add(2*time.Minute) },
			want:   rollout.RolledBack, reason: "ECS rolled back to web:41"},

		{name: "rolling back", deployments: []rollout.Deployment{with(before, "PRIMARY", "IN_PROGRESS", "ECS deployment circuit breaker: rolling back to deploymentId ecs-svc/1."), with(ours, "ACTIVE", "FAILED", "")}},
		{name: "rolling back, and the service deployment says so", deployments: []rollout.Deployment{with(before, "PRIMARY", "COMPLETED", "")}, progress: "ROLLBACK_IN_PROGRESS"},
		{name: "rolled back: the service looks as stable as ever", deployments: []rollout.Deployment{with(before, "PRIMARY", "COMPLETED", "")},
			want: rollout.RolledBack, reason: "ECS rolled back to web:41"},
		{name: "rolled back, and why it failed was seen before it vanished", deployments: []rollout.Deployment{with(before, "PRIMARY", "COMPLETED", "")},
			change: func(s *snapshot) { s.ours = with(ours, "ACTIVE", "FAILED", "ECS deployment failed: alarm detected.") },
			want:   rollout.RolledBack, reason: "ECS rolled back to web:41: ECS deployment failed: alarm detected"},
		{name: "rolled back, with a reason", deployments: []rollout.Deployment{with(before, "PRIMARY", "COMPLETED", "")}, progress: "ROLLBACK_SUCCESSFUL",
			want: rollout.RolledBack, reason: "ECS rolled back to web:41: because"},
		{name: "roll-back failed", deployments: []rollout.Deployment{with(ours, "PRIMARY", "FAILED", "")}, progress: "ROLLBACK_FAILED",
			want: rollout.RollbackFailed, reason: "ECS could not roll the deployment back: because"},

		{name: "failed, and nothing rolls back", deployments: []rollout.Deployment{with(ours, "PRIMARY", "FAILED", "ECS deployment circuit breaker: tasks failed to start."), before},
			want: rollout.Failed, reason: "ECS gave the deployment up and rolled nothing back: ECS deployment circuit breaker: tasks failed to start"},
		{name: "failed, and about to be rolled back", deployments: []rollout.Deployment{with(ours, "PRIMARY", "FAILED", ""), before},
			change: func(s *snapshot) { s.service.RollsBack = true }},
		{name: "failed, and not rolled back for a minute", deployments: []rollout.Deployment{with(ours, "PRIMARY", "FAILED", ""), before},
			change: func(s *snapshot) { s.service.RollsBack, s.failedFor = true, time.Minute },
			want:   rollout.RollbackFailed, reason: "ECS gave the deployment up and did not roll it back, as it is set to"},
		{name: "being stopped", deployments: []rollout.Deployment{with(ours, "PRIMARY", "FAILED", ""), before}, progress: "STOP_REQUESTED"},
		{name: "stopped", deployments: []rollout.Deployment{with(ours, "PRIMARY", "FAILED", ""), before}, progress: "STOPPED",
			want: rollout.Failed, reason: "ECS stopped the deployment and rolled nothing back: because"},

		{name: "superseded", deployments: []rollout.Deployment{theirs, with(ours, "ACTIVE", "IN_PROGRESS", ""), before},
			want: rollout.Superseded, reason: "somebody else deployed web:43 meanwhile (deployment ecs-svc/3, 2026-11-09T03:01:00Z)"},
		{name: "superseded, and gone from the list", deployments: []rollout.Deployment{theirs},
			want: rollout.Superseded, reason: "somebody else deployed web:43 meanwhile (deployment ecs-svc/3, 2026-11-09T03:01:00Z)"},
		{name: "superseded, as the service deployment tells first", deployments: []rollout.Deployment{theirs, ours}, progress: "STOP_REQUESTED",
			want: rollout.Superseded, reason: "somebody else deployed web:43 meanwhile (deployment ecs-svc/3, 2026-11-09T03:01:00Z)"},

		{name: "deleted", change: func(s *snapshot) { s.found = false }, want: rollout.Failed, reason: "the service was deleted during the deployment"},
		{name: "draining", change: func(s *snapshot) { s.service.Status = "DRAINING" }, want: rollout.Failed, reason: "the service is DRAINING: it was deleted during the deployment"},

		{name: "words that AWS adds decide nothing", deployments: []rollout.Deployment{with(ours, "PRIMARY", "REFLECTING", "")}, progress: "CONTEMPLATING"},
		{name: "no deployment is listed at all", deployments: nil},
		{name: "behind a Classic Load Balancer there is no state", deployments: []rollout.Deployment{with(running, "PRIMARY", "", "")},
			want: rollout.Succeeded, reason: "web:42 is live, 2 of 2 tasks run"},
		{name: "and a roll-back ends without one, too", deployments: []rollout.Deployment{with(before, "PRIMARY", "", "")},
			want: rollout.RolledBack, reason: "ECS rolled back to web:41"},
		{name: "nor is there while old tasks drain", deployments: []rollout.Deployment{with(running, "PRIMARY", "", ""), before}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := snapshot{at: began.Add(30 * time.Second), found: true, seen: true,
				service: rollout.Service{Status: "ACTIVE", Desired: 2, Deployments: test.deployments}}
			if test.progress != "" {
				s.progress = &rollout.ServiceDeployment{Status: test.progress, Reason: "because."}
			}
			s.ours, _ = s.service.Deployment(ours.ID)
			if test.change != nil {
				test.change(&s)
			}
			verdict, done := judge(Target{Deployment: ours, Previous: before.ID, Since: began}, s)
			require.Equal(t, test.want != "", done, "%+v", verdict)
			require.Equal(t, rollout.Verdict{Outcome: test.want, Reason: test.reason}, verdict)
		})
	}
}

func TestAllRunAndHealthy(t *testing.T) {
	running := ours
	running.Desired, running.Running = 2, 2
	target := Target{Deployment: ours}
	at := func(d rollout.Deployment) snapshot {
		return snapshot{service: rollout.Service{Desired: 2, Deployments: []rollout.Deployment{d}}}
	}
	require.True(t, allRun(target, at(running)))
	require.False(t, allRun(target, at(ours)), "0 of 0")
	require.False(t, allRun(target, at(with(running, "ACTIVE", "IN_PROGRESS", ""))), "superseded")
	pending := running
	pending.Pending = 1
	require.False(t, allRun(target, at(pending)))

	task := func(status, health string) rollout.Task { return rollout.Task{Status: status, Health: health} }
	require.Equal(t, unchecked, healthOf(target, 2, []rollout.Task{task("RUNNING", "UNKNOWN"), task("RUNNING", "HEALTHY")}))
	require.Equal(t, unhealthy, healthOf(target, 2, []rollout.Task{task("RUNNING", "UNKNOWN"), task("RUNNING", "UNHEALTHY")}))
	require.Equal(t, unhealthy, healthOf(target, 2, []rollout.Task{task("RUNNING", "UNKNOWN"), task("PENDING", "UNKNOWN")}))
	target.HealthChecked = true
	require.Equal(t, unhealthy, healthOf(target, 1, []rollout.Task{task("RUNNING", "UNKNOWN")}), "a health check has not decided yet")
	require.Equal(t, healthy, healthOf(target, 1, []rollout.Task{task("RUNNING", "HEALTHY")}))
}
