package report

import "strings"

// prose is text that GitHub shows as it is, in a paragraph or in a cell of a table.
func prose(text string) string {
	return strings.NewReplacer(
		`\`, `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`, "|", `\|`,
		"<", "&lt;", "&", "&amp;", "#", `\#`, "@", "&#64;", "~", `\~`,
	).Replace(oneLine(text))
}

// fenced is lines in a code block, behind a fence that none of them closes.
func fenced(language string, lines []string) string {
	text := ""
	for _, line := range lines {
		text += oneLine(line) + "\n"
	}
	fence := "```"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	return fence + language + "\n" + text + fence + "\n"
}

// code is text in a code span, which may stand in a cell of a table. A fence longer than any run of
// backticks inside keeps them inside.
func code(text string) string {
	text = strings.ReplaceAll(oneLine(text), "|", `\|`)
	fence := "`"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	if fence == "`" {
		return fence + text + fence
	}
	return fence + " " + text + " " + fence
}
