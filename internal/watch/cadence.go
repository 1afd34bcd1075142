package watch

import (
	"time"

	"ecs-deploy/internal/cloud"
	"ecs-deploy/internal/rollout"
)

const (
	// lookInterval is the time between two looks at many services, and at tasks that run once. For hundreds of services
	// it is longer, by perServiceInterval for each, so that looking takes half of what ECS lets everybody in the account
	// look, 20 services' descriptions a second, ten services each
	// (https://docs.aws.amazon.com/AmazonECS/latest/APIReference/request-throttling.html).
	lookInterval       = 2 * time.Second
	perServiceInterval = 10 * time.Millisecond

	// One service, and as many as one call describes, are looked at often where something happens or is about to, and
	// seldom where nothing does.
	fewServices    = 10
	soonInterval   = time.Second
	seldomInterval = 4 * time.Second

	// soonAge is how long something is expected to follow a change, and nearAge how long the end is expected once it is
	// near.
	soonAge = 6 * time.Second
	nearAge = time.Minute

	// usualMargin is how long before and after its usual end a deployment is expected to end.
	usualMargin = 15 * time.Second

	// mostSlowdown is how much longer the time between two looks gets while ECS throttles: then others look too.
	mostSlowdown = 4
)

// interval is the time until the next look. The first is at once.
func (w *watcher) interval() time.Duration {
	open := w.undecided()
	if len(open) > 0 && !open[0].looked {
		return 0
	}
	interval := max(lookInterval, time.Duration(len(open))*perServiceInterval)
	if len(open) > 0 && len(open) <= fewServices {
		interval = seldomInterval
		for _, f := range open {
			interval = min(interval, f.interval(time.Now()))
		}
	}
	return interval * time.Duration(w.slowdown)
}

func (f *follower) interval(now time.Time) time.Duration {
	still := now.Sub(f.movedAt)
	left := f.Progress.Remaining
	isTold := left > 0 || f.Progress.Wait == rollout.WaitTermination // by AWS, how long it still takes
	switch {
	case still < soonAge, isTold && left <= usualMargin, !isTold && still < nearAge && f.isNearItsEnd(now):
		return soonInterval
	}
	return min(max(still/5, lookInterval), seldomInterval)
}

// isNearItsEnd tells whether a deployment may end any moment: the old tasks are going, tasks fail, it is being rolled
// back, or deployments of the service usually end about now.
func (f *follower) isNearItsEnd(now time.Time) bool {
	at, age := f.Progress, now.Sub(f.Since)
	usually := f.Usual.Known() && age >= f.Usual.Fastest-usualMargin && age <= f.Usual.Slowest+usualMargin
	goes := at.Running >= at.Wanted && at.Older < f.older
	back := f.GoingBack || at.State == string(rollout.ServiceDeploymentRollbackInProgress)
	return goes || usually || back || at.Failed > 0
}

// throttled slows the looks down while ECS throttles them, and makes them faster again.
func (w *watcher) throttled(err error) {
	if cloud.Throttled(err) {
		w.slowdown = min(w.slowdown*2, mostSlowdown)
	} else if err == nil {
		w.slowdown = max(w.slowdown-1, 1)
	}
}
