package watch

import (
	"context"
	"net/http"
	"reflect"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	smithy "github.com/aws/smithy-go"
	"github.com/stretchr/testify/require"

	"ecs-deploy/internal/rollout"
)

func TestFollow(t *testing.T) {
	running := forStable(time.Hour)
	running.WaitFor = rollout.AllRun
	stage := forStable(time.Hour)
	stage.WaitFor = "post-test-traffic-shift"
	for _, test := range []struct {
		name     string
		scenario string
		services []string
		deny     []string
		until    Until
		want     []rollout.Ending
		told     map[string]int // of events, how many at least
		never    []string       // of events
	}{
		{name: "to the end", scenario: "healthy", until: forStable(time.Hour), want: []rollout.Ending{rollout.EndedComplete},
			told: map[string]int{"ServiceSaid": 5, "Progressed": 4, "Decided": 1}, never: []string{"TasksFailed", "Unreadable", "Unanswered", "NothingChanged"}},
		{name: "without the service deployments", scenario: "healthy", deny: []string{"ListServiceDeployments"}, until: forStable(time.Hour),
			want: []rollout.Ending{rollout.EndedComplete}, told: map[string]int{"Unreadable": 1}},
		{name: "until all run", scenario: "healthy", until: running, want: []rollout.Ending{rollout.EndedRunning}},
		{name: "until all run, by their number", scenario: "healthy", deny: []string{"ListTasks"}, until: running, want: []rollout.Ending{rollout.EndedRunning}, told: map[string]int{"Unreadable": 1}},
		{name: "until all run, by their own checks", scenario: "healthy", deny: []string{"DescribeTargetHealth"}, until: running, want: []rollout.Ending{rollout.EndedRunning}, told: map[string]int{"Unreadable": 1}},
		{name: "to a stage", scenario: "blue-green", until: stage, want: []rollout.Ending{rollout.EndedAtStage}, told: map[string]int{"Progressed": 4}},
		{name: "through hooks", scenario: "blue-green-hook-fails", until: forStable(time.Hour), want: []rollout.Ending{rollout.EndedRolledBack}, told: map[string]int{"HookCalled": 2}},
		{name: "to a pause", scenario: "blue-green-paused", until: forStable(20 * time.Minute), want: []rollout.Ending{rollout.EndedTimedOut}, told: map[string]int{"HookCalled": 1}},
		{name: "tasks fail", scenario: "crash", until: forStable(time.Hour), want: []rollout.Ending{rollout.EndedStopped}, told: map[string]int{"TasksFailed": 2}, never: []string{"RollbackAwaited"}},
		{name: "tasks fail, which is not told without permission", scenario: "crash", deny: []string{"ListTasks"}, until: forStable(time.Hour),
			want: []rollout.Ending{rollout.EndedStopped}, told: map[string]int{"Unreadable": 1}, never: []string{"TasksFailed"}},
		{name: "tasks fail without end", scenario: "crash-loop", until: forStable(time.Hour), want: []rollout.Ending{rollout.EndedHopeless}, told: map[string]int{"TasksFailed": 2}},
		{name: "tasks fail, and ECS rolls back", scenario: "wrong-architecture", until: forStable(time.Hour), want: []rollout.Ending{rollout.EndedRolledBack}},
		{name: "too long", scenario: "stuck", until: forStable(5 * time.Minute), want: []rollout.Ending{rollout.EndedTimedOut}, told: map[string]int{"Progressed": 5}},
		{name: "tasks run and are not healthy, which is told once", scenario: "never-healthy", until: objecting(forStable(10 * time.Minute)),
			want: []rollout.Ending{rollout.EndedTimedOut}, told: map[string]int{"TargetsUnhealthy": 1}},
		{name: "the load balancer is slow to judge them", scenario: "judged-late", until: objecting(forStable(10 * time.Minute)),
			want: []rollout.Ending{rollout.EndedTimedOut}, told: map[string]int{"TargetsUnhealthy": 1}},
		{name: "new tasks are not healthy either", scenario: "slow", until: objecting(forStable(time.Hour)), want: []rollout.Ending{rollout.EndedComplete}},
		{name: "tasks are healthy soon", scenario: "healthy", until: objecting(forStable(time.Hour)), want: []rollout.Ending{rollout.EndedComplete}, never: []string{"TargetsUnhealthy"}},
		{name: "the health cannot be read", scenario: "never-healthy", deny: []string{"DescribeTargetHealth"}, until: objecting(forStable(10 * time.Minute)),
			want: []rollout.Ending{rollout.EndedTimedOut}, never: []string{"TargetsUnhealthy"}},
		{name: "how it is checked cannot be read", scenario: "never-healthy", deny: []string{"DescribeTargetGroups"}, until: objecting(forStable(10 * time.Minute)),
			want: []rollout.Ending{rollout.EndedTimedOut}, told: map[string]int{"TargetsUnhealthy": 1}},
		{name: "several", scenario: "mixed", services: []string{"web", "api", "jobs"}, until: forStable(time.Hour),
			want: []rollout.Ending{rollout.EndedComplete, rollout.EndedComplete, rollout.EndedStopped}, told: map[string]int{"NothingChanged": 1, "Decided": 3}},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := open(t, test.scenario, test.deny...)
				rollouts := w.update(t, append(test.services, "web")[:max(1, len(test.services))]...)
				require.NoError(t, Follow(t.Context(), w.clients, All(rollouts), test.until, w.hear))
				for i, r := range rollouts {
					require.Equal(t, test.want[i], r.Verdict.Ending)
					require.Equal(t, rollout.PhaseDecided, r.Phase)
					require.Equal(t, []any{test.until.WaitFor, test.until.Timeout}, []any{r.Verdict.Goal, r.Verdict.Timeout})
					require.Equal(t, r.Progress, r.Verdict.Progress)
				}
				counts := map[string]int{}
				for _, h := range w.heard {
					counts[reflect.TypeOf(h.event).Name()]++
				}
				for name, least := range test.told {
					require.GreaterOrEqual(t, counts[name], least, name)
				}
				for _, name := range test.never {
					require.Zero(t, counts[name], name)
				}
				require.LessOrEqual(t, counts["Unreadable"], 1, "it is told once")
				w.requireToldOnce(t)
				w.requireNoSilence(t)
			})
		})
	}
}

func TestACancelledWaitIsCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := open(t, "slow")
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Minute, cancel)
		rollouts := w.update(t, "web")
		require.NoError(t, Follow(ctx, w.clients, All(rollouts), forStable(time.Hour), w.hear))
		require.Equal(t, rollout.Cancelled, rollouts[0].Verdict.Outcome)
		require.Equal(t, rollout.Us, rollouts[0].Verdict.EndedBy)
	})
}

// What AWS refuses will not mend by waiting, and what it does not answer may.
func TestFaultsOfAWS(t *testing.T) {
	const refused, broken = `{"__type":"AccessDeniedException","message":"no"}`, `{"__type":"ServerException","message":"busy"}`
	for _, test := range []struct {
		name     string
		from, to time.Duration // while AWS does not answer
		status   int
		body     string
		want     rollout.Ending
		err      string
		unheard  int // how often it is said that there is no answer, at least
	}{
		{name: "refused", from: 30 * time.Second, to: time.Hour, status: http.StatusBadRequest, body: refused, want: rollout.EndedLost, err: "ecs:DescribeServices for service web: not allowed"},
		{name: "a minute without an answer", from: 30 * time.Second, to: 100 * time.Second, status: http.StatusInternalServerError, body: broken, want: rollout.EndedComplete, unheard: 1},
		{name: "no answer to the end", from: 30 * time.Second, to: time.Hour, status: http.StatusInternalServerError, body: broken, want: rollout.EndedTimedOut, unheard: 5},
		{name: "answers that are cut off", from: 30 * time.Second, to: 40 * time.Second, status: http.StatusOK, body: `{"services":[`, want: rollout.EndedComplete},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := open(t, "healthy")
				rollouts := w.update(t, "web")
				w.spoil = func(operation string) (int, string) {
					if since := time.Since(w.began); operation == "DescribeServices" && since > test.from && since < test.to {
						return test.status, test.body
					}
					return 0, ""
				}
				err := Follow(t.Context(), w.clients, All(rollouts), forStable(10*time.Minute), w.hear)
				if test.err == "" {
					require.NoError(t, err)
				} else {
					require.EqualError(t, err, test.err)
				}
				require.Equal(t, test.want, rollouts[0].Verdict.Ending)
				unheard := told[rollout.Unanswered](w)
				require.GreaterOrEqual(t, len(unheard), test.unheard)
				for _, e := range unheard {
					require.GreaterOrEqual(t, e.Age, mostSilence(0)-lookInterval*11/10)
					require.Error(t, e.Err)
				}
				w.requireNoSilence(t)
			})
		})
	}
}

