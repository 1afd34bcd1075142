package watch

import (
	"context"
	"fmt"
	"slices"
	"time"

	"ecs-deploy/internal/cloud"
	"ecs-deploy/internal/rollout"
)

const (
	// vanished is after how long a task that ECS does not know counts as gone: right after RunTask it
	// may not be known yet (https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html).
	vanished = time.Minute

	// lastWords is how long after the end of a task, and after its last line, another is waited for:
	// CloudWatch Logs may get them late.
	lastWords = 6 * time.Second
)

// OneOff is tasks that run once.
type OneOff struct {
	Input   string // that asks for them
	Cluster string
	Tasks   []string // their ARNs
	Streams []*cloud.LogStream
	Timeout time.Duration
}

// FollowTasks follows tasks until all have stopped, and passes on what they write. It returns them as
// they were last seen. An error is ErrTimeout, that of the context, or what AWS refuses; throttles,
// faults of the server and broken connections are ridden out.
func FollowTasks(ctx context.Context, client *cloud.Client, run OneOff, emit rollout.Emit) ([]rollout.Task, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, run.Timeout, ErrTimeout)
	defer cancel()
	now := time.Now()
	f := &runner{OneOff: run, client: client.WithoutRetry(), emit: emit, seen: now, looked: now, shown: now}
	for {
		if err := f.client.Pause(ctx, period); err != nil {
			return f.tasks, err
		}
		stopped, err := f.look(ctx)
		switch {
		case context.Cause(ctx) != nil:
			return f.tasks, context.Cause(ctx)
		case err != nil && !cloud.Transient(err):
			return f.tasks, err
		case err != nil && silent(f.shown, period):
			f.say(rollout.Unanswered{For: time.Since(f.looked), Err: err})
		case err == nil && stopped && (len(f.Streams) == 0 || f.deaf || time.Since(f.heard) >= lastWords):
			return f.tasks, nil
		}
	}
}

type runner struct {
	OneOff
	client *cloud.Client
	emit   rollout.Emit
	tasks  []rollout.Task
	states []rollout.TaskStatus
	seen   time.Time // when ECS last knew all tasks
	looked time.Time // when AWS last answered
	shown  time.Time // when something was last said
	heard  time.Time // when a task wrote or stopped
	deaf   bool      // the log may not be read
}

// look looks once at the tasks, and at what they have written since.
func (f *runner) look(ctx context.Context) (stopped bool, err error) {
	tasks, err := f.client.Tasks(ctx, f.Cluster, f.Tasks)
	if err != nil {
		return false, err
	}
	if len(tasks) == len(f.Tasks) {
		f.seen = time.Now()
	} else if time.Since(f.seen) > vanished {
		return false, &rollout.Problem{
			Kind: rollout.Refused,
			What: fmt.Sprintf("%s: ECS does not know its task any more", f.Input),
			Next: "Look at the stopped tasks of the cluster in the console.",
		}
	}
	f.tasks = tasks
	if err := f.listen(ctx); err != nil {
		return false, err
	}
	f.looked = time.Now()
	var states []rollout.TaskStatus
	for _, task := range tasks {
		states = append(states, task.Status)
	}
	changed := !slices.Equal(states, f.states)
	if changed || silent(f.shown, period) {
		f.say(rollout.OneOffProgressed{Input: f.Input, States: states})
	}
	isRunning := func(state rollout.TaskStatus) bool { return state != rollout.TaskStopped }
	stopped = len(tasks) == len(f.Tasks) && !slices.ContainsFunc(states, isRunning)
	if stopped && changed {
		f.heard = time.Now()
	}
	f.states = states
	return stopped, nil
}

func (f *runner) say(event rollout.Event) {
	f.shown = time.Now()
	f.emit(event)
}

// listen passes on what the tasks have written. Without permission that is left out.
func (f *runner) listen(ctx context.Context) error {
	if f.deaf {
		return nil
	}
	for _, stream := range f.Streams {
		lines, err := f.client.ReadLog(ctx, stream)
		for _, line := range lines {
			f.heard = time.Now()
			f.say(rollout.OneOffSaid{Input: f.Input, Task: stream.Task, Container: stream.Container, Line: line})
		}
		switch {
		case cloud.NotAllowed(err):
			f.deaf = true
			f.say(rollout.Unreadable{Err: err, Sight: rollout.SightOneOff})
			return nil
		case err != nil:
			return err
		}
	}
	return nil
}
