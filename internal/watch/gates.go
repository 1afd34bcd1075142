package watch

import (
	"context"
	"slices"
	"time"

	"ecs-deploy/internal/cloud"
	"ecs-deploy/internal/rollout"
)

const (
	// urlInterval is the time between two questions to a URL, and goodAnswers how many good answers in a row are enough.
	urlInterval = 2 * time.Second
	goodAnswers = 3

	// alarmInterval is the time between two looks at alarms: CloudWatch evaluates none more often
	// (https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html#alarm-evaluation).
	alarmInterval = 10 * time.Second

	// bakeGrace is how much longer than the bake time AWS is given to tell how the alarms stand.
	bakeGrace = 2 * time.Minute
)

// Ask asks a URL.
type Ask func(ctx context.Context, url string) rollout.URLAnswer

// AwaitURLs asks URLs until each has answered as wanted several times in a row, or the time is over.
func AwaitURLs(
	ctx context.Context, clients *cloud.Clients, ask Ask, gate rollout.GateResult, urls []rollout.URLCheck,
	emit rollout.Emit,
) rollout.GateResult {
	began := time.Now()
	said := began
	answers, good := make([]rollout.URLAnswer, len(urls)), make([]int, len(urls))
	emit(rollout.GateBegun{Gate: gate, URLs: urls})
	for first := true; ; first = false {
		now := make([]rollout.URLAnswer, len(urls))
		_ = cloud.Each(ctx, urls, func(ctx context.Context, i int, url rollout.URLCheck) error {
			if good[i] < goodAnswers {
				now[i] = ask(ctx, url.URL)
			}
			return nil
		})
		if gate.Took = time.Since(began); ctx.Err() != nil {
			gate.Outcome = rollout.Cancelled
			return gate
		}
		for i, url := range urls {
			if good[i] == goodAnswers {
				continue
			}
			if good[i]++; !url.Wants(now[i]) {
				good[i] = 0
			}
			if first || now[i] != answers[i] || good[i] == goodAnswers || silent(began, said, urlInterval, 0) {
				said = time.Now()
				emit(rollout.URLAnswered{URL: url, Answer: now[i], Good: good[i], Left: gate.Limit - gate.Took})
			}
			answers[i] = now[i]
		}
		open := slices.IndexFunc(good, func(n int) bool { return n < goodAnswers })
		switch {
		case open < 0:
			gate.Outcome = rollout.Succeeded
			return gate
		case gate.Took >= gate.Limit:
			gate.Outcome = rollout.Failed
			gate.URL, gate.Answer = urls[open], answers[open]
			return gate
		case clients.Pause(ctx, urlInterval) != nil:
			gate.Outcome = rollout.Cancelled
			return gate
		}
	}
}

// BakeAlarms watches alarms until they have stayed out of ALARM for the bake time, or one has not. Those that were in
// ALARM before the deployment count once they were seen out of it.
func BakeAlarms(
	ctx context.Context, clients *cloud.Clients, gate rollout.GateResult, alarms []rollout.Alarm, emit rollout.Emit,
) rollout.GateResult {
	clients = clients.WithoutRetry()
	began := time.Now()
	said := began
	before := slices.DeleteFunc(slices.Clone(alarms), func(alarm rollout.Alarm) bool { return !alarm.On })
	emit(rollout.GateBegun{Gate: gate, Alarms: alarms})
	for {
		now, err := clients.AlarmsNow(ctx, alarms)
		if gate.Took = time.Since(began); ctx.Err() != nil {
			gate.Outcome = rollout.Cancelled
			return gate
		}
		var fresh []rollout.Alarm
		before, fresh = stillOn(before, now, err == nil)
		switch {
		case len(fresh) > 0:
			gate.Outcome, gate.Alarm = rollout.Failed, fresh[0]
			return gate
		case err != nil && (!cloud.Transient(err) || gate.Took >= gate.Limit+bakeGrace):
			gate.Outcome, gate.Err = rollout.Failed, err
			return gate
		case err == nil && gate.Took >= gate.Limit:
			gate.Outcome = rollout.Succeeded
			return gate
		}
		if silent(began, said, alarmInterval, 0) {
			said = time.Now()
			emit(rollout.AlarmsQuiet{Left: gate.Limit - gate.Took, Err: err})
		}
		left := max(gate.Limit-gate.Took, time.Second)
		if clients.Pause(ctx, min(alarmInterval, left)) != nil {
			gate.Outcome = rollout.Cancelled
			return gate
		}
	}
}

// stillOn are the alarms that are in ALARM since before the deployment, and fresh those that are since then.
func stillOn(before, now []rollout.Alarm, answered bool) (still, fresh []rollout.Alarm) {
	if !answered {
		return before, nil
	}
	for _, alarm := range now {
		was := slices.ContainsFunc(before, func(b rollout.Alarm) bool { return b.AlarmName == alarm.AlarmName })
		switch {
		case alarm.On && was:
			still = append(still, alarm)
		case alarm.On:
			fresh = append(fresh, alarm)
		}
	}
	return still, fresh
}
