// Package deploy carries a plan out: it registers, updates every service, follows the deployments to
// their end, and finds out why those failed that did.
package deploy

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
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
	revisions []rollout.RevisionResult // those of Plan.Revisions, once they are known
	services  []rollout.ServiceResult  // those of Plan.Services
	oneOffs   []rollout.OneOffResult   // that were run
	updated   []*following             // those of Plan.Services that were updated, in their order
}

// following is a service that was updated, and its deployment.
type following struct {
	watch.Target
	result    *rollout.ServiceResult
	unchanged bool   // ECS started no deployment
	over      bool   // there is nothing to wait for
	asked     bool   // for: its user wants it taken back, however it stands
	because   string // the service for whose sake it is taken back although it succeeded; else empty
	stage     string // of its lifecycle, if it has one
	waiting   bool   // for somebody to continue it

	codeDeploy *rollout.PlannedCodeDeploy // nil where ECS itself deploys
	shift      rollout.CodeDeployment     // of CodeDeploy, as it was last seen
}

// execute registers all, then updates all, then follows all to their ends. One service that cannot be
// updated keeps none of the others from being followed.
func (d *deployer) execute(ctx context.Context) error {
	if err := d.register(ctx); err != nil {
		return err
	}
	if good, err := d.oneOff(ctx, d.plan.Before); !good || err != nil {
		return err
	}
	refused := d.update(ctx)
	err := d.end(ctx)
	if err = cmp.Or(refused, err); err != nil || !d.result().Outcome.Good() {
		return err
	}
	if err := d.repoint(ctx); err != nil {
		return err
	}
	_, err = d.oneOff(ctx, d.plan.After)
	return err
}

// repoint lets scheduled tasks run the new revisions. What follows the latest by itself is left as it is.
func (d *deployer) repoint(ctx context.Context) error {
	for _, planned := range d.plan.Scheduled {
		revision := d.revisions[planned.Revision].Revision
		if planned.Task.Pinned() && planned.Task.TaskDefinition != revision.ARN {
			if err := d.client.Repoint(ctx, planned.Task, revision.ARN); err != nil {
				return err
			}
		}
		d.emit(rollout.Repointed{Task: planned.Task, Revision: revision})
	}
	return nil
}

// register registers the revisions that are new, and tells of each in the order of the plan.
func (d *deployer) register(ctx context.Context) error {
	d.revisions = make([]rollout.RevisionResult, len(d.plan.Revisions))
	var told inOrder
	defer told.rest()
	return cloud.Each(ctx, d.plan.Revisions, func(ctx context.Context, i int, planned rollout.PlannedRevision) error {
		result := rollout.RevisionResult{Revision: planned.Base, Previous: planned.Base, Images: planned.Images}
		if planned.Register {
			registered, err := d.client.Register(ctx, planned.Document, d.plan.Latest(planned))
			if err != nil {
				return err
			}
			result.Revision, result.Changed = registered, true
		}
		d.revisions[i] = result
		told.done(i, func() { d.emit(rollout.Registered{Result: result}) })
		return nil
	})
}

// update updates the services, and returns the first error, after which no other update is begun.
func (d *deployer) update(ctx context.Context) error {
	updated := make([]*following, len(d.plan.Services))
	var told inOrder
	defer told.rest()
	err := cloud.Each(ctx, d.plan.Services, func(ctx context.Context, i int, planned rollout.PlannedService) error {
		f, event, err := d.updateOne(ctx, planned, &d.services[i])
		if err != nil {
			return err
		}
		updated[i] = f
		told.done(i, func() { d.emit(event) })
		return nil
	})
	d.updated = slices.DeleteFunc(updated, func(f *following) bool { return f == nil })
	return err
}

// updateOne updates a service, and returns what there is to follow and to tell.
func (d *deployer) updateOne(ctx context.Context, planned rollout.PlannedService, result *rollout.ServiceResult) (*following, rollout.Updated, error) {
	revision := d.revisions[planned.Revision]
	revision.Previous = planned.Runs
	id := revision.Revision.ID()
	update := planned.Update
	update.TaskDefinition = revision.Revision.ARN
	before, _ := planned.Service.Primary()

	since := time.Now()
	after, ours, err := d.start(ctx, planned, update)
	if err != nil {
		if after.Name != "" {
			result.Verdict.Reason = "the settings of the service were changed, and no deployment was started"
		}
		if revision.Changed {
			result.Verdict.Reason += "; " + id + " was registered, and is not deployed"
		}
		return nil, rollout.Updated{}, err
	}
	f := &following{
		result: result, unchanged: ours.ID == before.ID, codeDeploy: planned.CodeDeploy,
		Target: watch.Target{
			Service: after, Deployment: ours, Previous: before.ID, Since: since, Heard: ours.Created.Add(-1),
			HealthChecked: revision.Revision.Document.HealthChecked(),
		},
	}
	result.Service, result.Revision, result.Deployment = after, revision, ours
	switch {
	case f.unchanged && ours.State != "IN_PROGRESS":
		f.over = true
		result.Verdict = rollout.Verdict{Outcome: rollout.Unchanged, Reason: "no deployment was started, since the service runs " + id + " already"}
		if _, settings := update.OfService(); settings {
			result.Verdict.Reason = "the settings of the service were changed, and " + result.Verdict.Reason
		}
	case d.plan.WaitFor == rollout.DoNotWait:
		f.over = true
		result.Verdict = rollout.Verdict{Outcome: rollout.Succeeded, Reason: "the deployment of " + id + " was started, and is not waited for"}
	}
	return f, rollout.Updated{Service: after, Revision: revision.Revision, Deployment: ours, Unchanged: f.unchanged}, nil
}

