package ecssim

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"time"
)

//go:embed agent.json
var agentDefinition []byte

// managed puts the managed daemon agent on four instances of the cluster, and lets a scenario change it.
func managed(change func(*daemon)) func(*Sim, *service) { return managedAs("agent", change) }

// managedAs is the same under another name, with task definitions of its own.
func managedAs(name string, change func(*daemon)) func(*Sim, *service) {
	return func(s *Sim, v *service) {
		d := &daemon{
			of: &service{
				name: name, cluster: v.cluster, ids: newIDs(s.scenario.Name + "/" + name), status: "ACTIVE", created: v.created,
			},
			status: "ACTIVE", created: v.created, critical: true, size: 4,
			providers: []string{arn("capacity-provider/managed")},
			settings: document{
				"drainPercent": json.Number("25"), "bakeTimeInMinutes": json.Number("2"),
				"alarms": map[string]any{"enable": true, "alarmNames": []any{"agent-errors"}},
			},
		}
		change(d)
		v.cluster.daemons = append(v.cluster.daemons, d)
		for i, tag := range []string{"v0.9", "v1"} {
			r := s.registerForDaemon(agentWith(name, tag))
			r.proven, r.registered = true, v.primary().created.Add(time.Duration(i-1)*24*time.Hour)
			s.ran(d, &daemonRevision{
				daemon: d, id: d.of.ids.event(), created: r.registered, definition: r, critical: d.critical,
				settings: document{"enableECSManagedTags": true, "enableExecuteCommand": false, "propagateTags": "DAEMON"},
			}, d.settings)
		}
	}
}

// agentWith is the task definition of a daemon with a tag of its image.
func agentWith(family, tag string) document {
	definition := parsed(bytes.Replace(agentDefinition, []byte("/agent:v1"), []byte("/agent:"+tag), 1))
	definition["family"] = family
	return definition
}

// ran makes the world one in which a revision of a daemon was deployed, and took ten minutes.
func (s *Sim) ran(d *daemon, r *daemonRevision, configuration document) {
	deployment := s.deployDaemon(d, r, configuration)
	deployment.created, deployment.started = r.created, r.created.Add(2*time.Second)
	deployment.end("SUCCESSFUL", "Deployment completed successfully.", r.created.Add(10*time.Minute))
	for _, t := range d.tasks {
		t.end(deployment.finished)
		t.stopping, t.stopped = deployment.finished, deployment.finished
	}
	d.tasks, d.instances = nil, nil
	for range d.size {
		t := s.startDaemon(d, r)
		t.created, t.ran = deployment.started, deployment.started
		t.healthy = true
		t.move("RUNNING", deployment.started)
		d.instances = append(d.instances, &instance{runs: r, task: t})
	}
}

func (s *Sim) agent() *daemon { return s.clusters[0].daemons[0] }

func asDaemonsAre(*daemon) {}

// agent is the input of those who deploy the daemon.
var agentInputs = map[string]string{
	"service": "", "daemon": "agent", "image": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/agent:v2",
}

// anotherAgent has another run deploy the daemon.
func anotherAgent(s *Sim) {
	d := s.agent()
	r := s.registerForDaemon(agentWith("agent", "v3"))
	r.proven = true
	s.deployDaemon(d, &daemonRevision{
		daemon: d, id: d.of.ids.event(), created: s.now, definition: r, critical: d.critical,
		settings: d.history[0].target.settings,
	}, d.history[0].configuration)
}

// goOn lets the daemon go on for a while.
func (s *Sim) goOn(length time.Duration) {
	for range length / tickInterval {
		s.now = s.now.Add(tickInterval)
		s.scheduleDaemon(s.agent())
	}
}

// begunBefore has another run deploy the daemon that long ago.
func begunBefore(s *Sim, v *service, ago time.Duration) {
	managed(asDaemonsAre)(s, v)
	s.now = s.now.Add(-ago)
	anotherAgent(s)
}

// givenUp has another run deploy the daemon, and ECS roll it back for so long.
func givenUp(s *Sim, v *service, length time.Duration) {
	begunBefore(s, v, 3*time.Minute+length)
	s.goOn(3 * time.Minute)
	s.alarmDaemon(s.agent())
	s.goOn(length)
}

