package cloud

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"ecs-deploy/internal/ecssim"
	"ecs-deploy/internal/rollout"
	"ecs-deploy/internal/taskdef"
)

// transport is an HTTP client made of a function.
type transport func(*http.Request) (*http.Response, error)

func (f transport) Do(r *http.Request) (*http.Response, error) { return f(r) }

func operation(r *http.Request) string {
	_, name, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	return name
}

func answer(r *http.Request, status int, body string) *http.Response {
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), Request: r}
}

func open(t *testing.T, network HTTPClient) *Client {
	t.Helper()
	client, err := Open(t.Context(), Options{
		Place: rollout.Place{Region: "eu-west-1"}, Credentials: Credentials{Keys: rollout.Keys{AccessKeyID: "id", SecretAccessKey: "secret"}}, HTTP: network,
		Jitter: func() float64 { return 0.5 }, Emit: func(rollout.Event) {},
	})
	require.NoError(t, err)
	return client
}

func world(t *testing.T, scenario string) *ecssim.Sim {
	t.Helper()
	chosen, err := ecssim.Named(scenario)
	require.NoError(t, err)
	return ecssim.New(chosen)
}

func TestErrorsAreInOurWords(t *testing.T) {
	const denial = `User: arn:aws:sts::123456789012:assumed-role/ci/x is not authorized to perform: ecs:ListServices on resource: arn:aws:ecs:eu-west-1:123456789012:cluster/main because no identity-based policy allows the ecs:ListServices action`
	for name, test := range map[string]struct {
		body, what, next string
	}{
		"denied, in the words of IAM": {`{"__type":"AccessDeniedException","Message":"` + denial + `"}`,
			"ecs:ListServices for cluster main: not allowed",
			"Allow ecs:ListServices on arn:aws:ecs:eu-west-1:123456789012:cluster/main for arn:aws:sts::123456789012:assumed-role/ci/x."},
		"denied, in other words": {`{"__type":"AccessDeniedException","message":"explicit deny"}`,
			"ecs:ListServices for cluster main: not allowed", "Allow ecs:ListServices for the role that deploys. AWS says: explicit deny"},
		"expired": {`{"__type":"ExpiredTokenException","message":"The security token included in the request is expired"}`,
			"ecs:ListServices for cluster main: the AWS credentials have expired", "Set role-to-assume in this step: it then renews its credentials. Or get them right before this step, valid for longer than the deployment takes (role-duration-seconds)."},
		"not valid": {`{"__type":"UnrecognizedClientException","message":"The security token included in the request is invalid."}`,
			"ecs:ListServices for cluster main: AWS does not accept the credentials", "Check that the key, its secret and the session token belong together, that the key is active, and that it belongs to the partition of the region."},
		"a wrong secret": {`{"__type":"InvalidSignatureException","message":"The request signature we calculated does not match"}`,
			"ecs:ListServices for cluster main: AWS does not accept the credentials", "Check that the key, its secret and the session token belong together, that the key is active, and that it belongs to the partition of the region."},
		"what AWS says of the request": {`{"__type":"com.amazonaws.ecs#InvalidParameterException","message":"Identifier is for cluster x."}`,
			"ecs:ListServices for cluster main: Identifier is for cluster x. (InvalidParameterException)", ""},
	} {
		t.Run(name, func(t *testing.T) {
			client := open(t, transport(func(r *http.Request) (*http.Response, error) { return answer(r, http.StatusBadRequest, test.body), nil }))
			_, err := client.ServiceNames(t.Context(), "main")
			var problem *rollout.Problem
			require.ErrorAs(t, err, &problem)
			require.Equal(t, test.what, problem.What)
			require.Equal(t, test.next, problem.Next)
			require.Equal(t, rollout.Refused, problem.Kind)
			require.False(t, Transient(err))
		})
	}
}

// trouble is how a call can go wrong that may go well the next time.
var troubles = map[string]transport{
	"throttled": func(r *http.Request) (*http.Response, error) {
		return answer(r, http.StatusBadRequest, `{"__type":"ThrottlingException","message":"Rate exceeded"}`), nil
	},
	"a fault of the server": func(r *http.Request) (*http.Response, error) {
		return answer(r, http.StatusInternalServerError, `{"__type":"ServerException"}`), nil
	},
	"a proxy's page": func(r *http.Request) (*http.Response, error) {
		return answer(r, http.StatusServiceUnavailable, `<html>busy</html>`), nil
	},
	"a broken connection": func(*http.Request) (*http.Response, error) { return nil, syscall.ECONNRESET },
	"an empty answer":     func(r *http.Request) (*http.Response, error) { return answer(r, http.StatusOK, ""), nil },
	"a cut answer": func(r *http.Request) (*http.Response, error) {
		return answer(r, http.StatusOK, `{"services":[{"ser`), nil
	},
}

