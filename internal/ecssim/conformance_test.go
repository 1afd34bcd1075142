package ecssim

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// ask sends one request over Do and returns the status and the answer.
func ask(t *testing.T, s *Sim, operation, body string) (int, map[string]any) {
	t.Helper()
	request := httptest.NewRequest(http.MethodPost, "http://ecs.invalid/", strings.NewReader(body))
	request.Header.Set("X-Amz-Target", targetPrefix+operation)
	request.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AKID/20261109/eu-west-1/ecs/aws4_request")
	response, err := s.Do(request)
	require.NoError(t, err)
	var answer map[string]any
	require.NoError(t, json.NewDecoder(response.Body).Decode(&answer))
	require.NotEmpty(t, response.Header.Get("X-Amzn-RequestId"))
	return response.StatusCode, answer
}

func named(t *testing.T, name string) Scenario {
	t.Helper()
	scenario, err := Named(name)
	require.NoError(t, err)
	return scenario
}

// TestErrors is what ECS answers to requests that it does not like. The sources of the wordings stand
// beside them in the code; "unverified" marks those that have none.
func TestErrors(t *testing.T) {
	elevenServices := `{"cluster":"main","services":["` + strings.Repeat(`a","`, 10) + `a"]}`
	for _, test := range []struct{ name, operation, body, kind, message string }{
		// API_CommonErrors
		{"unknown operation", "ConquerWorld", `{}`, "UnknownOperationException", ""},
		{"malformed JSON", "DescribeServices", `{`, "SerializationException", "unexpected end of JSON input"},
		// API_DescribeServices; [SEEN]
		{"no cluster means default", "DescribeServices", `{"services":["web"]}`, "ClusterNotFoundException", "Cluster not found."},
		{"missing cluster", "ListServices", `{"cluster":"x"}`, "ClusterNotFoundException", "Cluster not found."},
		{"too many services", "DescribeServices", elevenServices, "InvalidParameterException", "Services must have between 1 and 10 items."}, // text unverified
		{"no services", "DescribeServices", `{"cluster":"main"}`, "InvalidParameterException", "Services must have between 1 and 10 items."},
		// [SEEN]
		{"update of a missing service", "UpdateService", `{"cluster":"main","service":"x"}`, "ServiceNotFoundException", "Service not found."},
		{"update to a missing revision", "UpdateService", `{"cluster":"main","service":"web","taskDefinition":"web:99"}`, "ClientException", "TaskDefinition not found."},
		{"describe a missing revision", "DescribeTaskDefinition", `{"taskDefinition":"web:99"}`, "ClientException", "Unable to describe task definition."},
		{"no tasks", "DescribeTasks", `{"cluster":"main","tasks":[]}`, "InvalidParameterException", "Tasks cannot be empty."},
		// as in getmoto/moto
		{"register without image", "RegisterTaskDefinition", `{"family":"f","containerDefinitions":[{"name":"a"}]}`, "ClientException", "Container.image should not be null or empty."},
		{"deregister without revision", "DeregisterTaskDefinition", `{"taskDefinition":"web"}`, "ClientException", "Revision is missing."},
		// texts unverified
		{"run without network", "RunTask", `{"cluster":"main","taskDefinition":"web:41"}`, "InvalidParameterException", "Network Configuration must be provided when networkMode 'awsvpc' is specified."},
		{"run with an override of no container", "RunTask", `{"cluster":"main","taskDefinition":"web:41","networkConfiguration":{"awsvpcConfiguration":{"subnets":["s"]}},"overrides":{"containerOverrides":[{"name":"x"}]}}`, "InvalidParameterException", "Override for container named x is not a container in the TaskDefinition."},
		{"run by launch type and strategy", "RunTask", `{"cluster":"main","taskDefinition":"web:41","launchType":"EC2","capacityProviderStrategy":[{}]}`, "InvalidParameterException", "Specifying both a launch type and capacity provider strategy is not supported. Remove one and try again."},
		{"stop a missing task", "StopTask", `{"cluster":"main","task":"x"}`, "InvalidParameterException", "The referenced task was not found."},
		{"continue a missing deployment", "ContinueServiceDeployment", `{"serviceDeploymentArn":"x","hookId":"y"}`, "ServiceDeploymentNotFoundException", "Service deployment not found."},
		{"targets of a missing rule", "ListTargetsByRule", `{"Rule":"x"}`, "ResourceNotFoundException", "Rule x does not exist on EventBus default."},
		// strictness of our own, unverified
		{"register with what is read-only", "RegisterTaskDefinition", `{"family":"f","revision":3}`, "InvalidParameterException", `Unknown parameter in input: "revision"`},
		{"register with empty tags", "RegisterTaskDefinition", `{"family":"f","tags":[]}`, "InvalidParameterException", "Tags can not be empty."},
		{"too many service deployments", "DescribeServiceDeployments", `{}`, "InvalidParameterException", "ServiceDeploymentArns must have between 1 and 20 items."},
	} {
		t.Run(test.name, func(t *testing.T) {
			status, answer := ask(t, New(named(t, "healthy")), test.operation, test.body)
			require.Equal(t, http.StatusBadRequest, status)
			require.Equal(t, test.kind, answer["__type"])
			if test.message != "" {
				require.Equal(t, test.message, answer["message"])
			}
		})
	}
}

