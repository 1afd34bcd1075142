package report

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"ecs-deploy/internal/rollout"
)

// summary writes the job summary, in place of what this step wrote there before.
func (r *Reporter) summary(e rollout.Ended) {
	r.write("GITHUB_STEP_SUMMARY", os.O_TRUNC, markdown(e)+changes(r.diffs, e.Result.Outcome))
}

// markdown is the summary: the verdict first, the cause second, the facts last.
func markdown(e rollout.Ended) string {
	result := e.Result
	var b strings.Builder
	fmt.Fprintf(&b, "## %s %s\n", icon(result.Outcome), prose(headline(result)))
	if !result.Outcome.Good() {
		b.WriteString("\n> [!CAUTION]\n")
		for i, line := range strings.Split(annotation(e), "\n") {
			if i > 0 {
				b.WriteString(">\n")
			}
			fmt.Fprintf(&b, "> %s\n", prose(line))
		}
	}
	if e.Abort != nil && len(e.Abort.Detail) > 0 {
		b.WriteString("\n" + fenced("text", e.Abort.Detail))
	}
	if len(result.Services) > 1 {
		services(&b, result.Services)
	}
	for _, service := range result.Services {
		if len(result.Services) == 1 {
			rows(&b, serviceRows(service))
		}
		if len(service.Log.Lines) > 0 {
			fmt.Fprintf(&b, "\nThe last lines that %s of task %s wrote:\n\n%s", code(service.Log.Container), code(service.Log.Task), fenced("text", service.Log.Lines))
		}
	}
	oneOffs(&b, result.OneOffs)
	if result.Registered != nil {
		rows(&b, revisionRows(*result.Registered))
	}
	return b.String()
}

// changes is the diff, folded, but for a dry run, which is about it.
func changes(diff string, outcome rollout.Outcome) string {
	if diff == "" {
		return ""
	}
	open := ""
	if outcome == rollout.Planned {
		open = " open"
	}
	lines := strings.Split(strings.TrimSuffix(diff, "\n"), "\n")
	return fmt.Sprintf("\n<details%s><summary>What changes in the task definition</summary>\n\n%s\n</details>\n", open, fenced("diff", lines))
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

type row struct{ name, value string } // value is Markdown

func rows(b *strings.Builder, rows []row) {
	b.WriteString("\n| | |\n|---|---|\n")
	for _, row := range rows {
		fmt.Fprintf(b, "| %s | %s |\n", row.name, row.value)
	}
}

// services is a table with a row for each of several services.
func services(b *strings.Builder, all []rollout.ServiceResult) {
	b.WriteString("\n| | Service | Task definition | Tasks | |\n|---|---|---|---|---|\n")
	for _, service := range all {
		d := service.Deployment
		tasks := ""
		if d.ID != "" {
			tasks = fmt.Sprintf("%d of %d", d.Running, service.Service.Desired)
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s | %s |\n", icon(service.Verdict.Outcome), link(service.Service), change(service.Revision),
			tasks, prose(service.Verdict.Reason))
	}
	var images []row
	for _, service := range all {
		for _, image := range imageRows(service.Revision) {
			if !slices.Contains(images, image) {
				images = append(images, image)
			}
		}
	}
	rows(b, images)
}

// link is the name of a service, which leads to the console where that is known.
func link(s rollout.Service) string {
	if url := s.ConsoleURL(); url != "" {
		return "[" + code(s.Name) + "](" + url + ")"
	}
	return code(s.Name)
}

func serviceRows(service rollout.ServiceResult) []row {
	s := service.Service
	rows := []row{{"Service", fmt.Sprintf("%s in %s, %s", link(s), code(s.Cluster), prose(s.Region))}}
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
	if url := s.CodeDeployURL(d.ID); url != "" {
		return "[" + code(d.ID) + "](" + url + ")"
	}
	return code(d.ID)
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
