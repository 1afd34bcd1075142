package cloud

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"ecs-deploy/internal/rollout"
)

// perDescribeDeployments is how many one DescribeServiceDeployments takes:
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeServiceDeployments.html.
const perDescribeDeployments = 20

// callsFor is how many calls it takes to read that many service deployments.
func callsFor(deployments int) int {
	return (deployments + perDescribeDeployments - 1) / perDescribeDeployments
}

// FindServiceDeployment looks for the service deployment of a deployment: the one whose target
// service revision ends in the number of the deployment's id, as terraform-provider-aws joins the
// two. The ARN is empty as long as ECS does not list it, which it might not do at once.
func (c *Client) FindServiceDeployment(
	ctx context.Context, service rollout.ServiceKey, d rollout.Deployment,
) (string, error) {
	after, most := d.Created.Add(-time.Minute), int32(100)
	listed, err := c.listServiceDeployments(
		ctx, service, ecs.ListServiceDeploymentsInput{CreatedAt: &types.CreatedAt{After: &after}, MaxResults: &most},
	)
	if err != nil {
		return "", err
	}
	return among(listed, d), nil
}

// among is the ARN of the service deployment of a deployment, if it is among some.
func among(listed []types.ServiceDeploymentBrief, d rollout.Deployment) string {
	for _, found := range listed {
		if strings.HasSuffix(deref(found.TargetServiceRevisionArn), "/"+rollout.LastSegment(d.ID)) {
			return deref(found.ServiceDeploymentArn)
		}
	}
	return ""
}

// listServiceDeployments reads the first page of a service's deployments, narrowed as the question says.
func (c *Client) listServiceDeployments(
	ctx context.Context, service rollout.ServiceKey, question ecs.ListServiceDeploymentsInput,
) ([]types.ServiceDeploymentBrief, error) {
	question.Cluster, question.Service = &service.Cluster, &service.Name
	out, err := c.ecs.ListServiceDeployments(ctx, &question)
	if err != nil {
		return nil, c.problem(ctx, err, "ecs:ListServiceDeployments", "service "+service.Name)
	}
	return out.ServiceDeployments, nil
}

// deploymentID is the id of the deployment that a service revision was made for.
func deploymentID(serviceRevision string) string {
	return "ecs-svc/" + rollout.LastSegment(serviceRevision)
}

// ServiceDeployments reads service deployments, by their ARN.
func (c *Client) ServiceDeployments(ctx context.Context, arns ...string) (map[string]rollout.ServiceDeployment, error) {
	found := map[string]rollout.ServiceDeployment{}
	for batch := range slices.Chunk(arns, perDescribeDeployments) {
		out, err := c.ecs.DescribeServiceDeployments(ctx, &ecs.DescribeServiceDeploymentsInput{ServiceDeploymentArns: batch})
		if err == nil && len(out.ServiceDeployments)+len(out.Failures) == 0 {
			err = errNoAnswer
		}
		if err != nil {
			return nil, c.problem(
				ctx, err, "ecs:DescribeServiceDeployments", "service deployment "+rollout.LastSegment(batch[0]),
			)
		}
		for _, d := range out.ServiceDeployments {
			found[deref(d.ServiceDeploymentArn)] = serviceDeployment(d)
		}
	}
	return found, nil
}

func serviceDeployment(d types.ServiceDeployment) rollout.ServiceDeployment {
	deployment := rollout.ServiceDeployment{
		ARN:     deref(d.ServiceDeploymentArn),
		Status:  rollout.ServiceDeploymentStatus(d.Status),
		Reason:  deref(d.StatusReason),
		Updated: deref(d.UpdatedAt),
	}
	if breaker := d.DeploymentCircuitBreaker; breaker != nil {
		deployment.Breaker = rollout.BreakerCount{
			Status:    rollout.MonitorStatus(breaker.Status),
			Failures:  int(breaker.FailureCount),
			Threshold: int(breaker.Threshold),
		}
	}
	if d.Rollback != nil {
		deployment.Rollback = deref(d.Rollback.ServiceRevisionArn)
	}
	if d.Alarms != nil {
		deployment.Alarms = d.Alarms.TriggeredAlarmNames
		deployment.Alarmed = len(deployment.Alarms) > 0 ||
			d.Alarms.Status == types.ServiceDeploymentRollbackMonitorsStatusTriggered
	}
	deployment.Stage = string(d.LifecycleStage)
	if d.TargetServiceRevision != nil {
		deployment.Production = d.TargetServiceRevision.RequestedProductionTrafficWeight
	}
	if d.DeploymentConfiguration != nil {
		deployment.BakeInterval = time.Duration(deref(d.DeploymentConfiguration.BakeTimeInMinutes)) * time.Minute
	}
	for _, hook := range d.LifecycleHookDetails {
		deployment.Hooks = append(deployment.Hooks, rollout.LifecycleHook{
			ID:        deref(hook.HookId),
			Pause:     hook.TargetType == "PAUSE",
			Target:    deref(hook.TargetArn),
			Status:    rollout.HookStatus(hook.Status),
			Expires:   deref(hook.ExpiresAt),
			OnTimeout: rollout.TimeoutAction(hook.TimeoutAction),
		})
	}
	return deployment
}

// Continue lets a deployment go on that waits at a pause.
func (c *Client) Continue(ctx context.Context, arn, hook string) error {
	_, err := c.ecs.ContinueServiceDeployment(
		ctx, &ecs.ContinueServiceDeploymentInput{ServiceDeploymentArn: &arn, HookId: &hook},
	)
	if err != nil {
		return c.problem(ctx, err, "ecs:ContinueServiceDeployment", "service deployment "+rollout.LastSegment(arn))
	}
	return nil
}

