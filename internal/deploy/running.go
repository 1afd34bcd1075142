package deploy

import (
	"context"
	"errors"
	"time"

	"ecs-deploy/internal/cloud"
	"ecs-deploy/internal/rollout"
)

const (
	// mostSeen is of how many services at most the tasks are looked at when they have succeeded: each takes two calls.
	mostSeen = 20

	// seeTimeout is how long that may take: nothing depends on it.
	seeTimeout = 10 * time.Second
)

var errNotSeen = errors.New("nobody waits for how long the tasks took")

// seeTasks reads the tasks that run of deployments that succeeded: how long they took to start, and what images they
// run. Where that took long, it reads the settings that say why. What cannot be read is not known.
func (d *deployer) seeTasks(ctx context.Context, wave []*rollout.Rollout) {
	if len(d.plan.Rollouts) > mostSeen {
		return
	}
	ctx, cancel := context.WithTimeoutCause(ctx, seeTimeout, errNotSeen)
	defer cancel()
	clients := d.clients.WithoutRetry()
	_ = cloud.Each(ctx, wave, func(ctx context.Context, _ int, r *rollout.Rollout) error {
		if !r.Verdict.Outcome.Good() || r.Unchanged || r.Verdict.Ending == rollout.EndedUnwaited {
			return nil
		}
		client := clients.At(r.Service.Place)
		if tasks, err := client.RunningTasks(ctx, r); err == nil {
			r.Running = tasks
		}
		if r.Service.Rolls() && time.Since(r.Deployment.Created) > rollout.LongDeployment {
			seeWhySlow(ctx, client, r)
		}
		return nil
	})
}

// seeWhySlow reads what may have made a deployment slow.
func seeWhySlow(ctx context.Context, client *cloud.Client, r *rollout.Rollout) {
	if groups, err := client.TargetGroups(ctx, r.Service.TargetGroups); err == nil {
		r.Groups = groups
	}
	if replaced, err := client.ReplacedTasks(ctx, r); err == nil {
		r.Killed = rollout.Killed(replaced, r.Revision.Previous.Document)
	}
	for _, task := range r.Running {
		if task.PullTook() < rollout.LongPull {
			continue
		}
		platform := r.Revision.Revision.Document.Dependencies().Platform
		if sizes, err := client.ImageSizes(ctx, task, platform); err == nil {
			r.Large = sizes
		}
		return // the images of the others are the same
	}
}
