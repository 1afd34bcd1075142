package action

import (
	"bytes"
	"encoding/json"
	"io"

	"maps"
	"math/rand/v2"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"ecs-deploy/internal/cloud"
	"ecs-deploy/internal/ecssim"
)

// send makes one request as another client would, and returns the answer.
func send(t *testing.T, sim *ecssim.Sim, operation, body string) []byte {
	t.Helper()
	request, err := http.NewRequest(http.MethodPost, "http://ecs.invalid/", strings.NewReader(body))
	require.NoError(t, err)
	request.Header.Set("X-Amz-Target", "AmazonEC2ContainerServiceV20141113."+operation)
	request.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=another/20261109/eu-west-1/ecs/aws4_request")
	response, err := sim.Do(request)
	require.NoError(t, err)
	answer, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, response.StatusCode, string(answer))
	return answer
}

// inBubble runs the action against a simulator that prepare has had its way with.
func inBubble(t *testing.T, s step, prepare func(*ecssim.Sim), check func(sim *ecssim.Sim, code int, log string)) {
	t.Helper()
	scenario, err := ecssim.Named(s.Scenario)
	require.NoError(t, err)
	env := runnerEnv(t, s.With)
	synctest.Test(t, func(t *testing.T) {
		sim := ecssim.New(scenario.Denying(s.Deny...))
		if prepare != nil {
			prepare(sim)
		}
		var log bytes.Buffer
		code := Run(t.Context(), Env{
			Getenv: func(name string) string { return env[name] },
			Stdout: &log, Jitter: rand.New(rand.NewPCG(3, 4)).Float64, HTTP: sim,
		})
		check(sim, code, log.String())
	})
}

// outlandish is a task definition as no SDK knows it: a member that is new, empty strings and labels,
// a number of 20 digits, tags.
const outlandish = `{
  "family": "web", "networkMode": "awsvpc", "brandNewField": {"deep": [{"er": 1.50}], "nothing": null},
  "containerDefinitions": [{
    "name": "app", "image": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/web:v1",
    "portMappings": [{"containerPort": 8080}],
    "environment": [{"name": "EMPTY", "value": ""}, {"name": "ANGLES", "value": "<&>"}],
    "dockerLabels": {"": "", "empty": ""}, "command": ["sh", "-c", ""],
    "ulimits": [{"name": "nofile", "softLimit": 0, "hardLimit": 12345678901234567890}],
    "unheardOf": "kept"
  }],
  "tags": [{"key": "team", "value": ""}, {"key": "stage", "value": "live"}]
}`

func TestNothingOfTheTaskDefinitionIsLostOnTheWire(t *testing.T) {
	step := deployWeb("healthy", "task-definition", "web")
	inBubble(t, step, func(sim *ecssim.Sim) { send(t, sim, "RegisterTaskDefinition", outlandish) },
		func(sim *ecssim.Sim, code int, log string) {
			require.Zero(t, code, log)
			sent := bodies(sim, "RegisterTaskDefinition")
			require.Len(t, sent, 2)

			// What ECS fills in by itself comes back too; nothing else may differ but the image.
			var want, got map[string]any
			require.NoError(t, unmarshal(outlandish, &want))
			require.NoError(t, unmarshal(sent[1], &got))
			container := want["containerDefinitions"].([]any)[0].(map[string]any)
			container["image"] = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/web:v2"
			for name, value := range map[string]any{
				"cpu": json.Number("0"), "essential": true, "mountPoints": []any{},
				"systemControls": []any{}, "volumesFrom": []any{},
			} {
				container[name] = value
			}
			want["volumes"], want["placementConstraints"] = []any{}, []any{}
			require.Equal(t, want, got)
		})
}

func unmarshal(text string, into any) error {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	return decoder.Decode(into)
}

