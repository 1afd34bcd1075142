package cloud

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"ecs-deploy/internal/kind"
	"ecs-deploy/internal/rollout"
)

// withGateways adds what to do to the problem of an UpdateService that finds no gateway. The wordings are those of
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/gateway-troubleshooting.html.
func withGateways(err error) error {
	var p *rollout.Problem
	if !errors.As(err, &p) {
		return err
	}
	switch {
	case strings.Contains(p.What, "no gateways are associated with cluster"):
		p.Next = "Associate a gateway with the cluster, and wait until the association is ACTIVE."
	case strings.Contains(p.What, "has associated gateways but none"),
		strings.Contains(p.What, "none of the gateways associated with cluster"):
		p.Next = "Associate a gateway that is in the VPC of the service, has the access type of the connector, and covers " +
			"all Availability Zones of the service."
	}
	return err
}

// lookAtRoutes reads the routes of gateways to services that wait for nothing else.
func (e *ecsCarrier) lookAtRoutes(ctx context.Context, open []*rollout.Rollout, emit rollout.Emit) error {
	within, cancel := withinSight(ctx)
	defer cancel()
	for _, r := range open {
		if !kind.AwaitsRoutes(r) {
			continue
		}
		err := e.client.readRoutes(within, r)
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case NotAllowed(err), Unsupported(err):
			r.NoRoutes = true
			emit(rollout.Unreadable{Err: err, Sight: rollout.SightRoutes})
		case err != nil:
			return err
		}
	}
	return nil
}

// readRoutes reads the routes of gateways to a service, and where it answers once one is there.
func (c *Client) readRoutes(ctx context.Context, r *rollout.Rollout) error {
	var routes []types.GatewayRouteSummary
	err := eachPage(func(token *string) (*string, error) {
		out, err := c.ecs.ListGatewayRoutes(
			ctx, &ecs.ListGatewayRoutesInput{Cluster: &r.Service.Cluster, Service: &r.Service.ARN, NextToken: token},
		)
		if err != nil {
			return nil, err
		}
		routes = append(routes, out.GatewayRoutes...)
		return out.NextToken, nil
	})
	if err != nil {
		return c.problem(ctx, err, "ecs:ListGatewayRoutes", "service "+r.Service.Name)
	}
	before := r.Routes
	r.Routes = nil
	for _, route := range routes {
		found := rollout.GatewayRoute{ARN: deref(route.GatewayRouteArn), Status: rollout.GatewayRouteStatus(route.Status)}
		if found.Status.Failed() {
			found.Failed = failedSince(before, found)
		}
		r.Routes = append(r.Routes, found)
		if found.Status == rollout.RouteActive && r.ServiceURL == "" {
			r.ServiceURL = c.routeURL(ctx, found.ARN)
		}
	}
	return nil
}

// failedSince is since when a route is seen to have failed.
func failedSince(before []rollout.GatewayRoute, route rollout.GatewayRoute) time.Time {
	for _, known := range before {
		if known.ARN == route.ARN && !known.Failed.IsZero() {
			return known.Failed
		}
	}
	return time.Now()
}

// routeURL is where the service of a route answers, with https://; empty where that cannot be read.
func (c *Client) routeURL(ctx context.Context, arn string) string {
	out, err := c.ecs.DescribeGatewayRoute(ctx, &ecs.DescribeGatewayRouteInput{GatewayRouteArn: &arn})
	if err != nil || out.GatewayRoute == nil {
		return ""
	}
	return deref(out.GatewayRoute.ServiceUrl)
}
