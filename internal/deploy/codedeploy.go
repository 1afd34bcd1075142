package deploy

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"ecs-deploy/internal/cloud"
	"ecs-deploy/internal/rollout"
	"ecs-deploy/internal/watch"
)

// errStayed keeps us from taking back what never got any traffic.
var errStayed = errors.New("there was nothing to take back: the traffic stays with what ran before")

// startCodeDeploy has CodeDeploy deploy a revision, after UpdateService has set what is the service's own.
// Where nothing is to be started, the deployment is the one that there is. When there is an error, the
// service is the zero value if it was not updated.
func (d *deployer) startCodeDeploy(ctx context.Context, planned rollout.PlannedService, update rollout.Update) (rollout.Service, rollout.Deployment, error) {
	service := planned.Service
	own, any := update.OfService()
	if any {
		after, _, err := d.client.Update(ctx, service, own)
		if err != nil {
			return rollout.Service{}, rollout.Deployment{}, err
		}
		service = after
	}
	if !planned.Starts(d.plan) {
		runs, _ := service.Primary()
		return service, runs, nil
	}
	ours, err := d.shift(ctx, service.ServiceKey, *planned.CodeDeploy, update.TaskDefinition)
	if err != nil && !any {
		service = rollout.Service{}
	}
	return service, ours, err
}

// shift starts a deployment of CodeDeploy's.
func (d *deployer) shift(ctx context.Context, service rollout.ServiceKey, planned rollout.PlannedCodeDeploy, taskDefinition string) (rollout.Deployment, error) {
	started, err := d.client.StartCodeDeploy(ctx, service, planned, planned.AppSpec.With(taskDefinition))
	return rollout.Deployment{ID: started.ID, Status: "ACTIVE", TaskDefinition: taskDefinition, Created: started.Created, Updated: started.Created}, err
}

// askCodeDeploy asks CodeDeploy to take a deployment back: to stop it and roll it back, or, when it is over,
// to deploy what ran before.
func (d *deployer) askCodeDeploy(ctx context.Context, f *following, service rollout.Service) (target watch.Target, how string, err error) {
	if f.asked && (f.shift.ID == "" || f.shift.Over() && f.shift.RolledBackBy == "") {
		return d.shiftBack(ctx, f, service)
	}
	now, err := d.client.CodeDeployment(ctx, f.Deployment.ID)
	if err == nil && !now.Over() {
		if err = d.client.StopCodeDeploy(ctx, now.ID); err == nil {
			return f.stopped(service), "CodeDeploy was asked to stop the deployment and to roll it back", nil
		}
		if cloud.Ended(err) {
			now, err = d.client.CodeDeployment(ctx, now.ID)
		}
	}
	primary, _ := service.Primary()
	switch {
	case err != nil:
		return target, "", err
	case now.RolledBackBy != "":
		return f.stopped(service), "CodeDeploy is rolling the deployment back already, by " + now.RolledBackBy, nil
	case f.split() > 0:
	case primary.ID == f.Previous && !f.asked:
		return target, "", errStayed
	case primary.ID != f.Deployment.ID:
		return target, "", errSuperseded
	case now.Status == "Succeeded" && f.because == "" && !f.asked:
		return target, "", errComplete
	}
	return d.shiftBack(ctx, f, service)
}

// allAtOnce is the deployment configuration with which CodeDeploy itself rolls back, whatever that of the
// deployment was (https://docs.aws.amazon.com/codedeploy/latest/userguide/deployments-rollback-and-redeploy.html;
// that it is this one was seen in an answer of GetDeployment).
const allAtOnce = "CodeDeployDefault.ECSAllAtOnce"

// stopped is a deployment that CodeDeploy is to roll back.
func (f *following) stopped(service rollout.Service) watch.Target {
	target := f.goingBack(service)
	target.Stopped = true
	return target
}

// split is the percentage of the traffic that a deployment was left with which did not succeed.
func (f *following) split() float64 {
	percent, _ := f.shift.Split()
	return percent
}

