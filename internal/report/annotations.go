package report

import (
	"fmt"
	"slices"
	"strings"

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
	// until is the service until whose verdict it holds: that it waits for somebody, say. Zero: it holds for good.
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
		titled.Warningf("%s", r.annotated(text+". If image was to be given, look whether its variable is set. "+
			"force-new-deployment: true asks for a restart."))
	default:
		titled.Noticef("%s", r.annotated(text))
	}
}

// annotation is what happened and what to do in the first line, and the rest below.
func annotation(result rollout.Result) string {
	mistakes := mistakes(result.Err)
	if len(mistakes) > 1 {
		return strings.Join(append(mistakes, leftLines(result)...), "\n")
	}
	lines := append(endLines(result), leftLines(result)...)
	if len(mistakes) == 0 { // which begin with the names of inputs
		for i, line := range lines {
			lines[i] = paragraph(line)
		}
	}
	return strings.Join(lines, "\n")
}

// endLines are how a run ended and why, and what became of each service.
func endLines(result rollout.Result) []string {
	many := len(result.Rollouts) > 1
	verdict := strings.Join(filled(sentence(summed(result)), nextStep(result)), " ")
	if result.Err != nil { // it says more than what it came to
		lines := []string{verdict}
		for _, of := range result.Rollouts {
			if said := reason(of); !strings.Contains(verdict, said) {
				lines = append(lines, ofService(of, many, sentence(said)))
			}
		}
		return lines
	}
	lines := causes(result, many)
	if len(lines) == 0 {
		return append([]string{verdict}, bystanders(result)...)
	}
	if rest := sentence(unsaid(result)); !strings.HasPrefix(lines[0], rest) {
		lines = append(lines, rest)
	}
	return append(lines, bystanders(result)...)
}

// causes are what was found out, of the services and of the tasks that run once.
func causes(result rollout.Result, many bool) []string {
	var texts []string
	services := map[string][]string{}
	for _, of := range result.Rollouts {
		for _, finding := range of.Findings {
			text := explanation(of, finding)
			if len(services[text]) == 0 {
				texts = append(texts, text)
			}
			services[text] = append(services[text], of.Service.Name)
		}
	}
	var lines []string
	for _, text := range texts {
		if many {
			text = few(services[text]) + ": " + text
		}
		lines = append(lines, text)
	}
	for _, once := range result.OneOffs {
		for _, finding := range once.Findings {
			lines = append(lines, once.Input+": "+onceExplained(once, finding))
		}
	}
	return lines
}

// leftLines are how services were left.
func leftLines(result rollout.Result) []string {
	var lines []string
	for _, of := range result.Rollouts {
		if text := left(of); text != "" {
			lines = append(lines, ofService(of, len(result.Rollouts) > 1, sentence(text)))
		}
	}
	return atMost(lines)
}

// atMost are the first of some lines about services, and how many others there are.
func atMost(lines []string) []string {
	if more := len(lines) - mostNamed; more > 0 {
		lines = append(lines[:mostNamed], fmt.Sprintf("The same of %d others is in the summary.", more))
	}
	return lines
}

// unsaid is how a run ended, less what a finding has said already: both may end in the words of AWS.
func unsaid(result rollout.Result) string {
	for _, once := range result.OneOffs {
		if once.Verdict.Ending == rollout.OneOffFailed && len(once.Findings) > 0 {
			return onceLeft(result, once)
		}
	}
	foremost := result.Foremost()
	if foremost == nil {
		return summed(result)
	}
	result.Rollouts = slices.Clone(result.Rollouts)
	result.Rollouts[slices.Index(result.Rollouts, foremost)] = brief(foremost)
	return summed(result)
}

// bystanders tells what became of services that did not succeed and of which no cause is told.
func bystanders(result rollout.Result) []string {
	var lines []string
	foremost := result.Foremost()
	for _, of := range result.Rollouts {
		if !of.Verdict.Outcome.Good() && len(of.Findings) == 0 && of != foremost {
			lines = append(lines, ofService(of, true, sentence(reason(of))))
		}
	}
	return atMost(lines)
}

// ofService is text that names the service, if there are many.
func ofService(of *rollout.Rollout, many bool, text string) string {
	if !many {
		return text
	}
	return of.Service.Name + ": " + text
}

// onceExplained is all that a finding about a task that ran once has to say.
func onceExplained(once rollout.OneOffResult, f rollout.Finding) string {
	return explanation(&rollout.Rollout{Log: once.Log}, f)
}

// mostNamed is how many are named where there may be hundreds.
const mostNamed = 5

// few are the first of some names, and how many others there are.
func few(names []string) string {
	if more := len(names) - mostNamed; more > 0 {
		names = append(slices.Clone(names[:mostNamed]), fmt.Sprintf("and %d others", more))
	}
	return strings.Join(names, ", ")
}
