package cloud

import (
	"context"
	"slices"
	"time"

	"ecs-deploy/internal/rollout"
)

// sightTimeout is how long what else AWS says of a deployment is waited for in a round: what DescribeServices says is
// told and judged without it.
const sightTimeout = 5 * time.Second

// briefAttempts are how often it is tried to read that where nobody comes again to look.
const briefAttempts = 3

// withinSight is a context that ends when what another answer can stand in for is not waited for any longer.
// Where little time is left, most of that is kept for what no other answer can stand in for.
func withinSight(ctx context.Context) (context.Context, context.CancelFunc) {
	timeout := sightTimeout
	if end, limited := ctx.Deadline(); limited {
		timeout = min(timeout, time.Until(end)/4)
	}
	return context.WithTimeoutCause(ctx, timeout, errLate)
}

// ecsCarrier is deployments that ECS carries out itself.
type ecsCarrier struct {
	client     *Client
	unreadable bool              // the service deployments cannot be read
	failed     int               // rounds in a row in which they could not be read
	next       int               // how many service deployments were looked for
	wentTo     map[string]string // the task definitions of service revisions that were rolled back to
}

func (*ecsCarrier) Survey(context.Context, []rollout.SurveyedService, []rollout.Detail) error {
	return nil
}

func (*ecsCarrier) Busy(context.Context, *rollout.Rollout) error { return nil }

func (e *ecsCarrier) Start(
	ctx context.Context, r *rollout.Rollout, update rollout.Update,
) (rollout.Service, rollout.Deployment, error) {
	return e.client.Update(ctx, r.Service, update)
}

func (e *ecsCarrier) Look(ctx context.Context, open []*rollout.Rollout, needed bool, emit rollout.Emit) error {
	if err := e.lookAtStages(ctx, open, needed, emit); err != nil {
		return err
	}
	return e.lookAtRoutes(ctx, open, emit)
}

// lookAtStages reads the service deployments, as far as they are listed and may be read. The deployments of the service
// tell the same with fewer words: what cannot be read now keeps nobody from judging by them.
func (e *ecsCarrier) lookAtStages(
	ctx context.Context, open []*rollout.Rollout, needed bool, emit rollout.Emit,
) error {
	if e.unreadable {
		return nil
	}
	within, cancel := withinSight(ctx)
	defer cancel()
	err := e.read(within, open)
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case err == nil:
		e.failed = 0
		return nil
	}
	e.failed++
	never := NotAllowed(err) || Unsupported(err)
	if never && needed {
		return err
	}
	if never || e.failed == maxFailedRounds {
		emit(rollout.Unreadable{Err: err, Sight: rollout.SightStages})
	}
	e.unreadable = never
	return nil
}

// maxFailedRounds is after how many rounds it is told that the service deployments cannot be read.
const maxFailedRounds = 5

// read reads the service deployments of those rollouts whose is known, and looks for some of the others.
func (e *ecsCarrier) read(ctx context.Context, open []*rollout.Rollout) error {
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
		if r.Usual != nil {
			r.ARN, err = e.client.FindServiceDeployment(ctx, r.Service.ServiceKey, r.Deployment)
			return err
		}
		return e.lookBack(ctx, r)
	})
	if err != nil {
		return err
	}
	found, err := e.client.ServiceDeployments(ctx, known...)
	if err != nil {
		return err
	}
	for _, r := range open {
		its, read := found[r.ARN]
		if before, known := r.Own.(rollout.ServiceDeployment); read && (!known || !its.Updated.Before(before.Updated)) {
			r.Own, r.OwnAt = e.gone(ctx, r, its), time.Now()
		}
	}
	return nil
}

// lookBack looks for the service deployment of a rollout among all that the service had lately. They tell how long one
// usually takes, at no call more.
func (e *ecsCarrier) lookBack(ctx context.Context, r *rollout.Rollout) error {
	listed, err := e.client.history(ctx, r.Service.ServiceKey)
	if err != nil {
		return err
	}
	r.ARN, r.Usual = among(listed, r.Deployment), rollout.UsualOf(ended(listed))
	return nil
}

// gone adds to a service deployment that was rolled back where to, if that can be told.
func (e *ecsCarrier) gone(
	ctx context.Context, r *rollout.Rollout, its rollout.ServiceDeployment,
) rollout.ServiceDeployment {
	if its.Rollback == "" || its.Status != rollout.ServiceDeploymentRollbackSuccessful {
		return its
	}
	if to, listed := r.Service.Deployment(deploymentID(its.Rollback)); listed {
		its.WentTo = to.TaskDefinition
		return its
	}
	if _, known := e.wentTo[its.Rollback]; !known {
		definitions, err := e.client.serviceRevisions(ctx, r.Service.Name, its.Rollback)
		if err != nil {
			return its // the PRIMARY of the service tells
		}
		if e.wentTo == nil {
			e.wentTo = map[string]string{}
		}
		e.wentTo[its.Rollback] = definitions[its.Rollback]
	}
	its.WentTo = e.wentTo[its.Rollback]
	return its
}

// inTurn are those whose service deployments are looked for in this round: one, and as many as there will be more calls
// for service deployments in a round when all are known. So no round makes more calls than the later ones, but for one;
// that of the last of hundreds of services is found after a minute, and until then its service tells enough.
func (e *ecsCarrier) inTurn(unknown []*rollout.Rollout, known int) []*rollout.Rollout {
	if len(unknown) == 0 {
		return nil
	}
	n := min(1+callsFor(known+len(unknown))-callsFor(known), LooksPerRound, len(unknown))
	from := e.next % len(unknown)
	e.next += n
	return append(unknown[from:], unknown[:from]...)[:n]
}

