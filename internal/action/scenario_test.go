package action

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v4"

	"ecs-deploy/internal/cloud"
	"ecs-deploy/internal/ecssim"
	"ecs-deploy/internal/report"
)

var update = flag.Bool("update", false, "write the goldens anew; read them afterwards")

// step is a testdata/<name>/step.yaml: a step of a workflow, and the world that it runs in.
type step struct {
	Scenario string
	Deny     []string          // operations that the policy does not allow
	Both     bool              // play it also without permission for the service deployments
	Cancel   time.Duration     // when the run is cancelled; 0 is never
	With     map[string]string // as in a workflow
	Env      map[string]string // of the job
	Exit     int
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
		r.sim = ecssim.New(scenario.Denying(s.Deny...))
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		if s.Cancel > 0 {
			time.AfterFunc(s.Cancel, cancel)
		}
		r.code = Run(ctx, Env{
			Getenv: func(name string) string { return env[name] }, Environ: func() []string { return environ(env) },
			Stdout: &log, Jitter: rand.New(rand.NewPCG(1, 2)).Float64, HTTP: r.sim,
		})
	})
	r.log = log.String()
	outputs, err := os.ReadFile(env["GITHUB_OUTPUT"])
	require.NoError(t, err)
	r.file = string(outputs)
	r.outputs = report.ViewOutputs(string(outputs))
	summary, err := os.ReadFile(env["GITHUB_STEP_SUMMARY"])
	require.NoError(t, err)
	r.summary = string(summary)
	return r
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

// TestScenarios plays every folder of testdata and compares log, outputs and summary with its goldens.
func TestScenarios(t *testing.T) {
	folders, err := filepath.Glob("testdata/*/step.yaml")
	require.NoError(t, err)
	var scenarios []string
	for _, file := range folders {
		folder := filepath.Dir(file)
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		var s step
		require.NoError(t, yaml.Load(text, &s, yaml.WithKnownFields()), file)
		scenarios = append(scenarios, s.Scenario)
		t.Run(filepath.Base(folder), func(t *testing.T) {
			t.Parallel()
			compare(t, folder, play(t, s, folder), s.Exit)
			if s.Both {
				s.Deny = append(s.Deny, "ListServiceDeployments", "DescribeServiceDeployments", "StopServiceDeployment")
				compare(t, filepath.Join(folder, "without-service-deployments"), play(t, s, folder), s.Exit)
			}
		})
	}
	for _, scenario := range ecssim.Scenarios() {
		require.Contains(t, scenarios, scenario.Name, "every scenario has goldens")
	}
}

// compare compares what a step did with the goldens of a folder.
func compare(t *testing.T, folder string, r played, exit int) {
	t.Helper()
	if *update {
		require.NoError(t, os.MkdirAll(folder, 0o755))
	}
	golden(t, filepath.Join(folder, "log.golden"), r.log)
	golden(t, filepath.Join(folder, "outputs.golden"), r.outputs)
	golden(t, filepath.Join(folder, "summary.golden.md"), r.summary)
	requireWellFormed(t, r.log)
	require.Equal(t, exit, r.code)
}

// screen is how many lines a person sees at once.
const screen = 50

// requireWellFormed checks what is true of every log: groups are closed and do not nest, what must be seen is in
// none of them, and there are not more annotations than a reader takes in.
func requireWellFormed(t *testing.T, log string) {
	t.Helper()
	open, annotations := false, map[string]int{}
	for line := range strings.Lines(log) {
		command, _, is := strings.Cut(strings.TrimPrefix(line, "::"), "::")
		name, _, _ := strings.Cut(command, " ")
		switch {
		case !is || !strings.HasPrefix(line, "::"):
			require.NotEmpty(t, strings.TrimSpace(line), "an empty line says nothing")
		case name == "group":
			require.False(t, open, "groups do not nest: %s", line)
			open = true
		case name == "endgroup":
			require.True(t, open)
			open = false
		case name != "add-mask":
			require.False(t, open, "it would be hidden in a fold: %s", line)
			if command != name && name == "warning" { // the verdict of a restart has a title
				name = "notice"
			}
			annotations[name]++
		}
	}
	require.False(t, open, "the last group is closed")
	require.Equal(t, 1, annotations["notice"]+annotations["error"], "one verdict")
	require.LessOrEqual(t, annotations["warning"], 5)
}

func TestAHealthyDeploymentFitsOnOneScreen(t *testing.T) {
	r := play(t, deployWeb("healthy"))
	require.LessOrEqual(t, strings.Count(r.log, "\n")-strings.Count(r.log, "::endgroup::"), screen, r.log)
}

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
		return
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err, "run go test ./internal/action -update, and read what it writes")
	require.Equal(t, string(want), got)
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
