// Package rollout holds the words that the stages of a deployment share: the nouns, the plan, the
// events and the verdicts. Data only: nothing here calls, waits or prints.
package rollout

import (
	"cmp"
	"encoding/json"
	"fmt"
	"regexp"
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
	Active   bool   // an INACTIVE one still runs, but cannot be deployed
	By       string // the ARN of who registered it
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
	if _, id, found := strings.Cut(arn, ":task-definition/"); found {
		return id
	}
	return arn
}

// Named is a revision of which only the ARN is known.
func Named(arn string) Revision {
	family, number, _ := strings.Cut(RevisionID(arn), ":")
	r := Revision{ARN: arn, Family: family}
	r.Number, _ = strconv.Atoi(number)
	return r
}

// ServiceKey names a service for as long as the action runs.
type ServiceKey struct{ Cluster, Name string }

// Service is a service as DescribeServices tells of it.
type Service struct {
	ServiceKey
	ARN            string
	Region         string
	Status         string // ACTIVE, DRAINING, INACTIVE
	Controller     string // ECS, CODE_DEPLOY, EXTERNAL
	Scheduling     string // REPLICA, DAEMON
	Express        bool   // ECS manages its task definition and load balancer itself
	TaskDefinition string // an ARN: what it was last told to run, not always what runs
	Desired        int
	RollsBack      bool         // the circuit breaker or an alarm takes failed deployments back
	BreakerOn      bool         // the circuit breaker does
	Rolling        bool         // deployments replace tasks step by step, within Minimum and Maximum
	Minimum        int          // percent of the desired tasks that must stay healthy
	Maximum        int          // percent of the desired tasks that may run
	TargetGroups   []string     // ARNs
	Balanced       Balanced     // the container to which the load balancer sends the traffic
	Attached       []Balanced   // all ports of containers that load balancers and registries name; of a port 0 only the container
	Placement      Placement    // of its tasks
	Deployments    []Deployment // newest first
	Events         []ServiceEvent
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

// Share is how much of a count of tasks a capacity provider gets.
type Share struct {
	Provider string `json:"capacityProvider"`
	Weight   int    `json:"weight"`
	Base     int    `json:"base"`
}

// Deployment is one entry of a service's deployments, or of its task sets, where CodeDeploy deploys it.
type Deployment struct {
	ID             string // "ecs-svc/" and a number; of a task set that CodeDeploy made, the id of its deployment
	TaskSet        string // of a task set, its own id
	Status         string // PRIMARY, ACTIVE, INACTIVE, or a word that AWS adds
	State          string // rolloutState: IN_PROGRESS, COMPLETED, FAILED; empty with a Classic Load Balancer
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

// Primary is the newest deployment, the one that ECS works towards.
func (s Service) Primary() (Deployment, bool) {
	for _, d := range s.Deployments {
		if d.Status == "PRIMARY" {
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

// consoles are the hosts of the AWS console by partition; {region} stands for the region
// (https://docs.aws.amazon.com/general/latest/gr/mgmt-console.html). That regions of the other
// partitions have hosts of their own is unverified; that of the European Sovereign Cloud is named in
// https://cambelo.com/posts/aws-european-sovereign-cloud-technical-guide.
var consoles = map[string]string{
	"aws":        "{region}.console.aws.amazon.com",
	"aws-cn":     "{region}.console.amazonaws.cn",
	"aws-us-gov": "{region}.console.amazonaws-us-gov.com",
	"aws-eusc":   "console.amazonaws-eusc.eu",
}

// ConsoleURL is where a person looks at the service's deployments, on the console of the partition
// that its ARN names (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html). It is
// empty for a partition whose console is not known.
func (s Service) ConsoleURL() string {
	host := s.consoleHost()
	if host == "" {
		return ""
	}
	return fmt.Sprintf("https://%s/ecs/v2/clusters/%s/services/%s/deployments?region=%s", host, s.Cluster, s.Name, s.Region)
}

// TaskURL is where a person looks at a task of the service. That the console has it there is unverified: no
// page of AWS's says so.
func (s Service) TaskURL(task string) string {
	host := s.consoleHost()
	if host == "" {
		return ""
	}
	return fmt.Sprintf("https://%s/ecs/v2/clusters/%s/tasks/%s/configuration?region=%s", host, s.Cluster, task, s.Region)
}

// consoleHost is the host of the console, or "" where it is not known.
func (s Service) consoleHost() string {
	parts := strings.SplitN(s.ARN, ":", 3)
	if len(parts) < 3 {
		return ""
	}
	return strings.ReplaceAll(consoles[parts[1]], "{region}", s.Region)
}

// ServiceDeployment is what the service-deployment calls tell of a deployment, and only they.
type ServiceDeployment struct {
	ARN    string
	Status string // PENDING … SUCCESSFUL, STOPPED, ROLLBACK_SUCCESSFUL, ROLLBACK_FAILED, or a new word
	Reason string

	// The rest is of deployments that shift traffic.
	Stage      string   // of the lifecycle
	Production *float64 // percent of production traffic that our tasks get
	Bake       time.Duration
	Hooks      []LifecycleHook
}

// LifecycleHook is a function that ECS or CodeDeploy calls in a stage, or a pause that waits for somebody.
type LifecycleHook struct {
	ID        string
	Pause     bool
	Target    string // of a function
	Status    string // AWAITING_ACTION, IN_PROGRESS, SUCCEEDED, FAILED, TIMED_OUT
	Why       string // it failed, if that is known
	Expires   time.Time
	OnTimeout string // CONTINUE, ROLLBACK or STOP
}

// Waiting is the pause that waits for somebody, if one does.
func (d ServiceDeployment) Waiting() (LifecycleHook, bool) {
	for _, hook := range d.Hooks {
		if d.Status == "IN_PROGRESS" && hook.Pause && hook.Status == "AWAITING_ACTION" {
			return hook, true
		}
	}
	return LifecycleHook{}, false
}

// Stages are those of the lifecycle, in their order
// (https://docs.aws.amazon.com/AmazonECS/latest/developerguide/blue-green-deployment-how-it-works.html).
var Stages = []string{
	"RECONCILE_SERVICE", "PRE_SCALE_UP", "SCALE_UP", "POST_SCALE_UP", "TEST_TRAFFIC_SHIFT", "POST_TEST_TRAFFIC_SHIFT",
	"PRE_PRODUCTION_TRAFFIC_SHIFT", "PRODUCTION_TRAFFIC_SHIFT", "POST_PRODUCTION_TRAFFIC_SHIFT", "BAKE_TIME", "CLEAN_UP",
}

// LastSegment is what stands behind the last slash of an ARN or id: the name of a cluster or service,
// the id of a task, or the number by which a deployment and its service revision are joined. A name
// is its own.
func LastSegment(id string) string { return id[strings.LastIndexByte(id, '/')+1:] }

// InWords is a word of AWS's, such as IN_PROGRESS or InProgress, as one would write it.
func InWords(word string) string {
	if strings.ToUpper(word) != word {
		word = humps.ReplaceAllString(word, "${1} ${2}")
	}
	return strings.ToLower(strings.ReplaceAll(word, "_", " "))
}

var humps = regexp.MustCompile(`([a-z])([A-Z])`)

// World is what a survey found.
type World struct {
	Region   string
	Services []Running
	// Base is the revision that was named to be deployed, if one was.
	Base      *Revision
	Scheduled []ScheduledTask
}

// Running is a service and the revision that it runs.
type Running struct {
	Service    Service
	Revision   Revision
	CodeDeploy CodeDeployGroup // of a service that CodeDeploy deploys
	// Notes say what is out of the ordinary with it.
	Notes []string
}

// WaitFor says when a deployment has come far enough.
type WaitFor string

const (
	Stable    WaitFor = "stable"  // it is complete
	AllRun    WaitFor = "running" // its tasks run and are healthy; older ones may still drain
	DoNotWait WaitFor = "none"
)

// Stage is the stage of the lifecycle that is waited for, as ECS names it, if one is.
func (w WaitFor) Stage() (string, bool) {
	stage := strings.ToUpper(strings.ReplaceAll(string(w), "-", "_"))
	return stage, slices.Contains(Stages, stage)
}

// Plan is everything that is going to be done, decided before anything is.
type Plan struct {
	Region    string
	Revisions []PlannedRevision
	Services  []PlannedService
	WaitFor   WaitFor
	Timeout   time.Duration
	RollBack  bool // what failed, timed out or was cancelled
	Restart   bool // nothing was asked to change: the services are restarted with what they run
	Notes     []string
	// Before and After are tasks that run once, before the first service is updated and after all have
	// succeeded; nil if there is none.
	Before, After *PlannedTask
	// Scheduled are pointed at the new revisions after all services have succeeded.
	Scheduled []PlannedSchedule
	// KeepRevisions is how many of the newest ACTIVE revisions are kept; 0 is all.
	KeepRevisions int
	// ShowValues lets the values of environment variables be shown.
	ShowValues bool
}

// Diff is what changes in the task definitions, as unified diffs: each revision against all that runs
// in its place or, where there is no service, against its base. What changes alike is told once.
func (p Plan) Diff() string {
	var bodies []string
	from, to := map[string][]string{}, map[string][]string{}
	add := func(before Revision, after PlannedRevision) {
		diff := taskdef.Diff(before.Document, after.Document, "before", "after", p.ShowValues)
		_, body, changed := strings.Cut(diff, "--- before\n+++ after\n")
		if !changed {
			return
		}
		if len(from[body]) == 0 {
			bodies = append(bodies, body)
		}
		if !slices.Contains(from[body], before.ID()) {
			from[body] = append(from[body], before.ID())
		}
		if !slices.Contains(to[body], after.Name()) {
			to[body] = append(to[body], after.Name())
		}
	}
	for _, service := range p.Services {
		add(service.Runs, p.Revisions[service.Revision])
	}
	if len(p.Services) == 0 {
		add(p.Revisions[0].Base, p.Revisions[0])
	}
	var diffs string
	for _, body := range bodies {
		diffs += "--- " + Few(from[body]) + "\n+++ " + Few(to[body]) + "\n" + body
	}
	return diffs
}

// Latest is the newest revision of a planned one's family that is known to be there before it is registered; the zero value
// if none is.
func (p Plan) Latest(planned PlannedRevision) Revision {
	latest := planned.Base
	for _, service := range p.Services {
		if runs := service.Runs; runs.Family == planned.Document.Family() && runs.Number > latest.Number {
			latest = runs
		}
	}
	return latest
}

// Account is the id of the account of the services, or "" where there is none.
func (p Plan) Account() string {
	for _, service := range p.Services {
		if parts := strings.Split(service.Service.ARN, ":"); len(parts) > 4 {
			return parts[4]
		}
	}
	return ""
}

// MostNamed is how many are named where there may be hundreds.
const MostNamed = 5

// Few are the first of some names, and how many others there are.
func Few(names []string) string {
	if more := len(names) - MostNamed; more > 0 {
		names = append(slices.Clone(names[:MostNamed]), fmt.Sprintf("and %d others", more))
	}
	return strings.Join(names, ", ")
}

// PlannedRevision is a revision to be deployed.
type PlannedRevision struct {
	Base     Revision
	Document taskdef.Document
	Register bool // false: Base is deployed as it is
	Images   []taskdef.ImageChange
}

// Name is what the revision will be called, as far as that is known.
func (r PlannedRevision) Name() string {
	if r.Register {
		return "a new revision of " + r.Document.Family()
	}
	return r.Base.ID()
}

// PlannedTask is a task that runs once, of a revision that is deployed.
type PlannedTask struct {
	Input     string // that asks for it, run-before or run-after
	Cluster   string
	Revision  int      // an index of Plan.Revisions
	Container string   // that gets the command
	Command   []string // none: what the task definition says
	Essential []string // the containers that must end well
	Timeout   time.Duration
	Detached  bool             // it is not waited for
	Request   taskdef.Document // of RunTask, but for the task definition
}

// PlannedService is a service to be updated.
type PlannedService struct {
	Service  Service
	Runs     Revision
	Revision int // an index of Plan.Revisions
	Update   Update
	// CodeDeploy carries the deployment out, where it is not nil, and Update is sent before if it has
	// anything to say.
	CodeDeploy *PlannedCodeDeploy
}

// Update is what UpdateService is sent beside the names; what is not set is not sent.
type Update struct {
	TaskDefinition        string // an ARN, filled in once it is known
	Force                 bool
	Desired               *int32
	MinimumHealthyPercent *int32
	MaximumPercent        *int32
	Patch                 taskdef.Patch // over all of that
}

// OfService is what of an update is about the service, and not about what it runs, and whether that is
// anything.
func (u Update) OfService() (Update, bool) {
	u.TaskDefinition, u.Force = "", false
	return u, u.Desired != nil || u.MinimumHealthyPercent != nil || u.MaximumPercent != nil || !u.Patch.Empty()
}

// Request is the body of UpdateService. The error is that of the patch.
func (u Update) Request(service ServiceKey) (taskdef.Document, error) {
	type configuration struct {
		MinimumHealthyPercent *int32 `json:"minimumHealthyPercent,omitempty"`
		MaximumPercent        *int32 `json:"maximumPercent,omitempty"`
	}
	request := struct {
		Cluster                 string         `json:"cluster"`
		Service                 string         `json:"service"`
		TaskDefinition          string         `json:"taskDefinition,omitempty"`
		DesiredCount            *int32         `json:"desiredCount,omitempty"`
		ForceNewDeployment      bool           `json:"forceNewDeployment,omitempty"`
		DeploymentConfiguration *configuration `json:"deploymentConfiguration,omitempty"`
	}{service.Cluster, service.Name, u.TaskDefinition, u.Desired, u.Force, nil}
	if u.MinimumHealthyPercent != nil || u.MaximumPercent != nil {
		request.DeploymentConfiguration = &configuration{u.MinimumHealthyPercent, u.MaximumPercent}
	}
	body, err := json.Marshal(request)
	if err != nil {
		return taskdef.Document{}, err
	}
	document, err := taskdef.Parse(body)
	if err != nil {
		return taskdef.Document{}, err
	}
	return u.Patch.Apply(document)
}

// Evidence is what there is to explain a deployment that did not succeed.
type Evidence struct {
	Verdict    Verdict
	Service    Service        // as it was last seen
	Deployment Deployment     // as it was last seen
	Older      int            // tasks of other deployments that still run
	Stage      string         // of the lifecycle, if it has one
	Waiting    bool           // for somebody to continue it
	CodeDeploy CodeDeployment // that carries it out, as it was last seen
	Hook       string         // the function of the lifecycle event that failed, if that is known
	Failed     []Task         // tasks of the deployment, oldest first
	Events     []ServiceEvent // since the deployment began, newest first
	Targets    []TargetHealth // of the deployment's tasks that run
	Log        LogTail        // of the container that failed last
}

// TargetHealth is what a load balancer says of a task that it finds not healthy.
type TargetHealth struct {
	Target      string // an address and a port
	State       string
	Reason      string // a code, such as Target.ResponseCodeMismatch
	Description string
}

// LogTail is the last lines that a container wrote.
type LogTail struct {
	Container string
	Task      string // its id
	Group     string
	Stream    string
	Lines     []string
}

// Finding is one explanation: what happened, the likely cause, and the next step, each a sentence.
type Finding struct {
	What  string
	Cause string // empty where it is not known
	Next  string
}
