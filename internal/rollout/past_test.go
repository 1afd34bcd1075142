package rollout

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestWhatIsUsualIsWhatTheLastFiveSuccessesTook(t *testing.T) {
	began := time.Date(2026, 11, 1, 3, 0, 0, 0, time.UTC)
	took := func(succeeded bool, d time.Duration) PastDeployment {
		return PastDeployment{Succeeded: succeeded, Started: began, Finished: began.Add(d)}
	}
	past := []PastDeployment{
		took(true, 3*time.Minute), took(false, time.Hour), took(true, time.Minute), took(true, 0), took(true, 2*time.Minute),
		took(true, 5*time.Minute), took(true, 4*time.Minute), took(true, 9*time.Minute),
	}
	usual := UsualOf(past)
	require.Equal(t, &Usual{Deployments: 5, Median: 3 * time.Minute, Fastest: time.Minute, Slowest: 5 * time.Minute}, usual)
	require.True(t, usual.Known())
	one := UsualOf(past[:2])
	require.False(t, one.Known(), "one tells nothing")
	require.Zero(t, *UsualOf(nil))
	require.Zero(t, PastDeployment{Finished: began}.Took(), "when it began is not known")
}

func TestTheNameOfASessionTellsTheRun(t *testing.T) {
	require.Equal(t, "gha-acme-shop-8251334405-2", SessionName("acme/shop", "8251334405", "2"))
	require.Equal(t, "8251334405", RunOf(SessionName("acme/a-repository-with-a-name-that-is-longer-than-a-session-may-be", "8251334405", "")))
	require.Empty(t, RunOf("GitHubActions"))
	require.Empty(t, RunOf("ecs-deploy"))
}
