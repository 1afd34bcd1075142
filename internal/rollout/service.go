package rollout

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"ecs-deploy/internal/taskdef"
)

// Revision is a registered task definition.
type Revision struct {
	ARN      string
	Family   string
	Number   int
	Active   bool      // an INACTIVE one still runs, but cannot be deployed
	Daemon   bool      // it is of a managed daemon
	By       string    // the ARN of who registered it
	Made     time.Time // when it was registered
	Document taskdef.Document
}

// ID is "family:revision", or the family alone of what is not registered.
func (r Revision) ID() string {
	if r.Number == 0 {
		return r.Family
	}
	return fmt.Sprintf("%s:%d", r.Family, r.Number)
}

// RevisionID cuts "family:revision" out of the ARN of a task definition. What is no ARN stays.
func RevisionID(arn string) string {
	for _, kind := range []string{":task-definition/", ofDaemon} {
		if _, id, found := strings.Cut(arn, kind); found {
			return id
		}
	}
	return arn
}

// ofDaemon is in the ARNs of task definitions of managed daemons.
const ofDaemon = ":daemon-task-definition/"

// IsOfDaemon tells whether an ARN is that of a task definition of a managed daemon.
func IsOfDaemon(arn string) bool { return strings.Contains(arn, ofDaemon) }

// Named is a revision of which only the ARN is known.
func Named(arn string) Revision {
	family, number, _ := strings.Cut(RevisionID(arn), ":")
	r := Revision{ARN: arn, Family: family, Daemon: IsOfDaemon(arn)}
	r.Number, _ = strconv.Atoi(number)
	return r
}

// Place is where services are.
type Place struct {
	Region  string
	Account string // its id; empty: there is only one account, that of the credentials
}

// String is the region, and the account where there are several.
func (p Place) String() string {
	if p.Account == "" {
		return p.Region
	}
	return p.Region + " of account " + p.Account
}

// PlaceOf is the place of what an ARN names.
func PlaceOf(arn string) Place {
	const region = 3
	parts := strings.Split(arn, ":")
	if len(parts) <= region+1 {
		return Place{}
	}
	return Place{Region: parts[region], Account: parts[region+1]}
}

// ServiceKey names a service for as long as the action runs.
type ServiceKey struct {
	Place
	Cluster, Name string
	ManagedDaemon bool // it is no service, but a managed daemon
}

// Noun is what it is called: a service or a daemon.
func (k ServiceKey) Noun() string {
	if k.ManagedDaemon {
		return "daemon"
	}
	return "service"
}

// Service is a service as DescribeServices tells of it.
type Service struct {
	ServiceKey
	ARN            string
	URL            string // where a person looks at its deployments; empty where the console is not known
	Status         ServiceStatus
	Controller     Controller
	Daemon         bool   // it runs a task on every container instance
	TaskDefinition string // an ARN: what it was last told to run, not always what runs
	Desired        int
	Breaker        Monitor // the circuit breaker
	Alarms         Monitor
	Rolling        bool // deployments replace tasks step by step, within Minimum and Maximum
	Minimum        int  // percent of the desired tasks that must stay healthy
	Maximum        int  // percent of the desired tasks that may run
	Strategy       Strategy
	TargetGroups   []string // ARNs, also of those in which the tasks of the next deployment are
	Balanced       Balanced // the container to which the load balancer sends the traffic
	// all ports of containers that load balancers and registries name; of a port 0 only the container
	Attached    []Balanced
	Placement   Placement    // of its tasks
	Deployments []Deployment // newest first; of a managed daemon its revisions, those on most instances first
	Latest      string       // of a managed daemon: the ARN of its newest deployment
	// LastDeployment is that deployment, where it was read with it; nil: it was not.
	LastDeployment *DaemonDeployment
	Events         []ServiceEvent
}

// Rolls tells whether ECS itself replaces its tasks, step by step.
func (s Service) Rolls() bool { return s.Rolling && s.Controller == ControlledByECS }

// Counts are how many tasks of a service run and are wanted, and the limits for a rollout.
type Counts struct {
	Running, Desired int
	Minimum, Maximum int // percent
}

