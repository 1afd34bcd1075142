package deploy

import (
	"context"
	"errors"
	"slices"
	"time"

	"ecs-deploy/internal/cloud"
	"ecs-deploy/internal/rollout"
)

const (
	// cleanUpTimeout is how long old revisions are deregistered at most: nobody waits for that. ECS takes less than one a
	// second, and what is left over is there for the next run.
	cleanUpTimeout = 20 * time.Second

	// cleanUpSilence is how long nothing is said meanwhile.
	cleanUpSilence = 5 * time.Second
)

var errEnoughCleanedUp = errors.New("the next run goes on")

// CleanUp deregisters old revisions of the families that a good run deployed, all but the newest: never one that a
// service of the cluster runs, nor what was just deployed, nor what ran before and could be gone back to. That
// something cannot be deregistered is worth a notice, and no failure.
func CleanUp(ctx context.Context, clients *cloud.Clients, plan rollout.Plan, result rollout.Result, emit rollout.Emit) {
	if plan.KeepRevisions == 0 || !result.Outcome().Good() {
		return
	}
	ctx, cancel := context.WithTimeoutCause(ctx, cleanUpTimeout, errEnoughCleanedUp)
	defer cancel()
	c := cleaner{clients: clients, keep: plan.KeepRevisions, emit: emit, told: time.Now()}
	if err := c.cleanUp(ctx, result); err != nil && !errors.Is(context.Cause(ctx), errEnoughCleanedUp) {
		emit(rollout.NotDeregistered{Err: err})
	}
}

type cleaner struct {
	clients *cloud.Clients
	keep    int
	emit    rollout.Emit
	spared  []string // ARNs
	told    time.Time
}

func (c *cleaner) cleanUp(ctx context.Context, result rollout.Result) error {
	var clusters []rollout.ServiceKey // without names
	var given []rollout.RevisionResult
	for _, r := range result.Rollouts {
		given = append(given, r.Revision)
		cluster := rollout.ServiceKey{Place: r.Service.Place, Cluster: r.Service.Cluster}
		if !slices.Contains(clusters, cluster) {
			clusters = append(clusters, cluster)
		}
	}
	if result.Registered != nil {
		given = append(given, *result.Registered)
	}
	for _, cluster := range clusters {
		used, err := c.clients.At(cluster.Place).RevisionsInUse(ctx, cluster.Cluster)
		if err != nil {
			return err
		}
		c.spared = append(c.spared, used...)
	}
	type family struct {
		client *cloud.Client
		name   string
	}
	var families []family
	for _, revision := range append(given, result.Undeployed...) {
		c.spared = append(c.spared, revision.Revision.ARN, revision.Previous.ARN)
		its := family{c.clients.Of(revision.Revision.ARN), revision.Revision.Family}
		if !slices.Contains(families, its) {
			families = append(families, its)
		}
	}
	for _, family := range families {
		if err := c.deregister(ctx, family.client, family.name); err != nil {
			return err
		}
	}
	return nil
}

func (c *cleaner) deregister(ctx context.Context, client *cloud.Client, family string) error {
	active, err := client.ActiveRevisions(ctx, family)
	if err != nil {
		return err
	}
	old := slices.DeleteFunc(active[min(c.keep, len(active)):], func(arn string) bool {
		return slices.Contains(c.spared, arn)
	})
	var done []string
	tell := func(left int) {
		c.emit(rollout.Deregistered{Family: family, Revisions: done, Left: left})
		done, c.told = nil, time.Now()
	}
	for i, arn := range old {
		if err := client.Deregister(ctx, arn); err != nil {
			left := len(old) - i
			if !errors.Is(context.Cause(ctx), errEnoughCleanedUp) {
				left = 0 // why they are left is told
			}
			if len(done)+left > 0 {
				tell(left)
			}
			return err
		}
		done = append(done, rollout.RevisionID(arn))
		if time.Since(c.told) >= cleanUpSilence && i+1 < len(old) {
			tell(0)
		}
	}
	tell(0)
	return nil
}
