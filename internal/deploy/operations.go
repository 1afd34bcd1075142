package deploy

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"ecs-deploy/internal/cloud"
	"ecs-deploy/internal/kind"
	"ecs-deploy/internal/rollout"
	"ecs-deploy/internal/watch"
)

// Operation is what is done with the deployments that there are, in place of a new one.
type Operation struct {
	Services []rollout.SurveyedService
	WaitFor  rollout.WaitFor
	Timeout  time.Duration
	RollBack bool // what fails after it was continued

	RollbackTimeout time.Duration

	continues bool // so that it has to be seen whether it waits
}

// adopt reads the newest deployments of the services, as if this run had started them.
func adopt(ctx context.Context, clients *cloud.Clients, op Operation, emit rollout.Emit) (*deployer, error) {
	plan := rollout.Plan{
		WaitFor: op.WaitFor, Timeout: op.Timeout, RollBack: op.RollBack, RollbackTimeout: op.RollbackTimeout,
	}
	for _, running := range op.Services {
		plan.Rollouts = append(plan.Rollouts, newest(running))
	}
	rollout.TellApart(plan.Rollouts)
	d := newDeployer(clients, plan, emit)
	err := cloud.Each(ctx, op.Services, func(ctx context.Context, i int, running rollout.SurveyedService) error {
		r := plan.Rollouts[i]
		does := cloud.Operation{RollBack: op.RollBack, Continue: op.continues}
		if err := d.carriers.Of(r.Service).Adopt(ctx, running, r, does); err != nil {
			return unseen(op, running.Service, err)
		}
		r.At = time.Now()
		r.Progress = kind.Of(r.Service).Progress(r)
		r.FromStage = r.Progress.Stage
		r.Outputs = kind.Of(r.Service).Outputs(r)
		return nil
	})
	if err != nil {
		return nil, err
	}
	emit(rollout.TakenOver{Rollouts: plan.Rollouts})
	return d, nil
}

// unseen is the error of a deployment that cannot be read. Of one that is to be continued it says what is not known
// then.
func unseen(op Operation, service rollout.Service, err error) error {
	var p *rollout.Problem
	if !op.continues || !errors.As(err, &p) {
		return err
	}
	told := *p
	told.What = fmt.Sprintf(
		"operation: continue: it is unknown whether service %s is waiting to be continued: %s", service.Name, p.What,
	)
	return &told
}

// newest is the newest deployment of a service, as far as the service tells of it.
func newest(running rollout.SurveyedService) *rollout.Rollout {
	service := running.Service
	ours, _ := service.Newest()
	r := &rollout.Rollout{
		By:            kind.Of(service).Name(),
		Runs:          running.Revision,
		Phase:         rollout.PhaseStarted,
		Since:         time.Now(),
		EventsSince:   service.LatestEvent(ours.Created),
		HealthChecked: running.Revision.Document.HealthChecked(),
		Revision:      rollout.RevisionResult{Revision: rollout.Named(ours.TaskDefinition), Previous: running.Revision},
		Look:          rollout.Look{Service: service, Deployment: ours, Seen: true},
	}
	for _, older := range service.Deployments {
		if older.ID != ours.ID {
			r.Replaced, r.Revision.Previous = older.ID, rollout.Named(older.TaskDefinition)
			break
		}
	}
	return r
}

// Continue lets deployments go on that wait at a pause, through all that follow, and follows them to their ends.
func Continue(ctx context.Context, clients *cloud.Clients, op Operation, emit rollout.Emit) (rollout.Result, error) {
	return proceed(ctx, clients, op, emit, true)
}

// ContinueOnce is the same, but for the pauses that follow, at which it waits for approval.
func ContinueOnce(
	ctx context.Context, clients *cloud.Clients, op Operation, emit rollout.Emit,
) (rollout.Result, error) {
	return proceed(ctx, clients, op, emit, false)
}

func proceed(
	ctx context.Context, clients *cloud.Clients, op Operation, emit rollout.Emit, throughAll bool,
) (rollout.Result, error) {
	op.continues = true
	d, err := adopt(ctx, clients, op, emit)
	if err != nil {
		return rollout.Result{}, err
	}
	defer d.leaveUnknown()
	d.throughPauses = throughAll
	for _, r := range d.plan.Rollouts {
		if r.Progress.Wait == rollout.NoWait {
			return rollout.Result{}, &rollout.Problem{
				Kind: rollout.BadInput, What: "operation: continue: service " + r.Service.Name + " is not waiting to be continued",
				Next: "Check how it stands with operation: status. Nothing was changed.", Err: rollout.NotWaiting{Rollout: r},
			}
		}
	}
	for _, r := range d.plan.Rollouts {
		r.Verdict = rollout.Verdict{Outcome: rollout.Failed, Ending: rollout.EndedPaused}
	}
	for _, r := range d.plan.Rollouts {
		from := r.Progress.WaitsAt()
		if err := d.letGoOn(ctx, r); err != nil {
			return d.result(), err
		}
		emit(rollout.Continued{Rollout: r, Stage: from})
		r.Verdict = rollout.Verdict{Outcome: rollout.Succeeded, Ending: rollout.EndedContinued}
		if op.WaitFor == rollout.DoNotWait {
			r.Phase = rollout.PhaseDecided
		}
	}
	err = d.follow(ctx, watch.All(d.undecided()))
	d.conclude(ctx, err)
	return d.result(), err
}

