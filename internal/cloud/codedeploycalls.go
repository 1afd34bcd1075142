package cloud

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"ecs-deploy/internal/rollout"
	"ecs-deploy/internal/taskdef"
)

func (c *Client) codeDeploy() *codedeploy.Client { return codedeploy.NewFromConfig(c.config) }

// named are options with the names that the ECS console gives the application and the deployment group of a service, where
// they name none (https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-bluegreen.html).
func named(options rollout.CodeDeployOptions, service rollout.ServiceKey) rollout.CodeDeployOptions {
	of := service.Cluster + "-" + service.Name
	options.Application, options.Group = cmp.Or(options.Application, "AppECS-"+of), cmp.Or(options.Group, "DgpECS-"+of)
	return options
}

// deploymentGroup reads the deployment group by which CodeDeploy deploys a service.
func (c *Client) deploymentGroup(ctx context.Context, service rollout.ServiceKey, wanted rollout.CodeDeployOptions) (rollout.CodeDeployGroup, error) {
	wanted = named(wanted, service)
	group := rollout.CodeDeployGroup{Application: wanted.Application, Name: wanted.Group}
	out, err := c.codeDeploy().GetDeploymentGroup(ctx, &codedeploy.GetDeploymentGroupInput{ApplicationName: &wanted.Application, DeploymentGroupName: &wanted.Group})
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
		return group, c.noGroup(service, "the deployment group "+wanted.Group+" of "+wanted.Application+" is not that of the service")
	}
	group.Config = deref(info.DeploymentConfigName)
	group.RollsBack = rollbackEvents(info.AutoRollbackConfiguration)
	group.Alarms = info.AlarmConfiguration != nil && info.AlarmConfiguration.Enabled && len(info.AlarmConfiguration.Alarms) > 0
	if last := info.LastAttemptedDeployment; last != nil {
		group.Last = deref(last.DeploymentId)
		group.UnderWay = !rollout.CodeDeployStatus(last.Status).Over()
	}
	group.ReadyWait, group.TerminationWait = waits(info.BlueGreenDeploymentConfiguration)
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
		Kind: rollout.BadInput, What: fmt.Sprintf("service %s is deployed by CodeDeploy, and %s in %s", service.Name, what, c.region),
		Next: "Give codedeploy-application and codedeploy-deployment-group.",
	}
}

// shifting is how long a deployment configuration takes to move the traffic
// (https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_TrafficRoutingConfig.html). Where it may not be
// read, that is not known, and a notice says so.
func (c *Client) shifting(ctx context.Context, config string) (time.Duration, error) {
	out, err := c.codeDeploy().GetDeploymentConfig(ctx, &codedeploy.GetDeploymentConfigInput{DeploymentConfigName: &config})
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
		Kind: rollout.BadInput, What: fmt.Sprintf("deployment configuration %s of CodeDeploy %s in %s", config, what, c.region),
		Next: "Check codedeploy-deployment-config, or leave it out for that of the deployment group.",
	}
}

// steps are how long the steps take in which traffic moves.
func steps(routing *types.TrafficRoutingConfig) time.Duration {
	switch {
	case routing == nil:
	case routing.TimeBasedCanary != nil:
		return time.Duration(routing.TimeBasedCanary.CanaryInterval) * time.Minute
	case routing.TimeBasedLinear != nil && routing.TimeBasedLinear.LinearPercentage > 0:
		intervals := (100+int(routing.TimeBasedLinear.LinearPercentage)-1)/int(routing.TimeBasedLinear.LinearPercentage) - 1
		return time.Duration(intervals) * time.Duration(routing.TimeBasedLinear.LinearInterval) * time.Minute
	}
	return 0
}

// waits are how long a deployment waits for somebody to let the traffic move, and how long it keeps the
// old tasks then.
func waits(configuration *types.BlueGreenDeploymentConfiguration) (ready, termination time.Duration) {
	if configuration == nil {
		return 0, 0
	}
	if option := configuration.DeploymentReadyOption; option != nil && option.ActionOnTimeout == types.DeploymentReadyActionStopDeployment {
		ready = time.Duration(option.WaitTimeInMinutes) * time.Minute
	}
	if option := configuration.TerminateBlueInstancesOnDeploymentSuccess; option != nil {
		termination = time.Duration(option.TerminationWaitTimeInMinutes) * time.Minute
	}
	return ready, termination
}

