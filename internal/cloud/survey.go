package cloud

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"ecs-deploy/internal/kind"
	"ecs-deploy/internal/rollout"
	"ecs-deploy/internal/taskdef"
)

// Wanted is what a survey is to look at.
type Wanted struct {
	Targets        []rollout.Target
	TaskDefinition string // empty: what the services run, or File
	File           *taskdef.Document
	Scheduled      []rollout.ScheduleName
	Alarms         []rollout.AlarmName
	Options        []rollout.Detail // of the kinds of deployment
	WhenBusy       rollout.WhenBusy
}

// surveyed is what was found in one place.
type surveyed struct {
	services []rollout.SurveyedService
	notes    []rollout.Note
	// entries that take out, by their texts: which found something here, and why others did not
	takesOut map[string]bool
	idle     map[string]error
}

// services reads services, what they run, and what only one kind of deployment has.
func (c *Client) services(ctx context.Context, wanted Wanted) (in surveyed, err error) {
	all, err := c.choose(ctx, wanted.Targets, &in)
	if err != nil || len(all) == 0 {
		return in, err
	}
	services, err := c.deployable(ctx, all)
	if err != nil {
		return in, err
	}
	found, own := make([]rollout.SurveyedService, len(services)), make([]rollout.SurveyedService, len(services))
	for i, service := range services {
		arn, notes := runningRevision(service)
		found[i] = rollout.SurveyedService{
			Service: service, Revision: rollout.Named(arn), Notes: notes, Wave: all[i].wave,
		}
		own[i].Service = service
	}
	another := wanted.TaskDefinition != "" || wanted.File != nil
	err = Together(
		ctx,
		func(ctx context.Context) error { return c.running(ctx, found, another, wanted.WhenBusy) },
		func(ctx context.Context) error { return c.byKind(ctx, own, wanted.Options) },
	)
	for i := range found {
		found[i].Own = own[i].Own
		found[i].Notes = append(found[i].Notes, daemonNotes(found[i], wanted.WhenBusy)...)
	}
	in.services = found
	return in, err
}

