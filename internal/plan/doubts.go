package plan

import (
	"fmt"

	"ecs-deploy/internal/rollout"
)

// Doubts are what the plan itself shows to be in its way.
func Doubts(plan rollout.Plan) []rollout.Doubt {
	var doubts []rollout.Doubt
	for _, service := range plan.Services {
		if doubt, blocked := deadlock(service); blocked {
			doubts = append(doubts, doubt)
		}
	}
	if doubt, sure := tooShort(plan); sure {
		doubts = append(doubts, doubt)
	}
	return doubts
}

// deadlock finds a minimum and a maximum that let no task start before one stops, and none stop before
// one has started. ECS rounds the lower bound up and the upper bound down:
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html.
func deadlock(planned rollout.PlannedService) (rollout.Doubt, bool) {
	service, update := planned.Service, planned.Update
	desired, minimum, maximum := service.Desired, service.Minimum, service.Maximum
	for _, set := range []struct {
		to   *int
		from *int32
	}{{&desired, update.Desired}, {&minimum, update.MinimumHealthyPercent}, {&maximum, update.MaximumPercent}} {
		if set.from != nil {
			*set.to = int(*set.from)
		}
	}
	lower, upper := (desired*minimum+99)/100, desired*maximum/100
	if !service.Rolling || planned.CodeDeploy != nil || service.Scheduling == "DAEMON" || desired == 0 || maximum == 0 || lower < desired || upper > desired {
		return rollout.Doubt{}, false
	}
	return rollout.Doubt{
		Sure: update.Patch.Empty(), // a service-patch may still change the numbers
		What: fmt.Sprintf("service %s can never make progress: of %d tasks, a minimum of %d %% keeps %d (rounded up), and a maximum of %d %% allows %d (rounded down)",
			service.Name, desired, minimum, lower, maximum, upper),
		Next: "Raise maximum-percent or lower minimum-healthy-percent.",
	}, true
}
