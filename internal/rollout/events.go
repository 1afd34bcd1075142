package rollout

import (
	"time"

	"ecs-deploy/internal/taskdef"
)

// Event is something that happened. Events are all that leaves a stage: the stages do not print. Each has a method of
// Handler, so that none can be forgotten.
type Event interface{ Tell(Handler) }

// Emit takes events. Those who emit may do so at the same time: where events enter, they are put in a row.
type Emit func(Event)

// Handler is told of events.
type Handler interface {
	SecretLearned(SecretLearned)
	InputsRead(InputsRead)
	RoleAssumed(RoleAssumed)
	Noted(Noted)
	PlanMade(PlanMade)
	TakenOver(TakenOver)
	OthersAwaited(OthersAwaited)
	Verified(Verified)
	Registered(Registered)
	OneOffStarted(OneOffStarted)
	OneOffProgressed(OneOffProgressed)
	OneOffSaid(OneOffSaid)
	OneOffEnded(OneOffEnded)
	OneOffUnclear(OneOffUnclear)
	LogUnreadable(LogUnreadable)
	NotStopped(NotStopped)
	Repointed(Repointed)
	WaveBegun(WaveBegun)
	GateBegun(GateBegun)
	URLAnswered(URLAnswered)
	AlarmsQuiet(AlarmsQuiet)
	GateEnded(GateEnded)
	Started(Started)
	Progressed(Progressed)
	HookCalled(HookCalled)
	UsualLearnt(UsualLearnt)
	UsualExceeded(UsualExceeded)
	NothingChanged(NothingChanged)
	ServiceSaid(ServiceSaid)
	TasksFailed(TasksFailed)
	TargetsUnhealthy(TargetsUnhealthy)
	RollbackAwaited(RollbackAwaited)
	Decided(Decided)
	Explained(Explained)
	Continued(Continued)
	RollbackStarted(RollbackStarted)
	Deregistered(Deregistered)
	NotDeregistered(NotDeregistered)
	Unreadable(Unreadable)
	Unanswered(Unanswered)
	Noticed(Noticed)
	Called(Called)
	Finished(Finished)
}

