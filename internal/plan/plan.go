// Package plan decides what is going to be done: a function of the inputs and the world, without a
// clock and without the network. A dry run stops after it.
package plan

import (
	"fmt"
	"strings"

	"ecs-deploy/internal/inputs"
	"ecs-deploy/internal/rollout"
	"ecs-deploy/internal/taskdef"
)

// Make makes the plan. Its error is a *rollout.Problem.
func Make(in inputs.Inputs, world rollout.World) (rollout.Plan, error) {
	plan := rollout.Plan{Region: world.Region, WaitFor: rollout.WaitFor(in.WaitFor), Timeout: in.Timeout, RollBack: in.RollbackOnFailure, ShowValues: in.ShowValues}
	if in.KeepRevisions != nil {
		plan.KeepRevisions = int(*in.KeepRevisions)
	}
	if len(world.Services) == 0 {
		planned, err := revision(in, *world.Base, *world.Base)
		plan.Revisions = []rollout.PlannedRevision{planned}
		return plan, err
	}
	for _, running := range world.Services {
		base := running.Revision
		if world.Base != nil {
			base = *world.Base
		}
		planned, err := revision(in, base, running.Revision)
		if err != nil {
			return plan, err
		}
		service, err := service(in, running, planned)
		if err != nil {
			return plan, err
		}
		service.Revision = len(plan.Revisions)
		plan.Revisions = append(plan.Revisions, planned)
		plan.Services = append(plan.Services, service)
		plan.Notes = append(plan.Notes, running.Notes...)
	}
	return plan, nil
}

// revision edits the base. What comes out as it went in needs no new revision, as long as ECS still
// deploys the old one.
func revision(in inputs.Inputs, base, instead rollout.Revision) (rollout.PlannedRevision, error) {
	edited, err := base.Document.Apply(taskdef.Edit{Images: in.Images, Variables: in.Variables, Patch: in.Patch})
	switch {
	case err != nil:
		return rollout.PlannedRevision{}, &rollout.Problem{
			Kind: rollout.BadInput, What: "task-definition-patch: " + err.Error(), Err: err,
			Next: "Write the patch in the shape of the task definition.",
		}
	case len(edited.Unmatched) > 0:
		return rollout.PlannedRevision{}, unmatched(base, edited.Unmatched)
	case len(edited.Unplaced) > 0:
		return rollout.PlannedRevision{}, unplaced(base, edited.Unplaced)
	}
	return rollout.PlannedRevision{
		Base:     base,
		Instead:  instead,
		Document: edited.Document,
		Register: !base.Active || !edited.Document.Equal(base.Document),
		Images:   edited.Images,
	}, nil
}

// unplaced is about variables whose container is not there, or that could be meant for several.
func unplaced(base rollout.Revision, variables []taskdef.Variable) error {
	var asked, there []string
	for _, variable := range variables {
		asked = append(asked, variable.String())
	}
	for _, container := range base.Document.Containers() {
		there = append(there, container.Name)
	}
	input := "environment-variables"
	if variables[0].Secret {
		input = "secrets"
	}
	return &rollout.Problem{
		Kind: rollout.BadInput,
		What: fmt.Sprintf("%s: it is not known which container of %s is meant by %s", input, base.ID(), strings.Join(asked, ", ")),
		Next: "Write container:NAME=value. Its containers are " + strings.Join(there, ", ") + ".",
	}
}

func unmatched(base rollout.Revision, images []taskdef.Image) error {
	var asked, there []string
	for _, image := range images {
		asked = append(asked, image.String())
	}
	for _, container := range base.Document.Containers() {
		there = append(there, fmt.Sprintf("%s (%s)", container.Name, container.Image))
	}
	return &rollout.Problem{
		Kind: rollout.BadInput,
		What: fmt.Sprintf("image: no container of %s is meant by %s", base.ID(), strings.Join(asked, ", ")),
		Next: "Its containers are " + strings.Join(there, ", ") + ". Give an image of one of these repositories, or container=image.",
	}
}

func service(in inputs.Inputs, running rollout.Running, revision rollout.PlannedRevision) (rollout.PlannedService, error) {
	if in.DesiredCount != nil && running.Service.Scheduling == "DAEMON" {
		return rollout.PlannedService{}, &rollout.Problem{
			Kind: rollout.BadInput,
			What: fmt.Sprintf("desired-count: service %s is a DAEMON, which runs a task on every container instance", running.Service.Name),
			Next: "Leave desired-count out.",
		}
	}
	update := rollout.Update{
		Desired:               in.DesiredCount,
		MinimumHealthyPercent: in.MinimumHealthyPercent,
		MaximumPercent:        in.MaximumPercent,
		Patch:                 in.ServicePatch,
	}
	if !revision.Register {
		update.TaskDefinition = revision.Base.ARN
	}
	if in.ForceNewDeployment != nil {
		update.Force = *in.ForceNewDeployment
	} else {
		// A deploy always rolls: ECS would start nothing for a revision that is already there.
		update.Force = !revision.Register && revision.Base.ARN == running.Service.TaskDefinition
	}
	if _, err := update.Request(running.Service.ServiceKey); err != nil {
		return rollout.PlannedService{}, &rollout.Problem{
			Kind: rollout.BadInput, What: "service-patch: " + err.Error(), Err: err,
			Next: "Write the patch in the shape of UpdateService.",
		}
	}
	return rollout.PlannedService{Service: running.Service, Runs: running.Revision, Update: update}, nil
}

// Result is what a dry run comes to.
func Result(plan rollout.Plan) rollout.Result {
	result := rollout.Result{Outcome: rollout.Planned, Reason: "this was a dry run, and nothing was changed"}
	var revisions []rollout.RevisionResult
	for _, planned := range plan.Revisions {
		revision := rollout.RevisionResult{Revision: planned.Base, Previous: planned.Base, Images: planned.Images}
		if planned.Register {
			revision.Revision = rollout.Revision{Family: planned.Document.Family()}
		}
		revisions = append(revisions, revision)
	}
	for _, planned := range plan.Services {
		revision := revisions[planned.Revision]
		revision.Previous = planned.Runs
		result.Services = append(result.Services, rollout.ServiceResult{
			Service: planned.Service, Revision: revision,
			Verdict: rollout.Verdict{Outcome: rollout.Planned, Reason: result.Reason},
		})
	}
	if len(plan.Services) == 0 {
		result.Registered = &revisions[0]
	}
	return result
}
