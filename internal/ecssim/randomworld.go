package ecssim

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// randomPrefix is what the names of random worlds begin with; their seed follows.
const randomPrefix = "world-"

// Random is a world that is put together at random, the same for the same seed: one to five services of every kind,
// which are idle or under way when the deployer comes, whose new tasks fare well or not, and in which others deploy,
// stop, delete or scale meanwhile. In one of ten there is a managed daemon in their place. What is true in it, Truth
// tells.
func Random(seed uint64) Scenario {
	if ofDaemons(seed) {
		return randomDaemon(seed)
	}
	r := chooser{rand.New(rand.NewPCG(seed, 2))}
	scenario := Scenario{
		Name:     fmt.Sprint(randomPrefix, seed),
		Story:    "put together at random",
		breaker:  breaker{Enable: r.chance(60), Rollback: r.chance(70)},
		behavior: pick(r, fates),
		lag:      r.lag(),
	}
	if r.chance(10) {
		scenario.requested = time.Duration(r.IntN(120)) * time.Second
		scenario.stops = r.chance(30)
	}
	names := []string{"web"}
	for _, name := range []string{"api", "jobs", "mail", "shop"}[:max(0, r.IntN(8)-3)] {
		names = append(names, name)
		scenario.others = append(scenario.others, neighbor{name: name, behavior: pick(r, fates)})
	}
	prepare := map[string]func(*Sim, *service){}
	for _, name := range names {
		prepare[name] = r.history()
	}
	scenario.prepare = func(s *Sim, _ *service) {
		for _, name := range names {
			prepare[name](s, s.clusters[0].find(name))
		}
	}
	outset := r.chance(40)
	for after := time.Duration(0); r.chance(45); {
		after += time.Duration(1+r.IntN(240)) * time.Second
		name, do := pick(r, names), pick(r, interferences)
		scenario.acts = append(scenario.acts, act{
			after: after, do: func(s *Sim) { do(s, s.clusters[0].find(name)) }, fromOutset: outset,
		})
	}
	scenario.With = map[string]string{"service": strings.Join(names, ", ")}
	return scenario
}

// chooser makes random choices.
type chooser struct{ *rand.Rand }

func (r chooser) chance(percent int) bool { return r.IntN(100) < percent }

func pick[Item any](r chooser, items []Item) Item { return items[r.IntN(len(items))] }

func (r chooser) lag() Lag {
	if r.chance(60) {
		return Lag{}
	}
	return Lag{
		Services:    time.Duration(r.IntN(20)) * time.Second,
		Deployments: time.Duration(r.IntN(20)) * time.Second,
		Every:       r.IntN(4),
	}
}

// fates are how the new tasks of a service may fare.
var fates = []behavior{
	well, well, well, well, taking(20 * time.Second), taking(4 * time.Minute),
	crashes, crashes, cannotPull, runsOutOfMemory, failsHealthChecks,
	stuckPulling, neverHealthy,
	{nowhere: " because no container instance met all of its requirements."},
}

// kinds are how a service may be deployed.
var kinds = []func(*Sim, *service){
	asItCame, asItCame, asItCame, asItCame,
	func(_ *Sim, v *service) { v.bake = time.Minute },
	func(_ *Sim, v *service) { v.earlySuccess, v.lingering = true, true },
	shifts("blue-green"), shifts("failing"), shifts("canary"), shifts("linear"), behindLattice("blue-green"),
	express(madeByECS), express(madeByECS), express(madeByCustomer),
	underCodeDeploy(func(g *codeDeploy) { g.termination = 0 }), underCodeDeploy(asItIs),
	underCodeDeploy(func(g *codeDeploy) { g.config = "CodeDeployDefault.ECSCanary10Percent5Minutes" }),
	underCodeDeploy(func(g *codeDeploy) {
		g.hooks = []hook{{stage: "AfterAllowTestTraffic", takes: 20 * time.Second, fails: true}}
	}),
	underCodeDeploy(func(g *codeDeploy) { g.rollsBack = nil }),
}

func asItCame(*Sim, *service) {}

// history is how a service is deployed, and what happened to it before.
func (r chooser) history() func(*Sim, *service) {
	kind := pick(r, kinds)
	ago := time.Duration(5+r.IntN(600)) * time.Second
	fate := pick(r, fates)
	underway, never := r.chance(25), r.chance(5)
	return func(s *Sim, v *service) {
		kind(s, v)
		switch {
		case v.codeDeploy == nil && never:
			neverCompleted(s, v)
		case underway:
			s.deployed(v, ago, fate)
		}
	}
}

// interferences are what others may do to a service.
var interferences = []func(*Sim, *service){
	deployAnother(well), deployAnother(well), deployAnother(crashes),
	func(s *Sim, v *service) { // in the console
		if v.codeDeploy != nil {
			if d := v.codeDeploy.active(); d != nil {
				d.stopping = s.now
			}
			return
		}
		// refused where it is over
		_, _ = s.stopServiceDeployment(stopServiceDeploymentRequest{ServiceDeploymentArn: v.primary().arn})
	},
	func(s *Sim, v *service) {
		switch {
		case v.codeDeploy != nil:
			s.alarmShift(v)
		case v.primary().progress == "IN_PROGRESS" && v.breaker.Rollback:
			s.alarm(v)
		}
	},
	func(_ *Sim, v *service) { v.desired = 0 },
	func(_ *Sim, v *service) { v.desired = 4 },
	func(_ *Sim, v *service) { v.status = "INACTIVE" },
	func(s *Sim, v *service) { // as Terraform does when it replaces a revision
		if runs := v.primary().replaced; runs != nil && runs.revision != v.primary().revision {
			runs.revision.status = "INACTIVE"
		}
	},
}

// deployAnother is that another run deploys a revision of their own, where that can be.
func deployAnother(b behavior) func(*Sim, *service) {
	return func(s *Sim, v *service) {
		if v.status == "ACTIVE" && (v.codeDeploy == nil || v.codeDeploy.active() == nil) {
			s.deployNew(v, b)
		}
	}
}
