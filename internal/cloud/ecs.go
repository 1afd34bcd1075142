package cloud

import (
	"context"

	"ecs-deploy/internal/rollout"
)

// ecsCarrier is deployments that ECS carries out itself.
type ecsCarrier struct {
	client       *Client
	unreadable   bool // the service deployments may not be read
	failedRounds int  // rounds in a row in which they could not be read
	next         int  // how many service deployments were looked for
}

func (*ecsCarrier) Survey(context.Context, []rollout.Running, []rollout.Detail) error { return nil }

func (*ecsCarrier) Busy(context.Context, *rollout.Rollout) error { return nil }

func (e *ecsCarrier) Start(
	ctx context.Context, r *rollout.Rollout, update rollout.Update,
) (rollout.Service, rollout.Deployment, error) {
	return e.client.Update(ctx, r.Service, update)
}

// Look reads the service deployments, as far as they are listed and may be read.
func (e *ecsCarrier) Look(ctx context.Context, open []*rollout.Rollout, needed bool, emit rollout.Emit) error {
	for _, r := range open {
		r.Own = nil // what DescribeServices says is newer
	}
	if e.unreadable {
		return nil
	}
	var known []string
	var unknown []*rollout.Rollout
	for _, r := range open {
		if r.ARN != "" {
			known = append(known, r.ARN)
		} else {
			unknown = append(unknown, r)
		}
	}
	err := Each(ctx, e.inTurn(unknown, len(known)), func(ctx context.Context, _ int, r *rollout.Rollout) (err error) {
		r.ARN, err = e.client.FindServiceDeployment(ctx, r.Service.ServiceKey, r.Deployment)
		return err
	})
	if err != nil {
		return e.giveUp(err, needed, emit)
	}
	found, err := e.client.ServiceDeployments(ctx, known...)
	if err != nil {
		return e.giveUp(err, needed, emit)
	}
	e.failedRounds = 0
	for _, r := range open {
		if its, read := found[r.ARN]; read {
			r.Own = its
		}
	}
	return nil
}

// inTurn are those whose service deployments are looked for in this round: one, and as many as there will be more calls
// for service deployments in a round when all are known. So no round makes more calls than the later ones, but for one;
// that of the last of a hundred services is found after a minute and a half, and until then its service tells enough.
func (e *ecsCarrier) inTurn(unknown []*rollout.Rollout, known int) []*rollout.Rollout {
	if len(unknown) == 0 {
		return nil
	}
	n := min(1+callsFor(known+len(unknown))-callsFor(known), lookedInto, len(unknown))
	from := e.next % len(unknown)
	e.next += n
	return append(unknown[from:], unknown[:from]...)[:n]
}

// maxFailedRounds is after how many rounds the service deployments are not waited for any longer.
const maxFailedRounds = 5

// giveUp lets the service deployments go where they may not be read, or cannot be for a while: the
// deployments of the service tell the same with fewer words.
func (e *ecsCarrier) giveUp(err error, needed bool, emit rollout.Emit) error {
	if Transient(err) {
		if e.failedRounds++; e.failedRounds >= maxFailedRounds {
			return nil
		}
	}
	if needed || !NotAllowed(err) && !Unsupported(err) {
		return err
	}
	e.unreadable = true
	emit(rollout.Unreadable{Err: err, Sight: rollout.SightStages})
	return nil
}

func (*ecsCarrier) Reread(context.Context, *rollout.Rollout) error { return nil }

func (e *ecsCarrier) Stop(ctx context.Context, r *rollout.Rollout) (asked bool, err error) {
	if r.ARN == "" { // not seen yet
		r.ARN, err = e.client.FindServiceDeployment(ctx, r.Service.ServiceKey, r.Deployment)
	}
	if err == nil && r.ARN != "" {
		err = e.client.RollBack(ctx, r.ARN)
		asked = err == nil
	}
	if over(err) || NotAllowed(err) || Unsupported(err) {
		return false, nil
	}
	return asked, err
}

func (e *ecsCarrier) Restore(
	ctx context.Context, r *rollout.Rollout, previous rollout.Revision,
) (rollout.Service, rollout.Deployment, error) {
	update := rollout.Update{TaskDefinition: previous.ARN, Force: previous.ARN == r.Service.TaskDefinition}
	return e.client.Update(ctx, r.Service, update)
}

func (e *ecsCarrier) Adopt(ctx context.Context, _ rollout.Running, r *rollout.Rollout, _ bool) error {
	arn, err := e.client.FindServiceDeployment(ctx, r.Service.ServiceKey, r.Deployment)
	if err == nil && arn != "" {
		var found map[string]rollout.ServiceDeployment
		found, err = e.client.ServiceDeployments(ctx, arn)
		r.ARN = arn
		if its, read := found[arn]; read {
			r.Own = its
		}
	}
	if NotAllowed(err) || Unsupported(err) {
		return nil // DescribeServices tells the rest
	}
	return err
}

// Previous is what a deployment replaces while it is under way, and else what the last successful one before had.
func (e *ecsCarrier) Previous(ctx context.Context, r *rollout.Rollout) (err error) {
	if r.Deployment.State == rollout.RolloutInProgress && r.Replaced != "" {
		return nil
	}
	r.Revision.Previous, err = e.client.PreviousRevision(ctx, r.Service, r.Deployment)
	return err
}

// Continue may be asked twice when the answer gets lost, and is refused then, since nothing waits any more: so it is
// done.
func (e *ecsCarrier) Continue(ctx context.Context, r *rollout.Rollout) error {
	its, _ := r.Own.(rollout.ServiceDeployment)
	hook, _ := its.Waiting()
	err := e.client.Continue(ctx, r.ARN, hook.ID)
	if err == nil {
		return nil
	}
	now, failed := e.client.ServiceDeployments(ctx, r.ARN)
	if _, waits := now[r.ARN].Waiting(); failed == nil && !waits {
		return nil
	}
	return err
}
