package ecssim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestCodeDeployErrors(t *testing.T) {
	const group = `"applicationName":"AppECS-main-web","deploymentGroupName":"DgpECS-main-web"`
	spec := func(definition string) string {
		content, err := json.Marshal(fmt.Sprintf(`{"resources":[{"web":{"type":"AWS::ECS::Service","properties":{"taskDefinition":%q,"loadBalancerInfo":{"containerName":"app","containerPort":8080}}}}]}`, definition))
		require.NoError(t, err)
		return `"revision":{"revisionType":"AppSpecContent","appSpecContent":{"content":` + string(content) + `}}`
	}
	for _, test := range []struct{ scenario, name, operation, body, kind, message string }{
		// [SEEN]
		{"codedeploy-busy", "a second deployment", "CreateDeployment", `{` + group + `,` + spec("web:41") + `}`, "DeploymentLimitExceededException", "The Deployment Group 'DgpECS-main-web' already has an active Deployment 'd-TPI409WAA'"},
		{"codedeploy-busy", "a target by another name", "GetDeploymentTarget", `{"deploymentId":"d-TPI409WAA","targetId":"web"}`, "InvalidDeploymentTargetIdException", "Invalid id web for ECS deployment, valid Id should be in format <cluster-name>:<service-name>"},
		{"codedeploy", "UpdateService with a task definition", "UpdateService", `{"cluster":"main","service":"web","taskDefinition":"web:41"}`, "InvalidParameterException", "Unable to update task definition on services with a CODE_DEPLOY deployment controller. Use AWS CodeDeploy to trigger a new deployment."},
		{"codedeploy", "UpdateService by force", "UpdateService", `{"cluster":"main","service":"web","forceNewDeployment":true}`, "InvalidParameterException", "Cannot force a new deployment on services with a CODE_DEPLOY deployment controller. Use AWS CodeDeploy to trigger a new deployment."},
		// texts unverified
		{"codedeploy", "no application", "GetDeploymentGroup", `{"applicationName":"x","deploymentGroupName":"y"}`, "ApplicationDoesNotExistException", ""},
		{"codedeploy", "no group", "GetDeploymentGroup", `{"applicationName":"AppECS-main-web","deploymentGroupName":"y"}`, "DeploymentGroupDoesNotExistException", ""},
		{"codedeploy", "no deployment", "GetDeployment", `{"deploymentId":"d-X"}`, "DeploymentDoesNotExistException", ""},
		{"codedeploy", "no revision", "CreateDeployment", `{` + group + `}`, "RevisionRequiredException", ""},
		{"codedeploy", "a revision that is not there", "CreateDeployment", `{` + group + `,` + spec("web:99") + `}`, "InvalidRevisionException", ""},
		{"codedeploy", "a configuration that is not there", "CreateDeployment", `{` + group + `,"deploymentConfigName":"x",` + spec("web:41") + `}`, "DeploymentConfigDoesNotExistException", ""},
		{"codedeploy", "no configuration", "GetDeploymentConfig", `{"deploymentConfigName":"x"}`, "DeploymentConfigDoesNotExistException", ""},
		{"codedeploy", "a stop when it is over", "StopDeployment", `{"deploymentId":"d-DJZQZ72R5"}`, "DeploymentAlreadyCompletedException", ""},
		{"codedeploy-busy", "a wait that it is not in", "ContinueDeployment", `{"deploymentId":"d-TPI409WAA","deploymentWaitType":"READY_WAIT"}`, "DeploymentIsNotInReadyStateException", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				status, answer := ask(t, New(named(t, test.scenario)), test.operation, test.body)
				require.Equal(t, http.StatusBadRequest, status)
				require.Equal(t, test.kind, answer["__type"])
				if test.message != "" {
					require.Equal(t, test.message, answer["message"])
				}
			})
		})
	}
}

