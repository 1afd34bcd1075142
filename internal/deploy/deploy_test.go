package deploy

import (
	"context"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"ecs-deploy/internal/cloud"
	"ecs-deploy/internal/inputs"
	"ecs-deploy/internal/plan"
	"ecs-deploy/internal/rollout"
	"ecs-deploy/internal/taskdef"
)

// newImage is a deployment of the image that scenarios are about.
func newImage(t *testing.T) inputs.Inputs {
	t.Helper()
	image, err := taskdef.ParseImage("123456789012.dkr.ecr.eu-west-1.amazonaws.com/web:v2")
	require.NoError(t, err)
	return inputs.Inputs{Images: []taskdef.Image{image}, WaitFor: string(rollout.Stable)}
}

// changes are the calls that changed something, by operation.
func (w *world) changes() []string {
	var changes []string
	for _, call := range w.Calls() {
		if !strings.HasPrefix(call.Operation, "Describe") && !strings.HasPrefix(call.Operation, "List") && !strings.HasPrefix(call.Operation, "Get") {
			changes = append(changes, call.Operation)
		}
	}
	return changes
}

// ends are how rollouts ended, each in words: the outcome, how its deployment ended, what came of rolling it back, how it
// was left, and what the service runs.
func ends(rollouts []*rollout.Rollout) []string {
	var ends []string
	for _, r := range rollouts {
		words := []string{r.Service.Name, string(r.Verdict.Outcome), string(r.Verdict.Ending)}
		if back := r.Verdict.Return; back != nil {
			words = append(words, "return "+string(back.End))
			if back.For != "" {
				words = append(words, "for "+back.For)
			}
		}
		if r.Verdict.Left != "" {
			words = append(words, "left "+string(r.Verdict.Left))
		}
		primary, _ := r.Service.Primary()
		ends = append(ends, strings.Join(append(words, rollout.RevisionID(primary.TaskDefinition)), " "))
	}
	return ends
}

