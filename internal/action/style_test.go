package action

import (
	"go/ast"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// What no linter of .golangci.yml finds: an assignment of three and more values, which the reader has to pair off, an
// empty case as a guard, behind which one looks for what is done, and a file that nobody reads to its end.
func TestStyle(t *testing.T) {
	const longestFile = 400
	eachGoFile(t, func(_, path string, file *ast.File) {
		ast.Inspect(file, func(node ast.Node) bool {
			switch node := node.(type) {
			case *ast.AssignStmt:
				require.Less(t, len(node.Rhs), 3, "%s: assign %d values one by one", path, len(node.Rhs))
			case *ast.CaseClause:
				require.NotEmpty(t, node.Body, "%s: a case that does nothing: return, continue, or ask otherwise", path)
			}
			return true
		})
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		lines := strings.Count(string(text), "\n")
		require.LessOrEqual(t, lines, longestFile, "%s has %d lines: divide it", filepath.ToSlash(path), lines)
	})
}
