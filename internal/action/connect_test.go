package action

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// A file is of the workspace however it is named.
func TestAFileOfTheWorkspaceIsOneHoweverItIsNamed(t *testing.T) {
	workspace, elsewhere := t.TempDir(), t.TempDir()
	file := filepath.Join(workspace, "config")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	link := filepath.Join(elsewhere, "link")
	require.NoError(t, os.Symlink(file, link))
	t.Chdir(workspace)
	for path, want := range map[string]bool{
		file: true, "config": true, "./a/../config": true, link: true, filepath.Join(workspace, "not-there"): true,
		filepath.Join(elsewhere, "config"): false, "": false, "../config": false,
	} {
		require.Equal(t, want, isIn(workspace, path), path)
	}
	p := profile("AWS_PROFILE", "ci", func(name string) string {
		return map[string]string{"GITHUB_WORKSPACE": workspace, "HOME": elsewhere, "AWS_CONFIG_FILE": "config"}[name]
	})
	require.Len(t, p.Places, 3)
	require.True(t, p.Places[0].Workspace)
	require.Equal(t, filepath.Join(elsewhere, ".aws", "credentials"), p.Places[0].Credentials)
}
