package action

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"ecs-deploy/internal/ecssim"
)

// deployFleet is a step for all services of a fleet.
func deployFleet(services int) step {
	names := []string{"web"}
	for i := range services {
		names = append(names, fmt.Sprintf("web-%03d", i+1))
	}
	return deployWeb("", "service", strings.Join(names, ","))
}

func TestFleetsStayWithinTheLimitsOfECS(t *testing.T) {
	for _, services := range []int{9, 99, 299} {
		t.Run(fmt.Sprint(services), func(t *testing.T) {
			t.Parallel()
			output := filepath.Join(t.TempDir(), "output")
			s := deployFleet(services)
			s.Env = map[string]string{"GITHUB_OUTPUT": output}
			synctest.Test(t, func(t *testing.T) {
				sim := ecssim.New(ecssim.Fleet(services))
				code, log := runOn(t, s, sim)
				require.Zero(t, code, log)
				require.Zero(t, sim.Throttled())
				all := services + 1
				require.Equal(t, 1, calls(sim)["RegisterTaskDefinition"], "they share the new revision")
				require.Equal(t, all, calls(sim)["UpdateService"])
				require.Contains(t, log, fmt.Sprintf("::notice title=%d services → main::web, web-001, web-002, web-003, web-004, and %d others are deployed", all, all-5))

				var updated time.Time
				rounds := map[time.Time]int{}
				for _, call := range sim.Calls() {
					if call.Operation == "UpdateService" {
						updated = call.At
						clear(rounds)
					}
					rounds[call.At]++
				}
				delete(rounds, updated)
				if all <= 20 { // the tasks of so few are looked at in the end
					rounds[sim.Calls()[len(sim.Calls())-1].At] -= 2 * all
				}
				for at, n := range rounds {
					require.LessOrEqual(t, n, (all+9)/10+(all+19)/20+8, "calls at %s", at)
				}
			})
			require.Len(t, resultOf(t, output).Services, services+1)
		})
	}
}

// Two hundred services in three waves take no more of AWS than ECS lets everybody take.
func TestAFleetInThreeWavesStaysWithinTheLimitsOfECS(t *testing.T) {
	t.Parallel()
	const services = 200
	s := deployFleet(services - 1)
	names := strings.Split(s.With["service"], ",")
	s = s.but(map[string]string{"service": strings.Join(slices.Concat(names[:10], []string{"---"}, names[10:70], []string{"---"}, names[70:]), "\n")})
	synctest.Test(t, func(t *testing.T) {
		sim := ecssim.New(ecssim.Fleet(services - 1))
		code, log := runOn(t, s, sim)
		require.Zero(t, code, log)
		require.Zero(t, sim.Throttled())
		require.Equal(t, services, calls(sim)["UpdateService"])
		require.Equal(t, 1, calls(sim)["RegisterTaskDefinition"], "they share the new revision")
		for _, part := range []string{"::group::Wave 1 of 3\n10 services: ", "::group::Wave 2 of 3\n60 services: ", "::group::Wave 3 of 3\n130 services: "} {
			require.Equal(t, 1, strings.Count(log, part))
		}
	})
}

// Some of forty services, whose updates take two and a half minutes, are still to be updated when the first fails: they
// are left alone.
func TestAFailureInAFleetEndsTheUpdates(t *testing.T) {
	const others = 39
	output := filepath.Join(t.TempDir(), "output")
	s := deployFleet(others).but(map[string]string{"rollback-on-failure": "true"})
	s.Env = map[string]string{"GITHUB_OUTPUT": output}
	synctest.Test(t, func(t *testing.T) {
		sim := ecssim.New(ecssim.Fleet(others).Crashing(false).Answering(30*time.Second, "UpdateService"))
		code, log := runOn(t, s, sim)
		require.Equal(t, 4, code)
		require.Zero(t, sim.Throttled())
		require.Contains(t, log, " of 40 services (web%2C web-001%2C ")
		require.Contains(t, log, "Service web: web:41 (v1) serves with 2 of 2 tasks.")
		require.Contains(t, log, "web-039          not started      the service was not updated: it still runs web:41 (v1)")
		require.Equal(t, 1, strings.Count(log, "::group::Deploy"), "updates are told amid the rollout once that has begun")
	})
	outcomes := map[string]int{}
	for _, service := range resultOf(t, output).Services {
		outcomes[service.Outcome]++
	}
	require.Equal(t, others+1, outcomes["rolled-back"]+outcomes["not-started"])
	require.Greater(t, outcomes["not-started"], 7)
}

