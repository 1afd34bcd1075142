package kind

import (
	"fmt"
	"strings"
	"time"

	"ecs-deploy/internal/rollout"
)

// Busy are the services of which a deployment is under way.
func Busy(services []rollout.SurveyedService) []rollout.BusyService {
	var busy []rollout.BusyService
	for _, running := range services {
		its := Of(running.Service)
		if d, is := its.UnderWay(running); is {
			busy = append(busy, rollout.BusyService{Service: running.Service, By: its.Name(), Deployment: d})
		}
	}
	return busy
}

// Occupied is the error of services of which a deployment is under way that is not to be replaced.
// Waited is how long its end was waited for; 0: that was not asked for.
func Occupied(busy []rollout.BusyService, waited time.Duration) *rollout.Problem {
	var what []string
	for _, service := range busy {
		text := fmt.Sprintf("deployment %s of %s %s ", service.Deployment.ID, service.Service.Noun(), service.Service.Name)
		if created := service.Deployment.Created; created.IsZero() {
			text += "is under way in " + service.By
		} else {
			text += "has been under way in " + service.By + " since " + rollout.Minute(created)
		}
		what = append(what, text)
	}
	input, next := "when-busy: fail: ", "Deploy again when it is over, or with when-busy: wait."
	if waited > 0 {
		input = "when-busy: wait: still waiting after " + rollout.Span(waited) + ": "
		next = "Check how it stands with operation: status. To wait longer, raise timeout."
	}
	return &rollout.Problem{
		Kind: rollout.BadInput, What: input + strings.Join(what, ", and "), Short: "another deployment is under way",
		Next: next + " If two jobs deploy this, give them one concurrency group.",
	}
}

func (ecs) UnderWay(running rollout.SurveyedService) (rollout.Deployment, bool) {
	primary, is := running.Service.Primary()
	return primary, is && primary.State == rollout.RolloutInProgress
}
