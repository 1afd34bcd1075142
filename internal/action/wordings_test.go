package action

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ecs-deploy/internal/ecssim"
)

// wording is a text that people met, and the ids of causes of which any is right.
type wording struct {
	ID    string
	Cause []string
	ecssim.Words
}

func wordings(t *testing.T) []wording {
	t.Helper()
	text, err := os.ReadFile("../diagnose/testdata/wordings.json")
	require.NoError(t, err)
	var all []wording
	require.NoError(t, json.Unmarshal(text, &all))
	return all
}

// The output "cause" has the right id for what AWS says, planted where it says it. Without -thorough that is tried with
// the first set, and each fifth of the others.
func TestTheCauseOfWhatAWSSaysIsAnOutput(t *testing.T) {
	for i, w := range wordings(t) {
		if !*thorough && !strings.HasPrefix(w.ID, "W-") && i%5 > 0 {
			continue
		}
		t.Run(w.ID, func(t *testing.T) {
			t.Parallel()
			scenario := w.Scenario()
			s := deployWeb("")
			maps.Copy(s.With, scenario.With)
			r := playIn(t, scenario, s)
			outputs := outputsOf(r.outputs)
			require.Contains(t, w.Cause, outputs["cause"], "%s\n%s", fmt.Sprintf("%+v", w.Words), r.log)
			require.NotEmpty(t, outputs["cause-text"])
			require.NotEmpty(t, outputs["next-step"])
		})
	}
}
