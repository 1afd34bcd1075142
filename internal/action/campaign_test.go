package action

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"hash/fnv"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"ecs-deploy/internal/ecssim"
)

var (
	worlds    = flag.Int("worlds", 60, "how many random worlds are played")
	firstSeed = flag.Uint64("seed", 1, "the seed of the first")
)

// campaign is a run in a random world, with random inputs, on a network on which random things happen to calls.
type campaign struct {
	seed     uint64
	scenario ecssim.Scenario
	denied   []string
	with     map[string]string
	cancel   time.Duration // 0: never
	jitter   float64
	troubles int            // of a hundred calls, to how many something happens
	slow     int            // and how many take long
	waves    map[string]int // in which services are deployed, from 0
	last     int

	// How it went.
	*ecssim.Sim
	mu      sync.Mutex
	called  map[string]int
	changed []string // calls that were to change something
	log     timedLog
	code    int
	outputs map[string]string
	began   time.Time
	ended   time.Time
	truth   map[string]ecssim.Truth
	result  struct {
		Services []struct{ Service, Reason string }
	}
}

// timedLog remembers when something was last said, and by how much a silence was too long.
type timedLog struct {
	bytes.Buffer
	began, last time.Time
	tooLong     time.Duration
	before      string // what was said before it
}

// tooLong is by how much a silence is longer than it may be, in a run that has taken so long: half a minute in the first
// two, a minute until ten, and five from then on.
func tooLong(silence, run time.Duration) time.Duration {
	switch {
	case run < 2*time.Minute:
		return silence - 30*time.Second
	case run < 10*time.Minute:
		return silence - time.Minute
	}
	return silence - 5*time.Minute
}

func (l *timedLog) Write(text []byte) (int, error) {
	if by := tooLong(time.Since(l.last), time.Since(l.began)); by > l.tooLong {
		said := strings.Split(strings.TrimSpace(l.String()), "\n")
		l.tooLong, l.before = by, said[len(said)-1]
	}
	l.last = time.Now()
	return l.Buffer.Write(text)
}

// mayBeDenied are operations without which a run does with less.
var mayBeDenied = []string{
	"ListServiceDeployments", "DescribeServiceDeployments", "StopServiceDeployment", "DescribeServiceRevisions", "ListTasks",
	"DescribeTasks", "GetLogEvents", "DescribeTargetHealth", "ListTargets", "GetDeploymentTarget", "GetDeploymentConfig",
	"BatchGetImage", "DescribeLogGroups", "GetRole", "DescribeTargetGroups", "DescribeTargetGroupAttributes",
	"ListTagsForResource",
}

func newCampaign(seed uint64) *campaign {
	r := rand.New(rand.NewPCG(seed, 3))
	chance := func(percent int) bool { return r.IntN(100) < percent }
	c := &campaign{
		seed: seed, scenario: ecssim.Random(seed), jitter: r.Float64(), called: map[string]int{},
	}
	for _, operation := range mayBeDenied {
		if chance(8) {
			c.denied = append(c.denied, operation)
		}
	}
	if chance(3) {
		c.denied = append(c.denied, []string{"UpdateService", "RegisterTaskDefinition", "DescribeServices"}[r.IntN(3)])
	}
	c.scenario = c.scenario.Denying(c.denied...)
	if chance(40) {
		c.troubles = r.IntN(6)
	}
	if chance(30) {
		c.slow = r.IntN(6)
	}
	if chance(15) {
		c.cancel = time.Duration(r.IntN(400000)) * time.Millisecond
	}
	c.with = map[string]string{"cluster": "main", "service": c.scenario.With["service"]}
	if deploys := chance(80); deploys && chance(10) { // what runs is restarted
		c.with["wait-for"] = ""
	} else if deploys {
		c.with["image"] = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/web:v2"
		c.with["wait-for"] = []string{"", "", "", "stable", "running", "running", "none", "bake-time"}[r.IntN(8)]
		c.with["desired-count"] = []string{"", "", "", "", "", "", "", "3"}[r.IntN(8)]
		c.with["keep-revisions"] = []string{"", "", "", "", "2"}[r.IntN(5)]
	} else {
		c.with["operation"] = []string{"status", "rollback", "rollback", "continue", "continue-once"}[r.IntN(5)]
	}
	if c.scenario.With["daemon"] != "" {
		c.ofDaemon(chance)
	}
	if chance(60) {
		c.with["rollback-on-failure"] = "true"
	}
	if chance(70) {
		c.with["timeout"] = fmt.Sprint(1+r.IntN(12), "m")
	}
	if c.with["daemon"] != "" && c.with["timeout"] != "" {
		c.with["timeout"] = fmt.Sprint(1+r.IntN(40), "m")
	}
	if chance(50) {
		c.with["verify"] = "false"
	}
	if c.with["operation"] == "" && c.with["wait-for"] != "none" && c.with["daemon"] == "" {
		c.inWaves(rand.New(rand.NewPCG(seed, 5)))
	}
	return c
}

// ofDaemon makes it a run that deploys a managed daemon.
func (c *campaign) ofDaemon(chance func(percent int) bool) {
	with := map[string]string{"cluster": "main", "daemon": c.scenario.With["daemon"]}
	switch operation := c.with["operation"]; {
	case operation == "status", operation == "rollback":
		with["operation"] = operation
	default:
		if c.with["image"] != "" {
			with["image"] = c.scenario.With["image"]
		}
		if chance(10) {
			with["wait-for"] = "none"
		}
		if chance(20) {
			with["force-new-deployment"] = "false"
		}
	}
	c.with = with
}

