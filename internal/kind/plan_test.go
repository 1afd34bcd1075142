package kind

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ecs-deploy/internal/rollout"
	"ecs-deploy/internal/taskdef"
)

func service(name string, controller rollout.Controller) rollout.Service {
	return rollout.Service{
		ServiceKey: rollout.ServiceKey{Place: rollout.Place{Region: "eu-west-1"}, Cluster: "main", Name: name}, Status: rollout.ServiceActive, Controller: controller,
		TaskDefinition: arn("web:41"), Balanced: rollout.Balanced{Container: "app", Port: 8080},
	}
}

func document(t *testing.T) taskdef.Document {
	t.Helper()
	parsed, err := taskdef.Parse([]byte(`{"family":"web","containerDefinitions":[{"name":"app","image":"nginx"}]}`))
	require.NoError(t, err)
	return parsed
}

func TestDeployable(t *testing.T) {
	for want, change := range map[string]func(*rollout.Service){
		"": func(*rollout.Service) {},
		"service web in cluster main (eu-west-1) is DRAINING: it was deleted, or is about to be":                                  func(s *rollout.Service) { s.Status = "DRAINING" },
		"service web in cluster main (eu-west-1) has the deployment controller EXTERNAL: an external program deploys it, not ECS": func(s *rollout.Service) { s.Controller = rollout.ControlledByYourself },
		"service web in cluster main (eu-west-1) has the deployment controller MAGIC, which is not supported":                     func(s *rollout.Service) { s.Controller = "MAGIC" },
	} {
		web := service("web", rollout.ControlledByECS)
		change(&web)
		err := Deployable(web)
		if want == "" {
			require.NoError(t, err)
			continue
		}
		require.EqualError(t, err, want)
		require.NotEmpty(t, rollout.Remedy(err))
	}
	magic := service("web", "MAGIC")
	require.Equal(t, "Only services with the deployment controller ECS or CODE_DEPLOY can be deployed.", rollout.Remedy(Deployable(magic)))
	require.NoError(t, Deployable(service("web", rollout.ControlledByCodeDeploy)))
}

func TestTimeout(t *testing.T) {
	group := rollout.CodeDeployGroup{ShiftInterval: 10 * time.Minute, ReadyTimeout: time.Minute, TerminationTimeout: time.Hour}
	ecs := rollout.SurveyedService{Service: service("api", rollout.ControlledByECS)}
	shifted := rollout.SurveyedService{Service: service("web", rollout.ControlledByCodeDeploy), Own: group}
	for _, test := range []struct {
		asked   time.Duration
		onTop   bool
		waitFor rollout.WaitFor
		of      []rollout.SurveyedService
		want    time.Duration
	}{
		{0, false, rollout.Stable, nil, 30 * time.Minute},
		{0, false, rollout.Stable, []rollout.SurveyedService{ecs}, 30 * time.Minute},
		{0, false, rollout.AllRun, []rollout.SurveyedService{ecs}, 90 * time.Second},
		{0, false, rollout.Stable, []rollout.SurveyedService{shifted}, 101 * time.Minute},
		{0, false, rollout.AllRun, []rollout.SurveyedService{shifted}, 41 * time.Minute},
		{0, false, rollout.AllRun, []rollout.SurveyedService{ecs, shifted}, 41 * time.Minute},
		{time.Minute, false, rollout.Stable, []rollout.SurveyedService{shifted}, time.Minute},
		{time.Minute, true, rollout.Stable, []rollout.SurveyedService{shifted}, 72 * time.Minute},
		{time.Minute, true, rollout.Stable, []rollout.SurveyedService{ecs}, time.Minute},
	} {
		require.Equal(t, test.want, Timeout(test.asked, test.onTop, test.waitFor, test.of), "%+v", test)
	}
}

func TestWhatIsAskedOfAKindThatIsNotThere(t *testing.T) {
	given := rollout.CodeDeployOptions{Given: []string{"codedeploy-application"}, Group: "g"}
	web, api := rollout.SurveyedService{Service: service("web", rollout.ControlledByCodeDeploy)}, rollout.SurveyedService{Service: service("api", rollout.ControlledByECS)}
	notes, err := Check([]rollout.Detail{given}, []rollout.SurveyedService{api})
	require.NoError(t, err)
	require.Equal(t, []rollout.Note{{About: rollout.NoteWithoutEffect, Said: []string{"codedeploy-application"}, By: "CODE_DEPLOY"}}, notes)

	notes, err = Check([]rollout.Detail{given}, []rollout.SurveyedService{api, web})
	require.NoError(t, err)
	require.Empty(t, notes)
	_, err = Check([]rollout.Detail{given}, []rollout.SurveyedService{web, web})
	require.EqualError(t, err, "codedeploy-deployment-group: g is that of one service, and CodeDeploy deploys 2 of those given")

	broken := rollout.CodeDeployOptions{AppSpecErr: errBroken{}}
	_, err = Check([]rollout.Detail{broken}, []rollout.SurveyedService{web})
	require.EqualError(t, err, "appspec.yaml: broken")
	_, err = Check([]rollout.Detail{broken}, []rollout.SurveyedService{api})
	require.NoError(t, err, "where CodeDeploy deploys nothing, the file is for something else")
}

