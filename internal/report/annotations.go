package report

import (
	"strings"

	"ecs-deploy/internal/rollout"
)

// longestAnnotation is where a message is cut, in bytes: the runner counts characters
// (https://github.com/actions/runner/blob/main/src/Runner.Worker/ExecutionContext.cs).
const longestAnnotation = 4096

// annotation is what happened and what to do in the first line, and the rest below.
func annotation(e rollout.Ended) string {
	var lines []string
	many := len(e.Result.Services) > 1
	for _, service := range e.Result.Services {
		for _, finding := range service.Findings {
			lines = append(lines, ofService(service, many, explained(finding)))
		}
	}
	for _, once := range e.Result.OneOffs {
		for _, finding := range once.Findings {
			lines = append(lines, once.Input+": "+explained(finding))
		}
	}
	verdict := strings.Join(fill(sentence(e.Result.Reason), e.Result.Next), " ")
	switch {
	case e.Abort != nil && len(e.Abort.Mistakes) > 1:
		lines = e.Abort.Mistakes
	case e.Abort != nil: // it says more than what it came to
		lines = []string{verdict}
		for _, service := range e.Result.Services {
			lines = append(lines, ofService(service, many, sentence(service.Verdict.Reason)))
		}
	case len(lines) > 0:
		if reason := sentence(e.Result.Reason); !strings.HasPrefix(lines[0], reason) { // it is not said twice
			lines = append(lines, reason)
		}
	default:
		lines = []string{verdict}
	}
	for _, service := range e.Result.Services {
		if service.Left != "" {
			lines = append(lines, ofService(service, many, sentence(service.Left)))
		}
	}
	return cut(strings.Join(lines, "\n"), longestAnnotation)
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
