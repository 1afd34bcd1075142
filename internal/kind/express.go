package kind

import (
	"fmt"
	"slices"
	"strings"

	"ecs-deploy/internal/rollout"
	"ecs-deploy/internal/taskdef"
)

// express is Express services. ECS carries their deployments out as any others; what is around them it has made, and
// often their task definitions too.
type express struct{ ecs }

// MakesRevisions tells whether ECS makes the revisions of a service itself: then none is registered for it. It does not
// say so anywhere. Their families are called as the cluster and the service are (seen in public repositories), and they
// have one container.
func MakesRevisions(running rollout.SurveyedService) bool {
	service, containers := running.Service, running.Revision.Document.Containers()
	return service.Controller == rollout.ControlledByExpress &&
		running.Revision.Family == service.Cluster+"-"+service.Name &&
		len(containers) == 1 && containers[0].Name == taskdef.ExpressContainer
}

func (express) Plan(
	_ Request, running rollout.SurveyedService, revision rollout.PlannedRevision, r *rollout.Rollout,
) ([]rollout.Note, error) {
	its, _ := running.Own.(rollout.ExpressService)
	r.ServiceURL = its.URL
	if err := notOfExpress(r); err != nil {
		return nil, err
	}
	var planned rollout.PlannedExpress
	switch {
	case revision.ByECS && !its.Shown:
		return nil, &rollout.Problem{
			Kind: rollout.BadInput, What: fmt.Sprintf("DescribeExpressGatewayService does not show what service %s runs (%s), "+
				"and without it ECS cannot be sent its whole container", r.Service.Name, running.Revision.ID()),
			Next: "Deploy again when no deployment is under way. Or give task-definition, with a task definition of your own.",
		}
	case revision.ByECS:
		request, left := taskdef.ExpressUpdate(r.Service.ARN, its.Revision, running.Revision.Document, revision.Document)
		if len(left) > 0 {
			return nil, cannotBeMade(r.Service, left)
		}
		planned.Made = &request
	case MakesRevisions(running) && revision.Base.ARN != running.Revision.ARN:
		if !revision.Document.NamesOnePort(taskdef.ExpressContainer) {
			return nil, &rollout.Problem{
				Kind: rollout.BadInput,
				What: fmt.Sprintf("task-definition: service %s is an Express service, whose task definition must have a "+
					"container %s with one port, and that a name", r.Service.Name, taskdef.ExpressContainer),
				Next: "Name the container, and its port in portMappings.",
			}
		}
		planned.Own = true
	}
	r.Settings = planned
	return nil, nil
}

// notOfExpress is the error of what is asked for and no update of an Express service takes; nil if there is nothing.
func notOfExpress(r *rollout.Rollout) error {
	var inputs []string
	for _, input := range []struct {
		name  string
		given bool
	}{
		{"desired-count", r.Update.Desired != nil},
		{"minimum-healthy-percent", r.Update.MinimumHealthyPercent != nil},
		{"maximum-percent", r.Update.MaximumPercent != nil},
		{"service-patch", !r.Update.Patch.Empty()},
	} {
		if input.given {
			inputs = append(inputs, input.name)
		}
	}
	if len(inputs) == 0 {
		return nil
	}
	next := "Leave it out."
	if len(inputs) > 1 {
		next = "Leave them out."
	}
	return &rollout.Problem{
		Kind: rollout.BadInput,
		What: fmt.Sprintf("%s: service %s is an Express service, whose settings are not changed with a deployment",
			strings.Join(inputs, ", "), r.Service.Name),
		Next: next + " UpdateExpressGatewayService changes how many tasks run (scalingTarget).",
	}
}

// cannotBeMade is the error of a task definition that ECS cannot be asked to make.
func cannotBeMade(service rollout.Service, left []string) error {
	slices.Sort(left)
	input := "task-definition-patch"
	if slices.Equal(left, []string{"tags"}) {
		input = "revision-tags"
	}
	return &rollout.Problem{
		Kind: rollout.BadInput,
		What: fmt.Sprintf("%s: ECS makes the task definition of the Express service %s, and takes no change of %s",
			input, service.Name, strings.Join(left, ", ")),
		Next: "Leave that out. Or give the service a task definition of your own, with task-definition: it is deployed " +
			"with that from then on.",
	}
}

// UpdateExpress is the body of UpdateExpressGatewayService for a revision, by its ARN, and whether that is called.
func UpdateExpress(r *rollout.Rollout, revision string) (taskdef.Document, bool) {
	planned, _ := r.Settings.(rollout.PlannedExpress)
	switch {
	case planned.Made != nil:
		return *planned.Made, true
	case planned.Own:
		return taskdef.ExpressOwn(r.Service.ARN, revision), true
	}
	return taskdef.Document{}, false
}

func (k express) Calls(r *rollout.Rollout, revision rollout.PlannedRevision) []rollout.Call {
	request, is := UpdateExpress(r, rollout.RevisionPlaceholder(revision))
	if !is {
		return k.ecs.Calls(r, revision)
	}
	return []rollout.Call{{Action: "ecs:UpdateExpressGatewayService", Deploys: true, Update: r.Update, Request: request}}
}
