package action

import (
	"os"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/require"
)

// actionFile is what the tests read of action.yml.
type actionFile struct {
	Inputs  map[string]actionInput
	Outputs map[string]struct{ Description string }
}

type actionInput struct {
	Description string
	Default     string
	Required    bool
}

func declared(t *testing.T) actionFile {
	t.Helper()
	text, err := os.ReadFile("../../action.yml")
	require.NoError(t, err)
	var file actionFile
	require.NoError(t, yaml.Unmarshal(text, &file))
	require.NotEmpty(t, file.Inputs)
	return file
}
