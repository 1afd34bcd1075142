package action

import (
	"context"
	"math/rand/v2"
	"sync"

	"ecs-deploy/internal/cloud"
	"ecs-deploy/internal/ecssim"
	"ecs-deploy/internal/virtual"
)

// rehearse plays a run against a scenario of the simulator, in virtual time.
func rehearse(
	scenario string, play func(ctx context.Context, simulator cloud.HTTPClient, jitter func() float64),
) error {
	chosen, err := ecssim.Named(scenario)
	if err != nil {
		return err
	}
	virtual.Run(func(ctx context.Context, pace float64) {
		sim := ecssim.New(chosen)
		sim.SetPace(pace)
		play(ctx, sim, steadyJitter())
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
