package action

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v4"
	"golang.org/x/tools/txtar"

	"ecs-deploy/internal/ecssim"
)

// scenario is a file of testdata/scenarios, a txtar archive. It holds a step of a workflow (step.yaml), what is in the
// workspace (workspace/…), how the run ends (end) and, where they are of interest as a whole, the log, the outputs and
// the summary.
type scenario struct {
	path    string
	archive *txtar.Archive
}

// The parts of a scenario that are compared.
const (
	endPart     = "end"
	logPart     = "log"
	outputsPart = "outputs"
	summaryPart = "summary.md"
)

func readScenario(t testing.TB, name string) scenario {
	t.Helper()
	path := filepath.Join("testdata", "scenarios", name+".txtar")
	archive, err := txtar.ParseFile(path)
	require.NoError(t, err)
	return scenario{path, archive}
}

// part is the text of a part, and whether the scenario has it.
func (s scenario) part(name string) (string, bool) {
	at := slices.IndexFunc(s.archive.Files, func(f txtar.File) bool { return f.Name == name })
	if at < 0 {
		return "", false
	}
	return string(s.archive.Files[at].Data), true
}

func (s scenario) step(t testing.TB) step {
	t.Helper()
	text, found := s.part("step.yaml")
	require.True(t, found, "%s has no step.yaml", s.path)
	var read step
	require.NoError(t, yaml.Load([]byte(text), &read, yaml.WithKnownFields()), s.path)
	return read
}

// workspace writes the files of the workspace to a folder of their own.
func (s scenario) workspace(t testing.TB) string {
	t.Helper()
	folder := t.TempDir()
	for _, file := range s.archive.Files {
		if name, is := strings.CutPrefix(file.Name, "workspace/"); is {
			path := filepath.Join(folder, filepath.FromSlash(name))
			require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
			require.NoError(t, os.WriteFile(path, file.Data, 0o644))
		}
	}
	return folder
}

// set sets a part; a new one comes behind step.yaml.
func (s scenario) set(name, text string) {
	at := slices.IndexFunc(s.archive.Files, func(f txtar.File) bool { return f.Name == name })
	if at < 0 {
		at = 1
		s.archive.Files = slices.Insert(s.archive.Files, at, txtar.File{Name: name})
	}
	s.archive.Files[at].Data = []byte(text)
}

// TestScenarios plays every file of testdata/scenarios, with -short each fifth, and compares what it does with what the
// file says.
func TestScenarios(t *testing.T) {
	files, err := filepath.Glob("testdata/scenarios/*.txtar")
	require.NoError(t, err)
	var played []string
	for i, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".txtar")
		s := readScenario(t, name)
		asked := s.step(t)
		played = append(played, asked.Scenario)
		if testing.Short() && i%5 > 0 {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			workspace := s.workspace(t)
			r := play(t, asked, workspace).without(workspace)
			s.compare(t, r)
			requireWellFormed(t, r.log)
			if id := r.output("codedeploy-deployment-id"); strings.HasPrefix(r.output("deployment-id"), "d-") {
				require.Equal(t, r.output("deployment-id"), id)
			}
			if asked.Both {
				asked.Deny = append(asked.Deny, "ListServiceDeployments", "DescribeServiceDeployments", "StopServiceDeployment")
				requireSameEnd(t, r, play(t, asked, workspace))
			}
		})
	}
	for _, scenario := range ecssim.Scenarios() {
		require.Contains(t, played, scenario.Name, "every scenario of the simulator is played")
	}
}

// compare compares what a step did with the parts of its scenario or, with -update, writes them anew.
func (s scenario) compare(t *testing.T, r played) {
	t.Helper()
	for _, part := range []struct{ name, got string }{{endPart, r.end()}, {logPart, r.log}, {outputsPart, r.outputs}, {summaryPart, r.summary}} {
		want, has := s.part(part.name)
		switch {
		case !has && part.name != endPart:
			continue
		case *update:
			s.set(part.name, part.got)
		default:
			require.Equal(t, want, part.got, "%s of %s: run go test ./internal/action -update, and read what changes", part.name, s.path)
		}
	}
	if *update {
		require.NoError(t, os.WriteFile(s.path, txtar.Format(s.archive), 0o644))
	}
}

// requireSameEnd is about a run that cannot read the service deployments, beside one that may.
func requireSameEnd(t *testing.T, with, without played) {
	t.Helper()
	require.Equal(t, with.code, without.code, without.log)
	for _, output := range []string{"outcome", "outcomes", "task-definition-arn", "previous-task-definition-arn", "changed"} {
		require.Equal(t, with.output(output), without.output(output), output)
	}
	requireWellFormed(t, without.log)
}

