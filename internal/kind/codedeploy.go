package kind

import (
	"time"

	"ecs-deploy/internal/rollout"
)

// codeDeploy is deployments that CodeDeploy carries out, which moves the traffic from one task set to another.
type codeDeploy struct{}

func (codeDeploy) Name() string { return "CodeDeploy" }

func plannedCodeDeploy(r *rollout.Rollout) rollout.PlannedCodeDeploy {
	planned, _ := r.Settings.(rollout.PlannedCodeDeploy)
	return planned
}

// codeDeployment is what CodeDeploy says, as far as it was asked.
func codeDeployment(r *rollout.Rollout) rollout.CodeDeployment {
	d, _ := r.Own.(rollout.CodeDeployment)
	return d
}

func (codeDeploy) Outputs(r *rollout.Rollout) []rollout.Output {
	return []rollout.Output{{Name: "codedeploy-deployment-id", Value: r.Deployment.ID}}
}

func (codeDeploy) UnderWay(running rollout.SurveyedService) (rollout.Deployment, bool) {
	group, _ := running.Own.(rollout.CodeDeployGroup)
	return rollout.Deployment{ID: group.Last}, group.UnderWay
}

// RollsBack is not so: CodeDeploy waits for the tasks as long as its timeout is, an hour by default.
func (codeDeploy) RollsBack(*rollout.Rollout) bool { return false }

// CountsFailures is not so: task sets do not count the tasks that failed.
func (codeDeploy) CountsFailures() bool { return false }

func (codeDeploy) Evidence(r *rollout.Rollout, evidence *rollout.Evidence) {
	d := codeDeployment(r)
	evidence.Code = d.Code
	if d.Code == rollout.CodeDeployTimeout {
		evidence.Code = "" // whose cause the tasks know better, if any failed
		if len(evidence.Failures) == 0 {
			evidence.Code = d.Code
		}
	}
	if d.Message != "" {
		evidence.Said = d.Message
	}
	if event, failed := d.Failed(); failed && d.Code == rollout.CodeDeployHookFailed {
		evidence.FailedEvent = event.Name
		evidence.FailedWhy = event.Why
		evidence.Hook = plannedCodeDeploy(r).AppSpec.Hook(event.Name)
	}
}

func (codeDeploy) Progress(r *rollout.Rollout) rollout.Progress {
	s := counts(r)
	d := codeDeployment(r)
	event, _ := d.Event()
	if r.Own != nil {
		s.ID, s.Undeployed = d.ID, d.ID == ""
	}
	s.State = d.State()
	s.Stage = event.Name
	s.Traffic = d.Traffic
	s.Remaining = d.Remaining(r.At)
	s.Shifts = true
	if failure, is := d.Failed(); is {
		s.Hooks = append(s.Hooks, rollout.LifecycleHook{ID: failure.Name, Status: rollout.HookFailed, Why: failure.Why})
	}
	s.Course = rollout.Blocking
	switch {
	case d.Over():
		s.Course, s.Ended = rollout.Over, true
		if d.Unapproved() {
			s.Hooks = append(s.Hooks, d.ReadyPause(r.At))
		}
	case d.State() == rollout.ReadyWait:
		s.Wait = rollout.WaitTraffic
		s.Hooks = append(s.Hooks, d.ReadyPause(r.At))
	case d.Moved():
		s.Wait, s.TerminationTimeout = rollout.WaitTermination, d.TerminationTimeout
	}
	if d.RolledBackBy != "" {
		s.State = "ROLLBACK_IN_PROGRESS"
		s.RollbackID = d.RolledBackBy
		s.RollbackReason = d.RollbackMessage
	}
	s.Serves = servingTasks(r, d)
	return s
}

// servingTasks is who gets the traffic: the primary task set, but for the share that a deployment was left with which
// did not succeed.
func servingTasks(r *rollout.Rollout, d rollout.CodeDeployment) []rollout.ServingTasks {
	primary, listed := r.Service.Primary()
	if !listed {
		return nil
	}
	all := 100.0
	first := rollout.ServingTasks{TaskDefinition: primary.TaskDefinition, Running: primary.Running, Traffic: &all}
	percent, split := d.Split()
	if !split || primary.ID == r.Deployment.ID {
		return []rollout.ServingTasks{first}
	}
	rest := all - percent
	first.Traffic = &rest
	return []rollout.ServingTasks{
		first,
		{TaskDefinition: r.Deployment.TaskDefinition, Running: r.Deployment.Running, Traffic: &percent},
	}
}

