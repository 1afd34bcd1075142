package report

import (
	"fmt"
	"strings"
	"time"

	"ecs-deploy/internal/rollout"
)

// teller is a Reporter that is told of events: it has a method for each, so that none is forgotten.
type teller Reporter

var _ rollout.Handler = (*teller)(nil)

func (t *teller) r() *Reporter { return (*Reporter)(t) }

func (t *teller) SecretLearned(e rollout.SecretLearned) {
	for _, secret := range t.secrets.learn(e.Values...) {
		t.masks.AddMask(secret)
	}
}

func (t *teller) InputsRead(e rollout.InputsRead) {
	t.timeline.restart()
	t.r().enter("Inputs")
	t.r().facts(e.Facts)
}

func (t *teller) RoleAssumed(e rollout.RoleAssumed) {
	r, good := t.r(), rollout.Span(e.MaxAge.Round(time.Minute))
	if e.Again {
		r.line("note: the credentials were renewed, for " + good)
		return
	}
	r.enter("Inputs")
	r.facts([]rollout.Fact{{Name: "session", Value: fmt.Sprintf("%s, assumed with %s, for %s", e.Session, e.With, good)}})
}

func (t *teller) Noted(e rollout.Noted) {
	for _, n := range e.Notes {
		t.r().note(note(n), "", false)
	}
}

func (t *teller) PlanMade(e rollout.PlanMade) {
	r := t.r()
	r.timeline.before.until("reading the services", r.timeline.now())
	r.about(e.Plan.Rollouts)
	r.enter("Plan")
	r.plan(e)
}

func (t *teller) TakenOver(e rollout.TakenOver) {
	r := t.r()
	r.about(e.Rollouts)
	r.enter("Plan")
	for _, of := range e.Rollouts {
		r.line(fmt.Sprintf("%s %s in cluster %s (%s): deployment %s, %s", noun(of),
			of.Service.Name, of.Service.Cluster, of.Service.Place, of.Deployment.ID, replacing(of.Revision)))
	}
}

func (t *teller) OthersAwaited(e rollout.OthersAwaited) {
	r := t.r()
	r.enter("Other deployments")
	switch {
	case len(e.Busy) == 0:
		r.timeline.before.until("waiting for other deployments", r.timeline.now())
		r.now("the other deployments are over")
	case e.Age == 0:
		r.timeline.before.until("reading the services", r.timeline.now())
		for _, busy := range e.Busy {
			r.now(othersAwaited(busy) + ": waiting until it is over, at most " + rollout.Span(e.Left))
		}
	default:
		r.now(othersStill(e))
	}
}

func (t *teller) Verified(e rollout.Verified) {
	r := t.r()
	r.timeline.before.until("verify", r.timeline.now())
	r.enter("Verify")
	for _, concern := range e.Concerns {
		if concern.Sure {
			r.line(sentence(concern.What) + " " + concern.Next)
		}
	}
	if len(e.Concerns) == 0 {
		r.line("no problem found (" + plural(e.Checks, "check") + ")")
	}
	if len(e.Unknown) > 0 {
		r.line("note: to check more, allow " + strings.Join(e.Unknown, ", "))
	}
	for _, check := range e.Unanswered {
		r.line("note: not checked, because AWS did not answer: " + check)
	}
	for _, concern := range e.Concerns {
		if !concern.Sure {
			r.note(concern.What, concern.Next, true)
		}
	}
}

func (t *teller) Registered(e rollout.Registered) {
	r, id := t.r(), e.Result.Revision.ID()
	r.timeline.before.until("register", r.timeline.now())
	r.enter("Register")
	if e.In != "" {
		id += " in " + e.In
	}
	switch {
	case e.ByECS:
		r.line("ECS registered " + id)
	case e.Result.Changed:
		r.line("registered " + id)
	default:
		r.line(id + " is deployed as it is: nothing changes, and nothing is registered")
	}
	r.output(revisionOutputs(e.Result)...)
	r.summaryOutdated = true
}

