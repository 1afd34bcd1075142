package watch

import (
	"cmp"
	"context"
	"slices"
	"time"

	"ecs-deploy/internal/kind"
	"ecs-deploy/internal/rollout"
)

// Joining is a rollout that comes to be followed, maybe while others are already.
type Joining struct {
	// Place is its place among those that come at the same time.
	Place int
	// Start files that it was started, and tells what there is to be followed; nil: nothing. It is called where the wait
	// runs, so that nobody else changes or reads rollouts meanwhile.
	Start func() *rollout.Rollout
}

// All is rollouts that were all started before they are followed.
func All(rollouts []*rollout.Rollout) <-chan Joining {
	joining := make(chan Joining, len(rollouts))
	for i, r := range rollouts {
		joining <- Joining{Place: i, Start: func() *rollout.Rollout { return r }}
	}
	close(joining)
	return joining
}

// gatherTimeout is how long it is waited for more to join when one has, so that one call looks at all of them first.
const gatherTimeout = 50 * time.Millisecond

// pause waits until it is time for the next round, and takes in who joins meanwhile. Without anyone to look at it lasts
// until nobody will join any more.
func (w *watcher) pause(ctx context.Context) error {
	for {
		open := w.undecided()
		if len(open) == 0 && w.joining == nil {
			return nil
		}
		var next <-chan time.Time
		if len(open) > 0 {
			deadline, _ := w.deadlines()
			next = time.After(min(w.clients.Jittered(w.interval()), time.Until(deadline)))
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-next:
			if w.timeOut(); len(w.undecided()) > 0 {
				return nil
			}
		case first, more := <-w.joining:
			w.join(first, more)
		}
	}
}

// join takes in who joins, and all who come with it, in their order.
func (w *watcher) join(first Joining, more bool) {
	var all []Joining
	for timeout := time.After(gatherTimeout); more; {
		all = append(all, first)
		select {
		case first, more = <-w.joining:
			continue
		case <-timeout:
		}
		break
	}
	if !more {
		w.joining = nil
	}
	w.follow(all)
}

// joinRest takes in all who are still to join.
func (w *watcher) joinRest() {
	var all []Joining
	for w.joining != nil {
		next, more := <-w.joining
		if !more {
			w.joining = nil
			break
		}
		all = append(all, next)
	}
	w.follow(all)
}

func (w *watcher) follow(all []Joining) {
	slices.SortStableFunc(all, func(a, b Joining) int { return cmp.Compare(a.Place, b.Place) })
	if len(w.undecided()) == 0 { // AWS was not asked
		w.lastAnswer = time.Now()
	}
	w.lastEvent = time.Now()
	for _, joining := range all {
		r := joining.Start()
		if r == nil {
			continue
		}
		r.Phase, r.At = rollout.PhaseStarted, r.Since
		r.Progress = kind.Of(r.Service).Progress(r)
		now := time.Now()
		w.followers = append(w.followers, &follower{
			Rollout: r, movedAt: now, deadline: now.Add(w.until.Timeout),
			reported: map[string]bool{}, stages: map[string]string{}, causes: map[rollout.Cause]bool{},
		})
	}
}
