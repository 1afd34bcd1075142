package ecssim

import (
	"encoding/json"
	"math"
	"slices"
	"time"
)

// daemon is a managed daemon: one task on each instance of its capacity providers
// (https://docs.aws.amazon.com/AmazonECS/latest/developerguide/managed-daemons-deployments.html).
type daemon struct {
	of        *service // its cluster, name and ids
	status    string   // ACTIVE or DELETE_IN_PROGRESS [SDK: DaemonStatus]
	created   time.Time
	providers []string // of capacity, by their ARNs
	critical  bool     // an instance on which its task dies is replaced
	failing   int      // so many tasks of a new revision fail; 0: all do, if that is how they fare
	size      int      // of how many instances it is at first
	deleted   bool
	settings  document // how it is deployed at first
	instances []*instance
	history   []*daemonDeployment // newest first
	tasks     []*task
}

// daemonRevision is what a daemon is, as of an UpdateDaemon.
type daemonRevision struct {
	daemon     *daemon
	id         string
	created    time.Time
	definition *revision
	critical   bool
	settings   document // what else UpdateDaemon was told
}

// instance is one of a capacity provider.
type instance struct {
	runs     *daemonRevision
	task     *task     // nil: it goes on without one
	draining time.Time // since when; zero: it is not
}

// daemonDeployment is one of a managed daemon [SDK: DaemonDeployment].
type daemonDeployment struct {
	id            string
	status, why   string
	created       time.Time
	started       time.Time
	finished      time.Time
	by            Actor
	target        *daemonRevision
	sources       []*daemonRevision
	configuration document
	failures      int
	alarmed       bool
	requested     time.Time // when it was to stop
	back          time.Time // since when it is rolled back
	baking        time.Time
}

const (
	daemonFailures   = 3                // that the circuit breaker takes for a failure of the deployment; unverified
	instanceInterval = 30 * time.Second // until an instance is drained and another is in its place; unverified
	drainPercent     = 25               // [GUIDE: managed-daemons-deployments]
)

func (d *daemon) arn() string { return arn("daemon/" + d.of.cluster.name + "/" + d.of.name) }

func (r *daemonRevision) arn() string {
	return arn("daemon-revision/" + r.daemon.of.cluster.name + "/" + r.daemon.of.name + "/" + r.id)
}

func (d *daemonDeployment) arn() string {
	of := d.target.daemon.of
	return arn("daemon-deployment/" + of.cluster.name + "/" + of.name + "/" + d.id)
}

func (d *daemonDeployment) over() bool { return !d.finished.IsZero() }

func (d *daemonDeployment) end(status, why string, now time.Time) {
	d.status, d.why = status, why
	d.finished = now
}

// aim is the revision that all instances are to run in the end.
func (d *daemonDeployment) aim() *daemonRevision {
	if !d.back.IsZero() {
		return d.sources[0]
	}
	return d.target
}

// number is what the configuration says, or what is usual.
func (d *daemonDeployment) number(member string, usual float64) float64 {
	if value, is := d.configuration[member].(json.Number); is {
		if number, err := value.Float64(); err == nil {
			return number
		}
	}
	return usual
}

// deployDaemon starts a deployment. The one before, if it is under way, is replaced
// [GUIDE: managed-daemons-deployments].
func (s *Sim) deployDaemon(d *daemon, target *daemonRevision, configuration document) *daemonDeployment {
	deployment := &daemonDeployment{
		id: d.of.ids.serviceDeployment(), status: "PENDING", created: s.now, target: target, configuration: configuration,
		sources: d.runs(), by: s.actor,
	}
	if len(d.history) > 0 && !d.history[0].over() {
		d.history[0].status, d.history[0].requested = "STOP_REQUESTED", s.now
	}
	d.history = slices.Insert(d.history, 0, deployment)
	return deployment
}

// runs is the revisions that are on instances, those on most first.
func (d *daemon) runs() []*daemonRevision {
	count := map[*daemonRevision]int{}
	var all []*daemonRevision
	for _, i := range d.instances {
		if count[i.runs] == 0 {
			all = append(all, i.runs)
		}
		count[i.runs]++
	}
	slices.SortStableFunc(all, func(a, b *daemonRevision) int { return count[b] - count[a] })
	return all
}

