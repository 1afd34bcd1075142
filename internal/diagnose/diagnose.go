// Package diagnose reads the evidence of a deployment that did not succeed, and says what happened,
// the likely cause and what to do about it. Its functions are pure. It sees the words of AWS, codes and counts: never a
// text of ours, and never a name.
package diagnose

import (
	"slices"
	"strings"

	"ecs-deploy/internal/rollout"
)

// Explain turns evidence into findings, the weightiest first. Tasks that failed for the same cause make one finding,
// and are counted. Where no task failed, or it is not known why, what keeps the deployment from coming further speaks:
// the load balancer, the events of the service, AWS's words on its end, and at last the phase in which it stuck.
func Explain(evidence rollout.Evidence) []rollout.Finding {
	looks := []func(rollout.Evidence) []rollout.Finding{
		unanswered,
		unrouted,
		ended,
		decision,
		failures,
		Objections,
		decided,
		Obstacles,
		said,
		given,
		stuck,
	}
	var unknown []rollout.Finding
	for _, look := range looks {
		switch findings := look(evidence); {
		case len(findings) == 0:
			continue
		case isKnown(findings[0]) && (unknown == nil || findings[0].ID != keepsFailing):
			return append(findings, unknown...)
		case unknown == nil:
			unknown = findings
		}
	}
	return unknown
}

// weak are causes that say no more than that something is not over yet.
var weak = []string{"", rollout.UnknownCause, "health-pending", "drains-slowly"}

// isKnown tells whether the cause of a finding is known.
func isKnown(finding rollout.Finding) bool { return !slices.Contains(weak, finding.ID) }

// decisive are the causes for which AWS ends a deployment whatever its tasks do.
var decisive = []string{"alarm", "hook-failed", "hook-role", "rolled-back-by-user", "listener-rule"}

// decision is such a cause. Tasks that failed are told beside it.
func decision(evidence rollout.Evidence) []rollout.Finding {
	findings := said(evidence)
	if len(findings) == 0 || !slices.Contains(decisive, findings[0].ID) {
		return nil
	}
	return append(findings, failures(evidence)...)
}

// keepsFailing and tooLate are the causes that say least: that tasks fail, or that they did not come up in time, and
// not why.
const (
	keepsFailing = "keeps-failing"
	tooLate      = "deployment-timeout"
)

// decided is the cause that AWS itself names for the end of a deployment, if it says more than that tasks failed.
func decided(evidence rollout.Evidence) []rollout.Finding {
	if Vague(evidence.Said) {
		return nil
	}
	return said(evidence)
}

// Vague tells whether words of AWS say no more than that tasks failed.
func Vague(said string) bool {
	entry, found := Lookup(said)
	return found && entry.ID == keepsFailing
}

// Unplaced explains why tasks could not be placed, by the reasons that RunTask gives
// (https://docs.aws.amazon.com/AmazonECS/latest/developerguide/api_failures_messages.html).
func Unplaced(reasons []string) []rollout.Finding {
	var findings []rollout.Finding
	for i, reason := range reasons {
		if slices.Index(reasons, reason) == i {
			findings = append(findings, known(rollout.Finding{About: rollout.AboutPlace, Said: reason}, reason))
		}
	}
	return findings
}

// known is a finding with what is known about a text of AWS's.
func known(finding rollout.Finding, text string) rollout.Finding {
	entry, found := Lookup(text)
	return with(finding, entry, found)
}

func with(finding rollout.Finding, entry Entry, found bool) rollout.Finding {
	if found {
		finding.ID = entry.ID
		finding.Means, finding.Next = entry.Means, entry.Next
	} else {
		finding.Next = "Check the stopped tasks and the events of the service in the console."
	}
	return finding
}

// ended is why a deployment ended, where AWS has a code for it. Tasks that failed are told beside it.
func ended(evidence rollout.Evidence) []rollout.Finding {
	if evidence.Code == "" {
		return nil
	}
	finding := rollout.Finding{About: rollout.AboutError, Said: evidence.Said, Code: evidence.Code}
	if evidence.FailedEvent != "" {
		finding = rollout.Finding{
			About: rollout.AboutHook,
			Event: evidence.FailedEvent,
			Hook:  evidence.Hook,
			Said:  evidence.FailedWhy,
			Code:  evidence.Code,
		}
	}
	text := evidence.Code // which names nothing of the user's, as the text beside it may
	if _, found := Lookup(text); !found {
		text += ": " + evidence.Said
	}
	end, failures := known(finding, text), failures(evidence)
	if end.ID == tooLate && len(failures) > 0 && isKnown(failures[0]) {
		return append(failures, end)
	}
	return append([]rollout.Finding{end}, failures...)
}

// unrouted is a route of a gateway that failed.
func unrouted(evidence rollout.Evidence) []rollout.Finding {
	if evidence.Route == "" {
		return nil
	}
	return []rollout.Finding{known(rollout.Finding{About: rollout.AboutRoute, Said: evidence.Route}, evidence.Route)}
}

