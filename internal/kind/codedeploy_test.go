package kind

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ecs-deploy/internal/rollout"
)

// shifted is a rollout under CodeDeploy, half a minute after it began.
func shifted(d rollout.CodeDeployment) *rollout.Rollout {
	green := rollout.Deployment{ID: "d-2", TaskSet: "ecs-svc/2", Status: "ACTIVE", TaskDefinition: arn("web:42"), Running: 2}
	blue := rollout.Deployment{ID: "ecs-svc/1", TaskSet: "ecs-svc/1", Status: "PRIMARY", TaskDefinition: arn("web:41"), Running: 2}
	return &rollout.Rollout{Replaced: blue.ID, Since: began, Look: rollout.Look{
		At: began.Add(30 * time.Second), Seen: true, Deployment: green, Own: d,
		Service: rollout.Service{
			Status: rollout.ServiceActive, Controller: rollout.ControlledByCodeDeploy, Desired: 2, Deployments: []rollout.Deployment{green, blue},
		},
	}}
}

func TestJudgeCodeDeploy(t *testing.T) {
	ended := func(status rollout.CodeDeployStatus, code string, events ...string) rollout.CodeDeployment {
		return rollout.CodeDeployment{ID: "d-2", Status: status, Code: code, Message: "because.", RollsBack: events}
	}
	back := func(status rollout.CodeDeployStatus) rollout.CodeDeployment {
		d := ended("Stopped", "ALARM_ACTIVE")
		d.RolledBackBy = "d-3"
		d.RollbackStatus = status
		d.RollbackFailure = "no more."
		return d
	}
	for _, test := range []struct {
		name    string
		own     rollout.CodeDeployment
		overFor time.Duration
		want    rollout.Verdict
	}{
		{name: "not looked at yet"},
		{name: "under way", own: ended("InProgress", "")},
		{name: "waits for approval", own: ended("Ready", "")},
		{name: "a word that AWS adds", own: ended("Contemplating", "")},
		{name: "succeeded", own: ended("Succeeded", ""), want: rollout.Verdict{Outcome: rollout.Succeeded, Ending: rollout.EndedComplete}},
		{name: "failed just now: who rolls it back is not said yet", own: ended("Failed", "HOOK_EXECUTION_FAILURE"), overFor: 10*time.Second - 1},
		{name: "failed, and nobody rolls it back", own: ended("Failed", "HOOK_EXECUTION_FAILURE"), overFor: 10 * time.Second,
			want: rollout.Verdict{Outcome: rollout.Failed, Ending: rollout.EndedGivenUp, Said: "because.", Code: "HOOK_EXECUTION_FAILURE"}},
		{name: "failed, and set to be rolled back", own: ended("Failed", "HOOK_EXECUTION_FAILURE", "DEPLOYMENT_FAILURE"), overFor: time.Minute - 1},
		{name: "failed, set to be rolled back, and not for a minute", own: ended("Failed", "HOOK_EXECUTION_FAILURE", "DEPLOYMENT_FAILURE"), overFor: time.Minute,
			want: rollout.Verdict{Outcome: rollout.Failed, Ending: rollout.EndedGivenUp, Said: "because.", Code: "HOOK_EXECUTION_FAILURE"}},
		{name: "stopped by hand, where only failures are rolled back", own: ended("Stopped", "MANUAL_STOP", "DEPLOYMENT_FAILURE"), overFor: 10 * time.Second,
			want: rollout.Verdict{Outcome: rollout.Failed, Ending: rollout.EndedStopped, EndedBy: rollout.Somebody, Said: "because.", Code: "MANUAL_STOP"}},
		{name: "stopped by an alarm, about to be rolled back", own: ended("Stopped", "ALARM_ACTIVE", "DEPLOYMENT_STOP_ON_ALARM"), overFor: 10 * time.Second},
		{name: "stopped by an alarm, and nothing is rolled back", own: ended("Stopped", "ALARM_ACTIVE"), overFor: 10 * time.Second,
			want: rollout.Verdict{Outcome: rollout.Failed, Ending: rollout.EndedStopped, Said: "because.", Code: "ALARM_ACTIVE"}},
		{name: "rolling back, however long", own: back("InProgress"), overFor: time.Hour},
		{name: "rolling back, and not looked at how", own: back(""), overFor: time.Hour},
		{name: "rolled back", own: back("Succeeded"),
			want: rollout.Verdict{Outcome: rollout.RolledBack, Ending: rollout.EndedRolledBack, To: arn("web:41"), Said: "because.", Code: "ALARM_ACTIVE"}},
		{name: "the rollback failed", own: back("Failed"),
			want: rollout.Verdict{Outcome: rollout.RollbackFailed, Ending: rollout.EndedStuck, Said: "no more.", Code: "ALARM_ACTIVE"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := shifted(test.own)
			if test.overFor > 0 {
				r.OverSince = r.At.Add(-test.overFor)
			}
			verdict, ended := codeDeploy{}.Judge(r, Goal{WaitFor: rollout.Stable})
			require.Equal(t, test.want, verdict)
			require.Equal(t, test.want.Outcome != "", ended)
			r.Missing = 2
			verdict, ended = codeDeploy{}.Judge(r, Goal{})
			require.True(t, ended)
			require.Equal(t, rollout.EndedDeleted, verdict.Ending)
		})
	}
}

