package report

import (
	"bytes"
	"errors"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"ecs-deploy/internal/rollout"
	"ecs-deploy/internal/taskdef"
	"ecs-deploy/internal/viewer"
)

// commands are the runner's commands in a log, found as it finds them: a line is ended by \n, \r\n or
// a lone \r; "::name …::" counts at the start of a line after white space, "##[name …]" anywhere in it
// (https://github.com/actions/runner/blob/main/src/Runner.Common/ActionCommand.cs).
func commands(log string) []string {
	var found []string
	for line := range strings.SplitSeq(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(log), "\n") {
		trimmed := strings.TrimLeftFunc(line, unicode.IsSpace)
		if rest, ok := strings.CutPrefix(trimmed, "::"); ok && strings.Contains(rest, "::") {
			found = append(found, line)
		}
		if _, rest, ok := strings.Cut(line, "##["); ok && strings.Contains(rest, "]") {
			found = append(found, line)
		}
	}
	return found
}

var attacks = []string{
	"::set-output name=outcome::succeeded", "  \t::add-mask::a", "\u2003::stop-commands::x", "fine\r::error::no", "fine\r\n::error::no",
	"fine\n::error::no", "text ##[error]no", "#\x00#[error]no", "##\u200b[error]", "\x1b[31m::error::no", "\x00::error::no", "\uFEFF::error::no",
	"\u0085::error::no", "##[##[error]]", "::error::" + strings.Repeat("x", 10000), "\xff::error::no", "#" + "\xff" + "#[error]no",
}

func TestUntrustedTextCannotCommandTheRunner(t *testing.T) {
	for _, attack := range attacks {
		require.Empty(t, commands(strings.Join(printable(attack), "\n")), "%q", attack)
		require.Empty(t, commands(oneLine(attack)), "%q", attack)
		require.Empty(t, commands("   0:02  "+oneLine(attack)), "%q", attack)
	}
	require.NotEmpty(t, commands("  ::error::yes"), "the test's own parser must find commands")
	require.NotEmpty(t, commands("x ##[error]yes"))
}

func FuzzPrintable(f *testing.F) {
	for _, attack := range attacks {
		f.Add(attack)
	}
	f.Fuzz(func(t *testing.T, text string) {
		require.Empty(t, commands(strings.Join(printable(text), "\n")))
		require.Empty(t, commands(oneLine(text)))
		require.NotContains(t, oneLine(text), "\n")
	})
}

// Every event whose text comes from outside is thrown at a reporter: nothing but its own commands may
// come out, and nothing but its own outputs.
func TestEventsCannotCommandTheRunner(t *testing.T) {
	for _, attack := range attacks {
		folder := t.TempDir()
		env := map[string]string{"GITHUB_OUTPUT": filepath.Join(folder, "output"), "GITHUB_STEP_SUMMARY": filepath.Join(folder, "summary")}
		var log bytes.Buffer
		r := New(&log, func(name string) string { return env[name] })
		r.Verbose()
		for _, event := range hostile(attack) {
			r.Handle(event)
		}
		for _, command := range commands(log.String()) {
			require.Regexp(t, `^::(group|endgroup|error title=[^:]*|warning)::`, command, "%q", attack)
		}
		written, err := os.ReadFile(env["GITHUB_OUTPUT"])
		require.NoError(t, err)
		require.Contains(t, viewer.Outputs(string(written)), "outcome=failed\n")
		require.NotContains(t, viewer.Outputs(string(written)), "outcome=succeeded\n")
	}
}