// ErrTakenBack is that the last deployment of a service was rolled back: what ran before it runs again.
var ErrTakenBack = errors.New("the last deployment was already rolled back")

// PreviousRevision finds what the last successful deployment before this one had deployed, other than
// what this one has. If the last deployment was rolled back, it is ErrTakenBack.
func (c *Client) PreviousRevision(
	ctx context.Context, service rollout.Service, current rollout.Deployment,
) (rollout.Revision, error) {
	listed, err := c.history(ctx, service.ServiceKey)
	if err != nil {
		return rollout.Revision{}, err
	}
	if len(listed) > 0 && listed[0].Status == types.ServiceDeploymentStatusRollbackSuccessful {
		return rollout.Revision{}, ErrTakenBack
	}
	var arns []string
	for _, d := range listed {
		if arn := deref(d.TargetServiceRevisionArn); d.Status == types.ServiceDeploymentStatusSuccessful &&
			!strings.HasSuffix(arn, "/"+rollout.LastSegment(current.ID)) {
			arns = append(arns, arn)
		}
	}
	for batch := range slices.Chunk(arns, perDescribeDeployments) {
		definitions, err := c.serviceRevisions(ctx, service.Name, batch...)
		if err != nil {
			return rollout.Revision{}, err
		}
		for _, arn := range batch {
			if definition := definitions[arn]; definition != "" && definition != current.TaskDefinition {
				return rollout.Named(definition), nil
			}
		}
	}
	return rollout.Revision{}, nothingBefore(service.Name, current.TaskDefinition)
}

// serviceRevisions are the task definitions of service revisions, by their ARNs.
func (c *Client) serviceRevisions(ctx context.Context, service string, arns ...string) (map[string]string, error) {
	out, err := c.ecs.DescribeServiceRevisions(ctx, &ecs.DescribeServiceRevisionsInput{ServiceRevisionArns: arns})
	if err != nil {
		return nil, c.problem(ctx, err, "ecs:DescribeServiceRevisions", "service "+service)
	}
	definitions := map[string]string{}
	for _, revision := range out.ServiceRevisions {
		definitions[deref(revision.ServiceRevisionArn)] = deref(revision.TaskDefinition)
	}
	return definitions, nil
}

// laterDeployment is the newest deployment of a service that was started after one; zero: there is none. Its task
// definition is left out where it cannot be read.
func (c *Client) laterDeployment(
	ctx context.Context, service rollout.ServiceKey, ours rollout.Deployment,
) (rollout.Deployment, error) {
	newer, err := c.listServiceDeployments(
		ctx, service, ecs.ListServiceDeploymentsInput{CreatedAt: &types.CreatedAt{After: &ours.Created}},
	)
	if err != nil {
		return rollout.Deployment{}, err
	}
	var later rollout.Deployment
	var revision string
	for _, d := range newer {
		id := deploymentID(deref(d.TargetServiceRevisionArn))
		created := deref(d.CreatedAt)
		if id != ours.ID && created.After(ours.Created) && created.After(later.Created) {
			later = rollout.Deployment{ID: id, Created: created}
			revision = deref(d.TargetServiceRevisionArn)
		}
	}
	if revision != "" {
		definitions, _ := c.serviceRevisions(ctx, service.Name, revision) // which is only told
		later.TaskDefinition = definitions[revision]
	}
	return later, nil
}

// goingBack is the deployment, newer than one that a service still lists, which ECS is rolling back: it takes those off
// its list that have no tasks any more. Empty: there is none.
func (c *Client) goingBack(
	ctx context.Context, service rollout.ServiceKey, listed rollout.Deployment,
) (arn string, d rollout.Deployment, err error) {
	newer, err := c.listServiceDeployments(ctx, service, ecs.ListServiceDeploymentsInput{
		CreatedAt: &types.CreatedAt{After: &listed.Created},
		Status: []types.ServiceDeploymentStatus{
			types.ServiceDeploymentStatusRollbackRequested, types.ServiceDeploymentStatusRollbackInProgress,
		},
	})
	if err != nil {
		return "", d, err
	}
	for _, found := range newer {
		revision := deref(found.TargetServiceRevisionArn)
		id := deploymentID(revision)
		if id == listed.ID || !deref(found.CreatedAt).After(listed.Created) {
			continue
		}
		definitions, err := c.serviceRevisions(ctx, service.Name, revision)
		return deref(found.ServiceDeploymentArn), rollout.Deployment{
			ID: id, Created: deref(found.CreatedAt), TaskDefinition: definitions[revision],
			Status: rollout.DeploymentInactive, State: rollout.RolloutFailed,
		}, err
	}
	return "", d, nil
}

// nothingBefore is that there is nothing to go back to.
func nothingBefore(service, current string) error {
	return &rollout.Problem{
		Kind: rollout.BadInput, What: fmt.Sprintf("operation: rollback: AWS has no record of a successful deployment of "+
			"service %s other than of %s, which it runs", service, rollout.RevisionID(current)),
		Next: "Name the revision to go back to, with task-definition.",
	}
}

// RollBack asks ECS to take a service deployment back. It ends in ROLLBACK_SUCCESSFUL or
// ROLLBACK_FAILED some time later.
func (c *Client) RollBack(ctx context.Context, arn string) error {
	_, err := c.ecs.StopServiceDeployment(ctx, &ecs.StopServiceDeploymentInput{
		ServiceDeploymentArn: &arn, StopType: types.StopServiceDeploymentStopTypeRollback,
	})
	if err != nil {
		return c.problem(ctx, err, "ecs:StopServiceDeployment", "service deployment "+rollout.LastSegment(arn))
	}
	return nil
}

// over tells whether ECS refused to stop a service deployment since it has ended already.
func over(err error) bool { return code(err) == "ConflictException" }
