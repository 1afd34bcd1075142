package plan

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"ecs-deploy/internal/inputs"
	"ecs-deploy/internal/rollout"
	"ecs-deploy/internal/taskdef"
)

// underCodeDeploy tells whether CodeDeploy deploys a service.
func underCodeDeploy(running rollout.Running) bool {
	return running.Service.Controller == "CODE_DEPLOY"
}

// CheckCodeDeploy tells what the inputs for CodeDeploy come to: how many of the services it deploys, and a note where they
// have no effect. Its error is a *rollout.Problem.
func CheckCodeDeploy(in inputs.Inputs, services []rollout.Running) (deploys int, note string, err error) {
	for _, running := range services {
		if underCodeDeploy(running) {
			deploys++
		}
	}
	switch given := in.CodeDeploy; {
	case len(given.Given) > 0 && deploys == 0:
		return deploys, strings.Join(given.Given, ", ") + ": without effect, since no service has the deployment controller CODE_DEPLOY", nil
	case given.Group != "" && deploys > 1:
		return deploys, "", &rollout.Problem{
			Kind: rollout.BadInput, What: fmt.Sprintf("codedeploy-deployment-group: %s is that of one service, and CodeDeploy deploys %d of those given", given.Group, deploys),
			Next: "Leave it out where the groups are named as the ECS console names them, or deploy the services in steps of their own.",
		}
	}
	return deploys, "", nil
}

// codeDeploy plans what CodeDeploy is to carry out; nil where ECS deploys.
func codeDeploy(in inputs.Inputs, running rollout.Running, revision rollout.PlannedRevision) (*rollout.PlannedCodeDeploy, error) {
	if !underCodeDeploy(running) {
		return nil, nil
	}
	planned := &rollout.PlannedCodeDeploy{
		Group: running.CodeDeploy, Config: in.CodeDeploy.Config, Description: in.CodeDeploy.Description, RollBack: in.RollbackOnFailure,
	}
	if err := patchable(running, in.ServicePatch); err != nil {
		return nil, err
	}
	var err error
	planned.AppSpec, err = appSpec(in.CodeDeploy.AppSpec, running.Service)
	if err != nil {
		return nil, err
	}
	return planned, hasContainer("the AppSpec of service "+running.Service.Name, revision.Document, planned.AppSpec.Container())
}

// patchable refuses to change by UpdateService what ECS leaves to CodeDeploy
// (https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateService.html).
func patchable(running rollout.Running, patch taskdef.Patch) error {
	for _, name := range []string{"taskDefinition", "forceNewDeployment", "networkConfiguration", "platformVersion", "loadBalancers", "capacityProviderStrategy"} {
		if patch.Has(name) {
			return &rollout.Problem{
				Kind: rollout.BadInput, What: fmt.Sprintf("service-patch: %s of service %s is for CodeDeploy to change, and UpdateService refuses it", name, running.Service.Name),
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
		for _, share := range service.Placement.Capacity {
			resource.TargetService.Properties.CapacityProviderStrategy = append(resource.TargetService.Properties.CapacityProviderStrategy,
				appSpecShares{share.Provider, share.Base, share.Weight})
		}
		if version := service.Placement.PlatformVersion; version != "LATEST" { // which is the default
			resource.TargetService.Properties.PlatformVersion = version
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

const (
	usually   = 30 * time.Minute
	untilRuns = 90 * time.Second
)

// Timeout is how long is waited at most: what is asked for or, by default, half an hour, and a minute and
// a half until new tasks run. Where CodeDeploy deploys, that half an hour is for either, and what its deployment
// groups and configurations take is added to it.
func Timeout(in inputs.Inputs, services []rollout.Running) time.Duration {
	if in.Timeout > 0 && !in.WaitsOnTop {
		return in.Timeout
	}
	timeout := cmp.Or(in.Timeout, usually)
	if in.Timeout == 0 && in.WaitFor == string(rollout.AllRun) && !slices.ContainsFunc(services, underCodeDeploy) {
		timeout = untilRuns
	}
	var waits time.Duration
	for _, running := range services {
		its := running.CodeDeploy.ReadyWait + running.CodeDeploy.Shifting
		if in.WaitFor == string(rollout.Stable) {
			its += running.CodeDeploy.TerminationWait
		}
		waits = max(waits, its)
	}
	return timeout + waits
}

// tooShort finds a wait that is over before CodeDeploy has moved the traffic, or lets the old tasks go.
func tooShort(plan rollout.Plan) (rollout.Doubt, bool) {
	for _, service := range plan.Services {
		if service.CodeDeploy == nil {
			continue
		}
		group, doubt := service.CodeDeploy.Group, rollout.Doubt{Sure: true}
		switch {
		case (plan.WaitFor == rollout.Stable || plan.WaitFor == rollout.AllRun) && group.Shifting >= plan.Timeout:
			doubt.What = fmt.Sprintf("timeout: not all traffic of service %s can move within %s, since the deployment configuration takes %s for it",
				service.Service.Name, rollout.Span(plan.Timeout), rollout.Span(group.Shifting))
			doubt.Next = "Leave timeout out or raise it."
		case plan.WaitFor == rollout.Stable && group.Shifting+group.TerminationWait >= plan.Timeout:
			doubt.What = fmt.Sprintf("timeout: the deployment of service %s cannot be complete within %s, since the deployment group %s keeps the old tasks for %s",
				service.Service.Name, rollout.Span(plan.Timeout), group.Name, rollout.Span(group.TerminationWait))
			doubt.Next = "Leave timeout out or raise it, or wait only until the traffic has moved, with wait-for: running."
		default:
			continue
		}
		return doubt, true
	}
	return rollout.Doubt{}, false
}