type (
	// SecretLearned comes before anything that could tell the secrets.
	SecretLearned struct{ Values []string }

	// InputsRead comes first: what was understood of the inputs, in words.
	InputsRead struct{ Facts []Fact }

	// Fact is one thing that the inputs say.
	Fact struct{ Name, Value string }

	// RoleAssumed comes when there are credentials of a role.
	RoleAssumed struct {
		Session string        // the ARN
		With    string        // what it was assumed with
		MaxAge  time.Duration // how long the credentials are good
		Again   bool          // they replace others
	}

	// Noted is what is out of the ordinary before there is a plan.
	Noted struct{ Notes []Note }

	// PlanMade comes before anything is changed.
	PlanMade struct {
		Plan   Plan
		DryRun bool
	}

	// TakenOver comes in the place of PlanMade when what other runs have started is operated on, as it is found.
	TakenOver struct{ Rollouts []*Rollout }

	// Verified is what was looked at before anything is changed.
	Verified struct {
		Checks   int
		Concerns []Concern
		Unknown  []string // IAM actions without which more could not be looked at
		// Unanswered are checks that got no answer, each the action and what it was about.
		Unanswered []string
	}

	// Registered comes once per planned revision, when its ARN is known.
	Registered struct {
		Result RevisionResult
		ByECS  bool   // which has registered it for a deployment
		In     string // where, if there are several places
	}

	// OneOffStarted comes when a task that runs once was started.
	OneOffStarted struct {
		Input     string // run-before or run-after
		Revision  Revision
		Container string
		Command   []string
		Tasks     []string // ARNs
	}

	// OneOffProgressed comes when the states of its tasks have changed, and now and then while they have not.
	OneOffProgressed struct {
		Input  string
		States []TaskStatus // of its tasks
	}

	// OneOffSaid passes on a line that a container of it wrote.
	OneOffSaid struct{ Input, Task, Container, Line string }

	// OneOffEnded comes when it is over.
	OneOffEnded struct{ Result OneOffResult }

	// OneOffUnclear comes when a run was cancelled while a task was being started: it may run.
	OneOffUnclear struct{ Input string }

	// LogUnreadable comes when no call reads what a container writes that runs once.
	LogUnreadable struct {
		Container string
		Kept      taskdef.Log
	}

	// NotStopped comes when a task could not be stopped that runs once.
	NotStopped struct{ Err error }

	// Repointed comes when a scheduled task runs another revision from now on, or the latest as before.
	Repointed struct {
		Task     ScheduledTask
		Revision Revision
	}

	// WaveBegun comes before the first service of a wave is updated.
	WaveBegun struct {
		Rollouts []*Rollout
		Of       int // waves in all
	}

	// GateBegun comes when a gate is first asked.
	GateBegun struct {
		Gate   GateResult // as far as it is known
		URLs   []URLCheck
		Alarms []Alarm
	}

	// URLAnswered comes when a URL answers otherwise than before, or often enough, and now and then while it does not.
	URLAnswered struct {
		URL    URLCheck
		Answer URLAnswer
		Good   int           // as wanted in a row
		Left   time.Duration // of the time for which it is asked at most
	}

	// AlarmsQuiet comes now and then while no alarm goes into ALARM.
	AlarmsQuiet struct {
		Left time.Duration // of the bake time
		Err  error         // why that is not known; nil: it is
	}

	// GateEnded comes when a gate is open, or will not open.
	GateEnded struct{ Gate GateResult }

	// Started comes when an update was taken: a deployment was started, or the one that there was is followed.
	Started struct{ Rollout *Rollout }

	// Progressed comes when the standing of a deployment has changed, and now and then while it has not.
	Progressed struct {
		Rollout *Rollout
		Still   time.Duration // for how long nothing has changed; 0: it has
		Left    time.Duration // of the time that is waited at most, where nothing has changed
		Waits   *Finding      // for what it waits, where nothing has changed and that is known
	}

	// HookCalled comes when a lifecycle hook is called, waits for approval, or has ended.
	HookCalled struct {
		Rollout *Rollout
		Hook    LifecycleHook
	}

	// UsualLearnt comes when it is known how long deployments of the service usually take.
	UsualLearnt struct{ Rollout *Rollout }

	// UsualExceeded comes when one takes longer than they did.
	UsualExceeded struct{ Rollout *Rollout }

	// NothingChanged comes when of several services none has changed for a while.
	NothingChanged struct {
		Rollouts []*Rollout
		Rollback bool // they are rollbacks
	}

	// ServiceSaid passes on what is said about a service, by who carries its deployments out or runs its tasks.
	ServiceSaid struct {
		Rollout *Rollout
		By      string
		Message string
	}

	// TasksFailed comes when tasks of the deployment failed, once for each cause.
	TasksFailed struct {
		Rollout *Rollout
		Cause   Cause
		Again   bool     // tasks failed for this cause before
		Tasks   []string // their ids
	}

	// TargetsUnhealthy comes when tasks run for a while, and the load balancer does not find them healthy.
	TargetsUnhealthy struct {
		Rollout  *Rollout
		Findings []Finding
	}

	// RollbackAwaited comes when the tasks of a deployment keep failing for one cause, and what ECS does about it is
	// waited for.
	RollbackAwaited struct {
		Rollout *Rollout
		Cause   Cause
	}

	// Decided comes when a deployment has its verdict.
	Decided struct{ Rollout *Rollout }

	// Explained comes when a deployment did not succeed and it was looked into why.
	Explained struct{ Rollout *Rollout }

	// Continued comes when a deployment that waited for approval was continued.
	Continued struct {
		Rollout *Rollout
		Stage   string // at which it had waited
	}

	// RollbackStarted comes when a deployment is being rolled back.
	RollbackStarted struct {
		Rollout *Rollout
		How     Way
	}

	// Deregistered comes when old revisions of a family were deregistered, and now and then meanwhile.
	Deregistered struct {
		Family    string
		Revisions []string // "family:revision", the newest first
		Left      int      // how many are left, for which there was no time
	}

	// NotDeregistered comes when old revisions could not be.
	NotDeregistered struct{ Err error }

	// Unreadable comes when something cannot be read, and is done without from then on.
	Unreadable struct {
		Err   error
		Sight Sight
	}

	// OthersAwaited comes when it is begun to wait for deployments of other runs, when that takes a while, and when they
	// are over.
	OthersAwaited struct {
		Busy      []BusyService // that have one under way still; none: they are over
		Age, Left time.Duration // how long it was waited already, and will be at most
	}

	// Unanswered comes when AWS has not answered for a while.
	Unanswered struct {
		Age time.Duration
		Err error
	}

	// Noticed is a doubt about the inputs or the credentials.
	Noticed struct {
		What, Next string
		Warning    bool // worth an annotation
	}

	// Called is one call to AWS, for those who want to see each.
	Called struct {
		Service   string // as in "ECS"
		Operation string
		Took      time.Duration
		RequestID string
		Err       string // empty if it went well
	}

	// Finished is the last event.
	Finished struct{ Result Result }
)

// Way is how a deployment is rolled back.
type Way string

const (
	WayAsked    Way = "asked"    // who carries it out was asked to
	WayAlready  Way = "already"  // it is being rolled back already
	WayRestored Way = "restored" // what ran before is deployed again
)

