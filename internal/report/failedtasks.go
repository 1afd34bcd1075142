package report

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"ecs-deploy/internal/rollout"
)

// mostTasks is how many failed tasks of a service are listed.
const mostTasks = 10

// failedTasks is a table of the tasks that failed, those of one cause together, of each the last first.
func (r *Reporter) failedTasks(rollouts []*rollout.Rollout) section {
	table := section{
		what: "failed tasks", importance: evidence,
		before: "\n| Task | Stopped at | Container | Exit code | Reason |\n|---|---|---|---|---|\n",
	}
	all, more := 0, 0
	causes := map[rollout.Cause]bool{}
	for _, of := range rollouts {
		all += len(of.Failures)
		more += max(0, len(of.Failures)-mostTasks)
		last := slices.Clone(of.Failures[max(0, len(of.Failures)-mostTasks):])
		slices.Reverse(last)
		for _, group := range byCause(last) {
			causes[group[0].Cause()] = true
			for i, task := range group {
				table.lines = append(table.lines, r.failedTask(of, task, i == 0, len(rollouts) > 1))
			}
		}
	}
	if more > 0 {
		table.after = fmt.Sprintf("\n%s before these are left out.\n", plural(more, "task"))
	}
	title := plural(all, "failed task")
	switch {
	case len(causes) > 1:
		title += fmt.Sprintf(", for %d causes", len(causes))
	case all > 1:
		title += ", all for the same cause"
	}
	return table.unlessEmpty().folded(title, false)
}

// byCause is tasks in groups of one cause each, in the order of their first ones.
func byCause(tasks []rollout.Task) [][]rollout.Task {
	var groups [][]rollout.Task
	for _, task := range tasks {
		at := slices.IndexFunc(groups, func(group []rollout.Task) bool { return group[0].Cause() == task.Cause() })
		if at < 0 {
			groups = append(groups, nil)
			at = len(groups) - 1
		}
		groups[at] = append(groups[at], task)
	}
	return groups
}

// failedTask is a row of that table. The reason is written once for those of one cause.
func (r *Reporter) failedTask(of *rollout.Rollout, task rollout.Task, first, named bool) string {
	name := link(shortID(task.ID), task.URL)
	exit, why := "", "the same"
	if named {
		name = code(of.Name()) + " " + name
	}
	container, _ := task.Suspect()
	if container.ExitCode != nil {
		exit = fmt.Sprint(*container.ExitCode)
	}
	if first {
		why = prose(cut(r.secrets.hide(whyStopped(task, container)), longestReason))
	}
	return fmt.Sprintf(
		"| %s | %s | %s | %s | %s |\n", name, after(task.Stopping, of.Deployment.Created), code(container.Name), exit, why,
	)
}

// shortID is enough of the id of a task to tell it from others.
func shortID(id string) string {
	const length = 8
	return id[:min(len(id), length)]
}

// longestReason is where a reason is cut in a table, in bytes.
const longestReason = 600

// whyStopped is what AWS says about the end of a task. That a container that must run ended by itself is the plain
// case.
func whyStopped(task rollout.Task, container rollout.Container) string {
	reason := cmp.Or(container.Reason, task.Reason, string(task.StopCode))
	if reason == "Essential container in task exited" {
		return "it exited on its own"
	}
	return targetGroup().ReplaceAllString(reason, "(target-group $1)")
}

// after is how long after the begin of a deployment something was, by the clock of AWS.
func after(at, began time.Time) string {
	if at.IsZero() || began.IsZero() || at.Before(began) {
		return ""
	}
	return clock(at.Sub(began))
}
