package ecssim

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

type service struct {
	ids        ids
	cluster    *cluster
	name       string
	status     string // ACTIVE, DRAINING or INACTIVE
	controller string
	scheduling string
	desired    int
	minimum    int // minimumHealthyPercent
	maximum    int // maximumPercent
	breaker    breaker
	created    time.Time

	bake         time.Duration // how long a deployment is watched after it is in place
	earlySuccess bool          // with the clean-up deferred
	lingering    bool          // old tasks do not go
	express      bool          // an Express service
	strategy     strategy      // none: tasks are replaced step by step
	codeDeploy   *codeDeploy   // of the controller CODE_DEPLOY

	deployments []*deployment // the PRIMARY first, then from new to old, as DescribeServices lists them
	history     []*deployment // every one there was, newest first
	events      []event       // newest first
}

type breaker struct {
	Enable   bool `json:"enable"`
	Rollback bool `json:"rollback"`
}

type event struct {
	ID        string `json:"id"`
	CreatedAt epoch  `json:"createdAt"`
	Message   string `json:"message"`
}

func (v *service) arn() string { return arn("service/" + v.cluster.name + "/" + v.name) }

// targetGroup is where the load balancer of the service sends its traffic.
func (v *service) targetGroup() string {
	return "arn:aws:elasticloadbalancing:" + region + ":" + account + ":targetgroup/" + v.name + "/6d0ecf831eec9f09"
}

func (v *service) primary() *deployment {
	for _, d := range v.deployments {
		if d.status == "PRIMARY" {
			return d
		}
	}
	return nil
}

// say adds an event. ECS keeps the last 100 and holds back what it has said in the last six hours
// [GUIDE: service-event-messages].
func (s *Sim) say(v *service, format string, args ...any) {
	s.tell(v, "(service "+v.name+") "+fmt.Sprintf(format, args...))
}

// sayOf adds an event that is about a deployment, or a task set, whose id it names then (unverified).
func (s *Sim) sayOf(d *deployment, format string, args ...any) {
	if d.service.codeDeploy == nil {
		s.say(d.service, format, args...)
		return
	}
	s.tell(d.service, fmt.Sprintf("(service %s, taskSet %s) ", d.service.name, d.id())+fmt.Sprintf(format, args...))
}

func (s *Sim) tell(v *service, message string) {
	for _, earlier := range v.events {
		if earlier.Message == message && s.now.Sub(earlier.CreatedAt.Time) < 6*time.Hour {
			return
		}
	}
	said := event{ID: v.ids.event(), CreatedAt: epoch{s.now}, Message: message}
	v.events = slices.Insert(v.events, 0, said)
	v.events = v.events[:min(len(v.events), 100)]
}

// deployment is what both families of the API tell of one roll-out: DescribeServices in its
// deployments, the others as a service deployment. The number in deployments[].id is the last
// segment of the target service revision's ARN: terraform-provider-aws joins the two by it.
type deployment struct {
	service  *service
	number   string
	status   string // PRIMARY, ACTIVE or INACTIVE
	rollout  string // IN_PROGRESS, COMPLETED or FAILED
	reason   string
	revision *revision
	created  time.Time
	updated  time.Time
	desired  int
	failed   int // consecutive failures: one healthy task resets them [SDK: resetOnHealthyTask]

	tasks       []*task
	behaviour   behaviour
	launchAfter time.Time // ECS waits after failures before it tries again

	arn       string // of the service deployment
	progress  string // its status
	why       string // its statusReason
	started   time.Time
	finished  time.Time
	requested time.Time // when the stop was asked for
	baking    time.Time // since when
	alarmed   bool
	words     [2]string // what its rolloutState and status are called while it is IN_PROGRESS, if not that
	replaced  *deployment
	rollback  *rollback
	startedBy string // of tasks that no service keeps
	external  string // the id of the deployment of CodeDeploy's that made the task set
	staged
}

type rollback struct {
	reason  string
	started time.Time
	to      *deployment
}

func (d *deployment) id() string { return "ecs-svc/" + d.number }

func (d *deployment) revisionARN() string {
	return arn("service-revision/" + d.service.cluster.name + "/" + d.service.name + "/" + d.number)
}

func (d *deployment) set(rollout, reason string, now time.Time) {
	d.rollout, d.reason, d.updated = rollout, reason, now
}

