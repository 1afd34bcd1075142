package ecssim

import (
	_ "embed"
	"maps"
	"slices"
	"strings"
	"time"
)

// express makes a service an Express service, whose task definition ECS has made, or the customer. Its deployments are
// canaries that an alarm watches
// (https://docs.aws.amazon.com/AmazonECS/latest/developerguide/express-service-update-full.html), and UpdateService
// starts them too [GUIDE: express-service-advanced-customization].
func express(makes maker) func(*Sim, *service) {
	return func(s *Sim, v *service) {
		v.express = true
		v.strategy = strategy{name: "CANARY", steps: []step{{5, 3 * time.Minute}, {100, 0}}}
		v.bake = 3 * time.Minute
		runs := v.primary()
		definition := makes(v)
		s.families[definition.str("family")] = &family{name: definition.str("family"), last: runs.revision.number - 1}
		r := s.register(definition)
		r.registered, r.by = runs.revision.registered, runs.revision.by
		r.proven = true
		runs.revision = r
	}
}

// maker makes a task definition for an Express service.
type maker func(*service) document

//go:embed express.json
var expressDefinition []byte

// madeByECS is as ECS makes it, in shape and names as seen in public repositories: the family is the name of the
// cluster and that of the service, and the container is called Main.
func madeByECS(v *service) document {
	definition := parsed(expressDefinition)
	definition["family"] = v.cluster.name + "-" + v.name
	return definition
}

// madeByCustomer is one of the customer's, with a container beside Main [SDK: UpdateExpressGatewayServiceInput].
func madeByCustomer(v *service) document {
	definition := webWith("v1")
	definition["family"] = v.name + "-own"
	definition.list("containerDefinitions")[0]["name"] = "Main"
	return definition
}

// main is the container to which the load balancer of an Express service sends the traffic [SDK].
func (r *revision) main() document {
	at := slices.IndexFunc(r.containers(), func(c document) bool { return c.str("name") == "Main" })
	if at < 0 {
		return nil
	}
	return r.containers()[at]
}

// endpoint is the host at which an Express service answers: people put https:// before it (seen in public
// repositories).
func (v *service) endpoint() string {
	return v.name[:min(2, len(v.name))] + "-5c882cb2d9e6485f9cfbbac844ac550a.ecs." + region + ".on.aws"
}

// configuration is a service revision as Express has it [SDK: ExpressGatewayServiceConfiguration]. The container is
// derived from the task definition, also from one of the customer's (terraform-provider-aws, pull request 49095).
func (d *deployment) configuration() document {
	definition := d.revision.definition
	its := document{
		"serviceRevisionArn": d.revisionARN(), "taskDefinitionArn": d.revision.arn(), "createdAt": epoch{d.created},
		"healthCheckPath": "/ping", "networkConfiguration": expressNetwork,
		"ingressPaths":  []document{{"accessType": "PUBLIC", "endpoint": d.service.endpoint()}},
		"scalingTarget": document{"minTaskCount": 1, "maxTaskCount": 20, "autoScalingMetric": "AVERAGE_CPU"},
	}
	for _, member := range []string{"cpu", "memory", "executionRoleArn", "taskRoleArn"} {
		if value, there := definition[member]; there {
			its[member] = value
		}
	}
	if platform, there := definition["runtimePlatform"].(map[string]any); there {
		its["cpuArchitecture"] = platform["cpuArchitecture"]
	}
	container := d.revision.main()
	primary := document{"image": container["image"]}
	for _, member := range []string{"command", "environment", "secrets", "repositoryCredentials"} {
		if value, there := container[member]; there {
			primary[member] = value
		}
	}
	if ports := container.list("portMappings"); len(ports) > 0 {
		primary["containerPort"] = ports[0]["containerPort"]
	}
	if log, there := container["logConfiguration"].(map[string]any); there {
		options, _ := log["options"].(map[string]any)
		primary["awsLogsConfiguration"] = document{
			"logGroup": options["awslogs-group"], "logStreamPrefix": options["awslogs-stream-prefix"],
		}
	}
	its["primaryContainer"] = primary
	return its
}

var expressNetwork = document{
	"subnets": []string{"subnet-0a1b2c3d4e5f60718"}, "securityGroups": []string{"sg-0a1b2c3d4e5f60718"},
}

// findExpress finds an Express service by its ARN. The text is that of terraform-provider-aws.
func (s *Sim) findExpress(arn string) (*service, error) {
	for _, c := range s.clusters {
		if v := c.find(arn); v != nil && v.express && strings.HasPrefix(arn, "arn:") {
			return v, nil
		}
	}
	return nil, clientError("InvalidParameterException", "Resource not found")
}

func (v *service) describeExpress() document {
	return document{
		"serviceArn": v.arn(), "serviceName": v.name, "cluster": v.cluster.name, "createdAt": epoch{v.created},
		"updatedAt": epoch{v.primary().created}, "status": document{"statusCode": v.status},
	}
}

type describeExpressRequest struct{ ServiceArn string }

