// Package watch follows deployments, by their id, to their verdicts: a loop that looks, and has what it saw judged. It
// knows no kind of deployment.
package watch

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"ecs-deploy/internal/cloud"
	"ecs-deploy/internal/kind"
	"ecs-deploy/internal/rollout"
)

// looksAgain is how often it is tried to look once more at what was given up.
const looksAgain = 3

// Until says when to stop waiting.
type Until struct {
	WaitFor rollout.WaitFor
	Timeout time.Duration
	// Hopeless tells, of the tasks that failed, and where they run, whether more of them will: then, and when none runs,
	// the wait ends.
	Hopeless func(on rollout.Placement, failed []rollout.Task) (cause rollout.Cause, hopeless bool)
	// Objections is what load balancers have against tasks that run, by their targets and health checks, and Obstacles
	// what keeps tasks from running, by the events of the service.
	Objections, Obstacles func(rollout.Evidence) []rollout.Finding
	// Rollback tells that the deployments are rollbacks.
	Rollback bool
	// Continue tells that deployments are continued that wait for approval.
	Continue bool
	// Together tells that all are going to be rolled back if one fails.
	Together bool
	// Serial tells that the first that does not succeed keeps others from being started.
	Serial bool
	// Done is called for each that gets its verdict, and Halt when nothing more is to be started: one has failed for
	// whose sake all are going to be rolled back, or keeps others from being started, or
	// AWS refuses to be asked how they stand. It may be called again; nil: nobody starts anything.
	Done, Halt func()
}

// ErrTimeout is the cause of a wait's end that took longer than it may.
var ErrTimeout = errors.New("the timeout is over")

// Follow follows rollouts, wherever they are, from the moment that they join until each has its verdict. An error ends
// the wait at once: what AWS refuses will not mend by waiting. Throttles, faults of the server and broken connections
// are ridden out.
func Follow(
	ctx context.Context, clients *cloud.Clients, joining <-chan Joining, until Until, emit rollout.Emit,
) error {
	clients = clients.WithoutRetry()
	w := &watcher{
		clients: clients, carriers: clients.Carriers(), until: until, joining: joining,
		noTasks: map[rollout.Place]bool{}, noTargets: map[balancer]bool{}, slowdown: 1,
	}
	var emitting sync.Mutex
	w.emit = func(event rollout.Event) {
		emitting.Lock()
		defer emitting.Unlock()
		w.lastEvent = time.Now()
		emit(event)
	}
	w.began = time.Now()
	w.lastEvent, w.lastAnswer = w.began, w.began
	w.lastComplaint = w.began
	for {
		err := w.run(ctx)
		if err != nil || ctx.Err() != nil {
			return cmp.Or(err, w.lost)
		}
		w.lookAgain(ctx)
		if !w.reopen() {
			return w.lost
		}
	}
}

// reopen goes on with those whose wait was cut short because all were going to be rolled back, where that is not so any
// more: the one that was given up has come to a better end.
func (w *watcher) reopen() bool {
	if w.until.WaitFor != rollout.Stable || w.until.Rollback || w.doomed() {
		return false
	}
	reopened := false
	for _, f := range w.followers {
		if f.Phase == rollout.PhaseDecided && f.Verdict.Ending == rollout.EndedShifted {
			f.Phase, f.Verdict = rollout.PhaseStarted, rollout.Verdict{}
			reopened = true
		}
	}
	return reopened
}

// balancer is who sends the traffic in a place.
type balancer struct {
	rollout.Place
	name string
}

type watcher struct {
	clients       *cloud.Clients
	carriers      cloud.Carriers
	until         Until
	emit          rollout.Emit
	joining       <-chan Joining // nil: no more will join
	followers     []*follower
	noTasks       map[rollout.Place]bool // the tasks cannot be read
	noTargets     map[balancer]bool      // the health of its targets cannot be read
	lost          error                  // why AWS cannot be asked in a place any more
	looksLeft     int                    // how many services may still be looked into in this round
	roundAt       time.Time              // when the last one ended
	lastRound     time.Duration          // how long it took
	slowdown      int                    // how many times as long as usually it is until the next look
	began         time.Time
	lastEvent     time.Time // when something was last said
	lastAnswer    time.Time // when AWS last answered all that it was asked in a round
	lastComplaint time.Time // when it was last said that it does not
}

