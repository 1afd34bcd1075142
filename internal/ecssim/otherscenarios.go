package ecssim

import "time"

// otherScenarios are about services of other kinds, several services, refusals and credentials.
var otherScenarios = []Scenario{
	{
		Name:     "external",
		Story:    "the service is deployed by a controller of another's",
		breaker:  rolling,
		behavior: well,
		prepare:  func(_ *Sim, v *service) { v.controller = "EXTERNAL" },
	},
	{
		Name:     "mixed",
		Story:    "of three services that are deployed together, one crashes",
		breaker:  breaker{Enable: true},
		behavior: well,
		others:   []neighbor{{name: "api", behavior: well}, {name: "jobs", behavior: crashes}},
		With:     map[string]string{"service": "web, api, jobs"},
	},
	{
		Name:     "teams",
		Story:    "of five services in the cluster, some belong to a team, by their tags",
		breaker:  rolling,
		behavior: well,
		others: []neighbor{
			{name: "shop-api", behavior: well, team: "shop"}, {name: "shop-jobs", behavior: well, team: "shop"},
			{name: "shop-legacy", behavior: well, team: "shop"}, {name: "search", behavior: well, team: "search"},
		},
		With: map[string]string{"service": "tag:team=shop, !shop-legacy"},
	},
	{
		Name:     "waves",
		Story:    "a canary in a cluster of its own is deployed first, then two services, then one more",
		breaker:  rolling,
		behavior: well,
		others:   canaryFirst(well),
		With:     inThreeWaves,
	},
	{
		Name:     "waves-quiet",
		Story:    "the same, with a URL that answers and an alarm that stays quiet",
		breaker:  rolling,
		behavior: well,
		others:   canaryFirst(well),
		site:     isUp,
		alarms:   []alarm{{name: "web-5xx"}},
		With: map[string]string{
			"service": inThreeWaves["service"], "check-url": healthURL, "watch-alarms": "web-5xx", "bake-time": "2m",
		},
	},
	{
		Name:     "monorepo",
		Story:    "each service of a team has an image of its own, which has its name",
		breaker:  rolling,
		behavior: well,
		others: []neighbor{
			{name: "shop-api", behavior: well, team: "shop", ownImage: true},
			{name: "shop-jobs", behavior: well, team: "shop", ownImage: true},
			{name: "shop-legacy", behavior: well, team: "shop", ownImage: true},
		},
		With: map[string]string{
			"service": "tag:team=shop, !*-legacy", "image": "123456789012.dkr.ecr.{region}.amazonaws.com/{service}:v2",
		},
	},
	{
		Name:     "waves-second-fails",
		Story:    "the same, and a service of the second wave crashes",
		breaker:  rolling,
		behavior: well,
		others:   canaryFirst(crashes),
		With:     inThreeWaves,
	},
	{
		Name:     "waves-overtaken",
		Story:    "the same, and another run deploys a service of the last wave while those before roll out",
		breaker:  rolling,
		behavior: well,
		others:   canaryFirst(well),
		acts:     []act{{after: 45 * time.Second, do: func(s *Sim) { deployAnother(well)(s, s.clusters[0].find("jobs")) }}},
		With:     inThreeWaves,
	},
	{
		Name:     "regions",
		Story:    "a service is deployed in two regions, one after the other",
		breaker:  rolling,
		behavior: well,
		With: map[string]string{
			"service": "eu-west-1/main/web\n---\nus-east-1/main/web",
			"image":   "123456789012.dkr.ecr.{region}.amazonaws.com/{service}:v2",
		},
	},
	{
		Name:      "regions-denied",
		Story:     "the same, and the policy does not allow to read the services of the second region",
		breaker:   rolling,
		behavior:  well,
		elsewhere: inVirginia(func(c Scenario) Scenario { return c.Denying("DescribeServices") }),
		With:      inTwoRegions,
	},
	{
		Name:      "regions-update-denied",
		Story:     "the same, and the policy does not allow to update the service of the second region",
		breaker:   rolling,
		behavior:  well,
		elsewhere: inVirginia(func(c Scenario) Scenario { return c.Denying("UpdateService") }),
		With:      inTwoRegions,
	},
	{
		Name:      "regions-second-fails",
		Story:     "the same, and the new tasks crash in the second region",
		breaker:   rolling,
		behavior:  well,
		elsewhere: inVirginia(func(c Scenario) Scenario { return c.Crashing(true) }),
		With:      inTwoRegions,
	},
	{
		Name:     "regions-second-lost",
		Story:    "the same, and half a minute later the policy no longer allows to read the services of the second region",
		breaker:  rolling,
		behavior: well,
		elsewhere: inVirginia(func(c Scenario) Scenario {
			c.faults = []fault{{operation: "DescribeServices", after: 30 * time.Second, kind: denied}}
			return c
		}),
		With: inTwoRegions,
	},
	{
		Name:     "accounts",
		Story:    "a service is deployed in two accounts, whose roles trust the job",
		breaker:  rolling,
		behavior: well,
		With: map[string]string{
			"service": "arn:aws:ecs:eu-west-1:" + account + ":service/main/web\narn:aws:ecs:eu-west-1:" + otherAccount +
				":service/main/web",
			"role-to-assume": "arn:aws:iam::{account}:role/deployer",
			"image":          "{account}.dkr.ecr.eu-west-1.amazonaws.com/web:v2",
		},
		Env: job,
	},
	{
		Name:     "gate-url",
		Story:    "a URL answers as wanted only a while after the deployment",
		breaker:  rolling,
		behavior: well,
		site:     comesUp,
		With:     map[string]string{"check-url": healthURL},
	},
	{
		Name:     "gate-url-fails",
		Story:    "a URL answers 503 as soon as only the new revision runs, although its tasks are healthy",
		breaker:  rolling,
		behavior: well,
		site:     goesDown,
		With:     map[string]string{"check-url": healthURL, "rollback-on-failure": "true"},
	},
	{
		Name:     "gate-alarm",
		Story:    "two alarms are watched after the deployment; one was in ALARM before",
		breaker:  rolling,
		behavior: well,
		site:     isUp,
		alarms:   []alarm{{name: "web-5xx"}, {name: "web-slow", composite: true, before: true}},
		With:     map[string]string{"watch-alarms": "web-5xx\nweb-slow", "bake-time": "3m"},
	},
	{
		Name:     "gate-alarm-fails",
		Story:    "an alarm goes into ALARM two minutes after the deployment",
		breaker:  rolling,
		behavior: well,
		alarms:   []alarm{{name: "web-5xx", after: 210 * time.Second}},
		With:     map[string]string{"watch-alarms": "web-5xx", "rollback-on-failure": "true"},
	},
	{
		Name:     "waves-gate-fails",
		Story:    "three waves, with gates: an alarm goes into ALARM after the second",
		breaker:  rolling,
		behavior: well,
		others:   canaryFirst(well),
		site:     isUp,
		alarms:   []alarm{{name: "web-5xx", after: 280 * time.Second}},
		With: map[string]string{
			"service": inThreeWaves["service"], "check-url": healthURL, "watch-alarms": "web-5xx", "bake-time": "1m",
			"rollback-on-failure": "true",
		},
	},
	{
		Name:     "mixed-slow",
		Story:    "of three services that are deployed together, one never gets healthy",
		behavior: well,
		others: []neighbor{
			{name: "api", behavior: well},
			{name: "jobs", behavior: stuckPulling},
		},
		With: map[string]string{"service": "web, api, jobs", "timeout": "5m"},
	},
	{
		Name:     "mixed-crash-slow",
		Story:    "of three services that are deployed together, one crashes again and again, and one never gets healthy",
		behavior: well,
		others: []neighbor{
			{name: "api", behavior: stuckPulling},
			{name: "jobs", behavior: crashes},
		},
		With: map[string]string{"service": "web, api, jobs", "timeout": "5m"},
	},
	{
		Name:      "mixed-late",
		Story:     "of two services that are deployed together, one is complete while it is being rolled back",
		behavior:  well,
		requested: 2 * time.Minute,
		others:    []neighbor{{name: "api", behavior: taking(2 * time.Minute)}},
		With:      map[string]string{"service": "web, api", "timeout": "110s", "rollback-on-failure": "true"},
	},
	{
		Name:     "mixed-inactive",
		Story:    "two services run one revision that was deregistered, and the tasks of the new one are never started",
		behavior: stuckPulling,
		others:   []neighbor{{name: "api", family: "web", behavior: stuckPulling}},
		prepare:  func(s *Sim, _ *service) { s.findRevision("web:41").status = "INACTIVE" },
		With:     map[string]string{"service": "web, api", "timeout": "1m", "rollback-on-failure": "true"},
	},
	{
		Name:     "mixed-lattice",
		Story:    "a load balancer finds the new tasks of one service unhealthy, and another is behind VPC Lattice",
		behavior: failsHealthChecks,
		others:   []neighbor{{name: "api", behavior: well}},
		prepare: func(s *Sim, v *service) {
			behindLattice("blue-green")(s, s.clusters[0].find("api"))
			shifts("blue-green")(s, v)
		},
		With: map[string]string{"service": "api, web", "wait-for": "running", "timeout": "5m"},
	},
	{
		Name:     "mixed-recovers",
		Story:    "of two services that are deployed together, one gets its image while the other is waited for",
		behavior: well,
		others:   []neighbor{{name: "jobs", behavior: cannotPull}},
		acts: []act{{after: 4 * time.Minute, do: func(s *Sim) {
			jobs := s.clusters[0].find("jobs").primary()
			jobs.behavior, jobs.launchAfter = well, s.now
		}}},
		prepare: func(_ *Sim, v *service) { v.bake = 8 * time.Minute },
		With:    map[string]string{"service": "web, jobs"},
	},
	{
		Name:     "only-arm64",
		Story:    "the image is only made for arm64",
		breaker:  rolling,
		behavior: well,
		onlyFor:  "linux/arm64",
	},
	{
		Name: "deadlock", Story: "minimum and maximum percent let nothing move", breaker: rolling, behavior: well,
		prepare: func(_ *Sim, v *service) { v.minimum, v.maximum = 75, 149 },
	},
	{
		Name:     "new-words",
		Story:    "ECS uses words for its states that nobody knows yet",
		breaker:  rolling,
		behavior: well,
		acts: []act{
			{after: 4 * time.Second, do: func(s *Sim) { s.web().primary().words = [2]string{"REFLECTING", "CONTEMPLATING"} }},
		},
	},
	{
		Name: "throttled", Story: "the deployment is healthy, but ECS throttles", breaker: rolling, behavior: well,
		faults: []fault{{first: 1, kind: throttle}, {first: 2, kind: throttle}, {first: 5, every: 4, kind: throttle}},
	},
	{
		Name: "flaky", Story: "the deployment is healthy, but answers get lost", breaker: rolling, behavior: well,
		faults: []fault{
			{operation: "UpdateService", first: 1, kind: lost},
			{operation: "RegisterTaskDefinition", first: 1, kind: broken},
			{first: 3, every: 7, kind: dropped}, {first: 5, every: 6, kind: broken},
		},
	},
	{Name: "denied", Story: "the role cannot update the service", breaker: rolling, behavior: well,
		faults: []fault{{operation: "UpdateService", kind: denied}}},
	{
		Name:     "oidc",
		Story:    "the job assumes a role with its identity token, and deploys",
		breaker:  rolling,
		behavior: well,
		With:     deployer,
		Env:      job,
	},
	{
		Name:     "oidc-refused",
		Story:    "the role trusts an environment, and the job names none",
		breaker:  rolling,
		behavior: well,
		trusts:   "repo:acme/shop:environment:production",
		With:     deployer,
		Env:      job,
	},
	{
		Name:     "oidc-flaky",
		Story:    "GitHub and STS stumble before the role can be assumed",
		breaker:  rolling,
		behavior: well,
		With:     deployer,
		Env:      job,
		faults: []fault{
			{operation: "identity token", first: 1, kind: broken},
			{operation: "AssumeRoleWithWebIdentity", first: 1, kind: unreachable},
			{operation: "AssumeRoleWithWebIdentity", first: 2, kind: dropped},
		},
	},
	{
		Name: "credentials-expire",
		Story: "the credentials expire during the wait: those of a role are renewed, keys " +
			"are not",
		breaker: rolling,
		behavior: behavior{
			provision: 40 * time.Second,
			pull:      9 * time.Minute,
			activate:  20 * time.Second,
			healthy:   8 * time.Minute,
		},
		keysLast: 5 * time.Minute,
		With:     map[string]string{"role-to-assume": deployer["role-to-assume"], "role-duration-seconds": "900"},
		Env:      job,
	},
}

// canaryFirst are the services of three waves, of which api, in the second, fares so.
func canaryFirst(api behavior) []neighbor {
	return []neighbor{
		{name: "web", family: "web", cluster: "canary"}, {name: "api", behavior: api}, {name: "jobs", behavior: well},
	}
}

var inThreeWaves = map[string]string{"service": "canary/web\n---\nweb\napi\n---\njobs"}

// healthURL is one that is asked, with what is nobody's business.
const healthURL = "https://ci:s3cret-password@web.example.com/health?token=s3cret-token 200"

// inTwoRegions are both regions together.
var inTwoRegions = map[string]string{
	"aws-region": "eu-west-1, us-east-1", "image": "123456789012.dkr.ecr.{region}.amazonaws.com/web:v2",
}

func inVirginia(change func(Scenario) Scenario) map[string]func(Scenario) Scenario {
	return map[string]func(Scenario) Scenario{"us-east-1": change}
}
