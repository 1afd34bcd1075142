// Package ecssim is an ECS that lives in memory and speaks the AWS wire protocol.
//
// It is a product of its own, with one code for all its uses: the tests drive it in virtual time
// as an SDK's HTTP client, the demo and rehearsals run the action against it, and behind a port
// (see the command in serve) it answers awscli and other deployers.
//
// A simulator is worth what its claims are worth. What it does because AWS documents it, or because
// it was seen in recorded answers of the real service, says so with a source; what nobody could
// look up says "unverified". Short marks in the comments:
//
//	[API]  the ECS API reference, https://docs.aws.amazon.com/AmazonECS/latest/APIReference/
//	[GUIDE] the ECS developer guide, https://docs.aws.amazon.com/AmazonECS/latest/developerguide/
//	[SDK]  the documentation in github.com/aws/aws-sdk-go-v2/service/ecs v1.104
//	[SEEN] verbatim in recorded output of the real service, found in public repositories
//
// The simulated world is driven by the clock: every request first lets the world catch up with
// time.Now, a second at a time. There are no goroutines and no sleeping, so it runs as well in a
// testing/synctest bubble, where a rollout of 20 minutes takes a few milliseconds.
package ecssim

import (
	"maps"
	"slices"
	"sync"
	"time"
)

const (
	account = "123456789012"
	region  = "eu-west-1"

	// tickInterval is the step in which the world moves.
	tickInterval = time.Second
)

// Call is one request as it came in.
type Call struct {
	At        time.Time
	Operation string // as in "UpdateService"
	Body      string
	// where it went
	Region, Account string
	serial          int // which one it was, from 1
}

// Sim is one account in one region, and other places beside it, where they are asked for. It is safe for concurrent
// use.
type Sim struct {
	mu        *sync.Mutex // of all places
	scenario  Scenario
	ids       ids // of what is no service's
	requests  ids
	started   time.Time
	pace      float64 // how much faster than the clock the world runs
	now       time.Time
	clusters  []*cluster
	families  map[string]*family
	ofDaemons map[string]*family // of the task definitions of managed daemons, which are of their own kind
	calls     []Call
	recorded  *int                // calls in all places
	seen      map[string]int      // calls by operation
	updated   time.Time           // of the first UpdateService: the deployer's hour zero
	acts      []act               // of the scenario, not yet played
	sessions  map[string]*session // by their access keys
	issued    []string            // identity tokens
	needed    []string            // IAM actions
	clock     time.Time           // to the moment, where now goes in ticks
	levels    map[int]*level      // of the buckets
	throttles int
	unhealthy targetHealth           // what load balancers say of tasks that are not healthy
	runs      map[string]*deployment // of RunTask, by their client tokens
	rules     []*rule
	schedules map[string]document // by group/name
	pasts     []past              // oldest first
	actor     Actor               // who acts now
	here      place
	others    []abroad
	// reads of services and of service deployments, which may be late
	serviceReads, deploymentReads int
}

type cluster struct {
	name     string
	services []*service
	daemons  []*daemon
	once     []*deployment // the tasks of no service, those of one RunTask together
}

func (c *cluster) arn() string { return arn("cluster/" + c.name) }

func arn(resource string) string {
	return "arn:aws:ecs:" + region + ":" + account + ":" + resource
}

// New makes the world of a scenario, as it stands when the deployer arrives.
func New(scenario Scenario) *Sim {
	now := time.Now()
	if !scenario.once.given() {
		scenario.once = migrates
	}
	s := &Sim{
		mu:        &sync.Mutex{},
		recorded:  new(int),
		here:      home,
		unhealthy: mismatch,
		scenario:  scenario,
		ids:       newIDs(scenario.Name),
		requests:  newIDs(scenario.Name + " requests"),
		started:   now,
		pace:      1,
		now:       now,
		families:  map[string]*family{},
		ofDaemons: map[string]*family{},
		seen:      map[string]int{},
		acts:      slices.Clone(scenario.acts),
		sessions:  map[string]*session{},
		levels:    map[int]*level{},
		runs:      map[string]*deployment{},
	}
	s.furnish()
	s.prepared()
	s.actor = Somebody
	return s
}

// SetPace makes the world run that many times as fast as the clock, for those who cannot have
// virtual time. It must be called before the first request.
func (s *Sim) SetPace(times float64) { s.pace = times }

// Finished tells when the newest deployment of each service of a cluster came to its end, by the names of the services:
// what ECS itself has on record.
func (s *Sim) Finished(cluster string) map[string]time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	finished := map[string]time.Time{}
	if c, err := s.findCluster(cluster); err == nil {
		for _, v := range c.services {
			finished[v.name] = v.history[0].finished
		}
	}
	return finished
}

