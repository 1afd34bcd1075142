package cloud

import (
	"bytes"
	"context"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/stretchr/testify/require"

	"ecs-deploy/internal/oidc"
	"ecs-deploy/internal/rollout"
)

const deployer = "arn:aws:iam::123456789012:role/deployer"

// answerXML is an answer of the query protocol.
func answerXML(r *http.Request, status int, body string) *http.Response {
	response := answer(r, status, body)
	response.Header.Set("Content-Type", "text/xml")
	return response
}

func refusalXML(code, message string) string {
	var escaped bytes.Buffer
	_ = xml.EscapeText(&escaped, []byte(message))
	return "<ErrorResponse><Error><Type>Sender</Type><Code>" + code + "</Code><Message>" + escaped.String() + "</Message></Error></ErrorResponse>"
}

// sessionXML is a session that is good for so long.
func sessionXML(action, key string, length time.Duration) string {
	return fmt.Sprintf(`<%[1]sResponse><%[1]sResult><Credentials><AccessKeyId>%[2]s</AccessKeyId><SecretAccessKey>secret of %[2]s</SecretAccessKey><SessionToken>token of %[2]s</SessionToken><Expiration>%[3]s</Expiration></Credentials><AssumedRoleUser><Arn>arn:aws:sts::123456789012:assumed-role/deployer/x</Arn></AssumedRoleUser></%[1]sResult></%[1]sResponse>`,
		action, key, time.Now().Add(length).UTC().Format(time.RFC3339))
}

// form is what a request of the query protocol asks.
func form(r *http.Request) url.Values {
	body, _ := io.ReadAll(r.Body)
	values, _ := url.ParseQuery(string(body))
	return values
}

// tokens gives identity tokens, each another, and counts them.
type tokens struct {
	given int
	err   error
}

func (s *tokens) token(context.Context) (oidc.Token, error) {
	s.given++
	claims := oidc.Claims{Issuer: "https://token.actions.githubusercontent.com", Audience: "sts.amazonaws.com", Subject: "repo:acme/shop:pull_request"}
	return oidc.Token{JWT: fmt.Sprintf("jwt-%d", s.given), Claims: claims}, s.err
}

// assuming makes a client that assumes a role.
func assumingClient(t *testing.T, role AssumedRole, network HTTPClient, events *[]rollout.Event) *Client {
	t.Helper()
	role.ARN, role.SessionName = deployer, "x"
	given := Credentials{Role: role}
	if role.Token == nil {
		given.AccessKeyID, given.SecretAccessKey = "id", "secret"
	}
	client, err := Open(t.Context(), Options{
		Place: rollout.Place{Region: "eu-west-1"}, Credentials: given, HTTP: network, Jitter: func() float64 { return 0.5 },
		Emit: func(e rollout.Event) {
			if _, called := e.(rollout.Called); events != nil && !called {
				*events = append(*events, e)
			}
		},
	})
	require.NoError(t, err)
	return client
}

func TestCredentialErrorsAreRecognised(t *testing.T) {
	for _, known := range CredentialErrors {
		require.NotEmpty(t, known.Next, known.Name)
		if len(known.codes) == 0 {
			continue // AWS is not asked
		}
		for _, code := range known.codes {
			t.Run(known.Name+" "+code, func(t *testing.T) {
				require.NotEmpty(t, known.Source)
				synctest.Test(t, func(t *testing.T) {
					var source tokens
					role, claims := AssumedRole{}, oidc.Claims{}
					if known.call == "" {
						err := open(t, transport(func(r *http.Request) (*http.Response, error) {
							return answerXML(r, http.StatusBadRequest, refusalXML(code, known.Example)), nil
						})).CheckAccount(t.Context(), []string{"123456789012"})
						want := known.with(role, claims)
						require.EqualError(t, err, "sts:GetCallerIdentity for the credentials: "+want.What)
						require.Equal(t, want.Next, err.(*rollout.Problem).Next)
						return
					}
					if known.call == viaToken {
						role.Token = source.token
						token, _ := source.token(t.Context())
						claims = token.Claims
					}
					began, calls := time.Now(), 0
					err := assumingClient(t, role, transport(func(r *http.Request) (*http.Response, error) {
						calls++
						return answerXML(r, http.StatusBadRequest, refusalXML(code, known.Example)), nil
					}), nil).Authenticate(t.Context())

					var problem *rollout.Problem
					require.ErrorAs(t, err, &problem)
					want := known.with(AssumedRole{Role: rollout.Role{ARN: deployer}}, claims)
					require.Equal(t, want.What+" ("+code+": "+known.Example+")", problem.What)
					require.Equal(t, want.Next, problem.Next)
					require.Equal(t, rollout.Refused, problem.Kind)
					require.NotContains(t, problem.What+problem.Next, "{")
					require.Equal(t, known.claims, problem.Detail != nil)
					if known.passes {
						require.Greater(t, calls, 1)
						require.Equal(t, assumeTimeout, time.Since(began))
					} else {
						require.Equal(t, 1, calls, "a refusal fails at once")
						require.Zero(t, time.Since(began))
					}
				})
			})
		}
	}
}

func TestEachAttemptHasAFreshToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var source tokens
		var sent []string
		var events []rollout.Event
		client := assumingClient(t, AssumedRole{Token: source.token}, transport(func(r *http.Request) (*http.Response, error) {
			require.Empty(t, r.Header.Get("Authorization"), "it is not signed")
			values := form(r)
			sent = append(sent, values.Get("WebIdentityToken"))
			switch len(sent) {
			case 1:
				return nil, syscall.ECONNRESET
			case 2:
				return answerXML(r, http.StatusInternalServerError, refusalXML("InternalFailure", "")), nil
			case 3:
				return answerXML(r, http.StatusOK, ""), nil
			}
			require.Equal(t, "3600", values.Get("DurationSeconds"))
			return answerXML(r, http.StatusOK, sessionXML(viaToken, "ASIA1", time.Hour)), nil
		}), &events)
		began := time.Now()
		require.NoError(t, client.Authenticate(t.Context()))
		require.Equal(t, []string{"jwt-1", "jwt-2", "jwt-3", "jwt-4"}, sent)
		require.LessOrEqual(t, time.Since(began), assumeTimeout)
		require.Equal(t, []rollout.Event{
			rollout.SecretLearned{Values: []string{"jwt-1"}}, rollout.SecretLearned{Values: []string{"jwt-2"}},
			rollout.SecretLearned{Values: []string{"jwt-3"}}, rollout.SecretLearned{Values: []string{"jwt-4"}},
			rollout.SecretLearned{Values: []string{"ASIA1", "secret of ASIA1", "token of ASIA1"}},
			rollout.RoleAssumed{Session: "arn:aws:sts::123456789012:assumed-role/deployer/x", With: "the identity token of the job", MaxAge: events[5].(rollout.RoleAssumed).MaxAge},
		}, events)
	})
}

func TestAssumingEndsAfterTwentySeconds(t *testing.T) {
	for name, answer := range map[string]transport{
		"errors": func(r *http.Request) (*http.Response, error) { return nil, syscall.ECONNRESET },
		"silence": func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var source tokens
				began := time.Now()
				err := assumingClient(t, AssumedRole{Token: source.token}, answer, nil).Authenticate(t.Context())
				require.ErrorContains(t, err, "sts:AssumeRoleWithWebIdentity for role "+deployer+": AWS could not be reached in eu-west-1")
				require.LessOrEqual(t, time.Since(began), assumeTimeout)
				require.NotContains(t, err.Error(), "jwt")
			})
		})
	}
}

func TestARefusedTokenFailsAtOnce(t *testing.T) {
	source := tokens{err: &oidc.Refused{Status: 403, Says: "no"}}
	err := assumingClient(t, AssumedRole{Token: source.token}, transport(func(r *http.Request) (*http.Response, error) {
		t.Error("AWS is not asked without a token")
		return nil, syscall.ECONNRESET
	}), nil).Authenticate(t.Context())
	require.EqualError(t, err, "the runner refused to issue an identity token (HTTP 403): no")
	require.Equal(t, 1, source.given)
}

func TestNoPlaceholderIsLeftInAProblem(t *testing.T) {
	client := open(t, transport(func(r *http.Request) (*http.Response, error) {
		return answerXML(r, http.StatusForbidden, refusalXML("RegionDisabledException", "STS is not activated in this region for account:1.")), nil
	}))
	err := client.CheckAccount(t.Context(), []string{"123456789012"})
	require.EqualError(t, err, "sts:GetCallerIdentity for the credentials: STS is not activated in this region for the account")
}

func TestTheErrorOfSTSIsNotThatOfTheCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := assumingClient(t, AssumedRole{}, transport(func(r *http.Request) (*http.Response, error) {
			return answerXML(r, http.StatusForbidden, refusalXML("AccessDenied", "no")), nil
		}), nil)
		_, err := client.ServiceNames(t.Context(), "main")
		require.ErrorContains(t, err, "the credentials are not allowed to assume "+deployer)
		require.False(t, NotAllowed(err), "else it would count as a call that may be left out")
		require.False(t, Transient(err))
	})
}

