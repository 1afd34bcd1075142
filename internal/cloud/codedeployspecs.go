package cloud

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"

	"ecs-deploy/internal/rollout"
	"ecs-deploy/internal/taskdef"
)

// previousAppSpec finds the AppSpec of the last successful deployment of a group that deployed something
// else than this revision.
func (c *Client) previousAppSpec(
	ctx context.Context, service rollout.ServiceKey, group rollout.CodeDeployGroup, current string,
) (taskdef.AppSpec, error) {
	found, err := c.lastCodeDeployments(ctx, group, remembered, types.DeploymentStatusSucceeded)
	if err != nil {
		return taskdef.AppSpec{}, err
	}
	for _, d := range found {
		spec, err := c.appSpec(ctx, group, d)
		if err != nil || !spec.Empty() && spec.TaskDefinition() != current {
			return spec, err
		}
	}
	return taskdef.AppSpec{}, nothingBefore(service.Name, current)
}

// lastCodeDeployments reads the last deployments of a group, newest first, at most that many: those with one of the
// statuses or, without any, all.
func (c *Client) lastCodeDeployments(
	ctx context.Context, group rollout.CodeDeployGroup, most int, statuses ...types.DeploymentStatus,
) ([]rollout.CodeDeployment, error) {
	out, err := c.codeDeploy().ListDeployments(ctx, &codedeploy.ListDeploymentsInput{
		ApplicationName: &group.Application, DeploymentGroupName: &group.Name, IncludeOnlyStatuses: statuses,
	})
	if err != nil {
		return nil, c.problem(ctx, err, "codedeploy:ListDeployments", "deployment group "+group.Name)
	}
	found := make([]rollout.CodeDeployment, min(len(out.Deployments), most))
	err = Each(ctx, out.Deployments[:len(found)], func(ctx context.Context, i int, id string) (err error) {
		found[i], err = c.codeDeployment(ctx, id)
		return err
	})
	slices.SortStableFunc(found, func(a, b rollout.CodeDeployment) int { return b.Created.Compare(a.Created) })
	return found, err
}

// remembered is how many of the deployments of a group are looked at for one to go back to.
const remembered = 20

// appSpec reads the AppSpec of a deployment. It is empty where CodeDeploy has forgotten it, or keeps it in S3.
func (c *Client) appSpec(
	ctx context.Context, group rollout.CodeDeployGroup, d rollout.CodeDeployment,
) (taskdef.AppSpec, error) {
	application, sum := group.Application, d.AppSpecSum
	if sum == "" {
		return taskdef.AppSpec{}, nil
	}
	out, err := c.codeDeploy().GetApplicationRevision(ctx, &codedeploy.GetApplicationRevisionInput{
		ApplicationName: &application,
		Revision: &types.RevisionLocation{
			RevisionType:   types.RevisionLocationTypeAppSpecContent,
			AppSpecContent: &types.AppSpecContent{Sha256: &sum},
		},
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