func TestCodeDeployHasReachedItsGoal(t *testing.T) {
	moved := rollout.CodeDeployment{ID: "d-2", Status: "InProgress", Target: "Succeeded"}
	for name, goal := range map[string]Goal{"running": {WaitFor: rollout.AllRun}, "a rollback": {WaitFor: rollout.Stable, Rollback: true}, "doomed": {WaitFor: rollout.Stable, Doomed: true}} {
		verdict, ended := codeDeploy{}.Judge(shifted(moved), goal)
		require.True(t, ended, name)
		require.Equal(t, rollout.Verdict{Outcome: rollout.Succeeded, Ending: rollout.EndedShifted}, verdict)
	}
	_, ended := codeDeploy{}.Judge(shifted(moved), Goal{WaitFor: rollout.Stable})
	require.False(t, ended, "the old tasks are still kept")
	stopping := shifted(moved)
	stopping.Stopping = true
	_, ended = codeDeploy{}.Judge(stopping, Goal{WaitFor: rollout.Stable, Rollback: true})
	require.False(t, ended, "it is about to be rolled back")

	verdict, ended := codeDeploy{}.Judge(shifted(moved), Goal{WaitFor: "test-traffic-shift"})
	require.True(t, ended)
	require.Equal(t, rollout.EndedAtStage, verdict.Ending)
	_, ended = codeDeploy{}.Judge(shifted(rollout.CodeDeployment{ID: "d-2", Status: "InProgress"}), Goal{WaitFor: "test-traffic-shift"})
	require.False(t, ended)
}

// Where the target of a deployment cannot be read, the task set that serves the traffic tells.
func TestMovedTraffic(t *testing.T) {
	at := func(target rollout.CodeDeployStatus, primary string) bool {
		d := rollout.CodeDeployment{Status: "InProgress", Target: target}
		r := shifted(d)
		r.Service.Deployments = []rollout.Deployment{{ID: primary, Status: "PRIMARY"}}
		return hasMoved(r, d)
	}
	require.True(t, at("Succeeded", "d-2"))
	require.False(t, at("InProgress", "d-2"), "a hook after the traffic may still refuse it")
	require.True(t, at("", "d-2"))
	require.False(t, at("", "ecs-svc/1"))
	failed := rollout.CodeDeployment{Status: "Failed"}
	r := shifted(failed)
	r.Service.Deployments[0].Status, r.Service.Deployments[1].Status = "PRIMARY", "ACTIVE"
	require.False(t, hasMoved(r, failed))
}

func TestProgressOfCodeDeploy(t *testing.T) {
	ten := 10.0
	ninety := 90.0
	all := 100.0
	at := func(d rollout.CodeDeployment) rollout.Progress { return codeDeploy{}.Progress(shifted(d)) }
	serving := func(percent float64) rollout.ServingTasks {
		return rollout.ServingTasks{TaskDefinition: arn("web:41"), Running: 2, Traffic: &percent}
	}

	require.True(t, at(rollout.CodeDeployment{}).Undeployed)
	require.Equal(t, rollout.Progress{
		ID: "d-2", Wanted: 2, Listed: true, Running: 2, Older: 2, State: "InProgress", Stage: "AllowTraffic", Traffic: &ten,
		Course: rollout.Blocking, Shifts: true, Serves: []rollout.ServingTasks{serving(all)},
	}, at(rollout.CodeDeployment{ID: "d-2", Status: "InProgress", Traffic: &ten, Lifecycle: []rollout.LifecycleEvent{{Name: "AllowTraffic", Status: "InProgress"}}}))

	ready := at(rollout.CodeDeployment{ID: "d-2", Status: "Ready"})
	require.Equal(t, []any{rollout.ReadyWait, rollout.WaitTraffic, rollout.Blocking}, []any{ready.State, ready.Wait, ready.Course})
	require.True(t, ready.Hooks[0].Pause)
	kept := at(rollout.CodeDeployment{ID: "d-2", Status: "InProgress", Target: "Succeeded", TerminationTimeout: time.Hour})
	require.Equal(t, []any{rollout.TerminationWait, rollout.WaitTermination, time.Hour}, []any{kept.State, kept.Wait, kept.TerminationTimeout})

	split := at(rollout.CodeDeployment{ID: "d-2", Status: "Failed", Traffic: &ten, Lifecycle: []rollout.LifecycleEvent{{Name: "AllowTraffic", Status: "Failed", Why: "no."}}})
	require.Equal(t, []rollout.ServingTasks{serving(ninety), {TaskDefinition: arn("web:42"), Running: 2, Traffic: &ten}}, split.Serves)
	require.Equal(t, rollout.Over, split.Course)
	require.Equal(t, []rollout.LifecycleHook{{ID: "AllowTraffic", Status: rollout.HookFailed, Why: "no."}}, split.Hooks)

	back := at(rollout.CodeDeployment{ID: "d-2", Status: "Failed", RolledBackBy: "d-3", RollbackMessage: "so"})
	require.Equal(t, []any{"ROLLBACK_IN_PROGRESS", "d-3", "so"}, []any{back.State, back.RollbackID, back.RollbackReason})
}

