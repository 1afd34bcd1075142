package ecssim

import (
	"net/http"
	"slices"
	"strings"
)

// getDeploymentTarget tells of the service, the one target of a deployment. Its id is the names of the
// cluster and the service (https://github.com/awsdocs/amazon-ecs-developer-guide/pull/112).
func (s *Sim) getDeploymentTarget(request deploymentRequest) (any, error) {
	v, d, err := s.findShift(request.DeploymentID)
	id := ""
	if err == nil {
		id = v.cluster.name + ":" + v.name
	}
	switch {
	case err != nil:
		return nil, err
	case request.TargetID != id: // [SEEN]
		return nil, clientError("InvalidDeploymentTargetIdException", "Invalid id %s for ECS deployment, valid Id should "+
			"be in format <cluster-name>:<service-name>", request.TargetID)
	case d.status == "Created":
		return nil, clientError("DeploymentNotStartedException", "The deployment %s has not started", d.id)
	}
	var events []document
	for i, name := range lifecycle {
		event := document{"lifecycleEventName": name, "status": d.events[i].status}
		if !d.events[i].began.IsZero() {
			event["startTime"] = epoch{d.events[i].began}
		}
		if !d.events[i].ended.IsZero() {
			event["endTime"] = epoch{d.events[i].ended}
		}
		if d.events[i].status == "Failed" { // what stands in it is unverified
			event["diagnostics"] = document{"errorCode": "UnknownError", "message": "", "scriptName": "", "logTail": ""}
		}
		events = append(events, event)
	}
	target := document{
		"deploymentId": d.id, "targetId": id, "targetArn": v.arn(), "lastUpdatedAt": epoch{s.now},
		"lifecycleEvents": events, "status": d.targetStatus(), "taskSetsInfo": list(d.taskSets()),
	}
	return document{"deploymentTarget": document{"deploymentTargetType": "ECSTarget", "ecsTarget": target}}, nil
}

// targetStatus is Succeeded as soon as the traffic has moved, while the old task set is still kept
// (https://github.com/aws/containers-roadmap/issues/269).
func (d *shift) targetStatus() string {
	switch {
	case d.status == "Stopped":
		return "Failed"
	case !d.kept.IsZero():
		return "Succeeded"
	}
	return d.status
}

func (d *shift) taskSets() []document {
	var sets []document
	for _, set := range []struct {
		label   string
		tasks   *deployment
		traffic float64
	}{{"Blue", d.blue, 100 - d.traffic}, {"Green", d.green, d.traffic}} {
		if set.tasks != nil {
			sets = append(sets, document{
				"identifer":     set.tasks.id(),
				"desiredCount":  set.tasks.desired,
				"pendingCount":  set.tasks.pending(),
				"runningCount":  set.tasks.count("RUNNING"),
				"status":        set.tasks.status,
				"trafficWeight": set.traffic,
				"taskSetLabel":  set.label,
				"targetGroup":   document{"name": d.blue.service.name + "-" + strings.ToLower(set.label)},
			})
		}
	}
	return sets
}

type listDeploymentsRequest struct {
	ApplicationName, DeploymentGroupName string
	IncludeOnlyStatuses                  []string
}

// listDeployments lists the newest first (unverified).
func (s *Sim) listDeployments(request listDeploymentsRequest) (any, error) {
	v, err := s.findGroup(request.ApplicationName, request.DeploymentGroupName)
	if err != nil {
		return nil, err
	}
	ids := []string{}
	for _, d := range v.codeDeploy.deployments {
		if len(request.IncludeOnlyStatuses) == 0 || slices.Contains(request.IncludeOnlyStatuses, d.status) {
			ids = append(ids, d.id)
		}
	}
	return document{"deployments": ids}, nil
}

type applicationRevisionRequest struct {
	ApplicationName string
	Revision        struct{ AppSpecContent struct{ Sha256 string } }
}

// getApplicationRevision gives the AppSpec back of which GetDeployment tells only the hash
// (https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_GetDeployment.html).
func (s *Sim) getApplicationRevision(request applicationRevisionRequest) (any, error) {
	for _, c := range s.clusters {
		for _, v := range c.services {
			if v.codeDeploy == nil || v.codeDeploy.application != request.ApplicationName {
				continue
			}
			for _, d := range v.codeDeploy.deployments {
				if sum := d.sha256(); sum == request.Revision.AppSpecContent.Sha256 {
					return document{"applicationName": request.ApplicationName, "revision": document{
						"revisionType": "AppSpecContent", "appSpecContent": document{"content": d.content, "sha256": sum},
					}}, nil
				}
			}
		}
	}
	return nil, &apiError{http.StatusBadRequest, "RevisionDoesNotExistException", "No revision found for the given " +
		"revision information"}
}

// taskSets are what a service has that another controller deploys, in place of deployments [SEEN].
func (v *service) taskSets() []document {
	sets := []document{}
	for _, d := range v.deployments {
		set := document{
			"id": d.id(), "taskSetArn": arn("task-set/" + v.cluster.name + "/" + v.name + "/" + d.id()),
			"serviceArn": v.arn(), "clusterArn": v.cluster.arn(), "status": d.status, "taskDefinition": d.revision.arn(),
			"computedDesiredCount": d.desired, "pendingCount": d.pending(), "runningCount": d.count("RUNNING"),
			"createdAt": epoch{d.created}, "updatedAt": epoch{d.updated},
			"launchType": "FARGATE", "platformVersion": "1.4.0", "platformFamily": "Linux", "networkConfiguration": network,
			"loadBalancers": v.loadBalancers(), "serviceRegistries": []document{},
			"scale": document{"value": d.scale(), "unit": "PERCENT"}, "stabilityStatus": d.stability(), "tags": []document{},
		}
		if d.external != "" {
			set["startedBy"], set["externalId"] = "CODE_DEPLOY", d.external
		}
		sets = append(sets, set)
	}
	return sets
}

func (d *deployment) scale() float64 {
	if d.status == "DRAINING" {
		return 0
	}
	return 100
}

// stability is one of the words of StabilityStatus [API: TaskSet].
func (d *deployment) stability() string {
	if d.healthy() == d.desired && d.alive() == d.desired {
		return "STEADY_STATE"
	}
	return "STABILIZING"
}
