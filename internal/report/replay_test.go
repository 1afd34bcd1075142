package report

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"ecs-deploy/internal/rollout"
)

var update = flag.Bool("update", false, "write the goldens anew; read them afterwards")

// replay tells events again that were recorded (go run . demo -record), each when it came then.
func replay(t *testing.T, heard []rollout.Heard) (log, summary string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "summary.md")
	var out bytes.Buffer
	synctest.Test(t, func(t *testing.T) {
		r := New(&out, func(name string) string { return map[string]string{"GITHUB_STEP_SUMMARY": path}[name] })
		began := time.Now()
		for _, h := range heard {
			time.Sleep(h.At - time.Since(began))
			r.Handle(h.Event)
		}
	})
	written, err := os.ReadFile(path)
	require.NoError(t, err)
	return out.String(), string(written)
}

func recorded(t *testing.T, name string) []rollout.Heard {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name, "events.jsonl"))
	require.NoError(t, err)
	var heard []rollout.Heard
	for line := range strings.Lines(string(text)) {
		h, err := rollout.ParseHeard([]byte(line))
		require.NoError(t, err)
		heard = append(heard, h)
	}
	return heard
}

func TestRecordings(t *testing.T) {
	folders, err := filepath.Glob("testdata/*/events.jsonl")
	require.NoError(t, err)
	require.NotEmpty(t, folders)
	for _, file := range folders {
		name := filepath.Base(filepath.Dir(file))
		t.Run(name, func(t *testing.T) {
			log, summary := replay(t, recorded(t, name))
			for golden, got := range map[string]string{"log.golden": log, "summary.golden.md": summary} {
				path := filepath.Join("testdata", name, golden)
				if *update {
					require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
				}
				want, err := os.ReadFile(path)
				require.NoError(t, err, "run go test ./internal/report -update, and read what it writes")
				require.Equal(t, string(want), got)
			}
		})
	}
}

// A run that is killed after any event leaves a log of which at most the last group is open, and, as soon as something
// was started, a summary that says so.
func TestARunThatIsKilledAnywhereLeavesWhatItKnew(t *testing.T) {
	for name, starts := range map[string]reflect.Type{
		"migration-fails": reflect.TypeFor[rollout.OneOffStarted](), "mixed": reflect.TypeFor[rollout.Updated](),
	} {
		heard := recorded(t, name)
		first := slices.IndexFunc(heard, func(h rollout.Heard) bool { return reflect.TypeOf(h.Event) == starts })
		require.Positive(t, first)
		for n := first + 1; n < len(heard); n++ {
			log, summary := replay(t, heard[:n])
			open := strings.Count(log, "::group::") - strings.Count(log, "::endgroup::")
			require.True(t, open == 0 || open == 1, log)
			require.Contains(t, summary, "begun, and not ended yet")
			require.Contains(t, summary, "web:42")
		}
	}
}

// Many services, all of whose tasks fail with long reasons and long logs, do not make a summary that GitHub drops.
func TestTheSummaryOfAHugeFailureFits(t *testing.T) {
	heard := recorded(t, "mixed")
	end := heard[len(heard)-1].Event.(rollout.Ended)
	worst := end.Result.Services[2]
	for range 1000 {
		worst.Log.Lines = append(worst.Log.Lines, strings.Repeat("`|<", 100))
	}
	for range 50 {
		worst.Failed = append(worst.Failed, worst.Failed[0])
	}
	for range 100 {
		end.Result.Services = append(end.Result.Services, worst)
	}
	heard[len(heard)-1].Event = end
	_, summary := replay(t, heard)
	require.LessOrEqual(t, len(summary), mostSummary)
	require.Greater(t, len(summary), mostSummary*9/10)
	require.Contains(t, summary[:5000], "container app exited with code 1", "the cause comes first")
	require.Contains(t, summary[len(summary)-1000:], "> [!NOTE]\n> GitHub shows no more than so much. Left out are ")
	require.Regexp(t, `, \d+ lines of the log[,.]`, strings.ReplaceAll(summary[len(summary)-1000:], "are ", ", "))
}
