// Package watch follows deployments, by their id, to their verdicts: a sampling loop, and the pure
// function judge that decides on what a sample shows.
package watch

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"ecs-deploy/internal/cloud"
	"ecs-deploy/internal/rollout"
)

const (
	// period is the time between two looks: constant, so that the end is noticed soon after however
	// long a deployment took. For hundreds of services it is longer, by perService for each, so that
	// looking takes half of what ECS lets everybody in the account look, 20 services' descriptions a
	// second, ten services each
	// (https://docs.aws.amazon.com/AmazonECS/latest/APIReference/request-throttling.html).
	period     = 2 * time.Second
	perService = 10 * time.Millisecond

	// silence is the longest time in which nothing is said.
	silence = 30 * time.Second

	// lookups is how many services are looked into more closely in a round, and at most how many service
	// deployments are looked for.
	lookups = 8

	// holding is how long all tasks must be seen running and healthy before wait-for: running takes it
	// for true. Where nothing checks their health it is as long as ECS itself waits before it counts a
	// task as healthy
	// (https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html).
	holding          = 10 * time.Second
	holdingUnchecked = 40 * time.Second
)

// Until says when to stop waiting.
type Until struct {
	WaitFor rollout.WaitFor
	Timeout time.Duration
	// Hopeless tells, of the tasks that failed, whether more of them will: then, and when none runs,
	// the wait ends.
	Hopeless func(failed []rollout.Task) (cause string, hopeless bool)
	// Back tells that the deployments are roll-backs. Those of CodeDeploy's are over for us when all traffic
	// goes to their tasks, though the others are still kept.
	Back bool
	// Together tells that all are going to be taken back if one fails. Then, too, nobody waits until
	// CodeDeploy lets the old tasks go, to which it can go back in seconds.
	Together bool
}

// Followed is how far a target was seen to come.
type Followed struct {
	Verdict    rollout.Verdict
	Service    rollout.Service    // as it was last seen
	Deployment rollout.Deployment // ours, as it was last seen
	ARN        string             // of the service deployment, if it was seen
	Stage      string             // of its lifecycle, if it has one
	Waiting    bool               // for somebody to continue it
	CodeDeploy rollout.CodeDeployment
}

// Follow follows the targets, all of one cluster, until each has its verdict, and returns them in
// the same order. An error ends the wait at once: what AWS refuses will not mend by waiting. Throttles,
// faults of the server and broken connections are ridden out.
func Follow(ctx context.Context, client *cloud.Client, targets []Target, until Until, emit rollout.Emit) ([]Followed, error) {
	w := &watcher{client: client.WithoutRetry(), until: until}
	w.emit = func(event rollout.Event) {
		w.shown = time.Now()
		emit(event)
	}
	w.shown, w.troubled = time.Now(), time.Now()
	for _, target := range targets {
		last := rollout.Progress{Service: target.Service.ServiceKey, Desired: target.Service.Desired, Deployment: target.Deployment, State: target.Deployment.State}
		w.followers = append(w.followers, &follower{Target: target, service: target.Service, ours: target.Deployment, looked: target.Since, last: last, told: map[string]bool{}})
	}
	err := w.run(ctx)
	var followed []Followed
	for _, f := range w.followers {
		followed = append(followed, Followed{f.verdict, f.service, f.ours, f.ARN, f.last.Stage, f.waiting, f.shift.CodeDeployment})
	}
	return followed, err
}

type watcher struct {
	client    *cloud.Client
	until     Until
	emit      rollout.Emit
	followers []*follower
	blind     bool        // the service deployments may not be read
	blinks    int         // rounds in a row in which they could not be read
	noTasks   bool        // the tasks may not be read
	noTargets bool        // the health of targets may not be read
	noShift   atomic.Bool // the targets of CodeDeploy's deployments may not be read
	left      int         // lookups of this round
	turn      int         // how many service deployments were looked for
	shown     time.Time   // when something was last said
	troubled  time.Time   // when it was last said that AWS does not answer
}

// follower is what is known of one target.
type follower struct {
	Target
	done    bool
	verdict rollout.Verdict

	service     rollout.Service
	ours        rollout.Deployment
	shift       shift
	stirred     bool // the last look showed something new
	seen        bool
	failedSince time.Time
	runSince    time.Time // since when all tasks run, for wait-for: running
	missing     int       // looks in a row in which the service was not there
	failures    int       // that have been looked into
	failed      []rollout.Task
	last        rollout.Progress
	stageSince  time.Time       // since when the stage is the one that it is
	waiting     bool            // for somebody
	looked      time.Time       // when AWS last answered
	told        map[string]bool // ids of service events and failed tasks
}

