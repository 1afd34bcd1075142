package rollout

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var ended = time.Date(2026, 11, 9, 3, 0, 0, 0, time.UTC)

// at is a deployment whose lifecycle is at an event.
func at(event string) CodeDeployment {
	d := CodeDeployment{ID: "d-1", Status: "InProgress", Target: "InProgress", TerminationTimeout: time.Hour, ReadyTimeout: 30 * time.Minute}
	status := CodeDeploySucceeded
	for _, name := range []string{"BeforeInstall", "Install", "AfterInstall", "AllowTestTraffic", "AfterAllowTestTraffic", "BeforeAllowTraffic", "AllowTraffic", "AfterAllowTraffic"} {
		e := LifecycleEvent{Name: name, Status: status}
		switch {
		case name == event:
			e.Status, status = "InProgress", "Pending"
		case status == "Succeeded":
			e.Ended = ended
		}
		d.Lifecycle = append(d.Lifecycle, e)
	}
	return d
}

func TestTheTwoWaitsOfCodeDeployAreToldApart(t *testing.T) {
	ready := at("BeforeAllowTraffic")
	ready.Status = "Ready"
	require.Equal(t, ReadyWait, ready.State())
	require.False(t, ready.Moved())
	require.Equal(t, 20*time.Minute, ready.Remaining(ended.Add(10*time.Minute)))

	kept := at("")
	kept.Target = "Succeeded"
	require.Equal(t, TerminationWait, kept.State())
	require.True(t, kept.Moved())
	require.Equal(t, 50*time.Minute, kept.Remaining(ended.Add(10*time.Minute)))
	require.Zero(t, kept.Remaining(ended.Add(2*time.Hour)))

	require.Equal(t, "InProgress", at("Install").State())
	require.Zero(t, at("Install").Remaining(ended))
}

func TestStagesOfECSHaveCounterpartsInCodeDeploy(t *testing.T) {
	ready := at("BeforeAllowTraffic")
	failed := at("AllowTraffic")
	moved := at("")
	ready.Status = "Ready"
	failed.Status = "Failed"
	moved.Target = "Succeeded"
	for _, test := range []struct {
		at      CodeDeployment
		reached []string
	}{
		{CodeDeployment{Status: "Created"}, nil},
		{at("Install"), nil},
		{at("AfterInstall"), []string{"POST_SCALE_UP"}},
		{at("AfterAllowTestTraffic"), []string{"POST_SCALE_UP", "TEST_TRAFFIC_SHIFT", "POST_TEST_TRAFFIC_SHIFT"}},
		{ready, []string{"POST_SCALE_UP", "TEST_TRAFFIC_SHIFT", "POST_TEST_TRAFFIC_SHIFT", "PRE_PRODUCTION_TRAFFIC_SHIFT"}},
		{at("AllowTraffic"), []string{"POST_SCALE_UP", "TEST_TRAFFIC_SHIFT", "POST_TEST_TRAFFIC_SHIFT", "PRE_PRODUCTION_TRAFFIC_SHIFT", "PRODUCTION_TRAFFIC_SHIFT"}},
		{failed, nil},
		{moved, Stages[3:]},
	} {
		var reached []string
		for _, stage := range Stages[3:] {
			if test.at.Reached(stage) {
				reached = append(reached, stage)
			}
		}
		require.Equal(t, test.reached, reached, "%+v", test.at)
	}
}

func TestWordsOfAWS(t *testing.T) {
	for word, want := range map[string]string{"IN_PROGRESS": "in progress", "InProgress": "in progress", "Ready": "ready", "ACTIVE": "active", "": ""} {
		require.Equal(t, want, InWords(word))
	}
}
