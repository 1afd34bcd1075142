package report

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"ecs-deploy/internal/rollout"
)

// The parts of the time until new tasks run.
const (
	earlierRounds    = "earlier rounds"
	waitingForAPlace = "waiting for a place"
	imagePull        = "image pull"
	starting         = "start"
)

// aRound is how long after its deployment a task is created that had to wait for the tasks of an earlier round.
const aRound = 15 * time.Second

// split takes the time until the new tasks run apart, by the task that ran last: how long tasks of earlier rounds kept
// it waiting, how long it waited for a place, pulled its images and started. The parts add up to the whole: what nobody
// saw at once is of the start.
func (t *track) split(r *rollout.Rollout) {
	if len(t.spans) == 0 || t.spans[0].name != phases[0] || len(r.Running) == 0 || len(r.Failures) > 0 {
		return
	}
	whole := t.spans[0]
	slowest := slices.MaxFunc(r.Running, func(a, b rollout.Task) int { return a.Started.Compare(b.Started) })
	began := r.Deployment.Created
	known := !began.IsZero() && !slowest.PullBegan.IsZero() && !slowest.Pulled.IsZero() && !slowest.Started.IsZero()
	if !known || slowest.PullBegan.Before(began) || slowest.Started.Sub(began) > whole.to-whole.from {
		return
	}
	at := func(when time.Time) time.Duration { return whole.from + when.Sub(began) }
	created := whole.from
	var parts []span
	if slowest.Created.Sub(began) > aRound {
		created = at(slowest.Created)
		parts = append(parts, span{name: earlierRounds, from: whole.from, to: created, over: true})
	}
	parts = append(
		parts,
		span{name: waitingForAPlace, from: created, to: at(slowest.PullBegan), over: true},
		span{name: imagePull, from: at(slowest.PullBegan), to: at(slowest.Pulled), look: whole.look, over: true},
		span{name: starting, from: at(slowest.Pulled), to: whole.to, look: whole.look, over: true},
	)
	t.spans = slices.Concat(parts, t.spans[1:])
}

// digests are what the tasks of a deployment run: the digests of each container's image, those of different tasks.
func digests(r *rollout.Rollout) (containers []string, of map[string][]string) {
	of = map[string][]string{}
	if !r.Verdict.Outcome.Good() { // it was taken back since
		return nil, of
	}
	for _, task := range r.Running {
		for _, container := range task.Containers {
			if container.Digest == "" {
				continue
			}
			if len(of[container.Name]) == 0 {
				containers = append(containers, container.Name)
			}
			if !slices.Contains(of[container.Name], container.Digest) {
				of[container.Name] = append(of[container.Name], container.Digest)
			}
		}
	}
	slices.Sort(containers)
	return containers, of
}

// shortened are digests as container engines show them: the first twelve figures tell images apart.
func shortened(digests []string) []string {
	var all []string
	for _, digest := range digests {
		algorithm, figures, _ := strings.Cut(digest, ":")
		all = append(all, algorithm+":"+figures[:min(12, len(figures))])
	}
	return all
}

// imageDigests is the output of what runs, by service and container. Of several digests of one container, the first
// tells.
func imageDigests(result rollout.Result) string {
	all := map[string]map[string]string{}
	for _, r := range result.Rollouts {
		containers, of := digests(r)
		for _, name := range containers {
			if all[r.Name()] == nil {
				all[r.Name()] = map[string]string{}
			}
			all[r.Name()][name] = of[name][0]
		}
	}
	return asJSON(all)
}

// warnOfDigests warns where tasks of one deployment run different images.
func (r *Reporter) warnOfDigests(result rollout.Result) {
	for _, of := range result.Rollouts {
		containers, digests := digests(of)
		for _, name := range containers {
			if len(digests[name]) < 2 {
				continue
			}
			what := fmt.Sprintf("the tasks of %s run different images in container %s: %s", of.Name(), name,
				strings.Join(shortened(digests[name]), " and "))
			r.note(what, "The tag was moved while they started. Deploy again, with resolve-digest: true.", true)
		}
	}
}

// runs is what the tasks run, in a line below the table of a service.
func runs(r *rollout.Rollout) section {
	containers, of := digests(r)
	var parts []string
	for _, name := range containers {
		for _, digest := range shortened(of[name]) {
			parts = append(parts, code(name)+" "+code(digest))
		}
	}
	if len(parts) == 0 {
		return section{}
	}
	return section{what: "digests", before: "\nImages of the running tasks: " + strings.Join(parts, ", ") + ".\n"}
}

// timingDocument is how long a deployment was in a phase.
type timingDocument struct {
	Phase   string  `json:"phase"`
	Seconds float64 `json:"seconds"`
}

// timingsOf are how long a service took for what.
func (t *timeline) timingsOf(r *rollout.Rollout) []timingDocument {
	timings := []timingDocument{}
	for _, track := range t.services {
		if track.key != r.Service.ServiceKey {
			continue
		}
		for _, span := range track.spans {
			length := (span.to - span.from).Round(100 * time.Millisecond).Seconds()
			timings = append(timings, timingDocument{span.name, length})
		}
	}
	return timings
}
