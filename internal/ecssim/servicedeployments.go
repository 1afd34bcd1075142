package ecssim

import (
	"slices"
	"time"
)

type listServiceDeploymentsRequest struct {
	Cluster, Service, NextToken string
	Status                      []string
	CreatedAt                   *struct{ After, Before *epoch }
	MaxResults                  int
}

// visibleAge is how long a new service deployment is not listed yet. That it may be missing at
// first is why terraform-provider-aws and the AWS CLI poll for it; for how long is unverified.
const visibleAge = 2 * time.Second

func (s *Sim) listServiceDeployments(request listServiceDeploymentsRequest) (any, error) {
	c, err := s.findCluster(request.Cluster)
	if err != nil {
		return nil, err
	}
	v := c.find(request.Service)
	if v == nil {
		return nil, clientError("ServiceNotFoundException", "Service not found.")
	}
	var found []document
	unseen := visibleAge
	if _, late := s.asOf(s.scenario.lag.Deployments, &s.deploymentReads); late {
		unseen = max(unseen, s.scenario.lag.Deployments)
	}
	for _, d := range v.history { // newest first (unverified)
		switch in := request.CreatedAt; {
		case s.now.Sub(d.created) < unseen,
			in != nil && in.After != nil && d.created.Before(in.After.Time),
			in != nil && in.Before != nil && d.created.After(in.Before.Time),
			len(request.Status) > 0 && !slices.Contains(request.Status, d.progress):
			continue
		}
		brief := d.brief()
		brief["targetServiceRevisionArn"] = d.revisionARN()
		found = append(found, brief)
	}
	return paged("serviceDeployments", found, request.MaxResults, 20, request.NextToken), nil // [API]
}

// brief is what the list and the description of a service deployment share.
func (d *deployment) brief() document {
	brief := document{
		"serviceDeploymentArn": d.arn, "serviceArn": d.service.arn(), "clusterArn": d.service.cluster.arn(),
		"createdAt": epoch{d.created}, "status": d.called(d.progress, d.words[1]),
	}
	if d.why != "" {
		brief["statusReason"] = d.why
	}
	if !d.started.IsZero() {
		brief["startedAt"] = epoch{d.started}
	}
	if d.over() {
		brief["finishedAt"] = epoch{d.finished}
	}
	return brief
}

type describeServiceDeploymentsRequest struct{ ServiceDeploymentArns []string }

func (s *Sim) describeServiceDeployments(request describeServiceDeploymentsRequest) (any, error) {
	if n := len(request.ServiceDeploymentArns); n == 0 || n > 20 { // [API]; text unverified
		return nil, clientError("InvalidParameterException", "ServiceDeploymentArns must have between 1 and 20 items.")
	}
	described, failures := []any{}, []document{}
	then, late := s.asOf(s.scenario.lag.Deployments, &s.deploymentReads)
	for _, wanted := range request.ServiceDeploymentArns {
		was, listed := then.deployments[wanted]
		switch d := s.findServiceDeployment(wanted); {
		case d == nil, late && !listed:
			failures = append(failures, missing(wanted))
		case late:
			described = append(described, was)
		default:
			described = append(described, d.inFull())
		}
	}
	return document{"serviceDeployments": described, "failures": failures}, nil
}

type describeServiceRevisionsRequest struct{ ServiceRevisionArns []string }

// describeServiceRevisions tells which task definition each had [API].
func (s *Sim) describeServiceRevisions(request describeServiceRevisionsRequest) (any, error) {
	return described("serviceRevisions", request.ServiceRevisionArns, func(arn string) document {
		d := s.findDeployment(func(d *deployment) bool { return d.revisionARN() == arn })
		if d == nil {
			return nil
		}
		return document{
			"serviceRevisionArn": arn, "serviceArn": d.service.arn(), "clusterArn": d.service.cluster.arn(),
			"taskDefinition": d.revision.arn(), "createdAt": epoch{d.created},
		}
	}), nil
}

func (s *Sim) findServiceDeployment(arn string) *deployment {
	return s.findDeployment(func(d *deployment) bool { return d.arn == arn })
}

func (d *deployment) inFull() document {
	v := d.service
	full := d.brief()
	full["updatedAt"] = epoch{d.updated}
	full["targetServiceRevision"] = document{
		"arn": d.revisionARN(), "requestedTaskCount": v.desired,
		"runningTaskCount": d.count("RUNNING"), "pendingTaskCount": d.pending(),
	}
	if d.replaced != nil {
		full["sourceServiceRevisions"] = []document{{"arn": d.replaced.revisionARN()}}
	}
	full["deploymentConfiguration"] = document{
		"minimumHealthyPercent": v.minimum, "maximumPercent": v.maximum, "deploymentCircuitBreaker": v.breaker,
	}
	if d.alarmed {
		full["alarms"] = document{
			"status":              "TRIGGERED",
			"alarmNames":          []string{"web-5xx"},
			"triggeredAlarmNames": []string{"web-5xx"},
		}
	}
	d.describeStages(full)
	full["deploymentCircuitBreaker"] = document{
		"status": d.breakerStatus(), "failureCount": d.failed, "threshold": v.threshold(),
	}
	if d.rollback != nil {
		full["rollback"] = document{
			"reason":             d.rollback.reason,
			"startedAt":          epoch{d.rollback.started},
			"serviceRevisionArn": d.rollback.to.revisionARN(),
		}
	}
	return full
}

type stopServiceDeploymentRequest struct{ ServiceDeploymentArn, StopType string }

// stopServiceDeployment rolls a deployment back at someone's request, whether or not rollback is
// configured. ROLLBACK is the only stop type that is valid [API: StopServiceDeployment]; the errors'
// texts are unverified.
func (s *Sim) stopServiceDeployment(request stopServiceDeploymentRequest) (any, error) {
	d := s.findServiceDeployment(request.ServiceDeploymentArn)
	switch {
	case d == nil:
		return nil, clientError("ServiceDeploymentNotFoundException", "Service deployment not found.")
	case request.StopType != "" && request.StopType != "ROLLBACK":
		return nil, clientError("InvalidParameterException", "The stop type %s is not supported.", request.StopType)
	case d.over() || d.progress == "STOP_REQUESTED":
		return nil, clientError(
			"ConflictException", "The service deployment is in status %s and cannot be stopped.", d.progress,
		)
	}
	if d.progress == "PENDING" || d.progress == "IN_PROGRESS" {
		d.progress, d.requested = "ROLLBACK_REQUESTED", s.now
		d.stoppedBy = s.actor
	}
	return document{"serviceDeploymentArn": d.arn}, nil
}

// breakerStatus is one of the words of ServiceDeploymentRollbackMonitorsStatus [API].
func (d *deployment) breakerStatus() string {
	switch {
	case !d.service.breaker.Enable, d.service.strategy.name != "": // [API: DeploymentCircuitBreaker] is about rolling ones
		return "DISABLED"
	case d.rollout == "FAILED":
		return "TRIGGERED"
	case d.over():
		return "MONITORING_COMPLETE"
	}
	return "MONITORING"
}
