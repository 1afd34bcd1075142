package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ecs-deploy/internal/ecssim"
	"ecs-deploy/internal/inputs"
	"ecs-deploy/internal/viewer"
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
func process(t testing.TB, endpoint string, with map[string]string, env ...string) (*exec.Cmd, *bytes.Buffer, string) {
	t.Helper()
	folder := t.TempDir()
	command := exec.Command(os.Args[0])
	command.Env = []string{
		"BE_THE_ACTION=1", "HOME=" + folder, "GITHUB_ACTIONS=true", "CI=true",
		"GITHUB_OUTPUT=" + filepath.Join(folder, "output"), "GITHUB_STEP_SUMMARY=" + filepath.Join(folder, "summary.md"),
		"AWS_ENDPOINT_URL=" + endpoint, "AWS_REGION=eu-west-1", "RUNNER_ENVIRONMENT=github-hosted",
	}
	if len(env) == 0 {
		env = []string{"AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}
	}
	command.Env = append(command.Env, env...)
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
	return serve(t, chosen, 100)
}

// serve plays a scenario, that many times as fast as the clock.
func serve(t testing.TB, scenario ecssim.Scenario, pace float64) string {
	t.Helper()
	sim := ecssim.New(scenario)
	sim.SetPace(pace)
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
			require.Contains(t, viewer.Outputs(string(outputs)), "outcome="+test.outcome+"\n")
			require.Contains(t, viewer.Outputs(string(outputs)), "task-definition-arn=arn:aws:ecs:eu-west-1:123456789012:task-definition/web:42\n")
			summary, err := os.ReadFile(filepath.Join(folder, "summary.md"))
			require.NoError(t, err)
			require.Contains(t, string(summary), "| Revision | `web:41` |")
			require.Contains(t, log.String(), "::endgroup::")
		})
	}
}

// A proxy that does not let the calls through is named, and not asked again and again.
func TestProcessNamesTheProxy(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]string{
		http.StatusForbidden:         `the proxy 127\.0\.0\.1:\d+ does not let calls through to ecs\.eu-west-1\.amazonaws\.com:443: 403 Forbidden`,
		http.StatusProxyAuthRequired: `the proxy 127\.0\.0\.1:\d+ does not let calls through to ecs\.eu-west-1\.amazonaws\.com:443: 407 Proxy Authentication Required`,
	} {
		asked := 0
		proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			asked++
			require.Equal(t, http.MethodConnect, r.Method)
			w.WriteHeader(status)
		}))
		t.Cleanup(proxy.Close)
		command, log, _ := process(t, "", web, "AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
			"HTTPS_PROXY=http://me:hunter2hunter2@"+strings.TrimPrefix(proxy.URL, "http://"))
		require.Error(t, command.Run())
		require.Equal(t, 3, command.ProcessState.ExitCode(), log)
		require.Regexp(t, want, log.String())
		shown := regexp.MustCompile(`(?m)^::add-mask::.*$`).ReplaceAllString(log.String(), "")
		require.NotContains(t, shown, "hunter2")
		require.Equal(t, 1, asked)
	}
	command, log, _ := process(t, "", merge(web, map[string]string{"max-retries": "1"}), "AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
		"HTTPS_PROXY=http://127.0.0.1:1")
	require.Error(t, command.Run())
	require.Contains(t, log.String(), "the proxy could not be reached: connection refused")
}

// Whoever reads the log goes away, and what failed is rolled back all the same.
func TestProcessOutlivesItsLog(t *testing.T) {
	t.Parallel()
	command, _, folder := process(t, listen(t, "crash"), merge(web, map[string]string{"rollback-on-failure": "true"}))
	read, write, err := os.Pipe()
	require.NoError(t, err)
	var fault bytes.Buffer
	command.Stdout, command.Stderr = write, &fault
	require.NoError(t, command.Start())
	require.NoError(t, write.Close())
	_, err = read.Read(make([]byte, 10)) // it has begun
	require.NoError(t, err)
	require.NoError(t, read.Close())
	_ = command.Wait()
	require.Equal(t, 4, command.ProcessState.ExitCode(), fault.String())
	outputs, err := os.ReadFile(filepath.Join(folder, "output"))
	require.NoError(t, err)
	require.Contains(t, viewer.Outputs(string(outputs)), "outcome=rolled-back\n")
}

