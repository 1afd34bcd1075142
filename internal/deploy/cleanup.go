package deploy

import (
	"context"
	"slices"
	"time"

	"ecs-deploy/internal/rollout"
)

// cleanUp deregisters old revisions of the families that were deployed, all but the newest: never one
// that a service of the cluster runs, nor what was just deployed, nor what ran before and could be
// gone back to. That something is left over is worth a notice, and no failure.
func (d *deployer) cleanUp(ctx context.Context) {
	if d.plan.KeepRevisions == 0 || !d.result().Outcome().Good() {
		return
	}
	var spared, families []string
	for _, r := range d.plan.Rollouts {
		used, err := d.client.RevisionsInUse(ctx, r.Service.Cluster)
		if err != nil {
			d.emit(rollout.NotDeregistered{Err: err})
			return
		}
		spared = append(append(spared, used...), r.Revision.Previous.ARN)
	}
	for _, revision := range d.revisions {
		spared = append(spared, revision.Revision.ARN, revision.Previous.ARN)
		if !slices.Contains(families, revision.Revision.Family) {
			families = append(families, revision.Revision.Family)
		}
	}
	for _, family := range families {
		if err := d.deregister(ctx, family, spared); err != nil {
			d.emit(rollout.NotDeregistered{Err: err})
			return
		}
	}
}

// cleanUpSilence is how long nothing is said while many revisions are deregistered, of which ECS takes less than one a
// second.
const cleanUpSilence = 15 * time.Second

func (d *deployer) deregister(ctx context.Context, family string, spared []string) error {
	active, err := d.client.ActiveRevisions(ctx, family)
	if err != nil {
		return err
	}
	var done []string
	began := time.Now()
	told := began
	tell := func() {
		d.emit(rollout.Deregistered{Family: family, Revisions: done})
		done, told = nil, time.Now()
	}
	for _, arn := range active[min(d.plan.KeepRevisions, len(active)):] {
		if slices.Contains(spared, arn) {
			continue
		}
		if err = d.client.Deregister(ctx, arn); err != nil {
			break
		}
		done = append(done, rollout.RevisionID(arn))
		if time.Since(told) >= cleanUpSilence {
			tell()
		}
	}
	if len(done) > 0 || told.Equal(began) {
		tell()
	}
	return err
}
