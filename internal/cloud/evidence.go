package cloud

import (
	"context"
	"slices"
	"strings"

	"ecs-deploy/internal/rollout"
)

// Gather adds to the evidence what only AWS knows: the tasks of the deployment that failed, the
// health of those that run as the load balancer sees it and how it checks them, and the last log lines of the container
// that failed. What cannot be read is left out, and told.
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
	if r.Service.ManagedDaemon && evidence.TimedOut {
		c.gatherPending(ctx, r, evidence)
	}
	suspects := rollout.Alike(evidence.Failures)
	if r.Deployment.Running > 0 && len(r.Service.TargetGroups) > 0 {
		running, err := c.RunningTasks(ctx, r)
		if err == nil {
			evidence.Targets, evidence.Healthy, err = c.UnhealthyTargets(ctx, r.Service.TargetGroups, running)
		}
		if err != nil {
			c.emit(rollout.Unreadable{Err: err, Sight: rollout.SightObjection})
		}
		evidence.Healthy = evidence.Healthy && err == nil && len(evidence.Targets) == 0
		if len(suspects) == 0 && len(evidence.Targets) > 0 {
			suspects = running
		}
	}
	if evidence.Log, err = c.lastLog(ctx, r, suspects); err != nil {
		c.emit(rollout.Unreadable{Err: err, Sight: rollout.SightLastLines})
	}
	if unhealthy(*evidence) {
		if evidence.Checks, err = c.HealthChecks(ctx, r.Service.TargetGroups); err != nil {
			c.emit(rollout.Unreadable{Err: err, Sight: rollout.SightHealthCheck})
		}
	}
}

// gatherPending counts the tasks of a managed daemon that do not run yet: its deployments do not tell of them.
func (c *Client) gatherPending(ctx context.Context, r *rollout.Rollout, evidence *rollout.Evidence) {
	tasks, err := c.RunningTasks(ctx, r)
	if err != nil {
		return // which was told of the stopped tasks
	}
	for _, task := range tasks {
		if task.Status != rollout.TaskRunning {
			evidence.Progress.Pending++
		}
	}
}

// unhealthy tells whether a load balancer has something against tasks that run or ran.
func unhealthy(evidence rollout.Evidence) bool {
	of := func(text, words string) bool { return strings.Contains(strings.Join(strings.Fields(text), " "), words) }
	return len(evidence.Targets) > 0 || slices.ContainsFunc(evidence.Failures, func(task rollout.Task) bool {
		return of(task.Reason, "ELB health checks")
	}) || slices.ContainsFunc(evidence.Events, func(event string) bool { return of(event, "is unhealthy in") })
}