func merge(sets ...map[string]string) map[string]string {
	all := map[string]string{}
	for _, set := range sets {
		maps.Copy(all, set)
	}
	return all
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
		require.Contains(t, viewer.Outputs(string(outputs)), "outcome=cancelled\n")
		summary, err := os.ReadFile(filepath.Join(folder, "summary.md"))
		require.NoError(t, err)
		require.Contains(t, string(summary), "ECS keeps trying")
	}
}

func TestProcessTellsItsVersionToThoseWhoWantToSeeMore(t *testing.T) {
	t.Parallel()
	with := maps.Clone(web)
	with["wait-for"], with["verbose"] = "none", "true"
	command, log, _ := process(t, listen(t, "healthy"), with)
	require.NoError(t, command.Run(), log)
	require.Contains(t, log.String(), "::group::Inputs\nversion          dev, commit unknown\n")
}

func TestProcessWithoutAnyInput(t *testing.T) {
	t.Parallel()
	command, log, _ := process(t, "http://127.0.0.1:1", nil)
	require.Error(t, command.Run())
	require.Equal(t, 2, command.ProcessState.ExitCode(), log)
	require.Contains(t, log.String(), "give service, daemon or task-definition: none is set")
}

// A profile that the environment names from the host is not in the way.
func TestProcessAssumesARoleWithTheIdentityToken(t *testing.T) {
	t.Parallel()
	endpoint := listen(t, "oidc")
	with := maps.Clone(web)
	with["role-to-assume"], with["allowed-account-ids"] = "arn:aws:iam::123456789012:role/deployer", "123456789012"
	command, log, _ := process(t, endpoint, with, "AWS_PROFILE=of-the-host",
		"ACTIONS_ID_TOKEN_REQUEST_URL="+endpoint+"/idtoken?api-version=2.0", "ACTIONS_ID_TOKEN_REQUEST_TOKEN=request-token")
	require.NoError(t, command.Run(), log)
	require.Regexp(t, `session          arn:aws:sts::123456789012:assumed-role/deployer/ecs-deploy, assumed with the identity token of the job, for 1h( \d+m)?\n`, log.String(),
		"the clock of the simulator runs a hundred times as fast as ours")
	require.Contains(t, log.String(), "::notice title=web v2 → main::web:42 is live")
}

func TestProcessReadsAProfileOfTheWorkspace(t *testing.T) {
	t.Parallel()
	workspace := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(workspace, ".aws"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(workspace, ".aws", "config"),
		[]byte("[profile ci]\naws_access_key_id = AKIAI44QH8DHBEXAMPLE\naws_secret_access_key = je7MtGbClwBF/2Zp9Utk/h3yCo8nvbEXAMPLEKEY\n"), 0o644))
	with := maps.Clone(web)
	with["aws-profile"], with["wait-for"] = "ci", "none"
	command, log, _ := process(t, listen(t, "healthy"), with, "GITHUB_WORKSPACE="+workspace)
	require.NoError(t, command.Run(), log)
	require.Contains(t, log.String(), "::add-mask::je7MtGbClwBF/2Zp9Utk/h3yCo8nvbEXAMPLEKEY\n")

	with["aws-profile"] = "other"
	command, log, folder := process(t, "http://127.0.0.1:1", with, "GITHUB_WORKSPACE="+workspace)
	require.Error(t, command.Run())
	require.Equal(t, 2, command.ProcessState.ExitCode(), log)
	require.Contains(t, log.String(), `there is no profile "other" in `+folder+"/.aws/credentials, "+folder+"/.aws/config, "+workspace+"/.aws/credentials")
	require.Contains(t, log.String(), "The ~/.aws of the host is not visible in a container action")
}

