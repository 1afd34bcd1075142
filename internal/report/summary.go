package report

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strings"

	"ecs-deploy/internal/rollout"
)

// summary writes the job summary, in place of what this step wrote there before.
func (r *Reporter) summary(sections ...section) {
	r.write("GITHUB_STEP_SUMMARY", os.O_TRUNC, fit(sections, mostSummary))
}

// provisional is the summary that a step leaves behind that is killed. It is replaced at the end.
func (r *Reporter) provisional() {
	if r.begun {
		return
	}
	r.begun = true
	result := r.begunWith()
	title := "## ⏳ " + prose(subject(result)) + ": begun, and not ended yet\n"
	r.summary(
		section{before: title + alert("WARNING", "If the step is over and this is still here, it was killed before it could tell how the deployment ended. What AWS has begun goes on: look at the service in the console.")},
		facts(result), changes(r.diffs, false))
}

// begunWith is a result as it is when the first thing is started.
func (r *Reporter) begunWith() (result rollout.Result) {
	for _, planned := range r.planned.Services {
		revision := r.planned.Revisions[planned.Revision]
		result.Services = append(result.Services, rollout.ServiceResult{
			Service:  planned.Service,
			Revision: rollout.RevisionResult{Revision: rollout.Revision{Family: revision.Document.Family()}, Previous: planned.Runs, Images: revision.Images},
		})
	}
	return result
}

// end is the summary: the verdict first, the cause second, then what proves it, and what was done last.
func (r *Reporter) end(e rollout.Ended) {
	result := e.Result
	sections := []section{{before: fmt.Sprintf("## %s %s\n", icon(result.Outcome), prose(r.headline(result)))}}
	if !result.Outcome.Good() {
		kind := "CAUTION"
		if result.Outcome == rollout.Cancelled || result.Outcome == rollout.Superseded {
			kind = "WARNING"
		}
		sections[0].before += alert(kind, strings.Split(annotation(e), "\n")...)
	}
	if e.Abort != nil && len(e.Abort.Detail) > 0 {
		sections = append(sections, fenced("lines", "text", e.Abort.Detail))
	}
	sections = append(sections, failedTasks(result.Services))
	for _, service := range result.Services {
		sections = append(sections, lastLines(service.Log))
	}
	for _, once := range result.OneOffs {
		sections = append(sections, oneOff(once))
	}
	sections = append(sections, facts(result), warned(r.warnings), r.timeline.picture(), changes(r.diffs, result.Outcome == rollout.Planned))
	r.summary(sections...)
}

// alert is a box of GitHub's
// (https://docs.github.com/get-started/writing-on-github/getting-started-with-writing-and-formatting-on-github/basic-writing-and-formatting-syntax#alerts).
func alert(kind string, paragraphs ...string) string {
	for i, paragraph := range paragraphs {
		paragraphs[i] = prose(paragraph)
	}
	said := fill(paragraphs...)
	if len(said) == 0 {
		return ""
	}
	return "\n> [!" + kind + "]\n> " + strings.Join(said, "\n>\n> ") + "\n"
}

// mostTasks is how many failed tasks of a service are listed.
const mostTasks = 10

// failedTasks is a table of the tasks that failed, the last first.
func failedTasks(services []rollout.ServiceResult) section {
	table := section{what: "failed tasks", before: "\n| Failed task | Stopped | Container | Exit code | Reason |\n|---|---|---|---|---|\n"}
	more := 0
	for _, service := range services {
		for i, task := range slices.Backward(service.Failed) {
			if len(service.Failed)-i > mostTasks {
				more++
				continue
			}
			container, _ := task.Culprit()
			exit := ""
			if container.ExitCode != nil {
				exit = fmt.Sprint(*container.ExitCode)
			}
			stopped := ""
			if !task.Stopping.IsZero() {
				stopped = task.Stopping.UTC().Format("15:04:05 MST")
			}
			of := ""
			if len(services) > 1 {
				of = code(service.Service.Name) + " "
			}
			table.lines = append(table.lines, fmt.Sprintf("| %s | %s | %s | %s | %s |\n", of+link(task.ID, service.Service.TaskURL(task.ID)), stopped,
				code(container.Name), exit, prose(cmp.Or(container.Reason, task.Reason, task.StopCode))))
		}
	}
	if more > 0 {
		table.after = fmt.Sprintf("\nAnd %s before these.\n", plural(more, "task"))
	}
	return table
}

