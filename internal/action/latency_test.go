package action

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"ecs-deploy/internal/ecssim"
)

// overAtOnce is ECS whose deployments are over as soon as they have begun.
type overAtOnce struct{ *ecssim.Sim }

func (o overAtOnce) Do(request *http.Request) (*http.Response, error) {
	response, err := o.Sim.Do(request)
	if err != nil {
		return nil, err
	}
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	answer = bytes.ReplaceAll(answer, []byte(`"rolloutState":"IN_PROGRESS"`), []byte(`"rolloutState":"COMPLETED"`))
	answer = bytes.ReplaceAll(answer, []byte(`"status":"IN_PROGRESS"`), []byte(`"status":"SUCCESSFUL"`))
	response.Body, response.ContentLength = io.NopCloser(bytes.NewReader(answer)), int64(len(answer))
	return response, nil
}

// Beside its calls, a deployment that is over at once takes no time.
func TestADeploymentThatIsOverAtOnce(t *testing.T) {
	env := runnerEnv(t, deployWeb("no-tasks").With)
	synctest.Test(t, func(t *testing.T) {
		scenario, err := ecssim.Named("no-tasks")
		require.NoError(t, err)
		var log strings.Builder
		began := time.Now()
		code := Run(t.Context(), Env{
			Getenv: func(name string) string { return env[name] }, Stdout: &log, Jitter: func() float64 { return 0.5 },
			HTTP: overAtOnce{ecssim.New(scenario)},
		})
		require.Zero(t, code, log.String())
		require.Less(t, time.Since(began), 500*time.Millisecond)
	})
}

// before are steps, and how many round trips it takes until they change a service: the call that does is one more.
var before = []struct {
	name, scenario string
	with           map[string]string
	roundTrips     int
}{
	{"without verify", "healthy", map[string]string{"verify": "false"}, 3},
	{"as usual", "healthy", nil, 4},
	{"everything on", "healthy", everything, 4},
	{"CodeDeploy without verify", "codedeploy", map[string]string{"verify": "false"}, 5}, // its group names its configuration
	{"CodeDeploy with everything on", "codedeploy", everything, 5},
}

// What does not depend on each other is asked at the same time.
func TestRoundTripsBeforeAServiceIsChanged(t *testing.T) {
	for _, step := range before {
		t.Run(step.name, func(t *testing.T) {
			require.LessOrEqual(t, untilChanged(t, step.scenario, step.with), time.Duration(step.roundTrips)*latency)
		})
	}
}

// BenchmarkBefore measures how long it is from the start until a service is changed, where each call takes 30 ms.
func BenchmarkBefore(b *testing.B) {
	for _, step := range before {
		b.Run(step.name, func(b *testing.B) {
			for b.Loop() {
				b.ReportMetric(0, "ns/op")
				b.ReportMetric(float64(untilChanged(b, step.scenario, step.with).Milliseconds()), "ms-virtual")
			}
		})
	}
}

// everything is inputs that make calls before anything is changed.
var everything = map[string]string{
	"allowed-account-ids": "123456789012", "task-definition": "web", "scheduled-tasks": "rule:nightly,schedule:reports/monthly",
}

const latency = 30 * time.Millisecond

// untilChanged is the time from the start of a step until the first call that changes a service.
func untilChanged(tb testing.TB, name string, with map[string]string) (changed time.Duration) {
	tb.Helper()
	env := runnerEnv(tb, deployWeb(name).but(with).With)
	synctest.Test(&testing.T{}, func(t *testing.T) {
		scenario, err := ecssim.Named(name)
		require.NoError(tb, err)
		var log strings.Builder
		began := time.Now()
		noted := noting{ecssim.New(scenario.Answering(latency, "")), func(operation string) {
			if changed == 0 && (operation == "UpdateService" || operation == "CreateDeployment") {
				changed = time.Since(began)
			}
		}}
		code := Run(t.Context(), Env{Getenv: func(name string) string { return env[name] }, Stdout: &log, Jitter: steadyJitter(), HTTP: noted})
		require.Zero(tb, code, log.String())
	})
	return changed
}

// noting is a network that tells of each operation when it is called.
type noting struct {
	*ecssim.Sim
	note func(operation string)
}

func (n noting) Do(request *http.Request) (*http.Response, error) {
	target := request.Header.Get("X-Amz-Target")
	n.note(target[strings.LastIndex(target, ".")+1:])
	return n.Sim.Do(request)
}