// startCodeDeploy starts a deployment with an AppSpec, and returns it. CreateDeployment has no client
// token: what is looked for is a new deployment of this AppSpec in the deployment group.
func (c *Client) startCodeDeploy(ctx context.Context, service rollout.ServiceKey, planned rollout.PlannedCodeDeploy, spec taskdef.AppSpec) (rollout.CodeDeployment, error) {
	about := "deployment group " + planned.Group.Name
	content := string(spec.JSON())
	return once(ctx, sends,
		func() (rollout.CodeDeployment, error) {
			id, err := c.createDeployment(ctx, planned, content)
			if err != nil {
				return rollout.CodeDeployment{}, err
			}
			return c.justStarted(ctx, id), nil
		},
		func() (rollout.CodeDeployment, bool, error) {
			return c.lookForCodeDeploy(ctx, service, planned, content)
		},
		func(err error) error { return c.notStarted(ctx, err, about) })
}

// justStarted reads a deployment that was started. That it cannot be read is for those to tell who follow
// it: it is started all the same.
func (c *Client) justStarted(ctx context.Context, id string) rollout.CodeDeployment {
	started, err := c.codeDeployment(ctx, id)
	if err != nil {
		return rollout.CodeDeployment{ID: id, Status: rollout.CodeDeployCreated, Created: time.Now()}
	}
	return started
}

func (c *Client) createDeployment(ctx context.Context, planned rollout.PlannedCodeDeploy, content string) (string, error) {
	input := &codedeploy.CreateDeploymentInput{
		ApplicationName: &planned.Group.Application, DeploymentGroupName: &planned.Group.Name,
		Revision: &types.RevisionLocation{RevisionType: types.RevisionLocationTypeAppSpecContent, AppSpecContent: &types.AppSpecContent{Content: &content}},
	}
	if planned.Config != "" {
		input.DeploymentConfigName = &planned.Config
	}
	if planned.Description != "" {
		input.Description = &planned.Description
	}
	if events := planned.Events(); len(events) > 0 {
		input.AutoRollbackConfiguration = &types.AutoRollbackConfiguration{Enabled: true}
		for _, event := range events {
			input.AutoRollbackConfiguration.Events = append(input.AutoRollbackConfiguration.Events, types.AutoRollbackEvent(event))
		}
	}
	out, err := c.codeDeploy().CreateDeployment(ctx, input, func(o *codedeploy.Options) { o.Retryer = c.retryer(throttled) })
	if err == nil && deref(out.DeploymentId) == "" {
		err = errNoAnswer
	}
	if err != nil {
		return "", err
	}
	return *out.DeploymentId, nil
}

// notStarted puts the errors of CreateDeployment into our words where AWS's need a next step.
func (c *Client) notStarted(ctx context.Context, err error, about string) error {
	var p *rollout.Problem
	problem := c.problem(ctx, err, "codedeploy:CreateDeployment", about)
	if code(err) == "DeploymentLimitExceededException" && errors.As(problem, &p) {
		p.Next = nextWhileUnderWay
	}
	return problem
}

const nextWhileUnderWay = "Wait until it is over, let it go on with operation: continue, or take it back with operation: rollback. If two jobs deploy this service, give them one concurrency group."

// notUnderWay is the error of a deployment group whose last deployment is under way: there can be only one.
func (c *Client) notUnderWay(ctx context.Context, service rollout.ServiceKey, group rollout.CodeDeployGroup) error {
	last, err := c.codeDeployment(ctx, group.Last)
	if err != nil || last.Over() {
		return err
	}
	if last, err = c.codeDeployTarget(ctx, service, last); err != nil && !NotAllowed(err) {
		return err
	}
	what := fmt.Sprintf("deployment %s of service %s is under way in CodeDeploy since %s, and there can be only one: it is %s",
		last.ID, service.Name, last.Created.UTC().Format(time.RFC3339), rollout.InWords(last.State()))
	next := nextWhileUnderWay
	switch {
	case last.Undoes != "":
		what = fmt.Sprintf("deployment %s of service %s is being rolled back in CodeDeploy, by %s", last.Undoes, service.Name, last.ID)
		next = "Wait until that is over, then deploy again."
	case last.State() == rollout.TerminationWait:
		what = fmt.Sprintf("deployment %s of service %s is not over in CodeDeploy: all traffic goes to its tasks, and the old ones are kept for about %s more",
			last.ID, service.Name, rollout.Span(last.Left(time.Now())))
		next = "To go back to the old ones, which takes seconds, run this action with operation: rollback. To deploy something else, wait until they are gone, or let them go at once with operation: continue."
	case last.State() == rollout.ReadyWait:
		what = fmt.Sprintf("deployment %s of service %s is not over in CodeDeploy: it waits for somebody to let the traffic move", last.ID, service.Name)
	}
	return &rollout.Problem{Kind: rollout.BadInput, What: what, Next: next}
}

