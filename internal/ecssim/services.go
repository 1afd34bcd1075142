package ecssim

import (
	"fmt"
	"slices"
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
	tags       []document
	created    time.Time

	bake         time.Duration // how long a deployment is watched after it is in place
	earlySuccess bool          // with the clean-up deferred
	lingering    bool          // old tasks do not go
	express      bool          // an Express service
	lattice      bool          // behind VPC Lattice, and no load balancer
	route        *route        // from the gateway of the cluster; nil: it is not connected to one
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

// targetGroup is where the load balancer of the service, or VPC Lattice, sends its traffic.
func (v *service) targetGroup() string {
	if v.lattice {
		return latticeGroup + "tg-0a1b2c3d4e5f60718"
	}
	return "arn:aws:elasticloadbalancing:" + region + ":" + account + ":targetgroup/" + v.name + "/6d0ecf831eec9f09"
}

// alternateGroup is the target group that stands by for the next deployment, where traffic is shifted.
func (v *service) alternateGroup() string {
	if v.lattice {
		return latticeGroup + "tg-0918273645f5e4d3c"
	}
	return "arn:aws:elasticloadbalancing:" + region + ":" + account + ":targetgroup/" + v.name + "-alt/1c8b3c7f0f3a7a21"
}

// group is the target group in which the tasks of a deployment are: where traffic is shifted, the one in which those of
// the deployment before are not
// (https://docs.aws.amazon.com/AmazonECS/latest/developerguide/blue-green-deployment-how-it-works.html).
func (d *deployment) group() string {
	if d.alternate {
		return d.service.alternateGroup()
	}
	return d.service.targetGroup()
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
	behavior    behavior
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
	startedBy string    // of tasks that no service keeps
	alternate bool      // its tasks are in the alternate target group
	by        Actor     // who started it
	stoppedBy Actor     // who asked for it to be rolled back
	allRan    time.Time // when all its tasks were first healthy at the same time
	external  string    // the id of the deployment of CodeDeploy's that made the task set
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
	d.rollout = rollout
	d.reason = reason
	d.updated = now

}

func (d *deployment) finish(status, why string, now time.Time) {
	d.progress = status
	d.why = why
	d.finished = now

}

// over tells whether the service deployment has reached one of its ends [GUIDE: service-deployment].
func (d *deployment) over() bool { return !d.finished.IsZero() }

// deploy starts a deployment. As the recorded answers of UpdateService show, it is born PRIMARY
// with all counts at 0, and the one that it replaces becomes ACTIVE and keeps its rolloutState.
func (s *Sim) deploy(v *service, r *revision, b behavior) *deployment {
	d := &deployment{
		service: v, number: v.ids.deployment(), status: "PRIMARY", revision: r,
		created: s.now, behavior: b, progress: "PENDING", by: s.actor,
		arn: arn("service-deployment/" + v.cluster.name + "/" + v.name + "/" + v.ids.serviceDeployment()),
	}
	d.set("IN_PROGRESS", fmt.Sprintf("ECS deployment %s in progress.", d.id()), s.now) // [SEEN]
	if d.replaced = v.primary(); d.replaced != nil && v.strategy.name != "" {
		s.enter(v, d, "PRE_SCALE_UP")
		d.alternate = !d.replaced.alternate
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

type updateServiceRequest struct {
	Cluster, Service, TaskDefinition string
	DesiredCount                     *int
	ForceNewDeployment               bool
	GatewayConnectors                []document
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
	case v.express && request.DeploymentConfiguration != nil: // as ecspresso has it, which leaves it out; text unverified
		return nil, clientError(
			"InvalidParameterException", "The deploymentConfiguration of an Express service cannot be updated.",
		)
	case v.scheduling == "DAEMON" && request.DesiredCount != nil:
		// text unverified
		return nil, clientError("InvalidParameterException", "The daemon scheduling strategy does not support a desired "+
			"count.")
	case v.controller == "CODE_DEPLOY" && request.TaskDefinition != "": // [SEEN]
		return nil, clientError("InvalidParameterException", "Unable to update task definition on services with a "+
			"CODE_DEPLOY deployment controller. Use AWS CodeDeploy to trigger a new deployment.")
	case v.controller == "CODE_DEPLOY" && request.ForceNewDeployment: // [SEEN]
		return nil, clientError("InvalidParameterException", "Cannot force a new deployment on services with a "+
			"CODE_DEPLOY deployment controller. Use AWS CodeDeploy to trigger a new deployment.")
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
	if err := s.connect(v, request.GatewayConnectors); err != nil {
		return nil, err
	}
	v.configure(request)
	// The same task definition without force starts nothing: the id stays [GUIDE: update-service-parameters].
	if wanted != runs.revision || request.ForceNewDeployment {
		s.deploy(v, wanted, s.behaviorOf(v, wanted))
	}
	if s.updated.IsZero() {
		s.updated = s.now
	}
	return document{"service": v.describe()}, nil
}

// takes refuses a revision without the container and port of the load balancer [SEEN; the text for a port is
// unverified].
func (v *service) takes(wanted *revision) error {
	for _, balancer := range v.loadBalancers() {
		name, port := balancer["containerName"], balancer["containerPort"]
		at := slices.IndexFunc(wanted.containers(), func(c document) bool { return c["name"] == name })
		if at < 0 {
			return clientError("InvalidParameterException", "The container %s does not exist in the task definition.", name)
		}
		maps := func(m document) bool { return fmt.Sprint(m["containerPort"]) == fmt.Sprint(port) }
		if !slices.ContainsFunc(wanted.containers()[at].list("portMappings"), maps) {
			return clientError(
				"InvalidParameterException", "The container %s did not have a container port %v defined.", name, port,
			)
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
