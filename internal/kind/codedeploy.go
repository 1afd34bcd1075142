package kind

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"ecs-deploy/internal/rollout"
	"ecs-deploy/internal/taskdef"
)

// codeDeploy is deployments that CodeDeploy carries out, which moves the traffic from one task set to another.
type codeDeploy struct{}

func (codeDeploy) Name() string { return "CodeDeploy" }

// check tells of options that have no effect, or cannot be meant for all of the services.
func (codeDeploy) check(option rollout.Detail, services []rollout.Running) ([]rollout.Note, error) {
	options := option.(rollout.CodeDeployOptions)
	switch {
	case len(options.Given) > 0 && len(services) == 0:
		return []rollout.Note{{About: rollout.NoteWithoutEffect, Said: options.Given, By: string(rollout.ControlledByCodeDeploy)}}, nil
	case len(services) == 0:
		return nil, nil
	case options.Group != "" && len(services) > 1:
		return nil, &rollout.Problem{
			Kind: rollout.BadInput,
			What: fmt.Sprintf("codedeploy-deployment-group: %s is that of one service, and CodeDeploy deploys %d of those given",
				options.Group, len(services)),
			Next: "Leave it out where the groups are named as the ECS console names them, or deploy the services in steps of their own.",
		}
	case options.AppSpecErr != nil:
		return nil, &rollout.Problem{
			Kind: rollout.BadInput, What: options.AppSpecErr.Error(), Err: options.AppSpecErr,
			Next: "Mend it, or name another as codedeploy-appspec.",
		}
	}
	return nil, nil
}

func codeDeployOptions(options []rollout.Detail) rollout.CodeDeployOptions {
	for _, option := range options {
		if its, is := option.(rollout.CodeDeployOptions); is {
			return its
		}
	}
	return rollout.CodeDeployOptions{}
}

func deploymentGroup(running rollout.Running) rollout.CodeDeployGroup {
	group, _ := running.Own.(rollout.CodeDeployGroup)
	return group
}

func plannedCodeDeploy(r *rollout.Rollout) rollout.PlannedCodeDeploy {
	planned, _ := r.Settings.(rollout.PlannedCodeDeploy)
	return planned
}

// codeDeployment is what CodeDeploy says, as far as it was asked.
func codeDeployment(r *rollout.Rollout) rollout.CodeDeployment {
	d, _ := r.Own.(rollout.CodeDeployment)
	return d
}

func (codeDeploy) Plan(asked Asked, running rollout.Running, revision rollout.PlannedRevision, r *rollout.Rollout) ([]rollout.Note, error) {
	options := codeDeployOptions(asked.Options)
	if err := patchable(running, asked.Patch); err != nil {
		return nil, err
	}
	spec, err := appSpec(options.AppSpec, running.Service)
	if err != nil {
		return nil, err
	}
	r.Settings = rollout.PlannedCodeDeploy{
		Group: deploymentGroup(running), AppSpec: spec, Config: options.Config, Description: options.Description, RollBack: asked.RollBack,
	}
	r.Shifted = true
	var notes []rollout.Note
	if options.AppSpecFound != "" && !options.AppSpec.Empty() {
		notes = append(notes, rollout.Note{About: rollout.NoteFileFound, Service: running.Service.Name, Said: []string{options.AppSpecFound}, By: "codedeploy-appspec"})
	}
	return notes, HasContainer("the AppSpec of service "+running.Service.Name, revision.Document, spec.Container())
}

// patchable refuses to change by UpdateService what ECS leaves to CodeDeploy
// (https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateService.html).
func patchable(running rollout.Running, patch taskdef.Patch) error {
	for _, name := range []string{
		"taskDefinition", "forceNewDeployment", "networkConfiguration", "platformVersion", "loadBalancers", "capacityProviderStrategy",
	} {
		if patch.Has(name) {
			return &rollout.Problem{
				Kind: rollout.BadInput,
				What: fmt.Sprintf("service-patch: %s of service %s is for CodeDeploy to change, and UpdateService refuses it", name, running.Service.Name),
				Next: "Put it into an AppSpec, and give that as codedeploy-appspec.",
			}
		}
	}
	return nil
}

