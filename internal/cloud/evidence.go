package cloud

import (
	"context"

	"ecs-deploy/internal/rollout"
)

// Gather adds to the evidence what only AWS knows: the tasks of the deployment that failed, the
// health of those that run as the load balancer sees it, and the last log lines of the container that
// failed. What may not be read is left out, and told.
func (c *Client) Gather(ctx context.Context, r *rollout.Rollout, evidence *rollout.Evidence) {
	stopped, err := c.StoppedTasks(ctx, r)
	if err != nil {
		c.emit(rollout.Unreadable{Err: err, Sight: rollout.SightCauses})
	}
	for _, task := range stopped {
		if task.Failed() {
			evidence.Failures = append(evidence.Failures, task)
		}
	}
	if len(evidence.Failures) > 0 {
		if evidence.Log, err = c.lastLog(ctx, r, evidence.Failures); err != nil {
			c.emit(rollout.Unreadable{Err: err, Sight: rollout.SightLastLines})
		}
	}
	if r.Deployment.Running > 0 && len(r.Service.TargetGroups) > 0 {
		running, err := c.RunningTasks(ctx, r)
		if err == nil {
			evidence.Targets, _, err = c.UnhealthyTargets(ctx, r.Service.TargetGroups, running)
		}
		if err != nil {
			c.emit(rollout.Unreadable{Err: err, Sight: rollout.SightObjection})
		}
	}
}
