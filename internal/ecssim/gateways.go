package ecssim

import (
	"slices"
	"time"
)

// route is the way from the gateway of the cluster to a service. Its name in ARNs is unverified.
type route struct {
	port   string
	status string
	since  time.Time
}

// routing is how routes fare.
type routing struct {
	takes time.Duration // until a route is there, or has failed
	fails bool
}

// connect connects a service to the gateway of its cluster, by the connector of an UpdateService. The route is made, or
// changed, while the deployment goes on (unverified). The text is that of the guide [GUIDE: gateway-troubleshooting],
// the type of the error is unverified.
func (s *Sim) connect(v *service, connectors []document) error {
	switch {
	case connectors == nil:
		return nil
	case len(connectors) == 0: // that it takes the connector away is unverified
		v.route = nil
		return nil
	case s.scenario.gateway == nil:
		return clientError("InvalidParameterException", "gatewayConnectors were specified but no gateways are associated "+
			"with cluster %s", v.cluster.name)
	}
	status := "CREATE_IN_PROGRESS" // [SDK: GatewayRouteStatus]
	if v.route != nil {
		status = "UPDATE_IN_PROGRESS"
	}
	v.route = &route{port: connectors[0].str("portName"), status: status, since: s.now}
	return nil
}

// routes moves the route of a service on.
func (s *Sim) routes(v *service) {
	if v.route == nil || v.route.since.IsZero() || s.now.Sub(v.route.since) < s.scenario.gateway.takes {
		return
	}
	v.route.since = time.Time{}
	switch {
	case !s.scenario.gateway.fails:
		v.route.status = "ACTIVE"
	case v.route.status == "CREATE_IN_PROGRESS":
		v.route.status = "CREATE_FAILED"
	default:
		v.route.status = "UPDATE_FAILED"
	}
}

func (v *service) routeARN() string { return arn("gateway-route/" + v.cluster.name + "/" + v.name) }

type listGatewayRoutesRequest struct {
	Cluster, Service, NextToken string
	MaxResults                  int
	Status                      []string
}

func (s *Sim) listGatewayRoutes(request listGatewayRoutesRequest) (any, error) {
	var found []document
	for _, c := range s.clusters {
		if request.Cluster != "" && request.Cluster != c.name && request.Cluster != c.arn() {
			continue
		}
		for _, v := range c.services {
			its := request.Service == "" || request.Service == v.name || request.Service == v.arn()
			if v.route == nil || !its || len(request.Status) > 0 && !slices.Contains(request.Status, v.route.status) {
				continue
			}
			found = append(found, document{
				"gatewayRouteArn": v.routeARN(), "gatewayArn": arn("gateway/public"), "clusterArn": c.arn(),
				"serviceArn": v.arn(), "serviceContainerPortName": v.route.port, "status": v.route.status,
			})
		}
	}
	return paged("gatewayRoutes", found, request.MaxResults, 100, request.NextToken), nil // [SDK]
}

type describeGatewayRouteRequest struct{ GatewayRouteArn string }

func (s *Sim) describeGatewayRoute(request describeGatewayRouteRequest) (any, error) {
	for _, c := range s.clusters {
		for _, v := range c.services {
			if v.route != nil && v.routeARN() == request.GatewayRouteArn {
				return document{"gatewayRoute": v.describeRoute()}, nil
			}
		}
	}
	return nil, clientError("ResourceNotFoundException", "The gateway route does not exist.") // unverified
}

// describeRoute tells of the route of a service. The form of its URL is unverified.
func (v *service) describeRoute() document {
	return document{
		"gatewayRouteArn": v.routeARN(), "serviceArn": v.arn(), "status": v.route.status,
		"serviceContainerPortName": v.route.port,
		"serviceUrl":               "https://" + v.name + "-3f2a1c.gateway." + region + ".on.aws",
	}
}
