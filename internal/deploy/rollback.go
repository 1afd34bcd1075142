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

// takeBack takes back what failed, timed out or was cancelled, if that was asked for, and with it all
// that was deployed together with it; if not, it says how things were left.
func (d *deployer) takeBack(ctx context.Context, err error) {
	culprit, failed := d.culprit()
	if !failed {
		return
	}
	var back []*following
	for _, f := range d.updated {
		result := f.result
		switch outcome := result.Verdict.Outcome; {
		case result.Service.Status != "ACTIVE":
		case outcome == rollout.RollbackFailed:
			result.Left = f.stuck()
		case outcome == rollout.RolledBack, outcome == rollout.Superseded, outcome.Good() && (!d.plan.RollBack || f.unchanged):
		case err != nil:
			result.Left = "nothing was taken back, since AWS could not be asked"
		case !d.plan.RollBack:
			result.Left = "nothing was taken back: " + f.state() + "; rollback-on-failure: true would have taken it back"
		default:
			if outcome.Good() {
				f.because, result.Because = culprit, culprit
			}
			back = append(back, f)
		}
	}
	if ctx.Err() != nil {
		d.askOnly(ctx, back)
	} else {
		d.rollBack(ctx, back)
	}
}

// culprit names the first service that did not succeed, or was not even updated. That somebody else has
// deployed one is no reason to take the others back.
func (d *deployer) culprit() (string, bool) {
	for _, service := range d.services {
		if outcome := service.Verdict.Outcome; !outcome.Good() && outcome != rollout.Superseded {
			return service.Service.Name, true
		}
	}
	return "", false
}

// state says what runs now.
func (f *following) state() string {
	result, older := f.result, 0
	for _, deployment := range result.Service.Deployments {
		if deployment.ID != result.Deployment.ID {
			older += deployment.Running
		}
	}
	text := fmt.Sprintf("%d of %d tasks of %s run", result.Deployment.Running, result.Service.Desired, result.Revision.Revision.ID())
	if older > 0 {
		text += fmt.Sprintf(", and %d older ones", older)
	}
	if f.codeDeploy != nil {
		serves, _ := result.Service.Primary()
		text += "; the traffic goes to " + rollout.RevisionID(serves.TaskDefinition)
		if f.split() > 0 && serves.ID != result.Deployment.ID {
			text += fmt.Sprintf(", but for %g %% that goes to %s", f.split(), result.Revision.Revision.ID())
		}
	}
	switch {
	case f.shift.Over():
		return text + ", and CodeDeploy does no more about it"
	case f.codeDeploy != nil:
		return text + ", and CodeDeploy goes on with the deployment: until it is over, or taken back with operation: rollback, no other can be started"
	case result.Deployment.State == "FAILED":
		return text + "; ECS starts no more of them"
	}
	return text + "; ECS goes on trying"
}

// askOnly asks for roll-backs without waiting for them: there is no time for that.
func (d *deployer) askOnly(ctx context.Context, back []*following) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), asking)
	defer cancel()
	_, errs := d.askAll(ctx, back)
	for i, f := range back {
		verdict, err := &f.result.Verdict, errs[i]
		verdict.Reason = f.why()
		switch {
		case errors.Is(err, errComplete), errors.Is(err, errSuperseded), errors.Is(err, errStayed):
			verdict.Reason += "; " + err.Error()
		case err != nil:
			verdict.Reason += fmt.Sprintf("; it could not be taken back: %v", err)
		default:
			verdict.Outcome = rollout.Cancelled
			verdict.Reason += fmt.Sprintf("; %s was asked to roll back to %s, which was not waited for", f.by(), f.result.Revision.Previous.ID())
		}
	}
}

// askAll asks for roll-backs, and tells of each what there is to be followed, or why there is nothing.
func (d *deployer) askAll(ctx context.Context, back []*following) ([]watch.Target, []error) {
	targets, errs := make([]watch.Target, len(back)), make([]error, len(back))
	var told inOrder
	defer told.rest()
	_ = cloud.Each(ctx, back, func(ctx context.Context, i int, f *following) error { // the error of one ends none of the others
		var how string
		if targets[i], how, errs[i] = d.ask(ctx, f); errs[i] == nil {
			event := rollout.TakingBack{Service: f.Service.ServiceKey, To: f.result.Revision.Previous, How: how}
			told.done(i, func() { d.emit(event) })
		}
		return nil
	})
	return targets, errs
}

