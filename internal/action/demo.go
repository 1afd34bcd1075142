package action

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"strings"

	"ecs-deploy/internal/ecssim"
	"ecs-deploy/internal/viewer"
)

// Demo shows what the page of a workflow's run would: its log, folded where GitHub folds it. Verbose, it shows all of
// it, and the outputs and the summary that the run leaves. It returns the exit code of the run.
func Demo(ctx context.Context, args []string, env Env) int {
	flags := flag.NewFlagSet("demo", flag.ContinueOnError)
	flags.SetOutput(env.Stdout)
	list := flags.Bool("list", false, "list the scenarios")
	verbose := flags.Bool("v", false, "unfold the log, and show the outputs and the Markdown of the summary")
	flags.Usage = func() {
		fmt.Fprintln(env.Stdout, "usage: demo [-list] [-v] [scenario]")
		flags.PrintDefaults()
	}
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil || flags.NArg() > 1:
		return 2
	case *list:
		listScenarios(env.Stdout)
		return 0
	}
	scenario := "healthy"
	if flags.NArg() == 1 {
		scenario = flags.Arg(0)
	}
	screen := env.Stdout
	env.Stdout = viewer.New(screen, *verbose)
	left, err := Rehearse(ctx, scenario, env)
	if err != nil {
		fmt.Fprintln(screen, err)
		return 1
	}
	if *verbose {
		fmt.Fprintf(screen, "\n──── Outputs ────\n%s\n──── Summary ────\n%s", viewer.Outputs(left.Outputs), left.Summary)
	}
	fmt.Fprintf(screen, "\nexit code %d\n", left.Code)
	if flags.NArg() == 0 {
		fmt.Fprint(screen, tryNext)
	}
	return left.Code
}

// tryNext is what a first demo ends with.
const tryNext = `
Try next:
  go run . demo -v                                         the same, unfolded, with its outputs and summary
  go run . demo crash-rollback                             a deployment that fails
  go run . demo -list                                      all that can be played
  go run ./internal/preview -o page.html crash-rollback    a summary as a page
`

// listScenarios lists what can be played, in two columns.
func listScenarios(to io.Writer) {
	widest := 0
	for _, scenario := range ecssim.Scenarios() {
		widest = max(widest, len(scenario.Name))
	}
	for _, scenario := range ecssim.Scenarios() {
		fmt.Fprintf(to, "%-*s  %s\n", widest, scenario.Name, scenario.Story)
	}
}

// Left is what a run leaves beside its log.
type Left struct {
	Code             int
	Outputs, Summary string // as they stand in the runner's files
}

// Rehearse runs the step of the README against a scenario, with what the scenario itself asks for.
func Rehearse(ctx context.Context, scenario string, env Env) (Left, error) {
	folder, err := os.MkdirTemp("", "ecs-deploy-demo-")
	if err != nil {
		return Left{}, err
	}
	defer os.RemoveAll(folder)
	outputs, summary := filepath.Join(folder, "outputs"), filepath.Join(folder, "summary.md")
	set := maps.Clone(demoInputs)
	if chosen, err := ecssim.Named(scenario); err == nil { // of one that there is not, the run tells
		maps.Copy(set, chosen.Env)
		for name, value := range chosen.With {
			set["INPUT_"+strings.ToUpper(name)] = value
		}
	}
	set["INPUT_SIMULATE"] = scenario
	set["GITHUB_OUTPUT"] = outputs
	set["GITHUB_STEP_SUMMARY"] = summary
	env.Getenv = func(name string) string { return set[name] }
	code := Run(ctx, env)
	written := func(path string) string {
		text, _ := os.ReadFile(path) // where nothing was written, nothing is shown
		return string(text)
	}
	return Left{code, written(outputs), written(summary)}, nil
}

// demoInputs are the step of the README.
var demoInputs = map[string]string{
	"INPUT_CLUSTER": "main",
	"INPUT_SERVICE": "web",
	"INPUT_IMAGE":   "123456789012.dkr.ecr.eu-west-1.amazonaws.com/web:v2",
}
