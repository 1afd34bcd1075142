package report

import (
	"fmt"
	"slices"
	"strings"

	"ecs-deploy/internal/rollout"
)

// mostGood is how many services that went well stand open in the summary beside those that did not.
const mostGood = 2

// services is a table with a row for each of several services: first those that did not succeed, and behind a fold
// those that did, if they are more than a few.
func services(rollouts []*rollout.Rollout, ended bool) []section {
	good := func(of *rollout.Rollout) bool { return of.Verdict.Outcome.Good() }
	bad := slices.DeleteFunc(slices.Clone(rollouts), good)
	well := slices.DeleteFunc(slices.Clone(rollouts), func(of *rollout.Rollout) bool { return !good(of) })
	if len(bad) == 0 || len(well) <= mostGood || !ended {
		return []section{serviceTable(append(bad, well...), ended)}
	}
	folded := serviceTable(well, ended).folded(plural(len(well), "service")+" succeeded", false)
	return []section{serviceTable(bad, ended), folded}
}

func serviceTable(rollouts []*rollout.Rollout, ended bool) section {
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
