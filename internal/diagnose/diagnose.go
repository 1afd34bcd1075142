// Package diagnose reads the evidence of a deployment that did not succeed, and says what happened,
// the likely cause and what to do about it. Its functions are pure.
package diagnose

import (
	"fmt"
	"slices"
	"strings"

	"ecs-deploy/internal/rollout"
)

// Explain turns evidence into findings, the weightiest first. Tasks that failed for the same cause
// make one finding, and are counted. Where no task failed, what keeps the deployment from coming
// further speaks: the load balancer, the events of the service, the verdict, and at last the phase in
// which it stuck.
func Explain(evidence rollout.Evidence) []rollout.Finding {
	for _, look := range []func(rollout.Evidence) []rollout.Finding{codeDeploy, failures, targets, obstacles, verdict, phase} {
		if findings := look(evidence); len(findings) > 0 {
			return findings
		}
	}
	return nil
}

// Unplaced explains why tasks could not be placed, by the reasons that RunTask gives
// (https://docs.aws.amazon.com/AmazonECS/latest/developerguide/api_failures_messages.html).
func Unplaced(reasons []string) []rollout.Finding {
	var findings []rollout.Finding
	for i, reason := range reasons {
		if slices.Index(reasons, reason) == i {
			findings = append(findings, finding("ECS found no place for the task: "+reason, reason))
		}
	}
	return findings
}

// causes are why tasks failed, the most frequent first.
func causes(failed []rollout.Task) ([]string, map[string]int) {
	var causes []string
	counts := map[string]int{}
	for _, task := range failed {
		cause := task.Cause()
		if counts[cause]++; counts[cause] == 1 {
			causes = append(causes, cause)
		}
	}
	slices.SortStableFunc(causes, func(a, b string) int { return counts[b] - counts[a] })
	return causes, counts
}

func failures(evidence rollout.Evidence) []rollout.Finding {
	causes, counts := causes(evidence.Failed)
	var findings []rollout.Finding
	for _, cause := range causes {
		finding := finding(tasks(counts[cause])+" failed: "+cause, cause)
		if entry, known := inLog(cause, evidence); known {
			finding.Cause, finding.Next = entry.Means, entry.Next
		}
		findings = append(findings, finding)
	}
	return findings
}

// inLog finds the cause of a container's end in the last lines of its log, where they say more than
// its exit code: of all that may stand there, what the system itself writes.
func inLog(cause string, evidence rollout.Evidence) (Entry, bool) {
	if !strings.Contains(cause, "container "+evidence.Log.Container+" exited with code") {
		return Entry{}, false
	}
	for _, line := range slices.Backward(evidence.Log.Lines) {
		for _, telling := range []string{"exec format error", "executable file not found", "address already in use"} {
			if strings.Contains(line, telling) {
				return Lookup(telling)
			}
		}
	}
	return Entry{}, false
}

func tasks(n int) string {
	if n == 1 {
		return "1 task"
	}
	return fmt.Sprintf("%d tasks", n)
}

// finding is what is known about a text.
func finding(what, text string) rollout.Finding {
	if entry, known := Lookup(text); known {
		return rollout.Finding{What: what, Cause: entry.Means, Next: entry.Next}
	}
	return rollout.Finding{What: what, Next: "Look at the stopped tasks and the events of the service in the console."}
}

// targets is what the load balancer has against the tasks that run.
func targets(evidence rollout.Evidence) []rollout.Finding {
	var reasons []string
	counts := map[string]int{}
	for _, target := range evidence.Targets {
		reason := strings.Join(slices.DeleteFunc([]string{target.State, target.Reason, target.Description}, func(s string) bool { return s == "" }), ", ")
		if counts[reason]++; counts[reason] == 1 {
			reasons = append(reasons, reason)
		}
	}
	var findings []rollout.Finding
	for _, reason := range reasons {
		finding := finding(fmt.Sprintf("the load balancer does not find %s healthy: %s", tasks(counts[reason]), reason), reason)
		if finding.Cause == "" {
			entry, _ := Lookup("failed ELB health checks")
			finding.Cause, finding.Next = entry.Means, entry.Next
		}
		findings = append(findings, finding)
	}
	return findings
}

