package report

import (
	"bytes"
	"fmt"
	"html"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	tables "github.com/yuin/goldmark/extension/ast"
	render "github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/text"
)

// markdown reads Markdown about as GitHub does.
var markdown = goldmark.New(goldmark.WithExtensions(extension.GFM), goldmark.WithRendererOptions(render.WithUnsafe()))

// told is text as a page shows it: white space counts once.
func told(shown string) string {
	return strings.Join(strings.Fields(html.UnescapeString(tag.ReplaceAllString(shown, ""))), " ")
}

var tag = regexp.MustCompile(`<[^>]*>`)

// shown is what becomes of a node on a page.
func shown(t *testing.T, source []byte, node ast.Node) string {
	t.Helper()
	var page bytes.Buffer
	require.NoError(t, markdown.Renderer().Render(&page, source, node))
	return page.String()
}

// staysWhereItIsPut puts a text everywhere in a summary, and has goldmark read that: it must stand there as it
// is, and make nothing else of the page.
func staysWhereItIsPut(t *testing.T, hostile string) {
	t.Helper()
	table := rows(row{code(hostile), prose(hostile)}, row{link(hostile, "https://console.invalid/"+hostile), "second"})
	block := fenced("lines", "text", strings.Split(hostile, "\n")).folded(htmlCode(hostile), true)
	source := []byte("## " + prose(hostile) + "\n" + alert("CAUTION", hostile, hostile) + table.before + strings.Join(table.lines, "") + block.before + strings.Join(block.lines, "") + block.after + "\nthe end\n")

	plain := told(html.EscapeString(oneLine(hostile)))
	kinds := map[string]int{}
	var cells []string
	require.NoError(t, ast.Walk(markdown.Parser().Parse(text.NewReader(source)), func(node ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := node.(type) {
		case *ast.Heading:
			require.Equal(t, plain, told(shown(t, source, n)), "%s", source)
		case *ast.Paragraph:
			if n.Parent().Kind() == ast.KindBlockquote { // of which GitHub takes the first line for the kind of the box
				require.Equal(t, plain, strings.TrimPrefix(told(shown(t, source, n)), "[!CAUTION] "), "%s", source)
			}
		case *tables.TableCell:
			cells = append(cells, told(shown(t, source, n)))
		case *ast.FencedCodeBlock:
			lines := strings.Split(hostile, "\n")
			require.Equal(t, len(lines), n.Lines().Len(), "%s", source)
			for i, line := range lines {
				at := n.Lines().At(i)
				require.Equal(t, oneLine(line)+"\n", string(at.Value(source)), "%s", source)
			}
		case *ast.Link:
			require.True(t, bytes.HasPrefix(n.Destination, []byte("https://console.invalid/")), "%s", source)
		case *ast.HTMLBlock:
			require.Regexp(t, `^<details open><summary><code>[^<]*</code></summary>\n$|^</details>\n$`, shown(t, source, n), "%s", source)
		}
		if node.Kind() != ast.KindText && node.Kind() != ast.KindAutoLink && node.Kind() != ast.KindString {
			kinds[node.Kind().String()]++
		}
		return ast.WalkContinue, nil
	}))
	want := map[string]int{"Document": 1, "Heading": 1, "Blockquote": 1, "Paragraph": 3, "Table": 1, "TableHeader": 1, "TableRow": 2, "TableCell": 6, "FencedCodeBlock": 1, "HTMLBlock": 2, "Link": 1, "CodeSpan": 2}
	if plain == "" { // nothing becomes nothing
		want = map[string]int{"Document": 1, "Heading": 1, "Paragraph": 1, "Table": 1, "TableHeader": 1, "TableRow": 2, "TableCell": 6, "FencedCodeBlock": 1, "HTMLBlock": 2}
	}
	require.Equal(t, want, kinds, "%s", source)
	require.Equal(t, []string{"", "", plain, plain, plain, "second"}, cells, "%s", source)
}

var markdownAttacks = []string{
	"plain", "a | b", "`", "``", "a``b`c", "`a|b`", `a\`, `a\|b`, `\`, "```", "````\n```", "~~~", "[x](javascript:1)", "![x](https://x)", "<img src=x onerror=1>", "</details>",
	"- a", "1. a", "+", "=", "---", "===", "# a", "> a", "    indented", "&amp;", "&#124;", "*a* _b_ ~~c~~", "@everyone #1", "$x$", "a  ", "https://aws.amazon.com/x|y_z_", "www.x.y",
	"](x)", ") [y](z", "a\nb", "\n\na", "| |", "|---|", "\u2028x", "a\tb", "<!-- x", "<?php", "x@y.zz", "12) a", "\\`x`", "`\\", "[a]: b",
}

func TestMarkdownIsWhatItWasGiven(t *testing.T) {
	for _, attack := range append(attacks, markdownAttacks...) {
		t.Run(fmt.Sprintf("%.20q", attack), func(t *testing.T) { staysWhereItIsPut(t, attack) })
	}
}

func FuzzMarkdown(f *testing.F) {
	for _, attack := range append(attacks, markdownAttacks...) {
		f.Add(attack)
	}
	f.Fuzz(func(t *testing.T, text string) { staysWhereItIsPut(t, text) })
}

func TestASummaryFitsWhateverItHolds(t *testing.T) {
	long := make([]string, 40000)
	for i := range long {
		long[i] = fmt.Sprintf("line %d %s", i, strings.Repeat("x", 40))
	}
	log, diff := fenced("lines of the log", "text", long[:10000]), fenced("lines of the diff", "diff", long)
	all := []section{{before: "## verdict\n"}, log.as(logs), rows(row{"a", "b"}), {what: "the picture", importance: picture, before: strings.Repeat("p", mostSummary)}, diff}
	all[4].importance = importance(99)

	whole := fit(all[:3], mostSummary)
	require.Equal(t, 10000, strings.Count(whole, "\nline "))
	require.NotContains(t, whole, "Left out")

	cut := fit(all, mostSummary)
	require.LessOrEqual(t, len(cut), mostSummary)
	require.Greater(t, len(cut), mostSummary-1000, "no more is left out than must be")
	require.True(t, strings.HasPrefix(cut, whole), "what is important is whole")
	lost := 40000 - (strings.Count(cut, "\nline ") - 10000)
	require.True(t, strings.HasSuffix(cut, fmt.Sprintf("```\n\n> [!NOTE]\n> GitHub limits the size of a summary. Left out: the picture, %d lines of the diff.\n", lost)), cut[len(cut)-200:])
	require.NotContains(t, cut, "ppp")

	cut = fit([]section{{before: "## verdict\n"}, diff.as(logs), rows(row{"a", "b"})}, 1000)
	require.Contains(t, cut, "| a | b |", "what is important is there, also behind what is cut")
	require.LessOrEqual(t, len(cut), 1000)
}
