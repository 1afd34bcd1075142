// Package action tells the whole story of a run, once, and knows everyone:
//
//	inputs → survey → plan → deploy → watch → (diagnose) → report
//
// Data goes from left to right. A stage does not print: what leaves it beside its result are events
// (rollout.Event), and package report makes a log, annotations, outputs and a summary of them. Who
// may import whom is written down in TestLayers.
//
// Time and the network are edges of the process. Nothing here takes a clock: production code uses
// plain package time, and the tests and rehearsals run it in a testing/synctest bubble. The network
// is an HTTP client, in whose place a simulator can stand.
package action

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"ecs-deploy/internal/cloud"
	"ecs-deploy/internal/deploy"
	"ecs-deploy/internal/inputs"
	"ecs-deploy/internal/kind"
	"ecs-deploy/internal/plan"
	"ecs-deploy/internal/probe"
	"ecs-deploy/internal/report"
	"ecs-deploy/internal/rollout"
	"ecs-deploy/internal/watch"
)

// Env is what a run touches of the world.
type Env struct {
	Getenv func(string) string
	// Environ lists all of the environment, as os.Environ does; nil: only what is looked up is there.
	Environ func() []string
	Stdout  io.Writer
	// Jitter gives random numbers from 0 to 1.
	Jitter func() float64
	// Version is what is run, for those who want to know; empty: that is not told.
	Version string
	// HTTP takes the place of the network; nil is the network.
	HTTP cloud.HTTPClient
	// Listen hears all that the reporter does, but for secrets, maybe from several goroutines at once; nil: nobody does.
	Listen rollout.Emit
}

// Run runs the action and returns the exit code of the process. A context that is cancelled ends the
// wait; what ECS has begun goes on.
func Run(ctx context.Context, env Env) int {
	reporter := report.New(env.Stdout, env.Getenv)
	emit := env.emit(reporter)
	emit(rollout.SecretLearned{Values: inputs.Secrets(env.Getenv)})
	in, err := guarded(emit, func() (inputs.Inputs, error) { return inputs.Read(ctx, env.Getenv, env.names()) })
	if in.Verbose {
		reporter.Verbose()
	}
	if err != nil {
		return finish(emit, rollout.Result{}, &rollout.Problem{What: "invalid inputs: " + err.Error(), Err: err})
	}
	if in.Simulate == "" {
		return run(ctx, env, in, emit)
	}
	var code int
	err = rehearse(in.Simulate, func(ctx context.Context, simulator cloud.HTTPClient, jitter func() float64) {
		code = run(ctx, Env{Getenv: env.Getenv, Jitter: jitter, HTTP: simulator, Version: env.Version}, in, emit)
	})
	if err != nil {
		return finish(emit, rollout.Result{}, &rollout.Problem{What: "simulate: " + err.Error(), Err: err})
	}
	return code
}

// names are those of the variables of the environment.
func (env Env) names() []string {
	var names []string
	if env.Environ != nil {
		for _, variable := range env.Environ() {
			name, _, _ := strings.Cut(variable, "=")
			names = append(names, name)
		}
	}
	return names
}

// emit is where events go.
func (env Env) emit(reporter *report.Reporter) rollout.Emit {
	if env.Listen == nil {
		return reporter.Handle
	}
	return func(event rollout.Event) {
		if _, secret := event.(rollout.SecretLearned); !secret {
			env.Listen(event)
		}
		reporter.Handle(event)
	}
}

func run(ctx context.Context, env Env, in inputs.Inputs, emit rollout.Emit) int {
	began := time.Now()
	var read rollout.InputsRead
	if in.Verbose && env.Version != "" {
		read.Facts = append(read.Facts, rollout.Fact{Name: "version", Value: env.Version})
	}
	read.Facts = append(read.Facts, in.Facts()...)
	emit(read)
	for _, notice := range in.Notices {
		emit(notice)
	}
	ended, err := guarded(emit, func() (ending, error) { return story(ctx, env, in, emit) })
	ended.About, ended.Duration = in.About(), time.Since(began)
	code := finish(emit, ended.Result, err)
	if ended.cleanUp != nil {
		_, _ = guarded(emit, func() (struct{}, error) { ended.cleanUp(ctx); return struct{}{}, nil })
	}
	return code
}

