package report

import (
	"fmt"
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
func (r *Reporter) verdict(e rollout.Ended) {
	title, text := subject(e.Result), achieved(e.Result)
	if !e.Result.Outcome.Good() {
		title, text = headline(e.Result), annotation(e)
	}
	if more := len(r.warnings) - mostWarnings; more > 0 {
		text = cut(r.secrets.hide(text), longestAnnotation-100) + "\n" + moreWarnings(more)
	}
	titled := r.action.WithFieldsMap(map[string]string{"title": cut(oneLine(r.secrets.hide(title)), longestTitle)})
	switch {
	case !e.Result.Outcome.Good():
		titled.Errorf("%s", r.annotated(text))
	case e.Result.Restarted:
		titled.Warningf("%s", r.annotated(text+". If image was to be given, look whether its variable is set. force-new-deployment: true asks for a restart."))
	default:
		titled.Noticef("%s", r.annotated(text))
	}
}

// annotation is what happened and what to do in the first line, and the rest below.
func annotation(e rollout.Ended) string {
	many := len(e.Result.Services) > 1
	lines := causes(e.Result, many)
	verdict := strings.Join(fill(sentence(e.Result.Reason), e.Result.Next), " ")
	switch {
	case e.Abort != nil && len(e.Abort.Mistakes) > 1:
		lines = e.Abort.Mistakes
	case e.Abort != nil: // it says more than what it came to
		lines = []string{verdict}
		for _, service := range e.Result.Services {
			if !strings.Contains(verdict, service.Verdict.Reason) {
				lines = append(lines, ofService(service, many, sentence(service.Verdict.Reason)))
			}
		}
	case len(lines) > 0:
		if reason := sentence(unsaid(e.Result)); !strings.HasPrefix(lines[0], reason) {
			lines = append(lines, reason)
		}
		lines = append(lines, bystanders(e.Result)...)
	default:
		lines = append([]string{verdict}, bystanders(e.Result)...)
	}
	lines = append(lines, left(e.Result, many)...)
	if e.Abort == nil || len(e.Abort.Mistakes) == 0 { // which begin with the names of inputs
		for i, line := range lines {
			lines[i] = paragraph(line)
		}
	}
	return strings.Join(lines, "\n")
}

// causes are what was found out, of the services and of the tasks that run once.
func causes(result rollout.Result, many bool) []string {
	var found []string
	services := map[string][]string{}
	for _, service := range result.Services {
		for _, finding := range service.Findings {
			text := explained(finding)
			if len(services[text]) == 0 {
				found = append(found, text)
			}
			services[text] = append(services[text], service.Service.Name)
		}
	}
	var lines []string
	for _, text := range found {
		if many {
			text = rollout.Few(services[text]) + ": " + text
		}
		lines = append(lines, text)
	}
	for _, once := range result.OneOffs {
		for _, finding := range once.Findings {
			lines = append(lines, once.Input+": "+explained(finding))
		}
	}
	return lines
}

// left is how services were left.
func left(result rollout.Result, many bool) []string {
	var lines []string
	for _, service := range result.Services {
		if service.Left != "" {
			lines = append(lines, ofService(service, many, sentence(service.Left)))
		}
	}
	return atMost(lines)
}

// atMost are the first of some lines about services, and how many others there are.
func atMost(lines []string) []string {
	if more := len(lines) - rollout.MostNamed; more > 0 {
		lines = append(lines[:rollout.MostNamed], fmt.Sprintf("The same of %d others is in the summary.", more))
	}
	return lines
}

// unsaid is the reason of a result, less what a finding has said already: both may end in the words of AWS.
func unsaid(result rollout.Result) string {
	reason := result.Reason
	for _, once := range result.OneOffs {
		for _, finding := range once.Findings {
			if strings.HasSuffix(finding.What, once.Verdict.Reason) {
				reason = strings.Replace(reason, once.Input+": "+once.Verdict.Reason+"; ", "", 1)
			}
		}
	}
	for _, service := range result.Services {
		for _, finding := range service.Findings {
			said, _, _ := strings.Cut(finding.What, " (")
			reason = strings.Replace(reason, ": "+strings.TrimSuffix(said, "."), "", 1)
		}
	}
	return reason
}

// bystanders tells what became of services that did not succeed and of which no cause is told.
func bystanders(result rollout.Result) []string {
	var lines []string
	foremost, _ := result.Foremost()
	for _, service := range result.Services {
		if !service.Verdict.Outcome.Good() && len(service.Findings) == 0 && service.Service.Name != foremost.Service.Name {
			lines = append(lines, ofService(service, true, sentence(service.Verdict.Reason)))
		}
	}
	return atMost(lines)
}

// ofService is text that names the service, if there are many.
func ofService(service rollout.ServiceResult, many bool, text string) string {
	if !many {
		return text
	}
	return service.Service.Name + ": " + text
}

func explained(f rollout.Finding) string {
	return strings.Join(fill(sentence(f.What), f.Cause, f.Next), " ")
}
