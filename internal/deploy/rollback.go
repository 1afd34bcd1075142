package deploy

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"ecs-deploy/internal/cloud"
	"ecs-deploy/internal/diagnose"
	"ecs-deploy/internal/kind"
	"ecs-deploy/internal/rollout"
	"ecs-deploy/internal/watch"
)

// askTimeout is how long a rollback may take to be asked for when the run was cancelled: the runner
// kills it ten seconds after the first signal
// (https://docs.github.com/actions/reference/workflows-and-actions/workflow-cancellation).
const askTimeout = 4 * time.Second

// errNoTime is why a rollback was not asked for by a run that was cancelled.
var errNoTime = errors.New("AWS did not answer in the time that a cancelled run has left")

// takeBack rolls back what failed, timed out or was cancelled, if that was asked for, and with it all that was deployed
// together with it; if not, it files how things were left. The culprit is the service that did not succeed, or what was
// run after all had succeeded.
func (d *deployer) takeBack(ctx context.Context, culprit string) {
	var back []*rollout.Rollout
	for _, r := range d.touched() {
		r.Progress = kind.Of(r.Service).Progress(r)
		switch outcome := r.Verdict.Outcome; {
		case !d.concerned(r):
			continue
		case outcome == rollout.RollbackFailed:
			r.Verdict.Left = rollout.LeftStuck
		case r.Unchanged:
			r.Verdict.Left = rollout.LeftNotOurs
		case r.Verdict.Ending == rollout.EndedLost:
			r.Verdict.Left = rollout.LeftUnasked
		case !d.plan.RollBack:
			r.Verdict.Left = rollout.LeftAsIs
		default:
			r.Verdict.Return = &rollout.Return{}
			if outcome.Good() {
				r.Verdict.Return.For = culprit
			}
			back = append(back, r)
		}
	}
	for _, r := range back {
		r.Verdict.Return.Together = len(back) > 1 || r.Verdict.Return.For != ""
	}
	slices.SortStableFunc(back, func(a, b *rollout.Rollout) int { return cmp.Compare(b.Wave, a.Wave) })
	for len(back) > 0 { // the newest wave first
		if ctx.Err() != nil {
			d.askOnly(ctx, back)
			return
		}
		n := 1
		for n < len(back) && back[n].Wave == back[0].Wave {
			n++
		}
		d.rollBack(ctx, back[:n])
		back = back[n:]
	}
}

// concerned tells whether a rollout is one to be rolled back, or to be told how it was left, when any did not succeed:
// not where what ran before runs already, another run has deployed, or nothing was begun.
func (d *deployer) concerned(r *rollout.Rollout) bool {
	switch outcome := r.Verdict.Outcome; {
	case r.Service.Status != rollout.ServiceActive, outcome == rollout.RolledBack, outcome == rollout.Superseded:
		return false
	case outcome.Good():
		return d.plan.RollBack && !r.Unchanged
	}
	return true
}

// culprit names the first service that did not succeed, or could not be updated, and counts them. That another run
// has deployed one is no reason to roll the others back.
func (d *deployer) culprit() (name string, failed int) {
	for _, r := range d.plan.Rollouts {
		outcome := r.Verdict.Outcome
		if outcome != "" && !outcome.Good() && outcome != rollout.Superseded && outcome != rollout.NotStarted {
			if failed++; failed == 1 {
				name = r.Name()
			}
		}
	}
	return name, failed
}

// askOnly asks for rollbacks without waiting for them: there is no time for that.
func (d *deployer) askOnly(ctx context.Context, back []*rollout.Rollout) {
	ctx, cancel := context.WithTimeoutCause(context.WithoutCancel(ctx), askTimeout, errNoTime)
	defer cancel()
	_, errs := d.askAll(ctx, back)
	for i, r := range back {
		r.Verdict.Return.End, r.Verdict.Return.Err = leftAlone(errs[i]), errs[i]
		if errs[i] == nil {
			r.Verdict.Outcome, r.Verdict.Return.End = rollout.Cancelled, rollout.ReturnAsked
		}
	}
}

// errAlone is why a deployment is left alone that was to be rolled back.
type errAlone rollout.ReturnEnd

func (e errAlone) Error() string { return "left alone: " + string(e) }

// leftAlone is how a return ended by an error.
func leftAlone(err error) rollout.ReturnEnd {
	var alone errAlone
	if errors.As(err, &alone) {
		return rollout.ReturnEnd(alone)
	}
	return rollout.ReturnRefused
}

// askAll asks for rollbacks, and tells of each what there is to be followed, or why there is nothing.
func (d *deployer) askAll(ctx context.Context, back []*rollout.Rollout) ([]*rollout.Rollout, []error) {
	going, errs := make([]*rollout.Rollout, len(back)), make([]error, len(back))
	var order inOrder
	defer order.rest()
	// the error of one ends none of the others
	_ = cloud.Each(ctx, back, func(ctx context.Context, i int, r *rollout.Rollout) error {
		var how rollout.Way
		going[i], how, errs[i] = d.ask(ctx, r)
		order.done(i, func() {
			if errs[i] == nil {
				r.Verdict.Return.To = going[i]
				if how == rollout.WayRestored {
					r.Fallback = going[i].Revision.Revision.ARN // which may have been registered anew
				}
				d.emit(rollout.RollbackStarted{Rollout: r, How: how})
			}
		})
		return nil
	})
	return going, errs
}