// hostile are events of every kind, each text of which is an attack.
func hostile(attack string) []rollout.Event {
	revision := rollout.RevisionResult{Revision: rollout.Revision{ARN: attack, Family: attack}, Changed: true,
		Images: []taskdef.ImageChange{{Container: attack, From: attack, To: attack}}}
	gate := rollout.GateResult{
		Gate: rollout.GateURL, Outcome: rollout.Failed, URL: rollout.URLCheck{Shown: attack}, Answer: rollout.URLAnswer{Err: attack},
		Alarm: rollout.Alarm{AlarmName: rollout.AlarmName{Name: attack}, Reason: attack},
	}
	planned := rollout.PlannedRevision{Base: revision.Revision, Images: revision.Images}
	finding := rollout.Finding{About: rollout.AboutEvent, Said: attack, Means: attack, Next: attack}
	cause := rollout.Cause{Container: attack, Said: attack}
	web := &rollout.Rollout{
		By: attack, Revision: revision, Findings: []rollout.Finding{finding}, Phase: rollout.PhaseDecided,
		Look: rollout.Look{
			Service:    rollout.Service{ServiceKey: rollout.ServiceKey{Place: rollout.Place{Region: attack, Account: attack}, Cluster: attack, Name: attack}, URL: attack},
			Deployment: rollout.Deployment{ID: attack, URL: attack}, Progress: rollout.Progress{State: attack, Stage: attack},
		},
		Calls: []rollout.Call{{Action: attack, Through: attack, Settings: attack, Deploys: true}},
		Log: rollout.LogTail{
			Container: attack, Task: attack, Kept: taskdef.Log{Group: attack}, Error: []string{attack}, Lines: []string{attack},
		},
		Failures: []rollout.Task{{ID: attack, URL: attack, Reason: attack}}, Outputs: []rollout.Output{{Name: "x", Value: attack}},
		Verdict: rollout.Verdict{Outcome: rollout.Failed, Ending: rollout.EndedGivenUp, Said: attack, Left: rollout.LeftAsIs},
	}
	problem := &rollout.Problem{What: attack, Next: attack, Detail: []string{attack}}
	broken := rollout.OneOffResult{Input: "run-before", Tasks: []string{attack}, Findings: []rollout.Finding{finding}, Log: rollout.LogTail{Lines: []string{attack}},
		Verdict: rollout.OneOffVerdict{Outcome: rollout.Failed, Ending: rollout.OneOffFailed, Cause: cause}}
	note := rollout.Note{About: rollout.NoteUnderway, Service: attack, Said: []string{attack}, By: attack, Underway: rollout.Deployment{ID: attack}}
	other := rollout.BusyService{Service: web.Service, By: attack, Deployment: rollout.Deployment{ID: attack, TaskDefinition: attack}}
	return []rollout.Event{
		rollout.InputsRead{Facts: []rollout.Fact{{Name: attack, Value: attack}}},
		rollout.Noted{Notes: []rollout.Note{note}},
		rollout.PlanMade{DryRun: true, Plan: rollout.Plan{Notes: []rollout.Note{note}, Revisions: []rollout.PlannedRevision{planned}, Rollouts: []*rollout.Rollout{web}}},
		rollout.RoleAssumed{Session: attack, With: attack},
		rollout.OneOffStarted{Input: "run-before", Revision: revision.Revision, Container: attack, Command: []string{attack}, Tasks: []string{attack}},
		rollout.OneOffProgressed{Input: "run-before", States: []rollout.TaskStatus{rollout.TaskStatus(attack)}},
		rollout.OneOffSaid{Input: "run-before", Task: attack, Container: attack, Line: attack},
		rollout.OneOffEnded{Result: broken},
		rollout.OneOffUnclear{Input: attack}, rollout.LogUnreadable{Container: attack, Kept: taskdef.Log{Driver: attack}}, rollout.NotStopped{Err: problem},
		rollout.Repointed{Task: rollout.ScheduledTask{ScheduleName: rollout.ScheduleName{Rule: attack, Target: attack}}, Revision: revision.Revision},
		rollout.TakenOver{Rollouts: []*rollout.Rollout{web}},
		rollout.OthersAwaited{Busy: []rollout.BusyService{other}}, rollout.OthersAwaited{Busy: []rollout.BusyService{other}, Age: time.Minute}, rollout.OthersAwaited{Age: time.Minute},
		rollout.UsualLearnt{Rollout: &rollout.Rollout{Usual: &rollout.Usual{}, Look: web.Look}}, rollout.UsualExceeded{Rollout: &rollout.Rollout{Usual: &rollout.Usual{}, Look: web.Look}},
		rollout.NothingChanged{Rollouts: []*rollout.Rollout{web}},
		rollout.Registered{Result: revision},
		rollout.GateBegun{Gate: gate, URLs: []rollout.URLCheck{gate.URL}, Alarms: []rollout.Alarm{gate.Alarm}},
		rollout.URLAnswered{URL: gate.URL, Answer: gate.Answer}, rollout.AlarmsQuiet{}, rollout.AlarmsQuiet{Err: problem},
		rollout.GateEnded{Gate: gate},
		rollout.WaveBegun{Rollouts: []*rollout.Rollout{web}, Of: 2},
		rollout.Started{Rollout: web}, rollout.Progressed{Rollout: web},
		rollout.HookCalled{Rollout: web, Hook: rollout.LifecycleHook{ID: attack, Why: attack, Status: rollout.HookStatus(attack)}},
		rollout.HookCalled{Rollout: web, Hook: rollout.LifecycleHook{Target: attack, Status: rollout.HookStatus(attack)}},
		rollout.HookCalled{Rollout: web, Hook: rollout.LifecycleHook{Pause: true, Status: rollout.HookAwaitingAction}},
		rollout.ServiceSaid{Rollout: web, By: attack, Message: attack},
		rollout.TasksFailed{Rollout: web, Cause: cause, Tasks: []string{attack}},
		rollout.TargetsUnhealthy{Rollout: web, Findings: []rollout.Finding{finding}},
		rollout.RollbackAwaited{Rollout: web, Cause: cause},
		rollout.Noticed{What: attack, Next: attack}, rollout.Noticed{What: attack, Next: attack, Warning: true},
		rollout.Verified{Concerns: []rollout.Concern{{What: attack, Next: attack, Sure: true}, {What: attack, Next: attack}}, Unknown: []string{attack}, Unanswered: []string{attack}},
		rollout.Explained{Rollout: web}, rollout.Decided{Rollout: web}, rollout.Continued{Rollout: web, Stage: attack},
		rollout.RollbackStarted{Rollout: web, How: rollout.WayAsked},
		rollout.Deregistered{Family: attack, Revisions: []string{attack}}, rollout.NotDeregistered{Err: problem},
		rollout.Unreadable{Err: problem, Sight: rollout.SightStages}, rollout.Unanswered{Err: problem},
		rollout.Called{Service: attack, Operation: attack, RequestID: attack, Err: attack},
		rollout.Finished{Result: rollout.Result{
			Err: problem, Rollouts: []*rollout.Rollout{web}, OneOffs: []rollout.OneOffResult{broken}, Undeployed: []rollout.RevisionResult{revision},
		}},
	}
}

