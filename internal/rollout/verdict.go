package rollout

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"ecs-deploy/internal/taskdef"
)

// Outcome is how a run of the action, or the deployment of one service, ended.
type Outcome string

const (
	Succeeded      Outcome = "succeeded"
	Unchanged      Outcome = "unchanged" // ECS started nothing new
	Planned        Outcome = "planned"   // a dry run
	Failed         Outcome = "failed"
	RolledBack     Outcome = "rolled-back"
	RollbackFailed Outcome = "rollback-failed"
	Superseded     Outcome = "superseded" // by a deployment of another run
	TimedOut       Outcome = "timed-out"
	Cancelled      Outcome = "cancelled"
	NotStarted     Outcome = "not-started" // of a service, never of a run: it was not updated
)

// severity orders the outcomes, the better first.
var severity = []Outcome{
	Unchanged,
	Planned,
	Succeeded,
	NotStarted,
	Cancelled,
	Superseded,
	RolledBack,
	TimedOut,
	Failed,
	RollbackFailed,
}

// Worse tells whether a is a worse end than b.
func Worse(a, b Outcome) bool { return slices.Index(severity, a) > slices.Index(severity, b) }

// Good tells whether the outcome is what was asked for.
func (o Outcome) Good() bool { return o == Succeeded || o == Unchanged || o == Planned }

// Verdict is how the deployment of a service ended, and what became of it then. It is data: package report makes
// sentences of it.
type Verdict struct {
	Outcome    Outcome
	Ending     Ending
	EndedBy    Party
	Progress   Progress      // how it stood when it ended
	Said       string        // the words of AWS on why it ended
	Vague      bool          // those say no more than that tasks failed
	Code       string        // the error code that AWS gave for it
	Alarms     []string      // that ended it, by name
	To         string        // what a rollback went to: the ARN of a task definition
	By         Deployment    // of another run, which superseded ours
	Goal       WaitFor       // what was waited for
	Timeout    time.Duration // for how long at most
	Settings   bool          // settings of the service were changed
	Unsure     bool          // whether the service was updated is unknown, because AWS did not answer
	Registered bool          // a revision was registered, of a deployment that was not started

	Return *Return // what came of rolling it back; nil: nobody tried
	Left   Left    // why nothing was rolled back, or how far that came
}

// Party is who ended a deployment.
type Party string

const (
	Carrier  Party = ""        // who carries it out
	Somebody Party = "someone" // a person, or another run
	Us       Party = "us"      // this run
)

// Ending is how a deployment ended, or why this run follows it no longer.
type Ending string

const (
	// EndedComplete and the four behind it are good ends.
	EndedComplete Ending = "complete"
	EndedRunning  Ending = "running"  // all tasks run; it goes on
	EndedShifted  Ending = "shifted"  // all traffic goes to the new tasks; the old ones are kept for a while
	EndedAtStage  Ending = "stage"    // it has come to the stage that was waited for, and goes on
	EndedUnwaited Ending = "unwaited" // it has started; this step does not wait for its end

	EndedUnstarted Ending = "unstarted" // there was nothing to start
	EndedPlanned   Ending = "planned"   // it was a dry run
	EndedStatus    Ending = "status"    // nothing was asked but how it stands

	EndedUntouched     Ending = "untouched"       // the service was not updated
	EndedDeleted       Ending = "deleted"         // the service was
	EndedGivenUp       Ending = "given-up"        // who carries it out gave it up, and rolled nothing back
	EndedNotRolledBack Ending = "not-rolled-back" // the same, although it is set to roll back
	EndedStopped       Ending = "stopped"         // someone stopped it, and nothing was rolled back
	EndedUnrouted      Ending = "unrouted"        // it is complete, and a gateway has no route to it
	EndedRolledBack    Ending = "rolled-back"
	EndedStuck         Ending = "stuck" // it could not be rolled back
	EndedSuperseded    Ending = "superseded"
	EndedHopeless      Ending = "hopeless" // its tasks keep failing for one cause
	EndedTimedOut      Ending = "timed-out"
	EndedCancelled     Ending = "cancelled"
	EndedLost          Ending = "lost"    // it could not be followed
	EndedUnknown       Ending = "unknown" // an internal error ended the run

	// Those of operations on deployments that other runs have started.
	EndedPaused          Ending = "paused"           // it was not continued
	EndedContinued       Ending = "continued"        // it was, and is not waited for
	EndedReturnAsked     Ending = "return-asked"     // a rollback was requested
	EndedReturnStarted   Ending = "return-started"   // and has started; this step does not wait for its end
	EndedReturnRefused   Ending = "return-refused"   // and could not be started
	EndedReturned        Ending = "returned"         // and what ran before runs again
	EndedReturnedAlready Ending = "returned-already" // what was to be rolled back has been, before
)

