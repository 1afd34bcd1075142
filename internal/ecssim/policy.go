package ecssim

import (
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// permission is something that a call may only do if a policy allows it.
type permission struct {
	action, resource string
	context          map[string]string // condition keys
}

// policy is an identity-based policy
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html), as far as the
// documented ones go: Allow, actions, resources, and conditions on equality.
type policy struct {
	Statement []struct {
		Effect           string
		Action, Resource oneOrMore
		Condition        map[string]map[string]oneOrMore
	}
}

// oneOrMore is a string or a list of them.
type oneOrMore []string

func (o *oneOrMore) UnmarshalJSON(text []byte) error {
	var one string
	if json.Unmarshal(text, &one) == nil {
		*o = oneOrMore{one}
		return nil
	}
	return json.Unmarshal(text, (*[]string)(o))
}

// Under is the scenario in which these IAM policies, as JSON, are all that the caller is allowed.
func (c Scenario) Under(policies ...string) (Scenario, error) {
	c.policies = []policy{}
	for _, text := range policies {
		var p policy
		if err := json.Unmarshal([]byte(text), &p); err != nil {
			return c, err
		}
		for _, statement := range p.Statement {
			if statement.Effect != "Allow" || len(statement.Action) == 0 || len(statement.Resource) == 0 {
				return c, fmt.Errorf("the simulator only knows statements that allow actions on resources: %+v", statement)
			}
		}
		c.policies = append(c.policies, p)
	}
	return c, nil
}

// allows tells whether one of the policies allows what a call needs.
func (p policy) allows(needed permission) bool {
	for _, statement := range p.Statement {
		matches := func(pattern string) bool { return like(pattern, needed.resource) }
		if slices.Contains(statement.Action, needed.action) && slices.ContainsFunc(statement.Resource, matches) && met(statement.Condition, needed.context) {
			return true
		}
	}
	return false
}

// met tells whether the conditions hold: each is "operator": {"key": values}.
func met(conditions map[string]map[string]oneOrMore, context map[string]string) bool {
	for operator, keys := range conditions {
		for key, values := range keys {
			equal := operator == "StringEquals" || operator == "ArnEquals"
			if !equal || !slices.Contains(values, context[key]) {
				return false
			}
		}
	}
	return true
}

// like matches with the wildcards of IAM.
func like(pattern, text string) bool {
	expression := strings.NewReplacer(`\*`, ".*", `\?`, ".").Replace(regexp.QuoteMeta(pattern))
	return regexp.MustCompile("^" + expression + "$").MatchString(text)
}

// denied is what is missing for a call, or nil. What the calls need is written down.
func (s *Sim) denied(operation string, body []byte) error {
	for _, needed := range s.permissions(operation, body) {
		if !slices.Contains(s.needed, needed.action) {
			s.needed = append(s.needed, needed.action)
		}
		if s.scenario.policies != nil && !slices.ContainsFunc(s.scenario.policies, func(p policy) bool { return p.allows(needed) }) {
			return &apiError{403, "AccessDeniedException", denial(needed.action, needed.resource)}
		}
	}
	return nil
}

// Needed are the IAM actions that the calls so far needed, whether they were allowed or not.
func (s *Sim) Needed() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Sorted(slices.Values(s.needed))
}

