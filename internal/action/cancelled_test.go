package action

import (
	"bytes"
	"context"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"ecs-deploy/internal/ecssim"
	"ecs-deploy/internal/rollout"
	"ecs-deploy/internal/viewer"
)

func TestCancelledRunsSayThatTheDeploymentGoesOn(t *testing.T) {
	env := runnerEnv(t, deployWeb("slow").With)
	synctest.Test(t, func(t *testing.T) {
		scenario, err := ecssim.Named("slow")
		require.NoError(t, err)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Minute, cancel)
		began := time.Now()
		var log bytes.Buffer
		code := Run(ctx, Env{
			Getenv: func(name string) string { return env[name] },
			Stdout: &log, Jitter: rand.New(rand.NewPCG(7, 8)).Float64, HTTP: ecssim.New(scenario),
		})
		require.Equal(t, 130, code)
		require.Equal(t, time.Minute, time.Since(began), "it ends at once")
		require.Contains(t, log.String(), "web:41 (v1) serves with 2 of 2 tasks.")
		require.Contains(t, log.String(), "Nothing was rolled back, because rollback-on-failure is not set; ECS keeps trying")
	})
}

func TestCancelledRunsAskForTheRollBackAndDoNotWait(t *testing.T) {
	for name, deny := range map[string][]string{
		"ECS rolls back":                 nil,
		"the older revision is deployed": {"ListServiceDeployments", "StopServiceDeployment"},
	} {
		t.Run(name, func(t *testing.T) {
			env := runnerEnv(t, deployWeb("slow", "rollback-on-failure", "true").With)
			synctest.Test(t, func(t *testing.T) {
				scenario, err := ecssim.Named("slow")
				require.NoError(t, err)
				sim := ecssim.New(scenario.Denying(deny...))
				ctx, cancel := context.WithCancel(t.Context())
				time.AfterFunc(time.Minute, cancel)
				began := time.Now()
				var log bytes.Buffer
				code := Run(ctx, Env{
					Getenv: func(name string) string { return env[name] },
					Stdout: &log, Jitter: rand.New(rand.NewPCG(7, 8)).Float64, HTTP: sim,
				})
				require.Equal(t, 130, code)
				require.Less(t, time.Since(began), time.Minute+5*time.Second)
				require.Contains(t, log.String(), "ECS was asked to roll back to web:41, without waiting for its end")

				time.Sleep(10 * time.Minute) // virtual: until the rollback is over
				answer := string(send(t, sim, "DescribeServices", `{"cluster":"main","services":["web"]}`))
				require.Contains(t, answer, `"taskDefinition":"arn:aws:ecs:eu-west-1:123456789012:task-definition/web:41"`)
				require.NotContains(t, answer, "task-definition/web:42")
			})
		})
	}
}

// late lets a deployment complete between the end of the wait and the rollback.
type late struct {
	*ecssim.Sim
	waited bool
}

func (l *late) Do(r *http.Request) (*http.Response, error) {
	if strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".ListTasks") && !l.waited {
		l.waited = true
		time.Sleep(20 * time.Second) // virtual
	}
	return l.Sim.Do(r)
}

func TestWhatCompletesAfterTheTimeIsOutIsNotTakenBack(t *testing.T) {
	env := runnerEnv(t, deployWeb("healthy", "timeout", "80s", "rollback-on-failure", "true").With)
	synctest.Test(t, func(t *testing.T) {
		scenario, err := ecssim.Named("healthy")
		require.NoError(t, err)
		sim := ecssim.New(scenario)
		var log bytes.Buffer
		code := Run(t.Context(), Env{
			Getenv: func(name string) string { return env[name] }, Stdout: &log,
			Jitter: func() float64 { return 0.5 }, HTTP: &late{Sim: sim},
		})
		require.Zero(t, code, log.String())
		require.Contains(t, log.String(), "the deployment succeeded in the meantime, so it was not rolled back")
		require.Zero(t, calls(sim)["StopServiceDeployment"])
		require.Equal(t, 1, calls(sim)["UpdateService"])
	})
}

func TestARunThatIsCancelledWhileItTakesBackIsCancelled(t *testing.T) {
	env := runnerEnv(t, deployWeb("stuck", "timeout", "1m", "rollback-on-failure", "true").With)
	synctest.Test(t, func(t *testing.T) {
		scenario, err := ecssim.Named("stuck")
		require.NoError(t, err)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(66*time.Second, cancel)
		var log bytes.Buffer
		code := Run(ctx, Env{
			Getenv: func(name string) string { return env[name] }, Stdout: &log,
			Jitter: func() float64 { return 0.5 }, HTTP: ecssim.New(scenario),
		})
		require.Equal(t, 130, code, log.String())
		require.Contains(t, log.String(), "the run was cancelled during the rollback, which goes on in ECS")
	})
}

