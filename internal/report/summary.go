package report

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"ecs-deploy/internal/lazy"
	"ecs-deploy/internal/rollout"
)

// summary writes the job summary, in place of what this step wrote there before.
func (r *Reporter) summary(sections ...section) {
	r.write("GITHUB_STEP_SUMMARY", os.O_TRUNC, fit(sections, mostSummary))
}

// begin writes the summary that a step leaves behind that is killed, as soon as something was started.
func (r *Reporter) begin() {
	if r.started {
		r.summaryOutdated = true // with many services it is not written for each
		return
	}
	r.started = true
	r.provisional()
}

// refreshInterval is the shortest time between two summaries of a run that goes on: where hundreds of services are
// deployed, each has hundreds of rows, and more is known every moment.
const (
	refreshInterval = 5 * time.Second
	fewRows         = 10 // are written whenever more is known
)

// refresh writes that summary again when more is known.
func (r *Reporter) refresh() {
	soon := len(r.rollouts) > fewRows && time.Since(r.summaryAt) < refreshInterval
	if r.started && r.summaryOutdated && !soon {
		r.provisional()
	}
}

func (r *Reporter) provisional() {
	r.summaryOutdated, r.summaryAt = false, time.Now()
	result := rollout.Result{Rollouts: r.rollouts, OneOffs: r.oneOffs}
	sections := []section{{before: "## ⏳ " + prose(subject(result)) + ": in progress\n" +
		alert("WARNING", "If the step is over and you still see this, the step was killed before it could report. AWS "+
			"continues the deployment: check the service in the console.")}}
	for _, once := range result.OneOffs {
		sections = append(sections, oneOff(once))
	}
	sections = append(append(sections, facts(result, false)...), r.gateRows(r.gates))
	r.summary(append(sections, changes(r.diffs, r.rollouts, false), r.imprint(result))...)
}

// end is the summary: the verdict first, then what the container said, what was there before and is now, and the
// picture. What proves it is folded, and who wants to know when and where it was finds that at the end.
func (r *Reporter) end(result rollout.Result) {
	outcome := result.Outcome()
	sections := []section{{before: fmt.Sprintf("## %s %s\n", iconOf(result), prose(headline(result)))}}
	if !outcome.Good() {
		kind := "CAUTION"
		if outcome == rollout.Cancelled || outcome == rollout.Superseded {
			kind = "WARNING"
		}
		sections[0].before += alert(kind, strings.Split(annotation(result), "\n")...)
	}
	if details := details(result.Err); len(details) > 0 {
		sections = append(sections, fenced("lines", "text", details))
	}
	foremost := result.Foremost()
	if foremost != nil {
		sections = append(sections, lastLines(foremost.Log)...)
	}
	for _, once := range result.OneOffs {
		sections = append(sections, oneOff(once))
	}
	if of := statusOfOne(result); of != nil {
		sections = append(sections, r.status(of)...)
	} else {
		sections = append(sections, facts(result, true)...)
		sections = append(sections, r.gateRows(result.Gates), undeployed(result.Undeployed, inSeveralPlaces(result.Rollouts)))
		sections = append(sections, r.stillWarned(), r.timeline.picture())
	}
	for _, of := range result.Rollouts {
		if of != foremost {
			sections = append(sections, foldedLines(of))
		}
	}
	sections = append(sections, r.failedTasks(result.Rollouts), changes(r.diffs, result.Rollouts, result.DryRun),
		r.timeline.timings(result.Rollouts), r.timeline.advice(result.Rollouts), r.imprint(result))
	r.summary(sections...)
	r.output(rollout.Output{Name: "summary-markdown", Value: fit(sections, mostComment)})
}

// mostComment is how large the summary is as an output, in bytes, so that it goes into a comment. GitHub refuses longer
// ones: "body is too long (maximum is 65536 characters)".
const mostComment = 60000

// lineHead is what the lines of an annotation begin with that say why it was so, and what is next.
var lineHead = lazy.Regexp(`^(Why( [^:]*)?|Also|Next): `)

