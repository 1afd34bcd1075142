package diagnose

import "ecs-deploy/internal/rollout"

const elbHealth = "https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetHealth.html"

// byHealth are causes for which a task is not healthy.
var byHealth = []Entry{
	{
		ID:    "proxy-unhealthy",
		Signs: signs(all(`service connect proxy`)),
		Means: "The Service Connect proxy of the task is not healthy.",
		Next: "Read the log of the proxy (logConfiguration of serviceConnectConfiguration), and give the task more CPU " +
			"and memory for it.",
		Example: "The Service Connect proxy failed its health checks",
		Source:  "unverified",
	},
	{
		ID:    "container-unhealthy",
		Signs: signs(all(`failed container health checks`)),
		Means: "The healthCheck of the container did not pass in time.",
		Next: "Run its command in the container, check that the image has what it calls (such as curl), and give it a " +
			"longer startPeriod.",
		Example: "Task failed container health checks",
		Source:  seen,
	},
	{
		ID: "target-group-missing",
		Signs: signs(
			all(`TARGET GROUP IS NOT FOUND|TargetGroupNotFound`),
			all(`target group`, `does not exist|not found`),
		),
		Means: "The target group of the service does not exist.",
		Next:  "Check that the target group of the service exists, and belongs to a listener.",
		Example: "(service web) task set (ecs-svc/1) (task 1) is not healthy in target-group (arn) due to TARGET GROUP IS " +
			"NOT FOUND.",
		Source: events,
	},
	{
		ID: "zone-not-enabled",
		Signs: signs(
			all(
				`Availability Zone (that is not enabled|for which LoadBalancer is not configured)|` +
					`Disable Availability Zone`,
			),
		),
		Means:   "The task runs in an availability zone that is not enabled for the load balancer.",
		Next:    "Enable the zone for the load balancer, or remove its subnet from the service.",
		Example: "unused, Target.NotInUse, Target is in an Availability Zone that is not enabled for the load balancer",
		Source:  elbHealth,
	},
	{
		ID: "target-group-unused",
		Signs: signs(all(`Target\.NotInUse|not configured to receive traffic|not have an associated load balancer|` +
			`TARGET_GROUP_NOT_IN_USE`)),
		Means:   "The target group gets no traffic: no listener forwards to it.",
		Next:    "Add the target group to a listener or rule of the load balancer.",
		Example: "unused, Target.NotInUse, Target group is not configured to receive traffic from the load balancer",
		Source:  elbHealth,
	},
	{
		ID:    rollout.UnknownCause,
		Signs: signs(all(`Target\.NotRegistered`)),
		Means: "ECS has not registered the tasks with the target group, or not yet.",
		Next: "Look at the events of the service for what keeps ECS from it, and at the quota of targets of the load " +
			"balancer.",
		Example: "unused, Target.NotRegistered, Target is not registered to the target group",
		Source:  elbHealth,
	},
	{
		ID:      rollout.UnknownCause,
		Signs:   signs(all(`Target\.IpUnusable`)),
		Means:   "The address of the task cannot be a target: a load balancer uses it.",
		Next:    "Give the tasks subnets of their own, or let ECS start another task.",
		Example: "unused, Target.IpUnusable, The target IP address is reserved for use by a Application Load Balancer",
		Source:  elbHealth,
	},
	{
		ID:      "health-unchecked",
		Signs:   signs(all(`Target\.HealthCheckDisabled|Health checks are disabled`)),
		Means:   "The health of the target is not checked.",
		Next:    "Turn the health check of the target group on.",
		Example: "unavailable, Target.HealthCheckDisabled, Health checks are disabled for this target",
		Source:  elbHealth,
	},
	{
		ID: "health-pending",
		Signs: signs(all(`Elb\.InitialHealthChecking|Elb\.RegistrationInProgress|registration is still in progress|` +
			`not passed the configured HealthyThreshold`)),
		Means:   "The load balancer has not finished its first health checks.",
		Next:    "Wait. If it takes too long, lower the interval and the healthy threshold of the health check.",
		Example: "initial, Elb.InitialHealthChecking, Initial health checks in progress",
		Source:  elbHealth,
	},
	{
		ID:      "drains-slowly",
		Signs:   signs(all(`Target\.DeregistrationInProgress`)),
		Means:   "The load balancer is draining the tasks that were told to stop.",
		Next:    "Wait. To make it faster, lower the deregistration delay of the target group.",
		Example: "draining, Target.DeregistrationInProgress, Target deregistration is in progress",
		Source:  elbHealth,
	},
	{
		ID: "target-timeout",
		Signs: signs(
			all(
				`Target\.Timeout|Request timed out|Connection to target timed out|` +
					`Health checks? .*timed out`,
			),
		),
		Means: "The load balancer gets no answer from the container.",
		Next: "Check that the tasks' security group allows the load balancer on the container's port, and that the " +
			"container listens on 0.0.0.0.",
		Example: "(service web) (instance i-016b0a460d9974567) (port 1047) is unhealthy in (target-group web) due to " +
			"(reason Request timed out)",
		Source: "https://github.com/aws/amazon-ecs-agent/issues/1872",
	},
	{
		ID: "internal-error",
		Signs: signs(
			all(
				`Elb\.InternalError|error Internal failure|Reason: Internal error|InternalError\b|ServerException|^INTERNAL_ERROR`,
			),
		),
		Passing: true,
		Means:   "AWS had an internal error.",
		Next:    "Try again. If it happens again, check the health of AWS in this region.",
		Example: "(service web) was unable to place a task. Reason: Internal error.",
		Source:  events,
	},
	{
		ID: "target-unhealthy",
		Signs: signs(
			all(
				`failed ELB health checks|Health checks failed|ResponseCodeMismatch|` +
					`FailedHealthChecks|UnhealthyThreshold`,
			),
		),
		Means: "The load balancer finds the tasks unhealthy.",
		Next: "Check that the container listens on the port of the target group, that the path of its health check " +
			"answers with an expected code, and that healthCheckGracePeriodSeconds is long enough.",
		Example: "(service web) (task 64a0) (port 8080) is unhealthy in (target-group " +
			"arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/web/6d0ecf831eec9f09) due to (reason Health " +
			"checks failed with these codes: [404]).",
		Source: seen,
	},
}
