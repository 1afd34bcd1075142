package ecssim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// world is how a service looks from outside.
type world struct {
	Services []struct {
		DesiredCount, RunningCount int
		TaskDefinition             string
		Deployments                []struct {
			ID, Status, RolloutState, RolloutStateReason, TaskDefinition string
			DesiredCount, RunningCount, PendingCount, FailedTasks        int
			CreatedAt                                                    float64
		}
		Events []struct{ Message string }
	}
	ServiceDeployments []struct {
		ServiceDeploymentArn, Status, StatusReason, TargetServiceRevisionArn string
		Rollback                                                             struct{ ServiceRevisionArn string }
	}
}

func look(t *testing.T, s *Sim, operation, body string) (w world) {
	t.Helper()
	_, answer := ask(t, s, operation, body)
	text, err := json.Marshal(answer)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &w))
	return w
}

// update registers a new revision and deploys it.
func update(t *testing.T, s *Sim) world {
	t.Helper()
	ask(t, s, "RegisterTaskDefinition", `{"family":"web","containerDefinitions":[{"name":"app","image":"web:v2","portMappings":[{"containerPort":8080}]}]}`)
	_, answer := ask(t, s, "UpdateService", `{"cluster":"main","service":"web","taskDefinition":"web"}`)
	text, err := json.Marshal(map[string]any{"services": []any{answer["service"]}})
	require.NoError(t, err)
	var w world
	require.NoError(t, json.Unmarshal(text, &w))
	return w
}

// As recorded answers of UpdateService show, all counts of the new deployment are 0, the old one
// keeps its rolloutState, and the service its desired count.
func TestADeploymentIsBornWithCountsOfZero(t *testing.T) {
	service := update(t, New(named(t, "healthy"))).Services[0]
	require.Len(t, service.Deployments, 2)
	mine, old := service.Deployments[0], service.Deployments[1]
	require.Equal(t, "PRIMARY", mine.Status)
	require.Equal(t, "IN_PROGRESS", mine.RolloutState)
	require.Equal(t, "ECS deployment "+mine.ID+" in progress.", mine.RolloutStateReason)
	require.Zero(t, mine.DesiredCount+mine.RunningCount+mine.PendingCount+mine.FailedTasks)
	require.Equal(t, "ACTIVE", old.Status)
	require.Equal(t, "COMPLETED", old.RolloutState)
	require.Equal(t, 2, old.RunningCount)
	require.Equal(t, 2, service.DesiredCount)
	require.Regexp(t, `^ecs-svc/[0-9]{19}$`, mine.ID)
}

func TestHealthyRollout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(named(t, "healthy"))
		mine := update(t, s).Services[0].Deployments[0]
		require.Empty(t, look(t, s, "ListServiceDeployments", `{"cluster":"main","service":"web","createdAt":{"after":`+fmt.Sprint(mine.CreatedAt)+`}}`).ServiceDeployments,
			"a service deployment is not listed at once")
		for range 120 { // never fewer than the desired tasks run, and never more than twice as many
			time.Sleep(time.Second)
			running := look(t, s, "DescribeServices", theService).Services[0].RunningCount
			require.GreaterOrEqual(t, running, 2)
			require.LessOrEqual(t, running, 4)
		}
		service := look(t, s, "DescribeServices", theService).Services[0]
		require.Len(t, service.Deployments, 1)
		require.Equal(t, mine.ID, service.Deployments[0].ID)
		require.Equal(t, "COMPLETED", service.Deployments[0].RolloutState)
		require.Equal(t, "(service web) has reached a steady state.", service.Events[0].Message)
		require.Equal(t, "(service web) (deployment "+mine.ID+") deployment completed.", service.Events[1].Message)

		listed := look(t, s, "ListServiceDeployments", `{"cluster":"main","service":"web"}`).ServiceDeployments
		require.Equal(t, "SUCCESSFUL", listed[0].Status)
		require.True(t, strings.HasSuffix(listed[0].TargetServiceRevisionArn, strings.TrimPrefix(mine.ID, "ecs-svc")),
			"the two families of the API are joined by the number")
	})
}

// A rollback makes the old deployment PRIMARY again, with its own id and creation time: seen in a
// recorded one. At its end the service looks as it did before.
func TestRollBackReusesTheOldDeployment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(named(t, "crash-rollback"))
		before := look(t, s, "DescribeServices", theService).Services[0].Deployments[0]
		update(t, s)
		var reasons []string
		for range 300 {
			time.Sleep(time.Second)
			reason := look(t, s, "DescribeServices", theService).Services[0].Deployments[0].RolloutStateReason
			if len(reasons) == 0 || reasons[len(reasons)-1] != reason {
				reasons = append(reasons, reason)
			}
		}
		after := look(t, s, "DescribeServices", theService).Services[0]
		require.Len(t, after.Deployments, 1)
		require.Equal(t, before, after.Deployments[0])
		require.Contains(t, reasons, "ECS deployment circuit breaker: rolling back to deploymentId "+before.ID+".")

		listed := look(t, s, "ListServiceDeployments", `{"cluster":"main","service":"web"}`).ServiceDeployments
		described := look(t, s, "DescribeServiceDeployments", fmt.Sprintf(`{"serviceDeploymentArns":[%q]}`, listed[0].ServiceDeploymentArn)).ServiceDeployments[0]
		require.Equal(t, "ROLLBACK_SUCCESSFUL", described.Status)
		require.Equal(t, "Service deployment rolled back because the circuit breaker threshold was exceeded.", described.StatusReason)
		require.True(t, strings.HasSuffix(described.Rollback.ServiceRevisionArn, strings.TrimPrefix(before.ID, "ecs-svc")))
	})
}

