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

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v4"

	"ecs-deploy/internal/cloud"
	"ecs-deploy/internal/diagnose"
	"ecs-deploy/internal/ecssim"
	"ecs-deploy/internal/inputs"
	"ecs-deploy/internal/rollout"
)

// actionFile is what the tests read of action.yml. The inputs and outputs keep their order.
type actionFile struct {
	Inputs  yaml.Node
	Outputs yaml.Node
	Runs    map[string]string
}

// entry is one input or output of action.yml.
type entry struct{ Name, Description, Default string }

func declared(t testing.TB) actionFile {
	t.Helper()
	text, err := os.ReadFile("../../action.yml")
	require.NoError(t, err)
	var file actionFile
	require.NoError(t, yaml.Unmarshal(text, &file))
	return file
}

func entries(items yaml.Node) []entry {
	var list []entry
	for pair := range slices.Chunk(items.Content, 2) {
		e := entry{Name: pair[0].Value}
		for member := range slices.Chunk(pair[1].Content, 2) {
			switch member[0].Value {
			case "description":
				e.Description = member[1].Value
			case "default":
				e.Default = member[1].Value
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

// What stands behind a blank and # is a comment in YAML.
func TestNoDescriptionIsCutByAComment(t *testing.T) {
	text, err := os.ReadFile("../../action.yml")
	require.NoError(t, err)
	require.NotRegexp(t, `(?m)^\s+description: [^"'\n][^\n]* #`, string(text))
}

func TestActionFileDeclaresTheOutputs(t *testing.T) {
	var want []string
	for _, output := range entries(declared(t).Outputs) {
		require.NotEmpty(t, output.Description, output.Name)
		want = append(want, output.Name)
	}
	got := map[string]bool{}
	for _, s := range []step{deployWeb("migration", "run-before", "a", "run-after", "b"), deployWeb("codedeploy")} {
		for _, written := range regexp.MustCompile(`(?m)^([a-z-]+)<<ghadelimiter_`).FindAllStringSubmatch(play(t, s).file, -1) {
			got[written[1]] = true
		}
	}
	require.ElementsMatch(t, want, slices.Collect(maps.Keys(got)))
}

func TestREADMEHasTheTablesOfTheCode(t *testing.T) {
	const path = "../../README.md"
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	file := declared(t)
	var ours, amazons []entry
	for _, input := range entries(file.Inputs) {
		if description, is := strings.CutPrefix(input.Description, "As in aws-actions/amazon-ecs-deploy-task-definition. "); is {
			amazons = append(amazons, entry{input.Name, description, input.Default})
		} else {
			ours = append(ours, input)
		}
	}
	want := string(text)
	for name, table := range map[string]string{
		"inputs":      table("input", ours),
		"amazon":      table("input", amazons),
		"outputs":     table("output", entries(file.Outputs)),
		"knowledge":   knowledge(),
		"credentials": credentialErrors(),
		"summary":     failedSummary(t),
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

// failedSummary is the summary of a deployment that was rolled back, with a heading that fits below others.
func failedSummary(t *testing.T) string {
	t.Helper()
	summary, found := readScenario(t, "crash-rollback").part(summaryPart)
	require.True(t, found)
	return "\n" + strings.Replace(summary, "## ", "#### ", 1) + "\n"
}

func knowledge() string {
	var b strings.Builder
	b.WriteString("| `cause` | what it means | what to do | passes by itself |\n|---|---|---|---|\n")
	passes := map[bool]string{true: "yes"}
	for _, entry := range diagnose.Knowledge {
		if entry.ID != rollout.UnknownCause {
			fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", entry.ID, entry.Means, entry.Next, passes[entry.Passing])
		}
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
	require.Equal(t, 4, Demo(t.Context(), []string{"-v", "crash-rollback"}, Env{Stdout: &screen}))
	shown := strings.Split(regexp.MustCompile(`\x1b\[\d+m`).ReplaceAllString(screen.String(), ""), "\n")
	for line := range strings.Lines(excerpt) {
		if strings.TrimSpace(line) == "…" {
			continue
		}
		at := slices.IndexFunc(shown, func(s string) bool { return strings.TrimSpace(s) == strings.TrimSpace(line) })
		require.GreaterOrEqual(t, at, 0, "the demo does not show this line, or not here: %s", line)
		shown = shown[at+1:]
	}
}

// usesUs is a step of a workflow, which is one of this action or another.
type usesUs struct {
	Uses string
	With map[string]string
}

// TestREADMEExamplesRun runs every step of the README that is one of this action against the simulator: those
// that stand alone in its first scenario, and those of workflows in the scenarios that are named above them.
func TestREADMEExamplesRun(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	workspace := exampleWorkspace(t)
	alone, inWorkflows := 0, 0
	for _, block := range regexp.MustCompile("(?s)(?:<!-- (file|scenarios): ([^\n]*) -->\n)?```(?:yaml|ini)\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		kind := block[1]
		about := block[2]
		content := block[3]
		switch kind {
		case "file":
			require.NoError(t, os.WriteFile(filepath.Join(workspace, about), []byte(content), 0o644))
		case "scenarios":
			steps, scenarios := stepsOf(t, content), strings.Split(about, ", ")
			require.Len(t, steps, len(scenarios), content)
			for i, s := range steps {
				r := play(t, step{Scenario: scenarios[i], With: filledIn(t, s.With), Env: identityTokens(t)}, workspace)
				require.Zero(t, r.code, "%s\n%s", content, r.log)
				inWorkflows++
			}
		default:
			var steps []usesUs
			require.NoError(t, yaml.Unmarshal([]byte(content), &steps), "a workflow needs its scenarios: %s", content)
			for _, s := range steps {
				r := play(t, step{Scenario: "healthy", With: s.With}, workspace)
				require.Zero(t, r.code, "%s\n%s", content, r.log)
				alone++
			}
		}
	}
	require.GreaterOrEqual(t, alone, 8)
	require.GreaterOrEqual(t, inWorkflows, 14)
}

// TestREADMETellsInputsThatThereAre looks up what the tables for those who move here name as ours, and reads the values
// that they name with it.
func TestREADMETellsInputsThatThereAre(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	file, known := declared(t), map[string]bool{}
	for _, e := range append(entries(file.Inputs), entries(file.Outputs)...) {
		known[e.Name] = true
	}
	tables := regexp.MustCompile(`<!-- moves -->\n\|[^\n]*\n\|---\|---\|\n((?:\|[^\n]*\n)+)`).FindAllStringSubmatch(string(text), -1)
	require.Len(t, tables, 4)
	workspace := exampleWorkspace(t)
	for _, table := range tables {
		for row := range strings.Lines(table[1]) {
			theirs, ours, _ := strings.Cut(strings.Trim(row, "| \n"), " | ")
			require.NotEmpty(t, theirs)
			for _, named := range regexp.MustCompile("`([^`]*)`").FindAllStringSubmatch(ours, -1) {
				name, _, set := strings.Cut(named[1], ": ")
				require.True(t, known[name], "%s: there is no %s", theirs, name)
				if set {
					var with map[string]string
					require.NoError(t, yaml.Unmarshal([]byte(named[1]), &with), row)
					with["service"] = "web"
					env := runnerEnv(t, with)
					env["GITHUB_WORKSPACE"] = workspace
					_, err := inputs.Read(t.Context(), func(name string) string { return env[name] }, nil)
					require.NoError(t, err, row)
				}
			}
		}
	}
}

// exampleWorkspace is a workspace with the file that examples name.
func exampleWorkspace(t *testing.T) string {
	t.Helper()
	workspace := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(workspace, "deploy"), 0o755))
	file, found := readScenario(t, "file").part("workspace/web.yaml")
	require.True(t, found)
	require.NoError(t, os.WriteFile(filepath.Join(workspace, "deploy", "web.yaml"), []byte(file), 0o644))
	return workspace
}

// stepsOf are the steps of a workflow that are of this action, job by job.
func stepsOf(t *testing.T, workflow string) []usesUs {
	t.Helper()
	var parsed struct{ Jobs yaml.Node }
	require.NoError(t, yaml.Unmarshal([]byte(workflow), &parsed))
	var steps []usesUs
	for item := range slices.Chunk(parsed.Jobs.Content, 2) {
		var job struct{ Steps []usesUs }
		require.NoError(t, item[1].Decode(&job))
		for _, s := range job.Steps {
			if strings.HasPrefix(s.Uses, "OWNER/REPO@") {
				steps = append(steps, s)
			}
		}
	}
	return steps
}

// filledIn is the inputs of a step with the expressions that a runner would fill in.
func filledIn(t *testing.T, with map[string]string) map[string]string {
	t.Helper()
	values := strings.NewReplacer(
		"${{ vars.AWS_DEPLOY_ROLE }}", "arn:aws:iam::123456789012:role/deployer",
		"${{ vars.ECR_REPOSITORY }}", "123456789012.dkr.ecr.eu-west-1.amazonaws.com/web",
		"${{ vars.ECR_REGISTRY }}", "123456789012.dkr.ecr.eu-west-1.amazonaws.com", "${{ vars.AWS_REGION }}", "eu-west-1",
		"${{ vars.ECS_CLUSTER }}", "main", "${{ vars.AWS_ACCOUNT_ID }}", "123456789012", "${{ matrix.service }}", "web",
		"${{ github.ref_name }}", "v2", "${{ inputs.version }}", "v2", "${{ inputs.operation }}", "status",
	)
	filled := map[string]string{}
	for name, value := range with {
		filled[name] = values.Replace(value)
		require.NotContains(t, filled[name], "${{")
	}
	return filled
}

// identityTokens is the environment of a job that may ask for an identity token.
func identityTokens(t *testing.T) map[string]string {
	t.Helper()
	scenario, err := ecssim.Named("oidc")
	require.NoError(t, err)
	return scenario.Env
}