// Every state of a deployment × every reason to roll it back.
func TestHowCodeDeployTakesBack(t *testing.T) {
	ten := 10.0
	state := func(status rollout.CodeDeployStatus) rollout.CodeDeployment {
		return rollout.CodeDeployment{ID: "d-2", Status: status}
	}
	back, split := state("Failed"), state("Failed")
	back.RolledBackBy, split.Traffic = "d-3", &ten
	for _, test := range []struct {
		name    string
		own     rollout.CodeDeployment
		primary string
		why     RollbackCause
		want    Step
	}{
		{"under way", state("InProgress"), "ecs-svc/1", RollbackCause{}, Stop},
		{"under way, as its user wants", state("InProgress"), "ecs-svc/1", RollbackCause{ByUser: true}, Stop},
		{"under way, and ended before it was stopped", state("InProgress"), "d-2", RollbackCause{StopFailed: true}, Restore},
		{"rolling back", back, "ecs-svc/1", RollbackCause{}, Follow},
		{"rolling back, as its user wants", back, "ecs-svc/1", RollbackCause{ByUser: true}, Follow},
		{"failed before the traffic moved", state("Failed"), "ecs-svc/1", RollbackCause{}, LeaveUnmoved},
		{"failed when it had", state("Failed"), "d-2", RollbackCause{}, Restore},
		{"failed with a share of the traffic", split, "ecs-svc/1", RollbackCause{}, Restore},
		{"succeeded after all", state("Succeeded"), "d-2", RollbackCause{}, LeaveComplete},
		{"succeeded, for another's sake", state("Succeeded"), "d-2", RollbackCause{ForAnother: true}, Restore},
		{"succeeded, as its user wants", state("Succeeded"), "d-2", RollbackCause{ByUser: true}, Restore},
		{"nothing was deployed yet, as its user wants", rollout.CodeDeployment{}, "ecs-svc/1", RollbackCause{ByUser: true}, Restore},
		{"another run has deployed", state("Failed"), "d-9", RollbackCause{}, LeaveSuperseded},
		{"another run has deployed, for another's sake", state("Succeeded"), "d-9", RollbackCause{ForAnother: true}, LeaveSuperseded},
	} {
		r := shifted(test.own)
		r.Service.Deployments = []rollout.Deployment{{ID: test.primary, Status: "PRIMARY"}}
		require.Equal(t, test.want, codeDeploy{}.Rollback(r, test.why), test.name)

		r.Later = rollout.Deployment{ID: "d-9"} // as the deployment group tells
		require.Equal(t, LeaveSuperseded, codeDeploy{}.Rollback(r, test.why), "%s, and another run has deployed", test.name)
	}
}

func TestEvidenceOfCodeDeploy(t *testing.T) {
	failed := rollout.CodeDeployment{Code: "HOOK_EXECUTION_FAILURE", Message: "m", Lifecycle: []rollout.LifecycleEvent{{Name: "BeforeAllowTraffic", Status: "Failed", Why: "w"}}}
	var evidence rollout.Evidence
	codeDeploy{}.Evidence(shifted(failed), &evidence)
	require.Equal(t, rollout.Evidence{Code: "HOOK_EXECUTION_FAILURE", Said: "m", FailedEvent: "BeforeAllowTraffic", FailedWhy: "w"}, evidence)

	slow := rollout.CodeDeployment{Code: "TIMEOUT", Message: "m"}
	evidence = rollout.Evidence{Failures: []rollout.Task{{}}}
	codeDeploy{}.Evidence(shifted(slow), &evidence)
	require.Empty(t, evidence.Code, "the tasks know better")
	evidence = rollout.Evidence{}
	codeDeploy{}.Evidence(shifted(slow), &evidence)
	require.Equal(t, "TIMEOUT", evidence.Code)

	slow.Lifecycle = []rollout.LifecycleEvent{{Name: "Install", Status: "Failed"}}
	evidence = rollout.Evidence{}
	codeDeploy{}.Evidence(shifted(slow), &evidence)
	require.Empty(t, evidence.FailedEvent, "no hook was to blame")
}
