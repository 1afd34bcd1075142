package deploy

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"ecs-deploy/internal/cloud"
	"ecs-deploy/internal/kind"
	"ecs-deploy/internal/rollout"
	"ecs-deploy/internal/watch"
)

// rollOut updates the services of a wave, and follows each from its own update on. What was refused ended the updates,
// and what was lost the wait.
func (d *deployer) rollOut(ctx context.Context, wave []*rollout.Rollout) (refused, lost error) {
	d.halted, d.halt = context.WithCancel(context.Background())
	d.slots = newSlots(d.plan.MaxParallel)
	joining := make(chan watch.Joining, len(wave)+1)
	var updating sync.WaitGroup
	var fault any
	defer updating.Wait() // also amid a panic: what is under way has an effect
	defer d.halt()
	updating.Go(func() {
		defer close(joining)
		defer func() {
			if fault = recover(); fault != nil { // in a goroutine it would end the process
				d.halt()
			}
		}()
		refused = d.update(ctx, wave, joining)
	})
	lost = d.follow(ctx, joining)
	updating.Wait()
	if fault != nil {
		d.conclude(ctx, lost)
		panic(fault)
	}
	return d.worthTelling(refused), lost
}

// worthTelling is an error that ended the updates, but for the end of the run where a service has come to a worse one.
func (d *deployer) worthTelling(refused error) error {
	cancelled := errors.Is(refused, context.Canceled) && !errors.As(refused, new(rollout.PerhapsDone))
	failed := func(r *rollout.Rollout) bool { return rollout.Worse(r.Verdict.Outcome, rollout.Cancelled) }
	if cancelled && slices.ContainsFunc(d.touched(), failed) {
		return nil
	}
	return refused
}

// update updates services, and returns the first error, after which no other update is begun.
func (d *deployer) update(ctx context.Context, wave []*rollout.Rollout, joining chan<- watch.Joining) error {
	all := true
	var over atomic.Bool // one was refused
	admitted := func() bool {
		all = d.slots.take(ctx, d.halted)
		return all && !over.Load()
	}
	within := cloud.Until(ctx, d.halted)
	err := cloud.EachAdmitted(within, wave, admitted, func(ctx context.Context, i int, r *rollout.Rollout) error {
		if d.halted.Err() != nil {
			return nil
		}
		update := r.Update
		update.TaskDefinition = r.Revision.Revision.ARN
		since := time.Now()
		after, ours, err := d.carriers.Of(r.Service).Start(ctx, r, update)
		if err != nil {
			over.Store(true)
			d.slots.free()
		}
		if cloud.NotSent(err) && d.halted.Err() != nil {
			return nil
		}
		joining <- watch.Joining{Place: i, Start: func() *rollout.Rollout {
			if err != nil {
				d.refused(r, after, err)
				return nil
			}
			return d.started(r, after, ours, since)
		}}
		return err
	})
	joining <- watch.Joining{Place: len(wave), Start: func() *rollout.Rollout {
		leaveUntouched(wave)
		return nil
	}}
	if err == nil && !all && d.halted.Err() == nil {
		return context.Cause(ctx)
	}
	return err
}

// refused files that a service was not updated, or maybe not.
func (d *deployer) refused(r *rollout.Rollout, after rollout.Service, err error) {
	unsure := errors.As(err, new(rollout.PerhapsDone))
	settings := after.Name != ""
	if errors.Is(err, context.Canceled) && !unsure && !settings {
		return // nothing was sent
	}
	r.Verdict = rollout.Verdict{
		Outcome: rollout.Failed, Ending: rollout.EndedUntouched,
		Settings: settings, Registered: r.Revision.Changed, Unsure: unsure,
	}
}

// started files that a service was updated, and tells of it. It returns the rollout if it is to be followed.
func (d *deployer) started(
	r *rollout.Rollout, after rollout.Service, ours rollout.Deployment, since time.Time,
) *rollout.Rollout {
	before, _ := r.Service.Primary()
	latest := rollout.LastSegment(r.Service.Latest)
	if d.plan.Revisions[r.Planned].ByECS {
		d.registeredByECS(r, ours.TaskDefinition)
	}
	r.Phase = rollout.PhaseStarted
	r.Service = after
	r.Deployment = ours
	r.Since = since
	r.EventsSince = ours.Created.Add(-1)
	if r.Unchanged = ours.ID == before.ID || ours.ID == latest; !r.Unchanged {
		r.Replaced = before.ID
	}
	r.Fallback = fallback(r, after)
	r.HealthChecked = r.Revision.Revision.Document.HealthChecked()
	r.Outputs = kind.Of(after).Outputs(r)
	_, settings := r.Update.OfService()
	switch {
	case r.Unchanged && ours.State != rollout.RolloutInProgress:
		d.decide(r, rollout.Verdict{Outcome: rollout.Unchanged, Ending: rollout.EndedUnstarted, Settings: settings})
	case d.plan.WaitFor == rollout.DoNotWait:
		d.decide(r, rollout.Verdict{Outcome: rollout.Succeeded, Ending: rollout.EndedUnwaited})
	}
	d.emit(rollout.Started{Rollout: r})
	if r.Phase == rollout.PhaseDecided {
		d.slots.free()
		return nil
	}
	return r
}

// fallback is the task definition to go back to: that of the newest deployment that came to its good end, which need
// not be the one that ours replaces; else what ran before.
func fallback(r *rollout.Rollout, service rollout.Service) string {
	if completed, known := service.Completed(r.Deployment.ID); known {
		return completed.TaskDefinition
	}
	return r.Revision.Previous.ARN
}

// leaveUntouched files which services were left as they are.
func leaveUntouched(rollouts []*rollout.Rollout) {
	for _, r := range rollouts {
		if r.Phase == rollout.PhasePlanned && r.Verdict.Outcome == "" {
			r.Verdict.Outcome, r.Verdict.Ending = rollout.NotStarted, rollout.EndedUntouched
		}
	}
}

// leaveUnknown files, where an internal error has ended the run amid it, that the ends of the rollouts are not known.
func (d *deployer) leaveUnknown() {
	for _, r := range d.plan.Rollouts {
		if r.Verdict.Outcome == "" {
			d.decide(r, rollout.Verdict{Outcome: rollout.Failed, Ending: rollout.EndedUnknown})
		}
	}
}

// decide gives a rollout its verdict without following it.
func (d *deployer) decide(r *rollout.Rollout, verdict rollout.Verdict) {
	r.Phase, r.Verdict = rollout.PhaseDecided, verdict
}