func (t *teller) OneOffStarted(e rollout.OneOffStarted) {
	r := t.r()
	r.timeline.once(e.Input).enter(e.Input, plainly, r.timeline.now())
	r.enter(oneOffGroups[e.Input])
	var ids []string
	for _, task := range e.Tasks {
		ids = append(ids, rollout.LastSegment(task))
	}
	tasks := strings.TrimPrefix(plural(len(ids), "task"), "1 ")
	r.line(fmt.Sprintf("%s: container %s of %s runs %s in %s %s",
		e.Input, e.Container, e.Revision.ID(), commandOf(e.Command), tasks, strings.Join(ids, ", ")))
	r.output(taskOutputs(e.Input, e.Tasks)...)
	r.begin()
}

func (t *teller) OneOffProgressed(e rollout.OneOffProgressed) {
	t.r().enter(oneOffGroups[e.Input])
	t.r().now(states(e.States))
}

func (t *teller) OneOffSaid(e rollout.OneOffSaid) {
	t.r().enter(oneOffGroups[e.Input])
	t.r().line(fmt.Sprintf("%9s%s │ %s", "", oneLine(e.Container), oneLine(e.Line)))
}

func (t *teller) OneOffEnded(e rollout.OneOffEnded) {
	r := t.r()
	r.timeline.once(e.Result.Input).close(r.timeline.now(), e.Result.Verdict.Outcome)
	r.enter(oneOffGroups[e.Result.Input])
	r.now(outcomeWords[e.Result.Verdict.Outcome] + ": " + onceEnded(e.Result.Verdict))
	for _, finding := range e.Result.Findings {
		for _, more := range filled(finding.Means, finding.Next) {
			r.line("  " + oneLine(more))
		}
	}
	r.output(oneOffOutputs(e.Result)...)
	r.oneOffs, r.summaryOutdated = append(r.oneOffs, e.Result), true
	r.refresh()
}

func (t *teller) OneOffUnclear(e rollout.OneOffUnclear) {
	t.r().note("the run was cancelled while ECS was asked to start the task of "+e.Input, "It may be running: check "+
		"the console, and stop it.", true)
}

func (t *teller) LogUnreadable(e rollout.LogUnreadable) {
	t.r().note(unreadableLog(e.Container, e.Kept), "", false)
}

func (t *teller) NotStopped(e rollout.NotStopped) {
	t.r().note(e.Err.Error(), "The task may still be running: stop it in the console.", true)
}

func (t *teller) Repointed(e rollout.Repointed) {
	r := t.r()
	r.timeline.after.since(r.timeline.deployed()).until("scheduled tasks", r.timeline.now())
	r.enter("Scheduled tasks")
	r.line(repointed(e))
}

func (t *teller) WaveBegun(e rollout.WaveBegun) { t.r().waveBegun(e) }

func (t *teller) Started(e rollout.Started) {
	r, of := t.r(), e.Rollout
	if of.Wave == 0 {
		r.timeline.before.until("update", r.timeline.now())
	}
	r.timeline.of(of).enter(firstPhase(of), plainly, r.timeline.now())
	what := fmt.Sprintf("%s started deployment %s of %s", of.By, of.Deployment.ID, of.Revision.Revision.ID())
	if of.Unchanged {
		what = fmt.Sprintf("no new deployment was started; %s is the current one", of.Deployment.ID)
	}
	if r.group == r.rolling { // others are rolling out already
		r.at(of, what)
	} else {
		r.enter("Deploy")
		r.line(of.Name() + ": " + what)
		for _, url := range filled(of.Service.URL, of.Deployment.URL) {
			r.line(url)
		}
	}
	r.output(deploymentOutputs(of)...)
	r.begin()
}

func (t *teller) Progressed(e rollout.Progressed) {
	r := t.r()
	r.timeline.of(e.Rollout).progress(e.Rollout, r.timeline.now())
	r.at(e.Rollout, progress(e.Rollout, e.Waits)+standing(e))
	r.refresh()
}

func (t *teller) HookCalled(e rollout.HookCalled) { t.r().hookCalled(e) }

func (t *teller) NothingChanged(e rollout.NothingChanged) {
	t.r().enter(t.rolling)
	t.r().now(t.r().unchanging(e))
}

func (t *teller) UsualLearnt(e rollout.UsualLearnt) {
	t.r().at(e.Rollout, "a deployment usually takes "+usual(e.Rollout.Usual))
}

func (t *teller) UsualExceeded(e rollout.UsualExceeded) {
	u := e.Rollout.Usual
	t.r().at(e.Rollout, fmt.Sprintf("slower than any of the last %d deployments (the slowest took %s)",
		u.Deployments, rollout.Span(u.Slowest)))
}

