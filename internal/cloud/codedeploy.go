package cloud

import (
	"cmp"
	"context"
	"slices"
	"sync/atomic"
	"time"

	"ecs-deploy/internal/rollout"
	"ecs-deploy/internal/taskdef"
)

// codeDeployCarrier is deployments that CodeDeploy carries out.
type codeDeployCarrier struct {
	client   *Client
	noTarget atomic.Bool // the targets of deployments cannot be read
}

func plannedCodeDeploy(r *rollout.Rollout) rollout.PlannedCodeDeploy {
	planned, _ := r.Settings.(rollout.PlannedCodeDeploy)
	return planned
}

// Survey reads the deployment groups of the services, and the configurations by which the traffic moves.
func (d *codeDeployCarrier) Survey(
	ctx context.Context,
	services []rollout.SurveyedService,
	options []rollout.Detail,
) error {
	var wanted rollout.CodeDeployOptions
	for _, option := range options {
		if its, is := option.(rollout.CodeDeployOptions); is {
			wanted = its
		}
	}
	groups := make([]rollout.CodeDeployGroup, len(services))
	err := Each(ctx, services, func(ctx context.Context, i int, running rollout.SurveyedService) (err error) {
		groups[i], err = d.client.deploymentGroup(ctx, running.Service.ServiceKey, wanted)
		return err
	})
	if err != nil {
		return err
	}
	var configs []string
	of := func(group rollout.CodeDeployGroup) string { return cmp.Or(wanted.Config, group.Config) }
	for _, group := range groups {
		if config := of(group); !slices.Contains(configs, config) {
			configs = append(configs, config)
		}
	}
	took := make([]time.Duration, len(configs))
	err = Each(ctx, configs, func(ctx context.Context, i int, config string) (err error) {
		took[i], err = d.client.shiftInterval(ctx, config)
		return err
	})
	for i, group := range groups {
		group.ShiftInterval = took[slices.Index(configs, of(group))]
		services[i].Own = group
	}
	return err
}

func (d *codeDeployCarrier) Busy(ctx context.Context, r *rollout.Rollout) error {
	group := plannedCodeDeploy(r).Group
	if group.Last == "" || skipped(r) {
		return nil
	}
	return d.client.notUnderWay(ctx, r.Service.ServiceKey, group)
}

// skipped tells whether no deployment is to be started.
func skipped(r *rollout.Rollout) bool {
	return slices.ContainsFunc(r.Calls, func(call rollout.Call) bool { return call.Deploys && call.Skipped })
}

// Start has CodeDeploy deploy a revision, after UpdateService has set what is the service's own. Where nothing is to be
// started, the deployment is the one that there is.
func (d *codeDeployCarrier) Start(
	ctx context.Context, r *rollout.Rollout, update rollout.Update,
) (rollout.Service, rollout.Deployment, error) {
	service := r.Service
	own, changes := update.OfService()
	if changes {
		after, _, err := d.client.Update(ctx, service, own)
		if err != nil {
			return rollout.Service{}, rollout.Deployment{}, err
		}
		service = after
	}
	if skipped(r) {
		runs, _ := service.Primary()
		return service, runs, nil
	}
	ours, err := d.shift(ctx, service, plannedCodeDeploy(r), update.TaskDefinition)
	if err != nil && !changes {
		service = rollout.Service{}
	}
	return service, ours, err
}

// shift starts a deployment.
func (d *codeDeployCarrier) shift(
	ctx context.Context, service rollout.Service, planned rollout.PlannedCodeDeploy, taskDefinition string,
) (rollout.Deployment, error) {
	started, err := d.client.startCodeDeploy(ctx, service.ServiceKey, planned, planned.AppSpec.With(taskDefinition))
	return rollout.Deployment{
		ID: started.ID, URL: deploymentURL(service.ARN, service.Region, started.ID), Status: rollout.DeploymentActive,
		TaskDefinition: taskDefinition, Created: started.Created, Updated: started.Created,
	}, err
}