// Without rollback the failed deployment stays PRIMARY, and the service names its revision, while
// the old tasks run on: deployment-circuit-breaker in the guide.
func TestFailureWithoutRollBackStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(named(t, "crash"))
		update(t, s)
		time.Sleep(10 * time.Minute)
		service := look(t, s, "DescribeServices", theService).Services[0]
		require.Len(t, service.Deployments, 2)
		require.Equal(t, "FAILED", service.Deployments[0].RolloutState)
		require.Equal(t, "PRIMARY", service.Deployments[0].Status)
		require.Equal(t, "ECS deployment circuit breaker: tasks failed to start.", service.Deployments[0].RolloutStateReason)
		require.Equal(t, 2, service.Deployments[1].RunningCount)
		require.Equal(t, service.Deployments[0].TaskDefinition, service.TaskDefinition)
		require.Equal(t, "STOPPED", look(t, s, "ListServiceDeployments", `{"cluster":"main","service":"web"}`).ServiceDeployments[0].Status)
	})
}

// StopServiceDeployment rolls back whatever is under way, also without a circuit breaker; what has
// ended cannot be stopped. The errors are unverified.
func TestStopServiceDeployment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(named(t, "stuck"))
		update(t, s)
		time.Sleep(5 * time.Second)
		arn := look(t, s, "ListServiceDeployments", `{"cluster":"main","service":"web"}`).ServiceDeployments[0].ServiceDeploymentArn
		status, answer := ask(t, s, "StopServiceDeployment", fmt.Sprintf(`{"serviceDeploymentArn":%q,"stopType":"ABORT"}`, arn))
		require.Equal(t, http.StatusBadRequest, status)
		require.Equal(t, "InvalidParameterException", answer["__type"])

		status, answer = ask(t, s, "StopServiceDeployment", fmt.Sprintf(`{"serviceDeploymentArn":%q,"stopType":"ROLLBACK"}`, arn))
		require.Equal(t, http.StatusOK, status, answer)
		var statuses []string
		for range 60 {
			time.Sleep(time.Second)
			statuses = append(statuses, look(t, s, "DescribeServiceDeployments", fmt.Sprintf(`{"serviceDeploymentArns":[%q]}`, arn)).ServiceDeployments[0].Status)
		}
		require.Equal(t, []string{"ROLLBACK_REQUESTED", "ROLLBACK_IN_PROGRESS", "ROLLBACK_SUCCESSFUL"}, slices.Compact(statuses))
		status, answer = ask(t, s, "StopServiceDeployment", fmt.Sprintf(`{"serviceDeploymentArn":%q}`, arn))
		require.Equal(t, http.StatusBadRequest, status)
		require.Equal(t, "ConflictException", answer["__type"])
	})
}

func TestStoppedTasksTellWhy(t *testing.T) {
	for scenario, want := range map[string]string{
		"crash":         "Essential container in task exited",
		"bad-image":     "CannotPullContainerError: pull image manifest has been retried 7 time(s): failed to resolve ref web:v2: web:v2: not found",
		"out-of-memory": "OutOfMemoryError: Container killed due to memory usage",
		"unhealthy":     "Task failed ELB health checks in (target-group arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/web/6d0ecf831eec9f09)",
	} {
		t.Run(scenario, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := New(named(t, scenario))
				mine := update(t, s).Services[0].Deployments[0]
				time.Sleep(2 * time.Minute)
				_, listed := ask(t, s, "ListTasks", `{"cluster":"main","serviceName":"web","desiredStatus":"STOPPED"}`)
				require.NotEmpty(t, listed["taskArns"])
				arns, err := json.Marshal(listed["taskArns"])
				require.NoError(t, err)
				_, described := ask(t, s, "DescribeTasks", `{"cluster":"main","tasks":`+string(arns)+`}`)
				text, err := json.Marshal(described["tasks"])
				require.NoError(t, err)
				require.Contains(t, string(text), want)
				require.Contains(t, string(text), `"startedBy":"`+mine.ID+`"`)

				time.Sleep(3 * time.Hour) // they are forgotten, after an hour at the least
				_, described = ask(t, s, "DescribeTasks", `{"cluster":"main","tasks":`+string(arns)+`}`)
				require.Empty(t, described["tasks"])
			})
		})
	}
}

