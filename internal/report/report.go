// Package report tells GitHub, and the people who read there, what happens: the log, the
// annotations, the step outputs and the job summary. It alone prints, and makes the sentences about deployments; it
// never fetches anything, and never decides.
//
// The voice: what happened comes first, then why, then what to do. Sentences are short and active. No exclamation mark,
// no capital at the start of a log line. A line of the log is written when something changed; a healthy deployment fits
// on one screen. All text passes printable on its way to the log and prose, code or fenced on its way to the summary,
// whoever wrote it.
//
// The glossary, which TestStruckWords holds everything to that people read:
//
//	rollback, roll back   what undoes a deployment, by AWS or by this run
//	timeout               one word
//	another deployment    which supersedes ours; another run, or a user, has started it
//	the old tasks         those of the deployments before
//	internal error        a defect of this program
//	invalid inputs        what inputs are that cannot be meant
//	check, checked        what verify does
//	is not allowed        of permissions; may not is ambiguous
//	Default:              what counts where an input is not given
//	5%                    without a space
//
// The spelling is American, but for cancelled, which GitHub writes so.
package report

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/sethvargo/go-githubactions"

	"ecs-deploy/internal/rollout"
)

// Reporter takes the events of one run, from any goroutine: Handle puts them in a row. All else in it is called with
// the lock held.
type Reporter struct {
	mu       sync.Mutex
	secrets  *secrets
	out      io.Writer             // on which no secret is written
	action   *githubactions.Action // the same
	masks    *githubactions.Action // tells the runner the secrets
	getenv   func(string) string
	verbose  bool
	group    string // that is open
	standing string // the part that was opened last and is in no group
	rolling  string // the group for what a service goes through
	waves    int    // that there are
	gateWave int    // after which gates are asked
	longest  int    // name of a service, if there are several

	rollouts        []*rollout.Rollout // that the run is about
	oneOffs         []rollout.OneOffResult
	gates           []rollout.GateResult
	started         bool // something was started
	summaryOutdated bool // more is known than the summary tells that was written
	summaryAt       time.Time
	timeline        timeline
	diffs           string    // of the task definitions
	warnings        []warning // that were told

	unwritten map[string]bool // the files of the runner that could not be written
	broken    bool            // an internal error was told
}

// New makes a reporter that writes its log to out, and finds the files for outputs and summary by the
// environment. Where the environment names none, they are left out.
func New(out io.Writer, getenv func(string) string) *Reporter {
	secrets := &secrets{}
	out = failsafeWriter{out}
	hidden := maskingWriter{out, secrets}
	return &Reporter{
		secrets: secrets, out: hidden, getenv: getenv, rolling: "Rollout", unwritten: map[string]bool{},
		action: githubactions.New(githubactions.WithWriter(hidden), githubactions.WithGetenv(getenv)),
		masks:  githubactions.New(githubactions.WithWriter(out), githubactions.WithGetenv(getenv)),
	}
}

// Verbose lets every call to AWS be shown from now on.
func (r *Reporter) Verbose() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.verbose = true
}

// Handle takes one event.
func (r *Reporter) Handle(event rollout.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	defer r.survive(event)
	r.timeline.begin()
	event.Tell((*teller)(r))
}

// survive keeps a fault in telling of something from ending the run, which may have something to roll back. The end
// is told in any case, in the plainest form.
func (r *Reporter) survive(event rollout.Event) {
	fault := recover()
	if fault == nil {
		return
	}
	if !r.broken {
		r.broken = true
		r.line(fmt.Sprintf("note: internal error in the report (%v): something may be missing", fault))
	}
	e, finished := event.(rollout.Finished)
	if !finished {
		return
	}
	if r.group != "" {
		io.WriteString(r.out, "::endgroup::\n")
	}
	outcome, reason := e.Result.Outcome(), summedIfPossible(e.Result)
	r.output(rollout.Output{Name: "outcome", Value: string(outcome)}, rollout.Output{Name: "reason", Value: reason})
	plain := githubactions.New(githubactions.WithWriter(r.out), githubactions.WithGetenv(r.getenv))
	if text := r.annotated(string(outcome) + ": " + reason); outcome.Good() {
		plain.Noticef("%s", text)
	} else {
		plain.Errorf("%s", text)
	}
}

// summedIfPossible is how a run ended; it may be this sentence that has the fault.
func summedIfPossible(result rollout.Result) (reason string) {
	defer func() {
		if recover() != nil {
			reason = "see the log"
		}
	}()
	return summed(result)
}

// failsafeWriter is a writer that takes everything: whoever reads the log may have gone away, and what was begun must
// still come to its end. The library for GitHub would panic.
type failsafeWriter struct{ to io.Writer }

func (e failsafeWriter) Write(text []byte) (int, error) {
	_, _ = e.to.Write(text)
	return len(text), nil
}

// enter opens a group, unless it is open. Groups do not nest.
func (r *Reporter) enter(group string) {
	if r.group == group {
		return
	}
	r.leave()
	r.standing = ""
	r.action.Group(group)
	r.group = group
}

// stand opens a part that GitHub does not fold: what must be read is in no group.
func (r *Reporter) stand(part string) {
	if r.standing == part {
		return
	}
	r.leave()
	r.standing = part
	io.WriteString(r.out, bold+part+plain+"\n")
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

// at prints a line of the rollout of a service, in the group for that.
func (r *Reporter) at(of *rollout.Rollout, text string) {
	r.enter(r.rolling)
	if r.longest > 0 {
		text = fmt.Sprintf("%-*s  %s", r.longest, of.Name(), text)
	}
	r.now(text)
}

// widestName is how wide the column of the services' names may be.
const widestName = 32

// about takes the rollouts that a run is about.
func (r *Reporter) about(rollouts []*rollout.Rollout) {
	r.rollouts = rollouts
	r.timeline.several = len(rollouts) > 1
	if len(rollouts) < 2 {
		return
	}
	r.longest = 1
	for _, of := range rollouts {
		r.longest = max(r.longest, len(of.Name()))
	}
	r.longest = min(r.longest, widestName)
}

// facts are names and what there is to say of each.
func (r *Reporter) facts(facts []rollout.Fact) {
	width := widestFact
	for _, fact := range facts {
		width = max(width, min(len(fact.Name), widestName))
	}
	for _, fact := range facts {
		r.line(fmt.Sprintf("%-*s  %s", width, fact.Name, oneLine(fact.Value)))
	}
}

// widestFact is how wide the column of names is at least.
const widestFact = 15

// note prints a line that is beside the point, or annotates the run with it.
func (r *Reporter) note(what, next string, isWarning bool) {
	text := strings.TrimSpace(sentence(what) + " " + next)
	if !isWarning {
		r.line("note: " + text)
		return
	}
	r.warn(warning{text: paragraph(text)})
}
