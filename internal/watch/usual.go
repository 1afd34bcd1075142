package watch

import "ecs-deploy/internal/rollout"

// tellUsual says how long a deployment usually takes, as soon as that is known, and once that this one takes longer
// than the slowest of the last. They are known by their ends: where something else is waited for, nothing is told.
func (w *watcher) tellUsual(f *follower) {
	if !f.Usual.Known() || f.GoingBack || w.until.Rollback || w.until.WaitFor != rollout.Stable {
		return
	}
	if f.first("usual") {
		w.emit(rollout.UsualLearnt{Rollout: f.Rollout})
	}
	if f.At.Sub(f.Since) > f.Usual.Slowest && f.Progress.Wait == rollout.NoWait && f.first("slow") {
		w.emit(rollout.UsualExceeded{Rollout: f.Rollout})
	}
}
