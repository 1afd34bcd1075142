package kind

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"ecs-deploy/internal/rollout"
	"ecs-deploy/internal/taskdef"
)

// daemon is managed daemons, one task on every instance of capacity providers. ECS deploys them instance by instance,
// and rolls back by itself what fails; nobody else can ask it to.
type daemon struct{}

func (daemon) Name() string { return "ECS" }

// Plan keeps what UpdateDaemon is to be sent back.
func (daemon) Plan(
	_ Request, running rollout.SurveyedService, revision rollout.PlannedRevision, r *rollout.Rollout,
) ([]rollout.Note, error) {
	its, _ := running.Own.(rollout.ManagedDaemon)
	r.Settings = its
	if err := WithoutProviders(r); err != nil {
		return nil, err
	}
	if members := revision.Document.NotOfDaemons(); len(members) > 0 && revision.New() {
		return nil, &rollout.Problem{
			Kind: rollout.BadInput, What: fmt.Sprintf("the task definition of daemon %s cannot have %s: daemons have no such "+
				"settings", r.Service.Name, strings.Join(members, ", ")),
			Next: "Leave that out of the file or of task-definition-patch.",
		}
	}
	if skips(r, revision) {
		return nil, nil
	}
	return []rollout.Note{{
		About: rollout.NoteDrains, Service: r.Service.Name, Said: named(its.Providers), Percent: drains(its.Last),
	}}, nil
}

// drains is what percentage of the instances is drained at a time
// (https://docs.aws.amazon.com/AmazonECS/latest/developerguide/managed-daemons-deployments.html).
func drains(last rollout.DaemonDeployment) float64 {
	const usual = 25
	return cmp.Or(last.Drains, usual)
}

// WithoutProviders is the error of a daemon of which no capacity providers are known; nil: they are.
func WithoutProviders(r *rollout.Rollout) error {
	if its, _ := r.Settings.(rollout.ManagedDaemon); len(its.Providers) > 0 {
		return nil
	}
	return &rollout.Problem{
		Kind: rollout.BadInput, What: fmt.Sprintf(
			"ECS tells no capacity provider of daemon %s, and UpdateDaemon must be sent them", r.Service.Name,
		),
		Next: "Update the daemon once in the console, with its capacity providers.",
	}
}

// named are the last parts of ARNs.
func named(arns []string) []string {
	var names []string
	for _, arn := range arns {
		names = append(names, rollout.LastSegment(arn))
	}
	return names
}

// UpdateDaemon is the body of UpdateDaemon, by which a daemon gets a task definition, by its ARN. All that a daemon has
// is sent back: what becomes of what is left out is not said
// (https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateDaemon.html).
func UpdateDaemon(r *rollout.Rollout, taskDefinition string) taskdef.Document {
	its, _ := r.Settings.(rollout.ManagedDaemon)
	request := struct {
		DaemonARN      string          `json:"daemonArn"`
		TaskDefinition string          `json:"daemonTaskDefinitionArn"`
		Providers      []string        `json:"capacityProviderArns"`
		Configuration  json.RawMessage `json:"deploymentConfiguration,omitempty"`
		Critical       *bool           `json:"critical,omitempty"`
		ManagedTags    *bool           `json:"enableECSManagedTags,omitempty"`
		ExecuteCommand *bool           `json:"enableExecuteCommand,omitempty"`
		PropagateTags  string          `json:"propagateTags,omitempty"`
	}{
		DaemonARN: r.Service.ARN, TaskDefinition: taskDefinition, Configuration: its.Last.Configuration,
		Critical: its.Critical, ManagedTags: its.ManagedTags, ExecuteCommand: its.ExecuteCommand,
		PropagateTags: its.PropagateTags, Providers: its.Providers,
	}
	body, err := json.Marshal(request)
	if err != nil {
		panic(err) // what is raw in it was read as JSON
	}
	document, err := taskdef.Parse(body)
	if err != nil {
		panic(err)
	}
	return document
}

// Calls are UpdateDaemon, unless nothing but the revision runs already and no deployment is forced.
func (daemon) Calls(r *rollout.Rollout, revision rollout.PlannedRevision) []rollout.Call {
	request := UpdateDaemon(r, rollout.RevisionPlaceholder(revision))
	return []rollout.Call{{
		Action: "ecs:UpdateDaemon", Deploys: true, Request: request, Update: rollout.Update{Force: r.Update.Force},
		Skipped: skips(r, revision),
	}}
}

// skips tells whether a daemon is left as it is.
func skips(r *rollout.Rollout, revision rollout.PlannedRevision) bool {
	its, _ := r.Settings.(rollout.ManagedDaemon)
	settled := len(r.Service.Deployments) == 1 && its.Last.Status.Over()
	return settled && !starts(r, revision)
}

// batchTimeout is how long ECS is waited for by default to drain instances, and to have others in their place. How long
// that takes is said nowhere.
const batchTimeout = 15 * time.Minute

func (daemon) Timeouts(running rollout.SurveyedService, _ rollout.WaitFor) (usually, more time.Duration) {
	its, _ := running.Own.(rollout.ManagedDaemon)
	batches := math.Min(math.Ceil(100/drains(its.Last)), float64(max(its.Instances, 1)))
	return max(stableTimeout, time.Duration(batches)*batchTimeout), its.Last.Bake
}

