package cloud

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ecs"

	"ecs-deploy/internal/rollout"
)

// UpdateService has no client token: an update that is sent twice can start two deployments. When an
// answer got lost, we look whether the deployment is there before we send again.
const (
	sends = 4
	looks = 3
	// lookAfter gives ECS time to show what a lost request did; DescribeServices is only eventually
	// consistent.
	lookAfter = 2 * time.Second
)

// afterwards is a context for a last look after a run was cancelled: the runner does not wait long
// (https://docs.github.com/actions/reference/workflows-and-actions/workflow-cancellation).
func afterwards(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
}

// Update updates a service that looked like before, and returns what it looks like then and the
// deployment that is ours: a new one, or the one that there was when ECS saw nothing to start. Also of a run that was
// cancelled meanwhile it is found out whether the service was updated.
func (c *Client) Update(ctx context.Context, before rollout.Service, update rollout.Update) (rollout.Service, rollout.Deployment, error) {
	var lost error
	for range sends {
		after, err := c.send(ctx, before, update)
		if err == nil {
			ours, _ := after.Primary()
			return after, ours, nil
		}
		lost = err
		cancelled := ctx.Err() != nil
		if !cancelled && !unanswered(err) {
			break
		}
		after, ours, found, err := c.look(ctx, before, update)
		switch {
		case found, err != nil && !cancelled:
			return after, ours, err
		case cancelled:
			return after, ours, c.problem(ctx, lost, "ecs:UpdateService", "service "+before.Name)
		}
	}
	return rollout.Service{}, rollout.Deployment{}, c.problem(ctx, lost, "ecs:UpdateService", "service "+before.Name)
}

func (c *Client) send(ctx context.Context, before rollout.Service, update rollout.Update) (rollout.Service, error) {
	body, err := update.Request(before.ServiceKey)
	if err != nil {
		return rollout.Service{}, err
	}
	out, err := c.ecs.UpdateService(ctx, &ecs.UpdateServiceInput{Service: &before.Name}, // for the SDK's own check
		withMiddleware(sendBody(body.JSON())),
		func(o *ecs.Options) { o.Retryer = c.retryer(throttled) })
	if err == nil && out.Service == nil {
		err = errNoAnswer
	}
	if err != nil {
		return rollout.Service{}, err
	}
	return c.service(*out.Service), nil
}

// look searches for a deployment of the revision that was not there before.
func (c *Client) look(ctx context.Context, before rollout.Service, update rollout.Update) (rollout.Service, rollout.Deployment, bool, error) {
	if ctx.Err() != nil {
		afterwards, cancel := afterwards(ctx)
		defer cancel()
		ctx = afterwards
	}
	for range looks {
		if err := c.Pause(ctx, lookAfter); err != nil {
			return rollout.Service{}, rollout.Deployment{}, false, err
		}
		services, err := c.Services(ctx, before.Cluster, before.Name)
		if err != nil {
			return rollout.Service{}, rollout.Deployment{}, false, err
		}
		for _, after := range services {
			for _, d := range after.Deployments {
				if _, old := before.Deployment(d.ID); !old && d.TaskDefinition == update.TaskDefinition {
					return after, d, true, nil
				}
			}
		}
	}
	return rollout.Service{}, rollout.Deployment{}, false, nil
}
