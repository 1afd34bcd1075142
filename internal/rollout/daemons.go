package rollout

import (
	"encoding/json"
	"time"
)

// ControlledByDaemon is no word of AWS's: managed daemons have no deployment controller. ECS carries their deployments
// out (https://docs.aws.amazon.com/AmazonECS/latest/developerguide/managed-daemons-deployments.html).
const ControlledByDaemon Controller = "DAEMON"

// DaemonDeploymentStatus is the status of a deployment of a managed daemon.
type DaemonDeploymentStatus string

// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DaemonDeployment.html
const (
	DaemonDeploymentPending            DaemonDeploymentStatus = "PENDING"
	DaemonDeploymentInProgress         DaemonDeploymentStatus = "IN_PROGRESS"
	DaemonDeploymentSuccessful         DaemonDeploymentStatus = "SUCCESSFUL"
	DaemonDeploymentStopped            DaemonDeploymentStatus = "STOPPED"
	DaemonDeploymentStopRequested      DaemonDeploymentStatus = "STOP_REQUESTED"
	DaemonDeploymentRollbackInProgress DaemonDeploymentStatus = "ROLLBACK_IN_PROGRESS"
	DaemonDeploymentRollbackSuccessful DaemonDeploymentStatus = "ROLLBACK_SUCCESSFUL"
	DaemonDeploymentRollbackFailed     DaemonDeploymentStatus = "ROLLBACK_FAILED"
)

// Over tells whether the deployment has come to one of its ends.
func (s DaemonDeploymentStatus) Over() bool {
	return s == DaemonDeploymentSuccessful || s == DaemonDeploymentStopped ||
		s == DaemonDeploymentRollbackSuccessful || s == DaemonDeploymentRollbackFailed
}

// DaemonDeployment is a deployment of a managed daemon. Its counts are of instances.
type DaemonDeployment struct {
	ARN      string
	Status   DaemonDeploymentStatus
	Reason   string
	Created  time.Time
	Finished time.Time // zero: it is not over
	Target   DaemonRevision
	Sources  []DaemonRevision // that it replaces
	Breaker  BreakerCount
	Alarms   []string // that went off, by name
	Back     string   // why it is, or was, rolled back
	WentTo   string   // and the ARN of the daemon revision to which
	Bake     time.Duration
	Drains   float64 // percent of the instances that are drained at a time; 0: as usual
	// Configuration is how the daemon is deployed, as AWS tells it; nil: it tells none.
	Configuration json.RawMessage
}

// Of is the kind of deployments that it is.
func (DaemonDeployment) Of() Controller { return ControlledByDaemon }

// Runs is the revision that the daemon is taken to run: the one that is being deployed, or was; the one that it is
// rolled back to; and after a failure without a rollback the one that was replaced, on most instances.
func (d DaemonDeployment) Runs() DaemonRevision {
	switch d.Status {
	case DaemonDeploymentPending, DaemonDeploymentInProgress, DaemonDeploymentSuccessful:
		return d.Target
	}
	if before, is := d.Before(); is {
		return before
	}
	return d.Target
}

// Before is the revision that a rollback goes to, or else the one that was replaced, on most instances; false: there is
// none.
func (d DaemonDeployment) Before() (before DaemonRevision, is bool) {
	for _, source := range d.Sources {
		if source.ARN == d.WentTo {
			return source, true
		}
		if !is || source.Running > before.Running {
			before, is = source, true
		}
	}
	return before, is
}

// On is on how many instances a task definition is: the deployed one, or one that is replaced.
func (d DaemonDeployment) On(taskDefinition string) int {
	if taskDefinition == "" || taskDefinition == d.Target.TaskDefinition {
		return d.Target.Running
	}
	var running int
	for _, source := range d.Sources {
		if source.TaskDefinition == taskDefinition {
			running += source.Running
		}
	}
	return running
}

// Instances is on how many instances the deployment is, or what it replaces, as far as it tells.
func (d DaemonDeployment) Instances() int {
	var all int
	for _, r := range append([]DaemonRevision{d.Target}, d.Sources...) {
		all += r.Running + r.Draining + r.Without
	}
	return all
}

// DaemonRevision is a revision of a daemon, and on how many instances it is.
type DaemonRevision struct {
	ARN            string
	TaskDefinition string   // its ARN
	Providers      []string // the ARNs of the capacity providers
	Running        int
	Draining       int
	Without        int // instances that run on without the daemon
}

// Listed is the deployment in the shape of those of services.
func (d DaemonDeployment) Listed() Deployment {
	listed := Deployment{
		ID: LastSegment(d.ARN), TaskDefinition: d.Target.TaskDefinition, Running: d.Target.Running,
		Failed: d.Breaker.Failures, Created: d.Created, Updated: d.Finished, StateReason: d.Reason,
	}
	switch d.Status {
	case DaemonDeploymentSuccessful:
		listed.State = RolloutCompleted
	case DaemonDeploymentPending, DaemonDeploymentInProgress:
		listed.State = RolloutInProgress
	default:
		listed.State = RolloutFailed
	}
	return listed
}

// ManagedDaemon is what only a managed daemon has: its last deployment, and what UpdateDaemon must be sent back.
type ManagedDaemon struct {
	Last           DaemonDeployment
	Instances      int      // on which it is, or which run on without it
	Providers      []string // the ARNs of its capacity providers
	Critical       *bool
	ManagedTags    *bool
	ExecuteCommand *bool
	PropagateTags  string
}

// Of is the kind of deployments that it is about.
func (ManagedDaemon) Of() Controller { return ControlledByDaemon }
