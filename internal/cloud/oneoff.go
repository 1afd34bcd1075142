package cloud

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ecs"

	"ecs-deploy/internal/rollout"
	"ecs-deploy/internal/taskdef"
)

// RunTask starts tasks that run once, and returns their ARNs. Those that could not be placed are told by
// ECS's reasons. It may be sent again: a token keeps ECS from starting the tasks twice
// (https://docs.aws.amazon.com/AmazonECS/latest/APIReference/ECS_Idempotency.html).
func (c *Client) RunTask(
	ctx context.Context, planned rollout.PlannedTask, revision rollout.Revision,
) (arns, unplaced []string, err error) {
	about := fmt.Sprintf("%s of %s", planned.Input, revision.ID())
	more, err := json.Marshal(map[string]string{"taskDefinition": revision.ARN, "clientToken": rand.Text()})
	if err != nil {
		return nil, nil, err
	}
	patch, err := taskdef.ParsePatch(string(more), taskdef.Shape{})
	if err != nil {
		return nil, nil, err
	}
	body, err := patch.Apply(planned.Request)
	if err != nil {
		return nil, nil, err
	}
	out, err := c.ecs.RunTask(ctx, &ecs.RunTaskInput{TaskDefinition: &revision.ARN}, withMiddleware(sendBody(body.JSON())))
	if err == nil && len(out.Tasks)+len(out.Failures) == 0 {
		err = errNoAnswer
	}
	switch {
	case unanswered(err):
		return nil, nil, perhapsDone(c.problem(ctx, err, "ecs:RunTask", about), nil)
	case err != nil:
		return nil, nil, c.problem(ctx, err, "ecs:RunTask", about)
	}
	for _, t := range out.Tasks {
		arns = append(arns, deref(t.TaskArn))
	}
	for _, failure := range out.Failures {
		text := deref(failure.Reason)
		if detail := deref(failure.Detail); detail != "" {
			text += " (" + detail + ")"
		}
		unplaced = append(unplaced, text)
	}
	return arns, unplaced, nil
}

// Tasks reads tasks of a cluster by their ARNs. Those that ECS does not know, or not yet, are left out.
func (c *Client) Tasks(ctx context.Context, cluster string, arns []string) ([]rollout.Task, error) {
	out, err := c.ecs.DescribeTasks(ctx, &ecs.DescribeTasksInput{Cluster: &cluster, Tasks: arns})
	if err == nil && len(out.Tasks)+len(out.Failures) == 0 {
		err = errNoAnswer
	}
	if err != nil {
		return nil, c.problem(ctx, err, "ecs:DescribeTasks", "task "+rollout.LastSegment(arns[0]))
	}
	var tasks []rollout.Task
	for _, t := range out.Tasks {
		tasks = append(tasks, c.task(t))
	}
	return tasks, nil
}

// StopTask stops a task. The reason stands in its stoppedReason.
func (c *Client) StopTask(ctx context.Context, cluster, arn, reason string) error {
	if _, err := c.ecs.StopTask(ctx, &ecs.StopTaskInput{Cluster: &cluster, Task: &arn, Reason: &reason}); err != nil {
		return c.problem(ctx, err, "ecs:StopTask", "task "+rollout.LastSegment(arn))
	}
	return nil
}

// LogStream is what a container of a task writes, and how far it was read.
type LogStream struct {
	Task, Container string
	log             taskdef.Log
	client          *cloudwatchlogs.Client
	token           *string
}

// LogStreams are those of the containers of tasks whose log can be read. Where the others are written comes
// back by container.
func (c *Client) LogStreams(
	document taskdef.Document, tasks []string,
) (streams []*LogStream, unreadable map[string]taskdef.Log) {
	unreadable = map[string]taskdef.Log{}
	for _, task := range tasks {
		for _, container := range document.Containers() {
			log := document.Log(container.Name)
			if !log.Readable() {
				unreadable[container.Name] = log
				continue
			}
			streams = append(
				streams,
				&LogStream{Task: rollout.LastSegment(task), Container: container.Name, log: log, client: c.logs(log.Region)},
			)
		}
	}
	return streams, unreadable
}

// ReadLog reads the lines of a stream that were not read yet, in their order. A container that has not
// written yet has none. At the end of a stream AWS answers with the token that it was sent
// (https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetLogEvents.html).
func (c *Client) ReadLog(ctx context.Context, stream *LogStream) ([]string, error) {
	var lines []string
	name, fromHead := stream.log.Stream(stream.Container, stream.Task), true
	for range maxPages { // one that writes faster than it can be read is read on at the next look
		page, next, err := c.logEvents(ctx, stream.client, cloudwatchlogs.GetLogEventsInput{
			LogGroupName: &stream.log.Group, LogStreamName: &name, StartFromHead: &fromHead, NextToken: stream.token,
		})
		lines = append(lines, page...)
		if err != nil || next == nil || deref(stream.token) == *next {
			return lines, err
		}
		stream.token = next
	}
	return lines, nil
}
