package cloud

import (
	"cmp"
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"

	"ecs-deploy/internal/rollout"
	"ecs-deploy/internal/taskdef"
)

// logLines is how many of the last lines of a log are read.
const logLines = 30

// Gather adds to the evidence what only AWS knows: the tasks of the deployment that failed, the
// health of those that run as the load balancer sees it, and the last log lines of the container that
// failed. What may not be read is left out, and told.
func (c *Client) Gather(ctx context.Context, r *rollout.Rollout, evidence *rollout.Evidence) {
	key := r.Service.ServiceKey
	stopped, err := c.StoppedTasks(ctx, key, r.Deployment)
	if err != nil {
		c.emit(rollout.Unreadable{Err: err, Sight: rollout.SightCauses})
	}
	for _, task := range stopped {
		if task.Failed() {
			evidence.Failures = append(evidence.Failures, task)
		}
	}
	if len(evidence.Failures) > 0 {
		if evidence.Log, err = c.lastLog(ctx, evidence.Failures, r.Revision.Revision.Document); err != nil {
			c.emit(rollout.Unreadable{Err: err, Sight: rollout.SightLastLines})
		}
	}
	if r.Deployment.Running > 0 && len(r.Service.TargetGroups) > 0 {
		running, err := c.RunningTasks(ctx, key, r.Deployment)
		if err == nil {
			evidence.Targets, _, err = c.UnhealthyTargets(ctx, r.Service.TargetGroups, running)
		}
		if err != nil {
			c.emit(rollout.Unreadable{Err: err, Sight: rollout.SightObjection})
		}
	}
}

// lastLog reads the end of the log of the container by which a task failed, of the last task whose
// container wrote one.
func (c *Client) lastLog(
	ctx context.Context, failed []rollout.Task, document taskdef.Document,
) (rollout.LogTail, error) {
	for _, task := range slices.Backward(failed[max(0, len(failed)-3):]) {
		container, known := task.Culprit()
		log := document.Log(container.Name)
		if !known || !log.Readable() {
			continue
		}
		tail := rollout.LogTail{
			Container: container.Name, Task: task.ID, Group: log.Group, Stream: log.Stream(container.Name, task.ID),
		}
		var err error
		limit, fromHead := int32(logLines), false
		tail.Lines, _, err = c.logEvents(ctx, c.logs(log.Region), cloudwatchlogs.GetLogEventsInput{
			LogGroupName: &tail.Group, LogStreamName: &tail.Stream, Limit: &limit, StartFromHead: &fromHead,
		})
		if err != nil || len(tail.Lines) > 0 {
			return tail, err
		}
	}
	return rollout.LogTail{}, nil
}

// logs is the client for the logs of a region; empty is that of the client.
func (c *Client) logs(region string) *cloudwatchlogs.Client {
	return cloudwatchlogs.NewFromConfig(c.config, func(o *cloudwatchlogs.Options) { o.Region = cmp.Or(region, o.Region) })
}

// logEvents reads a page of the lines of a stream, and the token of the next page. A container that
// has not written has no stream, and no lines.
func (c *Client) logEvents(
	ctx context.Context, logs *cloudwatchlogs.Client, in cloudwatchlogs.GetLogEventsInput,
) (lines []string, next *string, err error) {
	out, err := logs.GetLogEvents(ctx, &in)
	if code(err) == "ResourceNotFoundException" {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, c.problem(ctx, err, "logs:GetLogEvents", "log group "+deref(in.LogGroupName))
	}
	for _, event := range out.Events {
		lines = append(lines, deref(event.Message))
	}
	return lines, out.NextForwardToken, nil
}
