package ecssim

import (
	"fmt"
	"maps"
	"net/http"
	"strings"
	"time"
)

// fault spoils calls.
type fault struct {
	operation string        // "" is any
	after     time.Duration // since the first UpdateService; 0 is always
	first     int           // the first call of the operation that is spoilt, from 1; 0 is all
	every     int           // every how many from there; 0 is only that one
	kind      faultKind
}

// Answering is the scenario in which calls take that long: those of one operation or, if it is empty, all others.
func (c Scenario) Answering(takes time.Duration, operation string) Scenario {
	c.latency = maps.Clone(c.latency)
	if c.latency == nil {
		c.latency = map[string]time.Duration{}
	}
	c.latency[operation] = takes
	return c
}

type faultKind int

// refuses tells whether the fault keeps the call from having an effect.
func (f *fault) refuses() bool { return f != nil && f.kind != lost }

func (f *fault) reply() reply {
	if err := f.err(); err != nil {
		return failure(err)
	}
	return reply{dropped: true}
}

func (f *fault) replyXML() reply {
	if err := f.err(); err != nil {
		return failureXML(inXML(err))
	}
	return reply{dropped: true}
}

// err is what is answered, or nil if nothing is.
func (f *fault) err() error {
	switch f.kind {
	case throttle: // [GUIDE: request-throttling]
		return clientError("ThrottlingException", "Rate exceeded")
	case broken: // text unverified
		return &apiError{http.StatusInternalServerError, "ServerException", "Service Unavailable. Please try again later."}
	case denied:
		switch of, ok := otherServices[f.operation]; {
		case of == "elasticloadbalancing:", of == "iam:", of == "cloudwatch:":
			return clientError("AccessDeniedException", "%s", denial(of+f.operation, "*"))
		case ok:
			return clientError("AccessDeniedException", "%s", denial(of+f.operation, "arn:aws:"+of+region+":"+account+":*"))
		}
		resource := "service/main/web"
		if strings.Contains(f.operation, "Daemon") {
			resource = "daemon/main/agent"
		}
		if f.operation == "ContinueServiceDeployment" || f.operation == "StopServiceDeployment" {
			resource = "service-deployment/main/web/*"
		}
		return clientError("AccessDeniedException", "%s", denial("ecs:"+f.operation, arn(resource)))
	// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html, text unverified
	case unreachable:
		return clientError("IDPCommunicationError", "Communications error while communicating with the identity provider")
	}
	return nil
}

// otherServices are the IAM prefixes of the operations that are not of ECS.
var otherServices = map[string]string{
	"BatchGetImage":                 "ecr:",
	"DescribeAlarms":                "cloudwatch:",
	"DescribeLogGroups":             "logs:",
	"GetLogEvents":                  "logs:",
	"GetRole":                       "iam:",
	"DescribeParameters":            "ssm:",
	"DescribeSecret":                "secretsmanager:",
	"DescribeTargetGroups":          "elasticloadbalancing:",
	"DescribeTargetGroupAttributes": "elasticloadbalancing:",
	"DescribeTargetHealth":          "elasticloadbalancing:",
	"ListTargets":                   "vpc-lattice:",
	"CreateDeployment":              "codedeploy:",
	"GetDeployment":                 "codedeploy:",
	"GetDeploymentConfig":           "codedeploy:",
	"GetDeploymentGroup":            "codedeploy:",
	"GetDeploymentTarget":           "codedeploy:",
	"StopDeployment":                "codedeploy:",
	"ContinueDeployment":            "codedeploy:",
	"ListDeployments":               "codedeploy:",
	"GetApplicationRevision":        "codedeploy:",
	"AssumeRole":                    "sts:",
	"ListTargetsByRule":             "events:",
	"PutTargets":                    "events:",
	"GetSchedule":                   "scheduler:",
	"UpdateSchedule":                "scheduler:",
}

// denial is how IAM words it [SEEN].
func denial(action, resource string) string {
	return fmt.Sprintf("User: arn:aws:sts::%s:assumed-role/deployer/ci is not authorized to perform: %s on resource: "+
		"%s because no identity-based policy allows the %[2]s action",
		account, action, resource)
}

// fault is the one that spoils this call, or nil.
func (s *Sim) fault(operation string) *fault {
	n := s.seen[operation]
	for _, f := range s.scenario.faults {
		switch {
		case f.operation != "" && f.operation != operation,
			f.after > 0 && (s.updated.IsZero() || s.now.Sub(s.updated) < f.after),
			f.first > 0 && n < f.first,
			f.first > 0 && n > f.first && (f.every == 0 || (n-f.first)%f.every != 0):
			continue
		}
		f.operation = operation
		return &f
	}
	return nil
}