type errBroken struct{}

func (errBroken) Error() string { return "appspec.yaml: broken" }

func TestPlanForCodeDeploy(t *testing.T) {
	web := service("web", rollout.ControlledByCodeDeploy)
	group := rollout.CodeDeployGroup{Application: "a", Name: "g", Alarms: true, RollsBack: []string{"DEPLOYMENT_FAILURE", "X"}}
	running := rollout.SurveyedService{Service: web, Own: group}
	revision := rollout.PlannedRevision{Register: true, Document: document(t)}
	desired := int32(3)
	r := &rollout.Rollout{Look: rollout.Look{Service: web}, Update: rollout.Update{Desired: &desired}}
	options := []rollout.Detail{rollout.CodeDeployOptions{Config: "c", Description: "d"}}
	notes, err := codeDeploy{}.Plan(Request{Options: options, RollBack: true}, running, revision, r)
	require.NoError(t, err)
	require.Empty(t, notes)
	require.True(t, r.Shifted)

	calls := codeDeploy{}.Calls(r, revision)
	require.Len(t, calls, 2)
	require.Equal(t, "ecs:UpdateService", calls[0].Action)
	require.JSONEq(t, `{"cluster":"main","service":"web","desiredCount":3}`, string(calls[0].Request.JSON()))
	require.Equal(t, []any{"codedeploy:CreateDeployment", true, "g of a", "c", true, false},
		[]any{calls[1].Action, calls[1].Deploys, calls[1].Through, calls[1].Settings, calls[1].RollsBack, calls[1].Skipped})
	require.JSONEq(t, `{"applicationName":"a","deploymentGroupName":"g","deploymentConfigName":"c","description":"d",
		"autoRollbackConfiguration":{"enabled":true,"events":["DEPLOYMENT_FAILURE","DEPLOYMENT_STOP_ON_REQUEST","DEPLOYMENT_STOP_ON_ALARM","X"]},
		"revision":{"revisionType":"AppSpecContent","appSpecContent":{"content":"{\"version\":0.0,\"Resources\":[{\"TargetService\":{\"Type\":\"AWS::ECS::Service\",\"Properties\":{\"LoadBalancerInfo\":{\"ContainerName\":\"app\",\"ContainerPort\":8080},\"TaskDefinition\":\"(a new revision of web)\"}}}]}"}}}`,
		string(calls[1].Request.JSON()))

	as := rollout.PlannedRevision{Base: rollout.Named(arn("web:41")), Document: document(t)}
	r.Update = rollout.Update{}
	calls = codeDeploy{}.Calls(r, as)
	require.Len(t, calls, 1)
	require.True(t, calls[0].Skipped, "the service runs the revision already")
	r.Update.Force = true
	require.False(t, codeDeploy{}.Calls(r, as)[0].Skipped)
	as.Base = rollout.Named(arn("web:40"))
	r.Update.Force = false
	require.False(t, codeDeploy{}.Calls(r, as)[0].Skipped)

	for version, sent := range map[string]bool{"": false, "LATEST": false, "1.4.0": true} {
		web.Placement.PlatformVersion = version
		r := &rollout.Rollout{Look: rollout.Look{Service: web}}
		_, err = codeDeploy{}.Plan(Request{}, rollout.SurveyedService{Service: web, Own: rollout.CodeDeployGroup{Application: "a", Name: "g"}}, revision, r)
		require.NoError(t, err)
		body := string(codeDeploy{}.Calls(r, revision)[0].Request.JSON())
		require.NotContains(t, body, "autoRollbackConfiguration", "nobody asked for it")
		require.Equal(t, sent, strings.Contains(body, "PlatformVersion"), body)
	}
}