// alert is a box of GitHub's
// (https://docs.github.com/get-started/writing-on-github/getting-started-with-writing-and-formatting-on-github/basic-writing-and-formatting-syntax#alerts).
func alert(kind string, paragraphs ...string) string {
	for i, paragraph := range paragraphs {
		head := lineHead().FindString(paragraph)
		paragraphs[i] = prose(strings.TrimPrefix(paragraph, head))
		if head != "" {
			paragraphs[i] = "**" + prose(head) + "** " + paragraphs[i]
		}
	}
	said := filled(paragraphs...)
	if len(said) == 0 {
		return ""
	}
	return "\n> [!" + kind + "]\n> " + strings.Join(said, "\n>\n> ") + "\n"
}

// lastLines is the end of a container's log, and whose it is.
func lastLines(log rollout.LogTail) []section {
	if place := logPlace(log); place != "" {
		return []section{{what: "place of the log", before: "\n" + prose(paragraph(sentence(place))) + "\n"}}
	}
	lines := fenced("lines of the log", "text", excerpt(log)).as(logs)
	if lines.before == "" {
		return nil
	}
	group := htmlCode(log.Kept.Group)
	if log.URL != "" {
		group += ", [full log in CloudWatch](" + destination(log.URL) + ")"
	}
	lines.after += fmt.Sprintf("\n<sub>Last log lines of %s, task %s, in %s</sub>\n",
		htmlCode(log.Container), htmlCode(shortID(log.Task)), group)
	return []section{lines}
}

// foldedLines is the same of one service among others, folded.
func foldedLines(of *rollout.Rollout) section {
	title := fmt.Sprintf("Last log lines of %s of %s", htmlCode(of.Log.Container), htmlCode(of.Name()))
	return fenced("lines of the log", "text", excerpt(of.Log)).folded(title, false).as(logs)
}

// facts are tables of what was done: of one service all there is to say, of several a row each.
func facts(result rollout.Result, ended bool) []section {
	switch {
	case len(result.Rollouts) == 1:
		of := result.Rollouts[0]
		return []section{comparison(of, ended), runs(of), newSettings(of), answersAt(result)}
	case len(result.Rollouts) > 1:
		return services(result.Rollouts, ended)
	case result.Registered != nil:
		return []section{rows(revisionRows(*result.Registered)...)}
	}
	return nil
}

// newSettings are the settings of a service that are changed with a deployment.
func newSettings(of *rollout.Rollout) section {
	var changes []string
	for _, call := range of.Calls {
		changes = append(changes, settings(of, call.Update)...)
	}
	if len(changes) == 0 {
		return section{}
	}
	return section{what: "settings", before: "\nSettings of the service: " + prose(strings.Join(changes, ", ")) + ".\n"}
}

// answersAt is where the service answers, if AWS tells it.
func answersAt(result rollout.Result) section {
	url := urlOfOne(result)
	if url == "" {
		return section{}
	}
	return section{what: "URL", before: "\nThe service answers at " + destination(url) + ".\n"}
}

// stillWarned is what was warned of and still holds, as far as it became an annotation.
func (r *Reporter) stillWarned() section {
	var texts []string
	for _, w := range r.warnings[:min(len(r.warnings), mostWarnings)] {
		if !w.over {
			texts = append(texts, w.text)
		}
	}
	if more := len(r.warnings) - mostWarnings; more > 0 {
		texts = append(texts, moreWarnings(more))
	}
	return section{what: "warnings", importance: concerns, before: alert("WARNING", texts...)}
}

// undeployed are revisions that were registered for nothing, with their regions where there are several.
func undeployed(revisions []rollout.RevisionResult, apart bool) section {
	var all []row
	for _, revision := range revisions {
		in, of := "", "service"
		if revision.Revision.Daemon {
			of = "daemon"
		}
		if apart {
			in = " in " + rollout.PlaceOf(revision.Revision.ARN).Region
		}
		all = append(all, row{"Registered", code(revision.Revision.ID()) + in + ", which no " + of + " runs"})
		all = append(all, imageRows(revision)...)
	}
	return rows(all...)
}

