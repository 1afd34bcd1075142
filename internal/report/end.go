package report

import (
	"errors"
	"strings"
	"time"

	"ecs-deploy/internal/rollout"
)

// finished tells the end of a run.
func (r *Reporter) finished(result rollout.Result) {
	if details := details(result.Err); len(details) > 0 {
		r.stand("Why it failed")
		for _, line := range details {
			r.line(line)
		}
	}
	result = r.completed(result)
	r.timeline.end(result)
	r.warnOfDigests(result)
	r.warnOfInstances(result)
	r.result(result)
	r.leave()
	r.verdict(result)
	r.output(finalOutputs(result, &r.timeline)...)
	r.end(result)
}

// completed is a result in which the services are told of that a run was about, also when a fault has ended it that
// left no result.
func (r *Reporter) completed(result rollout.Result) rollout.Result {
	if len(result.Rollouts) > 0 || !r.started {
		return result
	}
	result.Rollouts, result.OneOffs = r.rollouts, r.oneOffs
	result.Gates = r.gates
	return result
}

// details are lines that show more of an error.
func details(err error) []string {
	var p *rollout.Problem
	if errors.As(err, &p) {
		return p.Detail
	}
	return nil
}

// mistakes are the errors that one joins, such as one for each input that is not right.
func mistakes(err error) []string {
	var joined interface{ Unwrap() []error }
	var all []string
	if errors.As(err, &joined) {
		for _, err := range joined.Unwrap() {
			all = append(all, err.Error())
		}
	}
	return all
}

// result is what became of each thing, in a line each.
func (r *Reporter) result(result rollout.Result) {
	var facts []rollout.Fact
	for _, once := range result.OneOffs {
		facts = append(
			facts, rollout.Fact{
				Name:  r.ofWave(once.Input, once.Wave),
				Value: outcomeWords[once.Verdict.Outcome] + ": " + onceEnded(once.Verdict),
			},
		)
	}
	for _, of := range result.Rollouts {
		switch {
		case statusOfOne(result) != nil:
			facts = append(facts, r.statusFacts(of)...)
		case isStatus(result):
			facts = append(facts, rollout.Fact{Name: of.Name(), Value: standingNow(of)})
		default:
			facts = append(facts, rollout.Fact{Name: of.Name(), Value: inALine(of)})
		}
	}
	if url := urlOfOne(result); url != "" {
		facts = append(facts, rollout.Fact{Name: "answers at", Value: url})
	}
	for _, gate := range result.Gates {
		facts = append(facts, rollout.Fact{Name: gateSpan(r, gate), Value: inALineOfGate(gate)})
	}
	if only := result.Registered; only != nil {
		facts = append(facts, rollout.Fact{Name: "task definition", Value: only.Previous.ID() + " → " + only.Revision.ID()})
	}
	if len(facts) == 0 {
		return
	}
	if result.Duration >= time.Second {
		took := strings.Join(filled(rollout.Span(result.Duration), r.timeline.lengths()), ": ")
		facts = append(facts, rollout.Fact{Name: "took", Value: took})
	}
	r.stand("Result")
	r.facts(facts)
}

// urlOfOne is where the only service of a run answers, where AWS tells it and something of it was deployed.
func urlOfOne(result rollout.Result) string {
	if len(result.Rollouts) != 1 || result.Rollouts[0].Deployment.ID == "" {
		return ""
	}
	return result.Rollouts[0].ServiceURL
}