func TestAPanicInGettingCredentialsIsAnError(t *testing.T) {
	client := assumingClient(t, AssumedRole{}, transport(func(r *http.Request) (*http.Response, error) { panic("the sky falls") }), nil)
	require.ErrorContains(t, client.Authenticate(t.Context()), "internal error while getting credentials: the sky falls")
}

func TestRolesAndRegionsAreOfOnePartition(t *testing.T) {
	for region, want := range map[string]string{
		"eu-west-1": "aws", "cn-northwest-1": "aws-cn", "us-gov-west-1": "aws-us-gov", "eusc-de-east-1": "aws-eusc",
		"us-iso-east-1": "aws-iso", "us-isob-east-1": "aws-iso-b", "us-east-1": "aws",
	} {
		for _, other := range []string{"aws", "aws-cn", "aws-us-gov", "aws-eusc"} {
			role := "arn:" + other + ":iam::123456789012:role/deployer"
			_, err := Open(t.Context(), Options{
				Place: rollout.Place{Region: region}, Credentials: Credentials{Keys: rollout.Keys{AccessKeyID: "id", SecretAccessKey: "secret"}, Role: AssumedRole{Role: rollout.Role{ARN: role}}},
				HTTP: transport(nil), Emit: func(rollout.Event) {},
			})
			if other == want {
				require.NoError(t, err)
				continue
			}
			require.EqualError(t, err, "role-to-assume: "+role+" is in the partition "+other+", and the region "+region+" in "+want)
		}
	}
}

func TestAccountsThatAreNotAllowed(t *testing.T) {
	var asked []string
	client := open(t, transport(func(r *http.Request) (*http.Response, error) {
		asked = append(asked, form(r).Get("Action"))
		return answerXML(r, http.StatusOK, `<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::210987654321:user/ci</Arn><Account>210987654321</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`), nil
	}))
	require.NoError(t, client.Authenticate(t.Context()))
	require.Empty(t, asked, "who calls is not asked without need")
	require.NoError(t, client.CheckAccount(t.Context(), []string{"123456789012", "210987654321"}))
	require.EqualError(t, client.CheckAccount(t.Context(), []string{"123456789012"}),
		"allowed-account-ids: the credentials belong to account 210987654321 (arn:aws:iam::210987654321:user/ci), but only 123456789012 is allowed")
	require.Equal(t, []string{"GetCallerIdentity", "GetCallerIdentity"}, asked)
}

// What STS answers to the SDK, for a profile that assumes a role, is told as it is. That the SDK asks
// the real STS then, whatever endpoint is configured, keeps this test from loading a profile.
func TestWhatSTSAnswersForAProfile(t *testing.T) {
	for want, http := range map[string]transport{
		"sts:AssumeRole for the role of the profile: no such luck (AccessDenied)": func(r *http.Request) (*http.Response, error) {
			return answerXML(r, http.StatusForbidden, refusalXML("AccessDenied", "no such luck")), nil
		},
		"sts:AssumeRole for the role of the profile: AWS could not be reached in eu-west-1: connection refused": func(r *http.Request) (*http.Response, error) {
			return nil, syscall.ECONNREFUSED
		},
	} {
		client := open(t, http).WithoutRetry()
		arn, name := deployer, "x"
		_, err := sts.NewFromConfig(client.config).AssumeRole(t.Context(), &sts.AssumeRoleInput{RoleArn: &arn, RoleSessionName: &name})
		require.Error(t, err)
		err = client.unauthenticated(t.Context(), fmt.Errorf("failed to refresh cached credentials, %w", err))
		require.EqualError(t, err, want)
		require.NotEmpty(t, err.(*rollout.Problem).Next)
	}
}

// What the user says of attempts holds for STS too.
func TestAttemptsAreThoseOfSTSToo(t *testing.T) {
	for asked, want := range map[int]int{1: 1, 3: 3} {
		synctest.Test(t, func(t *testing.T) {
			calls := 0
			client, err := Open(t.Context(), Options{
				Place: rollout.Place{Region: "eu-west-1"}, Attempts: asked, Jitter: func() float64 { return 0.5 }, Emit: func(rollout.Event) {},
				Credentials: Credentials{Keys: rollout.Keys{AccessKeyID: "id", SecretAccessKey: "secret"}, Role: AssumedRole{Role: rollout.Role{ARN: deployer, SessionName: "x"}}},
				HTTP: transport(func(r *http.Request) (*http.Response, error) {
					calls++
					return answerXML(r, http.StatusInternalServerError, refusalXML("InternalFailure", "busy")), nil
				}),
			})
			require.NoError(t, err)
			require.ErrorContains(t, client.Authenticate(t.Context()), "sts:AssumeRole for role "+deployer+": busy")
			require.Equal(t, want, calls)
		})
	}
}
