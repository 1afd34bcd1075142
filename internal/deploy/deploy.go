// Package deploy carries a plan out: it registers, updates every service, follows the deployments to their end, takes
// back what is to be rolled back, and finds out why those failed that did. It knows no kind of deployment.
package deploy

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"ecs-deploy/internal/cloud"
	"ecs-deploy/internal/diagnose"
	"ecs-deploy/internal/kind"
	"ecs-deploy/internal/rollout"
	"ecs-deploy/internal/watch"
)

// Execute carries a plan out and tells what became of it. The URLs of its gates are asked by ask. When there is an
// error, the result holds what was done until then.
func Execute(
	ctx context.Context, clients *cloud.Clients, ask watch.Ask, plan rollout.Plan, emit rollout.Emit,
) (rollout.Result, error) {
	d := newDeployer(clients, plan, emit)
	d.askURL = ask
	defer d.leaveUnknown()
	err := d.execute(ctx)
	leaveUntouched(d.plan.Rollouts)
	return d.result(), err
}

func newDeployer(clients *cloud.Clients, plan rollout.Plan, emit rollout.Emit) *deployer {
	return &deployer{
		clients: clients, carriers: clients.Carriers(), plan: plan, emit: emit, registered: map[string]rollout.Revision{},
		anew: make(chan struct{}, 1), halt: func() {},
	}
}

type deployer struct {
	clients   *cloud.Clients
	carriers  cloud.Carriers
	plan      rollout.Plan
	emit      rollout.Emit
	revisions []rollout.RevisionResult // those of Plan.Revisions, once they are known
	oneOffs   []rollout.OneOffResult   // that were run
	gates     []rollout.GateResult     // that were asked
	askURL    watch.Ask

	throughPauses bool // deployments are continued that wait for approval

	halted context.Context // in which no other update is to be begun, once it has ended
	halt   func()
	slots  slots // of the services that roll out

	anew       chan struct{}               // is full while a revision is registered
	registered map[string]rollout.Revision // anew, to go back to, by the ARN of what is INACTIVE
}

// execute registers all, then deploys wave by wave. The first wave that does not succeed is the last.
func (d *deployer) execute(ctx context.Context) error {
	if err := d.register(ctx); err != nil {
		return err
	}
	if good, err := d.oneOff(ctx, d.plan.Before); !good || err != nil {
		return err
	}
	for i, wave := range d.plan.Waves() {
		if good, err := d.deploy(ctx, wave); !good || err != nil {
			return err
		}
		if good, err := d.pass(ctx, i); !good || err != nil {
			return err
		}
	}
	if len(d.plan.Rollouts) == 0 && len(d.plan.After) > 0 {
		if good, err := d.oneOff(ctx, d.plan.After[0]); !good || err != nil {
			return err
		}
	}
	return d.repoint(ctx)
}

