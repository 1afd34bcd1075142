package cloud

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"ecs-deploy/internal/rollout"
	"ecs-deploy/internal/taskdef"
)

func TestVerifyAsksInTheRegionOfTheThing(t *testing.T) {
	document, err := taskdef.Parse([]byte(`{"containerDefinitions":[{"name":"app","secrets":[
	  {"name":"A","valueFrom":"arn:aws:secretsmanager:us-east-2:1:secret:db-AbCdEf:password::"},
	  {"name":"B","valueFrom":"arn:aws:ssm:us-west-2:1:parameter/web/b"},{"name":"C","valueFrom":"plain"}]}]}`))
	require.NoError(t, err)
	var mu sync.Mutex
	asked := map[string]string{}
	client := open(t, transport(func(r *http.Request) (*http.Response, error) {
		body, err := io.ReadAll(r.Body)
		require.NoError(t, err)
		mu.Lock()
		defer mu.Unlock()
		asked[r.URL.Host+" "+operation(r)] += string(body)
		return answer(r, http.StatusOK, `{"failures":[],"images":[],"Parameters":[{}]}`), nil
	}))
	verified, err := client.Verify(t.Context(), []rollout.PlannedRevision{{Register: true, Document: document, Images: []taskdef.ImageChange{
		{To: "123456789012.dkr.ecr.ap-south-1.amazonaws.com/web:v2"}, {To: "nginx:1"},
	}}}, "1")
	require.NoError(t, err)
	require.Equal(t, rollout.Verified{Checks: 4}, verified, "another registry is no check")
	require.Contains(t, asked["api.ecr.ap-south-1.amazonaws.com BatchGetImage"], `"imageTag":"v2"`)
	require.JSONEq(t, `{"SecretId":"arn:aws:secretsmanager:us-east-2:1:secret:db-AbCdEf"}`, asked["secretsmanager.us-east-2.amazonaws.com DescribeSecret"])
	require.Contains(t, asked["ssm.us-west-2.amazonaws.com DescribeParameters"], `["/web/b","web/b"]`)
	require.Contains(t, asked["ssm.eu-west-1.amazonaws.com DescribeParameters"], `["/plain","plain"]`)
	require.Len(t, asked, 4, "other registries are not looked at")
}

func TestVerifyDoesNotMindWhatDoesNotAnswer(t *testing.T) {
	document, err := taskdef.Parse([]byte(`{"taskRoleArn":"arn:aws:iam::1:role/a","containerDefinitions":[]}`))
	require.NoError(t, err)
	for body, fails := range map[string]bool{`<html>busy</html>`: false, `{"__type":"ExpiredTokenException"}`: true} {
		synctest.Test(t, func(t *testing.T) {
			client := open(t, transport(func(r *http.Request) (*http.Response, error) { return answer(r, http.StatusBadRequest, body), nil }))
			_, err := client.Verify(t.Context(), []rollout.PlannedRevision{{Register: true, Document: document, Images: []taskdef.ImageChange{{To: "123456789012.dkr.ecr.ap-south-1.amazonaws.com/web:v2"}}}}, "")
			require.Equal(t, fails, err != nil, body)
		})
	}
}

func TestVerifyMakesItsChecksAtTheSameTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := world(t, "healthy")
		client := open(t, transport(func(r *http.Request) (*http.Response, error) {
			time.Sleep(300 * time.Millisecond) // virtual
			return sim.Do(r)
		}))
		revision, err := client.Revision(t.Context(), "web")
		require.NoError(t, err)
		began := time.Now()
		planned := rollout.PlannedRevision{
			Register: true, Base: revision, Document: revision.Document, Images: []taskdef.ImageChange{{To: "123456789012.dkr.ecr.eu-west-1.amazonaws.com/web:v2"}},
		}
		verified, err := client.Verify(t.Context(), []rollout.PlannedRevision{planned, planned, {Document: revision.Document}}, "")
		require.NoError(t, err)
		require.Equal(t, 5, verified.Checks)
		require.Equal(t, 300*time.Millisecond, time.Since(began))
	})
}

func TestVerifyAsksAgainAndTellsWhatDoesNotAnswer(t *testing.T) {
	document, err := taskdef.Parse([]byte(`{"containerDefinitions":[{"name":"a","image":"i"}]}`))
	require.NoError(t, err)
	const image = "123456789012.dkr.ecr.ap-south-1.amazonaws.com/web:v2"
	planned := []rollout.PlannedRevision{{Register: true, Base: rollout.Revision{ARN: "arn"}, Document: document, Images: []taskdef.ImageChange{{To: image}}}}
	for good, want := range map[int]rollout.Verified{
		2: {Checks: 1},
		9: {Unanswered: []string{"ecr:BatchGetImage for " + image}},
	} {
		synctest.Test(t, func(t *testing.T) {
			calls := 0
			client := open(t, transport(func(r *http.Request) (*http.Response, error) {
				if calls++; calls >= good {
					return answer(r, http.StatusOK, `{"failures":[],"images":[]}`), nil
				}
				return answer(r, http.StatusInternalServerError, `{"__type":"ServerException"}`), nil
			}))
			verified, err := client.Verify(t.Context(), planned, "")
			require.NoError(t, err)
			require.Equal(t, want, verified)
			require.LessOrEqual(t, calls, 3)
		})
	}
}

