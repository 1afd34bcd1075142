package cloud

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"ecs-deploy/internal/rollout"
)

// perDescribe is how many services one DescribeServices takes:
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeServices.html.
const perDescribe = 10

// Services reads services of one cluster, by name or ARN. Those that are not there are missing from
// the answer, and no error.
func (c *Client) Services(ctx context.Context, cluster string, names ...string) ([]rollout.Service, error) {
	batches := slices.Collect(slices.Chunk(names, perDescribe))
	found := make([][]rollout.Service, len(batches))
	err := Each(ctx, batches, func(ctx context.Context, i int, batch []string) (err error) {
		found[i], err = c.describe(ctx, cluster, batch)
		return err
	})
	return slices.Concat(found...), err
}

// now reads services, in whatever clusters they are. Those that are not there are missing from the answer, which is no
// error.
func (c *Client) now(ctx context.Context, keys ...rollout.ServiceKey) (map[rollout.ServiceKey]rollout.Service, error) {
	type group struct {
		cluster string
		daemons bool
	}
	names := map[group][]string{}
	for _, key := range keys {
		its := group{key.Cluster, key.ManagedDaemon}
		names[its] = append(names[its], key.Name)
	}
	groups := slices.SortedFunc(maps.Keys(names), func(a, b group) int { return cmp.Compare(a.cluster, b.cluster) })
	read := make([][]rollout.Service, len(groups))
	err := Each(ctx, groups, func(ctx context.Context, i int, of group) (err error) {
		if of.daemons {
			read[i], err = c.daemons(ctx, of.cluster, names[of]...)
		} else {
			read[i], err = c.Services(ctx, of.cluster, names[of]...)
		}
		return err
	})
	now := map[rollout.ServiceKey]rollout.Service{}
	for _, service := range slices.Concat(read...) {
		now[service.ServiceKey] = service
	}
	return now, err
}

// describe reads services that fit into one call.
func (c *Client) describe(ctx context.Context, cluster string, names []string) ([]rollout.Service, error) {
	out, err := c.ecs.DescribeServices(ctx, &ecs.DescribeServicesInput{Cluster: &cluster, Services: names})
	if err == nil && len(out.Services)+len(out.Failures) == 0 {
		err = errNoAnswer
	}
	if err != nil {
		return nil, c.inCluster(ctx, err, cluster, "ecs:DescribeServices", serviceOf(names))
	}
	var found []rollout.Service
	for _, s := range out.Services {
		found = append(found, c.service(s))
	}
	return found, nil
}

// inCluster is the error of a call about services of a cluster, which may not be there.
func (c *Client) inCluster(ctx context.Context, err error, cluster, action, resource string) error {
	if code(err) != "ClusterNotFoundException" {
		return c.problem(ctx, err, action, resource)
	}
	return &rollout.Problem{
		Kind: rollout.BadInput, Err: err,
		What: fmt.Sprintf("cluster %s does not exist in %s", rollout.LastSegment(cluster), c.place.Region),
		Next: "Check cluster, the region, and that the credentials come from the right account.", Short: "no such cluster",
	}
}

// serviceOf is what a call for these services is about.
func serviceOf(names []string) string {
	if len(names) == 1 {
		return "service " + rollout.LastSegment(names[0])
	}
	return fmt.Sprintf("service %s and %d others", rollout.LastSegment(names[0]), len(names)-1)
}

// ServiceNames lists the names of up to 100 services of a cluster.
func (c *Client) ServiceNames(ctx context.Context, cluster string) ([]string, error) {
	most := int32(100)
	out, err := c.ecs.ListServices(ctx, &ecs.ListServicesInput{Cluster: &cluster, MaxResults: &most})
	if err != nil {
		return nil, c.problem(ctx, err, "ecs:ListServices", "cluster "+rollout.LastSegment(cluster))
	}
	var names []string
	for _, arn := range out.ServiceArns {
		names = append(names, rollout.LastSegment(arn))
	}
	slices.Sort(names)
	return names, nil
}

// RevisionsInUse are the ARNs of the revisions that the services of a cluster run or are told to run.
func (c *Client) RevisionsInUse(ctx context.Context, cluster string) ([]string, error) {
	var arns []string
	err := eachPage(func(token *string) (*string, error) {
		page, err := c.ecs.ListServices(ctx, &ecs.ListServicesInput{Cluster: &cluster, NextToken: token})
		if err != nil {
			return nil, err
		}
		services, err := c.Services(ctx, cluster, page.ServiceArns...)
		for _, service := range services {
			arns = append(arns, service.TaskDefinition)
			for _, d := range service.Deployments {
				arns = append(arns, d.TaskDefinition)
			}
		}
		return page.NextToken, err
	})
	if err != nil {
		return nil, c.problem(ctx, err, "ecs:ListServices", "cluster "+rollout.LastSegment(cluster))
	}
	return arns, nil
}

