package report

import (
	"fmt"
	"slices"
	"strings"

	"ecs-deploy/internal/lazy"
	"ecs-deploy/internal/rollout"
)

// longestAnnotation is where a message is cut, in bytes: the runner counts characters
// (https://github.com/actions/runner/blob/main/src/Runner.Worker/ExecutionContext.cs).
const longestAnnotation = 4096

// longestTitle is where the title of an annotation is cut, in bytes: it is read in one line.
const longestTitle = 512

// mostWarnings is how many warnings become annotations. The runner keeps ten of a step, and a reader fewer
// (https://github.com/actions/runner/blob/main/src/Runner.Worker/ExecutionContext.cs).
const mostWarnings = 5

// warning is something that was warned of.
type warning struct {
	text string
	// until is the service until whose verdict it holds: that it waits for approval, say. Zero: it holds for good.
	until rollout.ServiceKey
	over  bool
}

// warn annotates the run with a warning, or if there are too many, puts it into the log.
func (r *Reporter) warn(w warning) {
	r.warnings = append(r.warnings, w)
	if len(r.warnings) > mostWarnings {
		r.line("warning: " + w.text)
		return
	}
	r.leave() // a warning in a group is hidden in its fold
	r.action.Warningf("%s", r.annotated(w.text))
}

// over ends the warnings that hold until a service has its verdict.
func (r *Reporter) over(service rollout.ServiceKey) {
	for i, w := range r.warnings {
		r.warnings[i].over = w.over || w.until == service
	}
}

func moreWarnings(n int) string {
	if n == 1 {
		return "There is one more warning in the log."
	}
	return fmt.Sprintf("There are %d more warnings in the log.", n)
}

// annotated is text made fit for an annotation, which may have several lines.
func (r *Reporter) annotated(text string) string {
	return cut(strings.Join(printable(r.secrets.hide(text)), "\n"), longestAnnotation)
}

// verdict annotates the run with how it ended.
func (r *Reporter) verdict(result rollout.Result) {
	good := result.Outcome().Good()
	title, text := subject(result), ""
	if good {
		text = achieved(result)
	} else {
		title, text = headline(result), annotation(result)
	}
	if more := len(r.warnings) - mostWarnings; more > 0 {
		text = cut(r.secrets.hide(text), longestAnnotation-100) + "\n" + moreWarnings(more)
	}
	titled := r.action.WithFieldsMap(map[string]string{"title": cut(oneLine(r.secrets.hide(title)), longestTitle)})
	switch {
	case !good:
		titled.Errorf("%s", r.annotated(text))
	case result.Restarted:
		titled.Warningf("%s", r.annotated(text+". If you meant to deploy an image, check that its variable is set. If you "+
			"wanted a restart, set force-new-deployment: true."))
	default:
		titled.Noticef("%s", r.annotated(text))
	}
}

// annotation is what happened and what to do in the first line, and the rest below.
func annotation(result rollout.Result) string {
	lines := mistakes(result.Err)
	if len(lines) < 2 {
		lines = endLines(result)
	}
	lines = append(lines, slices.Concat(leftLines(result), succeeded(result))...)
	for i, line := range lines {
		if !ofInput().MatchString(line) {
			lines[i] = paragraph(line)
		}
	}
	return strings.Join(lines, "\n")
}

// ofInput is a line that begins with the name of an input.
var ofInput = lazy.Regexp(`^[a-z0-9-]+(: | has no effect | needs )`)

