package probe

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ecs-deploy/internal/rollout"
)

// A server of our own, through the network: what is told of an answer is its status, and of an error nothing that the
// URL holds.
func TestAskThroughTheNetwork(t *testing.T) {
	var mu sync.Mutex
	var asked []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		mu.Lock()
		asked = append(asked, r.Method+" "+r.URL.RequestURI()+" "+user+":"+password+" "+r.UserAgent())
		mu.Unlock()
		switch r.URL.Path {
		case "/moved":
			w.Header().Set("Location", "https://h/%zz?token=secret")
			w.WriteHeader(http.StatusFound)
		case "/down":
			w.WriteHeader(http.StatusServiceUnavailable)
		case "/hangs-up":
			panic(http.ErrAbortHandler)
		}
	}))
	server.Config.ErrorLog = nil
	defer server.Close()
	client := Network()
	at := func(path string) string {
		return strings.Replace(server.URL, "://", "://ci:secret@", 1) + path + "?token=secret"
	}
	require.Equal(t, rollout.URLAnswer{Status: 200}, Ask(t.Context(), client, at("/well"), time.Second))
	require.Equal(t, rollout.URLAnswer{Status: 302}, Ask(t.Context(), client, at("/moved"), time.Second), "no redirect is followed, nor read")
	require.Equal(t, rollout.URLAnswer{Status: 503}, Ask(t.Context(), client, at("/down"), time.Second))
	require.Equal(t, rollout.URLAnswer{Err: "EOF"}, Ask(t.Context(), client, at("/hangs-up"), time.Second))
	mu.Lock()
	defer mu.Unlock()
	require.Equal(t, "GET /well?token=secret ci:secret ecs-deploy", asked[0])
	require.Len(t, asked, 4)

	server.Close()
	answer := Ask(t.Context(), client, at("/well"), time.Second)
	require.Equal(t, "connect: connection refused", answer.Err)
	require.NotContains(t, answer.Err, "secret")
}

// endless is a body without an end.
type endless struct{ read int }

func (e *endless) Read(into []byte) (int, error) {
	e.read += len(into)
	return len(into), nil
}

func (*endless) Close() error { return nil }

type answering func(*http.Request) (*http.Response, error)

func (a answering) Do(r *http.Request) (*http.Response, error) { return a(r) }

func TestTheBodyIsNotRead(t *testing.T) {
	var body endless
	answer := Ask(t.Context(), answering(func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Body: io.NopCloser(&body), Request: r}, nil
	}), "https://example.com", time.Second)
	require.Equal(t, rollout.URLAnswer{Status: 200}, answer)
	require.Zero(t, body.read)
}