func TestNothingUnaskedIsSent(t *testing.T) {
	inBubble(t, deployWeb("healthy"), nil, func(sim *ecssim.Sim, code int, log string) {
		require.Zero(t, code, log)
		require.JSONEq(t, `{"cluster":"main","service":"web","taskDefinition":"arn:aws:ecs:eu-west-1:123456789012:task-definition/web:42"}`,
			bodies(sim, "UpdateService")[0])
	})
	asked := deployWeb("healthy", "desired-count", "0", "minimum-healthy-percent", "0", "maximum-percent", "150", "force-new-deployment", "true")
	inBubble(t, asked, nil, func(sim *ecssim.Sim, code int, log string) {
		require.Zero(t, code, log)
		require.JSONEq(t, `{"cluster":"main","service":"web","taskDefinition":"arn:aws:ecs:eu-west-1:123456789012:task-definition/web:42",
		  "desiredCount":0,"forceNewDeployment":true,"deploymentConfiguration":{"minimumHealthyPercent":0,"maximumPercent":150}}`,
			bodies(sim, "UpdateService")[0])
	})
}

func TestServicePatchIsSentAsItIs(t *testing.T) {
	patch := "healthCheckGracePeriodSeconds: 90\ndeploymentConfiguration:\n  minimumHealthyPercent: 50\nfieldOfTomorrow: {bake: 12345678901234567890, nothing: []}\n"
	inBubble(t, deployWeb("healthy", "service-patch", patch, "maximum-percent", "150"), nil, func(sim *ecssim.Sim, code int, log string) {
		require.Zero(t, code, log)
		require.Equal(t, `{"cluster":"main","service":"web","taskDefinition":"arn:aws:ecs:eu-west-1:123456789012:task-definition/web:42",`+
			`"deploymentConfiguration":{"maximumPercent":150,"minimumHealthyPercent":50},"healthCheckGracePeriodSeconds":90,`+
			`"fieldOfTomorrow":{"bake":12345678901234567890,"nothing":[]}}`, bodies(sim, "UpdateService")[0])
	})
}

func TestMistakesChangeNothing(t *testing.T) {
	for name, with := range map[string]map[string]string{
		"no such service":         {"service": "wev"},
		"no such cluster":         {"cluster": "mian"},
		"no such task definition": {"task-definition": "wev"},
		"nothing matches":         {"image": "nginx:1"},
		"dry run":                 {"dry-run": "true"},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, deployWeb("healthy").but(with), nil, func(sim *ecssim.Sim, _ int, log string) {
				counts := calls(sim)
				require.NotEmpty(t, counts, log)
				require.Zero(t, counts["RegisterTaskDefinition"]+counts["UpdateService"], log)
			})
		})
	}
	inBubble(t, deployWeb("healthy", "timeout", "soon"), nil, func(sim *ecssim.Sim, code int, log string) {
		require.Equal(t, 2, code, log)
		require.Empty(t, sim.Calls(), "bad inputs are refused before any call")
	})
}

func TestAFewCallsBeforeTheUpdateAndTwoARoundAfterIt(t *testing.T) {
	inBubble(t, deployWeb("healthy"), nil, func(sim *ecssim.Sim, code int, log string) {
		require.Zero(t, code, log)
		before := slices.IndexFunc(sim.Calls(), func(call ecssim.Call) bool { return call.Operation == "UpdateService" })
		looks, calls := 0, 0
		seen := len(sim.Calls()) - 2 // and at the end what the tasks run
		require.Equal(t, []string{"ListTasks", "DescribeTasks"}, operationsOf(sim.Calls()[seen:]))
		for _, operation := range operationsOf(sim.Calls()[before+1 : seen]) {
			if calls++; operation == "DescribeServices" {
				looks, calls = looks+1, 1
			}
			require.LessOrEqual(t, calls, 2, "of look %d", looks)
		}
		// The checks are made at the same time, and count as one.
		require.Equal(t, []string{"DescribeServices", "DescribeTaskDefinition"}, operationsOf(sim.Calls()[:2]))
		require.Equal(t, []string{"BatchGetImage", "DescribeLogGroups", "DescribeParameters", "GetRole", "GetRole"}, slices.Sorted(slices.Values(operationsOf(sim.Calls()[2:before-1]))))
		require.Equal(t, []string{"RegisterTaskDefinition", "UpdateService"}, operationsOf(sim.Calls()[before-1:before+1]))
		require.Less(t, looks, 80, "in a minute and a half")
	})
}

func operationsOf(calls []ecssim.Call) []string {
	var names []string
	for _, call := range calls {
		names = append(names, call.Operation)
	}
	return names
}

