package ecssim

import (
	"cmp"
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

// in is the permission in the names of a place.
func (p permission) in(here place) permission {
	its := permission{p.action, here.exchange(p.resource), map[string]string{}}
	for key, value := range p.context {
		its.context[key] = here.exchange(value)
	}
	return its
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
		if slices.Contains(statement.Action, needed.action) && slices.ContainsFunc(statement.Resource, matches) &&
			conditionsHold(statement.Condition, needed.context) {
			return true
		}
	}
	return false
}

// conditionsHold tells whether the conditions hold: each is "operator": {"key": values}.
func conditionsHold(conditions map[string]map[string]oneOrMore, context map[string]string) bool {
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
		its := needed.in(s.here)
		if !slices.Contains(s.needed, needed.action) {
			s.needed = append(s.needed, needed.action)
		}
		if s.scenario.policies != nil &&
			!slices.ContainsFunc(s.scenario.policies, func(p policy) bool { return p.allows(its) }) {
			return &apiError{403, "AccessDeniedException", denial(needed.action, needed.resource)}
		}
	}
	return nil
}

// Needed are the IAM actions that the calls so far needed, whether they were allowed or not.
func (s *Sim) Needed() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var needed []string
	s.everywhere(func(_ place, world *Sim) { needed = append(needed, world.needed...) })
	slices.Sort(needed)
	return slices.Compact(needed)
}

// asked is what of a request tells what it is about.
type asked struct {
	Cluster, Service, TaskRoleARN, ExecutionRoleARN, ServiceDeploymentARN, Family string
	Services, Tasks, ServiceDeploymentARNs, ServiceRevisionARNs                   []string
	ServiceARN, TaskDefinitionARN, GatewayRouteARN                                string
	DaemonARN, DaemonTaskDefinition, DaemonTaskDefinitionARN                      string
	DaemonDeploymentARNs, DaemonRevisionARNs                                      []string
	Tags                                                                          []any
	RepositoryName, SecretID, LogGroupName, LogStreamName                         string
	TaskDefinition, Task, Rule, Schedule, Role, TargetGroupIdentifier             string
	ApplicationName, DeploymentGroupName, DeploymentConfigName, DeploymentID      string
}

func (a asked) cluster() string { return a.Cluster[strings.LastIndexByte(a.Cluster, '/')+1:] }

// each is the ARNs of things of a cluster that are given by name or ARN.
func (a asked) each(kind string, names ...string) []string {
	var arns []string
	for _, name := range names {
		if !strings.HasPrefix(name, "arn:") {
			name = arn(kind + "/" + a.cluster() + "/" + name)
		}
		arns = append(arns, name)
	}
	return arns
}

func another(service, resource string) []string {
	return []string{"arn:aws:" + service + ":" + region + ":" + account + ":" + resource}
}

