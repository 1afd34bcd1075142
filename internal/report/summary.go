package report

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

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

// refresh writes that summary again when more is known.
func (r *Reporter) refresh() {
	if r.started && r.summaryOutdated {
		r.provisional()
	}
}

func (r *Reporter) provisional() {
	r.summaryOutdated = false
	result := rollout.Result{Rollouts: r.rollouts, OneOffs: r.oneOffs}
	sections := []section{{before: "## ⏳ " + prose(subject(result)) + ": begun, and not ended yet\n" +
		alert("WARNING", "If the step is over and this is still here, it was killed before it could tell how the "+
			"deployment ended. What AWS has begun goes on: look at the service in the console.")}}
	for _, once := range result.OneOffs {
		sections = append(sections, oneOff(once))
	}
	r.summary(append(sections, facts(result, false), changes(r.diffs, false))...)
}

// end is the summary: the verdict first, the cause second, then what proves it, and what was done last. The cause comes
// before the table of the services, since that has a row for each of hundreds.
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
	sections = append(sections, r.failedTasks(result.Rollouts))
	for _, of := range result.Rollouts {
		sections = append(sections, lastLines(of.Log))
	}
	for _, once := range result.OneOffs {
		sections = append(sections, oneOff(once))
	}
	r.summary(append(sections, facts(result, true), undeployed(result.Undeployed), r.stillWarned(), r.timeline.picture(),
		changes(r.diffs, result.DryRun))...)
}

// alert is a box of GitHub's
// (https://docs.github.com/get-started/writing-on-github/getting-started-with-writing-and-formatting-on-github/basic-writing-and-formatting-syntax#alerts).
func alert(kind string, paragraphs ...string) string {
	for i, paragraph := range paragraphs {
		paragraphs[i] = prose(paragraph)
	}
	said := filled(paragraphs...)
	if len(said) == 0 {
		return ""
	}
	return "\n> [!" + kind + "]\n> " + strings.Join(said, "\n>\n> ") + "\n"
}

// mostTasks is how many failed tasks of a service are listed.
const mostTasks = 10

// failedTasks is a table of the tasks that failed, the last first.
func (r *Reporter) failedTasks(rollouts []*rollout.Rollout) section {
	table := section{
		what: "failed tasks", importance: evidence,
		before: "\n| Failed task | Stopped after | Container | Exit code | Reason |\n|---|---|---|---|---|\n",
	}
	more := 0
	for _, of := range rollouts {
		name := ""
		if len(rollouts) > 1 {
			name = code(of.Service.Name) + " "
		}
		for i, task := range slices.Backward(of.Failures) {
			if len(of.Failures)-i > mostTasks {
				more++
				continue
			}
			container, _ := task.Suspect()
			exit := ""
			if container.ExitCode != nil {
				exit = fmt.Sprint(*container.ExitCode)
			}
			table.lines = append(table.lines, fmt.Sprintf("| %s | %s | %s | %s | %s |\n", name+link(task.ID, task.URL),
				after(task.Stopping, of.Deployment.Created), code(container.Name), exit,
				prose(cut(r.secrets.hide(whyStopped(task, container)), longestReason))))
		}
	}
	if more > 0 {
		table.after = fmt.Sprintf("\nAnd %s before these.\n", plural(more, "task"))
	}
	return table.unlessEmpty()
}

// longestReason is where a reason is cut in a table, in bytes.
const longestReason = 600

// whyStopped is what AWS says about the end of a task. That a container that must run ended by itself is the plain
// case.
func whyStopped(task rollout.Task, container rollout.Container) string {
	reason := cmp.Or(container.Reason, task.Reason, string(task.StopCode))
	if reason == "Essential container in task exited" {
		return "it ended by itself"
	}
	return reason
}

// after is how long after the begin of a deployment something was, by the clock of AWS.
func after(at, began time.Time) string {
	if at.IsZero() || began.IsZero() || at.Before(began) {
		return ""
	}
	return clock(at.Sub(began))
}

// lastLines is the end of a container's log, open.
func lastLines(log rollout.LogTail) section {
	title := fmt.Sprintf("The last lines that %s of task %s wrote", htmlCode(log.Container), htmlCode(log.Task))
	lines := fenced("lines of the log", "text", excerpt(log)).folded(title, true)
	if place := logPlace(log); place != "" {
		lines = section{what: "place of the log", before: "\n" + prose(paragraph(sentence(place))) + "\n"}
	}
	return lines.as(logs)
}

