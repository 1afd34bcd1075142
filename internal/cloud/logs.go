package cloud

import (
	"cmp"
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"

	"ecs-deploy/internal/rollout"
)

// logLines is how many of the last lines of a log are read.
const logLines = 200

// lastLog reads the end of the log of the container by which tasks failed, of the last of them that has written
// something.
func (c *Client) lastLog(ctx context.Context, r *rollout.Rollout, tasks []rollout.Task) (rollout.LogTail, error) {
	var last rollout.LogTail
	for _, task := range slices.Backward(tasks[max(0, len(tasks)-3):]) {
		container, known := task.Suspect()
		if !known || task.NeverRan(container) {
			continue
		}
		tail := rollout.LogTail{
			Cause:     task.Cause(),
			Container: container.Name,
			Task:      task.ID,
			Kept:      r.Revision.Revision.Document.Log(container.Name),
		}
		if !tail.Kept.Readable() {
			return tail, nil
		}
		var err error
		tail.Stream = tail.Kept.Stream(container.Name, task.ID)
		tail.URL = logURL(r.Service.ARN, cmp.Or(tail.Kept.Region, r.Service.Region), tail.Kept.Group, tail.Stream)
		limit, fromHead := int32(logLines), false
		tail.Lines, _, err = c.logEvents(ctx, c.logs(tail.Kept.Region), cloudwatchlogs.GetLogEventsInput{
			LogGroupName: &tail.Kept.Group, LogStreamName: &tail.Stream, Limit: &limit, StartFromHead: &fromHead,
		})
		if err != nil || len(tail.Lines) > 0 {
			return tail, err
		}
		if last.Container == "" {
			last = tail
		}
	}
	return last, nil
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