// A service that an answer leaves out once is there; one that is left out again was deleted.
func TestAnOddAnswerDeletesNoService(t *testing.T) {
	for odd, want := range map[int]rollout.Ending{1: rollout.EndedComplete, 2: rollout.EndedDeleted} {
		synctest.Test(t, func(t *testing.T) {
			w := open(t, "healthy")
			rollouts := w.update(t, "web")
			answers := 0
			w.spoil = func(operation string) (int, string) {
				if operation != "DescribeServices" {
					return 0, ""
				}
				if answers++; answers > 3 && answers <= 3+odd {
					return http.StatusOK, `{"services":[],"failures":[{"arn":"web","reason":"MISSING"}]}`
				}
				return 0, ""
			}
			require.NoError(t, Follow(t.Context(), w.clients, All(rollouts), forStable(time.Hour), w.hear))
			require.Equal(t, want, rollouts[0].Verdict.Ending)
		})
	}
}

// Tasks that keep failing end the wait, unless one runs, ECS has given up already, or its circuit breaker will.
func TestHopelessDeployments(t *testing.T) {
	for _, test := range []struct {
		name    string
		running int
		state   rollout.RolloutState
		breaker bool
		ended   bool
		awaited int
	}{
		{"none runs", 0, rollout.RolloutInProgress, false, true, 0},
		{"one runs", 1, rollout.RolloutInProgress, false, false, 0},
		{"ECS rolls back", 0, rollout.RolloutFailed, false, false, 0},
		{"the circuit breaker is on", 0, rollout.RolloutInProgress, true, false, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			ours := rollout.Deployment{ID: "ecs-svc/2", Status: rollout.DeploymentPrimary, State: test.state, Running: test.running}
			f := &follower{causes: map[rollout.Cause]bool{}, Rollout: &rollout.Rollout{Look: rollout.Look{
				Seen: true, Deployment: ours, Service: rollout.Service{
					Status: rollout.ServiceActive, Controller: rollout.ControlledByECS, Rolling: true, Desired: 2,
					Breaker: rollout.Monitor{RollsBack: test.breaker}, Alarms: rollout.Monitor{RollsBack: true},
					Deployments: []rollout.Deployment{ours},
				},
			}}}
			var w world
			hopeless := func(rollout.Placement, []rollout.Task) (rollout.Cause, bool) { return rollout.Cause{Said: "no"}, true }
			watcher := &watcher{until: Until{WaitFor: rollout.Stable, Hopeless: hopeless}, emit: w.hear, followers: []*follower{f}}
			require.NoError(t, watcher.judge(t.Context(), f))
			require.Equal(t, test.ended, f.Phase == rollout.PhaseDecided)
			if test.ended {
				require.Equal(t, rollout.EndedHopeless, f.Verdict.Ending)
				return
			}
			require.NoError(t, watcher.judge(t.Context(), f))
			require.Len(t, told[rollout.RollbackAwaited](&w), test.awaited, "it is told once")
		})
	}
}

func TestOneThatFailsDoomsAllThatGoTogether(t *testing.T) {
	ended := func(outcome rollout.Outcome, phase rollout.Phase) *follower {
		return &follower{Rollout: &rollout.Rollout{Phase: phase, Verdict: rollout.Verdict{Outcome: outcome}}}
	}
	failed := ended(rollout.Failed, rollout.PhaseDecided)
	require.True(t, (&watcher{until: Until{Together: true}, followers: []*follower{failed}}).doomed())
	require.False(t, (&watcher{followers: []*follower{failed}}).doomed())
	require.False(t, (&watcher{until: Until{Together: true}, followers: []*follower{ended(rollout.Succeeded, rollout.PhaseDecided), ended("", rollout.PhaseStarted)}}).doomed())
}

