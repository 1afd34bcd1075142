package cloud

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"ecs-deploy/internal/rollout"
)

// perDescribeDaemons is how many daemon deployments, or revisions, one call takes:
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeDaemonDeployments.html.
const perDescribeDaemons = 20

// constants is what is read once: it does not change.
type constants struct {
	mu        sync.Mutex
	caller    string                          // the ARN of who calls
	revisions map[string]types.DaemonRevision // of daemons, by their ARNs
	untagged  bool                            // the tags of task definitions cannot be read
}

// daemonARN is the ARN of a daemon, which no call takes by its name. The account is that of the cluster, where its ARN
// is given, or that of the caller.
func (c *Client) daemonARN(ctx context.Context, cluster, name string) (string, error) {
	of := cluster
	if !strings.HasPrefix(cluster, "arn:") {
		c.constants.mu.Lock()
		defer c.constants.mu.Unlock()
		if c.constants.caller == "" {
			caller, err := sts.NewFromConfig(c.config).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
			if err != nil {
				return "", c.problem(ctx, err, "sts:GetCallerIdentity", "the credentials")
			}
			c.constants.caller = deref(caller.Arn)
		}
		of = c.constants.caller
	}
	partition := strings.SplitN(of, ":", 3)
	if len(partition) < 3 {
		return "", &rollout.Problem{Kind: rollout.Refused, What: "sts:GetCallerIdentity: the answer names no account"}
	}
	return fmt.Sprintf("arn:%s:ecs:%s:%s:daemon/%s/%s",
		partition[1], c.place.Region, rollout.Account(of), rollout.LastSegment(cluster), rollout.LastSegment(name)), nil
}

// daemon reads a managed daemon in the shape of a service. It tells false if there is none of that name.
func (c *Client) daemon(ctx context.Context, cluster, name string) (rollout.Service, bool, error) {
	const action = "ecs:DescribeDaemon"
	resource := "daemon " + rollout.LastSegment(name)
	arn, err := c.daemonARN(ctx, cluster, name)
	if err != nil {
		return rollout.Service{}, false, err
	}
	out, err := c.ecs.DescribeDaemon(ctx, &ecs.DescribeDaemonInput{DaemonArn: &arn})
	if code(err) == "DaemonNotFoundException" {
		return rollout.Service{}, false, nil
	}
	if err == nil && (out.Daemon == nil || out.Daemon.DaemonArn == nil) {
		err = errNoAnswer
	}
	if err != nil {
		return rollout.Service{}, false, c.inCluster(ctx, err, cluster, action, resource)
	}
	service, err := c.daemonService(ctx, *out.Daemon)
	return service, err == nil, err
}

// daemonService is a managed daemon as a service: its revisions are its deployments, and its instances its tasks.
func (c *Client) daemonService(ctx context.Context, d types.DaemonDetail) (rollout.Service, error) {
	arn := deref(d.DaemonArn)
	service := rollout.Service{
		ServiceKey: rollout.ServiceKey{
			Place: c.place, Cluster: rollout.LastSegment(deref(d.ClusterArn)), Name: rollout.LastSegment(arn),
			ManagedDaemon: true,
		},
		ARN:        arn,
		Status:     rollout.ServiceStatus(d.Status),
		Controller: rollout.ControlledByDaemon,
		Daemon:     true,
		Breaker:    rollout.Monitor{On: true, RollsBack: true},
		Alarms:     rollout.Monitor{RollsBack: true},
		Latest:     deref(d.DeploymentArn),
	}
	service.URL = clusterURL(service)
	var arns []string
	for _, revision := range d.CurrentRevisions {
		arns = append(arns, deref(revision.Arn))
	}
	read, err := c.daemonRevisions(ctx, arns...)
	if err != nil {
		return service, err
	}
	for _, revision := range d.CurrentRevisions {
		its := deref(revision.Arn)
		service.Desired += int(revision.TotalRunningCount + revision.TotalWithoutDaemonCount)
		service.Deployments = append(service.Deployments, rollout.Deployment{
			ID: rollout.LastSegment(its), ARN: its, TaskDefinition: deref(read[its].DaemonTaskDefinitionArn),
			Running: int(revision.TotalRunningCount), Created: deref(read[its].CreatedAt), Updated: deref(d.UpdatedAt),
		})
		for _, provider := range revision.CapacityProviders {
			share := rollout.Share{Provider: deref(provider.Arn)}
			if share.Provider != "" && !slices.Contains(service.Placement.Capacity, share) {
				service.Placement.Capacity = append(service.Placement.Capacity, share)
			}
		}
	}
	slices.SortStableFunc(
		service.Deployments,
		func(a, b rollout.Deployment) int {
			return cmp.Or(cmp.Compare(b.Running, a.Running), b.Created.Compare(a.Created))
		},
	)
	if len(service.Deployments) > 0 {
		service.Deployments[0].Status = rollout.DeploymentPrimary
		service.TaskDefinition = service.Deployments[0].TaskDefinition
	}
	return service, nil
}

