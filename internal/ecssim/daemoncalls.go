package ecssim

import (
	"maps"
	"slices"
	"strings"
)

type daemonRequest struct{ DaemonArn string }

// findDaemon finds a managed daemon by its ARN [SDK: DescribeDaemonInput]. The text is unverified.
func (s *Sim) findDaemon(arn string) (*daemon, error) {
	for _, c := range s.clusters {
		if d := c.findDaemon(arn); d != nil {
			return d, nil
		}
	}
	return nil, clientError("DaemonNotFoundException", "Daemon not found.")
}

func (s *Sim) describeDaemon(request daemonRequest) (any, error) {
	d, err := s.findDaemon(request.DaemonArn)
	if err != nil {
		return nil, err
	}
	current := []document{}
	for _, r := range d.runs() {
		running, _, without := d.counts(r)
		current = append(current, document{
			"arn": r.arn(), "totalRunningCount": running, "totalWithoutDaemonCount": without,
			"capacityProviders": []document{{
				"arn": d.providers[0], "runningCount": running, "withoutDaemonCount": without,
			}},
		})
	}
	return document{"daemon": document{
		"daemonArn": d.arn(), "clusterArn": d.of.cluster.arn(), "status": d.status, "createdAt": epoch{d.created},
		"updatedAt": epoch{d.history[0].created}, "deploymentArn": d.history[0].arn(), "currentRevisions": current,
	}}, nil
}

// counts is on how many instances a revision runs, how many of its are drained, and how many go on without it.
func (d *daemon) counts(r *daemonRevision) (running, draining, without int) {
	for _, i := range d.instances {
		if i.runs != r {
			continue
		}
		switch {
		case !i.draining.IsZero():
			draining++
		case i.task == nil:
			without++
		case i.task.healthy:
			running++
		}
	}
	return running, draining, without
}

type listDaemonsRequest struct {
	ClusterArn, NextToken string
	MaxResults            int
}

func (s *Sim) listDaemons(request listDaemonsRequest) (any, error) {
	c, err := s.findCluster(request.ClusterArn)
	if err != nil {
		return nil, err
	}
	var all []document
	for _, d := range c.daemons {
		if d.deleted {
			continue
		}
		all = append(all, document{
			"daemonArn": d.arn(), "status": d.status, "createdAt": epoch{d.created},
			"updatedAt": epoch{d.history[0].created},
		})
	}
	return paged("daemonSummariesList", all, request.MaxResults, 100, request.NextToken), nil
}

type describeDaemonRevisionsRequest struct{ DaemonRevisionArns []string }

func (s *Sim) describeDaemonRevisions(request describeDaemonRevisionsRequest) (any, error) {
	if n := len(request.DaemonRevisionArns); n == 0 || n > 20 { // [SDK]; text unverified
		return nil, clientError("InvalidParameterException", "DaemonRevisionArns must have between 1 and 20 items.")
	}
	return described("daemonRevisions", request.DaemonRevisionArns, func(arn string) document {
		if r := s.findDaemonRevision(arn); r != nil {
			return r.describe()
		}
		return nil
	}), nil
}

func (s *Sim) findDaemonRevision(arn string) *daemonRevision {
	for _, c := range s.clusters {
		for _, d := range c.daemons {
			for _, deployment := range d.history {
				if deployment.target.arn() == arn {
					return deployment.target
				}
			}
		}
	}
	return nil
}

func (r *daemonRevision) describe() document {
	described := document{
		"daemonRevisionArn": r.arn(), "daemonArn": r.daemon.arn(), "clusterArn": r.daemon.of.cluster.arn(),
		"createdAt": epoch{r.created}, "daemonTaskDefinitionArn": r.definition.arn(), "critical": r.critical,
	}
	maps.Copy(described, r.settings)
	return described
}

type listDaemonDeploymentsRequest struct {
	DaemonArn, NextToken string
	Status               []string
	MaxResults           int
}

func (s *Sim) listDaemonDeployments(request listDaemonDeploymentsRequest) (any, error) {
	d, err := s.findDaemon(request.DaemonArn)
	if err != nil {
		return nil, err
	}
	var all []document
	for _, deployment := range d.history { // newest first (unverified)
		if len(request.Status) > 0 && !slices.Contains(request.Status, deployment.status) {
			continue
		}
		brief := deployment.brief()
		brief["daemonArn"], brief["targetDaemonRevisionArn"] = d.arn(), deployment.target.arn()
		all = append(all, brief)
	}
	return paged("daemonDeployments", all, request.MaxResults, 20, request.NextToken), nil
}

