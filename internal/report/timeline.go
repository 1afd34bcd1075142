package report

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"ecs-deploy/internal/rollout"
)

// timeline is what a run went through, as it was seen: not what ECS says when it was, which is a little
// earlier. It is kept for the picture in the summary and the times in the log.
type timeline struct {
	began    time.Time // when the inputs had been read or, if they were not, when the first event came
	before   track     // what the run does before a service is updated
	services []*track
	several  bool  // services are deployed
	gates    track // what has to hold after a wave
	after    track // and when all have succeeded
}

// track is what one thing goes through, one span after the other.
type track struct {
	key     rollout.ServiceKey // of a service
	wave    int
	name    string
	spans   []span
	marks   []mark
	old     string        // the version that ran before
	ours    string        // and that is deployed
	shares  []share       // of the traffic
	phase   int           // the furthest of a rolling deployment
	older   int           // the most tasks of other deployments that were seen to run
	oldTo   time.Duration // when such tasks were last seen to run
	oldGone bool          // they were not, in the last look
	shifts  bool          // traffic, in stages
	began   time.Duration // when what was first done began
	outcome rollout.Outcome
}

// span is a stretch of time, since the run began.
type span struct {
	name     string
	from, to time.Duration
	look     look
	over     bool
}

// share is what percentage of the traffic our tasks get from some time on.
type share struct {
	percent float64
	from    time.Duration
}

// mark is a point in time.
type mark struct {
	name string
	at   time.Duration
}

// look is how a span is drawn.
type look string

const (
	plainly   look = ""
	past      look = "done"
	watchful  look = "active"
	alarmed   look = "crit"
	milestone look = "milestone"
)

// begin begins the run, unless it has begun.
func (t *timeline) begin() {
	if t.began.IsZero() {
		t.restart()
	}
}

func (t *timeline) restart() { t.began = time.Now() }

// ofSeveral tells whether several services are deployed, of which not all need have begun.
func (t *timeline) ofSeveral() bool { return t.several || len(t.services) > 1 }

// now is how long the run has taken until now.
func (t *timeline) now() time.Duration { return time.Since(t.began) }

// once is the track of a task that runs once.
func (t *timeline) once(input string) *track {
	if input == beforeInput {
		return &t.before
	}
	return &t.after
}

// of is the track of a service.
func (t *timeline) of(r *rollout.Rollout) *track {
	for _, known := range t.services {
		if known.key == r.Service.ServiceKey {
			return known
		}
	}
	made := &track{key: r.Service.ServiceKey, wave: r.Wave, name: r.Name()}
	if made.old, made.ours = versions(r.Revision.Images); made.old == made.ours {
		made.old, made.ours = r.Revision.Previous.ID(), r.Revision.Revision.ID()
	}
	t.services = append(t.services, made)
	return made
}

// deployed is when the last service had its verdict.
func (t *timeline) deployed() time.Duration {
	latest := time.Duration(0)
	for _, track := range append([]*track{&t.before}, t.services...) {
		if last := track.last(); last != nil {
			latest = max(latest, last.to)
		}
	}
	return latest
}

// end closes what is open, and files what came of each service in the end: after its deployment had a verdict it
// may have been rolled back.
func (t *timeline) end(result rollout.Result) {
	for _, track := range append(t.services, &t.before, &t.gates, &t.after) {
		track.close(t.now(), track.outcome)
	}
	for _, of := range result.Rollouts {
		for _, track := range t.services {
			if track.key == of.Service.ServiceKey {
				track.outcome = of.Verdict.Outcome
				track.split(of)
			}
		}
	}
}

// until files what ended now and began with the end of what was before.
func (t *track) until(name string, now time.Duration) {
	if last := t.last(); last != nil && last.name == name {
		last.to = now
		return
	}
	from := t.began
	if last := t.last(); last != nil {
		from = last.to
	}
	t.spans = append(t.spans, span{name: name, from: from, to: now, look: past, over: true})
}

