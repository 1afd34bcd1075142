package cloud

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"ecs-deploy/internal/rollout"
	"ecs-deploy/internal/taskdef"
)

// Wanted is what a survey is to look at.
type Wanted struct {
	Cluster        string
	Services       []string // names or ARNs
	TaskDefinition string   // empty: what the services run, or File
	File           *taskdef.Document
	Scheduled      []WantedSchedule
	CodeDeploy     WantedCodeDeploy
}

// Survey reads the world as it is before anything is changed: the services, and the revisions that
// they really run or that is named in their place.
func (c *Client) Survey(ctx context.Context, wanted Wanted) (rollout.World, error) {
	world := rollout.World{Region: c.region}
	if len(wanted.Services) > 0 {
		services, err := c.deployable(ctx, wanted.Cluster, wanted.Services)
		if err != nil {
			return world, err
		}
		another := wanted.TaskDefinition != "" || wanted.File != nil
		if world.Services, err = c.running(ctx, services, another); err != nil {
			return world, err
		}
		if err = c.codeDeployed(ctx, world.Services, wanted.CodeDeploy); err != nil {
			return world, err
		}
	}
	var err error
	if world.Base, err = c.base(ctx, wanted); err != nil {
		return world, err
	}
	world.Scheduled, err = c.scheduled(ctx, wanted.Scheduled)
	return world, err
}