func TestProcessWithoutCredentials(t *testing.T) {
	t.Parallel()
	command, log, _ := process(t, "http://127.0.0.1:1", web, "AWS_EC2_METADATA_DISABLED=true")
	require.Error(t, command.Run())
	require.Equal(t, 3, command.ProcessState.ExitCode(), log)
	require.Contains(t, log.String(), "::error title=web → main%3A nothing was deployed%3A no credentials::There are no AWS credentials. Set role-to-assume, and give the job the permission id-token: write. Or")
}

// built is the action, built as the Dockerfile does it.
func built(b *testing.B) string {
	b.Helper()
	path := filepath.Join(b.TempDir(), "ecs-deploy")
	command := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", path, ".")
	command.Env = append(os.Environ(), "CGO_ENABLED=0")
	said, err := command.CombinedOutput()
	require.NoError(b, err, string(said))
	return path
}

// BenchmarkStart measures how long it is from the start of the process to its first request.
func BenchmarkStart(b *testing.B) {
	program := built(b)
	arrived := make(chan time.Time, 1)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		arrived <- time.Now()
		_, _ = io.Copy(io.Discard, r.Body) // only then it is seen that the process was killed
		<-r.Context().Done()
	}))
	b.Cleanup(server.Close)
	var took []float64
	for b.Loop() {
		command, log, _ := process(b, server.URL, web)
		command.Path = program
		began := time.Now()
		require.NoError(b, command.Start())
		select {
		case at := <-arrived:
			took = append(took, float64(at.Sub(began).Microseconds())/1000)
		case <-time.After(10 * time.Second):
			b.Fatal("there was no request", log)
		}
		require.NoError(b, command.Process.Kill())
		_ = command.Wait() // it was killed
	}
	slices.Sort(took)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(took[len(took)/2], "ms-median")
	b.ReportMetric(took[len(took)*9/10], "ms-p90")
}

// BenchmarkMemory measures how much memory the process takes at most, by what Linux has on record.
func BenchmarkMemory(b *testing.B) {
	program := built(b)
	for _, fleet := range []struct{ services, waves int }{{1, 1}, {500, 1}, {500, 3}} {
		services := fleet.services
		b.Run(fmt.Sprintf("%d services, %d waves", services, fleet.waves), func(b *testing.B) {
			for b.Loop() {
				with := maps.Clone(web)
				for i := range services - 1 {
					if fleet.waves > 1 && (i+1)%(services/fleet.waves+1) == 0 {
						with["service"] += "\n---"
					}
					with["service"] += fmt.Sprintf("\nweb-%03d", i+1)
				}
				command, log, folder := process(b, serve(b, ecssim.Fleet(services-1).Taking(2*time.Minute), 2), with)
				command.Path = program
				require.NoError(b, command.Start())
				peak := 0.0
				own := 0.0
				ended := make(chan error)
				go func() { ended <- command.Wait() }()
				for running := true; running; {
					select {
					case err := <-ended:
						require.NoError(b, err, log)
						running = false
					case <-time.After(time.Millisecond):
						status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", command.Process.Pid))
						peak, own = max(peak, megabytes(status, "VmHWM:")), max(own, megabytes(status, "RssAnon:"))
					}
				}
				outputs, err := os.ReadFile(filepath.Join(folder, "output"))
				require.NoError(b, err)
				require.Contains(b, viewer.Outputs(string(outputs)), "outcome=succeeded\n")
				b.ReportMetric(0, "ns/op")
				b.ReportMetric(peak, "MB")
				b.ReportMetric(own, "MB-own") // without the pages of the program's file
			}
		})
	}
}

// megabytes is a line of what Linux tells of a process, which is in KiB; 0 when the process is over.
func megabytes(status []byte, name string) float64 {
	_, after, _ := bytes.Cut(status, []byte(name))
	text, _, _ := bytes.Cut(after, []byte("kB"))
	kibibytes, _ := strconv.ParseFloat(string(bytes.TrimSpace(text)), 64)
	return kibibytes * 1024 / 1e6
}