// endLines are who serves now and how a run ended, why, and what to do next: of what speaks for all, then of each other
// service that did not succeed, those together of which the same is to be said.
func endLines(result rollout.Result) []string {
	if result.Err != nil { // it says more than what it came to
		return errorLines(result)
	}
	whys := whysOf(result)
	outcomes := badEnds(result)
	next := nextLine(nextStep(result))
	var lines []string
	obstacle, is := obstacleOf(result)
	if is && !wentBack(result) {
		lines = append(lines, obstacleLine(result, obstacle))
		lines = append(lines, whys.about(obstacle.input)...)
	}
	for i, text := range outcomes.texts {
		names := outcomes.names[text]
		if len(result.Rollouts) > 1 {
			text = head(nounOf(result.Rollouts), names...) + text
		}
		if i > mostNamed {
			lines = append(lines, fmt.Sprintf("The summary has %d more.", len(outcomes.texts)-i))
			break
		}
		lines = append(lines, text)
		lines = append(lines, whys.about(names...)...)
		if i == 0 && is {
			lines = append(lines, append(shut(obstacle), whys.about(obstacle.input)...)...)
		}
		if i == 0 && next != "" && !slices.Contains(lines, next) {
			lines = append(lines, next)
		}
	}
	if next != "" && !slices.Contains(lines, next) {
		lines = append(lines, next)
	}
	return lines
}

// errorLines are an error that ended a run, and how it left the services.
func errorLines(result rollout.Result) []string {
	verdict := strings.Join(filled(sentence(summed(result)), nextStep(result)), " ")
	lines := []string{verdict}
	for _, of := range result.Rollouts {
		serving, said := serving(of), reason(of)
		switch {
		case strings.Contains(verdict, said):
			said = ""
		case of.Verdict.Outcome == rollout.Succeeded && len(result.Rollouts) > 1 && !goesOnWell(of):
			continue // told with the others that did
		case of.Verdict.Outcome.Good():
			serving = ""
		}
		if text := together(serving, said); text != "" {
			if len(result.Rollouts) > 1 {
				text = head(noun(of), of.Name()) + text
			}
			lines = append(lines, text)
		}
	}
	return lines
}

// obstacleLine is what a run did not get past, and how that left the services. Findings are told below.
func obstacleLine(result rollout.Result, obstacle obstacle) string {
	if obstacle.told {
		return sentence(leftBy(result, obstacle.input))
	}
	return sentence(summed(result))
}

// shut is why what was deployed was rolled back for the sake of something else, where no finding tells.
func shut(obstacle obstacle) []string {
	if obstacle.told {
		return nil
	}
	return []string{sentence(obstacle.input + ": " + obstacle.ended)}
}

func toldByFindings(once rollout.OneOffResult) bool {
	ended := once.Verdict.Ending == rollout.OneOffFailed || once.Verdict.Ending == rollout.OneOffUnplaced
	return len(once.Findings) > 0 && ended
}

// badEnds are who serves and how it came to that, of the services that did not succeed: first of that which speaks
// for all.
func badEnds(result rollout.Result) byText {
	var all byText
	first := result.Foremost()
	if _, is := obstacleOf(result); is && !wentBack(result) || first == nil {
		return all
	}
	all.add(outcomeLine(first), first.Name())
	for _, of := range result.Rollouts {
		if !of.Verdict.Outcome.Good() && of != first {
			all.add(outcomeLine(of), of.Name())
		}
	}
	return all
}

// succeeded are the services that did, beside others.
func succeeded(result rollout.Result) []string {
	var names, lines []string
	for _, of := range result.Rollouts {
		switch good := of.Verdict.Outcome == rollout.Succeeded; {
		case good && goesOnWell(of):
			lines = append(lines, head(noun(of), of.Name())+sentence(reason(of)))
		case good:
			names = append(names, of.Name())
		}
	}
	if len(names)+len(lines) == len(result.Rollouts) {
		return nil
	}
	if len(names) > 0 {
		lines = append(lines, "Succeeded, and left as deployed: "+few(names)+".")
	}
	return atMost(lines)
}

func outcomeLine(of *rollout.Rollout) string { return together(serving(of), reason(brief(of))) }

// together is sentences in a row, of which the first goes on with what stands before it.
func together(sentences ...string) string {
	sentences = filled(sentences...)
	for i, text := range sentences {
		if sentences[i] = sentence(text); i > 0 {
			sentences[i] = paragraph(sentences[i])
		}
	}
	return strings.Join(sentences, " ")
}

// byText is texts, each with the names of what it is about.
type byText struct {
	texts []string
	names map[string][]string
}

