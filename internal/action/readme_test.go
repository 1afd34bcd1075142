package action

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The README is for someone who has a minute.
func TestREADMEIsShort(t *testing.T) {
	text := documents(t)["../../README.md"]
	require.LessOrEqual(t, strings.Count(text, "\n"), 350)
	require.LessOrEqual(t, len(text), 24<<10)
}

// TestREADMENamesEveryInput looks through its two tables: all inputs but those of AWS's own action stand there once,
// and so do outputs, the most useful ones.
func TestREADMENamesEveryInput(t *testing.T) {
	file := declared(t)
	named := func(title, below string) []string {
		_, text, found := strings.Cut(documents(t)["../../README.md"], "\n## "+title+"\n")
		require.True(t, found)
		text, _, _ = strings.Cut(text, "\n## "+below+"\n")
		var names []string
		for _, row := range regexp.MustCompile("(?m)^\\| (`[^|]*) \\|").FindAllStringSubmatch(text, -1) {
			for _, name := range regexp.MustCompile("`([a-z-]+)`").FindAllStringSubmatch(row[1], -1) {
				names = append(names, name[1])
			}
		}
		return names
	}
	var ours, outputs []string
	for _, input := range entries(file.Inputs) {
		if !strings.HasPrefix(input.Description, asAmazons) {
			ours = append(ours, input.Name)
		}
	}
	for _, output := range entries(file.Outputs) {
		outputs = append(outputs, output.Name)
	}
	require.ElementsMatch(t, ours, named("Inputs", "Outputs"))
	some := named("Outputs", "Permissions")
	require.Subset(t, outputs, some)
	require.Greater(t, len(some), 10)
}

var (
	linked  = regexp.MustCompile(`\]\(([^()\s]+)\)`)
	heading = regexp.MustCompile(`(?m)^#+ (.*)$`)
	dropped = regexp.MustCompile("[^a-z0-9 _-]")
)

// TestLinksOfDocumentsLeadSomewhere looks for the files and headings that the documents link to.
func TestLinksOfDocumentsLeadSomewhere(t *testing.T) {
	texts := documents(t)
	for _, more := range []string{"../../.github/CONTRIBUTING.md", "../../.github/SECURITY.md"} {
		text, err := os.ReadFile(more)
		require.NoError(t, err)
		texts[more] = string(text)
	}
	links := 0
	for path, text := range texts {
		for _, link := range linked.FindAllStringSubmatch(regexp.MustCompile("(?s)```.*?```").ReplaceAllString(text, ""), -1) {
			if strings.Contains(link[1], "://") {
				continue
			}
			links++
			to, anchor, _ := strings.Cut(link[1], "#")
			target := path
			if to != "" {
				target = filepath.Join(filepath.Dir(path), filepath.FromSlash(to))
			}
			require.FileExists(t, target, "%s links to %s", path, link[1])
			if anchor == "" {
				continue
			}
			var anchors []string
			for _, title := range heading.FindAllStringSubmatch(texts[target], -1) {
				anchors = append(anchors, strings.ReplaceAll(dropped.ReplaceAllString(strings.ToLower(title[1]), ""), " ", "-"))
			}
			require.Contains(t, anchors, anchor, "%s links to %s", path, link[1])
		}
	}
	require.Greater(t, links, 60)
}