func (d *deployment) finish(status, why string, now time.Time) {
	d.progress, d.why, d.finished = status, why, now
}

// over tells whether the service deployment has reached one of its ends [GUIDE: service-deployment].
func (d *deployment) over() bool { return !d.finished.IsZero() }

// deploy starts a deployment. As the recorded answers of UpdateService show, it is born PRIMARY
// with all counts at 0, and the one that it replaces becomes ACTIVE and keeps its rolloutState.
func (s *Sim) deploy(v *service, r *revision, b behaviour) *deployment {
	d := &deployment{
		service: v, number: v.ids.deployment(), status: "PRIMARY", revision: r,
		created: s.now, behaviour: b, progress: "PENDING",
		arn: arn("service-deployment/" + v.cluster.name + "/" + v.name + "/" + v.ids.serviceDeployment()),
	}
	d.set("IN_PROGRESS", fmt.Sprintf("ECS deployment %s in progress.", d.id()), s.now) // [SEEN]
	if d.replaced = v.primary(); d.replaced != nil && v.strategy.name != "" {
		s.enter(v, d, "PRE_SCALE_UP")
	}
	if d.replaced != nil {
		d.replaced.status = "ACTIVE"
		if !d.replaced.over() {
			d.replaced.progress, d.replaced.requested = "STOP_REQUESTED", s.now // [GUIDE: service-deployment]
		}
	}
	v.deployments = slices.Insert(v.deployments, 0, d)
	v.history = slices.Insert(v.history, 0, d)
	return d
}

// findCluster takes a name or an ARN; none means "default" [API].
func (s *Sim) findCluster(name string) (*cluster, error) {
	if name == "" {
		name = "default"
	}
	for _, c := range s.clusters {
		if name == c.name || name == c.arn() {
			return c, nil
		}
	}
	return nil, clientError("ClusterNotFoundException", "Cluster not found.") // [SEEN]
}

func (c *cluster) find(name string) *service {
	for _, v := range c.services {
		if name == v.name || name == v.arn() {
			return v
		}
	}
	return nil
}

type describeServicesRequest struct {
	Cluster  string
	Services []string
}

func (s *Sim) describeServices(request describeServicesRequest) (any, error) {
	c, err := s.findCluster(request.Cluster)
	if err != nil {
		return nil, err
	}
	if len(request.Services) == 0 || len(request.Services) > 10 { // [API]; texts unverified
		return nil, clientError("InvalidParameterException", "Services must have between 1 and 10 items.")
	}
	services, failures := []document{}, []document{}
	for _, name := range request.Services {
		if v := c.find(name); v != nil {
			services = append(services, v.describe())
		} else {
			failures = append(failures, missing(arn("service/"+c.name+"/"+name[strings.LastIndex(name, "/")+1:])))
		}
	}
	return document{"services": services, "failures": failures}, nil
}

// missing is how ECS tells of a thing that is not there, in an answer with status 200
// [GUIDE: api_failures_messages].
func missing(arn string) document { return document{"arn": arn, "reason": "MISSING"} }

type listServicesRequest struct {
	Cluster, NextToken string
	MaxResults         int
}

func (s *Sim) listServices(request listServicesRequest) (any, error) {
	c, err := s.findCluster(request.Cluster)
	if err != nil {
		return nil, err
	}
	var arns []string
	for _, v := range c.services {
		arns = append(arns, v.arn())
	}
	return paged("serviceArns", arns, request.MaxResults, 10, request.NextToken), nil // [API]
}

type updateServiceRequest struct {
	Cluster, Service, TaskDefinition string
	DesiredCount                     *int
	ForceNewDeployment               bool
	DeploymentConfiguration          *struct {
		MinimumHealthyPercent, MaximumPercent *int
		DeploymentCircuitBreaker              *breaker
	}
}

