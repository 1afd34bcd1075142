package ecssim

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// codeDeploy is the application and the deployment group by which CodeDeploy deploys a service.
type codeDeploy struct {
	application, group string
	config             string
	hooks              []hook        // by the lifecycle events that call them
	ready              time.Duration // how long approval is waited for before the traffic moves; 0: nobody is
	termination        time.Duration // how long the old task set is kept
	rollsBack          []string      // the events on which deployments are rolled back
	deployments        []*shift      // newest first
}

// The events on which a deployment is rolled back
// (https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_AutoRollbackConfiguration.html).
const (
	onFailure = "DEPLOYMENT_FAILURE"
	onAlarm   = "DEPLOYMENT_STOP_ON_ALARM"
	onRequest = "DEPLOYMENT_STOP_ON_REQUEST"
)

// lifecycle is the events of a deployment, in their order [SEEN]. Those without a hook pass in a fraction
// of a second [SEEN].
var lifecycle = []string{
	"BeforeInstall", "Install", "AfterInstall", "AllowTestTraffic", "AfterAllowTestTraffic",
	"BeforeAllowTraffic", "AllowTraffic", "AfterAllowTraffic",
}

// shift is a deployment of CodeDeploy's: it moves the traffic of a service from one task set to another.
type shift struct {
	id, creator, config, description string
	content                          string // of the AppSpec
	revision                         *revision
	rollsBack                        []string
	status                           string // Created, InProgress, Ready, Succeeded, Failed or Stopped
	code, message                    string // of the error
	created, started, ended          time.Time
	stopping                         time.Time // when it was asked to stop

	blue, green *deployment
	events      []lifecycleEvent
	traffic     float64 // of the green task set, in percent
	step        int
	stepped     time.Time
	ready       time.Time // since when approval is waited for
	continued   bool
	kept        time.Time // since when the blue task set is
	rollback    *shift    // by which it is rolled back
	of          *shift    // which it rolls back
	by          Actor     // who started it
	stoppedBy   Actor     // who asked for it to be stopped
}

type lifecycleEvent struct {
	status       string // Pending, InProgress, Succeeded, Failed or Skipped
	began, ended time.Time
}

// active is the deployment that is under way, or nil: there is never more than one.
func (g *codeDeploy) active() *shift {
	for _, d := range g.deployments {
		if d.ended.IsZero() {
			return d
		}
	}
	return nil
}

// shift begins a deployment.
func (s *Sim) shift(v *service, r *revision, content string) *shift {
	g := v.codeDeploy
	d := &shift{
		id:       v.ids.codeDeployment(),
		config:   g.config,
		content:  content,
		revision: r,
		status:   "Created",
		by:       s.actor,
		created:  s.now,
		blue:     v.primary(),
	}
	for range lifecycle {
		d.events = append(d.events, lifecycleEvent{status: "Pending"})
	}
	g.deployments = slices.Insert(g.deployments, 0, d)
	return d
}

const (
	startInterval    = 10 * time.Second // until a deployment that is Created is InProgress: up to 25 s [SEEN]
	rerouteInterval  = 10 * time.Second // each change of the traffic
	hookTimeout      = time.Hour        // for a hook to answer: tutorial-ecs-with-hooks-create-hooks.html
	rollbackInterval = 20 * time.Second // a rollback takes
	drainedAge       = time.Minute      // a drained task set is listed (unverified)
	stopInterval     = 5 * time.Second  // (unverified)
)

// shiftTraffic is what CodeDeploy, and ECS at its bidding, do with a service in one tick.
func (s *Sim) shiftTraffic(v *service) {
	for _, d := range v.deployments {
		if d.status != "DRAINING" {
			d.desired = v.desired
		}
		s.addTask(d)
	}
	v.deployments = slices.DeleteFunc(v.deployments, func(d *deployment) bool {
		return d.status == "DRAINING" && d.alive() == 0 && s.now.Sub(d.updated) > drainedAge
	})
	if d := v.codeDeploy.active(); d != nil {
		s.advanceShift(v, d)
	}
}

// addTask has as many tasks of a task set as are wanted.
func (s *Sim) addTask(d *deployment) {
	have := d.wantedTasks()
	for _, surplus := range have[min(len(have), d.desired):] {
		s.stop(surplus, fmt.Sprintf("Scaling activity initiated by (taskSet %s)", d.id())) // text unverified
	}
	if !s.now.Before(d.launchAfter) {
		s.start(d, d.desired-len(have))
	}
}

