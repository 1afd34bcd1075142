package inputs

import (
	"fmt"
	"slices"
	"strings"

	"ecs-deploy/internal/rollout"
	"ecs-deploy/internal/taskdef"
)

// nextWave is the entry at which the next wave begins.
const nextWave = "---"

// targets reads the list of services: names, paths, ARNs, patterns, tags and what they except, in waves. An entry that
// names no cluster is about the one that is given.
// Each entry is checked.
func (c *checker) targets(
	input, value, cluster string, check func(input string, target rollout.Target),
) []rollout.Target {
	var targets []rollout.Target
	wave, inWave := 0, 0
	for _, item := range items(value) {
		if item == nextWave {
			c.notEmpty(input, inWave)
			wave, inWave = wave+1, 0
			continue
		}
		target := readTarget(item, cluster)
		target.Wave = wave
		check(input, target)
		c.once(input, target, targets)
		targets = append(targets, target)
		if !target.Selector.Except {
			inWave++
		}
	}
	switch {
	case wave > 0:
		c.notEmpty(input, inWave)
	case value != "" && inWave == 0 && input == "service":
		c.mistake("%s: %q names no service", input, value)
	}
	return targets
}

func (c *checker) notEmpty(input string, services int) {
	if services == 0 {
		c.mistake("%s: a wave names no %s: there must be one before and after each ---", input, input)
	}
}

// readTarget reads one entry, right or not.
func readTarget(item, cluster string) rollout.Target {
	target := rollout.Target{Place: rollout.PlaceOf(cluster), Text: item, Cluster: cluster}
	rest, except := strings.CutPrefix(item, "!")
	if except {
		target.Place, target.Cluster = rollout.Place{}, ""
	}
	for _, kind := range []string{":service/", ":daemon/"} {
		if _, path, is := strings.Cut(rest, kind); is && strings.HasPrefix(rest, "arn:") {
			target.Place, rest = rollout.PlaceOf(rest), path
		}
	}
	if path, last := cutPath(rest); path != "" {
		region, cluster, isIn := strings.Cut(path, "/")
		if target.Cluster, rest = path, last; isIn {
			target.Place, target.Cluster = rollout.Place{Region: region}, cluster
		}
	}
	if except {
		rest = "!" + rest
	}
	selector, is := rollout.ParseSelector(rest)
	if target.Selector = selector; !is {
		target.Name, target.Selector = rest, rollout.Selector{}
	}
	return target
}

// cutPath cuts the path off an entry. A tag may have slashes.
func cutPath(entry string) (path, last string) {
	if strings.HasPrefix(entry, "tag:") {
		return "", entry
	}
	if before, tag, is := strings.Cut(entry, "/tag:"); is {
		return before, "tag:" + tag
	}
	at := strings.LastIndexByte(entry, '/')
	return entry[:max(at, 0)], entry[at+1:]
}

// target checks one entry.
func (c *checker) target(input string, target rollout.Target) {
	selector, item := target.Selector, target.Text
	tagged := target.Name == "" && selector.Pattern == ""
	switch {
	case strings.HasPrefix(strings.TrimPrefix(item, "!"), "arn:"):
		if !serviceARN().MatchString(strings.TrimPrefix(item, "!")) {
			c.mistake("%s: %q is neither the name nor the ARN of a service%s", input, item, arnOddity(item))
		}
	case tagged && selector.Key == "":
		c.mistake("%s: %q names no tag: write tag:key=value", input, item)
	case target.Name == "" && !tagged && !servicePattern().MatchString(selector.Pattern):
		c.mistake(
			"%s: %q is not a pattern of service names: use letters, digits, -, _, * and ?%s", input, item, oddity(item),
		)
	case target.Name != "" && !taskdef.IsName(target.Name):
		c.mistake("%s: %q is neither the name nor the ARN of a service%s", input, item, oddity(item))
	case strings.Contains(item, "/") && !tagged && !isPlaced(target):
		c.mistake("%s: %q is neither cluster/service nor region/cluster/service%s", input, item, oddity(item))
	}
}

// isPlaced tells whether the path of an entry is one.
func isPlaced(target rollout.Target) bool {
	region := target.Region == "" || regionName().MatchString(target.Region)
	return region && taskdef.IsName(target.Cluster)
}

// once refuses an entry that stands there already.
func (c *checker) once(input string, target rollout.Target, before []rollout.Target) {
	name := rollout.LastSegment(target.Name)
	at := slices.IndexFunc(before, func(other rollout.Target) bool {
		if target.Name == "" {
			return other.Text == target.Text
		}
		return other.Is(target.Cluster, name) && (other.At(target.Place) || target.At(other.Place))
	})
	switch {
	case at < 0:
		return
	case before[at].Wave != target.Wave:
		c.mistake("%s: %s is in wave %d and in wave %d", input, target.Short(), before[at].Wave+1, target.Wave+1)
	default:
		c.mistake("%s: %s is given twice", input, target.Short())
	}
}

// clusterOfNames is the cluster of entries that name none: the input or, where that is not given, the one that the ARNs
// name. The default counts as not given.
func clusterOfNames(cluster, value string) string {
	var clusters []string
	for _, item := range items(value) {
		if target := readTarget(item, ""); strings.HasPrefix(item, "arn:") && target.Cluster != "" &&
			!slices.Contains(clusters, target.Cluster) {
			clusters = append(clusters, target.Cluster)
		}
	}
	if cluster == "default" && len(clusters) == 1 {
		return clusters[0]
	}
	return cluster
}

// clusterOf is the cluster that a run is about, where it is about one: that of the targets, or else the input. The
// input is a mistake if none of the targets is in it; the default counts as not given.
func (c *checker) clusterOf(input, cluster string, targets []rollout.Target) string {
	var clusters []string
	for _, target := range targets {
		if !target.Selector.Except && !slices.Contains(clusters, rollout.LastSegment(target.Cluster)) {
			clusters = append(clusters, rollout.LastSegment(target.Cluster))
		}
	}
	switch {
	case len(clusters) == 0 || slices.Contains(clusters, rollout.LastSegment(cluster)):
		return cluster
	case cluster != "default":
		c.mistake(
			"%s: %q has no effect: each service names its own, %s", input, cluster, strings.Join(clusters, ", "),
		)
	}
	return clusters[0]
}

// inClusters is where targets are, in the few words of a title.
func (in Inputs) inClusters() string {
	regions, accounts := map[string]bool{}, map[string]bool{}
	for _, place := range in.Places {
		regions[place.Region], accounts[place.Account] = true, true
	}
	text := rollout.LastSegment(in.Cluster)
	if n := in.clusters(); n > 1 {
		text = fmt.Sprintf("%d clusters", n)
	}
	if n := len(regions); n > 1 {
		text += fmt.Sprintf(" in %d regions", n)
	}
	if n := len(accounts); n > 1 {
		text += fmt.Sprintf(" of %d accounts", n)
	}
	return text
}
