package report

import (
	"encoding/json"
	"fmt"
	"strings"

	"ecs-deploy/internal/rollout"
)

// shiftStep is the step of a plan that CodeDeploy carries out.
func shiftStep(plan rollout.Plan, service rollout.PlannedService) string {
	step := fmt.Sprintf("codedeploy:CreateDeployment: service %s gets %s, by the deployment group %s of %s",
		service.Service.Name, deployed(plan, service), service.CodeDeploy.Group.Name, service.CodeDeploy.Group.Application)
	if service.CodeDeploy.Config != "" {
		step += ", with " + service.CodeDeploy.Config
	}
	if service.CodeDeploy.RollBack {
		step += ", which rolls it back if it fails"
	}
	return step
}

// shiftRequests are what UpdateService and CreateDeployment would be sent.
func (r *Reporter) shiftRequests(plan rollout.Plan, service rollout.PlannedService) {
	if own, any := service.Update.OfService(); any {
		if request, err := own.Request(service.Service.ServiceKey); err == nil { // else there would be no plan
			r.line("ecs:UpdateService " + string(withoutSecrets(request, plan).JSON()))
		}
	}
	taskDefinition := service.Update.TaskDefinition
	if taskDefinition == "" {
		taskDefinition = "(" + plan.Revisions[service.Revision].Name() + ")"
	}
	if service.Starts(plan) {
		r.line("codedeploy:CreateDeployment " + shiftRequest(*service.CodeDeploy, taskDefinition))
	}
}

// shiftRequest is what CreateDeployment would be sent.
func shiftRequest(planned rollout.PlannedCodeDeploy, taskDefinition string) string {
	type fields map[string]any
	request := fields{
		"applicationName": planned.Group.Application, "deploymentGroupName": planned.Group.Name,
		"revision": fields{"revisionType": "AppSpecContent", "appSpecContent": fields{"content": string(planned.AppSpec.With(taskDefinition).JSON())}},
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
	return string(text)
}

// lifecycleEvent is a lifecycle event of CodeDeploy's that failed.
func lifecycleEvent(hook rollout.LifecycleHook) string {
	text := hook.ID + ": " + rollout.InWords(hook.Status)
	if hook.Why != "" {
		text += ": " + strings.TrimSuffix(hook.Why, ".")
	}
	return text
}

// deployer is who carries out the deployments of a service.
func deployer(service rollout.Service) string {
	if service.Controller == "CODE_DEPLOY" {
		return "CodeDeploy"
	}
	return "ECS"
}
