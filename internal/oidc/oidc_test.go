package oidc

import (
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// endpoint is a runner's token endpoint made of a function.
type endpoint func(*http.Request) (int, string)

func (e endpoint) RoundTrip(r *http.Request) (*http.Response, error) {
	status, body := e(r)
	if status == 0 {
		return nil, errors.New("connection reset by peer")
	}
	return &http.Response{StatusCode: status, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
}

var environment = map[string]string{
	"ACTIONS_ID_TOKEN_REQUEST_URL":   "https://runner.invalid/token/7?api-version=2.0",
	"ACTIONS_ID_TOKEN_REQUEST_TOKEN": "request-token",
}

func getenv(name string) string { return environment[name] }

func jwt(payload string) string {
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(`{"alg":"RS256"}`)) + "." + encode([]byte(payload)) + "." + encode([]byte("signature"))
}

func TestToken(t *testing.T) {
	token := jwt(`{"iss":"https://token.actions.githubusercontent.com","aud":["sts.amazonaws.com"],"sub":"repo:acme/shop:ref:refs/heads/main","repository":"acme/shop"}`)
	runner, ok := On(getenv, endpoint(func(r *http.Request) (int, string) {
		require.Equal(t, "2.0", r.URL.Query().Get("api-version"), "what the URL holds already is kept")
		require.Equal(t, "sts.amazonaws.com", r.URL.Query().Get("audience"))
		require.Equal(t, "Bearer request-token", r.Header.Get("Authorization"))
		return http.StatusOK, `{"value":"` + token + `"}`
	}), "sts.amazonaws.com")
	require.True(t, ok)
	got, err := runner.Token(t.Context())
	require.NoError(t, err)
	require.Equal(t, token, got.JWT)
	require.Equal(t, Claims{
		Issuer: "https://token.actions.githubusercontent.com", Audience: "sts.amazonaws.com",
		Subject: "repo:acme/shop:ref:refs/heads/main", Repository: "acme/shop",
	}, got.Claims)
}

func TestTokenErrorsThatMayPassAreToldFromRefusals(t *testing.T) {
	for name, test := range map[string]struct {
		status  int
		body    string
		refused bool
	}{
		"forbidden":         {403, "no", true},
		"unauthorized":      {401, "no", true},
		"too many requests": {429, "slow down", false},
		"server":            {503, "later", false},
		"cut off":           {200, `{"value":"ey`, false},
		"no token":          {200, `{}`, false},
		"no connection":     {0, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			runner, _ := On(getenv, endpoint(func(*http.Request) (int, string) { return test.status, test.body }), "")
			_, err := runner.Token(t.Context())
			var refused *Refused
			require.Error(t, err)
			require.Equal(t, test.refused, errors.As(err, &refused), err)
			require.NotContains(t, err.Error(), "request-token")
		})
	}
}

func TestThereIsNoEndpointWithoutThePermission(t *testing.T) {
	for missing := range environment {
		_, ok := On(func(name string) string {
			if name == missing {
				return ""
			}
			return getenv(name)
		}, nil, "")
		require.False(t, ok, "without %s", missing)
	}
}

// https://docs.github.com/en/actions/reference/security/oidc
func TestSubjectsInBothForms(t *testing.T) {
	for subject, want := range map[string][2]string{
		"repo:acme/shop:ref:refs/tags/v1":              {"repo:acme/shop:ref:refs/tags/v1", "repo:acme@65/shop@74:ref:refs/tags/v1"},
		"repo:acme@1/shop@22:environment:production":   {"repo:acme/shop:environment:production", "repo:acme@1/shop@22:environment:production"},
		"repo:acme/shop:environment:a%3Ab":             {"repo:acme/shop:environment:a%3Ab", "repo:acme@65/shop@74:environment:a%3Ab"},
		"repo:acme/shop:environment:x@y":               {"repo:acme/shop:environment:x@y", "repo:acme@65/shop@74:environment:x@y"},
		"repo:acme/shop:pull_request":                  {"repo:acme/shop:pull_request", "repo:acme@65/shop@74:pull_request"},
		"repository_owner:acme:environment:production": {},
		"repo:acme": {},
		"":          {},
	} {
		names, ids, hasIDs, known := Claims{Subject: subject, OwnerID: "65", RepositoryID: "74"}.forms()
		require.Equal(t, want, [2]string{names, ids}, subject)
		require.Equal(t, want[0] != "", known, subject)
		require.Equal(t, strings.Contains(subject, "acme@"), hasIDs, subject)
	}
}

func TestCompare(t *testing.T) {
	claims := Claims{
		Issuer: "https://token.actions.githubusercontent.com", Audience: "sts.amazonaws.com", Repository: "acme/shop",
		Subject: "repo:acme@1/shop@2:environment:staging", Ref: "refs/heads/main", Environment: "staging",
		Workflow: "acme/shop/.github/workflows/deploy.yml@refs/heads/main",
	}
	require.Equal(t, `The identity token of this job says:
  iss               https://token.actions.githubusercontent.com
  aud               sts.amazonaws.com
  sub               repo:acme@1/shop@2:environment:staging
  repository        acme/shop
  ref               refs/heads/main
  environment       staging
  job_workflow_ref  acme/shop/.github/workflows/deploy.yml@refs/heads/main
The subject names owner and repository with their ids, as for repositories that were created, renamed or moved after 2026-07-15, or that opted in: a policy written for names alone does not match it.
Compare with the trust policy of arn:aws:iam::123456789012:role/deployer. This condition allows the job:
  "Condition": {
    "StringEquals": {
      "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
      "token.actions.githubusercontent.com:sub": [
        "repo:acme@1/shop@2:environment:staging"
      ]
    }
  }`, strings.Join(claims.Compare("arn:aws:iam::123456789012:role/deployer"), "\n"))

	claims.Subject = "repo:acme/shop:pull_request"
	require.Contains(t, strings.Join(claims.Compare("r"), "\n"), "Careful: every pull request has this subject.")

	claims.Subject = "repo:acme/shop:environment:staging"
	claims.OwnerID = "1"
	claims.RepositoryID = "2"
	require.Contains(t, claims.Condition(), `": [
      "repo:acme/shop:environment:staging",
      "repo:acme@1/shop@2:environment:staging"
    ]`, "what the subject may become is let in, too")

	claims.Subject, claims.Environment = "repository_owner:acme", ""
	text := strings.Join(claims.Compare("r"), "\n")
	require.Contains(t, text, "a form of your organization's own")
	require.Contains(t, text, "(none: the job names no environment)")
	require.Contains(t, text, `"repository_owner:acme"`)
}

func TestATokenThatCannotBeReadClaimsNothing(t *testing.T) {
	for _, token := range []string{"", "a.b", "a.!.c", jwt("no JSON")} {
		require.Equal(t, Claims{}, read(token), token)
	}
}
