package diagnose

import (
	"regexp"
	"slices"
	"strings"
	"sync"

	"ecs-deploy/internal/lazy"
	"ecs-deploy/internal/rollout"
)

// judgment is what a load balancer, or the event in which ECS tells of it, says of a target that is not healthy
// (https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html).
type judgment struct{ task, port, group, codes *regexp.Regexp }

var judged = sync.OnceValue(func() judgment {
	return judgment{
		task:  regexp.MustCompile(`\(task (\w+)\)`),
		port:  regexp.MustCompile(`\(port (\d+)\)`),
		group: regexp.MustCompile(`\(target-group (arn:[^ ()]+)\)`),
		codes: regexp.MustCompile(`failed with these codes: \[([\d, ]+)\]`),
	}
})

// answerIn is what a health check got, as far as a text tells it, and as the target groups are set.
func answerIn(text, port string, checks []rollout.HealthCheck) *rollout.Answer {
	is := judged()
	answer := &rollout.Answer{Codes: first(is.codes, text), Late: strings.Contains(strings.ToLower(text), "timed out")}
	group := first(is.group, text)
	answer.Lattice = strings.Contains(group, ":vpc-lattice:")
	for _, check := range checks {
		if check.Group == group || group == "" && len(checks) == 1 {
			answer.Check = check
		}
	}
	for _, known := range []string{first(is.port, text), port} {
		if answer.Check.Port == "" {
			answer.Check.Port = known
		}
	}
	if answer.Check.Group == "" && answer.Codes == "" && !answer.Late {
		return nil
	}
	return answer
}

func first(pattern *regexp.Regexp, text string) string {
	if found := pattern.FindStringSubmatch(text); found != nil {
		return found[1]
	}
	return ""
}

// ofLoadBalancer are the causes that a load balancer has against a target.
var ofLoadBalancer = []string{"target-unhealthy", "target-timeout"}

// joined is a finding on tasks that a load balancer does not find healthy, with what its health checks got: a stopped
// task does not tell it, and the events of the service do.
func joined(finding rollout.Finding, evidence rollout.Evidence) rollout.Finding {
	if !slices.Contains(ofLoadBalancer, finding.ID) {
		return finding
	}
	text := finding.Cause.Said
	for _, event := range evidence.Events { // the newest first
		event = strings.Join(strings.Fields(event), " ")
		if entry, _ := Lookup(event); slices.Contains(ofLoadBalancer, entry.ID) && about(event, text, evidence.Failures) {
			finding, text = with(finding, entry, true), event
			break
		}
	}
	return answered(finding, answerIn(text, "", evidence.Checks))
}

// about tells whether an event is about the health of one of these tasks, in the target group that a reason names: the
// tasks of other deployments are told of too.
func about(event, reason string, tasks []rollout.Task) bool {
	is := judged()
	id := first(is.task, event)
	group, named := first(is.group, event), first(is.group, reason)
	ours := func(task rollout.Task) bool { return task.ID == "" || strings.HasPrefix(task.ID, id) }
	return strings.Contains(event, "is unhealthy in") && (group == "" || named == "" || group == named) &&
		(id == "" || slices.ContainsFunc(tasks, ours))
}

// answered is a finding with what the health checks got, and what that means.
func answered(finding rollout.Finding, answer *rollout.Answer) rollout.Finding {
	finding.Answer = answer
	if answer == nil || answer.Codes == "" {
		return finding
	}
	for _, meaning := range meanings {
		if meaning.codes().MatchString(answer.Codes) {
			finding.Means, finding.Next = meaning.means, meaning.next
			break
		}
	}
	return finding
}

// meanings are what answers to health checks most likely mean.
var meanings = []struct {
	codes       func() *regexp.Regexp
	means, next string
}{
	{
		lazy.Regexp(`\b5\d\d\b`),
		"The application, or a proxy in front of it in the task, answers the health check with an error.",
		"Read the container's log. If the application only needs longer to start, raise healthCheckGracePeriodSeconds of " +
			"the service.",
	},
	{
		lazy.Regexp(`\b404\b`), "The application does not serve the path of the health check.",
		"Correct the path in the target group, or have the application answer it.",
	},
	{
		lazy.Regexp(`\b40[13]\b`), "The path of the health check requires credentials.",
		"Serve the path without credentials, or set another path in the target group.",
	},
	{
		lazy.Regexp(
			`\b(400|421)\b`,
		),
		"The application refuses the health check, which has the address of the task for its host name.",
		"Allow any host name for the path of the health check (ALLOWED_HOSTS, say).",
	},
	{
		lazy.Regexp(`\b3\d\d\b`), "The application redirects the health check, to https or to a login, say.",
		"Have the application answer the path without a redirect, or accept 200-399 as healthy in the target group.",
	},
}