func TestTroubleIsRiddenOut(t *testing.T) {
	for name, trouble := range troubles {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sim := world(t, "healthy")
				counts := map[string]int{}
				client := open(t, transport(func(r *http.Request) (*http.Response, error) {
					if counts[operation(r)]++; counts[operation(r)] < attempts {
						return trouble(r)
					}
					return sim.Do(r)
				}))
				services, err := client.Services(t.Context(), "main", "web")
				require.NoError(t, err)
				require.Len(t, services, 1)
				revision, err := client.Revision(t.Context(), "web")
				require.NoError(t, err)
				registered, err := client.Register(t.Context(), revision.Document, revision)
				require.NoError(t, err)
				require.Equal(t, 42, registered.Number)

				clear(counts)
				_, err = client.WithoutRetry().Services(t.Context(), "main", "web")
				require.True(t, Transient(err), "%v", err)
				require.Equal(t, 1, counts["DescribeServices"], "without retry there is one call")
			})
		})
	}
}

func TestTooManyConcurrentRegistrationsWaitTheirTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := world(t, "healthy")
		calls := 0
		began := time.Now()
		client := open(t, transport(func(r *http.Request) (*http.Response, error) {
			if calls++; calls < 5 {
				return answer(r, http.StatusBadRequest,
					`{"__type":"ClientException","message":"Too many concurrent attempts to create a new revision of the specified family."}`), nil
			}
			return sim.Do(r)
		}))
		document, err := taskdef.Parse([]byte(`{"family":"web","containerDefinitions":[{"name":"app","image":"nginx"}]}`))
		require.NoError(t, err)
		registered, err := client.Register(t.Context(), document, rollout.Revision{})
		require.NoError(t, err)
		require.Equal(t, "web:42", registered.ID())
		require.Greater(t, time.Since(began), time.Second, "it waits between its attempts")
	})
}

// However the answer of UpdateService is lost, and whether or not it had its effect before, there is
// one deployment at the end, and it is the one that is returned.
func TestUpdateNeverStartsTwoDeployments(t *testing.T) {
	for name, trouble := range troubles {
		for _, after := range []bool{false, true} {
			for _, force := range []bool{false, true} {
				when := map[bool]string{false: " before", true: " after"}[after] + map[bool]string{false: "", true: ", forced"}[force]
				if name == "throttled" && after {
					continue // a throttled call has no effect
				}
				t.Run(name+when, func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						sim, spoilt := world(t, "healthy"), 0
						client := open(t, transport(func(r *http.Request) (*http.Response, error) {
							if operation(r) != "UpdateService" || spoilt == 2 {
								return sim.Do(r)
							}
							if spoilt++; after {
								_, err := sim.Do(r)
								require.NoError(t, err)
							}
							return trouble(r)
						}))
						before, update := aDeployment(t, client, force)
						service, deployment, err := client.Update(t.Context(), before, update)
						require.NoError(t, err)
						require.Len(t, service.Deployments, 2)
						require.Equal(t, service.Deployments[0].ID, deployment.ID)
						require.Equal(t, update.TaskDefinition, deployment.TaskDefinition)
					})
				})
			}
		}
	}
}

// aDeployment is what it takes to start one: of a new revision, or by force of the same.
func aDeployment(t *testing.T, client *Client, force bool) (rollout.Service, rollout.Update) {
	t.Helper()
	world, err := (&Clients{all: []*Client{client}}).Survey(t.Context(), Wanted{Targets: []rollout.Target{{Cluster: "main", Name: "web"}}})
	require.NoError(t, err)
	before := world.Services[0]
	if force {
		return before.Service, rollout.Update{TaskDefinition: before.Revision.ARN, Force: true}
	}
	revision, err := client.Register(t.Context(), before.Revision.Document, before.Revision)
	require.NoError(t, err)
	return before.Service, rollout.Update{TaskDefinition: revision.ARN}
}