// What a deployment shows that an alarm stops while it moves the traffic was recorded: the event that was
// under way has failed, the next is skipped, another deployment rolls back, and the old task set is what
// it was.
func TestCodeDeployStoppedByAnAlarmIsAsRecorded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(named(t, "codedeploy-alarm"))
		content, err := json.Marshal(specFor(s.findRevision("web:41")))
		require.NoError(t, err)
		_, created := ask(t, s, "CreateDeployment", `{"applicationName":"AppECS-main-web","deploymentGroupName":"DgpECS-main-web","revision":{"revisionType":"AppSpecContent","appSpecContent":{"content":`+string(content)+`}}}`)
		id := created["deploymentId"].(string)
		info := func(id string) map[string]any {
			_, answer := ask(t, s, "GetDeployment", fmt.Sprintf(`{"deploymentId":%q}`, id))
			return answer["deploymentInfo"].(map[string]any)
		}
		require.Equal(t, "Created", info(id)["status"])
		require.NotContains(t, info(id)["revision"].(map[string]any)["appSpecContent"], "content", "it is never told")
		time.Sleep(2 * time.Minute)
		require.Equal(t, "InProgress", info(id)["status"])
		time.Sleep(2 * time.Minute)
		stopped := info(id)
		require.Equal(t, "Stopped", stopped["status"])
		require.Equal(t, "ALARM_ACTIVE", stopped["errorInformation"].(map[string]any)["code"])
		by := stopped["rollbackInfo"].(map[string]any)["rollbackDeploymentId"].(string)
		require.Equal(t, fmt.Sprintf("Deployment %s terminated. Automatic rollback is triggered with a DeploymentId %s.", id, by), stopped["rollbackInfo"].(map[string]any)["rollbackMessage"])
		back := info(by)
		require.Equal(t, []any{"Succeeded", "codeDeployRollback", "CodeDeployDefault.ECSAllAtOnce"}, []any{back["status"], back["creator"], back["deploymentConfigName"]})

		_, answer := ask(t, s, "GetDeploymentTarget", fmt.Sprintf(`{"deploymentId":%q,"targetId":"main:web"}`, id))
		var events []string
		for _, event := range answer["deploymentTarget"].(map[string]any)["ecsTarget"].(map[string]any)["lifecycleEvents"].([]any) {
			events = append(events, fmt.Sprintf("%s %s", event.(map[string]any)["lifecycleEventName"], event.(map[string]any)["status"]))
		}
		require.Equal(t, []string{
			"BeforeInstall Succeeded", "Install Succeeded", "AfterInstall Succeeded", "AllowTestTraffic Succeeded", "AfterAllowTestTraffic Succeeded",
			"BeforeAllowTraffic Succeeded", "AllowTraffic Failed", "AfterAllowTraffic Skipped",
		}, events)

		_, answer = ask(t, s, "DescribeServices", `{"cluster":"main","services":["web"]}`)
		service := answer["services"].([]any)[0].(map[string]any)
		require.Empty(t, service["deployments"])
		var sets []string
		for _, set := range service["taskSets"].([]any) {
			sets = append(sets, fmt.Sprintf("%s %v %v", set.(map[string]any)["externalId"], set.(map[string]any)["status"], set.(map[string]any)["scale"].(map[string]any)["value"]))
		}
		require.Equal(t, []string{id + " DRAINING 0", s.web().codeDeploy.deployments[2].id + " PRIMARY 100"}, sets)
	})
}

func TestDeploymentConfigurationsTellHowTheTrafficMoves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(named(t, "codedeploy"))
		for name, want := range map[string]string{
			"CodeDeployDefault.ECSAllAtOnce":                    `{"type":"AllAtOnce"}`,
			"CodeDeployDefault.ECSCanary10Percent5Minutes":      `{"type":"TimeBasedCanary","timeBasedCanary":{"canaryPercentage":10,"canaryInterval":5}}`,
			"CodeDeployDefault.ECSLinear10PercentEvery3Minutes": `{"type":"TimeBasedLinear","timeBasedLinear":{"linearPercentage":10,"linearInterval":3}}`,
		} {
			status, answer := ask(t, s, "GetDeploymentConfig", fmt.Sprintf(`{"deploymentConfigName":%q}`, name))
			require.Equal(t, http.StatusOK, status)
			routing, err := json.Marshal(answer["deploymentConfigInfo"].(map[string]any)["trafficRoutingConfig"])
			require.NoError(t, err)
			require.JSONEq(t, want, string(routing))
		}
	})
}

// A stop takes a while, and leaves the traffic where it is if nobody rolls back.
func TestCodeDeployStopsAfterAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(named(t, "codedeploy-busy"))
		id := s.web().codeDeploy.active().id
		_, answer := ask(t, s, "StopDeployment", fmt.Sprintf(`{"deploymentId":%q,"autoRollbackEnabled":true}`, id))
		require.Equal(t, "Pending", answer["status"])
		status := func() any {
			_, answer := ask(t, s, "GetDeployment", fmt.Sprintf(`{"deploymentId":%q}`, id))
			return answer["deploymentInfo"].(map[string]any)["status"]
		}
		require.Equal(t, "InProgress", status())
		time.Sleep(stopInterval + tickInterval)
		require.Equal(t, "Stopped", status())
		require.NotNil(t, s.web().codeDeploy.active().of, "another rolls it back")
	})
}
