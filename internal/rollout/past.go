package rollout

import (
	"slices"
	"time"
)

// PastDeployment is a deployment of a service that is over.
type PastDeployment struct {
	ID        string // of the deployment
	Status    string // as AWS calls it
	Succeeded bool   // it came to its good end
	Reason    string // what AWS says about its end
	Made      string // what AWS remembers of what it deployed: the ARN of a service revision, or the sum of an AppSpec
	Started   time.Time
	Finished  time.Time
	Revision  Revision // that it deployed; the zero value where that is not known
}

// Took is how long it took; 0: that is not known.
func (p PastDeployment) Took() time.Duration {
	if p.Started.IsZero() || p.Finished.Before(p.Started) {
		return 0
	}
	return p.Finished.Sub(p.Started)
}

// Usual is how long the last successful deployments of a service took.
type Usual struct {
	Deployments              int
	Median, Fastest, Slowest time.Duration
}

// mostUsual is how many deployments tell how long one usually takes, and leastUsual how many must.
const (
	mostUsual  = 5
	leastUsual = 2
)

// Known tells whether it was looked at, and there were enough of them to tell.
func (u *Usual) Known() bool { return u != nil && u.Deployments >= leastUsual }

// UsualOf is how long the last of some deployments took that succeeded. They are given newest first.
func UsualOf(past []PastDeployment) *Usual {
	var took []time.Duration
	for _, p := range past {
		if p.Succeeded && p.Took() > 0 && len(took) < mostUsual {
			took = append(took, p.Took())
		}
	}
	if len(took) == 0 {
		return &Usual{}
	}
	slices.Sort(took)
	return &Usual{Deployments: len(took), Median: took[len(took)/2], Fastest: took[0], Slowest: took[len(took)-1]}
}
