package cloud

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"ecs-deploy/internal/rollout"
)

// perAlarms is how many alarms one DescribeAlarms takes, and answers with
// (https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html).
const perAlarms = 100

// alarms reads alarms by their names, also composite ones. Those that are not there are missing from the answer.
func (c *Client) alarms(ctx context.Context, names []string) ([]rollout.Alarm, error) {
	client, most := cloudwatch.NewFromConfig(c.config), int32(perAlarms)
	var alarms []rollout.Alarm
	add := func(name, arn, reason *string, state types.StateValue) {
		alarms = append(alarms, rollout.Alarm{
			AlarmName: rollout.AlarmName{Place: c.place, Name: deref(name)}, ARN: deref(arn),
			On: state == types.StateValueAlarm, Reason: deref(reason),
		})
	}
	for batch := range slices.Chunk(names, perAlarms) {
		err := eachPage(func(token *string) (*string, error) {
			out, err := client.DescribeAlarms(ctx, &cloudwatch.DescribeAlarmsInput{
				AlarmNames: batch, MaxRecords: &most, NextToken: token,
				AlarmTypes: []types.AlarmType{types.AlarmTypeMetricAlarm, types.AlarmTypeCompositeAlarm},
			})
			if err != nil {
				return nil, err
			}
			for _, alarm := range out.MetricAlarms {
				add(alarm.AlarmName, alarm.AlarmArn, alarm.StateReason, alarm.StateValue)
			}
			for _, alarm := range out.CompositeAlarms {
				add(alarm.AlarmName, alarm.AlarmArn, alarm.StateReason, alarm.StateValue)
			}
			return out.NextToken, nil
		})
		if err != nil {
			return nil, c.problem(ctx, err, "cloudwatch:DescribeAlarms", "alarm "+batch[0])
		}
	}
	return alarms, nil
}

// findAlarms looks alarms up wherever they may be. One that is nowhere is a *rollout.Problem.
func (c *Clients) findAlarms(ctx context.Context, wanted []rollout.AlarmName) ([]rollout.Alarm, error) {
	if len(wanted) == 0 {
		return nil, nil
	}
	found := make([][]rollout.Alarm, len(c.all))
	err := c.each(ctx, func(ctx context.Context, i int, client *Client) (err error) {
		var names []string
		for _, alarm := range wanted {
			if alarm.Region == "" || alarm.Region == client.place.Region {
				names = append(names, alarm.Name)
			}
		}
		found[i], err = client.alarms(ctx, names)
		return err
	})
	if err != nil {
		return nil, err
	}
	var all []rollout.Alarm
	for _, name := range wanted {
		its := having(slices.Concat(found...), func(alarm rollout.Alarm) bool { return alarm.Is(name) })
		if len(its) == 0 {
			return nil, noAlarm(name, c.all)
		}
		all = append(all, its...)
	}
	return all, nil
}

// noAlarm is the error of an alarm that is not there.
func noAlarm(name rollout.AlarmName, searched []*Client) error {
	var where []string
	for _, client := range searched {
		if name.Region == "" || name.Region == client.place.Region {
			where = append(where, client.place.Region)
		}
	}
	if name.Account != "" {
		where = append(where, "account "+name.Account)
	}
	return &rollout.Problem{
		Kind: rollout.BadInput,
		What: fmt.Sprintf("watch-alarms: there is no alarm %s in %s", name.Name, strings.Join(where, ", ")),
		Next: "Check the name and the region. An alarm of another region is named by its ARN.", Short: "no such alarm",
	}
}

// AlarmsNow reads alarms again, with one call for each place. Those that are not there are missing from the answer.
func (c *Clients) AlarmsNow(ctx context.Context, alarms []rollout.Alarm) ([]rollout.Alarm, error) {
	now := make([][]rollout.Alarm, len(c.all))
	err := c.each(ctx, func(ctx context.Context, i int, client *Client) (err error) {
		var names []string
		for _, alarm := range alarms {
			if alarm.Place == client.place {
				names = append(names, alarm.Name)
			}
		}
		now[i], err = client.alarms(ctx, names)
		return err
	})
	return slices.Concat(now...), err
}

// NoAlarm is the error of an alarm that was there.
func NoAlarm(alarm rollout.Alarm) error {
	return &rollout.Problem{
		Kind: rollout.BadInput, What: fmt.Sprintf("watch-alarms: alarm %s is not there any more", alarm.Name),
		Next: "Check who deleted it, or leave it out.", Short: "no such alarm",
	}
}
