package report

import (
	"fmt"
	"strings"

	"ecs-deploy/internal/rollout"
)

// operationEnded is how what its user asked for by an operation ended.
func operationEnded(r *rollout.Rollout) string {
	switch r.Verdict.Ending {
	case rollout.EndedPaused:
		return "the deployment was not continued"
	case rollout.EndedContinued:
		return "the deployment was continued; this step does not wait for its end"
	case rollout.EndedReturnAsked:
		return "a rollback was requested"
	case rollout.EndedReturnStarted:
		return askedBack(r) + "; this step does not wait for its end"
	case rollout.EndedReturnRefused:
		return "a rollback was requested, but did not start"
	case rollout.EndedReturned:
		text := fmt.Sprintf("the %s runs %s again instead of %s",
			noun(r), r.Revision.Revision.ID(), r.Revision.Previous.ID())
		if r.Verdict.Said == "" || strings.Contains(r.Verdict.Said, "user") { // as this run asked
			return text
		}
		return text + ", which " + r.By + " was rolling back" + inBrackets(endedFor(strings.TrimSuffix(r.Verdict.Said, ".")))
	case rollout.EndedReturnedAlready:
		return "already rolled back to " + r.Revision.Revision.ID() + ". To go back further, set task-definition"
	}
	return "its end is not known"
}

// askedBack is who was asked to roll a deployment back, and to what.
func askedBack(r *rollout.Rollout) string {
	return r.By + " was asked to roll back to " + r.WentTo().ID()
}