// repoint lets scheduled tasks run the new revisions. What follows the latest by itself is left as it is.
func (d *deployer) repoint(ctx context.Context) error {
	for _, planned := range d.plan.Scheduled {
		revision := d.revisions[planned.Revision].Revision
		if planned.Task.Pinned() && planned.Task.TaskDefinition != revision.ARN {
			if err := d.clients.First().Repoint(ctx, planned.Task, revision.ARN); err != nil {
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
	var order inOrder
	defer order.rest()
	return cloud.Each(ctx, d.plan.Revisions, func(ctx context.Context, i int, planned rollout.PlannedRevision) error {
		result := rollout.RevisionResult{Revision: planned.Base, Previous: planned.Base, Images: planned.Images}
		if planned.Register {
			registered, err := d.clients.At(planned.Place).Register(ctx, planned.Document, d.plan.Latest(planned))
			if err != nil {
				return err
			}
			result.Revision, result.Changed = registered, true
		}
		order.done(i, func() {
			if d.revisions[i] = result; !planned.ByECS {
				d.tellRevision(i, d.plan.Rollouts...)
			}
		})
		return nil
	})
}

// tellRevision gives rollouts the revision that they deploy, as soon as it is known, and tells of it.
func (d *deployer) tellRevision(i int, rollouts ...*rollout.Rollout) {
	result, planned := d.revisions[i], d.plan.Revisions[i]
	for _, r := range rollouts {
		if r.Planned == i {
			r.Revision.Revision, r.Revision.Changed = result.Revision, result.Changed
		}
	}
	event := rollout.Registered{Result: result, ByECS: planned.ByECS}
	if len(d.plan.Places()) > 1 {
		event.In = planned.Place.String()
	}
	d.emit(event)
}

// registeredByECS files the revision that ECS has made for a deployment.
func (d *deployer) registeredByECS(r *rollout.Rollout, arn string) {
	made := rollout.Named(arn)
	made.Active, made.Document = true, d.plan.Revisions[r.Planned].Document
	d.revisions[r.Planned].Revision, d.revisions[r.Planned].Changed = made, true
	d.tellRevision(r.Planned, r)
}

// inOrder does things in their order that become known in any, one at a time.
type inOrder struct {
	mu      sync.Mutex
	next    int
	waiting map[int]func()
}

// done has the i-th thing done as soon as those before it were.
func (o *inOrder) done(i int, do func()) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.waiting == nil {
		o.waiting = map[int]func(){}
	}
	for o.waiting[i] = do; o.waiting[o.next] != nil; o.next++ {
		o.waiting[o.next]()
		delete(o.waiting, o.next)
	}
}

// rest has those done that wait for others which never came.
func (o *inOrder) rest() {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, i := range slices.Sorted(maps.Keys(o.waiting)) {
		o.waiting[i]()
	}
}

// touched are the rollouts whose services were updated, or whose deployments were found.
func (d *deployer) touched() []*rollout.Rollout {
	return slices.DeleteFunc(
		slices.Clone(d.plan.Rollouts), func(r *rollout.Rollout) bool { return r.Phase == rollout.PhasePlanned },
	)
}

// conclude explains the deployments that failed, and rolls them back if that is asked for. The error is of the wait for
// them: AWS cannot be asked then, and the error says why.
func (d *deployer) conclude(ctx context.Context, err error) {
	if err == nil {
		d.explainAll(ctx)
	}
	if culprit, failed := d.culprit(); failed > 0 {
		d.takeBack(ctx, culprit)
	}
}

// undecided are the rollouts that are to be waited for.
func (d *deployer) undecided() []*rollout.Rollout {
	return slices.DeleteFunc(d.touched(), func(r *rollout.Rollout) bool { return r.Phase == rollout.PhaseDecided })
}

// follow waits for deployments.
func (d *deployer) follow(ctx context.Context, joining <-chan watch.Joining) error {
	until := watch.Until{
		WaitFor:    d.plan.WaitFor,
		Timeout:    d.plan.Timeout,
		Hopeless:   diagnose.Hopeless,
		Objections: diagnose.Objections,
		Obstacles:  diagnose.Obstacles,
		Together:   d.plan.RollBack,
		Continue:   d.throughPauses,
		Serial:     d.plan.MaxParallel > 0,
		Done:       d.slots.free,
		Halt:       d.halt,
	}
	err := watch.Follow(ctx, d.clients, joining, until, d.emit)
	for _, r := range d.touched() {
		if r.Unchanged && r.Verdict.Outcome == rollout.Succeeded && r.Verdict.Ending != rollout.EndedUnwaited {
			r.Verdict.Outcome = rollout.Unchanged
		}
	}
	return err
}

// explainTimeout is how long the search for the cause of a failure may take.
const explainTimeout = 20 * time.Second

var errUnexplained = errors.New("no answer within " + rollout.Span(explainTimeout))

// explainAll finds out why deployments did not succeed, of all at the same time, and tells of each in their order.
func (d *deployer) explainAll(ctx context.Context) {
	var order inOrder
	defer order.rest()
	_ = cloud.Each(ctx, d.touched(), func(ctx context.Context, i int, r *rollout.Rollout) error {
		found := *r // whoever is told of one reads the others
		d.nameOther(ctx, &found)
		explained := d.explain(ctx, &found)
		order.done(i, func() {
			if *r = found; explained {
				d.emit(rollout.Explained{Rollout: r})
			}
		})
		return nil
	})
}

// nameOther reads what another run deploys that has superseded a deployment: its tags may tell the run.
func (d *deployer) nameOther(ctx context.Context, r *rollout.Rollout) {
	arn := r.Verdict.By.TaskDefinition
	if r.Verdict.Outcome != rollout.Superseded || arn == "" {
		return
	}
	ctx, cancel := context.WithTimeoutCause(ctx, explainTimeout, errUnexplained)
	defer cancel()
	if read, err := d.clients.Of(arn).Revision(ctx, arn); err == nil {
		r.Superseding = read
	}
}

// explain finds out why a deployment did not succeed, if it did not. That it cannot be found out is not worth an error:
// the verdict stands.
func (d *deployer) explain(ctx context.Context, r *rollout.Rollout) bool {
	bad := []rollout.Outcome{rollout.Failed, rollout.RolledBack, rollout.RollbackFailed, rollout.TimedOut}
	failing := r.Verdict.Outcome == rollout.Superseded && r.Deployment.Failed > 0 // when another deployment came
	if !slices.Contains(bad, r.Verdict.Outcome) && !failing || r.Verdict.Ending == rollout.EndedDeleted {
		return false
	}
	ctx, cancel := context.WithTimeoutCause(ctx, explainTimeout, errUnexplained)
	defer cancel()
	d.find(ctx, r)
	evidence := rollout.Evidence{
		TimedOut: r.Verdict.Ending == rollout.EndedTimedOut, Progress: r.Verdict.Progress, Said: r.Verdict.Said,
	}
	for _, event := range r.Service.Events {
		if !event.At.Before(r.Deployment.Created) {
			evidence.Events = append(evidence.Events, event.Message)
		}
	}
	d.clients.At(r.Service.Place).Gather(ctx, r, &evidence)
	evidence.Log = diagnose.Excerpt(evidence.Log)
	if evidence.Healthy {
		r.Health = rollout.Healthy
	}
	kind.Of(r.Service).Evidence(r, &evidence)
	// ECS forgets failures when a task runs well, and all when it takes the deployment off its list.
	r.Deployment.Failed = max(r.Deployment.Failed, len(evidence.Failures))
	r.Findings = diagnose.Explain(evidence)
	r.Verdict.Vague = len(r.Findings) > 0 && diagnose.Vague(r.Verdict.Said)
	r.Failures = evidence.Failures
	r.Log = evidence.Log
	return true
}

// find reads the revision that serves, where that is neither what was deployed nor what ran before.
func (d *deployer) find(ctx context.Context, r *rollout.Rollout) {
	serves := r.Progress.Serves
	if len(serves) == 0 {
		return
	}
	arn := serves[0].TaskDefinition
	if arn == r.Revision.Revision.ARN || arn == r.Revision.Previous.ARN {
		return
	}
	if read, err := d.clients.Of(arn).Revision(ctx, arn); err == nil {
		r.Found = read
	}
}

// result sums up.
func (d *deployer) result() rollout.Result {
	sum := rollout.Result{Rollouts: d.plan.Rollouts, OneOffs: d.oneOffs, Gates: d.gates, Restarted: d.plan.Restart}
	switch {
	case len(d.plan.Rollouts) > 0:
		sum.Undeployed = d.undeployed()
	case len(d.revisions) > 0:
		sum.Registered = &d.revisions[0]
	}
	return sum
}

// undeployed are revisions that were registered, and that no service was updated to.
func (d *deployer) undeployed() []rollout.RevisionResult {
	return slices.DeleteFunc(slices.Clone(d.revisions), func(revision rollout.RevisionResult) bool {
		return !revision.Changed || slices.ContainsFunc(d.touched(), func(r *rollout.Rollout) bool {
			return r.Revision.Revision.ARN == revision.Revision.ARN && r.Verdict.Ending != rollout.EndedUntouched
		})
	})
}
