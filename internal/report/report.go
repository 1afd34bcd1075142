// Package report tells GitHub, and the people who read there, what happens: the log, the
// annotations, the step outputs and the job summary. It alone prints; it never fetches anything, and
// never decides.
//
// The voice: what happened comes first, then why, then what to do. No exclamation marks, no capital
// at the start of a log line. A line of the log is said when something has changed; a healthy
// deployment fits on one screen. All text passes printable on its way to the log and prose, code or
// fenced on its way to the summary, whoever wrote it.
package report

import (
	"cmp"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/sethvargo/go-githubactions"

	"ecs-deploy/internal/rollout"
)

// Reporter takes the events of one run. It is safe for concurrent use.
type Reporter struct {
	mu      sync.Mutex
	secrets *secrets
	out     io.Writer             // on which no secret is written
	action  *githubactions.Action // the same
	masks   *githubactions.Action // tells the runner the secrets
	getenv  func(string) string
	verbose bool
	group   string // that is open
	rolling string // the group for what a service goes through
	longest int    // name of a service, if there are several

	sofar    sofar
	timeline timeline
	diffs    string    // of the task definitions
	warnings []warning // that were told

	unwritten map[string]bool // the files of the runner that could not be written
	broken    bool            // a fault of ours was told
}

// New makes a reporter that writes its log to out, and finds the files for outputs and summary by the
// environment. Where the environment names none, they are left out.
func New(out io.Writer, getenv func(string) string) *Reporter {
	secrets := &secrets{}
	out = enduring{out}
	hidden := hiding{out, secrets}
	return &Reporter{
		secrets: secrets, out: hidden, getenv: getenv, rolling: "Rollout", unwritten: map[string]bool{},
		action: githubactions.New(githubactions.WithWriter(hidden), githubactions.WithGetenv(getenv)),
		masks:  githubactions.New(githubactions.WithWriter(out), githubactions.WithGetenv(getenv)),
	}
}

// Verbose lets every call to AWS be shown from now on.
func (r *Reporter) Verbose() { r.verbose = true }

// Handle takes one event.
func (r *Reporter) Handle(event rollout.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	defer r.survive(event)
	r.timeline.hear(event)
	if r.sofar.hear(event) || r.sofar.begun && r.sofar.stale && !burst(event) {
		r.provisional()
	}
	switch e := event.(type) {
	case rollout.SecretLearned:
		for _, secret := range r.secrets.learn(e.Values...) {
			r.masks.AddMask(secret)
		}
	case rollout.Noticed:
		r.noticed(e)
	case rollout.Called:
		r.called(e)
	case rollout.Ended:
		r.ended(e)
	default:
		if _, back := event.(rollout.TakingBack); back {
			r.rolling = r.groupOf(event)
		}
		r.enter(r.groupOf(event))
		r.tell(event)
	}
}

// survive keeps a fault in telling of something from ending the run, which may have something to take back. The end is told
// in any case, in the plainest form.
func (r *Reporter) survive(event rollout.Event) {
	fault := recover()
	if fault == nil {
		return
	}
	if !r.broken {
		r.broken = true
		r.line(fmt.Sprintf("note: the report has a fault (%v), and may lack something", fault))
	}
	e, ended := event.(rollout.Ended)
	if !ended {
		return
	}
	if r.group != "" {
		io.WriteString(r.out, "::endgroup::\n")
	}
	r.output(output{"outcome", string(e.Result.Outcome)}, output{"reason", e.Result.Reason})
	plain := githubactions.New(githubactions.WithWriter(r.out), githubactions.WithGetenv(r.getenv))
	if text := r.annotated(string(e.Result.Outcome) + ": " + e.Result.Reason); e.Result.Outcome.Good() {
		plain.Noticef("%s", text)
	} else {
		plain.Errorf("%s", text)
	}
}

// enduring is a writer that takes everything: whoever reads the log may have gone away, and what was begun must still come to
// its end. The library for GitHub would panic.
type enduring struct{ to io.Writer }

func (e enduring) Write(text []byte) (int, error) {
	_, _ = e.to.Write(text)
	return len(text), nil
}