// updateService takes the errors in the order in which they were seen; what a partial
// deploymentConfiguration leaves out keeps its value (unverified).
func (s *Sim) updateService(request updateServiceRequest) (any, error) {
	c, err := s.findCluster(request.Cluster)
	if err != nil {
		return nil, err
	}
	v := c.find(request.Service)
	switch {
	case v == nil:
		return nil, clientError("ServiceNotFoundException", "Service not found.") // [SEEN]
	case v.status != "ACTIVE":
		return nil, clientError("ServiceNotActiveException", "Service was not ACTIVE.") // [SEEN]
	case v.express: // that it is refused, and the text, are unverified
		return nil, clientError("InvalidParameterException", "Express services are updated with UpdateExpressGatewayService.")
	case v.scheduling == "DAEMON" && request.DesiredCount != nil:
		return nil, clientError("InvalidParameterException", "The daemon scheduling strategy does not support a desired count.") // text unverified
	case v.controller == "CODE_DEPLOY" && request.TaskDefinition != "": // [SEEN]
		return nil, clientError("InvalidParameterException", "Unable to update task definition on services with a CODE_DEPLOY deployment controller. Use AWS CodeDeploy to trigger a new deployment.")
	case v.controller == "CODE_DEPLOY" && request.ForceNewDeployment: // [SEEN]
		return nil, clientError("InvalidParameterException", "Cannot force a new deployment on services with a CODE_DEPLOY deployment controller. Use AWS CodeDeploy to trigger a new deployment.")
	}
	runs := v.primary()
	wanted := runs.revision
	if request.TaskDefinition != "" {
		if wanted = s.findRevision(request.TaskDefinition); wanted == nil {
			return nil, clientError("ClientException", "TaskDefinition not found.") // [SEEN]
		}
		if wanted.status != "ACTIVE" {
			return nil, clientError("ClientException", "TaskDefinition is inactive") // [SEEN]
		}
	}
	if err := v.takes(wanted); err != nil {
		return nil, err
	}
	v.configure(request)
	// The same task definition without force starts nothing: the id stays [GUIDE: update-service-parameters].
	if wanted != runs.revision || request.ForceNewDeployment {
		s.deploy(v, wanted, s.behaviourOf(v, wanted))
	}
	if s.updated.IsZero() {
		s.updated = s.now
	}
	return document{"service": v.describe()}, nil
}

// takes refuses a revision without the container and port of the load balancer [SEEN; the text for a port is unverified].
func (v *service) takes(wanted *revision) error {
	for _, balancer := range v.loadBalancers() {
		name, port := balancer["containerName"], balancer["containerPort"]
		at := slices.IndexFunc(wanted.containers(), func(c document) bool { return c["name"] == name })
		if at < 0 {
			return clientError("InvalidParameterException", "The container %s does not exist in the task definition.", name)
		}
		maps := func(m document) bool { return fmt.Sprint(m["containerPort"]) == fmt.Sprint(port) }
		if !slices.ContainsFunc(wanted.containers()[at].list("portMappings"), maps) {
			return clientError("InvalidParameterException", "The container %s did not have a container port %v defined.", name, port)
		}
	}
	return nil
}

func (v *service) configure(request updateServiceRequest) {
	if request.DesiredCount != nil {
		v.desired = *request.DesiredCount
	}
	if wanted := request.DeploymentConfiguration; wanted != nil {
		if wanted.MinimumHealthyPercent != nil {
			v.minimum = *wanted.MinimumHealthyPercent
		}
		if wanted.MaximumPercent != nil {
			v.maximum = *wanted.MaximumPercent
		}
		if wanted.DeploymentCircuitBreaker != nil {
			v.breaker = *wanted.DeploymentCircuitBreaker
		}
	}
}

func (v *service) describe() document {
	running, pending := 0, 0
	deployments := []document{}
	for _, d := range v.deployments {
		described := d.describe()
		running += d.count("RUNNING")
		pending += d.pending()
		if v.controller == "ECS" { // else they are task sets [API: Service]
			deployments = append(deployments, described)
		}
	}
	primary := v.primary()
	answer := document{
		"serviceArn": v.arn(), "serviceName": v.name, "clusterArn": v.cluster.arn(), "status": v.status,
		"desiredCount": v.desired, "runningCount": running, "pendingCount": pending,
		"launchType": "FARGATE", "platformVersion": "LATEST", "schedulingStrategy": v.scheduling,
		"taskDefinition": primary.revision.arn(),
		"deploymentConfiguration": document{
			"minimumHealthyPercent": v.minimum, "maximumPercent": v.maximum,
			"deploymentCircuitBreaker": v.breaker,
		},
		"deploymentController": document{"type": v.controller},
		"deployments":          deployments, "events": list(v.events), "createdAt": epoch{v.created},
		"loadBalancers":     v.loadBalancers(),
		"serviceRegistries": []document{}, "placementConstraints": []document{}, "placementStrategy": []document{},
		"networkConfiguration": network, "enableECSManagedTags": true, "propagateTags": "SERVICE",
		"enableExecuteCommand": false, "healthCheckGracePeriodSeconds": 30,
		"createdBy": "arn:aws:iam::" + account + ":role/terraform",
	}
	if v.strategy.name != "" {
		answer["deploymentConfiguration"].(document)["strategy"] = v.strategy.name
		answer["deploymentConfiguration"].(document)["bakeTimeInMinutes"] = int(v.bake.Minutes())
	}
	if v.controller != "ECS" {
		answer["taskSets"] = v.taskSets()
	}
	if v.express { // [SDK]
		answer["resourceManagementType"] = "ECS"
	}
	return answer
}

