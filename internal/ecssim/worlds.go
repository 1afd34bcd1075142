package ecssim

import (
	"bytes"
	"cmp"
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// act is something that another run does, so long after the first UpdateService, or after the world began.
type act struct {
	after      time.Duration
	do         func(*Sim)
	fromOutset bool
}

// neverCompleted makes the deployment that is there one that is still under way.
func neverCompleted(s *Sim, v *service) {
	d := v.primary()
	d.set("IN_PROGRESS", fmt.Sprintf("ECS deployment %s in progress.", d.id()), s.now)
	d.progress = "IN_PROGRESS"
	d.finished = time.Time{}
	d.behavior.healthy = endlessTimeout
	for _, t := range d.tasks {
		t.healthy = false
	}
}

// Fleet is a world in which that many services besides "web", called "web-001" and so on, run the
// same revision, and all come up well.
func Fleet(services int) Scenario {
	scenario := Scenario{Name: fmt.Sprintf("fleet-%d", services), breaker: rolling, behavior: well}
	for i := range services {
		scenario.others = append(scenario.others, neighbor{name: fmt.Sprintf("web-%03d", i+1), family: "web"})
	}
	return scenario
}

// Taking is the scenario with new tasks that take that long until they count as healthy; those of other services take
// less, each another time.
func (s Scenario) Taking(longest time.Duration) Scenario {
	s.others = slices.Clone(s.others)
	for i := range s.others {
		s.others[i].behavior = taking(longest * time.Duration(i+1) / time.Duration(len(s.others)+1))
	}
	s.behavior = taking(longest)
	return s
}

// Crashing is the scenario in which the container of the new tasks of web exits, and the circuit breaker stops its
// deployment, and rolls it back or not. The new tasks of other services are well.
func (s Scenario) Crashing(rollsBack bool) Scenario {
	s.others = slices.Clone(s.others)
	for i := range s.others {
		s.others[i].behavior = well
	}
	s.behavior, s.breaker = crashes, breaker{Enable: true, Rollback: rollsBack}
	return s
}

func taking(d time.Duration) behavior {
	return behavior{provision: d / 5, pull: d / 5, activate: d / 5, healthy: d * 2 / 5}
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

// deployNew begins to deploy a new revision of a service, whose tasks fare so, by ECS or by CodeDeploy.
func (s *Sim) deployNew(v *service, b behavior) {
	runs := v.primary().revision
	definition := runs.definition
	if runs.family == "web" {
		definition = webWith(fmt.Sprintf("v1.%d", s.families["web"].last-40))
	}
	if s.scenario.tagged {
		definition["tags"] = []any{
			map[string]any{"key": "github:repository", "value": "acme/shop"},
			map[string]any{"key": "github:run", "value": "987654321"},
			map[string]any{"key": "github:actor", "value": "kim"},
			map[string]any{"key": "github:ref", "value": "v3"},
		}
	}
	r := s.register(definition)
	r.proven = runs.proven
	if v.codeDeploy == nil {
		s.deploy(v, r, b)
		return
	}
	r.fate = &b
	d := s.shift(v, r, specFor(r))
	d.creator, d.rollsBack = "user", v.codeDeploy.rollsBack
}

// deployed makes the world one in which a new revision was deployed that long ago.
func (s *Sim) deployed(v *service, ago time.Duration, b behavior) {
	s.now = s.now.Add(-ago)
	s.deployNew(v, b)
	for range ago / tickInterval {
		s.now = s.now.Add(tickInterval)
		s.schedule(v)
	}
}

//go:embed web.json
var webDefinition []byte

// webWith is the task definition of the service web with a tag of its image.
func webWith(tag string) document { return withImage("web:" + tag) }

// withImage is the same with another image of the registry.
func withImage(image string) document {
	return parsed(bytes.Replace(webDefinition, []byte("/web:v1"), []byte("/"+image), 1))
}

func parsed(text []byte) (parsed document) {
	if err := json.Unmarshal(text, &parsed); err != nil {
		panic(err) // it is embedded
	}
	return parsed
}

// furnish puts the service in place: deployed three days ago, and steady since.
func (s *Sim) furnish() {
	c := &cluster{name: "main"}
	s.clusters = []*cluster{c}
	days := s.now.Add(-72 * time.Hour)

	definition := webWith("v1")
	s.families["web"] = &family{name: "web", last: 35}
	var runs *revision
	for i, tag := range []string{"v0.5", "v0.6", "v0.7", "v0.8", "v0.9", "v1"} { // up to web:41
		runs = s.register(webWith(tag))
		runs.registered, runs.proven = days.Add(time.Duration(i-5)*24*time.Hour), true
		runs.by = "arn:aws:sts::" + account + ":assumed-role/deployer/gha-acme-shop-" + fmt.Sprint(8251334400+i) + "-1"
	}
	s.arrange(runs)
	c.services = []*service{s.newService(c, "web", runs, 2), s.newService(c, "worker", s.findRevision("web:38"), 0)}
	s.giveHistory(s.web(), s.scenario.past)
	for _, n := range s.scenario.others {
		of := runs
		if n.family == "" {
			own := maps.Clone(definition)
			if n.ownImage {
				own = withImage(n.name + ":v1")
			}
			own["family"] = n.name
			of = s.register(own)
			of.registered, of.proven = days, true
		}
		in := s.clusterNamed(cmp.Or(n.cluster, c.name))
		v := s.newService(in, n.name, of, 2)
		if n.team != "" {
			v.tags = []document{{"key": "team", "value": n.team}}
		}
		in.services = append(in.services, v)
	}
}

// clusterNamed is a cluster, which is made if there is none of that name.
func (s *Sim) clusterNamed(name string) *cluster {
	at := slices.IndexFunc(s.clusters, func(c *cluster) bool { return c.name == name })
	if at < 0 {
		at = len(s.clusters)
		s.clusters = append(s.clusters, &cluster{name: name})
	}
	return s.clusters[at]
}

// seed is what tells the ids of its services from those of others.
func (c *cluster) seed() string { return strings.TrimPrefix(c.name+"/", "main/") }

// newService makes a service whose first deployment was completed three days ago.
func (s *Sim) newService(c *cluster, name string, runs *revision, desired int) *service {
	v := &service{
		ids:        newIDs(s.scenario.Name + "/" + c.seed() + name),
		cluster:    c,
		name:       name,
		status:     "ACTIVE",
		controller: "ECS",
		scheduling: "REPLICA",
		desired:    desired,
		minimum:    100,
		maximum:    200,
		breaker:    s.scenario.breaker,
		created:    s.now.Add(-2072 * time.Hour),
	}
	d, then := s.deploy(v, runs, well), runs.registered
	d.created = then
	d.started = then.Add(2 * time.Second)
	d.desired = v.desired
	d.set("COMPLETED", fmt.Sprintf("ECS deployment %s completed.", d.id()), then.Add(150*time.Second))
	d.finish("SUCCESSFUL", "", d.updated)
	for range v.desired {
		t := &task{id: v.ids.task(), deployment: d, created: then, ran: then, healthy: true}
		t.move("RUNNING", then)
		d.tasks = append(d.tasks, t)
	}
	v.events = []event{{ID: v.ids.event(), CreatedAt: epoch{d.updated}, Message: fmt.Sprintf("(service %s) has "+
		"reached a steady state.", v.name)}}
	return v
}

// usually is how long deployments took that went as the tasks of the simulator usually do.
var usually = []time.Duration{
	104 * time.Second, 98 * time.Second, 87 * time.Second, 111 * time.Second, 101 * time.Second,
}

// giveHistory gives a service deployments before the one that it runs: one a day, of the revisions before. The third
// was rolled back.
func (s *Sim) giveHistory(v *service, took []time.Duration) {
	ids, runs := newIDs(s.scenario.Name+"/"+v.name+" past"), v.primary()
	for i, length := range took {
		created := runs.created.Add(-time.Duration(i+1) * 24 * time.Hour)
		d := &deployment{
			service: v, number: ids.deployment(), status: "INACTIVE", created: created, started: created.Add(time.Second),
			revision: s.findRevision(fmt.Sprintf("web:%d", runs.revision.number-1-i)), desired: v.desired, by: runs.by,
			arn: arn("service-deployment/" + v.cluster.name + "/" + v.name + "/" + ids.serviceDeployment()),
		}
		d.set("COMPLETED", "", created.Add(length))
		d.finish("SUCCESSFUL", "", d.updated)
		if i == 2 {
			d.rollout = "FAILED"
			d.finish("ROLLBACK_SUCCESSFUL", "Service deployment rolled back because the circuit breaker threshold was "+
				"exceeded.", d.updated) // [SEEN]
		}
		v.history = append(v.history, d)
	}
}

// prepared lets the scenario have its way with the service.
func (s *Sim) prepared() {
	if s.scenario.prepare != nil {
		s.scenario.prepare(s, s.web())
	}
}

func (s *Sim) web() *service { return s.clusters[0].services[0] }

// behaviorOf is how the tasks of a revision fare in a service: those of one that was there before fare well.
func (s *Sim) behaviorOf(v *service, r *revision) behavior {
	if r.fate != nil {
		return *r.fate
	}
	if r.proven && !s.scenario.always {
		return well
	}
	for _, n := range s.scenario.others {
		if n.family == "" && n.name == r.family || n.name == v.name && n.behavior.given() {
			return n.behavior
		}
	}
	return s.scenario.behavior
}

// act plays what others do and is due.
func (s *Sim) act() {
	for len(s.acts) > 0 {
		next, since := s.acts[0], s.updated
		if next.fromOutset {
			since = s.started
		}
		if since.IsZero() || s.now.Sub(since) < next.after {
			return
		}
		s.acts = s.acts[1:]
		next.do(s)
	}
}
