package action

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/require"

	"ecs-deploy/internal/cloud"
	"ecs-deploy/internal/diagnose"
	"ecs-deploy/internal/inputs"
	"ecs-deploy/internal/rollout"
)

// actionFile is what the tests read of action.yml. The inputs and outputs keep their order.
type actionFile struct {
	Inputs  yaml.MapSlice
	Outputs yaml.MapSlice
	Runs    map[string]string
}

// entry is one input or output of action.yml.
type entry struct{ Name, Description, Default string }

func declared(t *testing.T) actionFile {
	t.Helper()
	text, err := os.ReadFile("../../action.yml")
	require.NoError(t, err)
	var file actionFile
	require.NoError(t, yaml.Unmarshal(text, &file))
	return file
}

func entries(items yaml.MapSlice) []entry {
	var list []entry
	for _, item := range items {
		e := entry{Name: item.Key.(string)}
		for name, value := range item.Value.(map[string]any) {
			switch name {
			case "description":
				e.Description = value.(string)
			case "default":
				e.Default = value.(string) // a string in any case: a bare true would not do
			}
		}
		list = append(list, e)
	}
	return list
}

func TestActionFileDeclaresTheInputsAndTheirDefaults(t *testing.T) {
	want := map[string]string{}
	for _, input := range inputs.Declared() {
		want[input.Name] = input.Default
	}
	got := map[string]string{}
	for _, input := range entries(declared(t).Inputs) {
		require.NotEmpty(t, input.Description, input.Name)
		require.NotContains(t, []string{"args", "entrypoint"}, input.Name, "the runner takes these for itself")
		got[input.Name] = input.Default
	}
	require.Equal(t, want, got)
}

func TestActionFileDeclaresTheOutputs(t *testing.T) {
	var want []string
	for _, output := range entries(declared(t).Outputs) {
		require.NotEmpty(t, output.Description, output.Name)
		want = append(want, output.Name)
	}
	got := map[string]bool{}
	for _, written := range regexp.MustCompile(`(?m)^([a-z-]+)<<ghadelimiter_`).FindAllStringSubmatch(play(t, deployWeb("migration", "run-before", "a", "run-after", "b")).file, -1) {
		got[written[1]] = true
	}
	require.ElementsMatch(t, want, slices.Collect(maps.Keys(got)))
}

func TestREADMEHasTheTablesOfTheCode(t *testing.T) {
	const path = "../../README.md"
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	file := declared(t)
	want := string(text)
	for name, table := range map[string]string{
		"inputs":      table("input", entries(file.Inputs)),
		"outputs":     table("output", entries(file.Outputs)),
		"knowledge":   knowledge(),
		"credentials": credentialErrors(),
	} {
		section := regexp.MustCompile(`(?s)(<!-- ` + name + `: [^\n]* -->\n).*?(<!-- end -->)`)
		require.Regexp(t, section, want)
		want = section.ReplaceAllStringFunc(want, func(old string) string {
			parts := section.FindStringSubmatch(old)
			return parts[1] + table + parts[2]
		})
	}
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(want), 0o644))
		return
	}
	require.True(t, want == string(text), "a table of the README is out of date: run go test ./internal/action -update")
}

func knowledge() string {
	var b strings.Builder
	b.WriteString("| | what it means | what to do |\n|---|---|---|\n")
	for _, entry := range diagnose.Knowledge {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", entry.Name, entry.Means, entry.Next)
	}
	return b.String()
}

func credentialErrors() string {
	var b strings.Builder
	b.WriteString("| what it says | what to do |\n|---|---|\n")
	blanks := strings.NewReplacer("{role}", "*the role*", "{account}", "*its account*", "{issuer}", "*the issuer*", "{audience}", "*the audience*", "{subject}", "*the subject*")
	for _, known := range slices.CompactFunc(slices.Clone(cloud.CredentialErrors), func(a, b cloud.CredentialError) bool { return a.Name == b.Name }) {
		fmt.Fprintf(&b, "| %s | %s |\n", blanks.Replace(known.What), blanks.Replace(known.Next))
	}
	return b.String()
}

func table(title string, rows []entry) string {
	var b strings.Builder
	fmt.Fprintf(&b, "| %s | |\n|---|---|\n", title)
	for _, row := range rows {
		fmt.Fprintf(&b, "| `%s` | %s", row.Name, strings.ReplaceAll(row.Description, "|", `\|`))
		if row.Default != "" {
			fmt.Fprintf(&b, " Default: `%s`.", row.Default)
		}
		b.WriteString(" |\n")
	}
	return b.String()
}

func TestREADMETellsTheExitCodes(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	for outcome, code := range exitCodes {
		require.Regexp(t, fmt.Sprintf("(?m)^\\| `%s` \\| .* \\| %d \\|$", outcome, code), string(text))
	}
	require.Equal(t, 2, exitCode(rollout.Failed, &rollout.Problem{Kind: rollout.BadInput}))
	require.Equal(t, 3, exitCode(rollout.Failed, &rollout.Problem{Kind: rollout.Refused}))
}

func TestTheImageIsWhatTheActionFileStarts(t *testing.T) {
	require.Equal(t, map[string]string{"using": "docker", "image": "Dockerfile", "entrypoint": "/ecs-deploy"}, declared(t).Runs)
	dockerfile, err := os.ReadFile("../../Dockerfile")
	require.NoError(t, err)
	require.Contains(t, string(dockerfile), "ENTRYPOINT [\"/ecs-deploy\"]\n")
}

// TestREADMEShowsWhatTheDemoShows takes the first excerpt of a log in the README line by line; a line
// of dots stands for what was left out.
func TestREADMEShowsWhatTheDemoShows(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	excerpt := regexp.MustCompile("(?s)\n\n```\n(.*?)```\n").FindStringSubmatch(string(text))[1] // a fence that closes has no empty line above it
	require.Greater(t, strings.Count(excerpt, "\n"), 10)
	var screen strings.Builder
	require.Equal(t, 4, Demo(t.Context(), []string{"crash-rollback"}, Env{Stdout: &screen}))
	shown := strings.Split(screen.String(), "\n")
	for line := range strings.Lines(excerpt) {
		if strings.TrimSpace(line) == "…" {
			continue
		}
		at := slices.IndexFunc(shown, func(s string) bool { return strings.TrimSpace(s) == strings.TrimSpace(line) })
		require.GreaterOrEqual(t, at, 0, "the demo does not show this line, or not here: %s", line)
		shown = shown[at+1:]
	}
}

// TestREADMEExamplesRun runs every step of the README that is one of this action against the simulator.
func TestREADMEExamplesRun(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	workspace := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(workspace, "deploy"), 0o755))
	file, err := os.ReadFile("testdata/file/web.yaml")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(workspace, "deploy", "web.yaml"), file, 0o644))

	ran := 0
	for _, block := range regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		var steps []struct {
			Uses string
			With map[string]string
		}
		if yaml.Unmarshal([]byte(block[1]), &steps) != nil {
			continue // a whole workflow, whose expressions only a runner can fill in
		}
		for _, s := range steps {
			r := play(t, step{Scenario: "healthy", With: s.With}, workspace)
			require.Zero(t, r.code, "%s\n%s", block[1], r.log)
			ran++
		}
	}
	require.GreaterOrEqual(t, ran, 8)
}