// ending is what a run came to, and what there is to do when that has been told.
type ending struct {
	rollout.Result
	cleanUp func(context.Context) // nil: nothing
}

// guarded makes an internal error an error like others: the outputs are written, the group is closed, and
// it is said, without the secrets that it may hold.
func guarded[Result any](emit rollout.Emit, do func() (Result, error)) (result Result, err error) {
	defer func() {
		if fault := recover(); fault != nil {
			emit(rollout.Noticed{What: fmt.Sprintf("internal error: %v", fault), Next: string(debug.Stack())})
			err = fmt.Errorf("internal error (%v): if ECS has started a deployment, it goes on, and its end is unknown", fault)
		}
	}()
	return do()
}

// story is a run from end to end. When there is an error, the result holds what was done until then.
func story(ctx context.Context, env Env, in inputs.Inputs, emit rollout.Emit) (ending, error) {
	clients, err := connect(ctx, env, in, emit)
	if err != nil {
		return ending{}, err
	}
	world, err := survey(ctx, clients, in)
	if err != nil {
		return ending{}, err
	}
	notes, err := kind.Check(in.Kinds(), world.Services)
	if len(notes) > 0 {
		emit(rollout.Noted{Notes: notes})
	}
	if err != nil {
		return ending{}, err
	}
	if operate := operations[in.Operation]; operate != nil && (len(world.Bases) == 0 || goesBack(world) && !in.DryRun) {
		result, err := operate(ctx, clients, deploy.Operation{
			Services: world.Services,
			WaitFor:  rollout.WaitFor(in.WaitFor),
			Timeout:  plan.Timeout(in, world.Services),
			RollBack: in.RollbackOnFailure,

			RollbackTimeout: plan.RollbackTimeout(in, world.Services),
		}, emit)
		return ending{Result: result}, err
	}
	if world, err = unoccupied(ctx, clients, in, world, emit); err != nil {
		return ending{}, err
	}
	planned, err := planned(ctx, clients, in, world)
	if err != nil {
		return ending{}, err
	}
	emit(rollout.PlanMade{Plan: planned, DryRun: in.DryRun})
	var busy error
	err = cloud.Together(
		ctx,
		func(ctx context.Context) error { return verify(ctx, clients, in, planned, emit) },
		func(ctx context.Context) error { busy = clients.Carriers().Busy(ctx, planned.Rollouts); return nil },
	)
	if err != nil {
		return ending{}, err
	}
	var p *rollout.Problem
	switch {
	case in.DryRun && errors.As(busy, &p) && p.Kind == rollout.BadInput: // it may be over when it is done in earnest
		emit(rollout.Noticed{What: p.What, Next: p.Next, Warning: true})
		return ending{Result: plan.Result(planned)}, nil
	case busy != nil:
		return ending{}, busy
	case in.DryRun:
		return ending{Result: plan.Result(planned)}, nil
	}
	result, err := deploy.Execute(ctx, clients, env.ask(), planned, emit)
	if err != nil {
		return ending{Result: result}, err
	}
	cleanUp := func(ctx context.Context) { deploy.CleanUp(ctx, clients, planned, result, emit) }
	return ending{result, cleanUp}, nil
}

// planned makes the plan; where the tags of images are to be taken for their digests, anew with those.
func planned(ctx context.Context, clients *cloud.Clients, in inputs.Inputs, world rollout.World) (rollout.Plan, error) {
	made, err := plan.Make(in, world)
	if err != nil || !in.ResolveDigest {
		return made, err
	}
	if in.Digests, err = clients.Digests(ctx, made); err != nil {
		return made, err
	}
	return plan.Make(in, world)
}