// groups are the groups of the log, by the events in them.
var groups = map[reflect.Type]string{
	reflect.TypeFor[rollout.InputsRead]():   "Inputs",
	reflect.TypeFor[rollout.RoleAssumed]():  "Inputs",
	reflect.TypeFor[rollout.PlanMade]():     "Plan",
	reflect.TypeFor[rollout.TakenOver]():    "Plan",
	reflect.TypeFor[rollout.Verified]():     "Verify",
	reflect.TypeFor[rollout.Registered]():   "Register",
	reflect.TypeFor[rollout.Updated]():      "Deploy",
	reflect.TypeFor[rollout.Continued]():    "Deploy",
	reflect.TypeFor[rollout.Explained]():    "Why it failed",
	reflect.TypeFor[rollout.TakingBack]():   "Roll back",
	reflect.TypeFor[rollout.Repointed]():    "Scheduled tasks",
	reflect.TypeFor[rollout.Deregistered](): "Clean up",
}

// groupOf is the group that an event belongs to. What a service goes through is in one of its own.
func (r *Reporter) groupOf(event rollout.Event) string {
	switch e := event.(type) {
	case rollout.RoleAssumed:
		if e.Again {
			return r.group
		}
	case rollout.OneOffStarted:
		return oneOffGroups[e.Input]
	case rollout.OneOffProgress:
		return oneOffGroups[e.Input]
	case rollout.TaskSaid:
		return oneOffGroups[e.Input]
	case rollout.OneOffEnded:
		return oneOffGroups[e.Result.Input]
	}
	return cmp.Or(groups[reflect.TypeOf(event)], r.rolling)
}

// tell tells of an event in its group.
func (r *Reporter) tell(event rollout.Event) {
	switch e := event.(type) {
	case rollout.InputsRead:
		r.facts(e.Facts)
	case rollout.RoleAssumed:
		r.roleAssumed(e)
	case rollout.TakenOver:
		r.takenOver(e)
	case rollout.PlanMade:
		if len(e.Plan.Services) > 1 {
			r.longest = longestName(e.Plan.Services)
		}
		r.plan(e)
	case rollout.Verified:
		r.verified(e)
	case rollout.Registered:
		r.registered(e.Result)
	case rollout.OneOffStarted:
		r.oneOffStarted(e)
	case rollout.OneOffProgress:
		r.now(e.State)
	case rollout.TaskSaid:
		r.line(fmt.Sprintf("%9s%s │ %s", "", oneLine(e.Container), oneLine(e.Line)))
	case rollout.OneOffEnded:
		r.oneOffEnded(e)
	case rollout.Repointed:
		r.line(repointed(e))
	case rollout.Updated:
		r.updated(e)
	case rollout.Progress:
		r.at(e.Service, progress(e))
	case rollout.HookCalled:
		r.hookCalled(e)
	case rollout.Standing:
		r.now(standing(e))
	case rollout.ServiceSaid:
		r.at(e.Service, e.By+": "+said(e))
	case rollout.TasksFailed:
		r.at(e.Service, tasksFailed(e))
	case rollout.Decided:
		r.over(e.Service)
		r.at(e.Service, words[e.Verdict.Outcome]+": "+e.Verdict.Reason)
	case rollout.Explained:
		r.explained(e)
	case rollout.Continued:
		r.line(e.Service.Name + ": the deployment was continued, from " + rollout.InWords(e.Stage))
	case rollout.TakingBack:
		r.line(fmt.Sprintf("%s: %s, to %s", e.Service.Name, e.How, e.To.ID()))
	case rollout.Deregistered:
		r.deregistered(e)
	}
}

// takenOver tells what other runs have started.
func (r *Reporter) takenOver(e rollout.TakenOver) {
	for _, service := range e.Services {
		r.line(fmt.Sprintf("service %s in cluster %s (%s): deployment %s, %s", service.Service.Name, service.Service.Cluster, service.Service.Region,
			service.Deployment.ID, replacing(service.Revision)))
	}
}

// replacing is a revision, and which it is in the place of, as far as that is known.
func replacing(result rollout.RevisionResult) string {
	before, after := result.Previous.ID(), result.Revision.ID()
	switch {
	case result.Revision.ARN == "": // of a dry run
		after = "a new revision of " + result.Revision.Family
	case before == after || before == "":
		return after
	}
	return after + " in place of " + before
}

