package report

import (
	"cmp"
	"fmt"
	"strings"

	"ecs-deploy/internal/lazy"
	"ecs-deploy/internal/rollout"
)

// isStatus tells whether nothing was asked but how services stand.
func isStatus(result rollout.Result) bool {
	return len(result.Rollouts) > 0 && result.Rollouts[0].Verdict.Ending == rollout.EndedStatus
}

// statusOfOne is the one service of which nothing was asked but how it stands; nil: it was another question.
func statusOfOne(result rollout.Result) *rollout.Rollout {
	if isStatus(result) && len(result.Rollouts) == 1 {
		return result.Rollouts[0]
	}
	return nil
}

// settled tells whether no deployment of a service is under way.
func settled(of *rollout.Rollout) bool {
	over := of.Deployment.State == rollout.RolloutCompleted && of.Progress.Stage == ""
	return over || of.Progress.Ended || of.Progress.Course == rollout.Over
}

// standingNow is how a service stands: who serves, and what is under way.
func standingNow(of *rollout.Rollout) string {
	now := serving(of)
	_, split := leftSplit(of)
	if now == "" || !settled(of) || split {
		return strings.Join(filled(now, progressSentence(of)), "; ")
	}
	return now
}

// standingInShort is the same in a title.
func standingInShort(of *rollout.Rollout) string {
	now := serving(of)
	if now == "" || settled(of) {
		return cmp.Or(now, progressSentence(of))
	}
	is := "is under way"
	switch wait := of.Progress.Wait; {
	case goesBack(of):
		is = "is being rolled back"
	case wait == rollout.WaitContinue || wait == rollout.WaitTraffic:
		is = "is waiting for approval"
	}
	return now + "; " + named(of, of.Revision.Revision.ID()) + " " + is
}

// goesBack tells whether a deployment is being rolled back, or about to be.
func goesBack(of *rollout.Rollout) bool {
	return of.Progress.RollbackID != "" || rollout.ServiceDeploymentStatus(of.Progress.State).RollingBack()
}

// servesSince is since when what serves is in place; empty: that is not known.
func servesSince(of *rollout.Rollout) string {
	if len(of.Progress.Serves) == 0 {
		return ""
	}
	serves := of.Progress.Serves[0].TaskDefinition
	for _, past := range of.Past {
		if past.Succeeded && past.Revision.ARN == serves {
			return rollout.Minute(past.Finished)
		}
	}
	return ""
}

// runningNow is the revision that serves, as far as it is known: the one that is deployed, or the one before.
func runningNow(of *rollout.Rollout) rollout.Revision {
	if serves := of.Progress.Serves; len(serves) > 0 && serves[0].TaskDefinition == of.Revision.Previous.ARN {
		return of.Revision.Previous
	}
	return of.Revision.Revision
}

// registrar is who registered a revision: a user, or a role and the session or run in which it was assumed.
func registrar(arn string) string {
	parts := assumed().FindStringSubmatch(arn)
	if parts == nil {
		return arn[strings.LastIndexByte(arn, ':')+1:]
	}
	if run := rollout.RunOf(parts[2]); run != "" {
		return "role " + parts[1] + ", run " + run
	}
	return "role " + parts[1] + ", session " + parts[2]
}

// assumed is the ARN of the session of a role
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html).
var assumed = lazy.Regexp(`:assumed-role/([^/]+)/(.+)$`)

// registered is when and by whom a revision was registered, as far as that is known.
func registered(revision rollout.Revision) string {
	var parts []string
	if !revision.Made.IsZero() {
		parts = append(parts, rollout.Minute(revision.Made))
	}
	parts = append(parts, strings.TrimPrefix(registeredBy(revision), "registered "))
	return strings.Join(filled(parts...), " ")
}

