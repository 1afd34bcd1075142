package rollout

import (
	"strings"
	"time"
)

// GatewayRoute is the way from a service gateway to a service.
type GatewayRoute struct {
	ARN    string
	Status GatewayRouteStatus
	Failed time.Time // since when it is seen to have failed; zero: it has not
}

// GatewayRouteStatus is the status of a gateway route
// (https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_GatewayRoute.html).
type GatewayRouteStatus string

// RouteActive is that of a route that is there.
const RouteActive GatewayRouteStatus = "ACTIVE"

// Failed tells whether the route could not be made, or not be changed.
func (s GatewayRouteStatus) Failed() bool { return s == "CREATE_FAILED" || s == "UPDATE_FAILED" }

// Leaving tells whether the route is, or was to be, deleted.
func (s GatewayRouteStatus) Leaving() bool { return strings.HasPrefix(string(s), "DELETE_") }