// resources are what a call is about, of those that can be allowed for some resources only, from
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerservice.html
// and its likes. That the service deployments have resources of their own is unverified.
var resources = map[string]func(asked) []string{
	"DescribeServices":              func(a asked) []string { return a.each("service", a.Services...) },
	"DescribeExpressGatewayService": func(a asked) []string { return []string{a.ServiceARN} },
	"UpdateExpressGatewayService":   func(a asked) []string { return []string{a.ServiceARN} },
	"DescribeDaemon":                func(a asked) []string { return []string{a.DaemonARN} },
	"UpdateDaemon":                  func(a asked) []string { return []string{a.DaemonARN} },
	"ListDaemonDeployments":         func(a asked) []string { return []string{a.DaemonARN} },
	"DescribeDaemonDeployments":     func(a asked) []string { return andDaemons(a.DaemonDeploymentARNs) },
	"DescribeDaemonRevisions":       func(a asked) []string { return andDaemons(a.DaemonRevisionARNs) },
	"DescribeDaemonTaskDefinition": func(a asked) []string {
		return []string{daemonDefinitionARN(a.DaemonTaskDefinition)}
	},
	"RegisterDaemonTaskDefinition": func(a asked) []string { return []string{daemonDefinitionARN(a.Family)} },
	"ListGatewayRoutes":            func(asked) []string { return []string{"*"} }, // unverified
	"DescribeGatewayRoute":         func(a asked) []string { return []string{a.GatewayRouteARN} },
	"UpdateService":                func(a asked) []string { return a.each("service", a.Service) },
	"ListServiceDeployments":       func(a asked) []string { return a.each("service", a.Service) },
	"DescribeServiceDeployments":   func(a asked) []string { return a.ServiceDeploymentARNs },
	"StopServiceDeployment":        func(a asked) []string { return []string{a.ServiceDeploymentARN} },
	"ContinueServiceDeployment":    func(a asked) []string { return []string{a.ServiceDeploymentARN} },
	"DescribeServiceRevisions":     func(a asked) []string { return a.ServiceRevisionARNs },
	"DescribeTasks":                func(a asked) []string { return a.each("task", a.Tasks...) },
	"StopTask":                     func(a asked) []string { return a.each("task", a.Task) },
	"RunTask":                      func(a asked) []string { return []string{a.TaskDefinition} },
	"BatchGetImage":                func(a asked) []string { return another("ecr", "repository/"+a.RepositoryName) },
	"GetLogEvents": func(a asked) []string {
		return another("logs", "log-group:"+a.LogGroupName+":log-stream:"+a.LogStreamName)
	},
	// the full ARN, with what AWS adds
	"DescribeSecret":    func(a asked) []string { return []string{a.SecretID + "-AbCdEf"} },
	"ListTargetsByRule": func(a asked) []string { return another("events", "rule/"+a.Rule) },
	"PutTargets":        func(a asked) []string { return another("events", "rule/"+a.Rule) },
	"GetSchedule":       func(a asked) []string { return another("scheduler", "schedule/"+a.Schedule) },
	"UpdateSchedule":    func(a asked) []string { return another("scheduler", "schedule/"+a.Schedule) },
	"GetDeploymentConfig": func(a asked) []string {
		return another("codedeploy", "deploymentconfig:"+a.DeploymentConfigName)
	},
	"GetDeploymentGroup":     asked.deploymentGroup,
	"CreateDeployment":       asked.deploymentGroup,
	"GetDeployment":          asked.deploymentGroup,
	"ListDeployments":        asked.deploymentGroup,
	"GetApplicationRevision": asked.application,
	"ListTargets":            func(a asked) []string { return []string{a.TargetGroupIdentifier} },
	"GetRole":                func(a asked) []string { return []string{a.Role} },
	"AssumeRole":             func(a asked) []string { return []string{a.Role} },
}

// andDaemons are deployments or revisions of daemons, and the daemons
// (https://docs.aws.amazon.com/service-authorization/latest/reference/list_ecs.html).
func andDaemons(arns []string) []string {
	all := slices.Clone(arns)
	for _, its := range arns {
		parts := strings.Split(its, "/")
		if len(parts) > 2 {
			all = append(all, arn("daemon/"+parts[1]+"/"+parts[2]))
		}
	}
	return all
}

func daemonDefinitionARN(name string) string {
	switch {
	case strings.HasPrefix(name, "arn:"):
		return name
	case strings.Contains(name, ":"):
		return arn("daemon-task-definition/" + name)
	}
	return arn("daemon-task-definition/" + name + ":1")
}

func (a asked) deploymentGroup() []string {
	return another("codedeploy", "deploymentgroup:"+a.ApplicationName+"/"+a.DeploymentGroupName)
}

func (a asked) application() []string { return another("codedeploy", "application:"+a.ApplicationName) }

// ofDeployment fills in the application and the group of a call that names only a deployment, and the
// configuration of one that leaves it to the group.
func (s *Sim) ofDeployment(a asked) asked {
	if v, d, err := s.findShift(a.DeploymentID); err == nil {
		a.ApplicationName, a.DeploymentGroupName = v.codeDeploy.application, v.codeDeploy.group
		a.DeploymentConfigName = d.config
	} else if v, err := s.findGroup(a.ApplicationName, a.DeploymentGroupName); err == nil && a.DeploymentConfigName == "" {
		a.DeploymentConfigName = v.codeDeploy.config
	}
	return a
}

