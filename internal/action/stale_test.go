package action

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// stale answers the calls of an operation, from the from-th to the to-th, with what the at-th was answered.
func stale(operation string, at, from, to int) func(*spoiler) {
	return func(s *spoiler) {
		var kept []byte
		n := 0
		s.happens = func(r *http.Request, pass func() (*http.Response, error)) (*http.Response, error) {
			response, err := pass()
			if operationOf(r) != operation || err != nil {
				return response, err
			}
			body, err := io.ReadAll(response.Body)
			if n++; n == at {
				kept = body
			}
			if n >= from && n <= to {
				body = kept
			}
			response.Body, response.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
			return response, err
		}
	}
}

// silent lets no call of an operation be answered.
func silent(operation string) func(*spoiler) {
	return func(s *spoiler) {
		s.operation = operation
		s.happens = func(r *http.Request, pass func() (*http.Response, error)) (*http.Response, error) {
			return faults["stalled"](r, func() (*http.Response, error) { return faults["throttled"](r, pass) })
		}
	}
}

// A revision that was deployed before, and rolled back, is deployed again, and the connection breaks before that arrives:
// the deployment of before is not taken for this one.
func TestAnOldDeploymentIsNotTakenForOurs(t *testing.T) {
	again := step{Scenario: "rolled-back-before", With: map[string]string{"cluster": "main", "service": "web", "task-definition": "web:43"}}
	clean := on(t, again, nil, nil)[0]
	l := on(t, again, func(n *spoiler) {
		n.operation = "UpdateService"
		n.at, n.happens = 1, faults["dropped before"]
	}, nil)[0]
	require.Equal(t, clean.code, l.code, l.log)
	require.Equal(t, clean.outputs["outcome"], l.outputs["outcome"], l.log)
	require.Equal(t, clean.begun.Deployments, l.begun.Deployments, "it is sent again\n%s", l.log)
}

// A read of a service deployment that is older than one before decides nothing: no stage has come anew, and nothing waits
// that was continued.
func TestAStaleServiceDeploymentIsPassedOver(t *testing.T) {
	s := operate("canary-waiting", "continue-once")
	s.With["wait-for"] = "pre-production-traffic-shift"
	l := on(t, s, stale("DescribeServiceDeployments", 1, 3, 3), nil)[0]
	require.Zero(t, l.code, l.log)
	require.Contains(t, l.log, "  production-traffic-shift  ", "it is the next time that counts")
	require.Contains(t, l.log, "5% of the traffic")

	l = on(t, operate("waiting", "continue"), stale("DescribeServiceDeployments", 1, 3, 4), nil)[0]
	require.Zero(t, l.code, l.log)
}

// A cancelled run has seconds: it asks for the rollback although a list that is only looked at for safety is not
// answered.
func TestACancelledRunAsksForTheRollbackThoughAListIsSlow(t *testing.T) {
	var cancelled atomic.Bool
	l := on(t, deployWeb("slow", "rollback-on-failure", "true"), func(n *spoiler) {
		n.happens = func(r *http.Request, pass func() (*http.Response, error)) (*http.Response, error) {
			if cancelled.Load() && operationOf(r) == "ListServiceDeployments" {
				return faults["stalled"](r, pass)
			}
			return pass()
		}
	}, func(_ *spoiler, cancel context.CancelFunc) {
		time.AfterFunc(time.Minute, func() {
			cancelled.Store(true)
			cancel()
		})
	})[0]
	require.Equal(t, 130, l.code, l.log)
	require.Contains(t, l.calls, "StopServiceDeployment", l.log)
	require.Contains(t, l.log, "ECS was asked to roll back to web:41")
}

// A deployment whose service deployment was never found is rolled back at once all the same, by a new one.
func TestTakingBackDoesNotWaitForAList(t *testing.T) {
	l := on(t, deployWeb("stuck", "timeout", "1m", "rollback-on-failure", "true"), silent("ListServiceDeployments"), nil)[0]
	require.Equal(t, 4, l.code, l.log)
	require.Less(t, l.took, 3*time.Minute, l.log)
}

// What a lost UpdateService did is looked for in a list that answers, whether the other does or not.
func TestALostUpdateIsNotWaitedForInAListThatDoesNotAnswer(t *testing.T) {
	var last time.Time
	var longest time.Duration
	updates := 0
	l := on(t, deployWeb("healthy"), func(s *spoiler) {
		s.happens = func(r *http.Request, pass func() (*http.Response, error)) (*http.Response, error) {
			called := operationOf(r)
			if called == "DescribeServices" && !last.IsZero() {
				longest = max(longest, time.Since(last))
			}
			if called == "DescribeServices" {
				last = time.Now()
			}
			if called == "UpdateService" {
				updates++
			}
			switch {
			case called == "UpdateService" && updates == 1:
				return faults["dropped before"](r, pass)
			case called == "ListServiceDeployments":
				return faults["stalled"](r, func() (*http.Response, error) { return faults["throttled"](r, pass) })
			}
			return pass()
		}
	}, nil)[0]
	require.Zero(t, l.code, l.log)
	require.Equal(t, 2, updates)
	require.Less(t, longest, 15*time.Second, "between two looks")
}

// An answer about a deployment group that is as old as the deployment before ours says nothing of who came later.
func TestAnOldAnswerOfADeploymentGroupSupersedesNothing(t *testing.T) {
	s := deployWeb("codedeploy-ready", "timeout", "2m", "rollback-on-failure", "true", "verify", "false")
	clean := on(t, s, nil, nil)[0]
	l := on(t, s, stale("GetDeploymentGroup", 1, 2, 9), nil)[0]
	require.Equal(t, 4, clean.code, clean.log)
	require.Equal(t, clean.code, l.code, l.log)
	require.Equal(t, clean.outputs["outcome"], l.outputs["outcome"])
}