// registeredBy is by whom a revision was registered: the run that its tags tell, or the session or user that ECS has on
// record; empty: neither is known.
func registeredBy(revision rollout.Revision) string {
	tags := revision.Document.Tags()
	run := tags["github:run"]
	switch {
	case run == "" && revision.By == "":
		return ""
	case run == "":
		return "registered by " + registrar(revision.By)
	}
	about := strings.Join(filled(tags["github:actor"], tags["github:ref"]), ", ")
	repository := tags["github:repository"]
	if repository != "" {
		repository = " of " + repository
	}
	return "registered by run " + run + repository + inBrackets(about)
}

// lastDeployment is how the last deployment ended, if that was no success and nothing else is under way.
func lastDeployment(of *rollout.Rollout) string {
	if len(of.Past) == 0 || of.Past[0].Succeeded || !settled(of) {
		return ""
	}
	last := of.Past[0]
	return fmt.Sprintf("%s: %s at %s%s", ofVersion(last.Revision), pastEnd(last), rollout.Minute(last.Finished),
		because(becauseOf().ReplaceAllString(last.Reason, "")))
}

// pastOutcome is how a past deployment ended; empty: only AWS has a word for it.
func pastOutcome(past rollout.PastDeployment) rollout.Outcome {
	switch {
	case past.Succeeded:
		return rollout.Succeeded
	case past.Status == string(rollout.ServiceDeploymentRollbackSuccessful):
		return rollout.RolledBack
	case past.Status == string(rollout.ServiceDeploymentRollbackFailed):
		return rollout.RollbackFailed
	}
	return ""
}

// pastEnd is the same in words.
func pastEnd(past rollout.PastDeployment) string {
	return cmp.Or(outcomeWords[pastOutcome(past)], rollout.InWords(past.Status))
}

// begun is when the deployment began that is under way, and how long one usually takes; empty: none is.
func begun(of *rollout.Rollout) string {
	if settled(of) || of.Deployment.Created.IsZero() {
		return ""
	}
	text := "It began at " + rollout.Minute(of.Deployment.Created) + "."
	if of.Usual.Known() {
		text += " A deployment usually takes " + usual(of.Usual) + "."
	}
	return text
}

// ofVersion is a revision with the version of its first container's image, as far as that is known.
func ofVersion(revision rollout.Revision) string {
	containers := revision.Document.Containers()
	switch {
	case revision.ID() == "":
		return "a revision that is not known"
	case len(containers) == 0:
		return revision.ID()
	}
	return revision.ID() + " (" + version(containers[0].Image) + ")"
}

// whatNow is what to do about how a service stands; empty: nothing.
func (r *Reporter) whatNow(of *rollout.Rollout) string {
	_, split := leftSplit(of)
	switch {
	case len(r.warnedOf(of)) > 0:
		return "" // a warning says it
	case split:
		return "Move the traffic back with operation: rollback."
	case of.Progress.Wanted > 0 && len(of.Progress.Serves) == 0:
		return bringBack
	case !settled(of) && goesBack(of):
		return "Wait until the rollback is over."
	case !settled(of):
		return "Wait until the deployment is over, or roll it back with operation: rollback."
	}
	return ""
}

// warnedOf is what was warned of that holds until a service has its verdict.
func (r *Reporter) warnedOf(of *rollout.Rollout) []string {
	var texts []string
	for _, w := range r.warnings {
		if w.until == of.Service.ServiceKey {
			texts = append(texts, w.text)
		}
	}
	return texts
}

// statusFacts are the lines of the log on how a service stands.
func (r *Reporter) statusFacts(of *rollout.Rollout) []rollout.Fact {
	facts := []rollout.Fact{{Name: of.Name(), Value: standingNow(of)}}
	now := runningNow(of)
	for _, container := range now.Document.Containers() {
		facts = append(facts, rollout.Fact{Name: "image", Value: container.Name + "  " + container.Image})
	}
	for _, more := range []rollout.Fact{
		{Name: "since", Value: servesSince(of)},
		{Name: "registered", Value: registered(now)},
		{Name: "last deployment", Value: lastDeployment(of)},
		{Name: "under way", Value: begun(of)},
		{Name: "next", Value: r.whatNow(of)},
	} {
		if more.Value != "" {
			facts = append(facts, more)
		}
	}
	for i, past := range of.Past {
		name := ""
		if i == 0 {
			name = "deployments"
		}
		value := fmt.Sprintf("%s  %-20s  %-15s  %s",
			rollout.Minute(past.Finished), ofVersion(past.Revision), pastEnd(past), rollout.Span(past.Took()))
		facts = append(facts, rollout.Fact{Name: name, Value: value})
	}
	return facts
}

