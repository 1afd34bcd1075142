package cloud

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ecs"

	"ecs-deploy/internal/rollout"
)

// daemonDeployments reads deployments of daemons, by their ARNs.
func (c *Client) daemonDeployments(
	ctx context.Context, arns ...string,
) (map[string]rollout.DaemonDeployment, error) {
	found := map[string]rollout.DaemonDeployment{}
	for batch := range slices.Chunk(arns, perDescribeDaemons) {
		resource := "daemon deployment " + rollout.LastSegment(batch[0])
		var answer []byte
		_, err := c.ecs.DescribeDaemonDeployments(
			ctx, &ecs.DescribeDaemonDeploymentsInput{DaemonDeploymentArns: batch}, withMiddleware(takeAnswer(&answer)),
		)
		var told struct{ DaemonDeployments []toldDaemonDeployment }
		if err == nil {
			err = json.Unmarshal(answer, &told)
		}
		if err != nil {
			return nil, c.problem(ctx, err, "ecs:DescribeDaemonDeployments", resource)
		}
		for _, d := range told.DaemonDeployments {
			if found[d.DaemonDeploymentArn], err = c.daemonDeployment(ctx, d); err != nil {
				return nil, err
			}
		}
	}
	return found, nil
}

// toldDaemonDeployment is a deployment of a daemon as AWS tells it
// (https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DaemonDeployment.html). How the daemon is deployed is
// kept as it is, to be sent back.
type toldDaemonDeployment struct {
	DaemonDeploymentArn, StatusReason string
	Status                            rollout.DaemonDeploymentStatus
	CreatedAt, FinishedAt, StoppedAt  epoch
	TargetDaemonRevision              toldDaemonRevision
	SourceDaemonRevisions             []toldDaemonRevision
	CircuitBreaker                    struct {
		Status                  rollout.MonitorStatus
		FailureCount, Threshold int
	}
	Alarms                  struct{ TriggeredAlarmNames []string }
	Rollback                struct{ Reason, RollbackTargetDaemonRevisionArn string }
	DeploymentConfiguration json.RawMessage
}

type toldDaemonRevision struct {
	Arn                             string
	TotalRunningInstanceCount       int
	TotalDrainingInstanceCount      int
	TotalWithoutDaemonInstanceCount int
	CapacityProviders               []struct{ Arn string }
}

// epoch is a time as this protocol has it: seconds, with a fraction.
type epoch struct{ time.Time }

func (e *epoch) UnmarshalJSON(text []byte) error {
	var seconds *float64
	if err := json.Unmarshal(text, &seconds); err != nil || seconds == nil {
		return err
	}
	e.Time = time.UnixMilli(int64(*seconds * 1000))
	return nil
}

func (c *Client) daemonDeployment(ctx context.Context, d toldDaemonDeployment) (rollout.DaemonDeployment, error) {
	arns := []string{d.TargetDaemonRevision.Arn, d.Rollback.RollbackTargetDaemonRevisionArn}
	for _, source := range d.SourceDaemonRevisions {
		arns = append(arns, source.Arn)
	}
	definitions, err := c.daemonDefinitions(ctx, arns...)
	if err != nil {
		return rollout.DaemonDeployment{}, err
	}
	told := func(r toldDaemonRevision) rollout.DaemonRevision {
		its := rollout.DaemonRevision{
			ARN: r.Arn, TaskDefinition: definitions[r.Arn], Running: r.TotalRunningInstanceCount,
			Draining: r.TotalDrainingInstanceCount, Without: r.TotalWithoutDaemonInstanceCount,
		}
		for _, provider := range r.CapacityProviders {
			its.Providers = append(its.Providers, provider.Arn)
		}
		return its
	}
	deployment := rollout.DaemonDeployment{
		ARN: d.DaemonDeploymentArn, Status: d.Status, Reason: d.StatusReason,
		Created: d.CreatedAt.Time, Finished: d.FinishedAt.Time,
		Target: told(d.TargetDaemonRevision),
		Breaker: rollout.BreakerCount{
			Status: d.CircuitBreaker.Status, Failures: d.CircuitBreaker.FailureCount, Threshold: d.CircuitBreaker.Threshold,
		},
		Alarms: d.Alarms.TriggeredAlarmNames, Back: d.Rollback.Reason,
		WentTo: d.Rollback.RollbackTargetDaemonRevisionArn,
	}
	if string(d.DeploymentConfiguration) != "null" {
		deployment.Configuration = d.DeploymentConfiguration
	}
	if deployment.Finished.IsZero() {
		deployment.Finished = d.StoppedAt.Time
	}
	for _, source := range d.SourceDaemonRevisions {
		deployment.Sources = append(deployment.Sources, told(source))
	}
	back := func(r rollout.DaemonRevision) bool { return r.ARN == deployment.WentTo }
	if deployment.WentTo != "" && !slices.ContainsFunc(deployment.Sources, back) {
		its := toldDaemonRevision{Arn: deployment.WentTo}
		deployment.Sources = append(deployment.Sources, told(its))
	}
	var configuration struct {
		DrainPercent      float64
		BakeTimeInMinutes int
	}
	if json.Unmarshal(d.DeploymentConfiguration, &configuration) == nil {
		deployment.Drains = configuration.DrainPercent
		deployment.Bake = time.Duration(configuration.BakeTimeInMinutes) * time.Minute
	}
	return deployment, nil
}

// daemonNotes tell of the newest deployment of a managed daemon what the service itself tells of others: that it is
// under way, or failed and was not rolled back.
func daemonNotes(running rollout.SurveyedService, whenBusy rollout.WhenBusy) []rollout.Note {
	its, is := running.Own.(rollout.ManagedDaemon)
	if !is || its.Last.Status == "" {
		return nil
	}
	note := rollout.Note{
		Service: running.Service.Name,
		Failed:  rollout.RevisionID(its.Last.Target.TaskDefinition),
		Runs:    running.Revision.ID(),
	}
	switch its.Last.Status {
	case rollout.DaemonDeploymentSuccessful, rollout.DaemonDeploymentRollbackSuccessful:
		return nil
	case rollout.DaemonDeploymentStopped, rollout.DaemonDeploymentRollbackFailed:
		note.About = rollout.NoteLastFailed
	default:
		note = rollout.Note{
			About: rollout.NoteUnderway, Service: running.Service.Name, Underway: its.Last.Listed(), WhenBusy: whenBusy,
		}
	}
	return []rollout.Note{note}
}
