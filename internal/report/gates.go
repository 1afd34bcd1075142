package report

import (
	"fmt"
	"strings"

	"ecs-deploy/internal/rollout"
)

// obstacle is what a run did not get past beside its services: a task that runs once, or a gate.
type obstacle struct {
	input     string // that asks for it
	ended     string // how it ended
	short     string // the same in the few words of a title
	diagnosis        // why, and what to do
	told      bool   // findings tell how it ended
}

// obstacleOf is what a run did not get past, if there is anything.
func obstacleOf(result rollout.Result) (obstacle, bool) {
	if once, is := result.BadOneOff(); is {
		why := diagnosisOfOnce(once)
		if cause := rollout.GateCauses[once.Input]; cause != "" && once.Verdict.Outcome != rollout.Cancelled {
			why.Cause = cause // the outputs of the task tell for what it failed
		}
		return obstacle{once.Input, onceEnded(once.Verdict), shortOnce(once), why, toldByFindings(once)}, true
	}
	gate, is := result.BadGate()
	if !is {
		return obstacle{}, false
	}
	return obstacle{gate.Gate, gateEnded(gate), shortGate(gate), diagnosisOfGate(gate), false}, true
}

// diagnosisOfGate is why a gate did not open; empty: it did.
func diagnosisOfGate(gate rollout.GateResult) diagnosis {
	switch gate.Outcome {
	case rollout.Succeeded:
		return diagnosis{}
	case rollout.Cancelled:
		return diagnosis{Cause: string(rollout.Cancelled), Text: paragraph(sentence(gateEnded(gate)))}
	}
	return diagnosis{Cause: gate.Cause(), Text: paragraph(sentence(gateEnded(gate))), NextStep: gateNext(gate)}
}

// gateEnded is how a gate ended: a sentence without its full stop.
func gateEnded(gate rollout.GateResult) string {
	switch {
	case gate.Outcome == rollout.Cancelled:
		return "the run was cancelled"
	case gate.Err != nil:
		return gate.Err.Error()
	case gate.Gate == rollout.GateURL && gate.Outcome.Good():
		return "all as wanted, 3 times in a row"
	case gate.Gate == rollout.GateURL:
		return fmt.Sprintf("%s still %s after %s; %s is wanted", gate.URL.Shown, answeredURL(gate.Answer),
			rollout.Span(gate.Limit), wanted(gate.URL))
	case gate.Outcome.Good():
		return "no new alarm for " + rollout.Span(gate.Limit)
	}
	return fmt.Sprintf("alarm %s is in ALARM%s%s", gate.Alarm.Name, inDuration(", %s into the bake time", gate.Took),
		because(gate.Alarm.Reason))
}

// inALineOfGate is how a gate ended, in a line of the result.
func inALineOfGate(gate rollout.GateResult) string {
	return fmt.Sprintf("%-15s  %s", outcomeWords[gate.Outcome], gateEnded(gate))
}

// gateRows are the gates, in a table of the summary.
func (r *Reporter) gateRows(gates []rollout.GateResult) section {
	var all []row
	for _, gate := range gates {
		all = append(all, row{code(gateSpan(r, gate)), icon(gate.Outcome) + " " + prose(gateEnded(gate))})
	}
	return rows(all...)
}

// shortGate is the same in the few words of a title.
func shortGate(gate rollout.GateResult) string {
	switch {
	case gate.Err != nil:
		return shortProblem(gate.Err)
	case gate.Outcome == rollout.Cancelled:
		return gate.Gate
	case gate.Gate == rollout.GateAlarm:
		return "alarm " + gate.Alarm.Name
	case gate.Answer.Status != 0:
		return fmt.Sprintf("%s answered %d", gate.URL.Shown, gate.Answer.Status)
	}
	return gate.URL.Shown + " did not answer"
}

// gateNext is what to do about a gate that did not open.
func gateNext(gate rollout.GateResult) string {
	switch {
	case gate.Err != nil:
		return rollout.Remedy(gate.Err)
	case gate.Outcome == rollout.Cancelled:
		return ""
	case gate.Gate == rollout.GateAlarm:
		return "Check the alarm's metric in CloudWatch around the time of the deployment."
	case gate.Answer.Status == 0:
		return "Check that the runner can reach it: DNS, security groups and the load balancer. If it only needs more " +
			"time, raise check-timeout."
	}
	return "Check the log of the service for that request. If it only needs more time, raise check-timeout."
}

