package ecssim

import "time"

// connector is what connects a service to a gateway.
var connector = map[string]string{"service-patch": `{"gatewayConnectors": [{"portName": "http"}]}`}

// gatewayScenarios are about services that are connected to a gateway when they are deployed.
var gatewayScenarios = []Scenario{
	{
		Name:     "gateway",
		Story:    "the service is connected to a gateway, whose route takes longer than the deployment",
		breaker:  rolling,
		behavior: well,
		gateway:  &routing{takes: 3 * time.Minute},
		With:     connector,
	},
	{
		Name:     "gateway-route-fails",
		Story:    "the same, and the route fails",
		breaker:  rolling,
		behavior: well,
		gateway:  &routing{takes: 3 * time.Minute, fails: true},
		With:     connector,
	},
	{
		Name:     "gateway-missing",
		Story:    "the service is to be connected to a gateway, and the cluster has none",
		breaker:  rolling,
		behavior: well,
		With:     connector,
	},
	{
		Name:     "gateway-crash",
		Story:    "the service is connected to a gateway, and its container exits",
		breaker:  rolling,
		behavior: crashes,
		gateway:  &routing{takes: 3 * time.Minute},
		With:     connector,
	},
	{
		Name:     "gateway-superseded",
		Story:    "the service is connected to a gateway, and another run deploys it before the new tasks are healthy",
		breaker:  rolling,
		behavior: well,
		gateway:  &routing{takes: 3 * time.Minute},
		acts:     []act{{after: 45 * time.Second, do: func(s *Sim) { deployAnother(well)(s, s.web()) }}},
		With:     connector,
	},
}
