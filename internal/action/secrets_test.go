package action

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"ecs-deploy/internal/ecssim"
)

// eavesdropper writes down the secrets in the answers of STS and of the runner, and may spoil answers.
type eavesdropper struct {
	*ecssim.Sim
	spoil func(*http.Request, *http.Response)

	mu    sync.Mutex
	heard []string
}

var told = regexp.MustCompile(`<(?:AccessKeyId|SecretAccessKey|SessionToken)>([^<]+)<|"value":"([^"]+)"`)

func (e *eavesdropper) Do(r *http.Request) (*http.Response, error) {
	response, err := e.Sim.Do(r)
	if err != nil || r.Header.Get("X-Amz-Target") != "" {
		if err == nil && e.spoil != nil {
			e.spoil(r, response)
		}
		return response, err
	}
	body, err := io.ReadAll(response.Body)
	response.Body = io.NopCloser(bytes.NewReader(body))
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, secret := range told.FindAllStringSubmatch(string(body), -1) {
		e.heard = append(e.heard, secret[1]+secret[2])
	}
	return response, err
}

// The secrets of a run, one for each place where one can enter.
var (
	inputSecrets = map[string]string{
		"aws-access-key-id": "AKIACANARYINPUT00000", "aws-secret-access-key": "canary/input+secret==", "aws-session-token": "canary_input_token%",
	}
	variableSecrets = map[string]string{
		"AWS_ACCESS_KEY_ID": "AKIACANARYENV0000000", "AWS_SECRET_ACCESS_KEY": "canary/env+secret==", "AWS_SESSION_TOKEN": "canary_env_token*",
		"ACTIONS_RUNTIME_TOKEN": "canary.runtime.token", "HTTPS_PROXY": "http://me:canary-proxy-password@proxy.invalid:3128",
	}
	requestToken   = map[string]string{"ACTIONS_ID_TOKEN_REQUEST_URL": "https://runner.invalid/idtoken?api-version=2.0", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "canary.request.token"}
	containerInput = map[string]string{
		"environment-variables": "PASSWORD=canary-variable\napp:SECRET_URL=https://canary-url/",
		"task-definition-patch": "containerDefinitions:\n- {name: app, environment: [{name: PATCHED, value: canary-patched}], command: [run, --token, canary-word, 'https://me:canary-in-url@x.io'],\n" +
			"   firelensConfiguration: {type: fluentbit, options: {apikey: canary-option}}}\n",
		"service-patch": "serviceConnectConfiguration: {enabled: true, logConfiguration: {logDriver: splunk, options: {splunk-token: canary-splunk}}}\n",
		"run-before":    "bin/migrate --password canary-migrates",
		"check-url":     "https://canary-user:canary-password@x.io/hooks/canary0token1in2the3path?key=canary-query",
		"check-timeout": "5s",
	}
	containerSecrets = []string{"canary-variable", "canary-url", "canary-patched", "canary-word", "canary-in-url", "canary-option", "canary-splunk", "canary-migrates"}
	urlSecrets       = []string{"canary-user", "canary-password", "canary0token1in2the3path", "canary-query"}
)

// ways are those in which a job has credentials. The first two have a secret in every place.
var ways = []struct {
	name      string
	with, env map[string]string
}{
	{"a role with keys", merged(inputSecrets, map[string]string{"role-to-assume": "arn:aws:iam::123456789012:role/partner", "role-external-id": "shop-42"}), merged(variableSecrets, requestToken)},
	{"a role with the identity token", map[string]string{"role-to-assume": "arn:aws:iam::123456789012:role/deployer", "role-duration-seconds": "900"}, merged(variableSecrets, requestToken)},
	{"keys in the inputs", inputSecrets, requestToken},
	{"keys in the environment", nil, variableSecrets},
}

func merged(sets ...map[string]string) map[string]string {
	all := map[string]string{}
	for _, set := range sets {
		maps.Copy(all, set)
	}
	return all
}

func TestSecretsDoNotShowInADryRun(t *testing.T) {
	healthy, err := ecssim.Named("healthy")
	require.NoError(t, err)
	log := neverShows(t, healthy, merged(ways[0].with, containerInput, map[string]string{"dry-run": "true"}), ways[0].env, nil)
	require.Contains(t, log, `"splunk-token":"(hidden)"`)
}

func TestSecretsNeverShow(t *testing.T) {
	for i, scenario := range ecssim.Scenarios() {
		if leftOut() || !*thorough && i%8 > 0 {
			continue
		}
		way := ways[i%2]
		t.Run(way.name+"/"+scenario.Name, func(t *testing.T) {
			t.Parallel()
			neverShows(t, scenario, merged(way.with, containerInput), way.env, nil)
		})
	}
}