func TestWhatCodeDeployRefuses(t *testing.T) {
	web := service("web", rollout.ControlledByCodeDeploy)
	revision := rollout.PlannedRevision{Document: document(t)}
	plan := func(asked Request, web rollout.Service) error {
		_, err := codeDeploy{}.Plan(asked, rollout.SurveyedService{Service: web}, revision, &rollout.Rollout{})
		return err
	}
	patch, err := taskdef.ParsePatch("networkConfiguration: {}", taskdef.Shape{})
	require.NoError(t, err)
	require.EqualError(t, plan(Request{Patch: patch}, web), "service-patch: only CodeDeploy can change networkConfiguration of service web; UpdateService refuses it")
	unbalanced := web
	unbalanced.Balanced = rollout.Balanced{}
	require.EqualError(t, plan(Request{}, unbalanced), "service web has no load balancer to make an AppSpec from")
	elsewhere := web
	elsewhere.Balanced.Container = "nginx"
	require.EqualError(t, plan(Request{}, elsewhere), `the AppSpec of service web: the task definition has no container "nginx"`)

	spec, err := taskdef.ParseAppSpec([]byte(`{"Resources":[{"S":{"Type":"AWS::ECS::Service","Properties":{}}}]}`))
	require.NoError(t, err)
	r := &rollout.Rollout{}
	notes, err := codeDeploy{}.Plan(Request{Options: []rollout.Detail{rollout.CodeDeployOptions{AppSpec: spec, AppSpecFound: "appspec.yaml"}}}, rollout.SurveyedService{Service: web}, revision, r)
	require.NoError(t, err)
	require.Equal(t, []rollout.Note{{About: rollout.NoteFileFound, Service: "web", Said: []string{"appspec.yaml"}, By: "codedeploy-appspec"}}, notes)
	require.Equal(t, "app", r.Settings.(rollout.PlannedCodeDeploy).AppSpec.Container())
}

func TestWaitsThatAreTooShortForCodeDeploy(t *testing.T) {
	r := &rollout.Rollout{Settings: rollout.PlannedCodeDeploy{Group: rollout.CodeDeployGroup{Name: "g", ShiftInterval: 10 * time.Minute, TerminationTimeout: time.Hour}}}
	for _, test := range []struct {
		waitFor rollout.WaitFor
		timeout time.Duration
		doubts  int
	}{
		{rollout.Stable, 10 * time.Minute, 1}, {rollout.Stable, 70 * time.Minute, 1}, {rollout.Stable, 70*time.Minute + 1, 0},
		{rollout.AllRun, 10 * time.Minute, 1}, {rollout.AllRun, 10*time.Minute + 1, 0}, {rollout.DoNotWait, time.Minute, 0},
	} {
		require.Len(t, codeDeploy{}.Concerns(rollout.Plan{WaitFor: test.waitFor, Timeout: test.timeout}, r), test.doubts, "%+v", test)
	}
}

func TestToDeployWhatIsBeingReplacedIsToGoBack(t *testing.T) {
	web := service("web", rollout.ControlledByCodeDeploy)
	web.Deployments = []rollout.Deployment{{ID: "d-2", TaskDefinition: arn("web:42")}, {ID: "d-1", TaskDefinition: arn("web:41")}}
	running := rollout.SurveyedService{Service: web, Own: rollout.CodeDeployGroup{Last: "d-2", UnderWay: true}}
	require.True(t, codeDeploy{}.Replaces(running, arn("web:41")))
	require.False(t, codeDeploy{}.Replaces(running, arn("web:42")))
	running.Own = rollout.CodeDeployGroup{Last: "d-2"}
	require.False(t, codeDeploy{}.Replaces(running, arn("web:41")), "nothing is under way")
	require.False(t, ecs{}.Replaces(running, arn("web:41")))
}

func TestUpdateServiceIsSentWhatIsSet(t *testing.T) {
	none, two := int32(0), int32(200)
	key := rollout.ServiceKey{Cluster: "main", Name: "web"}
	for want, update := range map[string]rollout.Update{
		`{"cluster":"main","service":"web"}`:                                                       {},
		`{"cluster":"main","service":"web","taskDefinition":"web:42","forceNewDeployment":true}`:   {TaskDefinition: "web:42", Force: true},
		`{"cluster":"main","service":"web","desiredCount":0}`:                                      {Desired: &none},
		`{"cluster":"main","service":"web","deploymentConfiguration":{"minimumHealthyPercent":0}}`: {MinimumHealthyPercent: &none},
		`{"cluster":"main","service":"web","deploymentConfiguration":{"maximumPercent":200}}`:      {MaximumPercent: &two},
	} {
		body, err := UpdateService(key, update)
		require.NoError(t, err)
		require.Equal(t, want, string(body.JSON()))
	}
	r := &rollout.Rollout{Look: rollout.Look{Service: service("web", rollout.ControlledByECS)}}
	calls := ecs{}.Calls(r, rollout.PlannedRevision{Register: true, Document: document(t)})
	require.Len(t, calls, 1)
	require.JSONEq(t, `{"cluster":"main","service":"web","taskDefinition":"(a new revision of web)"}`, string(calls[0].Request.JSON()))
}
