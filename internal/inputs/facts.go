package inputs

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"ecs-deploy/internal/rollout"
	"ecs-deploy/internal/taskdef"
)

// Facts is what the inputs say, in words: what is done to what, and what is not as usual. Values of
// variables and what patches hold are not told.
func (in Inputs) Facts() []rollout.Fact {
	facts := []rollout.Fact{
		{Name: cmp.Or(map[string]string{"rollback": "roll back"}[in.Operation], in.Operation), Value: in.subject()},
	}
	tell := func(name string, values ...string) {
		if text := strings.Join(values, ", "); text != "" {
			facts = append(facts, rollout.Fact{Name: name, Value: text})
		}
	}
	tell("revision", in.base())
	tell("image", in.images()...)
	tell("digests", map[bool]string{true: "the tags of new images are resolved"}[in.ResolveDigest])
	tell("variables", each(in.Variables, variableInWords)...)
	if in.Replace {
		tell("replaced", "variables that are not given are removed")
	}
	tell("patched", in.patched()...)
	tell("tags", in.TagKeys...)
	tell("service", in.settings()...)
	tell("one-off tasks", in.once()...)
	tell("gates", in.Gates.inWords()...)
	tell("scheduled tasks", each(in.Scheduled, scheduleAsWritten)...)
	tell("CodeDeploy", in.CodeDeploy.Given...)
	if in.Operation != "status" && len(in.Targets) > 0 {
		tell("wait for", in.WaitFor)
		tell("on failure", map[bool]string{false: "do not roll back", true: "roll back"}[in.RollbackOnFailure])
		tell("when busy", whenBusyInWords[in.WhenBusy])
	}
	if in.KeepRevisions != nil {
		tell("revisions", fmt.Sprintf("keep the newest %d", *in.KeepRevisions))
	}
	tell("credentials", in.Credentials.inWords())
	tell("accounts", in.Credentials.Accounts...)
	tell("AWS's inputs", in.Amazon...)
	tell("filled in", in.templates.filledIn()...)
	tell("note", in.unusual()...)
	return facts
}

// AskNothing tells whether a deployment is asked for, and nothing of it: no revision, no change, no setting, no task,
// no force. That is what a variable leaves that is not set.
func (in Inputs) AskNothing() bool {
	edits := in.TaskDefinition != "" || in.File != nil || len(in.Images)+len(in.Variables) > 0 || !in.Patch.Empty()
	settings := in.DesiredCount != nil || in.MinimumHealthyPercent != nil || in.MaximumPercent != nil ||
		in.ForceNewDeployment != nil ||
		!in.ServicePatch.Empty()
	return in.Operation == "deploy" && !edits && !settings && in.RunBefore == nil && in.RunAfter == nil &&
		len(in.Scheduled) == 0
}

func each[T any](items []T, inWords func(T) string) []string {
	var words []string
	for _, item := range items {
		words = append(words, inWords(item))
	}
	return words
}

// About is what it is about, in the few words of a title.
func (in Inputs) About() string {
	const few = 2
	if len(in.Targets) == 0 {
		return ""
	}
	about := fmt.Sprintf("%d services", len(in.Targets))
	var names []string // each once, however many regions it is in
	for i, target := range in.Targets {
		same := func(other rollout.Target) bool {
			return other.Cluster == target.Cluster && other.Short() == target.Short()
		}
		if !slices.ContainsFunc(in.Targets[:i], same) {
			names = append(names, target.Short())
		}
	}
	if len(names) <= few {
		about = strings.Join(names, ", ")
	} else if slices.ContainsFunc(in.Targets, func(t rollout.Target) bool { return t.Name == "" }) {
		about = "services" // how many they are, is not known
	}
	return about + " → " + in.inClusters()
}

// subject is what it is about.
func (in Inputs) subject() string {
	daemons := len(in.Targets) > 0 && in.Targets[0].Daemon
	cluster, what := " in cluster "+rollout.LastSegment(in.Cluster), rollout.ServiceKey{ManagedDaemon: daemons}.Noun()
	switch names := in.inWaves(); {
	case len(in.Targets) == 0:
		return "a revision only, no service"
	case len(names) > 1:
		return fmt.Sprintf("%d waves: %s", len(names), strings.Join(names, "; then "))
	case in.clusters() > 1 || len(in.Places) > 1:
		return what + "s " + names[0]
	case len(in.Targets) == 1:
		return what + " " + names[0] + cluster
	default:
		return what + "s " + names[0] + cluster
	}
}

