package cloud

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"ecs-deploy/internal/rollout"
	"ecs-deploy/internal/taskdef"
)

// Wanted is what a survey is to look at.
type Wanted struct {
	Cluster        string
	Service        string // empty: none
	TaskDefinition string // empty: what the service runs, or File
	File           *taskdef.Document
}

// Survey reads the world as it is before anything is changed: the service, and the revision that it
// really runs or that is named in its place.
func (c *Client) Survey(ctx context.Context, wanted Wanted) (rollout.World, error) {
	world := rollout.World{Region: c.region}
	if wanted.Service != "" {
		service, err := c.deployable(ctx, wanted.Cluster, wanted.Service)
		if err != nil {
			return world, err
		}
		runs, note := runningRevision(service)
		found := rollout.Running{Service: service}
		found.Revision, err = c.Revision(ctx, runs)
		switch another := wanted.TaskDefinition != "" || wanted.File != nil; {
		case err != nil && !another:
			return world, err
		case err != nil: // it is only to be compared with
			found.Revision = named(runs)
		}
		for _, note := range []string{note, underWay(service, found.Revision)} {
			if note != "" {
				found.Notes = append(found.Notes, note)
			}
		}
		world.Services = append(world.Services, found)
	}
	var err error
	world.Base, err = c.base(ctx, wanted)
	return world, err
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

// deployable reads a service that UpdateService can deploy to, or tells why it cannot.
func (c *Client) deployable(ctx context.Context, cluster, name string) (rollout.Service, error) {
	services, err := c.Services(ctx, cluster, name)
	if err != nil {
		return rollout.Service{}, err
	}
	if len(services) == 0 {
		return rollout.Service{}, c.missing(ctx, cluster, name)
	}
	service := services[0]
	where := fmt.Sprintf("service %s in cluster %s (%s)", service.Name, service.Cluster, c.region)
	switch {
	case service.Status != "ACTIVE":
		return service, &rollout.Problem{
			Kind: rollout.BadInput, What: where + " is " + service.Status + ": it was deleted, or is about to be",
			Next: "Create the service again, or check service, cluster and region.",
		}
	case service.Controller != "ECS":
		return service, &rollout.Problem{
			Kind: rollout.BadInput, What: where + " is deployed by the controller " + service.Controller + ", not by ECS",
			Next: "Only services with the deployment controller ECS can be deployed.",
		}
	}
	return service, nil
}

// missing says where a service was searched, and what is there instead.
func (c *Client) missing(ctx context.Context, cluster, name string) error {
	p := &rollout.Problem{
		Kind: rollout.BadInput,
		What: fmt.Sprintf("service %s does not exist in cluster %s in %s", last(name), last(cluster), c.region),
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

// named is a revision of which only the ARN is known.
func named(arn string) rollout.Revision {
	family, number, _ := strings.Cut(rollout.RevisionID(arn), ":")
	r := rollout.Revision{ARN: arn, Family: family}
	fmt.Sscan(number, &r.Number)
	return r
}
