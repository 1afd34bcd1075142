package diagnose

const codeDeployErrors = "https://docs.aws.amazon.com/codedeploy/latest/userguide/error-codes.html"

// byCode are causes that CodeDeploy has error codes for.
var byCode = []Entry{
	{
		Name: "CodeDeploy: hook failed", Sign: sign(`HOOK_EXECUTION_FAILURE|lifecycle event hook`),
		Means: "A Lambda function of the AppSpec's Hooks refused the deployment, or did not answer within an hour.",
		Next: "Look at the log of the function: it must call PutLifecycleEventHookExecutionStatus with Succeeded, and " +
			"its role must allow that.",
		Example: "HOOK_EXECUTION_FAILURE: The deployment failed because the lifecycle event hook AfterAllowTestTraffic " +
			"returned Failed.", Source: "unverified",
	},
	{
		Name: "CodeDeploy: stopped by somebody", Sign: sign(`MANUAL_STOP`),
		Means:   "Somebody stopped the deployment in CodeDeploy.",
		Next:    "Look in CloudTrail who called StopDeployment, and deploy again if it was a mistake.",
		Example: "MANUAL_STOP: The deployment was stopped by a user.", Source: "unverified",
	},
	{
		Name: "CodeDeploy: role", Sign: sign(`IAM_ROLE_MISSING|IAM_ROLE_PERMISSIONS`),
		Means: "The service role of the deployment group cannot be assumed, or may not do what the deployment needs.",
		Next: "Give the role the policy AWSCodeDeployRoleForECS, iam:PassRole on the roles of the task definition, " +
			"and a trust policy with codedeploy.amazonaws.com.",
		Example: "IAM_ROLE_PERMISSIONS: The service role does not have the correct permissions.", Source: codeDeployErrors,
	},
	{
		Name: "CodeDeploy: AppSpec", Sign: sign(`INVALID_REVISION|INVALID_ECS_SERVICE|ECS_UPDATE_ERROR`),
		Means:   "ECS or CodeDeploy cannot deploy what the AppSpec says.",
		Next:    "Check its container name and port, network and platform against the task definition and the service.",
		Example: "ECS_UPDATE_ERROR: The ECS service cannot be updated.", Source: "unverified",
	},
	{
		Name: "CodeDeploy: time-out", Sign: sign(`^TIMEOUT(:|$)`),
		Means: "A step of the deployment took longer than CodeDeploy waits: the new tasks to become healthy, a hook to " +
			"answer, or somebody to let the traffic move.",
		Next:    "Look at the lifecycle event that failed, and at the events of the service.",
		Example: "TIMEOUT: The deployment has timed out.", Source: codeDeployErrors,
	},
}
