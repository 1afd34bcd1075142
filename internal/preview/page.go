package main

import (
	"bytes"
	escape "html"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// markdown reads Markdown about as GitHub does. The HTML of summaries is our own.
var markdown = goldmark.New(
	goldmark.WithExtensions(extension.GFM),
	goldmark.WithParserOptions(parser.WithASTTransformers(util.Prioritized(alerts{}, 0))),
	goldmark.WithRendererOptions(html.WithUnsafe()),
)

// pageOf is a summary as a page that a browser shows about as GitHub would. Pictures are drawn if the URL of a
// script that holds Mermaid is given, such as the mermaid.min.js of its npm package; else their text is shown.
func pageOf(title, summary, mermaid string) (string, error) {
	var body bytes.Buffer
	if err := markdown.Convert([]byte(summary), &body); err != nil {
		return "", err
	}
	page := pageHead + "<title>" + escape.EscapeString(title) + "</title>\n<body>\n" + body.String()
	if mermaid != "" {
		page += `<script src="` + escape.EscapeString(mermaid) + "\"></script>\n" + drawing
	}
	return page + "</body>\n</html>\n", nil
}

const pageHead = `<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<style>
	body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem;
		font: 16px/1.5 system-ui, "DejaVu Sans", sans-serif; color: #1f2328; }
	h2 { border-bottom: 1px solid #d1d9e0; padding-bottom: .3rem; }
	table { border-collapse: collapse; display: block; overflow: auto; margin-bottom: 1rem; }
	th, td { border: 1px solid #d1d9e0; padding: .4rem .8rem; }
	tr:nth-child(2n) { background: #f6f8fa; }
	code { font: 85% ui-monospace, "DejaVu Sans Mono", monospace; background: #818b981f;
		border-radius: 6px; padding: .2em .4em; }
	pre { background: #f6f8fa; border-radius: 6px; padding: 1rem; overflow: auto; }
	pre code { background: none; padding: 0; }
	pre.mermaid { background: none; }
	a code { color: #0969da; }
	blockquote { margin: 0 0 1rem; padding: 0 1rem; border-left: .25rem solid #d1d9e0; }
	.alert::before { display: block; font-weight: 500; padding-top: .5rem; text-transform: capitalize; }
	.caution { border-color: #d1242f; } .caution::before { content: "caution"; color: #d1242f; }
	.warning { border-color: #9a6700; } .warning::before { content: "warning"; color: #9a6700; }
	.note { border-color: #0969da; } .note::before { content: "note"; color: #0969da; }
	summary { cursor: pointer; margin-bottom: .5rem; }
	@media (prefers-color-scheme: dark) {
		body { background: #0d1117; color: #f0f6fc; }
		h2 { border-color: #3d444d; }
		th, td { border-color: #3d444d; }
		tr:nth-child(2n), pre { background: #151b23; }
		code { background: #656c7633; }
		a, a code { color: #4493f8; }
		blockquote { border-color: #3d444d; }
		.caution { border-color: #da3633; } .caution::before { color: #f85149; }
		.warning { border-color: #9e6a03; } .warning::before { color: #d29922; }
		.note { border-color: #1f6feb; } .note::before { color: #4493f8; }
	}
</style>
`

const drawing = `<script>
	for (const code of document.querySelectorAll("code.language-mermaid")) {
		const picture = document.createElement("pre")
		picture.className = "mermaid"
		picture.textContent = code.textContent
		code.parentElement.replaceWith(picture)
	}
	const dark = matchMedia("(prefers-color-scheme: dark)").matches
	mermaid.initialize({ startOnLoad: false, theme: dark ? "dark" : "default" })
	mermaid.run()
</script>
`

// alerts makes boxes of quotes that begin with a line like [!NOTE].
type alerts struct{}

func (alerts) Transform(document *ast.Document, reader text.Reader, _ parser.Context) {
	_ = ast.Walk(document, func(node ast.Node, entering bool) (ast.WalkStatus, error) {
		if quote, is := node.(*ast.Blockquote); is && entering {
			box(quote, reader.Source())
		}
		return ast.WalkContinue, nil
	})
}

func box(quote *ast.Blockquote, source []byte) {
	paragraph, is := quote.FirstChild().(*ast.Paragraph)
	if !is || paragraph.Lines().Len() < 2 {
		return
	}
	first := paragraph.Lines().At(0)
	kind, found := strings.CutPrefix(strings.TrimSpace(string(first.Value(source))), "[!")
	kind, closed := strings.CutSuffix(kind, "]")
	if !found || !closed {
		return
	}
	quote.SetAttributeString("class", []byte("alert "+strings.ToLower(kind)))
	for title := paragraph.FirstChild(); title != nil; {
		rest := title.NextSibling()
		paragraph.RemoveChild(paragraph, title)
		if words, is := title.(*ast.Text); is && words.SoftLineBreak() {
			break
		}
		title = rest
	}
}
