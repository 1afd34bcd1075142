package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"ecs-deploy/internal/lazy"
	"ecs-deploy/internal/rollout"
)

// note is something that is worth to be known before a plan is carried out.
func note(n rollout.Note) string {
	switch n.About {
	case rollout.NoteLastFailed:
		return "the last deployment of " + n.Service + " (" + n.Failed + ") failed and was not rolled back: " +
			n.Runs + " runs"
	case rollout.NoteNothingRuns:
		return "the last deployment of " + n.Service + " (" + n.Failed + ") failed, and no older one has running tasks"
	case rollout.NoteUnderway:
		text := "deployment " + n.Underway.ID + " of " + rollout.RevisionID(n.Underway.TaskDefinition) + " has been under " +
			"way since " + rollout.Minute(n.Underway.Created)
		text += inBrackets(registeredBy(n.Deploys))
		return text + ": " + aboutOthers[n.WhenBusy]
	case rollout.NoteDropped:
		var dropped []string
		for _, path := range n.Said {
			dropped = append(dropped, memberInWords(path))
		}
		slices.SortStableFunc(dropped, func(a, b string) int { return cmp.Compare(weightOf(a), weightOf(b)) })
		return "the file lacks what " + n.Service + " runs (" + n.Runs + "): " + few(dropped)
	case rollout.NoteLeftOut:
		return "left out, because ECS would refuse or ignore it: " + strings.Join(n.Said, ", ")
	case rollout.NoteResolved:
		_, digest, _ := strings.Cut(n.Said[1], "@")
		return n.Said[0] + " is " + digest + " now, and deployed by that"
	case rollout.NoteAlarmed:
		return "alarm " + n.Said[0] + " is in ALARM already: it counts only if it leaves that state and comes back to it"
	case rollout.NoteFound:
		rest, except := strings.CutPrefix(n.By, "!")
		found := strings.Join(n.Said, ", ")
		switch {
		case except && rest == found:
			return found + " is left out"
		case except:
			return rest + " leaves out " + found
		}
		return n.By + " is " + found
	case rollout.NoteRestart:
		return "no input asks for a change, so what runs is started again unchanged"
	case rollout.NoteDrains:
		return fmt.Sprintf("to deploy %s, ECS drains the instances of %s, %g%% of them at a time, and replaces them, with "+
			"the tasks of all services that run there", n.Service, strings.Join(n.Said, ", "), n.Percent)
	case rollout.NoteInactive:
		return n.Runs + ", which " + n.Service + " runs, is INACTIVE: a rollback may have to register it again, which " +
			"needs ecs:RegisterTaskDefinition and iam:PassRole"
	case rollout.NoteFileFound:
		return "the AppSpec of service " + n.Service + " is " + strings.Join(
			n.Said, ", ",
		) + " of the workspace: " + n.By + " names no other"
	}
	return strings.Join(n.Said, ", ") + " has no effect, because no service has the deployment controller " + n.By
}

// aboutOthers is what is done about a deployment of another run.
var aboutOthers = map[rollout.WhenBusy]string{
	rollout.ReplaceOther: "this run supersedes it",
	rollout.AwaitOther:   "this run waits until it is over",
	rollout.RefuseOther:  "nothing is deployed until it is over",
}

// ofContainer is the path of a container, or of what belongs to one, in a task definition.
var ofContainer = lazy.Regexp(`^containerDefinitions\[([^\]]*)\](?:\.(.+))?$`)

// listed is the path of an item of a list of named things.
var listed = lazy.Regexp(`^(environment|secret|volume|tag)s?\[([^\]]*)\]$`)

// memberInWords is what a path in a task definition names, as people call it: secret API_KEY of app.
func memberInWords(path string) string {
	container := ""
	if its := ofContainer().FindStringSubmatch(path); its != nil && its[2] == "" {
		return "container " + its[1]
	} else if its != nil {
		container, path = " of "+its[1], its[2]
	}
	if item := listed().FindStringSubmatch(path); item != nil {
		path = strings.Replace(item[1], "environment", "variable", 1) + " " + item[2]
	}
	return path + container
}

// weightOf is less for what is missed more: containers, then secrets, then variables.
func weightOf(member string) int {
	for i, kind := range []string{"container ", "secret ", "variable "} {
		if strings.HasPrefix(member, kind) {
			return i
		}
	}
	return 3
}

// unseen is what is not known without something that cannot be read.
var unseen = map[rollout.Sight]string{
	rollout.SightStages:      "Without it, the deployment is followed by DescribeServices alone.",
	rollout.SightTraffic:     "Without it, lifecycle events and traffic are not shown.",
	rollout.SightFailures:    "Without it, the log cannot say why tasks fail.",
	rollout.SightHealth:      "Without it, the health of the tasks is unknown, and only their number counts.",
	rollout.SightTargets:     "Without it, it is unknown whether the load balancer finds the tasks healthy.",
	rollout.SightObjection:   "Without it, the log cannot say why the load balancer finds tasks unhealthy.",
	rollout.SightHealthCheck: "Without it, the log cannot say what the health check of the load balancer asks for.",
	rollout.SightCauses:      "Without it, the log cannot say why tasks failed.",
	rollout.SightLastLines:   "Without it, the container's last log lines are not shown.",
	rollout.SightPast:        "Without it, the last deployments are not shown.",
	rollout.SightOneOff:      "Without it, the task's log is not shown.",
	rollout.SightTags:        "Without it, the tags of the task definition are unknown: a new revision gets none of them.",
	rollout.SightRoutes:      "Without it, it is unknown whether the gateway has a route to the service, and its URL.",
	rollout.SightDuration:    "Without it, the default timeout leaves out the time that the traffic takes to move.",
}
