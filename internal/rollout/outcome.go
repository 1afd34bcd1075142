package rollout

import (
	"errors"
	"fmt"
	"slices"
	"strings"
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
	Superseded     Outcome = "superseded" // by a deployment of somebody else
	TimedOut       Outcome = "timed-out"
	Cancelled      Outcome = "cancelled"
)

// severity orders the outcomes, the better first.
var severity = []Outcome{Unchanged, Planned, Succeeded, Cancelled, Superseded, RolledBack, TimedOut, Failed, RollbackFailed}

// Worse tells whether a is a worse end than b.
func Worse(a, b Outcome) bool { return slices.Index(severity, a) > slices.Index(severity, b) }

// Good tells whether the outcome is what was asked for.
func (o Outcome) Good() bool { return o == Succeeded || o == Unchanged || o == Planned }

// Verdict is how one deployment ended, and why, in a sentence without the service's name.
type Verdict struct {
	Outcome Outcome
	Reason  string
}

// Result is what a run came to.
type Result struct {
	Outcome  Outcome
	Reason   string
	Next     string // what to do about it
	Services []ServiceResult
	// Registered is the revision of a run without services.
	Registered *RevisionResult
	// Undeployed are revisions that were registered, and that no service was given.
	Undeployed []RevisionResult
	OneOffs    []OneOffResult // that were run
	Restarted  bool           // nothing was asked to change: the services were restarted with what they ran
	Duration   time.Duration
}

// Foremost is the service that speaks for all: of those that did worst the first of which is known why, or else the
// first that was not taken back for another's sake.
func (r Result) Foremost() (ServiceResult, bool) {
	var foremost *ServiceResult
	for i, service := range r.Services {
		switch {
		case foremost == nil, Worse(service.Verdict.Outcome, foremost.Verdict.Outcome),
			service.Verdict.Outcome == foremost.Verdict.Outcome && service.tells() > foremost.tells():
			foremost = &r.Services[i]
		}
	}
	if foremost == nil {
		return ServiceResult{}, false
	}
	return *foremost, true
}

// tells is how much a service has to say of why a run ended as it did.
func (s ServiceResult) tells() int {
	switch {
	case len(s.Findings) > 0:
		return 2
	case s.Because == "":
		return 1
	}
	return 0
}

// Abort is an error that ended a run, beside what the reason of the result says.
type Abort struct {
	Mistakes []string // the errors that it joins, such as one for each input that is not right
	Detail   []string // lines that show more
}

// AbortBy is what an error says; nil if there is none.
func AbortBy(err error) *Abort {
	if err == nil {
		return nil
	}
	abort := &Abort{}
	var problem *Problem
	if errors.As(err, &problem) {
		abort.Detail = problem.Detail
	}
	var joined interface{ Unwrap() []error }
	if errors.As(err, &joined) {
		for _, err := range joined.Unwrap() {
			abort.Mistakes = append(abort.Mistakes, err.Error())
		}
	}
	return abort
}

// RevisionResult is a revision that was registered, or taken as it was.
type RevisionResult struct {
	Revision Revision
	Previous Revision
	Changed  bool // it is a new one
	Images   []taskdef.ImageChange
}

// ServiceResult is what became of one service.
type ServiceResult struct {
	Service    Service
	Verdict    Verdict
	Revision   RevisionResult
	Deployment Deployment // ours, as it was last seen
	Findings   []Finding  // why it did not succeed
	Failed     []Task     // tasks of the deployment that failed, oldest first
	Log        LogTail    // of the container that failed
	Left       string     // how things were left, in a sentence, when nothing was taken back
	Because    string     // the service for whose sake it was to be taken back although it succeeded; else empty
}

// OneOffResult is what became of a task that was to run once.
type OneOffResult struct {
	Input    string // run-before or run-after
	Cluster  string
	Tasks    []string // ARNs; none: it could not be started
	ExitCode *int     // nil: it never ran to an end
	Verdict  Verdict
	Findings []Finding // why it did not succeed
	Lines    []string  // the last that it wrote
}

// Doubt is something that speaks against a plan.
type Doubt struct {
	Sure bool // it is sure to make the deployment fail
	What string
	Next string
}

// ProblemKind says whose move it is.
type ProblemKind int

const (
	// BadInput is for the author of the workflow to mend.
	BadInput ProblemKind = iota
	// Refused is what AWS would not do, or a call that did not reach it.
	Refused
)

// Problem is an error in our words: what is wrong, and what to do about it.
type Problem struct {
	Kind ProblemKind
	What string
	Next string // a sentence, or empty
	// Detail is lines that show more, such as what is to be compared with a policy.
	Detail []string
	Err    error // what caused it, if that says more
}

func (p *Problem) Error() string { return p.What }

func (p *Problem) Unwrap() error { return p.Err }

// Span is a length of time as one says it: 1m 7s.
func Span(d time.Duration) string {
	s := int(d.Round(time.Second).Seconds())
	var parts []string
	for _, unit := range []struct {
		seconds int
		name    string
	}{{3600, "h"}, {60, "m"}, {1, "s"}} {
		if n := s / unit.seconds; n > 0 {
			parts = append(parts, fmt.Sprint(n, unit.name))
			s %= unit.seconds
		}
	}
	if len(parts) == 0 {
		return "0s"
	}
	return strings.Join(parts, " ")
}
