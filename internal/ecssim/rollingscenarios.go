package ecssim

import "time"

// rollingScenarios are about deployments that replace tasks step by step.
var rollingScenarios = []Scenario{
	{Name: "healthy", past: usually, Story: "the new tasks come up and take over", breaker: rolling, behavior: well},
	{
		Name: "slow", past: usually,
		Story:   "it takes ten minutes until the new tasks count as healthy",
		breaker: rolling,
		behavior: behavior{
			provision: 40 * time.Second,
			pull:      3 * time.Minute,
			activate:  20 * time.Second,
			healthy:   6 * time.Minute,
		},
	},
	{
		Name: "crash", past: usually,
		Story:    "the container exits; the circuit breaker stops the deployment but rolls nothing back",
		breaker:  breaker{Enable: true},
		behavior: crashes,
	},
	{
		Name: "crash-rollback", past: usually,
		Story:    "the container exits; the circuit breaker rolls back",
		breaker:  rolling,
		behavior: crashes,
	},
	{
		Name: "bad-image", past: usually,
		Story:    "the image is not in the registry; the circuit breaker rolls back",
		breaker:  rolling,
		behavior: cannotPull,
	},
	{
		Name:     "out-of-memory",
		Story:    "the container is killed for its memory; the circuit breaker rolls back",
		breaker:  rolling,
		behavior: runsOutOfMemory,
	},
	{
		Name: "unhealthy", past: usually,
		Story:    "the load balancer finds the new tasks unhealthy; the circuit breaker rolls back",
		breaker:  rolling,
		behavior: failsHealthChecks,
	},
	{
		Name: "no-capacity", past: usually, Story: "no new task can be placed, until the time is out",
		// [GUIDE: service-event-messages]
		behavior: behavior{nowhere: " because no container instance met all of its requirements. The closest matching " +
			"container-instance 5f1c7a9be0d24c11 has insufficient memory available."},
	},
	{
		Name: "superseded", past: usually,
		Story:    "another run deploys before the new tasks are healthy",
		breaker:  rolling,
		behavior: well,
		acts:     []act{{after: 45 * time.Second, do: func(s *Sim) { deployAnother(well)(s, s.web()) }}},
	},
	{
		Name:     "superseded-by-run",
		Story:    "the same, and the revision of the other run has tags that tell it",
		breaker:  rolling,
		behavior: well,
		tagged:   true,
		acts:     []act{{after: 45 * time.Second, do: func(s *Sim) { deployAnother(well)(s, s.web()) }}},
	},
	{
		Name:     "slow-settings",
		Story:    "all goes well, but a large image and the settings of the target group make it slow",
		breaker:  rolling,
		behavior: behavior{provision: well.provision, pull: 90 * time.Second, activate: well.activate, healthy: well.healthy},
		drain:    5 * time.Minute,
	},
	{
		Name:     "slow-stops",
		Story:    "all goes well, but the old tasks do not end when they are told to",
		breaker:  rolling,
		behavior: behavior{provision: well.provision, pull: 60 * time.Second, activate: well.activate, healthy: well.healthy},
		prepare:  func(_ *Sim, v *service) { v.primary().behavior.deaf = true },
	},
	{
		Name:     "tag-moved",
		Story:    "all goes well, but the tag of the image is moved between the pulls of two tasks",
		breaker:  rolling,
		behavior: tagMoved,
	},
	{
		Name:     "superseded-late",
		Story:    "another run deploys when the new tasks already run and are healthy",
		breaker:  rolling,
		behavior: well,
		acts:     []act{{after: 65 * time.Second, do: func(s *Sim) { deployAnother(well)(s, s.web()) }}},
	},
	{
		Name: "stuck", past: usually, Story: "the new tasks stay PENDING for ever",
		behavior: stuckPulling,
	},
	{
		Name: "never-healthy", Story: "the new tasks run, and never count as healthy",
		behavior: neverHealthy,
	},
	{
		Name: "judged-late", Story: "the load balancer takes two minutes to find that the new tasks are not healthy",
		behavior: neverHealthy.judgedAfter(130 * time.Second),
	},
	{
		Name: "not-draining", Story: "the new tasks are healthy, and the old ones do not go", behavior: well,
		prepare: func(_ *Sim, v *service) { v.lingering = true },
	},
	{
		Name:    "wrong-architecture",
		Story:   "the image is for another architecture; the circuit breaker rolls back",
		breaker: rolling,
		behavior: well.but(fate{
			in: "RUNNING", after: 2 * time.Second, stopCode: "EssentialContainerExited",
			stoppedReason: "Essential container in task exited", exitCode: exit(1),
		}).writing("exec /app/server: exec format error"),
	},
	{
		Name: "crash-loop", Story: "the container exits, again and again, and no circuit breaker is on", behavior: crashes,
	},
	{
		Name: "alarm-rollback", Story: "an alarm goes off, and ECS rolls back", breaker: rolling, behavior: well,
		prepare: func(_ *Sim, v *service) { v.bake = 3 * time.Minute },
		acts:    []act{{after: 2 * time.Minute, do: func(s *Sim) { s.alarm(s.web()) }}},
	},
	{
		Name:     "stopped-by-hand",
		Story:    "someone rolls the deployment back in the console",
		breaker:  rolling,
		behavior: well,
		acts: []act{{after: 50 * time.Second, do: func(s *Sim) {
			_, err := s.stopServiceDeployment(stopServiceDeploymentRequest{ServiceDeploymentArn: s.web().primary().arn})
			if err != nil {
				panic(err) // it is under way
			}
		}}},
	},
	{
		Name:     "rollback-failed",
		Story:    "the container exits, and there is no completed deployment to roll back to",
		breaker:  rolling,
		behavior: crashes,
		prepare:  neverCompleted,
	},
	{
		Name:     "restart-stuck",
		Story:    "tasks of what runs can be started no more; a circuit breaker is on",
		breaker:  rolling,
		always:   true,
		behavior: stuckPulling,
		With:     map[string]string{"image": "", "timeout": "1m", "rollback-on-failure": "true"},
	},
	{
		Name: "no-candidate", Story: "the same, and no circuit breaker is on", behavior: crashes,
		prepare: neverCompleted,
	},
	{
		Name:     "revision-gone",
		Story:    "the container exits, and the revision that ran before was deregistered",
		behavior: crashes,
		acts:     []act{{after: 20 * time.Second, do: func(s *Sim) { s.findRevision("web:41").status = "INACTIVE" }}},
	},
	{
		Name:     "same-revision-rollback",
		Story:    "also a revision that ran well crashes now; the circuit breaker rolls back",
		breaker:  rolling,
		behavior: crashes,
		always:   true,
	},
	{
		Name: "deleted", Story: "someone deletes the service during the deployment", breaker: rolling, behavior: well,
		acts: []act{
			{after: 30 * time.Second, do: func(s *Sim) { s.web().status = "DRAINING" }},
			{after: 50 * time.Second, do: func(s *Sim) { s.web().status = "INACTIVE" }},
		},
	},
	{
		Name:     "scaled-to-zero",
		Story:    "someone sets the desired count to 0 during the deployment",
		breaker:  rolling,
		behavior: well,
		acts:     []act{{after: 30 * time.Second, do: func(s *Sim) { s.web().desired = 0 }}},
	},
	{
		Name:     "autoscaled",
		Story:    "autoscaling moves the desired count during the deployment",
		breaker:  rolling,
		behavior: well,
		acts:     []act{{after: 30 * time.Second, do: func(s *Sim) { s.web().desired = 5 }}},
	},
	{
		Name: "no-tasks", Story: "the service has a desired count of 0", breaker: rolling, behavior: well,
		prepare: func(_ *Sim, v *service) {
			v.desired = 0
			v.primary().desired = 0
			v.primary().tasks = nil
		},
	},
	{
		Name: "daemon", Story: "the service is a DAEMON", breaker: rolling, behavior: well,
		prepare: func(_ *Sim, v *service) {
			v.scheduling = "DAEMON"
			v.minimum = 0
			v.maximum = 100
		},
	},
	{
		Name:     "busy",
		past:     usually,
		Story:    "another run is deploying when the deployer comes",
		breaker:  rolling,
		behavior: well,
		prepare: func(s *Sim, v *service) {
			r := s.register(webWith("v1.1"))
			r.by = "arn:aws:sts::" + account + ":assumed-role/admin/kim"
			s.deploy(v, r, well)
			for range 15 {
				s.now = s.now.Add(tickInterval)
				s.schedule(v)
			}
		},
	},
	{
		Name:     "busy-crash",
		Story:    "another run is deploying when the deployer comes, whose own container exits",
		breaker:  rolling,
		behavior: crashes,
		prepare:  func(s *Sim, v *service) { s.deployed(v, 15*time.Second, well) },
	},
	{
		Name:     "busy-stuck",
		Story:    "another run is deploying when the deployer comes, whose own tasks stay PENDING for ever",
		behavior: stuckPulling,
		prepare:  func(s *Sim, v *service) { s.deployed(v, 15*time.Second, well) },
	},
	{
		Name:  "hosts-go",
		Story: "the instances on which the new tasks run are terminated, again and again",
		behavior: well.but(fate{
			in: "RUNNING", after: 8 * time.Second, stopCode: "TerminationNotice", exitCode: exit(143),
			stoppedReason: "Host EC2 (instance i-0123456789abcdef0) terminated.", // [SEEN], but for the last word
		}),
	},
	{
		Name:     "superseded-while-rolling-back",
		Story:    "the container exits, and another run deploys while ECS rolls back",
		breaker:  rolling,
		behavior: crashes,
		acts:     []act{{after: 90 * time.Second, do: func(s *Sim) { deployAnother(well)(s, s.web()) }}},
	},
	{
		Name:     "early-success",
		Story:    "ECS calls it a success as soon as the new tasks are healthy, and cleans up later",
		breaker:  rolling,
		behavior: well,
		prepare:  func(_ *Sim, v *service) { v.earlySuccess, v.lingering = true, true },
	},
	{
		Name:     "bake",
		Story:    "alarms are watched for five minutes after the new tasks are in place",
		breaker:  rolling,
		behavior: well,
		prepare:  func(_ *Sim, v *service) { v.bake = 5 * time.Minute },
	},
	{
		Name:     "nothing-there",
		Story:    "the image, the role, the log group and the parameter do not exist",
		breaker:  rolling,
		behavior: well,
		lacking:  []string{"web:v2", "web-task", "/ecs/web", "/web/database-url"},
	},
}