func (codeDeploy) NeedsHealth(*rollout.Rollout, Goal) bool { return false }

// stopTimeout is how long a deployment that was stopped is given to show who rolls it back, where nothing is
// set to do so: someone may have asked for it with the stop.
const stopTimeout = 10 * time.Second

// Judge decides by the status that CodeDeploy gives its deployment. One that was rolled back has ended when the
// deployment has that rolls it back
// (https://docs.aws.amazon.com/codedeploy/latest/userguide/deployments-rollback-and-redeploy.html).
func (k codeDeploy) Judge(r *rollout.Rollout, goal Goal) (rollout.Verdict, bool) {
	if verdict, deleted := deleted(r); deleted {
		return verdict, true
	}
	d := codeDeployment(r)
	if verdict, ended := k.ended(r, d); ended {
		verdict.Code = d.Code
		return verdict, true
	}
	if stage, is := goal.WaitFor.Stage(); is && d.Reached(stage) {
		return verdict(rollout.Succeeded, rollout.EndedAtStage, "")
	}
	if (goal.WaitFor == rollout.AllRun || goal.Rollback || goal.Doomed) && hasMoved(r, d) {
		return verdict(rollout.Succeeded, rollout.EndedShifted, "")
	}
	return undecided()
}

func (codeDeploy) ended(r *rollout.Rollout, d rollout.CodeDeployment) (rollout.Verdict, bool) {
	primary, _ := r.Service.Primary()
	overFor := since(r, r.OverSince)
	switch {
	case d.Status == rollout.CodeDeploySucceeded:
		return verdict(rollout.Succeeded, rollout.EndedComplete, "")
	case !d.Over():
		return undecided()
	case d.RollbackStatus == rollout.CodeDeploySucceeded:
		return rolledBack(primary.TaskDefinition, d.Message)
	case d.RollbackStatus.Over():
		return verdict(rollout.RollbackFailed, rollout.EndedStuck, d.RollbackFailure)
	case d.RolledBackBy != "", overFor < stopTimeout, overFor < settleTimeout && d.WillRollBack():
		return undecided()
	case d.Status == rollout.CodeDeployStopped:
		stopped, _ := verdict(rollout.Failed, rollout.EndedStopped, d.Message)
		if d.Code != rollout.CodeDeployAlarmActive && !d.Unapproved() {
			stopped.EndedBy = rollout.Somebody
		}
		return stopped, true
	}
	return verdict(rollout.Failed, rollout.EndedGivenUp, d.Message)
}

// hasMoved tells whether all traffic goes to the tasks of our deployment. Where its target cannot be read,
// the task set that serves the traffic tells.
func hasMoved(r *rollout.Rollout, d rollout.CodeDeployment) bool {
	primary, _ := r.Service.Primary()
	switch {
	case r.Stopping, d.Over() && d.Status != rollout.CodeDeploySucceeded:
		return false
	case d.Target == "":
		return primary.ID == r.Deployment.ID
	}
	return d.Moved()
}

func (codeDeploy) Rollback(r *rollout.Rollout, why RollbackCause) Step {
	d := codeDeployment(r)
	primary, _ := r.Service.Primary()
	_, split := d.Split()
	switch {
	case r.Later.ID != "":
		return LeaveSuperseded
	case why.ByUser && (d.ID == "" || d.Over() && d.RolledBackBy == ""):
		return Restore
	case !d.Over() && !why.StopFailed:
		return Stop
	case d.RolledBackBy != "":
		return Follow
	case split:
		return Restore
	case primary.ID == r.Replaced && d.Status != rollout.CodeDeploySucceeded && !why.ByUser:
		return LeaveUnmoved
	case primary.ID != r.Deployment.ID && primary.ID != r.Replaced:
		return LeaveSuperseded
	case d.Status == rollout.CodeDeploySucceeded && !why.ForAnother && !why.ByUser:
		return LeaveComplete
	}
	return Restore
}
