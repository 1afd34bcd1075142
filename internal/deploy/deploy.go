// Package deploy carries a plan out: it registers, updates every service, follows the deployments to
// their end, and finds out why those failed that did.
package deploy

import (
	"context"
	"time"

	"ecs-deploy/internal/cloud"
	"ecs-deploy/internal/diagnose"
	"ecs-deploy/internal/rollout"
	"ecs-deploy/internal/watch"
)

// Execute carries a plan out and tells what became of it. When there is an error, the result holds
// what was done until then.
func Execute(ctx context.Context, client *cloud.Client, plan rollout.Plan, emit rollout.Emit) (rollout.Result, error) {
	d := &deployer{client: client, plan: plan, emit: emit}
	for _, planned := range plan.Services {
		d.services = append(d.services, rollout.ServiceResult{
			Service: planned.Service, Revision: rollout.RevisionResult{Revision: planned.Runs, Previous: planned.Runs},
			Verdict: rollout.Verdict{Outcome: rollout.Failed, Reason: "the service was not updated"},
		})
	}
	err := d.execute(ctx)
	if err == nil {
		d.cleanUp(ctx)
	}
	return d.result(), err
}

type deployer struct {
	client    *cloud.Client
	plan      rollout.Plan
	emit      rollout.Emit
	revisions []rollout.RevisionResult // as many of Plan.Revisions as are known
	services  []rollout.ServiceResult  // one for each of Plan.Services
	followed  []*following
}

// following is a deployment that is waited for.
type following struct {
	watch.Target
	result    *rollout.ServiceResult
	unchanged bool
	arn       string // of its service deployment, if that was seen
}

func (d *deployer) execute(ctx context.Context) error {
	for _, planned := range d.plan.Revisions {
		if err := d.register(ctx, planned); err != nil {
			return err
		}
	}
	for i, planned := range d.plan.Services {
		if err := d.update(ctx, planned, &d.services[i]); err != nil {
			return err
		}
	}
	if len(d.followed) == 0 {
		return nil
	}
	err := d.follow(ctx)
	for _, f := range d.followed {
		if err == nil { // else AWS cannot be asked, and the error says why
			d.explain(ctx, f.result)
		}
	}
	for _, f := range d.followed {
		d.takeBack(ctx, f, err)
	}
	return err
}

func (d *deployer) register(ctx context.Context, planned rollout.PlannedRevision) error {
	result := rollout.RevisionResult{Revision: planned.Base, Previous: planned.Base, Images: planned.Images}
	if planned.Register {
		registered, err := d.client.Register(ctx, planned.Document)
		if err != nil {
			return err
		}
		result.Revision, result.Changed = registered, true
	}
	d.revisions = append(d.revisions, result)
	d.emit(rollout.Registered{Result: result})
	return nil
}

func (d *deployer) update(ctx context.Context, planned rollout.PlannedService, result *rollout.ServiceResult) error {
	revision := d.revisions[planned.Revision]
	revision.Previous = planned.Runs
	id := revision.Revision.ID()
	update := planned.Update
	update.TaskDefinition = revision.Revision.ARN
	before, _ := planned.Service.Primary()

	since := time.Now()
	after, ours, err := d.client.Update(ctx, planned.Service, update)
	if err != nil {
		if revision.Changed {
			result.Verdict.Reason += "; " + id + " was registered, and is not deployed"
		}
		return err
	}
	unchanged := ours.ID == before.ID
	result.Service, result.Revision, result.Deployment = after, revision, ours
	switch {
	case unchanged && ours.State != "IN_PROGRESS":
		result.Verdict = rollout.Verdict{Outcome: rollout.Unchanged, Reason: "ECS started no deployment, since the service runs " + id + " already"}
	case d.plan.WaitFor == rollout.DoNotWait:
		result.Verdict = rollout.Verdict{Outcome: rollout.Succeeded, Reason: "the deployment of " + id + " was started, and is not waited for"}
	default:
		d.followed = append(d.followed, &following{
			result: result, unchanged: unchanged,
			Target: watch.Target{
				Service: after, Deployment: ours, Previous: before.ID, Since: since, Heard: ours.Created.Add(-1),
				HealthChecked: revision.Revision.Document.HealthChecked(),
			},
		})
	}
	d.emit(rollout.Updated{Service: after, Revision: revision.Revision, Deployment: ours, Unchanged: unchanged})
	return nil
}