func TestUnsignedRequestsAreRefused(t *testing.T) {
	request := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(`{}`))
	request.Header.Set("X-Amz-Target", targetPrefix+"ListServices")
	answer := httptest.NewRecorder()
	New(named(t, "healthy")).ServeHTTP(answer, request)
	require.Equal(t, http.StatusBadRequest, answer.Code)
	require.Equal(t, "application/x-amz-json-1.1", answer.Header().Get("Content-Type"))
	require.Contains(t, answer.Body.String(), "MissingAuthenticationTokenException")
}

// What is not there is no error but a failure in the answer: api_failures_messages in the guide.
func TestMissingThingsAreFailures(t *testing.T) {
	s := New(named(t, "healthy"))
	for operation, body := range map[string]string{
		"DescribeServices":           `{"cluster":"main","services":["web","x"]}`,
		"DescribeTasks":              `{"cluster":"main","tasks":["x"]}`,
		"DescribeServiceDeployments": `{"serviceDeploymentArns":["arn:aws:ecs:eu-west-1:123456789012:service-deployment/main/web/x"]}`,
	} {
		status, answer := ask(t, s, operation, body)
		require.Equal(t, http.StatusOK, status)
		failures := answer["failures"].([]any)
		require.Len(t, failures, 1, operation)
		require.Equal(t, "MISSING", failures[0].(map[string]any)["reason"])
	}
}

func TestNamesAndARNsAreTheSame(t *testing.T) {
	s := New(named(t, "healthy"))
	_, byName := ask(t, s, "DescribeServices", `{"cluster":"main","services":["web"]}`)
	_, byARN := ask(t, s, "DescribeServices", `{"cluster":"arn:aws:ecs:eu-west-1:123456789012:cluster/main","services":["arn:aws:ecs:eu-west-1:123456789012:service/main/web"]}`)
	require.Equal(t, byName, byARN)
	for _, name := range []string{"web", "web:41", "arn:aws:ecs:eu-west-1:123456789012:task-definition/web:41"} {
		_, answer := ask(t, s, "DescribeTaskDefinition", fmt.Sprintf(`{"taskDefinition":%q}`, name))
		require.EqualValues(t, 41, answer["taskDefinition"].(map[string]any)["revision"])
		require.NotContains(t, answer, "tags", "tags come only when they are asked for")
	}
	_, answer := ask(t, s, "DescribeTaskDefinition", `{"taskDefinition":"web","include":["TAGS"]}`)
	require.Len(t, answer["tags"], 2)
}

func TestRevisions(t *testing.T) {
	s := New(named(t, "healthy"))
	const definition = `{"family":"job","containerDefinitions":[{"name":"a","image":"b","unheardOf":{"x":12345678901234567890}}],"brandNewField":"","nobodyKnows":1}`
	for revision := 1; revision <= 2; revision++ {
		_, answer := ask(t, s, "RegisterTaskDefinition", definition)
		registered := answer["taskDefinition"].(map[string]any)
		require.EqualValues(t, revision, registered["revision"], "identical content makes a revision all the same")
		require.Equal(t, "", registered["brandNewField"], "members that only ECS knows are kept")
		require.NotContains(t, registered, "nobodyKnows", "and those that it does not know are passed over")
		container := registered["containerDefinitions"].([]any)[0].(map[string]any)
		require.Contains(t, container, "unheardOf")
		require.Equal(t, true, container["essential"], "defaults are filled in")
	}
	ask(t, s, "DeregisterTaskDefinition", `{"taskDefinition":"job:2"}`)
	_, latest := ask(t, s, "DescribeTaskDefinition", `{"taskDefinition":"job"}`)
	require.EqualValues(t, 1, latest["taskDefinition"].(map[string]any)["revision"], "a family is its latest ACTIVE revision")
	_, inactive := ask(t, s, "DescribeTaskDefinition", `{"taskDefinition":"job:2"}`)
	require.Equal(t, "INACTIVE", inactive["taskDefinition"].(map[string]any)["status"])
	status, refused := ask(t, s, "UpdateService", `{"cluster":"main","service":"web","taskDefinition":"job:2"}`)
	require.Equal(t, http.StatusBadRequest, status)
	require.Equal(t, "TaskDefinition is inactive", refused["message"])
	_, next := ask(t, s, "RegisterTaskDefinition", definition)
	require.EqualValues(t, 3, next["taskDefinition"].(map[string]any)["revision"], "a number is never used twice")

	_, page := ask(t, s, "ListTaskDefinitions", `{"familyPrefix":"job","maxResults":1,"sort":"DESC"}`)
	require.Equal(t, []any{"arn:aws:ecs:eu-west-1:123456789012:task-definition/job:3"}, page["taskDefinitionArns"])
	_, page = ask(t, s, "ListTaskDefinitions", fmt.Sprintf(`{"familyPrefix":"job","maxResults":1,"sort":"DESC","nextToken":%q}`, page["nextToken"]))
	require.Equal(t, []any{"arn:aws:ecs:eu-west-1:123456789012:task-definition/job:1"}, page["taskDefinitionArns"])
	require.NotContains(t, page, "nextToken")
}

