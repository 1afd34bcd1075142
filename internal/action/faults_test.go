package action

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
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

// spoiler is a network on which something happens to one call: to the n-th of an operation, or to the n-th of all.
type spoiler struct {
	*ecssim.Sim
	operation string // empty: any
	at        int    // from 1; 0: all
	happens   func(r *http.Request, pass func() (*http.Response, error)) (*http.Response, error)

	mu    sync.Mutex
	calls []string
}

func (s *spoiler) Do(r *http.Request) (*http.Response, error) {
	called := operationOf(r)
	s.mu.Lock()
	s.calls = append(s.calls, called)
	n := 0
	for _, other := range s.calls {
		if s.operation == "" || other == s.operation {
			n++
		}
	}
	s.mu.Unlock()
	pass := func() (*http.Response, error) { return s.Sim.Do(r) }
	if s.happens != nil && (n == s.at || s.at == 0) && (s.operation == "" || s.operation == called) {
		return s.happens(r, pass)
	}
	return pass()
}

// operationOf is the operation that a request is for: in a header, in the body where it is a form, or in the path.
func operationOf(r *http.Request) string {
	if target := r.Header.Get("X-Amz-Target"); target != "" {
		return target[strings.LastIndexByte(target, '.')+1:]
	}
	if r.Body != nil {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		if _, action, form := strings.Cut(string(body), "Action="); form {
			action, _, _ = strings.Cut(action, "&")
			return action
		}
	}
	return r.Method + " " + strings.Split(strings.Trim(r.URL.Path, "/"), "/")[0]
}

