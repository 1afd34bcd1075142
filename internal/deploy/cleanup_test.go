package deploy

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"ecs-deploy/internal/plan"
	"ecs-deploy/internal/rollout"
)

// ECS takes less than one deregistration a second: those that take long are told as they go.
func TestCleaningUpIsNotSilentForLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := open(t, "healthy")
		w.slow = map[string]time.Duration{"DeregisterTaskDefinition": 10 * time.Second}
		in, keep := newImage(t), int32(1)
		in.KeepRevisions = &keep
		planned, err := plan.Make(in, w.survey(t))
		require.NoError(t, err)
		_, err = Execute(t.Context(), w.client, planned, w.hear)
		require.NoError(t, err)
		told := 0
		for _, event := range w.events {
			if _, is := event.(rollout.Deregistered); is {
				told++
			}
		}
		require.Greater(t, told, 1)
	})
}