// brief is what the list and the description of a deployment share.
func (d *daemonDeployment) brief() document {
	brief := document{
		"daemonDeploymentArn": d.arn(), "clusterArn": d.target.daemon.of.cluster.arn(), "status": d.status,
		"createdAt": epoch{d.created},
	}
	if d.why != "" {
		brief["statusReason"] = d.why
	}
	if !d.started.IsZero() {
		brief["startedAt"] = epoch{d.started}
	}
	switch {
	case d.over() && d.status == "STOPPED":
		brief["stoppedAt"] = epoch{d.finished}
	case d.over():
		brief["finishedAt"] = epoch{d.finished}
	}
	return brief
}

type describeDaemonDeploymentsRequest struct{ DaemonDeploymentArns []string }

func (s *Sim) describeDaemonDeployments(request describeDaemonDeploymentsRequest) (any, error) {
	if n := len(request.DaemonDeploymentArns); n == 0 || n > 20 { // [SDK]; text unverified
		return nil, clientError("InvalidParameterException", "DaemonDeploymentArns must have between 1 and 20 items.")
	}
	return described("daemonDeployments", request.DaemonDeploymentArns, func(arn string) document {
		if d := s.findDaemonDeployment(arn); d != nil {
			return d.describe()
		}
		return nil
	}), nil
}

func (s *Sim) findDaemonDeployment(arn string) *daemonDeployment {
	for _, c := range s.clusters {
		for _, d := range c.daemons {
			at := slices.IndexFunc(d.history, func(d *daemonDeployment) bool { return d.arn() == arn })
			if at >= 0 {
				return d.history[at]
			}
		}
	}
	return nil
}

func (d *daemonDeployment) describe() document {
	described := d.brief()
	described["targetDaemonRevision"] = d.target.deployed()
	sources := []document{}
	for _, source := range d.sources {
		sources = append(sources, source.deployed())
	}
	described["sourceDaemonRevisions"] = sources
	described["deploymentConfiguration"] = d.configuration
	breaker, alarms := "MONITORING", document{"status": "DISABLED"}
	switch {
	case d.over() && d.back.IsZero():
		breaker = "MONITORING_COMPLETE"
	case d.failures >= daemonFailures:
		breaker = "TRIGGERED"
	}
	described["circuitBreaker"] = document{"status": breaker, "failureCount": d.failures, "threshold": daemonFailures}
	if watched, is := d.configuration["alarms"].(map[string]any); is && watched["enable"] == true {
		alarms = document{"status": "MONITORING", "alarmNames": watched["alarmNames"]}
		if d.alarmed {
			alarms["status"], alarms["triggeredAlarmNames"] = "TRIGGERED", watched["alarmNames"]
		}
	}
	described["alarms"] = alarms
	if !d.back.IsZero() {
		described["rollback"] = document{
			"reason": d.why, "startedAt": epoch{d.back}, "rollbackTargetDaemonRevisionArn": d.aim().arn(),
			"rollbackCapacityProviders": d.target.daemon.providers,
		}
	}
	return described
}

// deployed is a revision as deployments have it [SDK: DaemonDeploymentRevisionDetail].
func (r *daemonRevision) deployed() document {
	running, draining, without := r.daemon.counts(r)
	return document{
		"arn": r.arn(), "totalRunningInstanceCount": running, "totalDrainingInstanceCount": draining,
		"totalWithoutDaemonInstanceCount": without,
		"capacityProviders": []document{{
			"arn": r.daemon.providers[0], "runningInstanceCount": running, "drainingInstanceCount": draining,
			"withoutDaemonInstanceCount": without,
		}},
	}
}

type updateDaemonRequest struct {
	DaemonArn, DaemonTaskDefinitionArn string
	CapacityProviderArns               []string
	DeploymentConfiguration            document
	Critical                           *bool
	EnableECSManagedTags               bool
	EnableExecuteCommand               bool
	PropagateTags                      string
}

