package inputs

import (
	"slices"
	"strings"

	"ecs-deploy/internal/lazy"
	"ecs-deploy/internal/rollout"
)

var scheduledLetters = lazy.Regexp(`^[.\w-]+$`)

// isScheduledName tells whether AWS takes a text for the name of a rule, target, group or schedule
// (https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html,
// https://docs.aws.amazon.com/scheduler/latest/APIReference/API_GetSchedule.html).
func isScheduledName(text string) bool {
	return len(text) <= 64 && scheduledLetters().MatchString(text)
}

// scheduled reads rule:name, rule:name/target, schedule:name and schedule:group/name, by lines or
// commas. A rule without a target means all of its targets.
func (c *checker) scheduled(input, value string) []rollout.ScheduleName {
	var tasks []rollout.ScheduleName
	for _, line := range items(value) {
		kind, path, _ := strings.Cut(line, ":")
		first, second, two := strings.Cut(path, "/")
		var task rollout.ScheduleName
		switch {
		case !isScheduledName(first), two && !isScheduledName(second):
			kind = ""
		case kind == "rule":
			task = rollout.ScheduleName{Rule: first, Target: second}
		case kind == "schedule" && two:
			task = rollout.ScheduleName{Group: first, Schedule: second}
		case kind == "schedule":
			task = rollout.ScheduleName{Group: "default", Schedule: first}
		default:
			kind = ""
		}
		if kind == "" {
			c.mistake(
				"%s: %q is neither rule:name, nor rule:name/target, nor schedule:name, nor schedule:group/name", input, line,
			)
			continue
		}
		if slices.Contains(tasks, task) {
			c.mistake("%s: %s is given twice", input, line)
		}
		tasks = append(tasks, task)
	}
	return tasks
}