const theService = `{"cluster":"main","services":["web"]}`

func TestLogsAreThoseOfTheTask(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(named(t, "crash"))
		update(t, s)
		time.Sleep(time.Minute)
		_, listed := ask(t, s, "ListTasks", `{"cluster":"main","serviceName":"web","desiredStatus":"STOPPED"}`)
		id := strings.TrimPrefix(listed["taskArns"].([]any)[0].(string), "arn:aws:ecs:eu-west-1:123456789012:task/main/")
		_, answer := ask(t, s, "GetLogEvents", fmt.Sprintf(`{"logGroupName":"/ecs/web","logStreamName":"web/app/%s","limit":2}`, id))
		require.Len(t, answer["events"], 2)
		status, answer := ask(t, s, "GetLogEvents", `{"logGroupName":"/ecs/web","logStreamName":"web/app/x"}`)
		require.Equal(t, http.StatusBadRequest, status)
		require.Equal(t, "The specified log stream does not exist.", answer["message"])
	})
}

func TestTargetHealth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(named(t, "never-healthy"))
		update(t, s)
		time.Sleep(2 * time.Minute)
		query := func(body string) (int, string) {
			request := httptest.NewRequest(http.MethodPost, "http://elb.invalid/", strings.NewReader(body))
			request.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AKID/x")
			response, err := s.Do(request)
			require.NoError(t, err)
			text, err := io.ReadAll(response.Body)
			require.NoError(t, err)
			return response.StatusCode, string(text)
		}
		status, answer := query("Action=DescribeTargetHealth&TargetGroupArn=" + url.QueryEscape(s.web().targetGroup()))
		require.Equal(t, http.StatusOK, status)
		require.Equal(t, 2, strings.Count(answer, "<State>healthy</State>"))
		require.Equal(t, 2, strings.Count(answer, "<Reason>Target.ResponseCodeMismatch</Reason>"))
		status, answer = query("Action=ConquerWorld")
		require.Equal(t, http.StatusBadRequest, status)
		require.Contains(t, answer, "<Code>InvalidAction</Code>")
	})
}

// What stands around ECS is there, unless the scenario lacks it.
func TestSurroundings(t *testing.T) {
	for scenario, there := range map[string]bool{"healthy": true, "nothing-there": false} {
		s := New(named(t, scenario))
		_, images := ask(t, s, "BatchGetImage", `{"repositoryName":"web","imageIds":[{"imageTag":"v2"}]}`)
		require.Equal(t, there, len(images["images"].([]any)) == 1)
		require.Equal(t, there, len(images["failures"].([]any)) == 0)
		_, groups := ask(t, s, "DescribeLogGroups", `{"logGroupNamePrefix":"/ecs/web"}`)
		require.Equal(t, there, len(groups["logGroups"].([]any)) == 2, "a prefix may be that of another")
		_, parameters := ask(t, s, "DescribeParameters", `{"ParameterFilters":[{"Key":"Name","Option":"Equals","Values":["/web/database-url"]}]}`)
		require.Equal(t, there, len(parameters["Parameters"].([]any)) == 1)
	}
	status, _ := ask(t, New(named(t, "healthy")), "DescribeSecret", `{"SecretId":"arn"}`)
	require.Equal(t, http.StatusOK, status)
}

