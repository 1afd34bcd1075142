package ecssim

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Scenario is a world, and what will happen in it once somebody deploys. In every one the cluster
// "main" runs the service "web", two tasks of revision web:41.
type Scenario struct {
	Name  string
	Story string // what happens, in a line

	breaker   breaker
	behaviour behaviour // of every task of a revision that was not there before
	always    bool      // the behaviour is that of every revision deployed
	faults    []fault
	acts      []act
	prepare   func(*Sim, *service) // changes the world before the deployer comes
	others    []neighbour
	once      behaviour     // of the tasks of RunTask
	lacking   []string      // what is not there outside of ECS
	onlyFor   string        // the platform of all images; empty is Linux on both architectures
	trusts    string        // the subject that the role deployer lets in; empty is all of its repository
	keysLast  time.Duration // how long after the first UpdateService keys are good; 0 is for ever
	policies  []policy      // nil: everything is allowed

	// With and Env are the inputs and the environment of a job that the story is about.
	With, Env map[string]string
}

// neighbour is another service of the cluster, with two tasks of the same image. It has a family of its
// own, whose name is the service's, unless it shares another's.
type neighbour struct {
	name, family string
	behaviour    behaviour // of new tasks of its own family
}

// act is something that somebody else does, so long after the first UpdateService.
type act struct {
	after time.Duration
	do    func(*Sim)
}

// fault spoils calls.
type fault struct {
	operation string        // "" is any
	after     time.Duration // since the first UpdateService; 0 is always
	first     int           // the first call of the operation that is spoilt, from 1; 0 is all
	every     int           // every how many from there; 0 is only that one
	kind      faultKind
}

type faultKind int

const (
	throttle faultKind = iota
	broken             // HTTP 500
	dropped            // the connection ends before anything was done
	lost               // the connection ends after all was done
	denied
	unreachable // the identity provider, for STS
)

// refuses tells whether the fault keeps the call from having an effect.
func (f *fault) refuses() bool { return f != nil && f.kind != lost }

func (f *fault) reply() reply {
	if err := f.err(); err != nil {
		return failure(err)
	}
	return reply{dropped: true}
}

func (f *fault) replyXML() reply {
	if err := f.err(); err != nil {
		return failureXML(inXML(err))
	}
	return reply{dropped: true}
}

// err is what is answered, or nil if nothing is.
func (f *fault) err() error {
	switch f.kind {
	case throttle: // [GUIDE: request-throttling]
		return clientError("ThrottlingException", "Rate exceeded")
	case broken: // text unverified
		return &apiError{http.StatusInternalServerError, "ServerException", "Service Unavailable. Please try again later."}
	case denied:
		switch of, ok := otherServices[f.operation]; {
		case of == "elasticloadbalancing:", of == "iam:":
			return clientError("AccessDeniedException", "%s", denial(of+f.operation, "*"))
		case ok:
			return clientError("AccessDeniedException", "%s", denial(of+f.operation, "arn:aws:"+of+region+":"+account+":*"))
		}
		return clientError("AccessDeniedException", "%s", denial("ecs:"+f.operation, arn("service/main/web")))
	case unreachable: // https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html, text unverified
		return clientError("IDPCommunicationError", "Communications error while communicating with the identity provider")
	}
	return nil
}

// otherServices are the IAM prefixes of the operations that are not of ECS.
var otherServices = map[string]string{
	"BatchGetImage": "ecr:", "DescribeLogGroups": "logs:", "GetLogEvents": "logs:", "GetRole": "iam:",
	"DescribeParameters": "ssm:", "DescribeSecret": "secretsmanager:", "DescribeTargetHealth": "elasticloadbalancing:",
	"CreateDeployment": "codedeploy:", "GetDeployment": "codedeploy:", "GetDeploymentConfig": "codedeploy:", "GetDeploymentGroup": "codedeploy:", "GetDeploymentTarget": "codedeploy:",
	"StopDeployment": "codedeploy:", "ContinueDeployment": "codedeploy:", "ListDeployments": "codedeploy:", "GetApplicationRevision": "codedeploy:",
	"AssumeRole": "sts:", "ListTargetsByRule": "events:", "PutTargets": "events:", "GetSchedule": "scheduler:", "UpdateSchedule": "scheduler:",
}