func TestTheEndIsNoticedWithinThreeSeconds(t *testing.T) {
	for _, scenario := range []string{"healthy", "slow", "crash", "crash-rollback", "bad-image", "unhealthy"} {
		t.Run(scenario, func(t *testing.T) {
			inBubble(t, deployWeb(scenario), nil, func(sim *ecssim.Sim, _ int, log string) {
				ended := time.Now()
				var answer struct {
					ServiceDeployments []struct{ FinishedAt float64 }
				}
				require.NoError(t, json.Unmarshal(send(t, sim, "ListServiceDeployments", `{"cluster":"main","service":"web"}`), &answer))
				finished := time.UnixMilli(int64(answer.ServiceDeployments[0].FinishedAt * 1000))
				require.Less(t, ended.Sub(finished), 3*time.Second, log)
				require.GreaterOrEqual(t, ended.Sub(finished), time.Duration(0), "the verdict must not come before the end")
			})
		})
	}
}

func TestALostAnswerStartsNoSecondDeployment(t *testing.T) {
	for name, with := range map[string]map[string]string{
		"of a new revision":   {},
		"of the same, forced": {"image": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/web:v1"},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, deployWeb("flaky").but(with), nil, func(sim *ecssim.Sim, code int, log string) {
				require.Zero(t, code, log)
				require.Len(t, bodies(sim, "UpdateService"), 1, "the first answer is lost, and the deployment is there")
			})
		})
	}
}

func TestALostAnswerOfCodeDeployStartsNoSecondDeployment(t *testing.T) {
	inBubble(t, deployWeb("codedeploy-flaky"), nil, func(sim *ecssim.Sim, code int, log string) {
		require.Zero(t, code, log)
		require.Len(t, bodies(sim, "CreateDeployment"), 1, "the first answer is lost, and the deployment is there")
	})
}

func TestTheEndOfCodeDeploysIsNoticedWithinThreeSeconds(t *testing.T) {
	for _, scenario := range []string{"codedeploy", "codedeploy-canary", "codedeploy-hook-fails", "codedeploy-alarm"} {
		t.Run(scenario, func(t *testing.T) {
			inBubble(t, deployWeb(scenario), nil, func(sim *ecssim.Sim, _ int, log string) {
				over := time.Now()
				var group struct {
					DeploymentGroupInfo struct{ LastAttemptedDeployment struct{ EndTime float64 } }
				}
				require.NoError(t, json.Unmarshal(send(t, sim, "GetDeploymentGroup", `{"applicationName":"AppECS-main-web","deploymentGroupName":"DgpECS-main-web"}`), &group))
				behind := over.Sub(time.UnixMilli(int64(group.DeploymentGroupInfo.LastAttemptedDeployment.EndTime * 1000)))
				require.Less(t, behind, 3*time.Second, log)
				require.GreaterOrEqual(t, behind, time.Duration(0), "the verdict must not come before the end")
			})
		})
	}
}

// What CodeDeploy is sent is the AppSpec with the new revision, and no more than was asked for.
func TestCodeDeployIsSentWhatWasAskedFor(t *testing.T) {
	sent := func(more ...string) map[string]any {
		var request map[string]any
		inBubble(t, deployWeb("codedeploy", more...), nil, func(sim *ecssim.Sim, code int, log string) {
			require.Zero(t, code, log)
			require.Empty(t, bodies(sim, "UpdateService"))
			require.NoError(t, json.Unmarshal([]byte(bodies(sim, "CreateDeployment")[0]), &request))
		})
		return request
	}
	require.Equal(t, map[string]any{
		"applicationName": "AppECS-main-web", "deploymentGroupName": "DgpECS-main-web",
		"revision": map[string]any{"revisionType": "AppSpecContent", "appSpecContent": map[string]any{
			"content": `{"version":0.0,"Resources":[{"TargetService":{"Type":"AWS::ECS::Service","Properties":{"LoadBalancerInfo":{"ContainerName":"app","ContainerPort":8080},"TaskDefinition":"arn:aws:ecs:eu-west-1:123456789012:task-definition/web:42"}}}]}`,
		}},
	}, sent())
	request := sent("codedeploy-deployment-description", strings.Repeat("ä", 600), "rollback-on-failure", "true", "codedeploy-deployment-config", "CodeDeployDefault.ECSAllAtOnce")
	require.Equal(t, strings.Repeat("ä", 511)+"…", request["description"])
	require.Equal(t, "CodeDeployDefault.ECSAllAtOnce", request["deploymentConfigName"])
	require.Equal(t, map[string]any{"enabled": true, "events": []any{"DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_REQUEST", "DEPLOYMENT_STOP_ON_ALARM"}}, request["autoRollbackConfiguration"])
}