// The answer to UpdateService gets lost, and DescribeServices shows what was there before for longer than it is looked
// there: the list of service deployments tells that it was done, so that it is not done twice.
func TestALostUpdateIsSeenInTheOtherList(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		scenario, err := ecssim.Named("bake")
		require.NoError(t, err)
		sim := ecssim.New(scenario.Lagging(ecssim.Lag{Services: 2 * time.Minute}))
		client := open(t, transport(func(r *http.Request) (*http.Response, error) {
			response, err := sim.Do(r)
			if operation(r) == "UpdateService" {
				return nil, io.ErrUnexpectedEOF
			}
			return response, err
		}))
		before, update := aDeployment(t, client, false)
		after, ours, err := client.Update(t.Context(), before, update)
		require.NoError(t, err)
		require.Equal(t, update.TaskDefinition, ours.TaskDefinition)
		primary, _ := after.Primary()
		require.Equal(t, ours.ID, primary.ID)
		truth := sim.Truth("main")["web"].Deployments
		require.Equal(t, ours.ID, truth[0].ID)
		require.Len(t, truth, 2, "it is not started twice")
	})
}

func TestUpdateGivesUpAtLast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := world(t, "healthy")
		client := open(t, transport(func(r *http.Request) (*http.Response, error) {
			if operation(r) == "UpdateService" {
				return troubles["a fault of the server"](r)
			}
			return sim.Do(r)
		}))
		before, update := aDeployment(t, client, false)
		_, _, err := client.Update(t.Context(), before, update)
		require.EqualError(t, err, "ecs:UpdateService for service web: no message (ServerException); it may have taken effect")

		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(3*time.Second, cancel)
		_, _, err = client.Update(ctx, before, update)
		require.ErrorIs(t, err, context.Canceled)
	})
}

func TestSurveyTellsWhatIsWrong(t *testing.T) {
	for name, test := range map[string]struct{ body, want string }{
		"deleted": {`{"services":[{"serviceName":"web","clusterArn":"arn:aws:ecs:eu-west-1:1:cluster/main","status":"INACTIVE"}]}`,
			"service web in cluster main (eu-west-1) is INACTIVE: it was deleted, or is about to be"},
		"another controller": {`{"services":[{"serviceName":"web","clusterArn":"arn:aws:ecs:eu-west-1:1:cluster/main","status":"ACTIVE","deploymentController":{"type":"EXTERNAL"}}]}`,
			"service web in cluster main (eu-west-1) has the deployment controller EXTERNAL: an external program deploys it, not ECS"},
		"missing, and the services cannot be listed": {`{"services":[],"failures":[{"reason":"MISSING"}]}`,
			"service web does not exist in cluster main in eu-west-1"},
	} {
		t.Run(name, func(t *testing.T) {
			client := open(t, transport(func(r *http.Request) (*http.Response, error) {
				if operation(r) == "ListServices" {
					return answer(r, http.StatusBadRequest, `{"__type":"AccessDeniedException"}`), nil
				}
				return answer(r, http.StatusOK, test.body), nil
			}))
			_, err := (&Clients{all: []*Client{client}}).Survey(t.Context(), Wanted{Targets: []rollout.Target{{Cluster: "main", Name: "web"}}})
			var problem *rollout.Problem
			require.ErrorAs(t, err, &problem)
			require.Equal(t, test.want, problem.What)
			require.Equal(t, rollout.BadInput, problem.Kind)
			require.NotEmpty(t, problem.Next)
		})
	}
}

func TestConfigurationThatIsMissing(t *testing.T) {
	for name, value := range map[string]string{
		"AWS_REGION": "", "AWS_DEFAULT_REGION": "", "AWS_PROFILE": "", "AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "",
		"AWS_CONFIG_FILE": "/nowhere", "AWS_SHARED_CREDENTIALS_FILE": "/nowhere", "AWS_EC2_METADATA_DISABLED": "true",
		"AWS_CA_BUNDLE": "", "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
	} {
		t.Setenv(name, value)
	}
	options := Options{Jitter: func() float64 { return 0 }, Emit: func(rollout.Event) {}}
	_, err := Open(t.Context(), options)
	require.EqualError(t, err, "no AWS region is set")

	options.Credentials.Profile = Profile{"AWS_PROFILE", "missing", []Place{{Config: "/nowhere", Credentials: "/nowhere"}}}
	_, err = Open(t.Context(), options)
	var problem *rollout.Problem
	require.ErrorAs(t, err, &problem)
	require.Contains(t, problem.What, `there is no profile "missing" in`)

	options.Credentials.Profile, options.Place.Region = Profile{}, "eu-west-1"
	client, err := Open(t.Context(), options)
	require.NoError(t, err)
	_, err = client.ServiceNames(t.Context(), "main")
	require.EqualError(t, err, "there are no AWS credentials")

	options.Credentials = Credentials{Keys: rollout.Keys{AccessKeyID: "id", SecretAccessKey: "secret"}}
	client, err = Open(t.Context(), options)
	require.NoError(t, err)
	_, err = client.WithoutRetry().ServiceNames(t.Context(), "main")
	require.ErrorAs(t, err, &problem)
	require.Equal(t, "ecs:ListServices for cluster main: AWS could not be reached in eu-west-1: connection refused", problem.What)
	require.True(t, errors.Is(err, syscall.ECONNREFUSED))
}