// facts is a table of what was done: of one service all there is to say, of several a row each.
func facts(result rollout.Result, ended bool) section {
	switch {
	case len(result.Rollouts) == 1:
		return rows(serviceRows(result.Rollouts[0])...)
	case len(result.Rollouts) > 1:
		return services(result.Rollouts, ended)
	case result.Registered != nil:
		return rows(revisionRows(*result.Registered)...)
	}
	return section{}
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

// undeployed are revisions that were registered for nothing.
func undeployed(revisions []rollout.RevisionResult) section {
	var all []row
	for _, revision := range revisions {
		all = append(all, row{"Registered", code(revision.Revision.ID()) + ", which no service runs"})
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
func changes(text string, open bool) section {
	if text == "" {
		return section{}
	}
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	return fenced("lines of the diff", "diff", lines).folded("What changes in the task definition", open).as(diff)
}

// iconOf is the icon of a whole run.
func iconOf(result rollout.Result) string {
	if outcome := result.Outcome(); !result.Restarted || !outcome.Good() {
		return icon(outcome)
	}
	return "⚠️"
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

// services is a table with a row for each of several services.
func services(rollouts []*rollout.Rollout, ended bool) section {
	table := section{what: "services", before: "\n| | Service | Task definition | Images | Tasks | Deployment | " +
		"|\n|---|---|---|---|---|---|---|\n"}
	for _, of := range rollouts {
		tasks := ""
		deployment := link(of.Deployment.ID, of.Deployment.URL)
		sign := "⏳"
		why := ""
		switch {
		case of.Verdict.Outcome == rollout.RolledBack:
			tasks = fmt.Sprintf("%d of %d of %s", runs(of), of.Service.Desired, code(of.WentTo().ID()))
		case of.Deployment.ID != "":
			tasks = fmt.Sprintf("%d of %d", of.Deployment.Running, of.Service.Desired)
		}
		if ended || of.Phase == rollout.PhaseDecided {
			sign, why = icon(of.Verdict.Outcome), prose(reason(of))
		}
		table.lines = append(
			table.lines,
			fmt.Sprintf("| %s | %s | %s | %s | %s | %s | %s |\n", sign, link(of.Service.Name, of.Service.URL),
				changed(of), shortImages(of.Deployed()), tasks, deployment, why),
		)
	}
	return table
}

// shortImages are the images of a revision as far as they change, without their registries.
func shortImages(result rollout.RevisionResult) string {
	var images []string
	for _, image := range result.Images {
		if image.From != image.To {
			images = append(
				images,
				code(image.Container)+": "+code(rollout.LastSegment(image.From))+" → "+code(rollout.LastSegment(image.To)),
			)
		}
	}
	return strings.Join(images, "<br>")
}

// link is a name that leads to where more is to be seen, if that is known.
func link(name, url string) string {
	if name = code(name); name == "" || url == "" {
		return name
	}
	return "[" + name + "](" + destination(url) + ")"
}

func serviceRows(of *rollout.Rollout) []row {
	service, d := of.Service, of.Deployment
	rows := []row{
		{
			"Service",
			fmt.Sprintf("%s in %s, %s", link(service.Name, service.URL), code(service.Cluster), prose(service.Region)),
		},
	}
	rows = append(append(rows, row{"Task definition", changed(of)}), imageRows(of.Deployed())...)
	if d.ID == "" {
		return rows // it was not updated
	}
	if asksBack(of) {
		rows = append(rows, row{"Roll-back", prose(askedBack(of))})
	}
	if of.Verdict.Outcome == rollout.RolledBack {
		rows = append(
			rows, row{"Tasks of " + code(of.WentTo().ID()), fmt.Sprintf("%d of %d run", runs(of), service.Desired)},
		)
	}
	tasks := fmt.Sprintf("%d of %d run", d.Running, service.Desired)
	if d.Pending > 0 {
		tasks += fmt.Sprintf(", %d pending", d.Pending)
	}
	if d.Failed > 0 {
		tasks += fmt.Sprintf(", %d failed", d.Failed)
	}
	return append(rows,
		row{"Tasks of " + code(of.Revision.Revision.ID()), tasks},
		row{"Deployment", link(d.ID, d.URL)})
}

func revisionRows(result rollout.RevisionResult) []row {
	return append([]row{{"Task definition", change(result)}}, imageRows(result)...)
}

// changed is from which revision to which, and back if it was taken back.
func changed(of *rollout.Rollout) string {
	text := change(of.Deployed())
	if of.Verdict.Outcome == rollout.RolledBack {
		text += " → **" + code(of.WentTo().ID()) + "**"
	}
	return text
}

// runs is how many tasks run of what a service was left with.
func runs(of *rollout.Rollout) int {
	primary, _ := of.Service.Primary()
	return primary.Running
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
