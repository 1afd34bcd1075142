package cloud

import (
	"context"
	"slices"

	"ecs-deploy/internal/rollout"
	"ecs-deploy/internal/taskdef"
)

// Past are the deployments by CodeDeploy of a service that are over. It takes a call for each.
func (d *codeDeployCarrier) Past(ctx context.Context, r *rollout.Rollout) ([]rollout.PastDeployment, error) {
	ctx, cancel := withinSight(ctx)
	defer cancel()
	all, err := d.client.lastCodeDeployments(ctx, plannedCodeDeploy(r).Group, mostPast+1)
	var past []rollout.PastDeployment
	for _, each := range all {
		if each.Over() {
			past = append(past, rollout.PastDeployment{
				ID: each.ID, Made: each.AppSpecSum, Status: string(each.Status), Reason: each.Message,
				Succeeded: each.Status == rollout.CodeDeploySucceeded,
				Started:   each.Created, Finished: each.Ended,
			})
		}
	}
	return past, err
}

// Deployed reads the task definitions that the last of the past deployments had deployed, by their AppSpecs.
func (d *codeDeployCarrier) Deployed(
	ctx context.Context, r *rollout.Rollout, past []rollout.PastDeployment,
) ([]rollout.PastDeployment, error) {
	past = slices.Clone(past[:min(len(past), mostPast)])
	specs := make([]taskdef.AppSpec, len(past))
	err := Each(ctx, past, func(ctx context.Context, i int, p rollout.PastDeployment) (err error) {
		specs[i], err = d.client.appSpec(ctx, plannedCodeDeploy(r).Group, rollout.CodeDeployment{AppSpecSum: p.Made})
		return err
	})
	if err != nil {
		return past, err
	}
	definitions := map[string]string{}
	for i, p := range past {
		definitions[p.Made] = specs[i].TaskDefinition()
	}
	return past, d.client.revisions(ctx, past, definitions)
}
