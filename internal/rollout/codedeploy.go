package rollout

import (
	"slices"
	"strings"
	"time"

	"ecs-deploy/internal/taskdef"
)

// CodeDeployGroup is the deployment group by which CodeDeploy deploys a service.
type CodeDeployGroup struct {
	Application, Name string
	Config            string        // the deployment configuration of deployments that name none
	RollsBack         []string      // the events on which a deployment is rolled back
	Alarms            bool          // stop deployments
	Shifting          time.Duration // how long the traffic takes to move, by the configuration; 0 where that is not known
	ReadyWait         time.Duration // how long somebody is waited for before the traffic moves; 0: nobody is
	TerminationWait   time.Duration // how long the old tasks are kept when it has
	Last              string        // the id of the deployment that was started last, if there was one
	UnderWay          bool          // the last one is
}

// Replaces tells whether a deployment of CodeDeploy's is under way that puts another revision in the place of
// the one with this ARN.
func (r Running) Replaces(arn string) bool {
	return r.CodeDeploy.UnderWay && slices.ContainsFunc(r.Service.Deployments, func(d Deployment) bool {
		return d.ID != r.CodeDeploy.Last && d.TaskDefinition == arn
	})
}

// PlannedCodeDeploy is the deployment that CodeDeploy is to carry out.
type PlannedCodeDeploy struct {
	Group       CodeDeployGroup
	AppSpec     taskdef.AppSpec // but for the task definition
	Config      string          // empty: that of the group
	Description string
	RollBack    bool // when it fails, is stopped, or an alarm goes off
}

// Events are those on which the deployment is rolled back, if it is to be, in addition to those of the
// group (https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_AutoRollbackConfiguration.html).
func (p PlannedCodeDeploy) Events() []string {
	if !p.RollBack {
		return nil
	}
	events := []string{"DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_REQUEST"}
	if p.Group.Alarms {
		events = append(events, "DEPLOYMENT_STOP_ON_ALARM")
	}
	for _, event := range p.Group.RollsBack {
		if !slices.Contains(events, event) {
			events = append(events, event)
		}
	}
	return events
}

// Starts tells whether a deployment of CodeDeploy's is to be started: not where the service runs the revision
// already, and none is forced.
func (s PlannedService) Starts(plan Plan) bool {
	revision := plan.Revisions[s.Revision]
	return s.Update.Force || revision.Register || revision.Base.ARN != s.Service.TaskDefinition
}

// CodeDeployment is a deployment of CodeDeploy's, which moves the traffic of a service from one task set
// to another.
type CodeDeployment struct {
	ID                         string
	Status                     string   // Created, Queued, InProgress, Baking, Ready, Succeeded, Failed, Stopped, or a new word
	Code, Message              string   // of the error that ended it
	RollsBack                  []string // the events on which CodeDeploy rolls it back by itself
	RolledBackBy               string   // the id of the deployment that does, once there is one
	Undoes                     string   // the id of the deployment that it rolls back itself, if it is there for that
	RollbackMessage            string   // what CodeDeploy says about it
	Created                    time.Time
	AppSpecSum                 string // the SHA-256 of its AppSpec
	ReadyWait, TerminationWait time.Duration

	// The rest is what its target tells, and zero as long as that is not known.
	Target    string // its status: Succeeded once the traffic has moved, while the old tasks are kept
	Lifecycle []LifecycleEvent
	TaskSet   string   // the id of the new one, by which its tasks are known
	Traffic   *float64 // percent of production traffic that the new tasks get
}

// LifecycleEvent is one of the steps of a deployment of CodeDeploy's, some of which call a hook.
type LifecycleEvent struct {
	Name   string // BeforeInstall …
	Status string // Pending, InProgress, Succeeded, Failed, Skipped, Unknown
	Why    string // it failed
	Ended  time.Time
}

// Over tells whether the deployment has come to an end.
func (d CodeDeployment) Over() bool {
	return d.Status == "Succeeded" || d.Status == "Failed" || d.Status == "Stopped"
}

// TerminationWait is the state of a deployment whose traffic has moved while the old tasks are kept, and
// ReadyWait that of one that waits for somebody to let the traffic move. CodeDeploy calls them so in
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
	case d.Status == "Ready":
		return ReadyWait
	case !d.Over() && d.Target == "Succeeded":
		return TerminationWait
	}
	return d.Status
}

