package ecssim

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// catchUp lets the world run, a tick at a time, until it is then.
func (s *Sim) catchUp(then time.Time) {
	for !s.now.Add(tickInterval).After(then) {
		s.now = s.now.Add(tickInterval)
		s.act()
		for _, c := range s.clusters {
			for _, v := range c.services {
				s.schedule(v)
			}
			for _, d := range c.daemons {
				s.scheduleDaemon(d)
			}
			for _, d := range c.once {
				for _, t := range d.tasks {
					s.live(t)
				}
			}
		}
		s.remember()
	}
}

// schedule is what ECS does with one service in one tick.
func (s *Sim) schedule(v *service) {
	for _, d := range v.history {
		running := d.count("RUNNING")
		for _, t := range d.tasks {
			s.live(t)
		}
		if more := d.count("RUNNING") - running; more > 0 {
			s.sayOf(d, "registered %d targets in (target-group %s)", more, d.group()) // [SEEN]
		}
		d.tasks = slices.DeleteFunc(d.tasks, func(t *task) bool {
			return !t.stopped.IsZero() && s.now.Sub(t.stopped) > retentionAge
		})
		s.progress(d)
		s.seeRunning(d)
	}
	if v.codeDeploy != nil {
		s.shiftTraffic(v)
		return
	}
	s.routes(v)
	primary := v.primary()
	s.trip(v, primary)
	if primary = v.primary(); primary.rollout != "FAILED" {
		s.launch(v, primary)
	}
	s.advance(v, v.primary())
	if primary = v.primary(); primary.stage != "" && primary.stage != "CLEAN_UP" && primary.progress != "STOP_REQUESTED" {
		return // the older tasks stay until the end
	}
	s.retire(v, primary)
	s.complete(v, primary)
}

// progress moves a service deployment on where only time decides: it is PENDING for a second or
// two before it is IN_PROGRESS [SEEN], and STOP_REQUESTED for a moment before it is STOPPED.
func (s *Sim) progress(d *deployment) {
	switch {
	case d.progress == "PENDING" && s.now.Sub(d.created) >= 2*time.Second:
		d.progress, d.started = "IN_PROGRESS", s.now
	case d.progress == "STOP_REQUESTED" && s.now.Sub(d.requested) >= 2*time.Second:
		d.finish("STOPPED", d.why, s.now)
	case d.progress == "ROLLBACK_REQUESTED" && s.now.Sub(d.requested) < max(2*time.Second, s.scenario.requested):
		return // it may complete meanwhile [GUIDE: service-deployment]
	case d.progress == "ROLLBACK_REQUESTED" && s.scenario.stops: // [GUIDE: service-deployment]; when is unverified
		d.finish("STOPPED", d.why, s.now)
	case d.progress == "ROLLBACK_REQUESTED":
		s.rollBack(d, "ECS deployment stopped", "Service deployment rolled back because of a user request.") // unverified
	}
}

// bounds are how few tasks must stay healthy, rounded up, and how many may run, rounded down
// [API: DeploymentConfiguration].
func (v *service) bounds() (lower, upper int) {
	return (v.desired*v.minimum + 99) / 100, v.desired * v.maximum / 100
}

// launch starts as many tasks of the PRIMARY as are missing and as the upper bound leaves room for.
func (s *Sim) launch(v *service, primary *deployment) {
	if s.now.Sub(primary.created) < 2*time.Second || s.now.Before(primary.launchAfter) {
		return
	}
	primary.desired = v.desired
	have := primary.wantedTasks()
	for _, surplus := range have[min(len(have), v.desired):] {
		s.stop(surplus, s.scaling(primary))
	}
	_, upper := v.bounds()
	room := upper
	for _, d := range v.deployments {
		room -= len(d.wantedTasks())
	}
	s.start(primary, min(v.desired-len(have), room))
}

// start starts that many tasks of a deployment, if it is any.
func (s *Sim) start(d *deployment, n int) {
	if n <= 0 {
		return
	}
	if why := d.behavior.nowhere; why != "" {
		s.sayOf(d, "was unable to place a task%s", why)
		return
	}
	var names []string
	for range n {
		t := &task{id: d.service.ids.task(), deployment: d, created: s.now}
		t.move("PROVISIONING", s.now)
		d.tasks = append(d.tasks, t)
		names = append(names, "(task "+t.id+")")
	}
	s.sayOf(d, "has started %d tasks: %s.", n, strings.Join(names, " ")) // [SEEN]
}

// scaling is the reason of a task that was replaced in good order [SEEN].
func (s *Sim) scaling(d *deployment) string {
	return fmt.Sprintf("Scaling activity initiated by (deployment %s)", d.id())
}

// retire stops tasks of older deployments, as far as enough healthy ones remain.
func (s *Sim) retire(v *service, primary *deployment) {
	if s.now.Sub(primary.created) < 2*time.Second {
		return
	}
	lower, _ := v.bounds()
	spare := -lower
	for _, d := range v.deployments {
		spare += d.healthy()
	}
	var stopped []string
	for _, d := range slices.Backward(v.deployments) {
		if d == primary && d.rollout != "FAILED" {
			continue
		}
		if d != primary && v.lingering {
			continue
		}
		for _, t := range d.wantedTasks() {
			switch {
			case !t.healthy, d.rollout == "FAILED", d.progress == "ROLLBACK_IN_PROGRESS":
				s.stop(t, s.scaling(primary))
			case spare > 0:
				spare--
				s.stop(t, s.scaling(primary))
				stopped = append(stopped, "(task "+t.id+")")
			}
		}
		if d != primary {
			d.desired = len(d.wantedTasks())
		}
	}
	if n := len(stopped); n > 0 { // all [SEEN]
		s.say(v, "has stopped %d running tasks: %s.", n, strings.Join(stopped, " "))
		s.say(v, "deregistered %d targets in (target-group %s)", n, v.targetGroup())
		s.say(v, "has begun draining connections on %d tasks.", n)
	}
}

