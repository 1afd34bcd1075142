package deploy

import (
	"context"
	"errors"
	"fmt"
	"time"

	"ecs-deploy/internal/cloud"
	"ecs-deploy/internal/diagnose"
	"ecs-deploy/internal/rollout"
	"ecs-deploy/internal/watch"
)

// asking is how long a roll-back may take to be asked for when the run was cancelled: the runner
// kills it ten seconds after the first signal
// (https://docs.github.com/actions/reference/workflows-and-actions/workflow-cancellation).
const asking = 4 * time.Second

// errSuperseded keeps us from taking back what somebody else has deployed.
var errSuperseded = errors.New("somebody else has deployed meanwhile: their deployment is left alone")

// errComplete keeps us from taking back what came to its good end after all.
var errComplete = errors.New("the deployment came to its good end in the meantime, and was left alone")

// takeBack takes a deployment back that failed, timed out or was cancelled, if that was asked for; if
// not, it says how things were left.
func (d *deployer) takeBack(ctx context.Context, f *following, err error) {
	result := f.result
	if result.Service.Status != "ACTIVE" {
		return
	}
	switch result.Verdict.Outcome {
	case rollout.RollbackFailed:
		result.Left = "this is how things are: " + state(result)
	case rollout.Failed, rollout.TimedOut, rollout.Cancelled:
		switch {
		case err != nil:
			result.Left = "nothing was taken back, since AWS could not be asked"
		case !d.plan.RollBack:
			result.Left = "nothing was taken back: " + state(result) + "; rollback-on-failure: true would have taken it back"
		case result.Verdict.Outcome == rollout.Cancelled:
			d.askOnly(ctx, f)
		default:
			d.rollBack(ctx, f)
		}
	}
}

// state says what runs now.
func state(result *rollout.ServiceResult) string {
	older := 0
	for _, deployment := range result.Service.Deployments {
		if deployment.ID != result.Deployment.ID {
			older += deployment.Running
		}
	}
	text := fmt.Sprintf("%d of %d tasks of %s run", result.Deployment.Running, result.Service.Desired, result.Revision.Revision.ID())
	if older > 0 {
		text += fmt.Sprintf(", and %d older ones", older)
	}
	if result.Deployment.State == "FAILED" {
		return text + "; ECS starts no more of them"
	}
	return text + "; ECS goes on trying"
}

// askOnly asks for a roll-back without waiting for it: there is no time for that.
func (d *deployer) askOnly(ctx context.Context, f *following) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), asking)
	defer cancel()
	switch _, err := d.ask(ctx, f); {
	case errors.Is(err, errComplete), errors.Is(err, errSuperseded):
		f.result.Verdict.Reason += "; " + err.Error()
		return
	case err != nil:
		f.result.Verdict.Reason += fmt.Sprintf("; it could not be taken back: %v", err)
		return
	}
	f.result.Verdict.Reason += fmt.Sprintf("; ECS was asked to roll back to %s, which was not waited for", f.result.Revision.Previous.ID())
}

// rollBack takes a deployment back and waits until that is done.
func (d *deployer) rollBack(ctx context.Context, f *following) {
	result := f.result
	why := result.Verdict.Reason
	fail := func(how string) {
		result.Verdict = rollout.Verdict{Outcome: rollout.RollbackFailed, Reason: why + "; and it could not be taken back: " + how}
		result.Left = "this is how things are: " + state(result)
	}
	target, err := d.ask(ctx, f)
	switch {
	case errors.Is(err, errSuperseded):
		result.Verdict = rollout.Verdict{Outcome: rollout.Superseded, Reason: why + "; " + err.Error()}
		return
	case errors.Is(err, errComplete):
		result.Verdict = rollout.Verdict{Outcome: rollout.Succeeded, Reason: why + "; " + err.Error()}
		return
	case err != nil:
		fail(err.Error())
		return
	}
	until := watch.Until{WaitFor: rollout.Stable, Timeout: d.plan.Timeout, Hopeless: diagnose.Hopeless}
	ends, err := watch.Follow(ctx, d.client, []watch.Target{target}, until, d.emit)
	end := ends[0]
	result.Service = end.Service
	again := target.Deployment.ID != result.Deployment.ID // the roll-back is a deployment of its own
	runs, _ := end.Service.Primary()
	switch {
	case err != nil:
		fail(err.Error())
	case again && end.Verdict.Outcome == rollout.Succeeded,
		end.Verdict.Outcome == rollout.RolledBack && runs.TaskDefinition == result.Revision.Previous.ARN:
		result.Deployment.Running, result.Deployment.Pending = 0, 0
		result.Verdict = rollout.Verdict{Outcome: rollout.RolledBack, Reason: fmt.Sprintf("%s; it was taken back, and the service runs %s again", why, result.Revision.Previous.ID())}
	case end.Verdict.Outcome == rollout.Superseded:
		result.Verdict = rollout.Verdict{Outcome: rollout.Superseded, Reason: why + "; while it was taken back, " + end.Verdict.Reason}
	case end.Verdict.Outcome == rollout.Cancelled:
		result.Verdict = rollout.Verdict{Outcome: rollout.Cancelled, Reason: fmt.Sprintf("%s; the run was ended while it was taken back, which goes on in ECS", why)}
	case !again && end.Verdict.Outcome == rollout.Succeeded:
		result.Verdict = end.Verdict // it came to its good end before it could be stopped
	default:
		fail(end.Verdict.Reason)
	}
}

