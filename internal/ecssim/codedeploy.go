package ecssim

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"
)

// The operations of CodeDeploy, as far as a deployer of ECS services needs them
// (https://docs.aws.amazon.com/codedeploy/latest/APIReference/). Texts of errors are unverified unless
// they say otherwise.

// findGroup finds the service that an application and a deployment group of CodeDeploy are of.
func (s *Sim) findGroup(application, group string) (*service, error) {
	known := false
	for _, c := range s.clusters {
		for _, v := range c.services {
			if v.codeDeploy == nil || v.codeDeploy.application != application {
				continue
			}
			if v.codeDeploy.group == group {
				return v, nil
			}
			known = true
		}
	}
	if !known {
		return nil, clientError("ApplicationDoesNotExistException", "No application found for name: %s", application)
	}
	return nil, clientError("DeploymentGroupDoesNotExistException", "No Deployment Group found for name: %s", group)
}

func (s *Sim) findShift(id string) (*service, *shift, error) {
	for _, c := range s.clusters {
		for _, v := range c.services {
			if v.codeDeploy == nil {
				continue
			}
			for _, found := range v.codeDeploy.deployments {
				if found.id == id {
					return v, found, nil
				}
			}
		}
	}
	return nil, nil, clientError("DeploymentDoesNotExistException", "The deployment %s could not be found", id)
}

type deploymentGroupRequest struct{ ApplicationName, DeploymentGroupName string }

func (s *Sim) getDeploymentGroup(request deploymentGroupRequest) (any, error) {
	v, err := s.findGroup(request.ApplicationName, request.DeploymentGroupName)
	if err != nil {
		return nil, err
	}
	g := v.codeDeploy
	info := document{
		"applicationName":                  g.application,
		"deploymentGroupName":              g.group,
		"deploymentGroupId":                "5ec55ec5-0000-4000-8000-000000000001",
		"computePlatform":                  "ECS",
		"deploymentConfigName":             g.config,
		"serviceRoleArn":                   "arn:aws:iam::" + account + ":role/codedeploy",
		"deploymentStyle":                  deploymentStyle,
		"ecsServices":                      []document{{"clusterName": v.cluster.name, "serviceName": v.name}},
		"autoRollbackConfiguration":        document{"enabled": len(g.rollsBack) > 0, "events": list(g.rollsBack)},
		"blueGreenDeploymentConfiguration": g.waits(),
	}
	for i, d := range g.deployments {
		last := document{"deploymentId": d.id, "status": d.status, "createTime": epoch{d.created}}
		if !d.ended.IsZero() {
			last["endTime"] = epoch{d.ended}
		}
		if i == 0 {
			info["lastAttemptedDeployment"] = last
		}
		if d.status == "Succeeded" {
			info["lastSuccessfulDeployment"] = last
			break
		}
	}
	return document{"deploymentGroupInfo": info}, nil
}

var deploymentStyle = document{"deploymentType": "BLUE_GREEN", "deploymentOption": "WITH_TRAFFIC_CONTROL"}

// waits are the pauses of the deployments of a group, as it tells of them [SEEN].
func (g *codeDeploy) waits() document {
	ready := document{"actionOnTimeout": "CONTINUE_DEPLOYMENT", "waitTimeInMinutes": 0}
	if g.ready > 0 {
		ready = document{"actionOnTimeout": "STOP_DEPLOYMENT", "waitTimeInMinutes": int(g.ready.Minutes())}
	}
	return document{
		"deploymentReadyOption": ready,
		"terminateBlueInstancesOnDeploymentSuccess": document{
			"action": "TERMINATE", "terminationWaitTimeInMinutes": int(g.termination.Minutes()),
		},
	}
}

type createDeploymentRequest struct {
	ApplicationName, DeploymentGroupName, DeploymentConfigName, Description string
	Revision                                                                struct {
		RevisionType   string
		AppSpecContent struct{ Content, Sha256 string }
	}
	AutoRollbackConfiguration *struct {
		Enabled bool
		Events  []string
	}
}

// appSpec is what a deployment needs of an AppSpec file. CodeDeploy takes YAML too, and the simulator only
// JSON. Its keys are taken in any case.
type appSpec struct {
	Resources []map[string]struct {
		Type       string
		Properties struct {
			TaskDefinition   string
			LoadBalancerInfo struct {
				ContainerName string
				ContainerPort int
			}
		}
	}
}