// denial is how IAM words it [SEEN].
func denial(action, resource string) string {
	return fmt.Sprintf("User: arn:aws:sts::%s:assumed-role/deployer/ci is not authorized to perform: %s on resource: %s because no identity-based policy allows the %[2]s action",
		account, action, resource)
}

// fault is the one that spoils this call, or nil.
func (s *Sim) fault(operation string) *fault {
	n := s.seen[operation]
	for _, f := range s.scenario.faults {
		switch {
		case f.operation != "" && f.operation != operation,
			f.after > 0 && (s.updated.IsZero() || s.now.Sub(s.updated) < f.after),
			f.first > 0 && n < f.first,
			f.first > 0 && n > f.first && (f.every == 0 || (n-f.first)%f.every != 0):
			continue
		}
		f.operation = operation
		return &f
	}
	return nil
}

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
var well = behaviour{provision: 12 * time.Second, pull: 16 * time.Second, activate: 6 * time.Second, healthy: 20 * time.Second}

const never = 1000 * time.Hour

func (b behaviour) but(f fate) behaviour {
	b.fate = &f
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
		log: []string{
			"2026-11-09T03:00:41.112Z info  starting web v2",
			"2026-11-09T03:00:41.560Z info  connecting to the database",
			"2026-11-09T03:00:46.571Z error could not connect: password authentication failed for user \"web\"",
			"2026-11-09T03:00:46.572Z fatal giving up",
		},
	})
	runsOutOfMemory = well.but(fate{
		in: "RUNNING", after: 15 * time.Second, stopCode: "EssentialContainerExited",
		stoppedReason: "Essential container in task exited", exitCode: exit(137),
		containerReason: "OutOfMemoryError: Container killed due to memory usage",
	})
	cannotPull = well.but(fate{
		in: "PENDING", after: 14 * time.Second, stopCode: "TaskFailedToStart",
		stoppedReason: "CannotPullContainerError: pull image manifest has been retried 7 time(s): failed to resolve ref {image}: {image}: not found",
		event:         "was unable to place a task. Reason: CannotPullContainerError: pull image manifest has been retried 7 time(s): failed to resolve ref {image}: {image}: not found.",
	})
	failsHealthChecks = behaviour{provision: well.provision, pull: well.pull, activate: well.activate, healthy: never}.but(fate{
		in: "RUNNING", after: 55 * time.Second, stopCode: "ServiceSchedulerInitiated", drains: true,
		stoppedReason: "Task failed ELB health checks in (target-group {targets})",
		event:         "(task {task}) (port 8080) is unhealthy in (target-group {targets}) due to (reason Health checks failed with these codes: [502]).",
	})
)