// scheduleDaemon is what ECS does with one daemon in one tick.
func (s *Sim) scheduleDaemon(d *daemon) {
	for _, t := range d.tasks {
		s.live(t)
	}
	for _, older := range d.history[1:] { // texts unverified
		if older.status == "STOP_REQUESTED" && s.now.Sub(older.requested) >= 2*time.Second {
			older.end("STOPPED", "Daemon deployment was replaced by a newer deployment.", s.now)
		}
	}
	now := d.history[0]
	switch {
	case now.over():
		return
	case now.status == "PENDING" && s.now.Sub(now.created) >= 2*time.Second:
		now.status, now.started = "IN_PROGRESS", s.now
	case now.status == "STOP_REQUESTED" && s.now.Sub(now.requested) >= 2*time.Second:
		now.status, now.back = "ROLLBACK_IN_PROGRESS", s.now // [GUIDE: managed-daemons-events]
	}
	if now.status == "IN_PROGRESS" || now.status == "ROLLBACK_IN_PROGRESS" {
		s.replaceInstances(d, now)
	}
	if now.status == "IN_PROGRESS" && now.failures >= daemonFailures { // text unverified
		now.giveUp("Daemon deployment rolled back because the circuit breaker threshold was exceeded.", s.now)
	}
}

// giveUp stops a deployment, which is rolled back then
// (https://docs.aws.amazon.com/AmazonECS/latest/developerguide/managed-daemons-events.html).
func (d *daemonDeployment) giveUp(why string, now time.Time) {
	d.status, d.why = "STOP_REQUESTED", why
	d.requested, d.baking = now, time.Time{}
}

// replaceInstances drains a share of the instances, has others in their place, and goes on with the next share when
// their tasks run.
func (s *Sim) replaceInstances(d *daemon, now *daemonDeployment) {
	to, settled := now.aim(), true
	var older []*instance
	for _, i := range d.instances {
		s.moveInstance(d, now, i)
		switch {
		case !i.draining.IsZero():
			settled = false
		case i.runs != to:
			older = append(older, i)
		case i.task != nil && !i.task.healthy:
			settled = false
		}
	}
	if !settled {
		return
	}
	if len(older) == 0 {
		s.settleDaemon(now)
		return
	}
	share := math.Ceil(float64(len(d.instances)) * now.number("drainPercent", drainPercent) / 100)
	for _, i := range older[:min(len(older), max(1, int(share)))] {
		i.draining = s.now
	}
}

// moveInstance takes an instance a tick further: one whose critical task died is drained, and one that was drained is
// replaced.
func (s *Sim) moveInstance(d *daemon, now *daemonDeployment, i *instance) {
	to := now.aim()
	switch {
	case !i.draining.IsZero() && s.now.Sub(i.draining) >= instanceInterval:
		if i.task != nil && i.task.wanted() {
			s.stop(i.task, "")
		}
		i.runs, i.draining = to, time.Time{}
		i.task = s.startDaemon(d, to)
	case i.draining.IsZero() && i.task != nil && !i.task.wanted():
		i.task = nil
		if i.runs == now.target {
			now.failures++
		}
		if d.critical { // [GUIDE: managed-daemons]
			i.draining = s.now
		}
	}
}

// startDaemon starts the task of a revision on an instance.
func (s *Sim) startDaemon(d *daemon, r *daemonRevision) *task {
	behavior, before := s.scenario.behavior, 0
	for _, t := range d.tasks {
		if t.deployment.revision == r.definition {
			before++
		}
	}
	if r.definition.proven || d.failing > 0 && before >= d.failing {
		behavior = well
	}
	t := &task{id: d.of.ids.task(), created: s.now, deployment: &deployment{
		service: d.of, number: r.id, revision: r.definition, behavior: behavior, created: s.now,
	}}
	t.move("PROVISIONING", s.now)
	t.deployment.tasks = []*task{t}
	d.tasks = append(d.tasks, t)
	return t
}

// settleDaemon ends a deployment whose instances all run what they are to run, after its bake time.
func (s *Sim) settleDaemon(now *daemonDeployment) {
	if !now.back.IsZero() {
		now.end("ROLLBACK_SUCCESSFUL", now.why, s.now)
		return
	}
	if now.baking.IsZero() {
		now.baking = s.now
	}
	bake := time.Duration(now.number("bakeTimeInMinutes", 0)) * time.Minute
	if s.now.Sub(now.baking) >= bake {
		now.end(
			"SUCCESSFUL",
			"Deployment completed successfully.",
			s.now,
		) // in the example of [SDK: DescribeDaemonDeployments]
	}
}

// alarmDaemon is an alarm of a daemon that goes off (texts unverified).
func (s *Sim) alarmDaemon(d *daemon) {
	d.history[0].alarmed = true
	d.history[0].giveUp("Daemon deployment rolled back because an alarm was triggered.", s.now)
}

func (c *cluster) findDaemon(arn string) *daemon {
	for _, d := range c.daemons {
		if d.arn() == arn && !d.deleted {
			return d
		}
	}
	return nil
}

// tasksOfDaemon are those of the daemon of that name.
func (c *cluster) tasksOfDaemon(name string) []*task {
	for _, d := range c.daemons {
		if d.of.name == name {
			return d.tasks
		}
	}
	return nil
}