func TestTasksAreHealthyByTheirStateAndTheirHealthChecks(t *testing.T) {
	r := &rollout.Rollout{Look: rollout.Look{Service: rollout.Service{Desired: 2}}}
	task := func(status rollout.TaskStatus, health rollout.HealthStatus) rollout.Task {
		return rollout.Task{Status: status, Health: health}
	}
	require.Equal(t, rollout.Unchecked, healthOf(r, []rollout.Task{task("RUNNING", "UNKNOWN"), task("RUNNING", "HEALTHY")}))
	require.Equal(t, rollout.Unhealthy, healthOf(r, []rollout.Task{task("RUNNING", "UNKNOWN"), task("RUNNING", "UNHEALTHY")}))
	require.Equal(t, rollout.Unhealthy, healthOf(r, []rollout.Task{task("RUNNING", "UNKNOWN"), task("PENDING", "UNKNOWN")}))
	r.HealthChecked, r.Service.Desired = true, 1
	require.Equal(t, rollout.Unhealthy, healthOf(r, []rollout.Task{task("RUNNING", "UNKNOWN")}), "a health check has not decided yet")
	require.Equal(t, rollout.Healthy, healthOf(r, []rollout.Task{task("RUNNING", "HEALTHY")}))
}

// Each part of a look that may change, changes it.
func TestLooksThatDiffer(t *testing.T) {
	half := 50.0
	base := rollout.Progress{State: "IN_PROGRESS", Wanted: 2, Running: 1}
	require.True(t, sameProgress(base, base))
	for name, change := range map[string]func(*rollout.Progress){
		"state": func(s *rollout.Progress) { s.State = "x" }, "stage": func(s *rollout.Progress) { s.Stage = "x" },
		"traffic": func(s *rollout.Progress) { s.Traffic = &half }, "wanted": func(s *rollout.Progress) { s.Wanted++ },
		"older": func(s *rollout.Progress) { s.Older++ }, "running": func(s *rollout.Progress) { s.Running++ },
		"pending": func(s *rollout.Progress) { s.Pending++ }, "failed": func(s *rollout.Progress) { s.Failed++ },
	} {
		other := base
		change(&other)
		require.False(t, sameProgress(base, other), name)
	}
	other := base
	other.Remaining = time.Minute
	require.True(t, sameProgress(base, other), "time passes by itself")
}

func TestSinceWhenSomethingIsSo(t *testing.T) {
	now := time.Now()
	var since time.Time
	keepSince(&since, now, true)
	require.Equal(t, now, since)
	keepSince(&since, now.Add(time.Minute), true)
	require.Equal(t, now, since)
	keepSince(&since, now, false)
	require.Zero(t, since)
}

// Rounds are a second apart, and none looks at more services than ECS lets us look at in that time: those first that have
// waited longest by their own intervals.
func TestHundredsOfServicesAreLookedAtInTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &watcher{slowdown: 1}
		for range 500 {
			w.followers = append(w.followers, &follower{Rollout: &rollout.Rollout{}})
		}
		seen := map[*follower]time.Time{}
		look := func() (n int) {
			time.Sleep(w.interval())
			for _, f := range w.due() {
				seen[f] = time.Now()
				f.looked, f.At = true, time.Now()
				n++
			}
			w.roundAt = time.Now()
			return n
		}
		require.Zero(t, w.interval(), "the first look is at once")
		for range 5 {
			require.Equal(t, servicesPerRound, look())
			require.Equal(t, soonInterval, w.interval())
		}
		require.Len(t, seen, 500, "all have been looked at")
		busy := w.followers[250]
		for range 5 {
			time.Sleep(time.Second)
			busy.movedAt = time.Now()
			look()
			require.Less(t, time.Since(seen[busy]), 4*time.Second, "where something happens it is looked more often")
		}
		for _, f := range w.followers[3:] {
			f.Phase = rollout.PhaseDecided
		}
		require.Equal(t, 3, look(), "as many as one call describes are looked at together")
		w.followers = append(w.followers, &follower{Rollout: &rollout.Rollout{}})
		require.Equal(t, soonInterval, w.interval(), "who joins is looked at in the next round")
	})
}