// The log of a container may be in another region than its service.
func TestLogsAreReadInTheirOwnRegion(t *testing.T) {
	document, err := taskdef.Parse([]byte(`{"containerDefinitions":[{"name":"app","logConfiguration":{"logDriver":"awslogs",
	  "options":{"awslogs-group":"g","awslogs-region":"us-east-1","awslogs-stream-prefix":"p"}}}]}`))
	require.NoError(t, err)
	stopped := `{"tasks":[{"taskArn":"arn:aws:ecs:eu-west-1:1:task/main/abc","startedBy":"ecs-svc/1","stopCode":"EssentialContainerExited","containers":[{"name":"app","exitCode":1}]}]}`
	client := open(t, transport(func(r *http.Request) (*http.Response, error) {
		body, err := io.ReadAll(r.Body)
		require.NoError(t, err)
		switch operation(r) {
		case "ListTasks":
			return answer(r, http.StatusOK, `{"taskArns":["arn:aws:ecs:eu-west-1:1:task/main/abc"]}`), nil
		case "DescribeTasks":
			return answer(r, http.StatusOK, stopped), nil
		}
		require.Equal(t, "logs.us-east-1.amazonaws.com", r.URL.Host)
		require.Contains(t, r.Header.Get("Authorization"), "/us-east-1/logs/aws4_request")
		require.JSONEq(t, `{"logGroupName":"g","logStreamName":"p/app/abc","limit":200,"startFromHead":false}`, string(body))
		return answer(r, http.StatusOK, `{"events":[{"message":"last words"}]}`), nil
	}))
	var evidence rollout.Evidence
	client.Gather(t.Context(), &rollout.Rollout{
		Look: rollout.Look{Deployment: rollout.Deployment{ID: "ecs-svc/1"}}, Revision: rollout.RevisionResult{Revision: rollout.Revision{Document: document}},
	}, &evidence)
	require.Len(t, evidence.Failures, 1)
	require.Equal(t, []string{"last words"}, evidence.Log.Lines)
	require.Equal(t, "p/app/abc", evidence.Log.Stream)
}

// An operation that ECS does not have, or that is not allowed, leaves its part of the evidence out.
func TestEvidenceThatMayNotBeRead(t *testing.T) {
	var told []string
	client, err := Open(t.Context(), Options{
		Place: rollout.Place{Region: "eu-west-1"}, Credentials: Credentials{Keys: rollout.Keys{AccessKeyID: "id", SecretAccessKey: "secret"}}, Jitter: func() float64 { return 0 },
		Emit: func(e rollout.Event) {
			if e, is := e.(rollout.Unreadable); is {
				told = append(told, string(e.Sight)+": "+e.Err.Error()+". "+rollout.Remedy(e.Err))
			}
		},
		HTTP: transport(func(r *http.Request) (*http.Response, error) {
			return answer(r, http.StatusBadRequest, `{"__type":"AccessDeniedException","message":"no"}`), nil
		}),
	})
	require.NoError(t, err)
	var evidence rollout.Evidence
	client.Gather(t.Context(), &rollout.Rollout{Look: rollout.Look{
		Service: rollout.Service{TargetGroups: []string{"arn"}}, Deployment: rollout.Deployment{Running: 1},
	}}, &evidence)
	require.Empty(t, evidence.Failures)
	require.Equal(t, []string{
		"causes: ecs:ListTasks for service : not allowed. Allow ecs:ListTasks for the role that deploys. AWS says: no",
		"objection: ecs:ListTasks for service : not allowed. Allow ecs:ListTasks for the role that deploys. AWS says: no",
	}, told)
}