// ErrTimeout is the cause of a wait's end that took longer than it may.
var ErrTimeout = errors.New("the time is out")

func (w *watcher) run(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, w.until.Timeout, ErrTimeout)
	defer cancel()
	for {
		if err := w.client.Pause(ctx, w.period()); err != nil {
			return w.stop(err)
		}
		err := w.round(ctx)
		switch {
		case err == nil:
		case context.Cause(ctx) != nil:
			return w.stop(context.Cause(ctx))
		case !cloud.Transient(err):
			return w.stop(err)
		default:
			w.tellTrouble(err)
		}
		if len(w.undecided()) == 0 {
			return nil
		}
	}
}

func (w *watcher) period() time.Duration {
	return max(period, time.Duration(len(w.undecided()))*perService)
}

func (w *watcher) quiet(since time.Time) bool { return quiet(since, w.period()) }

// quiet tells whether nothing was said since then for so long that it would be too long at the next look.
func quiet(since time.Time, period time.Duration) bool {
	return time.Since(since) >= silence-period*11/10
}

// tellTrouble breaks the silence that comes of AWS not answering.
func (w *watcher) tellTrouble(err error) {
	w.tellStanding()
	for _, f := range w.undecided() {
		if unheard := time.Since(f.looked); w.quiet(f.looked) && w.quiet(w.troubled) {
			w.troubled = time.Now()
			w.emit(noAnswer(unheard, err))
		}
	}
}

func noAnswer(unheard time.Duration, err error) rollout.Noticed {
	return rollout.Noticed{What: fmt.Sprintf("no answer for %s: %v", rollout.Span(unheard), err), Next: "This is tried until the time is out."}
}

// tellStanding breaks the silence that comes of nothing changing.
func (w *watcher) tellStanding() {
	open := w.undecided()
	if len(open) == 0 || !w.quiet(w.shown) {
		return
	}
	if len(w.followers) == 1 {
		w.emit(open[0].last)
		return
	}
	standing := rollout.Standing{All: len(w.followers)}
	for _, f := range w.followers {
		switch {
		case !f.done:
			standing.Open = append(standing.Open, f.last)
		case !f.verdict.Outcome.Good() && !(w.until.Back && f.verdict.Outcome == rollout.RolledBack):
			standing.Failed++
		}
	}
	w.emit(standing)
}

func (w *watcher) undecided() []*follower {
	return slices.DeleteFunc(slices.Clone(w.followers), func(f *follower) bool { return f.done })
}

// stop gives those that have no verdict yet the one that ends the wait.
func (w *watcher) stop(err error) error {
	timedOut, cancelled := errors.Is(err, ErrTimeout), errors.Is(err, context.Canceled)
	for _, f := range w.undecided() {
		verdict := rollout.Verdict{Outcome: rollout.Failed, Reason: "the deployment could not be followed to its end, and goes on in " + f.by()}
		switch {
		case timedOut:
			verdict = rollout.Verdict{
				Outcome: rollout.TimedOut,
				Reason:  fmt.Sprintf("not %s after %s: %s", w.goal(f), rollout.Span(w.until.Timeout), f.left()),
			}
			if f.waiting && !f.underCodeDeploy() {
				verdict.Reason += "; it waits for somebody to continue it"
			}
		case cancelled:
			verdict = rollout.Verdict{Outcome: rollout.Cancelled, Reason: "the run was ended from outside: " + f.left()}
		}
		w.decide(f, verdict)
	}
	if timedOut || cancelled {
		return nil
	}
	return err
}

// goal is what is waited for.
func (w *watcher) goal(f *follower) string {
	switch {
	case w.until.WaitFor == rollout.Stable:
		return "complete"
	case w.until.WaitFor == rollout.AllRun && f.underCodeDeploy():
		return "with all the traffic"
	case w.until.WaitFor == rollout.AllRun:
		return "running and healthy"
	}
	return "at " + string(w.until.WaitFor)
}

func (w *watcher) decide(f *follower, verdict rollout.Verdict) {
	f.done, f.verdict = true, verdict
	w.emit(rollout.Decided{Service: f.Service.ServiceKey, Verdict: verdict})
}