func TestExecute(t *testing.T) {
	back := func(in *inputs.Inputs) { in.RollbackOnFailure = true }
	waitingFor := func(waitFor string) func(*inputs.Inputs) { return func(in *inputs.Inputs) { in.WaitFor = waitFor } }
	for _, test := range []struct {
		name     string
		scenario string
		services []string
		deny     []string
		refuse   map[string]int
		late     map[string]time.Duration
		change   func(*inputs.Inputs)
		cancel   time.Duration
		want     []string
		calls    []string // that changed something, behind the registrations and the updates
		err      string
	}{
		{name: "it succeeds", scenario: "healthy", want: []string{"web succeeded complete web:42"}},
		{name: "it is not waited for", scenario: "healthy", change: waitingFor("none"), want: []string{"web succeeded unwaited web:42"}},
		{name: "until all run", scenario: "healthy", change: waitingFor("running"), want: []string{"web succeeded running web:42"}},
		{name: "to a stage", scenario: "blue-green", change: waitingFor("test-traffic-shift"), want: []string{"web succeeded stage web:42"}},
		{name: "it changes nothing", scenario: "healthy", change: func(in *inputs.Inputs) { in.Images = nil; in.ForceNewDeployment = new(bool) },
			want: []string{"web unchanged unstarted web:41"}},
		{name: "ECS gives it up", scenario: "crash", want: []string{"web failed stopped left as-is web:42"}},
		{name: "and we roll it back", scenario: "crash", change: back, want: []string{"web rolled-back stopped return done web:41"}, calls: []string{"StopServiceDeployment", "UpdateService"}},
		{name: "ECS rolls it back", scenario: "crash-rollback", change: back, want: []string{"web rolled-back rolled-back web:41"}},
		{name: "it is hopeless", scenario: "crash-loop", want: []string{"web failed hopeless left as-is web:42"}},
		{name: "it times out", scenario: "stuck", change: func(in *inputs.Inputs) { in.Timeout = 2 * time.Minute }, want: []string{"web timed-out timed-out left as-is web:42"}},
		{name: "it times out and is rolled back", scenario: "stuck", change: func(in *inputs.Inputs) { back(in); in.Timeout = 2 * time.Minute },
			want: []string{"web rolled-back timed-out return done web:41"}, calls: []string{"StopServiceDeployment"}},
		{name: "and ECS cannot be asked to", scenario: "stuck", deny: []string{"StopServiceDeployment"}, change: func(in *inputs.Inputs) { back(in); in.Timeout = 2 * time.Minute },
			want: []string{"web rolled-back timed-out return done web:41"}, calls: []string{"StopServiceDeployment", "UpdateService"}},
		{name: "it completes when the timeout is over", scenario: "healthy", late: map[string]time.Duration{"ListTasks": 20 * time.Second},
			change: func(in *inputs.Inputs) { back(in); in.Timeout = 80 * time.Second }, want: []string{"web succeeded timed-out return complete web:42"}},
		{name: "it is superseded", scenario: "superseded", change: back, want: []string{"web superseded superseded web:43"}},
		{name: "it is deleted", scenario: "deleted", change: back, want: []string{"web failed deleted web:42"}},
		{name: "ECS cannot roll it back", scenario: "rollback-failed", change: back, want: []string{"web rollback-failed stuck left stuck web:42"}},
		{name: "what ran before fails too", scenario: "no-candidate", change: back, want: []string{"web rollback-failed hopeless return failed left stuck web:42"}, calls: []string{"StopServiceDeployment"}},
		{name: "what ran before was deregistered, and ECS cannot be asked", scenario: "revision-gone", deny: []string{"StopServiceDeployment"}, change: back,
			want: []string{"web rolled-back hopeless return done web:43"}, calls: []string{"StopServiceDeployment", "UpdateService"}},
		{name: "and it cannot be registered anew", scenario: "revision-gone", deny: []string{"StopServiceDeployment"}, refuse: map[string]int{"RegisterTaskDefinition": 1}, change: back,
			want: []string{"web rollback-failed hopeless return failed left stuck web:42"}, calls: []string{"StopServiceDeployment"}},
		{name: "the rollback cannot be followed", scenario: "crash", refuse: map[string]int{"DescribeServices": 76}, change: back,
			want: []string{"web failed stopped return lost left going-on web:41"}, calls: []string{"StopServiceDeployment", "UpdateService"}},
		{name: "the run is cancelled", scenario: "slow", cancel: time.Minute, want: []string{"web cancelled cancelled left as-is web:42"}},
		{name: "cancelled, and the rollback is asked for", scenario: "slow", change: back, cancel: time.Minute,
			want: []string{"web cancelled cancelled return asked web:42"}, calls: []string{"StopServiceDeployment"}},
		{name: "cancelled, and the rollback cannot be asked for", scenario: "slow", deny: []string{"StopServiceDeployment"}, refuse: map[string]int{"UpdateService": 1}, change: back, cancel: time.Minute,
			want: []string{"web cancelled cancelled return refused web:42"}, calls: []string{"StopServiceDeployment"}},
		{name: "one of three fails", scenario: "mixed", services: []string{"web", "api", "jobs"},
			want: []string{"web succeeded complete web:42", "api succeeded complete api:2", "jobs failed stopped left as-is jobs:2"}},
		{name: "one of three fails, and all are rolled back", scenario: "mixed", services: []string{"web", "api", "jobs"}, change: back,
			want:  []string{"web rolled-back complete return done for jobs web:41", "api rolled-back complete return done for jobs api:1", "jobs rolled-back stopped return done jobs:1"},
			calls: []string{"StopServiceDeployment", "UpdateService", "UpdateService", "UpdateService"}},
		{name: "an update is refused", scenario: "denied", err: "ecs:UpdateService for service web: not allowed", want: []string{"web failed untouched web:41"}},
		{name: "a look is refused", scenario: "healthy", refuse: map[string]int{"DescribeServices": 3}, change: back, err: "ecs:DescribeServices for service web: not allowed",
			want: []string{"web failed lost left unasked web:42"}},

		{name: "CodeDeploy succeeds", scenario: "codedeploy", want: []string{"web succeeded complete web:42"}, calls: []string{"CreateDeployment"}},
		{name: "until the traffic has moved", scenario: "codedeploy", change: waitingFor("running"), want: []string{"web succeeded shifted web:42"}, calls: []string{"CreateDeployment"}},
		{name: "CodeDeploy fails", scenario: "codedeploy-crash", want: []string{"web failed hopeless left as-is web:41"}, calls: []string{"CreateDeployment"}},
		{name: "CodeDeploy is cancelled", scenario: "codedeploy", change: back, cancel: time.Minute, want: []string{"web cancelled cancelled return asked web:41"},
			calls: []string{"CreateDeployment", "StopDeployment"}},
		{name: "CodeDeploy times out when it has moved the traffic", scenario: "codedeploy", change: func(in *inputs.Inputs) { back(in); in.Timeout = 4 * time.Minute },
			want: []string{"web rolled-back timed-out return done web:41"}, calls: []string{"CreateDeployment", "StopDeployment"}},
		{name: "CodeDeploy times out, and cannot be asked to stop", scenario: "codedeploy", deny: []string{"StopDeployment"}, change: func(in *inputs.Inputs) { back(in); in.Timeout = time.Minute },
			want: []string{"web rollback-failed timed-out return failed left stuck web:41"}, calls: []string{"CreateDeployment", "StopDeployment"}},
		{name: "an ECS service fails beside one under CodeDeploy", scenario: "codedeploy-mixed", services: []string{"web", "jobs"}, change: back,
			want:  []string{"web rolled-back shifted return done for jobs web:41", "jobs rolled-back stopped return done jobs:1"},
			calls: []string{"CreateDeployment", "StopDeployment", "StopServiceDeployment"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := open(t, test.scenario, test.deny...)
				w.refuse, w.late = test.refuse, test.late
				in := newImage(t)
				if test.change != nil {
					test.change(&in)
				}
				planned, err := plan.Make(in, w.survey(t, test.services...))
				require.NoError(t, err)
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				if test.cancel > 0 {
					time.AfterFunc(test.cancel, cancel)
				}
				result, err := Execute(ctx, w.clients, nil, planned, w.hear)
				if test.err == "" {
					require.NoError(t, err)
				} else {
					require.EqualError(t, err, test.err)
				}
				require.Equal(t, test.want, ends(result.Rollouts))
				calls := slices.DeleteFunc(w.changes(), func(call string) bool { return call == "RegisterTaskDefinition" })
				for range planned.Rollouts {
					if at := slices.Index(calls, "UpdateService"); at >= 0 {
						calls = slices.Delete(calls, at, at+1)
					}
				}
				slices.Sort(calls)
				require.ElementsMatch(t, test.calls, calls)
				for _, r := range result.Rollouts {
					requireTold(t, w.events, r)
				}
			})
		})
	}
}