func (r *Reporter) deregistered(e rollout.Deregistered) {
	if len(e.Revisions) == 0 {
		r.line("no old revision of " + e.Family + " was deregistered")
	} else {
		r.line("deregistered " + strings.Join(e.Revisions, ", "))
	}
}

// said is what an event of a service says, less the name of the service, that of the task set that may stand
// beside it, and what of the ARN of a target group is not its name.
func said(e rollout.ServiceSaid) string {
	message := targetGroup.ReplaceAllString(e.Message, "(target-group $1)")
	if about, said, found := strings.Cut(message, ") "); found && (about == "(service "+e.Service.Name || strings.HasPrefix(about, "(service "+e.Service.Name+", taskSet ")) {
		return said
	}
	return message
}

var targetGroup = regexp.MustCompile(`\(target-group arn:[^ ()]*:targetgroup/([^ ()/]+)/[^ ()/]+\)`)

// enter opens a group, unless it is open. Groups do not nest.
func (r *Reporter) enter(group string) {
	if r.group == group {
		return
	}
	r.leave()
	r.action.Group(group)
	r.group = group
}

func (r *Reporter) leave() {
	if r.group != "" {
		r.action.EndGroup()
		r.group = ""
	}
}

// line prints text, made fit for the log, in one write: the runner may mix the writes of two streams.
func (r *Reporter) line(text string) {
	lines := printable(r.secrets.hide(text))
	for i, line := range lines {
		lines[i] = cut(line, longestLine)
	}
	io.WriteString(r.out, strings.Join(lines, "\n")+"\n")
}

// now prints a line with the time since the run began, as the picture in the summary has it.
func (r *Reporter) now(text string) {
	r.line(fmt.Sprintf("%7s  %s", clock(time.Since(r.timeline.began)), oneLine(text)))
}

// at prints a line of the rollout.
func (r *Reporter) at(service rollout.ServiceKey, text string) {
	if r.longest > 0 {
		text = fmt.Sprintf("%-*s  %s", r.longest, service.Name, text)
	}
	r.now(text)
}

// widestName is how wide the column of the services' names may be.
const widestName = 32

func longestName(services []rollout.PlannedService) int {
	longest := 1
	for _, service := range services {
		longest = max(longest, len(service.Service.Name))
	}
	return min(longest, widestName)
}

// standing is a line on how far several services are; of those that are open it names a few.
func standing(e rollout.Standing) string {
	text := fmt.Sprintf("%d of %d done", e.All-len(e.Open), e.All)
	if e.Failed > 0 {
		text += fmt.Sprintf(", of which %d did not succeed", e.Failed)
	}
	var open []string
	for _, p := range e.Open[:min(len(e.Open), 3)] {
		open = append(open, fmt.Sprintf("%s %d/%d running", p.Service.Name, p.Deployment.Running, p.Desired))
	}
	if more := len(e.Open) - len(open); more > 0 {
		open = append(open, fmt.Sprintf("and %d others", more))
	}
	return text + "; in progress are " + strings.Join(open, ", ")
}

func (r *Reporter) noticed(e rollout.Noticed) {
	text := strings.TrimSpace(sentence(e.What) + " " + e.Next)
	if !e.Warning {
		r.line("note: " + text)
		return
	}
	r.warn(warning{text: paragraph(text)})
}

// burst tells whether an event comes in numbers when there are many services: the summary is not written for each.
func burst(event rollout.Event) bool {
	switch event.(type) {
	case rollout.Registered, rollout.Updated, rollout.Decided, rollout.TakingBack, rollout.Continued, rollout.Ended:
		return true
	}
	return false
}

// facts are names and what there is to say of each.
func (r *Reporter) facts(facts []rollout.Fact) {
	for _, fact := range facts {
		r.line(fmt.Sprintf("%-*s  %s", widestFact, fact.Name, oneLine(fact.Value)))
	}
}

// widestFact is how wide the column of names is.
const widestFact = 15

