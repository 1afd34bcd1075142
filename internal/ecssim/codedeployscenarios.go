package ecssim

import "time"

// codeDeployScenarios are about deployments that CodeDeploy carries out.
var codeDeployScenarios = []Scenario{
	{Name: "codedeploy", Story: "CodeDeploy moves the traffic to new tasks at once, and keeps the old ones for five " +
		"minutes", behavior: well, prepare: underCodeDeploy(asItIs)},
	{
		Name:     "codedeploy-canary",
		Story:    "CodeDeploy gives the new tasks 10% of the traffic for five minutes first",
		behavior: well,
		prepare:  underCodeDeploy(func(g *codeDeploy) { g.config = "CodeDeployDefault.ECSCanary10Percent5Minutes" }),
	},
	{
		Name: "codedeploy-hook-fails", Story: "a hook refuses the new tasks when they have test traffic, and CodeDeploy " +
			"rolls back", behavior: well,
		prepare: underCodeDeploy(func(g *codeDeploy) {
			g.hooks = []hook{{stage: "AfterAllowTestTraffic", takes: 20 * time.Second, fails: true}}
		}),
	},
	{
		Name: "codedeploy-hook-fails-late", Story: "a hook refuses the new tasks when they have all the traffic, and " +
			"nobody rolls back", behavior: well,
		prepare: underCodeDeploy(func(g *codeDeploy) {
			g.hooks, g.rollsBack = []hook{{stage: "AfterAllowTraffic", takes: 20 * time.Second, fails: true}}, nil
		}),
	},
	{
		Name:     "codedeploy-crash",
		Story:    "CodeDeploy waits for the new tasks, and their container exits",
		behavior: crashes,
		prepare:  underCodeDeploy(asItIs),
	},
	{
		Name: "codedeploy-alarm", Story: "an alarm goes off while the new tasks have 10% of the traffic, and CodeDeploy " +
			"rolls back", behavior: well,
		prepare: underCodeDeploy(func(g *codeDeploy) { g.config = "CodeDeployDefault.ECSCanary10Percent5Minutes" }),
		acts:    []act{{after: 3 * time.Minute, do: func(s *Sim) { s.alarmShift(s.web()) }}},
	},
	{
		Name: "codedeploy-split", Story: "an alarm goes off while the new tasks have 10% of the traffic, and nobody " +
			"rolls back", behavior: well,
		prepare: underCodeDeploy(func(g *codeDeploy) {
			g.config, g.rollsBack = "CodeDeployDefault.ECSCanary10Percent5Minutes", nil
		}),
		acts: []act{{after: 3 * time.Minute, do: func(s *Sim) { s.alarmShift(s.web()) }}},
	},
	{
		Name: "codedeploy-rolling-back", Story: "CodeDeploy is rolling a deployment back when someone comes to do the " +
			"same", behavior: well,
		With: map[string]string{"operation": "rollback", "image": ""},
		prepare: func(s *Sim, v *service) {
			shifted(func(g *codeDeploy) { g.config = "CodeDeployDefault.ECSCanary10Percent5Minutes" }, 3*time.Minute)(s, v)
			s.alarmShift(v)
		},
	},
	{
		Name: "codedeploy-left-split", Story: "a deployment of CodeDeploy's was stopped with 10% of the traffic when " +
			"someone comes to look", behavior: well,
		With: map[string]string{"operation": "rollback", "image": ""},
		prepare: func(s *Sim, v *service) {
			shifted(func(g *codeDeploy) {
				g.config, g.rollsBack = "CodeDeployDefault.ECSCanary10Percent5Minutes", nil
			}, 3*time.Minute)(s, v)
			s.alarmShift(v)
		},
	},
	{
		Name:     "codedeploy-stopped",
		Story:    "someone stops the deployment of CodeDeploy's in the console",
		behavior: well,
		prepare:  underCodeDeploy(asItIs),
		acts: []act{{after: 30 * time.Second, do: func(s *Sim) {
			if _, err := s.stopDeployment(stopDeploymentRequest{DeploymentID: s.web().codeDeploy.active().id}); err != nil {
				panic(err) // it is under way
			}
		}}},
	},
	{
		Name:     "codedeploy-flaky",
		Story:    "CodeDeploy deploys well, but its answers get lost",
		behavior: well,
		prepare:  underCodeDeploy(asItIs),
		faults: []fault{
			{
				operation: "CreateDeployment",
				first:     1,
				kind:      lost,
			},
			{operation: "GetDeployment", first: 3, every: 5, kind: dropped},
			{
				operation: "GetDeploymentTarget",
				first:     4,
				every:     6,
				kind:      throttle,
			},
			{operation: "GetDeploymentGroup", first: 1, kind: broken},
		},
	},
	{
		Name:     "codedeploy-mixed",
		Story:    "CodeDeploy deploys one service, ECS another, which crashes",
		breaker:  breaker{Enable: true},
		behavior: well,
		others: []neighbor{
			{name: "jobs", behavior: crashes},
		},
		prepare: underCodeDeploy(func(g *codeDeploy) { g.termination = time.Minute }),
		With:    map[string]string{"service": "web, jobs"},
	},
	{
		Name: "codedeploy-mixed-complete",
		Story: "the same, but the deployment by CodeDeploy is complete when the other " +
			"fails",
		breaker:  breaker{Enable: true},
		behavior: well,
		others: []neighbor{
			{name: "jobs", behavior: crashes},
		},
		prepare: underCodeDeploy(func(g *codeDeploy) { g.termination = 0 }),
		With:    map[string]string{"service": "web, jobs"},
	},
	{
		Name:     "codedeploy-mixed-superseded",
		Story:    "CodeDeploy deploys one service, and another run another before its deployment is over",
		breaker:  rolling,
		behavior: well,
		others:   []neighbor{{name: "jobs", behavior: well}},
		prepare:  underCodeDeploy(asItIs),
		acts:     []act{{after: 45 * time.Second, do: func(s *Sim) { deployAnother(well)(s, s.clusters[0].find("jobs")) }}},
		With:     map[string]string{"service": "web, jobs"},
	},
	{
		Name:     "codedeploy-ready",
		Story:    "CodeDeploy waits for approval to let the traffic move",
		behavior: well,
		prepare:  underCodeDeploy(byHand),
	},
	{
		Name:     "codedeploy-waiting",
		Story:    "a deployment of CodeDeploy's waits for approval when someone comes to look",
		behavior: well,
		With:     map[string]string{"operation": "continue", "image": ""},
		prepare:  shifted(byHand, 2*time.Minute),
	},
	{
		Name: "codedeploy-busy", Story: "CodeDeploy still keeps the old tasks of the deployment before", behavior: well,
		prepare: shifted(func(g *codeDeploy) { g.termination = time.Hour }, 10*time.Minute),
	},
}