func (daemon) Concerns(rollout.Plan, *rollout.Rollout) []rollout.Concern { return nil }

func (daemon) UnderWay(running rollout.SurveyedService) (rollout.Deployment, bool) {
	its, _ := running.Own.(rollout.ManagedDaemon)
	return its.Last.Listed(), its.Last.Status != "" && !its.Last.Status.Over()
}

func (daemon) Replaces(rollout.SurveyedService, string) bool { return false }

func (daemon) Outputs(*rollout.Rollout) []rollout.Output { return nil }

func (daemon) CountsFailures() bool { return true }

// RollsBack is so always: by the circuit breaker, which cannot be turned off.
func (daemon) RollsBack(*rollout.Rollout) bool { return true }

func (daemon) NeedsHealth(*rollout.Rollout, Goal) bool { return false }

func (daemon) Evidence(*rollout.Rollout, *rollout.Evidence) {}

func (daemon) Progress(r *rollout.Rollout) rollout.Progress {
	its, known := r.Own.(rollout.DaemonDeployment)
	before, _ := r.Settings.(rollout.ManagedDaemon)
	s := rollout.Progress{
		ID: r.Deployment.ID, OfInstances: true, Listed: true, Wanted: max(r.Service.Desired, before.Instances),
		State: string(its.Status), Ended: its.Status.Over(),
	}
	if !known {
		s.State = string(rollout.DaemonDeploymentPending)
		return s
	}
	s.Running, s.Without = its.On(r.Revision.Revision.ARN), its.Target.Without
	s.Failed = its.Breaker.Failures
	s.Serves = serves(its)
	for _, revision := range append([]rollout.DaemonRevision{its.Target}, its.Sources...) {
		s.Older += revision.Running
		s.Draining += revision.Draining
	}
	s.Older -= s.Running
	s.Wanted = max(s.Wanted, s.Running+s.Older+s.Without)
	if its.Breaker.Status == rollout.Monitoring {
		s.Breaker = its.Breaker
	}
	if s.Ended {
		s.Course = rollout.Over
	}
	return s
}

// serves is which revisions run, those on most instances first.
func serves(d rollout.DaemonDeployment) []rollout.ServingTasks {
	var all []rollout.ServingTasks
	for _, revision := range append([]rollout.DaemonRevision{d.Target}, d.Sources...) {
		same := func(tasks rollout.ServingTasks) bool { return tasks.TaskDefinition == revision.TaskDefinition }
		switch at := slices.IndexFunc(all, same); {
		case revision.Running == 0:
			continue
		case at >= 0: // it is deployed anew
			all[at].Running += revision.Running
		default:
			all = append(all, rollout.ServingTasks{TaskDefinition: revision.TaskDefinition, Running: revision.Running})
		}
	}
	slices.SortStableFunc(all, func(a, b rollout.ServingTasks) int { return cmp.Compare(b.Running, a.Running) })
	return all
}

// Judge goes by the status of the deployment. One that was stopped was replaced by another, or failed
// (https://docs.aws.amazon.com/AmazonECS/latest/developerguide/managed-daemons-deployments.html).
func (daemon) Judge(r *rollout.Rollout, _ Goal) (rollout.Verdict, bool) {
	if verdict, deleted := deleted(r); deleted {
		return verdict, true
	}
	its, known := r.Own.(rollout.DaemonDeployment)
	said := cmp.Or(its.Back, its.Reason)
	switch {
	case !known:
		return undecided()
	case its.Status == rollout.DaemonDeploymentSuccessful:
		return verdict(rollout.Succeeded, rollout.EndedComplete, "")
	case its.Status == rollout.DaemonDeploymentRollbackSuccessful:
		before, _ := its.Before()
		return rollout.Verdict{
			Outcome: rollout.RolledBack, Ending: rollout.EndedRolledBack, To: before.TaskDefinition, Said: said,
			Alarms: its.Alarms,
		}, true
	case its.Status == rollout.DaemonDeploymentRollbackFailed:
		return verdict(rollout.RollbackFailed, rollout.EndedStuck, said)
	case r.Later.ID != "":
		return superseded(r.Later)
	case its.Status == rollout.DaemonDeploymentStopped && since(r, r.OverSince) >= settleTimeout:
		return verdict(rollout.Failed, rollout.EndedStopped, said) // what replaced it would be known by now
	}
	return undecided()
}

// Rollback is by another deployment: ECS cannot be asked to roll one back.
func (daemon) Rollback(r *rollout.Rollout, why RollbackCause) Step {
	its, _ := r.Own.(rollout.DaemonDeployment)
	back := its.Status == rollout.DaemonDeploymentRollbackInProgress || its.Status == rollout.DaemonDeploymentStopRequested
	switch {
	case r.Later.ID != "":
		return LeaveSuperseded
	case back, its.Status == rollout.DaemonDeploymentRollbackSuccessful:
		return Follow
	case its.Status == rollout.DaemonDeploymentSuccessful && !why.ForAnother && !why.ByUser:
		return LeaveComplete
	}
	return Restore
}
