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

type output struct{ name, value string }

// output writes step outputs. The runner keeps the last value of a name, and reads the file even of
// a step that was killed: so each is written as soon as it is known.
func (r *Reporter) output(outputs ...output) {
	var text strings.Builder
	for _, o := range outputs {
		// A delimiter that nobody can guess keeps a value from adding outputs of its own
		// (https://github.com/actions/toolkit/blob/main/packages/core/src/file-command.ts).
		delimiter := "ghadelimiter_" + rand.Text()
		fmt.Fprintf(&text, "%s<<%s\n%s\n%s\n", o.name, delimiter, o.value, delimiter)
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
func revisionOutputs(result rollout.RevisionResult) []output {
	outputs := []output{
		{"task-definition-arn", result.Revision.ARN},
		{"task-definition-family", result.Revision.Family},
		{"task-definition-revision", strconv.Itoa(result.Revision.Number)},
		{"changed", strconv.FormatBool(result.Changed)},
	}
	if result.Previous.Number > 0 { // and no file
		outputs = append(outputs,
			output{"previous-task-definition-arn", result.Previous.ARN},
			output{"previous-task-definition-family", result.Previous.Family},
			output{"previous-task-definition-revision", strconv.Itoa(result.Previous.Number)})
	}
	return outputs
}

func deploymentOutputs(service rollout.Service, deployment rollout.Deployment) []output {
	outputs := []output{{"deployment-id", deployment.ID}, {"console-url", service.ConsoleURL()}}
	if service.Controller == "CODE_DEPLOY" {
		outputs = append(outputs, output{"codedeploy-deployment-id", deployment.ID})
	}
	return outputs
}

// finalOutputs are those that are known at the end. With several services the single values are those
// of the one that the result speaks of.
func finalOutputs(result rollout.Result) []output {
	outputs := []output{
		{"outcome", string(result.Outcome)},
		{"reason", result.Reason},
		{"duration-seconds", strconv.Itoa(int(result.Duration.Round(time.Second).Seconds()))},
		{"result", asJSON(resultOf(result))},
		{"outcomes", asJSON(outcomesOf(result))},
	}
	for _, once := range result.OneOffs {
		outputs = append(outputs, oneOffOutputs(once)...)
	}
	if service, ok := result.Foremost(); ok && service.Deployment.ID != "" {
		return append(append(outputs, revisionOutputs(service.Revision)...), deploymentOutputs(service.Service, service.Deployment)...)
	}
	if result.Registered != nil && result.Outcome != rollout.Planned {
		outputs = append(outputs, revisionOutputs(*result.Registered)...)
	}
	return outputs
}

// The output "result".
type (
	resultDocument struct {
		Outcome         rollout.Outcome   `json:"outcome"`
		Reason          string            `json:"reason"`
		DurationSeconds int               `json:"durationSeconds"`
		Services        []serviceDocument `json:"services"`
	}
	serviceDocument struct {
		Cluster                   string          `json:"cluster"`
		Service                   string          `json:"service"`
		Outcome                   rollout.Outcome `json:"outcome"`
		Reason                    string          `json:"reason"`
		TaskDefinitionARN         string          `json:"taskDefinitionArn"`
		PreviousTaskDefinitionARN string          `json:"previousTaskDefinitionArn"`
		DeploymentID              string          `json:"deploymentId"`
		Images                    []imageDocument `json:"images"`
		Desired                   int             `json:"desired"`
		Running                   int             `json:"running"`
		Failed                    int             `json:"failed"`
		ConsoleURL                string          `json:"consoleUrl"`
	}
	imageDocument struct {
		Container string `json:"container"`
		From      string `json:"from"`
		To        string `json:"to"`
	}
)

// outcomesOf is how each service ended, by its name.
func outcomesOf(result rollout.Result) map[string]rollout.Outcome {
	outcomes := map[string]rollout.Outcome{}
	for _, service := range result.Services {
		outcomes[service.Service.Name] = service.Verdict.Outcome
	}
	return outcomes
}

func resultOf(result rollout.Result) resultDocument {
	document := resultDocument{
		Outcome: result.Outcome, Reason: result.Reason, DurationSeconds: int(result.Duration.Round(time.Second).Seconds()),
		Services: []serviceDocument{},
	}
	for _, service := range result.Services {
		images := []imageDocument{}
		for _, image := range service.Revision.Images {
			images = append(images, imageDocument(image))
		}
		document.Services = append(document.Services, serviceDocument{
			Cluster: service.Service.Cluster, Service: service.Service.Name,
			Outcome: service.Verdict.Outcome, Reason: service.Verdict.Reason,
			TaskDefinitionARN: service.Revision.Revision.ARN, PreviousTaskDefinitionARN: service.Revision.Previous.ARN,
			DeploymentID: service.Deployment.ID, Images: images,
			Desired: service.Service.Desired, Running: service.Deployment.Running, Failed: service.Deployment.Failed,
			ConsoleURL: service.Service.ConsoleURL(),
		})
	}
	return document
}

func asJSON(document any) string {
	text, err := json.Marshal(document)
	if err != nil {
		panic(err) // it holds strings and numbers only
	}
	return string(text)
}
