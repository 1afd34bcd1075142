package kind

import (
	"slices"

	"ecs-deploy/internal/rollout"
)

// AwaitsRoutes tells whether a deployment has nothing to wait for any more but the routes of the gateways that the
// service was connected to with it. A route may fail when the deployment succeeds, and tells its state itself
// (https://docs.aws.amazon.com/AmazonECS/latest/developerguide/gateway-troubleshooting.html).
func AwaitsRoutes(r *rollout.Rollout) bool {
	if r.Update.Patch.Items("gatewayConnectors") == 0 || r.NoRoutes || r.Unchanged {
		return false
	}
	verdict, ended := ecs{}.ended(r)
	return ended && verdict.Outcome == rollout.Succeeded
}

// routed decides on a deployment that has succeeded, by its routes.
func routed(r *rollout.Rollout) (rollout.Verdict, bool) {
	if failed, is := failedRoute(r); is && since(r, failed.Failed) >= settleTimeout { // else it may be of an update before
		return verdict(rollout.Failed, rollout.EndedUnrouted, string(failed.Status))
	}
	awaited := func(route rollout.GatewayRoute) bool { return route.Status != rollout.RouteActive }
	if routes := routes(r); len(routes) == 0 || slices.ContainsFunc(routes, awaited) {
		return undecided()
	}
	return verdict(rollout.Succeeded, rollout.EndedComplete, "")
}

// routes are those that are to stay.
func routes(r *rollout.Rollout) []rollout.GatewayRoute {
	return slices.DeleteFunc(
		slices.Clone(r.Routes), func(route rollout.GatewayRoute) bool { return route.Status.Leaving() },
	)
}

// failedRoute is a route that could not be made or changed, if one could not.
func failedRoute(r *rollout.Rollout) (rollout.GatewayRoute, bool) {
	at := slices.IndexFunc(r.Routes, func(route rollout.GatewayRoute) bool { return route.Status.Failed() })
	if at < 0 {
		return rollout.GatewayRoute{}, false
	}
	return r.Routes[at], true
}

// routeState is what is waited for, as a state of the deployment.
const routeState = "GATEWAY_ROUTE"
