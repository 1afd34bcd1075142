package rollout

import "time"

// Strategy is how the deployments of a service shift traffic, as it is configured; zero: they replace tasks step by
// step.
type Strategy struct {
	Name         string        // BLUE_GREEN, LINEAR or CANARY
	Steps        int           // in which production traffic is moved
	StepInterval time.Duration // between two of them
	BakeInterval time.Duration // when all has moved, before the old tasks go; of rolling deployments, too
	Pauses       []Pause
	NLB          bool // behind a Network Load Balancer
	Lattice      bool // behind VPC Lattice
}

// Pause is a stage at which deployments wait for approval.
type Pause struct {
	Stage   string
	Timeout time.Duration
}

// What ECS adds to each change of the traffic, so that it gets to where the traffic is:
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/nlb-resources-for-blue-green.html and
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/vpc-lattice-resources-for-blue-green.html.
const (
	nlbInterval          = 10 * time.Minute
	latticeInterval      = 90 * time.Second
	latticeScaleInterval = 3 * time.Minute
)

// SetWaits are how long a deployment waits as its configuration has it: between the steps of the traffic, and after the
// last.
func (s Strategy) SetWaits() time.Duration {
	if s.Name == "" {
		return 0 // a bake time has an effect with alarms alone
	}
	return s.BakeInterval + time.Duration(s.Steps-1)*s.StepInterval
}

// Waits are how long a deployment waits, whatever its tasks need, by what is known of ECS. Pauses are not in it, which
// someone may end.
func (s Strategy) Waits() time.Duration {
	if s.Name == "" {
		return s.BakeInterval
	}
	waits := s.SetWaits()
	changes := time.Duration(s.Steps + 1) // of production traffic, and of test traffic
	if s.NLB {
		waits += changes * nlbInterval
	}
	if s.Lattice {
		waits += latticeScaleInterval + changes*latticeInterval
	}
	return waits
}

// PauseTimeout is how long the pauses of a deployment last if nobody ends them. The stage before production traffic
// comes anew at each step.
func (s Strategy) PauseTimeout() time.Duration {
	var timeout time.Duration
	for _, pause := range s.Pauses {
		times := 1
		if pause.Stage == StagePreProduction {
			times = s.Steps
		}
		timeout += time.Duration(times) * pause.Timeout
	}
	return timeout
}
