package watch

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"ecs-deploy/internal/cloud"
	"ecs-deploy/internal/kind"
	"ecs-deploy/internal/rollout"
)

// look reads the services, and what else AWS says of their deployments, and files it. It returns those that were seen:
// a place that gives no answer keeps no other from being looked at, and is told by unanswered. So is what else AWS says
// and does not answer: what is known of it is older then.
func (w *watcher) look(ctx context.Context, open []*follower) (seen []*follower, unanswered, err error) {
	groups := byPlace(open)
	looks := make([]look, len(groups))
	_ = cloud.Each(ctx, groups, func(ctx context.Context, i int, group []*follower) error {
		looks[i] = w.lookAt(ctx, group)
		return nil // the error of one place ends none of the others
	})
	for i, look := range looks {
		switch {
		case ctx.Err() != nil && look.err != nil:
			return nil, nil, look.err
		case look.err != nil && !cloud.Transient(look.err):
			w.lose(groups[i][0].Service.Place, look.err)
			continue
		case look.err != nil:
			unanswered = cmp.Or(unanswered, look.err)
			continue
		}
		unanswered = cmp.Or(unanswered, look.unanswered)
		now := time.Now()
		for _, f := range groups[i] {
			f.Missing++
			if service, there := look.services[f.Service.ServiceKey]; there {
				f.take(service, now)
			}
			f.record(now)
		}
		seen = append(seen, groups[i]...)
	}
	return seen, unanswered, nil
}

// look is what was read in one place.
type look struct {
	services        map[rollout.ServiceKey]rollout.Service
	unanswered, err error
}

// lookAt reads the services of one place, and what else AWS says of their deployments.
func (w *watcher) lookAt(ctx context.Context, open []*follower) look {
	began := time.Now()
	var keys []rollout.ServiceKey
	for _, f := range open {
		keys = append(keys, f.Service.ServiceKey)
	}
	services, err := w.clients.Now(ctx, keys...)
	if err != nil {
		return look{err: err}
	}
	its := map[rollout.Controller][]*rollout.Rollout{}
	for _, f := range open {
		f.Began = began
		its[f.Service.Controller] = append(its[f.Service.Controller], f.Rollout)
	}
	_, needed := w.until.WaitFor.Stage() // which is not seen otherwise
	found := look{services: services}
	for _, controller := range slices.Sorted(maps.Keys(its)) {
		rollouts := its[controller]
		err := w.carriers.Of(rollouts[0].Service).Look(ctx, rollouts, needed, w.emit)
		if err != nil && !cloud.Transient(err) {
			return look{err: err}
		}
		found.unanswered = cmp.Or(found.unanswered, err)
	}
	return found
}

// byPlace are rollouts by where they are.
func byPlace(open []*follower) [][]*follower {
	var groups [][]*follower
	for _, f := range open {
		at := slices.IndexFunc(groups, func(group []*follower) bool { return group[0].Service.Place == f.Service.Place })
		if at < 0 {
			at = len(groups)
			groups = append(groups, nil)
		}
		groups[at] = append(groups[at], f)
	}
	return groups
}

// at is the client for where a rollout is.
func (w *watcher) at(f *follower) *cloud.Client { return w.clients.At(f.Service.Place) }

// oldTimeout is how long reads of a service are passed over that show it as it was before what is known of it. AWS
// promises nowhere for how long that may be so.
const oldTimeout = time.Minute

// take takes a service as it was read, unless that is older than what is known of it.
func (f *follower) take(service rollout.Service, now time.Time) {
	f.Missing = 0
	keepSince(&f.OldSince, now, service.OlderThan(f.Service))
	if f.OldSince.IsZero() || now.Sub(f.OldSince) >= oldTimeout {
		f.Service = service
	}
}

