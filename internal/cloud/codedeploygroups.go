package cloud

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"

	"ecs-deploy/internal/rollout"
)

// named are options with the names that the ECS console gives the application and the deployment group of a service,
// where they name none (https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-bluegreen.html).
func named(options rollout.CodeDeployOptions, service rollout.ServiceKey) rollout.CodeDeployOptions {
	of := service.Cluster + "-" + service.Name
	options.Application, options.Group = cmp.Or(options.Application, "AppECS-"+of), cmp.Or(options.Group, "DgpECS-"+of)
	return options
}

// deploymentGroup reads the deployment group by which CodeDeploy deploys a service.
func (c *Client) deploymentGroup(
	ctx context.Context, service rollout.ServiceKey, wanted rollout.CodeDeployOptions,
) (rollout.CodeDeployGroup, error) {
	wanted = named(wanted, service)
	group := rollout.CodeDeployGroup{Application: wanted.Application, Name: wanted.Group}
	out, err := c.codeDeploy().GetDeploymentGroup(
		ctx, &codedeploy.GetDeploymentGroupInput{ApplicationName: &wanted.Application, DeploymentGroupName: &wanted.Group},
	)
	if err == nil && out.DeploymentGroupInfo == nil {
		err = errNoAnswer
	}
	switch code(err) {
	case "ApplicationDoesNotExistException":
		return group, c.noGroup(service, "there is no application "+wanted.Application)
	case "DeploymentGroupDoesNotExistException":
		return group, c.noGroup(service, "the application "+wanted.Application+" has no deployment group "+wanted.Group)
	}
	if err != nil {
		return group, c.problem(ctx, err, "codedeploy:GetDeploymentGroup", "deployment group "+wanted.Group)
	}
	info := out.DeploymentGroupInfo
	is := func(s types.ECSService) bool {
		return deref(s.ServiceName) == service.Name && rollout.LastSegment(deref(s.ClusterName)) == service.Cluster
	}
	if !slices.ContainsFunc(info.EcsServices, is) {
		return group, c.noGroup(service, "the deployment group "+wanted.Group+" of "+wanted.Application+" is not that of "+
			"the service")
	}
	group.Config = deref(info.DeploymentConfigName)
	group.RollsBack = rollbackEvents(info.AutoRollbackConfiguration)
	group.Alarms = info.AlarmConfiguration != nil && info.AlarmConfiguration.Enabled &&
		len(info.AlarmConfiguration.Alarms) > 0
	if last := info.LastAttemptedDeployment; last != nil {
		group.Last = deref(last.DeploymentId)
		group.UnderWay = !rollout.CodeDeployStatus(last.Status).Over()
	}
	group.ReadyTimeout, group.TerminationTimeout = waits(info.BlueGreenDeploymentConfiguration)
	return group, nil
}

func rollbackEvents(configuration *types.AutoRollbackConfiguration) []string {
	if configuration == nil || !configuration.Enabled {
		return nil
	}
	var events []string
	for _, event := range configuration.Events {
		events = append(events, string(event))
	}
	return events
}

func (c *Client) noGroup(service rollout.ServiceKey, what string) error {
	return &rollout.Problem{
		Kind: rollout.BadInput,
		What: fmt.Sprintf("service %s is deployed by CodeDeploy, and %s in %s", service.Name, what, c.place.Region),
		Next: "Give codedeploy-application and codedeploy-deployment-group, or change the deployment controller of the " +
			"service to ECS (UpdateService).",
	}
}

// shiftInterval is how long a deployment configuration takes to move the traffic
// (https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_TrafficRoutingConfig.html). Where it cannot be
// read, that is not known, and a notice says so.
func (c *Client) shiftInterval(ctx context.Context, config string) (time.Duration, error) {
	out, err := c.codeDeploy().GetDeploymentConfig(
		ctx, &codedeploy.GetDeploymentConfigInput{DeploymentConfigName: &config},
	)
	if err == nil && out.DeploymentConfigInfo == nil {
		err = errNoAnswer
	}
	switch {
	case code(err) == "DeploymentConfigDoesNotExistException":
		return 0, c.noConfig(config, "does not exist")
	case err != nil:
		err = c.problem(ctx, err, "codedeploy:GetDeploymentConfig", "deployment configuration "+config)
		if NotAllowed(err) {
			c.emit(rollout.Unreadable{Err: err, Sight: rollout.SightDuration})
			return 0, nil
		}
		return 0, err
	case out.DeploymentConfigInfo.ComputePlatform != types.ComputePlatformEcs:
		return 0, c.noConfig(config, "is not for ECS")
	}
	return steps(out.DeploymentConfigInfo.TrafficRoutingConfig), nil
}

