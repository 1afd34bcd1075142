package rollout

import (
	"time"

	"ecs-deploy/internal/taskdef"
)

// Evidence is what there is to explain a deployment that did not succeed: the words of AWS, and counts.
type Evidence struct {
	TimedOut    bool
	Progress    Progress       // when it ended
	Said        string         // what AWS says on why it ended
	Code        string         // the error code that it gave, if it gives any
	FailedEvent string         // the lifecycle event whose hook failed, if one did
	FailedWhy   string         // why it did
	Hook        string         // the function that it calls, if that is known
	Route       string         // the status of the gateway route that failed, if one did
	Failures    []Task         // tasks of the deployment, oldest first
	Events      []string       // of the service since the deployment began, newest first
	Targets     []TargetHealth // of the deployment's tasks that run
	Healthy     bool           // load balancers find all of those healthy
	Checks      []HealthCheck  // of the target groups, where they matter and may be read
	Log         LogTail        // of the container that failed first, of the last task
}

// TargetHealth is what a load balancer says of a task that it finds not healthy.
type TargetHealth struct {
	Target      string // an address and a port
	State       string
	Reason      string // a code, such as Target.ResponseCodeMismatch
	Description string
}

// HealthCheck is how a load balancer checks the targets of a group.
type HealthCheck struct {
	Group     string // an ARN
	Protocol  string // HTTP, HTTPS or TCP, say
	Port      string // a number; empty: that on which the target gets its traffic
	Path      string // empty: it only connects
	Wants     string // the codes of a healthy answer
	Interval  time.Duration
	Timeout   time.Duration
	Threshold int // failures in a row that make a target unhealthy
}

// TargetGroup is what of a load balancer's target group takes time in a deployment.
type TargetGroup struct {
	Name     string
	Interval time.Duration // between two health checks of a target
	Drain    time.Duration // its deregistration delay; 0: it is not known, or there is none
}

// Answer is what a health check got.
type Answer struct {
	Check HealthCheck // as far as it is known
	Codes string      // of the answer; empty: it is not known, or there was none
	Late  bool        // none came in time
	// Lattice tells that VPC Lattice asked, and no load balancer.
	Lattice bool
}

// LogTail is the last lines that a container wrote, and where it writes them. Without lines it wrote none yet, or they
// cannot be read.
type LogTail struct {
	Cause     Cause // of the tasks one of which wrote it
	Container string
	Task      string // its id
	Kept      taskdef.Log
	Stream    string
	URL       string   // where a person reads all of it; empty where the console is not known
	Error     []string // the lines around the one that looks like the error, where it is none of the last
	Skipped   int      // how many lines there are between
	Lines     []string // the last
	Line      string   // that looks like the error, as it was written; empty: none does
	Says      string   // what it says
}

// Ids of causes that no words of AWS tell. UnknownCause is also that of one that has no id of its own.
const (
	UnknownCause    = "unknown"
	BadInputCause   = "bad-input"         // what is asked for cannot be
	RefusedCause    = "refused"           // by AWS, or a call did not reach it
	AnotherCause    = "another-service"   // failed, and this one was rolled back with it
	DeletedCause    = "service-deleted"   // by someone, during the deployment
	AwaitsApproval  = "awaits-approval"   // who has to continue the deployment
	TimeoutTooShort = "timeout-too-short" // for what the deployment is set to
)

// Finding is one explanation: what it is about, the likely cause, and the next step.
type Finding struct {
	ID    string // of the cause; empty: it is not known
	About About
	Tasks int    // how many it is about
	Of    int    // of how many
	Cause Cause  // for which tasks failed
	Said  string // the words of AWS
	Code  string // its error code
	Event string // the lifecycle event or stage
	Hook  string // the function that it calls
	// Answer is what the health check of the load balancer got, of tasks that it does not find healthy; nil: not known.
	Answer *Answer
	Means  string // the likely cause, a sentence; empty where it is not known
	Next   string // the next step, a sentence
}

// About is what a finding is about.
type About string

const (
	AboutTasks      About = "tasks"      // that failed
	AboutPlace      About = "place"      // that was found for no task
	AboutTargets    About = "targets"    // that a load balancer does not find healthy
	AboutEvent      About = "event"      // of the service
	AboutEnding     About = "ending"     // of the deployment, as the verdict has it
	AboutHook       About = "hook"       // that failed
	AboutError      About = "error"      // by which the deployment ended
	AboutWaiting    About = "waiting"    // for someone to continue it
	AboutTraffic    About = "traffic"    // that someone has to let move
	AboutUnanswered About = "unanswered" // pause, which ended the deployment
	AboutKept       About = "kept"       // the old tasks are, when all traffic has moved
	AboutPending    About = "pending"    // tasks do not get to RUNNING
	AboutUnstarted  About = "unstarted"  // tasks are not started
	AboutInstances  About = "instances"  // instances are still draining
	AboutStage      About = "stage"      // that takes long
	AboutRoute      About = "route"      // of a gateway, which failed
	AboutUnrouted   About = "unrouted"   // the service is, by a gateway
	AboutOlder      About = "older"      // tasks still run
	AboutIncomplete About = "incomplete" // the deployment is, though all tasks run
)