func (r *Reporter) roleAssumed(e rollout.RoleAssumed) {
	good := rollout.Span(e.For.Round(time.Minute))
	if e.Again {
		r.line("note: the credentials have been renewed, for " + good)
		return
	}
	r.facts([]rollout.Fact{{Name: "session", Value: fmt.Sprintf("%s, assumed with %s, for %s", e.Session, e.With, good)}})
}

func (r *Reporter) verified(e rollout.Verified) {
	for _, doubt := range e.Doubts {
		if doubt.Sure {
			r.line(sentence(doubt.What) + " " + doubt.Next)
		}
	}
	if len(e.Doubts) == 0 {
		r.line("nothing speaks against it (" + plural(e.Checks, "check") + ")")
	}
	if len(e.Unknown) > 0 {
		r.line("note: more could be looked at with " + strings.Join(e.Unknown, ", "))
	}
	for _, check := range e.Unanswered {
		r.line("note: it is not known whether it is there: AWS did not answer " + check)
	}
	for _, doubt := range e.Doubts {
		if !doubt.Sure {
			r.noticed(rollout.Noticed{What: doubt.What, Next: doubt.Next, Warning: true})
		}
	}
}

func (r *Reporter) registered(result rollout.RevisionResult) {
	if !result.Changed {
		r.line(result.Revision.ID() + " is deployed as it is: nothing in it changes, so nothing is registered")
	} else {
		r.line("registered " + result.Revision.ID())
	}
	r.output(revisionOutputs(result)...)
}

func (r *Reporter) updated(e rollout.Updated) {
	if e.Unchanged {
		r.line(fmt.Sprintf("%s: no new deployment was started; %s is the one there is", e.Service.Name, e.Deployment.ID))
	} else {
		r.line(fmt.Sprintf("%s: %s started deployment %s of %s", e.Service.Name, deployer(e.Service), e.Deployment.ID, e.Revision.ID()))
	}
	for _, url := range fill(e.Service.ConsoleURL(), e.Service.CodeDeployURL(e.Deployment.ID)) {
		r.line(url)
	}
	r.output(deploymentOutputs(e.Service, e.Deployment)...)
}

func repointed(e rollout.Repointed) string {
	switch {
	case !e.Task.Pinned():
		return e.Task.Name() + " names no revision: it runs the latest, which is " + e.Revision.ID() + " now"
	case e.Task.TaskDefinition == e.Revision.ARN:
		return e.Task.Name() + " runs " + e.Revision.ID() + " already"
	}
	return e.Task.Name() + " runs " + e.Revision.ID() + " from now on, in place of " + rollout.RevisionID(e.Task.TaskDefinition)
}

// explained tells why a deployment failed: the findings, and the end of the log.
func (r *Reporter) explained(e rollout.Explained) {
	if r.longest > 0 {
		r.line("service " + e.Service.Name + ":")
	}
	for _, finding := range e.Findings {
		r.line(oneLine(sentence(finding.What)))
		for _, more := range fill(finding.Cause, finding.Next) {
			r.line("  " + oneLine(more))
		}
	}
	if len(e.Findings) == 0 {
		r.line("neither the tasks nor the events of the service tell why")
	}
	if len(e.Log.Lines) > 0 {
		r.line(fmt.Sprintf("the last lines that container %s of task %s wrote (%s):", e.Log.Container, e.Log.Task, e.Log.Group))
		for _, line := range e.Log.Lines {
			r.line("  │ " + oneLine(line))
		}
	}
}

// tasksFailed names the cause once, and later only that it is the same.
func tasksFailed(e rollout.TasksFailed) string {
	text := plural(len(e.Tasks), "task") + " failed: " + e.Cause
	if e.Again {
		text = fmt.Sprintf("%d more failed for the same cause", len(e.Tasks))
	}
	return text + " (" + strings.Join(e.Tasks, ", ") + ")"
}

func (r *Reporter) called(e rollout.Called) {
	if !r.verbose {
		return
	}
	text := fmt.Sprintf("· %s %s, %s", e.Service, e.Operation, e.Took.Round(time.Millisecond))
	if e.RequestID != "" {
		text += ", request " + e.RequestID
	}
	if e.Err != "" {
		text += ": " + e.Err
	}
	r.line(oneLine(text))
}

