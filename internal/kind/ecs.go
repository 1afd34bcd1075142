package kind

import (
	"slices"
	"strings"
	"time"

	"ecs-deploy/internal/rollout"
)

// ecs is deployments that ECS carries out itself, whatever their strategy.
type ecs struct{}

func (ecs) Name() string { return "ECS" }

func (ecs) Plan(Request, rollout.Running, rollout.PlannedRevision, *rollout.Rollout) ([]rollout.Note, error) {
	return nil, nil
}

func (ecs) Calls(r *rollout.Rollout, revision rollout.PlannedRevision) []rollout.Call {
	update := r.Update
	if update.TaskDefinition == "" {
		update.TaskDefinition = rollout.RevisionPlaceholder(revision)
	}
	request, _ := UpdateService(r.Service.ServiceKey, update) // its error was told when the plan was made
	return []rollout.Call{{Action: "ecs:UpdateService", Deploys: true, Update: r.Update, Request: request}}
}

func (ecs) Timeouts(_ rollout.Running, waitFor rollout.WaitFor) (usually, more time.Duration) {
	if waitFor == rollout.AllRun {
		return runningTimeout, 0
	}
	return stableTimeout, 0
}

func (ecs) Concerns(_ rollout.Plan, r *rollout.Rollout) []rollout.Concern {
	if concern, blocked := deadlock(r); blocked {
		return []rollout.Concern{concern}
	}
	return nil
}

func (ecs) Replaces(rollout.Running, string) bool { return false }

func (ecs) Outputs(*rollout.Rollout) []rollout.Output { return nil }

func (ecs) CountsFailures() bool { return true }

func (ecs) Evidence(*rollout.Rollout, *rollout.Evidence) {}

// serviceDeployment is what the service-deployment calls say, as far as they were made.
func serviceDeployment(r *rollout.Rollout) (rollout.ServiceDeployment, bool) {
	its, read := r.Own.(rollout.ServiceDeployment)
	return its, read
}

func (ecs) Progress(r *rollout.Rollout) rollout.Progress {
	s := counts(r)
	if r.Deployment.State == rollout.RolloutFailed {
		s.Course = rollout.GivenUp
	}
	its, read := serviceDeployment(r)
	if !read {
		return s
	}
	s.State = string(its.Status)
	s.Stage = its.Stage
	s.Traffic = its.Production
	s.Hooks = its.Hooks
	s.Shifts = s.Stage != ""
	if s.Stage == rollout.StageBakeTime {
		s.Remaining = max(0, its.BakeInterval-since(r, r.StageSince))
	}
	if _, waits := its.Waiting(); waits {
		s.Wait = rollout.WaitContinue
	} else {
		s.Hooks = slices.DeleteFunc(slices.Clone(s.Hooks), func(hook rollout.LifecycleHook) bool {
			return hook.Status == rollout.HookAwaitingAction
		})
	}
	return s
}

// Judge asks the service deployment first, which is the better witness; the service's own list of deployments needs no
// further permission. What each word means:
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-deployment.html.
func (k ecs) Judge(r *rollout.Rollout, goal Goal) (rollout.Verdict, bool) {
	if verdict, deleted := deleted(r); deleted {
		return verdict, true
	}
	if verdict, ended := k.ended(r); ended {
		return verdict, true
	}
	if stage, is := goal.WaitFor.Stage(); is && hasReached(r, stage) {
		return verdict(rollout.Succeeded, rollout.EndedAtStage, "")
	}
	if goal.WaitFor == rollout.AllRun && k.runsLongEnough(r) {
		return verdict(rollout.Succeeded, rollout.EndedRunning, "")
	}
	return undecided()
}

func (k ecs) ended(r *rollout.Rollout) (rollout.Verdict, bool) {
	if its, read := serviceDeployment(r); read {
		if verdict, ended := k.byServiceDeployment(r, its); ended {
			return verdict, true
		}
		if its.Status.RollingBack() {
			return undecided()
		}
	}
	return k.byDeployments(r)
}

func (k ecs) byServiceDeployment(r *rollout.Rollout, its rollout.ServiceDeployment) (rollout.Verdict, bool) {
	primary, listed := r.Service.Primary()
	another := listed && primary.ID != r.Deployment.ID && primary.ID != r.Replaced
	switch its.Status {
	case rollout.ServiceDeploymentSuccessful:
		return verdict(rollout.Succeeded, rollout.EndedComplete, "")
	case rollout.ServiceDeploymentRollbackSuccessful:
		return rolledBack(primary, its.Reason)
	case rollout.ServiceDeploymentRollbackFailed:
		return verdict(rollout.RollbackFailed, rollout.EndedStuck, its.Reason)
	case rollout.ServiceDeploymentStopRequested:
		if another {
			return superseded(primary)
		}
	case rollout.ServiceDeploymentStopped:
		if another {
			return superseded(primary)
		}
		return verdict(rollout.Failed, rollout.EndedStopped, its.Reason)
	}
	return undecided()
}