func (s *Sim) advanceShift(v *service, d *shift) {
	switch {
	case !d.stopping.IsZero():
		if s.now.Sub(d.stopping) >= stopInterval {
			s.end(v, d, "Stopped", onRequest, "MANUAL_STOP", "The deployment was stopped by a user.")
		}
	case d.of != nil:
		s.advanceRollback(d)
	case d.status == "Created":
		if s.now.Sub(d.created) >= startInterval {
			d.status, d.started = "InProgress", s.now
		}
	case d.status == "Ready":
		if s.now.Sub(d.ready) >= v.codeDeploy.ready {
			s.end(v, d, "Stopped", "", "TIMEOUT", "The deployment was stopped because traffic rerouting was not started "+
				"before the wait time ended.")
		}
	case !d.kept.IsZero():
		if s.now.Sub(d.kept) >= v.codeDeploy.termination {
			s.drain(d.blue)
			d.status, d.ended = "Succeeded", s.now
		}
	default:
		s.advanceLifecycle(v, d)
	}
}

// advanceLifecycle goes through the events, as far as they come in this tick.
func (s *Sim) advanceLifecycle(v *service, d *shift) {
	for i, name := range lifecycle {
		event := &d.events[i]
		if event.status == "Succeeded" {
			continue
		}
		if name == "BeforeAllowTraffic" && v.codeDeploy.ready > 0 && !d.continued {
			d.status, d.ready = "Ready", s.now // where in the lifecycle that is, is unverified
			return
		}
		if event.status == "Pending" {
			event.status, event.began = "InProgress", s.now
		}
		done, why := s.eventEnds(v, d, name, s.now.Sub(event.began))
		switch {
		case why != "":
			code := "HOOK_EXECUTION_FAILURE"
			if name == "Install" {
				code = "TIMEOUT"
			}
			s.end(v, d, "Failed", onFailure, code, why)
			return
		case !done:
			return
		}
		event.status, event.ended = "Succeeded", s.now
	}
	d.kept = s.now
}

// eventEnds tells whether a lifecycle event has ended after that long, or why it has failed. Texts
// unverified.
func (s *Sim) eventEnds(v *service, d *shift, name string, spent time.Duration) (done bool, why string) {
	switch name {
	case "Install":
		if d.green == nil {
			d.green = &deployment{
				service:  v,
				number:   v.ids.deployment(),
				external: d.id,
				status:   "ACTIVE",
				revision: d.revision,
				created:  s.now,
				updated:  s.now,
				behavior: s.behaviorOf(v, d.revision),
			}
			v.deployments = slices.Insert(v.deployments, 0, d.green)
			v.history = slices.Insert(v.history, 0, d.green)
		}
		if spent >= hookTimeout {
			return false, "The deployment timed out while waiting for the replacement task set to become healthy. This time " +
				"out period is 60 minutes."
		}
		return d.green.healthy() >= v.desired && d.green.desired == v.desired, ""
	case "AllowTestTraffic":
		return spent >= rerouteInterval, ""
	case "AllowTraffic":
		return s.allowTraffic(d), ""
	}
	at := slices.IndexFunc(v.codeDeploy.hooks, func(h hook) bool { return h.stage == name })
	switch {
	case at < 0:
		return true, ""
	case spent < v.codeDeploy.hooks[at].takes:
		return false, ""
	case v.codeDeploy.hooks[at].fails:
		return false, fmt.Sprintf("The deployment failed because the lifecycle event hook %s returned Failed.", name)
	}
	return true, ""
}

// allowTraffic moves the traffic step by step. The green task set is PRIMARY once it has all [SEEN].
func (s *Sim) allowTraffic(d *shift) bool {
	steps := configs[d.config]
	switch {
	case d.stepped.IsZero():
		d.stepped = s.now
	case d.traffic != steps[d.step].weight && s.now.Sub(d.stepped) >= rerouteInterval:
		d.traffic, d.stepped = steps[d.step].weight, s.now
	case d.traffic == steps[d.step].weight && s.now.Sub(d.stepped) >= steps[d.step].held:
		if d.step++; d.step == len(steps) {
			d.blue.status, d.green.status = "ACTIVE", "PRIMARY"
			s.sayOf(d.green, "has reached a steady state.")
			return true
		}
	}
	return false
}

// drain takes a task set out of service.
func (s *Sim) drain(d *deployment) {
	if d != nil {
		d.status = "DRAINING"
		d.desired = 0
		d.updated = s.now
	}
}

