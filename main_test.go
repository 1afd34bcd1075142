package main

import (
	"bytes"
	"errors"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ecs-deploy/internal/ecssim"
	"ecs-deploy/internal/inputs"
	"ecs-deploy/internal/report"
)

// TestMain lets the test binary be the action, so that the tests run it as a process of its own.
func TestMain(m *testing.M) {
	if os.Getenv("BE_THE_ACTION") != "" {
		main()
	}
	os.Exit(m.Run())
}

// process is the action as the runner starts it: every declared input is set, and the environment
// holds nothing else that is not named here.
func process(t *testing.T, endpoint string, with map[string]string) (*exec.Cmd, *bytes.Buffer, string) {
	t.Helper()
	folder := t.TempDir()
	command := exec.Command(os.Args[0])
	command.Env = []string{
		"BE_THE_ACTION=1", "HOME=" + folder, "GITHUB_ACTIONS=true", "CI=true",
		"GITHUB_OUTPUT=" + filepath.Join(folder, "output"), "GITHUB_STEP_SUMMARY=" + filepath.Join(folder, "summary.md"),
		"AWS_ENDPOINT_URL=" + endpoint, "AWS_REGION=eu-west-1",
		"AWS_ACCESS_KEY_ID=AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY=secret",
	}
	for _, input := range inputs.Declared() {
		value := input.Default
		if given, ok := with[input.Name]; ok {
			value = given
		}
		command.Env = append(command.Env, "INPUT_"+strings.ToUpper(input.Name)+"="+value)
	}
	var log bytes.Buffer
	command.Stdout, command.Stderr = &log, &log
	return command, &log, folder
}

func listen(t *testing.T, scenario string) string {
	t.Helper()
	chosen, err := ecssim.Named(scenario)
	require.NoError(t, err)
	sim := ecssim.New(chosen)
	sim.SetPace(100)
	server := httptest.NewServer(sim)
	t.Cleanup(server.Close)
	return server.URL
}

var web = map[string]string{
	"cluster": "main", "service": "web", "image": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/web:v2",
}

func TestProcessDeploysAgainstAnEndpoint(t *testing.T) {
	for _, test := range []struct {
		scenario, outcome string
		code              int
	}{
		{"healthy", "succeeded", 0},
		{"crash-rollback", "rolled-back", 4},
	} {
		t.Run(test.scenario, func(t *testing.T) {
			t.Parallel()
			command, log, folder := process(t, listen(t, test.scenario), web)
			err := command.Run()
			require.Equal(t, test.code, command.ProcessState.ExitCode(), "%v\n%s", err, log)

			outputs, err := os.ReadFile(filepath.Join(folder, "output"))
			require.NoError(t, err)
			require.Contains(t, report.ViewOutputs(string(outputs)), "outcome="+test.outcome+"\n")
			require.Contains(t, report.ViewOutputs(string(outputs)), "task-definition-arn=arn:aws:ecs:eu-west-1:123456789012:task-definition/web:42\n")
			summary, err := os.ReadFile(filepath.Join(folder, "summary.md"))
			require.NoError(t, err)
			require.Contains(t, string(summary), "| Task definition | `web:41` → **`web:42`** |")
			require.Contains(t, log.String(), "::endgroup::")
		})
	}
}

func TestProcessEndsSoonWhenItIsCancelled(t *testing.T) {
	t.Parallel()
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		command, log, folder := process(t, listen(t, "stuck"), web)
		require.NoError(t, command.Start())
		require.Eventually(t, func() bool { // until it waits
			outputs, _ := os.ReadFile(filepath.Join(folder, "output"))
			return bytes.Contains(outputs, []byte("deployment-id"))
		}, 20*time.Second, 10*time.Millisecond)
		require.NoError(t, command.Process.Signal(signal))

		var exit *exec.ExitError
		require.True(t, errors.As(command.Wait(), &exit))
		require.Equal(t, 130, exit.ExitCode(), log)
		outputs, err := os.ReadFile(filepath.Join(folder, "output"))
		require.NoError(t, err)
		require.Contains(t, report.ViewOutputs(string(outputs)), "outcome=cancelled\n")
		summary, err := os.ReadFile(filepath.Join(folder, "summary.md"))
		require.NoError(t, err)
		require.Contains(t, string(summary), "ECS goes on trying")
	}
}

func TestProcessWithoutAnyInput(t *testing.T) {
	t.Parallel()
	command, log, _ := process(t, "http://127.0.0.1:1", nil)
	require.Error(t, command.Run())
	require.Equal(t, 2, command.ProcessState.ExitCode(), log)
	require.Contains(t, log.String(), "give service, or task-definition, or both: neither is set")
}