// updateDaemon starts a deployment each time. What is not said goes back to its default: what AWS makes of it is
// unverified, and so are the texts.
func (s *Sim) updateDaemon(request updateDaemonRequest) (any, error) {
	d, err := s.findDaemon(request.DaemonArn)
	if err != nil {
		return nil, err
	}
	definition := s.findDaemonDefinition(request.DaemonTaskDefinitionArn)
	switch {
	case d.status != "ACTIVE":
		return nil, clientError("DaemonNotActiveException", "Daemon was not ACTIVE.")
	case len(request.CapacityProviderArns) == 0:
		return nil, clientError("InvalidParameterException", "capacityProviderArns should not be null or empty.")
	case definition == nil:
		return nil, clientError("ClientException", "Daemon task definition not found.")
	}
	d.providers, d.critical = request.CapacityProviderArns, request.Critical == nil || *request.Critical
	if request.PropagateTags == "" {
		request.PropagateTags = "NONE"
	}
	target := &daemonRevision{
		daemon: d, id: d.of.ids.event(), created: s.now, definition: definition, critical: d.critical,
		settings: document{
			"enableECSManagedTags": request.EnableECSManagedTags, "enableExecuteCommand": request.EnableExecuteCommand,
			"propagateTags": request.PropagateTags,
		},
	}
	deployment := s.deployDaemon(d, target, request.DeploymentConfiguration)
	if s.updated.IsZero() {
		s.updated = s.now
	}
	return document{
		"daemonArn": d.arn(), "status": d.status, "createdAt": epoch{d.created}, "updatedAt": epoch{s.now},
		"deploymentArn": deployment.arn(),
	}, nil
}

// daemonless are the members of task definitions that those of managed daemons do not have. A test compares them with
// the SDK.
var daemonless = strings.Fields(`networkMode requiresCompatibilities runtimePlatform placementConstraints
	proxyConfiguration inferenceAccelerators ephemeralStorage enableFaultInjection portMappings hostname links
	credentialSpecs dnsServers dnsSearchDomains dockerSecurityOptions dockerLabels extraHosts volumesFrom
	resourceRequirements disableNetworking versionConsistency`)

// registerDaemonTaskDefinition passes over what the task definitions of daemons do not have, as services of this
// protocol do. The texts are unverified.
func (s *Sim) registerDaemonTaskDefinition(request document) (any, error) {
	if _, there := request["daemonTaskDefinitionArn"]; there {
		return nil, clientError("InvalidParameterException", "Unknown parameter in input: %q", "daemonTaskDefinitionArn")
	}
	request, err := knownMembers(request)
	if err != nil {
		return nil, err
	}
	if request.str("family") == "" || len(request.list("containerDefinitions")) == 0 {
		return nil, clientError("ClientException", "Family and container definitions should not be null or empty.")
	}
	has := func(name string, _ any) bool { return slices.Contains(daemonless, name) }
	maps.DeleteFunc(request, has)
	for _, container := range request.list("containerDefinitions") {
		maps.DeleteFunc(container, has)
	}
	return document{"daemonTaskDefinitionArn": s.registerForDaemon(request).arn()}, nil
}

func (s *Sim) registerForDaemon(definition document) *revision {
	registered := s.registerIn(s.ofDaemons, definition)
	registered.ofDaemon = true
	return registered
}

// findDaemonDefinition takes a family, family:revision or an ARN.
func (s *Sim) findDaemonDefinition(name string) *revision {
	_, id, isARN := strings.Cut(name, ":daemon-task-definition/")
	if !isARN {
		id = name
	}
	return findIn(s.ofDaemons, id)
}

type describeDaemonTaskDefinitionRequest struct{ DaemonTaskDefinition string }

func (s *Sim) describeDaemonTaskDefinition(request describeDaemonTaskDefinitionRequest) (any, error) {
	found := s.findDaemonDefinition(request.DaemonTaskDefinition)
	if found == nil { // text unverified
		return nil, clientError("ClientException", "Unable to describe daemon task definition.")
	}
	described := maps.Clone(found.definition)
	maps.Copy(described, document{
		"daemonTaskDefinitionArn": found.arn(), "revision": found.number, "status": found.status,
		"registeredAt": epoch{found.registered}, "registeredBy": found.by,
	})
	return document{"daemonTaskDefinition": described}, nil
}

type listTagsForResourceRequest struct{ ResourceArn string }

// listTagsForResource tells the tags of task definitions. That it does so of those of daemons is unverified: the list
// of what it takes [SDK] does not name them, while that of TagResource does
// (https://docs.aws.amazon.com/service-authorization/latest/reference/list_ecs.html).
func (s *Sim) listTagsForResource(request listTagsForResourceRequest) (any, error) {
	found := s.findDaemonDefinition(request.ResourceArn)
	if strings.Contains(request.ResourceArn, ":task-definition/") {
		found = s.findRevision(request.ResourceArn)
	}
	switch {
	case found == nil:
		return nil, clientError("InvalidParameterException", "The specified resource was not found.") // unverified
	case found.tags == nil:
		return document{"tags": []document{}}, nil
	}
	return document{"tags": found.tags}, nil
}
