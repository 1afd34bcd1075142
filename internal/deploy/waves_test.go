package deploy

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"ecs-deploy/internal/ecssim"
	"ecs-deploy/internal/plan"
	"ecs-deploy/internal/rollout"
)

// betweenWaves deploys two services one after the other, and asks when the second is looked at before its wave begins
// whether that is to be refused.
func betweenWaves(t *testing.T, denies func(cancel context.CancelFunc) bool) (rollout.Result, error) {
	t.Helper()
	var result rollout.Result
	var err error
	synctest.Test(t, func(t *testing.T) {
		w := openWorld(t, ecssim.Fleet(1))
		in := newImage(t)
		in.RollbackOnFailure = true
		found := w.survey(t, "web", "web-001")
		found.Services[1].Wave = 1
		planned, mistake := plan.Make(in, found)
		require.NoError(t, mistake)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		decided := false
		w.denies = func(operation string) bool {
			if !decided || operation != "DescribeServices" {
				return false
			}
			decided = false
			return denies(cancel)
		}
		result, err = Execute(ctx, w.clients, nil, planned, func(event rollout.Event) {
			if _, is := event.(rollout.Decided); is {
				decided = true
			}
		})
	})
	return result, err
}

// A run that is cancelled between two waves asks for what it has deployed to go back.
func TestACancelBetweenWavesAsksForTheRollback(t *testing.T) {
	result, err := betweenWaves(t, func(cancel context.CancelFunc) bool { cancel(); return false })
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, []string{
		"web cancelled complete return asked for web-001 web:42", "web-001 not-started untouched web:41",
	}, ends(result.Rollouts))
}

// Where AWS refuses to tell how the next wave stands, what was deployed goes back.
func TestARefusalBetweenWavesRollsBack(t *testing.T) {
	result, err := betweenWaves(t, func(context.CancelFunc) bool { return true })
	var p *rollout.Problem
	require.True(t, errors.As(err, &p))
	require.Equal(t, rollout.Refused, p.Kind)
	require.Equal(t, []string{
		"web rolled-back complete return done for web-001 web:41", "web-001 not-started untouched web:41",
	}, ends(result.Rollouts))
}
