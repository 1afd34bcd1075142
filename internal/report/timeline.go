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
	began    time.Time // when the inputs had been read
	before   track     // what the run does before a service is updated
	services []*track
	after    track // and when all have succeeded
}

// track is what one thing goes through, one span after the other.
type track struct {
	key     rollout.ServiceKey // of a service
	name    string
	spans   []span
	marks   []mark
	phase   int           // the furthest of a rolling deployment
	older   int           // the most tasks of other deployments that were seen to run
	shifts  bool          // traffic, in stages
	began   time.Duration // when what was first done began
	verdict rollout.Verdict
}

// span is a stretch of time, since the run began.
type span struct {
	name     string
	from, to time.Duration
	look     look
	over     bool
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

// hear takes an event at the time at which it comes.
func (t *timeline) hear(event rollout.Event) {
	if _, is := event.(rollout.InputsRead); is || t.began.IsZero() {
		t.began = time.Now()
	}
	now := time.Since(t.began)
	switch e := event.(type) {
	case rollout.PlanMade:
		t.before.until("survey", now)
	case rollout.Verified:
		t.before.until("verify", now)
	case rollout.Registered:
		t.before.until("register", now)
	case rollout.OneOffStarted:
		t.once(e.Input).enter(e.Input, plainly, now)
	case rollout.OneOffEnded:
		t.once(e.Result.Input).close(now, e.Result.Verdict)
	case rollout.Updated:
		t.before.until("update", now)
		t.of(e.Service.ServiceKey).enter(phases[0], plainly, now)
	case rollout.Continued:
		t.of(e.Service).shifts = true
		t.of(e.Service).enter(stageInWords(e.Stage), watchful, now)
	case rollout.Progress:
		t.of(e.Service).progress(e, now)
	case rollout.TasksFailed:
		t.of(e.Service).fail(plural(len(e.Tasks), "task")+" failed", now)
	case rollout.Decided:
		t.of(e.Service).close(now, e.Verdict)
	case rollout.TakingBack:
		t.of(e.Service).enter(rollBack, alarmed, now)
	case rollout.Repointed:
		t.after.since(t.deployed()).until("scheduled tasks", now)
	case rollout.Deregistered:
		t.after.since(t.deployed()).until("clean up", now)
	case rollout.Ended:
		t.end(e.Result, now)
	}
}

// once is the track of a task that runs once.
func (t *timeline) once(input string) *track {
	if input == "run-before" {
		return &t.before
	}
	return &t.after
}

// of is the track of a service.
func (t *timeline) of(service rollout.ServiceKey) *track {
	for _, known := range t.services {
		if known.key == service {
			return known
		}
	}
	t.services = append(t.services, &track{key: service, name: service.Name})
	return t.services[len(t.services)-1]
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
// may have been taken back.
func (t *timeline) end(result rollout.Result, now time.Duration) {
	for _, track := range append(t.services, &t.before, &t.after) {
		track.close(now, track.verdict)
	}
	for _, service := range result.Services {
		for _, track := range t.services {
			if track.key == service.Service.ServiceKey {
				track.verdict = service.Verdict
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

// enter begins a span, and ends the one before.
func (t *track) enter(name string, look look, now time.Duration) {
	last := t.last()
	if last != nil && !last.over {
		if last.name == name {
			return
		}
		last.to, last.over = now, true
	}
	t.spans = append(t.spans, span{name: name, from: now, to: now, look: look})
}

// close ends what is open, with a verdict.
func (t *track) close(now time.Duration, verdict rollout.Verdict) {
	t.verdict = verdict
	last := t.last()
	if last == nil || last.over {
		return
	}
	last.to, last.over = now, true
	if outcome := verdict.Outcome; outcome != "" && !outcome.Good() {
		last.look = alarmed
		if last.name != rollBack {
			t.mark(words[outcome], now)
		}
	}
}

// mostMarks keeps a service whose tasks fail again and again from filling the picture.
const mostMarks = 4

// fail marks that tasks failed.
func (t *track) fail(what string, now time.Duration) {
	if last := t.last(); last != nil {
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

// from and to are when a track began and ended.
func (t *track) from() time.Duration { return t.spans[0].from }
func (t *track) to() time.Duration   { return t.last().to }

// phases are those of a rolling deployment, by its counts.
var phases = []string{"provisioning", "getting healthy", "draining the old tasks"}

// rollBack is the phase in which a deployment is taken back, by ECS or by us.
const rollBack = "roll-back"

// progress goes on to the phase or stage that a deployment is at. The phases of a rolling deployment are
// told by its counts, and do not go back: tasks that fail are marks.
func (t *track) progress(e rollout.Progress, now time.Duration) {
	state := rollout.InWords(e.State)
	t.shifts = t.shifts || e.Stage != "" || strings.HasPrefix(e.Deployment.ID, "d-")
	t.older = max(t.older, e.Older)
	switch {
	case t.last() != nil && t.last().name == rollBack && !t.last().over:
	case strings.HasPrefix(state, "rollback"):
		t.enter(rollBack, alarmed, now)
	case t.shifts && e.Stage == "" && state == "in progress": // the stage is not known at the moment
	case t.shifts:
		t.shift(e, now)
	case state != "in progress" && state != "":
	default:
		t.phase = max(t.phase, phaseOf(e, t.older))
		t.enter(phases[t.phase], []look{plainly, plainly, past}[t.phase], now)
	}
}

func phaseOf(e rollout.Progress, older int) int {
	switch {
	case e.Deployment.Running < e.Desired:
		return 0
	case e.Older == older:
		return 1
	}
	return 2
}

// ends are states in which a deployment is over, or about to be.
var ends = []string{"successful", "succeeded", "stopped", "stop requested", "failed", "completed"}

func (t *track) shift(e rollout.Progress, now time.Duration) {
	at := standingAt(e)
	if len(t.spans) == 1 && t.spans[0].name == phases[0] { // now it is known better
		t.spans[0].name = "start"
	}
	if slices.Contains(ends, at) {
		return
	}
	t.enter(at, map[string]look{"clean up": past, "bake time": watchful, "termination wait": watchful, "ready wait": watchful}[at], now)
}

// lengths are how long what was gone through took, as far as that is worth a line: not of several services.
func (t *timeline) lengths() string {
	if len(t.services) > 1 {
		return ""
	}
	var told []string
	for _, track := range append([]*track{&t.before}, append(t.services, &t.after)...) {
		told = append(told, fill(track.lengths())...)
	}
	return strings.Join(told, ", ")
}

func (t *track) lengths() string {
	var told []string
	for _, span := range t.spans {
		if length := span.to - span.from; length >= time.Second {
			told = append(told, fmt.Sprintf("%s %s", span.name, rollout.Span(length)))
		}
	}
	return strings.Join(told, ", ")
}
