package deploy

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"ecs-deploy/internal/cloud"
	"ecs-deploy/internal/rollout"
	"ecs-deploy/internal/watch"
)

// Operation is what is done with the deployments that there are, in place of a new one.
type Operation struct {
	Services []rollout.Running
	WaitFor  rollout.WaitFor
	Timeout  time.Duration
	RollBack bool // what fails after it was continued
}

// prepare reads the deployments of the services, as if this run had started them.
func prepare(ctx context.Context, client *cloud.Client, op Operation, emit rollout.Emit) (*deployer, []*standing, error) {
	d := &deployer{client: client, emit: emit, plan: rollout.Plan{WaitFor: op.WaitFor, Timeout: op.Timeout, RollBack: op.RollBack}}
	d.services = make([]rollout.ServiceResult, len(op.Services))
	all := make([]*standing, len(op.Services))
	err := cloud.Each(ctx, op.Services, func(ctx context.Context, i int, running rollout.Running) (err error) {
		d.services[i] = rollout.ServiceResult{Service: running.Service, Revision: rollout.RevisionResult{Revision: running.Revision, Previous: running.Revision}}
		all[i], err = d.standing(ctx, running, &d.services[i])
		return err
	})
	if err != nil {
		return d, all, err
	}
	for _, s := range all {
		d.updated = append(d.updated, &s.following)
	}
	emit(rollout.TakenOver{Services: slices.Clone(d.services)})
	return d, all, nil
}

// standing is the newest deployment of a service, and how far it is.
type standing struct {
	following
	progress rollout.ServiceDeployment // zero where it may not be read
}

func (d *deployer) standing(ctx context.Context, running rollout.Running, result *rollout.ServiceResult) (*standing, error) {
	service := running.Service
	primary, _ := service.Primary()
	s := &standing{following: following{result: result, Target: watch.Target{
		Service: service, Deployment: primary, Since: time.Now(), Heard: lastHeard(service, primary.Created), HealthChecked: running.Revision.Document.HealthChecked(),
	}}}
	for _, older := range service.Deployments {
		if older.ID != primary.ID && s.Previous == "" {
			s.Previous = older.ID
			result.Revision.Previous = rollout.Named(older.TaskDefinition)
		}
	}
	result.Deployment, result.Revision.Revision = primary, rollout.Named(primary.TaskDefinition)
	if service.Controller == "CODE_DEPLOY" {
		return s, d.standingCodeDeploy(ctx, running, s)
	}
	arn, err := d.client.FindServiceDeployment(ctx, service.ServiceKey, primary)
	if err == nil && arn != "" {
		var found map[string]rollout.ServiceDeployment
		found, err = d.client.ServiceDeployments(ctx, arn)
		s.ARN, s.progress = arn, found[arn]
	}
	if cloud.NotAllowed(err) || cloud.Unsupported(err) {
		err = nil // DescribeServices tells the rest
	}
	return s, err
}

// Status tells how the newest deployments of services stand, and changes nothing.
func Status(ctx context.Context, client *cloud.Client, op Operation, emit rollout.Emit) (rollout.Result, error) {
	d, all, err := prepare(ctx, client, op, emit)
	if err != nil {
		return d.result(), err
	}
	for _, s := range all {
		key := s.Service.ServiceKey
		now := rollout.Progress{Service: key, Desired: s.Service.Desired, Deployment: s.Deployment, State: s.Deployment.State, Stage: s.progress.Stage, Production: s.progress.Production}
		switch {
		case s.codeDeploy != nil:
			event, _ := s.shift.Event()
			now.State, now.Stage, now.Production, now.Left = s.shift.State(), event.Name, s.shift.Traffic, s.shift.Left(time.Now())
		case s.progress.Status != "":
			now.State = s.progress.Status
		}
		for _, older := range s.Service.Deployments {
			if older.ID != s.Deployment.ID {
				now.Older += older.Running
			}
		}
		emit(now)
		if hook, waits := s.progress.Waiting(); waits {
			emit(rollout.HookCalled{Service: key, Stage: s.progress.Stage, Hook: hook})
		}
		if s.shift.State() == rollout.ReadyWait {
			emit(rollout.HookCalled{Service: key, Stage: now.Stage, Hook: s.shift.ReadyPause(time.Now())})
		}
		s.result.Verdict = rollout.Verdict{Outcome: rollout.Unchanged, Reason: s.words()}
	}
	return d.result(), nil
}

