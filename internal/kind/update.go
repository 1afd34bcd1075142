package kind

import (
	"encoding/json"
	"fmt"

	"ecs-deploy/internal/rollout"
	"ecs-deploy/internal/taskdef"
)

// UpdateService is the body of UpdateService: what is set of an update, and no more. The error is that of the patch.
func UpdateService(service rollout.ServiceKey, update rollout.Update) (taskdef.Document, error) {
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
	}{service.Cluster, service.Name, update.TaskDefinition, update.Desired, update.Force, nil}
	if update.MinimumHealthyPercent != nil || update.MaximumPercent != nil {
		request.DeploymentConfiguration = &configuration{update.MinimumHealthyPercent, update.MaximumPercent}
	}
	body, err := json.Marshal(request)
	if err != nil {
		return taskdef.Document{}, err
	}
	document, err := taskdef.Parse(body)
	if err != nil {
		return taskdef.Document{}, err
	}
	return update.Patch.Apply(document)
}

// deadlock finds a minimum and a maximum that let no task start before one stops, and none stop before
// one has started. ECS rounds the lower bound up and the upper bound down:
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html.
func deadlock(r *rollout.Rollout) (rollout.Concern, bool) {
	service, update := r.Service, r.Update
	desired := service.Desired
	minimum := service.Minimum
	maximum := service.Maximum
	for _, set := range []struct {
		to   *int
		from *int32
	}{{&desired, update.Desired}, {&minimum, update.MinimumHealthyPercent}, {&maximum, update.MaximumPercent}} {
		if set.from != nil {
			*set.to = int(*set.from)
		}
	}
	lower, upper := (desired*minimum+99)/100, desired*maximum/100
	if !service.Rolling || service.Daemon || desired == 0 || maximum == 0 || lower < desired || upper > desired {
		return rollout.Concern{}, false
	}
	return rollout.Concern{
		Cause: "deadlock",
		Sure:  update.Patch.Empty(), // a service-patch may still change the numbers
		What: fmt.Sprintf("service %s can never make progress: of %d tasks, a minimum of %d%% keeps %d (rounded up), and "+
			"a maximum of %d%% allows %d (rounded down)", service.Name, desired, minimum, lower, maximum, upper),
		Next: "Raise maximum-percent or lower minimum-healthy-percent.",
	}, true
}
