package kind

import (
	"cmp"
	"encoding/json"
	"fmt"
	"time"

	"ecs-deploy/internal/rollout"
	"ecs-deploy/internal/taskdef"
)

// check tells of options that have no effect, or cannot be meant for all of the services.
func (codeDeploy) check(option rollout.Detail, services []rollout.SurveyedService) ([]rollout.Note, error) {
	options := option.(rollout.CodeDeployOptions)
	switch {
	case len(options.Given) > 0 && len(services) == 0:
		return []rollout.Note{
			{About: rollout.NoteWithoutEffect, Said: options.Given, By: string(rollout.ControlledByCodeDeploy)},
		}, nil
	case len(services) == 0:
		return nil, nil
	case options.Group != "" && len(services) > 1:
		return nil, &rollout.Problem{
			Kind: rollout.BadInput,
			What: fmt.Sprintf("codedeploy-deployment-group: %s is that of one service, and CodeDeploy deploys %d of those given",
				options.Group, len(services)),
			Next: "Leave it out if the groups have the names that the ECS console gives them, or deploy each service in its " +
				"own step.",
		}
	case options.AppSpecErr != nil:
		return nil, &rollout.Problem{
			Kind: rollout.BadInput, What: options.AppSpecErr.Error(), Err: options.AppSpecErr,
			Next: "Correct it, or name another with codedeploy-appspec.",
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

func deploymentGroup(running rollout.SurveyedService) rollout.CodeDeployGroup {
	group, _ := running.Own.(rollout.CodeDeployGroup)
	return group
}

func (codeDeploy) Plan(
	asked Request, running rollout.SurveyedService, revision rollout.PlannedRevision, r *rollout.Rollout,
) ([]rollout.Note, error) {
	options := codeDeployOptions(asked.Options)
	if err := patchable(running, asked.Patch); err != nil {
		return nil, err
	}
	spec, err := appSpec(options.AppSpec, running.Service)
	if err != nil {
		return nil, err
	}
	r.Settings = rollout.PlannedCodeDeploy{
		Group:       deploymentGroup(running),
		AppSpec:     spec,
		Config:      options.Config,
		Description: options.Description,
		RollBack:    asked.RollBack,
	}
	r.Shifted = true
	var notes []rollout.Note
	if options.AppSpecFound != "" && !options.AppSpec.Empty() {
		notes = append(
			notes,
			rollout.Note{
				About:   rollout.NoteFileFound,
				Service: running.Service.Name,
				Said:    []string{options.AppSpecFound},
				By:      "codedeploy-appspec",
			},
		)
	}
	return notes, HasContainer("the AppSpec of service "+running.Service.Name, revision.Document, spec.Container())
}

// patchable refuses to change by UpdateService what ECS leaves to CodeDeploy
// (https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateService.html).
func patchable(running rollout.SurveyedService, patch taskdef.Patch) error {
	for _, name := range []string{
		"taskDefinition", "forceNewDeployment", "networkConfiguration", "platformVersion", "loadBalancers",
		"capacityProviderStrategy",
	} {
		if patch.Has(name) {
			return &rollout.Problem{
				Kind: rollout.BadInput,
				What: fmt.Sprintf(
					"service-patch: only CodeDeploy can change %s of service %s; UpdateService refuses it",
					name,
					running.Service.Name,
				),
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
			properties.CapacityProviderStrategy = append(
				properties.CapacityProviderStrategy, appSpecShares{share.Provider, share.Base, share.Weight},
			)
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
			Kind: rollout.BadInput,
			What: fmt.Sprintf("service %s has no load balancer to make an AppSpec from", service.Name),
			Next: "Give codedeploy-appspec, with LoadBalancerInfo in it.",
		}
	}
	return spec.Balancing(service.Balanced.Container, service.Balanced.Port), nil
}

// Calls are UpdateService for what is the service's own, and CreateDeployment, unless the service runs the revision
// already and none is forced.
func (codeDeploy) Calls(r *rollout.Rollout, revision rollout.PlannedRevision) []rollout.Call {
	var calls []rollout.Call
	if own, changes := r.Update.OfService(); changes {
		request, _ := UpdateService(r.Service.ServiceKey, own) // its error was told when the plan was made
		calls = append(calls, rollout.Call{Action: "ecs:UpdateService", Update: own, Request: request})
	}
	planned := plannedCodeDeploy(r)
	create := rollout.Call{
		Action:    "codedeploy:CreateDeployment",
		Deploys:   true,
		Through:   planned.Group.Name + " of " + planned.Group.Application,
		Settings:  planned.Config,
		RollsBack: planned.RollBack,
		Skipped:   !starts(r, revision),
	}
	taskDefinition := cmp.Or(r.Update.TaskDefinition, rollout.RevisionPlaceholder(revision))
	create.Request = createDeployment(planned, taskDefinition)
	return append(calls, create)
}

func starts(r *rollout.Rollout, revision rollout.PlannedRevision) bool {
	return r.Update.Force || revision.New() || revision.Base.ARN != r.Service.TaskDefinition
}

// createDeployment is the body of CreateDeployment.
func createDeployment(planned rollout.PlannedCodeDeploy, taskDefinition string) taskdef.Document {
	type fields map[string]any
	request := fields{
		"applicationName": planned.Group.Application, "deploymentGroupName": planned.Group.Name,
		"revision": fields{
			"revisionType":   "AppSpecContent",
			"appSpecContent": fields{"content": string(planned.AppSpec.With(taskDefinition).JSON())},
		},
	}
	if planned.Config != "" {
		request["deploymentConfigName"] = planned.Config
	}
	if planned.Description != "" {
		request["description"] = planned.Description
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

func (codeDeploy) Timeouts(running rollout.SurveyedService, waitFor rollout.WaitFor) (usually, more time.Duration) {
	group := deploymentGroup(running)
	more = group.ReadyTimeout + group.ShiftInterval
	if waitFor == rollout.Stable {
		more += group.TerminationTimeout
	}
	return stableTimeout, more
}

// Concerns are about a wait that is over before CodeDeploy has moved the traffic, or lets the old tasks go.
func (codeDeploy) Concerns(plan rollout.Plan, r *rollout.Rollout) []rollout.Concern {
	group := plannedCodeDeploy(r).Group
	switch {
	case (plan.WaitFor == rollout.Stable || plan.WaitFor == rollout.AllRun) && group.ShiftInterval >= plan.Timeout:
		return []rollout.Concern{{
			Sure:  true,
			Cause: rollout.TimeoutTooShort,
			What: fmt.Sprintf("timeout: the traffic of service %s cannot move within %s, because the deployment "+
				"configuration takes %s",
				r.Service.Name, rollout.Span(plan.Timeout), rollout.Span(group.ShiftInterval)),
			Next: "Raise timeout or leave it out.",
		}}
	case plan.WaitFor == rollout.Stable && group.ShiftInterval+group.TerminationTimeout >= plan.Timeout:
		return []rollout.Concern{{
			Sure:  true,
			Cause: rollout.TimeoutTooShort,
			What: fmt.Sprintf("timeout: the deployment of service %s cannot complete within %s, because the deployment group "+
				"%s keeps the old tasks for %s",
				r.Service.Name, rollout.Span(plan.Timeout), group.Name, rollout.Span(group.TerminationTimeout)),
			Next: "Raise timeout or leave it out, or wait only until the traffic has moved, with wait-for: running.",
		}}
	}
	return nil
}

func (codeDeploy) Replaces(running rollout.SurveyedService, arn string) bool {
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
