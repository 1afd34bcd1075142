package watch

import (
	"context"
	"slices"
	"time"

	"ecs-deploy/internal/cloud"
	"ecs-deploy/internal/kind"
	"ecs-deploy/internal/rollout"
)

// tell says what is new: the service's events, the hooks, and the standing when it has changed.
func (w *watcher) tell(f *follower) {
	moved := f.changed
	for _, event := range slices.Backward(f.Service.Events) {
		if f.first(event.ID) && event.At.After(f.EventsSince) {
			f.changed = true
			w.emit(rollout.ServiceSaid{Rollout: f.Rollout, By: "ECS", Message: event.Message})
		}
	}
	f.Progress.Hooks = slices.Clone(f.Progress.Hooks)
	for i := range f.Progress.Hooks {
		hook := &f.Progress.Hooks[i]
		hook.Stage = f.stageOf(*hook)
		if w.until.Continue && hook.Awaits() {
			continue
		}
		if f.first(hook.ID + string(hook.Status)) {
			w.emit(rollout.HookCalled{Rollout: f.Rollout, Hook: *hook})
		}
	}
	if back := f.Progress.RollbackID; back != "" && f.first(back) {
		w.emit(rollout.ServiceSaid{Rollout: f.Rollout, By: kind.Of(f.Service).Name(), Message: f.Progress.RollbackReason})
	}
	if moved {
		f.movedAt = f.At
		progressed := rollout.Progressed{Rollout: f.Rollout}
		if !f.accepted() {
			progressed.Waits = f.objection
		}
		w.emit(progressed)
	}
}

// stageOf is the stage at which a hook was called; empty: it was over when it was first seen, and AWS does not tell.
func (f *follower) stageOf(hook rollout.LifecycleHook) string {
	stage, known := f.stages[hook.ID]
	if !known && !hook.Status.Over() {
		stage = f.Progress.HookStage()
		f.stages[hook.ID] = stage
	}
	return stage
}

// waitsFor is what a rollout waits for, as far as AWS tells that: the load balancer, of tasks that run, or else the
// latest events of the service.
func (f *follower) waitsFor(until Until) *rollout.Finding {
	if f.objection != nil || until.Obstacles == nil {
		return f.objection
	}
	var evidence rollout.Evidence
	for _, event := range f.Service.Events {
		if event.At.After(f.EventsSince) {
			evidence.Events = append(evidence.Events, event.Message)
		}
	}
	if findings := until.Obstacles(evidence); len(findings) > 0 {
		return &findings[0]
	}
	return nil
}

// proceed lets a deployment go on that waits for approval, if that is asked for.
func (w *watcher) proceed(ctx context.Context, f *follower) error {
	for _, hook := range f.Progress.Hooks {
		if !w.until.Continue || !hook.Awaits() || slices.Contains(f.Continued, hook.ID) {
			continue
		}
		if err := w.carriers.Of(f.Service).Continue(ctx, f.Rollout, hook); err != nil {
			return err
		}
		f.Continued = append(f.Continued, hook.ID)
		w.emit(rollout.Continued{Rollout: f.Rollout, Stage: f.Progress.WaitsAt()})
	}
	return nil
}

// first tells whether something with this id is to be told for the first time.
func (f *follower) first(id string) bool {
	known := f.reported[id]
	f.reported[id] = true
	return !known
}

// tellFailures says why tasks failed, as soon as some have.
func (w *watcher) tellFailures(ctx context.Context, f *follower) error {
	counted := kind.Of(f.Service).CountsFailures()
	switch {
	case w.noTasks[f.Service.Place] || f.GoingBack || f.Deployment.Failed <= f.failures && (counted || !f.changed):
		f.failures = f.Deployment.Failed // ECS counts from 0 again after a task that ran well
		return nil
	case w.looksLeft == 0:
		return nil // at the next look
	}
	w.looksLeft--
	tasks, err := w.at(f).StoppedTasks(ctx, f.Rollout)
	if cloud.NotAllowed(err) {
		w.noTasks[f.Service.Place] = true
		w.emit(rollout.Unreadable{Err: err, Sight: rollout.SightFailures})
		return nil
	}
	var fresh []rollout.Task
	for _, task := range tasks {
		if task.Failed() && task.Stopping.After(f.EventsSince) && f.first(task.ID) {
			fresh = append(fresh, task)
		}
	}
	w.tellCauses(f, fresh)
	f.failed = append(f.failed, fresh...)
	if err == nil {
		f.failures = f.Deployment.Failed
	}
	return err
}

// tellCauses tells of tasks that failed, those of one cause together.
func (w *watcher) tellCauses(f *follower, failed []rollout.Task) {
	for i, task := range failed {
		cause := task.Cause()
		alike := func(other rollout.Task) bool { return other.Cause() == cause }
		if slices.IndexFunc(failed, alike) < i {
			continue // told with the first of them
		}
		event := rollout.TasksFailed{Rollout: f.Rollout, Cause: cause, Again: slices.ContainsFunc(f.failed, alike)}
		for _, other := range failed {
			if alike(other) {
				event.Tasks = append(event.Tasks, other.ID)
			}
		}
		w.emit(event)
	}
}

// mostSilence is the longest time in which nothing is said, so long after a wait began: who has waited for long looks
// seldom.
func mostSilence(waited time.Duration) time.Duration {
	switch {
	case waited < 2*time.Minute:
		return 30 * time.Second
	case waited < 10*time.Minute:
		return time.Minute
	}
	return 5 * time.Minute
}

// silent tells whether nothing was said since then for so long that it would be too long after the next look, which
// begins after an interval, in a wait that began then.
func silent(began, since time.Time, interval, look time.Duration) bool {
	return time.Since(since) >= mostSilence(time.Since(began))-interval*11/10-look
}

func (w *watcher) silent(since time.Time) bool {
	return silent(w.began, since, w.interval(), w.lastRound)
}

// breakSilence says how things stand when nothing has changed for a while.
func (w *watcher) breakSilence() {
	open := w.undecided()
	switch {
	case len(open) == 0 || !w.silent(w.lastEvent):
		return
	case len(w.followers) == 1 && w.joining == nil:
		f := open[0]
		w.emit(rollout.Progressed{
			Rollout: f.Rollout, Still: time.Since(f.movedAt), Left: time.Until(f.deadline),
			Waits: f.waitsFor(w.until),
		})
	default:
		var all []*rollout.Rollout
		for _, f := range w.followers {
			all = append(all, f.Rollout)
		}
		w.emit(rollout.NothingChanged{Rollouts: all, Rollback: w.until.Rollback})
	}
}

// complain says that AWS does not answer, when it has not for a while.
func (w *watcher) complain(err error) {
	w.breakSilence()
	if w.silent(w.lastAnswer) && w.silent(w.lastComplaint) {
		w.lastComplaint = time.Now()
		w.emit(rollout.Unanswered{Age: time.Since(w.lastAnswer), Err: err})
	}
}