// scenarios are all there are, by name.
var scenarios = []Scenario{
	{Name: "healthy", Story: "the new tasks come up and take over", breaker: rolling, behaviour: well},
	{
		Name: "slow", Story: "it takes ten minutes until the new tasks count as healthy", breaker: rolling,
		behaviour: behaviour{provision: 40 * time.Second, pull: 3 * time.Minute, activate: 20 * time.Second, healthy: 6 * time.Minute},
	},
	{Name: "crash", Story: "the container exits; the circuit breaker stops the deployment but takes nothing back", breaker: breaker{Enable: true}, behaviour: crashes},
	{Name: "crash-rollback", Story: "the container exits; the circuit breaker rolls back", breaker: rolling, behaviour: crashes},
	{Name: "bad-image", Story: "the image is not in the registry; the circuit breaker rolls back", breaker: rolling, behaviour: cannotPull},
	{Name: "out-of-memory", Story: "the container is killed for its memory; the circuit breaker rolls back", breaker: rolling, behaviour: runsOutOfMemory},
	{Name: "unhealthy", Story: "the load balancer finds the new tasks unhealthy; the circuit breaker rolls back", breaker: rolling, behaviour: failsHealthChecks},
	{
		Name: "no-capacity", Story: "no new task can be placed, until the time is out",
		behaviour: behaviour{nowhere: " because no container instance met all of its requirements. The closest matching container-instance 5f1c7a9be0d24c11 has insufficient memory available."}, // [GUIDE: service-event-messages]
	},
	{
		Name: "superseded", Story: "somebody else deploys before the new tasks are healthy", breaker: rolling, behaviour: well,
		acts: []act{{after: 45 * time.Second, do: func(s *Sim) {
			v := s.web()
			s.deploy(v, s.register(v.primary().revision.definition), well)
		}}},
	},
	{
		Name: "superseded-late", Story: "somebody else deploys when the new tasks already run and are healthy", breaker: rolling, behaviour: well,
		acts: []act{{after: 65 * time.Second, do: func(s *Sim) {
			v := s.web()
			s.deploy(v, s.register(v.primary().revision.definition), well)
		}}},
	},
	{
		Name: "stuck", Story: "the new tasks stay PENDING for ever",
		behaviour: behaviour{provision: 12 * time.Second, pull: never},
	},
	{
		Name: "never-healthy", Story: "the new tasks run, and never count as healthy",
		behaviour: behaviour{provision: well.provision, pull: well.pull, activate: well.activate, healthy: never},
	},
	{
		Name: "not-draining", Story: "the new tasks are healthy, and the old ones do not go", behaviour: well,
		prepare: func(_ *Sim, v *service) { v.lingering = true },
	},
	{
		Name: "wrong-architecture", Story: "the image is for another architecture; the circuit breaker rolls back", breaker: rolling,
		behaviour: well.but(fate{
			in: "RUNNING", after: 2 * time.Second, stopCode: "EssentialContainerExited",
			stoppedReason: "Essential container in task exited", exitCode: exit(1),
			log: []string{"exec /app/server: exec format error"},
		}),
	},
	{
		Name: "crash-loop", Story: "the container exits, again and again, and no circuit breaker is on", behaviour: crashes,
	},
	{
		Name: "alarm-rollback", Story: "an alarm goes off, and ECS rolls back", breaker: rolling, behaviour: well,
		prepare: func(_ *Sim, v *service) { v.bake = 3 * time.Minute },
		acts:    []act{{after: 2 * time.Minute, do: func(s *Sim) { s.alarm(s.web()) }}},
	},
	{
		Name: "stopped-by-hand", Story: "somebody takes the deployment back in the console", breaker: rolling, behaviour: well,
		acts: []act{{after: 50 * time.Second, do: func(s *Sim) {
			_, err := s.stopServiceDeployment(stopServiceDeploymentRequest{ServiceDeploymentArn: s.web().primary().arn})
			if err != nil {
				panic(err) // it is under way
			}
		}}},
	},
	{
		Name: "rollback-failed", Story: "the container exits, and there is no completed deployment to roll back to", breaker: rolling, behaviour: crashes,
		prepare: neverCompleted,
	},
	{
		Name: "no-candidate", Story: "the same, and no circuit breaker is on", behaviour: crashes,
		prepare: neverCompleted,
	},
	{
		Name: "revision-gone", Story: "the container exits, and the revision that ran before was deregistered", behaviour: crashes,
		acts: []act{{after: 20 * time.Second, do: func(s *Sim) { s.findRevision("web:41").status = "INACTIVE" }}},
	},
	{
		Name: "same-revision-rollback", Story: "also a revision that ran well crashes now; the circuit breaker rolls back", breaker: rolling, behaviour: crashes, always: true,
	},
	{
		Name: "deleted", Story: "somebody deletes the service during the deployment", breaker: rolling, behaviour: well,
		acts: []act{
			{after: 30 * time.Second, do: func(s *Sim) { s.web().status = "DRAINING" }},
			{after: 50 * time.Second, do: func(s *Sim) { s.web().status = "INACTIVE" }},
		},
	},
	{
		Name: "scaled-to-zero", Story: "somebody sets the desired count to 0 during the deployment", breaker: rolling, behaviour: well,
		acts: []act{{after: 30 * time.Second, do: func(s *Sim) { s.web().desired = 0 }}},
	},
	{
		Name: "autoscaled", Story: "autoscaling moves the desired count during the deployment", breaker: rolling, behaviour: well,
		acts: []act{{after: 30 * time.Second, do: func(s *Sim) { s.web().desired = 5 }}},
	},
	{
		Name: "no-tasks", Story: "the service has a desired count of 0", breaker: rolling, behaviour: well,
		prepare: func(_ *Sim, v *service) { v.desired, v.primary().desired, v.primary().tasks = 0, 0, nil },
	},
	{
		Name: "daemon", Story: "the service is a DAEMON", breaker: rolling, behaviour: well,
		prepare: func(_ *Sim, v *service) { v.scheduling, v.minimum, v.maximum = "DAEMON", 0, 100 },
	},
	{
		Name: "busy", Story: "somebody else is deploying when the deployer comes", breaker: rolling, behaviour: well,
		prepare: func(s *Sim, v *service) {
			r := s.register(v.primary().revision.definition)
			r.by = "arn:aws:sts::" + account + ":assumed-role/admin/kim"
			s.deploy(v, r, well)
			for range 15 {
				s.now = s.now.Add(tick)
				s.schedule(v)
			}
		},
	},
	{
		Name: "early-success", Story: "ECS calls it a success as soon as the new tasks are healthy, and cleans up later", breaker: rolling, behaviour: well,
		prepare: func(_ *Sim, v *service) { v.earlySuccess, v.lingering = true, true },
	},
	{
		Name: "bake", Story: "alarms are watched for five minutes after the new tasks are in place", breaker: rolling, behaviour: well,
		prepare: func(_ *Sim, v *service) { v.bake = 5 * time.Minute },
	},
	{
		Name: "nothing-there", Story: "the image, the role, the log group and the parameter do not exist", breaker: rolling, behaviour: well,
		lacking: []string{"web:v2", "web-task", "/ecs/web", "/web/database-url"},
	},
	{Name: "migration", Story: "a task runs before the deployment, and ends well", breaker: rolling, behaviour: well, With: migrate},
	{Name: "migration-fails", Story: "the task that runs before the deployment ends with exit code 3", breaker: rolling, behaviour: well, once: failsToMigrate, With: migrate},
	{Name: "migration-never-starts", Story: "the image of the task that runs before the deployment is not in the registry", breaker: rolling, behaviour: well, once: cannotPull, With: migrate},
	{Name: "migration-without-room", Story: "the task that is to run before the deployment finds no place", breaker: rolling, behaviour: well, once: behaviour{nowhere: "RESOURCE:MEMORY"}, With: migrate},
	{Name: "migration-hangs", Story: "the task that runs before the deployment does not end", breaker: rolling, behaviour: well, once: neverEnds, With: migrate},
	{Name: "blue-green", Story: "the new tasks are tested, and get all traffic at once", breaker: rolling, behaviour: well, prepare: shifts("blue-green")},
	{Name: "blue-green-hook-fails", Story: "a lifecycle hook refuses the new tasks before they get traffic, and ECS rolls back", breaker: rolling, behaviour: well, prepare: shifts("failing")},
	{Name: "blue-green-paused", Story: "the deployment waits for somebody's approval", breaker: rolling, behaviour: well, prepare: shifts("paused")},
	{
		Name: "blue-green-approved", Story: "the deployment waits for approval, and somebody gives it", breaker: rolling, behaviour: well, prepare: shifts("paused"),
		acts: []act{{after: 3 * time.Minute, do: func(s *Sim) { s.web().primary().hooks[0].status = "SUCCEEDED" }}},
	},
	{Name: "canary", Story: "the new tasks get 5 % of the traffic first", breaker: rolling, behaviour: well, prepare: shifts("canary")},
	{
		Name: "canary-alarm", Story: "an alarm goes off while the new tasks have 5 % of the traffic", breaker: rolling, behaviour: well, prepare: shifts("canary"),
		acts: []act{{after: 2 * time.Minute, do: func(s *Sim) { s.alarm(s.web()) }}},
	},
	{Name: "linear", Story: "the new tasks get a quarter of the traffic more each minute", breaker: rolling, behaviour: well, prepare: shifts("linear")},
	{
		Name: "waiting", Story: "a deployment waits for approval when somebody comes to look", breaker: rolling, behaviour: well,
		With: map[string]string{"operation": "continue", "image": ""},
		prepare: func(s *Sim, v *service) {
			shifts("paused")(s, v)
			s.deployed(v, 90*time.Second, well)
		},
	},
	{
		Name: "two-deployments", Story: "the last deployment was a success, and so was the one before", breaker: rolling, behaviour: well,
		With:    map[string]string{"operation": "rollback", "image": ""},
		prepare: func(s *Sim, v *service) { s.deployed(v, 5*time.Minute, well) },
	},
	{
		Name: "taken-back", Story: "the circuit breaker has rolled the last deployment back", breaker: rolling, behaviour: well,
		With: map[string]string{"operation": "rollback", "image": ""},
		prepare: func(s *Sim, v *service) {
			s.deployed(v, 15*time.Minute, well)
			s.deployed(v, 5*time.Minute, crashes)
		},
	},
	{Name: "codedeploy", Story: "CodeDeploy moves the traffic to new tasks at once, and keeps the old ones for five minutes", behaviour: well, prepare: underCodeDeploy(asItIs)},
	{
		Name: "codedeploy-canary", Story: "CodeDeploy gives the new tasks 10 % of the traffic for five minutes first", behaviour: well,
		prepare: underCodeDeploy(func(g *codeDeploy) { g.config = "CodeDeployDefault.ECSCanary10Percent5Minutes" }),
	},
	{
		Name: "codedeploy-hook-fails", Story: "a hook refuses the new tasks when they have test traffic, and CodeDeploy rolls back", behaviour: well,
		prepare: underCodeDeploy(func(g *codeDeploy) {
			g.hooks = []hook{{stage: "AfterAllowTestTraffic", takes: 20 * time.Second, fails: true}}
		}),
	},
	{
		Name: "codedeploy-hook-fails-late", Story: "a hook refuses the new tasks when they have all the traffic, and nobody rolls back", behaviour: well,
		prepare: underCodeDeploy(func(g *codeDeploy) {
			g.hooks, g.rollsBack = []hook{{stage: "AfterAllowTraffic", takes: 20 * time.Second, fails: true}}, nil
		}),
	},
	{Name: "codedeploy-crash", Story: "CodeDeploy waits for the new tasks, and their container exits", behaviour: crashes, prepare: underCodeDeploy(asItIs)},
	{
		Name: "codedeploy-alarm", Story: "an alarm goes off while the new tasks have 10 % of the traffic, and CodeDeploy rolls back", behaviour: well,
		prepare: underCodeDeploy(func(g *codeDeploy) { g.config = "CodeDeployDefault.ECSCanary10Percent5Minutes" }),
		acts:    []act{{after: 3 * time.Minute, do: func(s *Sim) { s.alarmShift(s.web()) }}},
	},
	{
		Name: "codedeploy-split", Story: "an alarm goes off while the new tasks have 10 % of the traffic, and nobody rolls back", behaviour: well,
		prepare: underCodeDeploy(func(g *codeDeploy) {
			g.config, g.rollsBack = "CodeDeployDefault.ECSCanary10Percent5Minutes", nil
		}),
		acts: []act{{after: 3 * time.Minute, do: func(s *Sim) { s.alarmShift(s.web()) }}},
	},
	{
		Name: "codedeploy-rolling-back", Story: "CodeDeploy is rolling a deployment back when somebody comes to do the same", behaviour: well,
		With: map[string]string{"operation": "rollback", "image": ""},
		prepare: func(s *Sim, v *service) {
			shifted(func(g *codeDeploy) { g.config = "CodeDeployDefault.ECSCanary10Percent5Minutes" }, 3*time.Minute)(s, v)
			s.alarmShift(v)
		},
	},
	{
		Name: "codedeploy-left-split", Story: "a deployment of CodeDeploy's was stopped with 10 % of the traffic when somebody comes to look", behaviour: well,
		With: map[string]string{"operation": "rollback", "image": ""},
		prepare: func(s *Sim, v *service) {
			shifted(func(g *codeDeploy) {
				g.config, g.rollsBack = "CodeDeployDefault.ECSCanary10Percent5Minutes", nil
			}, 3*time.Minute)(s, v)
			s.alarmShift(v)
		},
	},
	{
		Name: "codedeploy-stopped", Story: "somebody stops the deployment of CodeDeploy's in the console", behaviour: well, prepare: underCodeDeploy(asItIs),
		acts: []act{{after: 30 * time.Second, do: func(s *Sim) {
			if _, err := s.stopDeployment(stopDeploymentRequest{DeploymentID: s.web().codeDeploy.active().id}); err != nil {
				panic(err) // it is under way
			}
		}}},
	},
	{
		Name: "codedeploy-flaky", Story: "CodeDeploy deploys well, but its answers get lost", behaviour: well, prepare: underCodeDeploy(asItIs),
		faults: []fault{
			{operation: "CreateDeployment", first: 1, kind: lost}, {operation: "GetDeployment", first: 3, every: 5, kind: dropped},
			{operation: "GetDeploymentTarget", first: 4, every: 6, kind: throttle}, {operation: "GetDeploymentGroup", first: 1, kind: broken},
		},
	},
	{
		Name: "codedeploy-mixed", Story: "CodeDeploy deploys one service, ECS another, which crashes", breaker: breaker{Enable: true}, behaviour: well,
		others: []neighbour{{name: "jobs", behaviour: crashes}}, prepare: underCodeDeploy(func(g *codeDeploy) { g.termination = time.Minute }),
		With: map[string]string{"service": "web, jobs"},
	},
	{
		Name: "codedeploy-mixed-complete", Story: "the same, but the deployment by CodeDeploy is complete when the other fails", breaker: breaker{Enable: true}, behaviour: well,
		others: []neighbour{{name: "jobs", behaviour: crashes}}, prepare: underCodeDeploy(func(g *codeDeploy) { g.termination = 0 }),
		With: map[string]string{"service": "web, jobs"},
	},
	{Name: "codedeploy-ready", Story: "CodeDeploy waits for somebody to let the traffic move", behaviour: well, prepare: underCodeDeploy(byHand)},
	{
		Name: "codedeploy-waiting", Story: "a deployment of CodeDeploy's waits for somebody when somebody comes to look", behaviour: well,
		With: map[string]string{"operation": "continue", "image": ""}, prepare: shifted(byHand, 2*time.Minute),
	},
	{
		Name: "codedeploy-busy", Story: "CodeDeploy still keeps the old tasks of the deployment before", behaviour: well,
		prepare: shifted(func(g *codeDeploy) { g.termination = time.Hour }, 10*time.Minute),
	},
	{Name: "external", Story: "the service is deployed by a controller of somebody else's", breaker: rolling, behaviour: well, prepare: func(_ *Sim, v *service) { v.controller = "EXTERNAL" }},
	{Name: "express", Story: "the service is an Express service", breaker: rolling, behaviour: well, prepare: func(_ *Sim, v *service) { v.express = true }},
	{
		Name: "mixed", Story: "of three services that are deployed together, one crashes", breaker: breaker{Enable: true}, behaviour: well,
		others: []neighbour{{name: "api", behaviour: well}, {name: "jobs", behaviour: crashes}},
		With:   map[string]string{"service": "web, api, jobs"},
	},
	{
		Name: "mixed-slow", Story: "of three services that are deployed together, one never gets healthy", behaviour: well,
		others: []neighbour{{name: "api", behaviour: well}, {name: "jobs", behaviour: behaviour{provision: well.provision, pull: never}}},
		With:   map[string]string{"service": "web, api, jobs", "timeout": "5m"},
	},
	{Name: "only-arm64", Story: "the image is only made for arm64", breaker: rolling, behaviour: well, onlyFor: "linux/arm64"},
	{
		Name: "deadlock", Story: "minimum and maximum percent let nothing move", breaker: rolling, behaviour: well,
		prepare: func(_ *Sim, v *service) { v.minimum, v.maximum = 75, 149 },
	},
	{
		Name: "new-words", Story: "ECS uses words for its states that nobody knows yet", breaker: rolling, behaviour: well,
		acts: []act{{after: 4 * time.Second, do: func(s *Sim) { s.web().primary().words = [2]string{"REFLECTING", "CONTEMPLATING"} }}},
	},
	{
		Name: "throttled", Story: "the deployment is healthy, but ECS throttles", breaker: rolling, behaviour: well,
		faults: []fault{{first: 1, kind: throttle}, {first: 2, kind: throttle}, {first: 5, every: 4, kind: throttle}},
	},
	{
		Name: "flaky", Story: "the deployment is healthy, but answers get lost", breaker: rolling, behaviour: well,
		faults: []fault{
			{operation: "UpdateService", first: 1, kind: lost},
			{operation: "RegisterTaskDefinition", first: 1, kind: broken},
			{first: 3, every: 7, kind: dropped}, {first: 5, every: 6, kind: broken},
		},
	},
	{Name: "denied", Story: "the role may not update the service", breaker: rolling, behaviour: well,
		faults: []fault{{operation: "UpdateService", kind: denied}}},
	{Name: "oidc", Story: "the job assumes a role with its identity token, and deploys", breaker: rolling, behaviour: well, With: deployer, Env: job},
	{
		Name: "oidc-refused", Story: "the role trusts an environment, and the job names none", breaker: rolling, behaviour: well,
		trusts: "repo:acme/shop:environment:production", With: deployer, Env: job,
	},
	{
		Name: "oidc-flaky", Story: "GitHub and STS stumble before the role can be assumed", breaker: rolling, behaviour: well, With: deployer, Env: job,
		faults: []fault{
			{operation: "identity token", first: 1, kind: broken},
			{operation: "AssumeRoleWithWebIdentity", first: 1, kind: unreachable},
			{operation: "AssumeRoleWithWebIdentity", first: 2, kind: dropped},
		},
	},
	{
		Name: "credentials-expire", Story: "the credentials expire during the wait: those of a role are renewed, keys are not", breaker: rolling,
		behaviour: behaviour{provision: 40 * time.Second, pull: 9 * time.Minute, activate: 20 * time.Second, healthy: 8 * time.Minute},
		keysLast:  5 * time.Minute, With: map[string]string{"role-to-assume": deployer["role-to-assume"], "role-duration-seconds": "900"}, Env: job,
	},
}

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