// ask asks ECS to take a deployment back, and returns what there is to be followed then: the same
// deployment, which ECS rolls back, or, where that cannot be asked for, a new one of the revision that
// ran before.
func (d *deployer) ask(ctx context.Context, f *following) (watch.Target, error) {
	service, err := d.client.Services(ctx, f.Service.Cluster, f.Service.Name)
	if err != nil {
		return watch.Target{}, err
	}
	if len(service) == 0 {
		return watch.Target{}, errors.New("the service does not exist any more")
	}
	before, _ := service[0].Primary()
	switch {
	case before.ID != f.Deployment.ID && before.ID != f.Previous:
		return watch.Target{}, errSuperseded
	case before.ID == f.Deployment.ID && before.State == "COMPLETED":
		return watch.Target{}, errComplete
	}
	key, previous := f.Service.ServiceKey, f.result.Revision.Previous
	if before.ID == f.Previous {
		d.emit(rollout.TakingBack{Service: key, To: previous, How: "ECS is rolling the deployment back already"})
		return f.goingBack(service[0]), nil
	}
	if f.arn != "" {
		err := d.client.RollBack(ctx, f.arn)
		if err == nil {
			d.emit(rollout.TakingBack{Service: key, To: previous, How: "ECS was asked to roll the deployment back"})
			return f.goingBack(service[0]), nil
		}
		if !cloud.Over(err) && !cloud.NotAllowed(err) && !cloud.Unsupported(err) {
			return watch.Target{}, err
		}
	}
	return d.redeploy(ctx, f, service[0])
}

// goingBack is the deployment while ECS rolls it back: the same, of which some was told already.
func (f *following) goingBack(service rollout.Service) watch.Target {
	target := f.Target
	target.Since, target.Heard = time.Now(), lastHeard(f.result.Service, target.Deployment.Created)
	target.Service = service
	return target
}

// lastHeard is the time of the latest event that a service was seen to say.
func lastHeard(service rollout.Service, otherwise time.Time) time.Time {
	if len(service.Events) > 0 && service.Events[0].At.After(otherwise) {
		return service.Events[0].At
	}
	return otherwise
}

// redeploy deploys the revision that ran before, as long as it can be.
func (d *deployer) redeploy(ctx context.Context, f *following, service rollout.Service) (watch.Target, error) {
	previous, err := d.client.Revision(ctx, f.result.Revision.Previous.ARN)
	if err != nil {
		return watch.Target{}, err
	}
	if !previous.Active {
		return watch.Target{}, fmt.Errorf("%s, which ran before, is INACTIVE, and cannot be deployed", previous.ID())
	}
	update := rollout.Update{TaskDefinition: previous.ARN, Force: previous.ARN == service.TaskDefinition}
	after, ours, err := d.client.Update(ctx, service, update)
	if err != nil {
		return watch.Target{}, err
	}
	d.emit(rollout.TakingBack{Service: f.Service.ServiceKey, To: previous, How: "deployment " + ours.ID + " of the revision that ran before was started"})
	return watch.Target{
		Service: after, Deployment: ours, Previous: f.Deployment.ID, Since: time.Now(), Heard: ours.Created.Add(-1), HealthChecked: previous.Document.HealthChecked(),
	}, nil
}
