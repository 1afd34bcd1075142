package report

import (
	"strings"
	"time"

	"ecs-deploy/internal/rollout"
)

// note is something that is worth to be known before a plan is carried out.
func note(n rollout.Note) string {
	switch n.About {
	case rollout.NoteLastFailed:
		return "the last deployment of " + n.Service + ", of " + n.Failed + ", failed and was not rolled back: " +
			n.Runs + " is what runs"
	case rollout.NoteNothingRuns:
		return "the last deployment of " + n.Service + ", of " + n.Failed + ", failed, and no older one has running tasks"
	case rollout.NoteUnderway:
		text := "deployment " + n.Underway.ID + " of " + rollout.RevisionID(n.Underway.TaskDefinition) + " is under way " +
			"since " +
			n.Underway.Created.UTC().Format(time.RFC3339)
		if n.By != "" {
			text += ", of a revision that " + n.By + " registered"
		}
		return text + ": ours supersedes it"
	case rollout.NoteLeftOut:
		return "not sent to ECS, which would refuse or ignore it: " + strings.Join(n.Said, ", ")
	case rollout.NoteRestart:
		return "nothing is given to change: what runs is restarted as it is"
	case rollout.NoteInactive:
		return n.Runs + ", which " + n.Service + " runs, is INACTIVE: a rollback may have to register it anew, which " +
			"needs ecs:RegisterTaskDefinition and iam:PassRole"
	case rollout.NoteFileFound:
		return "the AppSpec of service " + n.Service + " is " + strings.Join(
			n.Said, ", ",
		) + " of the workspace: " + n.By + " names no other"
	}
	return strings.Join(n.Said, ", ") + ": without effect, since no service has the deployment controller " + n.By
}

// without is what is not known without something that may not be read.
var without = map[rollout.Sight]string{
	rollout.SightStages:      "The deployment is followed by what DescribeServices tells.",
	rollout.SightTraffic:     "The lifecycle events and the traffic are not known without it.",
	rollout.SightFailures:    "Why tasks fail is not known without it.",
	rollout.SightHealth:      "Whether the tasks are healthy is not known without it: their number counts.",
	rollout.SightTargets:     "Whether the load balancer finds the tasks healthy is not known without it.",
	rollout.SightObjection:   "What the load balancer has against the tasks is not known without it.",
	rollout.SightHealthCheck: "What the health check of the load balancer asks for is not known without it.",
	rollout.SightCauses:      "Why tasks failed is not known without it.",
	rollout.SightLastLines:   "The last log lines of the container are not shown without it.",
	rollout.SightOneOff:      "What the task writes is not shown without it.",
	rollout.SightDuration: "How long the traffic takes to move is not known without it, and not in the default of " +
		"timeout.",
}