func (v *service) loadBalancers() []document {
	return []document{{"targetGroupArn": v.targetGroup(), "containerName": "app", "containerPort": 8080}}
}

var network = document{"awsvpcConfiguration": document{
	"subnets": []string{"subnet-0a1b2c3d4e5f60718"}, "securityGroups": []string{"sg-0a1b2c3d4e5f60718"},
	"assignPublicIp": "DISABLED",
}}

func (d *deployment) describe() document {
	return document{
		"id": d.id(), "status": d.status, "taskDefinition": d.revision.arn(),
		"desiredCount": d.desired, "pendingCount": d.pending(), "runningCount": d.count("RUNNING"), "failedTasks": d.failed,
		"createdAt": epoch{d.created}, "updatedAt": epoch{d.updated},
		"launchType": "FARGATE", "platformVersion": "1.4.0", "platformFamily": "Linux", "networkConfiguration": network,
		"rolloutState": d.called(d.rollout, d.words[0]), "rolloutStateReason": d.reason,
	}
}

// called is the word for a state, in a world where being IN_PROGRESS may have another.
func (d *deployment) called(state, another string) string {
	if state == "IN_PROGRESS" && another != "" {
		return another
	}
	return state
}

type listServiceDeploymentsRequest struct {
	Cluster, Service, NextToken string
	Status                      []string
	CreatedAt                   *struct{ After, Before *epoch }
	MaxResults                  int
}

// visibleAfter is how long a new service deployment is not listed yet. That it may be missing at
// first is why terraform-provider-aws and the AWS CLI poll for it; for how long is unverified.
const visibleAfter = 2 * time.Second

func (s *Sim) listServiceDeployments(request listServiceDeploymentsRequest) (any, error) {
	c, err := s.findCluster(request.Cluster)
	if err != nil {
		return nil, err
	}
	v := c.find(request.Service)
	if v == nil {
		return nil, clientError("ServiceNotFoundException", "Service not found.")
	}
	var found []document
	for _, d := range v.history { // newest first (unverified)
		switch in := request.CreatedAt; {
		case s.now.Sub(d.created) < visibleAfter,
			in != nil && in.After != nil && d.created.Before(in.After.Time),
			in != nil && in.Before != nil && d.created.After(in.Before.Time),
			len(request.Status) > 0 && !slices.Contains(request.Status, d.progress):
			continue
		}
		brief := d.brief()
		brief["targetServiceRevisionArn"] = d.revisionARN()
		found = append(found, brief)
	}
	return paged("serviceDeployments", found, request.MaxResults, 20, request.NextToken), nil // [API]
}

// brief is what the list and the description of a service deployment share.
func (d *deployment) brief() document {
	brief := document{
		"serviceDeploymentArn": d.arn, "serviceArn": d.service.arn(), "clusterArn": d.service.cluster.arn(),
		"createdAt": epoch{d.created}, "status": d.called(d.progress, d.words[1]),
	}
	if d.why != "" {
		brief["statusReason"] = d.why
	}
	if !d.started.IsZero() {
		brief["startedAt"] = epoch{d.started}
	}
	if d.over() {
		brief["finishedAt"] = epoch{d.finished}
	}
	return brief
}

type describeServiceDeploymentsRequest struct{ ServiceDeploymentArns []string }

func (s *Sim) describeServiceDeployments(request describeServiceDeploymentsRequest) (any, error) {
	if n := len(request.ServiceDeploymentArns); n == 0 || n > 20 { // [API]; text unverified
		return nil, clientError("InvalidParameterException", "ServiceDeploymentArns must have between 1 and 20 items.")
	}
	described, failures := []document{}, []document{}
	for _, wanted := range request.ServiceDeploymentArns {
		if d := s.findServiceDeployment(wanted); d != nil {
			described = append(described, d.inFull())
		} else {
			failures = append(failures, missing(wanted))
		}
	}
	return document{"serviceDeployments": described, "failures": failures}, nil
}