// Reread looks whether another run has deployed since, which DescribeServices might not show yet.
func (e *ecsCarrier) Reread(ctx context.Context, r *rollout.Rollout) error {
	within, cancel := withinSight(ctx)
	defer cancel()
	later, err := e.client.laterDeployment(within, r.Service.ServiceKey, r.Deployment)
	if err == nil {
		r.Later = later
	}
	return context.Cause(ctx) // without an answer the deployments of the service tell
}

// Stop is not asked where the service deployment cannot be found: what ran before can be deployed all the same.
func (e *ecsCarrier) Stop(ctx context.Context, r *rollout.Rollout) (asked bool, err error) {
	if r.ARN == "" { // not seen yet
		within, cancel := withinSight(ctx)
		defer cancel()
		brief := e.client.withAttempts(briefAttempts)
		r.ARN, err = brief.FindServiceDeployment(within, r.Service.ServiceKey, r.Deployment)
	}
	if err != nil || r.ARN == "" {
		return false, context.Cause(ctx)
	}
	err = e.client.RollBack(ctx, r.ARN)
	if over(err) || NotAllowed(err) || Unsupported(err) {
		return false, nil
	}
	return err == nil, err
}

func (e *ecsCarrier) Restore(
	ctx context.Context, r *rollout.Rollout, previous rollout.Revision,
) (rollout.Service, rollout.Deployment, error) {
	update := rollout.Update{TaskDefinition: previous.ARN, Force: previous.ARN == r.Service.TaskDefinition}
	return e.client.Update(ctx, r.Service, update)
}

// Adopt goes on without the service deployment where that cannot be read, and tells so, unless it is to be continued:
// nothing else tells whether it waits.
func (e *ecsCarrier) Adopt(
	ctx context.Context, _ rollout.SurveyedService, r *rollout.Rollout, operation Operation,
) error {
	if operation.Continue {
		if err := e.find(ctx, r); err != nil || r.Own != nil || r.Deployment.State != rollout.RolloutInProgress {
			return err
		}
		return &rollout.Problem{
			Kind: rollout.Refused, What: "ECS lists no service deployment of " + r.Deployment.ID, Next: "Try again in a minute.",
		}
	}
	within, cancel := withinSight(ctx)
	defer cancel()
	brief := &ecsCarrier{client: e.client.withAttempts(briefAttempts)}
	if err := brief.find(within, r); err != nil && ctx.Err() == nil {
		e.client.emit(rollout.Unreadable{Err: err, Sight: rollout.SightStages})
	}
	return context.Cause(ctx)
}

// find reads the service deployment of a rollout, once that is listed. What the service lists as its newest may be what
// ECS goes back to.
func (e *ecsCarrier) find(ctx context.Context, r *rollout.Rollout) error {
	if r.Deployment.State == rollout.RolloutInProgress {
		arn, back, err := e.client.goingBack(ctx, r.Service.ServiceKey, r.Deployment)
		if err != nil {
			return err
		}
		if arn != "" {
			r.ARN, r.Replaced = arn, r.Deployment.ID
			r.Revision.Previous = rollout.Named(r.Deployment.TaskDefinition)
			r.Deployment, r.Revision.Revision = back, rollout.Named(back.TaskDefinition)
			return e.read(ctx, []*rollout.Rollout{r})
		}
	}
	arn, err := e.client.FindServiceDeployment(ctx, r.Service.ServiceKey, r.Deployment)
	if err != nil || arn == "" {
		return err
	}
	r.ARN = arn
	return e.read(ctx, []*rollout.Rollout{r})
}

// Previous is what a deployment replaces while it is under way or rolled back, and else what the last successful one
// before had.
func (e *ecsCarrier) Previous(ctx context.Context, r *rollout.Rollout) error {
	primary, _ := r.Service.Primary()
	completed, known := r.Service.Completed(r.Deployment.ID)
	switch {
	case primary.ID != r.Deployment.ID:
		r.Revision.Previous = rollout.Named(primary.TaskDefinition)
		return nil
	case r.Deployment.State != rollout.RolloutCompleted && known:
		r.Revision.Previous = rollout.Named(completed.TaskDefinition)
		return nil
	case r.Deployment.State == rollout.RolloutInProgress && r.Replaced != "":
		return nil
	}
	previous, err := e.client.PreviousRevision(ctx, r.Service, r.Deployment)
	if err == nil {
		r.Revision.Previous = previous
	}
	return err
}

// Continue may be asked twice when the answer gets lost, and is refused then, since that hook waits no more: so it is
// done.
func (e *ecsCarrier) Continue(ctx context.Context, r *rollout.Rollout, hook rollout.LifecycleHook) error {
	err := e.client.Continue(ctx, r.ARN, hook.ID)
	if err == nil {
		return nil
	}
	now, failed := e.client.ServiceDeployments(ctx, r.ARN)
	waits := func(other rollout.LifecycleHook) bool { return other.ID == hook.ID && other.Awaits() }
	if its, read := now[r.ARN]; failed == nil && read && !slices.ContainsFunc(its.Hooks, waits) {
		return nil
	}
	return err
}