// rollBack rolls deployments back, all together, and waits until that is done. Who carries a deployment out may have
// ended it before it was rolled back, although that was asked for: then what ran before is deployed.
func (d *deployer) rollBack(ctx context.Context, back []*rollout.Rollout) {
	for len(back) > 0 {
		asked, errs := d.askAll(ctx, back)
		var of, going []*rollout.Rollout
		for i, r := range back {
			if errs[i] != nil {
				stays(r, errs[i])
				continue
			}
			of, going = append(of, r), append(going, asked[i])
		}
		if len(going) == 0 {
			return
		}
		until := watch.Until{
			WaitFor: rollout.Stable, Timeout: d.plan.RollbackTimeout, Hopeless: diagnose.Hopeless, Rollback: true,
		}
		err := watch.Follow(ctx, d.clients, watch.All(going), until, d.emit)
		back = nil
		for i, r := range of {
			if err == nil && cameTooLate(r, going[i]) {
				r.Verdict.Return.TooLate = true
				r.Look = going[i].Look
				back = append(back, r)
				continue
			}
			wentBack(r, going[i], err)
		}
	}
}

// cameTooLate tells whether a deployment that was to be rolled back came to another end of its own: once, since what
// ran before is deployed then.
func cameTooLate(r, back *rollout.Rollout) bool {
	ended := back.Verdict
	return back.Deployment.ID == r.Deployment.ID && !r.Verdict.Return.TooLate && back.Stopping &&
		(ended.Ending == rollout.EndedComplete || ended.Ending == rollout.EndedStopped)
}

// stays files that a deployment was not rolled back, and why.
func stays(r *rollout.Rollout, why error) {
	verdict := &r.Verdict
	verdict.Return.End, verdict.Return.Err = leftAlone(why), why
	switch verdict.Return.End {
	case rollout.ReturnSuperseded:
		verdict.Outcome = rollout.Superseded
	case rollout.ReturnComplete:
		verdict.Outcome = rollout.Succeeded
	case rollout.ReturnNeedless:
		return
	default:
		verdict.Outcome = rollout.RollbackFailed
		verdict.Left = rollout.LeftStuck
		verdict.Return.End = rollout.ReturnFailed
	}
}

// wentBack files how a rollback ended.
func wentBack(r, back *rollout.Rollout, err error) {
	verdict := &r.Verdict
	r.Service = back.Service
	again := back.Deployment.ID != r.Deployment.ID // the rollback is a deployment of its own
	switch ended := back.Verdict; {
	case err != nil:
		verdict.Outcome, verdict.Left = rollout.Failed, rollout.LeftGoingOn
		verdict.Return.End, verdict.Return.Err = rollout.ReturnLost, err
	case again && ended.Outcome == rollout.Succeeded, !again && ended.Outcome == rollout.RolledBack,
		ended.Outcome == rollout.RolledBack && ended.To == back.Revision.Revision.ARN: // to what it was of itself
		r.Deployment.Running, r.Deployment.Pending = 0, 0
		verdict.Outcome, verdict.Return.End = rollout.RolledBack, rollout.ReturnDone
		verdict.To = ended.To
		if ended.Outcome == rollout.Succeeded {
			verdict.To = back.Revision.Revision.ARN
		}
	case ended.Outcome == rollout.Superseded:
		verdict.Outcome, verdict.Return.End = rollout.Superseded, rollout.ReturnOvertaken
	case ended.Outcome == rollout.Cancelled:
		verdict.Outcome, verdict.Return.End = rollout.Cancelled, rollout.ReturnCancelled
	default:
		r.Progress = kind.Of(r.Service).Progress(r)
		verdict.Outcome = rollout.RollbackFailed
		verdict.Left = rollout.LeftStuck
		verdict.Return.End = rollout.ReturnFailed
	}
}

