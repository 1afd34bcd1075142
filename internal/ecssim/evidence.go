package ecssim

import (
	"cmp"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

type getLogEventsRequest struct {
	LogGroupName, LogStreamName string
	Limit                       int
	StartFromHead               bool
	NextToken                   string
}

// getLogEvents knows the streams prefix/container/task of the first containers of tasks. A stream
// exists once its container has written. At its end the answer has the token that was sent
// (https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetLogEvents.html).
func (s *Sim) getLogEvents(request getLogEventsRequest) (any, error) {
	events := s.logOf(request.LogStreamName)
	if len(events) == 0 {
		return nil, clientError("ResourceNotFoundException", "The specified log stream does not exist.")
	}
	limit := 10000
	if request.Limit > 0 {
		limit = request.Limit
	}
	first := 0
	if !request.StartFromHead {
		first = max(0, len(events)-limit)
	}
	fmt.Sscanf(request.NextToken, "f/%d", &first)
	page := events[min(first, len(events)):min(first+limit, len(events))]
	return document{"events": list(page), "nextForwardToken": fmt.Sprintf("f/%d", first+len(page))}, nil
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
	targetGroupsResponse struct {
		XMLName xml.Name      `xml:"DescribeTargetGroupsResponse"`
		Members []targetGroup `xml:"DescribeTargetGroupsResult>TargetGroups>member"`
	}
	targetGroup struct {
		ARN       string `xml:"TargetGroupArn"`
		Name      string `xml:"TargetGroupName"`
		Protocol  string `xml:"HealthCheckProtocol"`
		Port      string `xml:"HealthCheckPort"`
		Path      string `xml:"HealthCheckPath"`
		Interval  int    `xml:"HealthCheckIntervalSeconds"`
		Timeout   int    `xml:"HealthCheckTimeoutSeconds"`
		Healthy   int    `xml:"HealthyThresholdCount"`
		Unhealthy int    `xml:"UnhealthyThresholdCount"`
		Codes     string `xml:"Matcher>HttpCode"`
	}
	targetGroupAttributesResponse struct {
		XMLName xml.Name               `xml:"DescribeTargetGroupAttributesResponse"`
		Members []targetGroupAttribute `xml:"DescribeTargetGroupAttributesResult>Attributes>member"`
	}
	targetGroupAttribute struct{ Key, Value string }
	getRoleResponse      struct {
		XMLName  xml.Name `xml:"GetRoleResponse"`
		Path     string   `xml:"GetRoleResult>Role>Path"`
		RoleName string   `xml:"GetRoleResult>Role>RoleName"`
		RoleID   string   `xml:"GetRoleResult>Role>RoleId"`
		ARN      string   `xml:"GetRoleResult>Role>Arn"`
		Created  string   `xml:"GetRoleResult>Role>CreateDate"`
	}
	errorResponse struct {
		XMLName xml.Name `xml:"ErrorResponse"`
		Type    string   `xml:"Error>Type"`
		Code    string   `xml:"Error>Code"`
		Message string   `xml:"Error>Message"`
	}
)

// queries are the calls of the query protocol. Each gets the form and the ARN of the caller.
var queries = map[string]func(*Sim, url.Values, string) (any, error){
	"AssumeRole":                    (*Sim).assumeRole,
	"AssumeRoleWithWebIdentity":     (*Sim).assumeRoleWithWebIdentity,
	"DescribeAlarms":                (*Sim).describeAlarms,
	"DescribeTargetGroups":          (*Sim).describeTargetGroups,
	"DescribeTargetGroupAttributes": (*Sim).describeTargetGroupAttributes,
	"DescribeTargetHealth":          (*Sim).describeTargetHealth,
	"GetCallerIdentity":             (*Sim).getCallerIdentity,
	"GetRole":                       (*Sim).getRole,
}

// answerQuery takes one request of the query protocol to its reply.
func (s *Sim) answerQuery(header http.Header, body []byte) reply {
	form, err := url.ParseQuery(string(body))
	operation := form.Get("Action")
	s.record(operation, body)
	handle, known := queries[operation]
	if err != nil || !known {
		return failureXML(clientError("InvalidAction", "Could not find operation %s", operation))
	}
	caller, err := s.signer(header)
	if err != nil && operation != "AssumeRoleWithWebIdentity" { // which is not signed
		return failureXML(inXML(err))
	}
	if fault := s.fault(operation); fault != nil {
		return fault.replyXML()
	}
	if err := s.denied(operation, body); err != nil {
		return failureXML(inXML(err))
	}
	answer, err := handle(s, form, caller)
	if err != nil {
		return failureXML(err)
	}
	return reply{status: http.StatusOK, xml: true, body: answer}
}

// codesXML are the codes of common errors that the query protocol has where JSON has others
// (https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html).
var codesXML = map[string]string{
	"AccessDeniedException":               "AccessDenied",
	"ThrottlingException":                 "Throttling",
	"ExpiredTokenException":               "ExpiredToken",
	"MissingAuthenticationTokenException": "MissingAuthenticationToken",
	"UnrecognizedClientException":         "InvalidClientTokenId",
}

// inXML is a common error as the query protocol has it.
func inXML(err error) error {
	var known *apiError
	if errors.As(err, &known) && codesXML[known.Type] != "" {
		return &apiError{known.status, codesXML[known.Type], known.Message}
	}
	return err
}

func failureXML(err error) reply {
	var known *apiError
	if !errors.As(err, &known) {
		known = &apiError{http.StatusInternalServerError, "InternalFailure", err.Error()}
	}
	return reply{
		status: known.status,
		xml:    true,
		body:   errorResponse{Type: "Sender", Code: known.Type, Message: known.Message},
	}
}

// getRole knows all roles but those that the scenario lacks
// (https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetRole.html).
func (s *Sim) getRole(form url.Values, _ string) (any, error) {
	name := form.Get("RoleName")
	if s.lacks(name) {
		return nil, &apiError{http.StatusNotFound, "NoSuchEntity", "The role with name " + name + " cannot be found."}
	}
	return getRoleResponse{
		Path:     "/",
		RoleName: name,
		RoleID:   "AROAEXAMPLEEXAMPLE0",
		ARN:      "arn:aws:iam::" + account + ":role/" + name,
		Created:  "2024-01-01T00:00:00Z",
	}, nil
}

// describeTargetGroups knows all target groups, and gives them the same health check
// (https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DescribeTargetGroups.html).
func (s *Sim) describeTargetGroups(form url.Values, _ string) (any, error) {
	var groups []targetGroup
	for i := 1; form.Has(fmt.Sprintf("TargetGroupArns.member.%d", i)); i++ {
		group := form.Get(fmt.Sprintf("TargetGroupArns.member.%d", i))
		groups = append(groups, targetGroup{
			ARN: group, Name: strings.Split(group, "/")[1], Protocol: "HTTP", Port: "traffic-port", Path: "/health",
			Interval: 10, Timeout: 5, Healthy: 2, Unhealthy: 3, Codes: "200",
		})
	}
	return targetGroupsResponse{Members: groups}, nil
}

// describeTargetGroupAttributes gives all target groups the same deregistration delay
// (https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DescribeTargetGroupAttributes.html).
func (s *Sim) describeTargetGroupAttributes(url.Values, string) (any, error) {
	return targetGroupAttributesResponse{Members: []targetGroupAttribute{
		{"stickiness.enabled", "false"},
		{"deregistration_delay.timeout_seconds", strconv.Itoa(int(s.drainTime().Seconds()))},
	}}, nil
}

func (s *Sim) describeTargetHealth(form url.Values, _ string) (any, error) {
	return targetHealthResponse{Members: s.targetHealth(form.Get("TargetGroupArn"))}, nil
}

// mismatch is what a load balancer says of a target that answers with an error [SEEN].
var mismatch = targetHealth{
	State: "unhealthy", Reason: "Target.ResponseCodeMismatch",
	Description: "Health checks failed with these codes: [502]",
}

func (s *Sim) targetHealth(group string) []targetHealth {
	var targets []targetHealth
	for _, c := range s.clusters {
		for _, t := range tasksOf(c.services) {
			if t.deployment.group() != group {
				continue
			}
			target := targetHealth{ID: t.address(), Port: 8080, State: "healthy"}
			switch {
			case t.status == "DEACTIVATING":
				target.State, target.Reason = "draining", "Target.DeregistrationInProgress"
				target.Description = "Target deregistration is in progress"
			case t.status != "RUNNING":
				continue
			case !t.healthy && s.now.Sub(t.ran) > cmp.Or(t.deployment.behavior.judged, 30*time.Second):
				said := s.unhealthy
				said.ID, said.Port = target.ID, target.Port
				target = said
			case !t.healthy:
				target.State, target.Reason = "initial", "Elb.RegistrationInProgress"
				target.Description = "Target registration is in progress"
			}
			targets = append(targets, target)
		}
	}
	return targets
}
