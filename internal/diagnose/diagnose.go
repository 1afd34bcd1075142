// Package diagnose reads the evidence of a deployment that did not succeed, and says what happened
// and what to do about it. Its functions are pure.
package diagnose

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"ecs-deploy/internal/rollout"
)

// Explain turns evidence into findings, the most frequent first. Tasks that failed for the same cause
// make one finding, and are counted. Where no task failed, the events speak that tell why ECS could
// not start one.
func Explain(evidence rollout.Evidence) []rollout.Finding {
	var causes []string
	counts := map[string]int{}
	for _, task := range evidence.Failed {
		cause := task.Cause()
		if counts[cause]++; counts[cause] == 1 {
			causes = append(causes, cause)
		}
	}
	slices.SortStableFunc(causes, func(a, b string) int { return counts[b] - counts[a] })
	var findings []rollout.Finding
	for _, cause := range causes {
		findings = append(findings, rollout.Finding{What: tasks(counts[cause]) + ": " + cause, Next: advice(cause)})
	}
	if len(findings) == 0 {
		findings = obstacles(evidence.Events)
	}
	return findings
}

func tasks(n int) string {
	if n == 1 {
		return "1 task failed"
	}
	return fmt.Sprintf("%d tasks failed", n)
}

// obstacles are what kept ECS from starting tasks: the latest of its events that says so.
func obstacles(events []rollout.ServiceEvent) []rollout.Finding {
	for _, event := range events {
		if strings.Contains(event.Message, " was unable to ") || strings.Contains(event.Message, " is unable to ") {
			_, said, _ := strings.Cut(event.Message, ") ") // behind "(service web) "
			return []rollout.Finding{{What: "ECS " + said, Next: advice(said)}}
		}
	}
	return nil
}

// knowledge is what to do about a cause: the first entry counts whose sign is in it. The wordings of
// AWS are those of https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html
// and https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html.
var knowledge = []struct {
	sign *regexp.Regexp
	next string
}{
	{regexp.MustCompile(`CannotPullContainerError.*not found`),
		"Check that this tag was pushed to this repository, in this region, before the deployment."},
	{regexp.MustCompile(`CannotPull`),
		"Check the image, the execution role's right to pull it, and that the subnets reach the registry."},
	{regexp.MustCompile(`OutOfMemory|exited with code 137`),
		"Give the container more memory, or find out what takes it."},
	{regexp.MustCompile(`failed ELB health checks`),
		"Check that the container listens on the port of the target group, that the health check's path answers with an expected code, and that the grace period is long enough."},
	{regexp.MustCompile(`exited with code`),
		"Read the last lines of the container's log, and try the image with the same environment."},
	{regexp.MustCompile(`unable to place a task`),
		"Make room in the cluster, ask for less CPU and memory, or check the placement constraints and capacity providers."},
}

func advice(cause string) string {
	for _, entry := range knowledge {
		if entry.sign.MatchString(cause) {
			return entry.next
		}
	}
	return "Look at the stopped tasks and the events of the service in the console."
}
