package report

import (
	"fmt"
	"strconv"
	"strings"

	"ecs-deploy/internal/rollout"
	"ecs-deploy/internal/taskdef"
)

// oneOffGroups are the groups of the log for tasks that run once, by the input that asks for them.
var oneOffGroups = map[string]string{"run-before": "Run before", "run-after": "Run after"}

func (r *Reporter) oneOffStarted(e rollout.OneOffStarted) {
	var ids []string
	for _, task := range e.Tasks {
		ids = append(ids, rollout.LastSegment(task))
	}
	r.line(fmt.Sprintf("%s: container %s of %s runs %s in %s %s", e.Input, e.Container, e.Revision.ID(), commandOf(e.Command),
		strings.TrimPrefix(plural(len(ids), "task"), "1 "), strings.Join(ids, ", ")))
	r.output(taskOutputs(e.Input, e.Tasks)...)
}

// taskOutputs are about the first task, if there is one.
func taskOutputs(input string, tasks []string) []output {
	if len(tasks) == 0 {
		return nil
	}
	outputs := []output{{input + "-task-arn", tasks[0]}, {input + "-task-id", rollout.LastSegment(tasks[0])}}
	if input == "run-before" { // as AWS's own action has it
		outputs = append(outputs, output{"run-task-arn", asJSON(tasks)})
	}
	return outputs
}

// commandOf is a command as one would write it, without words that may be secrets.
func commandOf(words []string) string {
	if len(words) == 0 {
		return "its own command"
	}
	var quoted []string
	for _, word := range taskdef.HideWords(words) {
		if word == "" || strings.ContainsAny(word, " \t\n\"'\\$|&;<>()*?#`") {
			word = "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
		}
		quoted = append(quoted, word)
	}
	return strings.Join(quoted, " ")
}

func (r *Reporter) oneOffEnded(e rollout.OneOffEnded) {
	r.now(words[e.Result.Verdict.Outcome] + ": " + e.Result.Verdict.Reason)
	for _, finding := range e.Result.Findings {
		for _, more := range fill(finding.Cause, finding.Next) {
			r.line("  " + oneLine(more))
		}
	}
	r.output(oneOffOutputs(e.Result)...)
}

func oneOffOutputs(result rollout.OneOffResult) []output {
	outputs := taskOutputs(result.Input, result.Tasks)
	if result.ExitCode != nil {
		outputs = append(outputs, output{result.Input + "-exit-code", strconv.Itoa(*result.ExitCode)})
	}
	return outputs
}

// oneOff is a task that ran once, in Markdown; of one that did not end well with the last that it wrote.
func oneOff(result rollout.OneOffResult) section {
	ended := icon(result.Verdict.Outcome) + " " + prose(result.Verdict.Reason)
	if len(result.Tasks) > 0 {
		ended += ", task " + code(rollout.LastSegment(result.Tasks[0]))
	}
	table := rows(row{code(result.Input), ended})
	if result.Verdict.Outcome.Good() || len(result.Lines) == 0 {
		return table
	}
	lines := fenced("lines of the log", "text", result.Lines).folded("The last lines that it wrote", true)
	lines.before = table.before + strings.Join(table.lines, "") + lines.before
	return lines.as(evidence)
}
