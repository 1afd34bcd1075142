package watch

import (
	"context"
	"time"

	"ecs-deploy/internal/cloud"
	"ecs-deploy/internal/kind"
	"ecs-deploy/internal/rollout"
)

// AwaitOthers waits until no deployment of the services is under way, which others have started. The options are of the
// kinds of deployment. An error is that of the context, what AWS refuses or, after the timeout, a *rollout.Problem;
// throttles, faults of the server and broken connections are ridden out.
func AwaitOthers(
	ctx context.Context, clients *cloud.Clients, services []rollout.SurveyedService, options []rollout.Detail,
	timeout time.Duration, emit rollout.Emit,
) error {
	clients = clients.WithoutRetry()
	began := time.Now()
	said, answered := began, began
	say := func(event rollout.Event) {
		said = time.Now()
		emit(event)
	}
	busy := kind.Busy(services)
	say(rollout.OthersAwaited{Busy: busy, Left: timeout})
	for {
		if err := clients.Pause(ctx, lookInterval); err != nil {
			return err
		}
		still, err := clients.Busy(ctx, services, options)
		age := time.Since(began)
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err != nil && !cloud.Transient(err):
			return err
		case err != nil && silent(began, said, lookInterval, 0):
			say(rollout.Unanswered{Age: time.Since(answered), Err: err})
		case err == nil:
			busy, answered = still, time.Now()
		}
		switch {
		case len(busy) == 0:
			say(rollout.OthersAwaited{Age: age})
			return nil
		case age >= timeout:
			return kind.Occupied(busy, timeout)
		case silent(began, said, lookInterval, 0):
			say(rollout.OthersAwaited{Busy: busy, Age: age, Left: timeout - age})
		}
	}
}
