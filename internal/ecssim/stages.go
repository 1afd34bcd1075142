package ecssim

import (
	"fmt"
	"slices"
	"time"
)

// A deployment that shifts traffic goes through lifecycle stages, in this order
// (https://docs.aws.amazon.com/AmazonECS/latest/developerguide/blue-green-deployment-how-it-works.html).
// That PRE_PRODUCTION_TRAFFIC_SHIFT is one of them the guide says, and the SDK's list leaves out. How
// long those take in which nothing is to be waited for is unverified.
var stages = []string{
	"PRE_SCALE_UP", "SCALE_UP", "POST_SCALE_UP", "TEST_TRAFFIC_SHIFT", "POST_TEST_TRAFFIC_SHIFT",
	"PRE_PRODUCTION_TRAFFIC_SHIFT", "PRODUCTION_TRAFFIC_SHIFT", "POST_PRODUCTION_TRAFFIC_SHIFT", "BAKE_TIME", "CLEAN_UP",
}

const (
	stageInterval = 4 * time.Second  // a stage in which nothing is to be waited for
	stepInterval  = 10 * time.Second // traffic, by a step
)

// strategy is how the deployments of a service shift traffic.
type strategy struct {
	name  string // BLUE_GREEN, LINEAR or CANARY
	steps []step
	hooks []hook
}

// step is a share of production traffic, in percent, and how long it is held.
type step struct {
	weight float64
	held   time.Duration
}

// hook is called in a stage, or holds the deployment there.
type hook struct {
	stage  string
	takes  time.Duration
	fails  bool
	pauses bool // until someone continues it, or its time is out, which rolls back
}

// staged is where a deployment stands on its way through the stages.
type staged struct {
	stage      string // empty: it goes through none
	since      time.Time
	step       int
	production float64
	test       float64
	hooks      []*called
}

// called is a hook that was called.
type called struct {
	hook
	id, status string
	at         time.Time
}

// advance takes a deployment a tick further through its stages.
func (s *Sim) advance(v *service, d *deployment) {
	if d.stage == "" || d.progress != "IN_PROGRESS" || d.stage == "CLEAN_UP" {
		return
	}
	if s.held(d) {
		return
	}
	spent := s.now.Sub(d.since)
	switch {
	case d.stage == "SCALE_UP" && d.healthy() < v.desired,
		d.stage == "BAKE_TIME" && spent < v.bake,
		spent < v.latticeWait(d.stage),
		d.stage != "SCALE_UP" && d.stage != "BAKE_TIME" && spent < stageInterval:
		return
	case d.stage == "PRODUCTION_TRAFFIC_SHIFT":
		now := v.strategy.steps[d.step]
		if spent < max(stepInterval, v.latticeWait(d.stage))+now.held {
			return
		}
		if d.step++; d.step < len(v.strategy.steps) {
			// each step goes through the stages of the shift [SDK: DeploymentLifecycleHook.LifecycleStages]
			s.enter(v, d, "PRE_PRODUCTION_TRAFFIC_SHIFT")
			return
		}
	}
	s.enter(v, d, stages[slices.Index(stages, d.stage)+1])
}

// enter begins a stage, and calls its hooks.
func (s *Sim) enter(v *service, d *deployment, stage string) {
	d.stage = stage
	d.since = s.now
	d.updated = s.now
	switch stage {
	case "TEST_TRAFFIC_SHIFT":
		d.test = 100
	case "PRODUCTION_TRAFFIC_SHIFT":
		d.production = v.strategy.steps[d.step].weight
	}
	for _, h := range v.strategy.hooks {
		if h.stage == stage {
			c := &called{hook: h, id: "ecs-hook-" + v.ids.serviceDeployment(), status: "IN_PROGRESS", at: s.now}
			if h.pauses {
				c.id, c.status = "ecs-pause-"+v.ids.serviceDeployment(), "AWAITING_ACTION"
			}
			d.hooks = append(d.hooks, c)
		}
	}
}

// held tells whether a hook keeps the deployment where it is. One that fails, or whose pause is over
// without an answer, has it rolled back.
func (s *Sim) held(d *deployment) bool {
	for _, c := range d.hooks {
		switch over := s.now.Sub(c.at) >= c.takes; {
		case c.stage != d.stage, c.status == "SUCCEEDED":
			continue
		case c.status == "FAILED", c.status == "TIMED_OUT":
			return true
		case c.status == "AWAITING_ACTION" && over:
			c.status = "TIMED_OUT"
			// text unverified
			s.rollBackStaged(d, fmt.Sprintf("Service deployment rolled back because %s lifecycle hook(s) timed out.", c.stage))
			return true
		case over && c.fails:
			c.status = "FAILED"
			// [GUIDE: troubleshooting-blue-green]
			s.rollBackStaged(d, fmt.Sprintf("Service deployment rolled back because %s lifecycle hook(s) failed. Lifecycle "+
				"hook target %s returned FAILED status.", c.stage, hookTarget))
			return true
		case over && c.status == "IN_PROGRESS":
			c.status = "SUCCEEDED"
		default:
			return true
		}
	}
	return false
}

const hookTarget = "arn:aws:lambda:" + region + ":" + account + ":function:check"

func (s *Sim) rollBackStaged(d *deployment, why string) {
	d.set("FAILED", "ECS deployment failed: lifecycle hook failed.", s.now) // text unverified
	d.production, d.test = 0, 0
	s.rollBack(d, "ECS deployment failed", why)
}

type continueServiceDeploymentRequest struct{ ServiceDeploymentArn, HookID, Action string }