// permissions are what a call needs.
func (s *Sim) permissions(operation string, body []byte) []permission {
	if operation == "GetCallerIdentity" || operation == "AssumeRoleWithWebIdentity" {
		return nil // nobody needs a permission for these
	}
	var request asked
	if form, err := url.ParseQuery(string(body)); err == nil && form.Has("Action") {
		request.Role = cmp.Or(form.Get("RoleArn"), "arn:aws:iam::"+account+":role/"+form.Get("RoleName"))
	} else {
		_ = json.Unmarshal(body, &request) // one that cannot be read is refused later on
	}
	request = s.ofDeployment(request)
	of, about := "ecs:", []string{"*"}
	if prefix, ok := otherServices[operation]; ok {
		of = prefix
	}
	if resources, ok := resources[operation]; ok {
		about = resources(request)
	}
	var needed []permission
	for _, resource := range about {
		needed = append(
			needed,
			permission{of + operation, resource, map[string]string{"ecs:cluster": arn("cluster/" + request.cluster())}},
		)
	}
	for role, service := range s.passed(operation, request) {
		needed = append(needed, permission{"iam:PassRole", role, map[string]string{"iam:PassedToService": service}})
	}
	if operation == "CreateDeployment" { // as AWS's own action documents it
		needed = append(
			needed,
			permission{"codedeploy:RegisterApplicationRevision", request.application()[0], nil},
			permission{
				"codedeploy:GetDeploymentConfig",
				another("codedeploy", "deploymentconfig:"+request.DeploymentConfigName)[0],
				nil,
			},
		)
	}
	if operation == "UpdateExpressGatewayService" && request.TaskDefinitionARN == "" { // seen in public repositories
		needed = append(needed, permission{"ecs:RegisterTaskDefinition", "*", nil})
	}
	if operation == "RegisterDaemonTaskDefinition" && len(request.Tags) > 0 {
		needed = append(needed, permission{"ecs:TagResource", daemonDefinitionARN(request.Family), nil})
	}
	if operation == "RegisterTaskDefinition" && len(request.Tags) > 0 {
		needed = append(needed, permission{"ecs:TagResource", arn("task-definition/" + request.Family + ":*"), nil})
	}
	return needed
}

// passed are the roles that a call passes to a service.
func (s *Sim) passed(operation string, request asked) map[string]string {
	passed := map[string]string{}
	switch operation {
	case "RegisterTaskDefinition", "RegisterDaemonTaskDefinition":
		passed[request.TaskRoleARN], passed[request.ExecutionRoleARN] = "ecs-tasks.amazonaws.com", "ecs-tasks.amazonaws.com"
	case "RunTask":
		if r := s.findRevision(request.TaskDefinition); r != nil {
			for _, role := range []string{"taskRoleArn", "executionRoleArn"} {
				passed[r.definition.str(role)] = "ecs-tasks.amazonaws.com"
			}
		}
	case "UpdateExpressGatewayService": // https://github.com/aws-actions/amazon-ecs-deploy-express-service#iam-permissions
		passed["arn:aws:iam::"+account+":role/ecs-infrastructure"] = "ecs.amazonaws.com"
		if v, err := s.findExpress(request.ServiceARN); err == nil {
			for _, role := range []string{"taskRoleArn", "executionRoleArn"} {
				passed[v.primary().revision.definition.str(role)] = "ecs-tasks.amazonaws.com"
			}
		}
	case "PutTargets":
		passed["arn:aws:iam::"+account+":role/events"] = "events.amazonaws.com"
	case "UpdateSchedule":
		passed["arn:aws:iam::"+account+":role/events"] = "scheduler.amazonaws.com"
	}
	delete(passed, "")
	return passed
}
