package report

import (
	"fmt"
	"slices"
	"strings"

	"ecs-deploy/internal/rollout"
	"ecs-deploy/internal/taskdef"
)

// shortDigest is how many characters of a digest are shown.
const shortDigest = 8

// version is what people call what an image is of: its tag, or the begin of its digest.
func version(image string) string {
	if _, digest, is := strings.Cut(image, "@sha256:"); is {
		return digest[:min(len(digest), shortDigest)]
	}
	if _, tag, is := strings.Cut(rollout.LastSegment(image), ":"); is {
		return tag
	}
	return "latest"
}

// versions are those of a revision and of the one before it, by the first image that changes; empty: none is known.
func versions(images []taskdef.ImageChange) (before, after string) {
	for _, image := range images {
		if image.From != image.To {
			return version(image.From), version(image.To)
		}
	}
	if len(images) > 0 {
		return version(images[0].From), version(images[0].To)
	}
	return "", ""
}

// named is a revision, with its version as far as a rollout tells it: web:41 (v1).
func named(r *rollout.Rollout, id string) string {
	before, after := versions(r.Revision.Images)
	version := map[string]string{r.Revision.Previous.ID(): before, r.Revision.Revision.ID(): after}[id]
	switch {
	case version != "":
		return id + " (" + version + ")"
	case id == r.Found.ID():
		return ofVersion(r.Found)
	}
	return id
}

// serving is who serves now: a sentence without its full stop; empty: that is not known, or was not touched.
func serving(r *rollout.Rollout) string {
	now := r.Latest()
	wanted := desired(now)
	switch {
	case !isSeen(r):
		return ""
	case r.Service.ManagedDaemon && now.Progress.Wanted+now.Progress.Draining == 0:
		return noInstance(now.Progress)
	case wanted == 0:
		return "the service is set to 0 tasks"
	case down(r):
		return fmt.Sprintf("%s: 0 of %s running", isDown(r), plural(wanted, unit(r)))
	case now.Progress.OfInstances:
		return servingInstances(r)
	}
	first, others := now.Progress.Serves[0], now.Progress.Serves[1:]
	text := named(r, rollout.RevisionID(first.TaskDefinition))
	if unseen := []rollout.Ending{rollout.EndedLost, rollout.EndedUnknown}; slices.Contains(unseen, r.Verdict.Ending) {
		text = "when last seen, " + text
	}
	if first.Traffic != nil && *first.Traffic < 100 && len(others) > 0 {
		text += fmt.Sprintf(" serves %g%% of the traffic", *first.Traffic)
	} else {
		text += " serves with " + ofTasks(first.Running, wanted)
	}
	for _, other := range others {
		id := named(r, rollout.RevisionID(other.TaskDefinition))
		if other.Traffic != nil && *other.Traffic > 0 {
			text += fmt.Sprintf(", and %s %g%%", id, *other.Traffic)
		} else {
			text += fmt.Sprintf(", and %s of %s %s", plural(other.Running, "task"), id, besides(r, other))
		}
	}
	return text + idle(now)
}

// idle is tasks of a deployment that run and get no traffic.
func idle(r *rollout.Rollout) string {
	d := r.Deployment
	serves := func(tasks rollout.ServingTasks) bool { return tasks.TaskDefinition == d.TaskDefinition }
	if d.Running == 0 || !r.Progress.Shifts || slices.ContainsFunc(r.Progress.Serves, serves) {
		return ""
	}
	return fmt.Sprintf(", and %s of %s %s running%s",
		plural(d.Running, "task"), named(r, rollout.RevisionID(d.TaskDefinition)), areOrIs(d.Running), ofTraffic(r))
}

// ofTraffic is what traffic the tasks of a deployment get that moves it in stages.
func ofTraffic(r *rollout.Rollout) string {
	switch percent := r.Progress.Traffic; {
	case percent == nil:
		return " too"
	case *percent > 0:
		return fmt.Sprintf(" with %g%% of the traffic", *percent)
	}
	return " without traffic"
}

// besides is what tasks do that run beside those that serve.
func besides(r *rollout.Rollout, tasks rollout.ServingTasks) string {
	ours := tasks.TaskDefinition == r.Deployment.TaskDefinition
	unhealthy := func(f rollout.Finding) bool { return f.About == rollout.AboutTargets }
	switch is := areOrIs(tasks.Running); {
	case ours && r.Progress.Shifts:
		return is + " running" + ofTraffic(r)
	case ours && slices.ContainsFunc(r.Findings, unhealthy):
		return is + " running but unhealthy"
	case ours && r.Health == rollout.Healthy && tasks.Running == 1:
		return "serves too"
	case ours && r.Health == rollout.Healthy:
		return "serve too"
	default:
		return is + " running too"
	}
}

// isSeen tells whether it is known who serves, of a service that is there.
func isSeen(r *rollout.Rollout) bool {
	there := r.Verdict.Ending != rollout.EndedDeleted && r.Latest().Service.Status == rollout.ServiceActive
	return r.Deployment.ID != "" && there
}

// down tells whether no task of a service is left that serves.
func down(r *rollout.Rollout) bool {
	now := r.Latest()
	return isSeen(r) && now.Service.Desired > 0 && len(now.Progress.Serves)+now.Progress.Draining == 0
}

// areOrIs is the verb for that many.
func areOrIs(n int) string {
	if n == 1 {
		return "is"
	}
	return "are"
}

// ofTasks is how many of the wanted tasks there are, which may be more while some are replaced.
func ofTasks(running, wanted int) string { return outOf(running, wanted, "task") }

// ofInstances is the same of instances.
func ofInstances(running, all int) string { return outOf(running, all, "instance") }

func outOf(running, wanted int, unit string) string {
	if running > wanted {
		return plural(running, unit)
	}
	return fmt.Sprintf("%d of %s", running, plural(wanted, unit))
}

// count is the same without saying of what.
func count(running, wanted int) string {
	if running > wanted {
		return fmt.Sprint(running)
	}
	return fmt.Sprintf("%d of %d", running, wanted)
}