// Every kind of event is thrown at the reporter by the test above.
func TestNoEventIsMissingAmongTheHostileOnes(t *testing.T) {
	thrown := map[string]bool{"SecretLearned": true} // which is never shown
	for _, event := range hostile("x") {
		thrown[reflect.TypeOf(event).Name()] = true
	}
	for method := range reflect.TypeFor[rollout.Handler]().Methods() {
		require.True(t, thrown[method.Name], method.Name)
	}
}

func TestOutputsCannotAddOutputs(t *testing.T) {
	path := filepath.Join(t.TempDir(), "output")
	r := New(&bytes.Buffer{}, func(name string) string { return map[string]string{"GITHUB_OUTPUT": path}[name] })
	r.output(rollout.Output{Name: "reason", Value: "a\nghadelimiter_x\noutcome=succeeded\n"}, rollout.Output{Name: "outcome", Value: "failed"})
	written, err := os.ReadFile(path)
	require.NoError(t, err)
	delimiters := regexp.MustCompile(`<<(ghadelimiter_\w{26,})\n`).FindAllStringSubmatch(string(written), -1)
	require.Len(t, delimiters, 2)
	require.NotEqual(t, delimiters[0][1], delimiters[1][1])
	require.Equal(t, "reason=a\nghadelimiter_x\noutcome=succeeded\n\noutcome=failed\n", viewer.Outputs(string(written)))
}

func TestFilesThatCannotBeWrittenAreSaid(t *testing.T) {
	var log bytes.Buffer
	r := New(&log, func(string) string { return "/nowhere/file" })
	r.Handle(finished(decided("web", rollout.Succeeded, rollout.EndedComplete)))
	require.Contains(t, log.String(), "note: GITHUB_OUTPUT could not be written: open /nowhere/file: no such file or directory")
	require.Contains(t, log.String(), "note: GITHUB_STEP_SUMMARY could not be written")

	log.Reset()
	New(&log, func(string) string { return "" }).Handle(rollout.Finished{Result: rollout.Result{Registered: &rollout.RevisionResult{Revision: revision("web", 42), Previous: revision("web", 41), Changed: true}}})
	require.Equal(t, "\x1b[1mResult\x1b[0m\ntask definition  web:41 → web:42\n::notice title=web::web:42 was registered\n", log.String(), "without the files nothing is said of them")
}

