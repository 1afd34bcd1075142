package watch

import (
	"cmp"
	"math"
	"slices"
	"time"

	"ecs-deploy/internal/cloud"
	"ecs-deploy/internal/rollout"
)

const (
	// lookInterval is the time between two looks at tasks that run once.
	lookInterval = 2 * time.Second

	// Services are looked at often where something happens or is about to, and seldom where nothing does.
	soonInterval   = time.Second
	seldomInterval = 4 * time.Second

	// servicesPerRound is how many are looked at in one round, and rounds are a second apart: so looking takes half of
	// what ECS lets everybody in the account look, 20 services' descriptions a second, ten services each
	// (https://docs.aws.amazon.com/AmazonECS/latest/APIReference/request-throttling.html).
	servicesPerRound = 100

	// fewServices are as many as one call describes.
	fewServices = 10

	// soonAge is how long something is expected to follow a change, and nearAge how long the end is expected once it is
	// near.
	soonAge = 6 * time.Second
	nearAge = time.Minute

	// usualMargin is how long before and after its usual end a deployment is expected to end.
	usualMargin = 15 * time.Second

	// mostSlowdown is how much longer the time between two looks gets while ECS throttles: then others look too.
	mostSlowdown = 4
)

// interval is the time until the next round. One that was never looked at is looked at as soon as may be.
func (w *watcher) interval() time.Duration {
	now := time.Now()
	next := seldomInterval * mostSlowdown
	for _, f := range w.undecided() {
		next = min(next, w.dueAt(f, now).Sub(now))
	}
	if !w.roundAt.IsZero() {
		next = max(next, w.roundAt.Add(w.slowed(soonInterval)).Sub(now))
	}
	return max(next, 0)
}

func (w *watcher) slowed(interval time.Duration) time.Duration {
	return interval * time.Duration(w.slowdown)
}

func (w *watcher) dueAt(f *follower, now time.Time) time.Time {
	if !f.looked {
		return now
	}
	return f.At.Add(w.slowed(f.interval(now)))
}

// due are the rollouts to look at in this round: those whose time has come, who have waited longest by their intervals
// first, and as many more as calls have room for.
func (w *watcher) due() []*follower {
	now := time.Now()
	open := w.undecided()
	if len(open) <= fewServices {
		return open
	}
	waited := make(map[*follower]float64, len(open)) // as a share of their intervals
	for _, f := range open {
		waited[f] = math.Inf(1)
		if f.looked {
			waited[f] = float64(now.Sub(f.At)) / float64(w.slowed(f.interval(now)))
		}
	}
	slices.SortStableFunc(open, func(a, b *follower) int { return cmp.Compare(waited[b], waited[a]) })
	n := slices.IndexFunc(open, func(f *follower) bool { return waited[f] < 1-jitter })
	if n < 0 {
		n = len(open)
	}
	n = (n + fewServices - 1) / fewServices * fewServices
	its := open[:min(max(n, fewServices), servicesPerRound, len(open))]
	return slices.DeleteFunc(w.undecided(), func(f *follower) bool { return !slices.Contains(its, f) })
}

// jitter is by how much a pause may be shorter than the interval.
const jitter = 0.1

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

// slowDown makes the looks seldom while ECS throttles them, or does not answer, and often again.
func (w *watcher) slowDown(err error) {
	switch {
	case cloud.Throttled(err):
		w.slowdown = min(w.slowdown*2, mostSlowdown)
	case err != nil:
		w.slowdown = max(w.slowdown, 2)
	default:
		w.slowdown = max(w.slowdown-1, 1)
	}
}
