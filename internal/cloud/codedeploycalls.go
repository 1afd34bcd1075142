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

// startCodeDeploy starts a deployment with an AppSpec, and returns it. CreateDeployment has no client
// token: what is looked for is a new deployment of this AppSpec in the deployment group.
func (c *Client) startCodeDeploy(
	ctx context.Context, service rollout.ServiceKey, planned rollout.PlannedCodeDeploy, spec taskdef.AppSpec,
) (rollout.CodeDeployment, error) {
	about := "deployment group " + planned.Group.Name
	content := string(spec.JSON())
	return once(ctx, c, sends,
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

func (c *Client) createDeployment(
	ctx context.Context, planned rollout.PlannedCodeDeploy, content string,
) (string, error) {
	input := &codedeploy.CreateDeploymentInput{
		ApplicationName:     &planned.Group.Application,
		DeploymentGroupName: &planned.Group.Name,
		Revision: &types.RevisionLocation{
			RevisionType:   types.RevisionLocationTypeAppSpecContent,
			AppSpecContent: &types.AppSpecContent{Content: &content},
		},
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
			input.AutoRollbackConfiguration.Events = append(
				input.AutoRollbackConfiguration.Events, types.AutoRollbackEvent(event),
			)
		}
	}
	out, err := c.codeDeploy().CreateDeployment(
		ctx, input, func(o *codedeploy.Options) { o.Retryer = c.retryer(throttled) },
	)
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

// lookForCodeDeploy searches for the deployment that a lost request may have started.
func (c *Client) lookForCodeDeploy(
	ctx context.Context, service rollout.ServiceKey, planned rollout.PlannedCodeDeploy, content string,
) (rollout.CodeDeployment, bool, error) {
	sum := fmt.Sprintf("%x", sha256.Sum256([]byte(content)))
	ctx, cancel := lookContext(ctx)
	defer cancel()
	for range looks {
		if err := c.Pause(ctx, lookInterval); err != nil {
			return rollout.CodeDeployment{}, false, err
		}
		group, err := c.deploymentGroup(
			ctx, service, rollout.CodeDeployOptions{Application: planned.Group.Application, Group: planned.Group.Name},
		)
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
	d := rollout.CodeDeployment{
		ID: id, Status: rollout.CodeDeployStatus(info.Status),
		Created: deref(info.CreateTime), Ended: deref(info.CompleteTime),
	}
	if problem := info.ErrorInformation; problem != nil {
		d.Code, d.Message = string(problem.Code), deref(problem.Message)
	}
	d.RollsBack = rollbackEvents(info.AutoRollbackConfiguration)
	if rollback := info.RollbackInfo; rollback != nil {
		d.RolledBackBy, d.RollbackMessage = deref(rollback.RollbackDeploymentId), deref(rollback.RollbackMessage)
		d.Undoes = deref(rollback.RollbackTriggeringDeploymentId)
	}
	if info.Revision != nil && info.Revision.AppSpecContent != nil {
		d.AppSpecSum = deref(info.Revision.AppSpecContent.Sha256)
	}
	d.ReadyTimeout, d.TerminationTimeout = waits(info.BlueGreenDeploymentConfiguration)
	return d, nil
}

// codeDeployTarget adds to a deployment what only its target tells: the lifecycle events and the traffic.
// Before it has started there is nothing to add.
func (c *Client) codeDeployTarget(
	ctx context.Context, service rollout.ServiceKey, d rollout.CodeDeployment,
) (rollout.CodeDeployment, error) {
	target := service.Cluster + ":" + service.Name
	out, err := c.codeDeploy().GetDeploymentTarget(
		ctx, &codedeploy.GetDeploymentTargetInput{DeploymentId: &d.ID, TargetId: &target},
	)
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
		e := rollout.LifecycleEvent{
			Name:   deref(event.LifecycleEventName),
			Status: rollout.CodeDeployStatus(event.Status),
			Ended:  deref(event.EndTime),
		}
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
	_, err := c.codeDeploy().StopDeployment(
		ctx, &codedeploy.StopDeploymentInput{DeploymentId: &id, AutoRollbackEnabled: &back},
	)
	if err != nil {
		return c.problem(ctx, err, "codedeploy:StopDeployment", "deployment "+id)
	}
	return nil
}

// hasEnded tells whether CodeDeploy refused to stop a deployment since it has ended already.
func hasEnded(err error) bool { return code(err) == "DeploymentAlreadyCompletedException" }

// continueCodeDeploy ends one of the waits of a deployment: ReadyWait or TerminationWait.
func (c *Client) continueCodeDeploy(ctx context.Context, id, wait string) error {
	_, err := c.codeDeploy().ContinueDeployment(
		ctx, &codedeploy.ContinueDeploymentInput{DeploymentId: &id, DeploymentWaitType: types.DeploymentWaitType(wait)},
	)
	if err != nil {
		return c.problem(ctx, err, "codedeploy:ContinueDeployment", "deployment "+id)
	}
	return nil
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