// Bounds and threshold are documented: API_DeploymentConfiguration and deployment-circuit-breaker.
func TestArithmetic(t *testing.T) {
	for _, test := range []struct{ desired, minimum, maximum, lower, upper, threshold int }{
		{2, 75, 150, 2, 3, 3}, {3, 100, 125, 3, 3, 3}, {1, 50, 100, 1, 1, 3}, {4, 50, 200, 2, 8, 3},
		{25, 100, 200, 25, 50, 13}, {400, 0, 100, 0, 400, 200}, {0, 100, 200, 0, 0, 3},
	} {
		v := &service{desired: test.desired, minimum: test.minimum, maximum: test.maximum}
		lower, upper := v.bounds()
		require.Equal(t, []int{test.lower, test.upper, test.threshold}, []int{lower, upper, v.threshold()}, "%+v", test)
	}
}

func TestFaults(t *testing.T) {
	send := func(s *Sim) (*http.Response, error) {
		request := httptest.NewRequest(http.MethodPost, "http://ecs.invalid/", strings.NewReader(theService))
		request.Header.Set("X-Amz-Target", targetPrefix+"DescribeServices")
		request.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AKID/x")
		return s.Do(request)
	}
	s := New(named(t, "throttled"))
	var statuses []int
	for range 6 {
		response, err := send(s)
		require.NoError(t, err)
		statuses = append(statuses, response.StatusCode)
	}
	require.Equal(t, []int{400, 400, 200, 200, 400, 200}, statuses)

	s = New(named(t, "flaky"))
	send(s)
	send(s)
	_, err := send(s)
	require.ErrorContains(t, err, "connection reset by peer")

	server := httptest.NewServer(s)
	defer server.Close()
	lost, err := http.NewRequest(http.MethodPost, server.URL, strings.NewReader(`{"cluster":"main","service":"web","forceNewDeployment":true}`))
	require.NoError(t, err)
	lost.Header.Set("X-Amz-Target", targetPrefix+"UpdateService")
	lost.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AKID/x")
	_, err = server.Client().Do(lost)
	require.ErrorIs(t, err, io.EOF)
	require.Len(t, look(t, s, "DescribeServices", theService).Services[0].Deployments, 2, "the answer is lost, its effect is not")
}

func TestARevisionMustHaveTheContainerAndPortOfTheLoadBalancer(t *testing.T) {
	s := New(named(t, "healthy"))
	for container, want := range map[string]string{
		`{"name":"web","image":"b","portMappings":[{"containerPort":8080}]}`: "The container app does not exist in the task definition.",
		`{"name":"app","image":"b","portMappings":[{"containerPort":80}]}`:   "The container app did not have a container port 8080 defined.",
	} {
		_, answer := ask(t, s, "RegisterTaskDefinition", `{"family":"other","containerDefinitions":[`+container+`]}`)
		_, refused := ask(t, s, "UpdateService", fmt.Sprintf(`{"cluster":"main","service":"web","taskDefinition":%q}`, answer["taskDefinition"].(map[string]any)["taskDefinitionArn"]))
		require.Equal(t, "InvalidParameterException", refused["__type"])
		require.Equal(t, want, refused["message"])
	}
}

func TestWhatRegisterTaskDefinitionRefuses(t *testing.T) {
	for request, want := range map[string]string{
		`{"family":"web","cpu":256,"containerDefinitions":[]}`:                                                        "SerializationException: NUMBER_VALUE cannot be converted to String",
		`{"family":"web","containerDefinitions":[{"name":"a","image":"b","memory":"512"}]}`:                           "SerializationException: STRING_VALUE cannot be converted to Integer",
		`{"family":"web","containerDefinitions":[{"name":"a","image":"b","command":[1]}]}`:                            "SerializationException: NUMBER_VALUE cannot be converted to String",
		`{"family":"web","containerDefinitions":[{"name":"a","image":"b","dockerLabels":{"on":true}}]}`:               "SerializationException: BOOLEAN_VALUE cannot be converted to String",
		`{"family":"web","containerDefinitions":["a"]}`:                                                               "SerializationException: Unrecognized collection type for containerDefinitions",
		`{"family":"web","tags":[],"containerDefinitions":[]}`:                                                        "InvalidParameterException: Tags can not be empty.",
		`{"family":"web","tags":[{"key":"aws:x","value":"y"}],"containerDefinitions":[]}`:                             "InvalidParameterException: aws: prefixed tag key names are not allowed for external use.",
		`{"family":"web","taskRoleArn":"","containerDefinitions":[]}`:                                                 "ClientException: Role is not valid",
		`{"family":"web","containerDefinitions":[{"image":"b","repositoryCredentials":{"credentialsParameter":""}}]}`: "ClientException: Container.repositoryCredentials.credentialsParameter should not be null or empty.",
	} {
		status, refused := ask(t, New(named(t, "healthy")), "RegisterTaskDefinition", request)
		require.Equal(t, http.StatusBadRequest, status, request)
		require.Equal(t, want, fmt.Sprint(refused["__type"], ": ", refused["message"]), request)
	}
}
