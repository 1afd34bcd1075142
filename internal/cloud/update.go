package cloud

import (
	"cmp"
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ecs"

	"ecs-deploy/internal/kind"
	"ecs-deploy/internal/rollout"
)

const (
	sends = 4
	looks = 3 // for what a lost call did that is not one of UpdateService
	// lookInterval gives AWS time to show what a lost request did; DescribeServices is only eventually
	// consistent.
	lookInterval = 2 * time.Second
	// lookTimeout is how long it is looked for what a lost UpdateService did, before it is sent again. AWS promises
	// nowhere how late a read may be.
	lookTimeout = time.Minute
	// clockSkew is how much the clock of the runner may differ from that of AWS, which refuses signatures that are
	// five minutes off.
	clockSkew = time.Minute
	// lookSilence is how often it is said that it is still looked for.
	lookSilence = 20 * time.Second
	// lastLookTimeout is how long a run looks that was cancelled.
	lastLookTimeout = 3 * time.Second
)

// once makes a call that has no client token, and that would do its work twice if it were simply sent twice: when its
// answer got lost, we look whether its effect is there before we send again, a few times at most. Also of a run that
// was cancelled amid the call it is looked for. Its error is the last of the call, in the words of problem.
func once[Sent any](
	ctx context.Context,
	c *Client,
	times int,
	send func() (Sent, error),
	look func() (Sent, bool, error),
	problem func(error) error,
) (Sent, error) {
	var none Sent
	var lost error
	for range times {
		if cause := context.Cause(ctx); cause != nil && lost == nil {
			return none, cause // nothing was sent
		}
		sent, err := send()
		switch {
		case err == nil:
			return sent, nil
		case NotSent(err) && lost == nil:
			return none, cmp.Or(context.Cause(ctx), err)
		}
		lost = err
		cancelled := ctx.Err() != nil
		if !cancelled && !unanswered(err) {
			return none, problem(lost)
		}
		if !cancelled {
			c.emit(rollout.Noticed{What: problem(lost).Error() + ": checking whether it took effect"})
		}
		found, ok, err := look()
		switch {
		case ok && err == nil:
			return found, nil
		case cancelled, err != nil:
			return none, perhapsDone(problem(lost), err)
		}
	}
	return none, perhapsDone(problem(lost), nil)
}

// lookContext is the context for a look: that of the run or, when it was cancelled, one for a last look, since the
// runner does not wait long (https://docs.github.com/actions/reference/workflows-and-actions/workflow-cancellation).
func lookContext(ctx context.Context) (context.Context, context.CancelFunc) {
	if ctx.Err() == nil {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(context.WithoutCancel(ctx), lastLookTimeout)
}

// updated is a service that was updated, and the deployment that is ours.
type updated struct {
	service rollout.Service
	ours    rollout.Deployment
}

// Update updates a service that looked like before, and returns what it looks like then and the
// deployment that is ours: a new one, or the one that there was when ECS saw nothing to start. Also of a run that was
// cancelled meanwhile it is found out whether the service was updated.
func (c *Client) Update(
	ctx context.Context, before rollout.Service, update rollout.Update,
) (rollout.Service, rollout.Deployment, error) {
	mark := markOf(before)
	ours := func(d rollout.Deployment) bool { return d.TaskDefinition == update.TaskDefinition }
	after, err := once(ctx, c, sends,
		func() (updated, error) { return c.send(ctx, before, update) },
		func() (updated, bool, error) { return c.look(ctx, before, mark, ours) },
		func(err error) error {
			return withGateways(c.problem(ctx, err, "ecs:UpdateService", "service "+before.Name))
		})
	return after.service, after.ours, err
}

// markOf is the latest deployment that cannot be ours: what was deployed before we send is not, whatever it is of. The
// clocks may differ a little.
func markOf(before rollout.Service) rollout.Deployment {
	mark, _ := before.Newest()
	if sent := time.Now().Add(-clockSkew); sent.After(mark.Created) {
		mark.Created = sent
	}
	return mark
}

func (c *Client) send(ctx context.Context, before rollout.Service, update rollout.Update) (updated, error) {
	body, err := kind.UpdateService(before.ServiceKey, update)
	if err != nil {
		return updated{}, err
	}
	out, err := c.ecs.UpdateService(ctx, &ecs.UpdateServiceInput{Service: &before.Name}, // for the SDK's own check
		c.sending(body))
	if err == nil && out.Service == nil {
		err = errNoAnswer
	}
	if err != nil {
		return updated{}, err
	}
	after := c.service(*out.Service)
	ours, _ := after.Primary()
	return updated{after, ours}, nil
}

// look searches for a deployment of ours that was not there before, and is not older than the mark, in both lists that
// ECS has of them. The second list is not waited for.
func (c *Client) look(
	ctx context.Context, before rollout.Service, mark rollout.Deployment, ours func(rollout.Deployment) bool,
) (updated, bool, error) {
	ctx, cancel := lookContext(ctx)
	defer cancel()
	brief := c.withAttempts(1)
	said := time.Now()
	for began := said; time.Since(began) < lookTimeout; {
		if time.Since(said) >= lookSilence {
			said = time.Now()
			c.emit(rollout.Noticed{What: "service " + before.Name + " shows no new deployment yet: still looking"})
		}
		if err := c.Pause(ctx, lookInterval); err != nil {
			return updated{}, false, err
		}
		services, err := c.Services(ctx, before.Cluster, before.Name)
		if err != nil {
			return updated{}, false, err
		}
		for _, after := range services {
			for _, d := range after.Deployments {
				if _, old := before.Deployment(d.ID); !old && ours(d) {
					return updated{after, d}, true, nil
				}
			}
		}
		within, cancel := withinSight(ctx)
		later, err := brief.laterDeployment(within, before.ServiceKey, mark)
		cancel()
		if err == nil && later.ID != "" && ours(later) {
			later.Status, later.State = rollout.DeploymentPrimary, rollout.RolloutInProgress
			before.Deployments = append([]rollout.Deployment{later}, before.Deployments...)
			return updated{before, later}, true, nil
		}
	}
	return updated{}, false, nil
}
