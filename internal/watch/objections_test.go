package watch

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"ecs-deploy/internal/rollout"
)

// objecting has what load balancers have against tasks told.
func objecting(until Until) Until {
	until.Objections = func(evidence rollout.Evidence) []rollout.Finding {
		if len(evidence.Targets) == 0 {
			return nil
		}
		return []rollout.Finding{{About: rollout.AboutTargets, Tasks: len(evidence.Targets)}}
	}
	return until
}

func TestObjectionsAreToldOnceForTheTasksThatRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := open(t, "never-healthy")
		rollouts := w.update(t, "web")
		began := time.Now()
		var at []time.Duration
		hear := func(event rollout.Event) {
			if e, is := event.(rollout.TargetsUnhealthy); is {
				at = append(at, time.Since(began).Round(time.Minute))
				require.Equal(t, []rollout.Finding{{About: rollout.AboutTargets, Tasks: 2}}, e.Findings)
			}
			w.hear(event)
		}
		require.NoError(t, Follow(t.Context(), w.clients, All(rollouts), objecting(forStable(time.Hour)), hear))
		require.Equal(t, []time.Duration{2 * time.Minute}, at) // they run after 37 seconds
	})
}
