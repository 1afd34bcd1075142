// Package probe asks URLs from where the action runs, and reads no more of the answers than their status.
package probe

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"ecs-deploy/internal/rollout"
)

// Client sends requests; *http.Client is one.
type Client interface {
	Do(*http.Request) (*http.Response, error)
}

// askTimeout is how long an answer is waited for.
const askTimeout = 10 * time.Second

// Network is a client that goes through the network: it follows no redirect, and makes a new connection each time, as a
// new visitor does.
func Network() Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.DisableKeepAlives = true
	return &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Ask gets a URL. The body of the answer is not read: it may hold anything.
func Ask(ctx context.Context, client Client, address string) rollout.URLAnswer {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return rollout.URLAnswer{Err: "it is not a URL"}
	}
	request.Header.Set("User-Agent", "ecs-deploy")
	response, err := client.Do(request)
	if err != nil {
		return rollout.URLAnswer{Err: why(ctx, err)}
	}
	_ = response.Body.Close()
	return rollout.URLAnswer{Status: response.StatusCode}
}

// why is an error without the URL, which may hold secrets.
func why(ctx context.Context, err error) string {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return "no answer within " + rollout.Span(askTimeout)
	}
	var of *url.Error
	if errors.As(err, &of) {
		err = of.Err
	}
	return err.Error()
}