// Each deployment of CodeDeploy's takes calls of its own, so that only some are looked at in a round.
func TestAFleetUnderCodeDeployIsLookedAtInTurn(t *testing.T) {
	const services = 39
	s := deployFleet(services).but(map[string]string{"wait-for": "running"})
	synctest.Test(t, func(t *testing.T) {
		sim := ecssim.New(ecssim.FleetUnderCodeDeploy(services))
		code, log := runOn(t, s, sim)
		require.Zero(t, code, log)
		require.Equal(t, services+1, calls(sim)["CreateDeployment"])
		var created time.Time
		rounds := map[time.Time]int{}
		for _, call := range sim.Calls() {
			switch call.Operation {
			case "CreateDeployment":
				created = call.At
				clear(rounds)
			case "GetDeployment", "GetDeploymentTarget":
				rounds[call.At]++
			}
		}
		delete(rounds, created)
		require.NotEmpty(t, rounds)
		for at, n := range rounds {
			require.LessOrEqual(t, n, 16, "calls at %s", at)
		}
	})
}

type resultOutput struct {
	Outcome  string
	Services []struct{ Service, Outcome, Reason string }
}

// resultOf is the output "result".
func resultOf(t *testing.T, path string) resultOutput {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	_, after, found := strings.Cut(string(text), "result<<")
	require.True(t, found)
	var result resultOutput
	require.NoError(t, json.Unmarshal([]byte(strings.Split(after, "\n")[1]), &result))
	return result
}

// One service that cannot be updated keeps none of the others from being followed.
func TestARefusedUpdateLeavesTheOthersFollowed(t *testing.T) {
	allowed := func(more string) string {
		return `{"Statement":[
			{"Effect":"Allow","Action":["ecs:DescribeServices","ecs:DescribeTaskDefinition","ecs:RegisterTaskDefinition","ecs:TagResource","iam:PassRole",
				"ecs:ListServiceDeployments","ecs:DescribeServiceDeployments","ecs:StopServiceDeployment"],"Resource":"*"},
			{"Effect":"Allow","Action":"ecs:UpdateService","Resource":["arn:aws:ecs:*:service/main/web","arn:aws:ecs:*:service/main/api"` + more + `]}]}`
	}
	const refusal = "ecs:UpdateService for service jobs: not allowed"
	with := map[string]string{"service": "web,api,jobs", "verify": "false"}
	code, log, _ := under(t, deployWeb("mixed-slow").but(with), allowed(""))
	require.Equal(t, 3, code, log)
	require.Contains(t, log, "::error title=1 of 3 services (jobs) → main%3A failed after 1m 3")
	require.Contains(t, log, refusal)
	for _, service := range []string{"web:42", "api:2"} {
		require.Contains(t, log, "succeeded: "+service+" is live, 2 of 2 tasks running")
	}
	require.Contains(t, log, "Service jobs: the service still runs jobs:1 (v1); jobs:2 was registered but not deployed")

	with["rollback-on-failure"] = "true"
	code, log, _ = under(t, deployWeb("mixed-slow").but(with), allowed(""))
	require.Equal(t, 3, code, log)
	require.Contains(t, log, refusal)
	require.Contains(t, log, "web: web:41 (v1) serves with 2 of 2 tasks. The deployment succeeded, but jobs did not; this step rolled it back to web:41")
	require.Contains(t, log, "api: api:1 (v1) serves with 2 of 2 tasks. The deployment succeeded, but jobs did not; this step rolled it back to api:1")
}