// running reads the revisions that services run. When something else is to be deployed, they are only to be compared
// with, and may be missing.
func (c *Client) running(
	ctx context.Context, found []rollout.SurveyedService, optional bool, whenBusy rollout.WhenBusy,
) error {
	var arns []string
	for _, running := range found {
		if arn := running.Revision.ARN; !slices.Contains(arns, arn) {
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
		return err
	}
	for i := range found {
		found[i].Revision = revisions[slices.Index(arns, found[i].Revision.ARN)]
		found[i].Notes = append(found[i].Notes, underway(found[i].Service, found[i].Revision, whenBusy)...)
	}
	return nil
}

// byKind reads what only one kind of deployment has.
func (c *Client) byKind(ctx context.Context, services []rollout.SurveyedService, options []rollout.Detail) error {
	for controller, carrier := range c.carriers() {
		var at []int
		var its []rollout.SurveyedService
		for i, running := range services {
			if running.Service.Controller == controller {
				at, its = append(at, i), append(its, running)
			}
		}
		if len(its) == 0 {
			continue
		}
		if err := carrier.Survey(ctx, its, options); err != nil {
			return err
		}
		for i, running := range its {
			services[at[i]] = running
		}
	}
	return nil
}

// own reads what services have of their kind, each by a call of its own.
func own[Its rollout.Detail](
	ctx context.Context, services []rollout.SurveyedService, read func(context.Context, rollout.Service) (Its, error),
) error {
	return Each(ctx, services, func(ctx context.Context, i int, running rollout.SurveyedService) error {
		its, err := read(ctx, running.Service)
		services[i].Own = its
		return err
	})
}

// daemons tells whether the targets are managed daemons.
func daemons(targets []rollout.Target) bool {
	return slices.ContainsFunc(targets, func(target rollout.Target) bool { return target.Daemon })
}

// base is the revision that was named, or that a file holds; nil if there is none.
func (c *Client) base(ctx context.Context, wanted Wanted) (*rollout.Revision, error) {
	switch {
	case wanted.File != nil:
		return &rollout.Revision{
			Family: wanted.File.Family(), Daemon: daemons(wanted.Targets), Document: *wanted.File,
		}, nil
	case wanted.TaskDefinition == "":
		return nil, nil
	}
	base, err := c.revision(ctx, wanted.TaskDefinition, daemons(wanted.Targets))
	var p *rollout.Problem
	if errors.As(err, &p) && p.Kind == rollout.BadInput && !strings.Contains(wanted.TaskDefinition, ":") {
		p.Next = "Check task-definition and the region. A file needs a slash or an extension, as in ./" +
			wanted.TaskDefinition + ".json."
	}
	return &base, err
}

// deployable reads services that can be deployed to, in the order in which they are chosen, or tells why it cannot.
func (c *Client) deployable(ctx context.Context, all []chosen) ([]rollout.Service, error) {
	var keys []rollout.ServiceKey
	var clusters []string
	for _, its := range all {
		keys = append(keys, rollout.ServiceKey{Cluster: its.cluster, Name: its.name, ManagedDaemon: its.daemon})
		if !slices.Contains(clusters, its.cluster) {
			clusters = append(clusters, its.cluster)
		}
	}
	there, err := c.now(ctx, keys...)
	if err != nil {
		return nil, err
	}
	var services []rollout.Service
	absent := map[string][]string{}
	for _, its := range all {
		name := rollout.LastSegment(its.name)
		service, is := there[rollout.ServiceKey{
			Place: c.place, Cluster: rollout.LastSegment(its.cluster), Name: name, ManagedDaemon: its.daemon,
		}]
		if !is {
			absent[its.cluster] = append(absent[its.cluster], name)
			continue
		}
		if err := kind.Deployable(service); err != nil {
			return nil, err
		}
		if its.daemon {
			if service, err = c.asDeployed(ctx, service); err != nil {
				return nil, err
			}
		}
		services = append(services, service)
	}
	for _, cluster := range clusters {
		if len(absent[cluster]) > 0 && all[0].daemon {
			return nil, c.missingDaemon(ctx, cluster, absent[cluster])
		}
		if len(absent[cluster]) > 0 {
			return nil, c.missing(ctx, cluster, absent[cluster])
		}
	}
	return services, nil
}

// mostLookedFor is how many names that no service has are looked for among the managed daemons.
const mostLookedFor = 3

// missing says where services were searched, and what is there instead.
func (c *Client) missing(ctx context.Context, cluster string, absent []string) error {
	what := "service %s does not exist in cluster %s in %s"
	if len(absent) > 1 {
		what = "services %s do not exist in cluster %s in %s"
	}
	p := &rollout.Problem{
		Kind: rollout.BadInput,
		What: fmt.Sprintf(what, strings.Join(absent, ", "), rollout.LastSegment(cluster), c.place.Region),
		Next: "Check service, cluster and region.", Short: "no such service",
	}
	for _, name := range absent[:min(len(absent), mostLookedFor)] {
		if c.withAttempts(1).isDaemon(ctx, cluster, name) {
			p.Next = name + " is a managed daemon: give its name as daemon, in place of service."
			return p
		}
	}
	if names, err := c.ServiceNames(ctx, cluster); err == nil { // they only help: without permission they are left out
		p.Next = thereInstead(names)
	}
	return p
}

// runningRevision is the ARN of the revision that a service runs. A service whose last deployment
// failed without being rolled back names the failed revision; what runs is that of an older one.
func runningRevision(service rollout.Service) (arn string, notes []rollout.Note) {
	primary, ok := service.Primary()
	if !ok || primary.State != rollout.RolloutFailed {
		return service.TaskDefinition, nil
	}
	note := rollout.Note{
		About:   rollout.NoteNothingRuns,
		Service: service.Name,
		Failed:  rollout.RevisionID(primary.TaskDefinition),
	}
	for _, d := range service.Deployments {
		if d.ID != primary.ID && d.State != rollout.RolloutFailed && d.Running > 0 {
			note.About, note.Runs = rollout.NoteLastFailed, rollout.RevisionID(d.TaskDefinition)
			return d.TaskDefinition, []rollout.Note{note}
		}
	}
	return service.TaskDefinition, []rollout.Note{note}
}

// underway tells of a deployment of another run, and whose it is as far as that is known: ECS does not say who deploys,
// but who has registered the revision.
func underway(service rollout.Service, runs rollout.Revision, whenBusy rollout.WhenBusy) []rollout.Note {
	primary, ok := service.Primary()
	if !ok || primary.State != rollout.RolloutInProgress {
		return nil
	}
	note := rollout.Note{About: rollout.NoteUnderway, Service: service.Name, Underway: primary, WhenBusy: whenBusy}
	if runs.ARN == primary.TaskDefinition {
		note.Deploys = runs
	}
	return []rollout.Note{note}
}

// busy are those of services of which a deployment is under way now.
func (c *Client) busy(ctx context.Context, services []rollout.SurveyedService, options []rollout.Detail) (
	[]rollout.BusyService, error,
) {
	now := slices.Clone(services)
	var keys []rollout.ServiceKey
	for _, running := range services {
		keys = append(keys, running.Service.ServiceKey)
	}
	read, err := c.now(ctx, keys...)
	if err != nil {
		return nil, err
	}
	for i := range now {
		if service, there := read[now[i].Service.ServiceKey]; there {
			now[i].Service = service
		}
	}
	err = c.byKind(ctx, now, options)
	return kind.Busy(now), err
}
