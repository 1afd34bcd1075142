package report

import (
	"cmp"

	"ecs-deploy/internal/rollout"
)

// The output "result".
type (
	resultDocument struct {
		outcomeDocument
		DurationSeconds int               `json:"durationSeconds"`
		Services        []serviceDocument `json:"services"`
		RunBefore       *onceDocument     `json:"runBefore,omitempty"`
		RunAfter        *onceDocument     `json:"runAfter,omitempty"`
		Gates           []gateDocument    `json:"gates,omitempty"`
	}
	serviceDocument struct {
		Account string `json:"account"`
		Region  string `json:"region"`
		Cluster string `json:"cluster"`
		Service string `json:"service"`
		Daemon  bool   `json:"daemon,omitempty"`
		Wave    int    `json:"wave"`
		outcomeDocument
		Evidence                  []string         `json:"evidence"`
		StoppedTasks              []taskDocument   `json:"stoppedTasks"`
		TaskDefinitionARN         string           `json:"taskDefinitionArn"`
		PreviousTaskDefinitionARN string           `json:"previousTaskDefinitionArn"`
		DeploymentID              string           `json:"deploymentId"`
		Images                    []imageDocument  `json:"images"`
		Desired                   int              `json:"desired"`
		Running                   int              `json:"running"`
		Failed                    int              `json:"failed"`
		Timings                   []timingDocument `json:"timings"`
		ConsoleURL                string           `json:"consoleUrl"`
		ServiceURL                string           `json:"serviceUrl,omitempty"`
	}
	gateDocument struct {
		Gate string `json:"gate"`
		Wave int    `json:"wave"`
		outcomeDocument
	}
	onceDocument struct {
		outcomeDocument
		Evidence     []string       `json:"evidence"`
		StoppedTasks []taskDocument `json:"stoppedTasks"`
		TaskARNs     []string       `json:"taskArns"`
		ExitCode     *int           `json:"exitCode"`
	}
	outcomeDocument struct {
		Outcome   rollout.Outcome `json:"outcome"`
		Reason    string          `json:"reason"`
		Cause     string          `json:"cause"`
		CauseText string          `json:"causeText"`
		NextStep  string          `json:"nextStep"`
	}
	taskDocument struct {
		ID        string `json:"id"`
		Container string `json:"container"`
		ExitCode  *int   `json:"exitCode"`
		Reason    string `json:"reason"`
	}
	imageDocument struct {
		Container string `json:"container"`
		From      string `json:"from"`
		To        string `json:"to"`
	}
)

func resultOf(result rollout.Result, took *timeline) resultDocument {
	document := resultDocument{
		outcomeDocument: outcomeOf(result.Outcome(), explained(result), diagnosisOf(result)),
		DurationSeconds: seconds(result.Duration),
		Services:        []serviceDocument{},
	}
	for _, of := range result.Rollouts {
		service := serviceOf(of)
		service.Timings = took.timingsOf(of)
		if of.Verdict.Ending == rollout.EndedUntouched { // for the same cause as the run
			service.Cause, service.NextStep = document.Cause, document.NextStep
		}
		document.Services = append(document.Services, service)
	}
	for _, once := range result.OneOffs {
		if once.Input == beforeInput {
			document.RunBefore = onceOf(once)
		} else {
			document.RunAfter = onceOf(once)
		}
	}
	for _, gate := range result.Gates {
		ended := outcomeOf(gate.Outcome, gateEnded(gate), diagnosisOfGate(gate))
		document.Gates = append(document.Gates, gateDocument{gate.Gate, gate.Wave + 1, ended})
	}
	return document
}

func outcomeOf(outcome rollout.Outcome, reason string, why diagnosis) outcomeDocument {
	return outcomeDocument{
		Outcome: outcome, Reason: reason, Cause: why.Cause, CauseText: why.Text, NextStep: why.NextStep,
	}
}

func serviceOf(of *rollout.Rollout) serviceDocument {
	given, images := of.Deployed(), []imageDocument{}
	for _, image := range given.Images {
		images = append(images, imageDocument(image))
	}
	return serviceDocument{
		Account: rollout.Account(of.Service.ARN), Region: of.Service.Region,
		Cluster: of.Service.Cluster, Service: of.Service.Name, Wave: of.Wave + 1,
		Daemon:          of.Service.ManagedDaemon,
		outcomeDocument: outcomeOf(of.Verdict.Outcome, explainedReason(of), diagnosisOfRollout(of)),
		Evidence:        wordsOfAWS(of.Findings, of.Verdict.Said, of.Log.Says), StoppedTasks: tasksOf(of.Failures),
		TaskDefinitionARN: given.Revision.ARN, PreviousTaskDefinitionARN: given.Previous.ARN,
		DeploymentID: of.Deployment.ID, Images: images,
		Desired: desired(of), Running: of.Deployment.Running, Failed: of.Deployment.Failed,
		ConsoleURL: of.Service.URL, ServiceURL: of.ServiceURL,
	}
}

func onceOf(once rollout.OneOffResult) *onceDocument {
	return &onceDocument{
		outcomeDocument: outcomeOf(once.Verdict.Outcome, onceEnded(once.Verdict), diagnosisOfOnce(once)),
		Evidence:        wordsOfAWS(once.Findings, once.Log.Says),
		StoppedTasks:    tasksOf(once.Failures), TaskARNs: append([]string{}, once.Tasks...), ExitCode: once.ExitCode,
	}
}

// tasksOf are the last of the tasks that failed.
func tasksOf(failed []rollout.Task) []taskDocument {
	documents := []taskDocument{}
	for _, task := range failed[max(0, len(failed)-mostTasks):] {
		container, _ := task.Suspect()
		documents = append(documents, taskDocument{
			ID: task.ID, Container: container.Name, ExitCode: container.ExitCode,
			Reason: cmp.Or(container.Reason, task.Reason, string(task.StopCode)),
		})
	}
	return documents
}