// obstacles are what kept ECS from starting tasks: the latest of its events that says so.
func obstacles(evidence rollout.Evidence) []rollout.Finding {
	for _, event := range evidence.Events {
		_, said, _ := strings.Cut(event.Message, ") ") // behind "(service web) "
		if strings.HasPrefix(said, "was unable to ") || strings.HasPrefix(said, "is unable to ") {
			return []rollout.Finding{finding("ECS "+said, said)}
		}
	}
	return nil
}

// verdict is the cause that the verdict itself names, such as an alarm or a hook.
func verdict(evidence rollout.Evidence) []rollout.Finding {
	if entry, known := Lookup(evidence.Verdict.Reason); known {
		return []rollout.Finding{{What: evidence.Verdict.Reason, Cause: entry.Means, Next: entry.Next}}
	}
	return nil
}

// phase is where a deployment stuck that came to no end.
func phase(evidence rollout.Evidence) []rollout.Finding {
	ours, desired := evidence.Deployment, evidence.Service.Desired
	switch {
	case evidence.Verdict.Outcome != rollout.TimedOut:
		return nil
	case evidence.CodeDeploy.ID != "" && ours.Running >= desired:
		return shifting(evidence)
	case evidence.Waiting:
		return []rollout.Finding{{
			What:  "the deployment waits for somebody to continue it",
			Cause: "A pause hook of the service holds it.",
			Next:  "Run this action with operation: continue, or rollback. To end the step at the pause, wait for its stage (wait-for).",
		}}
	case ours.Pending > 0:
		return []rollout.Finding{{
			What:  tasks(ours.Pending) + " did not get from PENDING to RUNNING",
			Cause: "The image is large or its registry slow, or a container waits for another that it depends on.",
			Next:  "Look at the containers of a pending task in the console; if it only needs longer, raise timeout.",
		}}
	case ours.Running < desired:
		return []rollout.Finding{{
			What:  fmt.Sprintf("ECS started only %d of %s", ours.Running+ours.Pending, tasks(desired)),
			Cause: "There is no room for them, or the minimum and maximum percent do not let them start.",
			Next:  "Look at the events of the service in the console.",
		}}
	case evidence.Stage != "":
		return []rollout.Finding{{
			What:  "all new tasks run, and the deployment is at " + rollout.InWords(evidence.Stage),
			Cause: "Its hooks, steps and bake time take longer than the time that is given.",
			Next:  "Raise timeout, or end the wait at a stage (wait-for).",
		}}
	case evidence.Older > 0:
		return []rollout.Finding{{
			What:  fmt.Sprintf("all new tasks run, and %s of older deployments still do", tasks(evidence.Older)),
			Cause: "The new tasks do not count as healthy, or the old ones may not be stopped (task protection).",
			Next:  "Look at the health of the new tasks in the console, and at the protection of the old ones.",
		}}
	}
	return []rollout.Finding{{
		What:  "all tasks run, and ECS does not call the deployment complete",
		Cause: "Old tasks drain slowly (the deregistration delay of the target group), or alarms are watched for a bake time.",
		Next:  "Raise timeout, or shorten the deregistration delay or the bake time.",
	}}
}

// enough is how many tasks that failed alike leave no hope.
const enough = 3

// Hopeless tells whether tasks keep failing for a cause that will not pass, so that waiting for more
// of them is of no use: at least three, all for the same.
func Hopeless(failed []rollout.Task) (cause string, hopeless bool) {
	causes, counts := causes(failed)
	if len(causes) == 0 || counts[causes[0]] < enough {
		return "", false
	}
	if entry, known := Lookup(causes[0]); known && entry.Passing {
		return "", false
	}
	return causes[0], true
}