// running reads what services run. When something else is to be deployed, it is only to be compared
// with, and may be missing.
func (c *Client) running(ctx context.Context, services []rollout.Service, optional bool) ([]rollout.Running, error) {
	var arns []string
	found := make([]rollout.Running, len(services))
	for i, service := range services {
		arn, note := runningRevision(service)
		found[i] = rollout.Running{Service: service, Revision: rollout.Named(arn)}
		if note != "" {
			found[i].Notes = append(found[i].Notes, note)
		}
		if !slices.Contains(arns, arn) {
			arns = append(arns, arn)
		}
	}
	revisions := make([]rollout.Revision, len(arns))
	err := Each(ctx, arns, func(ctx context.Context, i int, arn string) (err error) {
		revisions[i], err = c.Revision(ctx, arn)
		if err != nil && optional {
			revisions[i], err = rollout.Named(arn), nil
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	for i := range found {
		found[i].Revision = revisions[slices.Index(arns, found[i].Revision.ARN)]
		if note := underWay(found[i].Service, found[i].Revision); note != "" {
			found[i].Notes = append(found[i].Notes, note)
		}
	}
	return found, nil
}

// codeDeployed reads the deployment groups of the services that CodeDeploy deploys, and the configurations by
// which the traffic moves.
func (c *Client) codeDeployed(ctx context.Context, services []rollout.Running, wanted WantedCodeDeploy) error {
	err := Each(ctx, services, func(ctx context.Context, i int, running rollout.Running) (err error) {
		if running.Service.Controller == "CODE_DEPLOY" {
			services[i].CodeDeploy, err = c.CodeDeployGroup(ctx, running.Service.ServiceKey, wanted)
		}
		return err
	})
	if err != nil {
		return err
	}
	var configs []string
	of := func(group rollout.CodeDeployGroup) string { return cmp.Or(wanted.Config, group.Config) }
	for _, running := range services {
		if config := of(running.CodeDeploy); running.CodeDeploy.Name != "" && !slices.Contains(configs, config) {
			configs = append(configs, config)
		}
	}
	took := make([]time.Duration, len(configs))
	err = Each(ctx, configs, func(ctx context.Context, i int, config string) (err error) {
		took[i], err = c.shifting(ctx, config)
		return err
	})
	for i := range services {
		if group := &services[i].CodeDeploy; group.Name != "" {
			group.Shifting = took[slices.Index(configs, of(*group))]
		}
	}
	return err
}

// base is the revision that was named, or that a file holds; nil if there is none.
func (c *Client) base(ctx context.Context, wanted Wanted) (*rollout.Revision, error) {
	switch {
	case wanted.File != nil:
		return &rollout.Revision{Family: wanted.File.Family(), Document: *wanted.File}, nil
	case wanted.TaskDefinition == "":
		return nil, nil
	}
	base, err := c.Revision(ctx, wanted.TaskDefinition)
	var p *rollout.Problem
	if errors.As(err, &p) && p.Kind == rollout.BadInput && !strings.Contains(wanted.TaskDefinition, ":") {
		p.Next = "Check task-definition and the region. A file is written with a slash or an ending, as in ./" + wanted.TaskDefinition + ".json."
	}
	return &base, err
}

// deployable reads services that can be deployed to, in the order of their names, or tells
// why it cannot.
func (c *Client) deployable(ctx context.Context, cluster string, names []string) ([]rollout.Service, error) {
	there, err := c.Services(ctx, cluster, names...)
	if err != nil {
		return nil, err
	}
	var services []rollout.Service
	var absent []string
	for _, name := range names {
		at := slices.IndexFunc(there, func(s rollout.Service) bool { return s.Name == rollout.LastSegment(name) })
		if at < 0 {
			absent = append(absent, rollout.LastSegment(name))
			continue
		}
		if err := c.refusable(there[at]); err != nil {
			return nil, err
		}
		services = append(services, there[at])
	}
	if len(absent) > 0 {
		return nil, c.missing(ctx, cluster, absent)
	}
	return services, nil
}

// refusable is why a service cannot be deployed, or nil.
func (c *Client) refusable(service rollout.Service) error {
	where := fmt.Sprintf("service %s in cluster %s (%s)", service.Name, service.Cluster, c.region)
	switch {
	case service.Status != "ACTIVE":
		return &rollout.Problem{
			Kind: rollout.BadInput, What: where + " is " + service.Status + ": it was deleted, or is about to be",
			Next: "Create the service again, or check service, cluster and region.",
		}
	case service.Express:
		return &rollout.Problem{
			Kind: rollout.BadInput, What: where + " is an Express service, whose task definition ECS makes by itself",
			Next: "Deploy it with aws-actions/amazon-ecs-deploy-express-service, or make it a service of your own.",
		}
	case service.Controller == "EXTERNAL":
		return &rollout.Problem{
			Kind: rollout.BadInput, What: where + " has the deployment controller EXTERNAL: its task sets are made by a program of your own, and ECS deploys nothing there",
			Next: "Let that program deploy the new revision (task-definition without service registers one), or create the service with the controller ECS.",
		}
	case service.Controller != "ECS" && service.Controller != "CODE_DEPLOY":
		return &rollout.Problem{
			Kind: rollout.BadInput, What: where + " has the deployment controller " + service.Controller + ", which is not known here",
			Next: "Only services with the deployment controller ECS or CODE_DEPLOY can be deployed.",
		}
	}
	return nil
}

// missing says where services were searched, and what is there instead.
func (c *Client) missing(ctx context.Context, cluster string, absent []string) error {
	what := "service %s does not exist in cluster %s in %s"
	if len(absent) > 1 {
		what = "services %s do not exist in cluster %s in %s"
	}
	p := &rollout.Problem{
		Kind: rollout.BadInput,
		What: fmt.Sprintf(what, strings.Join(absent, ", "), rollout.LastSegment(cluster), c.region),
		Next: "Check service, cluster and region.",
	}
	names, err := c.ServiceNames(ctx, cluster)
	switch {
	case err != nil: // it only helps: without permission it is left out
	case len(names) == 0:
		p.Next = "There is no service in that cluster: check cluster and region."
	default:
		p.Next = "The services there are " + strings.Join(names, ", ") + "."
	}
	return p
}

// runningRevision is the ARN of the revision that a service runs. A service whose last deployment
// failed without being rolled back names the failed revision; what runs is that of an older one.
func runningRevision(service rollout.Service) (arn, note string) {
	primary, ok := service.Primary()
	if !ok || primary.State != "FAILED" {
		return service.TaskDefinition, ""
	}
	for _, d := range service.Deployments {
		if d.ID != primary.ID && d.State != "FAILED" && d.Running > 0 {
			return d.TaskDefinition, fmt.Sprintf("the last deployment of %s, of %s, failed and was not rolled back: %s is what runs",
				service.Name, rollout.RevisionID(primary.TaskDefinition), rollout.RevisionID(d.TaskDefinition))
		}
	}
	return service.TaskDefinition, fmt.Sprintf("the last deployment of %s, of %s, failed, and no older one has running tasks",
		service.Name, rollout.RevisionID(primary.TaskDefinition))
}

// underWay tells of a deployment that ours will supersede, and whose it is as far as that is known:
// ECS does not say who deploys, but who has registered the revision.
func underWay(service rollout.Service, runs rollout.Revision) string {
	primary, ok := service.Primary()
	if !ok || primary.State != "IN_PROGRESS" {
		return ""
	}
	note := fmt.Sprintf("deployment %s of %s is under way since %s",
		primary.ID, rollout.RevisionID(primary.TaskDefinition), primary.Created.UTC().Format(time.RFC3339))
	if runs.ARN == primary.TaskDefinition && runs.By != "" {
		note += ", of a revision that " + runs.By + " registered"
	}
	return note + ": ours supersedes it"
}
