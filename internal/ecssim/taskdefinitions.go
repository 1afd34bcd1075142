package ecssim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// document is a JSON object of whatever members, its numbers kept as text.
type document map[string]any

func (d *document) UnmarshalJSON(text []byte) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	return decoder.Decode((*map[string]any)(d))
}

func (d document) str(key string) string {
	s, _ := d[key].(string)
	return s
}

func (d document) list(key string) []document {
	elements, _ := d[key].([]any)
	var list []document
	for _, element := range elements {
		if object, ok := element.(map[string]any); ok {
			list = append(list, object)
		}
	}
	return list
}

// family is the revisions of one name. Their numbers are never used twice [SDK].
type family struct {
	name      string
	revisions []*revision
	last      int
}

type revision struct {
	family     string
	ofDaemon   bool
	number     int
	status     string
	definition document // as registered, with the defaults that ECS fills in
	tags       any
	registered time.Time
	by         string    // whose ARN registered it
	registrar  Actor     // who that is
	proven     bool      // it was there, and ran well, before anyone deployed
	fate       *behavior // of its tasks; nil: as the scenario has it
}

func (r *revision) id() string { return fmt.Sprintf("%s:%d", r.family, r.number) }

func (r *revision) arn() string {
	if r.ofDaemon {
		return arn("daemon-task-definition/" + r.id())
	}
	return arn("task-definition/" + r.id())
}

func (r *revision) containers() []document { return r.definition.list("containerDefinitions") }

// described is the revision as Register and Describe echo it [API: TaskDefinition].
func (r *revision) described() document {
	echo := maps.Clone(r.definition)
	echo["taskDefinitionArn"] = r.arn()
	echo["revision"] = r.number
	echo["status"] = r.status
	echo["registeredAt"] = epoch{r.registered}
	echo["registeredBy"] = r.by
	echo["compatibilities"] = []string{"EC2", "FARGATE"}
	echo["requiresAttributes"] = []document{{"name": "com.amazonaws.ecs.capability.logging-driver.awslogs"}}
	return echo
}

// readOnly are refused by Register. Whether the service itself refuses or ignores them is
// unverified; the AWS CLI refuses them before it calls.
var readOnly = []string{
	"taskDefinitionArn", "revision", "status", "requiresAttributes", "compatibilities",
	"registeredAt", "registeredBy", "deregisteredAt", "deleteRequestedAt",
}

func (s *Sim) registerTaskDefinition(request document) (any, error) {
	for _, name := range readOnly {
		if _, there := request[name]; there {
			return nil, clientError("InvalidParameterException", "Unknown parameter in input: %q", name)
		}
	}
	request, err := knownMembers(request)
	if err != nil {
		return nil, err
	}
	if tags, there := request["tags"].([]any); there && len(tags) == 0 {
		return nil, clientError("InvalidParameterException", "Tags can not be empty.") // unverified
	}
	for _, tag := range request.list("tags") {
		if strings.HasPrefix(strings.ToLower(tag.str("key")), "aws:") {
			// text unverified
			return nil, clientError("InvalidParameterException", "aws: prefixed tag key names are not allowed for external use.")
		}
	}
	for _, name := range []string{"taskRoleArn", "executionRoleArn"} {
		if role, there := request[name]; there && role == "" {
			return nil, clientError("ClientException", "Role is not valid") // https://github.com/fabfuel/ecs-deploy/issues/231
		}
	}
	if request.str("family") == "" {
		return nil, clientError("ClientException", "Family should not be null or empty.") // text unverified
	}
	for _, container := range request.list("containerDefinitions") {
		if credentials, there := container["repositoryCredentials"].(map[string]any); there &&
			document(credentials).str("credentialsParameter") == "" {
			// unverified
			return nil, clientError("ClientException", "Container.repositoryCredentials.credentialsParameter should not be "+
				"null or empty.")
		}
		if container.str("image") == "" {
			// Text as in the tests of getmoto/moto.
			return nil, clientError("ClientException", "Container.image should not be null or empty.")
		}
	}
	registered := s.register(request)
	answer := document{"taskDefinition": registered.described()}
	if registered.tags != nil {
		answer["tags"] = registered.tags
	}
	return answer, nil
}

