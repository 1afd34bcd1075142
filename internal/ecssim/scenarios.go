package ecssim

import (
	_ "embed"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Scenario is a world, and what will happen in it once someone deploys. In every one the cluster
// "main" runs the service "web", two tasks of revision web:41.
type Scenario struct {
	Name  string
	Story string // what happens, in a line

	breaker   breaker
	behavior  behavior // of every task of a revision that was not there before
	always    bool     // the behavior is that of every revision deployed
	faults    []fault
	acts      []act
	prepare   func(*Sim, *service) // changes the world before the deployer comes
	others    []neighbor
	once      behavior                           // of the tasks of RunTask
	lacking   []string                           // what is not there outside of ECS
	onlyFor   string                             // the platform of all images; empty is Linux on both architectures
	trusts    string                             // the subject that the role deployer lets in; empty is its repository
	keysLast  time.Duration                      // how long after the first UpdateService keys are good; 0 is for ever
	policies  []policy                           // nil: everything is allowed
	elsewhere map[string]func(Scenario) Scenario // how it differs in other regions
	drain     time.Duration                      // the deregistration delay of target groups; 0 is as usual
	lag       Lag
	latency   map[string]time.Duration // how long calls of an operation take; "" is any other
	requested time.Duration            // how long a rollback is only requested; 0 is as usual
	stops     bool                     // a rollback that is requested ends with a stop
	tagged    bool                     // what others register has tags that tell their runs
	past      []time.Duration          // how long the deployments of web took before the one that it runs, newest first

	alarms  []alarm
	gateway *routing       // of the cluster; nil: there is none
	site    func(*Sim) int // the status with which URLs answer; 0, or nil: they do not

	// With and Env are the inputs and the environment of a job that the story is about.
	With, Env map[string]string
}

// neighbor is another service of the cluster, with two tasks of the same image. It has a family of its
// own, whose name is the service's, unless it shares another's.
type neighbor struct {
	name, family string
	cluster      string   // empty: main
	behavior     behavior // of new tasks of its own family
	ownImage     bool     // its image is not web's, but has its name
	team         string   // the value of its tag of that name; empty: it has none
}

const (
	throttle faultKind = iota
	broken             // HTTP 500
	dropped            // the connection ends before anything was done
	lost               // the connection ends after all was done
	denied
	unreachable // the identity provider, for STS
)

// Denying is the scenario with a policy that does not allow these operations.
func (c Scenario) Denying(operations ...string) Scenario {
	c.faults = slices.Clone(c.faults)
	for _, operation := range operations {
		c.faults = append(c.faults, fault{operation: operation, kind: denied})
	}
	return c
}

// well is how a task fares when nothing is wrong: from start to healthy in just under a minute, as
// in a recorded Fargate roll-out behind a load balancer [SEEN].
var well = behavior{
	provision: 12 * time.Second,
	pull:      16 * time.Second,
	activate:  6 * time.Second,
	healthy:   20 * time.Second,
}

// tagMoved is the same, and the tag of the image is moved when one task has pulled it.
var tagMoved = behavior{
	provision: well.provision, pull: well.pull, activate: well.activate, healthy: well.healthy, moved: true,
}

const endlessTimeout = 1000 * time.Hour

// stuckPulling is how a task fares whose image never comes.
var stuckPulling = behavior{provision: 12 * time.Second, pull: endlessTimeout}

// neverHealthy is how a task fares that runs, and whose health checks never pass.
var neverHealthy = behavior{
	provision: well.provision,
	pull:      well.pull,
	activate:  well.activate,
	healthy:   endlessTimeout,
	log: []string{
		"2026-11-09T03:00:41.112Z info  starting web v2, listening on 0.0.0.0:8080",
		"2026-11-09T03:00:52.020Z error GET /health: cache.internal:6379: connection refused",
		"2026-11-09T03:01:02.021Z error GET /health: cache.internal:6379: connection refused",
	},
}

func (b behavior) but(f fate) behavior {
	b.fate = &f
	return b
}

func (b behavior) judgedAfter(d time.Duration) behavior {
	b.judged = d
	return b
}

func (b behavior) writing(lines ...string) behavior {
	b.log = lines
	return b
}

func exit(code int) *int { return &code }

// rolling is the circuit breaker as most services have it.
var rolling = breaker{Enable: true, Rollback: true}

// The texts of the reasons are [SEEN], but for the names in braces.
var (
	crashes = well.but(fate{
		in: "RUNNING", after: 8 * time.Second, stopCode: "EssentialContainerExited",
		stoppedReason: "Essential container in task exited", exitCode: exit(1),
	}).writing(
		"2026-11-09T03:00:41.112Z info  starting web v2",
		"2026-11-09T03:00:41.560Z info  connecting to the database",
		"2026-11-09T03:00:46.571Z error could not connect: password authentication failed for user \"web\"",
		"2026-11-09T03:00:46.572Z fatal giving up",
	)
	runsOutOfMemory = well.but(fate{
		in: "RUNNING", after: 15 * time.Second, stopCode: "EssentialContainerExited",
		stoppedReason: "Essential container in task exited", exitCode: exit(137),
		containerReason: "OutOfMemoryError: Container killed due to memory usage",
	})
	cannotPull = well.but(fate{
		in: "PENDING", after: 14 * time.Second, stopCode: "TaskFailedToStart",
		stoppedReason: "CannotPullContainerError: pull image manifest has been retried 7 time(s): failed to resolve ref " +
			"{image}: {image}: not found",
		event: "was unable to place a task. Reason: CannotPullContainerError: pull image manifest has been " +
			"retried 7 time(s): failed to resolve ref {image}: {image}: not found.",
	})
	failsHealthChecks = neverHealthy.but(
		fate{
			in: "RUNNING", after: 55 * time.Second, stopCode: "ServiceSchedulerInitiated", drains: true,
			stoppedReason: "Task failed ELB health checks in (target-group {targets})",
			event: "(task {task}) (port 8080) is unhealthy in (target-group {targets}) due to (reason Health checks " +
				"failed with these codes: [502]).",
		},
	)
)

// scenarios are all there are, by name.
var scenarios = slices.Concat(
	rollingScenarios,
	stagedScenarios,
	codeDeployScenarios,
	expressScenarios,
	gatewayScenarios,
	daemonScenarios,
	otherScenarios,
)

// asItIs is a deployment group as the ECS console makes it, and byHand one whose traffic is moved by hand.
func asItIs(*codeDeploy)   {}
func byHand(g *codeDeploy) { g.ready = time.Hour }

// migrate is the input of a task that runs before the deployment.
var migrate = map[string]string{"run-before": "bin/migrate --all"}

// deployer is the input, and job the environment of a job that may ask for an identity token.
var (
	deployer = map[string]string{"role-to-assume": "arn:aws:iam::" + account + ":role/deployer"}
	job      = map[string]string{
		"GITHUB_ACTIONS": "true", "GITHUB_REPOSITORY": "acme/shop", "GITHUB_RUN_ID": "1234567890", "GITHUB_RUN_ATTEMPT": "1",
		"ACTIONS_ID_TOKEN_REQUEST_URL":   "https://runner.invalid/idtoken?api-version=2.0",
		"ACTIONS_ID_TOKEN_REQUEST_TOKEN": "simulated-request-token",
	}
)

// Scenarios lists what can be played. They are the caller's own.
func Scenarios() []Scenario {
	var own []Scenario
	for _, scenario := range scenarios {
		scenario.With, scenario.Env = maps.Clone(scenario.With), maps.Clone(scenario.Env)
		own = append(own, scenario)
	}
	return own
}

// Named is the scenario of that name, or the random world of the seed in "world-1". The error names those that there
// are.
func Named(name string) (Scenario, error) {
	if seed, is := strings.CutPrefix(name, randomPrefix); is {
		if n, err := strconv.ParseUint(seed, 10, 64); err == nil {
			return Random(n), nil
		}
	}
	var names []string
	for _, scenario := range Scenarios() {
		if scenario.Name == name {
			return scenario, nil
		}
		names = append(names, scenario.Name)
	}
	return Scenario{}, fmt.Errorf("no scenario is called %q: there are %s", name, strings.Join(names, ", "))
}
