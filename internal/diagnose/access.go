package diagnose

// byAccess are causes for which a task cannot have, or cannot reach, what it needs: logs, files, secrets, roles.
var byAccess = []Entry{
	{
		ID: "log-region-wrong",
		Signs: signs(
			all(`@nowhere`),
			all(`logging driver`, `must specify a value for environment variable`),
			all(logging+`|logger args`, `invalid region|missing ?region|missing ?endpoint|unknown endpoint|`+
				`awslogs-region is required|region .*(not specified|required)|determine region`),
		),
		Means: "The log configuration of a container names no region, or one that does not exist.",
		Next:  "Correct awslogs-region in its logConfiguration.",
		Example: "failed to initialize logging driver: failed to create Cloudwatch log stream: RequestError: send failed " +
			"caused by: Post https://logs.undefined.amazonaws.com/: dial tcp: lookup logs.undefined.amazonaws.com: no such host",
		Source: "https://github.com/pulumi/pulumi-awsx/issues/1279",
	},
	{
		ID:    "name-not-resolved",
		Signs: signs(all(logging, lookup)),
		Means: "The name of CloudWatch Logs cannot be resolved in the VPC.",
		Next:  "Turn on DNS resolution and DNS hostnames for the VPC, and check its resolver, private zones and endpoints.",
		Example: "failed to initialize logging driver: failed to create Cloudwatch log stream: RequestError: send failed " +
			"caused by: Post https://logs.eu-west-1.amazonaws.com/: dial tcp: lookup logs.eu-west-1.amazonaws.com: no such host",
		Source: "https://github.com/aws/amazon-ecs-agent/issues/967",
	},
	{
		ID: "logs-denied",
		Signs: signs(
			all(logging, denied+`|`+noCredentials),
			all(`logging driver|logger args`, noCredentials),
		),
		Means: "The execution role is not allowed to write to CloudWatch Logs.",
		Next: "Allow the execution role logs:CreateLogStream and logs:PutLogEvents, and logs:CreateLogGroup with " +
			"awslogs-create-group.",
		Tells: refusal,
		Example: "ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: " +
			"failed to create Cloudwatch log group: AccessDeniedException: User: x is not authorized to perform: " +
			"logs:CreateLogGroup",
		Source: initDocs,
	},
	{
		ID: "logs-unreachable",
		Signs: signs(
			all(logging+`|logger args`, unreachable+`|signal: killed`),
		),
		Means: "The tasks cannot reach CloudWatch Logs from their subnets.",
		Next:  "Give the subnets a NAT gateway, or a VPC endpoint for logs, and allow outbound port 443.",
		Tells: noWay,
		Example: "ResourceInitializationError: failed to validate logger args: The task cannot find the Amazon CloudWatch " +
			"log group defined in the task definition. There is a connection issue between the task and Amazon CloudWatch. " +
			"Check your network configuration. : signal: killed",
		Source: initDocs,
	},
	{
		ID:    "log-group-missing",
		Signs: signs(all(logging, missing)),
		Means: "The log group of a container does not exist.",
		Next: "Create it, or set awslogs-create-group to \"true\" and allow the execution role logs:CreateLogGroup, " +
			"logs:CreateLogStream and logs:PutLogEvents.",
		Example: "CannotStartContainerError: Error response from daemon: failed to initialize logging driver: failed to " +
			"create Cloudwatch log stream: ResourceNotFoundException: The specified log group does not exist.",
		Source: "https://github.com/cn-terraform/terraform-aws-nexus/issues/35",
	},
	{
		ID: "env-file-denied",
		Signs: signs(
			all(
				`env(ironment)? files?|HeadObject`,
				denied+`|`+missing,
			),
		),
		Means: "The execution role is not allowed to read the environment file in S3, or the file does not exist.",
		Next: "Check bucket and key, and allow the execution role s3:GetObject on the file and s3:GetBucketLocation on " +
			"the bucket.",
		Tells: refusal,
		Example: "ResourceInitializationError: failed to download env files: service call has been retried 1 time(s): " +
			"operation error S3: HeadObject, https response error StatusCode: 403, api error Forbidden: Forbidden.",
		Source: initDocs,
	},
	{
		ID: "s3-unreachable",
		Signs: signs(
			all(`env(ironment)? files?`, unreachable),
		),
		Means: "The environment file cannot be read from Amazon S3.",
		Next:  "Give the subnets a gateway endpoint for S3, or a NAT gateway.",
		Tells: noWay,
		Example: "ResourceInitializationError: failed to download env files: file download command: non empty error " +
			"stream: RequestCanceled: request context canceled caused by: context deadline exceeded",
		Source: initDocs,
	},
	{
		ID:    "secret-key-missing",
		Signs: signs(all(`json key`), all(`AuthorizationData is malformed, empty field`)),
		Means: "The secret has no such key.",
		Next:  "Correct the key at the end of valueFrom, or add it to the JSON of the secret.",
		Example: "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval " +
			"failed: unable to retrieve secret from asm: retrieved secret from Secrets Manager did not contain json key DB",
		Source: initDocs,
	},
	{
		ID: "secret-not-json",
		Signs: signs(
			all(`^(invalid character|json: |unexpected end of JSON)`),
			all(secrets, `looking for beginning of|invalid character|unmarshal|not valid json`),
		),
		Means: "valueFrom names a key of the secret, but the secret is not JSON.",
		Next:  "Leave the key out of valueFrom, or store JSON in the secret.",
		Example: "ResourceInitializationError: unable to pull secrets or registry auth: unable to retrieve secret from " +
			"asm: invalid character 'p' looking for beginning of value",
		Source: initDocs,
	},
	{
		ID: "secret-denied",
		Signs: signs(
			all(secrets, denied+`|ciphertext refers`),
		),
		Means: "The execution role is not allowed to read a secret or parameter that the task definition names.",
		Next: "Allow the execution role secretsmanager:GetSecretValue or ssm:GetParameters on it, and kms:Decrypt on its " +
			"key.",
		Tells: refusal,
		Example: "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval " +
			"failed: unable to retrieve secret from asm: service call has been retried 1 time(s): failed to fetch secret " +
			"from secrets manager: AccessDeniedException: Access to KMS is not allowed status code: 400",
		Source: "https://github.com/GiamPy5/terraform-aws-directus/issues/10",
	},
	{
		ID: "aws-unreachable",
		Signs: signs(
			all(
				`secret|registry auth|execution resource|@ecr|@ssm|@secretsmanager|parameter store`,
				unreachable,
			),
		),
		Means: "The tasks cannot reach Amazon ECR, Secrets Manager or Systems Manager from their subnets.",
		Next: "Give the subnets a NAT gateway, or assignPublicIp in public ones, or VPC endpoints for those services. " +
			"Allow outbound port 443 in the security groups.",
		Tells: noWay,
		Example: "ResourceInitializationError: unable to pull secrets or registry auth: The task cannot pull registry " +
			"auth from Amazon ECR: There is a connection issue between the task and Amazon ECR. Check your task network " +
			"configuration.",
		Source: seen,
	},
	{
		ID: "secret-not-found",
		Signs: signs(
			all(
				secrets,
				missing+`|can.t retrieve the secret|invalid (ssm )?parameters|marked for deletion|`+
					`marked deleted|scheduled for deletion|staging label`,
			),
		),
		Means: "A secret or parameter that the task definition names does not exist in this region.",
		Next:  "Create it, or correct its valueFrom in the task definition.",
		Example: "ResourceInitializationError: unable to pull secrets or registry auth: The task can't retrieve the " +
			"secret with ARN 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:db' from Secrets Manager. Check whether " +
			"the secret exists in the specified Region.",
		Source: initDocs,
	},
	{
		ID: "infrastructure-role",
		Signs: signs(
			all(`infrastructure role`),
			all(
				`elasticloadbalancing:\w+|ec2:\w+|RunInstances|register targets|target health|`+
					`deregister targets|launch instance|manage the ELB`,
				denied,
			),
			all(`IAM permissions policies have been misconfigured`),
			all(`unable to assume role and validate`),
			all(`PROVISIONING lifecycle`, denied),
		),
		Means: "The role with which ECS manages load balancers, volumes or instances cannot be assumed, or lacks " +
			"permissions.",
		Next: "Give that role the managed policy for what ECS manages with it, and a trust policy with ecs.amazonaws.com. " +
			"Find out in CloudTrail what was denied.",
		Tells: refusal,
		Example: "(service web) failed to register targets in (target-group web) with (error User: " +
			"arn:aws:sts::123456789012:assumed-role/elb/ecs-service-scheduler is not authorized to perform: " +
			"elasticloadbalancing:RegisterTargets on resource: x)",
		Source: events,
	},
	{
		ID: "hook-role",
		Signs: signs(
			all(
				`lifecycle hook|hook target`,
				`unable to assume|unable to invoke|InvokeFunction|not authorized`,
			),
		),
		Means: "The role that calls a lifecycle hook cannot be assumed, or is not allowed to call its function.",
		Next:  "Allow ecs.amazonaws.com to assume the hook's role, and the role lambda:InvokeFunction on the function.",
		Tells: refusal,
		Example: "Service deployment rolled back because TEST_TRAFFIC_SHIFT lifecycle hook(s) failed. ECS was unable to " +
			"assume role arn:aws:iam::123456789012:role/hook",
		Source: guide + "troubleshooting-blue-green.html",
	},
	{
		ID: "role-not-assumable",
		Signs: signs(
			all(
				`unable to assume|cannot assume|trust relationship has been misconfigured|` +
					`proper trust relationship`,
			),
		),
		Means: "ECS cannot assume the task role or the execution role.",
		Next:  "Check that both roles exist and trust ecs-tasks.amazonaws.com.",
		Tells: unassumed,
		Example: "ECS was unable to assume the role 'arn:aws:iam::123456789012:role/web-task' that was provided for this " +
			"task. Please verify that the role being passed has the proper trust relationship and permissions and that your " +
			"IAM user has permissions to pass this role.",
		Source: "unverified",
	},
}