// since sets when the first span begins, unless there is one.
func (t *track) since(began time.Duration) *track {
	if len(t.spans) == 0 {
		t.began = began
	}
	return t
}

// enter begins a span, and ends the one before. When a deployment is rolled back, its tasks lose their traffic.
func (t *track) enter(name string, look look, now time.Duration) {
	last := t.last()
	if name == rollBack && len(t.shares) > 0 && (last == nil || last.name != rollBack) {
		t.shares = append(t.shares, share{0, now})
	}
	if last != nil && !last.over {
		if last.name == name {
			return
		}
		last.to, last.over = now, true
	}
	t.spans = append(t.spans, span{name: name, from: now, to: now, look: look})
}

// close ends what is open, with an outcome.
func (t *track) close(now time.Duration, outcome rollout.Outcome) {
	t.outcome = outcome
	last := t.last()
	if last == nil || last.over {
		return
	}
	last.to, last.over = now, true
	worked := last.name == rollBack && outcome == rollout.RolledBack
	if outcome != "" && !outcome.Good() && !worked {
		last.look = alarmed
		if last.name != rollBack {
			t.mark(outcomeWords[outcome], now)
		}
	}
}

// mostMarks keeps a service whose tasks fail again and again from filling the picture.
const mostMarks = 4

// fail marks that tasks failed.
func (t *track) fail(what string, now time.Duration) {
	if last := t.last(); last != nil && last.name != rollBack {
		last.look = alarmed
	}
	t.mark(what, now)
}

func (t *track) mark(name string, now time.Duration) {
	if len(t.marks) < mostMarks {
		t.marks = append(t.marks, mark{name, now})
	}
}

func (t *track) last() *span {
	if len(t.spans) == 0 {
		return nil
	}
	return &t.spans[len(t.spans)-1]
}

// goesBack tells whether the deployment is being rolled back.
func (t *track) goesBack() bool {
	last := t.last()
	return last != nil && last.name == rollBack
}

// from and to are when a track began and ended.
func (t *track) from() time.Duration { return t.spans[0].from }
func (t *track) to() time.Duration   { return t.last().to }

// phases are those of a rolling deployment, by its counts.
var phases = []string{"provisioning", "getting healthy", "draining the old tasks", bakeTime}

const (
	gettingHealthy = 1
	draining       = 2
	baking         = 3
)

// bakeTime is the time in which alarms are watched when all is in place.
const bakeTime = "bake-time"

// rollBack is the phase in which a deployment is rolled back, by ECS or by us.
const rollBack = "rollback"

// replacingInstances is the phase in which a managed daemon is deployed.
const replacingInstances = "replacing instances"

// firstPhase is the phase with which a deployment begins.
func firstPhase(r *rollout.Rollout) string {
	if r.Service.ManagedDaemon {
		return replacingInstances
	}
	return phases[0]
}

// progress goes on to the phase or stage that a deployment is at. The phases of a rolling deployment are
// told by its counts, and do not go back: tasks that fail are marks.
func (t *track) progress(r *rollout.Rollout, now time.Duration) {
	at := r.Progress
	state := rollout.InWords(at.State)
	t.shifts = t.shifts || at.Shifts
	t.older = max(t.older, at.Older)
	if t.oldGone = at.Older == 0 && at.Draining == 0; !t.oldGone {
		t.oldTo = now
	}
	if n := len(t.shares); at.Traffic != nil && !t.goesBack() && (n == 0 || t.shares[n-1].percent != *at.Traffic) {
		t.shares = append(t.shares, share{*at.Traffic, now})
	}
	last := t.last()
	switch {
	case last != nil && last.name == rollBack && !last.over:
		return
	case strings.HasPrefix(state, "rollback"):
		t.enter(rollBack, past, now)
	case at.Wait == rollout.WaitRoute:
		t.enter(state, watchful, now)
	case at.OfInstances && at.Course == rollout.Over:
		return
	case at.OfInstances && at.Replacing():
		t.enter(replacingInstances, plainly, now)
	case at.OfInstances:
		t.enter(bakeTime, watchful, now)
	case t.shifts && at.Stage == "" && state == "in progress":
		return // the stage is not known at the moment
	case t.shifts:
		t.shift(at, now)
	case state == "in progress" || state == "":
		t.phase = max(t.phase, phaseOf(r, t.older))
		t.enter(phases[t.phase], []look{plainly, plainly, past, watchful}[t.phase], now)
	}
}

