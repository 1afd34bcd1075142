package watch

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ecs-deploy/internal/rollout"
)

func TestJudgeCodeDeploy(t *testing.T) {
	green := rollout.Deployment{ID: "d-2", TaskSet: "ecs-svc/2", Status: "ACTIVE", TaskDefinition: arn("web:42"), Running: 2}
	blue := rollout.Deployment{ID: "ecs-svc/1", TaskSet: "ecs-svc/1", Status: "PRIMARY", TaskDefinition: arn("web:41"), Running: 2}
	ended := func(status, code string) shift {
		return shift{CodeDeployment: rollout.CodeDeployment{ID: "d-2", Status: status, Code: code, Message: "because."}}
	}
	back := func(status string) shift {
		s := ended("Stopped", "ALARM_ACTIVE")
		s.RolledBackBy, s.back = "d-3", &rollout.CodeDeployment{ID: "d-3", Status: status}
		return s
	}
	after := func(d time.Duration, s shift, events ...string) shift {
		s.overFor, s.RollsBack = d, events
		return s
	}
	for _, test := range []struct {
		name   string
		shift  shift
		want   rollout.Outcome
		reason string
	}{
		{"not looked at yet", shift{}, "", ""},
		{"under way", ended("InProgress", ""), "", ""},
		{"waits for somebody", ended("Ready", ""), "", ""},
		{"a word that AWS adds", ended("Contemplating", ""), "", ""},
		{"succeeded", ended("Succeeded", ""), rollout.Succeeded, "web:42 is live, 2 of 2 tasks run"},
		{"failed just now: who rolls it back may not be said yet", ended("Failed", "HOOK_EXECUTION_FAILURE"), "", ""},
		{"failed, and nobody rolls it back", after(10*time.Second, ended("Failed", "HOOK_EXECUTION_FAILURE")), rollout.Failed, "CodeDeploy gave the deployment up and rolled nothing back: because"},
		{"failed, and set to be rolled back", after(10*time.Second, ended("Failed", "HOOK_EXECUTION_FAILURE"), "DEPLOYMENT_FAILURE"), "", ""},
		{"failed, set to be rolled back, and not for a minute", after(time.Minute, ended("Failed", "HOOK_EXECUTION_FAILURE"), "DEPLOYMENT_FAILURE"), rollout.Failed, "CodeDeploy gave the deployment up and rolled nothing back: because"},
		{"stopped by hand, where only failures are rolled back", after(10*time.Second, ended("Stopped", "MANUAL_STOP"), "DEPLOYMENT_FAILURE"), rollout.Failed, "the deployment was stopped, and nothing was rolled back: because"},
		{"stopped by an alarm, about to be rolled back", after(10*time.Second, ended("Stopped", "ALARM_ACTIVE"), "DEPLOYMENT_STOP_ON_ALARM"), "", ""},
		{"rolling back", back("InProgress"), "", ""},
		{"rolled back", back("Succeeded"), rollout.RolledBack, "CodeDeploy rolled back to web:41: because"},
		{"the roll-back failed", back("Failed"), rollout.RollbackFailed, "CodeDeploy could not roll the deployment back (d-3)"},
	} {
		t.Run(test.name, func(t *testing.T) {
			target := Target{Service: rollout.Service{Controller: "CODE_DEPLOY"}, Deployment: rollout.Deployment{ID: "d-2", TaskDefinition: arn("web:42")}}
			s := snapshot{found: true, seen: true, shift: &test.shift, service: rollout.Service{Status: "ACTIVE", Desired: 2, Deployments: []rollout.Deployment{green, blue}}}
			verdict, done := judge(target, s)
			require.Equal(t, test.want != "", done, "%+v", verdict)
			require.Equal(t, rollout.Verdict{Outcome: test.want, Reason: test.reason}, verdict)
		})
	}
}

// Where the target of a deployment may not be read, the task set that serves the traffic tells.
func TestMovedTraffic(t *testing.T) {
	at := func(target, primary string) bool {
		s := snapshot{
			shift:   &shift{CodeDeployment: rollout.CodeDeployment{Status: "InProgress", Target: target}},
			service: rollout.Service{Deployments: []rollout.Deployment{{ID: primary, Status: "PRIMARY"}}},
		}
		return moved(Target{Deployment: rollout.Deployment{ID: "d-2"}}, s)
	}
	require.True(t, at("Succeeded", "d-2"))
	require.False(t, at("InProgress", "d-2"), "a hook after the traffic may still refuse it")
	require.True(t, at("", "d-2"))
	require.False(t, at("", "ecs-svc/1"))
}
