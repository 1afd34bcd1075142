package cloud

import (
	"context"
	"strconv"
	"strings"
	"time"

	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"

	"ecs-deploy/internal/rollout"
)

// drainAttribute is the deregistration delay of a target group, in seconds
// (https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetGroupAttribute.html).
const drainAttribute = "deregistration_delay.timeout_seconds"

// TargetGroups are what of the target groups of load balancers takes time in a deployment, by their ARNs. VPC Lattice's
// are left out.
func (c *Client) TargetGroups(ctx context.Context, groups []string) ([]rollout.TargetGroup, error) {
	checks, err := c.HealthChecks(ctx, groups)
	if err != nil {
		return nil, err
	}
	var known []rollout.TargetGroup
	for _, check := range checks {
		drain, err := c.drain(ctx, check.Group)
		if err != nil {
			return nil, err
		}
		_, name, _ := strings.Cut(groupName(check.Group), "/")
		name, _, _ = strings.Cut(name, "/")
		known = append(known, rollout.TargetGroup{Name: name, Interval: check.Interval, Drain: drain})
	}
	return known, nil
}

// drain is the deregistration delay of a target group.
func (c *Client) drain(ctx context.Context, group string) (time.Duration, error) {
	out, err := elb.NewFromConfig(c.config).DescribeTargetGroupAttributes(
		ctx, &elb.DescribeTargetGroupAttributesInput{TargetGroupArn: &group},
	)
	if err != nil {
		return 0, c.problem(
			ctx, err, "elasticloadbalancing:DescribeTargetGroupAttributes", "target group "+groupName(group),
		)
	}
	for _, attribute := range out.Attributes {
		if deref(attribute.Key) == drainAttribute {
			seconds, _ := strconv.Atoi(deref(attribute.Value)) // what is no number is not known
			return time.Duration(seconds) * time.Second, nil
		}
	}
	return 0, nil
}
