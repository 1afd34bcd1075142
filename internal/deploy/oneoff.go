package deploy

import (
	"context"
	"errors"
	"slices"

	"ecs-deploy/internal/diagnose"
	"ecs-deploy/internal/rollout"
	"ecs-deploy/internal/watch"
)

// keptLines is how many of the last lines that a task wrote are kept, to find the one that tells what went wrong.
const keptLines = 200

// oneOff runs a task that is to run once, if there is one, and tells whether it ended well.
func (d *deployer) oneOff(ctx context.Context, planned *rollout.PlannedTask) (good bool, err error) {
	if planned == nil {
		return true, nil
	}
	result, err := d.runOnce(ctx, planned)
	if err != nil {
		result.Verdict = rollout.OneOffVerdict{Outcome: rollout.Failed, Ending: rollout.OneOffBroken, Err: err}
	}
	d.oneOffs = append(d.oneOffs, *result)
	return err == nil && result.Verdict.Outcome.Good(), err
}

// runOnce runs a task that is to run once, and tells what became of it. An error is AWS refusing.
func (d *deployer) runOnce(ctx context.Context, planned *rollout.PlannedTask) (*rollout.OneOffResult, error) {
	revision := d.revisions[planned.Revision].Revision
	result := &rollout.OneOffResult{Input: planned.Input, Wave: planned.Wave, Cluster: planned.Cluster}
	arns, unplaced, err := d.clients.At(planned.Place).RunTask(ctx, *planned, revision)
	if err != nil && ctx.Err() != nil {
		d.emit(rollout.OneOffUnclear{Input: planned.Input})
	}
	if err != nil {
		return result, err
	}
	result.Tasks = arns
	if len(arns) > 0 {
		d.emit(
			rollout.OneOffStarted{
				Input:     planned.Input,
				Revision:  revision,
				Container: planned.Container,
				Command:   planned.Command,
				Tasks:     arns,
			},
		)
	}
	if len(unplaced) > 0 {
		result.Findings = diagnose.Unplaced(unplaced)
		d.stop(ctx, result, "the others could not be placed")
		result.Verdict = rollout.OneOffVerdict{Outcome: rollout.Failed, Ending: rollout.OneOffUnplaced, Unplaced: unplaced}
	} else if planned.Detached {
		result.Verdict = rollout.OneOffVerdict{Outcome: rollout.Succeeded, Ending: rollout.OneOffUnwaited}
	} else if err = d.followOnce(ctx, planned, result); err != nil {
		return result, err
	}
	d.emit(rollout.OneOffEnded{Result: *result})
	return result, nil
}

// followOnce waits for the tasks, and files how they ended. Those that are not waited for to their ends
// are stopped.
func (d *deployer) followOnce(ctx context.Context, planned *rollout.PlannedTask, result *rollout.OneOffResult) error {
	document := d.revisions[planned.Revision].Revision.Document
	streams, unreadable := d.clients.At(planned.Place).LogStreams(document, result.Tasks)
	if kept, is := unreadable[planned.Container]; is {
		d.emit(rollout.LogUnreadable{Container: planned.Container, Kept: kept})
	}
	var lines []string
	keepLines := func(event rollout.Event) {
		if said, is := event.(rollout.OneOffSaid); is {
			lines = append(lines, said.Line)
			lines = lines[max(0, len(lines)-keptLines):]
		}
		d.emit(event)
	}
	run := watch.OneOff{
		Input:   planned.Input,
		Cluster: planned.Cluster,
		Tasks:   result.Tasks,
		Streams: streams,
		Timeout: planned.Timeout,
		Well:    func(task rollout.Task) bool { return endedWell(planned, task) },
	}
	if run.Decisive = planned.Essential; !slices.Contains(run.Decisive, planned.Container) {
		run.Decisive = append(slices.Clone(run.Decisive), planned.Container)
	}
	tasks, err := watch.FollowTasks(ctx, d.clients.At(planned.Place), run, keepLines)
	result.Log = diagnose.Excerpt(rollout.LogTail{Container: planned.Container, Lines: lines})
	switch {
	case errors.Is(err, watch.ErrTimeout):
		result.Verdict = rollout.OneOffVerdict{
			Outcome: rollout.TimedOut,
			Ending:  rollout.OneOffTimedOut,
			Timeout: planned.Timeout,
		}
		d.stop(ctx, result, planned.Input+" ran out of time")
		return nil
	case ctx.Err() != nil:
		result.Verdict = rollout.OneOffVerdict{Outcome: rollout.Cancelled, Ending: rollout.OneOffCancelled}
		d.stop(ctx, result, "the run was cancelled")
		return nil
	case err != nil:
		d.stop(ctx, result, "it could not be followed")
		return err
	}
	for i, task := range tasks {
		tasks[i] = task.Of(document, "")
	}
	settle(result, planned, tasks)
	return nil
}

// stop stops the tasks of a result, also when the run was cancelled. That one cannot be stopped is told.
func (d *deployer) stop(ctx context.Context, result *rollout.OneOffResult, why string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), askTimeout)
	defer cancel()
	for _, task := range result.Tasks {
		if err := d.clients.Of(task).StopTask(ctx, result.Cluster, task, why); err != nil {
			d.emit(rollout.NotStopped{Err: err})
		}
	}
}

// settle files how tasks ended. The exit code is that of the container that the command was for, of the first task
// that did not end well.
func settle(result *rollout.OneOffResult, planned *rollout.PlannedTask, tasks []rollout.Task) {
	for _, task := range tasks {
		if !endedWell(planned, task) {
			result.Failures = append(result.Failures, task)
		}
	}
	decisive := append(slices.Clone(result.Failures), tasks...)[0]
	for _, container := range decisive.Containers {
		if container.Name == planned.Container {
			result.ExitCode = container.ExitCode
		}
	}
	if len(result.Failures) == 0 {
		result.Verdict = rollout.OneOffVerdict{Outcome: rollout.Succeeded, Ending: rollout.OneOffEndedWell}
		return
	}
	result.Verdict = rollout.OneOffVerdict{
		Outcome: rollout.Failed, Ending: rollout.OneOffFailed, Cause: decisive.Cause(),
	}
	result.Log.Cause = result.Verdict.Cause
	result.Findings = diagnose.Explain(rollout.Evidence{Failures: result.Failures, Log: result.Log})
}

// endedWell tells whether the container that the command was for ended with 0, and so did the other essential ones,
// unless they were told to stop when it ended.
func endedWell(planned *rollout.PlannedTask, task rollout.Task) bool {
	well := false
	for _, container := range task.Containers {
		switch {
		case container.Name == planned.Container:
			if container.ExitCode == nil || *container.ExitCode != 0 {
				return false
			}
			well = true
		case slices.Contains(planned.Essential, container.Name) && !toldToStop(container):
			return false
		}
	}
	return well
}

// toldToStop tells whether a container ended with 0, or by the signals with which ECS stops the others of a task when
// an essential one has ended: SIGTERM and, after a while, SIGKILL
// (https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_StopTask.html). A reason speaks of something else,
// such as its memory.
func toldToStop(container rollout.Container) bool {
	const terminated, killed = 128 + 15, 128 + 9
	return container.ExitCode != nil && container.Reason == "" &&
		slices.Contains([]int{0, terminated, killed}, *container.ExitCode)
}
