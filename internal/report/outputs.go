package report

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"ecs-deploy/internal/rollout"
)

// output writes step outputs. The runner keeps the last value of a name, and reads the file even of
// a step that was killed: so each is written as soon as it is known.
func (r *Reporter) output(outputs ...rollout.Output) {
	var text strings.Builder
	for _, o := range outputs {
		// A delimiter that nobody can guess keeps a value from adding outputs of its own
		// (https://github.com/actions/toolkit/blob/main/packages/core/src/file-command.ts).
		delimiter := "ghadelimiter_" + rand.Text()
		fmt.Fprintf(&text, "%s<<%s\n%s\n%s\n", o.Name, delimiter, o.Value, delimiter)
	}
	r.write("GITHUB_OUTPUT", os.O_APPEND, text.String())
}

// write writes to one of the runner's files. That a file cannot be written does not change how a
// deployment ends: it is said, and that is all.
func (r *Reporter) write(variable string, mode int, text string) {
	path := r.getenv(variable)
	if path == "" {
		return
	}
	file, err := os.OpenFile(path, mode|os.O_CREATE|os.O_WRONLY, 0o644)
	if err == nil {
		_, err = file.WriteString(r.secrets.hide(text))
		if closed := file.Close(); err == nil {
			err = closed
		}
	}
	if err != nil && !r.unwritten[variable] {
		r.unwritten[variable] = true // it is likely to go on, and is told once
		r.line("note: " + variable + " could not be written: " + err.Error())
	}
}

// revisionOutputs are about the revision that is deployed. What holds the id of the account is there in parts
// without it too: where that id is a secret, the runner drops outputs of jobs that hold it
// (https://github.com/actions/runner/blob/main/src/Runner.Worker/JobExtension.cs).
func revisionOutputs(result rollout.RevisionResult) []rollout.Output {
	outputs := []rollout.Output{
		{Name: "task-definition-arn", Value: result.Revision.ARN},
		{Name: "task-definition-family", Value: result.Revision.Family},
		{Name: "task-definition-revision", Value: strconv.Itoa(result.Revision.Number)},
		{Name: "changed", Value: strconv.FormatBool(result.Changed)},
	}
	if result.Previous.Number == 0 { // a file
		return outputs
	}
	return append(outputs,
		rollout.Output{Name: "previous-task-definition-arn", Value: result.Previous.ARN},
		rollout.Output{Name: "previous-task-definition-family", Value: result.Previous.Family},
		rollout.Output{Name: "previous-task-definition-revision", Value: strconv.Itoa(result.Previous.Number)})
}

func deploymentOutputs(of *rollout.Rollout) []rollout.Output {
	outputs := []rollout.Output{
		{Name: "deployment-id", Value: of.Deployment.ID},
		{Name: "console-url", Value: of.Service.URL},
	}
	if of.ServiceURL != "" {
		outputs = append(outputs, rollout.Output{Name: "service-url", Value: of.ServiceURL})
	}
	return append(outputs, of.Outputs...)
}

// finalOutputs are those that are known at the end. With several services the single values are those
// of the one that the result speaks of.
func finalOutputs(result rollout.Result, took *timeline) []rollout.Output {
	diagnosis := diagnosisOf(result)
	outputs := []rollout.Output{
		{Name: "outcome", Value: string(result.Outcome())},
		{Name: "reason", Value: explained(result)},
		{Name: "cause", Value: diagnosis.Cause},
		{Name: "cause-text", Value: diagnosis.Text},
		{Name: "next-step", Value: diagnosis.NextStep},
		{Name: "duration-seconds", Value: strconv.Itoa(seconds(result.Duration))},
		{Name: "result", Value: asJSON(resultOf(result, took))},
		{Name: "outcomes", Value: asJSON(outcomesOf(result))},
		{Name: "image-digests", Value: imageDigests(result)},
	}
	for _, once := range result.OneOffs {
		outputs = append(outputs, oneOffOutputs(once)...)
	}
	foremost, several := result.Foremost(), len(result.Rollouts) > 1
	if foremost != nil && (foremost.Deployment.ID != "" || several && foremost.Revision.Revision.ARN != "") {
		return append(append(outputs, revisionOutputs(foremost.Revision)...), deploymentOutputs(foremost)...)
	}
	if result.Registered != nil && !result.DryRun {
		outputs = append(outputs, revisionOutputs(*result.Registered)...)
	}
	return outputs
}

func seconds(d time.Duration) int { return int(d.Round(time.Second).Seconds()) }

// outcomesOf is how each service ended, by its name.
func outcomesOf(result rollout.Result) map[string]rollout.Outcome {
	outcomes := map[string]rollout.Outcome{}
	for _, of := range result.Rollouts {
		outcomes[of.Name()] = of.Verdict.Outcome
	}
	return outcomes
}

func asJSON(document any) string {
	text, err := json.Marshal(document)
	if err != nil {
		panic(err) // it holds strings and numbers only
	}
	return string(text)
}
