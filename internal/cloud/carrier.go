package cloud

import (
	"context"

	"ecs-deploy/internal/rollout"
)

// Carrier speaks to what carries deployments of one kind out. It is the half of a kind that calls; package kind has the
// one that decides. The errors are of Client's kind.
type Carrier interface {
	// Survey reads what only this kind has of services that are to be deployed. The options are of all kinds.
	Survey(ctx context.Context, services []rollout.SurveyedService, options []rollout.Detail) error
	// Busy is the error of a deployment that cannot be started now, since another is under way: a *rollout.Problem of kind
	// BadInput. Others are of the calls by which that is found out.
	Busy(ctx context.Context, r *rollout.Rollout) error
	// Start starts a deployment of a revision, and tells what the service looks like then and the deployment that is ours:
	// a new one, or the one that there was where there was nothing to start. The service is the zero value if it was not
	// changed.
	Start(ctx context.Context, r *rollout.Rollout, update rollout.Update) (rollout.Service, rollout.Deployment, error)
	// Look reads what AWS says of deployments beside their services, of some of them in a round where there are many. What
	// cannot be read is done without, and told, unless it is needed.
	Look(ctx context.Context, open []*rollout.Rollout, needed bool, emit rollout.Emit) error
	// Reread reads what decides how a deployment is rolled back.
	Reread(ctx context.Context, r *rollout.Rollout) error
	// Stop asks for a deployment to be rolled back. It tells false where that cannot be asked for, or not any more.
	Stop(ctx context.Context, r *rollout.Rollout) (asked bool, err error)
	// Restore deploys the revision that ran before.
	Restore(
		ctx context.Context, r *rollout.Rollout, previous rollout.Revision,
	) (rollout.Service, rollout.Deployment, error)
	// Adopt reads the newest deployment of a service, which another run has started, for the sake of an operation.
	Adopt(ctx context.Context, running rollout.SurveyedService, r *rollout.Rollout, operation Operation) error
	// Previous finds what a deployment of another run goes back to. If it was rolled back already, it is ErrTakenBack.
	Previous(ctx context.Context, r *rollout.Rollout) error
	// Past are the last deployments of a service that are over, newest first, as far as AWS remembers them.
	Past(ctx context.Context, r *rollout.Rollout) ([]rollout.PastDeployment, error)
	// Deployed are the last few of those, with the revisions that they had deployed, as far as those can be read.
	Deployed(
		ctx context.Context, r *rollout.Rollout, past []rollout.PastDeployment,
	) ([]rollout.PastDeployment, error)
	// Continue lets a deployment go on that waits, at a hook if it has any. Where an answer got lost it may be asked
	// twice; that the second is refused, since nothing waits any more, counts as done.
	Continue(ctx context.Context, r *rollout.Rollout, hook rollout.LifecycleHook) error
}

// Operation is what an operation wants to do with a deployment that another run has started.
type Operation struct {
	RollBack bool // if it fails
	Continue bool // so that it has to be seen whether it waits for approval
}

// Carriers are one of each kind for each place. What they find out about what may be read holds as long as they do: for
// the deployments, or the rollbacks, of a run.
type Carriers map[carrierKey]Carrier

type carrierKey struct {
	rollout.Place
	rollout.Controller
}

// carriers makes one of each kind.
func (c *Client) carriers() map[rollout.Controller]Carrier {
	byECS := &ecsCarrier{client: c}
	return map[rollout.Controller]Carrier{
		rollout.ControlledByECS:        byECS,
		rollout.ControlledByExpress:    &expressCarrier{byECS},
		rollout.ControlledByCodeDeploy: &codeDeployCarrier{client: c},
		rollout.ControlledByDaemon:     &daemonCarrier{client: c},
	}
}

// Of is the one for a service.
func (c Carriers) Of(service rollout.Service) Carrier {
	return c[carrierKey{service.Place, service.Controller}]
}

// Busy is the first error of deployments that cannot be started now.
func (c Carriers) Busy(ctx context.Context, rollouts []*rollout.Rollout) error {
	return Each(ctx, rollouts, func(ctx context.Context, _ int, r *rollout.Rollout) error {
		return c.Of(r.Service).Busy(ctx, r)
	})
}

// LooksPerRound is how many services are looked into more closely in a round, and at most how many service deployments
// are looked for.
const LooksPerRound = 8