// daemonScenarios are about managed daemons.
var daemonScenarios = []Scenario{
	{
		Name:     "managed-daemon",
		Story:    "a managed daemon is on four instances, which ECS drains and replaces one by one",
		behavior: well,
		prepare:  managed(asDaemonsAre),
		With:     agentInputs,
	},
	{
		Name:     "managed-daemon-crash",
		Story:    "the container of a managed daemon exits on each instance that ECS starts",
		behavior: crashes,
		prepare:  managed(asDaemonsAre),
		With:     agentInputs,
	},
	{
		Name:     "managed-daemon-alarm",
		Story:    "the alarm of a managed daemon goes off when it is on two of four instances",
		behavior: well,
		prepare:  managed(asDaemonsAre),
		acts:     []act{{after: 3 * time.Minute, do: func(s *Sim) { s.alarmDaemon(s.agent()) }}},
		With:     agentInputs,
	},
	{
		Name:     "managed-daemon-without",
		Story:    "a managed daemon is not critical, and fails on one instance, which goes on without it",
		behavior: crashes,
		prepare:  managed(func(d *daemon) { d.critical, d.failing = false, 1 }),
		With:     agentInputs,
	},
	{
		Name:     "managed-daemon-stuck",
		Story:    "the image of a managed daemon never comes",
		behavior: stuckPulling,
		prepare:  managed(asDaemonsAre),
		With:     agentInputs,
	},
	{
		Name:     "managed-daemon-superseded",
		Story:    "another run deploys the managed daemon when it is on two of four instances",
		behavior: well,
		prepare:  managed(asDaemonsAre),
		acts:     []act{{after: 3 * time.Minute, do: anotherAgent}},
		With:     agentInputs,
	},
	{
		Name:     "managed-daemon-busy",
		Story:    "another run deployed the managed daemon two minutes ago",
		behavior: well,
		prepare: func(s *Sim, v *service) {
			begunBefore(s, v, 2*time.Minute)
			s.goOn(2 * time.Minute)
		},
		With: agentInputs,
	},
	{
		Name:     "managed-daemon-rolling-back",
		Story:    "ECS is rolling the deployment of another run of the managed daemon back",
		behavior: well,
		prepare:  func(s *Sim, v *service) { givenUp(s, v, time.Minute) },
		With:     agentInputs,
	},
	{
		Name:     "managed-daemon-rolled-back-before",
		Story:    "ECS has rolled the deployment of another run of the managed daemon back",
		behavior: well,
		prepare:  func(s *Sim, v *service) { givenUp(s, v, time.Hour) },
		With:     agentInputs,
	},
	{
		Name:     "managed-daemon-mixed",
		Story:    "the deployment of another run of the managed daemon was stopped, and it runs two revisions",
		behavior: well,
		prepare: func(s *Sim, v *service) {
			begunBefore(s, v, 4*time.Minute)
			s.goOn(4 * time.Minute)
			s.agent().history[0].end("STOPPED", "Daemon deployment failed.", s.now) // text unverified
		},
		With: agentInputs,
	},
	{
		Name:     "managed-daemon-first",
		Story:    "the first deployment of a managed daemon is under way, and no task of it runs yet",
		behavior: well,
		prepare: func(s *Sim, v *service) {
			managed(asDaemonsAre)(s, v)
			d := s.agent()
			first := d.history[0]
			first.status, first.sources = "IN_PROGRESS", nil
			first.finished, d.history = time.Time{}, d.history[:1]
			d.tasks, d.instances = nil, []*instance{{runs: first.target, task: s.startDaemon(d, first.target)}}
		},
		With: agentInputs,
	},
	{
		Name:     "managed-daemon-deleted",
		Story:    "the managed daemon is deleted when it is on two of four instances",
		behavior: well,
		prepare:  managed(asDaemonsAre),
		acts: []act{{after: 3 * time.Minute, do: func(s *Sim) {
			s.agent().deleted = true
		}}},
		With: agentInputs,
	},
	{
		Name:     "managed-daemons",
		Story:    "two managed daemons are on the instances, and the container of each exits",
		behavior: crashes,
		prepare: func(s *Sim, v *service) {
			managed(asDaemonsAre)(s, v)
			managedAs("logs", asDaemonsAre)(s, v)
		},
		With: map[string]string{"service": "", "daemon": "agent, logs", "image": agentInputs["image"]},
	},
	{
		Name:     "managed-daemon-stopped",
		Story:    "the deployment of a managed daemon is stopped, and not by another one",
		behavior: well,
		prepare:  managed(asDaemonsAre),
		acts: []act{{after: 3 * time.Minute, do: func(s *Sim) {
			s.agent().history[0].end("STOPPED", "Daemon deployment failed.", s.now) // text unverified
		}}},
		With: agentInputs,
	},
	{
		Name:     "managed-daemon-rollback-fails",
		Story:    "the alarm of a managed daemon goes off, and the rollback fails",
		behavior: well,
		prepare:  managed(asDaemonsAre),
		acts: []act{
			{after: 3 * time.Minute, do: func(s *Sim) { s.alarmDaemon(s.agent()) }},
			{after: 4 * time.Minute, do: func(s *Sim) {
				s.agent().history[0].end("ROLLBACK_FAILED", "Daemon deployment rollback failed.", s.now) // text unverified
			}},
		},
		With: agentInputs,
	},
}
