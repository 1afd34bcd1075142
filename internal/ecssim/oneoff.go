package ecssim

import (
	"slices"
	"strings"
	"time"
)

type runTaskRequest struct {
	Cluster, TaskDefinition, LaunchType, StartedBy, ClientToken string
	Count                                                       *int
	NetworkConfiguration                                        *struct{ AwsvpcConfiguration *struct{ Subnets []string } }
	CapacityProviderStrategy                                    []any
	Overrides                                                   struct {
		ContainerOverrides []struct{ Name string }
	}
}

// runTask starts tasks that no service keeps
// (https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html). What cannot be placed is
// no error, but told in failures [GUIDE: api_failures_messages]. The texts of the errors are unverified.
func (s *Sim) runTask(request runTaskRequest) (any, error) {
	c, err := s.findCluster(request.Cluster)
	if err != nil {
		return nil, err
	}
	revision := s.findRevision(request.TaskDefinition)
	switch {
	case revision == nil:
		return nil, clientError("ClientException", "TaskDefinition not found.")
	case revision.status != "ACTIVE":
		return nil, clientError("InvalidParameterException", "TaskDefinition is inactive") // [SEEN]
	case request.LaunchType != "" && len(request.CapacityProviderStrategy) > 0:
		return nil, clientError("InvalidParameterException", "Specifying both a launch type and capacity provider "+
			"strategy is not supported. Remove one and try again.")
	case revision.definition.str("networkMode") == "awsvpc" &&
		(request.NetworkConfiguration == nil || request.NetworkConfiguration.AwsvpcConfiguration == nil):
		return nil, clientError("InvalidParameterException", "Network Configuration must be provided when networkMode "+
			"'awsvpc' is specified.")
	}
	for _, override := range request.Overrides.ContainerOverrides {
		if !slices.ContainsFunc(revision.containers(), func(d document) bool { return d.str("name") == override.Name }) {
			return nil, clientError("InvalidParameterException", "Override for container named %s is not a container in the "+
				"TaskDefinition.", override.Name)
		}
	}
	if earlier := s.runs[request.ClientToken]; earlier != nil && request.ClientToken != "" { // sent again
		return document{"tasks": earlier.describeTasks(), "failures": []document{}}, nil
	}
	if why := s.scenario.once.nowhere; why != "" {
		return document{
			"tasks":    []document{},
			"failures": []document{{"arn": arn("container-instance/" + c.name + "/5f1c7a9be0d24c11"), "reason": why}},
		}, nil
	}
	d := &deployment{
		service:   &service{ids: s.ids, cluster: c},
		revision:  revision,
		behavior:  s.scenario.once,
		created:   s.now,
		startedBy: request.StartedBy,
	}
	count := 1
	if request.Count != nil {
		count = *request.Count
	}
	for range count {
		t := &task{id: s.ids.task(), deployment: d, created: s.now}
		t.move("PROVISIONING", s.now)
		d.tasks = append(d.tasks, t)
	}
	c.once, s.runs[request.ClientToken] = append(c.once, d), d
	return document{"tasks": d.describeTasks(), "failures": []document{}}, nil
}

func (d *deployment) describeTasks() []document {
	var described []document
	for _, t := range d.tasks {
		described = append(described, t.describe())
	}
	return described
}

type stopTaskRequest struct{ Cluster, Task, Reason string }

func (s *Sim) stopTask(request stopTaskRequest) (any, error) {
	c, err := s.findCluster(request.Cluster)
	if err != nil {
		return nil, err
	}
	all := c.tasks()
	at := slices.IndexFunc(all, func(t *task) bool { return t.id == request.Task || t.arn() == request.Task })
	if at < 0 {
		return nil, clientError("InvalidParameterException", "The referenced task was not found.")
	}
	if t := all[at]; t.wanted() {
		t.stopCode, t.reason = "UserInitiated", request.Reason // [SEEN]
		s.stop(t, "")
	}
	return document{"task": all[at].describe()}, nil
}

// tasks are all of the cluster, those of services and others.
func (c *cluster) tasks() []*task {
	all := tasksOf(c.services)
	for _, d := range c.daemons {
		all = append(all, d.tasks...)
	}
	for _, d := range c.once {
		all = append(all, d.tasks...)
	}
	return all
}

// The tasks that run once in the scenarios: from start to end in under a minute.
var (
	migration = []string{
		"2026-11-09T03:00:02.101Z migrating web",
		"2026-11-09T03:00:04.480Z 0041_add_orders_index ... ok",
		"2026-11-09T03:00:09.913Z 0042_drop_legacy_column ... ok",
	}
	migrates = well.but(fate{
		in: "RUNNING", after: 10 * time.Second, stopCode: "EssentialContainerExited", stoppedReason: "Essential " +
			"container in task exited",
		exitCode: exit(0),
	}).writing(append(slices.Clone(migration), "2026-11-09T03:00:10.001Z done")...)
	failsToMigrate = well.but(fate{
		in: "RUNNING", after: 6 * time.Second, stopCode: "EssentialContainerExited", stoppedReason: "Essential container " +
			"in task exited",
		exitCode: exit(3),
	}).writing(append(slices.Clone(migration[:2]), "2026-11-09T03:00:05.733Z 0042_drop_legacy_column "+
		"... ERROR: cannot drop column legacy_id: view reports depends on it")...)
	neverEnds = well.but(fate{in: "RUNNING", after: endlessTimeout}).writing(migration[:1]...)
)

// logged are the events of a task's log, each a second after the one before, and visible a second
// later (how late CloudWatch Logs shows them is unverified).
func (s *Sim) logged(t *task) []document {
	if t.ran.IsZero() {
		return nil
	}
	var events []document
	for i, line := range t.deployment.behavior.log {
		at := t.ran.Add(time.Duration(i) * time.Second)
		if s.now.Sub(at) >= time.Second || !t.stopped.IsZero() && s.now.Sub(t.stopped) >= 2*time.Second {
			events = append(
				events, document{"timestamp": at.UnixMilli(), "ingestionTime": at.UnixMilli() + 500, "message": line},
			)
		}
	}
	return events
}

// logOf finds the task whose container writes to a stream, prefix/container/task.
func (s *Sim) logOf(stream string) []document {
	parts := strings.Split(stream, "/")
	for _, c := range s.clusters {
		for _, t := range c.tasks() {
			if containers := t.deployment.revision.containers(); t.id == parts[len(parts)-1] && len(parts) > 1 &&
				containers[0].str("name") == parts[len(parts)-2] {
				return s.logged(t)
			}
		}
	}
	return nil
}
