package cloud

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"ecs-deploy/internal/rollout"
)

// perDescribeTasks is how many one DescribeTasks takes:
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeTasks.html.
const perDescribeTasks = 100

// RunningTasks reads the tasks of a deployment that are to run, whatever they have come to.
func (c *Client) RunningTasks(ctx context.Context, r *rollout.Rollout) ([]rollout.Task, error) {
	return c.tasks(ctx, r, types.DesiredStatusRunning, isOf)
}

// StoppedTasks reads the tasks of a deployment that ECS remembers as stopped or stopping, for at
// least an hour.
func (c *Client) StoppedTasks(ctx context.Context, r *rollout.Rollout) ([]rollout.Task, error) {
	return c.tasks(ctx, r, types.DesiredStatusStopped, isOf)
}

// ReplacedTasks reads the tasks, as far as ECS remembers them, of the deployment that ours replaced.
func (c *Client) ReplacedTasks(ctx context.Context, r *rollout.Rollout) ([]rollout.Task, error) {
	replaced := func(t types.Task, r *rollout.Rollout) bool { return deref(t.StartedBy) == r.Replaced }
	return c.tasks(ctx, r, types.DesiredStatusStopped, replaced)
}

// tasks lists by service and picks by deployment, since ListTasks takes startedBy only alone.
func (c *Client) tasks(
	ctx context.Context, r *rollout.Rollout, desired types.DesiredStatus, isOf func(types.Task, *rollout.Rollout) bool,
) ([]rollout.Task, error) {
	service := r.Service.ServiceKey
	of := ecs.ListTasksInput{Cluster: &service.Cluster, ServiceName: &service.Name, DesiredStatus: desired}
	if service.ManagedDaemon {
		of.ServiceName, of.DaemonName = nil, &service.Name
	}
	var arns []string
	err := eachPage(func(token *string) (*string, error) {
		of.NextToken = token
		out, err := c.ecs.ListTasks(ctx, &of)
		if err != nil {
			return nil, err
		}
		arns = append(arns, out.TaskArns...)
		return out.NextToken, nil
	})
	if err != nil {
		return nil, c.problem(ctx, err, "ecs:ListTasks", service.Noun()+" "+service.Name)
	}
	var tasks []rollout.Task
	for batch := range slices.Chunk(arns, perDescribeTasks) {
		out, err := c.ecs.DescribeTasks(ctx, &ecs.DescribeTasksInput{Cluster: &service.Cluster, Tasks: batch})
		if err != nil {
			return nil, c.problem(ctx, err, "ecs:DescribeTasks", service.Noun()+" "+service.Name)
		}
		for _, t := range out.Tasks {
			if !isOf(t, r) {
				continue
			}
			task := c.task(t).Of(r.Revision.Revision.Document, r.Service.Balanced.Container)
			task.Drained = service.ManagedDaemon && wasDrained(task)
			tasks = append(tasks, task)
		}
	}
	slices.SortStableFunc(tasks, func(a, b rollout.Task) int { return a.Stopping.Compare(b.Stopping) })
	return tasks, nil
}

// isOf tells whether a task is of a deployment. Those of a managed daemon are told by their revision: by what they are
// started is said nowhere.
func isOf(t types.Task, r *rollout.Rollout) bool {
	if r.Service.ManagedDaemon {
		return deref(t.TaskDefinitionArn) == r.Deployment.TaskDefinition && !deref(t.CreatedAt).Before(r.Deployment.Created)
	}
	return deref(t.StartedBy) == r.Deployment.Starter()
}

// wasDrained tells whether the task of a managed daemon was stopped with its instance. What AWS says of such a task is
// said nowhere: it is one that the scheduler stopped, but not for its health.
func wasDrained(task rollout.Task) bool {
	return task.StopCode == rollout.ServiceSchedulerInitiated && !strings.Contains(task.Reason, "health")
}

func (c *Client) task(t types.Task) rollout.Task {
	task := rollout.Task{
		ID:       rollout.LastSegment(deref(t.TaskArn)),
		URL:      taskURL(deref(t.TaskArn), c.place.Region),
		Status:   rollout.TaskStatus(deref(t.LastStatus)),
		Health:   rollout.HealthStatus(t.HealthStatus),
		StopCode: rollout.StopCode(t.StopCode),
		Reason:   deref(t.StoppedReason),
		Created:  deref(t.CreatedAt), PullBegan: deref(t.PullStartedAt), Pulled: deref(t.PullStoppedAt),
		Started:  deref(t.StartedAt),
		Stopping: deref(cmp.Or(t.StoppingAt, t.StoppedAt, t.ExecutionStoppedAt, t.CreatedAt)), // what never ran has not all
	}
	for _, described := range t.Containers {
		for _, network := range described.NetworkInterfaces {
			if address := deref(network.PrivateIpv4Address); address != "" && !slices.Contains(task.Addresses, address) {
				task.Addresses = append(task.Addresses, address)
			}
		}
		container := rollout.Container{
			Name:   deref(described.Name),
			Image:  deref(described.Image),
			Digest: deref(described.ImageDigest),
			Reason: deref(described.Reason),
			Health: rollout.HealthStatus(described.HealthStatus),
		}
		if described.ExitCode != nil {
			exit := int(*described.ExitCode)
			container.ExitCode = &exit
		}
		task.Containers = append(task.Containers, container)
	}
	return task
}
