package ecssim

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"
)

// behavior is what becomes of the tasks of a deployment.
type behavior struct {
	provision time.Duration // in PROVISIONING
	pull      time.Duration // in PENDING
	activate  time.Duration // in ACTIVATING
	healthy   time.Duration // in RUNNING, until it counts as healthy
	judged    time.Duration // in RUNNING, until the load balancer finds it not healthy; 0 is as usual
	fate      *fate         // nil: it runs on
	nowhere   string        // not empty: no task can be placed, and why
	log       []string      // what its first container writes
	moved     bool          // the tag of the image is moved after one task has pulled it
	deaf      bool          // its containers do not end when they are told to
}

// given tells whether it is said how a task fares.
func (b behavior) given() bool { return !reflect.ValueOf(b).IsZero() }

// fate is how a task dies.
type fate struct {
	in    string        // the lastStatus in which it happens
	after time.Duration // in that status

	stopCode        string
	stoppedReason   string
	containerReason string
	exitCode        *int
	containers      []ContainerWords // nil: the first container alone has a reason and an exit code
	event           string           // what the service says of it
	drains          bool             // the scheduler stops it, rather than it stopping
}

type task struct {
	id         string
	deployment *deployment
	status     string // lastStatus [GUIDE: task-lifecycle-explanation]
	since      time.Time
	created    time.Time
	ran        time.Time // when it was RUNNING
	pulling    time.Time // since when images are pulled, and until when
	pulled     time.Time
	healthy    bool
	stopping   time.Time // when its desiredStatus became STOPPED
	stopped    time.Time
	stopCode   string
	reason     string
	container  string // the container's reason
	exitCode   *int
}

func (t *task) arn() string {
	return arn("task/" + t.deployment.service.cluster.name + "/" + t.id)
}

// address is the task's own, made of its id.
func (t *task) address() string {
	var a, b int
	fmt.Sscanf(t.id[:4], "%2x%2x", &a, &b)
	return fmt.Sprintf("10.0.%d.%d", a, b)
}

func (t *task) wanted() bool { return t.stopping.IsZero() }

func (t *task) move(status string, now time.Time) { t.status, t.since = status, now }

// Draining takes so long: DEACTIVATING while the load balancer lets go, then STOPPING.
const (
	deregistrationTimeout = 30 * time.Second
	stopTimeout           = 5 * time.Second
	killTimeout           = 30 * time.Second // of containers without a stopTimeout of their own
)

// deprovisionInterval is how long a task that runs once is DEPROVISIONING, with containers that have stopped, before it
// is STOPPED [GUIDE: task-lifecycle-explanation]. How long that takes is unverified.
const deprovisionInterval = 10 * time.Second

// retentionAge is how long a stopped task can be seen: "at least one hour" [SDK: ListTasks].
const retentionAge = time.Hour

// drainTime is the deregistration delay of target groups.
func (s *Sim) drainTime() time.Duration { return cmp.Or(s.scenario.drain, deregistrationTimeout) }

// live takes a task one tick further.
func (s *Sim) live(t *task) {
	b := t.deployment.behavior
	spent := s.now.Sub(t.since)
	if f := b.fate; f != nil && t.wanted() && t.status == f.in && spent >= f.after {
		s.die(t, f)
		return
	}
	switch {
	case t.status == "PROVISIONING" && spent >= b.provision:
		t.move("PENDING", s.now)
		t.pulling = s.now
	case t.status == "PENDING" && spent >= b.pull:
		t.move("ACTIVATING", s.now)
		t.pulled = s.now
	case t.status == "ACTIVATING" && spent >= b.activate:
		t.move("RUNNING", s.now)
		t.ran = s.now
	case t.status == "RUNNING" && !t.healthy && t.wanted() && spent >= b.healthy:
		t.healthy = true
		t.deployment.failed = 0
	case t.status == "DEACTIVATING" && spent >= s.drainTime():
		t.move("STOPPING", s.now)
	case t.status == "STOPPING" && b.deaf && t.exitCode == nil: // it is killed after its stopTimeout [SDK]
		if spent >= killTimeout {
			t.exitCode = exit(137)
			t.end(s.now)
		}
	case t.status == "STOPPING" && spent >= stopTimeout, t.status == "DEPROVISIONING" && spent >= deprovisionInterval:
		t.end(s.now)
	}
}

// die lets a task meet its fate, and counts it as a failure of its deployment. ECS documents that
// for tasks that never run and for those that fail health checks [API: Deployment.failedTasks]; that
// it holds as well for a task whose container exits before it counts as healthy is unverified.
func (s *Sim) die(t *task, f *fate) {
	d := t.deployment
	t.stopCode = f.stopCode
	t.reason = f.stoppedReason
	t.container = f.containerReason
	t.exitCode = f.exitCode
	t.reason = s.expand(t.reason, t)
	t.container = s.expand(t.container, t)
	if f.event != "" {
		s.sayOf(d, "%s", s.expand(f.event, t))
	}
	d.failed++
	d.updated = s.now
	if t.ran.IsZero() {
		d.launchAfter = s.now.Add(backOff(d.failed))
	}
	if f.drains {
		s.stop(t, "")
		return
	}
	t.stopping = s.now
	if d.number == "" && !t.ran.IsZero() {
		t.move("DEPROVISIONING", s.now)
		return
	}
	t.end(s.now)
}