// follower is a rollout that is followed, and what was told of it.
type follower struct {
	*rollout.Rollout
	deadline time.Time
	looked   bool // at least once
	changed  bool // the last look showed something new
	failures int  // that have been looked into
	older    int  // the most tasks of other deployments that were seen to run
	failed   []rollout.Task

	movedAt      time.Time        // when it was last seen to have moved on
	objection    *rollout.Finding // what the load balancer has against the tasks that run
	runningSince time.Time        // since when some of its tasks run; zero: none does
	askedAt      time.Time        // when it was asked what load balancers have against those
	objected     bool             // it was asked what the load balancer has against those

	reported map[string]bool        // ids of service events, failed tasks and hooks
	stages   map[string]string      // at which hooks were first seen, by their ids
	causes   map[rollout.Cause]bool // for which a rollback is waited for
}

func (w *watcher) run(ctx context.Context) error {
	for {
		if err := w.pause(ctx); err != nil {
			return w.stop(err)
		}
		if len(w.undecided()) == 0 {
			return nil
		}
		began := time.Now()
		_, last := w.deadlines()
		within, cancel := context.WithDeadlineCause(ctx, last, ErrTimeout)
		err := w.round(within)
		late := err != nil && within.Err() != nil
		cancel()
		w.roundAt = time.Now()
		w.lastRound = w.roundAt.Sub(began)
		w.slowDown(err)
		switch {
		case late && ctx.Err() != nil:
			return w.stop(context.Cause(ctx))
		case late:
			continue
		case err != nil && !cloud.Transient(err):
			return w.stop(err)
		case err != nil:
			w.complain(err)
		default:
			w.lastAnswer = time.Now()
		}
	}
}

// lookAgain looks once more at deployments that were given up, as hopeless or after the timeout, while others were
// waited for: who carries them out went on trying, and may have come to a better end. Without an answer they stay given
// up.
func (w *watcher) lookAgain(ctx context.Context) {
	ends := []rollout.Ending{rollout.EndedHopeless, rollout.EndedTimedOut}
	givenUp := slices.DeleteFunc(slices.Clone(w.followers), func(f *follower) bool {
		return !slices.Contains(ends, f.Verdict.Ending) || time.Since(f.At) < oldTimeout
	})
	for range looksAgain {
		if len(givenUp) == 0 {
			return
		}
		if _, unanswered, err := w.look(ctx, givenUp); unanswered == nil && err == nil {
			break
		}
		if w.clients.Pause(ctx, lookInterval) != nil {
			return
		}
	}
	for _, f := range givenUp {
		w.tell(f)
		if verdict, ended := kind.Of(f.Service).Judge(f.Rollout, w.goal()); ended {
			w.decide(f, verdict)
		}
	}
}

func (w *watcher) goal() kind.Goal {
	return kind.Goal{WaitFor: w.until.WaitFor, Rollback: w.until.Rollback, Doomed: w.doomed()}
}

func (w *watcher) undecided() []*follower {
	return slices.DeleteFunc(slices.Clone(w.followers), func(f *follower) bool { return f.Phase == rollout.PhaseDecided })
}

// deadlines are when the next and the last of the rollouts will have taken too long.
func (w *watcher) deadlines() (next, last time.Time) {
	open, earlier := w.undecided(), func(a, b *follower) int { return a.deadline.Compare(b.deadline) }
	return slices.MinFunc(open, earlier).deadline, slices.MaxFunc(open, earlier).deadline
}

// timeOut gives those their verdict that have taken too long.
func (w *watcher) timeOut() {
	for _, f := range w.undecided() {
		if !time.Now().Before(f.deadline) {
			w.decide(f, rollout.Verdict{Outcome: rollout.TimedOut, Ending: rollout.EndedTimedOut, EndedBy: rollout.Us})
		}
	}
}

