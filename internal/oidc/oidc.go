// Package oidc asks the runner for the identity token of the job, and reads what such a token claims:
// https://docs.github.com/en/actions/reference/security/oidc.
package oidc

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/sethvargo/go-githubactions"
)

// Token is an identity token. GitHub issues it for about five minutes.
type Token struct {
	JWT    string // a secret
	Claims Claims
}

// Claims are what a token says of its job. They are no secret.
type Claims struct {
	Issuer       string   `json:"iss"`
	Audience     audience `json:"aud"`
	Subject      string   `json:"sub"`
	Repository   string   `json:"repository"`
	RepositoryID string   `json:"repository_id"`
	OwnerID      string   `json:"repository_owner_id"`
	Ref          string   `json:"ref"`
	Environment  string   `json:"environment"`
	Workflow     string   `json:"job_workflow_ref"`
}

// audience is one, or a list of them (https://www.rfc-editor.org/rfc/rfc7519#section-4.1.3).
type audience string

func (a *audience) UnmarshalJSON(text []byte) error {
	var one string
	if json.Unmarshal(text, &one) == nil {
		*a = audience(one)
		return nil
	}
	var many []string
	err := json.Unmarshal(text, &many)
	*a = audience(strings.Join(many, ", "))
	return err
}

// Runner is the endpoint that gives a job its identity tokens.
type Runner struct {
	action   *githubactions.Action
	audience string
}

// askTimeout ends a request that hangs.
const askTimeout = 10 * time.Second

// On is the endpoint that the environment of a job names. The runner names one if the job has the permission
// id-token: write (https://github.com/actions/runner/blob/main/src/Runner.Worker/Handlers/ContainerActionHandler.cs).
// A transport of nil is the network.
func On(getenv func(string) string, transport http.RoundTripper, audience string) (*Runner, bool) {
	if getenv("ACTIONS_ID_TOKEN_REQUEST_URL") == "" || getenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN") == "" {
		return nil, false
	}
	client := &http.Client{Transport: transport, Timeout: askTimeout}
	return &Runner{
		githubactions.New(githubactions.WithGetenv(getenv), githubactions.WithHTTPClient(client)),
		audience,
	}, true
}

// Refused is an answer of the endpoint that another attempt does not change.
type Refused struct {
	Status int // of HTTP
	Says   string
}

func (r *Refused) Error() string {
	return fmt.Sprintf("the runner refused to issue an identity token (HTTP %d): %s", r.Status, r.Says)
}

// Token asks for a token. An error that is not *Refused may pass.
func (r *Runner) Token(ctx context.Context) (Token, error) {
	jwt, err := r.action.GetIDToken(ctx, r.audience)
	var failed *githubactions.RequestFailedError
	switch {
	case errors.As(err, &failed) && failed.StatusCode < 500 &&
		failed.StatusCode != http.StatusTooManyRequests && failed.StatusCode != http.StatusRequestTimeout:
		return Token{}, &Refused{failed.StatusCode, failed.Body}
	case err != nil:
		return Token{}, err
	case jwt == "":
		return Token{}, errors.New("the runner's answer holds no identity token")
	}
	return Token{JWT: jwt, Claims: read(jwt)}, nil
}

// read is what a token claims. One that cannot be read claims nothing: that is for AWS to judge.
func read(jwt string) Claims {
	var claims Claims
	if parts := strings.Split(jwt, "."); len(parts) == 3 {
		if text, err := base64.RawURLEncoding.DecodeString(parts[1]); err == nil {
			_ = json.Unmarshal(text, &claims)
		}
	}
	return claims
}

// Compare lists the claims, and the condition that the trust policy of the role must hold for them.
func (c Claims) Compare(role string) []string {
	lines := []string{"The identity token of this job says:"}
	for _, claim := range []struct{ name, value, absent string }{
		{"iss", c.Issuer, "(nothing)"},
		{"aud", string(c.Audience), "(nothing)"},
		{"sub", c.Subject, "(nothing)"},
		{"repository", c.Repository, "(nothing)"},
		{"ref", c.Ref, "(nothing)"},
		{"environment", c.Environment, "(none: the job names no environment)"},
		{"job_workflow_ref", c.Workflow, "(nothing)"},
	} {
		if claim.value == "" {
			claim.value = claim.absent
		}
		lines = append(lines, fmt.Sprintf("  %-16s  %s", claim.name, claim.value))
	}
	if strings.HasSuffix(c.Subject, ":pull_request") {
		lines = append(lines, "Careful: every pull request has this subject. Give the job an environment, and allow that "+
			"one.")
	}
	lines = append(lines, c.form(), "Compare with the trust policy of "+role+". This condition allows the job:")
	for line := range strings.SplitSeq(c.Condition(), "\n") {
		lines = append(lines, "  "+line)
	}
	return lines
}

// forms are the two forms in which GitHub writes a subject: with names alone, or with names and ids,
// which stay with a repository that loses its name to another; hasIDs tells which of them this one has
// (https://docs.github.com/en/actions/reference/security/oidc).
func (c Claims) forms() (names, ids string, hasIDs, known bool) {
	rest, isRepository := strings.CutPrefix(c.Subject, "repo:")
	path, scope, found := strings.Cut(rest, ":")
	owner, name, slash := strings.Cut(path, "/")
	if !isRepository || !found || !slash {
		return "", "", false, false
	}
	owner, _, hasIDs = strings.Cut(owner, "@")
	name, _, _ = strings.Cut(name, "@")
	names = fmt.Sprintf("repo:%s/%s:%s", owner, name, scope)
	switch {
	case hasIDs:
		ids = c.Subject
	case c.OwnerID != "" && c.RepositoryID != "":
		ids = fmt.Sprintf("repo:%s@%s/%s@%s:%s", owner, c.OwnerID, name, c.RepositoryID, scope)
	}
	return names, ids, hasIDs, true
}

// form explains which of the forms the subject has.
func (c Claims) form() string {
	switch _, _, hasIDs, known := c.forms(); {
	case !known:
		return "The subject has a form of your organization's own."
	case hasIDs:
		return "The subject names owner and repository with their ids, as for repositories that were created, renamed or " +
			"moved after 2026-07-15, or that opted in: a policy written for names alone does not match it."
	}
	return "The subject names owner and repository without their ids: a policy written for ids (OWNER@1/REPO@2) does " +
		"not match it. The comparison is case-sensitive."
}

// Condition is what a trust policy must hold to let the job in, with the subject as it is and as it may
// become. A subject with names alone would also let in a repository that gets the name later: where the
// subject has ids, only they count.
func (c Claims) Condition() string {
	issuer := strings.TrimPrefix(c.Issuer, "https://")
	subjects := []string{c.Subject}
	if names, ids, hasIDs, known := c.forms(); known && !hasIDs && ids != "" {
		subjects = []string{names, ids}
	}
	text, err := json.MarshalIndent(map[string]any{
		"StringEquals": map[string]any{issuer + ":aud": c.Audience, issuer + ":sub": subjects},
	}, "", "  ")
	if err != nil {
		panic(err) // it holds strings only
	}
	return `"Condition": ` + string(text)
}
