package ecssim

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// query sends one request of the query protocol and returns the status and the answer.
func query(t *testing.T, s *Sim, signed string, form url.Values) (int, string) {
	t.Helper()
	request := httptest.NewRequest(http.MethodPost, "https://sts.invalid/", strings.NewReader(form.Encode()))
	key, token, _ := strings.Cut(signed, " ")
	if key != "" {
		request.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+key+"/20261109/eu-west-1/sts/aws4_request")
		request.Header.Set("X-Amz-Security-Token", token)
	}
	response, err := s.Do(request)
	require.NoError(t, err)
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.Equal(t, "text/xml", response.Header.Get("Content-Type"))
	return response.StatusCode, string(body)
}

// identityToken asks as a job does.
func identityToken(t *testing.T, s *Sim, audience string) string {
	t.Helper()
	request := httptest.NewRequest(http.MethodGet, "https://runner.invalid/idtoken?api-version=2.0&audience="+url.QueryEscape(audience), nil)
	request.Header.Set("Authorization", "Bearer request-token")
	response, err := s.Do(request)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, response.StatusCode)
	var answer struct{ Value string }
	require.NoError(t, json.NewDecoder(response.Body).Decode(&answer))
	require.Len(t, strings.Split(answer.Value, "."), 3)
	return answer.Value
}

func element(t *testing.T, body, name string) string {
	t.Helper()
	found := regexp.MustCompile("<" + name + ">([^<]*)</" + name + ">").FindStringSubmatch(body)
	require.NotNil(t, found, "%s in %s", name, body)
	return found[1]
}

func webIdentity(token string, more ...string) url.Values {
	form := url.Values{
		"Action": {"AssumeRoleWithWebIdentity"}, "RoleArn": {"arn:aws:iam::123456789012:role/deployer"}, "RoleSessionName": {"ci"},
		"WebIdentityToken": {token},
	}
	for i := 0; i < len(more); i += 2 {
		form.Set(more[i], more[i+1])
	}
	return form
}

// The sources of the wordings stand beside them in the code.
func TestSTSErrors(t *testing.T) {
	for name, test := range map[string]struct {
		scenario, audience string
		signed             string
		form               []string
		code, message      string
	}{
		"a subject that is not trusted": {scenario: "oidc-refused", code: "AccessDenied", message: "Not authorized to perform sts:AssumeRoleWithWebIdentity"},
		"no such role":                  {form: []string{"RoleArn", "arn:aws:iam::123456789012:role/x"}, code: "AccessDenied", message: "Not authorized to perform sts:AssumeRoleWithWebIdentity"},
		"another account":               {form: []string{"RoleArn", "arn:aws:iam::210987654321:role/deployer"}, code: "InvalidIdentityToken", message: "No OpenIDConnect provider found in your account for https://token.actions.githubusercontent.com"},
		"another audience":              {audience: "https://github.com/acme", code: "InvalidIdentityToken", message: "Incorrect token audience"},
		"no token":                      {form: []string{"WebIdentityToken", "a.b.c"}, code: "InvalidIdentityToken", message: "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)"},
		"too long":                      {form: []string{"DurationSeconds", "7200"}, code: "ValidationError", message: "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."},
		"no external id": {form: []string{"Action", "AssumeRole", "RoleArn", "arn:aws:iam::123456789012:role/partner"}, signed: "AKID", code: "AccessDenied",
			message: "User: arn:aws:iam::123456789012:user/ci is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::123456789012:role/partner"},
		"not signed":     {form: []string{"Action", "GetCallerIdentity"}, code: "MissingAuthenticationToken", message: "Missing Authentication Token"},
		"unknown action": {form: []string{"Action", "AssumeRoleWithSAML"}, code: "InvalidAction", message: "Could not find operation AssumeRoleWithSAML"},
	} {
		t.Run(name, func(t *testing.T) {
			if test.scenario == "" {
				test.scenario = "oidc"
			}
			if test.audience == "" {
				test.audience = "sts.amazonaws.com"
			}
			s := New(named(t, test.scenario))
			status, body := query(t, s, test.signed, webIdentity(identityToken(t, s, test.audience), test.form...))
			require.GreaterOrEqual(t, status, 400)
			require.Equal(t, test.code, element(t, body, "Code"))
			require.Equal(t, test.message, element(t, body, "Message"))
		})
	}
}