func (c *Client) service(s types.Service) rollout.Service {
	service := rollout.Service{
		ServiceKey: rollout.ServiceKey{
			Place: c.place, Cluster: rollout.LastSegment(deref(s.ClusterArn)), Name: deref(s.ServiceName),
		},
		ARN:            deref(s.ServiceArn),
		Status:         rollout.ServiceStatus(deref(s.Status)),
		Controller:     rollout.ControlledByECS, // AWS leaves it out for services that never had another
		Daemon:         s.SchedulingStrategy == types.SchedulingStrategyDaemon,
		TaskDefinition: deref(s.TaskDefinition),
		Desired:        int(s.DesiredCount),
	}
	if configuration := s.DeploymentConfiguration; configuration != nil {
		service.Rolling = configuration.Strategy == "" || configuration.Strategy == types.DeploymentStrategyRolling
		service.Strategy = strategy(s, configuration)
		service.Minimum = int(deref(configuration.MinimumHealthyPercent))
		service.Maximum = int(deref(configuration.MaximumPercent))
		if breaker := configuration.DeploymentCircuitBreaker; breaker != nil {
			service.Breaker = rollout.Monitor{On: breaker.Enable, RollsBack: breaker.Enable && breaker.Rollback}
		}
		if alarms := configuration.Alarms; alarms != nil {
			service.Alarms = rollout.Monitor{On: alarms.Enable, RollsBack: alarms.Enable && alarms.Rollback}
		}
	}
	if s.DeploymentController != nil {
		service.Controller = rollout.Controller(s.DeploymentController.Type)
	}
	if s.ResourceManagementType == types.ResourceManagementTypeEcs {
		service.Controller = rollout.ControlledByExpress
	}
	service.Placement = placement(s)
	service.TargetGroups = targetGroups(s)
	for _, balancer := range s.LoadBalancers {
		if service.Balanced == (rollout.Balanced{}) && deref(balancer.ContainerName) != "" {
			service.Balanced = rollout.Balanced{Container: *balancer.ContainerName, Port: int(deref(balancer.ContainerPort))}
		}
	}
	service.Attached = attached(s)
	for _, d := range s.Deployments {
		service.Deployments = append(service.Deployments, deployment(d))
	}
	inSets := len(s.Deployments) == 0 && len(s.TaskSets) > 0
	if inSets {
		service.Deployments = taskSets(service, s.TaskSets)
	}
	// ECS tells none of Express services (https://github.com/kayac/ecspresso/pull/902)
	if primary, ok := service.Primary(); ok && (inSets || service.TaskDefinition == "") {
		service.TaskDefinition = primary.TaskDefinition
	}
	service.URL = serviceURL(service)
	for _, e := range s.Events {
		service.Events = append(
			service.Events, rollout.ServiceEvent{ID: deref(e.Id), At: deref(e.CreatedAt), Message: deref(e.Message)},
		)
	}
	return service
}

// attached are the ports that must be there in each revision.
func attached(s types.Service) []rollout.Balanced {
	var ports []rollout.Balanced
	for _, balancer := range s.LoadBalancers {
		ports = append(
			ports, rollout.Balanced{Container: deref(balancer.ContainerName), Port: int(deref(balancer.ContainerPort))},
		)
	}
	for _, registry := range s.ServiceRegistries {
		ports = append(
			ports, rollout.Balanced{Container: deref(registry.ContainerName), Port: int(deref(registry.ContainerPort))},
		)
	}
	return slices.DeleteFunc(ports, func(b rollout.Balanced) bool { return b.Container == "" })
}

func placement(s types.Service) rollout.Placement {
	p := rollout.Placement{
		LaunchType:      string(s.LaunchType),
		PlatformVersion: deref(s.PlatformVersion),
		ManagedTags:     s.EnableECSManagedTags,
	}
	for _, item := range s.CapacityProviderStrategy {
		p.Capacity = append(
			p.Capacity, rollout.Share{Provider: deref(item.CapacityProvider), Weight: int(item.Weight), Base: int(item.Base)},
		)
	}
	if len(p.Capacity) > 0 {
		p.LaunchType = "" // RunTask takes one of them only
	}
	network := s.NetworkConfiguration
	for _, set := range s.TaskSets {
		if deref(set.Status) == string(rollout.DeploymentPrimary) && network == nil {
			network = set.NetworkConfiguration
		}
	}
	if network != nil && network.AwsvpcConfiguration != nil {
		vpc := network.AwsvpcConfiguration
		p.Subnets = vpc.Subnets
		p.SecurityGroups = vpc.SecurityGroups
		p.PublicIP = string(vpc.AssignPublicIp)
	}
	return p
}