// The AppSpec that is made where none is given
// (https://docs.aws.amazon.com/codedeploy/latest/userguide/reference-appspec-file-structure-resources.html).
type (
	appSpecDocument struct {
		Version   json.Number       `json:"version"`
		Resources []appSpecResource `json:"Resources"`
	}
	appSpecResource struct {
		TargetService struct {
			Type       string            `json:"Type"`
			Properties appSpecProperties `json:"Properties"`
		} `json:"TargetService"`
	}
	appSpecProperties struct {
		PlatformVersion          string          `json:"PlatformVersion,omitempty"`
		CapacityProviderStrategy []appSpecShares `json:"CapacityProviderStrategy,omitempty"`
	}
	appSpecShares struct {
		CapacityProvider string `json:"CapacityProvider"`
		Base             int    `json:"Base"`
		Weight           int    `json:"Weight"`
	}
)

// appSpec is the one that is given or, if there is none, one that keeps what the service has. What is
// given may leave the container of the load balancer out.
func appSpec(given taskdef.AppSpec, service rollout.Service) (taskdef.AppSpec, error) {
	spec := given
	if spec.Empty() {
		var resource appSpecResource
		resource.TargetService.Type = "AWS::ECS::Service"
		properties := &resource.TargetService.Properties
		for _, share := range service.Placement.Capacity {
			properties.CapacityProviderStrategy = append(properties.CapacityProviderStrategy, appSpecShares{share.Provider, share.Base, share.Weight})
		}
		if version := service.Placement.PlatformVersion; version != "LATEST" { // which is the default
			properties.PlatformVersion = version
		}
		text, err := json.Marshal(appSpecDocument{"0.0", []appSpecResource{resource}})
		if err != nil {
			return spec, err
		}
		if spec, err = taskdef.ParseAppSpec(text); err != nil {
			return spec, err
		}
	}
	if spec.Container() == "" && service.Balanced.Container == "" {
		return spec, &rollout.Problem{
			Kind: rollout.BadInput, What: fmt.Sprintf("service %s has no load balancer from which an AppSpec could be made", service.Name),
			Next: "Give codedeploy-appspec, with LoadBalancerInfo in it.",
		}
	}
	return spec.Balancing(service.Balanced.Container, service.Balanced.Port), nil
}

// Calls are UpdateService for what is the service's own, and CreateDeployment, unless the service runs the revision
// already and none is forced.
func (codeDeploy) Calls(r *rollout.Rollout, revision rollout.PlannedRevision) []rollout.Call {
	var calls []rollout.Call
	if own, any := r.Update.OfService(); any {
		request, _ := UpdateService(r.Service.ServiceKey, own) // its error was told when the plan was made
		calls = append(calls, rollout.Call{Action: "ecs:UpdateService", Update: own, Request: request})
	}
	planned := plannedCodeDeploy(r)
	create := rollout.Call{
		Action: "codedeploy:CreateDeployment", Deploys: true, Through: planned.Group.Name + " of " + planned.Group.Application,
		Settings: planned.Config, RollsBack: planned.RollBack, Skipped: !starts(r, revision),
	}
	taskDefinition := cmp.Or(r.Update.TaskDefinition, rollout.RevisionPlaceholder(revision))
	create.Request = createDeployment(planned, taskDefinition)
	return append(calls, create)
}

func starts(r *rollout.Rollout, revision rollout.PlannedRevision) bool {
	return r.Update.Force || revision.Register || revision.Base.ARN != r.Service.TaskDefinition
}

// createDeployment is the body of CreateDeployment.
func createDeployment(planned rollout.PlannedCodeDeploy, taskDefinition string) taskdef.Document {
	type fields map[string]any
	request := fields{
		"applicationName": planned.Group.Application, "deploymentGroupName": planned.Group.Name,
		"revision": fields{
			"revisionType": "AppSpecContent", "appSpecContent": fields{"content": string(planned.AppSpec.With(taskDefinition).JSON())},
		},
	}
	for name, value := range map[string]string{"deploymentConfigName": planned.Config, "description": planned.Description} {
		if value != "" {
			request[name] = value
		}
	}
	if events := planned.Events(); len(events) > 0 {
		request["autoRollbackConfiguration"] = fields{"enabled": true, "events": events}
	}
	text, err := json.Marshal(request)
	if err != nil {
		panic(err) // it holds strings
	}
	document, err := taskdef.Parse(text)
	if err != nil {
		panic(err) // it was just written
	}
	return document
}

func (codeDeploy) Takes(running rollout.Running, waitFor rollout.WaitFor) (usually, more time.Duration) {
	group := deploymentGroup(running)
	more = group.ReadyWait + group.Shifting
	if waitFor == rollout.Stable {
		more += group.TerminationWait
	}
	return usual, more
}

