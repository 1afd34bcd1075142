package report

import (
	"cmp"
	"ecs-deploy/internal/lazy"
	"fmt"
	"html"
	"slices"
	"strings"
)

// mostSummary is how large a summary may be, in bytes. The runner drops the whole of one of more than 1 MiB
// (https://github.com/actions/runner/blob/main/src/Runner.Worker/FileCommandManager.cs).
const mostSummary = 900 << 10

// section is a part of a summary. One that has lines can be cut between them.
type section struct {
	what          string // its lines are, or it is where it has none
	before, after string
	lines         []string // each with its line break
	importance    importance
}

// importance says which sections are cut first: the later ones.
type importance int

const (
	essential importance = iota // the verdict, the cause and the services
	evidence
	logs
	concerns
	picture
	diff
)

// as is the section with an importance.
func (s section) as(importance importance) section {
	s.importance = importance
	return s
}

// fit puts sections together, and leaves out what is too much: of the least important ones, from their ends. It
// says so.
func fit(sections []section, most int) string {
	order := make([]int, len(sections))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(sections[a].importance, sections[b].importance) })
	texts := make([]string, len(sections))
	var leftOut omissions
	room := most - longestOmission
	for _, i := range order {
		var lost int
		if texts[i], lost = sections[i].within(room); lost > 0 || texts[i] == "" && sections[i].before != "" {
			leftOut.add(sections[i].what, lost)
		}
		room -= len(texts[i])
	}
	return strings.Join(texts, "") + leftOut.String()
}

// within is as much of a section as there is room for, and how many of its lines there is none for.
func (s section) within(room int) (text string, lost int) {
	size, n := len(s.before)+len(s.after), 0
	for ; n < len(s.lines) && size+len(s.lines[n]) <= room; n++ {
		size += len(s.lines[n])
	}
	if lost = len(s.lines) - n; size > room || n == 0 && lost > 0 {
		return "", lost
	}
	return s.before + strings.Join(s.lines[:n], "") + s.after, lost
}

// unlessEmpty is a section that is nothing without lines, such as a table.
func (s section) unlessEmpty() section {
	if len(s.lines) == 0 {
		return section{}
	}
	return s
}

// longestOmission is how long the sentence on what was left out may be, in bytes: there are few kinds of sections.
const longestOmission = 400

// omissions are the kinds of what was left out, and how many lines of each.
type omissions struct {
	kinds []string
	lines map[string]int
}

func (o *omissions) add(what string, lines int) {
	if o.lines == nil {
		o.lines = map[string]int{}
	}
	if _, known := o.lines[what]; !known {
		o.kinds = append(o.kinds, what)
	}
	o.lines[what] += lines
}

func (o omissions) String() string {
	if len(o.kinds) == 0 {
		return ""
	}
	var parts []string
	for _, what := range o.kinds {
		if n := o.lines[what]; n > 0 {
			what = fmt.Sprintf("%d %s", n, what)
		}
		parts = append(parts, what)
	}
	return "\n> [!NOTE]\n> GitHub limits the size of a summary. Left out: " + strings.Join(parts, ", ") + ".\n"
}

// prose is text that GitHub shows as it is, in a paragraph or in a cell of a table.
// An address in it is a link to what is shown, and no other.
func prose(text string) string {
	text = strings.TrimSpace(oneLine(text))
	var b strings.Builder
	for {
		at := address().FindStringIndex(text)
		if at == nil {
			break
		}
		b.WriteString(plainProse.Replace(text[:at[0]]) + "<" + text[at[0]:at[1]] + ">")
		text = text[at[1]:]
	}
	return listItem().ReplaceAllString(b.String()+plainProse.Replace(text), `$1\$2`)
}

// address is one that a browser opens, as far as it needs no escapes.
var address = lazy.Regexp(`https?://[A-Za-z0-9][\w.~:/?#@!$&'()*+,;=%-]*[\w/=]`)

// listItem is the begin of what would be an item of a list, or a line below or between paragraphs.
var listItem = lazy.Regexp(`^(\d*)([-+=.)])`)

// plainProse escapes what has a meaning in GitHub's Markdown (https://github.github.com/gfm), and what makes
// a link of a name, a number or an address.
var plainProse = strings.NewReplacer(
	`\`, `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`, "|", `\|`, "$", `\$`,
	"<", "&lt;", ">", "&gt;", "&", "&amp;", "#", `\#`, "@", "&#64;", "~", `\~`,
	"http:", "http&#58;", "https:", "https&#58;", "ftp:", "ftp&#58;", "www.", "www&#46;", "WWW.", "WWW&#46;",
)

// fenced is lines in a code block, behind a fence that none of them closes.
func fenced(what, language string, lines []string) section {
	s := section{what: what}
	fence := "```"
	for _, line := range lines {
		line = oneLine(line)
		for strings.Contains(line, fence) {
			fence += "`"
		}
		s.lines = append(s.lines, line+"\n")
	}
	s.before, s.after = "\n"+fence+language+"\n", fence+"\n"
	return s.unlessEmpty()
}

// folded is a section behind a title, which is HTML, open or not.
func (s section) folded(title string, open bool) section {
	if s.before == "" {
		return s
	}
	tag := "<details>"
	if open {
		tag = "<details open>"
	}
	s.before, s.after = "\n"+tag+"<summary>"+title+"</summary>\n"+s.before, s.after+"\n</details>\n"
	return s
}

// htmlCode is text in code, in HTML.
func htmlCode(text string) string { return "<code>" + html.EscapeString(oneLine(text)) + "</code>" }

// code is text in a code span, which may stand in a cell of a table. A fence longer than any run of
// backticks inside keeps them inside.
func code(text string) string {
	text = strings.ReplaceAll(oneLine(text), "|", `\|`)
	if strings.TrimSpace(text) == "" {
		return ""
	}
	fence := "`"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	if fence == "`" {
		return fence + text + fence
	}
	return fence + " " + text + " " + fence
}

// destination is a URL in a link. What would end the link, or the cell of the table, is written otherwise.
func destination(url string) string {
	return strings.NewReplacer(
		" ", "%20", "(", "%28", ")", "%29", "<", "%3C", ">", "%3E", "|", "%7C", `\`, "%5C", "`", "%60", "\t", "%09",
	).Replace(oneLine(url))
}