func deployment(d types.Deployment) rollout.Deployment {
	return rollout.Deployment{
		ID:             deref(d.Id),
		Status:         rollout.DeploymentStatus(deref(d.Status)),
		State:          rollout.RolloutState(d.RolloutState),
		StateReason:    deref(d.RolloutStateReason),
		TaskDefinition: deref(d.TaskDefinition),
		Desired:        int(d.DesiredCount),
		Pending:        int(d.PendingCount),
		Running:        int(d.RunningCount),
		Failed:         int(d.FailedTasks),
		Created:        deref(d.CreatedAt),
		Updated:        deref(d.UpdatedAt),
	}
}

// The defaults of AWS: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_LinearConfiguration.html,
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CanaryConfiguration.html and
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_LifecycleHookTimeoutConfiguration.html.
const (
	linearPercent  = 10
	linearInterval = 6 * time.Minute
	canaryInterval = 10 * time.Minute
	pauseTimeout   = 24 * time.Hour
)

// strategy is how the deployments of a service shift traffic, and for how long they wait.
func strategy(s types.Service, configuration *types.DeploymentConfiguration) rollout.Strategy {
	shifts := rollout.Strategy{BakeInterval: minutes(configuration.BakeTimeInMinutes, 0), Steps: 1}
	switch configuration.Strategy {
	case types.DeploymentStrategyLinear:
		percent := float64(linearPercent)
		shifts.StepInterval = linearInterval
		if linear := configuration.LinearConfiguration; linear != nil {
			percent = cmp.Or(deref(linear.StepPercent), percent)
			shifts.StepInterval = minutes(linear.StepBakeTimeInMinutes, linearInterval)
		}
		shifts.Steps = int(math.Ceil(100 / percent))
	case types.DeploymentStrategyCanary:
		shifts.Steps = 2
		shifts.StepInterval = canaryInterval
		if canary := configuration.CanaryConfiguration; canary != nil {
			shifts.StepInterval = minutes(canary.CanaryBakeTimeInMinutes, canaryInterval)
		}
	case types.DeploymentStrategyBlueGreen:
		shifts.Steps = 1
	default:
		return rollout.Strategy{BakeInterval: shifts.BakeInterval}
	}
	shifts.Name = string(configuration.Strategy)
	for _, hook := range configuration.LifecycleHooks {
		if hook.TargetType != types.DeploymentLifecycleHookTargetTypePause {
			continue
		}
		timeout := pauseTimeout
		if hook.TimeoutConfiguration != nil {
			timeout = minutes(hook.TimeoutConfiguration.TimeoutInMinutes, pauseTimeout)
		}
		for _, stage := range hook.LifecycleStages {
			shifts.Pauses = append(shifts.Pauses, rollout.Pause{Stage: string(stage), Timeout: timeout})
		}
	}
	for _, balancer := range s.LoadBalancers {
		advanced := balancer.AdvancedConfiguration
		shifts.NLB = shifts.NLB ||
			advanced != nil && strings.Contains(deref(advanced.ProductionListenerRule), ":listener/net/")
	}
	for _, d := range s.Deployments {
		shifts.Lattice = shifts.Lattice || len(d.VpcLatticeConfigurations) > 0
	}
	return shifts
}

func minutes(n *int32, otherwise time.Duration) time.Duration {
	if n == nil {
		return otherwise
	}
	return time.Duration(*n) * time.Minute
}

// targetGroups are those in which the tasks of a service are, of a load balancer or of VPC Lattice, of which the
// service tells in its deployments alone.
func targetGroups(s types.Service) []string {
	var groups []string
	for _, balancer := range s.LoadBalancers {
		groups = append(groups, deref(balancer.TargetGroupArn))
		if advanced := balancer.AdvancedConfiguration; advanced != nil {
			groups = append(groups, deref(advanced.AlternateTargetGroupArn))
		}
	}
	for _, d := range s.Deployments {
		for _, configuration := range d.VpcLatticeConfigurations {
			groups = append(groups, deref(configuration.TargetGroupArn))
			if advanced := configuration.AdvancedConfiguration; advanced != nil {
				groups = append(groups, deref(advanced.AlternateTargetGroupArn))
			}
		}
	}
	var distinct []string
	for _, group := range groups {
		if group != "" && !slices.Contains(distinct, group) {
			distinct = append(distinct, group)
		}
	}
	return distinct
}
