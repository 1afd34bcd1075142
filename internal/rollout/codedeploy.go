package rollout

import (
	"slices"
	"time"

	"ecs-deploy/internal/taskdef"
)

// ControlledByCodeDeploy is the controller of services whose deployments CodeDeploy carries out.
const ControlledByCodeDeploy Controller = "CODE_DEPLOY"

// The states of a deployment of CodeDeploy's, and of its target
// (https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_DeploymentInfo.html,
// https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_ECSTarget.html).
const (
	CodeDeployCreated    CodeDeployStatus = "Created"
	CodeDeployReady      CodeDeployStatus = "Ready"
	CodeDeployInProgress CodeDeployStatus = "InProgress"
	CodeDeploySucceeded  CodeDeployStatus = "Succeeded"
	CodeDeployFailed     CodeDeployStatus = "Failed"
	CodeDeployStopped    CodeDeployStatus = "Stopped"
)

// CodeDeployStatus is the status of a deployment, a target or a lifecycle event of CodeDeploy's.
type CodeDeployStatus string

// The error codes of CodeDeploy that decide anything here
// (https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_ErrorInformation.html).
const (
	CodeDeployAlarmActive = "ALARM_ACTIVE"
	CodeDeployHookFailed  = "HOOK_EXECUTION_FAILURE"
	CodeDeployTimeout     = "TIMEOUT"
)

// The events on which CodeDeploy rolls back
// (https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_AutoRollbackConfiguration.html).
const (
	CodeDeployOnFailure = "DEPLOYMENT_FAILURE"
	CodeDeployOnStop    = "DEPLOYMENT_STOP_ON_REQUEST"
	CodeDeployOnAlarm   = "DEPLOYMENT_STOP_ON_ALARM"
)

// CodeDeployOptions are what the user says about deployments by CodeDeploy.
type CodeDeployOptions struct {
	Application, Group string // empty: as the ECS console names them
	Config             string // empty: that of the group
	Description        string
	AppSpec            taskdef.AppSpec // empty: it is made of what the service has
	AppSpecErr         error           // why it could not be read
	AppSpecFound       string          // the file in which it is, if no input names it
	Given              []string        // the inputs that are given
}

// CodeDeployGroup is the deployment group by which CodeDeploy deploys a service.
type CodeDeployGroup struct {
	Application, Name  string
	Config             string        // the deployment configuration of deployments that name none
	RollsBack          []string      // the events on which a deployment is rolled back
	Alarms             bool          // stop deployments
	ShiftInterval      time.Duration // how long the traffic takes to move, by the configuration; 0 where that is not known
	ReadyTimeout       time.Duration // how long approval is waited for before the traffic moves; 0: nobody is
	TerminationTimeout time.Duration // how long the old tasks are kept when it has
	Last               string        // the id of the deployment that was started last, if there was one
	UnderWay           bool          // the last one is
}

// PlannedCodeDeploy is the deployment that CodeDeploy is to carry out.
type PlannedCodeDeploy struct {
	Group       CodeDeployGroup
	AppSpec     taskdef.AppSpec // but for the task definition
	Config      string          // empty: that of the group
	Description string
	RollBack    bool // when it fails, is stopped, or an alarm goes off
}

// Of is the kind of deployments that it is about.
func (CodeDeployOptions) Of() Controller { return ControlledByCodeDeploy }

// Of is the kind of deployments that it is about.
func (CodeDeployGroup) Of() Controller { return ControlledByCodeDeploy }

// Of is the kind of deployments that it is about.
func (PlannedCodeDeploy) Of() Controller { return ControlledByCodeDeploy }

// Of is the kind of deployments that it is about.
func (CodeDeployment) Of() Controller { return ControlledByCodeDeploy }