// neverCompleted makes the deployment that is there one that is still under way.
func neverCompleted(s *Sim, v *service) {
	d := v.primary()
	d.set("IN_PROGRESS", fmt.Sprintf("ECS deployment %s in progress.", d.id()), s.now)
	d.progress, d.finished, d.behaviour.healthy = "IN_PROGRESS", time.Time{}, never
	for _, t := range d.tasks {
		t.healthy = false
	}
}

// Fleet is a world in which that many services besides "web", called "web-001" and so on, run the
// same revision, and all come up well.
func Fleet(services int) Scenario {
	scenario := Scenario{Name: fmt.Sprintf("fleet-%d", services), breaker: rolling, behaviour: well}
	for i := range services {
		scenario.others = append(scenario.others, neighbour{name: fmt.Sprintf("web-%03d", i+1), family: "web"})
	}
	return scenario
}

// Taking is the scenario with new tasks that take that long until they count as healthy; those of other services take
// less, each another time.
func (s Scenario) Taking(longest time.Duration) Scenario {
	s.others = slices.Clone(s.others)
	for i := range s.others {
		s.others[i].behaviour = taking(longest * time.Duration(i+1) / time.Duration(len(s.others)+1))
	}
	s.behaviour = taking(longest)
	return s
}

func taking(d time.Duration) behaviour {
	return behaviour{provision: d / 5, pull: d / 5, activate: d / 5, healthy: d * 2 / 5}
}