// describeExpressGatewayService tells of the service revisions that are deployed. Which comes first is unverified.
func (s *Sim) describeExpressGatewayService(request describeExpressRequest) (any, error) {
	v, err := s.findExpress(request.ServiceArn)
	if err != nil {
		return nil, err
	}
	active := []document{}
	for _, d := range v.deployments {
		active = append(active, d.configuration())
	}
	described := v.describeExpress()
	described["activeConfigurations"] = active
	described["currentDeployment"] = v.primary().arn
	described["infrastructureRoleArn"] = "arn:aws:iam::" + account + ":role/ecs-infrastructure"
	return document{"service": described}, nil
}

type updateExpressRequest struct {
	ServiceArn, TaskDefinitionArn                                 string
	PrimaryContainer                                              document
	ExecutionRoleArn, TaskRoleArn, CPU, Memory, CPUArchitecture   *string
	HealthCheckPath, NetworkConfiguration, ScalingTarget, Cluster any
}

// updateExpressGatewayService starts a deployment each time, also of what is deployed already (seen in public
// repositories). What a container does not say is dropped, and what is said of no container stays: unverified.
func (s *Sim) updateExpressGatewayService(request updateExpressRequest) (any, error) {
	v, err := s.findExpress(request.ServiceArn)
	if err != nil {
		return nil, err
	}
	if v.status != "ACTIVE" { // terraform-provider-aws
		return nil, clientError(
			"ServiceNotActiveException", "Cannot perform this operation on a service in %s status", v.status,
		)
	}
	made := request.PrimaryContainer != nil || request.ExecutionRoleArn != nil || request.TaskRoleArn != nil ||
		request.CPU != nil || request.Memory != nil || request.CPUArchitecture != nil
	wanted := v.primary().revision
	switch {
	case request.TaskDefinitionArn != "" && made: // [SDK]; text unverified
		return nil, clientError("InvalidParameterException", "taskDefinitionArn cannot be specified with primaryContainer, "+
			"executionRoleArn, taskRoleArn, cpu, memory, or cpuArchitecture.")
	case request.TaskDefinitionArn != "":
		if wanted, err = s.customers(request.TaskDefinitionArn); err != nil {
			return nil, err
		}
	case made:
		if request.PrimaryContainer != nil && request.PrimaryContainer.str("image") == "" { // [SDK]; text unverified
			return nil, clientError("InvalidParameterException", "primaryContainer.image is required.")
		}
		wanted = s.register(request.over(v))
	}
	d := s.deploy(v, wanted, s.behaviorOf(v, wanted))
	if s.updated.IsZero() {
		s.updated = s.now
	}
	updated := v.describeExpress()
	updated["targetConfiguration"] = d.configuration()
	return document{"service": updated}, nil
}

// customers is a task definition of the customer's that an Express service takes [SDK]; texts unverified.
func (s *Sim) customers(arn string) (*revision, error) {
	wanted := s.findRevision(arn)
	if wanted == nil {
		return nil, clientError("ClientException", "TaskDefinition not found.")
	}
	ports := wanted.main().list("portMappings")
	if len(ports) != 1 || ports[0].str("name") == "" {
		return nil, clientError("InvalidParameterException", "The task definition must have a container named Main with a "+
			"single named TCP port mapping.")
	}
	return wanted, nil
}

// over is the task definition that ECS makes of a request and of what the service runs.
func (request updateExpressRequest) over(v *service) document {
	made := madeByECS(v)
	for member, value := range v.primary().revision.definition {
		if member != "containerDefinitions" && member != "family" {
			made[member] = value
		}
	}
	for member, value := range map[string]*string{
		"executionRoleArn": request.ExecutionRoleArn, "taskRoleArn": request.TaskRoleArn, "cpu": request.CPU,
		"memory": request.Memory,
	} {
		if value != nil {
			made[member] = *value
		}
	}
	if request.CPUArchitecture != nil {
		platform := map[string]any{"cpuArchitecture": *request.CPUArchitecture, "operatingSystemFamily": "LINUX"}
		made["runtimePlatform"] = platform
	}
	if request.PrimaryContainer == nil {
		made["containerDefinitions"] = v.primary().revision.definition["containerDefinitions"]
		return made
	}
	container := maps.Clone(made.list("containerDefinitions")[0])
	for _, member := range []string{"command", "environment", "secrets", "repositoryCredentials"} {
		delete(container, member)
	}
	for member, value := range request.PrimaryContainer {
		switch member {
		case "containerPort":
			container["portMappings"] = []any{map[string]any{
				"containerPort": value, "hostPort": value, "protocol": "tcp", "name": "main",
			}}
		case "awsLogsConfiguration":
			log := document(value.(map[string]any))
			container["logConfiguration"] = map[string]any{"logDriver": "awslogs", "options": map[string]any{
				"awslogs-group": log["logGroup"], "awslogs-region": region, "awslogs-stream-prefix": log["logStreamPrefix"],
			}}
		default:
			container[member] = value
		}
	}
	made["containerDefinitions"] = []any{map[string]any(container)}
	return made
}
