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
	// unknownTaskTimeout is after how long a task that ECS does not know counts as gone: right after RunTask it
	// might not be known yet (https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html).
	unknownTaskTimeout = time.Minute

	// lastLineTimeout is how long after the end of a task, and after its last line, another is waited for:
	// CloudWatch Logs may get them late. After a task that ended well they are waited for no longer than wellTimeout.
	lastLineTimeout = 6 * time.Second
	wellTimeout     = 2 * time.Second

	// oftenAge is how long tasks are looked at often: while they start, and while a short one may end.
	oftenAge = time.Minute
)

// OneOff is tasks that run once.
type OneOff struct {
	Input   string // that asks for them
	Cluster string
	Tasks   []string // their ARNs
	Streams []*cloud.LogStream
	Timeout time.Duration
	// Decisive are the containers whose exit codes tell how a task ended, which is known before it has stopped: ECS
	// takes its network away first. Well tells whether it ended well.
	Decisive []string
	Well     func(rollout.Task) bool
}

// decided tells whether it is known how a task ended.
func (r OneOff) decided(task rollout.Task) bool {
	if task.Status == rollout.TaskStopped {
		return true
	}
	known := 0
	for _, container := range task.Containers {
		if slices.Contains(r.Decisive, container.Name) && container.ExitCode != nil {
			known++
		}
	}
	return known > 0 && known == len(r.Decisive)
}

// FollowTasks follows tasks until all have stopped, and passes on what they write. It returns them as
// they were last seen. An error is ErrTimeout, that of the context, or what AWS refuses; throttles,
// faults of the server and broken connections are ridden out.
func FollowTasks(ctx context.Context, client *cloud.Client, run OneOff, emit rollout.Emit) ([]rollout.Task, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, run.Timeout, ErrTimeout)
	defer cancel()
	now := time.Now()
	f := &runner{
		OneOff: run, client: client.WithoutRetry(), emit: emit,
		began: now, allKnown: now, lastAnswer: now, lastEvent: now,
	}
	for {
		if err := f.client.Pause(ctx, f.interval()); err != nil {
			return f.tasks, err
		}
		ended, err := f.look(ctx)
		switch {
		case context.Cause(ctx) != nil:
			return f.tasks, context.Cause(ctx)
		case err != nil && !cloud.Transient(err):
			return f.tasks, err
		case err != nil && silent(f.began, f.lastEvent, lookInterval, 0):
			f.say(rollout.Unanswered{Age: time.Since(f.lastAnswer), Err: err})
		case err == nil && ended && f.heard():
			return f.tasks, nil
		}
	}
}

func (f *runner) interval() time.Duration {
	if time.Since(f.began) < oftenAge || !f.ended.IsZero() {
		return soonInterval
	}
	return lookInterval
}

// heard tells whether tasks that have ended will probably write no more.
func (f *runner) heard() bool {
	notWell := func(task rollout.Task) bool { return !f.Well(task) }
	switch {
	case len(f.Streams) == 0 || f.noLog:
		return true
	case !slices.ContainsFunc(f.tasks, notWell):
		return time.Since(f.ended) >= wellTimeout
	}
	return time.Since(f.lastLine) >= lastLineTimeout
}

type runner struct {
	OneOff
	client     *cloud.Client
	emit       rollout.Emit
	tasks      []rollout.Task
	states     []rollout.TaskStatus
	began      time.Time
	allKnown   time.Time // when ECS last knew all tasks
	lastAnswer time.Time // when AWS last answered
	lastEvent  time.Time // when something was last said
	lastLine   time.Time // when a task wrote or stopped
	ended      time.Time // when all tasks had ended; zero: they have not
	noLog      bool      // the log cannot be read
}

// look looks once at the tasks, and at what they have written since.
func (f *runner) look(ctx context.Context) (ended bool, err error) {
	tasks, err := f.client.Tasks(ctx, f.Cluster, f.Tasks)
	if err != nil {
		return false, err
	}
	if len(tasks) == len(f.Tasks) {
		f.allKnown = time.Now()
	} else if time.Since(f.allKnown) > unknownTaskTimeout {
		return false, &rollout.Problem{
			Kind: rollout.Refused,
			What: fmt.Sprintf("%s: ECS no longer knows its task", f.Input),
			Next: "Check the stopped tasks of the cluster in the console.",
		}
	}
	f.tasks = tasks
	if err := f.listen(ctx); err != nil {
		return false, err
	}
	f.lastAnswer = time.Now()
	var states []rollout.TaskStatus
	for _, task := range tasks {
		states = append(states, task.Status)
	}
	changed := !slices.Equal(states, f.states)
	if changed || silent(f.began, f.lastEvent, lookInterval, 0) {
		f.say(rollout.OneOffProgressed{Input: f.Input, States: states})
	}
	f.states = states
	isRunning := func(task rollout.Task) bool { return !f.decided(task) }
	ended = len(tasks) == len(f.Tasks) && !slices.ContainsFunc(tasks, isRunning)
	keepSince(&f.ended, time.Now(), ended)
	if ended && changed {
		f.lastLine = time.Now()
	}
	return ended, nil
}

func (f *runner) say(event rollout.Event) {
	f.lastEvent = time.Now()
	f.emit(event)
}

// listen passes on what the tasks have written. Without permission that is left out.
func (f *runner) listen(ctx context.Context) error {
	if f.noLog {
		return nil
	}
	for _, stream := range f.Streams {
		lines, err := f.client.ReadLog(ctx, stream)
		for _, line := range lines {
			f.lastLine = time.Now()
			f.say(rollout.OneOffSaid{Input: f.Input, Task: stream.Task, Container: stream.Container, Line: line})
		}
		switch {
		case cloud.NotAllowed(err):
			f.noLog = true
			f.say(rollout.Unreadable{Err: err, Sight: rollout.SightOneOff})
			return nil
		case err != nil:
			return err
		}
	}
	return nil
}
