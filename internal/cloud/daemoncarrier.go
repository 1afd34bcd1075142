package cloud

import (
	"context"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"ecs-deploy/internal/kind"
	"ecs-deploy/internal/rollout"
)

// daemonCarrier is deployments of managed daemons, which ECS carries out. Another UpdateDaemon rolls one back: there is
// no call to stop one.
type daemonCarrier struct{ client *Client }

// Survey reads what UpdateDaemon must be sent back, and the last deployments.
func (e *daemonCarrier) Survey(ctx context.Context, services []rollout.SurveyedService, _ []rollout.Detail) error {
	return own(ctx, services, e.client.managedDaemon)
}

// managedDaemon reads what only a managed daemon has.
func (c *Client) managedDaemon(ctx context.Context, service rollout.Service) (rollout.ManagedDaemon, error) {
	last, err := c.lastDeployment(ctx, service)
	if err != nil {
		return rollout.ManagedDaemon{}, err
	}
	runs := last.Runs()
	revisions, err := c.daemonRevisions(ctx, runs.ARN)
	revision := revisions[runs.ARN]
	its := rollout.ManagedDaemon{
		Last: last, Instances: service.Desired, Providers: runs.Providers, Critical: revision.Critical,
		ManagedTags: revision.EnableECSManagedTags, ExecuteCommand: revision.EnableExecuteCommand,
		PropagateTags: string(revision.PropagateTags),
	}
	if len(its.Providers) == 0 {
		for _, share := range service.Placement.Capacity {
			its.Providers = append(its.Providers, share.Provider)
		}
	}
	return its, err
}

func (*daemonCarrier) Busy(context.Context, *rollout.Rollout) error { return nil }

func (e *daemonCarrier) Start(
	ctx context.Context, r *rollout.Rollout, update rollout.Update,
) (rollout.Service, rollout.Deployment, error) {
	if skipped(r) {
		there := unstarted(r.Service)
		return there.service, there.ours, nil
	}
	return e.client.updateDaemon(ctx, r, update.TaskDefinition)
}

// updateDaemon gives a daemon a task definition, and tells of the deployment that is ours. UpdateDaemon has no client
// token: when its answer got lost, ours is a later deployment of that task definition than the last one.
func (c *Client) updateDaemon(
	ctx context.Context, r *rollout.Rollout, taskDefinition string,
) (rollout.Service, rollout.Deployment, error) {
	if err := kind.WithoutProviders(r); err != nil {
		return rollout.Service{}, rollout.Deployment{}, err
	}
	body, before := kind.UpdateDaemon(r, taskDefinition), r.Service
	after, err := once(ctx, c, sends,
		func() (updated, error) {
			out, err := c.ecs.UpdateDaemon(ctx, &ecs.UpdateDaemonInput{ // for the SDK's own check; another body is sent
				DaemonArn: &before.ARN, DaemonTaskDefinitionArn: &taskDefinition, CapacityProviderArns: []string{},
			}, c.sending(body))
			if err == nil && deref(out.DeploymentArn) == "" {
				err = errNoAnswer
			}
			if err != nil {
				return updated{}, err
			}
			return startedDaemon(before, *out.DeploymentArn, taskDefinition, deref(out.UpdatedAt)), nil
		},
		func() (updated, bool, error) { return c.lookForDaemon(ctx, before, taskDefinition) },
		func(err error) error { return c.problem(ctx, err, "ecs:UpdateDaemon", "daemon "+before.Name) })
	return after.service, after.ours, err
}

// unstarted is a daemon of which no deployment was started: what it runs, under the name of its newest one.
func unstarted(service rollout.Service) updated {
	runs, _ := service.Primary()
	runs.ID, runs.ARN = rollout.LastSegment(service.Latest), service.Latest
	return updated{service, runs}
}

// startedDaemon is a daemon of which a deployment was started, or none, if the deployment is the one that there was.
func startedDaemon(before rollout.Service, arn, taskDefinition string, at time.Time) updated {
	if arn == before.Latest {
		return unstarted(before)
	}
	if at.IsZero() {
		at = time.Now()
	}
	after := before
	after.Latest = arn
	return updated{after, rollout.Deployment{
		ID: rollout.LastSegment(arn), ARN: arn, Status: rollout.DeploymentPrimary, State: rollout.RolloutInProgress,
		TaskDefinition: taskDefinition, Created: at,
	}}
}

// lookForDaemon searches for what a lost UpdateDaemon did.
func (c *Client) lookForDaemon(
	ctx context.Context, before rollout.Service, taskDefinition string,
) (updated, bool, error) {
	ctx, cancel := lookContext(ctx)
	defer cancel()
	for began := time.Now(); time.Since(began) < lookTimeout; {
		if err := c.Pause(ctx, lookInterval); err != nil {
			return updated{}, false, err
		}
		after, there, err := c.daemon(ctx, before.Cluster, before.Name)
		if err != nil || !there {
			return updated{}, false, err
		}
		if after.Latest == before.Latest {
			continue
		}
		found, err := c.daemonDeployments(ctx, after.Latest)
		if err != nil {
			return updated{}, false, err
		}
		if d := found[after.Latest]; d.Target.TaskDefinition == taskDefinition {
			return startedDaemon(before, d.ARN, taskDefinition, d.Created), true, nil
		}
	}
	return updated{}, false, nil
}

