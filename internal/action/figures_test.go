package action

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"ecs-deploy/internal/cloud"
	"ecs-deploy/internal/ecssim"
	"ecs-deploy/internal/rollout"
)

// behind is what was measured of rollouts: how long after ECS's own record their verdicts came, and what was called.
type behind struct {
	waves          int // in which they are deployed; 0: all together
	seconds        []float64
	longest        time.Duration // of the rollouts, by ECS's record
	calls, inRound int
	throttled      int
	memory         uint64 // of this process, in bytes, simulator included
}

// deployed deploys a fleet whose tasks take up to that long, in virtual time.
func (m *behind) deployed(tb testing.TB, services int, taking time.Duration) {
	tb.Helper()
	s := deployFleet(services - 1).but(map[string]string{"timeout": "2h", "verify": "false"})
	if m.waves > 1 {
		names := strings.Split(s.With["service"], ",")
		s.With["service"] = ""
		for wave := range m.waves {
			if wave > 0 {
				s.With["service"] += "---\n"
			}
			s.With["service"] += strings.Join(names[wave*services/m.waves:(wave+1)*services/m.waves], "\n") + "\n"
		}
	}
	env := runnerEnv(tb, s.With)
	synctest.Test(&testing.T{}, func(t *testing.T) { // it needs no more of it than that there is one
		sim := ecssim.New(ecssim.Fleet(services - 1).Taking(taking))
		began := time.Now()
		var mu sync.Mutex
		decided := map[string]time.Time{}
		code := Run(t.Context(), Env{
			Getenv: func(name string) string { return env[name] }, Stdout: new(strings.Builder), Jitter: steadyJitter(), HTTP: cloud.HTTPClient(sim),
			Listen: func(event rollout.Event) {
				mu.Lock()
				defer mu.Unlock()
				if e, is := event.(rollout.Decided); is {
					decided[e.Rollout.Service.Name] = time.Now()
				}
			},
		})
		require.Zero(tb, code)
		require.Len(tb, decided, services)
		finished := sim.Finished("main")
		for name, at := range decided {
			m.seconds = append(m.seconds, at.Sub(finished[name]).Seconds())
			m.longest = max(m.longest, finished[name].Sub(began))
		}
		m.count(sim)
	})
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	m.memory = max(m.memory, stats.Sys)
}

// count counts the calls, and those of the largest round after the updates.
func (m *behind) count(sim *ecssim.Sim) {
	rounds := map[time.Time]int{}
	for _, call := range sim.Calls() {
		if call.Operation == "UpdateService" {
			clear(rounds)
		}
		rounds[call.At]++
	}
	for _, n := range rounds {
		m.inRound = max(m.inRound, n)
	}
	m.calls += len(sim.Calls())
	m.throttled += sim.Throttled()
}

func (m *behind) report(b *testing.B, rollouts int) {
	slices.Sort(m.seconds)
	mean := 0.0
	for _, s := range m.seconds {
		mean += s / float64(len(m.seconds))
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(mean, "s-behind-mean")
	b.ReportMetric(m.seconds[len(m.seconds)*99/100], "s-behind-p99")
	b.ReportMetric(m.longest.Seconds(), "s-longest-rollout")
	b.ReportMetric(float64(m.calls)/float64(rollouts), "calls")
	b.ReportMetric(float64(m.inRound), "calls-in-a-round")
	b.ReportMetric(float64(m.throttled), "throttles")
	b.ReportMetric(float64(m.memory)/1e6, "MB")
}

// BenchmarkBehind measures how long after ECS's own record a verdict comes, over rollouts of very different lengths.
func BenchmarkBehind(b *testing.B) {
	for _, fleet := range []struct{ services, rollouts, waves int }{
		{1, 200, 0}, {10, 20, 0}, {100, 4, 0}, {500, 1, 0}, {500, 1, 3},
	} {
		name := fmt.Sprintf("%d services, %d times", fleet.services, fleet.rollouts)
		if fleet.waves > 0 {
			name += fmt.Sprintf(", %d waves", fleet.waves)
		}
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				m := behind{waves: fleet.waves}
				lengths := rand.New(rand.NewPCG(7, 7))
				for range fleet.rollouts {
					m.deployed(b, fleet.services, time.Second*time.Duration(1+lengths.IntN(1750)))
				}
				m.report(b, fleet.rollouts)
			}
		})
	}
}

// A verdict that comes sooner costs no more calls: those of a rollout of three minutes were 189 when all looks were two
// seconds apart.
func TestARolloutOfThreeMinutesTakesFewCalls(t *testing.T) {
	var m behind
	m.deployed(t, 1, 140*time.Second)
	require.InDelta(t, 180, m.longest.Seconds(), 5)
	require.LessOrEqual(t, m.calls, 189)
	require.LessOrEqual(t, m.seconds[0], 1.5)
}