func (r *Reporter) ended(e rollout.Ended) {
	if e.Abort != nil && len(e.Abort.Detail) > 0 {
		r.enter("Why it failed")
		for _, line := range e.Abort.Detail {
			r.line(line)
		}
	}
	e.Result = r.sofar.completed(e.Result)
	r.result(e.Result)
	r.leave()
	r.verdict(e)
	r.output(finalOutputs(e.Result)...)
	r.end(e)
}

// result is what became of each thing, in a line each.
func (r *Reporter) result(result rollout.Result) {
	var facts []rollout.Fact
	for _, once := range result.OneOffs {
		facts = append(facts, rollout.Fact{Name: once.Input, Value: words[once.Verdict.Outcome] + ": " + once.Verdict.Reason})
	}
	for _, service := range result.Services {
		facts = append(facts, rollout.Fact{Name: service.Service.Name, Value: inALine(service)})
	}
	if result.Registered != nil {
		facts = append(facts, rollout.Fact{Name: "task definition", Value: result.Registered.Previous.ID() + " → " + result.Registered.Revision.ID()})
	}
	if len(facts) > 0 {
		if result.Duration >= time.Second {
			facts = append(facts, rollout.Fact{Name: "took", Value: strings.Join(fill(rollout.Span(result.Duration), r.timeline.lengths()), ": ")})
		}
		r.enter("Result")
		r.facts(facts)
	}
}

// inALine is what became of a service.
func inALine(service rollout.ServiceResult) string {
	before, after, d := service.Revision.Previous.ID(), service.Revision.Revision.ID(), service.Deployment
	ended := fmt.Sprintf("%-11s  ", words[service.Verdict.Outcome])
	switch {
	case service.Verdict.Outcome == rollout.Planned:
		return ended + replacing(service.Revision)
	case d.ID == "":
		return ended + after + ": " + service.Verdict.Reason
	case service.Verdict.Outcome == rollout.RolledBack:
		return ended + after + ", and " + before + " runs again" + fmt.Sprintf("  %d/%d running", runs(service), service.Service.Desired)
	}
	return ended + replacing(service.Revision) + fmt.Sprintf("  %d/%d running  %s", d.Running, service.Service.Desired, d.ID)
}

// fill is the texts that are not empty.
func fill(texts ...string) []string {
	var filled []string
	for _, text := range texts {
		if text != "" {
			filled = append(filled, text)
		}
	}
	return filled
}

var words = map[rollout.Outcome]string{
	rollout.Succeeded:      "succeeded",
	rollout.Unchanged:      "unchanged",
	rollout.Planned:        "planned",
	rollout.Failed:         "failed",
	rollout.RolledBack:     "rolled back",
	rollout.RollbackFailed: "roll-back failed",
	rollout.Superseded:     "superseded",
	rollout.TimedOut:       "timed out",
	rollout.Cancelled:      "cancelled",
}

// subject is what a run was about.
func subject(result rollout.Result) string {
	switch {
	case len(result.Services) == 1:
		service := result.Services[0].Service
		return service.Name + " → " + service.Cluster
	case len(result.Services) > 1:
		return fmt.Sprintf("%d services → %s", len(result.Services), result.Services[0].Service.Cluster)
	case result.Registered != nil:
		return result.Registered.Previous.Family
	}
	return "deployment"
}

// headline is the subject and how it ended.
func headline(result rollout.Result) string {
	switch {
	case result.Outcome.Good():
		return subject(result) + ": " + achieved(result)
	case len(result.Services) == 0 && result.Registered == nil:
		return "nothing was deployed"
	}
	return subject(result) + ": " + words[result.Outcome] + lasting(" after %s", result.Duration)
}

// achieved is a good end. That nothing was asked to change is said first: most likely it was meant to be.
func achieved(result rollout.Result) string {
	end := result.Reason + lasting(" (%s)", result.Duration)
	switch {
	case result.Restarted && result.Outcome == rollout.Planned:
		return "would be restarted as it is, since nothing is given to change: " + end
	case result.Restarted:
		return "restarted as it was, since nothing was given to change: " + end
	}
	return end
}

// lasting puts a length of time into a format, if it is worth telling.
func lasting(format string, d time.Duration) string {
	if d < time.Second {
		return ""
	}
	return fmt.Sprintf(format, rollout.Span(d))
}