// Events are those on which the deployment is rolled back, if it is to be, in addition to those of the
// group (https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_AutoRollbackConfiguration.html).
func (p PlannedCodeDeploy) Events() []string {
	if !p.RollBack {
		return nil
	}
	events := []string{CodeDeployOnFailure, CodeDeployOnStop}
	if p.Group.Alarms {
		events = append(events, CodeDeployOnAlarm)
	}
	for _, event := range p.Group.RollsBack {
		if !slices.Contains(events, event) {
			events = append(events, event)
		}
	}
	return events
}

// CodeDeployment is a deployment of CodeDeploy's, which moves the traffic of a service from one task set
// to another.
type CodeDeployment struct {
	ID              string
	Status          CodeDeployStatus
	Code, Message   string           // of the error that ended it
	RollsBack       []string         // the events on which CodeDeploy rolls it back by itself
	RolledBackBy    string           // the id of the deployment that does, once there is one
	RollbackStatus  CodeDeployStatus // of that deployment, once it was looked at
	RollbackFailure string           // what CodeDeploy says of its end, if that was no good one
	// the id of the deployment that it rolls back itself, if it is there for that
	Undoes                           string
	RollbackMessage                  string // what CodeDeploy says about it
	Created                          time.Time
	Ended                            time.Time // zero: it is not over
	AppSpecSum                       string    // the SHA-256 of its AppSpec
	ReadyTimeout, TerminationTimeout time.Duration

	// The rest is what its target tells, and zero as long as that is not known.
	Target    CodeDeployStatus // Succeeded once the traffic has moved, while the old tasks are kept
	Lifecycle []LifecycleEvent
	TaskSet   string   // the id of the new one, by which its tasks are known
	Traffic   *float64 // percent of production traffic that the new tasks get
}

// LifecycleEvent is one of the steps of a deployment of CodeDeploy's, some of which call a hook.
type LifecycleEvent struct {
	Name   string // BeforeInstall …
	Status CodeDeployStatus
	Why    string // it failed
	Ended  time.Time
}

// Over tells whether it is the status of a deployment that has come to an end.
func (s CodeDeployStatus) Over() bool {
	return s == CodeDeploySucceeded || s == CodeDeployFailed || s == CodeDeployStopped
}

// Over tells whether the deployment has come to an end.
func (d CodeDeployment) Over() bool {
	return d.Status.Over()
}

// TerminationWait is the state of a deployment whose traffic has moved while the old tasks are kept, and
// ReadyWait that of one that waits for approval to let the traffic move. CodeDeploy calls them so in
// ContinueDeployment
// (https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_ContinueDeployment.html).
const (
	ReadyWait       = "READY_WAIT"
	TerminationWait = "TERMINATION_WAIT"
)

// State is the status, and tells the two waits apart: CodeDeploy itself calls a deployment InProgress
// until the old tasks are gone, and says only of its target that it has Succeeded
// (https://github.com/aws/containers-roadmap/issues/269).
func (d CodeDeployment) State() string {
	switch {
	case d.Status == CodeDeployReady:
		return ReadyWait
	case !d.Over() && d.Target == CodeDeploySucceeded:
		return TerminationWait
	}
	return string(d.Status)
}

// Moved tells whether all traffic goes to the new tasks.
func (d CodeDeployment) Moved() bool {
	return d.Status == CodeDeploySucceeded || d.State() == TerminationWait
}

// Split is the percentage of the traffic that the new tasks were left with, if the deployment ended while the
// traffic was moving and nobody rolled it back. That it stays so is unverified.
func (d CodeDeployment) Split() (percent float64, split bool) {
	if !d.Over() || d.Status == CodeDeploySucceeded || d.RolledBackBy != "" || d.Traffic == nil {
		return 0, false
	}
	return *d.Traffic, *d.Traffic > 0
}

// Event is the lifecycle event at which the deployment is, or at which it failed; none before the first.
func (d CodeDeployment) Event() (LifecycleEvent, bool) {
	var last LifecycleEvent
	for _, event := range d.Lifecycle {
		switch event.Status {
		case CodeDeployInProgress, CodeDeployFailed:
			return event, true
		case CodeDeploySucceeded:
			last = event
		}
	}
	return last, last.Name != ""
}

