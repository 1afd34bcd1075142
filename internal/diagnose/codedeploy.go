package diagnose

const codeDeployErrors = "https://docs.aws.amazon.com/codedeploy/latest/userguide/error-codes.html"

// byCode are causes that CodeDeploy tells.
var byCode = []Entry{
	{
		ID: "hook-failed",
		Signs: signs(
			all(`HOOK_EXECUTION_FAILURE|lifecycle event (hook|validation)|status callback`),
		),
		Means: "Its Lambda function rejected the deployment, or did not answer within an hour.",
		Next: "Read the log of the function for what its test found. If it found nothing, check that it calls " +
			"PutLifecycleEventHookExecutionStatus with Succeeded.",
		Example: "HOOK_EXECUTION_FAILURE: The deployment failed because the lifecycle event hook AfterAllowTestTraffic " +
			"returned Failed.",
		Source: "unverified",
	},
	{
		ID:      "rolled-back-by-user",
		Signs:   signs(all(`MANUAL_STOP`)),
		Means:   "Someone called StopDeployment, or stopped it in the console.",
		Next:    "CloudTrail shows who it was. If it was a mistake, deploy again.",
		Example: "MANUAL_STOP: The deployment was stopped by a user.",
		Source:  "unverified",
	},
	{
		ID: "listener-rule",
		Signs: signs(
			all(
				`ELASTIC_LOAD_BALANCING_INVALID|The ELB could not be updated|behind prod listener`,
			),
		),
		Means: "The listener rules and target groups of the deployment group do not match, or another tool changed them.",
		Next: "Point the production listener at one of the two target groups of the deployment group, as CodeDeploy left " +
			"it, and deploy again.",
		Example: "The ELB could not be updated due to the following error: Green taskset target group cannot have " +
			"non-zero weight prior to traffic shifting",
		Source: codeDeployErrors,
	},
	{
		ID: "infrastructure-role",
		Signs: signs(
			all(
				`IAM_ROLE_MISSING|IAM_ROLE_PERMISSIONS|IAM role @arn-iam does not give you permission`,
			),
		),
		Means: "The service role of the deployment group cannot be assumed, or lacks permissions.",
		Next: "Give the role the policy AWSCodeDeployRoleForECS, iam:PassRole on the roles of the task definition, and a " +
			"trust policy with codedeploy.amazonaws.com.",
		Example: "IAM_ROLE_PERMISSIONS: The service role does not have the correct permissions.",
		Source:  codeDeployErrors,
	},
	{
		ID:      "appspec",
		Signs:   signs(all(`INVALID_REVISION|INVALID_ECS_SERVICE|AppSpec file|BundleType`)),
		Means:   "ECS or CodeDeploy cannot deploy what the AppSpec says.",
		Next:    "Check its container name and port, network and platform against the task definition and the service.",
		Example: "INVALID_ECS_SERVICE: The ECS service is not valid.",
		Source:  "unverified",
	},
	{
		ID:    "deployment-timeout",
		Signs: signs(all(`^TIMEOUT(:|$)`)),
		Means: "A step of the deployment took longer than CodeDeploy waits: the new tasks to become healthy, a hook to " +
			"answer, or approval to shift the traffic.",
		Next:    "Check the lifecycle event that failed, and the events of the service.",
		Example: "TIMEOUT: The deployment has timed out.",
		Source:  codeDeployErrors,
	},
}
