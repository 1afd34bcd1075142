// Package watch follows deployments, by their id, to their verdicts: a loop that looks, and has what it saw judged. It
// knows no kind of deployment.
package watch

import (
	"cmp"
	"context"
	"errors"
	"slices"
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
}

// ErrTimeout is the cause of a wait's end that took longer than it may.
var ErrTimeout = errors.New("the timeout is over")

// Follow follows rollouts, all of one cluster, until each has its verdict. An error ends the wait at once: what AWS
// refuses will not mend by waiting. Throttles, faults of the server and broken connections are ridden out.
func Follow(
	ctx context.Context, client *cloud.Client, rollouts []*rollout.Rollout, until Until, emit rollout.Emit,
) error {
	client = client.WithoutRetry()
	w := &watcher{client: client, carriers: client.Carriers(), until: until, noTargets: map[string]bool{}, slowdown: 1}
	w.emit = func(event rollout.Event) {
		w.lastEvent = time.Now()
		emit(event)
	}
	w.began = time.Now()
	w.lastEvent, w.lastAnswer = w.began, w.began
	w.lastComplaint = w.began
	for _, r := range rollouts {
		r.Phase, r.At = rollout.PhaseStarted, r.Since
		r.Progress = kind.Of(r.Service).Progress(r)
		w.followers = append(
			w.followers,
			&follower{
				Rollout: r, movedAt: w.began,
				reported: map[string]bool{}, stages: map[string]string{}, causes: map[rollout.Cause]bool{},
			},
		)
	}
	err := w.run(ctx)
	if err == nil && ctx.Err() == nil {
		w.lookAgain(ctx)
	}
	return err
}

type watcher struct {
	client        *cloud.Client
	carriers      cloud.Carriers
	until         Until
	emit          rollout.Emit
	followers     []*follower
	noTasks       bool            // the tasks cannot be read
	noTargets     map[string]bool // by who balances: the health of its targets cannot be read
	looksLeft     int             // how many services may still be looked into in this round
	lastRound     time.Duration   // how long it took
	slowdown      int             // how many times as long as usually it is until the next look
	began         time.Time
	lastEvent     time.Time // when something was last said
	lastAnswer    time.Time // when AWS last answered all that it was asked in a round
	lastComplaint time.Time // when it was last said that it does not
}

// follower is a rollout that is followed, and what was told of it.
type follower struct {
	*rollout.Rollout
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
	ctx, cancel := context.WithTimeoutCause(ctx, w.until.Timeout, ErrTimeout)
	defer cancel()
	for {
		if err := w.client.Pause(ctx, w.interval()); err != nil {
			return w.stop(err)
		}
		began := time.Now()
		err := w.round(ctx)
		w.lastRound = time.Since(began)
		w.throttled(err)
		switch {
		case err != nil && context.Cause(ctx) != nil:
			return w.stop(context.Cause(ctx))
		case err != nil && !cloud.Transient(err):
			return w.stop(err)
		case err != nil:
			w.complain(err)
		default:
			w.lastAnswer = time.Now()
		}
		if len(w.undecided()) == 0 {
			return nil
		}
	}
}

// lookAgain looks once more at deployments that were given up as hopeless while others were waited for: who carries
// them out went on trying, and may have come to a better end. Without an answer they stay given up.
func (w *watcher) lookAgain(ctx context.Context) {
	hopeless := slices.DeleteFunc(slices.Clone(w.followers), func(f *follower) bool {
		return f.Verdict.Ending != rollout.EndedHopeless || time.Since(f.At) < oldTimeout
	})
	for range looksAgain {
		if len(hopeless) == 0 {
			return
		}
		if unanswered, err := w.look(ctx, hopeless); unanswered == nil && err == nil {
			break
		}
		if w.client.Pause(ctx, lookInterval) != nil {
			return
		}
	}
	for _, f := range hopeless {
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

// stop gives those that have no verdict yet the one that ends the wait.
func (w *watcher) stop(err error) error {
	verdict := rollout.Verdict{Outcome: rollout.Failed, Ending: rollout.EndedLost, EndedBy: rollout.Us}
	switch {
	case errors.Is(err, ErrTimeout):
		verdict = rollout.Verdict{Outcome: rollout.TimedOut, Ending: rollout.EndedTimedOut, EndedBy: rollout.Us}
		err = nil
	case errors.Is(err, context.Canceled):
		verdict = rollout.Verdict{Outcome: rollout.Cancelled, Ending: rollout.EndedCancelled, EndedBy: rollout.Us}
		err = nil
	}
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
}

// round looks once at every rollout that has no verdict.
func (w *watcher) round(ctx context.Context) error {
	open := w.undecided()
	w.looksLeft = cloud.LooksPerRound
	unanswered, err := w.look(ctx, open)
	if err != nil {
		return err
	}
	for _, f := range open {
		w.tell(f)
		w.tellUsual(f)
		for _, step := range []func(context.Context, *follower) error{w.proceed, w.tellFailures, w.tellObjections, w.judge} {
			err := step(ctx, f)
			if err != nil && !cloud.Transient(err) {
				return err
			}
			unanswered = cmp.Or(unanswered, err) // what is known decides all the same
		}
	}
	w.breakSilence()
	return unanswered
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
