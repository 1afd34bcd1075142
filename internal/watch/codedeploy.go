package watch

import (
	"context"
	"fmt"
	"slices"
	"time"

	"ecs-deploy/internal/cloud"
	"ecs-deploy/internal/rollout"
)

// stopping is how long a deployment that was stopped is given to show who rolls it back, where nothing is
// set to do so: somebody may have asked for it with the stop.
const stopping = 10 * time.Second

// shift is what is known of a deployment that CodeDeploy carries out.
type shift struct {
	rollout.CodeDeployment
	back     *rollout.CodeDeployment // that rolls it back, once it is known
	looked   time.Time
	overFor  time.Duration
	overFrom time.Time
}

// underCodeDeploy tells whether CodeDeploy carries the deployment out.
func (t Target) underCodeDeploy() bool { return t.Service.Controller == "CODE_DEPLOY" }

// by is who carries the deployment out.
func (t Target) by() string {
	if t.underCodeDeploy() {
		return "CodeDeploy"
	}
	return "ECS"
}

// shifts looks at deployments of CodeDeploy's: at a few in a round, since each takes calls of its own, at
// those first that were looked at longest ago.
func (w *watcher) shifts(ctx context.Context, open []*follower) error {
	its := slices.DeleteFunc(slices.Clone(open), func(f *follower) bool { return !f.underCodeDeploy() })
	slices.SortStableFunc(its, func(a, b *follower) int { return a.shift.looked.Compare(b.shift.looked) })
	return cloud.Each(ctx, its[:min(len(its), lookups)], func(ctx context.Context, _ int, f *follower) error {
		return w.lookAtShift(ctx, f)
	})
}

func (w *watcher) lookAtShift(ctx context.Context, f *follower) error {
	d, err := w.client.CodeDeployment(ctx, f.Deployment.ID)
	if err != nil {
		return err
	}
	if d, err = w.target(ctx, f, d); err != nil {
		return err
	}
	f.shift.CodeDeployment, f.shift.looked = d, time.Now()
	switch {
	case !d.Over():
		f.shift.overFrom = time.Time{}
	case f.shift.overFrom.IsZero():
		f.shift.overFrom = time.Now()
	}
	if d.RolledBackBy == "" {
		return nil
	}
	back, err := w.client.CodeDeployment(ctx, d.RolledBackBy)
	if err == nil {
		f.shift.back = &back
	}
	return err
}

// target adds what the target of a deployment tells, as far as that may be read. What was told before
// stays until it is told anew.
func (w *watcher) target(ctx context.Context, f *follower, d rollout.CodeDeployment) (rollout.CodeDeployment, error) {
	if w.noShift.Load() {
		return d, nil
	}
	d, err := w.client.CodeDeployTarget(ctx, f.Service.ServiceKey, d)
	if _, stage := w.until.WaitFor.Stage(); cloud.NotAllowed(err) && !stage {
		if w.noShift.CompareAndSwap(false, true) {
			w.notice(err, "The lifecycle events and the traffic are not known without it.")
		}
		return d, nil
	}
	return d, err
}

// judgeShift decides on a deployment that CodeDeploy carries out, by its own status. One that was rolled
// back has ended when the deployment has that rolls it back
// (https://docs.aws.amazon.com/codedeploy/latest/userguide/deployments-rollback-and-redeploy.html).
func judgeShift(t Target, s snapshot) (rollout.Verdict, bool) {
	d := s.shift
	primary, _ := s.service.Primary()
	switch {
	case d.Status == "Succeeded":
		return succeeded(t, s)
	case !d.Over():
		return rollout.Verdict{}, false
	case d.back != nil && d.back.Status == "Succeeded":
		return rolledBack(t, primary, d.Message)
	case d.back != nil && d.back.Over():
		return rollout.Verdict{
			Outcome: rollout.RollbackFailed,
			Reason:  fmt.Sprintf("CodeDeploy could not roll the deployment back (%s)%s", d.back.ID, because(d.back.Message)),
		}, true
	case d.RolledBackBy != "", d.overFor < stopping, d.overFor < settling && d.WillRollBack():
		return rollout.Verdict{}, false
	case d.Status == "Stopped":
		return failed("the deployment was stopped, and nothing was rolled back%s", because(d.Message))
	}
	return failed("CodeDeploy gave the deployment up and rolled nothing back%s", because(d.Message))
}

// moved tells whether all traffic goes to the tasks of our deployment. Where its target may not be read,
// the task set that serves the traffic tells.
func moved(t Target, s snapshot) bool {
	primary, _ := s.service.Primary()
	switch {
	case t.Stopped, s.shift.Over() && s.shift.Status != "Succeeded":
		return false
	case s.shift.Target == "":
		return primary.ID == t.Deployment.ID
	}
	return s.shift.Moved()
}

// untilMoved tells whether it is enough that the traffic has moved.
func (w *watcher) untilMoved() bool {
	failed := func(f *follower) bool { return f.done && !f.verdict.Outcome.Good() }
	return w.until.WaitFor == rollout.AllRun || w.until.Back || w.until.Together && slices.ContainsFunc(w.followers, failed)
}

// checkMoved decides when the traffic has moved.
func (w *watcher) checkMoved(f *follower, s snapshot) {
	if !moved(f.Target, s) {
		return
	}
	w.decide(f, rollout.Verdict{
		Outcome: rollout.Succeeded,
		Reason: fmt.Sprintf("all traffic goes to %s, %d of %d tasks run; CodeDeploy keeps the old tasks for a while",
			rollout.RevisionID(f.Deployment.TaskDefinition), f.ours.Running, s.service.Desired),
	})
}

// left says where a deployment of CodeDeploy's stood when the waiting ended.
func (s shift) left() string {
	event, _ := s.Event()
	switch {
	case s.State() == rollout.ReadyWait:
		return ", and it waits for somebody to let the traffic move"
	case s.Moved():
		return ", all traffic goes to them, and the old ones are kept"
	case s.Traffic != nil && *s.Traffic > 0:
		return fmt.Sprintf(", with %g %% of the traffic, at %s", *s.Traffic, event.Name)
	case event.Name != "":
		return ", at " + event.Name
	}
	return ""
}

// tellShift adds the lifecycle event and the traffic to a line, and tells what failed and who is waited for.
func (w *watcher) tellShift(f *follower, s snapshot, now *rollout.Progress) {
	d := s.shift
	event, _ := d.Event()
	now.State, now.Stage, now.Production, now.Left = d.State(), event.Name, d.Traffic, d.Left(s.at)
	tell := func(hook rollout.LifecycleHook) {
		if seen := hook.ID + hook.Status; !f.told[seen] {
			f.told[seen] = true
			w.emit(rollout.HookCalled{Service: f.Service.ServiceKey, Stage: event.Name, Hook: hook})
		}
	}
	if failure, is := d.Failed(); is {
		tell(rollout.LifecycleHook{ID: failure.Name, Status: "FAILED", Why: failure.Why})
	}
	if d.RolledBackBy != "" {
		now.State = "ROLLBACK_IN_PROGRESS"
		if !f.told[d.RolledBackBy] {
			f.told[d.RolledBackBy] = true
			w.emit(rollout.ServiceSaid{Service: f.Service.ServiceKey, By: "CodeDeploy", Message: d.RollbackMessage})
		}
	}
	if f.waiting = d.State() == rollout.ReadyWait; f.waiting {
		tell(d.ReadyPause(s.at))
	}
}