// permissions are what a call needs, from
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerservice.html
// and its likes. That the service deployments have resources of their own is unverified.
func (s *Sim) permissions(operation string, body []byte) []permission {
	if operation == "GetCallerIdentity" || operation == "AssumeRoleWithWebIdentity" {
		return nil // nobody needs a permission for these
	}
	var request struct {
		Cluster, Service, TaskRoleARN, ExecutionRoleARN, ServiceDeploymentARN, Family string
		Services, Tasks, ServiceDeploymentARNs, ServiceRevisionARNs                   []string
		Tags                                                                          []any
		RepositoryName, SecretID, LogGroupName, LogStreamName                         string
		TaskDefinition, Task, Rule, Schedule                                          string
	}
	_ = json.Unmarshal(body, &request) // one that cannot be read is refused later on
	cluster := request.Cluster[strings.LastIndexByte(request.Cluster, '/')+1:]
	of := "ecs:"
	if another, ok := otherServices[operation]; ok {
		of = another
	}
	need := func(resources ...string) []permission {
		var list []permission
		for _, resource := range resources {
			list = append(list, permission{of + operation, resource, map[string]string{"ecs:cluster": arn("cluster/" + cluster)}})
		}
		return list
	}
	each := func(kind string, names []string) []permission {
		var list []permission
		for _, name := range names {
			if !strings.HasPrefix(name, "arn:") {
				name = arn(kind + "/" + cluster + "/" + name)
			}
			list = append(list, need(name)...)
		}
		return list
	}
	switch operation {
	case "DescribeServices":
		return each("service", request.Services)
	case "UpdateService", "ListServiceDeployments":
		return each("service", []string{request.Service})
	case "DescribeServiceDeployments":
		return each("service-deployment", request.ServiceDeploymentARNs)
	case "StopServiceDeployment", "ContinueServiceDeployment":
		return need(request.ServiceDeploymentARN)
	case "DescribeServiceRevisions":
		return each("service-revision", request.ServiceRevisionARNs)
	case "DescribeTasks":
		return each("task", request.Tasks)
	case "RegisterTaskDefinition":
		list := need("*")
		for _, role := range []string{request.TaskRoleARN, request.ExecutionRoleARN} {
			if role != "" {
				list = append(list, permission{"iam:PassRole", role, map[string]string{"iam:PassedToService": "ecs-tasks.amazonaws.com"}})
			}
		}
		if len(request.Tags) > 0 {
			list = append(list, permission{"ecs:TagResource", arn("task-definition/" + request.Family + ":*"), nil})
		}
		return list
	case "BatchGetImage":
		return need("arn:aws:ecr:" + region + ":" + account + ":repository/" + request.RepositoryName)
	case "GetLogEvents":
		return need("arn:aws:logs:" + region + ":" + account + ":log-group:" + request.LogGroupName + ":log-stream:" + request.LogStreamName)
	case "DescribeSecret":
		return need(request.SecretID + "-AbCdEf") // the full ARN counts, with the random characters that AWS adds
	case "StopTask":
		return each("task", []string{request.Task})
	case "RunTask":
		list := need(request.TaskDefinition)
		for _, role := range s.rolesOf(request.TaskDefinition) {
			list = append(list, permission{"iam:PassRole", role, map[string]string{"iam:PassedToService": "ecs-tasks.amazonaws.com"}})
		}
		return list
	case "ListTargetsByRule":
		return need("arn:aws:events:" + region + ":" + account + ":rule/" + request.Rule)
	case "PutTargets":
		return append(need("arn:aws:events:"+region+":"+account+":rule/"+request.Rule), passes("events"))
	case "GetSchedule":
		return need("arn:aws:scheduler:" + region + ":" + account + ":schedule/" + request.Schedule)
	case "UpdateSchedule":
		return append(need("arn:aws:scheduler:"+region+":"+account+":schedule/"+request.Schedule), passes("scheduler"))
	case "GetRole", "AssumeRole":
		form, _ := url.ParseQuery(string(body))
		if form.Has("RoleArn") {
			return need(form.Get("RoleArn"))
		}
		return need("arn:aws:iam::" + account + ":role/" + form.Get("RoleName"))
	}
	return need("*")
}

// passes is the permission to pass the role of a target.
func passes(service string) permission {
	return permission{"iam:PassRole", "arn:aws:iam::" + account + ":role/events", map[string]string{"iam:PassedToService": service + ".amazonaws.com"}}
}

// rolesOf are the roles of a revision.
func (s *Sim) rolesOf(id string) []string {
	var roles []string
	if r := s.findRevision(id); r != nil {
		for _, name := range []string{"taskRoleArn", "executionRoleArn"} {
			if role := r.definition.str(name); role != "" {
				roles = append(roles, role)
			}
		}
	}
	return roles
}