// AWS's message on a wrong signature shows the request that it has signed, session token included.
func TestSecretsThatAWSRepeatsDoNotShow(t *testing.T) {
	healthy, err := ecssim.Named("healthy")
	require.NoError(t, err)
	for _, way := range ways {
		for _, operation := range []string{"DescribeServices", "BatchGetImage", "ListServiceDeployments", "UpdateService"} {
			t.Run(way.name+"/"+operation, func(t *testing.T) {
				log := neverShows(t, healthy, way.with, way.env, func(r *http.Request, response *http.Response) {
					if strings.HasSuffix(r.Header.Get("X-Amz-Target"), "."+operation) {
						response.StatusCode = http.StatusBadRequest
						response.Body = io.NopCloser(strings.NewReader(fmt.Sprintf(
							`{"__type":"InvalidSignatureException","message":"The Canonical String for this request should have been 'POST x-amz-security-token:%s %s'"}`,
							r.Header.Get("X-Amz-Security-Token"), r.Header.Get("Authorization"))))
					}
				})
				require.Contains(t, log, "***")
			})
		}
	}
}

func TestSecretsDoNotShowInAPanic(t *testing.T) {
	healthy, err := ecssim.Named("healthy")
	require.NoError(t, err)
	for _, way := range ways {
		for _, operation := range []string{"DescribeServices", "BatchGetImage", "DescribeServiceDeployments"} {
			t.Run(way.name+"/"+operation, func(t *testing.T) {
				log := neverShows(t, healthy, way.with, way.env, func(r *http.Request, _ *http.Response) {
					if strings.HasSuffix(r.Header.Get("X-Amz-Target"), "."+operation) {
						panic(r.Header)
					}
				})
				require.Contains(t, log, "internal error")
			})
		}
	}
}

// neverShows runs the action, looks for the secrets in all that it leaves, and returns the log.
func neverShows(t *testing.T, scenario ecssim.Scenario, with, env map[string]string, spoil func(*http.Request, *http.Response)) string {
	t.Helper()
	s := deployWeb(scenario.Name).but(with)
	set := runnerEnv(t, s.but(map[string]string{"verbose": "true", "rollback-on-failure": "true"}).With)
	maps.Copy(set, env)
	set["RUNNER_ENVIRONMENT"] = "github-hosted"
	folder := t.TempDir()
	for variable, file := range map[string]string{"GITHUB_OUTPUT": "output", "GITHUB_STEP_SUMMARY": "summary", "GITHUB_ENV": "env", "GITHUB_STATE": "state", "HOME": "", "RUNNER_TEMP": ""} {
		set[variable] = filepath.Join(folder, file)
	}
	var log bytes.Buffer
	var ear *eavesdropper
	synctest.Test(t, func(t *testing.T) {
		ear = &eavesdropper{Sim: hurried(scenario), spoil: spoil}
		Run(t.Context(), Env{Getenv: func(name string) string { return set[name] }, Stdout: &log, Jitter: func() float64 { return 0.5 }, HTTP: ear})
	})

	var secrets, entered []string
	for _, given := range []map[string]string{with, env} {
		for name, value := range given {
			if inputSecrets[name] != "" || variableSecrets[name] != "" || name == "ACTIONS_ID_TOKEN_REQUEST_TOKEN" {
				entered = append(entered, strings.TrimSuffix(strings.TrimPrefix(value, "http://me:"), "@proxy.invalid:3128"))
			}
		}
	}
	if with["check-url"] != "" {
		entered = append(entered, urlSecrets...)
	}
	secrets = append(append(secrets, entered...), ear.heard...)
	commands, shown := masks(log.String())
	for _, secret := range secrets {
		require.Contains(t, commands, secret, "it is masked")
	}
	require.Subset(t, commands[:min(len(entered), len(commands))], entered, "what was there from the beginning is masked first")
	require.True(t, strings.HasPrefix(log.String(), "::add-mask::"))

	left := map[string]string{"log": shown}
	entries, err := os.ReadDir(folder)
	require.NoError(t, err)
	for _, entry := range entries {
		require.Contains(t, []string{"output", "summary"}, entry.Name(), "no other file is written")
		text, err := os.ReadFile(filepath.Join(folder, entry.Name()))
		require.NoError(t, err)
		left[entry.Name()] = string(text)
	}
	for name, text := range left {
		for _, secret := range append(secrets, containerSecrets...) {
			require.NotContains(t, text, secret, name)
			require.NotContains(t, text, strings.ReplaceAll(secret, "_", `\_`), name)
		}
		require.NotContains(t, strings.ToLower(strings.ReplaceAll(text, `\`, "")), "canary", name)
	}
	return shown
}

// masks takes the secrets out of a log, and tells which they were.
func masks(log string) (secrets []string, rest string) {
	unescape := strings.NewReplacer("%25", "%", "%0A", "\n", "%0D", "\r")
	var shown strings.Builder
	for line := range strings.Lines(log) {
		if secret, found := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "::add-mask::"); found {
			secrets = append(secrets, unescape.Replace(secret))
		} else {
			shown.WriteString(line)
		}
	}
	return secrets, shown.String()
}
