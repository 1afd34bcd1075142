package viewer

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestViewerShowsWhatAWorkflowWould(t *testing.T) {
	folded, unfolded := shown(t, false), shown(t, true)
	require.Equal(t, "▼ Plan\n  first\nError: a: b\n       c\n       d 100%\nWarning: e\nlast\n", unfolded)
	require.Equal(t, "▶ Plan\nError: a: b\n       c\n       d 100%\nWarning: e\nlast\n", folded)
}

func shown(t *testing.T, unfold bool) string {
	t.Helper()
	var screen bytes.Buffer
	v := New(&screen, unfold)
	for _, part := range []string{"::group::Plan\nfir", "st\n::endgroup::\n", "::error title=a%3A b::c%0Ad 100%25\n::warning::e\n::add-mask::secret\nlast\n"} {
		n, err := v.Write([]byte(part))
		require.NoError(t, err)
		require.Equal(t, len(part), n)
	}
	return screen.String()
}

func TestOfAnOutputTheLastValueCounts(t *testing.T) {
	require.Equal(t, "a=2\nb=x\ny\n", Outputs("a<<E\n1\nE\nb<<F\nx\ny\nF\na<<G\n2\nG\n"))
	require.Empty(t, Outputs(""))
}