// stop ends the wait before its time: those that have no verdict yet get the one for that, also those whose start is
// under way.
func (w *watcher) stop(err error) error {
	verdict := rollout.Verdict{Outcome: rollout.Failed, Ending: rollout.EndedLost, EndedBy: rollout.Us}
	if errors.Is(err, context.Canceled) {
		verdict = rollout.Verdict{Outcome: rollout.Cancelled, Ending: rollout.EndedCancelled, EndedBy: rollout.Us}
		err = nil
	} else {
		w.halt()
	}
	w.joinRest()
	for _, f := range w.undecided() {
		w.decide(f, verdict)
	}
	return err
}

func (w *watcher) decide(f *follower, verdict rollout.Verdict) {
	verdict.Progress = f.Progress
	verdict.Goal = w.until.WaitFor
	verdict.Timeout = w.until.Timeout
	f.Phase, f.Verdict = rollout.PhaseDecided, verdict
	f.Failures = f.failed
	w.emit(rollout.Decided{Rollout: f.Rollout})
	if w.doomed() || w.until.Serial && !verdict.Outcome.Good() {
		w.halt()
	}
	if w.until.Done != nil {
		w.until.Done()
	}
}

func (w *watcher) halt() {
	if w.until.Halt != nil {
		w.until.Halt()
	}
}

// round looks once at the rollouts that have no verdict and whose turn it is.
func (w *watcher) round(ctx context.Context) error {
	open := w.due()
	w.looksLeft = cloud.LooksPerRound
	seen, unanswered, err := w.look(ctx, open)
	if err != nil {
		return err
	}
	for _, f := range seen {
		w.tell(f)
		w.tellUsual(f)
		for _, step := range []func(context.Context, *follower) error{w.proceed, w.tellFailures, w.tellObjections, w.judge} {
			err := step(ctx, f)
			switch {
			case f.Phase == rollout.PhaseDecided: // with another of its place
				continue
			case ctx.Err() != nil && err != nil:
				return err
			case err != nil && !cloud.Transient(err):
				w.lose(f.Service.Place, err)
				continue
			}
			unanswered = cmp.Or(unanswered, err) // what is known decides all the same
		}
	}
	w.breakSilence()
	return unanswered
}

// lose gives up all that is in a place: what AWS refuses there will not mend by waiting. Elsewhere it is waited on.
func (w *watcher) lose(place rollout.Place, err error) {
	w.lost = cmp.Or(w.lost, err)
	w.halt()
	for _, f := range w.undecided() {
		if f.Service.Place == place {
			w.decide(f, rollout.Verdict{Outcome: rollout.Failed, Ending: rollout.EndedLost, EndedBy: rollout.Us})
		}
	}
}

// judge decides on a rollout, or lets it go on.
func (w *watcher) judge(ctx context.Context, f *follower) error {
	its := kind.Of(f.Service)
	goal := w.goal()
	if err := w.lookAtHealth(ctx, f, its.NeedsHealth(f.Rollout, goal)); err != nil {
		return err
	}
	if verdict, ended := its.Judge(f.Rollout, goal); ended {
		w.decide(f, verdict)
		return nil
	}
	cause, hopeless := w.until.Hopeless(f.Service.Placement, f.failed)
	switch {
	case !hopeless || f.GoingBack || f.causes[cause],
		f.Deployment.Running > 0, f.Deployment.State == rollout.RolloutFailed:
		return nil
	case its.RollsBack(f.Rollout):
		f.causes[cause] = true
		w.emit(rollout.RollbackAwaited{Rollout: f.Rollout, Cause: cause})
	default:
		w.decide(f, rollout.Verdict{Outcome: rollout.Failed, Ending: rollout.EndedHopeless, EndedBy: rollout.Us})
	}
	return nil
}

// doomed tells whether all are going to be rolled back.
func (w *watcher) doomed() bool {
	return w.until.Together && slices.ContainsFunc(w.followers, func(f *follower) bool {
		outcome := f.Verdict.Outcome
		return f.Phase == rollout.PhaseDecided && !outcome.Good() && outcome != rollout.Superseded
	})
}
