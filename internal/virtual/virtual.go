// Package virtual runs what waits in virtual time: the same code with the same waits, of which 20 minutes take a few
// milliseconds.
//
// It is why package testing is linked into the program. The standard library gives virtual time, testing/synctest, to
// tests only; the other ways to make a rehearsal quick are to change the waits, and so to rehearse something else, or
// to pass a clock through every package. synctest.Test needs no more of its T than that there is one: should a Go
// release want more, what it runs is run in real time, at a pace of its own.
package virtual

import (
	"context"
	"testing"
	"testing/synctest"
)

// realPace is how many times as fast as the clock the world should run where the time is real.
const realPace = 20

// bubble gives virtual time to what it runs.
var bubble = synctest.Test

// Run runs something in virtual time. Its context is one of the bubble, which cannot wait for what is outside it,
// such as a signal: what runs is over before anyone could cancel it. The pace is how many times as fast as the clock
// the world is to run: 1, where the clock is virtual.
func Run(run func(ctx context.Context, pace float64)) {
	var begun bool
	var fault any // in the bubble it would end the process
	refused := try(func() {
		bubble(&testing.T{}, func(t *testing.T) {
			begun = true
			fault = try(func() { run(t.Context(), 1) })
		})
	})
	switch {
	case !begun:
		run(context.Background(), realPace)
	case fault != nil:
		panic(fault)
	case refused != nil:
		panic(refused)
	}
}

// try is the fault of what is done; nil if it has none.
func try(do func()) (fault any) {
	defer func() { fault = recover() }()
	do()
	return nil
}