// causes are why tasks failed, the most frequent first.
func causes(failed []rollout.Task) ([]rollout.Cause, map[rollout.Cause]int) {
	var causes []rollout.Cause
	counts := map[rollout.Cause]int{}
	for _, task := range failed {
		cause := task.Cause()
		if counts[cause]++; counts[cause] == 1 {
			causes = append(causes, cause)
		}
	}
	slices.SortStableFunc(causes, func(a, b rollout.Cause) int { return counts[b] - counts[a] })
	return causes, counts
}

func failures(evidence rollout.Evidence) []rollout.Finding {
	causes, counts := causes(evidence.Failures)
	var findings []rollout.Finding
	for _, cause := range causes {
		finding := rollout.Finding{About: rollout.AboutTasks, Tasks: counts[cause], Cause: cause}
		entry, found := inLog(cause, evidence.Log)
		if !found {
			entry, found = LookupCause(cause)
		}
		findings = append(findings, joined(with(finding, entry, found), evidence))
	}
	return findings
}

// Objections are what load balancers have against tasks that run.
func Objections(evidence rollout.Evidence) []rollout.Finding {
	var reasons, ports []string
	counts := map[string]int{}
	for _, target := range evidence.Targets {
		parts := []string{target.State, target.Reason, target.Description}
		reason := strings.Join(slices.DeleteFunc(parts, func(part string) bool { return part == "" }), ", ")
		if counts[reason]++; counts[reason] == 1 {
			reasons = append(reasons, reason)
			ports = append(ports, target.Target[strings.LastIndexByte(target.Target, ':')+1:])
		}
	}
	var findings []rollout.Finding
	for i, reason := range reasons {
		finding := known(rollout.Finding{About: rollout.AboutTargets, Tasks: counts[reason], Said: reason}, reason)
		if finding.Means == "" && strings.HasPrefix(reason, "unhealthy") {
			finding = known(finding, "failed ELB health checks")
		}
		if slices.Contains(ofLoadBalancer, finding.ID) {
			finding = answered(finding, answerIn(reason, ports[i], evidence.Checks))
		}
		findings = append(findings, finding)
	}
	slices.SortStableFunc(findings, func(a, b rollout.Finding) int { return toInt(isKnown(b)) - toInt(isKnown(a)) })
	return findings
}

func toInt(is bool) int {
	if is {
		return 1
	}
	return 0
}

// Obstacles are what keeps ECS from having the tasks run: the latest of its events whose cause is known, or that says
// that ECS was unable to do something.
func Obstacles(evidence rollout.Evidence) []rollout.Finding {
	var unable []rollout.Finding // where no event says more
	for _, event := range evidence.Events {
		finding, found := ofEvent(event, evidence.Checks)
		is := strings.HasPrefix(finding.Said, "was unable to ") || strings.HasPrefix(finding.Said, "is unable to ")
		switch {
		case found && finding.ID != keepsFailing:
			return []rollout.Finding{finding}
		case is && unable == nil:
			unable = []rollout.Finding{finding}
		}
	}
	return unable
}

// given is that ECS says that tasks fail, and nowhere why.
func given(evidence rollout.Evidence) []rollout.Finding {
	for _, event := range evidence.Events {
		if finding, found := ofEvent(event, evidence.Checks); found {
			return []rollout.Finding{finding}
		}
	}
	return nil
}

// ofEvent is what an event of a service tells, and whether its cause is known.
func ofEvent(event string, checks []rollout.HealthCheck) (finding rollout.Finding, found bool) {
	entry, found := Lookup(event)
	finding = with(rollout.Finding{About: rollout.AboutEvent, Said: withoutName(event)}, entry, found)
	if slices.Contains(ofLoadBalancer, finding.ID) {
		finding = answered(finding, answerIn(event, "", checks))
	}
	return finding, found
}

// withoutName is an event without the service that it is about.
func withoutName(event string) string {
	_, said, named := strings.Cut(event, ") ") // behind "(service web) "
	if !named {
		return event
	}
	return said
}

// said is the cause that AWS itself names, such as an alarm or a hook.
func said(evidence rollout.Evidence) []rollout.Finding {
	entry, found := Lookup(evidence.Said)
	if !found {
		return nil
	}
	return []rollout.Finding{with(rollout.Finding{About: rollout.AboutEnding, Said: evidence.Said}, entry, found)}
}

// enough is how many tasks that failed alike leave no hope.
const enough = 3

// Hopeless tells whether tasks keep failing for a cause that will not pass, so that waiting for more of them is of no
// use: at least three, all for the same.
func Hopeless(on rollout.Placement, failed []rollout.Task) (cause rollout.Cause, hopeless bool) {
	causes, counts := causes(failed)
	if len(causes) == 0 || counts[causes[0]] < enough || mayPass(causes[0], on.Scales()) {
		return rollout.Cause{}, false
	}
	return causes[0], true
}