// Counts are those of a service that runs a revision.
func (s Service) Counts(runs Revision) Counts {
	counts := Counts{Desired: s.Desired, Minimum: s.Minimum, Maximum: s.Maximum}
	for _, d := range s.Deployments {
		if d.TaskDefinition == runs.ARN {
			counts.Running += d.Running
		}
	}
	return counts
}

// Monitor is what watches deployments and fails those that go wrong.
type Monitor struct {
	On        bool
	RollsBack bool // what it fails
}

// RollsBack tells whether ECS is set to roll anything back that it fails.
func (s Service) RollsBack() bool { return s.Breaker.RollsBack || s.Alarms.RollsBack }

// Account is the id of the account of an ARN, or "" where there is none.
func Account(arn string) string {
	return PlaceOf(arn).Account
}

// Balanced is a port of a container to which a load balancer sends traffic; zero if there is none.
type Balanced struct {
	Container string
	Port      int
}

// Placement is where and on what tasks run.
type Placement struct {
	LaunchType      string  // or
	Capacity        []Share // or neither, for the default of the cluster
	PlatformVersion string
	Subnets         []string // in network mode awsvpc
	SecurityGroups  []string
	PublicIP        string // ENABLED or DISABLED
	ManagedTags     bool   // ECS tags the tasks
}

// Scales tells whether instances may be added for the tasks: by capacity providers but Fargate's, which has no
// instances.
func (p Placement) Scales() bool {
	return slices.ContainsFunc(
		p.Capacity,
		func(s Share) bool { return s.Provider != "FARGATE" && s.Provider != "FARGATE_SPOT" },
	)
}

// Share is how much of a count of tasks a capacity provider gets.
type Share struct {
	Provider string `json:"capacityProvider"`
	Weight   int    `json:"weight"`
	Base     int    `json:"base"`
}

// Deployment is one entry of a service's deployments, or of its task sets, where those are its deployments.
type Deployment struct {
	ID             string // "ecs-svc/" and a number; of a task set, what made it calls it by
	TaskSet        string // of a task set, its own id
	ARN            string // of a deployment, or revision, of a managed daemon
	URL            string // where a person looks at it, if that is not with the service
	Status         DeploymentStatus
	State          RolloutState
	StateReason    string
	TaskDefinition string // an ARN
	Desired        int
	Pending        int
	Running        int
	Failed         int
	Created        time.Time
	Updated        time.Time
}

// Starter is what its tasks are started by.
func (d Deployment) Starter() string { return cmp.Or(d.TaskSet, d.ID) }

// ServiceEvent is one line of what ECS tells about a service.
type ServiceEvent struct {
	ID      string
	At      time.Time
	Message string
}

// Primary is the newest deployment, the one that ECS works toward.
func (s Service) Primary() (Deployment, bool) {
	for _, d := range s.Deployments {
		if d.Status == DeploymentPrimary {
			return d, true
		}
	}
	return Deployment{}, false
}

// Deployment finds a deployment by its id.
func (s Service) Deployment(id string) (Deployment, bool) {
	for _, d := range s.Deployments {
		if d.ID == id {
			return d, true
		}
	}
	return Deployment{}, false
}

// Newest is the deployment that was started last. It is not the PRIMARY while it is rolled back, which makes an older
// one the PRIMARY again, by its own id and with the time of its own creation.
func (s Service) Newest() (Deployment, bool) {
	if len(s.Deployments) == 0 {
		return Deployment{}, false
	}
	return slices.MaxFunc(s.Deployments, func(a, b Deployment) int { return a.Created.Compare(b.Created) }), true
}

// DeployedSince is the newest deployment, if it is another one than at an earlier read.
func (s Service) DeployedSince(earlier Service) (Deployment, bool) {
	if s.ManagedDaemon { // whose deployments are not listed
		return Deployment{ID: LastSegment(s.Latest), ARN: s.Latest}, s.Latest != earlier.Latest
	}
	newest, _ := s.Newest()
	before, _ := earlier.Newest()
	return newest, newest.ID != before.ID
}

