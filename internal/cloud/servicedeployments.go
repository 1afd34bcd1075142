package cloud

import (
	"context"
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

// FindServiceDeployment looks for the service deployment of a deployment: the one whose target
// service revision ends in the number of the deployment's id, as terraform-provider-aws joins the
// two. The ARN is empty as long as ECS does not list it, which it may not do at once.
func (c *Client) FindServiceDeployment(ctx context.Context, service rollout.ServiceKey, d rollout.Deployment) (string, error) {
	after, most := d.Created.Add(-time.Minute), int32(100)
	out, err := c.ecs.ListServiceDeployments(ctx, &ecs.ListServiceDeploymentsInput{
		Cluster: &service.Cluster, Service: &service.Name,
		CreatedAt: &types.CreatedAt{After: &after}, MaxResults: &most,
	})
	if err != nil {
		return "", c.problem(ctx, err, "ecs:ListServiceDeployments", "service "+service.Name)
	}
	for _, found := range out.ServiceDeployments {
		if strings.HasSuffix(deref(found.TargetServiceRevisionArn), "/"+rollout.Number(d.ID)) {
			return deref(found.ServiceDeploymentArn), nil
		}
	}
	return "", nil
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
			return nil, c.problem(ctx, err, "ecs:DescribeServiceDeployments", "service deployment "+last(batch[0]))
		}
		for _, d := range out.ServiceDeployments {
			found[deref(d.ServiceDeploymentArn)] = serviceDeployment(d)
		}
	}
	return found, nil
}

func serviceDeployment(d types.ServiceDeployment) rollout.ServiceDeployment {
	deployment := rollout.ServiceDeployment{
		ARN:    deref(d.ServiceDeploymentArn),
		Status: string(d.Status),
		Reason: deref(d.StatusReason),
	}
	if d.Alarms != nil && len(d.Alarms.TriggeredAlarmNames) > 0 {
		deployment.Reason = fmt.Sprintf("%s (alarm %s)", strings.TrimSuffix(deployment.Reason, "."), strings.Join(d.Alarms.TriggeredAlarmNames, ", "))
	}
	return deployment
}

// RollBack asks ECS to take a service deployment back. It ends in ROLLBACK_SUCCESSFUL or
// ROLLBACK_FAILED some time later.
func (c *Client) RollBack(ctx context.Context, arn string) error {
	_, err := c.ecs.StopServiceDeployment(ctx, &ecs.StopServiceDeploymentInput{
		ServiceDeploymentArn: &arn, StopType: types.StopServiceDeploymentStopTypeRollback,
	})
	if err != nil {
		return c.problem(ctx, err, "ecs:StopServiceDeployment", "service deployment "+last(arn))
	}
	return nil
}

// Over tells whether ECS refused to stop a service deployment since it has ended already.
func Over(err error) bool { return code(err) == "ConflictException" }
