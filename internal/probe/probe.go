// Package probe asks URLs from where the action runs, and reads no more of the answers than their status.
package probe

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"time"

	"ecs-deploy/internal/rollout"
)

// Client sends requests; *http.Client is one.
type Client interface {
	Do(*http.Request) (*http.Response, error)
}

// askTimeout is how long an answer is waited for at most.
const askTimeout = 10 * time.Second

// network sends requests as they are. It is no *http.Client, which reads where a redirect leads.
type network struct{ transport *http.Transport }

func (n network) Do(request *http.Request) (*http.Response, error) {
	return n.transport.RoundTrip(request)
}

// Network is a client that goes through the network: it follows no redirect, and makes a new connection each time, as a
// new visitor does.
func Network() Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.DisableKeepAlives = true
	return network{transport}
}

// Ask gets a URL, and waits so long for the answer at most. The body of the answer is not read: it may hold anything.
func Ask(ctx context.Context, client Client, address string, atMost time.Duration) rollout.URLAnswer {
	atMost = min(atMost, askTimeout)
	ctx, cancel := context.WithTimeout(ctx, atMost)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return rollout.URLAnswer{Err: "it is not a URL"}
	}
	request.Header.Set("User-Agent", "ecs-deploy")
	if user := request.URL.User; user != nil {
		password, _ := user.Password()
		request.SetBasicAuth(user.Username(), password)
	}
	response, err := client.Do(request)
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return rollout.URLAnswer{Err: "no answer within " + rollout.Span(atMost)}
	case err != nil:
		return rollout.URLAnswer{Err: why(err)}
	}
	_ = response.Body.Close()
	return rollout.URLAnswer{Status: response.StatusCode}
}

// why is an error without what differs from one time to the next, or may be secret: the URL, and addresses.
func why(err error) string {
	var of *url.Error
	if errors.As(err, &of) {
		err = of.Err
	}
	var at *net.OpError
	if errors.As(err, &at) {
		err = at.Err
	}
	return err.Error()
}