// inWaves has the services deployed in waves, some at a time, with gates, or without one or the other.
func (c *campaign) inWaves(r *rand.Rand) {
	chance := func(percent int) bool { return r.IntN(100) < percent }
	c.waves = map[string]int{}
	if chance(50) {
		names, text := strings.Split(c.with["service"], ", "), ""
		for i, name := range names {
			if i > 0 && chance(50) {
				text += "---\n"
				c.last++
			}
			c.waves[name] = c.last
			text += name + "\n"
		}
		c.with["service"] = text
	}
	if chance(20) {
		c.with["max-parallel"] = fmt.Sprint(1 + r.IntN(2))
	}
	if chance(20) {
		c.with["check-url"], c.with["check-timeout"] = "https://web.example.com/health", "30s"
	}
	if chance(20) {
		c.with["watch-alarms"], c.with["bake-time"] = "web-5xx", "1m"
	}
	var alarm time.Duration // never
	if chance(50) {
		alarm = time.Duration(r.IntN(400)) * time.Second
	}
	c.scenario = c.scenario.Watched(alarm, chance(70))
}

// Do plays the network. What happens to a call depends on the seed, and on what it asks for the how manieth time: not on
// which of several calls at once comes first.
func (c *campaign) Do(r *http.Request) (*http.Response, error) {
	operation := operationOf(r)
	body := []byte{}
	if r.Body != nil {
		body, _ = io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	hash := fnv.New64a()
	fmt.Fprint(hash, c.seed, operation, string(body))
	c.mu.Lock()
	key := operation + string(body)
	c.called[key]++
	fmt.Fprint(hash, c.called[key])
	if slices.Contains([]string{"UpdateService", "CreateDeployment", "RegisterTaskDefinition", "StopServiceDeployment", "StopDeployment", "ContinueDeployment", "ContinueServiceDeployment", "DeregisterTaskDefinition", "UpdateDaemon", "RegisterDaemonTaskDefinition"}, operation) {
		c.changed = append(c.changed, operation)
	}
	c.mu.Unlock()
	random := rand.New(rand.NewPCG(hash.Sum64(), 4))
	latency := time.Duration(20+random.IntN(300)) * time.Millisecond
	if random.IntN(100) < c.slow {
		latency = time.Duration(random.IntN(28000)) * time.Millisecond
	}
	select {
	case <-time.After(latency):
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
	pass := func() (*http.Response, error) { return recorded(c.Sim).Do(r) }
	if random.IntN(100) >= c.troubles {
		return pass()
	}
	names := slices.DeleteFunc(slices.Sorted(maps.Keys(faults)), func(name string) bool { return name == "expired" })
	return faults[names[random.IntN(len(names))]](r, pass)
}

func (c *campaign) run(t *testing.T) {
	t.Helper()
	env := runnerEnv(t, c.with)
	env["GITHUB_OUTPUT"] = filepath.Join(t.TempDir(), "output")
	synctest.Test(t, func(t *testing.T) {
		c.Sim = ecssim.New(c.scenario)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		if c.cancel > 0 {
			time.AfterFunc(c.cancel, cancel)
		}
		c.began = time.Now()
		c.log.began, c.log.last = c.began, c.began
		c.code = Run(ctx, Env{
			Getenv: func(name string) string { return env[name] }, Stdout: &c.log, Jitter: func() float64 { return c.jitter }, HTTP: c,
		})
		c.ended = time.Now()
		c.truth = c.Truth("main")
	})
	c.outputs = outputsIn(t, env["GITHUB_OUTPUT"])
	require.NoError(t, json.Unmarshal([]byte(c.outputs["result"]), &c.result), c.log.String())
}

// TestNoWorldIsToldOfWhatIsNotTrue plays random worlds, and compares what a run says with what is true in them. A seed
// that fails is played alone with -run and -seed, and its story read with the input simulate, world- and the seed.
func TestNoWorldIsToldOfWhatIsNotTrue(t *testing.T) {
	n := *worlds
	if testing.Short() {
		n /= 5
	}
	for i := range n {
		seed := *firstSeed + uint64(i)
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			c := newCampaign(seed)
			c.run(t)
			for _, lie := range c.lies() {
				t.Errorf("world %d: %s", seed, lie)
			}
			if t.Failed() {
				t.Logf("with %v, cancelled after %v, denied %v, late %v\n%s\n%s", c.with, c.cancel, c.denied, c.scenario.Late(), c.log.String(), c.history())
			}
			requireWellFormed(t, c.log.String())
		})
	}
	t.Logf("%d worlds are played, from seed %d", n, *firstSeed)
}

// history is what was true.
func (c *campaign) history() string {
	var text strings.Builder
	fmt.Fprintf(&text, "ended after %v with %d: %v\n", c.ended.Sub(c.began), c.code, c.outputs["outcomes"])
	for _, name := range slices.Sorted(maps.Keys(c.truth)) {
		truth := c.truth[name]
		fmt.Fprintf(&text, "%s: deleted %v, desired %d\n", name, truth.Deleted, truth.Desired)
		for _, d := range truth.Deployments {
			since := func(at time.Time) string {
				if at.IsZero() {
					return "never"
				}
				return at.Sub(c.began).String()
			}
			fmt.Fprintf(&text, "  %s %s by %q, stopped by %q: %s, primary %v, complete %v, created %s, ended %s, ran %s, went to %q\n",
				d.ID, d.Revision, d.By, d.StoppedBy, d.Status, d.Primary, d.Complete, since(d.Created), since(d.Ended), since(d.Ran), d.WentTo)
		}
	}
	return text.String()
}