// lookForCodeDeploy searches for the deployment that a lost request may have started.
func (c *Client) lookForCodeDeploy(ctx context.Context, service rollout.ServiceKey, planned rollout.PlannedCodeDeploy, content string) (rollout.CodeDeployment, bool, error) {
	sum := fmt.Sprintf("%x", sha256.Sum256([]byte(content)))
	ctx, cancel := looking(ctx)
	defer cancel()
	for range looks {
		if err := c.Pause(ctx, lookAfter); err != nil {
			return rollout.CodeDeployment{}, false, err
		}
		group, err := c.deploymentGroup(ctx, service, rollout.CodeDeployOptions{Application: planned.Group.Application, Group: planned.Group.Name})
		if err != nil {
			return rollout.CodeDeployment{}, false, err
		}
		if group.Last == planned.Group.Last {
			continue
		}
		found, err := c.codeDeployment(ctx, group.Last)
		if err != nil || found.AppSpecSum == sum {
			return found, true, err
		}
	}
	return rollout.CodeDeployment{}, false, nil
}

// codeDeployment reads a deployment, but not what only its target tells.
func (c *Client) codeDeployment(ctx context.Context, id string) (rollout.CodeDeployment, error) {
	out, err := c.codeDeploy().GetDeployment(ctx, &codedeploy.GetDeploymentInput{DeploymentId: &id})
	if err == nil && out.DeploymentInfo == nil {
		err = errNoAnswer
	}
	if err != nil {
		return rollout.CodeDeployment{ID: id}, c.problem(ctx, err, "codedeploy:GetDeployment", "deployment "+id)
	}
	info := out.DeploymentInfo
	d := rollout.CodeDeployment{ID: id, Status: rollout.CodeDeployStatus(info.Status), Created: deref(info.CreateTime)}
	if problem := info.ErrorInformation; problem != nil {
		d.Code, d.Message = string(problem.Code), deref(problem.Message)
	}
	d.RollsBack = rollbackEvents(info.AutoRollbackConfiguration)
	if rollback := info.RollbackInfo; rollback != nil {
		d.RolledBackBy, d.Undoes, d.RollbackMessage = deref(rollback.RollbackDeploymentId), deref(rollback.RollbackTriggeringDeploymentId), deref(rollback.RollbackMessage)
	}
	if info.Revision != nil && info.Revision.AppSpecContent != nil {
		d.AppSpecSum = deref(info.Revision.AppSpecContent.Sha256)
	}
	d.ReadyWait, d.TerminationWait = waits(info.BlueGreenDeploymentConfiguration)
	return d, nil
}

// codeDeployTarget adds to a deployment what only its target tells: the lifecycle events and the traffic.
// Before it has started there is nothing to add.
func (c *Client) codeDeployTarget(ctx context.Context, service rollout.ServiceKey, d rollout.CodeDeployment) (rollout.CodeDeployment, error) {
	target := service.Cluster + ":" + service.Name
	out, err := c.codeDeploy().GetDeploymentTarget(ctx, &codedeploy.GetDeploymentTargetInput{DeploymentId: &d.ID, TargetId: &target})
	switch code(err) {
	case "DeploymentNotStartedException", "DeploymentTargetDoesNotExistException":
		return d, nil
	}
	if err == nil && (out.DeploymentTarget == nil || out.DeploymentTarget.EcsTarget == nil) {
		err = errNoAnswer
	}
	if err != nil {
		return d, c.problem(ctx, err, "codedeploy:GetDeploymentTarget", "deployment "+d.ID)
	}
	ecs := out.DeploymentTarget.EcsTarget
	d.Target = rollout.CodeDeployStatus(ecs.Status)
	for _, event := range ecs.LifecycleEvents {
		e := rollout.LifecycleEvent{Name: deref(event.LifecycleEventName), Status: rollout.CodeDeployStatus(event.Status), Ended: deref(event.EndTime)}
		if event.Diagnostics != nil {
			e.Why = strings.TrimSpace(deref(event.Diagnostics.Message))
		}
		d.Lifecycle = append(d.Lifecycle, e)
	}
	for _, set := range ecs.TaskSetsInfo {
		if set.TaskSetLabel == types.TargetLabelGreen {
			d.TaskSet, d.Traffic = deref(set.Identifer), &set.TrafficWeight
		}
	}
	return d, nil
}

// stopCodeDeploy stops a deployment, and has CodeDeploy roll it back.
func (c *Client) stopCodeDeploy(ctx context.Context, id string) error {
	back := true
	_, err := c.codeDeploy().StopDeployment(ctx, &codedeploy.StopDeploymentInput{DeploymentId: &id, AutoRollbackEnabled: &back})
	if err != nil {
		return c.problem(ctx, err, "codedeploy:StopDeployment", "deployment "+id)
	}
	return nil
}

// hasEnded tells whether CodeDeploy refused to stop a deployment since it has ended already.
func hasEnded(err error) bool { return code(err) == "DeploymentAlreadyCompletedException" }

