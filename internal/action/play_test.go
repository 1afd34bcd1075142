package action

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"ecs-deploy/internal/cloud"
	"ecs-deploy/internal/ecssim"
	"ecs-deploy/internal/viewer"
)

var update = flag.Bool("update", false, "write the goldens anew; read them afterwards")

// exchanges is where all calls and answers are written, for a script that compares them with AWS's schemas.
var exchanges = flag.String("exchanges", "", "a file to which the calls and answers are written")

// recorder writes down what goes over a network.
type recorder struct{ cloud.HTTPClient }

var recording sync.Mutex

// recorded is a network, written down where that is asked for.
func recorded(network cloud.HTTPClient) cloud.HTTPClient {
	if *exchanges == "" {
		return network
	}
	return recorder{network}
}

func (r recorder) Do(request *http.Request) (*http.Response, error) {
	var asked []byte
	if request.Body != nil {
		asked, _ = io.ReadAll(request.Body)
		request.Body = io.NopCloser(bytes.NewReader(asked))
	}
	response, err := r.HTTPClient.Do(request)
	authorization := request.Header.Get("Authorization")
	site := request.Method == http.MethodGet && (authorization == "" || strings.HasPrefix(authorization, "Basic ")) // not AWS's
	if err != nil || site {
		return response, err
	}
	answered, err := io.ReadAll(response.Body)
	if err != nil {
		return response, err
	}
	response.Body = io.NopCloser(bytes.NewReader(answered))
	line, err := json.Marshal(map[string]any{
		"target": request.Header.Get("X-Amz-Target"), "method": request.Method, "path": request.URL.RequestURI(),
		"request": string(asked), "status": response.StatusCode, "answer": string(answered),
	})
	if err != nil {
		return response, err
	}
	recording.Lock()
	defer recording.Unlock()
	file, err := os.OpenFile(*exchanges, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return response, err
	}
	defer file.Close()
	_, err = file.Write(append(line, '\n'))
	return response, err
}

// The runs of a test leave much behind and hold little: with fewer collections the tests take a third less time.
func TestMain(m *testing.M) {
	debug.SetGCPercent(400)
	os.Exit(m.Run())
}

// step is a step of a workflow, and the world that it runs in.
type step struct {
	Scenario string
	Deny     []string          // operations that the policy does not allow
	Both     bool              // play it also without permission for the service deployments: it must end alike
	Lag      ecssim.Lag        // how late the reads are
	Cancel   time.Duration     // when the run is cancelled; 0 is never
	With     map[string]string // as in a workflow
	Env      map[string]string // of the job
}

// played is what a step did.
type played struct {
	code             int
	log              string
	outputs, summary string
	file             string // of outputs, as it was written
	sim              *ecssim.Sim
}

// play runs the action in a bubble, with the environment that the runner makes: every declared input
// is set, to nothing where it is not given.
func play(t *testing.T, s step, workspace ...string) played {
	t.Helper()
	scenario, err := ecssim.Named(s.Scenario)
	require.NoError(t, err)
	return playIn(t, scenario, s, workspace...)
}

// playIn is the same in a world that has no name.
func playIn(t *testing.T, scenario ecssim.Scenario, s step, workspace ...string) played {
	t.Helper()
	folder := t.TempDir()
	env := runnerEnv(t, s.With)
	maps.Copy(env, s.Env)
	env["GITHUB_OUTPUT"], env["GITHUB_STEP_SUMMARY"] = filepath.Join(folder, "output"), filepath.Join(folder, "summary.md")
	for _, folder := range workspace {
		env["GITHUB_WORKSPACE"] = folder
	}
	var log bytes.Buffer
	var r played
	synctest.Test(t, func(t *testing.T) {
		r.sim = ecssim.New(scenario.Denying(s.Deny...).Lagging(s.Lag))
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		if s.Cancel > 0 {
			time.AfterFunc(s.Cancel, cancel)
		}
		r.code = Run(ctx, Env{
			Getenv: func(name string) string { return env[name] }, Environ: func() []string { return environ(env) },
			Stdout: &log, Jitter: rand.New(rand.NewPCG(1, 2)).Float64, HTTP: recorded(r.sim),
		})
	})
	r.log = log.String()
	outputs, err := os.ReadFile(env["GITHUB_OUTPUT"])
	require.NoError(t, err)
	r.file = string(outputs)
	r.outputs = viewer.Outputs(string(outputs))
	summary, err := os.ReadFile(env["GITHUB_STEP_SUMMARY"])
	require.NoError(t, err)
	r.summary = string(summary)
	return r
}

// outputsIn are the step outputs that were written to a file, but for those of several lines.
func outputsIn(t *testing.T, file string) map[string]string {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	return outputsOf(viewer.Outputs(string(text)))
}

// outputsOf are the same of a text with an output in each line.
func outputsOf(text string) map[string]string {
	outputs := map[string]string{}
	for line := range strings.Lines(text) {
		if name, value, found := strings.Cut(strings.TrimSuffix(line, "\n"), "="); found && !strings.HasPrefix(name, " ") {
			outputs[name] = value
		}
	}
	return outputs
}

// environ is an environment as os.Environ lists it.
func environ(env map[string]string) []string {
	var all []string
	for name, value := range env {
		all = append(all, name+"="+value)
	}
	return all
}

// runOn runs the action against a network, in the bubble of the caller.
func runOn(t *testing.T, s step, network cloud.HTTPClient) (code int, log string) {
	t.Helper()
	env := runnerEnv(t, s.With)
	maps.Copy(env, s.Env)
	var out bytes.Buffer
	code = Run(t.Context(), Env{
		Getenv: func(name string) string { return env[name] }, Stdout: &out,
		Jitter: func() float64 { return 0.5 }, HTTP: network,
	})
	return code, out.String()
}

func runnerEnv(t testing.TB, with map[string]string) map[string]string {
	env := map[string]string{}
	for _, input := range entries(declared(t).Inputs) {
		env["INPUT_"+strings.ToUpper(input.Name)] = ""
	}
	for name, value := range with {
		variable := "INPUT_" + strings.ToUpper(name)
		require.Contains(t, env, variable, "action.yml does not declare %s", name)
		env[variable] = value
	}
	return env
}

// calls counts the requests that came in, by operation.
func calls(sim *ecssim.Sim) map[string]int {
	counts := map[string]int{}
	for _, call := range sim.Calls() {
		counts[call.Operation]++
	}
	return counts
}

// bodies are those of the requests of one operation.
func bodies(sim *ecssim.Sim, operation string) []string {
	var bodies []string
	for _, call := range sim.Calls() {
		if call.Operation == operation {
			bodies = append(bodies, call.Body)
		}
	}
	return bodies
}

// deployWeb is the step of the README.
func deployWeb(scenario string, more ...string) step {
	with := map[string]string{}
	for name, value := range demoInputs {
		with[strings.ToLower(strings.TrimPrefix(name, "INPUT_"))] = value
	}
	for pair := range slices.Chunk(more, 2) {
		with[pair[0]] = pair[1]
	}
	return step{Scenario: scenario, With: with}
}

func (s step) but(with map[string]string) step {
	s.With = maps.Clone(s.With)
	maps.Copy(s.With, with)
	return s
}

func (s step) String() string { return fmt.Sprint(s.Scenario, s.With) }