// round looks once at every target that has no verdict.
func (w *watcher) round(ctx context.Context) error {
	open := w.undecided()
	w.left = lookups
	var names []string
	for _, f := range open {
		names = append(names, f.Service.Name)
	}
	services, err := w.client.Services(ctx, open[0].Service.Cluster, names...)
	if err != nil {
		return err
	}
	progress, err := w.progress(ctx, open)
	if err != nil {
		return err
	}
	if err := w.shifts(ctx, open); err != nil {
		return err
	}
	for _, f := range open {
		s := f.take(time.Now(), services, progress)
		w.tell(f, s)
		if err := w.tellFailures(ctx, f); err != nil && !cloud.Transient(err) {
			return err
		}
		if err := w.judge(ctx, f, s); err != nil {
			return err
		}
	}
	w.tellStanding()
	return nil
}

// judge decides on a target, or lets it go on.
func (w *watcher) judge(ctx context.Context, f *follower, s snapshot) error {
	if verdict, done := judge(f.Target, s); done {
		w.decide(f, verdict)
		return nil
	}
	if stage, is := w.until.WaitFor.Stage(); is && reached(s, stage) {
		w.decide(f, rollout.Verdict{
			Outcome: rollout.Succeeded,
			Reason:  fmt.Sprintf("the deployment of %s has come to %s, and goes on in %s", rollout.RevisionID(f.Deployment.TaskDefinition), w.until.WaitFor, f.by()),
		})
		return nil
	}
	switch {
	case f.underCodeDeploy() && w.untilMoved():
		w.checkMoved(f, s)
	case w.until.WaitFor == rollout.AllRun && !f.underCodeDeploy():
		if err := w.checkTasks(ctx, f, s); err != nil || f.done {
			return err
		}
	}
	cause, hopeless := w.until.Hopeless(f.failed)
	switch {
	case f.done || !hopeless || f.ours.Running > 0 || f.ours.State == "FAILED" || f.told[cause]:
	case s.service.BreakerOn:
		f.told[cause] = true
		w.emit(rollout.Noticed{
			What: "the tasks of " + f.Service.Name + " keep failing for the same cause (" + cause + "), and none runs",
			Next: "The circuit breaker is on: its roll-back is waited for.",
		})
	default:
		verdict, _ := failed("the tasks keep failing for the same cause, and none runs")
		w.decide(f, verdict)
	}
	return nil
}

// progress reads the service deployments, as far as they are listed and may be read.
func (w *watcher) progress(ctx context.Context, open []*follower) (map[string]rollout.ServiceDeployment, error) {
	if w.blind {
		return nil, nil
	}
	var known []string
	var unknown []*follower
	for _, f := range open {
		if f.underCodeDeploy() {
			continue
		}
		if f.ARN != "" {
			known = append(known, f.ARN)
		} else {
			unknown = append(unknown, f)
		}
	}
	err := cloud.Each(ctx, w.inTurn(unknown, len(known)), func(ctx context.Context, _ int, f *follower) (err error) {
		f.ARN, err = w.client.FindServiceDeployment(ctx, f.Service.ServiceKey, f.Deployment)
		return err
	})
	if err != nil {
		return nil, w.goBlind(err)
	}
	found, err := w.client.ServiceDeployments(ctx, known...)
	if err != nil {
		return nil, w.goBlind(err)
	}
	w.blinks = 0
	return found, nil
}

// inTurn are those whose service deployments are looked for in this round: one, and as many as there will be more calls
// for service deployments in a round when all are known. So no round makes more calls than the later ones, but for one;
// that of the last of a hundred services is found after a minute and a half, and until then its service tells enough.
func (w *watcher) inTurn(unknown []*follower, known int) []*follower {
	if len(unknown) == 0 {
		return nil
	}
	n := min(1+cloud.CallsFor(known+len(unknown))-cloud.CallsFor(known), lookups, len(unknown))
	from := w.turn % len(unknown)
	w.turn += n
	return append(unknown[from:], unknown[:from]...)[:n]
}

// enoughBlinks is after how many rounds the service deployments are not waited for any longer.
const enoughBlinks = 5

