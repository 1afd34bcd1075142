package action

import (
	"context"
	"time"

	"ecs-deploy/internal/cloud"
	"ecs-deploy/internal/inputs"
	"ecs-deploy/internal/kind"
	"ecs-deploy/internal/plan"
	"ecs-deploy/internal/rollout"
	"ecs-deploy/internal/watch"
)

// unoccupied does what is asked for where deployments of other runs are under way. When they were waited for, the
// world is read again: they may have come to whatever end. A dry run waits for none, and is not refused: they may be
// over when it is done in earnest.
func unoccupied(
	ctx context.Context, clients *cloud.Clients, in inputs.Inputs, world rollout.World, emit rollout.Emit,
) (rollout.World, error) {
	timeout, began := plan.Timeout(in, world.Services), time.Now()
	for {
		left := timeout - time.Since(began)
		busy := kind.Busy(world.Services)
		switch {
		case len(busy) == 0 || in.WhenBusy == rollout.ReplaceOther:
			return world, nil
		case in.DryRun && in.WhenBusy == rollout.RefuseOther:
			p := kind.Occupied(busy, 0)
			emit(rollout.Noticed{What: p.What, Next: p.Next, Warning: true})
			return world, nil
		case in.DryRun:
			return world, nil
		case in.WhenBusy == rollout.RefuseOther:
			return world, kind.Occupied(busy, 0)
		case left <= 0: // one came after the other
			return world, kind.Occupied(busy, timeout)
		}
		err := watch.AwaitOthers(ctx, clients, world.Services, in.Kinds(), left, emit)
		if err != nil {
			return world, err
		}
		if world, err = survey(ctx, clients, in); err != nil {
			return world, err
		}
	}
}
