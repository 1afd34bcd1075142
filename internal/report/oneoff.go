package report

import (
	"fmt"
	"strconv"
	"strings"

	"ecs-deploy/internal/rollout"
	"ecs-deploy/internal/taskdef"
)

// oneOffGroups are the groups of the log for tasks that run once, by the input that asks for them.
var oneOffGroups = map[string]string{beforeInput: "Run before", afterInput: "Run after"}

// states are the states of tasks in words, and how many have each.
func states(tasks []rollout.TaskStatus) string {
	var words []string
	counts := map[string]int{}
	for _, state := range tasks {
		word := strings.ToLower(string(state))
		if counts[word]++; counts[word] == 1 {
			words = append(words, word)
		}
	}
	if len(tasks) > 1 {
		for i, word := range words {
			words[i] = fmt.Sprintf("%d %s", counts[word], word)
		}
	}
	return strings.Join(words, ", ")
}

// taskOutputs are about the first task, if there is one.
func taskOutputs(input string, tasks []string) []rollout.Output {
	if len(tasks) == 0 {
		return nil
	}
	outputs := []rollout.Output{
		{Name: input + "-task-arn", Value: tasks[0]},
		{Name: input + "-task-id", Value: rollout.LastSegment(tasks[0])},
	}
	if input == beforeInput { // as AWS's own action has it
		outputs = append(outputs, rollout.Output{Name: "run-task-arn", Value: asJSON(tasks)})
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

func oneOffOutputs(result rollout.OneOffResult) []rollout.Output {
	outputs := taskOutputs(result.Input, result.Tasks)
	if result.ExitCode != nil {
		outputs = append(outputs, rollout.Output{Name: result.Input + "-exit-code", Value: strconv.Itoa(*result.ExitCode)})
	}
	diagnosis := diagnosisOfOnce(result)
	return append(outputs,
		rollout.Output{Name: result.Input + "-cause", Value: diagnosis.Cause},
		rollout.Output{Name: result.Input + "-cause-text", Value: diagnosis.Text},
		rollout.Output{Name: result.Input + "-next-step", Value: diagnosis.NextStep})
}

// oneOff is a task that ran once, in Markdown; of one that did not end well with the last that it wrote.
func oneOff(result rollout.OneOffResult) section {
	ended := icon(result.Verdict.Outcome) + " " + prose(onceEnded(result.Verdict))
	if len(result.Tasks) > 0 {
		ended += ", task " + code(shortID(rollout.LastSegment(result.Tasks[0])))
	}
	table := rows(row{code(result.Input), ended})
	if result.Verdict.Outcome.Good() || len(result.Log.Lines) == 0 {
		return table
	}
	lines := fenced("lines of the log", "text", excerpt(result.Log)).folded("Its last log lines", true)
	lines.before = table.before + strings.Join(table.lines, "") + lines.before
	return lines.as(evidence)
}