func (in Inputs) clusters() int {
	var clusters []string
	for _, target := range in.Targets {
		if name := rollout.LastSegment(target.Cluster); name != "" && !slices.Contains(clusters, name) {
			clusters = append(clusters, name)
		}
	}
	return len(clusters)
}

// inWaves is what is deployed to in each wave.
func (in Inputs) inWaves() []string {
	const few = 6
	names := make([][]string, in.Waves())
	for _, target := range in.Targets {
		name, cluster := target.Short(), rollout.LastSegment(target.Cluster)
		switch {
		case cluster == "" || strings.Contains(name, "/"):
			name = target.Text
		case len(in.Places) > 1:
			name = strings.TrimPrefix(target.Account+"/"+target.Region+"/"+cluster+"/"+name, "/")
		case in.clusters() > 1:
			name = cluster + "/" + name
		}
		names[target.Wave] = append(names[target.Wave], name)
	}
	var waves []string
	for _, of := range names {
		text := strings.Join(of[:min(few, len(of))], ", ")
		if more := len(of) - few; more > 0 {
			text += fmt.Sprintf(" and %d more", more)
		}
		waves = append(waves, text)
	}
	return waves
}

// base is what is deployed, where it is not what runs.
func (in Inputs) base() string {
	if in.File != nil {
		if in.templates.file != "" {
			return "a file, in which something is filled in for each service"
		}
		return "the family " + in.File.Family() + ", from the file"
	}
	return in.TaskDefinition[strings.LastIndexByte(in.TaskDefinition, '/')+1:]
}

// images are those that are given, as they are written where something is filled in.
func (in Inputs) images() []string {
	if in.templates.image != "" {
		return lines(in.templates.image)
	}
	return each(in.Images, taskdef.Image.String)
}

func variableInWords(variable taskdef.Variable) string {
	switch {
	case variable.Remove:
		return variable.String() + " (removed)"
	case variable.Secret:
		return variable.String() + " (secret)"
	}
	return variable.String()
}

func (in Inputs) patched() []string {
	var what []string
	if !in.Patch.Empty() {
		what = append(what, "the task definition")
	}
	if !in.ServicePatch.Empty() {
		what = append(what, "the service")
	}
	return what
}

func (in Inputs) settings() []string {
	var settings []string
	for _, number := range []struct {
		input string
		value *int32
	}{
		{"desired-count", in.DesiredCount},
		{"minimum-healthy-percent", in.MinimumHealthyPercent},
		{"maximum-percent", in.MaximumPercent},
	} {
		if number.value != nil {
			settings = append(settings, fmt.Sprintf("%s %d", number.input, *number.value))
		}
	}
	if in.ForceNewDeployment != nil {
		settings = append(settings, fmt.Sprintf("force-new-deployment %t", *in.ForceNewDeployment))
	}
	return settings
}

// once is when tasks are run once. What they run, the plan tells.
func (in Inputs) once() []string {
	var once []string
	if in.RunBefore != nil {
		once = append(once, "a task before")
	}
	if in.RunAfter != nil {
		once = append(once, "a task after success")
	}
	return once
}

// scheduleAsWritten is a scheduled task as it is written in the input.
func scheduleAsWritten(t rollout.ScheduleName) string {
	kind := "rule:"
	first := t.Rule
	second := t.Target
	if t.Rule == "" {
		kind = "schedule:"
		first = t.Group
		second = t.Schedule
	}
	return kind + strings.Trim(first+"/"+second, "/")
}

// inWords is what is called with, where the inputs say it.
func (c Credentials) inWords() string {
	var with string
	switch {
	case c.Keys.AccessKeyID != "":
		with = "the keys of the inputs"
	case c.Profile != "":
		with = "profile " + c.Profile
	}
	if c.Role.ARN == "" {
		return with
	}
	return strings.TrimSuffix("role "+rollout.LastSegment(c.Role.ARN)+", assumed with "+with, ", assumed with ")
}

// unusual is what changes nothing, or what is looked at.
func (in Inputs) unusual() []string {
	var unusual []string
	if in.DryRun {
		unusual = append(unusual, "a dry run")
	}
	if !in.Verify {
		unusual = append(unusual, "no checks")
	}
	if in.ShowValues {
		unusual = append(unusual, "values of variables are shown")
	}
	if in.Simulate != "" {
		unusual = append(unusual, "AWS is not called: scenario "+in.Simulate+" of the simulator")
	}
	return unusual
}

// whenBusyInWords is what is done where another deployment is under way, if that is not as usual.
var whenBusyInWords = map[rollout.WhenBusy]string{
	rollout.AwaitOther:  "wait until another deployment is over",
	rollout.RefuseOther: "fail if another deployment is under way",
}