// Moved tells whether all traffic goes to the new tasks.
func (d CodeDeployment) Moved() bool { return d.Status == "Succeeded" || d.State() == TerminationWait }

// Split is the percentage of the traffic that the new tasks were left with, if the deployment ended while the
// traffic was moving and nobody rolled it back. That it stays so is unverified.
func (d CodeDeployment) Split() (percent float64, split bool) {
	if !d.Over() || d.Status == "Succeeded" || d.RolledBackBy != "" || d.Traffic == nil {
		return 0, false
	}
	return *d.Traffic, *d.Traffic > 0
}

// Event is the lifecycle event at which the deployment is, or at which it failed; none before the first.
func (d CodeDeployment) Event() (LifecycleEvent, bool) {
	var last LifecycleEvent
	for _, event := range d.Lifecycle {
		switch event.Status {
		case "InProgress", "Failed":
			return event, true
		case "Succeeded":
			last = event
		}
	}
	return last, last.Name != ""
}

// Failed is the lifecycle event that failed, if one did.
func (d CodeDeployment) Failed() (LifecycleEvent, bool) {
	event, _ := d.Event()
	return event, event.Status == "Failed"
}

// WillRollBack tells, of a deployment that did not succeed, whether CodeDeploy is set to roll it back.
func (d CodeDeployment) WillRollBack() bool {
	event := "DEPLOYMENT_FAILURE"
	switch {
	case d.Code == "ALARM_ACTIVE":
		event = "DEPLOYMENT_STOP_ON_ALARM"
	case d.Status == "Stopped":
		event = "DEPLOYMENT_STOP_ON_REQUEST"
	}
	return slices.Contains(d.RollsBack, event)
}

// ReadyPause is the wait for somebody to let the traffic move, as a pause.
func (d CodeDeployment) ReadyPause(now time.Time) LifecycleHook {
	pause := LifecycleHook{ID: d.ID, Pause: true, Status: "AWAITING_ACTION", OnTimeout: "STOP"}
	if left := d.Left(now); left > 0 {
		pause.Expires = now.Add(left)
	}
	return pause
}

// Left is about how long a wait still takes, from then on; 0 where that is not known.
func (d CodeDeployment) Left(now time.Time) time.Duration {
	var since time.Time
	for _, event := range d.Lifecycle {
		if event.Ended.After(since) {
			since = event.Ended
		}
	}
	wait := d.TerminationWait
	switch {
	case d.State() == ReadyWait:
		wait = d.ReadyWait
	case d.State() != TerminationWait:
		return 0
	}
	if since.IsZero() {
		return 0
	}
	return max(0, wait-now.Sub(since))
}

// lifecycleOf are the lifecycle events of CodeDeploy with which the stages of ECS begin that one can wait for,
// each for its counterpart (https://docs.aws.amazon.com/AmazonECS/latest/developerguide/migrate-codedeploy-to-ecs-bluegreen.html).
var lifecycleOf = map[string]string{
	"POST_SCALE_UP":                 "AfterInstall",
	"TEST_TRAFFIC_SHIFT":            "AllowTestTraffic",
	"POST_TEST_TRAFFIC_SHIFT":       "AfterAllowTestTraffic",
	"PRE_PRODUCTION_TRAFFIC_SHIFT":  "BeforeAllowTraffic",
	"PRODUCTION_TRAFFIC_SHIFT":      "AllowTraffic",
	"POST_PRODUCTION_TRAFFIC_SHIFT": "AfterAllowTraffic",
}

// Reached tells whether the deployment has come to the counterpart of a stage of ECS's lifecycle, or past
// it. One that waits for somebody to let the traffic move has come to PRE_PRODUCTION_TRAFFIC_SHIFT.
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
			return event.Status == "InProgress" || event.Status == "Succeeded"
		}
	}
	return false
}

// CodeDeployURL is where a person looks at a deployment of CodeDeploy's, beside the service's own ConsoleURL
// (https://docs.aws.amazon.com/codedeploy/latest/userguide/deployments-view-details-console.html). It is
// empty for a deployment that is not CodeDeploy's, and where the console is not known.
func (s Service) CodeDeployURL(deployment string) string {
	host := s.consoleHost()
	if host == "" || !strings.HasPrefix(deployment, "d-") {
		return ""
	}
	return "https://" + host + "/codesuite/codedeploy/deployments/" + deployment + "?region=" + s.Region
}