// words say how a deployment stands.
func (s *standing) words() string {
	if s.codeDeploy != nil {
		return s.shiftInWords()
	}
	text := fmt.Sprintf("deployment %s of %s is %s, %d of %d tasks run", s.Deployment.ID, rollout.RevisionID(s.Deployment.TaskDefinition),
		rollout.InWords(s.Deployment.State), s.Deployment.Running, s.Service.Desired)
	if s.progress.Stage != "" && s.Deployment.State == "IN_PROGRESS" {
		text += ", at " + rollout.InWords(s.progress.Stage)
	}
	if _, waits := s.progress.Waiting(); waits {
		text += ", and waits for somebody to continue it"
	}
	return text
}

// Continue lets deployments go on that wait at a pause, and follows them to their ends.
func Continue(ctx context.Context, client *cloud.Client, op Operation, emit rollout.Emit) (rollout.Result, error) {
	d, all, err := prepare(ctx, client, op, emit)
	if err != nil {
		return d.result(), err
	}
	for _, s := range all {
		if !s.waits() {
			return rollout.Result{}, &rollout.Problem{
				Kind: rollout.BadInput, What: fmt.Sprintf("operation: continue: service %s does not wait for anybody: %s", s.Service.Name, s.words()),
				Next: "Look how it stands with operation: status. Nothing was changed.",
			}
		}
	}
	for _, s := range all {
		s.over = op.WaitFor == rollout.DoNotWait
		s.result.Verdict = rollout.Verdict{Outcome: rollout.Failed, Reason: "the deployment was not continued"}
	}
	for _, s := range all {
		from, err := s.letGoOn(ctx, client)
		if err != nil {
			return d.result(), err
		}
		emit(rollout.Continued{Service: s.Service.ServiceKey, Stage: from})
		s.result.Verdict = rollout.Verdict{Outcome: rollout.Succeeded, Reason: "the deployment was continued, and is not waited for"}
	}
	err = d.end(ctx)
	return d.result(), err
}

// waits tells whether the deployment waits for somebody, or for its time, and can be continued.
func (s *standing) waits() bool {
	_, pauses := s.progress.Waiting()
	state := s.shift.State()
	return pauses || state == rollout.ReadyWait || state == rollout.TerminationWait
}

// letGoOn ends the wait of a deployment, and tells where that was. When the answer gets lost, the call is made again
// and refused, since nothing waits any more: then it is done.
func (s *standing) letGoOn(ctx context.Context, client *cloud.Client) (from string, err error) {
	if s.codeDeploy != nil {
		from = s.shift.State()
		err = client.ContinueCodeDeploy(ctx, s.shift.ID, from)
	} else {
		from = s.progress.Stage
		hook, _ := s.progress.Waiting()
		err = client.Continue(ctx, s.ARN, hook.ID)
	}
	if err != nil && s.wentOn(ctx, client) {
		err = nil
	}
	return from, err
}

// wentOn tells whether a deployment that waited is seen not to wait any more.
func (s *standing) wentOn(ctx context.Context, client *cloud.Client) bool {
	if s.codeDeploy == nil {
		now, err := client.ServiceDeployments(ctx, s.ARN)
		_, waits := now[s.ARN].Waiting()
		return err == nil && !waits
	}
	now, err := client.CodeDeployment(ctx, s.shift.ID)
	if err == nil {
		now, err = client.CodeDeployTarget(ctx, s.Service.ServiceKey, now)
	}
	return err == nil && now.State() != s.shift.State()
}