// end is how a run ends: the exit code, the annotations, the outputs of a line that tell how it went, the calls that
// change something with their bodies, and the names of the others.
func (r played) end() string {
	var b strings.Builder
	fmt.Fprintf(&b, "exit: %d\n", r.code)
	for line := range strings.Lines(r.log) {
		if found := annotationCommand.FindStringSubmatch(strings.TrimSuffix(line, "\n")); found != nil {
			fmt.Fprintf(&b, "%s: %s\n", found[1], unescaped.Replace(strings.TrimPrefix(found[2]+" | "+found[3], " | ")))
		}
	}
	var outputs []string
	for line := range strings.Lines(r.outputs) {
		line = strings.TrimSuffix(line, "\n")
		switch name, value, _ := strings.Cut(line, "="); {
		case slices.Contains(endOutputs, name), strings.HasSuffix(name, "-exit-code"), name == "cause" && value != "":
			outputs = append(outputs, line)
		}
	}
	slices.Sort(outputs)
	fmt.Fprintf(&b, "outputs: %s\n", strings.Join(outputs, " "))
	if written := outputsOf(r.outputs); written["cause"] != "" {
		fmt.Fprintf(&b, "reason: %s\n", written["reason"])
	}
	b.WriteString(callLines(r.sim.Calls()))
	return b.String()
}

// callLines are a line for each call that changes something, in their order, and one for the names of the others. Calls that
// are made at one time have no order.
func callLines(calls []ecssim.Call) string {
	var reads, changes []string
	slices.SortStableFunc(calls, func(a, b ecssim.Call) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Operation+a.Body, b.Operation+b.Body))
	})
	for _, call := range calls {
		switch {
		case !readOperation.MatchString(call.Operation):
			changes = append(changes, fmt.Sprintf("call: %s %s\n", call.Operation, shortBody(call)))
		case !slices.Contains(reads, call.Operation):
			reads = append(reads, call.Operation)
		}
	}
	slices.Sort(reads)
	return strings.Join(changes, "") + "reads: " + strings.Join(reads, ", ") + "\n"
}

var (
	annotationCommand = regexp.MustCompile(`^::(error|warning|notice)(?: title=([^:]*))?::(.*)$`)
	unescaped         = strings.NewReplacer("%0A", "\n    ", "%0D", "", "%3A", ":", "%2C", ",", "%25", "%")
	readOperation     = regexp.MustCompile(`^(Describe|List|Get|GET|BatchGet|Assume)`)
	clientToken       = regexp.MustCompile(`,"clientToken":"[^"]+"`)
	ownAccount        = strings.NewReplacer("arn:aws:ecs:eu-west-1:123456789012:", "arn:…:", "123456789012.dkr.ecr.eu-west-1.amazonaws.com/", "…/")
	imageMember       = regexp.MustCompile(`"image":\s*"([^"]*)"`)
	familyMember      = regexp.MustCompile(`"family":\s*"([^"]*)"`)
	endOutputs        = []string{"outcome", "task-definition-family", "task-definition-revision", "changed", "previous-task-definition-revision"}
)

// shortBody is the body of a call in a line; of a task definition only its family and images: what else is in it, other
// tests compare.
func shortBody(call ecssim.Call) string {
	if !strings.HasPrefix(call.Operation, "Register") {
		return ownAccount.Replace(clientToken.ReplaceAllString(call.Body, ""))
	}
	var images []string
	for _, found := range imageMember.FindAllStringSubmatch(call.Body, -1) {
		images = append(images, ownAccount.Replace(found[1]))
	}
	return strings.Join(familyMember.FindStringSubmatch(call.Body)[1:], "") + ": " + strings.Join(images, ", ")
}

// without is what a step did, without the path of the workspace, which is another each time.
func (r played) without(workspace string) played {
	for _, text := range []*string{&r.log, &r.outputs, &r.summary} {
		*text = strings.ReplaceAll(*text, workspace, "WORKSPACE")
	}
	return r
}

// output is the value of an output that has one line.
func (r played) output(name string) string {
	for line := range strings.Lines(r.outputs) {
		if value, is := strings.CutPrefix(line, name+"="); is {
			return strings.TrimSuffix(value, "\n")
		}
	}
	return ""
}

// screen is how many lines a person sees at once.
const screen = 50

func TestAHealthyDeploymentFitsOnOneScreen(t *testing.T) {
	r := play(t, deployWeb("healthy"))
	require.LessOrEqual(t, strings.Count(r.log, "\n")-strings.Count(r.log, "::endgroup::"), screen, r.log)
}

// requireWellFormed checks what is true of every log: groups are closed and do not nest, what must be seen is in
// none of them, and there are not more annotations than a reader takes in.
func requireWellFormed(t *testing.T, log string) {
	t.Helper()
	open, annotations := false, map[string]int{}
	for line := range strings.Lines(log) {
		command, _, is := strings.Cut(strings.TrimPrefix(line, "::"), "::")
		name, _, _ := strings.Cut(command, " ")
		switch {
		case !is || !strings.HasPrefix(line, "::"):
			require.NotEmpty(t, strings.TrimSpace(line), "an empty line says nothing")
		case name == "group":
			require.False(t, open, "groups do not nest: %s", line)
			open = true
		case name == "endgroup":
			require.True(t, open)
			open = false
		case name != "add-mask":
			require.False(t, open, "it would be hidden in a fold: %s", line)
			if command != name && name == "warning" { // the verdict of a restart has a title
				name = "notice"
			}
			annotations[name]++
		}
	}
	require.False(t, open, "the last group is closed")
	require.Equal(t, 1, annotations["notice"]+annotations["error"], "one verdict")
	require.LessOrEqual(t, annotations["warning"], 5)
}