// survey reads the world, and meanwhile whose account it is.
func survey(ctx context.Context, clients *cloud.Clients, in inputs.Inputs) (world rollout.World, err error) {
	err = cloud.Together(
		ctx,
		func(ctx context.Context) error { return clients.CheckAccount(ctx, in.Credentials.Accounts) },
		func(ctx context.Context) (err error) {
			world, err = clients.Survey(ctx, cloud.Wanted{
				Targets: in.Targets, TaskDefinition: in.TaskDefinition, File: in.File,
				Scheduled: in.Scheduled, Alarms: in.Gates.Alarms, Options: in.Kinds(), WhenBusy: in.WhenBusy,
			})
			return err
		},
	)
	return world, err
}

// ask is how URLs are asked.
func (env Env) ask() watch.Ask {
	client := probe.Network()
	if env.HTTP != nil {
		client = env.HTTP
	}
	return func(ctx context.Context, url string, atMost time.Duration) rollout.URLAnswer {
		return probe.Ask(ctx, client, url, atMost)
	}
}

type operation func(context.Context, *cloud.Clients, deploy.Operation, rollout.Emit) (rollout.Result, error)

// operations are what is done in place of a deployment. A rollback to a revision that is named is one.
var operations = map[string]operation{
	"continue":      deploy.Continue,
	"continue-once": deploy.ContinueOnce,
	"rollback":      deploy.RollBack,
	"status":        deploy.Status,
}

// goesBack tells whether the revision that is named is the one that is just being replaced: then what is under way is
// rolled back, and nothing deployed.
func goesBack(world rollout.World) bool {
	return !slices.ContainsFunc(world.Services, func(running rollout.SurveyedService) bool {
		return !kind.Of(running.Service).Replaces(running, world.Bases[running.Service.Place].ARN)
	})
}

// verify looks for what is in the way of a plan before anything is changed, if that is wanted.
func verify(
	ctx context.Context, clients *cloud.Clients, in inputs.Inputs, planned rollout.Plan, emit rollout.Emit,
) error {
	if !in.Verify {
		return nil
	}
	verified := rollout.Verified{Concerns: plan.Concerns(planned), Checks: len(planned.Rollouts)}
	more, err := clients.Verify(ctx, planned)
	if err != nil {
		return err
	}
	verified.Checks += more.Checks
	verified.Concerns = append(verified.Concerns, more.Concerns...)
	verified.Unknown, verified.Unanswered = more.Unknown, more.Unanswered
	emit(verified)
	return sureToFail(verified.Concerns)
}

// sureToFail is the error of the doubts that are sure, all together; nil if there are none.
func sureToFail(concerns []rollout.Concern) error {
	anyway := errors.New("verify: false deploys without these checks")
	sure := slices.DeleteFunc(slices.Clone(concerns), func(concern rollout.Concern) bool { return !concern.Sure })
	if len(sure) == 0 {
		return nil
	}
	var what []string
	var each []error
	for _, concern := range sure {
		what = append(what, concern.What)
		each = append(each, fmt.Errorf("%s. %s", concern.What, concern.Next))
	}
	return &rollout.Problem{
		Kind:  rollout.BadInput,
		Cause: sure[0].Cause,
		What:  strings.Join(what, "; "),
		Next:  sure[0].Next,
		More:  len(sure) - 1,
		Err:   errors.Join(append(each, anyway)...),
	}
}

// finish makes an error part of the result, reports the end and returns the exit code.
func finish(emit rollout.Emit, result rollout.Result, err error) int {
	result.Err = err
	emit(rollout.Finished{Result: result})
	return exitCode(result.Outcome(), err)
}

// exitCodes are the exit codes of the process, and documented.
var exitCodes = map[rollout.Outcome]int{
	rollout.Succeeded:      0,
	rollout.Unchanged:      0,
	rollout.Planned:        0,
	rollout.Failed:         1,
	rollout.TimedOut:       1,
	rollout.Superseded:     1,
	rollout.RolledBack:     4,
	rollout.RollbackFailed: 5,
	rollout.Cancelled:      130,
}

func exitCode(outcome rollout.Outcome, err error) int {
	var p *rollout.Problem
	switch {
	case !errors.As(err, &p):
		code, known := exitCodes[outcome]
		if !known {
			return 1
		}
		return code
	case p.Kind == rollout.Refused:
		return 3
	}
	return 2
}
