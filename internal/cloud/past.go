package cloud

import (
	"context"
	"errors"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"ecs-deploy/internal/rollout"
)

// mostPast is how many past deployments are told of.
const mostPast = 5

// history is the service deployments of a service, newest first: at most a hundred, of the last 90 days
// (https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListServiceDeployments.html).
func (c *Client) history(ctx context.Context, service rollout.ServiceKey) ([]types.ServiceDeploymentBrief, error) {
	most := int32(100)
	listed, err := c.listServiceDeployments(ctx, service, ecs.ListServiceDeploymentsInput{MaxResults: &most})
	slices.SortStableFunc(
		listed,
		func(a, b types.ServiceDeploymentBrief) int { return deref(b.CreatedAt).Compare(deref(a.CreatedAt)) },
	)
	return listed, err
}

// ended are those of some service deployments that have come to an end.
func ended(listed []types.ServiceDeploymentBrief) []rollout.PastDeployment {
	var past []rollout.PastDeployment
	for _, d := range listed {
		if d.FinishedAt == nil {
			continue
		}
		started := d.StartedAt
		if started == nil {
			started = d.CreatedAt
		}
		past = append(past, rollout.PastDeployment{
			ID:        deploymentID(deref(d.TargetServiceRevisionArn)),
			Made:      deref(d.TargetServiceRevisionArn),
			Status:    string(d.Status),
			Reason:    deref(d.StatusReason),
			Succeeded: d.Status == types.ServiceDeploymentStatusSuccessful,
			Started:   deref(started),
			Finished:  *d.FinishedAt,
		})
	}
	return past
}

// Past are the service deployments of a service that are over.
func (e *ecsCarrier) Past(ctx context.Context, r *rollout.Rollout) ([]rollout.PastDeployment, error) {
	ctx, cancel := withinSight(ctx)
	defer cancel()
	listed, err := e.client.history(ctx, r.Service.ServiceKey)
	return ended(listed), err
}

// Deployed reads the task definitions that the last of the past deployments had deployed.
func (e *ecsCarrier) Deployed(
	ctx context.Context, r *rollout.Rollout, past []rollout.PastDeployment,
) ([]rollout.PastDeployment, error) {
	return e.client.deployed(ctx, past, func(ctx context.Context, made ...string) (map[string]string, error) {
		return e.client.serviceRevisions(ctx, r.Service.Name, made...)
	})
}

// deployed reads the task definitions that the last of some past deployments had deployed: read tells their ARNs, by
// what the deployments made.
func (c *Client) deployed(
	ctx context.Context, past []rollout.PastDeployment, read func(context.Context, ...string) (map[string]string, error),
) ([]rollout.PastDeployment, error) {
	if len(past) == 0 {
		return nil, nil
	}
	past = slices.Clone(past[:min(len(past), mostPast)])
	definitions, err := read(ctx, made(past)...)
	if err != nil {
		return past, err
	}
	return past, c.revisions(ctx, past, definitions)
}

// made is what past deployments made.
func made(past []rollout.PastDeployment) []string {
	var all []string
	for _, p := range past {
		all = append(all, p.Made)
	}
	return all
}

// revisions reads the revisions that past deployments had deployed: what each made is one of the definitions. Of a
// revision that is deleted, or cannot be read, only the name is known.
func (c *Client) revisions(ctx context.Context, past []rollout.PastDeployment, definitions map[string]string) error {
	var arns []string
	for _, p := range past {
		if arn := definitions[p.Made]; arn != "" && !slices.Contains(arns, arn) {
			arns = append(arns, arn)
		}
	}
	read := make([]rollout.Revision, len(arns))
	err := Each(ctx, arns, func(ctx context.Context, i int, arn string) (err error) {
		read[i], err = c.Revision(ctx, arn)
		var p *rollout.Problem
		if errors.As(err, &p) {
			read[i], err = rollout.Named(arn), nil
		}
		return err
	})
	for i, p := range past {
		if at := slices.Index(arns, definitions[p.Made]); at >= 0 {
			past[i].Revision = read[at]
		}
	}
	return err
}
