// Command ecs-deploy is a GitHub Action that deploys to Amazon ECS. Run as "ecs-deploy demo" it
// rehearses a deployment against the built-in simulator.
package main

import (
	"context"
	"math/rand/v2"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"ecs-deploy/internal/action"
)

// version and commit are set by the linker: see Dockerfile.
var version, commit = "dev", "unknown"

// gcPercent makes the garbage collector hold little: a deployment allocates much in a moment, and waits for minutes.
const gcPercent = 25

func main() {
	debug.SetGCPercent(gcPercent)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)   // a second signal ends the process at once
	signal.Ignore(syscall.SIGPIPE) // whoever reads the log may go away, and what was begun must still come to its end
	env := action.Env{
		Getenv:  os.Getenv,
		Environ: os.Environ,
		Stdout:  os.Stdout,
		Jitter:  rand.Float64,
		Version: version + ", commit " + commit,
	}
	if len(os.Args) > 1 && os.Args[1] == "demo" {
		os.Exit(action.Demo(ctx, os.Args[2:], env))
	}
	os.Exit(action.Run(ctx, env))
}