// settleTimeout is the least time that a deployment, or a rollback, is IN_PROGRESS (unverified).
const settleTimeout = 10 * time.Second

// complete ends the deployment once all its tasks are healthy and no other has any left, and its bake
// time is over. During that it is still IN_PROGRESS [GUIDE: deployment-alarm-failure].
func (s *Sim) complete(v *service, primary *deployment) {
	s.succeedEarly(v, primary)
	if s.now.Sub(primary.updated) < settleTimeout {
		return
	}
	if primary.rollout != "IN_PROGRESS" || primary.progress == "PENDING" || primary.healthy() != v.desired ||
		primary.alive() != v.desired {
		return
	}
	for _, d := range v.deployments {
		if d != primary && d.alive() > 0 {
			return
		}
	}
	if primary.baking.IsZero() {
		primary.baking = s.now
	}
	if !primary.over() && primary.stage == "" && s.now.Sub(primary.baking) < v.bake {
		return
	}
	primary.set("COMPLETED", fmt.Sprintf("ECS deployment %s completed.", primary.id()), s.now) // [SEEN]
	if !primary.over() {
		primary.finish("SUCCESSFUL", "", s.now)
	}
	for _, d := range v.history {
		if d.progress == "ROLLBACK_IN_PROGRESS" {
			d.finish("ROLLBACK_SUCCESSFUL", d.why, s.now)
		}
	}
	v.deployments = []*deployment{primary} // the others vanish from the list [SEEN]
	s.say(v, "(deployment %s) deployment completed.", primary.id())
	s.say(v, "has reached a steady state.")
}

// succeedEarly ends the service deployment once its tasks are healthy, while older ones still run
// [GUIDE: early-success-criteria]. What DescribeServices shows then is unverified: the old deployment
// stays listed, since its tasks do.
func (s *Sim) succeedEarly(v *service, primary *deployment) {
	if v.earlySuccess && primary.progress == "IN_PROGRESS" && primary.healthy() == v.desired {
		primary.finish("SUCCESSFUL", "", s.now)
	}
}

// threshold is how many failures trip the circuit breaker: half of the desired count, but at least
// 3 and at most 200 [GUIDE: deployment-circuit-breaker].
func (v *service) threshold() int { return min(max((v.desired+1)/2, 3), 200) }

// trip is the circuit breaker.
func (s *Sim) trip(v *service, d *deployment) {
	if !v.breaker.Enable || v.strategy.name != "" || d.rollout != "IN_PROGRESS" || d.progress != "IN_PROGRESS" ||
		d.failed < v.threshold() {
		return
	}
	d.set("FAILED", "ECS deployment circuit breaker: tasks failed to start.", s.now) // [SEEN]
	s.say(v, "(deployment %s) deployment failed: tasks failed to start.", d.id())    // [SEEN]
	if !v.breaker.Rollback {
		// It stays PRIMARY, launches nothing, and the older one keeps running [GUIDE].
		d.progress, d.requested = "STOP_REQUESTED", s.now
		d.why = "Service deployment stopped because the circuit breaker threshold was exceeded." // unverified
		return
	}
	// [SEEN]
	s.rollBack(d, "ECS deployment circuit breaker", "Service deployment rolled back because the circuit breaker "+
		"threshold was exceeded.")
}

// alarm is a CloudWatch alarm of the service that goes off (texts unverified).
func (s *Sim) alarm(v *service) {
	d := v.primary()
	d.alarmed = true
	d.set("FAILED", "ECS deployment failed: alarm detected.", s.now)
	s.say(v, "(deployment %s) deployment failed: alarm detected.", d.id())
	s.rollBack(d, "ECS deployment failed: alarm detected", "Service deployment rolled back because an alarm was "+
		"triggered.")
}

// rollBack makes the last deployment that was completed the PRIMARY again, with its own id and
// creation time: seen in a recorded rollback.
func (s *Sim) rollBack(d *deployment, who, why string) {
	v := d.service
	d.why = why
	at := slices.IndexFunc(v.history, func(c *deployment) bool { return c.rollout == "COMPLETED" && c != d })
	if at < 0 { // text as in terraform-provider-aws
		d.finish("ROLLBACK_FAILED", "No rollback candidate was found to run the rollback.", s.now)
		return
	}
	to := v.history[at]
	d.status, to.status = "ACTIVE", "PRIMARY"
	// [SEEN] of the circuit breaker
	to.set("IN_PROGRESS", fmt.Sprintf("%s: rolling back to deploymentId %s.", who, to.id()), s.now)
	d.progress = "ROLLBACK_IN_PROGRESS"
	d.rollback = &rollback{reason: why, started: s.now, to: to}
	v.deployments = slices.DeleteFunc(v.deployments, func(c *deployment) bool { return c == to })
	v.deployments = slices.Insert(v.deployments, 0, to)
	s.say(v, "rolling back to deployment %s.", to.id()) // [SEEN]
}