func TestScenariosAreTheSameEveryTime(t *testing.T) {
	require.Equal(t, update(t, New(named(t, "healthy"))).Services[0].Deployments[0].ID, update(t, New(named(t, "healthy"))).Services[0].Deployments[0].ID)
	_, err := Named("sunshine")
	require.ErrorContains(t, err, `no scenario is called "sunshine": there are healthy, slow, crash,`)
}

// A token that was used starts nothing twice, and the log of a task is read page by page.
func TestTasksThatRunOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(named(t, "healthy"))
		const run = `{"cluster":"main","taskDefinition":"web:41","clientToken":"a","count":2,"startedBy":"me","networkConfiguration":{"awsvpcConfiguration":{"subnets":["s"]}}}`
		status, first := ask(t, s, "RunTask", run)
		require.Equal(t, http.StatusOK, status, first)
		_, second := ask(t, s, "RunTask", run)
		require.Equal(t, first["tasks"], second["tasks"])
		require.Len(t, first["tasks"], 2)
		task := first["tasks"].([]any)[0].(map[string]any)
		require.Equal(t, "me", task["startedBy"])
		require.Equal(t, "family:web", task["group"])

		arn := task["taskArn"].(string)
		stream := `"logGroupName":"/ecs/web","logStreamName":"web/app/` + arn[strings.LastIndexByte(arn, '/')+1:] + `"`
		_, answer := ask(t, s, "GetLogEvents", `{`+stream+`}`)
		require.Equal(t, "ResourceNotFoundException", answer["__type"])
		time.Sleep(time.Minute) // virtual
		_, answer = ask(t, s, "GetLogEvents", `{`+stream+`,"startFromHead":true,"limit":3}`)
		require.Len(t, answer["events"], 3)
		_, answer = ask(t, s, "GetLogEvents", `{`+stream+`,"startFromHead":true,"nextToken":"`+answer["nextForwardToken"].(string)+`"}`)
		require.Len(t, answer["events"], 1)
		end := answer["nextForwardToken"].(string)
		_, answer = ask(t, s, "GetLogEvents", `{`+stream+`,"nextToken":"`+end+`"}`)
		require.Empty(t, answer["events"])
		require.Equal(t, end, answer["nextForwardToken"])

		_, answer = ask(t, s, "DescribeTasks", `{"cluster":"main","tasks":["`+arn+`"]}`)
		containers := answer["tasks"].([]any)[0].(map[string]any)["containers"].([]any)
		require.EqualValues(t, 0, containers[0].(map[string]any)["exitCode"])
		require.EqualValues(t, 137, containers[1].(map[string]any)["exitCode"], "what is not essential is killed")
	})
}

// The stages of a deployment that shifts traffic, and the traffic in each.
func TestStages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(named(t, "linear"))
		update(t, s)
		var seen []string
		for range 600 {
			time.Sleep(time.Second) // virtual
			_, listed := ask(t, s, "ListServiceDeployments", `{"cluster":"main","service":"web"}`)
			arn := listed["serviceDeployments"].([]any)[0].(map[string]any)["serviceDeploymentArn"].(string)
			_, answer := ask(t, s, "DescribeServiceDeployments", `{"serviceDeploymentArns":["`+arn+`"]}`)
			d := answer["serviceDeployments"].([]any)[0].(map[string]any)
			if d["status"] != "IN_PROGRESS" {
				continue
			}
			at := fmt.Sprint(d["lifecycleStage"], " ", d["targetServiceRevision"].(map[string]any)["requestedProductionTrafficWeight"])
			if len(seen) == 0 || seen[len(seen)-1] != at {
				seen = append(seen, at)
			}
		}
		require.Equal(t, []string{
			"PRE_SCALE_UP 0", "SCALE_UP 0", "POST_SCALE_UP 0", "TEST_TRAFFIC_SHIFT 0", "POST_TEST_TRAFFIC_SHIFT 0", "PRE_PRODUCTION_TRAFFIC_SHIFT 0",
			"PRODUCTION_TRAFFIC_SHIFT 25", "PRE_PRODUCTION_TRAFFIC_SHIFT 25", "PRODUCTION_TRAFFIC_SHIFT 50", "PRE_PRODUCTION_TRAFFIC_SHIFT 50", "PRODUCTION_TRAFFIC_SHIFT 75", "PRE_PRODUCTION_TRAFFIC_SHIFT 75", "PRODUCTION_TRAFFIC_SHIFT 100",
			"POST_PRODUCTION_TRAFFIC_SHIFT 100", "BAKE_TIME 100", "CLEAN_UP 100",
		}, seen)
	})
}

// A scenario is the caller's own: what one does to it, the next does not see.
func TestScenariosAreNotChangedByTheirUsers(t *testing.T) {
	mine, err := Named("oidc")
	require.NoError(t, err)
	require.NotEmpty(t, mine.Env)
	clear(mine.Env)
	mine.Denying("UpdateService")
	fleet := Fleet(3)
	before := slices.Clone(fleet.others)
	fleet.Taking(time.Hour)
	require.Equal(t, before, fleet.others)
	again, err := Named("oidc")
	require.NoError(t, err)
	require.NotEmpty(t, again.Env)
	require.Nil(t, again.policies)
}
