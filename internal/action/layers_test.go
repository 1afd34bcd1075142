package action

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/sethvargo/go-githubactions"
	"github.com/stretchr/testify/require"
)

const module = "ecs-deploy/"

// layers is the house: what each package may import, of this module and of others. The standard
// library is free to all, but for what printers restricts. It is read with go/parser, since a test
// that runs `go list` is served stale from the test cache.
var layers = map[string][]string{
	"internal/taskdef":      {"internal/lazy", "github.com/distribution/reference", "go.yaml.in/yaml/v4", "github.com/agnivade/levenshtein", "github.com/aymanbagabas/go-udiff"},
	"internal/rollout":      {"internal/lazy", "internal/taskdef"},
	"internal/inputs":       {"internal/lazy", "internal/rollout", "internal/taskdef", "github.com/sethvargo/", "mvdan.cc/sh/v3/"},
	"internal/kind":         {"internal/rollout", "internal/taskdef"},
	"internal/plan":         {"internal/inputs", "internal/kind", "internal/rollout", "internal/taskdef"},
	"internal/oidc":         {"github.com/sethvargo/go-githubactions"},
	"internal/probe":        {"internal/rollout"},
	"internal/cloud":        {"internal/lazy", "internal/kind", "internal/oidc", "internal/rollout", "internal/taskdef", "github.com/aws/", "golang.org/x/sync/errgroup", "golang.org/x/time/rate"},
	"internal/watch":        {"internal/cloud", "internal/kind", "internal/rollout"},
	"internal/diagnose":     {"internal/lazy", "internal/rollout"},
	"internal/deploy":       {"internal/cloud", "internal/kind", "internal/watch", "internal/diagnose", "internal/rollout"},
	"internal/report":       {"internal/lazy", "internal/rollout", "internal/taskdef", "github.com/sethvargo/go-githubactions"},
	"internal/ecssim":       {},
	"internal/ecssim/serve": {"internal/ecssim"},
	"internal/action": {"internal/inputs", "internal/oidc", "internal/probe", "internal/cloud", "internal/kind", "internal/plan", "internal/deploy", "internal/watch", "internal/report",
		"internal/rollout", "internal/ecssim", "internal/viewer", "internal/virtual"},
	"internal/lazy":    {},
	"internal/viewer":  {},
	"internal/virtual": {},
	"internal/preview": {"internal/action", "github.com/yuin/goldmark", "github.com/yuin/goldmark/"},
	".":                {"internal/action"},
}

// ofOneKind are the files that know a kind of deployment by name, beside those that are called after it: the lists of all
// kinds, and what speaks to users and AWS about them all.
var ofOneKind = map[string][]string{
	"codedeploy": {
		"internal/kind/kind.go", "internal/cloud/carrier.go", "internal/inputs/",
		"internal/ecssim/", "internal/taskdef/appspec.go",
	},
}

// A kind of deployment is a thing: whoever hands it on does not know which one it is.
func TestOnlyItsOwnFilesKnowAKind(t *testing.T) {
	known := 0
	eachFile(t, func(_, path string, _ *ast.File) {
		name := strings.TrimPrefix(filepath.ToSlash(path), "../../")
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		for kind, files := range ofOneKind {
			mine := strings.HasPrefix(filepath.Base(name), kind) ||
				slices.ContainsFunc(files, func(file string) bool { return strings.HasPrefix(name, file) })
			if mine {
				known++
				continue
			}
			for i, line := range strings.Split(string(text), "\n") {
				require.NotContains(t, strings.ToLower(strings.ReplaceAll(line, "_", "")), kind, "%s:%d", name, i+1)
			}
		}
	})
	require.Greater(t, known, 10)
}

// printers may write to the process's own streams; everything else hands its events to report.
var printers = []string{".", "internal/ecssim/serve", "internal/preview"}

func TestLayers(t *testing.T) {
	seen := map[string]bool{}
	eachFile(t, func(folder, path string, file *ast.File) {
		allowed, known := layers[folder]
		require.True(t, known, "%s: package %s has no row in layers", path, folder)
		seen[folder] = true
		for _, spec := range file.Imports {
			name, err := strconv.Unquote(spec.Path.Value)
			require.NoError(t, err)
			name, ours := strings.CutPrefix(name, module)
			if !ours && !strings.Contains(strings.Split(name, "/")[0], ".") { // the standard library
				require.False(t, strings.HasPrefix(name, "testing") && folder != "internal/virtual", "%s: only internal/virtual imports %s", path, name)
				continue
			}
			require.True(t, slices.ContainsFunc(allowed, func(may string) bool {
				return name == may || strings.HasSuffix(may, "/") && strings.HasPrefix(name, may)
			}), "%s: %s must not import %s", path, folder, name)
		}
	})
	for folder := range layers {
		require.True(t, seen[folder], "layers has a row for %s, which is not there", folder)
	}
}

// inputSide is what may be used of the library for GitHub by all who may import it; with the rest of it the runner
// is spoken to, which report alone does.
var inputSide = []string{"New", "Context", "WithGetenv", "WithHTTPClient", "Action", "GetInput", "Getenv", "GetIDToken", "EnvMissingError", "RequestFailedError"}

func TestOnlyReportPrints(t *testing.T) {
	library := reflect.TypeFor[*githubactions.Action]()
	eachFile(t, func(folder, path string, file *ast.File) {
		speaks := slices.ContainsFunc(file.Imports, func(spec *ast.ImportSpec) bool { return strings.HasSuffix(spec.Path.Value, "/go-githubactions\"") })
		logs := slices.ContainsFunc(file.Imports, func(spec *ast.ImportSpec) bool { return strings.HasPrefix(spec.Path.Value, "\"log") })
		require.False(t, logs && !slices.Contains(printers, folder), "%s: package log must not be used in %s", path, folder)
		ast.Inspect(file, func(node ast.Node) bool {
			var of, name string
			switch node := node.(type) {
			case *ast.CallExpr:
				if builtin, is := node.Fun.(*ast.Ident); is {
					name = builtin.Name
				}
			case *ast.SelectorExpr:
				name = node.Sel.Name
				if ident, is := node.X.(*ast.Ident); is {
					of = ident.Name
				}
			}
			prints := of == "" && (name == "print" || name == "println") || of == "fmt" && strings.HasPrefix(name, "Print") || of == "os" && (name == "Stdout" || name == "Stderr")
			require.False(t, prints && !slices.Contains(printers, folder), "%s: %s must not be used in %s", path, name, folder)
			_, method := library.MethodByName(name)
			says := speaks && folder != "internal/report" && (of == "githubactions" || method && of != "fmt") && !slices.Contains(inputSide, name)
			require.False(t, says, "%s: %s speaks to the runner, which %s must not", path, name, folder)
			return true
		})
	})
}

// eachFile parses the Go files of the module, but for the tests.
func eachFile(t *testing.T, visit func(folder, path string, file *ast.File)) {
	t.Helper()
	eachGoFile(t, func(folder, path string, file *ast.File) {
		if !strings.HasSuffix(path, "_test.go") {
			visit(folder, path, file)
		}
	})
}

// eachGoFile parses the Go files of the module, with the tests.
func eachGoFile(t *testing.T, visit func(folder, path string, file *ast.File)) {
	t.Helper()
	const root = "../.."
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") {
			return err
		}
		folder, err := filepath.Rel(root, filepath.Dir(path))
		require.NoError(t, err)
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		require.NoError(t, err)
		visit(filepath.ToSlash(folder), path, file)
		return nil
	})
	require.NoError(t, err)
}