// picture is the timeline, drawn.
func (t *timeline) picture() section {
	drawn, leftOut := t.gantt()
	if drawn == "" {
		return section{}
	}
	if leftOut != "" {
		leftOut = "\n" + leftOut + "\n"
	}
	return section{what: "the picture", importance: picture, before: "\n```mermaid\n" + drawn + "```\n" + leftOut}
}

// changes is the diff, folded, but for a dry run, which is about it.
func changes(text string, rollouts []*rollout.Rollout, open bool) section {
	if text == "" {
		return section{}
	}
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	return fenced("lines of the diff", "diff", lines).folded(changesTitle(lines, rollouts), open).as(diff)
}

// changesTitle says what changes, if that is the images alone, or else how much.
func changesTitle(lines []string, rollouts []*rollout.Rollout) string {
	added, removed := 0, 0
	for _, line := range lines {
		switch {
		case strings.HasPrefix(line, "+") && !strings.HasPrefix(line, "+++"):
			added++
		case strings.HasPrefix(line, "-") && !strings.HasPrefix(line, "---"):
			removed++
		}
	}
	var images []string
	for _, of := range rollouts {
		for _, image := range of.Revision.Images {
			if name := htmlCode(image.Container); image.From != image.To && !slices.Contains(images, name) {
				images = append(images, name)
			}
		}
	}
	if added == removed && added == len(images) && len(images) > 0 {
		return plural(added, "change") + " in the task definition: the image of " + strings.Join(images, ", ")
	}
	return fmt.Sprintf("Changes in the task definition: %s added, %d removed", plural(added, "line"), removed)
}

// iconOf is the icon of a whole run.
func iconOf(result rollout.Result) string {
	outcome, foremost := result.Outcome(), result.Foremost()
	switch {
	case outcome.Good() && result.Restarted:
		return "⚠️"
	case outcome == rollout.Succeeded && foremost != nil && foremost.Progress.Listed && foremost.Progress.Wanted == 0:
		return icon(rollout.Unchanged) // nothing runs that could show whether it does well
	}
	return icon(outcome)
}

func icon(outcome rollout.Outcome) string {
	switch {
	case outcome == rollout.Planned:
		return "📝"
	case outcome == rollout.Unchanged:
		return "ℹ️"
	case outcome.Good():
		return "✅"
	case outcome == rollout.RolledBack:
		return "↩️"
	case outcome == rollout.Superseded:
		return "⏭️"
	case outcome == rollout.TimedOut:
		return "⏱️"
	case outcome == rollout.Cancelled:
		return "⏹️"
	case outcome == rollout.NotStarted:
		return "⏸️"
	}
	return "❌"
}

// row is a name and what there is to say of it, in Markdown.
type row struct{ name, value string }

func rows(rows ...row) section {
	table := section{what: "rows", before: "\n| | |\n|---|---|\n"}
	for _, row := range rows {
		table.lines = append(table.lines, fmt.Sprintf("| %s | %s |\n", row.name, row.value))
	}
	return table.unlessEmpty()
}

// link is a name that leads to where more is to be seen, if that is known.
func link(name, url string) string {
	if name = code(name); name == "" || url == "" {
		return name
	}
	return "[" + name + "](" + destination(url) + ")"
}

func revisionRows(result rollout.RevisionResult) []row {
	return append([]row{{"Task definition", change(result)}}, imageRows(result)...)
}

// change is from which revision to which.
func change(result rollout.RevisionResult) string {
	switch {
	case result.Revision.ARN == "": // of a dry run
		return code(result.Previous.ID()) + " → a new revision of " + code(result.Revision.Family)
	case result.Previous.ARN == result.Revision.ARN:
		return code(result.Revision.ID()) + ", as it was"
	}
	return code(result.Previous.ID()) + " → **" + code(result.Revision.ID()) + "**"
}

func imageRows(result rollout.RevisionResult) []row {
	var rows []row
	for _, image := range result.Images {
		change := code(image.From) + " → " + code(image.To)
		if image.From == image.To {
			change = code(image.To) + ", as it was"
		}
		rows = append(rows, row{"Image of " + code(image.Container), change})
	}
	return rows
}
