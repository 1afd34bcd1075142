package rollout

import "time"

// Gates are what has to hold once services are deployed, before the next wave begins or the run has succeeded.
type Gates struct {
	URLs       []URLCheck
	URLTimeout time.Duration // for which they are asked at most
	Alarms     []Alarm
	Bake       time.Duration // for which those must stay out of ALARM
}

// The inputs that ask for gates.
const (
	GateURL   = "check-url"
	GateAlarm = "watch-alarms"
	GateTask  = "run-after"
)

// GateCauses are the ids of the causes that gates fail for.
var GateCauses = map[string]string{GateURL: "gate-url", GateAlarm: "gate-alarm", GateTask: "gate-task"}

// URLCheck is a URL that must answer as wanted, several times in a row.
type URLCheck struct {
	URL    string // with what it may hold of secrets
	Shown  string // without
	Status int    // that is wanted; 0: any of 200 to 299
}

// Wants tells whether an answer is as wanted.
func (u URLCheck) Wants(answer URLAnswer) bool {
	if u.Status == 0 {
		return answer.Status >= 200 && answer.Status < 300
	}
	return answer.Status == u.Status
}

// URLAnswer is what a URL answered.
type URLAnswer struct {
	Status int
	Err    string // why there was no answer; empty: there was one
}

// AlarmName names an alarm of CloudWatch.
type AlarmName struct {
	Place // empty: wherever services are
	Name  string
}

// Alarm is an alarm of CloudWatch, a composite one maybe, as it was read.
type Alarm struct {
	AlarmName
	ARN    string
	On     bool   // it is in ALARM
	Reason string // the words of AWS on its state
}

// Is tells whether an alarm is one that is named.
func (a Alarm) Is(name AlarmName) bool {
	there := PlaceOf(a.ARN)
	return a.Name == name.Name && (name.Region == "" || name.Region == there.Region) &&
		(name.Account == "" || name.Account == there.Account)
}

// GateResult is what a gate came to.
type GateResult struct {
	Gate    string // the input that asks for it
	Wave    int
	Outcome Outcome
	Limit   time.Duration // how long it was asked at most, or watched
	Took    time.Duration
	URL     URLCheck // that did not answer as wanted
	Answer  URLAnswer
	Alarm   Alarm // that went into ALARM
	Err     error // why AWS did not tell; nil: it did
}

// Cause is the id of the cause for which it failed.
func (g GateResult) Cause() string { return GateCauses[g.Gate] }
