package cloud

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	eventtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"
	schedulertypes "github.com/aws/aws-sdk-go-v2/service/scheduler/types"

	"ecs-deploy/internal/rollout"
	"ecs-deploy/internal/taskdef"
)

// ruleTarget is what is read of a target of a rule; the rest is kept as it came.
type ruleTarget struct {
	ID            string `json:"Id"`
	EcsParameters *struct{ TaskDefinitionArn string }
}

// RuleTargets reads the ECS targets of an EventBridge rule, or the one with an id.
func (c *Client) RuleTargets(ctx context.Context, rule, id string) ([]rollout.ScheduledTask, error) {
	var found []rollout.ScheduledTask
	client := eventbridge.NewFromConfig(c.config)
	err := eachPage(func(token *string) (*string, error) {
		var answer []byte
		_, err := client.ListTargetsByRule(ctx, &eventbridge.ListTargetsByRuleInput{Rule: &rule, NextToken: token},
			func(o *eventbridge.Options) { o.APIOptions = append(o.APIOptions, takeAnswer(&answer)) })
		if err != nil {
			return nil, err
		}
		var page struct {
			Targets   []json.RawMessage
			NextToken *string
		}
		if json.Unmarshal(answer, &page) != nil {
			return nil, errNoAnswer
		}
		for _, raw := range page.Targets {
			task, isECS, err := ecsTarget(rule, raw)
			if err != nil {
				return nil, errNoAnswer
			}
			if isECS && (id == "" || id == task.Target) {
				found = append(found, task)
			}
		}
		return page.NextToken, nil
	})
	if code(err) == "ResourceNotFoundException" {
		return nil, &rollout.Problem{Kind: rollout.BadInput, What: fmt.Sprintf("scheduled-tasks: there is no rule %s on "+
			"the default event bus in %s", rule, c.place.Region), Next: "Check the name and the region."}
	}
	if err != nil {
		return nil, c.problem(ctx, err, "events:ListTargetsByRule", "rule "+rule)
	}
	if len(found) == 0 {
		what := "no target that runs an ECS task"
		if id != "" {
			what += " with the id " + id
		}
		return nil, &rollout.Problem{
			Kind: rollout.BadInput,
			What: fmt.Sprintf("scheduled-tasks: rule %s has %s", rule, what),
			Next: "Check the targets of the rule.",
		}
	}
	return found, nil
}

func ecsTarget(rule string, raw []byte) (task rollout.ScheduledTask, isECS bool, err error) {
	var target ruleTarget
	if err = json.Unmarshal(raw, &target); err != nil || target.EcsParameters == nil {
		return task, false, err
	}
	task = rollout.ScheduledTask{
		ScheduleName:   rollout.ScheduleName{Rule: rule, Target: target.ID},
		TaskDefinition: target.EcsParameters.TaskDefinitionArn,
	}
	task.Document, err = taskdef.Parse(raw)
	return task, true, err
}

// Schedule reads a schedule of EventBridge Scheduler that runs an ECS task.
func (c *Client) Schedule(ctx context.Context, group, name string) (rollout.ScheduledTask, error) {
	var answer []byte
	_, err := scheduler.NewFromConfig(c.config).GetSchedule(
		ctx,
		&scheduler.GetScheduleInput{GroupName: &group, Name: &name},
		func(o *scheduler.Options) { o.APIOptions = append(o.APIOptions, takeAnswer(&answer)) },
	)
	about := group + "/" + name
	if code(err) == "ResourceNotFoundException" {
		return rollout.ScheduledTask{}, &rollout.Problem{Kind: rollout.BadInput, What: fmt.Sprintf("scheduled-tasks: "+
			"there is no schedule %s in %s", about, c.place.Region), Next: "Check the group, the name and the region."}
	}
	if err != nil {
		return rollout.ScheduledTask{}, c.problem(ctx, err, "scheduler:GetSchedule", "schedule "+about)
	}
	var schedule struct{ Target ruleTarget }
	document, err := taskdef.Parse(answer)
	if err != nil || json.Unmarshal(answer, &schedule) != nil {
		return rollout.ScheduledTask{}, c.problem(ctx, errNoAnswer, "scheduler:GetSchedule", "schedule "+about)
	}
	if schedule.Target.EcsParameters == nil {
		return rollout.ScheduledTask{}, &rollout.Problem{
			Kind: rollout.BadInput,
			What: "scheduled-tasks: schedule " + about + " runs no ECS task",
			Next: "Check the target of the schedule.",
		}
	}
	return rollout.ScheduledTask{
		ScheduleName:   rollout.ScheduleName{Group: group, Schedule: name},
		TaskDefinition: schedule.Target.EcsParameters.TaskDefinitionArn,
		Document:       document,
	}, nil
}