func phaseOf(r *rollout.Rollout, older int) int {
	at := r.Progress
	switch {
	case at.Running < at.Wanted:
		return 0
	case at.Older == older:
		return 1
	case at.Older == 0 && r.Service.Strategy.BakeInterval > 0:
		return baking
	}
	return draining
}

// ends are states in which a deployment is over, or about to be.
var ends = []string{"successful", "succeeded", "stopped", "stop requested", "failed", "completed"}

func (t *track) shift(at rollout.Progress, now time.Duration) {
	stage := stateOrStage(at)
	if len(t.spans) == 1 && t.spans[0].name == phases[0] { // now it is known better
		t.spans[0].name = "start"
	}
	if stage == "" || slices.Contains(ends, stage) {
		return
	}
	t.enter(
		stage,
		map[string]look{"clean-up": past, bakeTime: watchful, "termination wait": watchful, "ready wait": watchful}[stage],
		now,
	)
}

// lengths are how long what was gone through took, as far as that is worth a line: not of several services.
func (t *timeline) lengths() string {
	if t.ofSeveral() {
		return ""
	}
	var lengths []string
	for _, track := range append([]*track{&t.before}, append(t.services, &t.gates, &t.after)...) {
		lengths = append(lengths, filled(track.lengths())...)
	}
	return strings.Join(lengths, ", ")
}

// lengths are the same of one track, of what came again and again together.
func (t *track) lengths() string {
	var names, lengths []string
	took, times := map[string]time.Duration{}, map[string]int{}
	for _, span := range t.long() {
		if times[span.name]++; times[span.name] == 1 {
			names = append(names, span.name)
		}
		took[span.name] += span.to - span.from
	}
	for _, name := range names {
		text := name + " " + rollout.Span(took[name])
		if times[name] > 1 {
			text += fmt.Sprintf(" (%d times)", times[name])
		}
		lengths = append(lengths, text)
	}
	return strings.Join(lengths, ", ")
}

// long are the spans that took a second or more.
func (t *track) long() []span {
	return slices.DeleteFunc(slices.Clone(t.spans), func(s span) bool { return s.to-s.from < time.Second })
}

// timings is a table of what was gone through and how long that took, folded: not of several services.
func (t *timeline) timings(rollouts []*rollout.Rollout) section {
	table := section{what: "timings", importance: picture, before: "\n| What | Began | Took |\n|---|---|---|\n"}
	for _, track := range append([]*track{&t.before}, append(t.services, &t.gates, &t.after)...) {
		for _, span := range track.long() {
			row := fmt.Sprintf("| %s | %s | %s |\n", prose(span.name), clock(span.from), rollout.Span(span.to-span.from))
			table.lines = append(table.lines, row)
		}
	}
	if t.ofSeveral() || len(table.lines) == 0 {
		return section{}
	}
	return table.folded("Timings"+usualTitle(rollouts), false)
}

// usualTitle is how long a deployment usually takes, if that is known.
func usualTitle(rollouts []*rollout.Rollout) string {
	if len(rollouts) == 1 && rollouts[0].Usual.Known() {
		return ": usually " + usual(rollouts[0].Usual)
	}
	return ""
}

// usual is how long the last deployments took.
func usual(u *rollout.Usual) string {
	text := fmt.Sprintf("about %s (the last %d: %s", rollout.Span(u.Median), u.Deployments, rollout.Span(u.Fastest))
	if slowest := rollout.Span(u.Slowest); slowest != rollout.Span(u.Fastest) {
		text += " to " + slowest
	}
	return text + ")"
}