// answered is an error of AWS's, in the shape in which the operation answers.
func answered(r *http.Request, status int, code, message string) (*http.Response, error) {
	header, body := http.Header{"X-Amzn-Errortype": {code}}, fmt.Sprintf(`{"__type":%q,"message":%q}`, code, message)
	if strings.Contains(r.Header.Get("Content-Type"), "form") {
		body = fmt.Sprintf("<ErrorResponse><Error><Code>%s</Code><Message>%s</Message></Error></ErrorResponse>", code, message)
	}
	return &http.Response{StatusCode: status, Header: header, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
}

// faults are what happens to calls.
var faults = map[string]func(*http.Request, func() (*http.Response, error)) (*http.Response, error){
	"throttled": func(r *http.Request, _ func() (*http.Response, error)) (*http.Response, error) {
		return answered(r, http.StatusBadRequest, "ThrottlingException", "Rate exceeded")
	},
	"fault of the server": func(r *http.Request, _ func() (*http.Response, error)) (*http.Response, error) {
		return answered(r, http.StatusInternalServerError, "ServerException", "Service Unavailable. Please try again later.")
	},
	"dropped before": func(*http.Request, func() (*http.Response, error)) (*http.Response, error) {
		return nil, errors.New("connection reset by peer")
	},
	"dropped after": func(_ *http.Request, pass func() (*http.Response, error)) (*http.Response, error) {
		if _, err := pass(); err != nil {
			return nil, err
		}
		return nil, io.ErrUnexpectedEOF
	},
	"cut off": func(_ *http.Request, pass func() (*http.Response, error)) (*http.Response, error) {
		response, err := pass()
		if err != nil {
			return nil, err
		}
		body, err := io.ReadAll(response.Body)
		response.Body, response.ContentLength = io.NopCloser(bytes.NewReader(body[:len(body)/2])), int64(len(body)/2)
		return response, err
	},
	"empty": func(_ *http.Request, pass func() (*http.Response, error)) (*http.Response, error) {
		response, err := pass()
		if err == nil {
			response.Body, response.ContentLength = io.NopCloser(strings.NewReader("")), 0
		}
		return response, err
	},
	"stalled": func(r *http.Request, pass func() (*http.Response, error)) (*http.Response, error) {
		select {
		case <-time.After(30 * time.Second):
			return pass()
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	},
	"expired": func(r *http.Request, _ func() (*http.Response, error)) (*http.Response, error) {
		return answered(r, http.StatusBadRequest, "ExpiredTokenException", "The security token included in the request is expired")
	},
}

// left is what a run leaves.
type left struct {
	code          int
	log           string
	outputs       map[string]string
	calls         []string
	took          time.Duration
	before, begun ecssim.Begun // when it came, and when it had ended
	runs          []string     // the revision of the service's PRIMARY deployment or task set
	images        []string     // of container app of that
	ended         time.Time
}

// on runs a step on a spoilt network, to its end or until it is cancelled. More steps are run on the same world after it.
func on(t *testing.T, s step, spoil func(*spoiler), cancel func(*spoiler, context.CancelFunc), more ...step) (all []left) {
	t.Helper()
	scenario, err := ecssim.Named(s.Scenario)
	require.NoError(t, err)
	synctest.Test(t, func(t *testing.T) {
		network := &spoiler{Sim: hurried(scenario)}
		if spoil != nil {
			spoil(network)
		}
		for i, s := range append([]step{s}, more...) {
			if i > 0 {
				time.Sleep(10 * time.Minute) // virtual: until AWS has done what it has begun
			}
			ctx, stop := context.WithCancel(t.Context())
			if i == 0 && cancel != nil {
				cancel(network, stop)
			}
			all = append(all, leaves(ctx, t, s, network))
			stop()
			network.happens = nil
		}
	})
	return all
}

func leaves(ctx context.Context, t *testing.T, s step, network *spoiler) left {
	t.Helper()
	env := runnerEnv(t, s.With)
	maps.Copy(env, s.Env)
	env["GITHUB_OUTPUT"] = filepath.Join(t.TempDir(), "output")
	var log bytes.Buffer
	began := time.Now()
	before := len(network.calls)
	l := left{before: network.Begun("main")}
	l.code = Run(ctx, Env{Getenv: func(name string) string { return env[name] }, Stdout: &log, Jitter: func() float64 { return 0.5 }, HTTP: network})
	l.took = time.Since(began)
	l.log = log.String()
	l.ended = time.Now()
	l.calls = slices.Clone(network.calls[before:])
	l.outputs = outputsIn(t, env["GITHUB_OUTPUT"])
	l.see(t, network.Sim)
	return l
}

// see looks at the world itself.
func (l *left) see(t *testing.T, sim *ecssim.Sim) {
	t.Helper()
	l.begun = sim.Begun("main")
	var described struct {
		Services []struct {
			Deployments, TaskSets []struct{ Status, TaskDefinition, RolloutState string }
		}
	}
	require.NoError(t, unmarshal(string(send(t, sim, "DescribeServices", `{"cluster":"main","services":["web"]}`)), &described))
	for _, service := range described.Services {
		for _, d := range append(service.Deployments, service.TaskSets...) {
			if d.Status == "PRIMARY" {
				l.runs = append(l.runs, d.TaskDefinition[strings.LastIndexByte(d.TaskDefinition, '/')+1:])
			}
		}
	}
	for _, revision := range l.runs {
		var described struct {
			TaskDefinition struct {
				ContainerDefinitions []struct{ Name, Image string }
			}
		}
		require.NoError(t, unmarshal(string(send(t, sim, "DescribeTaskDefinition", `{"taskDefinition":"`+revision+`"}`)), &described))
		for _, container := range described.TaskDefinition.ContainerDefinitions {
			if container.Name == "app" {
				l.images = append(l.images, container.Image)
			}
		}
	}
}

// spoilt are the steps whose calls are spoilt: together they make every call that there is.
var spoilt = []struct {
	name string
	step step
}{
	{"deploy", deployWeb("healthy", "run-before", "bin/migrate", "keep-revisions", "1", "scheduled-tasks", "rule:nightly, schedule:reports/monthly",
		"secrets", "API_KEY=arn:aws:secretsmanager:eu-west-1:123456789012:secret:api-key\nDB=db-password")},
	{"fail", deployWeb("crash", "rollback-on-failure", "true")},
	{"stuck", deployWeb("stuck", "timeout", "1m", "rollback-on-failure", "true")},
	{"unhealthy", deployWeb("never-healthy", "timeout", "2m")},
	{"hang", deployWeb("migration-hangs", "run-before", "{command: bin/migrate, timeout: 1m}")},
	{"codedeploy", deployWeb("codedeploy-crash", "rollback-on-failure", "true")},
	{"continue", operate("waiting", "continue")},
	{"go on", operate("codedeploy-waiting", "continue")},
	{"go back", operate("two-deployments", "rollback")},
	{"shift back", operate("codedeploy", "rollback")},
	{"lattice", deployWeb("lattice", "wait-for", "running")},
	{"daemon", deployAgent("managed-daemon")},
	{"daemon goes back", deployAgent("managed-daemon", "image", "", "operation", "rollback")},
	{"daemon is stuck", deployAgent("managed-daemon-stuck", "timeout", "5m", "rollback-on-failure", "true")},
}

// thorough has the whole of a matrix tried, as .ci/run does, and else one case of two.
var thorough = flag.Bool("thorough", false, "try the whole of the large matrices")

// hurried is the world of a scenario that runs faster than the clock, so that it is looked at less often until something
// happens; in the whole of a matrix it does not.
func hurried(scenario ecssim.Scenario) *ecssim.Sim {
	sim := ecssim.New(scenario)
	if !*thorough {
		sim.SetPace(hurriedPace)
	}
	return sim
}

const hurriedPace = 5

// leftOut has a case of a matrix left out under -short, four out of five of them, other ones each time: the race detector
// is slow.
func leftOut() bool { return testing.Short() && rand.IntN(5) != 0 }

// What happens to one call changes nothing, or is told: the outcome is the one without it, or AWS is said to have
// refused. Nothing is done twice, and the outputs are there. An operation is spoilt in the first step that calls it, and
// once more where a deployment is rolled back.
func TestOneSpoiltCall(t *testing.T) {
	seen := map[string]bool{}
	for _, spoilt := range spoilt {
		clean := on(t, spoilt.step, nil, nil)[0]
		counts := map[string]int{}
		for _, call := range clean.calls {
			counts[call]++
		}
		for _, operation := range slices.Sorted(maps.Keys(counts)) {
			count := counts[operation]
			positions := slices.Compact([]int{1, (count + 1) / 2, count})
			switch {
			case seen[operation] && spoilt.name != "fail":
				continue
			case seen[operation]: // it comes late, while a deployment is rolled back
				positions = positions[len(positions)-1:]
			}
			seen[operation] = true
			for _, at := range positions {
				for i, fault := range slices.Sorted(maps.Keys(faults)) {
					if leftOut() || !*thorough && (i+at)%4 > 0 {
						continue
					}
					happens := faults[fault]
					t.Run(fmt.Sprintf("%s/%s %d/%s", spoilt.name, operation, at, fault), func(t *testing.T) {
						t.Parallel()
						l := on(t, spoilt.step, func(n *spoiler) {
							n.operation = operation
							n.at = at
							n.happens = happens
						}, nil)[0]
						l.requireHonest(t, clean)
					})
				}
			}
		}
	}
	require.Len(t, seen, 47, "every operation that is called anywhere")
}

func (l left) requireHonest(t *testing.T, clean left) {
	t.Helper()
	if l.code == clean.code {
		require.Equal(t, clean.outputs["outcome"], l.outputs["outcome"], l.log)
	} else {
		require.Contains(t, []int{1, 3, 5}, l.code, l.log)
		require.Regexp(t, `::error .*(the AWS credentials have expired)`, l.log, "what is not ridden out is told")
	}
	if l.code == 0 || l.code == 4 {
		require.Equal(t, clean.runs, l.runs, l.log)
	}
	require.LessOrEqual(t, l.begun.Revisions, clean.begun.Revisions, "no revision is registered twice\n%s", l.log)
	require.LessOrEqual(t, l.begun.Deployments, clean.begun.Deployments, "no deployment is started twice\n%s", l.log)
	require.LessOrEqual(t, l.begun.Tasks, clean.begun.Tasks, "no task is started twice\n%s", l.log)
	require.LessOrEqual(t, l.took, clean.took+3*time.Minute, l.log)
	for _, output := range []string{"outcome", "reason", "result", "duration-seconds", "outcomes"} {
		require.NotEmpty(t, l.outputs[output], "%s\n%s", output, l.log)
	}
	require.True(t, json.Valid([]byte(l.outputs["result"])))
	requireWellFormed(t, l.log)
}

// A run that is cancelled at any of its calls, before, amid or after the call, ends before the runner kills it, says how things
// were left, and the next run deploys as if nothing had been.
func TestCancelledAtAnyCall(t *testing.T) {
	for name, s := range map[string]step{
		"left alone": deployWeb("healthy"), "rolled back": deployWeb("healthy", "rollback-on-failure", "true"),
		"by CodeDeploy":             deployWeb("codedeploy", "wait-for", "running"),
		"rolled back by CodeDeploy": deployWeb("codedeploy", "wait-for", "running", "rollback-on-failure", "true"),
	} {
		calls := on(t, s, nil, nil)[0].calls
		updated := max(slices.Index(calls, "UpdateService"), slices.Index(calls, "CreateDeployment")) + 1
		for at := 1; at <= len(calls); at++ {
			if at > updated+3 && at%(len(calls)/3) != 0 {
				continue // it looks, and looks again
			}
			for _, when := range []string{"before", "amid", "after"} {
				if leftOut() {
					continue
				}
				t.Run(fmt.Sprintf("%s/%d %s/%s", name, at, calls[at-1], when), func(t *testing.T) {
					t.Parallel()
					var cancelled time.Time
					runs := on(t, s, nil, func(n *spoiler, cancel context.CancelFunc) {
						n.at = at
						n.happens = func(_ *http.Request, pass func() (*http.Response, error)) (*http.Response, error) {
							if when == "before" {
								cancel()
							}
							response, err := pass()
							cancel()
							cancelled = time.Now()
							if when == "amid" { // it has its effect, and nobody waits for the answer
								return nil, context.Canceled
							}
							return response, err
						}
					}, s)
					first, second := runs[0], runs[1]
					requireWellFormed(t, first.log)
					require.LessOrEqual(t, first.ended.Sub(cancelled), 7500*time.Millisecond, "the runner signals again then\n%s", first.log)
					if first.code != 0 { // else the call was the last that mattered
						require.Equal(t, 130, first.code, first.log)
						require.Equal(t, "cancelled", first.outputs["outcome"], first.log)
						if first.begun.Deployments > first.before.Deployments {
							require.Regexp(t, "Nothing was rolled back|was asked to roll back|succeeded in the meantime|goes on", first.log)
						}
					}
					require.Zero(t, second.code, second.log)
					require.Contains(t, []string{"succeeded", "unchanged"}, second.outputs["outcome"])
					require.Equal(t, []string{"123456789012.dkr.ecr.eu-west-1.amazonaws.com/web:v2"}, second.images, "it runs what was asked for\n%s", second.log)
				})
			}
		}
	}
}

// A file says less than ECS answers, and may be escaped in another way: the revision that was registered is found all the
// same when the answer got lost, and not registered again.
func TestALostAnswerFindsTheRevisionOfAFile(t *testing.T) {
	workspace := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(workspace, "td.json"), []byte(`{"family": "web", "nobodyKnows": 1, "containerDefinitions": [
	  {"name": "app", "image": "x.io\/web:1", "portMappings": [{"containerPort": 8080}], "environment": [{"name": "A", "value": "caf\u00e9"}]}]}`), 0o644))
	s := step{Scenario: "healthy", With: map[string]string{"cluster": "main", "service": "web", "task-definition": "td.json"}, Env: map[string]string{"GITHUB_WORKSPACE": workspace}}
	for _, fault := range []string{"dropped after", "cut off", "empty"} {
		require.Contains(t, faults, fault)
		l := on(t, s, func(n *spoiler) {
			n.operation = "RegisterTaskDefinition"
			n.at = 1
			n.happens = faults[fault]
		}, nil)[0]
		require.Zero(t, l.code, l.log)
		require.Equal(t, l.before.Revisions+1, l.begun.Revisions, l.log)
		require.Equal(t, []string{"web:42"}, l.runs)
		require.Contains(t, l.log, `ECS did not keep "nobodyKnows"`)
	}
}
