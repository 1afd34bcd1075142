package diagnose

import (
	"encoding/json"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"ecs-deploy/internal/rollout"
)

// wording is a text that people met, and the causes of which any is right. AWS's own are by the kind of thing in which
// they came.
type wording struct {
	ID, Kind, Source        string
	Cause                   []string
	StopCode, StoppedReason string
	Containers              []struct {
		Name, Reason string
		ExitCode     *int
	}
	Message, StatusReason, Failure   string
	Code, State, Reason, Description string
}

// told is the cause that is told of a wording.
func (w wording) told() string {
	evidence := rollout.Evidence{Said: w.StatusReason, Code: w.Code}
	switch w.Kind {
	case "task":
		task := rollout.Task{StopCode: rollout.StopCode(w.StopCode), Reason: w.StoppedReason}
		for _, c := range w.Containers {
			task.Containers = append(task.Containers, rollout.Container{Name: c.Name, Reason: c.Reason, ExitCode: c.ExitCode})
		}
		evidence.Failures = []rollout.Task{task}
	case "event":
		evidence.Events = []string{w.Message}
	case "target":
		evidence.Targets = []rollout.TargetHealth{{State: w.State, Reason: w.Reason, Description: w.Description}}
	case "unplaced":
		return unknownUnless(Unplaced([]string{w.Failure}))
	}
	return unknownUnless(Explain(evidence))
}

func unknownUnless(findings []rollout.Finding) string {
	if len(findings) == 0 || findings[0].ID == "" {
		return rollout.UnknownCause
	}
	return findings[0].ID
}

func readWordings(t *testing.T) []wording {
	t.Helper()
	text, err := os.ReadFile("testdata/wordings.json")
	require.NoError(t, err)
	var wordings []wording
	require.NoError(t, json.Unmarshal(text, &wordings))
	return wordings
}

func TestWordingsThatPeopleMet(t *testing.T) {
	wordings := readWordings(t)
	wrong, unnamed := 0, 0
	for _, w := range wordings {
		told := w.told()
		switch {
		case slices.Contains(w.Cause, told):
			continue
		case told == rollout.UnknownCause:
			unnamed++
		default:
			wrong++
		}
		t.Logf("%s is %v, and told to be %s: %s%s%s%v%s", w.ID, w.Cause, told, w.Message, w.StatusReason, w.StoppedReason, w.Containers, w.Description)
	}
	t.Logf("of %d wordings %d are told wrong, and %d not at all", len(wordings), wrong, unnamed)
	require.Zero(t, wrong)
	require.Zero(t, unnamed)
}