func TestMarkdownStaysWhereItIsPut(t *testing.T) {
	for text, want := range map[string]string{
		"a|b":                  "a\\|b",
		"<img src=x> & co":     "&lt;img src=x&gt; &amp; co",
		"[link](http://x)":     `\[link\](http&#58;//x)`,
		"see https://x.y/z_1.": `see <https://x.y/z_1>.`,
		"*bold* _it_ `code`":   "\\*bold\\* \\_it\\_ \\`code\\`",
		"line\nbreak\r| more":  `line break \| more`,
		"@everyone fixes #12":  `&#64;everyone fixes \#12`,
	} {
		require.Equal(t, want, prose(text))
	}
	require.Equal(t, "`a\\|b`", code("a|b"))
	require.Equal(t, "`` a`b ``", code("a`b"))
	require.Equal(t, "``` ``a`` ```", code("``a``"))
	require.Equal(t, "`a b`", code("a\nb"))
}

func TestAnnotationsFitAndSayWhatToDoNext(t *testing.T) {
	web := decided("web", rollout.RolledBack, rollout.EndedRolledBack)
	web.Findings = []rollout.Finding{{About: rollout.AboutTasks, Tasks: 2, Cause: rollout.Cause{Said: strings.Repeat("ö", 9000)}, Next: "Do this."}}
	ended := rollout.Result{Rollouts: []*rollout.Rollout{web}}
	lines := strings.Split(annotation(ended), "\n")
	require.Equal(t, []string{"ECS rolled back the deployment.", "Next: Do this."}, []string{lines[0], lines[2]})
	require.True(t, strings.HasPrefix(lines[1], "Why: 2 tasks failed: ööö"))
	require.LessOrEqual(t, len(lines[1]), 1510)
	fits := New(io.Discard, func(string) string { return "" }).annotated(strings.Repeat("ö ", 9000))
	require.LessOrEqual(t, len(fits), 4096)
	require.Greater(t, len(fits), 4090)
}

func TestLengthsOfTime(t *testing.T) {
	for d, want := range map[time.Duration][2]string{
		0:                                 {"0:00", "0s"},
		1400 * time.Millisecond:           {"0:01", "1s"},
		91 * time.Second:                  {"1:31", "1m 31s"},
		time.Hour + 5*time.Second:         {"1:00:05", "1h 5s"},
		30 * time.Minute:                  {"30:00", "30m"},
		25*time.Hour + 59*time.Minute + 1: {"25:59:00", "25h 59m"},
	} {
		require.Equal(t, want, [2]string{clock(d), rollout.Span(d)})
	}
}

func TestSecretsAreHiddenHoweverTheyAreWritten(t *testing.T) {
	var s secrets
	require.Equal(t, []string{"pa$$/w=rd 12", "multi-line-1", "multi-line-2"}, s.learn("pa$$/w=rd 12", "multi-line-1\nmulti-line-2\n", "short", ""))
	require.Empty(t, s.learn("multi-line-1"), "what is known is not masked again")
	proxy := url.URL{Scheme: "http", User: url.UserPassword("ci", "pa$$/w=rd 12"), Host: "p"}
	for _, text := range []string{
		proxy.String(), "?q=" + url.QueryEscape("pa$$/w=rd 12"), prose("pa$$/w=rd 12"), `"pa$$/w=rd 12"`, "multi-line-2",
	} {
		require.Contains(t, s.hide(text), "***")
		require.NotContains(t, s.hide(text), "rd")
		require.NotContains(t, s.hide(text), "line")
	}
	require.Equal(t, "a short text", s.hide("a short text"))
}