// record files what a look has shown, and since when that is so.
func (f *follower) record(now time.Time) {
	f.At = now
	ours, listed := f.Service.Deployment(f.Deployment.ID)
	switch {
	case listed:
		f.Deployment, f.Seen = ours, true
	case f.Seen: // ECS has taken it off the list: nothing of it runs any more
		f.Deployment.Status = rollout.DeploymentInactive
		f.Deployment.Running = 0
		f.Deployment.Pending = 0
	}
	its := kind.Of(f.Service)
	if !its.CountsFailures() {
		f.Deployment.Failed = len(f.failed)
	}
	keepSince(
		&f.FailedSince,
		now,
		listed && ours.Status == rollout.DeploymentPrimary && ours.State == rollout.RolloutFailed,
	)
	stage := f.Progress.Stage
	progress := its.Progress(f.Rollout)
	if progress.Stage != stage {
		f.StageSince, f.StageChanged = now, true
		progress = its.Progress(f.Rollout) // which knows now how long the stage still takes
	}
	keepSince(&f.OverSince, now, progress.Ended)
	f.changed = !f.looked || !sameProgress(progress, f.Progress)
	f.looked = true
	f.older = max(f.older, progress.Older)
	f.Progress = progress
}

// keepSince keeps the time since which something is so; zero: it is not so.
func keepSince(since *time.Time, now time.Time, so bool) {
	switch {
	case !so:
		*since = time.Time{}
	case since.IsZero():
		*since = now
	}
}

// sameProgress tells whether two looks show the same.
func sameProgress(a, b rollout.Progress) bool {
	return a.State == b.State && a.Stage == b.Stage && traffic(a) == traffic(b) && a.Wanted == b.Wanted &&
		a.Older == b.Older && a.Running == b.Running && a.Pending == b.Pending &&
		a.Failed == b.Failed && a.Breaker.Failures == b.Breaker.Failures
}

// traffic is the share of production traffic, or less than none where that is not known.
func traffic(s rollout.Progress) float64 {
	if s.Traffic == nil {
		return -1
	}
	return *s.Traffic
}

// lookAtHealth looks at the health of the tasks, if it is asked for, and files since when all are well.
func (w *watcher) lookAtHealth(ctx context.Context, f *follower, needed bool) error {
	health := rollout.Unhealthy
	if needed {
		if w.looksLeft == 0 {
			f.Health = rollout.Unhealthy // until the next look
			return nil
		}
		w.looksLeft--
		var err error
		if health, err = w.health(ctx, f); err != nil {
			return err
		}
	}
	f.Health = health
	keepSince(&f.HealthySince, f.At, health != rollout.Unhealthy)
	return nil
}

// health looks at the tasks of a rollout, and at what its load balancer says of them. What cannot be
// looked at counts as not checked.
func (w *watcher) health(ctx context.Context, f *follower) (rollout.Health, error) {
	if w.noTasks[f.Service.Place] {
		return rollout.Unchecked, nil
	}
	tasks, err := w.at(f).RunningTasks(ctx, f.Rollout)
	if cloud.NotAllowed(err) {
		w.noTasks[f.Service.Place] = true
		w.emit(rollout.Unreadable{Err: err, Sight: rollout.SightHealth})
		return rollout.Unchecked, nil
	}
	health := healthOf(f.Rollout, tasks)
	if err != nil || health == rollout.Unhealthy {
		return health, err
	}
	for who, groups := range cloud.Balancers(f.Service.TargetGroups) {
		if w.noTargets[balancer{f.Service.Place, who}] {
			continue
		}
		targets, known, err := w.at(f).UnhealthyTargets(ctx, groups, tasks)
		switch {
		case cloud.NotAllowed(err):
			w.noTargets[balancer{f.Service.Place, who}] = true
			w.emit(rollout.Unreadable{Err: err, Sight: rollout.SightTargets})
		case err != nil:
			return health, err
		case len(targets) > 0:
			return rollout.Unhealthy, nil
		case known:
			health = rollout.Healthy
		}
	}
	return health, nil
}

// healthOf judges by the tasks alone: by their state, and by the containers' own health checks.
func healthOf(r *rollout.Rollout, tasks []rollout.Task) rollout.Health {
	well := 0
	for _, task := range tasks {
		healthy := task.Health == rollout.TaskHealthy || !r.HealthChecked && task.Health != rollout.TaskUnhealthy
		if task.Status == rollout.TaskRunning && healthy {
			well++
		}
	}
	switch {
	case well < r.Service.Desired:
		return rollout.Unhealthy
	case r.HealthChecked:
		return rollout.Healthy
	}
	return rollout.Unchecked
}