// Doubts are about a wait that is over before CodeDeploy has moved the traffic, or lets the old tasks go.
func (codeDeploy) Doubts(plan rollout.Plan, r *rollout.Rollout) []rollout.Doubt {
	group := plannedCodeDeploy(r).Group
	switch {
	case (plan.WaitFor == rollout.Stable || plan.WaitFor == rollout.AllRun) && group.Shifting >= plan.Timeout:
		return []rollout.Doubt{{
			Sure: true,
			What: fmt.Sprintf("timeout: not all traffic of service %s can move within %s, since the deployment configuration takes %s for it",
				r.Service.Name, rollout.Span(plan.Timeout), rollout.Span(group.Shifting)),
			Next: "Leave timeout out or raise it.",
		}}
	case plan.WaitFor == rollout.Stable && group.Shifting+group.TerminationWait >= plan.Timeout:
		return []rollout.Doubt{{
			Sure: true,
			What: fmt.Sprintf("timeout: the deployment of service %s cannot be complete within %s, since the deployment group %s keeps the old tasks for %s",
				r.Service.Name, rollout.Span(plan.Timeout), group.Name, rollout.Span(group.TerminationWait)),
			Next: "Leave timeout out or raise it, or wait only until the traffic has moved, with wait-for: running.",
		}}
	}
	return nil
}

func (codeDeploy) Replaces(running rollout.Running, arn string) bool {
	group := deploymentGroup(running)
	if !group.UnderWay {
		return false
	}
	for _, d := range running.Service.Deployments {
		if d.ID != group.Last && d.TaskDefinition == arn {
			return true
		}
	}
	return false
}

func (codeDeploy) Outputs(r *rollout.Rollout) []rollout.Output {
	return []rollout.Output{{Name: "codedeploy-deployment-id", Value: r.Deployment.ID}}
}

// CountsFailures is not so: task sets do not count the tasks that failed.
func (codeDeploy) CountsFailures() bool { return false }

func (codeDeploy) Evidence(r *rollout.Rollout, evidence *rollout.Evidence) {
	d := codeDeployment(r)
	evidence.Code = d.Code
	if d.Code == rollout.CodeDeployTimeout {
		evidence.Code = "" // whose cause the tasks know better, if any failed
		if len(evidence.Failures) == 0 {
			evidence.Code = d.Code
		}
	}
	if d.Message != "" {
		evidence.Said = d.Message
	}
	if event, failed := d.Failed(); failed && d.Code == rollout.CodeDeployHookFailed {
		evidence.FailedEvent = event.Name
		evidence.FailedWhy = event.Why
		evidence.Hook = plannedCodeDeploy(r).AppSpec.Hook(event.Name)
	}
}

func (codeDeploy) Standing(r *rollout.Rollout) rollout.Standing {
	s := counts(r)
	d := codeDeployment(r)
	event, _ := d.Event()
	if r.Own != nil {
		s.ID, s.Undeployed = d.ID, d.ID == ""
	}
	s.State, s.Stage, s.Traffic, s.Left, s.Shifts = d.State(), event.Name, d.Traffic, d.Left(r.At), true
	if failure, is := d.Failed(); is {
		s.Hooks = append(s.Hooks, rollout.LifecycleHook{ID: failure.Name, Status: rollout.HookFailed, Why: failure.Why})
	}
	s.Course = rollout.Blocking
	switch {
	case d.Over():
		s.Course = rollout.Over
	case d.State() == rollout.ReadyWait:
		s.Wait = rollout.WaitTraffic
		s.Hooks = append(s.Hooks, d.ReadyPause(r.At))
	case d.Moved():
		s.Wait, s.Kept = rollout.WaitTermination, d.TerminationWait
	}
	if d.RolledBackBy != "" {
		s.State, s.Back, s.BackSaid = "ROLLBACK_IN_PROGRESS", d.RolledBackBy, d.RollbackMessage
	}
	s.Serving = serving(r, d)
	return s
}

// serving is who gets the traffic: the primary task set, but for the share that a deployment was left with which did
// not succeed.
func serving(r *rollout.Rollout, d rollout.CodeDeployment) []rollout.Serving {
	primary, listed := r.Service.Primary()
	if !listed {
		return nil
	}
	all := 100.0
	first := rollout.Serving{TaskDefinition: primary.TaskDefinition, Running: primary.Running, Traffic: &all}
	percent, split := d.Split()
	if !split || primary.ID == r.Deployment.ID {
		return []rollout.Serving{first}
	}
	rest := all - percent
	first.Traffic = &rest
	return []rollout.Serving{first, {TaskDefinition: r.Deployment.TaskDefinition, Running: r.Deployment.Running, Traffic: &percent}}
}

