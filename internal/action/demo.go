package action

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"

	"ecs-deploy/internal/ecssim"
	"ecs-deploy/internal/viewer"
)

// Demo shows what a workflow would: the log of a run against a scenario, and the outputs and the
// summary that it leaves. It returns the exit code of the run.
func Demo(ctx context.Context, args []string, env Env) int {
	flags := flag.NewFlagSet("demo", flag.ContinueOnError)
	flags.SetOutput(env.Stdout)
	list := flags.Bool("list", false, "list the scenarios")
	flags.Usage = func() {
		fmt.Fprintln(env.Stdout, "usage: demo [-list] [scenario]")
		flags.PrintDefaults()
	}
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil || flags.NArg() > 1:
		return 2
	case *list:
		for _, scenario := range ecssim.Scenarios() {
			fmt.Fprintf(env.Stdout, "%-16s %s\n", scenario.Name, scenario.Story)
		}
		return 0
	}
	scenario := "healthy"
	if flags.NArg() == 1 {
		scenario = flags.Arg(0)
	}
	screen := env.Stdout
	env.Stdout = viewer.New(screen)
	left, err := Rehearse(ctx, scenario, env)
	if err != nil {
		fmt.Fprintln(screen, err)
		return 1
	}
	fmt.Fprintf(
		screen,
		"\n──── Outputs ────\n%s\n──── Summary ────\n%s\nexit code %d\n",
		viewer.Outputs(left.Outputs),
		left.Summary,
		left.Code,
	)
	return left.Code
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
