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

// The Marketplace takes no longer one (https://docs.github.com/actions/reference/metadata-syntax-for-github-actions).
func TestTheDescriptionOfTheActionIsShort(t *testing.T) {
	text, err := os.ReadFile("../../action.yml")
	require.NoError(t, err)
	var file struct{ Description string }
	require.NoError(t, yaml.Unmarshal(text, &file))
	require.NotEmpty(t, file.Description)
	require.LessOrEqual(t, len(file.Description), 125)
}

func TestActionFileDeclaresTheOutputs(t *testing.T) {
	var want []string
	for _, output := range entries(declared(t).Outputs) {
		require.NotEmpty(t, output.Description, output.Name)
		want = append(want, output.Name)
	}
	got := map[string]bool{}
	for _, s := range []step{deployWeb("migration", "run-before", "a", "run-after", "b"), deployWeb("codedeploy"), deployWeb("express")} {
		for _, written := range regexp.MustCompile(`(?m)^([a-z-]+)<<ghadelimiter_`).FindAllStringSubmatch(play(t, s).file, -1) {
			got[written[1]] = true
		}
	}
	require.ElementsMatch(t, want, slices.Collect(maps.Keys(got)))
}

// documents are the texts for users, by their paths from here.
func documents(t testing.TB) map[string]string {
	t.Helper()
	paths := []string{"../../README.md"}
	require.NoError(t, filepath.WalkDir("../../.github/docs", func(path string, entry os.DirEntry, err error) error {
		if err == nil && filepath.Ext(path) == ".md" {
			paths = append(paths, path)
		}
		return err
	}))
	texts := map[string]string{}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		texts[path] = string(text)
	}
	require.Greater(t, len(texts), 20)
	return texts
}

func TestDocumentsHaveTheTablesOfTheCode(t *testing.T) {
	file := declared(t)
	var ours, amazons []entry
	for _, input := range entries(file.Inputs) {
		if description, is := strings.CutPrefix(input.Description, asAmazons); is {
			amazons = append(amazons, entry{input.Name, description, input.Default})
		} else {
			ours = append(ours, input)
		}
	}
	tables := map[string]string{
		"inputs":      table("input", ours),
		"amazon":      table("input", amazons),
		"outputs":     table("output", entries(file.Outputs)),
		"knowledge":   knowledge(),
		"credentials": credentialErrors(),
	}
	section := regexp.MustCompile(`(?s)<!-- ([a-z]+): written by [^\n]* -->\n.*?<!-- end -->`)
	seen := 0
	for path, text := range documents(t) {
		want := section.ReplaceAllStringFunc(text, func(old string) string {
			seen++
			head, _, _ := strings.Cut(old, "\n")
			table, known := tables[section.FindStringSubmatch(old)[1]]
			require.True(t, known, "%s: %s", path, head)
			return head + "\n" + table + "<!-- end -->"
		})
		if *update && want != text {
			require.NoError(t, os.WriteFile(path, []byte(want), 0o644))
			continue
		}
		require.True(t, want == text, "a table of %s is out of date: run go test ./internal/action -update", path)
	}
	require.Equal(t, len(tables), seen)
}

// asAmazons is how the descriptions begin of the inputs that are there for those who come from AWS's own action.
const asAmazons = "As in aws-actions/amazon-ecs-deploy-task-definition. "

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
	for _, path := range []string{"../../README.md", "../../.github/docs/outputs.md"} {
		for outcome, code := range exitCodes {
			require.Regexp(t, fmt.Sprintf("(?m)^\\| `%s` \\| .* \\| %d \\|$", outcome, code), documents(t)[path])
		}
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

// usesUs is a step of a workflow, which is one of this action or another.
type usesUs struct {
	Uses string
	With map[string]string
}

// TestDocumentedStepsRun runs every step of the documents that is one of this action against the simulator: those that
// stand alone in its first scenario, and those of workflows in the scenarios that are named above them. A workflow that
// is there to be replaced has none of them.
func TestDocumentedStepsRun(t *testing.T) {
	alone, inWorkflows := 0, 0
	for path, text := range documents(t) {
		workspace := exampleWorkspace(t)
		for _, block := range regexp.MustCompile("(?s)(?:<!-- (file|scenarios|before)(?:: ([^\n]*))? -->\n)?```(?:yaml|ini)\n(.*?)```").FindAllStringSubmatch(text, -1) {
			kind := block[1]
			about := block[2]
			content := block[3]
			switch kind {
			case "before":
				require.Empty(t, stepsOf(t, content), path)
			case "file":
				require.NoError(t, os.WriteFile(filepath.Join(workspace, about), []byte(content), 0o644))
			case "scenarios":
				steps, scenarios := stepsOf(t, content), strings.Split(about, ", ")
				require.Len(t, steps, len(scenarios), content)
				for i, s := range steps {
					r := play(t, step{Scenario: scenarios[i], With: filledIn(t, s.With), Env: identityTokens(t)}, workspace)
					require.Zero(t, r.code, "%s\n%s\n%s", path, content, r.log)
					inWorkflows++
				}
			default:
				var steps []usesUs
				require.NoError(t, yaml.Unmarshal([]byte(content), &steps), "a workflow needs its scenarios: %s", content)
				for _, s := range steps {
					scenario := "healthy"
					if s.With["operation"] == "rollback" {
						scenario = "two-deployments"
					}
					r := play(t, step{Scenario: scenario, With: s.With}, workspace)
					require.Zero(t, r.code, "%s\n%s\n%s", path, content, r.log)
					alone++
				}
			}
		}
	}
	require.GreaterOrEqual(t, alone, 10)
	require.GreaterOrEqual(t, inWorkflows, 24)
}

// TestMovingTellsInputsThatThereAre looks up what the tables for those who move here name as ours, and reads the values
// that they name with it.
func TestMovingTellsInputsThatThereAre(t *testing.T) {
	text := documents(t)["../../.github/docs/moving.md"]
	file, known := declared(t), map[string]bool{}
	for _, e := range append(entries(file.Inputs), entries(file.Outputs)...) {
		known[e.Name] = true
	}
	tables := regexp.MustCompile(`<!-- moves -->\n\|[^\n]*\n\|---\|---\|\n((?:\|[^\n]*\n)+)`).FindAllStringSubmatch(text, -1)
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

const aDigest = "sha256:0b9f1e1a4a3f2f0f8c9f5e6d7c8b9a0f1e2d3c4b5a69788796a5b4c3d2e1f001"

// filledIn is the inputs of a step with the expressions that a runner would fill in.
func filledIn(t *testing.T, with map[string]string) map[string]string {
	t.Helper()
	values := strings.NewReplacer(
		"${{ vars.AWS_DEPLOY_ROLE }}", "arn:aws:iam::123456789012:role/deployer",
		"${{ vars.ECR_REPOSITORY }}", "123456789012.dkr.ecr.eu-west-1.amazonaws.com/web",
		"${{ vars.ECR_REGISTRY }}", "123456789012.dkr.ecr.eu-west-1.amazonaws.com", "${{ vars.AWS_REGION }}", "eu-west-1",
		"${{ vars.ECS_CLUSTER }}", "main", "${{ vars.AWS_ACCOUNT_ID }}", "123456789012", "${{ matrix.service }}", "web",
		"${{ vars.AWS_PLAN_ROLE }}", "arn:aws:iam::123456789012:role/deployer",
		"${{ steps.build.outputs.digest }}", aDigest, "${{ needs.build.outputs.digest }}", aDigest, "${{ steps.image.outputs.digest }}", aDigest,
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