// start starts a deployment, and returns what the service looks like then and the deployment that is ours:
// a new one, or the one that there was when there was nothing to start.
func (d *deployer) start(ctx context.Context, planned rollout.PlannedService, update rollout.Update) (rollout.Service, rollout.Deployment, error) {
	if planned.CodeDeploy != nil {
		return d.startCodeDeploy(ctx, planned, update)
	}
	return d.client.Update(ctx, planned.Service, update)
}

// inOrder tells of things in their order that are done in any.
type inOrder struct {
	mu      sync.Mutex
	next    int
	waiting map[int]func()
}

// done has the i-th thing told as soon as those before it were.
func (o *inOrder) done(i int, tell func()) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.waiting == nil {
		o.waiting = map[int]func(){}
	}
	for o.waiting[i] = tell; o.waiting[o.next] != nil; o.next++ {
		o.waiting[o.next]()
		delete(o.waiting, o.next)
	}
}

// rest has those told that wait for others which were not done.
func (o *inOrder) rest() {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, i := range slices.Sorted(maps.Keys(o.waiting)) {
		o.waiting[i]()
	}
}

// follow waits for the deployments that are to be waited for, and files what became of them.
func (d *deployer) follow(ctx context.Context) error {
	followed := slices.DeleteFunc(slices.Clone(d.updated), func(f *following) bool { return f.over })
	if len(followed) == 0 {
		return nil
	}
	var targets []watch.Target
	for _, f := range followed {
		targets = append(targets, f.Target)
	}
	until := watch.Until{WaitFor: d.plan.WaitFor, Timeout: d.plan.Timeout, Hopeless: diagnose.Hopeless, Together: d.plan.RollBack}
	ends, err := watch.Follow(ctx, d.client, targets, until, d.emit)
	for i, f := range followed {
		f.result.Service, f.result.Deployment, f.result.Verdict, f.ARN = ends[i].Service, ends[i].Deployment, ends[i].Verdict, ends[i].ARN
		f.stage, f.waiting, f.shift = ends[i].Stage, ends[i].Waiting, ends[i].CodeDeploy
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
func (d *deployer) explain(ctx context.Context, f *following) {
	result := f.result
	switch result.Verdict.Outcome {
	case rollout.Failed, rollout.RolledBack, rollout.RollbackFailed, rollout.TimedOut:
	default:
		return
	}
	ctx, cancel := context.WithTimeout(ctx, explaining)
	defer cancel()
	evidence := rollout.Evidence{
		Verdict: result.Verdict, Service: result.Service, Deployment: result.Deployment, Stage: f.stage, Waiting: f.waiting, CodeDeploy: f.shift,
	}
	if event, is := f.shift.Failed(); is && f.codeDeploy != nil {
		evidence.Hook = f.codeDeploy.AppSpec.Hook(event.Name)
	}
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
	result.Findings, result.Failed, result.Log = diagnose.Explain(evidence), evidence.Failed, evidence.Log
	d.emit(rollout.Explained{Service: result.Service.ServiceKey, Findings: result.Findings, Log: result.Log})
}

// result sums up.
func (d *deployer) result() rollout.Result {
	sum := rollout.Result{Outcome: rollout.Succeeded, Services: d.services, OneOffs: d.oneOffs}
	if foremost, ok := sum.Foremost(); ok {
		sum.Outcome, sum.Reason, sum.Next = foremost.Verdict.Outcome, foremost.Verdict.Reason, next(foremost)
		if all := len(d.services); all > 1 && sum.Outcome.Good() {
			sum.Reason = fmt.Sprintf("%d services are deployed", all)
		} else if all > 1 {
			sum.Reason = foremost.Service.Name + ": " + sum.Reason
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
	sum.Undeployed = d.undeployed()
	for _, once := range d.oneOffs {
		if !once.Verdict.Outcome.Good() {
			return d.failedOnce(sum, once)
		}
	}
	return sum
}

// undeployed are revisions that were registered, and are of no service.
func (d *deployer) undeployed() []rollout.RevisionResult {
	if len(d.services) == 0 {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(d.revisions), func(revision rollout.RevisionResult) bool {
		return !revision.Changed || slices.ContainsFunc(d.services, func(s rollout.ServiceResult) bool {
			return s.Revision.Revision.ARN == revision.Revision.ARN
		})
	})
}

// next is what to do about the end of a deployment.
func next(service rollout.ServiceResult) string {
	switch {
	case service.Verdict.Outcome.Good():
		return ""
	case service.Verdict.Outcome == rollout.Cancelled && service.Left == "": // it is being taken back
		return "See how that ends with operation: status."
	case service.Verdict.Outcome == rollout.Cancelled:
		return "See how it ends with operation: status, or take it back with operation: rollback."
	case len(service.Findings) > 0:
		return service.Findings[0].Next
	case service.Verdict.Outcome == rollout.Superseded:
		return "Look at the run that made the other deployment: it tells how that one ends. If both should not have run, give their jobs one concurrency group."
	case service.Verdict.Outcome == rollout.TimedOut:
		return "Look at the tasks of the deployment in the console; if it only needs longer, raise timeout."
	}
	if len(service.Failed) == 0 {
		return "Look at the events of the service in the console."
	}
	return "Look at the stopped tasks and the events of the service in the console."
}
