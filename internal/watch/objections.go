package watch

import (
	"context"
	"maps"
	"slices"
	"time"

	"ecs-deploy/internal/cloud"
	"ecs-deploy/internal/rollout"
)

// objectionsAfter is how long tasks run before it is asked what the load balancer has against them: most are healthy by
// then, and have made the old ones go.
const objectionsAfter = time.Minute

// objectionsAgain is how long after that it is asked again, as long as the load balancer has judged none of them: of a
// Network Load Balancer it may take some minutes.
const objectionsAgain = 30 * time.Second

// objectionsRenewed is how long what it has against them is taken to hold, where few services are followed: of many,
// no line shows it.
const objectionsRenewed = time.Minute

// tellObjections says what load balancers have against tasks that run for a while, and says it again only when it has
// changed: ECS tells it only when it stops them, if it does.
func (w *watcher) tellObjections(ctx context.Context, f *follower) error {
	keepSince(&f.runningSince, f.At, f.Deployment.Running > 0 && !f.GoingBack)
	switch {
	case f.runningSince.IsZero():
		f.objected, f.objection = false, nil
		return nil
	case f.accepted():
		f.objection = nil
		return nil
	case f.At.Sub(f.runningSince) < objectionsAfter, f.At.Sub(f.askedAt) < objectionsAgain,
		f.objected && (f.objection == nil || f.At.Sub(f.askedAt) < objectionsRenewed || len(w.followers) > fewServices),
		w.until.Objections == nil, w.noTasks[f.Service.Place], len(f.Service.TargetGroups) == 0, w.looksLeft == 0:
		return nil
	}
	w.looksLeft--
	evidence, judged, err := w.objections(ctx, f)
	if err != nil {
		return err
	}
	before := f.objection
	f.askedAt, f.objected = f.At, judged
	f.objection = nil
	findings := w.until.Objections(evidence)
	if len(findings) == 0 {
		return nil
	}
	if f.objection = &findings[0]; before == nil || !alike(*before, findings[0]) {
		w.emit(rollout.TargetsUnhealthy{Rollout: f.Rollout, Findings: findings})
	}
	return nil
}

// alike tells whether two findings on load balancers say the same, of whatever number of tasks.
func alike(a, b rollout.Finding) bool {
	if a.Answer == nil || b.Answer == nil {
		return a.Answer == b.Answer && a.Said == b.Said
	}
	return *a.Answer == *b.Answer
}

// accepted tells whether load balancers have found the tasks healthy, as the course of the deployment shows.
func (f *follower) accepted() bool {
	replaced := f.Deployment.Running >= f.Service.Desired && f.Progress.Older == 0
	return replaced || traffic(f.Progress) > 0 || f.Progress.Wait != rollout.NoWait
}

// objections is what load balancers say of the tasks that run, but for those that they have not judged yet, or let go
// of; and whether they have judged them all. What cannot be read is left out.
func (w *watcher) objections(ctx context.Context, f *follower) (evidence rollout.Evidence, judged bool, err error) {
	tasks, err := w.at(f).RunningTasks(ctx, f.Rollout)
	if err != nil {
		return evidence, cloud.NotAllowed(err), allowed(err)
	}
	balancers := cloud.Balancers(f.Service.TargetGroups)
	for _, who := range slices.Sorted(maps.Keys(balancers)) {
		if w.noTargets[balancer{f.Service.Place, who}] {
			continue
		}
		targets, _, err := w.at(f).UnhealthyTargets(ctx, balancers[who], tasks)
		if err != nil && !cloud.NotAllowed(err) {
			return evidence, false, err
		}
		evidence.Targets = append(evidence.Targets, targets...)
	}
	judged = !slices.ContainsFunc(evidence.Targets, func(t rollout.TargetHealth) bool { return t.State == "initial" })
	evidence.Targets = slices.DeleteFunc(evidence.Targets, func(target rollout.TargetHealth) bool {
		return slices.Contains([]string{"initial", "draining"}, target.State)
	})
	if len(evidence.Targets) > 0 {
		judged = true
		evidence.Checks, err = w.at(f).HealthChecks(ctx, f.Service.TargetGroups)
	}
	return evidence, judged, allowed(err)
}

// allowed is an error but that of what cannot be read: at the end it is told what is not known without it.
func allowed(err error) error {
	if cloud.NotAllowed(err) {
		return nil
	}
	return err
}
