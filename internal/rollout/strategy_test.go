package rollout

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestWhatStrategiesWaitFor(t *testing.T) {
	for name, test := range map[string]struct {
		strategy      Strategy
		waits, pauses time.Duration
	}{
		"step by step":                       {Strategy{}, 0, 0},
		"step by step, with alarms watched":  {Strategy{BakeInterval: 5 * time.Minute}, 5 * time.Minute, 0},
		"blue/green":                         {Strategy{Name: "BLUE_GREEN", Steps: 1, BakeInterval: 5 * time.Minute}, 5 * time.Minute, 0},
		"linear, at the defaults":            {Strategy{Name: "LINEAR", Steps: 10, StepInterval: 6 * time.Minute}, 54 * time.Minute, 0},
		"canary, at the defaults":            {Strategy{Name: "CANARY", Steps: 2, StepInterval: 10 * time.Minute}, 10 * time.Minute, 0},
		"behind a Network Load Balancer":     {Strategy{Name: "BLUE_GREEN", Steps: 1, NLB: true}, 20 * time.Minute, 0},
		"behind VPC Lattice":                 {Strategy{Name: "CANARY", Steps: 2, Lattice: true}, 3*time.Minute + 3*90*time.Second, 0},
		"with a pause before each step":      {Strategy{Name: "CANARY", Steps: 2, Pauses: []Pause{{StagePreProduction, time.Hour}}}, 0, 2 * time.Hour},
		"with a pause when it has scaled up": {Strategy{Name: "CANARY", Steps: 2, Pauses: []Pause{{"POST_SCALE_UP", time.Hour}}}, 0, time.Hour},
	} {
		require.Equal(t, test.waits, test.strategy.Waits(), name)
		require.Equal(t, test.pauses, test.strategy.PauseTimeout(), name)
	}
}
