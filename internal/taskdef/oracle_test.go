//go:build oracle

package taskdef

import (
	"bufio"
	"encoding/json"
	"os"
	"regexp"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// read is a document, and what npm's yaml reads in it: see .ci/yaml.mjs.
type read struct {
	Source string
	Value  any
	Error  string
}

// onPurpose are the documents that are read in another way here, and why.
var onPurpose = []struct {
	name, why string
	is        func(r read, err error) bool
}{
	{
		"a tag that does not fit its value", "npm warns and takes the text; a person who tags a value should know that it is not used",
		func(r read, err error) bool {
			return r.Error == "" && err != nil && tagMistake.MatchString(err.Error())
		},
	},
	{
		"a whole number that is tagged !!float", "npm takes it for text; in the core schema every whole number is a float, too",
		func(r read, _ error) bool { return wholeFloat.MatchString(r.Source) },
	},
}

var wholeFloat = regexp.MustCompile(`!!float ["']?[0-9]+["']?[^.0-9]`)

var tagMistake = regexp.MustCompile(`is tagged !![a-z]+ is not one$`)

// TestYAMLIsReadAsAnotherReaderReadsIt compares with the documents of the file that ORACLE names.
func TestYAMLIsReadAsAnotherReaderReadsIt(t *testing.T) {
	file, err := os.Open(os.Getenv("ORACLE"))
	require.NoError(t, err)
	defer file.Close()
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	same := 0
	refused := 0
	different := map[string]int{}
documents:
	for lines.Scan() {
		var r read
		require.NoError(t, json.Unmarshal(lines.Bytes(), &r))
		got, err := parseSource([]byte(r.Source))
		for _, known := range onPurpose {
			if known.is(r, err) {
				different[known.name]++
				continue documents
			}
		}
		if r.Error != "" {
			require.Error(t, err, "npm's yaml: %s\n%s", r.Error, r.Source)
			refused++
			continue
		}
		require.NoError(t, err, r.Source)
		requireRead(t, r.Value, got, r.Source)
		same++
	}
	require.NoError(t, lines.Err())
	require.Greater(t, same, 500)
	t.Logf("%d documents are read alike, %d are refused by both, on purpose different: %v", same, refused, different)
}

// requireRead compares a value with what the other reader says. Numbers that JSON does not have are text here.
func requireRead(t *testing.T, want any, got value, source string) {
	t.Helper()
	switch want := want.(type) {
	case nil:
		require.True(t, got.isNull(), source)
	case bool:
		require.Equal(t, strconv.FormatBool(want), string(got.text), source)
	case []any:
		require.Equal(t, array, got.kind, source)
		require.Len(t, got.elements, len(want), source)
		for i, element := range want {
			requireRead(t, element, got.elements[i], source)
		}
	case map[string]any:
		if text, is := want["text"].(string); is && len(want) == 1 {
			require.True(t, got.isText(), source)
			require.Equal(t, text, got.str(), source)
			return
		}
		if text, is := want["notFinite"].(string); is {
			require.Equal(t, text, got.str(), source)
			return
		}
		if number, is := want["number"].(string); is {
			requireNumber(t, number, got, source)
			return
		}
		require.Equal(t, object, got.kind, source)
		require.Len(t, got.members, len(want), source)
		for _, m := range got.members {
			require.Contains(t, want, m.name(), source)
			requireRead(t, want[m.name()], m.value, source)
		}
	}
}

// requireNumber compares whole numbers digit by digit, and others as a reader with floating point sees them.
func requireNumber(t *testing.T, want string, got value, source string) {
	t.Helper()
	require.True(t, json.Valid(got.text), source)
	if _, err := strconv.ParseInt(want, 10, 64); err == nil && want == string(got.text) {
		return
	}
	theirs, err := strconv.ParseFloat(want, 64)
	require.NoError(t, err)
	ours, err := strconv.ParseFloat(string(got.text), 64)
	require.NoError(t, err)
	require.Equal(t, theirs, ours, source)
}