// ask has a deployment rolled back. It returns what is to be followed then, and how it goes: the same deployment,
// which is rolled back, or, where that cannot be asked for, a new one of the revision that ran before.
func (d *deployer) ask(ctx context.Context, r *rollout.Rollout) (*rollout.Rollout, rollout.Way, error) {
	carrier := d.carriers.Of(r.Service)
	now := *r // as it is read now
	why := kind.RollbackCause{
		ByUser:     r.Verdict.Ending == rollout.EndedReturnAsked,
		ForAnother: r.Verdict.Return.Together,
		StopFailed: r.Verdict.Return.TooLate,
	}
	for {
		if err := d.reread(ctx, &now); err != nil {
			return nil, "", err
		}
		switch kind.Of(now.Service).Rollback(&now, why) {
		case kind.Stop:
			asked, err := carrier.Stop(ctx, &now)
			if err != nil {
				return nil, "", err
			}
			if asked {
				return sameDeployment(r, now, true), rollout.WayAsked, nil
			}
			why.StopFailed = true
		case kind.Follow:
			return sameDeployment(r, now, false), rollout.WayAlready, nil
		case kind.LeaveSuperseded:
			r.Verdict.By = latest(now)
			return nil, "", errAlone(rollout.ReturnSuperseded)
		case kind.LeaveComplete:
			return nil, "", errAlone(rollout.ReturnComplete)
		case kind.LeaveUnmoved:
			return nil, "", errAlone(rollout.ReturnNeedless)
		case kind.Restore:
			back, err := d.restore(ctx, &now)
			if err == nil && isBack(now.Deployment, back.Deployment) {
				now.Service = back.Service
				return sameDeployment(r, now, false), rollout.WayAlready, nil
			}
			return back, rollout.WayRestored, err
		}
	}
}

// isBack tells whether nothing was started by deploying what ran before, since who carries ours out had gone back to
// that already, which the reads before did not show yet.
func isBack(ours, found rollout.Deployment) bool {
	return found.ID != ours.ID && found.Created.Before(ours.Created)
}

// latest is the deployment of another run that is in the way of rolling one back.
func latest(r rollout.Rollout) rollout.Deployment {
	if r.Later.ID != "" {
		return r.Later
	}
	newest, _ := r.Service.Newest()
	return newest
}

// reread reads what decides how a deployment is rolled back.
func (d *deployer) reread(ctx context.Context, now *rollout.Rollout) error {
	services, err := d.clients.Now(ctx, now.Service.ServiceKey)
	if err != nil {
		return err
	}
	service, there := services[now.Service.ServiceKey]
	if !there {
		return fmt.Errorf("the %s no longer exists", now.Service.Noun())
	}
	if !service.OlderThan(now.Service) {
		now.Service = service
	}
	return d.carriers.Of(now.Service).Reread(ctx, now)
}

// sameDeployment is the deployment while it is rolled back: the same, of which some was told already.
func sameDeployment(r *rollout.Rollout, now rollout.Rollout, stopping bool) *rollout.Rollout {
	return &rollout.Rollout{
		By:            r.By,
		Title:         r.Title,
		Wave:          r.Wave,
		Settings:      r.Settings,
		Revision:      r.Revision,
		ARN:           now.ARN,
		Replaced:      r.Replaced,
		HealthChecked: r.HealthChecked,
		Since:         time.Now(),
		EventsSince:   now.Service.LatestEvent(r.Deployment.Created),
		Stopping:      stopping,
		GoingBack:     true,
		Look:          rollout.Look{Service: now.Service, Deployment: r.Deployment, Seen: r.Seen, Later: now.Later},
	}
}

// restore deploys the revision that ran before.
func (d *deployer) restore(ctx context.Context, now *rollout.Rollout) (*rollout.Rollout, error) {
	previous, err := d.deployable(ctx, cmp.Or(now.Fallback, now.Revision.Previous.ARN))
	if err != nil {
		return nil, err
	}
	after, ours, err := d.carriers.Of(now.Service).Restore(ctx, now, previous)
	if err != nil {
		return nil, err
	}
	return &rollout.Rollout{
		By:            now.By,
		Title:         now.Title,
		Wave:          now.Wave,
		Settings:      now.Settings,
		Revision:      rollout.RevisionResult{Revision: previous, Previous: now.Revision.Revision},
		Replaced:      now.Deployment.ID,
		Since:         time.Now(),
		EventsSince:   ours.Created.Add(-1),
		HealthChecked: previous.Document.HealthChecked(),
		Look:          rollout.Look{Service: after, Deployment: ours},
	}, nil
}

// deployable is a revision that can be deployed: the one that is named or, where that is INACTIVE, the same registered
// anew. Terraform deregisters the one before by default
// (https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/ecs_task_definition).
func (d *deployer) deployable(ctx context.Context, arn string) (rollout.Revision, error) {
	d.anew <- struct{}{} // one at a time, since services of one revision go back to one
	defer func() { <-d.anew }()
	if again, known := d.registered[arn]; known {
		return again, nil
	}
	revision, err := d.clients.Of(arn).Revision(ctx, arn)
	if err != nil || revision.Active {
		return revision, err
	}
	registered, err := d.clients.Of(arn).Register(ctx, revision.Document, revision)
	if err != nil {
		return revision, fmt.Errorf(
			"%s, the previous revision, is INACTIVE and must be registered again: %w",
			revision.ID(),
			err,
		)
	}
	d.emit(rollout.Noticed{What: fmt.Sprintf(
		"%s, the previous revision, is INACTIVE: it was registered again, as %s", revision.ID(), registered.ID(),
	)})
	d.registered[arn] = registered
	return registered, nil
}
