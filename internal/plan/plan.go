// Package plan decides what is going to be done: a function of the inputs and the world, without a
// clock and without the network. A dry run stops after it.
package plan

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"ecs-deploy/internal/inputs"
	"ecs-deploy/internal/kind"
	"ecs-deploy/internal/rollout"
	"ecs-deploy/internal/taskdef"
)

// Make makes the plan. Its error is a *rollout.Problem.
func Make(in inputs.Inputs, world rollout.World) (rollout.Plan, error) {
	plan := rollout.Plan{
		WaitFor:  rollout.WaitFor(in.WaitFor),
		Timeout:  Timeout(in, world.Services),
		RollBack: in.RollbackOnFailure,

		RollbackTimeout: RollbackTimeout(in, world.Services),

		ShowValues: in.ShowValues,
	}
	if in.MaxParallel != nil {
		plan.MaxParallel = int(*in.MaxParallel)
	}
	if in.KeepRevisions != nil {
		plan.KeepRevisions = int(*in.KeepRevisions)
	}
	bases, of, err := bases(in, world)
	if err != nil {
		return plan, err
	}
	if err := addRevisions(&plan, in, bases); err != nil {
		return plan, err
	}
	notes := make([][]rollout.Note, len(world.Services))
	for i, running := range world.Services {
		if notes[i], err = addService(&plan, of[i], running); err != nil {
			return plan, err
		}
	}
	rollout.TellApart(plan.Rollouts)
	for i, r := range plan.Rollouts {
		for _, note := range notes[i] {
			if note.Service == r.Service.Name {
				note.Service = r.Name()
			}
			plan.Notes = append(plan.Notes, note)
		}
	}
	plan.Gates = rollout.Gates{
		URLs: in.Gates.URLs, URLTimeout: in.Gates.URLTimeout, Alarms: world.Alarms, Bake: in.Gates.Bake,
	}
	for _, alarm := range world.Alarms {
		if alarm.On {
			plan.Notes = append(plan.Notes, rollout.Note{About: rollout.NoteAlarmed, Said: []string{alarm.Name}})
		}
	}
	for _, image := range slices.SortedFunc(maps.Keys(in.Digests), rollout.PlacedImage.Compare) {
		said := []string{image.Image, in.Digests[image]}
		plan.Notes = append(plan.Notes, rollout.Note{About: rollout.NoteResolved, Said: said})
	}
	plan.Restart = in.AskNothing() && slices.ContainsFunc(plan.Rollouts, restarts)
	if plan.Restart {
		plan.Notes = append(plan.Notes, rollout.Note{About: rollout.NoteRestart})
	}
	if err := addTasks(&plan, in); err != nil {
		return plan, err
	}
	plan.Scheduled, err = scheduled(world.Scheduled, plan.Revisions)
	return plan, err
}

// addService adds what is planned for a service, and returns what is out of the ordinary with it.
func addService(plan *rollout.Plan, of filledFor, running rollout.SurveyedService) ([]rollout.Note, error) {
	in, revision := of.in, plan.Revisions[of.base]
	planned, more, err := service(in, running, revision)
	if err != nil {
		return nil, err
	}
	planned.Planned, planned.Wave = of.base, running.Wave
	plan.Rollouts = append(plan.Rollouts, planned)
	notes := append(slices.Clone(running.Notes), more...)
	if dropped := running.Revision.Document.Dropped(revision.Document); in.File != nil && len(dropped) > 0 {
		notes = append(notes, rollout.Note{
			About: rollout.NoteDropped, Service: running.Service.Name, Runs: running.Revision.ID(), Said: dropped,
		})
	}
	if in.RollbackOnFailure && !running.Revision.Active && !revision.New() {
		notes = append(notes, rollout.Note{
			About: rollout.NoteInactive, Service: running.Service.Name, Runs: running.Revision.ID(),
		})
	}
	return notes, nil
}

// addRevisions adds what comes of the bases, and what is left out of it.
func addRevisions(plan *rollout.Plan, in inputs.Inputs, bases []base) error {
	leftOut := make([][]string, len(bases))
	for i, base := range bases {
		if base.ARN == "" { // a file; what ECS answers is as it is
			bases[i].Document, leftOut[i] = base.Document.Tidy()
		}
	}
	edits, err := edit(in, bases)
	if err != nil {
		return err
	}
	for i, base := range bases {
		if base.ARN == "" || !edits[i].Document.Equal(base.Document) { // what runs, and stays, is as it is
			document, more := edits[i].Document.Tidy()
			edits[i].Document, leftOut[i] = document, append(leftOut[i], more...)
		}
		planned := revision(base, edits[i])
		plan.Revisions = append(plan.Revisions, planned)
		if planned.New() {
			if err := refused(base.Revision, planned.Document); err != nil {
				return err
			}
		}
		if len(leftOut[i]) > 0 {
			plan.Notes = append(plan.Notes, rollout.Note{About: rollout.NoteLeftOut, Said: leftOut[i]})
		}
	}
	return nil
}

// scheduled finds for each scheduled task the revision of its family. A task of another family is most
// likely named by mistake.
func scheduled(tasks []rollout.ScheduledTask, revisions []rollout.PlannedRevision) ([]rollout.PlannedSchedule, error) {
	var planned []rollout.PlannedSchedule
	for _, task := range tasks {
		at := slices.IndexFunc(
			revisions, func(r rollout.PlannedRevision) bool { return r.Document.Family() == task.Family() },
		)
		if at < 0 {
			return nil, &rollout.Problem{
				Kind: rollout.BadInput,
				What: fmt.Sprintf(
					"scheduled-tasks: %s runs the family %s, of which nothing is deployed", task.Name(), task.Family(),
				),
				Next: "Name it where its family is deployed.",
			}
		}
		planned = append(planned, rollout.PlannedSchedule{Task: task, Revision: at})
	}
	return planned, nil
}