// Look looks at a few in a round, since each takes calls of its own, at those first that were looked at longest ago.
func (d *codeDeployCarrier) Look(ctx context.Context, open []*rollout.Rollout, needed bool, emit rollout.Emit) error {
	open = slices.Clone(open)
	slices.SortStableFunc(open, func(a, b *rollout.Rollout) int { return a.OwnAt.Compare(b.OwnAt) })
	return Each(ctx, open[:min(len(open), LooksPerRound)], func(ctx context.Context, _ int, r *rollout.Rollout) error {
		now, err := d.client.codeDeployment(ctx, r.Deployment.ID)
		if err == nil {
			now, err = d.target(ctx, r, now, needed, emit)
		}
		if err != nil {
			return err
		}
		err = d.addRollback(ctx, &now)
		r.Own, r.OwnAt = now, time.Now()
		return err
	})
}

// target adds what the target of a deployment tells, as far as that may be read.
func (d *codeDeployCarrier) target(
	ctx context.Context, r *rollout.Rollout, now rollout.CodeDeployment, needed bool, emit rollout.Emit,
) (rollout.CodeDeployment, error) {
	if d.noTarget.Load() {
		return now, nil
	}
	with, err := d.client.codeDeployTarget(ctx, r.Service.ServiceKey, now)
	if NotAllowed(err) && !needed {
		if d.noTarget.CompareAndSwap(false, true) {
			emit(rollout.Unreadable{Err: err, Sight: rollout.SightTraffic})
		}
		return now, nil
	}
	return with, err
}

// addRollback adds how the deployment is that rolls another back.
func (d *codeDeployCarrier) addRollback(ctx context.Context, now *rollout.CodeDeployment) error {
	if now.RolledBackBy == "" {
		return nil
	}
	back, err := d.client.codeDeployment(ctx, now.RolledBackBy)
	if err == nil {
		now.RollbackStatus, now.RollbackFailure = back.Status, back.Message
	}
	return err
}

// Reread keeps what only the target tells, which is known from the last look.
func (d *codeDeployCarrier) Reread(ctx context.Context, r *rollout.Rollout) error {
	before, looked := r.Own.(rollout.CodeDeployment)
	if looked && before.ID == "" {
		return nil // it has deployed nothing yet
	}
	now, err := d.client.codeDeployment(ctx, cmp.Or(before.ID, r.Deployment.ID))
	if err != nil {
		return err
	}
	now.Target = before.Target
	now.Lifecycle = before.Lifecycle
	now.TaskSet = before.TaskSet
	now.Traffic = before.Traffic
	r.Own, r.OwnAt = now, time.Now()
	return d.later(ctx, r, now)
}

// later looks whether another run has deployed since, by the last deployment of the group. Without an answer the task
// sets of the service tell.
func (d *codeDeployCarrier) later(ctx context.Context, r *rollout.Rollout, now rollout.CodeDeployment) error {
	within, cancel := withinSight(ctx)
	defer cancel()
	planned := plannedCodeDeploy(r).Group
	group, err := d.client.deploymentGroup(
		within, r.Service.ServiceKey, rollout.CodeDeployOptions{Application: planned.Application, Group: planned.Name},
	)
	if err != nil || group.Last == "" || group.Last == now.ID || group.Last == now.RolledBackBy {
		return context.Cause(ctx)
	}
	last, err := d.client.codeDeployment(within, group.Last)
	if err == nil && last.Undoes != now.ID && last.Created.After(now.Created) {
		r.Later = rollout.Deployment{ID: last.ID, Created: last.Created}
	}
	return context.Cause(ctx)
}

func (d *codeDeployCarrier) Stop(ctx context.Context, r *rollout.Rollout) (asked bool, err error) {
	err = d.client.stopCodeDeploy(ctx, r.Deployment.ID)
	if hasEnded(err) {
		return false, nil
	}
	return err == nil, err
}

// allAtOnce is the deployment configuration with which CodeDeploy itself rolls back, whatever that of the
// deployment was (https://docs.aws.amazon.com/codedeploy/latest/userguide/deployments-rollback-and-redeploy.html;
// that it is this one was seen in an answer of GetDeployment).
const allAtOnce = "CodeDeployDefault.ECSAllAtOnce"

