package action

import (
	"go/ast"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"

	"ecs-deploy/internal/ecssim"
)

// struck are words that the glossary of package report has others for.
var struck = regexp.MustCompile(`(?i)\b(?:` + strings.Join([]string{
	`(?:take|takes|taken|taking|took)[ -](?:it |them |that |all |this |others? )?back`, `time-outs?`, `somebody|anybody`,
	`faults? of ours|has a fault`, `inputs? (?:is|are) not right`, `nothing speaks against`, `side cars?`, `may not`, `when not given`,
	`behaviour|colour|favour|honour|labour|neighbour|judgement|learnt|spelt|towards|whilst|catalogue`,
	`\w*(?:recogn|organ|normal|initial|serial|optim|minim|summar|author|custom|util)is(?:e|es|ed|ing|ation|ations)`,
	`canceled|canceling`,
}, "|") + `)\b|\d %(?:[ .,)]|$)`)

// TestStruckWords looks for them in all that people read: what runs say, the inputs and outputs, the documents, the
// stories of the simulator, and the comments.
func TestStruckWords(t *testing.T) {
	read := 0
	check := func(where, text string) {
		t.Helper()
		read++
		for line := range strings.Lines(text) {
			require.Empty(t, struck.FindString(line), "%s: %s", where, line)
		}
	}
	goldens, err := filepath.Glob("testdata/scenarios/*.txtar")
	require.NoError(t, err)
	for _, path := range goldens {
		check(path, filepath.Base(path))
		archive, err := txtar.ParseFile(path)
		require.NoError(t, err)
		for _, part := range archive.Files {
			if part.Name == endPart || part.Name == logPart || part.Name == summaryPart {
				check(path, string(part.Data))
			}
		}
	}
	texts := documents(t)
	for _, path := range []string{"../../action.yml", "../../.github/CONTRIBUTING.md", "../../.github/SECURITY.md", "../../.github/docs/deploy-role.yaml"} {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		texts[path] = string(text)
	}
	for path, text := range texts {
		check(path, text)
	}
	for _, scenario := range ecssim.Scenarios() {
		check(scenario.Name, scenario.Name+": "+scenario.Story)
	}
	eachFile(t, func(_, path string, file *ast.File) {
		for _, comment := range file.Comments {
			if text := comment.Text(); !strings.Contains(text, "The glossary") {
				check(path, text)
			}
		}
	})
	require.Greater(t, read, 400)
}
