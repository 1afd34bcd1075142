package cloud

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"

	"ecs-deploy/internal/rollout"
)

// network is the way to AWS. Where a proxy is in it, what that answers is told apart from what AWS does.
func network() *awshttp.BuildableClient {
	return awshttp.NewBuildableClient().WithTimeout(callTimeout).WithTransportOptions(func(t *http.Transport) {
		t.OnProxyConnectResponse = func(
			_ context.Context, proxy *url.URL, request *http.Request, response *http.Response,
		) error {
			if response.StatusCode == http.StatusOK {
				return nil
			}
			return &proxyRefusal{proxy.Host, request.URL.Opaque, response.Status}
		}
	})
}

// proxyRefusal is the answer of a proxy that does not let a call through.
type proxyRefusal struct{ proxy, to, status string }

func (r *proxyRefusal) Error() string {
	return fmt.Sprintf("the proxy %s does not let calls through to %s: %s", r.proxy, r.to, r.status)
}

// RetryableError tells the SDK that another attempt is of no use.
func (r *proxyRefusal) RetryableError() bool { return false }

// proxyProblem is the error of a call that a proxy stood in the way of.
func proxyProblem(err error) (what, next string, is bool) {
	var refusal *proxyRefusal
	var connection *net.OpError
	switch {
	case errors.As(err, &refusal):
		return refusal.Error(), "Let the proxy pass calls to AWS, check the user and password in HTTPS_PROXY, or name " +
			"hosts that need no proxy in NO_PROXY.", true
	case errors.As(err, &connection) && connection.Op == "proxyconnect":
		return "the proxy could not be reached: " + innermost(err).Error(), "Check HTTPS_PROXY and HTTP_PROXY, and the " +
			"network of the runner.", true
	}
	return "", "", false
}

// unreached is the problem of a call that did not reach AWS.
func (c *Client) unreached(err error, about string) *rollout.Problem {
	if what, next, is := proxyProblem(err); is {
		return &rollout.Problem{Kind: rollout.Refused, What: about + what, Next: next, Err: err}
	}
	return &rollout.Problem{
		Kind: rollout.Refused,
		What: fmt.Sprintf("%sAWS could not be reached in %s: %s", about, c.place.Region, innermost(err)),
		Err:  err,
		Next: "Check aws-region, AWS_ENDPOINT_URL and the network of the runner.",
	}
}
