package kind

import (
	"fmt"
	"slices"
	"time"

	"ecs-deploy/internal/rollout"
)

// ecs is deployments that ECS carries out itself, whatever their strategy.
type ecs struct{}

func (ecs) Name() string { return "ECS" }

func (ecs) Plan(Request, rollout.SurveyedService, rollout.PlannedRevision, *rollout.Rollout) ([]rollout.Note, error) {
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

func (ecs) Timeouts(running rollout.SurveyedService, waitFor rollout.WaitFor) (usually, more time.Duration) {
	if waitFor == rollout.AllRun {
		return runningTimeout, 0
	}
	strategy := running.Service.Strategy
	return stableTimeout, strategy.Waits() + strategy.PauseTimeout()
}

func (ecs) Concerns(plan rollout.Plan, r *rollout.Rollout) []rollout.Concern {
	if concern, blocked := deadlock(r); blocked {
		return []rollout.Concern{concern}
	}
	waits := r.Service.Strategy.Waits()
	if plan.WaitFor != rollout.Stable || waits < plan.Timeout {
		return nil
	}
	return []rollout.Concern{{
		Cause: rollout.TimeoutTooShort,
		// a service-patch may still change the strategy
		Sure: r.Update.Patch.Empty() && r.Service.Strategy.SetWaits() >= plan.Timeout,
		What: fmt.Sprintf("timeout: the deployment of service %s cannot complete within %s, because its strategy waits "+
			"for %s", r.Service.Name, rollout.Span(plan.Timeout), rollout.Span(waits)),
		Next: "Raise timeout or leave it out, or wait only for a stage, with wait-for.",
	}}
}

func (ecs) Replaces(rollout.SurveyedService, string) bool { return false }

func (ecs) Outputs(*rollout.Rollout) []rollout.Output { return nil }

func (ecs) CountsFailures() bool { return true }

// RollsBack goes by what the circuit breaker says of itself or, where that cannot be read, by the strategy: of a
// rolling deployment it takes care
// (https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentCircuitBreaker.html).
func (ecs) RollsBack(r *rollout.Rollout) bool {
	its, _ := r.Own.(rollout.ServiceDeployment) // however old: it says so of itself from its beginning
	if its.Breaker.Status == "" {
		return r.Service.Breaker.RollsBack && r.Service.Rolling
	}
	at := its.Breaker.Status
	return r.Service.Breaker.RollsBack && (at == rollout.Monitoring || at == rollout.MonitorTriggered)
}

func (ecs) Evidence(r *rollout.Rollout, evidence *rollout.Evidence) {
	if failed, is := failedRoute(r); is && r.Verdict.Ending == rollout.EndedUnrouted {
		evidence.Route, evidence.Said = string(failed.Status), ""
	}
}

// serviceDeployment is what the service-deployment calls say, if they were answered in the last look: else what
// DescribeServices says is newer.
func serviceDeployment(r *rollout.Rollout) (rollout.ServiceDeployment, bool) {
	its, read := r.Own.(rollout.ServiceDeployment)
	return its, read && !r.OwnAt.Before(r.Began)
}

func (ecs) Progress(r *rollout.Rollout) rollout.Progress {
	s := counts(r)
	s.Serves = running(r, nil)
	if r.Deployment.State == rollout.RolloutFailed {
		s.Course = rollout.GivenUp
	}
	if primary, _ := r.Service.Primary(); goneBack(r) && !complete(r.Service, primary) {
		s.State = string(rollout.ServiceDeploymentRollbackInProgress)
	}
	its, known := r.Own.(rollout.ServiceDeployment)
	_, fresh := serviceDeployment(r)
	stale := !fresh && !its.Status.RollingBack() // which it does not cease to
	routes := AwaitsRoutes(r)
	if routes {
		s.State, s.Wait = routeState, rollout.WaitRoute
		s.Course = rollout.Over
	}
	if !known || stale && (r.Deployment.State != rollout.RolloutInProgress || goneBack(r)) {
		return s
	}
	if !routes {
		s.State = string(its.Status)
		s.Ended = its.Status.Over()
	}
	if its.Breaker.Status == rollout.Monitoring {
		s.Breaker = its.Breaker
	}
	s.Stage = its.Stage
	s.Traffic = its.Production
	s.Serves = running(r, its.Production)
	s.Hooks = its.Hooks
	s.Shifts = s.Stage != ""
	if s.Stage == rollout.StageBakeTime && !r.StageSince.IsZero() {
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
	if AwaitsRoutes(r) {
		return routed(r)
	}
	if verdict, ended := k.ended(r); ended {
		its, _ := serviceDeployment(r)
		verdict.Alarms = its.Alarms
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
	its, read := serviceDeployment(r)
	if read && its.Status == rollout.ServiceDeploymentSuccessful {
		return verdict(rollout.Succeeded, rollout.EndedComplete, "")
	}
	if other, replaced := later(r); replaced {
		if ours, _ := r.Service.Deployment(r.Deployment.ID); ours.State == rollout.RolloutCompleted {
			return verdict(rollout.Succeeded, rollout.EndedComplete, "")
		}
		return superseded(other)
	}
	if read {
		if verdict, ended := k.byServiceDeployment(r, its); ended {
			return verdict, true
		}
		if its.Status.RollingBack() || its.Status.Over() {
			return undecided()
		}
	}
	return k.byDeployments(r)
}

func (k ecs) byServiceDeployment(r *rollout.Rollout, its rollout.ServiceDeployment) (rollout.Verdict, bool) {
	settled := since(r, r.OverSince) >= settleTimeout
	switch its.Status {
	case rollout.ServiceDeploymentRollbackSuccessful:
		if to := wentTo(r, its); to != "" || settled {
			return rolledBack(to, its.Reason)
		}
	case rollout.ServiceDeploymentRollbackFailed:
		return verdict(rollout.RollbackFailed, rollout.EndedStuck, its.Reason)
	case rollout.ServiceDeploymentStopped:
		// a service that shows ours at work was read before someone deployed something else, or before ECS gave it up
		if ours, _ := r.Service.Deployment(r.Deployment.ID); ours.State == rollout.RolloutFailed || settled {
			return verdict(rollout.Failed, rollout.EndedStopped, its.Reason)
		}
	}
	return undecided()
}

// wentTo is the task definition that a service went back to, as far as that is known.
func wentTo(r *rollout.Rollout, its rollout.ServiceDeployment) string {
	primary, _ := r.Service.Primary()
	if its.WentTo == "" && primary.ID != r.Deployment.ID {
		return primary.TaskDefinition
	}
	return its.WentTo
}

// later is a deployment that was started after ours, so by another run.
func later(r *rollout.Rollout) (rollout.Deployment, bool) {
	newest, listed := r.Service.Newest()
	switch {
	case listed && newest.ID != r.Deployment.ID && newest.Created.After(r.Deployment.Created):
		return newest, true
	case r.Later.ID != "":
		return r.Later, true
	}
	return rollout.Deployment{}, false
}

// goneBack tells whether an older deployment than ours is the PRIMARY again: ours was or is rolled back. A PRIMARY that
// nothing has happened to since ours was created is what ran before it, in a read that is as old.
func goneBack(r *rollout.Rollout) bool {
	primary, listed := r.Service.Primary()
	since := r.Deployment.Created
	return listed && primary.ID != r.Deployment.ID && !primary.Created.After(since) &&
		(primary.Updated.IsZero() || primary.Updated.After(since))
}

// byDeployments judges by the service's own list.
func (k ecs) byDeployments(r *rollout.Rollout) (rollout.Verdict, bool) {
	primary, _ := r.Service.Primary()
	ours, listed := r.Service.Deployment(r.Deployment.ID)
	switch {
	case !r.Seen && r.At.Sub(r.Since) < settleTimeout:
		return undecided() // DescribeServices lags behind UpdateService
	case listed && ours.Status == rollout.DeploymentPrimary:
		return k.asPrimary(r, ours)
	case goneBack(r) && complete(r.Service, primary):
		return rolledBack(primary.TaskDefinition, failure(r.Deployment))
	}
	return undecided()
}

// asPrimary decides on ours, as long as ECS works toward it.
func (ecs) asPrimary(r *rollout.Rollout, ours rollout.Deployment) (rollout.Verdict, bool) {
	its, read := serviceDeployment(r)
	settled := since(r, r.FailedSince) >= settleTimeout
	rollsBack := r.Service.RollsBack()
	switch { // both are set, and differ: which of them failed it is told by what it says
	case read && its.Alarmed:
		rollsBack = r.Service.Alarms.RollsBack
	case read && its.Breaker.Status == rollout.MonitorTriggered:
		rollsBack = r.Service.Breaker.RollsBack
	}
	switch {
	case complete(r.Service, ours):
		return verdict(rollout.Succeeded, rollout.EndedComplete, "")
	case ours.State == rollout.RolloutFailed && rollsBack && settled:
		return verdict(rollout.RollbackFailed, rollout.EndedNotRolledBack, ours.StateReason)
	case ours.State == rollout.RolloutFailed && !rollsBack && (!read || settled):
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

// hasReached tells whether a deployment has come to a stage of its lifecycle, or past it. Of one that was found at the
// stage or past it, the next time counts: the stages of a shift come anew at each of its steps.
func hasReached(r *rollout.Rollout, stage string) bool {
	its, read := serviceDeployment(r)
	if !read || its.Status != rollout.ServiceDeploymentInProgress {
		return false
	}
	at := func(stage string) int { return slices.Index(rollout.Stages, stage) }
	if r.FromStage == "" || at(r.FromStage) < at(stage) {
		return at(its.Stage) >= at(stage)
	}
	return r.StageChanged && its.Stage == stage || at(its.Stage) > at(rollout.StageProduction)
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
	_, replaced := later(r)
	completed := primary.State == rollout.RolloutCompleted
	switch {
	case replaced:
		return LeaveSuperseded
	case goneBack(r):
		return Follow
	case completed && !why.ForAnother && !why.ByUser && !AwaitsRoutes(r):
		return LeaveComplete
	case completed, why.StopFailed:
		return Restore
	}
	return Stop
}