func (b *byText) add(text, name string) {
	if b.names == nil {
		b.names = map[string][]string{}
	}
	if len(b.names[text]) == 0 {
		b.texts = append(b.texts, text)
	}
	b.names[text] = append(b.names[text], name)
}

// lines are the texts, behind the names.
func (b *byText) lines(noun string) []string {
	var lines []string
	for _, text := range b.texts {
		lines = append(lines, head(noun, b.names[text]...)+text)
	}
	return lines
}

// head is the head of a line about services or daemons.
func head(noun string, names ...string) string {
	if len(names) == 1 {
		return capital(noun) + " " + names[0] + ": "
	}
	return capital(noun) + "s " + few(names) + ": "
}

// whys are what was found out, of the services and of the tasks that run once: each why and next.
type whys struct {
	byText
	several    bool // things are told of
	superseded bool // it is not for these causes that the run ended
}

func whysOf(result rollout.Result) whys {
	all := whys{
		several:    len(result.Rollouts) > 1 || len(result.OneOffs)+len(result.Gates) > 0,
		superseded: result.Outcome() == rollout.Superseded,
	}
	for _, once := range result.OneOffs {
		for _, finding := range once.Findings {
			all.add(whyAndNext(explanation(&rollout.Rollout{Log: once.Log}, finding), finding.Next), once.Input)
		}
	}
	for _, of := range result.Rollouts {
		for _, finding := range of.Findings {
			all.add(whyAndNext(explanation(of, finding), remedy(of, finding)), of.Name())
		}
	}
	return all
}

// about takes out the lines on some names.
func (w *whys) about(names ...string) []string {
	var lines []string
	is := func(name string) bool { return slices.Contains(names, name) }
	w.texts = slices.DeleteFunc(w.texts, func(text string) bool {
		its := w.names[text]
		if !slices.ContainsFunc(its, is) {
			return false
		}
		why := "Why: "
		switch {
		case w.superseded: // what to do about it is no longer what comes next
			text, _, _ = strings.Cut(text, "\n")
			why = "Also: "
		case w.several:
			why = "Why " + few(its) + " failed: "
		}
		lines = append(lines, strings.Split(strings.TrimSpace(why+text), "\n")...)
		return true
	})
	return lines
}

// longestWhy is where an explanation is cut, in bytes, so that what to do next is read too.
const longestWhy = 1500

// whyAndNext is an explanation and, in a line of its own, what to do next.
func whyAndNext(why, next string) string {
	return cut(oneLine(why), longestWhy) + "\n" + nextLine(next)
}

// nextLine is what to do next; empty: nothing.
func nextLine(next string) string {
	if next == "" {
		return ""
	}
	return "Next: " + next
}

// leftLines are how services were left.
func leftLines(result rollout.Result) []string {
	var all byText
	for _, of := range result.Rollouts {
		if text := left(of); text != "" {
			all.add(sentence(text), of.Name())
		}
	}
	if len(result.Rollouts) == 1 {
		return all.texts
	}
	return atMost(all.lines(nounOf(result.Rollouts)))
}

// atMost are the first of some lines about services, and how many others there are.
func atMost(lines []string) []string {
	if more := len(lines) - mostNamed; more > 0 {
		lines = append(lines[:mostNamed], fmt.Sprintf("The summary has %d more.", more))
	}
	return lines
}

// ofService is text that names the service, if there are many.
func ofService(of *rollout.Rollout, many bool, text string) string {
	if !many {
		return text
	}
	return of.Name() + ": " + text
}

// mostNamed is how many are named where there may be hundreds.
const mostNamed = 5

// few are the first of some names, and how many others there are.
func few(names []string) string {
	if more := len(names) - mostNamed; more > 0 {
		names = append(slices.Clone(names[:mostNamed]), fmt.Sprintf("and %d others", more))
	}
	if last := len(names) - 1; last > 0 && len(names) <= mostNamed {
		names = append(slices.Clone(names[:last-1]), names[last-1]+" and "+names[last])
	}
	return strings.Join(names, ", ")
}
