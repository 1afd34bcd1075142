package ecssim

import (
	"slices"
	"strings"
)

type describeServicesRequest struct {
	Cluster  string
	Services []string
	Include  []string
}

func (s *Sim) describeServices(request describeServicesRequest) (any, error) {
	c, err := s.findCluster(request.Cluster)
	if err != nil {
		return nil, err
	}
	if len(request.Services) == 0 || len(request.Services) > 10 { // [API]; texts unverified
		return nil, clientError("InvalidParameterException", "Services must have between 1 and 10 items.")
	}
	services, failures := []any{}, []document{}
	then, late := s.asOf(s.scenario.lag.Services, &s.serviceReads)
	for _, name := range request.Services {
		switch v := c.find(name); {
		case v != nil && late:
			services = append(services, then.services[v.arn()])
		case v != nil:
			described := v.describe()
			if slices.Contains(request.Include, "TAGS") { // [API]
				described["tags"] = list(v.tags)
			}
			services = append(services, described)
		default:
			failures = append(failures, missing(arn("service/"+c.name+"/"+name[strings.LastIndex(name, "/")+1:])))
		}
	}
	return document{"services": services, "failures": failures}, nil
}

// missing is how ECS tells of a thing that is not there, in an answer with status 200
// [GUIDE: api_failures_messages].
func missing(arn string) document { return document{"arn": arn, "reason": "MISSING"} }

// described is an answer with what is found of some ARNs under the key, and as failures what is not: describe tells nil
// of that.
func described(key string, arns []string, describe func(arn string) document) document {
	found, failures := []document{}, []document{}
	for _, wanted := range arns {
		if its := describe(wanted); its != nil {
			found = append(found, its)
		} else {
			failures = append(failures, missing(wanted))
		}
	}
	return document{key: found, "failures": failures}
}

type listServicesRequest struct {
	Cluster, NextToken string
	MaxResults         int
}

func (s *Sim) listServices(request listServicesRequest) (any, error) {
	c, err := s.findCluster(request.Cluster)
	if err != nil {
		return nil, err
	}
	var arns []string
	for _, v := range c.services {
		arns = append(arns, v.arn())
	}
	return paged("serviceArns", arns, request.MaxResults, 10, request.NextToken), nil // [API]
}

func (v *service) describe() document {
	running, pending := 0, 0
	deployments := []document{}
	for _, d := range v.deployments {
		described := d.describe()
		running += d.count("RUNNING")
		pending += d.pending()
		if v.controller == "ECS" { // else they are task sets [API: Service]
			deployments = append(deployments, described)
		}
	}
	primary := v.primary()
	answer := document{
		"serviceArn": v.arn(), "serviceName": v.name, "clusterArn": v.cluster.arn(), "status": v.status,
		"desiredCount": v.desired, "runningCount": running, "pendingCount": pending,
		"launchType": "FARGATE", "platformVersion": "LATEST", "schedulingStrategy": v.scheduling,
		"taskDefinition": primary.revision.arn(),
		"deploymentConfiguration": document{
			"minimumHealthyPercent": v.minimum, "maximumPercent": v.maximum,
			"deploymentCircuitBreaker": v.breaker,
		},
		"deploymentController": document{"type": v.controller},
		"deployments":          deployments, "events": slices.Clone(list(v.events)), "createdAt": epoch{v.created},
		"loadBalancers":     v.loadBalancers(),
		"serviceRegistries": []document{}, "placementConstraints": []document{}, "placementStrategy": []document{},
		"networkConfiguration": network, "enableECSManagedTags": true, "propagateTags": "SERVICE",
		"enableExecuteCommand": false, "healthCheckGracePeriodSeconds": 30,
		"createdBy": "arn:aws:iam::" + account + ":role/terraform",
	}
	if v.strategy.name != "" {
		v.strategy.describe(answer["deploymentConfiguration"].(document))
		answer["deploymentConfiguration"].(document)["bakeTimeInMinutes"] = int(v.bake.Minutes())
	}
	if v.controller != "ECS" {
		answer["taskSets"] = v.taskSets()
	}
	if v.express { // [SDK]
		answer["resourceManagementType"] = "ECS"
		delete(answer, "taskDefinition") // https://github.com/kayac/ecspresso/pull/902
	}
	return answer
}

func (v *service) loadBalancers() []document {
	if v.lattice {
		return []document{}
	}
	balancer := document{"targetGroupArn": v.targetGroup(), "containerName": "app", "containerPort": 8080}
	if v.express {
		balancer["containerName"] = "Main"
	}
	if v.strategy.name != "" { // [API: AdvancedConfiguration]
		listener := "arn:aws:elasticloadbalancing:" + region + ":" + account +
			":listener-rule/app/" + v.name + "/50dc6c495c0c9188/"
		balancer["advancedConfiguration"] = document{
			"alternateTargetGroupArn": v.alternateGroup(),
			"productionListenerRule":  listener + "f2f7dc8efc522ab2/9683b2d02a6cabee",
			"roleArn":                 "arn:aws:iam::" + account + ":role/ecs-load-balancers",
		}
	}
	return []document{balancer}
}

var network = document{"awsvpcConfiguration": document{
	"subnets": []string{"subnet-0a1b2c3d4e5f60718"}, "securityGroups": []string{"sg-0a1b2c3d4e5f60718"},
	"assignPublicIp": "DISABLED",
}}

func (d *deployment) describe() document {
	described := document{
		"id": d.id(), "status": d.status, "taskDefinition": d.revision.arn(),
		"desiredCount": d.desired, "pendingCount": d.pending(), "runningCount": d.count("RUNNING"), "failedTasks": d.failed,
		"createdAt": epoch{d.created}, "updatedAt": epoch{d.updated},
		"launchType": "FARGATE", "platformVersion": "1.4.0", "platformFamily": "Linux", "networkConfiguration": network,
		"rolloutState": d.called(d.rollout, d.words[0]), "rolloutStateReason": d.reason,
	}
	if d.service.lattice {
		described["vpcLatticeConfigurations"] = d.service.latticeConfigurations()
	}
	return described
}

// called is the word for a state, in a world where being IN_PROGRESS may have another.
func (d *deployment) called(state, another string) string {
	if state == "IN_PROGRESS" && another != "" {
		return another
	}
	return state
}
