package report

import (
	"slices"
	"strings"

	"ecs-deploy/internal/rollout"
)

// mostGood is how many services that went well stand open in the summary beside those that did not.
const mostGood = 2

// services is a table with a row for each of several services: first those that did not succeed, and behind a fold
// those that did, if they are more than a few.
func services(rollouts []*rollout.Rollout, ended bool) []section {
	bad := slices.DeleteFunc(slices.Clone(rollouts), good)
	well := slices.DeleteFunc(slices.Clone(rollouts), notGood)
	if len(bad) == 0 || len(well) <= mostGood || !ended {
		return []section{serviceTable(append(bad, well...), ended)}
	}
	folded := serviceTable(well, ended).folded(plural(len(well), "service")+" succeeded", false)
	return []section{serviceTable(bad, ended), folded}
}

func serviceTable(rollouts []*rollout.Rollout, ended bool) section {
	head, line := "\n| | Service | Before | Deployed |", "|---|---|---|---|"
	if ended {
		head, line = head+" Now |", line+"---|"
	}
	table := section{what: "services", before: head + " Images | Outcome |\n" + line + "---|---|\n"}
	for _, of := range rollouts {
		given := of.Deployed()
		sign, why := "⏳", ""
		if ended || of.Phase == rollout.PhaseDecided {
			sign, why = icon(of.Verdict.Outcome), prose(reason(of))
		}
		cells := []string{sign, link(of.Service.Name, of.Service.URL), code(given.Previous.ID()), deployedCell(of)}
		if ended {
			cells = append(cells, nowCell(of))
		}
		cells = append(cells, shortImages(given), why)
		table.lines = append(table.lines, "| "+strings.Join(cells, " | ")+" |\n")
	}
	return table
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
