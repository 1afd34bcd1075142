package deploy

import (
	"ecs-deploy/internal/cloud"
	"ecs-deploy/internal/ecssim"
	"ecs-deploy/internal/rollout"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// world is a scenario of the simulator, and what a run against it has told.
type world struct {
	*ecssim.Sim
	clients *cloud.Clients
	client  *cloud.Client
	events  []rollout.Event
	mu      sync.Mutex             // of what follows
	called  func(operation string) // hears of each call, in place of what follows
	denies  func(operation string) bool
	refuse  map[string]int           // operations that are not allowed any more when they were called that often
	late    map[string]time.Duration // how long the first call of operations takes
	slow    map[string]time.Duration // how long each does
}

// Do plays the network.
func (w *world) Do(request *http.Request) (*http.Response, error) {
	_, operation, _ := strings.Cut(request.Header.Get("X-Amz-Target"), ".")
	w.mu.Lock()
	if w.called != nil {
		defer w.mu.Unlock()
		w.called(operation)
		return w.Sim.Do(request)
	}
	denied := w.denies != nil && w.denies(operation)
	takes := w.late[operation] + w.slow[operation]
	delete(w.late, operation)
	left, limited := w.refuse[operation]
	if limited && left > 0 {
		w.refuse[operation]--
	}
	w.mu.Unlock()
	time.Sleep(takes) // virtual
	if denied || limited && left == 0 {
		const refused = `{"__type":"AccessDeniedException","message":"no"}`
		return &http.Response{StatusCode: http.StatusBadRequest, Body: io.NopCloser(strings.NewReader(refused)), Header: http.Header{}, Request: request}, nil
	}
	return w.Sim.Do(request)
}

func open(t *testing.T, scenario string, deny ...string) *world {
	t.Helper()
	chosen, err := ecssim.Named(scenario)
	require.NoError(t, err)
	return openWorld(t, chosen.Denying(deny...))
}

func openWorld(t *testing.T, scenario ecssim.Scenario) *world {
	t.Helper()
	w := &world{Sim: ecssim.New(scenario)}
	var err error
	w.clients, err = cloud.OpenAll(t.Context(), []rollout.Place{{Region: "eu-west-1"}}, func(place rollout.Place) (cloud.Options, error) {
		return cloud.Options{
			Place: place, HTTP: w, Credentials: cloud.Credentials{Keys: rollout.Keys{AccessKeyID: "id", SecretAccessKey: "secret"}},
			Jitter: func() float64 { return 0.5 }, Emit: func(rollout.Event) {},
		}, nil
	})
	require.NoError(t, err)
	w.client = w.clients.First()
	return w
}

func (w *world) hear(event rollout.Event) { w.events = append(w.events, event) }

// survey finds services, web if none is named.
func (w *world) survey(t *testing.T, services ...string) rollout.World {
	t.Helper()
	if len(services) == 0 {
		services = []string{"web"}
	}
	var targets []rollout.Target
	for _, name := range services {
		targets = append(targets, rollout.Target{Cluster: "main", Name: name})
	}
	found, err := w.clients.Survey(t.Context(), cloud.Wanted{Targets: targets})
	require.NoError(t, err)
	return found
}