func (s *Sim) createDeployment(request createDeploymentRequest) (any, error) {
	v, err := s.findGroup(request.ApplicationName, request.DeploymentGroupName)
	if err != nil {
		return nil, err
	}
	g := v.codeDeploy
	content := request.Revision.AppSpecContent.Content
	sum := fmt.Sprintf("%x", sha256.Sum256([]byte(content)))
	switch active := g.active(); {
	case active != nil: // [SEEN]
		return nil, clientError("DeploymentLimitExceededException", "The Deployment Group '%s' already has an active "+
			"Deployment '%s'", g.group, active.id)
	case utf8.RuneCountInString(request.Description) > 512:
		return nil, clientError("DescriptionTooLongException", "The description must be at most 512 characters long")
	case request.DeploymentConfigName != "" && configs[request.DeploymentConfigName] == nil:
		return nil, clientError(
			"DeploymentConfigDoesNotExistException",
			"No deployment configuration found for name: %s",
			request.DeploymentConfigName,
		)
	case request.Revision.RevisionType != "AppSpecContent" || content == "":
		return nil, clientError("RevisionRequiredException", "Revision is required")
	case request.Revision.AppSpecContent.Sha256 != "" && request.Revision.AppSpecContent.Sha256 != sum:
		return nil, clientError("InvalidRevisionException", "The sha256 of the AppSpec content does not match")
	}
	revision, err := s.specified(content)
	if err != nil {
		return nil, err
	}
	rollsBack := g.rollsBack
	if own := request.AutoRollbackConfiguration; own != nil && own.Enabled {
		rollsBack = own.Events
	}
	d := s.shift(v, revision, content)
	d.creator = "user"
	d.description = request.Description
	d.rollsBack = rollsBack
	if request.DeploymentConfigName != "" {
		d.config = request.DeploymentConfigName
	}
	if s.updated.IsZero() {
		s.updated = s.now
	}
	return document{"deploymentId": d.id}, nil
}

// specified is the revision that an AppSpec names.
func (s *Sim) specified(content string) (*revision, error) {
	var spec appSpec
	if err := json.Unmarshal([]byte(content), &spec); err != nil {
		return nil, clientError("InvalidRevisionException", "The AppSpec content is not valid: %v", err)
	}
	for _, resource := range spec.Resources {
		for _, target := range resource {
			r := s.findRevision(target.Properties.TaskDefinition)
			if r == nil || r.status != "ACTIVE" || target.Properties.LoadBalancerInfo.ContainerName == "" {
				break
			}
			return r, nil
		}
	}
	return nil, clientError("InvalidRevisionException", "The AppSpec content needs a task definition that can be "+
		"deployed, and the load balancer's container and port")
}

type deploymentRequest struct{ DeploymentID, TargetID string }

func (s *Sim) getDeployment(request deploymentRequest) (any, error) {
	v, d, err := s.findShift(request.DeploymentID)
	if err != nil {
		return nil, err
	}
	g := v.codeDeploy
	info := document{
		"applicationName":      g.application,
		"deploymentGroupName":  g.group,
		"deploymentConfigName": d.config,
		"deploymentId":         d.id,
		// the content is always null
		"revision": document{
			"revisionType":   "AppSpecContent",
			"appSpecContent": document{"sha256": d.sha256()},
		},
		"status":                             d.status,
		"createTime":                         epoch{d.created},
		"creator":                            d.creator,
		"computePlatform":                    "ECS",
		"deploymentStyle":                    deploymentStyle,
		"blueGreenDeploymentConfiguration":   g.waits(),
		"autoRollbackConfiguration":          document{"enabled": len(d.rollsBack) > 0, "events": list(d.rollsBack)},
		"instanceTerminationWaitTimeStarted": false, // always: https://github.com/aws/containers-roadmap/issues/269
	}
	if d.description != "" {
		info["description"] = d.description
	}
	if !d.started.IsZero() {
		info["startTime"] = epoch{d.started}
	}
	if !d.ended.IsZero() {
		info["completeTime"] = epoch{d.ended}
	}
	if d.code != "" {
		info["errorInformation"] = document{"code": d.code, "message": d.message}
	}
	switch { // both [SEEN]
	case d.rollback != nil:
		info["rollbackInfo"] = document{
			"rollbackDeploymentId": d.rollback.id,
			"rollbackMessage": fmt.Sprintf("Deployment %s terminated. Automatic rollback is triggered with a "+
				"DeploymentId %s.", d.id, d.rollback.id),
		}
	case d.of != nil:
		info["rollbackInfo"] = document{
			"rollbackTriggeringDeploymentId": d.of.id,
			"rollbackMessage": fmt.Sprintf(
				"Deployment %s is triggered to roll back deployment %s.",
				d.id,
				d.of.id,
			),
		}
	}
	return document{"deploymentInfo": info}, nil
}