func (c *Client) noConfig(config, what string) error {
	return &rollout.Problem{
		Kind: rollout.BadInput,
		What: fmt.Sprintf("deployment configuration %s of CodeDeploy %s in %s", config, what, c.place.Region),
		Next: "Check codedeploy-deployment-config, or leave it out for that of the deployment group.",
	}
}

// steps are how long the steps take in which traffic moves.
func steps(routing *types.TrafficRoutingConfig) time.Duration {
	switch {
	case routing == nil:
		return 0
	case routing.TimeBasedCanary != nil:
		return time.Duration(routing.TimeBasedCanary.CanaryInterval) * time.Minute
	case routing.TimeBasedLinear != nil && routing.TimeBasedLinear.LinearPercentage > 0:
		intervals := (100+int(routing.TimeBasedLinear.LinearPercentage)-1)/int(routing.TimeBasedLinear.LinearPercentage) - 1
		return time.Duration(intervals) * time.Duration(routing.TimeBasedLinear.LinearInterval) * time.Minute
	}
	return 0
}

// waits are how long a deployment waits for approval to let the traffic move, and how long it keeps the
// old tasks then.
func waits(configuration *types.BlueGreenDeploymentConfiguration) (ready, termination time.Duration) {
	if configuration == nil {
		return 0, 0
	}
	if option := configuration.DeploymentReadyOption; option != nil &&
		option.ActionOnTimeout == types.DeploymentReadyActionStopDeployment {
		ready = time.Duration(option.WaitTimeInMinutes) * time.Minute
	}
	if option := configuration.TerminateBlueInstancesOnDeploymentSuccess; option != nil {
		termination = time.Duration(option.TerminationWaitTimeInMinutes) * time.Minute
	}
	return ready, termination
}

const nextWhileUnderWay = "Wait until it is over, continue it with operation: continue, or roll it back with " +
	"operation: rollback. If two jobs deploy this service, give them one concurrency group."

// notUnderWay is the error of a deployment group whose last deployment is under way: there can be only one.
func (c *Client) notUnderWay(ctx context.Context, service rollout.ServiceKey, group rollout.CodeDeployGroup) error {
	last, err := c.codeDeployment(ctx, group.Last)
	if err != nil || last.Over() {
		return err
	}
	if last, err = c.codeDeployTarget(ctx, service, last); err != nil && !NotAllowed(err) {
		return err
	}
	what := fmt.Sprintf("deployment %s of service %s has been under way in CodeDeploy since %s, and there can be only "+
		"one: it is %s",
		last.ID, service.Name, rollout.Minute(last.Created), rollout.InWords(last.State()))
	next := nextWhileUnderWay
	switch {
	case last.Undoes != "":
		what = fmt.Sprintf(
			"deployment %s of service %s is being rolled back in CodeDeploy, by %s", last.Undoes, service.Name, last.ID,
		)
		next = "Wait until that is over, then deploy again."
	case last.State() == rollout.TerminationWait:
		what = fmt.Sprintf("deployment %s of service %s is not over in CodeDeploy: all traffic goes to its tasks, and the "+
			"old tasks are kept for about %s more",
			last.ID, service.Name, rollout.Span(last.Remaining(time.Now())))
		next = "To go back to the old tasks, which takes seconds, run this action with operation: rollback. To deploy " +
			"something else, wait until they are gone, or end them now with operation: continue."
	case last.State() == rollout.ReadyWait:
		what = fmt.Sprintf("deployment %s of service %s is not over in CodeDeploy: it is waiting for approval to shift "+
			"the traffic", last.ID, service.Name)
	}
	return &rollout.Problem{Kind: rollout.BadInput, What: what, Next: next, Short: "another deployment is under way"}
}
