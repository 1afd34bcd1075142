package diagnose

// byRollout are causes that are of the deployment as a whole.
var byRollout = []Entry{
	{
		ID:    "gateway-route",
		Signs: signs(all(`^(CREATE|UPDATE)_FAILED$`)),
		Means: "ECS could not set up the listener rule, certificate or security group rule of the route.",
		Next: "Check the permissions of the gateway's infrastructure role, and its status and failures with " +
			"DescribeGateway. Then deploy again.",
		Example: "CREATE_FAILED",
		Source:  guide + "gateway-troubleshooting.html",
	},
	{
		ID:    "deadlock",
		Signs: signs(all(`service deployment configuration`)),
		Means: "No old task can stop before a new one runs, and no new task can start before an old one stops.",
		Next:  "Raise maximum-percent or lower minimum-healthy-percent.",
		Example: "(service web) was unable to stop or start tasks during a deployment because of the service deployment " +
			"configuration. Update the minimumHealthyPercent or maximumPercent value and try again.",
		Source: events,
	},
	{
		ID:      "task-protection",
		Signs:   signs(all(`under protection|protected tasks|task protection`)),
		Means:   "Old tasks are protected and cannot be stopped yet.",
		Next:    "Wait until the protection expires, or remove it with UpdateTaskProtection.",
		Example: "(service web, taskSet ecs-svc/1) was unable to scale in due to (reason 1 tasks under protection)",
		Source:  events,
	},
	{
		ID:    "listener-rule",
		Signs: signs(all(`listener ?rule|networking configuration|target group pair|RuleNotFound`)),
		Means: "The listener rules and target groups of the service do not match.",
		Next:  "Add each target group of the service to the production or test listener rule that the service names.",
		Example: "Service deployment rolled back because of invalid networking configuration: Target group " +
			"arn:aws:elasticloadbalancing:us-west-2:123456789012:targetgroup/alt/abc is not associated with either " +
			"productionListenerRule or testListenerRule.",
		Source: guide + "troubleshooting-blue-green.html",
	},
	{
		ID:    "hook-failed",
		Signs: signs(all(`lifecycle hook`, `returned FAILED status`)),
		Means: "The hook's Lambda function rejected the deployment.",
		Next:  "Read the log of the function for what its test found.",
		Example: "Service deployment rolled back because POST_TEST_TRAFFIC_SHIFT lifecycle hook(s) failed. Lifecycle hook " +
			"target arn:aws:lambda:eu-west-1:123456789012:function:check returned FAILED status.",
		Source: guide + "troubleshooting-blue-green.html",
	},
	{
		ID:    "hook-failed",
		Signs: signs(all(`lifecycle hook|hook execution|pause hook`)),
		Means: "A lifecycle hook rejected the deployment, or gave no valid answer.",
		Next: "Read the log of the hook's Lambda function for what its test found. If it found nothing, check that it " +
			"returns hookStatus SUCCEEDED, FAILED or IN_PROGRESS.",
		Example: "Service deployment rolled back because TEST_TRAFFIC_SHIFT lifecycle hook(s) failed. ECS was unable to " +
			"parse the response from arn:aws:lambda:us-west-2:111122223333:function:myHook due to HookStatus must not be null",
		Source: guide + "troubleshooting-blue-green.html",
	},
	{
		ID: "alarm",
		Signs: signs(
			all(
				`ALARM_ACTIVE|alarm detected|\balarms?\b.*(ALARM state|state ALARM|triggered)|` +
					`an alarm was triggered|alarms have been activated|` +
					`active alarms`,
			),
		),
		Means:   "This alarm is watched during a deployment.",
		Next:    "Check the alarm's metric in CloudWatch around the time of the deployment.",
		Example: "ECS deployment failed: alarm detected.",
		Source:  "unverified",
	},
	{
		ID:      "no-rollback-candidate",
		Signs:   signs(all(`No rollback candidate`)),
		Means:   "There is no completed deployment to roll back to.",
		Next:    "Deploy a revision that works, with task-definition: family:revision.",
		Example: "No rollback candidate was found to run the rollback.",
		Source:  "https://github.com/hashicorp/terraform-provider-aws",
	},
	{
		ID:      "rolled-back-by-user",
		Signs:   signs(all(`rolled back (by|because of a) user`)),
		Means:   "Someone called StopServiceDeployment, or rolled back in the console.",
		Next:    "CloudTrail shows who it was. If it was a mistake, deploy again.",
		Example: "Service deployment rolled back by user.",
		Source:  guide + "service-deployment.html",
	},
	{
		ID: "keeps-failing",
		Signs: signs(
			all(
				`unable to consistently start tasks|circuit breaker|deployment failed: tasks? failed|` +
					`replacement task set to become healthy`,
			),
		),
		Means:   "Tasks keep failing, and ECS starts them less and less often, or gives up.",
		Next:    "Check the stopped tasks in the console.",
		Example: "(service web) is unable to consistently start tasks successfully.",
		Source:  events,
	},
}