// Return is what came of rolling a deployment back, by this run.
type Return struct {
	For string // for whose sake it was rolled back although it succeeded, a service or run-after; empty: for its own
	// Together tells that it is not for its own sake alone: it goes back also if it succeeds meanwhile.
	Together bool
	TooLate  bool // the rollback was asked for, and the deployment came to another end first
	End      ReturnEnd
	To       *Rollout // by which it was: the same deployment while it is rolled back, or one of the revision before
	Err      error    // why it could not be rolled back, or followed
}

// ReturnEnd is how rolling a deployment back ended.
type ReturnEnd string

const (
	ReturnDone       ReturnEnd = "done"
	ReturnAsked      ReturnEnd = "asked"      // it was asked for, and not waited for
	ReturnNeedless   ReturnEnd = "needless"   // the traffic never left what ran before
	ReturnComplete   ReturnEnd = "complete"   // it came to its good end meanwhile, and was left alone
	ReturnSuperseded ReturnEnd = "superseded" // another run had deployed, and was left alone
	ReturnOvertaken  ReturnEnd = "overtaken"  // another run deployed while it was rolled back
	ReturnCancelled  ReturnEnd = "cancelled"  // the run was ended while it was rolled back
	ReturnLost       ReturnEnd = "lost"       // it is being rolled back, and could not be followed
	ReturnRefused    ReturnEnd = "refused"    // it could not be asked for, and there was no time for more
	ReturnFailed     ReturnEnd = "failed"
)

// Left is how a deployment was left that was not rolled back.
type Left string

const (
	LeftAsIs    Left = "as-is"    // nobody asked to roll it back
	LeftUnasked Left = "unasked"  // AWS could not be asked to
	LeftNotOurs Left = "not-ours" // another run has started it
	LeftStuck   Left = "stuck"    // that did not work
	LeftGoingOn Left = "going-on" // it is being rolled back still
)

// Latest is the rollout that was looked at last: the one by which this one was rolled back, if it came to that.
func (r *Rollout) Latest() *Rollout {
	if back := r.Verdict.Return; back != nil && back.To != nil && !back.To.At.IsZero() {
		return back.To
	}
	return r
}

// weight is how much a rollout has to say of why a run ended as it did.
func (r *Rollout) weight() int {
	switch {
	case len(r.Findings) > 0:
		return 2
	case r.Verdict.Return == nil || r.Verdict.Return.For == "":
		return 1
	}
	return 0
}

// WentTo is the revision that a rollout was rolled back to or, as long as that is not known, is to be.
func (r *Rollout) WentTo() Revision {
	if to := cmp.Or(r.Verdict.To, r.Fallback); to != "" {
		return Named(to)
	}
	return r.Revision.Previous
}

// Foremost is the rollout that speaks for all: of those that did worst the first of which is known why, or else the
// first that was not rolled back for another's sake. It is nil where there is none.
func (r Result) Foremost() *Rollout {
	var foremost *Rollout
	for _, rollout := range r.Rollouts {
		switch {
		case foremost == nil, Worse(rollout.Verdict.Outcome, foremost.Verdict.Outcome),
			rollout.Verdict.Outcome == foremost.Verdict.Outcome && rollout.weight() > foremost.weight():
			foremost = rollout
		}
	}
	return foremost
}

// aborted is the outcome of a run that an error ended.
func (r Result) aborted() Outcome {
	var p *Problem
	if errors.Is(r.Err, context.Canceled) && !errors.As(r.Err, &p) {
		return Cancelled
	}
	return Failed
}

// RevisionResult is a revision that was registered, or taken as it was.
type RevisionResult struct {
	Revision Revision
	Previous Revision
	Changed  bool // it is a new one
	Images   []taskdef.ImageChange
	// Variables is how many environment variables with values are not as they were.
	Variables int
}

// OneOffResult is what became of a task that was to run once.
type OneOffResult struct {
	Input    string // run-before or run-after
	Wave     int    // after which it ran, from 0
	Cluster  string
	Tasks    []string // ARNs; none: it could not be started
	ExitCode *int     // nil: it never ran to an end
	Verdict  OneOffVerdict
	Failures []Task    // that did not end well
	Findings []Finding // why it did not succeed
	Log      LogTail   // what it wrote last
}

// OneOffVerdict is how a task that was to run once ended.
type OneOffVerdict struct {
	Outcome  Outcome
	Ending   OneOffEnding
	Cause    Cause         // for which it failed
	Unplaced []string      // the reasons for which tasks could not be placed
	Timeout  time.Duration // for how long it was waited at most
	Err      error         // that ended the run
}

// OneOffEnding is how a task that was to run once ended, or why it is followed no longer.
type OneOffEnding string

const (
	OneOffEndedWell OneOffEnding = "well"
	OneOffUnwaited  OneOffEnding = "unwaited"
	OneOffFailed    OneOffEnding = "failed"
	OneOffUnplaced  OneOffEnding = "unplaced"
	OneOffTimedOut  OneOffEnding = "timed-out"
	OneOffCancelled OneOffEnding = "cancelled"
	OneOffBroken    OneOffEnding = "broken" // AWS refused
)
