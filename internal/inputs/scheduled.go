package inputs

import (
	"regexp"
	"slices"
	"strings"
)

// ScheduledTask names tasks that are started by time: the ECS targets of an EventBridge rule, or one of
// them, or a schedule of EventBridge Scheduler.
type ScheduledTask struct {
	Rule, Target    string // the id of a target; empty: all
	Group, Schedule string
}

var scheduledLetters = regexp.MustCompile(`^[.\w-]+$`)

// isScheduledName tells whether AWS takes a text for the name of a rule, target, group or schedule
// (https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html,
// https://docs.aws.amazon.com/scheduler/latest/APIReference/API_GetSchedule.html).
func isScheduledName(text string) bool { return len(text) <= 64 && scheduledLetters.MatchString(text) }

// scheduled reads rule:name, rule:name/target, schedule:name and schedule:group/name, by lines or
// commas.
func (c *checker) scheduled(input, value string) []ScheduledTask {
	var tasks []ScheduledTask
	for _, line := range items(value) {
		kind, path, _ := strings.Cut(line, ":")
		first, second, two := strings.Cut(path, "/")
		var task ScheduledTask
		switch {
		case !isScheduledName(first), two && !isScheduledName(second):
			kind = ""
		case kind == "rule":
			task = ScheduledTask{Rule: first, Target: second}
		case kind == "schedule" && two:
			task = ScheduledTask{Group: first, Schedule: second}
		case kind == "schedule":
			task = ScheduledTask{Group: "default", Schedule: first}
		default:
			kind = ""
		}
		if kind == "" {
			c.mistake("%s: %q is neither rule:name, nor rule:name/target, nor schedule:name, nor schedule:group/name", input, line)
			continue
		}
		if slices.Contains(tasks, task) {
			c.mistake("%s: %s is given twice", input, line)
		}
		tasks = append(tasks, task)
	}
	return tasks
}
