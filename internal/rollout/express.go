package rollout

import "ecs-deploy/internal/taskdef"

// ExpressService is what DescribeExpressGatewayService tells of a service, and only it.
type ExpressService struct {
	URL      string           // at which it answers; empty: none is told
	Shown    bool             // it tells of the revision that the service runs:
	Revision taskdef.Document // the service revision, as Express has it
}

// Of is the kind of deployments that it is about.
func (ExpressService) Of() Controller { return ControlledByExpress }

// PlannedExpress is how an Express service is updated: by UpdateService, or else by UpdateExpressGatewayService.
type PlannedExpress struct {
	// Made is the request by which ECS makes the task definition anew; nil: it does not.
	Made *taskdef.Document
	// Own tells that a task definition of the customer's takes the place of one that ECS has made.
	Own bool
}

// Of is the kind of deployments that it is about.
func (PlannedExpress) Of() Controller { return ControlledByExpress }
