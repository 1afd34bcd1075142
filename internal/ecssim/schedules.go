package ecssim

import (
	"encoding/json"
	"net/http"
	"strings"
)

// rule is an EventBridge rule: its targets by their ids, as they were put.
type rule struct {
	name    string
	targets []document
}

// arrange puts in place what starts tasks by time: the rule "nightly" with a target that runs a revision
// of web and another that runs none, the rule "hourly" that runs the latest revision, and a schedule. The
// shapes are those of https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_Target.html and
// https://docs.aws.amazon.com/scheduler/latest/APIReference/API_GetSchedule.html.
func (s *Sim) arrange(runs *revision) {
	parameters := func(definition string) document {
		return document{
			"TaskDefinitionArn": definition,
			"TaskCount":         1,
			"LaunchType":        "FARGATE",
			"PlatformVersion":   "LATEST",
			"NetworkConfiguration": document{
				"awsvpcConfiguration": document{"Subnets": []string{"subnet-0a1b2c3d4e5f60718"}, "AssignPublicIp": "DISABLED"},
			},
			"Tags": []document{{"Key": "team", "Value": "shop"}},
		}
	}
	target := func(id, definition string) document {
		return document{
			"Id": id, "Arn": s.clusters[0].arn(), "RoleArn": "arn:aws:iam::" + account + ":role/events",
			"Input": `{"containerOverrides":[{"name":"app","command":["report"]}]}`, "EcsParameters": parameters(definition),
			"RetryPolicy": document{"MaximumRetryAttempts": 0, "MaximumEventAgeInSeconds": 3600},
		}
	}
	family := runs.arn()[:strings.LastIndexByte(runs.arn(), ':')]
	s.rules = []*rule{
		{
			"nightly",
			[]document{
				target("report", runs.arn()),
				{"Id": "notify", "Arn": "arn:aws:sns:" + region + ":" + account + ":nightly"},
			},
		},
		{"hourly", []document{target("sync", family)}},
		{"other", []document{target("other", arn("task-definition/other:3"))}},
	}
	s.schedules = map[string]document{"reports/monthly": {
		"Arn":                        "arn:aws:scheduler:" + region + ":" + account + ":schedule/reports/monthly",
		"GroupName":                  "reports",
		"Name":                       "monthly",
		"ScheduleExpression":         "cron(0 3 1 * ? *)",
		"ScheduleExpressionTimezone": "Europe/Berlin",
		"State":                      "ENABLED",
		"Description":                "",
		"FlexibleTimeWindow":         document{"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 15},
		"ActionAfterCompletion":      "NONE",
		"CreationDate":               epoch{s.now},
		"LastModificationDate":       epoch{s.now},
		"Target":                     target("", runs.arn()),
	}}
	delete(s.schedules["reports/monthly"]["Target"].(document), "Id")
}

func (s *Sim) rule(name string) (*rule, error) {
	for _, r := range s.rules {
		if r.name == name {
			return r, nil
		}
	}
	return nil, clientError("ResourceNotFoundException", "Rule %s does not exist on EventBus default.", name) // [SEEN]
}

func (s *Sim) listTargetsByRule(request struct{ Rule string }) (any, error) {
	r, err := s.rule(request.Rule)
	if err != nil {
		return nil, err
	}
	return document{"Targets": r.targets}, nil
}

// putTargets replaces whole targets, by their ids.
func (s *Sim) putTargets(request struct {
	Rule    string
	Targets []document
}) (any, error) {
	r, err := s.rule(request.Rule)
	if err != nil {
		return nil, err
	}
	for _, put := range request.Targets {
		for i, target := range r.targets {
			if target.str("Id") == put.str("Id") {
				r.targets[i] = put
			}
		}
	}
	return document{"FailedEntryCount": 0, "FailedEntries": []document{}}, nil
}

// answerSchedule answers as EventBridge Scheduler, which speaks REST.
func (s *Sim) answerSchedule(r *http.Request, name string, body []byte) reply {
	operation := map[string]string{http.MethodGet: "GetSchedule", http.MethodPut: "UpdateSchedule"}[r.Method]
	s.record(operation, body)
	if _, err := s.signer(r.Header); err != nil {
		return failure(err)
	}
	if fault := s.fault(operation); fault != nil {
		return fault.reply()
	}
	group := r.URL.Query().Get("groupName")
	var put document
	if operation == "UpdateSchedule" {
		if err := json.Unmarshal(body, &put); err != nil {
			return failure(clientError("ValidationException", "%v", err))
		}
		group = put.str("GroupName")
	}
	if err := s.denied(operation, []byte(`{"Schedule":"`+group+"/"+name+`"}`)); err != nil {
		return failure(err)
	}
	schedule, exists := s.schedules[group+"/"+name]
	if !exists { // text unverified
		return failure(&apiError{http.StatusNotFound, "ResourceNotFoundException", "Schedule " + name + " does not exist."})
	}
	if operation == "GetSchedule" {
		return reply{status: http.StatusOK, body: schedule}
	}
	for _, only := range []string{"Arn", "CreationDate", "LastModificationDate"} { // read, and never written
		if _, sent := put[only]; sent {
			return failure(clientError("ValidationException", "Unexpected member %s", only)) // strictness of our own
		}
		put[only] = schedule[only]
	}
	s.schedules[group+"/"+name] = put // whole: what is left out is gone
	return reply{status: http.StatusOK, body: document{"ScheduleArn": schedule["Arn"]}}
}
