package action

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"ecs-deploy/internal/ecssim"
	"ecs-deploy/internal/rollout"
)

// exits are the exit codes of the outcomes; failed may also end with those of bad inputs and of what AWS refuses.
var exits = map[rollout.Outcome][]int{
	rollout.Succeeded: {0}, rollout.Unchanged: {0}, rollout.Planned: {0}, rollout.Failed: {1, 2, 3}, rollout.TimedOut: {1},
	rollout.Superseded: {1}, rollout.RolledBack: {4}, rollout.RollbackFailed: {5}, rollout.Cancelled: {130},
}

const (
	badInputs  = 2
	notReached = 3

	// runnersPatience is when the runner kills a step that was cancelled.
	runnersPatience = 10 * time.Second
)

// lies are what a run said or did that it should not have.
func (c *campaign) lies() []string {
	var lies []string
	add := func(format string, args ...any) { lies = append(lies, fmt.Sprintf(format, args...)) }
	outcome := rollout.Outcome(c.outputs["outcome"])
	if !slices.Contains(exits[outcome], c.code) {
		add("it ended with %d, and the outcome is %q", c.code, outcome)
	}
	if c.code == badInputs && len(c.changed) > 0 {
		add("what is refused changes nothing, and it called %v", c.changed)
	}
	if c.log.tooLong > 2*time.Second+c.patience() {
		add("it was silent for %v too long, after %q", c.log.tooLong, c.log.before)
	}
	if took := c.ended.Sub(c.began); took > c.longest() {
		add("it took %v", took)
	}
	if c.code == 130 && c.ended.Sub(c.began)-c.cancel > runnersPatience {
		add("it ended %v after it was cancelled, and the runner kills it", c.ended.Sub(c.began)-c.cancel)
	}
	for family, n := range c.Registered() {
		if n > 1 && !(n == 2 && c.goesBack()) && c.with["service"] != "" {
			add("it registered %d revisions of %s", n, family)
		}
	}
	var outcomes map[string]rollout.Outcome
	if err := json.Unmarshal([]byte(c.outputs["outcomes"]), &outcomes); err != nil {
		add("outcomes: %v", err)
	}
	for _, name := range slices.Sorted(maps.Keys(c.truth)) {
		lies = append(lies, c.harm(c.truth[name])...)
		told, is := outcomes[name]
		if !is {
			continue
		}
		lie := c.slander(name, c.truth[name])
		if c.with["operation"] == "" {
			lie = cmp.Or(c.lie(told, c.truth[name]), lie)
		}
		if lie != "" {
			add("%s is told to be %s: %s", name, told, lie)
		}
	}
	return lies
}

func (c *campaign) goesBack() bool { return c.with["rollback-on-failure"] == "true" }

// serves is who serves according to a sentence.
var serves = regexp.MustCompile(`(?:service runs|rolled back to|rolled back to) (\S+:\d+)|^(\S+:\d+) is live`)

// slander is what is not true in the sentence on a service.
func (c *campaign) slander(name string, truth ecssim.Truth) string {
	var reason string
	for _, service := range c.result.Services {
		if service.Service == name {
			reason = service.Reason
		}
	}
	mine := ours(truth)
	if strings.Contains(reason, "was not updated") && len(mine) > 0 {
		return "it says that it was not updated, and started " + mine[0].ID
	}
	found := serves.FindStringSubmatch(reason)
	if found == nil || truth.Deleted {
		return ""
	}
	for _, d := range truth.Deployments {
		if d.By == ecssim.Somebody {
			return "" // it may have been so when it was said
		}
		if named := found[1] + found[2]; d.Primary && d.Revision != named {
			return fmt.Sprintf("it says that %s, and the service runs %s", found[0], d.Revision)
		}
	}
	return ""
}

// patience is how long a call may take on this network.
func (c *campaign) patience() time.Duration {
	if c.slow > 0 || c.troubles > 0 {
		return 30 * time.Second
	}
	return 0
}

// longest is how long a run may take.
func (c *campaign) longest() time.Duration {
	timeout, err := time.ParseDuration(c.with["timeout"])
	if err != nil {
		timeout = 3 * time.Hour
	}
	if c.with["daemon"] != "" {
		timeout += 3 * time.Hour // which is the least time that a rollback is waited for, in ten shares
	}
	return time.Duration(1+c.last)*(2*timeout+25*time.Minute) + c.queue(timeout)
}

// queue is how much longer it may take because few services roll out at a time.
func (c *campaign) queue(timeout time.Duration) time.Duration {
	if c.with["max-parallel"] == "" {
		return 0
	}
	return 5 * timeout
}

// late is how old what a run sees may be.
func (c *campaign) late() time.Duration { return c.scenario.Late() + 15*time.Second + c.patience() }

// ours are the deployments that a run started, the oldest first.
func ours(truth ecssim.Truth) []ecssim.TrueDeployment {
	return slices.DeleteFunc(inOrder(truth), func(d ecssim.TrueDeployment) bool { return d.By != ecssim.Deployer })
}

func inOrder(truth ecssim.Truth) []ecssim.TrueDeployment {
	all := slices.Clone(truth.Deployments)
	slices.SortStableFunc(all, func(a, b ecssim.TrueDeployment) int { return a.Created.Compare(b.Created) })
	return all
}