// Failed is the lifecycle event that failed, if one did.
func (d CodeDeployment) Failed() (LifecycleEvent, bool) {
	event, _ := d.Event()
	return event, event.Status == CodeDeployFailed
}

// WillRollBack tells, of a deployment that did not succeed, whether CodeDeploy is set to roll it back.
func (d CodeDeployment) WillRollBack() bool {
	event := CodeDeployOnFailure
	switch {
	case d.Code == CodeDeployAlarmActive:
		event = CodeDeployOnAlarm
	case d.Status == CodeDeployStopped:
		event = CodeDeployOnStop
	}
	return slices.Contains(d.RollsBack, event)
}

// ReadyPause is the wait for approval to let the traffic move, as a pause.
func (d CodeDeployment) ReadyPause(now time.Time) LifecycleHook {
	pause := LifecycleHook{ID: d.ID, Pause: true, Status: HookAwaitingAction, OnTimeout: OnTimeoutStop}
	if left := d.Remaining(now); left > 0 {
		pause.Expires = now.Add(left)
	}
	if d.Over() {
		pause.Status = HookTimedOut
	}
	return pause
}

// Unapproved tells whether the deployment was stopped because nobody let the traffic move in time: "If traffic
// rerouting is not started before the end of the specified wait period, the deployment status is changed to Stopped"
// (https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_DeploymentReadyOption.html).
func (d CodeDeployment) Unapproved() bool {
	return d.Status == CodeDeployStopped && d.Code == CodeDeployTimeout && d.ReadyTimeout > 0
}

// Remaining is about how long a wait still takes, from then on; 0 where that is not known.
func (d CodeDeployment) Remaining(now time.Time) time.Duration {
	var since time.Time
	for _, event := range d.Lifecycle {
		if event.Ended.After(since) {
			since = event.Ended
		}
	}
	wait := d.TerminationTimeout
	switch {
	case d.State() == ReadyWait:
		wait = d.ReadyTimeout
	case d.State() != TerminationWait:
		return 0
	}
	if since.IsZero() {
		return 0
	}
	return max(0, wait-now.Sub(since))
}

// lifecycleOf are the lifecycle events of CodeDeploy with which the stages of ECS begin that one can wait for, each
// for its counterpart
// (https://docs.aws.amazon.com/AmazonECS/latest/developerguide/migrate-codedeploy-to-ecs-bluegreen.html).
var lifecycleOf = map[string]string{
	"POST_SCALE_UP":                 "AfterInstall",
	"TEST_TRAFFIC_SHIFT":            "AllowTestTraffic",
	"POST_TEST_TRAFFIC_SHIFT":       "AfterAllowTestTraffic",
	"PRE_PRODUCTION_TRAFFIC_SHIFT":  "BeforeAllowTraffic",
	"PRODUCTION_TRAFFIC_SHIFT":      "AllowTraffic",
	"POST_PRODUCTION_TRAFFIC_SHIFT": "AfterAllowTraffic",
}

// Reached tells whether the deployment has come to the counterpart of a stage of ECS's lifecycle, or past
// it. One that waits for approval to let the traffic move has come to PRE_PRODUCTION_TRAFFIC_SHIFT.
func (d CodeDeployment) Reached(stage string) bool {
	switch {
	case d.Moved():
		return true
	case d.Over():
		return false
	case d.State() == ReadyWait:
		return slices.Index(Stages, stage) <= slices.Index(Stages, "PRE_PRODUCTION_TRAFFIC_SHIFT")
	}
	for _, event := range d.Lifecycle {
		if event.Name == lifecycleOf[stage] {
			return event.Status == CodeDeployInProgress || event.Status == CodeDeploySucceeded
		}
	}
	return false
}