// daemonRevisions reads revisions of daemons, each once: they do not change.
func (c *Client) daemonRevisions(ctx context.Context, arns ...string) (map[string]types.DaemonRevision, error) {
	c.constants.mu.Lock()
	defer c.constants.mu.Unlock()
	missing := slices.DeleteFunc(slices.Clone(arns), func(arn string) bool {
		_, known := c.constants.revisions[arn]
		return known || arn == ""
	})
	slices.Sort(missing)
	for batch := range slices.Chunk(slices.Compact(missing), perDescribeDaemons) {
		out, err := c.ecs.DescribeDaemonRevisions(ctx, &ecs.DescribeDaemonRevisionsInput{DaemonRevisionArns: batch})
		if err != nil {
			return nil, c.problem(
				ctx, err, "ecs:DescribeDaemonRevisions", "daemon revision "+rollout.LastSegment(batch[0]),
			)
		}
		for _, revision := range out.DaemonRevisions {
			if c.constants.revisions == nil {
				c.constants.revisions = map[string]types.DaemonRevision{}
			}
			c.constants.revisions[deref(revision.DaemonRevisionArn)] = revision
		}
	}
	return maps.Clone(c.constants.revisions), nil
}

// daemons reads managed daemons of one cluster. Those that are not there are missing from the answer.
func (c *Client) daemons(ctx context.Context, cluster string, names ...string) ([]rollout.Service, error) {
	read := make([]*rollout.Service, len(names))
	err := Each(ctx, names, func(ctx context.Context, i int, name string) error {
		service, there, err := c.daemon(ctx, cluster, name)
		if there {
			read[i] = &service
		}
		return err
	})
	var found []rollout.Service
	for _, service := range read {
		if service != nil {
			found = append(found, *service)
		}
	}
	return found, err
}

// daemonNames lists the names of up to 100 daemons of a cluster.
func (c *Client) daemonNames(ctx context.Context, cluster string) ([]string, error) {
	arn, err := c.daemonARN(ctx, cluster, "")
	if err != nil {
		return nil, err
	}
	arn = strings.TrimSuffix(strings.Replace(arn, ":daemon/", ":cluster/", 1), "/")
	out, err := c.ecs.ListDaemons(ctx, &ecs.ListDaemonsInput{ClusterArn: &arn})
	if err != nil {
		return nil, c.problem(ctx, err, "ecs:ListDaemons", "cluster "+rollout.LastSegment(cluster))
	}
	var names []string
	for _, daemon := range out.DaemonSummariesList {
		names = append(names, rollout.LastSegment(deref(daemon.DaemonArn)))
	}
	slices.Sort(names)
	return names, nil
}

// missingDaemon says where daemons were searched, and what is there instead.
func (c *Client) missingDaemon(ctx context.Context, cluster string, absent []string) error {
	p := &rollout.Problem{
		Kind: rollout.BadInput, Short: "no such daemon", Next: "Check daemon, cluster and region.",
		What: fmt.Sprintf("daemon %s does not exist in cluster %s in %s",
			strings.Join(absent, ", "), rollout.LastSegment(cluster), c.place.Region),
	}
	names, err := c.daemonNames(ctx, cluster)
	switch {
	case err == nil && len(names) > 0:
		p.Next = "Its daemons are " + strings.Join(names, ", ") + "."
	case err == nil:
		p.Next = "That cluster has no managed daemons: check cluster and region. A service with the scheduling strategy " +
			"DAEMON is given as service."
	}
	return p
}

// isDaemon tells of a name of which there is no service whether it is that of a managed daemon.
func (c *Client) isDaemon(ctx context.Context, cluster, name string) bool {
	_, there, err := c.daemon(ctx, cluster, name)
	return there && err == nil
}

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
	CreatedAt, StartedAt              epoch
	FinishedAt, StoppedAt             epoch
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
}

// epoch is a time as this protocol has it: seconds, with a fraction.
type epoch struct{ time.Time }

func (e *epoch) UnmarshalJSON(text []byte) error {
	var seconds float64
	if err := json.Unmarshal(text, &seconds); err != nil {
		return err
	}
	e.Time = time.UnixMilli(int64(seconds * 1000))
	return nil
}

func (c *Client) daemonDeployment(ctx context.Context, d toldDaemonDeployment) (rollout.DaemonDeployment, error) {
	arns := []string{d.TargetDaemonRevision.Arn, d.Rollback.RollbackTargetDaemonRevisionArn}
	for _, source := range d.SourceDaemonRevisions {
		arns = append(arns, source.Arn)
	}
	revisions, err := c.daemonRevisions(ctx, arns...)
	if err != nil {
		return rollout.DaemonDeployment{}, err
	}
	definition := func(revision string) string { return deref(revisions[revision].DaemonTaskDefinitionArn) }
	told := func(r toldDaemonRevision) rollout.DaemonRevision {
		return rollout.DaemonRevision{
			ARN: r.Arn, TaskDefinition: definition(r.Arn), Running: r.TotalRunningInstanceCount,
			Draining: r.TotalDrainingInstanceCount, Without: r.TotalWithoutDaemonInstanceCount,
		}
	}
	deployment := rollout.DaemonDeployment{
		ARN: d.DaemonDeploymentArn, Status: d.Status, Reason: d.StatusReason,
		Created: d.CreatedAt.Time, Started: d.StartedAt.Time, Finished: d.FinishedAt.Time,
		Target: told(d.TargetDaemonRevision),
		Breaker: rollout.BreakerCount{
			Status: d.CircuitBreaker.Status, Failures: d.CircuitBreaker.FailureCount, Threshold: d.CircuitBreaker.Threshold,
		},
		Alarms: d.Alarms.TriggeredAlarmNames, Back: d.Rollback.Reason,
		WentTo: definition(d.Rollback.RollbackTargetDaemonRevisionArn), Configuration: d.DeploymentConfiguration,
	}
	if deployment.Finished.IsZero() {
		deployment.Finished = d.StoppedAt.Time
	}
	for _, source := range d.SourceDaemonRevisions {
		deployment.Sources = append(deployment.Sources, told(source))
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