// end ends a deployment before its time. The event that was under way has failed then, and those that
// were to come are skipped [SEEN].
func (s *Sim) end(v *service, d *shift, status, event, code, message string) {
	d.status = status
	d.code = code
	d.message = message
	d.ended = s.now
	for i := range d.events {
		switch d.events[i].status {
		case "InProgress":
			d.events[i].status, d.events[i].ended = "Failed", s.now
		case "Pending":
			d.events[i].status = "Skipped"
		}
	}
	if !slices.Contains(d.rollsBack, event) {
		return // what becomes of the green task set then is unverified: it stays as it is
	}
	back := &shift{
		id:       v.ids.codeDeployment(),
		creator:  "codeDeployRollback",
		config:   "CodeDeployDefault.ECSAllAtOnce", // both [SEEN]
		revision: d.blue.revision,
		content:  specFor(d.blue.revision),
		status:   "InProgress",
		created:  s.now,
		started:  s.now,
		blue:     d.green,
		green:    d.blue,
		of:       d,
	}
	for range lifecycle {
		back.events = append(back.events, lifecycleEvent{status: "Pending"})
	}
	d.rollback = back
	v.codeDeploy.deployments = slices.Insert(v.codeDeploy.deployments, 0, back)
}

// advanceRollback lets a rollback take effect: the task set that was there before is PRIMARY, and the
// other drained. No new one is made [SEEN].
func (s *Sim) advanceRollback(d *shift) {
	spent := s.now.Sub(d.created)
	if spent < rerouteInterval {
		return
	}
	d.of.traffic, d.traffic = 0, 100
	if d.green.status != "DRAINING" {
		d.green.status = "PRIMARY"
	}
	if d.blue != nil && d.blue.status != "DRAINING" {
		s.drain(d.blue)
	}
	if spent >= rollbackInterval {
		for i := range d.events {
			d.events[i] = lifecycleEvent{status: "Succeeded", began: d.created, ended: s.now}
		}
		d.status, d.ended = "Succeeded", s.now
	}
}

// alarmShift is an alarm of the deployment group that goes off. Text [SEEN].
func (s *Sim) alarmShift(v *service) {
	if d := v.codeDeploy.active(); d != nil {
		s.end(v, d, "Stopped", onAlarm, "ALARM_ACTIVE",
			"One or more alarms have been activated according to the Amazon CloudWatch metrics you selected, and the "+
				"affected deployments have been stopped. Activated alarms: <web-5xx>")
	}
}

// specFor is an AppSpec in JSON for a revision.
func specFor(r *revision) string {
	text, err := json.Marshal(document{"version": "0.0", "Resources": []document{{"TargetService": document{
		"Type": "AWS::ECS::Service",
		"Properties": document{
			"TaskDefinition":   r.arn(),
			"LoadBalancerInfo": document{"ContainerName": "app", "ContainerPort": 8080},
		},
	}}}})
	if err != nil {
		panic(err) // it holds strings and numbers
	}
	return string(text)
}

// underCodeDeploy lets CodeDeploy deploy the service. It has deployed two revisions so far, and the task
// set that is there is of the second.
func underCodeDeploy(change func(*codeDeploy)) func(*Sim, *service) {
	return func(s *Sim, v *service) {
		v.controller = "CODE_DEPLOY"
		v.codeDeploy = &codeDeploy{
			application: "AppECS-" + v.cluster.name + "-" + v.name, group: "DgpECS-" + v.cluster.name + "-" + v.name,
			config: "CodeDeployDefault.ECSAllAtOnce", termination: 5 * time.Minute, rollsBack: []string{onFailure, onAlarm},
		}
		change(v.codeDeploy)
		set := v.primary()
		for _, r := range []*revision{s.findRevision("web:40"), set.revision} {
			d := s.shift(v, r, specFor(r))
			d.creator = "user"
			d.status = "Succeeded"
			d.blue = nil
			d.created = set.created.Add(
				-time.Duration(41-r.number) * 24 * time.Hour,
			)
			d.started, d.ended = d.created.Add(startInterval), d.created.Add(10*time.Minute)
			set.external = d.id
		}
	}
}

// shifted makes the world one in which CodeDeploy has begun to deploy a new revision that long ago.
func shifted(change func(*codeDeploy), ago time.Duration) func(*Sim, *service) {
	return func(s *Sim, v *service) {
		underCodeDeploy(change)(s, v)
		s.deployed(v, ago, s.scenario.behavior)
	}
}
