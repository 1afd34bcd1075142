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
	"ecs-deploy/internal/report"
)

// Demo shows what a workflow would: the log of a run against a scenario, and the outputs and the
// summary that it leaves. It returns the exit code of the run.
func Demo(ctx context.Context, args []string, env Env) int {
	flags := flag.NewFlagSet("demo", flag.ContinueOnError)
	flags.SetOutput(env.Stdout)
	list := flags.Bool("list", false, "list the scenarios")
	var page page
	flags.StringVar(&page.file, "html", "", "write the summary to this `file`, as a page that a browser shows as GitHub would")
	of := flags.String("of", "", "with -html: show this `file`, which holds a summary, and run no scenario")
	flags.StringVar(&page.mermaid, "mermaid", "", "with -html: the `URL` of a mermaid.min.js, which draws the picture")
	flags.Usage = func() {
		fmt.Fprintln(env.Stdout, "usage: demo [-list] [-html file [-mermaid URL] [-of file]] [scenario]")
		flags.PrintDefaults()
	}
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil || flags.NArg() > 1:
		return 2
	}
	switch {
	case *of != "" && page.file == "":
		fmt.Fprintln(env.Stdout, "-of needs -html: the file that the page is written to")
		return 2
	case *of != "":
		return page.show(*of, env.Stdout)
	}
	if *list {
		for _, scenario := range ecssim.Scenarios() {
			fmt.Fprintf(env.Stdout, "%-16s %s\n", scenario.Name, scenario.Story)
		}
		return 0
	}
	scenario := "healthy"
	if flags.NArg() == 1 {
		scenario = flags.Arg(0)
	}
	return demo(ctx, scenario, page, env)
}

// page is where the summary goes as a page, if it does.
type page struct{ file, mermaid string }

// show writes a page of a file that holds a summary.
func (p page) show(file string, screen io.Writer) int {
	summary, err := os.ReadFile(file)
	if err == nil {
		err = p.write(file, string(summary))
	}
	if err != nil {
		fmt.Fprintln(screen, err)
		return 1
	}
	return 0
}

func (p page) write(title, summary string) error {
	if p.file == "" {
		return nil
	}
	text, err := report.Page(title, summary, p.mermaid)
	if err != nil {
		return err
	}
	return os.WriteFile(p.file, []byte(text), 0o644)
}

func demo(ctx context.Context, scenario string, page page, env Env) int {
	folder, err := os.MkdirTemp("", "ecs-deploy-demo-")
	if err != nil {
		fmt.Fprintln(env.Stdout, err)
		return 1
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
	set["INPUT_SIMULATE"], set["GITHUB_OUTPUT"], set["GITHUB_STEP_SUMMARY"] = scenario, outputs, summary

	screen := env.Stdout
	env.Stdout = report.NewViewer(screen)
	env.Getenv = func(name string) string { return set[name] }
	code := Run(ctx, env)
	written := func(path string) string {
		text, _ := os.ReadFile(path) // where nothing was written, nothing is shown
		return string(text)
	}
	fmt.Fprintf(screen, "\n──── Outputs ────\n%s\n──── Summary ────\n%s\nexit code %d\n",
		report.ViewOutputs(written(outputs)), written(summary), code)
	if err := page.write(scenario, written(summary)); err != nil {
		fmt.Fprintln(screen, err)
		return 1
	}
	return code
}

// demoInputs are the step of the README.
var demoInputs = map[string]string{
	"INPUT_CLUSTER": "main",
	"INPUT_SERVICE": "web",
	"INPUT_IMAGE":   "123456789012.dkr.ecr.eu-west-1.amazonaws.com/web:v2",
}