// expand puts the names of this world into a text.
func (s *Sim) expand(text string, t *task) string {
	image := ""
	if containers := t.deployment.revision.containers(); len(containers) > 0 {
		image = containers[0].str("image")
	}
	return strings.NewReplacer(
		"{task}", t.id, "{targets}", t.deployment.group(), "{image}", image,
	).Replace(text)
}

// backOff is how long ECS waits before it tries again after tasks that never ran. AWS documents a
// growing delay of at most 15 minutes [GUIDE: service-throttle-logic]; its steps are unverified.
func backOff(failures int) time.Duration {
	return min(time.Minute<<min(failures-1, 10), 15*time.Minute)
}

// stop asks a task to go. The reason of a task that is dying already stays.
func (s *Sim) stop(t *task, reason string) {
	t.stopping = s.now
	if t.stopCode == "" {
		t.stopCode, t.reason = "ServiceSchedulerInitiated", reason
	}
	if t.status == "RUNNING" {
		t.move("DEACTIVATING", s.now)
	} else {
		t.move("STOPPING", s.now)
	}
}

func (t *task) end(now time.Time) {
	t.move("STOPPED", now)
	t.stopped = now
	if t.exitCode == nil && !t.ran.IsZero() {
		t.exitCode = new(int) // it came down in good order
	}
}

// count is the number of the deployment's tasks in that lastStatus.
func (d *deployment) count(status string) int {
	n := 0
	for _, t := range d.tasks {
		if t.status == status {
			n++
		}
	}
	return n
}

func (d *deployment) pending() int {
	return d.count("PROVISIONING") + d.count("PENDING") + d.count("ACTIVATING")
}

func (d *deployment) healthy() int {
	n := 0
	for _, t := range d.tasks {
		if t.healthy && t.wanted() {
			n++
		}
	}
	return n
}

// alive are the tasks that are not stopped; wantedTasks those of them that are to stay.
func (d *deployment) alive() int { return len(d.tasks) - d.count("STOPPED") }

func (d *deployment) wantedTasks() []*task {
	var wanted []*task
	for _, t := range d.tasks {
		if t.wanted() {
			wanted = append(wanted, t)
		}
	}
	return wanted
}

type listTasksRequest struct {
	Cluster, ServiceName, DaemonName, StartedBy, Family, DesiredStatus, NextToken string
	MaxResults                                                                    int
}

func (s *Sim) listTasks(request listTasksRequest) (any, error) {
	c, err := s.findCluster(request.Cluster)
	if err != nil {
		return nil, err
	}
	among := tasksOf(c.services)
	switch {
	case request.ServiceName != "":
		v := c.find(request.ServiceName)
		if v == nil {
			return nil, clientError("ServiceNotFoundException", "Service not found.")
		}
		among = tasksOf([]*service{v})
	case request.DaemonName != "":
		among = c.tasksOfDaemon(request.DaemonName)
	}
	running := request.DesiredStatus != "STOPPED" // RUNNING unless asked otherwise [API]
	var found []*task
	for _, t := range among {
		if t.wanted() == running &&
			(request.StartedBy == "" || request.StartedBy == t.deployment.id()) &&
			(request.Family == "" || request.Family == t.deployment.revision.family) {
			found = append(found, t)
		}
	}
	slices.SortStableFunc(found, func(a, b *task) int { return b.created.Compare(a.created) })
	var arns []string
	for _, t := range found {
		arns = append(arns, t.arn())
	}
	return paged("taskArns", arns, request.MaxResults, 100, request.NextToken), nil
}

func tasksOf(services []*service) []*task {
	var all []*task
	for _, v := range services {
		for _, d := range v.history {
			all = append(all, d.tasks...)
		}
	}
	return all
}

type describeTasksRequest struct {
	Cluster string
	Tasks   []string
}

func (s *Sim) describeTasks(request describeTasksRequest) (any, error) {
	c, err := s.findCluster(request.Cluster)
	if err != nil {
		return nil, err
	}
	if len(request.Tasks) == 0 {
		return nil, clientError("InvalidParameterException", "Tasks cannot be empty.") // [SEEN]
	}
	if len(request.Tasks) > 100 { // [API]; text unverified
		return nil, clientError("InvalidParameterException", "Tasks must have at most 100 items.")
	}
	described, failures := []document{}, []document{}
	all := c.tasks()
	for _, wanted := range request.Tasks {
		at := slices.IndexFunc(all, func(t *task) bool { return t.id == wanted || t.arn() == wanted })
		if at >= 0 {
			described = append(described, all[at].describe())
		} else {
			failures = append(failures, missing(arn("task/"+c.name+"/"+wanted[strings.LastIndex(wanted, "/")+1:])))
		}
	}
	return document{"tasks": described, "failures": failures}, nil
}