// lastLines is the end of a container's log, open.
func lastLines(log rollout.LogTail) section {
	title := fmt.Sprintf("The last lines that %s of task %s wrote", htmlCode(log.Container), htmlCode(log.Task))
	return fenced("lines of the log", "text", log.Lines).folded(title, true)
}

// facts is a table of what was done: of one service all there is to say, of several a row each.
func facts(result rollout.Result) section {
	switch {
	case len(result.Services) == 1:
		return rows(serviceRows(result.Services[0])...)
	case len(result.Services) > 1:
		return services(result.Services)
	case result.Registered != nil:
		return rows(revisionRows(*result.Registered)...)
	}
	return section{}
}

// warned is what was warned of, as far as it became an annotation.
func warned(warnings []string) section {
	if len(warnings) == 0 {
		return section{}
	}
	told := slices.Clone(warnings[:min(len(warnings), mostWarnings)])
	if more := len(warnings) - len(told); more > 0 {
		told = append(told, moreWarnings(more))
	}
	return section{what: "warnings", before: alert("WARNING", told...)}
}

// picture is the timeline, drawn.
func (t *timeline) picture() section {
	picture, leftOut := t.gantt()
	if picture == "" {
		return section{}
	}
	if leftOut != "" {
		leftOut = "\n" + leftOut + "\n"
	}
	return section{what: "the picture", before: "\n```mermaid\n" + picture + "```\n" + leftOut}
}

// changes is the diff, folded, but for a dry run, which is about it.
func changes(diff string, open bool) section {
	if diff == "" {
		return section{}
	}
	lines := strings.Split(strings.TrimSuffix(diff, "\n"), "\n")
	return fenced("lines of the diff", "diff", lines).folded("What changes in the task definition", open)
}

func icon(outcome rollout.Outcome) string {
	switch {
	case outcome == rollout.Planned:
		return "📝"
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
	return table
}

// services is a table with a row for each of several services.
func services(all []rollout.ServiceResult) section {
	table := section{what: "services", before: "\n| | Service | Task definition | Images | Tasks | Deployment | |\n|---|---|---|---|---|---|---|\n"}
	for _, service := range all {
		d := service.Deployment
		tasks, deployment, sign := "", "", "⏳"
		if d.ID != "" {
			tasks, deployment = fmt.Sprintf("%d of %d", d.Running, service.Service.Desired), deploymentLink(service.Service, d)
		}
		if service.Verdict.Outcome != "" {
			sign = icon(service.Verdict.Outcome)
		}
		table.lines = append(table.lines, fmt.Sprintf("| %s | %s | %s | %s | %s | %s | %s |\n", sign, link(service.Service.Name, service.Service.ConsoleURL()),
			change(service.Revision), shortImages(service.Revision), tasks, deployment, prose(service.Verdict.Reason)))
	}
	return table
}

// shortImages are the images of a revision as far as they change, without their registries.
func shortImages(result rollout.RevisionResult) string {
	var images []string
	for _, image := range result.Images {
		if image.From != image.To {
			images = append(images, code(image.Container)+": "+code(rollout.LastSegment(image.From))+" → "+code(rollout.LastSegment(image.To)))
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

func serviceRows(service rollout.ServiceResult) []row {
	s := service.Service
	rows := []row{{"Service", fmt.Sprintf("%s in %s, %s", link(s.Name, s.ConsoleURL()), code(s.Cluster), prose(s.Region))}}
	rows = append(rows, revisionRows(service.Revision)...)
	if service.Verdict.Outcome == rollout.RolledBack {
		rows = append(rows, row{"Runs now", code(service.Revision.Previous.ID())})
	}
	d := service.Deployment
	if d.ID == "" {
		return rows // it was not updated
	}
	tasks := fmt.Sprintf("%d of %d run", d.Running, s.Desired)
	if d.Pending > 0 {
		tasks += fmt.Sprintf(", %d pending", d.Pending)
	}
	if d.Failed > 0 {
		tasks += fmt.Sprintf(", %d failed", d.Failed)
	}
	return append(rows,
		row{"Tasks of " + code(service.Revision.Revision.ID()), tasks},
		row{"Deployment", deploymentLink(s, d)})
}

// deploymentLink is the id of a deployment, which leads to CodeDeploy's console if it is one of CodeDeploy's.
func deploymentLink(s rollout.Service, d rollout.Deployment) string {
	return link(d.ID, s.CodeDeployURL(d.ID))
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