// continueCodeDeploy ends one of the waits of a deployment: ReadyWait or TerminationWait.
func (c *Client) continueCodeDeploy(ctx context.Context, id, wait string) error {
	_, err := c.codeDeploy().ContinueDeployment(ctx, &codedeploy.ContinueDeploymentInput{DeploymentId: &id, DeploymentWaitType: types.DeploymentWaitType(wait)})
	if err != nil {
		return c.problem(ctx, err, "codedeploy:ContinueDeployment", "deployment "+id)
	}
	return nil
}

// previousAppSpec finds the AppSpec of the last successful deployment of a group that deployed something
// else than this revision.
func (c *Client) previousAppSpec(ctx context.Context, service rollout.ServiceKey, group rollout.CodeDeployGroup, current string) (taskdef.AppSpec, error) {
	out, err := c.codeDeploy().ListDeployments(ctx, &codedeploy.ListDeploymentsInput{
		ApplicationName: &group.Application, DeploymentGroupName: &group.Name, IncludeOnlyStatuses: []types.DeploymentStatus{types.DeploymentStatusSucceeded},
	})
	if err != nil {
		return taskdef.AppSpec{}, c.problem(ctx, err, "codedeploy:ListDeployments", "deployment group "+group.Name)
	}
	found := make([]rollout.CodeDeployment, min(len(out.Deployments), remembered))
	err = Each(ctx, out.Deployments[:len(found)], func(ctx context.Context, i int, id string) (err error) {
		found[i], err = c.codeDeployment(ctx, id)
		return err
	})
	if err != nil {
		return taskdef.AppSpec{}, err
	}
	slices.SortStableFunc(found, func(a, b rollout.CodeDeployment) int { return b.Created.Compare(a.Created) })
	for _, d := range found {
		spec, err := c.appSpec(ctx, group, d)
		if err != nil || !spec.Empty() && spec.TaskDefinition() != current {
			return spec, err
		}
	}
	return taskdef.AppSpec{}, nothingBefore(service.Name, current)
}

// remembered is how many of the deployments of a group are looked at for one to go back to.
const remembered = 20

// appSpec reads the AppSpec of a deployment. It is empty where CodeDeploy has forgotten it, or keeps it in S3.
func (c *Client) appSpec(ctx context.Context, group rollout.CodeDeployGroup, d rollout.CodeDeployment) (taskdef.AppSpec, error) {
	application, sum := group.Application, d.AppSpecSum
	if sum == "" {
		return taskdef.AppSpec{}, nil
	}
	out, err := c.codeDeploy().GetApplicationRevision(ctx, &codedeploy.GetApplicationRevisionInput{
		ApplicationName: &application,
		Revision:        &types.RevisionLocation{RevisionType: types.RevisionLocationTypeAppSpecContent, AppSpecContent: &types.AppSpecContent{Sha256: &sum}},
	})
	if code(err) == "RevisionDoesNotExistException" {
		return taskdef.AppSpec{}, nil
	}
	if err == nil && (out.Revision == nil || out.Revision.AppSpecContent == nil) {
		err = errNoAnswer
	}
	if err != nil {
		return taskdef.AppSpec{}, c.problem(ctx, err, "codedeploy:GetApplicationRevision", "application "+application)
	}
	spec, err := taskdef.ParseAppSpec([]byte(deref(out.Revision.AppSpecContent.Content)))
	if err != nil {
		return taskdef.AppSpec{}, nil // of no use to go back to
	}
	return spec, nil
}

// taskSets are the task sets of a service, as deployments.
func taskSets(service rollout.Service, sets []ecstypes.TaskSet) []rollout.Deployment {
	var deployments []rollout.Deployment
	for _, set := range sets {
		deployments = append(deployments, rollout.Deployment{
			ID:             cmp.Or(deref(set.ExternalId), deref(set.Id)),
			TaskSet:        deref(set.Id),
			URL:            deploymentURL(service.ARN, service.Region, deref(set.ExternalId)),
			Status:         rollout.DeploymentStatus(deref(set.Status)),
			TaskDefinition: deref(set.TaskDefinition),
			Desired:        int(set.ComputedDesiredCount),
			Pending:        int(set.PendingCount),
			Running:        int(set.RunningCount),
			Created:        deref(set.CreatedAt),
			Updated:        deref(set.UpdatedAt),
		})
	}
	slices.SortStableFunc(deployments, func(a, b rollout.Deployment) int { return b.Created.Compare(a.Created) })
	return deployments
}

// deploymentURL is where a person looks at a deployment of CodeDeploy's
// (https://docs.aws.amazon.com/codedeploy/latest/userguide/deployments-view-details-console.html). It is empty for a
// deployment that is not CodeDeploy's, and where the console is not known.
func deploymentURL(arn, region, id string) string {
	if !strings.HasPrefix(id, "d-") {
		return ""
	}
	return consoleURL(arn, region, "/codesuite/codedeploy/deployments/%s?region=%s", id, region)
}