// While ECS throttles, others look too: looks get seldom, and often again once it answers.
func TestLooksSlowDownWhileECSThrottles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &follower{Rollout: &rollout.Rollout{}, looked: true}
		f.At = time.Now()
		w := &watcher{followers: []*follower{f}, slowdown: 1, roundAt: time.Now()}
		require.Equal(t, seldomInterval, w.interval())
		for range 3 {
			w.slowDown(&smithy.GenericAPIError{Code: "ThrottlingException"})
		}
		require.Equal(t, mostSlowdown*seldomInterval, w.interval())
		for range 3 {
			w.slowDown(nil)
		}
		require.Equal(t, seldomInterval, w.interval())
		f.movedAt = time.Now()
		require.Equal(t, soonInterval, w.interval(), "something has just happened")
	})
}

// Each has its own time, from when it joined.
func TestWhoJoinsLateHasAsMuchTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := open(t, "mixed-slow")
		rollouts := w.update(t, "web", "api")
		joining := make(chan Joining)
		go func() {
			defer close(joining)
			for i, r := range rollouts {
				joining <- Joining{Start: func() *rollout.Rollout { return r }}
				if i == 0 {
					time.Sleep(20 * time.Second)
				}
			}
		}()
		require.NoError(t, Follow(t.Context(), w.clients, joining, forStable(15*time.Second), w.hear))
		decided := func(r *rollout.Rollout) time.Duration {
			at := slices.IndexFunc(w.heard, func(h heard) bool { return h.event == rollout.Decided{Rollout: r} })
			return w.heard[at].at.Round(time.Second)
		}
		require.Equal(t, []time.Duration{15 * time.Second, 35 * time.Second}, []time.Duration{decided(rollouts[0]), decided(rollouts[1])})
		require.Equal(t, rollout.TimedOut, rollouts[1].Verdict.Outcome)
	})
}

// While deployments of others are awaited, it is said how they stand, and an AWS that does not answer is ridden out.
func TestOthersAreAwaited(t *testing.T) {
	for _, test := range []struct {
		name    string
		timeout time.Duration
		status  int // of the answers from half a minute on, for a minute
		body    string
		err     string
		unheard int
	}{
		{name: "to the end", timeout: time.Hour},
		{name: "too long", timeout: time.Minute, err: "when-busy: wait: still waiting after 1m: deployment "},
		{name: "a minute without an answer", timeout: time.Hour, status: http.StatusInternalServerError, body: `{"__type":"ServerException","message":"busy"}`, unheard: 1},
		{name: "refused", timeout: time.Hour, status: http.StatusBadRequest, body: `{"__type":"AccessDeniedException","message":"no"}`, err: "ecs:DescribeServices for service web: not allowed"},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := open(t, "busy")
				services, err := w.client.Services(t.Context(), "main", "web")
				require.NoError(t, err)
				w.spoil = func(string) (int, string) {
					if since := time.Since(w.began); test.status != 0 && since > 30*time.Second && since < 90*time.Second {
						return test.status, test.body
					}
					return 0, ""
				}
				err = AwaitOthers(t.Context(), w.clients, []rollout.SurveyedService{{Service: services[0]}}, nil, test.timeout, w.hear)
				if test.err != "" {
					require.ErrorContains(t, err, test.err)
				} else {
					require.NoError(t, err)
					awaited := told[rollout.OthersAwaited](w)
					require.Empty(t, awaited[len(awaited)-1].Busy)
					require.GreaterOrEqual(t, len(awaited), 3)
				}
				require.GreaterOrEqual(t, len(told[rollout.Unanswered](w)), test.unheard)
				w.requireNoSilence(t)
			})
		})
	}
}