// Completed is the newest deployment but one that has come to its good end: what ECS rolls back to.
func (s Service) Completed(but string) (Deployment, bool) {
	completed := s
	completed.Deployments = slices.DeleteFunc(slices.Clone(s.Deployments), func(d Deployment) bool {
		return d.ID == but || d.State != RolloutCompleted
	})
	return completed.Newest()
}

// OlderThan tells whether the service was read as it was before another read of it: AWS does not promise that a later
// read shows a later moment.
func (s Service) OlderThan(other Service) bool { return s.latest().Before(other.latest()) }

// latest is the latest time, by the clock of AWS, of which a read of the service tells.
func (s Service) latest() time.Time {
	latest := s.LatestEvent(time.Time{})
	for _, d := range s.Deployments {
		for _, at := range []time.Time{d.Created, d.Updated} {
			if at.After(latest) {
				latest = at
			}
		}
	}
	return latest
}

// OthersRunning counts the tasks that run of other deployments than one.
func (s Service) OthersRunning(id string) int {
	running := 0
	for _, d := range s.Deployments {
		if d.ID != id {
			running += d.Running
		}
	}
	return running
}

// LatestEvent is when, by the clock of AWS, the latest of the service's events was; the other time if that is later.
func (s Service) LatestEvent(otherwise time.Time) time.Time {
	if len(s.Events) > 0 && s.Events[0].At.After(otherwise) {
		return s.Events[0].At
	}
	return otherwise
}

// ServiceDeployment is what the service-deployment calls tell of a deployment, and only they.
type ServiceDeployment struct {
	ARN      string
	Status   ServiceDeploymentStatus
	Reason   string
	Updated  time.Time // when ECS last changed it: of two reads the later shows the later moment
	Breaker  BreakerCount
	Alarmed  bool     // an alarm went off
	Alarms   []string // that went off, by name
	Rollback string   // the ARN of the service revision that it is rolled back to
	WentTo   string   // the same, as the ARN of a task definition, where that is known

	// The rest is of deployments that shift traffic.
	Stage        string   // of the lifecycle
	Production   *float64 // percent of production traffic that our tasks get
	BakeInterval time.Duration
	Hooks        []LifecycleHook
}

// BreakerCount is how far the circuit breaker is with a deployment.
type BreakerCount struct {
	Status              MonitorStatus
	Failures, Threshold int
}

// Of is the kind of deployments that it is about.
func (ServiceDeployment) Of() Controller { return ControlledByECS }

// LifecycleHook is a function that is called in a stage of a deployment, or a pause that waits for approval.
type LifecycleHook struct {
	ID        string
	Stage     string // at which it was called; empty: that is not known
	Pause     bool
	Target    string // of a function; empty where that is not told
	Status    HookStatus
	Why       string // it failed, if that is known
	Expires   time.Time
	OnTimeout TimeoutAction
}

// Awaits tells whether the hook is a pause that waits for approval.
func (h LifecycleHook) Awaits() bool { return h.Pause && h.Status == HookAwaitingAction }

// Unanswered tells whether the hook is a pause that nobody let go on in time, which ended the deployment.
func (h LifecycleHook) Unanswered() bool {
	return h.Pause && h.Status == HookTimedOut && h.OnTimeout != OnTimeoutContinue
}

// TimeoutAction is what happens when nobody lets a pause go on in time.
type TimeoutAction string

// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentLifecycleHook.html has the first two.
const (
	OnTimeoutRollback TimeoutAction = "ROLLBACK"
	OnTimeoutContinue TimeoutAction = "CONTINUE"
	OnTimeoutStop     TimeoutAction = "STOP"
)

// Waiting is the pause that waits for approval, if one does.
func (d ServiceDeployment) Waiting() (LifecycleHook, bool) {
	for _, hook := range d.Hooks {
		if d.Status == ServiceDeploymentInProgress && hook.Awaits() {
			return hook, true
		}
	}
	return LifecycleHook{}, false
}

// LastSegment is what stands behind the last slash of an ARN or id: the name of a cluster or service,
// the id of a task, or the number by which a deployment and its service revision are joined. A name
// is its own.
func LastSegment(id string) string { return id[strings.LastIndexByte(id, '/')+1:] }
