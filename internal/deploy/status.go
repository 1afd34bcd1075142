package deploy

import (
	"context"

	"ecs-deploy/internal/cloud"
	"ecs-deploy/internal/rollout"
)

// Status tells how the newest deployments of services stand, what they run, and how the deployments before ended. It
// changes nothing, and does without what cannot be read.
func Status(ctx context.Context, clients *cloud.Clients, op Operation, emit rollout.Emit) (rollout.Result, error) {
	d, err := adopt(ctx, clients, op, emit)
	if err != nil {
		return rollout.Result{}, err
	}
	defer d.leaveUnknown()
	err = cloud.Each(ctx, d.plan.Rollouts, func(ctx context.Context, _ int, r *rollout.Rollout) error {
		d.lookBack(ctx, r)
		d.readRevisions(ctx, r)
		return context.Cause(ctx)
	})
	if err != nil {
		return d.result(), err
	}
	for _, r := range d.plan.Rollouts {
		d.decide(r, rollout.Verdict{Outcome: rollout.Unchanged, Ending: rollout.EndedStatus, Progress: r.Progress})
		emit(rollout.Progressed{Rollout: r})
		if r.Progress.Wait != rollout.WaitContinue && r.Progress.Wait != rollout.WaitTraffic {
			continue
		}
		for _, hook := range r.Progress.Hooks {
			if hook.Pause {
				hook.Stage = r.Progress.HookStage()
				emit(rollout.HookCalled{Rollout: r, Hook: hook})
			}
		}
	}
	return d.result(), nil
}

// lookBack reads the deployments before.
func (d *deployer) lookBack(ctx context.Context, r *rollout.Rollout) {
	carrier := d.carriers.Of(r.Service)
	past, err := carrier.Past(ctx, r)
	if err == nil {
		r.Usual = rollout.UsualOf(past)
		r.Past, err = carrier.Deployed(ctx, r, past)
	}
	if err != nil && ctx.Err() == nil {
		d.emit(rollout.Unreadable{Err: err, Sight: rollout.SightPast})
	}
}

// readRevisions reads what the deployment deploys, and what ran before it.
func (d *deployer) readRevisions(ctx context.Context, r *rollout.Rollout) {
	for _, revision := range []*rollout.Revision{&r.Revision.Revision, &r.Revision.Previous} {
		if revision.ARN == r.Runs.ARN {
			*revision = r.Runs
		} else if read, err := d.clients.Of(revision.ARN).Revision(ctx, revision.ARN); err == nil {
			*revision = read
		}
	}
	r.Revision.Images = r.Revision.Revision.Document.AllImagesOver(r.Revision.Previous.Document)
}