// requireTold is about the events on a rollout: what was started has a verdict that was told, once for itself and once for
// each time it was rolled back, and what did not succeed was looked into, unless nobody could be asked, or AWS says it all.
func requireTold(t *testing.T, events []rollout.Event, r *rollout.Rollout) {
	t.Helper()
	count := map[string]int{}
	for _, event := range events {
		switch e := event.(type) {
		case rollout.Started:
			if e.Rollout == r {
				count["started"]++
			}
		case rollout.Decided:
			if e.Rollout == r {
				count["decided"]++
			}
		case rollout.Explained:
			if e.Rollout == r {
				count["explained"]++
			}
		case rollout.RollbackStarted:
			if e.Rollout == r {
				count["rolling back"]++
			}
		}
	}
	switch r.Verdict.Ending {
	case rollout.EndedUntouched:
		require.Empty(t, count)
	case rollout.EndedUnstarted, rollout.EndedUnwaited:
		require.Equal(t, map[string]int{"started": 1}, count)
	case rollout.EndedComplete, rollout.EndedRunning, rollout.EndedShifted, rollout.EndedAtStage, rollout.EndedSuperseded, rollout.EndedCancelled, rollout.EndedLost, rollout.EndedDeleted:
		require.Zero(t, count["explained"])
		require.Equal(t, 1, count["decided"])
	default:
		require.Equal(t, 1, count["explained"], r.Verdict.Ending)
		require.Equal(t, 1, count["decided"])
	}
	if r.Phase != rollout.PhasePlanned {
		require.True(t, r.EventsSince.Before(r.Deployment.Created), "its own first event is told")
	}
	if back := r.Verdict.Return; back != nil && back.To != nil && back.To.Deployment.ID != r.Deployment.ID {
		require.True(t, back.To.EventsSince.Before(back.To.Deployment.Created), "its own first event is told")
	}
	if back := r.Verdict.Return; back != nil {
		require.Equal(t, back.To != nil, count["rolling back"] == 1)
	}
}

