package rollout

import (
	"encoding/json"
	"strings"

	"ecs-deploy/internal/taskdef"
)

// ScheduleName names tasks that are started by time: the targets of an EventBridge rule, or one of them, or a
// schedule of EventBridge Scheduler.
type ScheduleName struct {
	Rule, Target    string // the id of a target; empty: all
	Group, Schedule string
}

// ScheduledTask is a task that is started by time: a target of an EventBridge rule, or a schedule of
// EventBridge Scheduler.
type ScheduledTask struct {
	ScheduleName
	TaskDefinition string           // the ARN that it runs, with or without revision
	Document       taskdef.Document // the target, or the schedule, as it was read
}

// Name is what it is called.
func (t ScheduledTask) Name() string {
	if t.Rule != "" {
		return "target " + t.Target + " of rule " + t.Rule
	}
	return "schedule " + t.Group + "/" + t.Schedule
}

// Pinned tells whether it runs one revision. Without one it runs the latest ACTIVE revision each time
// (https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_EcsParameters.html).
func (t ScheduledTask) Pinned() bool { return strings.Contains(RevisionID(t.TaskDefinition), ":") }

// Family is that of the task definition.
func (t ScheduledTask) Family() string { return Named(t.TaskDefinition).Family }

// With is the target, or the schedule, with another revision, in the shape in which it is written. Of
// a schedule, what only is read is left out
// (https://docs.aws.amazon.com/scheduler/latest/APIReference/API_UpdateSchedule.html).
func (t ScheduledTask) With(revision string) (taskdef.Document, error) {
	type fields map[string]any
	change := fields{"EcsParameters": fields{"TaskDefinitionArn": revision}}
	if t.Rule == "" {
		change = fields{"Target": change, "Arn": nil, "CreationDate": nil, "LastModificationDate": nil}
	}
	text, err := json.Marshal(change)
	if err != nil {
		return taskdef.Document{}, err
	}
	patch, err := taskdef.ParsePatch(string(text), taskdef.Shape{})
	if err != nil {
		return taskdef.Document{}, err
	}
	return patch.Apply(t.Document)
}

// PlannedSchedule is a scheduled task and what it is to run.
type PlannedSchedule struct {
	Task     ScheduledTask
	Revision int // an index of Plan.Revisions
}
