package report

import (
	"fmt"
	"slices"
	"strings"

	"ecs-deploy/internal/rollout"
)

// mostGood is how many services that went well stand open in the summary beside those that did not.
const mostGood = 2

// services is a table with a row for each of several services: first those that did not succeed, and behind folds, if
// they are more than a few, those that were not started and those that went well.
func services(rollouts []*rollout.Rollout, ended bool) []section {
	bad, well := having(rollouts, touched), having(rollouts, good)
	left := having(rollouts, notStarted)
	table := serviceTable{ended: ended, waves: rollouts[len(rollouts)-1].Wave > 0}
	if len(bad) == 0 || len(well)+len(left) <= mostGood || !ended {
		return []section{table.of(slices.Concat(bad, left, well))}
	}
	return []section{
		table.of(bad),
		table.of(left).folded(plural(len(left), nounOf(left))+" not started", false),
		table.of(well).folded(plural(len(well), nounOf(well))+" succeeded", false),
	}
}

// having are the items of which something is so.
func having[Item any](items []Item, is func(Item) bool) []Item {
	return slices.DeleteFunc(slices.Clone(items), func(item Item) bool { return !is(item) })
}

// serviceTable is which columns a table of services has.
type serviceTable struct{ ended, waves bool }

func (t serviceTable) of(rollouts []*rollout.Rollout) section {
	columns := []string{capital(nounOf(rollouts)), "Before", "Deployed"}
	if t.ended {
		columns = append(columns, "Now")
	}
	columns = append(columns, "Images", "Outcome")
	if t.waves {
		columns = append([]string{"Wave"}, columns...)
	}
	table := section{what: "services", before: "\n| | " + strings.Join(columns, " | ") + " |\n|---|" +
		strings.Repeat("---|", len(columns)) + "\n"}
	for _, of := range rollouts {
		table.lines = append(table.lines, "| "+strings.Join(t.cells(of), " | ")+" |\n")
	}
	return table.unlessEmpty()
}

func (t serviceTable) cells(of *rollout.Rollout) []string {
	given := of.Deployed()
	sign, why := "⏳", ""
	if t.ended || of.Phase == rollout.PhaseDecided {
		sign, why = icon(of.Verdict.Outcome), prose(reason(of))
	}
	cells := []string{sign}
	if t.waves {
		cells = append(cells, fmt.Sprint(of.Wave+1))
	}
	cells = append(cells, link(of.Name(), of.Service.URL), code(given.Previous.ID()), deployedCell(of))
	if t.ended {
		cells = append(cells, nowCell(of))
	}
	return append(cells, shortImages(given), why)
}

// deployedCell is what a service was given, and what became of its tasks.
func deployedCell(of *rollout.Rollout) string {
	given := of.Deployed()
	switch {
	case given.Revision.ARN == "": // of a dry run
		return "a new revision of " + code(given.Revision.Family)
	case of.Deployment.ID == "" && given.Previous.ARN == given.Revision.ARN: // it was not updated
		return "nothing"
	}
	deployment := ""
	if of.Deployment.URL != "" {
		deployment = link(of.Deployment.ID, of.Deployment.URL)
	}
	return strings.Join(filled(code(given.Revision.ID()), tasksOfOurs(of), deployment), ", ")
}

// nowCell is what a service was left with.
func nowCell(of *rollout.Rollout) string {
	if !isSeen(of) {
		return ""
	}
	if down(of) {
		return "**DOWN**"
	}
	now := now(of)
	return strings.Join(filled("**"+code(now.id)+"**", now.tasks), ", ")
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