// Begun is how much was ever begun in a cluster, whatever became of it.
type Begun struct {
	Revisions   int // of all families
	Deployments int // of all services and daemons
	Tasks       int // that run once
}

// Begun counts what was begun in a cluster.
func (s *Sim) Begun(cluster string) Begun {
	s.mu.Lock()
	defer s.mu.Unlock()
	var begun Begun
	for _, families := range []map[string]*family{s.families, s.ofDaemons} {
		for _, family := range families {
			begun.Revisions += len(family.revisions)
		}
	}
	c, err := s.findCluster(cluster)
	if err != nil {
		return begun
	}
	for _, d := range c.once {
		begun.Tasks += len(d.tasks)
	}
	for _, d := range c.daemons {
		begun.Deployments += len(d.history)
	}
	for _, v := range c.services {
		begun.Deployments += len(v.history)
		if v.codeDeploy != nil {
			begun.Deployments += len(v.codeDeploy.deployments) - len(v.history)
		}
	}
	return begun
}

// operations are the JSON calls that the simulator knows, of ECS and of what stands around it. Each gets the body of
// the request and returns what is to be encoded, or an *apiError.
var operations = map[string]func(*Sim, []byte) (any, error){
	"BatchGetImage":                 call((*Sim).batchGetImage),
	"ContinueDeployment":            call((*Sim).continueDeployment),
	"ContinueServiceDeployment":     call((*Sim).continueServiceDeployment),
	"CreateDeployment":              call((*Sim).createDeployment),
	"DeregisterTaskDefinition":      call((*Sim).deregisterTaskDefinition),
	"DescribeDaemon":                call((*Sim).describeDaemon),
	"DescribeDaemonDeployments":     call((*Sim).describeDaemonDeployments),
	"DescribeDaemonRevisions":       call((*Sim).describeDaemonRevisions),
	"DescribeDaemonTaskDefinition":  call((*Sim).describeDaemonTaskDefinition),
	"ListDaemonDeployments":         call((*Sim).listDaemonDeployments),
	"ListDaemons":                   call((*Sim).listDaemons),
	"ListTagsForResource":           call((*Sim).listTagsForResource),
	"RegisterDaemonTaskDefinition":  call((*Sim).registerDaemonTaskDefinition),
	"UpdateDaemon":                  call((*Sim).updateDaemon),
	"DescribeExpressGatewayService": call((*Sim).describeExpressGatewayService),
	"DescribeGatewayRoute":          call((*Sim).describeGatewayRoute),
	"ListGatewayRoutes":             call((*Sim).listGatewayRoutes),
	"DescribeLogGroups":             call((*Sim).describeLogGroups),
	"DescribeParameters":            call((*Sim).describeParameters),
	"DescribeSecret":                call((*Sim).describeSecret),
	"DescribeServiceDeployments":    call((*Sim).describeServiceDeployments),
	"DescribeServiceRevisions":      call((*Sim).describeServiceRevisions),
	"DescribeServices":              call((*Sim).describeServices),
	"DescribeTaskDefinition":        call((*Sim).describeTaskDefinition),
	"DescribeTasks":                 call((*Sim).describeTasks),
	"GetApplicationRevision":        call((*Sim).getApplicationRevision),
	"GetDeployment":                 call((*Sim).getDeployment),
	"GetDeploymentConfig":           call((*Sim).getDeploymentConfig),
	"GetDeploymentGroup":            call((*Sim).getDeploymentGroup),
	"GetDeploymentTarget":           call((*Sim).getDeploymentTarget),
	"GetLogEvents":                  call((*Sim).getLogEvents),
	"ListDeployments":               call((*Sim).listDeployments),
	"ListServiceDeployments":        call((*Sim).listServiceDeployments),
	"ListServices":                  call((*Sim).listServices),
	"ListTaskDefinitions":           call((*Sim).listTaskDefinitions),
	"ListTargetsByRule":             call((*Sim).listTargetsByRule),
	"ListTasks":                     call((*Sim).listTasks),
	"PutTargets":                    call((*Sim).putTargets),
	"RegisterTaskDefinition":        call((*Sim).registerTaskDefinition),
	"RunTask":                       call((*Sim).runTask),
	"StopTask":                      call((*Sim).stopTask),
	"StopDeployment":                call((*Sim).stopDeployment),
	"StopServiceDeployment":         call((*Sim).stopServiceDeployment),
	"UpdateExpressGatewayService":   call((*Sim).updateExpressGatewayService),
	"UpdateService":                 call((*Sim).updateService),
}

// Operations are the operations that the simulator knows, of all services.
func Operations() []string {
	names := []string{"GetSchedule", "UpdateSchedule", "ListTargets"} // which are told by their paths
	names = slices.AppendSeq(slices.AppendSeq(names, maps.Keys(operations)), maps.Keys(queries))
	slices.Sort(names)
	return names
}