// What is sure must be sure: an index without the platform of the tasks, a parameter that is not there.
func TestVerifyIsOnlySureOfWhatItKnows(t *testing.T) {
	const image = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/web:v2"
	index := func(platforms ...string) string {
		var manifests []string
		for _, p := range platforms {
			os, architecture, _ := strings.Cut(p, "/")
			manifests = append(manifests, fmt.Sprintf(`{"platform":{"os":%q,"architecture":%q}}`, os, architecture))
		}
		return `{"manifests":[` + strings.Join(manifests, ",") + `]}`
	}
	for name, test := range map[string]struct{ document, manifest, want string }{
		"Fargate is Linux on X86_64":        {`{"requiresCompatibilities":["FARGATE"]}`, index("linux/arm64"), "image " + image + " is built for linux/arm64, but the tasks run on linux/amd64"},
		"instances may be of another kind":  {`{"requiresCompatibilities":["EC2"]}`, index("linux/arm64"), ""},
		"another operating system":          {`{"requiresCompatibilities":["FARGATE"],"runtimePlatform":{"operatingSystemFamily":"WINDOWS_SERVER_2022_CORE"}}`, index("linux/amd64", "linux/arm64"), "image " + image + " is built for linux/amd64 and linux/arm64, but the tasks run on windows/amd64"},
		"an index that fits, attested":      {`{"requiresCompatibilities":["FARGATE"]}`, index("linux/arm64", "linux/amd64", "unknown/unknown"), ""},
		"one image does not tell":           {`{"requiresCompatibilities":["FARGATE"]}`, `{"config":{}}`, ""},
		"a parameter with a slash":          {`{"containerDefinitions":[{"secrets":[{"name":"A","valueFrom":"arn:aws:ssm:eu-west-1:1:parameter/there"}]}]}`, "", ""},
		"a parameter that is not there":     {`{"containerDefinitions":[{"secrets":[{"name":"A","valueFrom":"gone"}]}]}`, "", "parameter gone does not exist"},
		"a parameter of another account":    {`{"containerDefinitions":[{"secrets":[{"name":"A","valueFrom":"arn:aws:ssm:eu-west-1:2:parameter/gone"}]}]}`, "", ""},
		"a secret through Parameter Store":  {`{"containerDefinitions":[{"secrets":[{"name":"A","valueFrom":"/aws/reference/secretsmanager/gone"}]}]}`, "", ""},
		"a parameter named without a slash": {`{"containerDefinitions":[{"secrets":[{"name":"A","valueFrom":"/there"}]}]}`, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			document, err := taskdef.Parse([]byte(test.document))
			require.NoError(t, err)
			client := open(t, transport(func(r *http.Request) (*http.Response, error) {
				body, err := io.ReadAll(r.Body)
				require.NoError(t, err)
				if operation(r) == "DescribeParameters" && strings.Contains(string(body), `"there"`) {
					return answer(r, http.StatusOK, `{"Parameters":[{"Name":"there"}]}`), nil
				}
				manifest, err := json.Marshal(test.manifest)
				require.NoError(t, err)
				return answer(r, http.StatusOK, `{"Parameters":[],"images":[{"imageManifest":`+string(manifest)+`}]}`), nil
			}))
			planned := rollout.PlannedRevision{Register: true, Base: rollout.Revision{ARN: "arn"}, Document: document}
			if test.manifest != "" {
				planned.Images = []taskdef.ImageChange{{To: image}}
			}
			verified, err := client.Verify(t.Context(), []rollout.PlannedRevision{planned}, "1")
			require.NoError(t, err)
			if test.want == "" {
				require.Empty(t, verified.Concerns)
			} else {
				require.Len(t, verified.Concerns, 1)
				require.Equal(t, test.want, verified.Concerns[0].What)
				require.True(t, verified.Concerns[0].Sure)
			}
		})
	}
}

// An image without a tag is the latest: ECR refuses an empty tag.
func TestVerifyAsksForTheLatestOfAnImageWithoutTag(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := open(t, world(t, "healthy"))
		document, err := taskdef.Parse([]byte(`{"containerDefinitions":[{"name":"a","image":"i"}]}`))
		require.NoError(t, err)
		planned := []rollout.PlannedRevision{{Register: true, Document: document, Images: []taskdef.ImageChange{{To: "123456789012.dkr.ecr.eu-west-1.amazonaws.com/web"}}}}
		verified, err := client.Verify(t.Context(), planned, "")
		require.NoError(t, err)
		require.Equal(t, rollout.Verified{Checks: 1}, verified)
	})
}