// status is the part of the summary on how one service stands: who serves, what to do, what runs, and how its last
// deployments ended.
func (r *Reporter) status(of *rollout.Rollout) []section {
	kind, lines := "NOTE", []string{sentence(cmp.Or(serving(of), progressSentence(of)))}
	if !settled(of) && serving(of) != "" {
		lines = append(lines, strings.Join(filled(sentence(paragraph(progressSentence(of))), begun(of)), " "))
	}
	if at := servesSince(of); at != "" {
		lines[0] += " In place since " + at + "."
	}
	if last := lastDeployment(of); last != "" {
		lines = append(lines, sentence("Last deployment: "+last))
	}
	if urgent := append(r.warnedOf(of), filled(nextLine(r.whatNow(of)))...); len(urgent) > 0 {
		kind, lines = "WARNING", append(lines, urgent...)
	}
	now := runningNow(of)
	table := []row{{capital(noun(of)), link(of.Service.Name, of.Service.URL) + " in " + code(of.Service.Cluster)}}
	for _, container := range now.Document.Containers() {
		table = append(table, row{"Image of " + code(container.Name), code(container.Image)})
	}
	table = append(table, row{"Revision", code(now.ID())})
	if text := registered(now); text != "" {
		table = append(table, row{"Registered", r.withRun(text, now)})
	}
	if of.ServiceURL != "" {
		table = append(table, row{"Answers at", destination(of.ServiceURL)})
	}
	return []section{{before: alert(kind, lines...)}, rows(table...), r.pastDeployments(of)}
}

// withRun is text with the run that registered a revision as a link, where it is one of this repository.
func (r *Reporter) withRun(text string, revision rollout.Revision) string {
	ours := r.getenv("GITHUB_REPOSITORY")
	if tags := revision.Document.Tags(); tags["github:run"] != "" {
		run := "run " + tags["github:run"] + " of " + tags["github:repository"]
		before, after, found := strings.Cut(text, run)
		if link := r.linkToRun(tags["github:run"]); found && link != "" && tags["github:repository"] == ours {
			return prose(before) + link + prose(after)
		}
		return prose(text)
	}
	parts := assumed().FindStringSubmatch(revision.By)
	if parts == nil {
		return prose(text)
	}
	session := parts[2]
	run := rollout.RunOf(session)
	link := r.linkToRun(run)
	if link == "" || !strings.HasPrefix(
		rollout.SessionName(ours, run, ""), session[:strings.LastIndexByte(session, '-')],
	) {
		return prose(text)
	}
	return prose(strings.TrimSuffix(text, "run "+run)) + " " + link
}

// pastDeployments is a table of the last deployments of a service.
func (r *Reporter) pastDeployments(of *rollout.Rollout) section {
	table := section{what: "deployments", importance: evidence,
		before: "\n| Ended | Deployed | Outcome | Took | Registered |\n|---|---|---|---|---|\n"}
	for _, past := range of.Past {
		by := ""
		if text := registeredBy(past.Revision); text != "" {
			by = r.withRun(strings.TrimPrefix(text, "registered by "), past.Revision)
		}
		table.lines = append(table.lines, fmt.Sprintf("| %s | %s | %s %s | %s | %s |\n", rollout.Minute(past.Finished),
			prose(ofVersion(past.Revision)), icon(pastOutcome(past)), pastEnd(past), rollout.Span(past.Took()), by))
	}
	return table.unlessEmpty()
}