func TestOperations(t *testing.T) {
	for _, test := range []struct {
		name     string
		scenario string
		operate  func(context.Context, *cloud.Clients, Operation, rollout.Emit) (rollout.Result, error)
		deny     []string
		waitFor  rollout.WaitFor // stable, if it is not given
		want     string
		calls    []string
		err      string
	}{
		{name: "status of a pause", scenario: "waiting", operate: Status, want: "web unchanged status web:42"},
		{name: "status, at rest", scenario: "healthy", operate: Status, want: "web unchanged status web:41"},
		{name: "status without the service deployment", scenario: "waiting", operate: Status, deny: []string{"ListServiceDeployments"}, want: "web unchanged status web:42"},
		{name: "status of CodeDeploy", scenario: "codedeploy-waiting", operate: Status, want: "web unchanged status web:41"},
		{name: "continue", scenario: "waiting", operate: Continue, want: "web succeeded complete web:42", calls: []string{"ContinueServiceDeployment"}},
		{name: "continue through all pauses", scenario: "canary-waiting", operate: Continue, want: "web succeeded complete web:42", calls: []string{"ContinueServiceDeployment", "ContinueServiceDeployment"}},
		{name: "continue once", scenario: "canary-waiting", operate: ContinueOnce, want: "web timed-out timed-out left as-is web:42", calls: []string{"ContinueServiceDeployment"}},
		{name: "roll back what ECS is rolling back", scenario: "rolling-back", operate: RollBack, want: "web succeeded returned web:41"},
		{name: "roll back what completes first", scenario: "rollback-too-late", operate: RollBack, want: "web succeeded returned web:41", calls: []string{"StopServiceDeployment", "UpdateService"}},
		{name: "continue, and do not wait", scenario: "waiting", operate: Continue, waitFor: rollout.DoNotWait, want: "web succeeded continued web:42", calls: []string{"ContinueServiceDeployment"}},
		{name: "continue what does not wait", scenario: "healthy", operate: Continue, err: "operation: continue: service web is not waiting to be continued"},
		{name: "continue, not allowed", scenario: "waiting", operate: Continue, deny: []string{"ContinueServiceDeployment"}, want: "web failed paused web:42",
			calls: []string{"ContinueServiceDeployment"}, err: "ecs:ContinueServiceDeployment for service deployment TrkiV66PXLI8tnuKtElIh: not allowed"},
		{name: "continue CodeDeploy", scenario: "codedeploy-waiting", operate: Continue, waitFor: rollout.AllRun, want: "web succeeded shifted web:42", calls: []string{"ContinueDeployment"}},
		{name: "roll back what is under way", scenario: "waiting", operate: RollBack, want: "web succeeded returned web:41", calls: []string{"StopServiceDeployment"}},
		{name: "roll back to what the last but one had", scenario: "two-deployments", operate: RollBack, want: "web succeeded returned web:41", calls: []string{"UpdateService"}},
		{name: "roll back, and do not wait", scenario: "waiting", operate: RollBack, waitFor: rollout.DoNotWait, want: "web succeeded return-started web:42", calls: []string{"StopServiceDeployment"}},
		{name: "roll back, not allowed", scenario: "two-deployments", operate: RollBack, deny: []string{"UpdateService"}, waitFor: rollout.DoNotWait,
			want: "web failed return-refused web:42", calls: []string{"UpdateService"}, err: "ecs:UpdateService for service web: not allowed"},
		{name: "roll back to nothing", scenario: "bake", operate: RollBack, err: "operation: rollback: AWS has no record of a successful deployment of service web other than of web:41, which it runs"},
		{name: "roll back what was rolled back", scenario: "rolled-back-before", operate: RollBack, want: "web unchanged returned-already web:42"},
		{name: "roll CodeDeploy back", scenario: "codedeploy-busy", operate: RollBack, want: "web succeeded returned web:41", calls: []string{"StopDeployment"}},
		{name: "roll back what CodeDeploy is rolling back", scenario: "codedeploy-rolling-back", operate: RollBack, want: "web succeeded returned web:41"},
		{name: "roll back what CodeDeploy left with a share", scenario: "codedeploy-left-split", operate: RollBack, want: "web succeeded returned web:41", calls: []string{"CreateDeployment"}},
		{name: "roll CodeDeploy back to the one before", scenario: "codedeploy", operate: RollBack, want: "web succeeded returned web:40", calls: []string{"CreateDeployment"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := open(t, test.scenario, test.deny...)
				op := Operation{Services: w.survey(t).Services, WaitFor: rollout.Stable, Timeout: time.Hour, RollbackTimeout: time.Hour}
				if test.waitFor != "" {
					op.WaitFor = test.waitFor
				}
				result, err := test.operate(t.Context(), w.clients, op, w.hear)
				if test.err == "" {
					require.NoError(t, err)
				} else {
					require.EqualError(t, err, test.err)
				}
				require.Equal(t, test.want, strings.Join(ends(result.Rollouts), ""))
				require.Equal(t, test.calls, w.changes())
			})
		})
	}
}

