package deploy

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"ecs-deploy/internal/ecssim"
	"ecs-deploy/internal/plan"
	"ecs-deploy/internal/rollout"
)

// rolled is what became of forty services, whose updates take two and a half minutes, and when that was told.
type rolled struct {
	result             rollout.Result
	err                error
	started, decided   map[string]time.Duration
	updates            int
	firstLook, endedAt time.Duration
	fault              any // with which it ended
}

// roll deploys forty services, of which eight are updated at the same time, in half a minute. They are updated before
// the first fails, when it does, and after.
func roll(t *testing.T, fleet func(int) ecssim.Scenario, back bool, change func(*world, context.CancelFunc)) rolled {
	t.Helper()
	did := rolled{started: map[string]time.Duration{}, decided: map[string]time.Duration{}}
	synctest.Test(t, func(t *testing.T) {
		const others = 39
		w := openWorld(t, fleet(others))
		names := []string{"web"}
		for i := range others {
			names = append(names, fmt.Sprintf("web-%03d", i+1))
		}
		in := newImage(t)
		in.RollbackOnFailure = back
		planned, err := plan.Make(in, w.survey(t, names...))
		require.NoError(t, err)
		w.slow = map[string]time.Duration{"UpdateService": 30 * time.Second}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		if change != nil {
			change(w, cancel)
		}
		before, began := len(w.Calls()), time.Now()
		defer func() { did.fault = recover() }()
		did.result, did.err = Execute(ctx, w.clients, nil, planned, func(event rollout.Event) {
			switch e := event.(type) {
			case rollout.Started:
				did.started[e.Rollout.Service.Name] = time.Since(began)
			case rollout.Decided:
				if _, again := did.decided[e.Rollout.Service.Name]; !again {
					did.decided[e.Rollout.Service.Name] = time.Since(began)
				}
			case rollout.RollbackStarted:
				w.mu.Lock()
				w.slow = nil
				w.mu.Unlock()
			}
		})
		did.endedAt = time.Since(began)
		for _, call := range w.Calls()[before:] {
			switch call.Operation {
			case "UpdateService":
				did.updates++
			case "DescribeServices":
				if did.firstLook == 0 {
					did.firstLook = call.At.Sub(began)
				}
			}
		}
	})
	return did
}

// untouched counts the services that were not updated.
func (r rolled) untouched() (n int) {
	for _, of := range r.result.Rollouts {
		if of.Verdict.Ending == rollout.EndedUntouched {
			n++
		}
	}
	return n
}

func crashing(others int) ecssim.Scenario { return ecssim.Fleet(others).Crashing(false) }

func TestServicesAreFollowedWhileOthersAreStillUpdated(t *testing.T) {
	did := roll(t, ecssim.Fleet, false, nil)
	require.NoError(t, did.err)
	require.Equal(t, rollout.Succeeded, did.result.Outcome())
	require.Less(t, did.firstLook, 31*time.Second, "as soon as the first are updated")
	require.Less(t, did.decided["web"], did.started["web-039"], "the first is there before the last is updated")
	require.Len(t, did.decided, 40)
}

// Without a rollback, each service goes its own way.
func TestAFailureWhileOthersAreStillUpdated(t *testing.T) {
	did := roll(t, crashing, false, nil)
	require.NoError(t, did.err)
	require.Less(t, did.decided["web"], did.started["web-039"])
	require.Equal(t, []int{40, 0}, []int{did.updates, did.untouched()})
	require.Equal(t, "web failed stopped left as-is web:42", ends(did.result.Rollouts)[0])
	require.NotEmpty(t, did.result.Rollouts[0].Findings, "it is explained")
	require.Equal(t, "web-039 succeeded complete web:42", ends(did.result.Rollouts)[39])
}

// With it, what was not begun is left alone, and all that was begun goes back.
func TestAFailureEndsTheUpdatesThatHaveNotBegun(t *testing.T) {
	did := roll(t, crashing, true, nil)
	require.NoError(t, did.err)
	require.Equal(t, rollout.RolledBack, did.result.Outcome())
	require.Greater(t, did.untouched(), 7)
	require.Equal(t, "web rolled-back stopped return done web:41", ends(did.result.Rollouts)[0])
	require.NotEmpty(t, did.result.Rollouts[0].Findings)
	for _, of := range did.result.Rollouts[1:] {
		primary, _ := of.Service.Primary()
		require.Equal(t, "web:41", rollout.RevisionID(primary.TaskDefinition), of.Service.Name)
		if of.Verdict.Ending == rollout.EndedUntouched {
			require.Equal(t, rollout.NotStarted, of.Verdict.Outcome)
			require.Zero(t, did.started[of.Service.Name])
			continue
		}
		require.Equal(t, rollout.RolledBack, of.Verdict.Outcome)
		require.Equal(t, "web", of.Verdict.Return.For)
	}
	require.Equal(t, "web", did.result.Foremost().Service.Name)
}

