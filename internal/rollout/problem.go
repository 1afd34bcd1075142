package rollout

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Concern is something that speaks against a plan.
type Concern struct {
	Sure  bool   // it is sure to make the deployment fail
	Cause string // the id of the cause for which it would
	What  string
	Next  string
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
	// Short is what is wrong in the few words of a title; empty: Cause says it, or nothing short does.
	Short string
	// More is how many others there are beside it, which Err has.
	More int
	// Cause is the id of the cause for which the deployment would fail; empty: none that is known of deployments.
	Cause string
	// Detail is lines that show more, such as what is to be compared with a policy.
	Detail []string
	Err    error // what caused it, if that says more
}

func (p *Problem) Error() string { return p.What }

func (p *Problem) Unwrap() error { return p.Err }

// NotWaiting is the error of a deployment that is to be continued, and waits for nobody.
type NotWaiting struct{ Rollout *Rollout }

func (e NotWaiting) Error() string { return e.Rollout.Service.Name + " is not waiting to be continued" }

// PerhapsDone is the error of a call that changes something, whose answer was lost: it may have had its effect.
type PerhapsDone struct{ Err error }

func (e PerhapsDone) Error() string { return e.Err.Error() }

func (e PerhapsDone) Unwrap() error { return e.Err }

// Remedy is what helps against an error, if that is known.
func Remedy(err error) string {
	var p *Problem
	if errors.As(err, &p) {
		return p.Next
	}
	return ""
}

// Minute is a point in time, as exact as people want it: 2006-01-02 15:04 UTC.
func Minute(at time.Time) string { return at.UTC().Format("2006-01-02 15:04 UTC") }

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
