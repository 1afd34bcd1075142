package report

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"ecs-deploy/internal/rollout"
	"ecs-deploy/internal/taskdef"
)

// plan tells what is there, and what is going to be done.
func (r *Reporter) plan(e rollout.PlanMade) {
	for _, service := range e.Plan.Services {
		r.line(fmt.Sprintf("service %s in cluster %s (%s) runs %s, %s",
			service.Service.Name, service.Service.Cluster, e.Plan.Region, service.Runs.ID(), plural(service.Service.Desired, "task")))
	}
	for _, note := range e.Plan.Notes {
		r.line("note: " + note)
	}
	var images []string
	for _, revision := range e.Plan.Revisions {
		for _, image := range revision.Images {
			line := fmt.Sprintf("  %s  %s → %s", image.Container, image.From, image.To)
			if image.From == image.To {
				line = fmt.Sprintf("  %s  %s, as it is", image.Container, image.To)
			}
			if !slices.Contains(images, line) { // of several services often the same
				images = append(images, line)
			}
		}
	}
	for _, line := range images {
		r.line(line)
	}
	r.diff(e.Plan.Diff())
	for i, step := range steps(e.Plan) {
		r.line(fmt.Sprintf("%d. %s", i+1, step))
	}
	if e.DryRun {
		r.requests(e.Plan)
		r.line("this is a dry run: nothing is changed")
	}
}

// diff shows what changes, in colours, and keeps it for the outputs and the summary.
func (r *Reporter) diff(diff string) {
	for line := range strings.Lines(diff) {
		line = oneLine(strings.TrimSuffix(line, "\n"))
		switch line[:min(1, len(line))] {
		case "+":
			line = green + line + plain
		case "-":
			line = red + line + plain
		}
		io.WriteString(r.out, line+"\n")
	}
	r.diffs = diff
	r.output(output{"diff", strings.TrimSuffix(diff, "\n")})
}

// The colours of a log (https://en.wikipedia.org/wiki/ANSI_escape_code).
const (
	red   = "\x1b[31m"
	green = "\x1b[32m"
	plain = "\x1b[0m"
)

// requests are what UpdateService would be sent. What RegisterTaskDefinition would be, the diff shows.
func (r *Reporter) requests(plan rollout.Plan) {
	for _, service := range plan.Services {
		update := service.Update
		if update.TaskDefinition == "" {
			update.TaskDefinition = "(" + plan.Revisions[service.Revision].Name() + ")"
		}
		if service.CodeDeploy != nil {
			r.shiftRequests(plan, service)
			continue
		}
		request, err := update.Request(service.Service.ServiceKey)
		if err != nil {
			continue // the plan would not have been made
		}
		r.line("ecs:UpdateService " + string(withoutSecrets(request, plan).JSON()))
	}
}

// withoutSecrets is a request without values that may be secrets, unless they are to be shown.
func withoutSecrets(request taskdef.Document, plan rollout.Plan) taskdef.Document {
	if plan.ShowValues {
		return request
	}
	return request.Hidden()
}

// steps are the calls that change something, in order, and the wait.
func steps(plan rollout.Plan) []string {
	var steps []string
	for _, revision := range plan.Revisions {
		if revision.Register {
			steps = append(steps, fmt.Sprintf("ecs:RegisterTaskDefinition: %s, made from %s", revision.Name(), source(revision.Base)))
		}
	}
	if plan.Before != nil {
		steps = append(steps, oneOffStep(plan, *plan.Before)+", before any service is touched")
	}
	for _, service := range plan.Services {
		steps = append(steps, serviceSteps(plan, service)...)
	}
	if len(plan.Services) > 0 {
		steps = append(steps, waiting(plan))
	}
	for _, scheduled := range plan.Scheduled {
		operation := "scheduler:UpdateSchedule"
		if scheduled.Task.Rule != "" {
			operation = "events:PutTargets"
		}
		if !scheduled.Task.Pinned() {
			continue // it runs the latest by itself
		}
		steps = append(steps, fmt.Sprintf("%s: %s runs %s, after success", operation, scheduled.Task.Name(), plan.Revisions[scheduled.Revision].Name()))
	}
	if plan.After != nil {
		steps = append(steps, oneOffStep(plan, *plan.After)+", after success")
	}
	if plan.KeepRevisions > 0 {
		steps = append(steps, fmt.Sprintf("ecs:DeregisterTaskDefinition: what is older than the newest %s and not in use, after success", plural(plan.KeepRevisions, "revision")))
	}
	return steps
}

func oneOffStep(plan rollout.Plan, task rollout.PlannedTask) string {
	wait := "at most " + rollout.Span(task.Timeout)
	if task.Detached {
		wait = "not waited for"
	}
	return fmt.Sprintf("ecs:RunTask: %s, container %s of %s runs %s, %s",
		task.Input, task.Container, plan.Revisions[task.Revision].Name(), commandOf(task.Command), wait)
}

func source(base rollout.Revision) string {
	if base.ARN == "" {
		return "the file"
	}
	return base.ID()
}

// serviceSteps are the calls that change a service.
func serviceSteps(plan rollout.Plan, service rollout.PlannedService) []string {
	changes := updates(service.Update)
	if service.CodeDeploy == nil {
		gets := fmt.Sprintf("service %s gets %s", service.Service.Name, deployed(plan, service))
		return []string{"ecs:UpdateService: " + strings.Join(append([]string{gets}, changes...), ", ")}
	}
	var steps []string
	if own, any := service.Update.OfService(); any {
		steps = append(steps, "ecs:UpdateService: service "+service.Service.Name+" gets "+strings.Join(updates(own), ", "))
	}
	if !service.Starts(plan) {
		return append(steps, fmt.Sprintf("service %s runs %s already: no deployment is started", service.Service.Name, deployed(plan, service)))
	}
	return append(steps, shiftStep(plan, service))
}

// deployed is what a service gets.
func deployed(plan rollout.Plan, service rollout.PlannedService) string {
	if revision := plan.Revisions[service.Revision]; !revision.Register {
		return revision.Base.ID()
	}
	return "the new revision"
}

// updates are what UpdateService is going to be sent beside the task definition.
func updates(update rollout.Update) []string {
	var changes []string
	for _, number := range []struct {
		format string
		value  *int32
	}{
		{"desired count %d", update.Desired},
		{"minimum healthy %d %%", update.MinimumHealthyPercent},
		{"maximum %d %%", update.MaximumPercent},
	} {
		if number.value != nil {
			changes = append(changes, fmt.Sprintf(number.format, *number.value))
		}
	}
	if update.Force {
		changes = append(changes, "a new deployment is forced")
	}
	if !update.Patch.Empty() {
		changes = append(changes, "and what service-patch says")
	}
	return changes
}

func waiting(plan rollout.Plan) string {
	switch plan.WaitFor {
	case rollout.DoNotWait:
		return "do not wait"
	case rollout.AllRun:
		if slices.ContainsFunc(plan.Services, func(s rollout.PlannedService) bool { return s.CodeDeploy != nil }) {
			return "wait until the new tasks get all the traffic, at most " + rollout.Span(plan.Timeout)
		}
		return "wait until the new tasks run and are healthy, at most " + rollout.Span(plan.Timeout)
	}
	if _, is := plan.WaitFor.Stage(); is {
		return "wait until the deployment has come to " + string(plan.WaitFor) + ", at most " + rollout.Span(plan.Timeout)
	}
	return "wait until the deployment is complete, at most " + rollout.Span(plan.Timeout)
}
