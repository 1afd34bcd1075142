//go:build oracle

package inputs

import (
	"bufio"
	"encoding/json"
	"os"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

// tightComment is a # that stands behind no blank: a comment for npm's dotenv, and here a part of the value.
var tightComment = regexp.MustCompile(`[^\s]#`)

// TestDotenvIsReadAsAnotherReaderReadsIt compares with the files in the file that ORACLE names. Here # begins a comment only
// behind a blank, since a password may hold one; and a file with a line that is no assignment, or with a quote that is not
// closed, is refused, where npm passes over the line or takes what it can.
func TestDotenvIsReadAsAnotherReaderReadsIt(t *testing.T) {
	file, err := os.Open(os.Getenv("ORACLE"))
	require.NoError(t, err)
	defer file.Close()
	same := 0
	refused := 0
	differ := 0
	for lines := bufio.NewScanner(file); lines.Scan(); {
		var read struct {
			Source string
			Value  map[string]string
		}
		require.NoError(t, json.Unmarshal(lines.Bytes(), &read))
		variables, line := dotenv(read.Source)
		switch {
		case tightComment.MatchString(read.Source):
			differ++
			continue
		case line > 0:
			refused++
			continue
		}
		got := map[string]string{}
		for _, v := range variables {
			got[v.Name] = v.Value
		}
		require.Equal(t, read.Value, got, read.Source)
		same++
	}
	require.Greater(t, same, 500)
	t.Logf("%d files are read alike, %d are refused, %d have a # that is none of a comment here", same, refused, differ)
}