// What AWS refuses to tell ends the run, and the updates that have not begun.
func TestALookThatIsRefusedEndsTheUpdates(t *testing.T) {
	did := roll(t, ecssim.Fleet, true, func(w *world, _ context.CancelFunc) { w.refuse = map[string]int{"DescribeServices": 5} })
	require.EqualError(t, did.err, "ecs:DescribeServices for service web and 7 others: not allowed")
	require.Greater(t, did.untouched(), 7)
	require.Equal(t, "web failed lost left unasked web:42", ends(did.result.Rollouts)[0])
}

// An update that is under way when the run is cancelled may have an effect: that is not known, and said. What was not sent
// has none.
func TestACancelWhileServicesAreUpdated(t *testing.T) {
	did := roll(t, ecssim.Fleet, true, func(_ *world, cancel context.CancelFunc) { time.AfterFunc(45*time.Second, cancel) })
	require.Error(t, did.err)
	ended := ends(did.result.Rollouts)
	require.Equal(t, "web cancelled cancelled return asked web:42", ended[0])
	require.Equal(t, "web-015 failed untouched web:41", ended[15])
	require.True(t, did.result.Rollouts[15].Verdict.Unsure)
	require.Equal(t, "web-016 not-started untouched web:41", ended[16])
	require.Equal(t, "web-039 not-started untouched web:41", ended[39])
}

// Updates that wait for their turn when the run is cancelled were not sent, and nobody looks for what they did.
func TestACancelWhileUpdatesWaitForTheirTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const others = 99
		w := openWorld(t, ecssim.Fleet(others))
		names := []string{"web"}
		for i := range others {
			names = append(names, fmt.Sprintf("web-%03d", i+1))
		}
		planned, err := plan.Make(newImage(t), w.survey(t, names...))
		require.NoError(t, err)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var cancelled time.Time
		time.AfterFunc(5100*time.Millisecond, func() { cancelled = time.Now(); cancel() })
		result, err := Execute(ctx, w.clients, nil, planned, func(rollout.Event) {})
		require.ErrorIs(t, err, context.Canceled)
		require.Zero(t, time.Since(cancelled), "it ends at once")
		outcomes := map[rollout.Outcome]int{}
		for _, r := range result.Rollouts {
			require.False(t, r.Verdict.Unsure)
			outcomes[r.Verdict.Outcome]++
		}
		require.Equal(t, 100, outcomes[rollout.Cancelled]+outcomes[rollout.NotStarted])
		require.Greater(t, outcomes[rollout.NotStarted], 20)
	})
}

// A fault in an update ends the updates, and the run once what was begun has ended.
func TestAFaultInAnUpdateEndsTheUpdates(t *testing.T) {
	updates := 0 // with those of the rollback
	did := roll(t, crashing, true, func(w *world, _ context.CancelFunc) {
		w.called = func(operation string) {
			if operation != "UpdateService" {
				return
			}
			if updates++; updates == 3 {
				panic("the sky falls")
			}
		}
	})
	require.Equal(t, "the sky falls", fmt.Sprint(did.fault))
	require.Less(t, updates, 30)
}

func TestARunThatStartedNothingMoreIsNoSuccess(t *testing.T) {
	of := func(outcome rollout.Outcome) *rollout.Rollout {
		return &rollout.Rollout{Verdict: rollout.Verdict{Outcome: outcome}}
	}
	result := rollout.Result{Rollouts: []*rollout.Rollout{of(rollout.Succeeded), of(rollout.NotStarted)}}
	require.Equal(t, rollout.Failed, result.Outcome(), "what was given up has come to a good end since")
}

// What succeeded goes back for the sake of a service that ECS has rolled back itself, and of one alone too.
func TestOneGoesBackForTheSakeOfOneThatECSRolledBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := openWorld(t, ecssim.Fleet(1).Crashing(true))
		in := newImage(t)
		in.RollbackOnFailure = true
		planned, err := plan.Make(in, w.survey(t, "web", "web-001"))
		require.NoError(t, err)
		result, err := Execute(t.Context(), w.clients, nil, planned, w.hear)
		require.NoError(t, err)
		require.Equal(t, []string{"web rolled-back rolled-back web:41", "web-001 rolled-back complete return done for web web:41"}, ends(result.Rollouts))
	})
}