func TestSilenceIsNeverTooLong(t *testing.T) {
	for _, scenario := range []string{"slow", "stuck", "throttled", "flaky", "migration-hangs", "codedeploy-ready", "codedeploy-canary", "codedeploy-flaky"} {
		t.Run(scenario, func(t *testing.T) {
			chosen, err := ecssim.Named(scenario)
			require.NoError(t, err)
			synctest.Test(t, func(t *testing.T) {
				require.Zero(t, silence(t, deployWeb(scenario, "timeout", "22m").but(chosen.With), ecssim.New(chosen)))
			})
		})
	}
	t.Run("no answer on a task that runs once", func(t *testing.T) {
		chosen, err := ecssim.Named("migration-hangs")
		require.NoError(t, err)
		synctest.Test(t, func(t *testing.T) {
			network := failing{ecssim.New(chosen), []string{"DescribeTasks"}}
			require.Zero(t, silence(t, deployWeb("migration-hangs").but(chosen.With), network))
		})
	})
}

// silence is by how much the longest of a run is too long.
func silence(t *testing.T, s step, network cloud.HTTPClient) time.Duration {
	env := runnerEnv(t, s.With)
	log := &timedLog{began: time.Now(), last: time.Now()}
	Run(t.Context(), Env{
		Getenv: func(name string) string { return env[name] },
		Stdout: log, Jitter: rand.New(rand.NewPCG(5, 6)).Float64, HTTP: network,
	})
	return log.tooLong
}

// After a failed deployment that was not rolled back, a service names the failed revision.
func TestTheRevisionThatRunsIsTheBase(t *testing.T) {
	inBubble(t, deployWeb("crash", "image", "app=123456789012.dkr.ecr.eu-west-1.amazonaws.com/web:v3", "wait-for", "none"),
		func(sim *ecssim.Sim) {
			var definition map[string]any
			require.NoError(t, unmarshal(outlandish, &definition))
			bad, err := json.Marshal(definition)
			require.NoError(t, err)
			send(t, sim, "RegisterTaskDefinition", string(bad))
			send(t, sim, "UpdateService", `{"cluster":"main","service":"web","taskDefinition":"web:42"}`)
			time.Sleep(5 * time.Minute) // virtual: until the circuit breaker has stopped it
		},
		func(sim *ecssim.Sim, code int, log string) {
			require.Zero(t, code, log)
			require.Contains(t, log, "note: the last deployment of web (web:42) failed and was not rolled back: web:41 runs")
			require.Contains(t, log, "made from web:41")
		})
}

func TestRehearsal(t *testing.T) {
	env := runnerEnv(t, deployWeb("", "simulate", "crash-rollback").With)
	var log bytes.Buffer
	began := time.Now()
	code := Run(t.Context(), Env{Getenv: func(name string) string { return env[name] }, Stdout: &log})
	require.Equal(t, 4, code, log.String())
	require.Contains(t, log.String(), "rolled back after 1m 36s")
	require.Less(t, time.Since(began), time.Minute, "the time is virtual")

	env = maps.Clone(env)
	env["INPUT_SIMULATE"] = "sunshine"
	log.Reset()
	code = Run(t.Context(), Env{Getenv: func(name string) string { return env[name] }, Stdout: &log})
	require.Equal(t, 2, code)
	require.Contains(t, log.String(), `simulate: no scenario is called "sunshine": there are healthy, slow,`)
}