// Sight is what is seen by reading something.
type Sight string

const (
	SightStages      Sight = "stages"       // how far a deployment is, and why it ended
	SightTraffic     Sight = "traffic"      // the lifecycle events, and the traffic
	SightFailures    Sight = "failures"     // why tasks fail
	SightHealth      Sight = "health"       // whether tasks are healthy
	SightTargets     Sight = "targets"      // whether the load balancer finds them healthy
	SightObjection   Sight = "objection"    // what it has against them
	SightHealthCheck Sight = "health-check" // how the load balancer checks them
	SightCauses      Sight = "causes"       // why tasks failed
	SightLastLines   Sight = "last-lines"   // what the container wrote last
	SightPast        Sight = "past"         // how the deployments before ended
	SightOneOff      Sight = "one-off"      // what a task that runs once writes
	SightDuration    Sight = "duration"     // how long the traffic takes to move
	SightTags        Sight = "tags"         // the tags of a task definition
	SightRoutes      Sight = "routes"       // the routes of gateways to the service
)

func (e SecretLearned) Tell(h Handler)    { h.SecretLearned(e) }
func (e InputsRead) Tell(h Handler)       { h.InputsRead(e) }
func (e RoleAssumed) Tell(h Handler)      { h.RoleAssumed(e) }
func (e Noted) Tell(h Handler)            { h.Noted(e) }
func (e PlanMade) Tell(h Handler)         { h.PlanMade(e) }
func (e TakenOver) Tell(h Handler)        { h.TakenOver(e) }
func (e OthersAwaited) Tell(h Handler)    { h.OthersAwaited(e) }
func (e Verified) Tell(h Handler)         { h.Verified(e) }
func (e Registered) Tell(h Handler)       { h.Registered(e) }
func (e OneOffStarted) Tell(h Handler)    { h.OneOffStarted(e) }
func (e OneOffProgressed) Tell(h Handler) { h.OneOffProgressed(e) }
func (e OneOffSaid) Tell(h Handler)       { h.OneOffSaid(e) }
func (e OneOffEnded) Tell(h Handler)      { h.OneOffEnded(e) }
func (e OneOffUnclear) Tell(h Handler)    { h.OneOffUnclear(e) }
func (e LogUnreadable) Tell(h Handler)    { h.LogUnreadable(e) }
func (e NotStopped) Tell(h Handler)       { h.NotStopped(e) }
func (e Repointed) Tell(h Handler)        { h.Repointed(e) }
func (e WaveBegun) Tell(h Handler)        { h.WaveBegun(e) }
func (e GateBegun) Tell(h Handler)        { h.GateBegun(e) }
func (e URLAnswered) Tell(h Handler)      { h.URLAnswered(e) }
func (e AlarmsQuiet) Tell(h Handler)      { h.AlarmsQuiet(e) }
func (e GateEnded) Tell(h Handler)        { h.GateEnded(e) }
func (e Started) Tell(h Handler)          { h.Started(e) }
func (e Progressed) Tell(h Handler)       { h.Progressed(e) }
func (e HookCalled) Tell(h Handler)       { h.HookCalled(e) }
func (e UsualLearnt) Tell(h Handler)      { h.UsualLearnt(e) }
func (e UsualExceeded) Tell(h Handler)    { h.UsualExceeded(e) }
func (e NothingChanged) Tell(h Handler)   { h.NothingChanged(e) }
func (e ServiceSaid) Tell(h Handler)      { h.ServiceSaid(e) }
func (e TasksFailed) Tell(h Handler)      { h.TasksFailed(e) }
func (e TargetsUnhealthy) Tell(h Handler) { h.TargetsUnhealthy(e) }
func (e RollbackAwaited) Tell(h Handler)  { h.RollbackAwaited(e) }
func (e Decided) Tell(h Handler)          { h.Decided(e) }
func (e Explained) Tell(h Handler)        { h.Explained(e) }
func (e Continued) Tell(h Handler)        { h.Continued(e) }
func (e RollbackStarted) Tell(h Handler)  { h.RollbackStarted(e) }
func (e Deregistered) Tell(h Handler)     { h.Deregistered(e) }
func (e NotDeregistered) Tell(h Handler)  { h.NotDeregistered(e) }
func (e Unreadable) Tell(h Handler)       { h.Unreadable(e) }
func (e Unanswered) Tell(h Handler)       { h.Unanswered(e) }
func (e Noticed) Tell(h Handler)          { h.Noticed(e) }
func (e Called) Tell(h Handler)           { h.Called(e) }
func (e Finished) Tell(h Handler)         { h.Finished(e) }