func (s *Sim) register(definition document) *revision {
	registered := s.registerIn(s.families, definition)
	fillDefaults(registered.definition)
	registered.proven = slices.ContainsFunc(s.families[registered.family].revisions, func(r *revision) bool {
		return r != registered && r.proven && bytes.Equal(encoded(r.definition), encoded(registered.definition))
	})
	return registered
}

func (s *Sim) registerIn(families map[string]*family, definition document) *revision {
	name := definition.str("family")
	f := families[name]
	if f == nil {
		f = &family{name: name}
		families[name] = f
	}
	f.last++
	registered := &revision{
		family: name, number: f.last, status: "ACTIVE", registered: s.now,
		by:         "arn:aws:sts::" + account + ":assumed-role/deployer/ci",
		definition: maps.Clone(definition), tags: definition["tags"], registrar: s.actor,
	}
	delete(registered.definition, "tags") // they stand beside the definition [API]
	f.revisions = append(f.revisions, registered)
	return registered
}

// fillDefaults adds the members that ECS adds to what was registered [SEEN].
func fillDefaults(definition document) {
	setDefault(definition, "volumes", []any{})
	setDefault(definition, "placementConstraints", []any{})
	for _, container := range definition.list("containerDefinitions") {
		setDefault(container, "cpu", json.Number("0"))
		setDefault(container, "essential", true)
		for _, list := range []string{"environment", "mountPoints", "portMappings", "systemControls", "volumesFrom"} {
			setDefault(container, list, []any{})
		}
	}
}

func setDefault(d document, key string, value any) {
	if _, there := d[key]; !there {
		d[key] = value
	}
}

// findRevision takes a family (its latest ACTIVE revision), family:revision or an ARN.
func (s *Sim) findRevision(name string) *revision {
	if _, id, isARN := strings.Cut(name, ":task-definition/"); isARN {
		name = id
	}
	return findIn(s.families, name)
}

// findIn finds family:revision, or the latest ACTIVE revision of a family.
func findIn(families map[string]*family, name string) *revision {
	name, number, numbered := strings.Cut(name, ":")
	f := families[name]
	if f == nil {
		return nil
	}
	for _, r := range slices.Backward(f.revisions) {
		if numbered && strconv.Itoa(r.number) == number || !numbered && r.status == "ACTIVE" {
			return r
		}
	}
	return nil
}

type describeTaskDefinitionRequest struct {
	TaskDefinition string
	Include        []string
}

func (s *Sim) describeTaskDefinition(request describeTaskDefinitionRequest) (any, error) {
	found := s.findRevision(request.TaskDefinition)
	if found == nil {
		return nil, clientError("ClientException", "Unable to describe task definition.") // [SEEN]
	}
	answer := document{"taskDefinition": found.described()}
	if slices.Contains(request.Include, "TAGS") && found.tags != nil {
		answer["tags"] = found.tags // only when asked for [API: DescribeTaskDefinition]
	}
	return answer, nil
}

type listTaskDefinitionsRequest struct {
	FamilyPrefix, Status, Sort, NextToken string
	MaxResults                            int
}

func (s *Sim) listTaskDefinitions(request listTaskDefinitionsRequest) (any, error) {
	status := request.Status
	if status == "" {
		status = "ACTIVE"
	}
	var arns []string
	for _, name := range slices.Sorted(maps.Keys(s.families)) {
		for _, r := range s.families[name].revisions {
			// familyPrefix is the whole name of a family, whatever it is called [SDK].
			if r.status == status && (request.FamilyPrefix == "" || request.FamilyPrefix == name) {
				arns = append(arns, r.arn())
			}
		}
	}
	if request.Sort == "DESC" {
		slices.Reverse(arns)
	}
	return paged("taskDefinitionArns", arns, request.MaxResults, 100, request.NextToken), nil
}

type deregisterTaskDefinitionRequest struct{ TaskDefinition string }

func (s *Sim) deregisterTaskDefinition(request deregisterTaskDefinitionRequest) (any, error) {
	if !strings.Contains(request.TaskDefinition[strings.LastIndex(request.TaskDefinition, "/")+1:], ":") {
		return nil, clientError("ClientException", "Revision is missing.") // as in getmoto/moto
	}
	found := s.findRevision(request.TaskDefinition)
	if found == nil {
		return nil, clientError("ClientException", "The specified task definition does not exist.") // unverified
	}
	found.status = "INACTIVE"
	return document{"taskDefinition": found.described()}, nil
}
