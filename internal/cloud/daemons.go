package cloud

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"ecs-deploy/internal/rollout"
)

// perDescribeDaemons is how many daemon deployments, or revisions, one call takes:
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeDaemonDeployments.html.
const perDescribeDaemons = 20

// learned is what a client has learned, and need not ask for again.
type learned struct {
	mu        sync.Mutex
	caller    string                          // the ARN of who calls
	revisions map[string]types.DaemonRevision // of daemons, by their ARNs
	untagged  bool                            // the tags of task definitions cannot be read
}

// daemonARN is the ARN of a daemon, which no call takes by its name.
func (c *Client) daemonARN(ctx context.Context, cluster, name string) (string, error) {
	prefix, err := c.arnPrefix(ctx, cluster)
	return prefix + "daemon/" + rollout.LastSegment(cluster) + "/" + rollout.LastSegment(name), err
}

// arnPrefix is what the ARNs begin with of what is in a cluster. The account is that of the cluster, where its ARN is
// given, or that of the caller.
func (c *Client) arnPrefix(ctx context.Context, cluster string) (string, error) {
	of := cluster
	if !strings.HasPrefix(cluster, "arn:") {
		var err error
		if of, err = c.caller(ctx); err != nil {
			return "", err
		}
	}
	partition := strings.SplitN(of, ":", 3)
	if len(partition) < 3 {
		return "", &rollout.Problem{Kind: rollout.Refused, What: "sts:GetCallerIdentity: the answer names no account"}
	}
	return fmt.Sprintf("arn:%s:ecs:%s:%s:", partition[1], c.place.Region, rollout.Account(of)), nil
}

// caller is the ARN of whoever calls, which is asked for once.
func (c *Client) caller(ctx context.Context) (string, error) {
	c.learned.mu.Lock()
	known := c.learned.caller
	c.learned.mu.Unlock()
	if known != "" {
		return known, nil
	}
	return c.askCaller(ctx)
}

// askCaller asks AWS for it, and remembers it.
func (c *Client) askCaller(ctx context.Context) (string, error) {
	caller, err := sts.NewFromConfig(c.config).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return "", c.problem(ctx, err, "sts:GetCallerIdentity", "the credentials")
	}
	c.learned.mu.Lock()
	defer c.learned.mu.Unlock()
	c.learned.caller = deref(caller.Arn)
	return c.learned.caller, nil
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

// asDeployed is a managed daemon with what its newest deployment tells: the revision that it is taken to run, and on
// how many instances it is.
func (c *Client) asDeployed(ctx context.Context, service rollout.Service) (rollout.Service, error) {
	last, err := c.lastDeployment(ctx, service)
	runs := last.Runs()
	if err != nil || runs.TaskDefinition == "" {
		return service, err
	}
	service.LastDeployment = &last
	primary := rollout.Deployment{
		ID: rollout.LastSegment(runs.ARN), ARN: runs.ARN, TaskDefinition: runs.TaskDefinition, Running: runs.Running,
		Created: last.Created,
	}
	var others []rollout.Deployment
	for _, d := range service.Deployments {
		if d.ARN == runs.ARN {
			primary = d
			continue
		}
		d.Status = rollout.DeploymentActive
		others = append(others, d)
	}
	primary.Status = rollout.DeploymentPrimary
	service.Deployments = append([]rollout.Deployment{primary}, others...)
	service.TaskDefinition = runs.TaskDefinition
	if !last.Status.Over() {
		service.Desired = max(service.Desired, last.Instances())
	}
	return service, nil
}

// lastDeployment reads the newest deployment of a managed daemon, unless it was read with it. The zero one is none.
func (c *Client) lastDeployment(ctx context.Context, service rollout.Service) (rollout.DaemonDeployment, error) {
	switch {
	case service.LastDeployment != nil:
		return *service.LastDeployment, nil
	case service.Latest == "":
		return rollout.DaemonDeployment{}, nil
	}
	found, err := c.daemonDeployments(ctx, service.Latest)
	return found[service.Latest], err
}

// daemonRevisions reads revisions of daemons, each once: they do not change.
func (c *Client) daemonRevisions(ctx context.Context, arns ...string) (map[string]types.DaemonRevision, error) {
	known := map[string]types.DaemonRevision{}
	c.learned.mu.Lock()
	maps.Copy(known, c.learned.revisions)
	c.learned.mu.Unlock()
	missing := slices.DeleteFunc(slices.Clone(arns), func(arn string) bool {
		_, is := known[arn]
		return is || arn == ""
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
			known[deref(revision.DaemonRevisionArn)] = revision
		}
	}
	c.learned.mu.Lock()
	defer c.learned.mu.Unlock()
	if c.learned.revisions == nil {
		c.learned.revisions = map[string]types.DaemonRevision{}
	}
	maps.Copy(c.learned.revisions, known)
	return known, nil
}

// daemonDefinitions are the ARNs of the task definitions of revisions of daemons, by theirs.
func (c *Client) daemonDefinitions(ctx context.Context, arns ...string) (map[string]string, error) {
	revisions, err := c.daemonRevisions(ctx, arns...)
	definitions := map[string]string{}
	for arn, revision := range revisions {
		definitions[arn] = deref(revision.DaemonTaskDefinitionArn)
	}
	return definitions, err
}

// daemons reads managed daemons of one cluster. Those that are not there are missing from the answer.
func (c *Client) daemons(ctx context.Context, cluster string, names ...string) ([]rollout.Service, error) {
	if _, err := c.arnPrefix(ctx, cluster); err != nil { // which asks who calls, once for all
		return nil, err
	}
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
	prefix, err := c.arnPrefix(ctx, cluster)
	if err != nil {
		return nil, err
	}
	arn := prefix + "cluster/" + rollout.LastSegment(cluster)
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