type describeServiceRevisionsRequest struct{ ServiceRevisionArns []string }

// describeServiceRevisions tells which task definition each had [API].
func (s *Sim) describeServiceRevisions(request describeServiceRevisionsRequest) (any, error) {
	found, failures := []document{}, []document{}
	for _, wanted := range request.ServiceRevisionArns {
		d := s.findDeployment(func(d *deployment) bool { return d.revisionARN() == wanted })
		if d == nil {
			failures = append(failures, missing(wanted))
			continue
		}
		found = append(found, document{
			"serviceRevisionArn": wanted, "serviceArn": d.service.arn(), "clusterArn": d.service.cluster.arn(),
			"taskDefinition": d.revision.arn(), "createdAt": epoch{d.created},
		})
	}
	return document{"serviceRevisions": found, "failures": failures}, nil
}

func (s *Sim) findServiceDeployment(arn string) *deployment {
	return s.findDeployment(func(d *deployment) bool { return d.arn == arn })
}

// findDeployment finds one of all that there were, or nil.
func (s *Sim) findDeployment(is func(*deployment) bool) *deployment {
	for _, c := range s.clusters {
		for _, v := range c.services {
			if at := slices.IndexFunc(v.history, is); at >= 0 {
				return v.history[at]
			}
		}
	}
	return nil
}

func (d *deployment) inFull() document {
	v := d.service
	full := d.brief()
	full["updatedAt"] = epoch{d.updated}
	full["targetServiceRevision"] = document{
		"arn": d.revisionARN(), "requestedTaskCount": v.desired,
		"runningTaskCount": d.count("RUNNING"), "pendingTaskCount": d.pending(),
	}
	if d.replaced != nil {
		full["sourceServiceRevisions"] = []document{{"arn": d.replaced.revisionARN()}}
	}
	full["deploymentConfiguration"] = document{
		"minimumHealthyPercent": v.minimum, "maximumPercent": v.maximum, "deploymentCircuitBreaker": v.breaker,
	}
	if d.alarmed {
		full["alarms"] = document{"status": "TRIGGERED", "alarmNames": []string{"web-5xx"}, "triggeredAlarmNames": []string{"web-5xx"}}
	}
	d.describeStages(full)
	full["deploymentCircuitBreaker"] = document{
		"status": d.breakerStatus(), "failureCount": d.failed, "threshold": v.threshold(),
	}
	if d.rollback != nil {
		full["rollback"] = document{
			"reason": d.rollback.reason, "startedAt": epoch{d.rollback.started}, "serviceRevisionArn": d.rollback.to.revisionARN(),
		}
	}
	return full
}

type stopServiceDeploymentRequest struct{ ServiceDeploymentArn, StopType string }

// stopServiceDeployment takes a deployment back at somebody's request, whether or not roll-back is
// configured. ROLLBACK is the only stop type that is valid [API: StopServiceDeployment]; the errors'
// texts are unverified.
func (s *Sim) stopServiceDeployment(request stopServiceDeploymentRequest) (any, error) {
	d := s.findServiceDeployment(request.ServiceDeploymentArn)
	switch {
	case d == nil:
		return nil, clientError("ServiceDeploymentNotFoundException", "Service deployment not found.")
	case request.StopType != "" && request.StopType != "ROLLBACK":
		return nil, clientError("InvalidParameterException", "The stop type %s is not supported.", request.StopType)
	case d.over() || d.progress == "STOP_REQUESTED":
		return nil, clientError("ConflictException", "The service deployment is in status %s and cannot be stopped.", d.progress)
	}
	if d.progress == "PENDING" || d.progress == "IN_PROGRESS" {
		d.progress, d.requested = "ROLLBACK_REQUESTED", s.now
	}
	return document{"serviceDeploymentArn": d.arn}, nil
}

// breakerStatus is one of the words of ServiceDeploymentRollbackMonitorsStatus [API].
func (d *deployment) breakerStatus() string {
	switch {
	case !d.service.breaker.Enable:
		return "DISABLED"
	case d.rollout == "FAILED":
		return "TRIGGERED"
	case d.over():
		return "MONITORING_COMPLETE"
	}
	return "MONITORING"
}