// continueServiceDeployment answers a pause
// (https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContinueServiceDeployment.html). The
// texts are unverified.
func (s *Sim) continueServiceDeployment(request continueServiceDeploymentRequest) (any, error) {
	d := s.findServiceDeployment(request.ServiceDeploymentArn)
	if d == nil {
		return nil, clientError("ServiceDeploymentNotFoundException", "Service deployment not found.")
	}
	at := slices.IndexFunc(
		d.hooks, func(c *called) bool { return c.id == request.HookID && c.status == "AWAITING_ACTION" },
	)
	switch {
	case at < 0 || d.progress != "IN_PROGRESS":
		return nil, clientError(
			"InvalidParameterException", "The lifecycle hook %s is not awaiting an action.", request.HookID,
		)
	case request.Action == "ROLLBACK":
		d.hooks[at].status = "FAILED"
		s.rollBackStaged(d, "Service deployment rolled back because of a user request.")
	default:
		d.hooks[at].status = "SUCCEEDED"
	}
	return document{"serviceDeploymentArn": d.arn}, nil
}

// describeStages adds to a service deployment what only one with stages has.
func (d *deployment) describeStages(full document) {
	if d.stage == "" {
		return
	}
	full["lifecycleStage"] = d.stage
	configuration := full["deploymentConfiguration"].(document)
	configuration["strategy"], configuration["bakeTimeInMinutes"] = d.service.strategy.name, int(d.service.bake.Minutes())
	target := full["targetServiceRevision"].(document)
	target["requestedProductionTrafficWeight"], target["requestedTestTrafficWeight"] = d.production, d.test
	var hooks []document
	for _, c := range d.hooks {
		kind := "AWS_LAMBDA"
		detail := document{
			"hookId":        c.id,
			"status":        c.status,
			"expiresAt":     epoch{c.at.Add(c.takes)},
			"timeoutAction": "ROLLBACK",
		}
		if c.pauses {
			kind = "PAUSE"
		} else {
			detail["targetArn"] = hookTarget
			delete(detail, "expiresAt")
		}
		detail["targetType"] = kind
		hooks = append(hooks, detail)
	}
	if len(hooks) > 0 {
		full["lifecycleHookDetails"] = hooks
	}
}

// linear is steps of equal size.
func linear(percent float64, held time.Duration) []step {
	var steps []step
	for weight := percent; weight < 100; weight += percent {
		steps = append(steps, step{weight, held})
	}
	return append(steps, step{100, 0})
}

// describe is the strategy as a service's deploymentConfiguration has it [API: DeploymentConfiguration].
func (st strategy) describe(configuration document) {
	configuration["strategy"] = st.name
	first := st.steps[0]
	switch st.name {
	case "LINEAR":
		configuration["linearConfiguration"] = document{
			"stepPercent": first.weight, "stepBakeTimeInMinutes": int(first.held.Minutes()),
		}
	case "CANARY":
		configuration["canaryConfiguration"] = document{
			"canaryPercent": first.weight, "canaryBakeTimeInMinutes": int(first.held.Minutes()),
		}
	}
	hooks := []document{}
	for _, h := range st.hooks {
		described := document{"lifecycleStages": []string{h.stage}, "targetType": "AWS_LAMBDA"}
		if h.pauses {
			described["targetType"] = "PAUSE"
			described["timeoutConfiguration"] = document{"timeoutInMinutes": int(h.takes.Minutes()), "action": "ROLLBACK"}
		} else {
			described["hookTargetArn"] = hookTarget
			described["roleArn"] = "arn:aws:iam::" + account + ":role/hooks"
		}
		hooks = append(hooks, described)
	}
	configuration["lifecycleHooks"] = hooks
}

var strategies = map[string]strategy{
	"blue-green": {
		name:  "BLUE_GREEN",
		steps: []step{{100, 0}},
		hooks: []hook{{stage: "POST_TEST_TRAFFIC_SHIFT", takes: 20 * time.Second}},
	},
	"failing": {
		name:  "BLUE_GREEN",
		steps: []step{{100, 0}},
		hooks: []hook{{stage: "POST_TEST_TRAFFIC_SHIFT", takes: 20 * time.Second, fails: true}},
	},
	"paused": {
		name:  "BLUE_GREEN",
		steps: []step{{100, 0}},
		hooks: []hook{{stage: "POST_TEST_TRAFFIC_SHIFT", takes: time.Hour, pauses: true}},
	},
	"paused twice": {
		name:  "BLUE_GREEN",
		steps: []step{{100, 0}},
		hooks: []hook{
			{stage: "PRE_PRODUCTION_TRAFFIC_SHIFT", takes: time.Hour, pauses: true},
			{stage: "PRE_PRODUCTION_TRAFFIC_SHIFT", takes: time.Hour, pauses: true},
		},
	},
	"canary": {name: "CANARY", steps: []step{{5, 2 * time.Minute}, {100, 0}}},
	"linear": {name: "LINEAR", steps: linear(25, time.Minute)},
	// [API: LinearConfiguration]
	"linear by default": {name: "LINEAR", steps: linear(10, 6*time.Minute)},
	"paused canary": {
		name:  "CANARY",
		steps: []step{{5, 2 * time.Minute}, {100, 0}},
		hooks: []hook{{stage: "PRE_PRODUCTION_TRAFFIC_SHIFT", takes: time.Hour, pauses: true}},
	},
}

// shifts lets the deployments of a service shift traffic, and bake for two minutes.
func shifts(name string) func(*Sim, *service) {
	return func(_ *Sim, v *service) { v.strategy, v.bake = strategies[name], 2*time.Minute }
}
