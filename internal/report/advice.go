package report

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"ecs-deploy/internal/rollout"
)

// mostAdvice is how much advice a summary gives at most.
const mostAdvice = 3

const (
	muchDrain    = time.Minute      // a deregistration delay that is longer is worth a word,
	muchStop     = 10 * time.Second // and so is a stopTimeout of so long that was waited for,
	longInterval = 10 * time.Second // and a longer interval between health checks

	// What the advice is to set: as long as a usual request may take, and what the guide of ECS has.
	shorterDrain    = 30 * time.Second
	shorterInterval = 5 * time.Second
)

// deploymentTimes is how long a deployment that succeeded took, by phase and in all.
type deploymentTimes struct {
	phases map[string]time.Duration
	whole  time.Duration
}

func timesOf(t *track) deploymentTimes {
	times := deploymentTimes{phases: map[string]time.Duration{}}
	for _, span := range t.spans {
		times.phases[span.name] += span.to - span.from
		times.whole += span.to - span.from
	}
	return times
}

// hints are what makes deployments slow that a setting shows. Each has its source, and tells in a sentence what to
// change; empty: there is nothing to gain.
var hints = []struct {
	source string
	advise func(deploymentTimes, *rollout.Rollout) string
}{
	{
		source: "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/load-balancer-connection-draining.html",
		advise: shorterDraining,
	},
	{
		source: "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html",
		advise: stoppingOnSignal,
	},
	{
		source: "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service_definition_parameters.html",
		advise: fewerRounds,
	},
	{
		source: "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-pull-behavior.html",
		advise: fasterPull,
	},
	{ // a new target needs one check to be healthy, whatever the threshold
		source: "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/load-balancer-healthcheck.html",
		advise: soonerChecks,
	},
}

func shorterDraining(took deploymentTimes, r *rollout.Rollout) string {
	drained := took.phases[phases[draining]]
	for _, group := range r.Groups {
		if group.Drain > muchDrain && drained >= group.Drain {
			return fmt.Sprintf(
				"Draining the old tasks took %s: `deregistration_delay.timeout_seconds` of target group %s is %d. With %d, this "+
					"deployment takes about %s. Keep it longer than the longest request.",
				rollout.Span(drained), code(group.Name), seconds(group.Drain), seconds(shorterDrain),
				rollout.Span(took.whole-group.Drain+shorterDrain),
			)
		}
	}
	return ""
}

// stoppingOnSignal is for containers that had to be killed.
func stoppingOnSignal(_ deploymentTimes, r *rollout.Rollout) string {
	for _, container := range r.Killed {
		if container.StopTimeout >= muchStop {
			return fmt.Sprintf("Container %s of the old tasks did not end when it was told to, by SIGTERM: ECS killed it "+
				"(exit code 137) after its `stopTimeout`, %s. If it ends on SIGTERM, old tasks stop up to %[2]s sooner. A shell "+
				"as the first process does not pass the signal on.",
				code(container.Name), rollout.Span(container.StopTimeout))
		}
	}
	return ""
}

// fewerRounds is for services that replace some of their tasks after the others. ECS rounds the most tasks down, and
// the least up.
func fewerRounds(_ deploymentTimes, r *rollout.Rollout) string {
	desired := r.Service.Desired
	if !r.Service.Rolls() || r.Service.Daemon || desired == 0 {
		return ""
	}
	most := desired * r.Service.Maximum / 100
	least := (desired*r.Service.Minimum + 99) / 100
	atOnce := most - least
	if atOnce <= 0 || atOnce >= desired {
		return ""
	}
	return fmt.Sprintf(
		"`minimum-healthy-percent` %d and `maximum-percent` %d let ECS replace %d of %d tasks at a time, in %d rounds. "+
			"With `maximum-percent` 200, where there is room for twice the tasks, it takes one.",
		r.Service.Minimum, r.Service.Maximum, atOnce, desired, (desired+atOnce-1)/atOnce,
	)
}

func fasterPull(took deploymentTimes, r *rollout.Rollout) string {
	pull := took.phases[imagePull]
	if pull < rollout.LongPull {
		return ""
	}
	size := ""
	if len(r.Large) > 0 {
		largest := slices.MaxFunc(r.Large, func(a, b rollout.ImageSize) int { return cmp.Compare(a.Bytes, b.Bytes) })
		size = fmt.Sprintf(": the image of %s is %s, compressed", code(largest.Container), sizeInWords(largest.Bytes))
	}
	return fmt.Sprintf("Pulling the images took %s of %s%s. Smaller images, from a registry of the same Region, are "+
		"pulled faster.", rollout.Span(pull), rollout.Span(took.whole), size)
}

// sizeInWords is a size in the units in which images are told, of powers of ten.
func sizeInWords(size int64) string {
	if size < 1e9 {
		return fmt.Sprintf("%d MB", size/1e6)
	}
	return fmt.Sprintf("%.1f GB", float64(size)/1e9)
}

func soonerChecks(took deploymentTimes, r *rollout.Rollout) string {
	waited := took.phases[phases[gettingHealthy]]
	for _, group := range r.Groups {
		if group.Interval > longInterval && waited >= group.Interval {
			return fmt.Sprintf("Getting healthy took %s: target group %s checks its targets every %s "+
				"(`HealthCheckIntervalSeconds`). With %d, tasks that answer at once are healthy up to %s sooner.",
				rollout.Span(waited), code(group.Name), rollout.Span(group.Interval), seconds(shorterInterval),
				rollout.Span(group.Interval-shorterInterval))
		}
	}
	return ""
}

// advice is what would make the next deployment faster, folded: only of deployments that succeeded and took long, and
// only where their settings show it.
func (t *timeline) advice(rollouts []*rollout.Rollout) section {
	list := section{what: "advice", importance: picture, before: "\n"}
	for _, track := range t.services {
		for _, r := range rollouts {
			if r.Service.ServiceKey == track.key && r.Verdict.Outcome.Good() && !r.Unchanged {
				list.lines = append(list.lines, t.advise(track, r)...)
			}
		}
	}
	if len(list.lines) == 0 {
		return section{}
	}
	list.lines = list.lines[:min(mostAdvice, len(list.lines))]
	return list.folded("What would make the next deployment faster", false)
}

func (t *timeline) advise(track *track, r *rollout.Rollout) []string {
	took := timesOf(track)
	if took.whole < rollout.LongDeployment {
		return nil
	}
	var lines []string
	for _, hint := range hints {
		text := hint.advise(took, r)
		if text == "" {
			continue
		}
		if t.ofSeveral() {
			text = code(r.Name()) + ": " + text
		}
		lines = append(lines, "- "+text+" ([source]("+hint.source+"))\n")
	}
	return lines
}