// Look reads the deployments, and of daemons that have a later one that too.
func (e *daemonCarrier) Look(ctx context.Context, open []*rollout.Rollout, _ bool, _ rollout.Emit) error {
	var arns []string
	for _, r := range open {
		for _, arn := range []string{r.Deployment.ARN, r.Service.Latest} {
			if arn != "" && !slices.Contains(arns, arn) {
				arns = append(arns, arn)
			}
		}
	}
	found, err := e.client.daemonDeployments(ctx, arns...)
	if err != nil {
		return err
	}
	for _, r := range open {
		if its, there := found[r.Deployment.ARN]; there {
			file(r, its)
		}
		latest := found[r.Service.Latest]
		if latest.ARN != r.Deployment.ARN && latest.Created.After(r.Deployment.Created) {
			r.Later = latest.Listed()
		}
	}
	return nil
}

// file files how a deployment stands.
func file(r *rollout.Rollout, its rollout.DaemonDeployment) {
	arn := r.Deployment.ARN
	r.Own, r.OwnAt = its, time.Now()
	r.Deployment = its.Listed()
	r.Deployment.ARN, r.ARN = arn, arn
}

func (e *daemonCarrier) Reread(ctx context.Context, r *rollout.Rollout) error {
	return e.Look(ctx, []*rollout.Rollout{r}, false, nil)
}

func (*daemonCarrier) Stop(context.Context, *rollout.Rollout) (bool, error) { return false, nil }

func (e *daemonCarrier) Restore(
	ctx context.Context, r *rollout.Rollout, previous rollout.Revision,
) (rollout.Service, rollout.Deployment, error) {
	return e.client.updateDaemon(ctx, r, previous.ARN)
}

// Adopt takes the last deployment of a daemon over.
func (e *daemonCarrier) Adopt(
	_ context.Context, running rollout.SurveyedService, r *rollout.Rollout, _ Operation,
) error {
	its, _ := running.Own.(rollout.ManagedDaemon)
	r.Settings = its
	if its.Last.ARN == "" {
		return nil
	}
	r.Deployment.ARN = its.Last.ARN
	file(r, its.Last)
	r.EventsSince = its.Last.Created
	r.Revision.Revision = rollout.Named(its.Last.Target.TaskDefinition)
	if before, is := its.Last.Before(); is {
		r.Replaced, r.Revision.Previous = rollout.LastSegment(before.ARN), rollout.Named(before.TaskDefinition)
	}
	return nil
}

// Previous is what a deployment replaces while it is under way, and else what the last successful one before had.
func (e *daemonCarrier) Previous(ctx context.Context, r *rollout.Rollout) error {
	its, _ := r.Own.(rollout.DaemonDeployment)
	switch {
	case its.Status == rollout.DaemonDeploymentRollbackSuccessful:
		before, _ := its.Before()
		r.Revision.Revision = rollout.Named(before.TaskDefinition)
		r.Progress = kind.Of(r.Service).Progress(r)
		return ErrTakenBack
	case !its.Status.Over() && len(its.Sources) > 0:
		return nil // as it was adopted
	}
	past, err := e.past(ctx, r)
	if err != nil {
		return err
	}
	definitions, err := e.client.daemonDefinitions(ctx, made(past)...)
	if err != nil {
		return err
	}
	for _, d := range past {
		definition := definitions[d.Made]
		another := definition != "" && definition != its.Target.TaskDefinition
		if d.Succeeded && d.ID != r.Deployment.ID && another {
			r.Revision.Previous = rollout.Named(definition)
			return nil
		}
	}
	return nothingBefore("daemon "+r.Service.Name, its.Target.TaskDefinition)
}

// Past are the deployments of a daemon that are over.
func (e *daemonCarrier) Past(ctx context.Context, r *rollout.Rollout) ([]rollout.PastDeployment, error) {
	ctx, cancel := withinSight(ctx)
	defer cancel()
	return e.past(ctx, r)
}

// past are the same, for which is waited as for any answer.
func (e *daemonCarrier) past(ctx context.Context, r *rollout.Rollout) ([]rollout.PastDeployment, error) {
	most := int32(100)
	var all []types.DaemonDeploymentSummary
	err := eachPage(func(token *string) (*string, error) {
		out, err := e.client.ecs.ListDaemonDeployments(ctx, &ecs.ListDaemonDeploymentsInput{
			DaemonArn: &r.Service.ARN, NextToken: token, MaxResults: &most,
		})
		if err != nil {
			return nil, err
		}
		all = append(all, out.DaemonDeployments...)
		return out.NextToken, nil
	})
	if err != nil {
		return nil, e.client.problem(ctx, err, "ecs:ListDaemonDeployments", "daemon "+r.Service.Name)
	}
	var past []rollout.PastDeployment
	for _, d := range all {
		finished := d.FinishedAt
		if finished == nil {
			finished = d.StoppedAt
		}
		if finished == nil {
			continue
		}
		started := d.StartedAt
		if started == nil {
			started = d.CreatedAt
		}
		past = append(past, rollout.PastDeployment{
			ID: rollout.LastSegment(deref(d.DaemonDeploymentArn)), Made: deref(d.TargetDaemonRevisionArn),
			Status: string(d.Status), Reason: deref(d.StatusReason),
			Succeeded: d.Status == types.DaemonDeploymentStatusSuccessful, Started: deref(started), Finished: *finished,
		})
	}
	slices.SortStableFunc(past, func(a, b rollout.PastDeployment) int { return b.Started.Compare(a.Started) })
	return past, nil
}

// Deployed reads the task definitions that the last of the past deployments had deployed.
func (e *daemonCarrier) Deployed(
	ctx context.Context, _ *rollout.Rollout, past []rollout.PastDeployment,
) ([]rollout.PastDeployment, error) {
	return e.client.deployed(ctx, past, e.client.daemonDefinitions)
}

// Continue has nothing to do: no deployment of a daemon waits for anyone.
func (*daemonCarrier) Continue(context.Context, *rollout.Rollout, rollout.LifecycleHook) error {
	return nil
}