// answeredURL is what a URL does, in words.
func answeredURL(answer rollout.URLAnswer) string {
	if answer.Err != "" {
		return "gives no answer (" + answer.Err + ")"
	}
	return fmt.Sprintf("answers %d", answer.Status)
}

// wanted is the status that a URL is to answer with.
func wanted(url rollout.URLCheck) string {
	if url.Status == 0 {
		return "200 to 299"
	}
	return fmt.Sprint(url.Status)
}

// gatesOf are the gates of a plan after a wave, in their order.
func gatesOf(plan rollout.Plan, wave int) []string {
	steps := urlSteps(plan.Gates)
	if wave < len(plan.After) {
		steps = append(steps, oneOffStep(plan, *plan.After[wave])+", after success")
	}
	return append(steps, alarmSteps(plan.Gates)...)
}

func urlSteps(gates rollout.Gates) []string {
	var steps []string
	for _, url := range gates.URLs {
		steps = append(steps, fmt.Sprintf("check-url: %s must answer %s, 3 times in a row, within %s",
			url.Shown, wanted(url), rollout.Span(gates.URLTimeout)))
	}
	return steps
}

func alarmSteps(gates rollout.Gates) []string {
	if len(gates.Alarms) == 0 {
		return nil
	}
	var names []string
	for _, alarm := range gates.Alarms {
		names = append(names, alarm.Name)
	}
	return []string{fmt.Sprintf("cloudwatch:DescribeAlarms: %s must stay out of ALARM for %s",
		strings.Join(names, ", "), rollout.Span(gates.Bake))}
}

// atGate opens the part of the log for the gates of a wave.
func (r *Reporter) atGate(wave int) {
	part := "Gates"
	if r.waves > 1 {
		part = fmt.Sprintf("Gates of wave %d", wave+1)
	}
	r.enter(part)
}

func (t *teller) GateBegun(e rollout.GateBegun) {
	r := t.r()
	r.gateWave = e.Gate.Wave
	r.timeline.gates.enter(gateSpan(r, e.Gate), watchful, r.timeline.now())
	r.atGate(e.Gate.Wave)
	gates := rollout.Gates{URLs: e.URLs, URLTimeout: e.Gate.Limit, Alarms: e.Alarms, Bake: e.Gate.Limit}
	for _, step := range append(urlSteps(gates), alarmSteps(gates)...) {
		r.now(step)
	}
}

// gateSpan is what a gate is called in the picture.
func gateSpan(r *Reporter, gate rollout.GateResult) string { return r.ofWave(gate.Gate, gate.Wave) }

// ofWave is what is done after a wave, with that where there are several.
func (r *Reporter) ofWave(input string, wave int) string {
	if r.waves < 2 || input == beforeInput {
		return input
	}
	return fmt.Sprintf("%s, wave %d", input, wave+1)
}

func (t *teller) URLAnswered(e rollout.URLAnswered) {
	r := t.r()
	r.atGate(r.gateWave)
	text := e.URL.Shown + " " + answeredURL(e.Answer)
	if !e.URL.Wants(e.Answer) {
		text += timeoutIn(e.Left)
	} else if e.Good > 1 {
		text += fmt.Sprintf(", %d times in a row", e.Good)
	}
	r.now(text)
}

func (t *teller) AlarmsQuiet(e rollout.AlarmsQuiet) {
	r := t.r()
	r.atGate(r.gateWave)
	if e.Err != nil {
		r.now("it is not known how the alarms stand: " + e.Err.Error())
		return
	}
	r.now("no new alarm · " + rollout.Span(e.Left) + " to go")
}

func (t *teller) GateEnded(e rollout.GateEnded) {
	r := t.r()
	r.timeline.gates.close(r.timeline.now(), e.Gate.Outcome)
	r.gates, r.summaryOutdated = append(r.gates, e.Gate), true
	defer r.refresh()
	r.atGate(e.Gate.Wave)
	r.now(outcomeWords[e.Gate.Outcome] + ": " + gateEnded(e.Gate))
}
