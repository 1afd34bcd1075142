package action

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v4"
)

// A step that works with AWS's own action works here when only uses: is changed, and what its author means is what is
// registered.
func TestPublicStepsNeedNoMoreThanAnotherUses(t *testing.T) {
	text, err := os.ReadFile("testdata/public-steps.yaml")
	require.NoError(t, err)
	var steps []struct {
		Name, Scenario, File, Appspec, Sent, Warns string
		With                                       map[string]string
	}
	require.NoError(t, yaml.Load(text, &steps, yaml.WithKnownFields()))
	require.GreaterOrEqual(t, len(steps), 30)
	for _, s := range steps {
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			workspace := t.TempDir()
			require.NoError(t, os.WriteFile(filepath.Join(workspace, s.With["task-definition"]), []byte(s.File), 0o644))
			if s.Appspec != "" {
				name := s.With["codedeploy-appspec"]
				if name == "" {
					name = "appspec.yaml"
				}
				require.NoError(t, os.WriteFile(filepath.Join(workspace, name), []byte(s.Appspec), 0o644))
			}
			if s.Scenario == "" {
				s.Scenario = "healthy"
			}
			r := play(t, step{Scenario: s.Scenario, With: s.With}, workspace)
			require.Zero(t, r.code, r.log)
			registered := bodies(r.sim, "RegisterTaskDefinition")
			require.Len(t, registered, 1)
			if s.Sent != "" {
				require.JSONEq(t, s.Sent, registered[0])
			}
			if s.With["service"] != "" {
				require.Equal(t, 1, calls(r.sim)["UpdateService"]+calls(r.sim)["CreateDeployment"])
			}
			var warnings []string
			for line := range strings.Lines(r.log) {
				if strings.HasPrefix(line, "::warning") && !strings.Contains(line, "The file lacks what web runs") {
					warnings = append(warnings, line)
				}
			}
			if s.Warns == "" {
				require.Empty(t, warnings)
			} else {
				require.Len(t, warnings, 1)
				require.Contains(t, warnings[0], s.Warns)
			}
		})
	}
}