// FleetUnderCodeDeploy is the same, and CodeDeploy deploys all.
func FleetUnderCodeDeploy(services int) Scenario {
	scenario := Fleet(services)
	scenario.Name += "-codedeploy"
	scenario.prepare = func(s *Sim, _ *service) {
		for _, v := range s.clusters[0].services {
			underCodeDeploy(asItIs)(s, v)
		}
	}
	return scenario
}

// deployed makes the world one in which a new revision was deployed that long ago.
func (s *Sim) deployed(v *service, ago time.Duration, b behaviour) {
	s.now = s.now.Add(-ago)
	s.deploy(v, s.register(v.primary().revision.definition), b)
	for range ago / tick {
		s.now = s.now.Add(tick)
		s.schedule(v)
	}
}

// Scenarios lists what can be played. They are the caller's own.
func Scenarios() []Scenario {
	var own []Scenario
	for _, scenario := range scenarios {
		scenario.With, scenario.Env = maps.Clone(scenario.With), maps.Clone(scenario.Env)
		own = append(own, scenario)
	}
	return own
}

// Named is the scenario of that name. The error names those that there are.
func Named(name string) (Scenario, error) {
	var names []string
	for _, scenario := range Scenarios() {
		if scenario.Name == name {
			return scenario, nil
		}
		names = append(names, scenario.Name)
	}
	return Scenario{}, fmt.Errorf("no scenario is called %q: there are %s", name, strings.Join(names, ", "))
}