// revision is what comes of a base. What comes out as it went in needs no new revision, as long as ECS
// still deploys the old one.
func revision(base base, edited taskdef.Edited) rollout.PlannedRevision {
	anew := !base.Active || !edited.Document.Equal(base.Document)
	return rollout.PlannedRevision{
		Place:    base.place,
		Base:     base.Revision,
		Document: edited.Document,
		Register: anew && !base.byECS,
		ByECS:    anew && base.byECS,
		Images:   edited.Images,
	}
}

// restarts tells whether a service is started anew with what it runs, and by UpdateService alone.
func restarts(r *rollout.Rollout) bool {
	return r.Update.Force && len(r.Calls) == 1 && r.Calls[0].Update.Force
}

func service(
	in inputs.Inputs, running rollout.SurveyedService, revision rollout.PlannedRevision,
) (*rollout.Rollout, []rollout.Note, error) {
	if in.DesiredCount != nil && running.Service.Daemon {
		return nil, nil, &rollout.Problem{
			Kind: rollout.BadInput,
			What: fmt.Sprintf(
				"desired-count: service %s is a DAEMON, which runs a task on every container instance", running.Service.Name,
			),
			Next: "Leave desired-count out.",
		}
	}
	update := rollout.Update{
		Desired:               in.DesiredCount,
		MinimumHealthyPercent: in.MinimumHealthyPercent,
		MaximumPercent:        in.MaximumPercent,
		Patch:                 in.ServicePatch,
	}
	if !revision.New() {
		update.TaskDefinition = revision.Base.ARN
	}
	if err := attached(in, running, revision); err != nil {
		return nil, nil, err
	}
	if in.ForceNewDeployment != nil {
		update.Force = *in.ForceNewDeployment
	} else {
		// A deploy always rolls: ECS would start nothing for a revision that is already there.
		update.Force = !revision.New() && revision.Base.ARN == running.Service.TaskDefinition || moves(in, running.Service)
	}
	if _, err := kind.UpdateService(running.Service.ServiceKey, update); err != nil {
		return nil, nil, &rollout.Problem{
			Kind: rollout.BadInput, What: "service-patch: " + err.Error(), Err: err,
			Next: "Write the patch in the shape of UpdateService.",
		}
	}
	its := kind.Of(running.Service)
	before := running.Service.Counts(running.Revision)
	r := &rollout.Rollout{
		By: its.Name(), Runs: running.Revision, Before: &before, Update: update,
		Revision: comparedWith(running.Revision, revision),
		Look:     rollout.Look{Service: running.Service},
	}
	asked := kind.Request{Options: in.Kinds(), Patch: in.ServicePatch, RollBack: in.RollbackOnFailure}
	notes, err := its.Plan(asked, running, revision, r)
	if err != nil {
		return nil, nil, err
	}
	r.Calls = its.Calls(r, revision)
	return r, notes, nil
}

// comparedWith is what comes of a planned revision in place of one that runs.
func comparedWith(runs rollout.Revision, planned rollout.PlannedRevision) rollout.RevisionResult {
	result := rollout.RevisionResult{Revision: expected(planned), Previous: runs, Images: planned.Images}
	if len(runs.Document.Containers()) > 0 { // else it could not be read
		result.Images = planned.Document.ImagesOver(runs.Document, planned.Images)
		result.Variables = planned.Document.VariablesOver(runs.Document)
	}
	return result
}

// expected is a planned revision as far as it is known: of one that is to be registered, its family.
func expected(planned rollout.PlannedRevision) rollout.Revision {
	if planned.New() {
		return rollout.Revision{Family: planned.Document.Family()}
	}
	return planned.Base
}

// Concerns are what the plan itself shows to be in its way.
func Concerns(plan rollout.Plan) []rollout.Concern {
	var concerns []rollout.Concern
	for _, r := range plan.Rollouts {
		concerns = append(concerns, kind.Of(r.Service).Concerns(plan, r)...)
	}
	return concerns
}

// Timeout is how long is waited at most.
func Timeout(in inputs.Inputs, services []rollout.SurveyedService) time.Duration {
	return kind.Timeout(in.Timeout, in.WaitsOnTop, rollout.WaitFor(in.WaitFor), services)
}

// RollbackTimeout is how long is waited at most for what is rolled back. Whoever asks for a rollback says how long.
func RollbackTimeout(in inputs.Inputs, services []rollout.SurveyedService) time.Duration {
	if in.Operation == "rollback" && in.Timeout > 0 {
		return in.Timeout
	}
	return kind.RollbackTimeout(in.Timeout, in.WaitsOnTop, services)
}

// Result is what a dry run comes to.
func Result(plan rollout.Plan) rollout.Result {
	result := rollout.Result{Rollouts: plan.Rollouts, DryRun: true, Restarted: plan.Restart}
	for _, r := range plan.Rollouts {
		r.Verdict = rollout.Verdict{Outcome: rollout.Planned, Ending: rollout.EndedPlanned}
	}
	if len(plan.Rollouts) == 0 {
		planned := plan.Revisions[0]
		result.Registered = &rollout.RevisionResult{
			Revision: expected(planned),
			Previous: planned.Base,
			Images:   planned.Images,
		}
	}
	return result
}