// follow waits for the deployments that are to be waited for, and files what became of them.
func (d *deployer) follow(ctx context.Context) error {
	var targets []watch.Target
	for _, f := range d.followed {
		targets = append(targets, f.Target)
	}
	until := watch.Until{WaitFor: d.plan.WaitFor, Timeout: d.plan.Timeout, Hopeless: diagnose.Hopeless}
	ends, err := watch.Follow(ctx, d.client, targets, until, d.emit)
	for i, f := range d.followed {
		f.result.Service, f.result.Deployment, f.result.Verdict, f.arn = ends[i].Service, ends[i].Deployment, ends[i].Verdict, ends[i].ARN
		if f.unchanged && f.result.Verdict.Outcome == rollout.Succeeded {
			f.result.Verdict.Outcome = rollout.Unchanged
		}
	}
	return err
}

// explaining is how long the search for the cause of a failure may take.
const explaining = 30 * time.Second

// explain finds out why a deployment did not succeed. That it cannot be found out is not worth an
// error: the verdict stands.
func (d *deployer) explain(ctx context.Context, result *rollout.ServiceResult) {
	switch result.Verdict.Outcome {
	case rollout.Failed, rollout.RolledBack, rollout.RollbackFailed, rollout.TimedOut:
	default:
		return
	}
	ctx, cancel := context.WithTimeout(ctx, explaining)
	defer cancel()
	evidence := rollout.Evidence{Verdict: result.Verdict, Service: result.Service, Deployment: result.Deployment}
	for _, event := range result.Service.Events {
		if !event.At.Before(result.Deployment.Created) {
			evidence.Events = append(evidence.Events, event)
		}
	}
	for _, older := range result.Service.Deployments {
		if older.ID != result.Deployment.ID {
			evidence.Older += older.Running
		}
	}
	evidence = d.client.Gather(ctx, evidence, result.Revision.Revision.Document)
	// ECS forgets failures when a task runs well, and all when it takes the deployment off its list.
	result.Deployment.Failed = max(result.Deployment.Failed, len(evidence.Failed))
	result.Findings, result.Log = diagnose.Explain(evidence), evidence.Log
	d.emit(rollout.Explained{Service: result.Service.ServiceKey, Findings: result.Findings, Log: result.Log})
}

// result sums up. Of several services, the first of those that did worst speaks for all.
func (d *deployer) result() rollout.Result {
	sum := rollout.Result{Outcome: rollout.Succeeded, Services: d.services}
	for _, service := range d.services {
		if rollout.Worse(service.Verdict.Outcome, sum.Outcome) || sum.Reason == "" {
			sum.Outcome, sum.Reason = service.Verdict.Outcome, service.Verdict.Reason
			sum.Next = next(service)
		}
	}
	if len(d.plan.Services) == 0 && len(d.revisions) > 0 {
		only := d.revisions[0]
		sum.Registered = &only
		sum.Reason = only.Revision.ID() + " was registered"
		if !only.Changed {
			sum.Outcome, sum.Reason = rollout.Unchanged, only.Revision.ID()+" is as it should be: nothing was registered"
		}
	}
	return sum
}

// next is what to do about the end of a deployment.
func next(service rollout.ServiceResult) string {
	switch {
	case service.Verdict.Outcome.Good(), service.Verdict.Outcome == rollout.Cancelled:
		return ""
	case len(service.Findings) > 0:
		return service.Findings[0].Next
	case service.Verdict.Outcome == rollout.Superseded:
		return "Look at the run that made the other deployment: it tells how that one ends. If both should not have run, give their jobs one concurrency group."
	case service.Verdict.Outcome == rollout.TimedOut:
		return "Look at the tasks of the deployment in the console; if it only needs longer, raise timeout."
	}
	return "Look at the stopped tasks and the events of the service in the console."
}
