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
	for _, of := range e.Plan.Rollouts {
		does := "runs"
		if primary, _ := of.Service.Primary(); primary.State == rollout.RolloutInProgress {
			does = "is being deployed with"
		}
		r.line(fmt.Sprintf("%s %s in cluster %s (%s) %s %s, %s", noun(of), of.Service.Name, of.Service.Cluster,
			of.Service.Place, does, of.Runs.ID(), plural(of.Service.Desired, unit(of))))
	}
	for _, n := range e.Plan.Notes {
		if n.About != rollout.NoteDropped {
			r.line("note: " + note(n))
		}
	}
	for _, line := range images(e.Plan) {
		r.line("  " + line)
	}
	r.diff(diffOf(e.Plan))
	for i, step := range steps(e.Plan) {
		r.line(fmt.Sprintf("%d. %s", i+1, step))
	}
	if e.DryRun {
		r.requests(e.Plan)
		r.line("this is a dry run: nothing is changed")
	}
	for _, n := range e.Plan.Notes {
		if n.About == rollout.NoteDropped {
			r.note(note(n), "If you still need it, add it to the file.", true)
		}
	}
}

// images are those of a plan, container by container. Several services often have the same.
func images(plan rollout.Plan) []string {
	var all []taskdef.ImageChange
	for _, of := range plan.Rollouts {
		all = append(all, of.Revision.Images...)
	}
	if len(plan.Rollouts) == 0 {
		all = plan.Revisions[0].Images
	}
	var lines []string
	for _, image := range all {
		line := fmt.Sprintf("%s  %s → %s", image.Container, image.From, image.To)
		switch image.From {
		case image.To:
			line = fmt.Sprintf("%s  %s, as it is", image.Container, image.To)
		case "":
			line = fmt.Sprintf("%s  %s, which is new", image.Container, image.To)
		}
		if !slices.Contains(lines, line) {
			lines = append(lines, line)
		}
	}
	return lines
}

// diff shows what changes, in colors, and keeps it for the outputs and the summary.
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
	r.output(rollout.Output{Name: "diff", Value: strings.TrimSuffix(diff, "\n")})
}

// The colors of a log (https://en.wikipedia.org/wiki/ANSI_escape_code).
const (
	bold  = "\x1b[1m"
	red   = "\x1b[31m"
	green = "\x1b[32m"
	plain = "\x1b[0m"
)

// requests are the bodies of the calls that would change services. What RegisterTaskDefinition would be sent, the diff
// shows.
func (r *Reporter) requests(plan rollout.Plan) {
	for _, of := range plan.Rollouts {
		for _, call := range of.Calls {
			if !call.Skipped {
				where := ""
				if len(plan.Places()) > 1 {
					where = " in " + of.Service.Place.String()
				}
				r.line(call.Action + where + " " + string(withoutSecrets(call.Request, plan).JSON()))
			}
		}
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
			steps = append(
				steps, fmt.Sprintf("%s: %s, made from %s%s", registers(revision), name(revision), source(revision.Base),
					inPlace(plan, revision.Place)),
			)
		}
	}
	if plan.Before != nil {
		steps = append(steps, oneOffStep(plan, *plan.Before)+", before any service is touched")
	}
	waves := plan.Waves()
	for i, wave := range waves {
		prefix := ""
		if len(waves) > 1 {
			prefix = fmt.Sprintf("wave %d: ", i+1)
		}
		for _, of := range wave {
			for _, call := range of.Calls {
				steps = append(steps, prefix+callStep(plan, of, call))
			}
		}
		steps = append(steps, prefix+waiting(plan))
		for _, gate := range gatesOf(plan, i) {
			steps = append(steps, prefix+gate)
		}
	}
	if len(waves) == 0 {
		steps = append(steps, gatesOf(plan, 0)...)
	}
	for _, scheduled := range plan.Scheduled {
		operation := "scheduler:UpdateSchedule"
		if scheduled.Task.Rule != "" {
			operation = "events:PutTargets"
		}
		if !scheduled.Task.Pinned() {
			continue // it runs the latest by itself
		}
		steps = append(
			steps,
			fmt.Sprintf(
				"%s: %s runs %s, after success", operation, scheduled.Task.Name(), name(plan.Revisions[scheduled.Revision]),
			),
		)
	}
	if plan.KeepRevisions > 0 {
		steps = append(steps, fmt.Sprintf("ecs:DeregisterTaskDefinition: all but the newest %s, unless in use, after "+
			"success", plural(plan.KeepRevisions, "revision")))
	}
	return steps
}

// registers is the call that registers a revision.
func registers(revision rollout.PlannedRevision) string {
	if revision.Base.Daemon {
		return "ecs:RegisterDaemonTaskDefinition"
	}
	return "ecs:RegisterTaskDefinition"
}

