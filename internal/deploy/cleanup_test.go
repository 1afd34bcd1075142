package deploy

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"ecs-deploy/internal/plan"
	"ecs-deploy/internal/rollout"
)

// ECS takes less than one deregistration a second: those that take long are told as they go, and what does not fit into
// the time that anybody would wait is left to the next run.
func TestCleaningUpIsNotSilentForLongAndDoesNotHoldTheJob(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := open(t, "healthy")
		w.slow = map[string]time.Duration{"DeregisterTaskDefinition": 9 * time.Second}
		in, keep := newImage(t), int32(1)
		in.KeepRevisions = &keep
		planned, err := plan.Make(in, w.survey(t))
		require.NoError(t, err)
		result, err := Execute(t.Context(), w.clients, nil, planned, w.hear)
		require.NoError(t, err)
		began := time.Now()
		CleanUp(t.Context(), w.clients, planned, result, w.hear)
		require.LessOrEqual(t, time.Since(began), cleanUpTimeout+w.slow["DeregisterTaskDefinition"], "a call that is under way is not broken off here")
		told, left := 0, 0
		times := 0
		for _, event := range w.events {
			if e, is := event.(rollout.Deregistered); is {
				told, left = told+len(e.Revisions), left+e.Left
				times++
			}
			_, failed := event.(rollout.NotDeregistered)
			require.False(t, failed, "it is no failure")
		}
		require.Greater(t, times, 1)
		require.Positive(t, left)
		require.Equal(t, 4, told+left)
	})
}
