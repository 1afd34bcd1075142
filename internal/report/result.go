package report

import (
	"cmp"
	"ecs-deploy/internal/rollout"
)

// The output "result".
type (
	resultDocument struct {
		Outcome         rollout.Outcome   `json:"outcome"`
		Reason          string            `json:"reason"`
		Cause           string            `json:"cause"`
		CauseText       string            `json:"causeText"`
		NextStep        string            `json:"nextStep"`
		DurationSeconds int               `json:"durationSeconds"`
		Services        []serviceDocument `json:"services"`
		RunBefore       *onceDocument     `json:"runBefore,omitempty"`
		RunAfter        *onceDocument     `json:"runAfter,omitempty"`
	}
	serviceDocument struct {
		Cluster                   string          `json:"cluster"`
		Service                   string          `json:"service"`
		Outcome                   rollout.Outcome `json:"outcome"`
		Reason                    string          `json:"reason"`
		Cause                     string          `json:"cause"`
		CauseText                 string          `json:"causeText"`
		NextStep                  string          `json:"nextStep"`
		Evidence                  []string        `json:"evidence"`
		StoppedTasks              []taskDocument  `json:"stoppedTasks"`
		TaskDefinitionARN         string          `json:"taskDefinitionArn"`
		PreviousTaskDefinitionARN string          `json:"previousTaskDefinitionArn"`
		DeploymentID              string          `json:"deploymentId"`
		Images                    []imageDocument `json:"images"`
		Desired                   int             `json:"desired"`
		Running                   int             `json:"running"`
		Failed                    int             `json:"failed"`
		ConsoleURL                string          `json:"consoleUrl"`
	}
	onceDocument struct {
		Outcome      rollout.Outcome `json:"outcome"`
		Reason       string          `json:"reason"`
		Cause        string          `json:"cause"`
		CauseText    string          `json:"causeText"`
		NextStep     string          `json:"nextStep"`
		StoppedTasks []taskDocument  `json:"stoppedTasks"`
		TaskARNs     []string        `json:"taskArns"`
		ExitCode     *int            `json:"exitCode"`
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

func resultOf(result rollout.Result) resultDocument {
	diagnosis := diagnosisOf(result)
	document := resultDocument{
		Outcome: result.Outcome(), Reason: explained(result), DurationSeconds: seconds(result.Duration),
		Cause: diagnosis.Cause, CauseText: diagnosis.Text, NextStep: diagnosis.NextStep,
		Services: []serviceDocument{},
	}
	for _, of := range result.Rollouts {
		document.Services = append(document.Services, serviceOf(of))
	}
	for _, once := range result.OneOffs {
		if once.Input == beforeInput {
			document.RunBefore = onceOf(once)
		} else {
			document.RunAfter = onceOf(once)
		}
	}
	return document
}

func serviceOf(of *rollout.Rollout) serviceDocument {
	diagnosis := diagnosisOfRollout(of)
	given, images := of.Deployed(), []imageDocument{}
	for _, image := range given.Images {
		images = append(images, imageDocument(image))
	}
	return serviceDocument{
		Cluster: of.Service.Cluster, Service: of.Service.Name,
		Outcome: of.Verdict.Outcome, Reason: explainedReason(of),
		Cause: diagnosis.Cause, CauseText: diagnosis.Text, NextStep: diagnosis.NextStep,
		Evidence: wordsOfAWS(of), StoppedTasks: tasksOf(of.Failures),
		TaskDefinitionARN: given.Revision.ARN, PreviousTaskDefinitionARN: given.Previous.ARN,
		DeploymentID: of.Deployment.ID, Images: images,
		Desired: of.Service.Desired, Running: of.Deployment.Running, Failed: of.Deployment.Failed,
		ConsoleURL: of.Service.URL,
	}
}

func onceOf(once rollout.OneOffResult) *onceDocument {
	diagnosis := diagnosisOfOnce(once)
	return &onceDocument{
		Outcome: once.Verdict.Outcome, Reason: onceEnded(once.Verdict),
		Cause: diagnosis.Cause, CauseText: diagnosis.Text, NextStep: diagnosis.NextStep,
		StoppedTasks: tasksOf(once.Failures), TaskARNs: append([]string{}, once.Tasks...), ExitCode: once.ExitCode,
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