// goBlind lets the service deployments go where they may not be read, or cannot be for a while: the
// deployments of the service tell the same with fewer words.
func (w *watcher) goBlind(err error) error {
	if cloud.Transient(err) {
		if w.blinks++; w.blinks >= enoughBlinks {
			return nil
		}
	}
	if _, stage := w.until.WaitFor.Stage(); stage || !cloud.NotAllowed(err) && !cloud.Unsupported(err) {
		return err // without them a stage is never seen
	}
	w.blind = true
	w.notice(err, "The deployment is followed by what DescribeServices tells.")
	return nil
}

func (w *watcher) notice(err error, otherwise string) {
	var p *rollout.Problem
	if errors.As(err, &p) {
		w.emit(rollout.Noticed{What: p.What, Next: otherwise + " " + p.Next})
	}
}

// take files a look under what is known, and makes a snapshot of it.
func (f *follower) take(now time.Time, services []rollout.Service, progress map[string]rollout.ServiceDeployment) snapshot {
	f.looked = now
	s := snapshot{at: now}
	at := slices.IndexFunc(services, func(v rollout.Service) bool { return v.Name == f.Service.Name })
	if f.missing++; at >= 0 {
		f.service, f.missing = services[at], 0
	}
	s.found = f.missing < 2 // once may be an odd answer
	s.service = f.service
	ours, listed := f.service.Deployment(f.Deployment.ID)
	switch {
	case listed:
		f.ours, f.seen = ours, true
	case f.seen: // ECS has taken it off the list: nothing of it runs any more
		f.ours.Status, f.ours.Running, f.ours.Pending = "INACTIVE", 0, 0
	}
	if d, read := progress[f.ARN]; read {
		s.progress = &d
	}
	if f.underCodeDeploy() {
		f.ours.Failed = len(f.failed) // task sets do not count them
		if s.shift = &f.shift; !f.shift.overFrom.IsZero() {
			f.shift.overFor = now.Sub(f.shift.overFrom)
		}
	}
	switch {
	case !listed || ours.Status != "PRIMARY" || ours.State != "FAILED":
		f.failedSince = time.Time{}
	case f.failedSince.IsZero():
		f.failedSince = now
	default:
		s.failedFor = now.Sub(f.failedSince)
	}
	s.ours, s.seen = f.ours, f.seen
	return s
}

// tell says what is new: the service's events, and the counts when they or the state changed.
func (w *watcher) tell(f *follower, s snapshot) {
	f.stirred = false
	for _, event := range slices.Backward(f.service.Events) {
		if !f.told[event.ID] && event.At.After(f.Heard) {
			f.told[event.ID], f.stirred = true, true
			w.emit(rollout.ServiceSaid{Service: f.Service.ServiceKey, By: "ECS", Message: event.Message})
		}
	}
	now := rollout.Progress{Service: f.Service.ServiceKey, Desired: f.service.Desired, Deployment: f.ours, State: f.ours.State}
	for _, d := range f.service.Deployments {
		if d.ID != f.ours.ID {
			now.Older += d.Running
		}
	}
	if s.progress != nil {
		now.State = s.progress.Status
		w.tellStage(f, s, &now)
	}
	if s.shift != nil {
		w.tellShift(f, s, &now)
	}
	if !alike(now, f.last) {
		f.stirred = true
		w.emit(now)
	}
	f.last = now
}

// tellStage adds the stage of the lifecycle to a line, and tells of its hooks.
func (w *watcher) tellStage(f *follower, s snapshot, now *rollout.Progress) {
	now.Stage, now.Production = s.progress.Stage, s.progress.Production
	if now.Stage != f.last.Stage {
		f.stageSince = s.at
	}
	if now.Stage == "BAKE_TIME" {
		now.Left = max(0, s.progress.Bake-s.at.Sub(f.stageSince))
	}
	_, f.waiting = s.progress.Waiting()
	for _, hook := range s.progress.Hooks {
		if seen := hook.ID + hook.Status; !f.told[seen] && (hook.Status != "AWAITING_ACTION" || f.waiting) {
			f.told[seen] = true
			w.emit(rollout.HookCalled{Service: f.Service.ServiceKey, Stage: now.Stage, Hook: hook})
		}
	}
}

// alike tells whether two looks show the same.
func alike(a, b rollout.Progress) bool {
	x, y := a.Deployment, b.Deployment
	return a.State == b.State && a.Stage == b.Stage && traffic(a) == traffic(b) && a.Desired == b.Desired && a.Older == b.Older &&
		x.Running == y.Running && x.Pending == y.Pending && x.Failed == y.Failed
}

