package action

import (
	"context"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"

	"ecs-deploy/internal/cloud"
	"ecs-deploy/internal/ecssim"
)

// rehearse plays a run against a scenario of the simulator, in virtual time: the same code with the
// same waits, of which 20 minutes take a few milliseconds.
//
// It is why package testing is linked into the program. The standard library gives virtual time,
// testing/synctest, to tests only; the other ways to make a rehearsal quick are to change the waits,
// and so to rehearse something else, or to pass a clock through every package. synctest.Test needs
// no more of its T than that there is one: TestRehearsal fails should that change.
//
// The context is one of the bubble, which cannot wait for what is outside it, such as a signal: a
// rehearsal is over before anyone could cancel it.
func rehearse(scenario string, play func(ctx context.Context, simulator cloud.HTTPClient, jitter func() float64)) error {
	chosen, err := ecssim.Named(scenario)
	if err != nil {
		return err
	}
	synctest.Test(&testing.T{}, func(t *testing.T) {
		play(t.Context(), ecssim.New(chosen), steadyJitter())
	})
	return nil
}

// steadyJitter is the same in every rehearsal.
func steadyJitter() func() float64 {
	var mu sync.Mutex
	random := rand.New(rand.NewPCG(1, 2))
	return func() float64 {
		mu.Lock()
		defer mu.Unlock()
		return random.Float64()
	}
}
