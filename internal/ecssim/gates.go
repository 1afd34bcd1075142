package ecssim

import (
	"encoding/xml"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// alarm is an alarm of CloudWatch.
type alarm struct {
	name      string
	composite bool
	before    bool          // it is in ALARM before anyone deploys
	after     time.Duration // since the first UpdateService, when it goes into ALARM; 0: never
	until     time.Duration // when it is over; 0: never
}

// Watched is the scenario with an alarm, web-5xx, that goes into ALARM so long after the first update, or never if that
// is 0, and a site that answers well, or not.
func (c Scenario) Watched(alarmed time.Duration, up bool) Scenario {
	c.alarms, c.site = []alarm{{name: "web-5xx", after: alarmed}}, isUp
	if !up {
		c.site = goesDown
	}
	return c
}

// on tells whether an alarm is in ALARM.
func (s *Sim) on(a alarm) bool {
	since := time.Duration(0)
	if !s.updated.IsZero() {
		since = s.now.Sub(s.updated)
	}
	if a.until > 0 && since >= a.until {
		return false
	}
	return a.before || a.after > 0 && since >= a.after
}

// CloudWatch speaks the query protocol, among others: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/.
type (
	describedAlarms struct {
		XMLName   xml.Name         `xml:"DescribeAlarmsResponse"`
		Namespace string           `xml:"xmlns,attr"`
		Metric    []describedAlarm `xml:"DescribeAlarmsResult>MetricAlarms>member"`
		Composite []describedAlarm `xml:"DescribeAlarmsResult>CompositeAlarms>member"`
	}
	describedAlarm struct {
		AlarmName   string
		AlarmArn    string
		StateValue  string
		StateReason string
	}
)

// describeAlarms answers with those that there are of the names that are asked for. Composite ones are only told if
// their type is asked for
// (https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html).
func (s *Sim) describeAlarms(form url.Values, _ string) (any, error) {
	answer := describedAlarms{Namespace: "http://monitoring.amazonaws.com/doc/2010-08-01/"}
	var names, types []string
	for key, values := range form {
		switch {
		case strings.HasPrefix(key, "AlarmNames.member."):
			names = append(names, values...)
		case strings.HasPrefix(key, "AlarmTypes.member."):
			types = append(types, values...)
		}
	}
	for _, a := range s.scenario.alarms {
		if !slices.Contains(names, a.name) {
			continue
		}
		described := describedAlarm{
			AlarmName: a.name, AlarmArn: "arn:aws:cloudwatch:" + region + ":" + account + ":alarm:" + a.name,
			StateValue: "OK", StateReason: "Threshold Crossed: no datapoints were received for 5 periods and 5 missing " +
				"datapoints were treated as [NonBreaching].",
		}
		if s.on(a) { // https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html
			described.StateValue = "ALARM"
			described.StateReason = "Threshold Crossed: 1 out of the last 1 datapoints [42.0 (09/11/26 03:00:00)] was greater " +
				"than the threshold (5.0) (minimum 1 datapoint for OK -> ALARM transition)."
		}
		switch {
		case !a.composite:
			answer.Metric = append(answer.Metric, described)
		case slices.Contains(types, "CompositeAlarm"):
			answer.Composite = append(answer.Composite, described)
		}
	}
	return answer, nil
}

// answerSite answers in the place of the service, as one that comes from outside sees it.
func (s *Sim) answerSite(host string) reply {
	s.record("GET "+host, nil)
	if s.scenario.site == nil {
		return reply{dropped: true}
	}
	status := s.scenario.site(s)
	if status == 0 {
		return reply{dropped: true}
	}
	return reply{status: status, body: document{"secret": "what stands in a body is nobody's business"}}
}

// goesDown is a site that answers well as long as the new revision is not all that runs.
func goesDown(s *Sim) int {
	if d := s.web().primary(); d.revision.number > 41 && d.rollout == "COMPLETED" {
		return http.StatusServiceUnavailable
	}
	return http.StatusOK
}

// comesUp is a site that takes a while until it answers well.
func comesUp(s *Sim) int {
	const takes = 100 * time.Second
	if s.updated.IsZero() || s.now.Sub(s.updated) < takes {
		return http.StatusBadGateway
	}
	return http.StatusOK
}

func isUp(*Sim) int { return http.StatusOK }