// rollBack takes deployments back, all together, and waits until that is done.
func (d *deployer) rollBack(ctx context.Context, back []*following) {
	asked, errs := d.askAll(ctx, back)
	var going []*following
	var targets []watch.Target
	for i, f := range back {
		switch result, err := f.result, errs[i]; {
		case errors.Is(err, errSuperseded):
			result.Verdict = rollout.Verdict{Outcome: rollout.Superseded, Reason: f.why() + "; " + err.Error()}
		case errors.Is(err, errComplete):
			result.Verdict = rollout.Verdict{Outcome: rollout.Succeeded, Reason: f.why() + "; " + err.Error()}
		case errors.Is(err, errStayed):
			result.Verdict.Reason = f.why() + "; " + err.Error()
		case err != nil:
			f.stays(err)
		default:
			going, targets = append(going, f), append(targets, asked[i])
		}
	}
	if len(going) == 0 {
		return
	}
	until := watch.Until{WaitFor: rollout.Stable, Timeout: d.plan.Timeout, Hopeless: diagnose.Hopeless, Back: true}
	ends, err := watch.Follow(ctx, d.client, targets, until, d.emit)
	for i, f := range going {
		f.wentBack(targets[i], ends[i], err)
	}
}

// why is the reason for which a deployment is taken back.
func (f *following) why() string {
	if f.because != "" {
		return "it succeeded, but " + f.because + " did not"
	}
	return f.result.Verdict.Reason
}

// waitedInVain is what to do when a deployment was taken back that waited for somebody.
const waitedInVain = "Deploy again; to end the step at the pause, wait for its stage (wait-for), and continue the deployment in another step."

// stays files that a deployment could not be taken back, why, and what would help.
func (f *following) stays(why error) {
	f.result.Verdict = rollout.Verdict{Outcome: rollout.RollbackFailed, Reason: f.why() + "; and it could not be taken back: " + why.Error()}
	f.result.Left = f.stuck() + remedy(why)
}

// goesOn files that a deployment is being taken back, and that it could not be seen how that ends.
func (f *following) goesOn(err error) {
	f.result.Verdict = rollout.Verdict{Outcome: rollout.Failed, Reason: f.why() + "; it is being taken back, and that could not be followed: " + err.Error()}
	f.result.Left = "the roll-back goes on in " + f.by() + ". See how it ends with operation: status." + remedy(err)
}

// remedy is what helps against an error, behind a space, if that is known.
func remedy(err error) string {
	var p *rollout.Problem
	if errors.As(err, &p) && p.Next != "" {
		return " " + p.Next
	}
	return ""
}

// stuck says how things are when a roll-back did not work, and what is left to do.
func (f *following) stuck() string {
	return "this is how things are: " + f.state() + ". To get the service up again, deploy a revision that works, with task-definition: family:revision."
}

// wentBack files how a roll-back ended.
func (f *following) wentBack(target watch.Target, end watch.Followed, err error) {
	result, why := f.result, f.why()
	result.Service = end.Service
	again := target.Deployment.ID != result.Deployment.ID // the roll-back is a deployment of its own
	runs, _ := end.Service.Primary()
	switch {
	case err != nil:
		f.goesOn(err)
	case again && end.Verdict.Outcome == rollout.Succeeded,
		end.Verdict.Outcome == rollout.RolledBack && runs.TaskDefinition == result.Revision.Previous.ARN:
		result.Deployment.Running, result.Deployment.Pending = 0, 0
		if f.waiting {
			for i := range result.Findings {
				result.Findings[i].Next = waitedInVain
			}
		}
		result.Verdict = rollout.Verdict{Outcome: rollout.RolledBack, Reason: fmt.Sprintf("%s; it was taken back, and the service runs %s again", why, result.Revision.Previous.ID())}
	case end.Verdict.Outcome == rollout.Superseded:
		result.Verdict = rollout.Verdict{Outcome: rollout.Superseded, Reason: why + "; while it was taken back, " + end.Verdict.Reason}
	case end.Verdict.Outcome == rollout.Cancelled:
		result.Verdict = rollout.Verdict{Outcome: rollout.Cancelled, Reason: fmt.Sprintf("%s; the run was ended while it was taken back, which goes on in %s", why, f.by())}
	case !again && end.Verdict.Outcome == rollout.Succeeded:
		result.Verdict = end.Verdict // it came to its good end before it could be stopped
	default:
		f.stays(errors.New(end.Verdict.Reason))
	}
}