func TestCutsAreAtCharacters(t *testing.T) {
	for _, text := range []string{strings.Repeat("x", 2048), strings.Repeat("ö", 2048), strings.Repeat("日", 2048), "a b " + strings.Repeat("🚀", 900), "", "a"} {
		for most := range 700 {
			got := cut(text, most)
			require.True(t, utf8.ValidString(got))
			require.LessOrEqual(t, len(got), max(most, len("…")))
		}
	}
	require.Equal(t, "some words…", cut("some words here", 14))
}

// A reason of one long word, in every place where a reason is told.
func TestAReasonWithoutASpaceIsTold(t *testing.T) {
	for _, reason := range []string{strings.Repeat("x", 2048), strings.Repeat("日", 2048)} {
		folder := t.TempDir()
		env := map[string]string{"GITHUB_OUTPUT": folder + "/output", "GITHUB_STEP_SUMMARY": folder + "/summary"}
		var log strings.Builder
		r := New(&log, func(name string) string { return env[name] })
		exit, web := 1, decided("web", rollout.Failed, rollout.EndedStopped)
		web.Verdict.Said = reason
		web.Failures = []rollout.Task{{ID: "1", Reason: reason, Containers: []rollout.Container{{Name: "app", ExitCode: &exit, Reason: reason}}}}
		r.Handle(finished(web))
		require.NotContains(t, log.String(), "fault")
		require.Contains(t, log.String(), "::error title=web → main%3A failed::ECS stopped the deployment without a rollback: "+reason[:100])
		summary, err := os.ReadFile(folder + "/summary")
		require.NoError(t, err)
		require.Contains(t, string(summary), reason[:600-len("…")-3])
	}
}

// A secret at a cut must not show a half of itself.
func TestNoSecretIsCutInTwo(t *testing.T) {
	const secret = "AKIACANARY/half+of+a+secret"
	for at := 4000; at < 4110; at += 7 {
		var log strings.Builder
		r := New(&log, func(string) string { return "" })
		r.Handle(rollout.SecretLearned{Values: []string{secret}})
		log.Reset()
		r.Handle(rollout.ServiceSaid{Rollout: deployment("web"), By: "ECS", Message: strings.Repeat("x", at) + secret + strings.Repeat("y", 200)})
		r.Handle(rollout.Noticed{What: strings.Repeat("x", at) + secret + strings.Repeat("y", 200), Warning: true})
		r.Handle(rollout.Finished{Result: rollout.Result{Err: errors.New(strings.Repeat("x", at) + secret)}})
		require.NotContains(t, log.String(), "AKIACANARY", at)
	}
}

func TestTheEndIsToldWhateverBreaks(t *testing.T) {
	folder := t.TempDir()
	env := map[string]string{"GITHUB_OUTPUT": folder + "/output"}
	var log strings.Builder
	r := New(&log, func(name string) string { return env[name] })
	r.timeline.began = time.Now()
	r.action = nil // every annotation and group panics
	r.Handle(rollout.InputsRead{Facts: []rollout.Fact{{Name: "a", Value: "b"}}})
	r.Handle(rollout.InputsRead{Facts: []rollout.Fact{{Name: "a", Value: "b"}}})
	r.Handle(rollout.Finished{Result: rollout.Result{Err: errors.New("it failed")}})
	require.Equal(t, 1, strings.Count(log.String(), "note: internal error in the report"))
	require.True(t, strings.HasSuffix(log.String(), "::error::failed: it failed\n"), log.String())
	outputs, err := os.ReadFile(folder + "/output")
	require.NoError(t, err)
	require.Contains(t, viewer.Outputs(string(outputs)), "outcome=failed\n")
}

func TestAFullDiskIsToldOnce(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("this system has no /dev/full")
	}
	var log strings.Builder
	r := New(&log, func(string) string { return "/dev/full" })
	for range 3 {
		r.Handle(rollout.Registered{Result: rollout.RevisionResult{Revision: rollout.Revision{ARN: "a", Family: "web", Number: 1}, Changed: true}})
	}
	r.Handle(rollout.Finished{Result: rollout.Result{Err: errors.New("it failed")}})
	require.Equal(t, 1, strings.Count(log.String(), "GITHUB_OUTPUT could not be written: write /dev/full: no space left on device"), log.String())
	require.Equal(t, 1, strings.Count(log.String(), "GITHUB_STEP_SUMMARY could not be written"), log.String())
	require.Contains(t, log.String(), "::error")
}