// inPlace is the place of something, if there are several.
func inPlace(plan rollout.Plan, place rollout.Place) string {
	if len(plan.Places()) < 2 {
		return ""
	}
	return ", in " + place.String()
}

func oneOffStep(plan rollout.Plan, task rollout.PlannedTask) string {
	wait := "at most " + rollout.Span(task.Timeout)
	if task.Detached {
		wait = "not waited for"
	}
	return fmt.Sprintf("ecs:RunTask: %s, container %s of %s runs %s, %s",
		task.Input, task.Container, name(plan.Revisions[task.Revision]), commandOf(task.Command), wait)
}

func source(base rollout.Revision) string {
	if base.ARN == "" {
		return "the file"
	}
	return base.ID()
}

// name is what a planned revision will be called, as far as that is known.
func name(planned rollout.PlannedRevision) string {
	if planned.New() {
		return "a new revision of " + planned.Document.Family()
	}
	return planned.Base.ID()
}

// callStep is a call that changes a service.
func callStep(plan rollout.Plan, of *rollout.Rollout, call rollout.Call) string {
	service := noun(of) + " " + of.Name()
	gets := "the new revision"
	switch revision := plan.Revisions[of.Planned]; {
	case revision.ByECS:
		gets = name(revision) + ", which ECS makes"
	case !revision.New():
		gets = revision.Base.ID()
	}
	changes := updates(of, call.Update)
	switch {
	case call.Skipped:
		return service + " already runs " + gets + ": no deployment is started"
	case !call.Deploys:
		return call.Action + ": " + service + " gets " + strings.Join(changes, ", ")
	}
	step := call.Action + ": " + strings.Join(append([]string{service + " gets " + gets}, changes...), ", ")
	if call.Through != "" {
		step += ", by the deployment group " + call.Through
	}
	if call.Settings != "" {
		step += ", with " + call.Settings
	}
	if call.RollsBack {
		step += ", which rolls it back if it fails"
	}
	return step
}

// updates are what UpdateService is going to be sent beside the task definition.
func updates(of *rollout.Rollout, update rollout.Update) []string {
	changes := settings(of, update)
	if update.Force {
		changes = append(changes, "forced")
	}
	return changes
}

// settings are those of a service that an update sets: from what, as far as that is known, and to what.
func settings(of *rollout.Rollout, update rollout.Update) []string {
	before := rollout.Counts{}
	if of.Before != nil {
		before = *of.Before
	}
	var changes []string
	for _, number := range []struct {
		name   string
		before int
		value  *int32
		unit   string
	}{
		{"desired count", before.Desired, update.Desired, ""},
		{"minimum healthy percent", before.Minimum, update.MinimumHealthyPercent, "%"},
		{"maximum percent", before.Maximum, update.MaximumPercent, "%"},
	} {
		if number.value == nil {
			continue
		}
		from := fmt.Sprintf("%d%s → ", number.before, number.unit)
		if of.Before == nil || number.unit != "" && !of.Service.Rolling || int(*number.value) == number.before {
			from = ""
		}
		changes = append(changes, fmt.Sprintf("%s %s%d%s", number.name, from, *number.value, number.unit))
	}
	if patched := update.Patch.Brief(); len(patched) > 0 {
		changes = append(changes, "service-patch ("+strings.Join(patched, ", ")+")")
	}
	return changes
}

func waiting(plan rollout.Plan) string {
	text := waitingFor(plan)
	if plan.MaxParallel > 0 {
		text += fmt.Sprintf(", and let %s roll out at a time", plural(plan.MaxParallel, nounOf(plan.Rollouts)))
	}
	return text
}

func waitingFor(plan rollout.Plan) string {
	switch plan.WaitFor {
	case rollout.DoNotWait:
		return "do not wait"
	case rollout.AllRun:
		if slices.ContainsFunc(plan.Rollouts, func(of *rollout.Rollout) bool { return of.Shifted }) {
			return "wait until the new tasks get all the traffic, at most " + rollout.Span(plan.Timeout)
		}
		return "wait until the new tasks run and are healthy, at most " + rollout.Span(plan.Timeout)
	}
	if _, is := plan.WaitFor.Stage(); is {
		return "wait until the deployment reaches " + string(plan.WaitFor) + ", at most " + rollout.Span(plan.Timeout)
	}
	text := "wait until the deployment is complete, "
	connects := func(of *rollout.Rollout) bool { return of.Update.Patch.Items("gatewayConnectors") > 0 }
	if slices.ContainsFunc(plan.Rollouts, connects) {
		text = "wait until the deployment is complete and the gateway has its route, "
	}
	return text + "at most " + rollout.Span(plan.Timeout)
}
