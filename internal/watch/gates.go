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

// Ask asks a URL, and waits so long for an answer at most.
type Ask func(ctx context.Context, url string, atMost time.Duration) rollout.URLAnswer

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
				now[i] = ask(ctx, url.URL, max(gate.Limit-time.Since(began), time.Second))
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

// BakeAlarms watches alarms until they have stayed out of ALARM for the bake time, or one has not. Those that are in
// ALARM as they are given do not count until they were seen out of it, which is kept in them.
func BakeAlarms(
	ctx context.Context, clients *cloud.Clients, gate rollout.GateResult, alarms []rollout.Alarm, emit rollout.Emit,
) rollout.GateResult {
	clients = clients.WithoutRetry()
	began := time.Now()
	said := began
	emit(rollout.GateBegun{Gate: gate, Alarms: alarms})
	for missing := 0; ; {
		now, err := clients.AlarmsNow(ctx, alarms)
		if gate.Took = time.Since(began); ctx.Err() != nil {
			gate.Outcome = rollout.Cancelled
			return gate
		}
		fresh, gone := compared(alarms, now)
		if missing++; err != nil || len(gone) == 0 {
			missing = 0
		} else if missing == oddAnswers {
			err = cloud.NoAlarm(gone[0])
		}
		switch {
		case len(fresh) > 0:
			gate.Outcome, gate.Alarm = rollout.Failed, fresh[0]
			return gate
		case err != nil && (!cloud.Transient(err) || gate.Took >= gate.Limit+bakeGrace):
			gate.Outcome, gate.Err = rollout.Failed, err
			return gate
		case err == nil && missing == 0 && gate.Took >= gate.Limit:
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

// oddAnswers is how many answers in a row tell that an alarm is not there any more: one may be odd.
const oddAnswers = 2

// compared files which alarms have left ALARM since they were seen last. Fresh are those that have gone into it, and
// gone those that the answer leaves out; without an answer nothing is known.
func compared(alarms, now []rollout.Alarm) (fresh, gone []rollout.Alarm) {
	for i, alarm := range alarms {
		at := slices.IndexFunc(now, func(n rollout.Alarm) bool { return n.AlarmName == alarm.AlarmName })
		switch {
		case at < 0:
			gone = append(gone, alarm)
		case now[at].On && !alarm.On:
			fresh = append(fresh, now[at])
		default:
			alarms[i].On = now[at].On
		}
	}
	return fresh, gone
}