// failing is a network in which some operations never answer.
type failing struct {
	*ecssim.Sim
	operations []string
}

func (f failing) Do(r *http.Request) (*http.Response, error) {
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	if slices.Contains(f.operations, operation) {
		return nil, syscall.ECONNRESET
	}
	return f.Sim.Do(r)
}

// What only adds to a verdict must not keep it from being given.
func TestVerdictsDoNotWaitForWhatNeverAnswers(t *testing.T) {
	for scenario, want := range map[string]int{"healthy": 0, "crash": 1, "crash-rollback": 4} {
		env := runnerEnv(t, deployWeb(scenario).With)
		synctest.Test(t, func(t *testing.T) {
			chosen, err := ecssim.Named(scenario)
			require.NoError(t, err)
			began := time.Now()
			var log bytes.Buffer
			code := Run(t.Context(), Env{
				Getenv: func(name string) string { return env[name] }, Stdout: &log, Jitter: func() float64 { return 0.5 },
				HTTP: failing{ecssim.New(chosen), []string{"ListServiceDeployments", "DescribeServiceDeployments", "ListTasks", "GetLogEvents"}},
			})
			require.Equal(t, want, code, log.String())
			require.Less(t, time.Since(began), 4*time.Minute)
		})
	}
}

// panicking is a network with a fault in it.
type panicking struct {
	*ecssim.Sim
	at string
}

func (p panicking) Do(r *http.Request) (*http.Response, error) {
	if strings.HasSuffix(r.Header.Get("X-Amz-Target"), "."+p.at) {
		panic("the sky falls")
	}
	return p.Sim.Do(r)
}

func TestAFaultOfOursStillWritesOutputsAndClosesTheGroup(t *testing.T) {
	env := runnerEnv(t, deployWeb("healthy").With)
	env["GITHUB_OUTPUT"] = filepath.Join(t.TempDir(), "output")
	synctest.Test(t, func(t *testing.T) {
		scenario, err := ecssim.Named("healthy")
		require.NoError(t, err)
		var log bytes.Buffer
		code := Run(t.Context(), Env{
			Getenv: func(name string) string { return env[name] }, Stdout: &log,
			Jitter: func() float64 { return 0.5 }, HTTP: panicking{ecssim.New(scenario), "DescribeServiceDeployments"},
		})
		require.Equal(t, 1, code)
		require.Contains(t, log.String(), "note: internal error: the sky falls")
		require.Equal(t, strings.Count(log.String(), "::group::"), strings.Count(log.String(), "::endgroup::"))
		require.Regexp(t, "(?s)::endgroup::\n.*::error title=web v2 → main%3A failed after 3s::Internal error \\(the sky falls\\): if ECS has started a deployment, it goes on[^\n]*\n$", log.String())
		outputs, err := os.ReadFile(env["GITHUB_OUTPUT"])
		require.NoError(t, err)
		require.Contains(t, viewer.Outputs(string(outputs)), "outcome=failed\n")
		require.Contains(t, viewer.Outputs(string(outputs)), "deployment-id=ecs-svc/")
	})
}

// transcript is a log that may be read while it is written.
type transcript struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *transcript) Write(text []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(text)
}

func (l *transcript) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// A run that is killed after any event leaves a log of which at most the last group is open, and, as soon as something
// was started, a summary that says so.
func TestARunThatIsKilledAnywhereLeavesWhatItKnew(t *testing.T) {
	for _, name := range []string{"run-before-fails", "mixed"} {
		s := readScenario(t, name).step(t)
		env := runnerEnv(t, s.With)
		env["GITHUB_STEP_SUMMARY"] = filepath.Join(t.TempDir(), "summary.md")
		scenario, err := ecssim.Named(s.Scenario)
		require.NoError(t, err)
		synctest.Test(t, func(t *testing.T) {
			var log transcript
			var mu sync.Mutex
			begun, checks := false, 0
			check := func(event rollout.Event) { // what was left by the event before
				mu.Lock()
				defer mu.Unlock()
				open := strings.Count(log.String(), "::group::") - strings.Count(log.String(), "::endgroup::")
				require.True(t, open == 0 || open == 1, log.String())
				if begun {
					checks++
					summary, err := os.ReadFile(env["GITHUB_STEP_SUMMARY"])
					require.NoError(t, err)
					require.Contains(t, string(summary), "main: in progress")
					require.Contains(t, string(summary), "web:42")
				}
				switch event.(type) {
				case rollout.OneOffStarted, rollout.Progressed:
					begun = true
				}
			}
			Run(t.Context(), Env{
				Getenv: func(name string) string { return env[name] }, Stdout: &log, Listen: check,
				Jitter: func() float64 { return 0.5 }, HTTP: ecssim.New(scenario),
			})
			require.Greater(t, checks, 5)
		})
	}
}
