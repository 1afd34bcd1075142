package report

import (
	"slices"
	"strings"

	"ecs-deploy/internal/rollout"
	"ecs-deploy/internal/taskdef"
)

// diffOf is what changes in the task definitions, as unified diffs: each revision against all that runs
// in its place or, where there is no service, against its base. What changes alike is told once.
func diffOf(plan rollout.Plan) string {
	var bodies []string
	from, to := map[string][]string{}, map[string][]string{}
	add := func(before rollout.Revision, after rollout.PlannedRevision) {
		diff := taskdef.Diff(before.Document, after.Document, "before", "after", plan.ShowValues)
		_, body, changed := strings.Cut(diff, "--- before\n+++ after\n")
		if !changed {
			return
		}
		if len(from[body]) == 0 {
			bodies = append(bodies, body)
		}
		if !slices.Contains(from[body], before.ID()) {
			from[body] = append(from[body], before.ID())
		}
		if !slices.Contains(to[body], name(after)) {
			to[body] = append(to[body], name(after))
		}
	}
	for _, of := range plan.Rollouts {
		add(of.Runs, plan.Revisions[of.Planned])
	}
	if len(plan.Rollouts) == 0 {
		add(plan.Revisions[0].Base, plan.Revisions[0])
	}
	var diffs string
	for _, body := range bodies {
		diffs += "--- " + few(from[body]) + "\n+++ " + few(to[body]) + "\n" + body
	}
	return diffs
}