// ask asks ECS to take a deployment back, and returns what there is to be followed then, and how it
// goes: the same deployment, which ECS rolls back, or, where that cannot be asked for, a new one of the
// revision that ran before.
func (d *deployer) ask(ctx context.Context, f *following) (target watch.Target, how string, err error) {
	services, err := d.client.Services(ctx, f.Service.Cluster, f.Service.Name)
	if err != nil {
		return target, "", err
	}
	if len(services) == 0 {
		return target, "", errors.New("the service does not exist any more")
	}
	service := services[0]
	if f.codeDeploy != nil {
		return d.askCodeDeploy(ctx, f, service)
	}
	primary, _ := service.Primary()
	switch {
	case primary.ID == f.Previous && !f.asked:
		return f.goingBack(service), "ECS is rolling the deployment back already", nil
	case primary.ID != f.Deployment.ID:
		return target, "", errSuperseded
	case primary.State == "COMPLETED" && f.because == "" && !f.asked:
		return target, "", errComplete
	}
	if primary.State != "COMPLETED" {
		switch asked, err := d.askECS(ctx, f); {
		case err != nil:
			return target, "", err
		case asked:
			return f.goingBack(service), "ECS was asked to roll the deployment back", nil
		}
	}
	return d.redeploy(ctx, f, service)
}

// askECS asks ECS to roll a deployment back that is under way. Where that cannot be asked for, nothing is asked.
func (d *deployer) askECS(ctx context.Context, f *following) (asked bool, err error) {
	if f.ARN == "" { // not seen yet
		f.ARN, err = d.client.FindServiceDeployment(ctx, f.Service.ServiceKey, f.Deployment)
	}
	if err == nil && f.ARN != "" {
		err = d.client.RollBack(ctx, f.ARN)
		asked = err == nil
	}
	if cloud.Over(err) || cloud.NotAllowed(err) || cloud.Unsupported(err) {
		return false, nil
	}
	return asked, err
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

// by is who carries the deployment out.
func (f *following) by() string {
	if f.codeDeploy != nil {
		return "CodeDeploy"
	}
	return "ECS"
}

// deployable reads a revision that ran before, and refuses one that cannot be deployed.
func (d *deployer) deployable(ctx context.Context, revision rollout.Revision) (rollout.Revision, error) {
	read, err := d.client.Revision(ctx, revision.ARN)
	if err == nil && !read.Active {
		err = fmt.Errorf("%s, which ran before, is INACTIVE, and cannot be deployed", read.ID())
	}
	return read, err
}

// redeploy deploys the revision that ran before, as long as it can be.
func (d *deployer) redeploy(ctx context.Context, f *following, service rollout.Service) (target watch.Target, how string, err error) {
	previous, err := d.deployable(ctx, f.result.Revision.Previous)
	if err != nil {
		return target, "", err
	}
	update := rollout.Update{TaskDefinition: previous.ARN, Force: previous.ARN == service.TaskDefinition}
	after, ours, err := d.client.Update(ctx, service, update)
	if err != nil {
		return target, "", err
	}
	return watch.Target{
		Service: after, Deployment: ours, Previous: f.Deployment.ID, Since: time.Now(), Heard: ours.Created.Add(-1), HealthChecked: previous.Document.HealthChecked(),
	}, "deployment " + ours.ID + " of the revision that ran before was started", nil
}
