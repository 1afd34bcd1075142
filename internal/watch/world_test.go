package watch

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ecs-deploy/internal/cloud"
	"ecs-deploy/internal/diagnose"
	"ecs-deploy/internal/ecssim"
	"ecs-deploy/internal/rollout"
	"ecs-deploy/internal/taskdef"
)

// world is a scenario of the simulator, and what was told of it, and when.
type world struct {
	*ecssim.Sim
	clients *cloud.Clients
	client  *cloud.Client
	heard   []heard
	began   time.Time
	// spoil may answer in the place of the simulator.
	spoil func(operation string) (status int, body string)
}

type heard struct {
	at    time.Duration
	event rollout.Event
}

func open(t *testing.T, scenario string, deny ...string) *world {
	t.Helper()
	chosen, err := ecssim.Named(scenario)
	require.NoError(t, err)
	w := &world{Sim: ecssim.New(chosen.Denying(deny...)), began: time.Now()}
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

// Do plays the network.
func (w *world) Do(request *http.Request) (*http.Response, error) {
	_, operation, _ := strings.Cut(request.Header.Get("X-Amz-Target"), ".")
	if w.spoil != nil {
		if status, body := w.spoil(operation); status != 0 {
			return &http.Response{StatusCode: status, Body: io.NopCloser(strings.NewReader(body)), Header: http.Header{}, Request: request}, nil
		}
	}
	return w.Sim.Do(request)
}

func (w *world) hear(event rollout.Event) {
	w.heard = append(w.heard, heard{time.Since(w.began), event})
}

// told are the events of a kind.
func told[Event rollout.Event](w *world) []Event {
	var told []Event
	for _, h := range w.heard {
		if event, is := h.event.(Event); is {
			told = append(told, event)
		}
	}
	return told
}

// update registers the second version of the image, gives it to services, and returns what there is to be followed.
func (w *world) update(t *testing.T, names ...string) []*rollout.Rollout {
	t.Helper()
	services, err := w.client.Services(t.Context(), "main", names...)
	require.NoError(t, err)
	var rollouts []*rollout.Rollout
	revisions := map[string]rollout.Revision{}
	for _, service := range services {
		revision, known := revisions[service.TaskDefinition]
		if !known {
			before, err := w.client.Revision(t.Context(), service.TaskDefinition)
			require.NoError(t, err)
			image, err := taskdef.ParseImage("123456789012.dkr.ecr.eu-west-1.amazonaws.com/web:v2")
			require.NoError(t, err)
			edited, err := before.Document.Apply(taskdef.Edit{Images: []taskdef.Image{image}})
			require.NoError(t, err)
			revision, err = w.client.Register(t.Context(), edited.Document, before)
			require.NoError(t, err)
			revisions[service.TaskDefinition] = revision
		}
		primary, _ := service.Primary()
		after, ours, err := w.client.Update(t.Context(), service, rollout.Update{TaskDefinition: revision.ARN})
		require.NoError(t, err)
		rollouts = append(rollouts, &rollout.Rollout{
			By: "ECS", Revision: rollout.RevisionResult{Revision: revision}, Replaced: primary.ID, Since: time.Now(), EventsSince: ours.Created.Add(-1),
			HealthChecked: revision.Document.HealthChecked(), Look: rollout.Look{Service: after, Deployment: ours},
		})
	}
	return rollouts
}

func forStable(timeout time.Duration) Until {
	return Until{WaitFor: rollout.Stable, Timeout: timeout, Hopeless: diagnose.Hopeless}
}

// requireToldOnce is about what AWS says: each event of a service, each task that failed and each state of a hook is told
// once.
func (w *world) requireToldOnce(t *testing.T) {
	t.Helper()
	seen := map[string]bool{}
	first := func(id string) {
		require.False(t, seen[id], id)
		seen[id] = true
	}
	for _, h := range w.heard {
		switch e := h.event.(type) {
		case rollout.TasksFailed:
			for _, task := range e.Tasks {
				first(task)
			}
			require.Equal(t, seen[fmt.Sprint(e.Rollout.Service.Name, e.Cause)], e.Again)
			seen[fmt.Sprint(e.Rollout.Service.Name, e.Cause)] = true
		case rollout.HookCalled:
			first(e.Hook.ID + string(e.Hook.Status))
		case rollout.Decided:
			first(e.Rollout.Service.Name)
		}
	}
}

// requireNoSilence is about the longest time in which nothing is told.
func (w *world) requireNoSilence(t *testing.T) {
	t.Helper()
	last := time.Duration(0)
	for _, h := range append(slices.Clone(w.heard), heard{at: time.Since(w.began)}) {
		require.LessOrEqual(t, h.at-last, mostSilence(h.at), "%T", h.event)
		last = h.at
	}
}
