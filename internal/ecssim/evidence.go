package ecssim

import (
	"encoding/xml"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

type getLogEventsRequest struct {
	LogGroupName, LogStreamName string
	Limit                       int
}

// getLogEvents knows the streams prefix/container/task of the tasks that there are. A stream exists
// once its container has written
// (https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetLogEvents.html).
func (s *Sim) getLogEvents(request getLogEventsRequest) (any, error) {
	id := request.LogStreamName[strings.LastIndex(request.LogStreamName, "/")+1:]
	for _, c := range s.clusters {
		for _, t := range tasksOf(c.services) {
			f := t.deployment.behaviour.fate
			if t.id != id || t.ran.IsZero() || f == nil || len(f.log) == 0 {
				continue
			}
			events := []document{}
			for i, line := range f.log {
				at := t.ran.Add(time.Duration(i) * time.Second).UnixMilli()
				events = append(events, document{"timestamp": at, "ingestionTime": at + 500, "message": line})
			}
			return document{"events": events[max(0, len(events)-max(request.Limit, 1)):]}, nil
		}
	}
	return nil, clientError("ResourceNotFoundException", "The specified log stream does not exist.")
}

// Elastic Load Balancing and IAM speak the query protocol: a form goes in, and XML comes out
// (https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DescribeTargetHealth.html).
type (
	targetHealthResponse struct {
		XMLName xml.Name       `xml:"DescribeTargetHealthResponse"`
		Members []targetHealth `xml:"DescribeTargetHealthResult>TargetHealthDescriptions>member"`
	}
	targetHealth struct {
		ID          string `xml:"Target>Id"`
		Port        int    `xml:"Target>Port"`
		State       string `xml:"TargetHealth>State"`
		Reason      string `xml:"TargetHealth>Reason,omitempty"`
		Description string `xml:"TargetHealth>Description,omitempty"`
	}
	getRoleResponse struct {
		XMLName  xml.Name `xml:"GetRoleResponse"`
		RoleName string   `xml:"GetRoleResult>Role>RoleName"`
	}
	errorResponse struct {
		XMLName xml.Name `xml:"ErrorResponse"`
		Type    string   `xml:"Error>Type"`
		Code    string   `xml:"Error>Code"`
		Message string   `xml:"Error>Message"`
	}
)

// answerQuery takes one request of the query protocol to its reply.
func (s *Sim) answerQuery(header http.Header, body []byte) reply {
	form, err := url.ParseQuery(string(body))
	operation := form.Get("Action")
	s.calls = append(s.calls, Call{s.now, operation, string(body)})
	s.seen[operation]++
	fault := s.fault(operation)
	switch {
	case header.Get("Authorization") == "":
		return failureXML("MissingAuthenticationToken", "Missing Authentication Token")
	case err != nil || operation != "DescribeTargetHealth" && operation != "GetRole":
		return failureXML("InvalidAction", "Could not find operation "+operation)
	case fault != nil && fault.kind == denied && operation == "GetRole":
		return failureXML("AccessDenied", denial("iam:GetRole", "*"))
	case fault != nil && fault.kind == denied:
		return failureXML("AccessDenied", denial("elasticloadbalancing:"+operation, "*"))
	case fault != nil && fault.kind == throttle:
		return failureXML("Throttling", "Rate exceeded")
	case fault != nil:
		return reply{dropped: true}
	}
	if operation == "GetRole" { // https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetRole.html
		name := form.Get("RoleName")
		if s.lacks(name) {
			return failureXML("NoSuchEntity", "The role with name "+name+" cannot be found.")
		}
		return reply{status: http.StatusOK, xml: true, body: getRoleResponse{RoleName: name}}
	}
	return reply{status: http.StatusOK, xml: true, body: targetHealthResponse{Members: s.targetHealth(form.Get("TargetGroupArn"))}}
}

func failureXML(code, message string) reply {
	return reply{status: http.StatusBadRequest, xml: true, body: errorResponse{Type: "Sender", Code: code, Message: message}}
}

func (s *Sim) targetHealth(group string) []targetHealth {
	var targets []targetHealth
	for _, c := range s.clusters {
		services := slices.DeleteFunc(slices.Clone(c.services), func(v *service) bool { return v.targetGroup() != group })
		for _, t := range tasksOf(services) {
			target := targetHealth{ID: t.address(), Port: 8080, State: "healthy"}
			switch {
			case t.status == "DEACTIVATING":
				target.State, target.Reason, target.Description = "draining", "Target.DeregistrationInProgress", "Target deregistration is in progress"
			case t.status != "RUNNING":
				continue
			case !t.healthy && s.now.Sub(t.ran) > 30*time.Second:
				target.State, target.Reason, target.Description = "unhealthy", "Target.ResponseCodeMismatch", "Health checks failed with these codes: [502]"
			case !t.healthy:
				target.State, target.Reason, target.Description = "initial", "Elb.RegistrationInProgress", "Target registration is in progress"
			}
			targets = append(targets, target)
		}
	}
	return targets
}
