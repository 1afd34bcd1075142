package cloud

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
)

// blanks come without end.
type blanks struct{ read int }

func (b *blanks) Read(into []byte) (int, error) {
	for i := range into {
		into[i] = ' '
	}
	b.read += len(into)
	return len(into), nil
}

func TestWhatHasNoEndIsEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		body, calls := &blanks{}, 0
		client := open(t, transport(func(r *http.Request) (*http.Response, error) {
			calls++
			response := answer(r, http.StatusOK, "{}")
			response.Body = io.NopCloser(io.MultiReader(strings.NewReader("{"), body))
			return response, nil
		}))
		_, err := client.Services(t.Context(), "main", "web")
		require.ErrorContains(t, err, "ecs:DescribeServices for service web: the answer is longer than 16 MiB")
		require.Equal(t, 1, calls, "it is not asked for again")
		require.Less(t, body.read, 40<<20)
	})
	for name, next := range map[string]func(calls int) string{
		"a token that comes again":  func(int) string { return "same" },
		"new tokens without an end": func(calls int) string { return strings.Repeat("x", calls) },
	} {
		synctest.Test(t, func(t *testing.T) {
			calls := 0
			client := open(t, transport(func(r *http.Request) (*http.Response, error) {
				calls++
				return answer(r, http.StatusOK, `{"taskDefinitionArns":["a"],"nextToken":"`+next(calls)+`"}`), nil
			}))
			_, err := client.ActiveRevisions(t.Context(), "web")
			require.ErrorContains(t, err, "ecs:ListTaskDefinitions for family web: the list does not end")
			require.LessOrEqual(t, calls, maxPages, name)
		})
	}
}