// shiftBack has CodeDeploy deploy the revision that ran before.
func (d *deployer) shiftBack(ctx context.Context, f *following, service rollout.Service) (target watch.Target, how string, err error) {
	previous, err := d.deployable(ctx, f.result.Revision.Previous)
	if err != nil {
		return target, "", err
	}
	if f.codeDeploy.AppSpec.Empty() { // a deployment of another run
		f.codeDeploy.AppSpec, err = d.client.PreviousAppSpec(ctx, service.ServiceKey, f.codeDeploy.Group, f.Deployment.TaskDefinition)
	}
	var ours rollout.Deployment
	if err == nil {
		at := *f.codeDeploy
		at.Config = allAtOnce
		ours, err = d.shift(ctx, service.ServiceKey, at, previous.ARN)
	}
	if err != nil {
		return target, "", err
	}
	return watch.Target{
		Service: service, Deployment: ours, Previous: f.Deployment.ID, Since: time.Now(), Heard: lastHeard(service, ours.Created.Add(-1)), HealthChecked: previous.Document.HealthChecked(),
	}, "CodeDeploy started deployment " + ours.ID + " of the revision that ran before", nil
}

// standingCodeDeploy is the newest deployment by CodeDeploy of a service, and how far it is.
func (d *deployer) standingCodeDeploy(ctx context.Context, running rollout.Running, s *standing) error {
	s.codeDeploy = &rollout.PlannedCodeDeploy{Group: running.CodeDeploy, RollBack: d.plan.RollBack}
	if running.CodeDeploy.Last == "" {
		return nil
	}
	now, err := d.client.CodeDeployment(ctx, running.CodeDeploy.Last)
	if err != nil {
		return err
	}
	if now.Undoes != "" && !now.Over() { // what it rolls back is what is under way
		if now, err = d.client.CodeDeployment(ctx, now.Undoes); err != nil {
			return err
		}
	}
	if now, err = d.client.CodeDeployTarget(ctx, s.Service.ServiceKey, now); err != nil && !cloud.NotAllowed(err) {
		return err
	}
	s.shift = now
	if now.Over() && now.RolledBackBy == "" && s.split() == 0 {
		return nil // what runs is what it, or another before it, came to
	}
	ours, listed := s.Service.Deployment(now.ID)
	if !listed { // it has made no task set yet
		spec, err := d.client.AppSpec(ctx, running.CodeDeploy, now)
		if err != nil && !cloud.NotAllowed(err) {
			return err
		}
		ours = rollout.Deployment{ID: now.ID, Created: now.Created, TaskDefinition: spec.TaskDefinition()}
	}
	s.Previous, s.result.Revision.Previous = "", running.Revision
	for _, other := range s.Service.Deployments {
		if other.ID != ours.ID && s.Previous == "" {
			s.Previous, s.result.Revision.Previous = other.ID, rollout.Named(other.TaskDefinition)
		}
	}
	s.Deployment, s.result.Deployment, s.result.Revision.Revision = ours, ours, rollout.Named(ours.TaskDefinition)
	return nil
}

// ends are how deployments of CodeDeploy's ended.
var ends = map[string]string{"Succeeded": "has succeeded", "Failed": "has failed", "Stopped": "was stopped"}

// shiftInWords says how a deployment of CodeDeploy's stands.
func (s *standing) shiftInWords() string {
	running := fmt.Sprintf("%d of %d tasks run", s.Deployment.Running, s.Service.Desired)
	switch {
	case s.shift.ID == "":
		return "CodeDeploy has not deployed it yet, and it runs " + rollout.RevisionID(s.Deployment.TaskDefinition) + ", " + running
	case s.shift.RolledBackBy != "":
		return fmt.Sprintf("deployment %s of %s is being rolled back by %s", s.shift.ID, cmp.Or(rollout.RevisionID(s.Deployment.TaskDefinition), "another revision"), s.shift.RolledBackBy)
	case s.split() > 0:
		return fmt.Sprintf("deployment %s of %s %s with %g %% of the traffic, which still goes there, %s; operation: rollback moves it back",
			s.shift.ID, rollout.RevisionID(s.Deployment.TaskDefinition), ends[s.shift.Status], s.split(), running)
	case s.shift.Over():
		return fmt.Sprintf("deployment %s %s, and it runs %s, %s", s.shift.ID, ends[s.shift.Status], rollout.RevisionID(s.Deployment.TaskDefinition), running)
	}
	text := fmt.Sprintf("deployment %s of %s ", s.shift.ID, cmp.Or(rollout.RevisionID(s.Deployment.TaskDefinition), "another revision"))
	switch s.shift.State() {
	case rollout.ReadyWait:
		return text + "waits for somebody to let the traffic move, " + running
	case rollout.TerminationWait:
		return text + "gets all the traffic, " + running + ", and the old ones are kept for about " + rollout.Span(s.shift.Left(time.Now())) + " more"
	}
	text += "is " + rollout.InWords(s.shift.Status) + ", " + running
	if event, any := s.shift.Event(); any {
		text += ", at " + event.Name
	}
	return text
}
