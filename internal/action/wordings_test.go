package action

import (
	"bytes"
	"encoding/json"
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

	"ecs-deploy/internal/cloud"
	"ecs-deploy/internal/ecssim"
)

// wording is a text that people met, and the ids of causes of which any is right.
type wording struct {
	ID    string
	Cause []string
	ecssim.Words
}

func wordings(t *testing.T) []wording {
	t.Helper()
	text, err := os.ReadFile("../diagnose/testdata/wordings.json")
	require.NoError(t, err)
	var all []wording
	require.NoError(t, json.Unmarshal(text, &all))
	return all
}

// The output "cause" has the right id for what AWS says, planted where it says it. Without -thorough that is tried with
// every second text of the first set, and some others.
func TestTheCauseOfWhatAWSSaysIsAnOutput(t *testing.T) {
	for i, w := range wordings(t) {
		first := strings.HasPrefix(w.ID, "W-") && !testing.Short()
		if !*thorough && (!first && i%20 > 0 || i%2 > 0) {
			continue
		}
		t.Run(w.ID, func(t *testing.T) {
			t.Parallel()
			scenario := w.Scenario()
			s := deployWeb("")
			maps.Copy(s.With, scenario.With)
			r := playIn(t, scenario, s)
			outputs := outputsOf(r.outputs)
			require.Contains(t, w.Cause, outputs["cause"], "%s\n%s", fmt.Sprintf("%+v", w.Words), r.log)
			require.NotEmpty(t, outputs["cause-text"])
			require.NotEmpty(t, outputs["next-step"])
		})
	}
}

// hearing is a network that keeps what AWS says: all strings in its answers.
type hearing struct {
	cloud.HTTPClient
	said *sync.Map // of texts
}

func (h hearing) Do(request *http.Request) (*http.Response, error) {
	response, err := h.HTTPClient.Do(request)
	if err != nil {
		return response, err
	}
	answer, err := io.ReadAll(response.Body)
	response.Body = io.NopCloser(bytes.NewReader(answer))
	var document any
	if json.Unmarshal(answer, &document) == nil {
		h.keep(document)
	}
	for _, text := range strings.FieldsFunc(string(answer), func(r rune) bool { return r == '<' || r == '>' }) { // in XML
		h.keep(text)
	}
	return response, err
}

func (h hearing) keep(document any) {
	switch document := document.(type) {
	case string:
		h.said.Store(plainly(document), true)
	case []any:
		for _, element := range document {
			h.keep(element)
		}
	case map[string]any:
		for _, member := range document {
			h.keep(member)
		}
	}
}

func (h hearing) saidPart(part string) (is bool) {
	h.said.Range(func(text, _ any) bool {
		is = strings.Contains(text.(string), part)
		return !is
	})
	return is
}

// plainly is a text without line breaks, and without how often ECS tried.
func plainly(text string) string {
	text = regexp.MustCompile(`has been retried \d+ time\(s\)`).ReplaceAllString(text, "has been retried")
	return strings.Join(strings.Fields(text), " ")
}

// A diagnosis rests on words of AWS and of containers: never on ours, which could be taken for a cause. Without
// -thorough that is tried in each sixth scenario.
func TestEveryDiagnosisRestsOnWordsOfAWS(t *testing.T) {
	for i, scenario := range ecssim.Scenarios() {
		if !*thorough && i%6 > 0 {
			continue
		}
		t.Run(scenario.Name, func(t *testing.T) {
			t.Parallel()
			s := deployWeb("", "timeout", "10m")
			maps.Copy(s.With, scenario.With)
			env := runnerEnv(t, s.With)
			maps.Copy(env, scenario.Env)
			env["GITHUB_OUTPUT"] = filepath.Join(t.TempDir(), "outputs")
			var heard hearing
			synctest.Test(t, func(t *testing.T) {
				heard = hearing{ecssim.New(scenario), &sync.Map{}}
				Run(t.Context(), Env{
					Getenv: func(name string) string { return env[name] }, Stdout: io.Discard,
					Jitter: func() float64 { return 0.5 }, HTTP: heard,
				})
			})
			for _, text := range evidenceIn(t, outputsIn(t, env["GITHUB_OUTPUT"])["result"]) {
				for part := range strings.SplitSeq(text, ", ") { // the health of a target is joined of three
					require.True(t, heard.saidPart(plainly(part)), "%q is no word of AWS", part)
				}
			}
		})
	}
}

func evidenceIn(t *testing.T, result string) []string {
	t.Helper()
	var document struct{ Services []struct{ Evidence []string } }
	require.NoError(t, json.Unmarshal([]byte(result), &document))
	var evidence []string
	for _, service := range document.Services {
		evidence = append(evidence, service.Evidence...)
	}
	return evidence
}

// Where the log of the container that failed cannot be shown, it is said where it is.
func TestItIsSaidWhereTheLogIs(t *testing.T) {
	for patch, want := range map[string]string{
		`{"logDriver":"awsfirelens","options":{"Name":"datadog"}}`:                                        "the log of container app is where FireLens sends it: datadog.",
		`{"logDriver":"awsfirelens","options":{"Name":"cloudwatch_logs","log_group_name":"/fluent/web"}}`: "the log of container app is in log group /fluent/web, where FireLens sends it.",
		`{"logDriver":"awsfirelens"}`: "the log of container app goes where the configuration of FireLens sends it.",
		`{"logDriver":"splunk"}`:      "the log of container app is where its log driver sends it: splunk.",
		`{"logDriver":"awslogs","options":{"awslogs-group":"/ecs/web","awslogs-stream-prefix":null}}`:      "the log of container app is in log group /ecs/web, in a stream named after the container's id: set awslogs-stream-prefix to have it shown here.",
		`{"logDriver":"awslogs","options":{"awslogs-group":"/ecs/web","awslogs-stream-prefix":"another"}}`: "  │ 2026-11-09T03:00:46.572Z fatal giving up",
		`null`: "container app has no logConfiguration, so its log is lost: set its log driver to awslogs.",
	} {
		t.Run(patch, func(t *testing.T) {
			t.Parallel()
			patch := `{"containerDefinitions":[{"name":"app","logConfiguration":` + patch + `}]}`
			r := play(t, deployWeb("crash", "task-definition-patch", patch, "verify", "false"))
			require.Contains(t, r.log, want)
		})
	}
}