func (d *shift) sha256() string { return fmt.Sprintf("%x", sha256.Sum256([]byte(d.content))) }

type stopDeploymentRequest struct {
	DeploymentID        string
	AutoRollbackEnabled bool
}

// stopDeployment stops a deployment, which takes a while
// (https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_StopDeployment.html).
func (s *Sim) stopDeployment(request stopDeploymentRequest) (any, error) {
	_, d, err := s.findShift(request.DeploymentID)
	switch {
	case err != nil:
		return nil, err
	case !d.ended.IsZero():
		return nil, clientError("DeploymentAlreadyCompletedException", "The deployment %s has already completed", d.id)
	}
	if request.AutoRollbackEnabled {
		d.rollsBack = append(slices.Clone(d.rollsBack), onRequest)
	}
	if d.stopping.IsZero() {
		d.stopping, d.stoppedBy = s.now, s.actor
	}
	return document{"status": "Pending", "statusMessage": "No more traffic will be shifted"}, nil
}

// getDeploymentConfig tells how a deployment configuration moves the traffic
// (https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_TrafficRoutingConfig.html).
func (s *Sim) getDeploymentConfig(request struct{ DeploymentConfigName string }) (any, error) {
	steps := configs[request.DeploymentConfigName]
	if steps == nil {
		return nil, clientError(
			"DeploymentConfigDoesNotExistException",
			"No deployment configuration found for name: %s",
			request.DeploymentConfigName,
		)
	}
	routing := document{"type": "AllAtOnce"}
	switch percent, minutes := int(steps[0].weight), int(steps[0].held.Minutes()); {
	case len(steps) == 2:
		routing = document{
			"type":            "TimeBasedCanary",
			"timeBasedCanary": document{"canaryPercentage": percent, "canaryInterval": minutes},
		}
	case len(steps) > 2:
		routing = document{
			"type":            "TimeBasedLinear",
			"timeBasedLinear": document{"linearPercentage": percent, "linearInterval": minutes},
		}
	}
	return document{"deploymentConfigInfo": document{
		"deploymentConfigName": request.DeploymentConfigName, "deploymentConfigId": "00000000-0000-4000-8000-000000000000",
		"computePlatform": "ECS", "trafficRoutingConfig": routing,
	}}, nil
}

type continueDeploymentRequest struct{ DeploymentID, DeploymentWaitType string }

func (s *Sim) continueDeployment(request continueDeploymentRequest) (any, error) {
	_, d, err := s.findShift(request.DeploymentID)
	switch {
	case err != nil:
		return nil, err
	case !d.ended.IsZero():
		return nil, clientError("DeploymentAlreadyCompletedException", "The deployment %s has already completed", d.id)
	case d.status == "Ready" && request.DeploymentWaitType != "TERMINATION_WAIT":
		d.status, d.continued = "InProgress", true
	case !d.kept.IsZero() && request.DeploymentWaitType == "TERMINATION_WAIT":
		d.kept = d.kept.Add(-endlessTimeout)
	default:
		return nil, clientError("DeploymentIsNotInReadyStateException", "The deployment %s is not in the ready state", d.id)
	}
	return document{}, nil
}

// deploymentID is the id of a deployment of CodeDeploy's [SEEN].
func (i ids) codeDeployment() string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	id := []byte("d-")
	for range 9 {
		id = append(id, alphabet[i.random.IntN(len(alphabet))])
	}
	return string(id)
}

// configs are the predefined deployment configurations for ECS, and their steps
// (https://docs.aws.amazon.com/codedeploy/latest/userguide/deployment-configurations.html).
var configs = map[string][]step{
	"CodeDeployDefault.ECSAllAtOnce":                    {{100, 0}},
	"CodeDeployDefault.ECSCanary10Percent5Minutes":      {{10, 5 * time.Minute}, {100, 0}},
	"CodeDeployDefault.ECSCanary10Percent15Minutes":     {{10, 15 * time.Minute}, {100, 0}},
	"CodeDeployDefault.ECSLinear10PercentEvery1Minutes": linear(10, time.Minute),
	"CodeDeployDefault.ECSLinear10PercentEvery3Minutes": linear(10, 3*time.Minute),
}