// traffic is the share of production traffic, or less than none where that is not known.
func traffic(p rollout.Progress) float64 {
	if p.Production == nil {
		return -1
	}
	return *p.Production
}

// tellFailures says why tasks failed, as soon as some have.
func (w *watcher) tellFailures(ctx context.Context, f *follower) error {
	more := f.ours.Failed > f.failures || f.underCodeDeploy() && f.stirred
	switch {
	case w.noTasks || !more:
		f.failures = f.ours.Failed // ECS counts from 0 again after a task that ran well
		return nil
	case w.left == 0:
		return nil // at the next look
	}
	w.left--
	tasks, err := w.client.StoppedTasks(ctx, f.Service.ServiceKey, f.ours)
	if cloud.NotAllowed(err) {
		w.noTasks = true
		w.notice(err, "Why tasks fail is not known without it.")
		return nil
	}
	var fresh []rollout.Task
	for _, task := range tasks {
		if task.Failed() && !f.told[task.ID] && task.Stopping.After(f.Heard) {
			f.told[task.ID] = true
			fresh = append(fresh, task)
		}
	}
	w.tellCauses(f, fresh)
	f.failed = append(f.failed, fresh...)
	if err == nil {
		f.failures = f.ours.Failed
	}
	return err
}

// tellCauses tells of tasks that failed, those of one cause together.
func (w *watcher) tellCauses(f *follower, failed []rollout.Task) {
	for i, task := range failed {
		sameCause := func(other rollout.Task) bool { return other.Cause() == task.Cause() }
		if slices.IndexFunc(failed, sameCause) < i {
			continue // told with the first of them
		}
		event := rollout.TasksFailed{
			Service: f.Service.ServiceKey, Cause: task.Cause(), Again: slices.ContainsFunc(f.failed, sameCause),
		}
		for _, other := range failed {
			if sameCause(other) {
				event.Tasks = append(event.Tasks, other.ID)
			}
		}
		w.emit(event)
	}
}

// checkTasks decides for wait-for: running, once all tasks have run and been healthy for a while.
func (w *watcher) checkTasks(ctx context.Context, f *follower, s snapshot) error {
	health := unhealthy
	if allRun(f.Target, s) {
		if w.left == 0 {
			return nil // at the next look
		}
		w.left--
		var err error
		if health, err = w.health(ctx, f, s); err != nil {
			return err
		}
	}
	switch {
	case health == unhealthy:
		f.runSince = time.Time{}
		return nil
	case f.runSince.IsZero():
		f.runSince = s.at
	}
	if held := s.at.Sub(f.runSince); held < holding || held < holdingUnchecked && health == unchecked {
		return nil
	}
	w.decide(f, rollout.Verdict{
		Outcome: rollout.Succeeded,
		Reason: fmt.Sprintf("%d of %d tasks of %s run%s; the deployment goes on in ECS until it is complete",
			f.ours.Running, s.service.Desired, rollout.RevisionID(f.Deployment.TaskDefinition), map[tasksHealth]string{healthy: " and are healthy"}[health]),
	})
	return nil
}

// health looks at the tasks of a target, and at what its load balancer says of them. What may not be
// looked at counts as not checked.
func (w *watcher) health(ctx context.Context, f *follower, s snapshot) (tasksHealth, error) {
	if w.noTasks {
		return unchecked, nil
	}
	tasks, err := w.client.RunningTasks(ctx, f.Service.ServiceKey, f.ours)
	if cloud.NotAllowed(err) {
		w.noTasks = true
		w.notice(err, "Whether the tasks are healthy is not known without it: their number counts.")
		return unchecked, nil
	}
	health := healthOf(f.Target, s.service.Desired, tasks)
	if err != nil || health == unhealthy || w.noTargets || len(s.service.TargetGroups) == 0 {
		return health, err
	}
	targets, known, err := w.client.UnhealthyTargets(ctx, s.service.TargetGroups, tasks)
	switch {
	case cloud.NotAllowed(err):
		w.noTargets = true
		w.notice(err, "Whether the load balancer finds the tasks healthy is not known without it.")
		return health, nil
	case err == nil && len(targets) > 0:
		return unhealthy, nil
	case err == nil && known:
		return healthy, nil
	}
	return health, err
}