func TestSessions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(named(t, "oidc"))
		status, body := query(t, s, "", webIdentity(identityToken(t, s, "sts.amazonaws.com"), "DurationSeconds", "900"))
		require.Equal(t, http.StatusOK, status, body)
		require.Contains(t, body, `<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleWithWebIdentityResult>`)
		expires, err := time.Parse(time.RFC3339, element(t, body, "Expiration"))
		require.NoError(t, err)
		require.Equal(t, 15*time.Minute, time.Until(expires))

		key, token := element(t, body, "AccessKeyId"), element(t, body, "SessionToken")
		whoami := url.Values{"Action": {"GetCallerIdentity"}}
		status, body = query(t, s, key+" "+token, whoami)
		require.Equal(t, http.StatusOK, status, body)
		require.Equal(t, "arn:aws:sts::123456789012:assumed-role/deployer/ci", element(t, body, "Arn"))
		_, body = query(t, s, key+" another", whoami)
		require.Equal(t, "InvalidClientTokenId", element(t, body, "Code"))

		status, body = query(t, s, key+" "+token, url.Values{
			"Action": {"AssumeRole"}, "RoleArn": {"arn:aws:iam::123456789012:role/partner"}, "RoleSessionName": {"x"}, "ExternalId": {"shop-42"},
		})
		require.Equal(t, http.StatusOK, status, body)

		time.Sleep(16 * time.Minute) // virtual
		_, body = query(t, s, key+" "+token, whoami)
		require.Equal(t, "ExpiredToken", element(t, body, "Code"))
	})
}

func TestIdentityTokensAreGoodForFiveMinutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(named(t, "oidc"))
		token := identityToken(t, s, "sts.amazonaws.com")
		time.Sleep(6 * time.Minute) // virtual
		_, body := query(t, s, "", webIdentity(token))
		require.Equal(t, "ExpiredTokenException", element(t, body, "Code"))
	})
}

func TestPolicies(t *testing.T) {
	const describe, update = "DescribeServices", "UpdateService"
	for name, test := range map[string]struct {
		statement       string
		operation, body string
		missing         string
	}{
		"allowed":          {`{"Effect":"Allow","Action":"ecs:DescribeServices","Resource":"*"}`, describe, `{"cluster":"main","services":["web"]}`, ""},
		"another action":   {`{"Effect":"Allow","Action":["ecs:DescribeServices"],"Resource":"*"}`, update, `{"cluster":"main","service":"web"}`, "ecs:UpdateService on resource: arn:aws:ecs:eu-west-1:123456789012:service/main/web"},
		"a wildcard":       {`{"Effect":"Allow","Action":"ecs:DescribeServices","Resource":["x","arn:aws:ecs:*:service/main/w?b"]}`, describe, `{"cluster":"main","services":["web"]}`, ""},
		"another resource": {`{"Effect":"Allow","Action":"ecs:DescribeServices","Resource":"arn:aws:ecs:eu-west-1:123456789012:service/main/web"}`, describe, `{"cluster":"main","services":["web","worker"]}`, "ecs:DescribeServices on resource: arn:aws:ecs:eu-west-1:123456789012:service/main/worker"},
		"a condition": {`{"Effect":"Allow","Action":"ecs:ListTasks","Resource":"*","Condition":{"ArnEquals":{"ecs:cluster":"arn:aws:ecs:eu-west-1:123456789012:cluster/main"}}}`,
			"ListTasks", `{"cluster":"main","serviceName":"web"}`, ""},
		"a condition that does not hold": {`{"Effect":"Allow","Action":"ecs:ListTasks","Resource":"*","Condition":{"ArnEquals":{"ecs:cluster":"arn:aws:ecs:eu-west-1:123456789012:cluster/other"}}}`,
			"ListTasks", `{"cluster":"main","serviceName":"web"}`, "ecs:ListTasks on resource: *"},
		"roles are passed": {`{"Effect":"Allow","Action":"ecs:RegisterTaskDefinition","Resource":"*"}`,
			"RegisterTaskDefinition", `{"family":"f","taskRoleArn":"arn:aws:iam::123456789012:role/r"}`, "iam:PassRole on resource: arn:aws:iam::123456789012:role/r"},
		"tags": {`{"Effect":"Allow","Action":"ecs:RegisterTaskDefinition","Resource":"*"}`,
			"RegisterTaskDefinition", `{"family":"f","tags":[{"key":"a","value":"b"}]}`, "ecs:TagResource on resource: arn:aws:ecs:eu-west-1:123456789012:task-definition/f:*"},
	} {
		t.Run(name, func(t *testing.T) {
			scenario, err := named(t, "healthy").Under(`{"Statement":[` + test.statement + `]}`)
			require.NoError(t, err)
			status, answer := ask(t, New(scenario), test.operation, test.body)
			if test.missing == "" {
				require.Equal(t, http.StatusOK, status, answer)
				return
			}
			require.Equal(t, "AccessDeniedException", answer["__type"])
			require.Contains(t, answer["message"], "is not authorized to perform: "+test.missing)
		})
	}
	_, err := named(t, "healthy").Under(`{"Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}`)
	require.ErrorContains(t, err, "the simulator only knows statements that allow")
}
