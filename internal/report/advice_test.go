package report

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ecs-deploy/internal/rollout"
)

// Advice is given where a setting and the times that were measured show that there is something to gain, and nowhere
// else.
func TestAdviceIsOfWhatSettingsShow(t *testing.T) {
	rolling := func(desired, minimum, maximum int) rollout.Service {
		return rollout.Service{
			Rolling: true, Controller: rollout.ControlledByECS, Desired: desired, Minimum: minimum, Maximum: maximum,
		}
	}
	usual := rolling(2, 100, 200)
	drains := func(seconds time.Duration) []rollout.TargetGroup {
		return []rollout.TargetGroup{{Name: "web", Interval: 10 * time.Second, Drain: seconds * time.Second}}
	}
	checks := func(seconds time.Duration) []rollout.TargetGroup {
		return []rollout.TargetGroup{{Name: "web", Interval: seconds * time.Second, Drain: 30 * time.Second}}
	}
	for _, test := range []struct {
		name    string
		service rollout.Service
		groups  []rollout.TargetGroup
		large   []rollout.ImageSize
		killed  []rollout.KilledContainer
		seconds map[string]time.Duration // of the phases
		want    []string                 // what the advice begins with, in order
	}{
		{name: "nothing to gain", service: usual, groups: drains(30), seconds: map[string]time.Duration{"image pull": 20, "getting healthy": 100}},
		{name: "nothing is known of the target group", service: usual, seconds: map[string]time.Duration{"draining the old tasks": 310}},
		{name: "a short deployment", service: rolling(2, 50, 100), seconds: map[string]time.Duration{"start": 100}},
		{name: "draining", service: usual, groups: drains(300), seconds: map[string]time.Duration{"start": 50, "draining the old tasks": 310},
			want: []string{"Draining the old tasks took 5m 10s: `deregistration_delay.timeout_seconds` of target group `web` is 300. With 30, this deployment takes about 1m 30s."}},
		{name: "draining ended before the delay", service: usual, groups: drains(300), seconds: map[string]time.Duration{"draining the old tasks": 200}},
		{name: "one at a time", service: rolling(2, 50, 100), seconds: map[string]time.Duration{"start": 200},
			want: []string{"`minimum-healthy-percent` 50 and `maximum-percent` 100 let ECS replace 1 of 2 tasks at a time, in 2 rounds."}},
		{name: "the least is rounded up, the most down", service: rolling(7, 50, 110), seconds: map[string]time.Duration{"start": 200},
			want: []string{"`minimum-healthy-percent` 50 and `maximum-percent` 110 let ECS replace 3 of 7 tasks at a time, in 3 rounds."}},
		{name: "none are left, and all start at once", service: rolling(2, 0, 100), seconds: map[string]time.Duration{"start": 200}},
		{name: "CodeDeploy has no rounds", service: rollout.Service{Rolling: true, Controller: rollout.ControlledByCodeDeploy, Desired: 2, Minimum: 50, Maximum: 100},
			seconds: map[string]time.Duration{"start": 200}},
		{name: "a daemon has no rounds of these", service: rollout.Service{Rolling: true, Daemon: true, Desired: 2, Minimum: 50, Maximum: 100},
			seconds: map[string]time.Duration{"start": 200}},
		{name: "pull", service: usual, seconds: map[string]time.Duration{"image pull": 70, "start": 80},
			want: []string{"Pulling the images took 1m 10s of 2m 30s."}},
		{name: "pull of a large image", service: usual, seconds: map[string]time.Duration{"image pull": 70, "start": 80},
			large: []rollout.ImageSize{{Container: "metrics", Bytes: 90_000_000}, {Container: "app", Bytes: 1_812_000_000}},
			want:  []string{"Pulling the images took 1m 10s of 2m 30s: the image of `app` is 1.8 GB, compressed."}},
		{name: "pull of a small image", service: usual, seconds: map[string]time.Duration{"image pull": 70, "start": 80},
			large: []rollout.ImageSize{{Container: "app", Bytes: 90_400_000}},
			want:  []string{"Pulling the images took 1m 10s of 2m 30s: the image of `app` is 90 MB, compressed."}},
		{name: "killed", service: usual, seconds: map[string]time.Duration{"start": 130}, killed: []rollout.KilledContainer{{Name: "app", StopTimeout: 2 * time.Minute}},
			want: []string{"Container `app` of the old tasks did not end when it was told to, by SIGTERM: ECS killed it (exit code 137) after its `stopTimeout`, 2m. If it ends on SIGTERM, old tasks stop up to 2m sooner."}},
		{name: "killed soon", service: usual, seconds: map[string]time.Duration{"start": 130}, killed: []rollout.KilledContainer{{Name: "app", StopTimeout: 5 * time.Second}}},
		{name: "health checks", service: usual, groups: checks(30), seconds: map[string]time.Duration{"start": 100, "getting healthy": 45},
			want: []string{"Getting healthy took 45s: target group `web` checks its targets every 30s (`HealthCheckIntervalSeconds`). With 5, tasks that answer at once are healthy up to 25s sooner."}},
		{name: "healthy before the second check", service: usual, groups: checks(30), seconds: map[string]time.Duration{"start": 100, "getting healthy": 25}},
		{name: "three at most", service: rolling(2, 50, 100), groups: []rollout.TargetGroup{{Name: "web", Interval: 30 * time.Second, Drain: 300 * time.Second}},
			seconds: map[string]time.Duration{"image pull": 70, "getting healthy": 45, "draining the old tasks": 310},
			want:    []string{"Draining", "`minimum", "Pulling"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := &rollout.Rollout{Look: rollout.Look{Service: test.service}, Groups: test.groups, Large: test.large, Killed: test.killed}
			r.Verdict.Outcome = rollout.Succeeded
			of := &track{key: r.Service.ServiceKey}
			for phase, took := range test.seconds {
				of.spans = append(of.spans, span{name: phase, to: took * time.Second})
			}
			given := (&timeline{services: []*track{of}}).advice([]*rollout.Rollout{r})
			require.Len(t, given.lines, len(test.want), "%v", given.lines)
			for i, want := range test.want {
				require.True(t, strings.HasPrefix(given.lines[i], "- "+want), given.lines[i])
				require.Contains(t, given.lines[i], "([source](https://docs.aws.amazon.com/")
			}
		})
	}
}