func (k ecs) byDeployments(r *rollout.Rollout) (rollout.Verdict, bool) {
	primary, _ := r.Service.Primary()
	ours, listed := r.Service.Deployment(r.Deployment.ID)
	switch {
	case !r.Seen && r.At.Sub(r.Since) < settleTimeout:
		return undecided() // DescribeServices lags behind UpdateService
	case listed && ours.Status == rollout.DeploymentPrimary:
		return k.asPrimary(r, ours)
	case ours.State == rollout.RolloutFailed,
		primary.ID == r.Replaced,
		strings.Contains(primary.StateReason, "rolling back"):
		if complete(r.Service, primary) {
			return rolledBack(primary, failure(r.Deployment))
		}
		return undecided()
	case primary.ID == "":
		return undecided()
	}
	return superseded(primary)
}

// asPrimary decides on ours, as long as ECS works towards it.
func (ecs) asPrimary(r *rollout.Rollout, ours rollout.Deployment) (rollout.Verdict, bool) {
	_, read := serviceDeployment(r)
	failedFor := since(r, r.FailedSince)
	switch {
	case complete(r.Service, ours):
		return verdict(rollout.Succeeded, rollout.EndedComplete, "")
	case ours.State == rollout.RolloutFailed && r.Service.RollsBack && failedFor >= settleTimeout:
		return verdict(rollout.RollbackFailed, rollout.EndedNotRolledBack, ours.StateReason)
	case ours.State == rollout.RolloutFailed && !r.Service.RollsBack && (!read || failedFor >= settleTimeout):
		return verdict(rollout.Failed, rollout.EndedGivenUp, ours.StateReason)
	}
	return undecided()
}

// complete tells whether a deployment has come to its good end. The counts say nothing, since they are
// all 0 at first, and so equal; but for services behind a Classic Load Balancer, which have no
// rolloutState (https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Deployment.html).
func complete(service rollout.Service, d rollout.Deployment) bool {
	return d.State == rollout.RolloutCompleted ||
		d.State == "" && len(service.Deployments) == 1 && d.Running == service.Desired && d.Pending == 0
}

// failure is why a deployment failed; while it did not, its reason says nothing.
func failure(d rollout.Deployment) string {
	if d.State != rollout.RolloutFailed {
		return ""
	}
	return d.StateReason
}

func superseded(by rollout.Deployment) (rollout.Verdict, bool) {
	return rollout.Verdict{
		Outcome: rollout.Superseded,
		Ending:  rollout.EndedSuperseded,
		EndedBy: rollout.Somebody,
		By:      by,
	}, true
}

// hasReached tells whether a deployment has come to a stage of its lifecycle, or past it.
func hasReached(r *rollout.Rollout, stage string) bool {
	its, read := serviceDeployment(r)
	return read && its.Status == rollout.ServiceDeploymentInProgress &&
		slices.Index(rollout.Stages, its.Stage) >= slices.Index(rollout.Stages, stage)
}

// NeedsHealth is so once the counts say that every wanted task of our deployment runs, and it has not ended.
func (k ecs) NeedsHealth(r *rollout.Rollout, goal Goal) bool {
	if _, ended := k.ended(r); ended {
		return false
	}
	ours, listed := r.Service.Deployment(r.Deployment.ID)
	return goal.WaitFor == rollout.AllRun && listed &&
		ours.Status == rollout.DeploymentPrimary && ours.State != rollout.RolloutFailed &&
		ours.Desired == r.Service.Desired && ours.Running >= ours.Desired && ours.Desired > 0 && ours.Pending == 0
}

// healthyAge is how long all tasks must be seen running and healthy before wait-for: running takes it for true. Where
// nothing checks their health it is as long as ECS itself waits before it counts a task as healthy
// (https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html).
const (
	healthyAge   = 10 * time.Second
	uncheckedAge = 40 * time.Second
)

func (ecs) runsLongEnough(r *rollout.Rollout) bool {
	if r.HealthySince.IsZero() || r.Health == rollout.Unhealthy {
		return false
	}
	held := since(r, r.HealthySince)
	return held >= uncheckedAge || held >= healthyAge && r.Health == rollout.Healthy
}

func (ecs) Rollback(r *rollout.Rollout, why RollbackCause) Step {
	primary, _ := r.Service.Primary()
	completed := primary.State == rollout.RolloutCompleted
	switch {
	case primary.ID == r.Replaced && !why.ByUser:
		return Follow
	case primary.ID != r.Deployment.ID:
		return LeaveSuperseded
	case completed && !why.ForAnother && !why.ByUser:
		return LeaveComplete
	case completed, why.StopFailed:
		return Restore
	}
	return Stop
}
