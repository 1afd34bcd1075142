package cloud

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const newRevision = "arn:aws:ecs:eu-west-1:123456789012:task-definition/web:42"

// The calls replace a whole target and a whole schedule: what is not known here, big numbers and empty
// texts go back as they came.
func TestScheduledTasksAreKeptWhole(t *testing.T) {
	const (
		parameters = `"EcsParameters":{"TaskDefinitionArn":"arn:aws:ecs:eu-west-1:123456789012:task-definition/web:41","TaskCount":1,"Tags":[{"Key":"a","Value":""}],"FieldOfTomorrow":{"n":12345678901234567890,"x":null}}`
		target     = `{"Id":"report","Arn":"cluster","Input":"{\"a\": \"<&>\"}",` + parameters + `,"Unheard":[1.50]}`
		schedule   = `"Name":"monthly","GroupName":"reports","ScheduleExpression":"rate(1 day)","StartDate":1.7E9,"Description":"","Target":` + target + `,"Odd":{}`
	)
	sent := map[string]string{}
	client := open(t, transport(func(r *http.Request) (*http.Response, error) {
		var body []byte
		if r.Body != nil {
			body, _ = io.ReadAll(r.Body)
		}
		sent[r.Method+" "+r.URL.Path+operation(r)] = string(body)
		switch {
		case operation(r) == "ListTargetsByRule":
			return answer(r, http.StatusOK, `{"Targets":[{"Id":"notify","Arn":"topic"},`+target+`]}`), nil
		case r.Method == http.MethodGet:
			require.Equal(t, "groupName=reports", r.URL.RawQuery)
			return answer(r, http.StatusOK, `{"Arn":"x","CreationDate":1,`+schedule+`,"LastModificationDate":2}`), nil
		}
		return answer(r, http.StatusOK, `{"FailedEntryCount":0,"ScheduleArn":"x"}`), nil
	}))
	with := func(text string) string {
		return strings.ReplaceAll(text, "task-definition/web:41", "task-definition/web:42")
	}

	targets, err := client.RuleTargets(t.Context(), "nightly", "")
	require.NoError(t, err)
	require.Len(t, targets, 1)
	require.NoError(t, client.Repoint(t.Context(), targets[0], newRevision))
	require.Equal(t, `{"Rule":"nightly","Targets":[`+with(target)+`]}`, sent["POST /PutTargets"])

	task, err := client.Schedule(t.Context(), "reports", "monthly")
	require.NoError(t, err)
	require.NoError(t, client.Repoint(t.Context(), task, newRevision))
	require.Equal(t, `{`+with(schedule)+`}`, sent["PUT /schedules/monthly"])
}

func TestATargetThatCannotBeReplacedIsAnError(t *testing.T) {
	client := open(t, transport(func(r *http.Request) (*http.Response, error) {
		if operation(r) == "ListTargetsByRule" {
			return answer(r, http.StatusOK, `{"Targets":[{"Id":"a","EcsParameters":{"TaskDefinitionArn":"x"}}]}`), nil
		}
		return answer(r, http.StatusOK, `{"FailedEntryCount":1,"FailedEntries":[{"TargetId":"a","ErrorCode":"ConcurrentModificationException","ErrorMessage":"busy"}]}`), nil
	}))
	targets, err := client.RuleTargets(t.Context(), "nightly", "a")
	require.NoError(t, err)
	require.EqualError(t, client.Repoint(t.Context(), targets[0], newRevision), "events:PutTargets for target a of rule nightly: busy (ConcurrentModificationException)")
}