// A deployment that this run rolls back, and how that ended × how it had ended × whether it is one of its own.
func TestWentBack(t *testing.T) {
	revision := func(id string) string { return "arn:aws:ecs:eu-west-1:1:task-definition/" + id }
	for _, test := range []struct {
		name  string
		ended rollout.Outcome // of the rollback
		again bool            // it is a deployment of its own
		runs  string          // by then
		err   error
		want  rollout.Verdict
	}{
		{"rolled back", rollout.RolledBack, false, "web:41", nil, rollout.Verdict{Outcome: rollout.RolledBack, To: revision("web:41"), Return: &rollout.Return{End: rollout.ReturnDone}}},
		{"rolled back to an older one than what ran before", rollout.RolledBack, false, "web:40", nil, rollout.Verdict{Outcome: rollout.RolledBack, To: revision("web:40"), Return: &rollout.Return{End: rollout.ReturnDone}}},
		{"rolled back to the same revision, after a restart", rollout.RolledBack, false, "web:42", nil, rollout.Verdict{Outcome: rollout.RolledBack, To: revision("web:42"), Return: &rollout.Return{End: rollout.ReturnDone}}},
		{"deployed again, and that was rolled back to what it deployed", rollout.RolledBack, true, "web:41", nil, rollout.Verdict{Outcome: rollout.RolledBack, To: revision("web:41"), Return: &rollout.Return{End: rollout.ReturnDone}}},
		{"deployed again", rollout.Succeeded, true, "web:41", nil, rollout.Verdict{Outcome: rollout.RolledBack, To: revision("web:41"), Return: &rollout.Return{End: rollout.ReturnDone}}},
		{"deployed again, and that failed", rollout.Failed, true, "web:42", nil, rollout.Verdict{Outcome: rollout.RollbackFailed, Left: rollout.LeftStuck, Return: &rollout.Return{End: rollout.ReturnFailed}}},
		{"deployed again, and that was rolled back", rollout.RolledBack, true, "web:42", nil, rollout.Verdict{Outcome: rollout.RollbackFailed, Left: rollout.LeftStuck, Return: &rollout.Return{End: rollout.ReturnFailed}}},
		{"it timed out", rollout.TimedOut, false, "web:42", nil, rollout.Verdict{Outcome: rollout.RollbackFailed, Left: rollout.LeftStuck, Return: &rollout.Return{End: rollout.ReturnFailed}}},
		{"it failed", rollout.RollbackFailed, false, "web:42", nil, rollout.Verdict{Outcome: rollout.RollbackFailed, Left: rollout.LeftStuck, Return: &rollout.Return{End: rollout.ReturnFailed}}},
		{"overtaken", rollout.Superseded, false, "web:43", nil, rollout.Verdict{Outcome: rollout.Superseded, Return: &rollout.Return{End: rollout.ReturnOvertaken}}},
		{"cancelled", rollout.Cancelled, true, "web:41", nil, rollout.Verdict{Outcome: rollout.Cancelled, Return: &rollout.Return{End: rollout.ReturnCancelled}}},
		{"lost", rollout.Failed, false, "web:42", io.EOF, rollout.Verdict{Outcome: rollout.Failed, Left: rollout.LeftGoingOn, Return: &rollout.Return{End: rollout.ReturnLost, Err: io.EOF}}},
		{"lost, though it seemed to be done", rollout.RolledBack, false, "web:41", io.EOF, rollout.Verdict{Outcome: rollout.Failed, Left: rollout.LeftGoingOn, Return: &rollout.Return{End: rollout.ReturnLost, Err: io.EOF}}},
		{"it came to its good end all the same", rollout.Succeeded, false, "web:42", nil, rollout.Verdict{Outcome: rollout.RollbackFailed, Left: rollout.LeftStuck, Return: &rollout.Return{End: rollout.ReturnFailed}}},
	} {
		r := &rollout.Rollout{
			Revision: rollout.RevisionResult{Revision: rollout.Named(revision("web:42")), Previous: rollout.Named(revision("web:41"))},
			Verdict:  rollout.Verdict{Outcome: rollout.Failed, Ending: rollout.EndedGivenUp, Return: &rollout.Return{}},
			Look:     rollout.Look{Deployment: rollout.Deployment{ID: "ecs-svc/2", Running: 1, Pending: 1}},
		}
		back := &rollout.Rollout{Verdict: rollout.Verdict{Outcome: test.ended, Ending: rollout.EndedComplete}, Revision: rollout.RevisionResult{Revision: rollout.Named(revision(map[bool]string{false: "web:42", true: "web:41"}[test.again]))}, Look: rollout.Look{
			Deployment: rollout.Deployment{ID: map[bool]string{false: "ecs-svc/2", true: "ecs-svc/3"}[test.again]},
			Service:    rollout.Service{Deployments: []rollout.Deployment{{ID: "x", Status: rollout.DeploymentPrimary, TaskDefinition: revision(test.runs)}}},
		}}
		if test.ended == rollout.RolledBack {
			back.Verdict.To = revision(test.runs)
		}
		wentBack(r, back, test.err)
		if test.want.Ending == "" {
			test.want.Ending = rollout.EndedGivenUp
		}
		require.Equal(t, test.want, r.Verdict, test.name)
		require.Equal(t, back.Service, r.Service, test.name)
		gone := test.want.Outcome == rollout.RolledBack
		require.Equal(t, gone, r.Deployment.Running == 0 && r.Deployment.Pending == 0, test.name)
	}
}

func TestWhatWasNotTakenBackStays(t *testing.T) {
	for _, test := range []struct {
		why  error
		want rollout.Verdict
	}{
		{errAlone(rollout.ReturnSuperseded), rollout.Verdict{Outcome: rollout.Superseded, Return: &rollout.Return{End: rollout.ReturnSuperseded}}},
		{errAlone(rollout.ReturnComplete), rollout.Verdict{Outcome: rollout.Succeeded, Return: &rollout.Return{End: rollout.ReturnComplete}}},
		{errAlone(rollout.ReturnNeedless), rollout.Verdict{Outcome: rollout.Failed, Return: &rollout.Return{End: rollout.ReturnNeedless}}},
		{io.EOF, rollout.Verdict{Outcome: rollout.RollbackFailed, Left: rollout.LeftStuck, Return: &rollout.Return{End: rollout.ReturnFailed}}},
	} {
		r := &rollout.Rollout{Verdict: rollout.Verdict{Outcome: rollout.Failed, Return: &rollout.Return{}}}
		stays(r, test.why)
		test.want.Return.Err = test.why
		require.Equal(t, test.want, r.Verdict)
	}
}