func (codeDeploy) NeedsHealth(*rollout.Rollout, Goal) bool { return false }

// stopping is how long a deployment that was stopped is given to show who rolls it back, where nothing is
// set to do so: somebody may have asked for it with the stop.
const stopping = 10 * time.Second

// Judge decides by the status that CodeDeploy gives its deployment. One that was rolled back has ended when the
// deployment has that rolls it back
// (https://docs.aws.amazon.com/codedeploy/latest/userguide/deployments-rollback-and-redeploy.html).
func (k codeDeploy) Judge(r *rollout.Rollout, goal Goal) (rollout.Verdict, bool) {
	if verdict, deleted := gone(r); deleted {
		return verdict, true
	}
	d := codeDeployment(r)
	if verdict, ended := k.ended(r, d); ended {
		verdict.Code = d.Code
		return verdict, true
	}
	if stage, is := goal.WaitFor.Stage(); is && d.Reached(stage) {
		return verdict(rollout.Succeeded, rollout.EndedAtStage, "")
	}
	if (goal.WaitFor == rollout.AllRun || goal.Back || goal.Doomed) && hasMoved(r, d) {
		return verdict(rollout.Succeeded, rollout.EndedShifted, "")
	}
	return undecided()
}

func (codeDeploy) ended(r *rollout.Rollout, d rollout.CodeDeployment) (rollout.Verdict, bool) {
	primary, _ := r.Service.Primary()
	overFor := since(r, r.OverSince)
	switch {
	case d.Status == rollout.CodeDeploySucceeded:
		return verdict(rollout.Succeeded, rollout.EndedComplete, "")
	case !d.Over():
		return undecided()
	case d.RollbackStatus == rollout.CodeDeploySucceeded:
		return rolledBack(primary, d.Message)
	case d.RollbackStatus.Over():
		return verdict(rollout.RollbackFailed, rollout.EndedStuck, d.RollbackFailure)
	case d.RolledBackBy != "", overFor < stopping, overFor < settling && d.WillRollBack():
		return undecided()
	case d.Status == rollout.CodeDeployStopped:
		stopped, _ := verdict(rollout.Failed, rollout.EndedStopped, d.Message)
		if d.Code != rollout.CodeDeployAlarmActive {
			stopped.EndedBy = rollout.Somebody
		}
		return stopped, true
	}
	return verdict(rollout.Failed, rollout.EndedGivenUp, d.Message)
}

// hasMoved tells whether all traffic goes to the tasks of our deployment. Where its target may not be read,
// the task set that serves the traffic tells.
func hasMoved(r *rollout.Rollout, d rollout.CodeDeployment) bool {
	primary, _ := r.Service.Primary()
	switch {
	case r.Stopping, d.Over() && d.Status != rollout.CodeDeploySucceeded:
		return false
	case d.Target == "":
		return primary.ID == r.Deployment.ID
	}
	return d.Moved()
}

func (codeDeploy) Back(r *rollout.Rollout, why Why) Step {
	d := codeDeployment(r)
	primary, _ := r.Service.Primary()
	_, split := d.Split()
	switch {
	case why.Asked && (d.ID == "" || d.Over() && d.RolledBackBy == ""):
		return Restore
	case !d.Over() && !why.Tried:
		return Stop
	case d.RolledBackBy != "":
		return Follow
	case split:
		return Restore
	case primary.ID == r.Replaced && !why.Asked:
		return LeaveUnmoved
	case primary.ID != r.Deployment.ID:
		return LeaveSuperseded
	case d.Status == rollout.CodeDeploySucceeded && !why.Other && !why.Asked:
		return LeaveComplete
	}
	return Restore
}

// HasContainer is the error of a document without a container that something names; nil if it has it.
func HasContainer(what string, document taskdef.Document, name string) error {
	var there []string
	for _, container := range document.Containers() {
		if container.Name == name {
			return nil
		}
		there = append(there, container.Name)
	}
	return &rollout.Problem{
		Kind: rollout.BadInput, What: fmt.Sprintf("%s: there is no container %q", what, name),
		Next: "The containers are " + cmp.Or(strings.Join(there, ", "), "none") + ".",
	}
}
