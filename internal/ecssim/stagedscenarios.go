package ecssim

import "time"

// stagedScenarios are about tasks that run once, deployments in stages, and operations on them.
var stagedScenarios = []Scenario{
	{
		Name:     "migration",
		Story:    "a task runs before the deployment, and ends well",
		breaker:  rolling,
		behavior: well,
		With:     migrate,
	},
	{
		Name:     "migration-fails",
		Story:    "the task that runs before the deployment ends with exit code 3",
		breaker:  rolling,
		behavior: well,
		once:     failsToMigrate,
		With:     migrate,
	},
	{Name: "migration-never-starts", Story: "the image of the task that runs before the deployment is not in the " +
		"registry", breaker: rolling, behavior: well, once: cannotPull, With: migrate},
	{
		Name:     "migration-without-room",
		Story:    "the task that is to run before the deployment finds no place",
		breaker:  rolling,
		behavior: well,
		once:     behavior{nowhere: "RESOURCE:MEMORY"},
		With:     migrate,
	},
	{
		Name:     "migration-hangs",
		Story:    "the task that runs before the deployment does not end",
		breaker:  rolling,
		behavior: well,
		once:     neverEnds,
		With:     migrate,
	},
	{
		Name:     "blue-green",
		Story:    "the new tasks are tested, and get all traffic at once",
		breaker:  rolling,
		behavior: well,
		prepare:  shifts("blue-green"),
	},
	{Name: "blue-green-hook-fails", Story: "a lifecycle hook refuses the new tasks before they get traffic, and ECS " +
		"rolls back", breaker: rolling, behavior: well, prepare: shifts("failing")},
	{
		Name:     "blue-green-crash",
		Story:    "the container exits before it gets traffic, and no circuit breaker is concerned",
		breaker:  rolling,
		behavior: crashes,
		prepare:  shifts("blue-green"),
	},
	{
		Name:     "blue-green-paused",
		Story:    "the deployment waits for approval",
		breaker:  rolling,
		behavior: well,
		prepare:  shifts("paused"),
	},
	{
		Name:     "blue-green-approved",
		Story:    "the deployment waits for approval, and someone gives it",
		breaker:  rolling,
		behavior: well,
		prepare:  shifts("paused"),
		acts:     []act{{after: 3 * time.Minute, do: func(s *Sim) { s.web().primary().hooks[0].status = "SUCCEEDED" }}},
	},
	{
		Name:     "canary",
		Story:    "the new tasks get 5% of the traffic first",
		breaker:  rolling,
		behavior: well,
		prepare:  shifts("canary"),
	},
	{
		Name:     "canary-alarm",
		Story:    "an alarm goes off while the new tasks have 5% of the traffic",
		breaker:  rolling,
		behavior: well,
		prepare:  shifts("canary"),
		acts:     []act{{after: 2 * time.Minute, do: func(s *Sim) { s.alarm(s.web()) }}},
	},
	{
		Name:     "linear",
		Story:    "the new tasks get a quarter of the traffic more each minute",
		breaker:  rolling,
		behavior: well,
		prepare:  shifts("linear"),
	},
	{
		Name:     "lattice",
		Story:    "the new tasks get a quarter of the traffic more each minute, behind VPC Lattice",
		breaker:  rolling,
		behavior: well,
		prepare:  behindLattice("linear"),
	},
	{
		Name:     "lattice-unhealthy",
		Story:    "VPC Lattice finds the new tasks unhealthy",
		breaker:  rolling,
		behavior: failsHealthChecks,
		prepare:  behindLattice("blue-green"),
	},
	{
		Name:     "linear-by-default",
		Story:    "the new tasks get a tenth of the traffic more every six minutes, as ECS does it by default",
		breaker:  rolling,
		behavior: well,
		prepare:  shifts("linear by default"),
	},
	{
		Name:     "canary-paused",
		Story:    "the deployment waits for approval before the new tasks get any traffic, and before they get all",
		breaker:  rolling,
		behavior: well,
		prepare:  shifts("paused canary"),
	},
	{
		Name:     "canary-waiting",
		Story:    "a deployment waits for approval before the new tasks get any traffic when someone comes to look",
		breaker:  rolling,
		behavior: well,
		With:     map[string]string{"operation": "continue", "image": ""},
		prepare: func(s *Sim, v *service) {
			shifts("paused canary")(s, v)
			s.deployed(v, 100*time.Second, well)
		},
	},
	{
		Name:     "waiting",
		Story:    "a deployment waits for approval when someone comes to look",
		breaker:  rolling,
		behavior: well,
		With:     map[string]string{"operation": "continue", "image": ""},
		prepare: func(s *Sim, v *service) {
			shifts("paused")(s, v)
			s.deployed(v, 90*time.Second, well)
		},
	},
	{
		Name:     "waiting-twice",
		Story:    "a deployment waits at two pauses of one stage when someone comes to look",
		breaker:  rolling,
		behavior: well,
		With:     map[string]string{"operation": "continue", "image": ""},
		prepare: func(s *Sim, v *service) {
			shifts("paused twice")(s, v)
			s.deployed(v, 100*time.Second, well)
		},
	},
	{
		Name:     "baking-superseded",
		Story:    "a deployment is under way that superseded one in its bake time, when someone comes to go back",
		behavior: well,
		With:     map[string]string{"operation": "rollback", "image": ""},
		prepare: func(s *Sim, v *service) {
			v.bake = 20 * time.Minute
			s.deployed(v, 5*time.Minute, well)
			v.deployments = v.deployments[:1] // ECS lists none without tasks
			s.deployed(v, 20*time.Second, well)
		},
	},
	{
		Name: "rolling-back-unlisted",
		Story: "ECS is rolling a deployment back that the service lists no more, since it has no tasks, when someone " +
			"comes to do the same",
		breaker:  rolling,
		behavior: well,
		With:     map[string]string{"operation": "rollback", "image": ""},
		prepare: func(s *Sim, v *service) {
			s.deployed(v, 15*time.Minute, well)
			v.minimum, v.maximum = 0, 100
			s.deployed(v, 2*time.Minute, crashes)
			for v.history[0].progress != "ROLLBACK_IN_PROGRESS" {
				s.now = s.now.Add(tickInterval)
				s.schedule(v)
			}
			v.deployments = v.deployments[:1]
		},
	},
	{
		Name:      "rollback-requested",
		Story:     "someone has just asked for the rollback of a deployment when another run comes to look",
		behavior:  well,
		requested: 20 * time.Minute,
		With:      map[string]string{"operation": "status", "image": ""},
		prepare: func(s *Sim, v *service) {
			s.deployed(v, 20*time.Second, stuckPulling)
			request := stopServiceDeploymentRequest{ServiceDeploymentArn: v.primary().arn}
			if _, err := s.stopServiceDeployment(request); err != nil {
				panic(err) // it is under way
			}
		},
	},
	{
		Name: "two-deployments", past: usually,
		Story:    "the last deployment was a success, and so was the one before",
		breaker:  rolling,
		behavior: well,
		With:     map[string]string{"operation": "rollback", "image": ""},
		prepare:  func(s *Sim, v *service) { s.deployed(v, 5*time.Minute, well) },
	},
	{
		Name: "rolling-back", past: usually,
		Story:    "the circuit breaker is just rolling the last deployment back",
		breaker:  rolling,
		behavior: well,
		With:     map[string]string{"operation": "rollback", "image": ""},
		prepare:  func(s *Sim, v *service) { s.deployed(v, 89*time.Second, crashes) },
	},
	{
		Name:      "rollback-too-late",
		Story:     "a deployment is to be rolled back, and completes before ECS begins with that",
		breaker:   rolling,
		behavior:  well,
		requested: 2 * time.Minute,
		With:      map[string]string{"operation": "rollback", "image": ""},
		prepare:   func(s *Sim, v *service) { s.deployed(v, time.Minute, well) },
	},
	{
		Name:     "rollback-stopped",
		Story:    "a deployment is to be rolled back, and ECS stops it instead",
		breaker:  rolling,
		behavior: well,
		stops:    true,
		With:     map[string]string{"operation": "rollback", "image": ""},
		prepare:  func(s *Sim, v *service) { s.deployed(v, time.Minute, well) },
	},
	{
		Name: "rolled-back-before", past: usually,
		Story:    "the circuit breaker has rolled the last deployment back",
		breaker:  rolling,
		behavior: well,
		With:     map[string]string{"operation": "rollback", "image": ""},
		prepare: func(s *Sim, v *service) {
			s.deployed(v, 15*time.Minute, well)
			s.deployed(v, 5*time.Minute, crashes)
		},
	},
}