//go:embed web.json
var webDefinition []byte

// furnish puts the service in place: deployed three days ago, and steady since.
func (s *Sim) furnish() {
	c := &cluster{name: "main"}
	s.clusters = []*cluster{c}
	days := s.now.Add(-72 * time.Hour)

	var definition document
	if err := json.Unmarshal(webDefinition, &definition); err != nil {
		panic(err) // it is embedded
	}
	s.families["web"] = &family{name: "web", last: 35}
	var runs *revision
	for range 6 { // up to web:41
		runs = s.register(definition)
		runs.registered, runs.proven = days, true
	}
	s.arrange(runs)
	c.services = []*service{s.newService(c, "web", runs, 2), s.newService(c, "worker", s.findRevision("web:38"), 0)}
	for _, n := range s.scenario.others {
		of := runs
		if n.family == "" {
			own := maps.Clone(definition)
			own["family"] = n.name
			of = s.register(own)
			of.registered, of.proven = days, true
		}
		c.services = append(c.services, s.newService(c, n.name, of, 2))
	}
}

// newService makes a service whose first deployment was completed three days ago.
func (s *Sim) newService(c *cluster, name string, runs *revision, desired int) *service {
	v := &service{
		ids: newIDs(s.scenario.Name + "/" + name), cluster: c, name: name, status: "ACTIVE", controller: "ECS", scheduling: "REPLICA",
		desired: desired, minimum: 100, maximum: 200, breaker: s.scenario.breaker, created: s.now.Add(-2072 * time.Hour),
	}
	d, then := s.deploy(v, runs, well), runs.registered
	d.created, d.started, d.desired = then, then.Add(2*time.Second), v.desired
	d.set("COMPLETED", fmt.Sprintf("ECS deployment %s completed.", d.id()), then.Add(150*time.Second))
	d.finish("SUCCESSFUL", "", d.updated)
	for range v.desired {
		t := &task{id: v.ids.task(), deployment: d, created: then, ran: then, healthy: true}
		t.move("RUNNING", then)
		d.tasks = append(d.tasks, t)
	}
	v.events = []event{{ID: v.ids.event(), CreatedAt: epoch{d.updated}, Message: fmt.Sprintf("(service %s) has reached a steady state.", v.name)}}
	return v
}

// prepared lets the scenario have its way with the service.
func (s *Sim) prepared() *Sim {
	if s.scenario.prepare != nil {
		s.scenario.prepare(s, s.web())
	}
	return s
}

func (s *Sim) web() *service { return s.clusters[0].services[0] }

// behaviourOf is how the tasks of a revision fare in a service: those of one that was there before fare well.
func (s *Sim) behaviourOf(v *service, r *revision) behaviour {
	if r.proven && !s.scenario.always {
		return well
	}
	for _, n := range s.scenario.others {
		if n.family == "" && n.name == r.family || n.name == v.name && n.behaviour != (behaviour{}) {
			return n.behaviour
		}
	}
	return s.scenario.behaviour
}

// act plays what others do and is due.
func (s *Sim) act() {
	for len(s.acts) > 0 && !s.updated.IsZero() && s.now.Sub(s.updated) >= s.acts[0].after {
		do := s.acts[0].do
		s.acts = s.acts[1:]
		do(s)
	}
}