func (t *teller) ServiceSaid(e rollout.ServiceSaid) {
	separator, text := ": ", said(e)
	if predicate().MatchString(text) {
		separator = " "
	}
	t.r().at(e.Rollout, e.By+separator+text)
}

func (t *teller) TasksFailed(e rollout.TasksFailed) {
	r := t.r()
	r.timeline.of(e.Rollout).fail(fmt.Sprintf("%d failed", len(e.Tasks)), r.timeline.now())
	r.at(e.Rollout, tasksFailed(e))
}

func (t *teller) TargetsUnhealthy(e rollout.TargetsUnhealthy) {
	for _, finding := range e.Findings {
		t.r().at(e.Rollout, found(e.Rollout, finding))
	}
}

func (t *teller) RollbackAwaited(e rollout.RollbackAwaited) {
	t.r().note(
		fmt.Sprintf(
			"the tasks of %s keep failing for the same cause (%s), and none runs", e.Rollout.Name(), cause(e.Cause),
		),
		"The circuit breaker is on: waiting for its rollback.",
		false,
	)
}

func (t *teller) Decided(e rollout.Decided) {
	r, of := t.r(), e.Rollout
	r.timeline.of(of).close(r.timeline.now(), of.Verdict.Outcome)
	r.over(of.Service.ServiceKey)
	r.summaryOutdated = true
	ended := outcomeWords[of.Verdict.Outcome] + ": " + reason(of)
	if r.longest > 0 { // of several each stands in the result
		r.at(of, ended)
		return
	}
	r.leave()
	r.now(ended)
}

func (t *teller) Explained(e rollout.Explained) {
	t.r().stand("Why it failed")
	t.r().explained(e.Rollout)
	t.r().refresh()
}

func (t *teller) Continued(e rollout.Continued) {
	r := t.r()
	track := r.timeline.of(e.Rollout)
	track.shifts = true
	track.enter(stageName(e.Stage), watchful, r.timeline.now())
	if r.group == r.rolling {
		r.at(e.Rollout, "this step continued the deployment at "+stageName(e.Stage))
		return
	}
	r.enter("Deploy")
	r.line(e.Rollout.Name() + ": this step continued the deployment at " + stageName(e.Stage))
	r.begin()
}

func (t *teller) RollbackStarted(e rollout.RollbackStarted) {
	r := t.r()
	r.timeline.of(e.Rollout).enter(rollBack, past, r.timeline.now())
	r.rolling = "Rollback"
	r.enter(r.rolling)
	r.line(fmt.Sprintf("%s: %s, to %s", e.Rollout.Name(), takingBack(e), e.Rollout.WentTo().ID()))
	r.begin()
}

func (t *teller) Deregistered(e rollout.Deregistered) {
	r := t.r()
	r.stand("Old revisions")
	if len(e.Revisions) > 0 {
		r.line("deregistered " + strings.Join(e.Revisions, ", "))
	}
	if e.Left > 0 {
		r.line(fmt.Sprintf("%d of %s %s left for the next run", e.Left, e.Family, areOrIs(e.Left)))
	}
	if len(e.Revisions)+e.Left == 0 {
		r.line("no revision of " + e.Family + " is left to deregister")
	}
}

func (t *teller) NotDeregistered(e rollout.NotDeregistered) {
	t.r().note(e.Err.Error(), strings.TrimSpace("The old revisions stay registered. "+rollout.Remedy(e.Err)), true)
}

func (t *teller) Unreadable(e rollout.Unreadable) {
	loses := e.Sight == rollout.SightTags // which are then not registered
	t.r().note(e.Err.Error(), strings.TrimSpace(unseen[e.Sight]+" "+rollout.Remedy(e.Err)), loses)
}

func (t *teller) Unanswered(e rollout.Unanswered) {
	t.r().note(
		fmt.Sprintf("no answer for %s: %v", rollout.Span(e.Age), e.Err), "Trying again until the timeout.", false,
	)
}

func (t *teller) Noticed(e rollout.Noticed) { t.r().note(e.What, e.Next, e.Warning) }

func (t *teller) Called(e rollout.Called) {
	if t.verbose {
		t.r().line(oneLine(called(e)))
	}
}

func (t *teller) Finished(e rollout.Finished) { t.r().finished(e.Result) }
