package action

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ecs-deploy/internal/ecssim"
)

// lags are how late reads may be: all of one family, all of both, some of them.
var lags = []ecssim.Lag{
	{Services: 8 * time.Second}, {Deployments: 8 * time.Second}, {Services: 8 * time.Second, Deployments: 5 * time.Second},
	{Services: 30 * time.Second, Every: 2}, {Services: 10 * time.Second, Deployments: 20 * time.Second, Every: 3},
}

// Reads that come late change no verdict: every scenario ends as it does when they do not, with one of the lags, and
// those of which a fault was found with all.
func TestLateReadsChangeNoVerdict(t *testing.T) {
	files, err := filepath.Glob("testdata/scenarios/*.txtar")
	require.NoError(t, err)
	all := []string{"superseded", "superseded-late", "rollback-superseded", "mixed-slow", "codedeploy-mixed-complete", "wait-for-running-unchecked"}
	for i, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".txtar")
		s := readScenario(t, name)
		asked := s.step(t)
		end, _ := s.part(endPart)
		if !strings.Contains(end, "\ncall: ") || asked.With["daemon"] != "" {
			continue // it only looks, or at what is never late here
		}
		for j, lag := range lags {
			its := i%len(lags) == j && (*thorough || i%3 == 0) || slices.Contains(all, name)
			if leftOut() || !its {
				continue
			}
			t.Run(fmt.Sprintf("%s/%v", name, lag), func(t *testing.T) {
				t.Parallel()
				late := asked
				late.Lag = lag
				r := play(t, late, s.workspace(t))
				require.Equal(t, exitAndOutputs(end), exitAndOutputs(r.end()), r.log)
				requireWellFormed(t, r.log)
			})
		}
	}
}

// exitAndOutputs are the lines of an end that tell how a run went.
func exitAndOutputs(end string) []string {
	return slices.DeleteFunc(strings.Split(end, "\n"), func(line string) bool {
		return !strings.HasPrefix(line, "exit: ") && !strings.HasPrefix(line, "outputs: ")
	})
}