func (d *codeDeployCarrier) Restore(
	ctx context.Context, r *rollout.Rollout, previous rollout.Revision,
) (rollout.Service, rollout.Deployment, error) {
	planned := plannedCodeDeploy(r)
	if planned.AppSpec.Empty() { // a deployment of another run
		spec, err := d.client.previousAppSpec(ctx, r.Service.ServiceKey, planned.Group, r.Deployment.TaskDefinition)
		if err != nil {
			return rollout.Service{}, rollout.Deployment{}, err
		}
		planned.AppSpec = spec
	}
	planned.Config = allAtOnce
	ours, err := d.shift(ctx, r.Service, planned, previous.ARN)
	return r.Service, ours, err
}

// Adopt reads the newest deployment by CodeDeploy of a service, and how far it is.
func (d *codeDeployCarrier) Adopt(
	ctx context.Context, running rollout.SurveyedService, r *rollout.Rollout, operation Operation,
) error {
	group, _ := running.Own.(rollout.CodeDeployGroup)
	r.Settings = rollout.PlannedCodeDeploy{Group: group, RollBack: operation.RollBack}
	if group.Last == "" {
		r.Own = rollout.CodeDeployment{}
		return nil
	}
	now, err := d.newest(ctx, r, group)
	if err != nil {
		return err
	}
	r.Own, r.OwnAt = now, time.Now()
	if _, split := now.Split(); now.Over() && now.RolledBackBy == "" && !split {
		return nil // what runs is what it, or another before it, came to
	}
	ours, listed := r.Service.Deployment(now.ID)
	if !listed { // it has made no task set yet
		spec, err := d.client.appSpec(ctx, group, now)
		if err != nil && !NotAllowed(err) {
			return err
		}
		ours = rollout.Deployment{
			ID:             now.ID,
			URL:            deploymentURL(r.Service.ARN, r.Service.Region, now.ID),
			Created:        now.Created,
			TaskDefinition: spec.TaskDefinition(),
		}
	}
	r.Replaced, r.Revision.Previous = "", running.Revision
	for _, other := range r.Service.Deployments {
		if other.ID != ours.ID && r.Replaced == "" {
			r.Replaced, r.Revision.Previous = other.ID, rollout.Named(other.TaskDefinition)
		}
	}
	r.Deployment, r.Revision.Revision = ours, rollout.Named(ours.TaskDefinition)
	return nil
}

// newest is the newest deployment of a group that is none which rolls another back: of such one it is the other.
func (d *codeDeployCarrier) newest(
	ctx context.Context, r *rollout.Rollout, group rollout.CodeDeployGroup,
) (rollout.CodeDeployment, error) {
	now, err := d.client.codeDeployment(ctx, group.Last)
	if err == nil && now.Undoes != "" && !now.Over() {
		now, err = d.client.codeDeployment(ctx, now.Undoes)
	}
	if err != nil {
		return now, err
	}
	with, err := d.client.codeDeployTarget(ctx, r.Service.ServiceKey, now)
	if NotAllowed(err) {
		return with, nil
	}
	return with, err
}

// Previous is what a deployment replaces while it is under way or rolled back, and else what the last successful one
// before had.
func (d *codeDeployCarrier) Previous(ctx context.Context, r *rollout.Rollout) (err error) {
	now, _ := r.Own.(rollout.CodeDeployment)
	if now.ID != "" && (!now.Over() || now.RolledBackBy != "") {
		return nil
	}
	planned := plannedCodeDeploy(r)
	var spec taskdef.AppSpec
	spec, err = d.client.previousAppSpec(ctx, r.Service.ServiceKey, planned.Group, r.Deployment.TaskDefinition)
	planned.AppSpec = spec
	r.Settings, r.Revision.Previous = planned, rollout.Named(spec.TaskDefinition())
	return err
}

// Continue may be asked twice when the answer gets lost, and is refused then, since nothing waits any more: so it is
// done.
func (d *codeDeployCarrier) Continue(ctx context.Context, r *rollout.Rollout, _ rollout.LifecycleHook) error {
	before, _ := r.Own.(rollout.CodeDeployment)
	err := d.client.continueCodeDeploy(ctx, before.ID, before.State())
	if err == nil {
		return nil
	}
	now, failed := d.client.codeDeployment(ctx, before.ID)
	if failed == nil {
		now, failed = d.client.codeDeployTarget(ctx, r.Service.ServiceKey, now)
	}
	if failed == nil && now.State() != before.State() {
		return nil
	}
	return err
}
