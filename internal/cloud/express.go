package cloud

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"ecs-deploy/internal/kind"
	"ecs-deploy/internal/rollout"
	"ecs-deploy/internal/taskdef"
)

// expressCarrier is deployments of Express services, which ECS carries out as others. Where it makes the task
// definition too, it is told so by another call. What ran before is deployed again by UpdateService, as it was.
type expressCarrier struct{ *ecsCarrier }

// Survey reads the service revisions that the services run, as Express has them.
func (e *expressCarrier) Survey(ctx context.Context, services []rollout.SurveyedService, _ []rollout.Detail) error {
	return own(ctx, services, e.client.express)
}

// express reads what only DescribeExpressGatewayService tells of a service.
func (c *Client) express(ctx context.Context, service rollout.Service) (rollout.ExpressService, error) {
	var answer []byte
	_, err := c.ecs.DescribeExpressGatewayService(
		ctx, &ecs.DescribeExpressGatewayServiceInput{ServiceArn: &service.ARN}, withMiddleware(takeAnswer(&answer)),
	)
	if err != nil {
		return rollout.ExpressService{}, c.problem(ctx, err, "ecs:DescribeExpressGatewayService", "service "+service.Name)
	}
	var described struct {
		Service struct{ ActiveConfigurations []json.RawMessage }
	}
	if err := json.Unmarshal(answer, &described); err != nil {
		return rollout.ExpressService{}, c.problem(ctx, err, "ecs:DescribeExpressGatewayService", "service "+service.Name)
	}
	runs, _ := runningRevision(service)
	var its rollout.ExpressService
	for _, configuration := range described.Service.ActiveConfigurations {
		var told struct {
			TaskDefinitionArn string
			IngressPaths      []types.IngressPathSummary
		}
		document, err := taskdef.Parse(configuration)
		if err != nil || json.Unmarshal(configuration, &told) != nil {
			continue
		}
		if url := expressURL(told.IngressPaths); its.URL == "" || told.TaskDefinitionArn == runs {
			its.URL = url
		}
		if told.TaskDefinitionArn == runs {
			its.Shown, its.Revision = document.Has("primaryContainer"), document
		}
	}
	return its, nil
}

// expressURL is the URL of an Express service, that for everybody first. AWS tells hosts, with https:// or without.
func expressURL(paths []types.IngressPathSummary) (url string) {
	for _, path := range paths {
		if host := deref(path.Endpoint); host != "" && (url == "" || path.AccessType == types.AccessTypePublic) {
			url = "https://" + strings.TrimPrefix(host, "https://")
		}
	}
	return url
}

func (e *expressCarrier) Start(
	ctx context.Context, r *rollout.Rollout, update rollout.Update,
) (rollout.Service, rollout.Deployment, error) {
	body, is := kind.UpdateExpress(r, update.TaskDefinition)
	if !is {
		return e.ecsCarrier.Start(ctx, r, update)
	}
	client, before := e.client, r.Service
	ours := func(d rollout.Deployment) bool {
		if update.TaskDefinition != "" {
			return d.TaskDefinition == update.TaskDefinition
		}
		made, err := client.Revision(ctx, d.TaskDefinition)
		wanted := body.ExpressImage()
		containers := made.Document.Containers()
		return err == nil && len(containers) == 1 && containers[0].Image == wanted
	}
	mark := markOf(before)
	after, err := once(ctx, client, sends,
		func() (updated, error) { return client.sendExpress(ctx, before, body) },
		func() (updated, bool, error) { return client.look(ctx, before, mark, ours) },
		func(err error) error {
			return client.problem(ctx, err, "ecs:UpdateExpressGatewayService", "service "+before.Name)
		})
	return after.service, after.ours, err
}

// sendExpress updates a service. The answer names the service revision, and with it the deployment.
func (c *Client) sendExpress(ctx context.Context, before rollout.Service, body taskdef.Document) (updated, error) {
	out, err := c.ecs.UpdateExpressGatewayService(
		ctx, &ecs.UpdateExpressGatewayServiceInput{ServiceArn: &before.ARN}, // for the SDK's own check
		c.sending(body),
	)
	if err == nil && (out.Service == nil || out.Service.TargetConfiguration == nil ||
		deref(out.Service.TargetConfiguration.ServiceRevisionArn) == "" ||
		deref(out.Service.TargetConfiguration.TaskDefinitionArn) == "") {
		err = errNoAnswer // what was started is looked for
	}
	if err != nil {
		return updated{}, err
	}
	target := out.Service.TargetConfiguration
	ours := rollout.Deployment{
		ID:             deploymentID(deref(target.ServiceRevisionArn)),
		Status:         rollout.DeploymentPrimary,
		State:          rollout.RolloutInProgress,
		TaskDefinition: deref(target.TaskDefinitionArn),
		Created:        deref(target.CreatedAt),
	}
	if ours.Created.IsZero() {
		ours.Created = time.Now()
	}
	after := before
	after.Deployments = []rollout.Deployment{ours}
	for _, older := range before.Deployments {
		older.Status = rollout.DeploymentActive
		after.Deployments = append(after.Deployments, older)
	}
	return updated{after, ours}, nil
}

func (e *expressCarrier) Adopt(
	ctx context.Context, running rollout.SurveyedService, r *rollout.Rollout, operation Operation,
) error {
	its, _ := running.Own.(rollout.ExpressService)
	r.ServiceURL = its.URL
	return e.ecsCarrier.Adopt(ctx, running, r, operation)
}
