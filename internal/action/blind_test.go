package action

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// blindness is what calls meet that ECS, or what is between here and ECS, does not answer.
var blindness = map[string]func(*http.Request, func() (*http.Response, error)) (*http.Response, error){
	"throttled":           faults["throttled"],
	"fault of the server": faults["fault of the server"],
	"stalled":             faults["stalled"],
	"unknown": func(r *http.Request, _ func() (*http.Response, error)) (*http.Response, error) {
		return answered(r, http.StatusBadRequest, "UnknownOperationException", "")
	},
	"web page": func(r *http.Request, _ func() (*http.Response, error)) (*http.Response, error) {
		const page = "<!DOCTYPE html><html><body>Please log in.</body></html>"
		return &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"text/html"}}, Body: io.NopCloser(strings.NewReader(page)), Request: r}, nil
	},
}

// serviceDeployments are the calls whose answers DescribeServices can stand in for.
var serviceDeployments = []string{"ListServiceDeployments", "DescribeServiceDeployments"}

// No witness is needed that another can replace: service deployments that cannot be read keep nobody from telling how a
// deployment stands and ends, nor from rolling it back, and do so as fast.
func TestServiceDeploymentsThatCannotBeReadBlindNobody(t *testing.T) {
	for _, test := range []struct {
		step step
		says string // in the log
	}{
		{deployWeb("healthy"), "web:42 is live"},
		{deployWeb("crash-rollback"), "rolled back to web:41"},
		{deployWeb("superseded"), "another deployment superseded this one"},
		{operate("two-deployments", "status"), "web:42"},
		{operate("rolling-back", "status"), "web:41"},
		{operate("rolling-back", "rollback"), "web:41 again"},
	} {
		clean := on(t, test.step, nil, nil)[0]
		for _, operation := range serviceDeployments {
			for name, happens := range blindness {
				if leftOut() {
					continue
				}
				t.Run(fmt.Sprintf("%v/%s %s", test.step, operation, name), func(t *testing.T) {
					t.Parallel()
					l := on(t, test.step, func(n *spoiler) { n.operation, n.happens = operation, happens }, nil)[0]
					require.Equal(t, clean.code, l.code, l.log)
					require.Equal(t, clean.outputs["outcome"], l.outputs["outcome"], l.log)
					require.Contains(t, l.log, test.says)
					require.Equal(t, clean.runs, l.runs)
					require.Less(t, l.took, clean.took+20*time.Second, l.log)
					requireWellFormed(t, l.log)
				})
			}
		}
	}
}

// A look at which the service deployment was not answered rolls nothing back of what was told before: neither the stage,
// nor how long the bake time still is.
func TestAStageIsNotForgottenForALookWithoutAnswer(t *testing.T) {
	l := on(t, deployWeb("blue-green"), func(n *spoiler) {
		n.operation = "DescribeServiceDeployments"
		n.happens = func(r *http.Request, pass func() (*http.Response, error)) (*http.Response, error) {
			if rand.IntN(3) == 0 {
				return faults["throttled"](r, pass)
			}
			return pass()
		}
	}, nil)[0]
	require.Zero(t, l.code, l.log)
	_, after, staged := strings.Cut(l.log, "  scale-up  ")
	require.True(t, staged, l.log)
	require.NotContains(t, after, "  in progress  ")
	require.LessOrEqual(t, strings.Count(after, ", 2m left"), 1, "the bake time begins once\n%s", l.log)
}

// What waits for approval is told by the service deployment alone: where that cannot be read, continue says so, and not
// that nobody is waited for.
func TestContinueSaysWhenItCannotSeeWhetherSomethingWaits(t *testing.T) {
	for _, operation := range serviceDeployments {
		for name, happens := range blindness {
			if name == "stalled" || leftOut() {
				continue // what comes late can be seen
			}
			t.Run(operation+" "+name, func(t *testing.T) {
				t.Parallel()
				l := on(t, operate("waiting", "continue"), func(n *spoiler) { n.operation, n.happens = operation, happens }, nil)[0]
				require.Equal(t, 3, l.code, l.log)
				require.Regexp(t, regexp.MustCompile(`::error .*it is unknown whether service web is waiting to be continued: ecs:`+operation), l.log)
				require.NotContains(t, l.calls, "ContinueServiceDeployment")
				require.NotContains(t, l.log, "does not wait")
			})
		}
	}
}

// A call that changes something, and whose answers cannot be read, may have had its effect: that is said, and a web page
// is called one.
func TestAnAnswerThatCannotBeReadMayHaveHadItsEffect(t *testing.T) {
	for operation, step := range map[string]step{
		"UpdateService": deployWeb("healthy"),
		"RunTask":       deployWeb("healthy", "run-before", "bin/migrate"),
	} {
		for name, says := range map[string]string{
			"web page":     `a web page came instead of an answer from AWS \(HTTP 200\); it may have taken effect`,
			"another form": `the answer cannot be read: .*; it may have taken effect`,
			"empty":        `the answer is empty, or was cut off; it may have taken effect`,
		} {
			t.Run(operation+" "+name, func(t *testing.T) {
				t.Parallel()
				happens := blindness[name]
				if happens == nil {
					body := map[string]string{"another form": `{"service":[],"tasks":{}}`}[name]
					happens = func(r *http.Request, _ func() (*http.Response, error)) (*http.Response, error) {
						return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
					}
				}
				l := on(t, step, func(n *spoiler) { n.operation, n.happens = operation, happens }, nil)[0]
				require.Equal(t, 3, l.code, l.log)
				require.Regexp(t, `::error .*ecs:`+operation+` for .*: `+says, l.log)
				require.NotContains(t, l.log, "could not be reached")
				if operation == "UpdateService" {
					require.Contains(t, l.log, "it is unknown whether the service was updated to web:42: AWS did not answer")
				}
			})
		}
	}
}