func TestDemo(t *testing.T) {
	var screen bytes.Buffer
	require.Zero(t, Demo(t.Context(), nil, Env{Stdout: &screen}))
	for _, part := range []string{"▶ Rollout", "Notice: web v2 → main", "exit code 0", "Try next:\n  go run . demo -v "} {
		require.Contains(t, screen.String(), part)
	}
	require.NotContains(t, screen.String(), "──", "outputs and Markdown are for those who ask for them")
	screen.Reset()
	require.Zero(t, Demo(t.Context(), []string{"-v", "healthy"}, Env{Stdout: &screen}))
	for _, part := range []string{"▼ Rollout", "── Outputs ──", "outcome=succeeded", "── Summary ──", "## ✅ web v2 → main"} {
		require.Contains(t, screen.String(), part)
	}
	require.NotContains(t, screen.String(), "Try next")
	screen.Reset()
	require.Zero(t, Demo(t.Context(), []string{"-list"}, Env{Stdout: &screen}))
	for _, scenario := range ecssim.Scenarios() {
		require.Contains(t, screen.String(), scenario.Story)
	}
	require.Equal(t, 2, Demo(t.Context(), []string{"a", "b"}, Env{Stdout: &screen}))
}

// Where the id of the account is a secret, the runner drops what holds it from the outputs of a job.
func TestWhatHoldsTheAccountIsThereInPartsWithoutIt(t *testing.T) {
	values := map[string]string{}
	for line := range strings.Lines(play(t, deployWeb("migration", "run-before", "a", "run-after", "b")).outputs) {
		if name, value, found := strings.Cut(strings.TrimSpace(line), "="); found {
			values[name] = value
		}
	}
	parts := map[string][]string{
		"task-definition-arn":          {"task-definition-family", "task-definition-revision"},
		"previous-task-definition-arn": {"previous-task-definition-family", "previous-task-definition-revision"},
		"run-before-task-arn":          {"run-before-task-id"},
		"run-after-task-arn":           {"run-after-task-id"},
		"run-task-arn":                 {"run-before-task-id"},
		"result":                       {"outcomes"},
	}
	for name, value := range values {
		if !strings.Contains(value, "123456789012") || strings.HasPrefix(name, " ") || strings.HasPrefix(name, "+") || strings.HasPrefix(name, "-") {
			continue
		}
		require.NotEmpty(t, parts[name], "%s=%s", name, value)
		for _, part := range parts[name] {
			require.NotEmpty(t, values[part], part)
			require.NotContains(t, values[part], "123456789012")
		}
	}
}

// A step as it is written for AWS's own action sends what that action does, and what it has forgotten since.
func TestAStepForAmazonsActionSendsWhatThatDoes(t *testing.T) {
	s := readScenario(t, "amazon")
	r := play(t, s.step(t), s.workspace(t))
	require.Zero(t, r.code, r.log)
	update := bodies(r.sim, "UpdateService")
	require.Len(t, update, 1)
	require.JSONEq(t, `{"cluster":"main","service":"web","taskDefinition":"arn:aws:ecs:eu-west-1:123456789012:task-definition/web:42",
		"propagateTags":"SERVICE","enableECSManagedTags":true,"volumeConfigurations":[{"name":"data",
		"managedEBSVolume":{"sizeInGiB":20,"roleArn":"arn:aws:iam::123456789012:role/ebs","volumeInitializationRate":100}}]}`, update[0])
	task := bodies(r.sim, "RunTask")
	require.Len(t, task, 1)
	require.JSONEq(t, `{"cluster":"main","count":1,"taskDefinition":"arn:aws:ecs:eu-west-1:123456789012:task-definition/web:42","launchType":"FARGATE","platformVersion":"LATEST",
		"networkConfiguration":{"awsvpcConfiguration":{"subnets":["subnet-1","subnet-2"],"securityGroups":["sg-1","sg-2"],"assignPublicIp":"ENABLED"}},
		"overrides":{"containerOverrides":[{"name":"app","command":["bin/migrate","--all"],"environment":[{"name":"DRY","value":"no"}]}]},
		"startedBy":"pipeline","enableECSManagedTags":true,"tags":[{"key":"for","value":"migration"}]}`,
		regexp.MustCompile(`,"clientToken":"[^"]+"`).ReplaceAllString(task[0], ""))
	require.Regexp(t, `(?m)^run-task-arn=\["arn:aws:ecs:eu-west-1:123456789012:task/main/\w+"\]$`, r.outputs)
}