// Repoint lets a scheduled task run another revision. Both calls replace the whole target or schedule,
// so that all that was read is sent back as it came, the revision excepted.
func (c *Client) Repoint(ctx context.Context, task rollout.ScheduledTask, revision string) error {
	document, err := task.With(revision)
	if err != nil {
		return err
	}
	if task.Rule != "" {
		return c.putTarget(ctx, task, document)
	}
	return c.updateSchedule(ctx, task, document)
}

// putTarget replaces one target. That it could not be replaced is told in an answer with status 200.
func (c *Client) putTarget(ctx context.Context, task rollout.ScheduledTask, target taskdef.Document) error {
	rule, err := json.Marshal(task.Rule)
	if err != nil {
		return err
	}
	body := fmt.Appendf(nil, `{"Rule":%s,"Targets":[%s]}`, rule, target.JSON())
	out, err := eventbridge.NewFromConfig(c.config).PutTargets(ctx,
		// for the SDK's own check
		&eventbridge.PutTargetsInput{Rule: &task.Rule, Targets: []eventtypes.Target{{Id: &task.Target, Arn: &task.Target}}},
		func(o *eventbridge.Options) { o.APIOptions = append(o.APIOptions, sendBody(body)) })
	if err != nil {
		return c.problem(ctx, err, "events:PutTargets", task.Name())
	}
	for _, failed := range out.FailedEntries {
		return &rollout.Problem{
			Kind: rollout.Refused,
			What: fmt.Sprintf(
				"events:PutTargets for %s: %s (%s)", task.Name(), deref(failed.ErrorMessage), deref(failed.ErrorCode),
			),
		}
	}
	return nil
}

func (c *Client) updateSchedule(ctx context.Context, task rollout.ScheduledTask, schedule taskdef.Document) error {
	input := &scheduler.UpdateScheduleInput{ // for the SDK's own check
		Name: &task.Schedule, ScheduleExpression: &task.Schedule,
		FlexibleTimeWindow: &schedulertypes.FlexibleTimeWindow{Mode: schedulertypes.FlexibleTimeWindowModeOff},
		Target:             &schedulertypes.Target{Arn: &task.Schedule, RoleArn: &task.Schedule},
	}
	_, err := scheduler.NewFromConfig(c.config).UpdateSchedule(ctx, input,
		func(o *scheduler.Options) { o.APIOptions = append(o.APIOptions, sendBody(schedule.JSON())) })
	if err != nil {
		return c.problem(ctx, err, "scheduler:UpdateSchedule", task.Name())
	}
	return nil
}

// scheduled reads what is to be pointed at the new revision.
func (c *Client) scheduled(ctx context.Context, wanted []rollout.ScheduleName) ([]rollout.ScheduledTask, error) {
	found := make([][]rollout.ScheduledTask, len(wanted))
	err := Each(ctx, wanted, func(ctx context.Context, i int, w rollout.ScheduleName) (err error) {
		if w.Rule != "" {
			found[i], err = c.RuleTargets(ctx, w.Rule, w.Target)
			return err
		}
		found[i] = make([]rollout.ScheduledTask, 1)
		found[i][0], err = c.Schedule(ctx, w.Group, w.Schedule)
		return err
	})
	var all []rollout.ScheduledTask
	for _, tasks := range found {
		all = append(all, tasks...)
	}
	return all, err
}
