package report

import (
	"fmt"
	"strings"
	"time"

	"ecs-deploy/internal/lazy"
	"ecs-deploy/internal/rollout"
)

// cause is why a task failed, in a phrase.
func cause(c rollout.Cause) string {
	c.Said = targetGroup().ReplaceAllString(c.Said, "(target-group $1)")
	switch {
	case c.Container == "" && c.Said == "":
		return string(c.StopCode)
	case c.Container == "":
		return c.Said
	case c.Exited && c.Said != "":
		return fmt.Sprintf("container %s exited with code %d (%s)", c.Container, c.ExitCode, c.Said)
	case c.Exited:
		return fmt.Sprintf("container %s exited with code %d", c.Container, c.ExitCode)
	}
	return fmt.Sprintf("container %s: %s", c.Container, c.Said)
}

// why is why tasks failed, in a phrase: what the load balancer got tells more than that they failed its health checks.
func why(f rollout.Finding) string {
	if f.Answer != nil {
		return balancer(*f.Answer) + " " + got(*f.Answer)
	}
	return strings.TrimSuffix(cause(f.Cause), ".")
}

// balancer is who checks the health of targets.
func balancer(answer rollout.Answer) string {
	if answer.Lattice {
		return "VPC Lattice"
	}
	return "the load balancer"
}

// got is what a load balancer got from a target, in the words behind its name.
func got(answer rollout.Answer) string {
	check, asked := answer.Check, "the container"
	if check.Path != "" {
		asked = strings.Join(filled(map[string]string{"HTTP": "GET", "HTTPS": "GET"}[check.Protocol], check.Path), " ")
	}
	if check.Port != "" {
		asked += " on port " + check.Port
	}
	var text string
	switch {
	case answer.Codes != "":
		text = "got " + answer.Codes + " from " + asked
		if check.Wants != "" {
			text += " (expected " + check.Wants + ")"
		}
	case check.Path == "" && check.Protocol != "":
		text = "cannot connect to " + asked
	case answer.Late && check.Timeout > 0:
		text = "got no answer from " + asked + " within " + rollout.Span(check.Timeout)
	default:
		text = "got no good answer from " + asked
	}
	if check.Threshold > 0 && check.Interval > 0 {
		text += fmt.Sprintf(", %d times in %s", check.Threshold, rollout.Span(time.Duration(check.Threshold)*check.Interval))
	}
	return text
}

// says is the line of its log that tells what went wrong with the container of a finding; empty: none is known.
func says(r *rollout.Rollout, f rollout.Finding) string {
	log := r.Log
	its := f.About == rollout.AboutTargets || f.About == rollout.AboutTasks && f.Cause == log.Cause
	switch {
	case log.Says == "" || !its:
		return ""
	case f.Answer != nil:
		return "container " + log.Container + "'s log says: " + log.Says
	case f.Cause.Exited:
		return "its log says: " + log.Says
	}
	return ""
}

// becauseOf is how AWS begins to say why a deployment ended, which the verdict tells already.
var becauseOf = lazy.Regexp(`^Service deployment (rolled back|stopped|failed) because (of )?`)

// predicate is how events begin that go on behind the name of ECS.
var predicate = lazy.Regexp(`^(was|is|has|failed|could not|cannot) `)

// found is what a finding is about: a sentence without its full stop.
func found(r *rollout.Rollout, f rollout.Finding) string {
	switch f.About {
	case rollout.AboutTasks:
		return plural(f.Tasks, "task") + " failed: " + why(f)
	case rollout.AboutPlace:
		return "ECS cannot place a task: " + f.Said
	case rollout.AboutTargets:
		if f.Answer != nil {
			return fmt.Sprintf(
				"%s finds %s unhealthy: it %s",
				balancer(*f.Answer),
				plural(f.Tasks, "task"),
				got(*f.Answer),
			)
		}
		return fmt.Sprintf("the load balancer finds %s unhealthy: %s", plural(f.Tasks, "task"), f.Said)
	case rollout.AboutEvent:
		said := strings.TrimSuffix(f.Said, ".")
		if !predicate().MatchString(said) {
			return "ECS says: " + said
		}
		return "ECS " + said
	case rollout.AboutEnding:
		said := strings.TrimSuffix(f.Said, ".")
		if !strings.Contains(said, "user request") {
			said = becauseOf().ReplaceAllString(said, "")
		}
		if alarms := r.Verdict.Alarms; len(alarms) > 0 {
			said += " (" + strings.Join(alarms, ", ") + ")"
		}
		return said
	case rollout.AboutError:
		return strings.TrimSuffix(f.Said, ".") + inBrackets(f.Code)
	case rollout.AboutHook:
		text := "the lifecycle event hook " + f.Event + " failed"
		if f.Hook != "" {
			text += " (function " + functionName(f.Hook) + ")"
		}
		return text + because(f.Said)
	case rollout.AboutRoute:
		return "the route from the gateway to the service is in " + f.Said
	case rollout.AboutUnrouted:
		return "the gateway has no route to the service yet"
	case rollout.AboutWaiting:
		return "the deployment is waiting to be continued"
	case rollout.AboutUnanswered:
		return "the deployment waited for approval, and nobody continued it in time"
	case rollout.AboutTraffic:
		return "the deployment is waiting for approval to shift the traffic"
	case rollout.AboutKept:
		return "the new tasks get all the traffic, but the old tasks are still kept"
	}
	return stuckWhere(r, f)
}

// stuckWhere is where a deployment stuck that came to no end.
func stuckWhere(r *rollout.Rollout, f rollout.Finding) string {
	switch f.About {
	case rollout.AboutPending:
		return plural(f.Tasks, "task") + " stayed PENDING"
	case rollout.AboutInstances:
		return fmt.Sprintf("%s %s still draining", ofInstances(f.Tasks, f.Of), areOrIs(f.Tasks))
	case rollout.AboutUnstarted:
		if r != nil && r.Service.ManagedDaemon {
			return "the daemon runs on only " + ofInstances(f.Tasks, f.Of)
		}
		return fmt.Sprintf("ECS started only %d of %s", f.Tasks, plural(f.Of, "task"))
	case rollout.AboutStage:
		return "all new tasks run, and the deployment is at " + stageName(f.Event)
	case rollout.AboutOlder:
		return fmt.Sprintf("all new tasks run, but %s of older deployments still run too", plural(f.Tasks, "task"))
	}
	return "all tasks run, but ECS does not report the deployment as complete"
}

// functionName is the name of a Lambda function, of which the ARN may be given.
func functionName(function string) string {
	return rollout.LastSegment(function[strings.LastIndexByte(function, ':')+1:])
}

// explanation is why a deployment did not succeed, and what that means.
func explanation(r *rollout.Rollout, f rollout.Finding) string {
	said := strings.Join(filled(found(r, f), says(r, f)), "; ")
	return strings.Join(filled(paragraph(sentence(said)), f.Means), " ")
}