// letGoOn continues a deployment at every hook at which it waits, or as it is where it waits at none.
func (d *deployer) letGoOn(ctx context.Context, r *rollout.Rollout) error {
	hooks := slices.DeleteFunc(
		slices.Clone(r.Progress.Hooks), func(hook rollout.LifecycleHook) bool { return !hook.Awaits() },
	)
	if len(hooks) == 0 {
		return d.carriers.Of(r.Service).Continue(ctx, r, rollout.LifecycleHook{})
	}
	for _, hook := range hooks {
		if err := d.carriers.Of(r.Service).Continue(ctx, r, hook); err != nil {
			return err
		}
		r.Continued = append(r.Continued, hook.ID)
	}
	return nil
}

// RollBack rolls deployments back that are under way; where none is, it deploys what the last one but
// one that succeeded had.
func RollBack(ctx context.Context, clients *cloud.Clients, op Operation, emit rollout.Emit) (rollout.Result, error) {
	d, err := adopt(ctx, clients, op, emit)
	if err != nil {
		return rollout.Result{}, err
	}
	defer d.leaveUnknown()
	err = cloud.Each(ctx, d.plan.Rollouts, func(ctx context.Context, _ int, r *rollout.Rollout) error {
		return d.findPrevious(ctx, r)
	})
	if err != nil {
		return rollout.Result{}, err
	}
	asked := slices.DeleteFunc(d.touched(), func(r *rollout.Rollout) bool { return r.Phase == rollout.PhaseDecided })
	for _, r := range asked {
		r.Verdict = rollout.Verdict{Outcome: rollout.Failed, Ending: rollout.EndedReturnAsked, Return: &rollout.Return{}}
	}
	if op.WaitFor == rollout.DoNotWait {
		return d.askedOnly(ctx, asked)
	}
	d.rollBack(ctx, asked)
	for _, r := range asked {
		wentAsAsked(r)
	}
	return d.result(), nil
}

// findPrevious finds what a deployment goes back to. It is decided where it was rolled back already.
func (d *deployer) findPrevious(ctx context.Context, r *rollout.Rollout) error {
	err := d.carriers.Of(r.Service).Previous(ctx, r)
	r.Fallback = r.Revision.Previous.ARN
	if errors.Is(err, cloud.ErrTakenBack) {
		r.Revision.Previous = r.Revision.Revision
		d.decide(r, rollout.Verdict{Outcome: rollout.Unchanged, Ending: rollout.EndedReturnedAlready})
		return nil
	}
	return err
}

// wentAsAsked makes a rollback that its user asked for, and that went well, a success.
func wentAsAsked(r *rollout.Rollout) {
	if r.Verdict.Outcome != rollout.RolledBack {
		return
	}
	to, last := r.WentTo(), r.Latest()
	r.Verdict = rollout.Verdict{Outcome: rollout.Succeeded, Ending: rollout.EndedReturned, Said: last.Verdict.Said}
	if r.Deployment, _ = r.Service.Primary(); r.Service.ManagedDaemon { // whose deployments are not listed
		r.Deployment = last.Deployment
	}
	r.Outputs = kind.Of(r.Service).Outputs(r)
	r.Revision.Previous, r.Revision.Revision = r.Revision.Revision, to
}

// askedOnly asks for the rollbacks, and waits for none.
func (d *deployer) askedOnly(ctx context.Context, asked []*rollout.Rollout) (rollout.Result, error) {
	_, errs := d.askAll(ctx, asked)
	var refused error
	for i, r := range asked {
		var alone errAlone
		switch {
		case errs[i] == nil:
			r.Verdict = rollout.Verdict{Outcome: rollout.Succeeded, Ending: rollout.EndedReturnStarted}
		case errors.As(errs[i], &alone):
			stays(r, errs[i])
		default:
			r.Verdict = rollout.Verdict{Outcome: rollout.Failed, Ending: rollout.EndedReturnRefused}
			refused = cmp.Or(refused, errs[i])
		}
	}
	return d.result(), refused
}