// end follows deployments to their ends, explains those that failed, and takes them back if that is asked for.
func (d *deployer) end(ctx context.Context) error {
	err := d.follow(ctx)
	if err == nil { // else AWS cannot be asked, and the error says why
		for _, f := range d.updated {
			d.explain(ctx, f)
		}
	}
	d.takeBack(ctx, err)
	return err
}

// RollBack takes deployments back that are under way; where none is, it deploys what the last one but
// one that succeeded had.
func RollBack(ctx context.Context, client *cloud.Client, op Operation, emit rollout.Emit) (rollout.Result, error) {
	d, all, err := prepare(ctx, client, op, emit)
	if err != nil {
		return d.result(), err
	}
	err = cloud.Each(ctx, all, func(ctx context.Context, _ int, s *standing) error {
		s.asked = true
		return s.findPrevious(ctx, client)
	})
	if err != nil {
		return rollout.Result{}, err
	}
	d.updated = slices.DeleteFunc(d.updated, func(f *following) bool { return f.over })
	for _, f := range d.updated {
		f.result.Verdict = rollout.Verdict{Outcome: rollout.Failed, Reason: "a roll-back was asked for"}
	}
	if op.WaitFor == rollout.DoNotWait {
		return d.askedOnly(ctx)
	}
	d.rollBack(ctx, d.updated)
	for _, f := range d.updated {
		f.wentAsAsked()
	}
	return d.result(), nil
}

// findPrevious finds what a deployment goes back to: what it replaces while it is under way, and else what the
// last successful one before had. It is over where the last deployment was taken back already.
func (s *standing) findPrevious(ctx context.Context, client *cloud.Client) (err error) {
	switch {
	case s.codeDeploy != nil && s.shift.ID != "" && (!s.shift.Over() || s.shift.RolledBackBy != ""):
	case s.codeDeploy != nil:
		s.codeDeploy.AppSpec, err = client.PreviousAppSpec(ctx, s.Service.ServiceKey, s.codeDeploy.Group, s.Deployment.TaskDefinition)
		s.result.Revision.Previous = rollout.Named(s.codeDeploy.AppSpec.TaskDefinition())
	case s.Deployment.State == "IN_PROGRESS" && s.Previous != "":
	default:
		runs := s.result.Revision.Revision
		s.result.Revision.Previous, err = client.PreviousRevision(ctx, s.Service, s.Deployment)
		if errors.Is(err, cloud.ErrTakenBack) {
			s.over, s.result.Revision.Previous = true, runs
			s.result.Verdict = rollout.Verdict{
				Outcome: rollout.Unchanged, Reason: fmt.Sprintf("%v, and the service runs %s: to go back further, name a revision with task-definition", err, runs.ID()),
			}
			err = nil
		}
	}
	return err
}

// wentAsAsked makes a roll-back that its user asked for, and that went well, a success.
func (f *following) wentAsAsked() {
	result, back := f.result, f.result.Revision.Previous
	if result.Verdict.Outcome != rollout.RolledBack {
		return
	}
	result.Verdict = rollout.Verdict{Outcome: rollout.Succeeded, Reason: fmt.Sprintf("the service runs %s again, in place of %s", back.ID(), result.Revision.Revision.ID())}
	result.Deployment, _ = result.Service.Primary()
	result.Revision.Previous, result.Revision.Revision = result.Revision.Revision, back
}

// askedOnly asks for the roll-backs, and waits for none.
func (d *deployer) askedOnly(ctx context.Context) (rollout.Result, error) {
	_, errs := d.askAll(ctx, d.updated)
	for i, f := range d.updated {
		if errs[i] != nil {
			f.result.Verdict.Reason = "a roll-back was asked for, and could not be started"
			continue
		}
		f.result.Verdict = rollout.Verdict{Outcome: rollout.Succeeded, Reason: f.by() + " was asked to roll back to " + f.result.Revision.Previous.ID() + ", which is not waited for"}
	}
	return d.result(), cmp.Or(errs...)
}
