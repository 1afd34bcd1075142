package cloud

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/aws-sdk-go-v2/service/vpclattice"
	lattice "github.com/aws/aws-sdk-go-v2/service/vpclattice/types"

	"ecs-deploy/internal/rollout"
)

// target is what a load balancer, or VPC Lattice, sends traffic to.
type target struct {
	address string
	healthy bool
	rollout.TargetHealth
}

// Balancers are target groups by the service that they are of: a load balancer's, and VPC Lattice's, which other
// permissions are about.
func Balancers(groups []string) map[string][]string {
	by := map[string][]string{}
	for _, group := range groups {
		who := "elasticloadbalancing"
		if ofLattice(group) {
			who = "vpc-lattice"
		}
		by[who] = append(by[who], group)
	}
	return by
}

// ofLattice tells whether a target group is one of VPC Lattice.
func ofLattice(group string) bool { return strings.Contains(group, ":vpc-lattice:") }

// UnhealthyTargets are the tasks that the load balancer, or VPC Lattice, does not find healthy, or not yet: also those
// that are in none of its groups. Where traffic is shifted, the tasks of a deployment are in one of two. In a network
// mode in which tasks have no address of their own, all targets of the groups are looked at, and it is not known
// whether those that are healthy are ours.
func (c *Client) UnhealthyTargets(
	ctx context.Context, groups []string, tasks []rollout.Task,
) (unhealthy []rollout.TargetHealth, known bool, err error) {
	var addresses []string
	unlisted := map[string]bool{}
	for _, task := range tasks {
		addresses = append(addresses, task.Addresses...)
		for _, address := range task.Addresses {
			unlisted[address] = task.Status == rollout.TaskRunning
		}
	}
	for _, group := range groups {
		targets, err := c.targets(ctx, group)
		if err != nil {
			return nil, false, err
		}
		for _, target := range targets {
			unlisted[target.address] = false
			if !target.healthy && (len(addresses) == 0 || slices.Contains(addresses, target.address)) {
				unhealthy = append(unhealthy, target.TargetHealth)
			}
		}
	}
	for _, address := range addresses {
		if unlisted[address] {
			unhealthy = append(unhealthy, rollout.TargetHealth{
				Target: address,
				State:  string(elbtypes.TargetHealthStateEnumUnused),
				Reason: string(elbtypes.TargetHealthReasonEnumNotRegistered),
			})
		}
	}
	return unhealthy, len(addresses) > 0, nil
}

// targets are those of a target group, by its ARN.
func (c *Client) targets(ctx context.Context, group string) ([]target, error) {
	about := "target group " + groupName(group)
	if ofLattice(group) {
		targets, err := c.latticeTargets(ctx, group)
		if err != nil {
			return nil, c.problem(ctx, err, "vpc-lattice:ListTargets", about)
		}
		return targets, nil
	}
	out, err := elb.NewFromConfig(c.config).DescribeTargetHealth(
		ctx, &elb.DescribeTargetHealthInput{TargetGroupArn: &group},
	)
	if err != nil {
		return nil, c.problem(ctx, err, "elasticloadbalancing:DescribeTargetHealth", about)
	}
	var targets []target
	for _, d := range out.TargetHealthDescriptions {
		if d.Target == nil || d.TargetHealth == nil {
			continue
		}
		targets = append(targets, target{
			address: deref(d.Target.Id),
			healthy: d.TargetHealth.State == elbtypes.TargetHealthStateEnumHealthy,
			TargetHealth: rollout.TargetHealth{
				Target:      net.JoinHostPort(deref(d.Target.Id), fmt.Sprint(deref(d.Target.Port))),
				State:       string(d.TargetHealth.State),
				Reason:      string(d.TargetHealth.Reason),
				Description: deref(d.TargetHealth.Description),
			},
		})
	}
	return targets, nil
}

// HealthChecks are those of the target groups of a load balancer, by their ARNs. VPC Lattice's are left out.
func (c *Client) HealthChecks(ctx context.Context, groups []string) ([]rollout.HealthCheck, error) {
	groups = Balancers(groups)["elasticloadbalancing"]
	if len(groups) == 0 {
		return nil, nil
	}
	out, err := elb.NewFromConfig(c.config).DescribeTargetGroups(
		ctx, &elb.DescribeTargetGroupsInput{TargetGroupArns: groups},
	)
	if err != nil {
		return nil, c.problem(ctx, err, "elasticloadbalancing:DescribeTargetGroups", "target group "+groupName(groups[0]))
	}
	var checks []rollout.HealthCheck
	for _, group := range out.TargetGroups {
		check := rollout.HealthCheck{
			Group:     deref(group.TargetGroupArn),
			Protocol:  string(group.HealthCheckProtocol),
			Port:      deref(group.HealthCheckPort),
			Path:      deref(group.HealthCheckPath),
			Interval:  time.Duration(deref(group.HealthCheckIntervalSeconds)) * time.Second,
			Timeout:   time.Duration(deref(group.HealthCheckTimeoutSeconds)) * time.Second,
			Threshold: int(deref(group.UnhealthyThresholdCount)),
		}
		if matcher := group.Matcher; matcher != nil {
			check.Wants = cmp.Or(deref(matcher.HttpCode), deref(matcher.GrpcCode))
		}
		if check.Port == "traffic-port" {
			check.Port = ""
		}
		checks = append(checks, check)
	}
	return checks, nil
}

// groupName is the name of a target group, of which the ARN is given.
func groupName(group string) string { return group[strings.Index(group, ":targetgroup/")+1:] }

// latticeTargets are those of a target group of VPC Lattice. Where it makes no health checks, all are taken for healthy
// (https://docs.aws.amazon.com/vpc-lattice/latest/APIReference/API_TargetSummary.html).
func (c *Client) latticeTargets(ctx context.Context, group string) ([]target, error) {
	client := vpclattice.NewFromConfig(c.config)
	var targets []target
	err := eachPage(func(token *string) (*string, error) {
		out, err := client.ListTargets(ctx, &vpclattice.ListTargetsInput{TargetGroupIdentifier: &group, NextToken: token})
		if err != nil {
			return nil, err
		}
		for _, d := range out.Items {
			targets = append(targets, target{
				address: deref(d.Id),
				healthy: d.Status == lattice.TargetStatusHealthy || d.Status == lattice.TargetStatusUnavailable,
				TargetHealth: rollout.TargetHealth{
					Target: net.JoinHostPort(deref(d.Id), fmt.Sprint(deref(d.Port))),
					State:  strings.ToLower(string(d.Status)),
					Reason: deref(d.ReasonCode),
				},
			})
		}
		return out.NextToken, nil
	})
	return targets, err
}