// harm is what a run did to a service that it should not have.
func (c *campaign) harm(truth ecssim.Truth) []string {
	var harm []string
	add := func(format string, args ...any) {
		harm = append(harm, truth.Service+": "+fmt.Sprintf(format, args...))
	}
	operation := c.with["operation"]
	most := map[string]int{"": 1, "rollback": 1}[operation]
	if c.goesBack() && operation != "rollback" && operation != "status" {
		most++
	}
	if n := len(ours(truth)); n > most {
		add("it started %d deployments", n)
	}
	var above ecssim.TrueDeployment
	started := false
	for _, d := range inOrder(truth) {
		undone := above.WentTo != "" && !above.Ended.IsZero() && d.Created.After(above.Ended) // ours serves again
		theirs := above.By == ecssim.Somebody && d.Created.Sub(above.Created) > c.late() && !undone
		if d.By == ecssim.Deployer && started && theirs {
			add("it deployed %s above %s of another run", d.ID, above.ID)
		}
		if d.By == ecssim.Deployer && !started && theirs && c.waves[truth.Service] > 0 && above.Created.After(c.began) {
			add("in wave %d it deployed %s above %s of another run", c.waves[truth.Service]+1, d.ID, above.ID)
		}
		if d.StoppedBy == ecssim.Deployer && d.By != ecssim.Deployer && (operation == "" || operation == "status") {
			add("it stopped %s of another run", d.ID)
		}
		started = started || d.By == ecssim.Deployer || operation != ""
		above = d
	}
	return harm
}

// lie is what is not true of an outcome, or nothing.
func (c *campaign) lie(told rollout.Outcome, truth ecssim.Truth) string {
	mine := ours(truth)
	if len(mine) == 0 {
		nothing := []rollout.Outcome{rollout.Failed, rollout.Unchanged, rollout.Cancelled, rollout.NotStarted}
		if c.waves[truth.Service] > 0 { // another run has deployed it while earlier waves rolled out
			nothing = append(nothing, rollout.Superseded)
		}
		if slices.Contains(nothing, told) {
			return ""
		}
		return "it deployed nothing"
	}
	if told == rollout.NotStarted {
		return "it deployed"
	}
	first := mine[0]
	good := first.Status == "SUCCESSFUL" || first.Status == "Succeeded" || first.Complete
	seen := good && (first.Complete || len(mine) > 1 || !c.lacks("ListServiceDeployments", "DescribeServiceDeployments"))
	goodLong := seen && !first.Ended.IsZero() && c.ended.Sub(first.Ended) > c.late()
	newer := slices.DeleteFunc(inOrder(truth), func(d ecssim.TrueDeployment) bool { return !d.Created.After(first.Created) })
	theirs := slices.ContainsFunc(newer, func(d ecssim.TrueDeployment) bool { return d.By == ecssim.Somebody })
	switch told {
	case rollout.Unchanged:
		return "it deployed " + first.ID
	case rollout.Succeeded:
		return c.noSuccess(first, good, truth.Desired)
	case rollout.RolledBack:
		return notBack(truth, first, theirs)
	case rollout.Superseded:
		if !theirs {
			return "nobody else deployed"
		}
	case rollout.Failed, rollout.TimedOut, rollout.Cancelled:
		if goodLong && !truth.Deleted && c.with["wait-for"] != "bake-time" && c.code != notReached && len(mine) == 1 {
			return "it succeeded " + c.ended.Sub(first.Ended).String() + " ago"
		}
	case rollout.RollbackFailed:
		for _, d := range truth.Deployments {
			if d.Complete && d.By == ecssim.Earlier && !theirs && !truth.Deleted && first.WentTo != "" && !first.Ended.IsZero() && c.ended.Sub(first.Ended) > c.late() {
				return d.Revision + " serves again"
			}
		}
	}
	return ""
}

// noSuccess is why a deployment that is called a success is none.
func (c *campaign) noSuccess(first ecssim.TrueDeployment, good bool, desired int) string {
	if good {
		return ""
	}
	switch c.with["wait-for"] {
	case "", "stable":
		return "it is " + first.Status
	case "running":
		if first.Ran.IsZero() && !c.blind() && desired > 0 {
			return "its tasks never ran all at once"
		}
	}
	return ""
}

// lacks tells whether one of these operations is not allowed.
func (c *campaign) lacks(operations ...string) bool {
	return slices.ContainsFunc(c.denied, func(denied string) bool { return slices.Contains(operations, denied) })
}

// blind tells whether a run cannot see the health of tasks.
func (c *campaign) blind() bool {
	return c.lacks("ListTasks", "DescribeTasks", "DescribeTargetHealth", "ListTargets") || strings.Contains(c.log.String(), "are not known without it")
}

// notBack is why a deployment that is said to be rolled back is not.
func notBack(truth ecssim.Truth, first ecssim.TrueDeployment, theirs bool) string {
	restarted := func(d ecssim.TrueDeployment) bool { return d.By == ecssim.Earlier && d.Revision == first.Revision }
	if theirs || truth.Deleted || slices.ContainsFunc(truth.Deployments, restarted) {
		return "" // or what ran before, and what was deployed, are of one revision
	}
	for _, d := range truth.Deployments {
		if d.Primary && d.ID == first.ID {
			return "it is still what the service runs"
		}
		if d.Primary && !d.Complete && d.Revision == first.Revision {
			return "the service runs " + d.Revision
		}
	}
	return ""
}
