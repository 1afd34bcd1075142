package diagnose

import (
	"regexp"
	"slices"
	"sync"

	"ecs-deploy/internal/rollout"
)

// Entry is one cause that is known: how AWS words it, what it means, and what to do.
type Entry struct {
	Name string
	Sign func() *regexp.Regexp
	// Exits are the exit codes of containers that mean the same; anyExit: all that no other entry has.
	Exits []int
	// Means is the likely cause, Next the next step; each a sentence.
	Means, Next string
	// Passing causes go away by themselves: they never end a wait early. Want of Room does where instances are added.
	Passing, Room bool
	// Example is the wording of AWS, Source where it was found.
	Example, Source string
}

const (
	guide    = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/"
	events   = guide + "service-event-messages-list.html"
	stopped  = guide + "stopped-task-error-codes.html"
	pullDocs = guide + "task_cannot_pull_image.html"
	initDocs = guide + "resource-initialization-error.html"
	seen     = "recorded output of the real service"
)

// sign is compiled when it is first looked for: where nothing fails, none is.
func sign(pattern string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?i)` + pattern) })
}

// Knowledge is searched from the top: the first entry whose sign is in the text counts, so that the
// more particular ones come first.
var Knowledge = slices.Concat(byCode, byHost, []Entry{
	{
		Name:  "wrong architecture",
		Sign:  sign(`descriptor matching platform|exec format error`),
		Means: "The image is not built for the architecture that the tasks run on.",
		Next: "Build the image for the cpuArchitecture of runtimePlatform, or for both (docker buildx build " +
			"--platform linux/amd64,linux/arm64).",
		Example: "CannotPullContainerError: image Manifest does not contain descriptor matching platform 'linux/amd64'",
		Source:  seen,
	},
	{
		Name: "rate-limited pull", Sign: sign(`toomanyrequests|429 Too Many Requests|pull rate limit`), Passing: true,
		Means:   "The registry limits how often this address may pull.",
		Next:    "Pull through Amazon ECR (a pull-through cache or a copy of the image), or give repositoryCredentials.",
		Example: "CannotPullContainerError: toomanyrequests: You have reached your pull rate limit.", Source: pullDocs,
	},
	{
		Name:  "no permission to pull",
		Sign:  sign(`CannotPull.*(403 Forbidden|pull access denied|insufficient_scope|not authorized)`),
		Means: "The execution role may not pull this image, or the repository does not exist.",
		Next: "Allow the execution role ecr:BatchGetImage, ecr:GetDownloadUrlForLayer and ecr:GetAuthorizationToken, " +
			"and check the policy and the name of the repository.",
		Example: "CannotPullContainerError: pull access denied, repository does not exist or may require authorization: " +
			"server message: insufficient_scope: authorization failed",
		Source: seen,
	},
	{
		Name: "image not found", Sign: sign(`CannotPull.*(not found|manifest unknown)`),
		Means: "The registry has no image with this tag or digest.",
		Next: "Check that it was pushed to this repository, in this region, before the deployment, and that no " +
			"lifecycle policy has removed it.",
		Example: "CannotPullContainerError: pull image manifest has been retried 7 time(s): failed to resolve ref " +
			"example.com/web:v2: example.com/web:v2: not found", Source: seen,
	},
	{
		Name: "no route to the registry",
		Sign: sign(
			`CannotPull.*(i/o timeout|context deadline exceeded|request canceled|Client\.Timeout|connection refused)`,
		),
		Means: "The tasks cannot reach the registry from their subnets.",
		Next: "Give the subnets a NAT gateway, or assignPublicIp in public ones, or VPC endpoints for ecr.api, " +
			"ecr.dkr and S3; and let the security groups out on port 443.",
		Example: "CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to resolve ref " +
			"registry-1.docker.io/library/nginx:1: dial tcp 54.198.86.24:443: i/o timeout",
		Source: pullDocs,
	},
	{
		Name:  "secret or parameter denied",
		Sign:  sign(`unable to (pull|retrieve) secret.*(AccessDenied|not authorized|KMS is not allowed)`),
		Means: "The execution role may not read a secret or parameter that the task definition names.",
		Next: "Allow the execution role secretsmanager:GetSecretValue or ssm:GetParameters on it, and kms:Decrypt on " +
			"its key.",
		Example: "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval " +
			"failed: unable to retrieve secret from asm: service call has been retried 1 time(s): failed to fetch secret " +
			"arn:aws:secretsmanager:eu-central-1:123456789012:secret:directus-EaPYTy from secrets manager: " +
			"AccessDeniedException: Access to KMS is not allowed status code: 400",
		Source: "https://github.com/GiamPy5/terraform-aws-directus/issues/10",
	},
	{
		Name:  "secret or parameter missing",
		Sign:  sign(`can.t retrieve the secret|ParameterNotFound|invalid ssm parameters|can.t find the specified secret`),
		Means: "A secret or parameter that the task definition names does not exist in this region.",
		Next:  "Create it, or correct its valueFrom in the task definition.",
		Example: "ResourceInitializationError: unable to pull secrets or registry auth: The task can't retrieve the " +
			"secret with ARN 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:db' from Secrets Manager. Check whether " +
			"the secret exists in the specified Region.",
		Source: initDocs,
	},
	{
		Name: "no route to AWS",
		Sign: sign(
			`ResourceInitializationError.*(connection issue|i/o timeout|send request failed|` +
				`context deadline exceeded|request canceled)`,
		),
		Means: "The tasks cannot reach Amazon ECR, Secrets Manager or Systems Manager from their subnets.",
		Next: "Give the subnets a NAT gateway, or assignPublicIp in public ones, or VPC endpoints for those services; " +
			"and let the security groups out on port 443.",
		Example: "ResourceInitializationError: unable to pull secrets or registry auth: The task cannot pull registry " +
			"auth from Amazon ECR: There is a connection issue between the task and Amazon ECR. Check your task network " +
			"configuration.",
		Source: seen,
	},
	{
		Name:  "log group missing",
		Sign:  sign(`log group does not exist|failed to create Cloudwatch log|failed to initialize logging driver`),
		Means: "The log group of a container does not exist, or may not be written to.",
		Next: `Create it, or set awslogs-create-group to "true" and allow the execution role ` +
			`logs:CreateLogGroup, logs:CreateLogStream and logs:PutLogEvents.`,
		Example: "CannotStartContainerError: Error response from daemon: failed to initialize logging driver: failed to " +
			"create Cloudwatch log stream: ResourceNotFoundException: The specified log group does not exist.",
		Source: "https://github.com/cn-terraform/terraform-aws-nexus/issues/35",
	},
	{
		Name: "EFS mount failed", Sign: sign(`EFS utils|mount\.nfs4`),
		Means: "An EFS volume could not be mounted.",
		Next: "Check the id of the file system, that it has a mount target in each availability zone of the subnets, " +
			"that the security groups allow port 2049, and that the directory exists.",
		Example: "ResourceInitializationError: failed to invoke EFS utils commands to set up EFS volumes: stderr: " +
			"mount.nfs4: Connection reset by peer : unsuccessful EFS utils command execution; code: 32",
		Source: "https://github.com/docker-archive/compose-cli/issues/1490",
	},
	{
		Name:  "command not found",
		Sign:  sign(`executable file not found|no such file or directory`),
		Exits: []int{126, 127},
		Means: "The command or entry point is not in the image, or cannot be executed.",
		Next: `Check command and entryPoint: each word is an element of its own (["node", "app.js"], not ` +
			`["node app.js"]), and the file is executable.`,
		Example: `CannotStartContainerError: ResourceInitializationError: failed to create new container runtime ` +
			`task: failed to create shim: OCI runtime create failed: container_linux.go:380: ` +
			`starting container process caused: exec: "-url": executable file not found in`,
		Source: "https://github.com/jenkinsci/amazon-ecs-plugin/issues/258",
	},
	{
		Name: "out of memory", Sign: sign(`OutOfMemoryError`), Exits: []int{137},
		Means: "The container was killed, most likely since it took more memory than it may (137 is SIGKILL).",
		Next: "Give the container more memory, or find out what takes it. If it was told to stop, it did not within " +
			"stopTimeout.",
		Example: "OutOfMemoryError: Container killed due to memory usage", Source: seen,
	},
	{
		Name: "segmentation fault", Exits: []int{139},
		Means: "The program in the container crashed (139 is SIGSEGV).",
		Next: "Try the image with the same command; a native library for another architecture or libc is the usual " +
			"suspect.",
		Source: "the signal's number plus 128: signal(7)",
	},
	{
		Name: "told to stop", Exits: []int{143},
		Means: "The container was told to stop and did (143 is SIGTERM).",
		Next: "Look at why: another essential container that exited first, a health check, or somebody who stopped the " +
			"task.",
		Source: "the signal's number plus 128: signal(7)",
	},
	{
		Name: "container exits", Sign: sign(`Essential container in task exited`), Exits: []int{anyExit},
		Means:   "The program in the container ended by itself.",
		Next:    "Read the last lines of its log, and try the image with the same command, environment and secrets.",
		Example: "Essential container in task exited", Source: seen,
	},
	{
		Name: "container health check failed", Sign: sign(`failed container health checks`),
		Means: "The healthCheck of the container did not pass in time.",
		Next: "Run its command in the container, check that the image has what it calls (curl, for one), and give it " +
			"a longer startPeriod.",
		Example: "Task failed container health checks", Source: seen,
	},
	{
		Name: "load balancer's health check timed out", Sign: sign(`Request timed out`),
		Means: "The load balancer gets no answer from the container.",
		Next: "Check that the security group of the tasks lets the load balancer in on the container's port, and that " +
			"the container listens on 0.0.0.0.",
		Example: "(service web) (instance i-016b0a460d9974567) (port 1047) is unhealthy in (target-group web) due to " +
			"(reason Request timed out)",
		Source: "https://github.com/aws/amazon-ecs-agent/issues/1872",
	},
	{
		Name:  "load balancer's health check failed",
		Sign:  sign(`failed ELB health checks|Health checks failed|UnhealthyThreshold`),
		Means: "The load balancer finds the tasks unhealthy.",
		Next: "Check that the container listens on the port of the target group, that the path of its health check " +
			"answers with an expected code, and that healthCheckGracePeriodSeconds is long enough.",
		Example: "(service web) (task 64a0) (port 8080) is unhealthy in (target-group " +
			"arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/web/6d0ecf831eec9f09) due to (reason Health " +
			"checks failed with these codes: [404]).",
		Source: seen,
	},
	{
		Name:  "target group missing",
		Sign:  sign(`TARGET GROUP IS NOT FOUND|failed to (describe target health|register targets)`),
		Means: "ECS cannot use the target group of the service.",
		Next: "Check that the target group exists, has the target type of the network mode (ip for awsvpc), and " +
			"belongs to a listener.",
		Example: "(service web) task set (ecs-svc/1) (task 1) is not healthy in target-group (arn) due to TARGET GROUP " +
			"IS NOT FOUND.",
		Source: events,
	},
	{
		Name: "Cloud Map", Sign: sign(`Cloud Map|Route 53|service discovery`),
		Means:   "The tasks could not be registered with service discovery, or were found unhealthy there.",
		Next:    "Check the Cloud Map service of serviceRegistries, and its health check.",
		Example: "(service web) failed to register instances in AWS Cloud Map.", Source: "unverified",
	},
	{
		Name:  "port in use",
		Sign:  sign(`already using a port|port is already allocated|address already in use|RESOURCE:PORTS`),
		Room:  true,
		Means: "The host port is taken on every container instance.",
		Next: "Use a dynamic host port (hostPort 0), or have one instance more than tasks, or a " +
			"minimum-healthy-percent that lets an old task go first.",
		Example: "(service web) was unable to place a task because no container instance met all of its requirements. " +
			"The closest matching container-instance 5f1c7a9be0d24c11 is already using a port required by your task.",
		Source: events,
	},
	{
		Name: "not enough CPU", Sign: sign(`insufficient CPU|RESOURCE:CPU`), Room: true,
		Means: "No container instance has enough CPU left for a task.",
		Next:  "Add instances, or let the task ask for less cpu.",
		Example: "(service web) was unable to place a task because no container instance met all of its requirements. " +
			"The closest matching container-instance 5f1c7a9be0d24c11 has insufficient CPU units available.", Source: events,
	},
	{
		Name: "not enough memory", Sign: sign(`insufficient memory|RESOURCE:MEMORY`), Room: true,
		Means: "No container instance has enough memory left for a task.",
		Next:  "Add instances, or let the task ask for less memory.",
		Example: "(service web) was unable to place a task because no container instance met all of its requirements. " +
			"The closest matching container-instance 5f1c7a9be0d24c11 has insufficient memory available.", Source: events,
	},
	{
		Name:  "agent disconnected",
		Sign:  sign(`error "?AGENT|^AGENT`),
		Means: "The agent of the container instances is not connected.",
		Next:  "Look at the ECS agent on the instances, and at their way to the ECS endpoints.",
		Example: `(service web) was unable to place a task because no container instance met all of its ` +
			`requirements. The closest matching container-instance 5f1c7a9be0d24c11 encountered error "AGENT".`,
		Source: events,
	},
	{
		Name:  "no container instances",
		Sign:  sign(`No Container Instances were found|NO ACTIVE INSTANCES|EMPTY CAPACITY PROVIDER`),
		Room:  true,
		Means: "There is no container instance to run tasks on.",
		Next:  "Look at the auto scaling group of the capacity provider, and whether its instances join the cluster.",
		Example: "(service web) was unable to reach steady state. Reason: No Container Instances were found in your " +
			"capacity provider.",
		Source: events,
	},
	{
		Name: "no capacity", Passing: true,
		Sign: sign(
			`Capacity is unavailable|provisioning capacity limit|UnfulfillableCapacity|InsufficientInstanceCapacity`,
		),
		Means: "AWS has no capacity for the tasks at this moment.",
		Next:  "Try again later, or spread the service over more subnets and capacity providers.",
		Example: "(service web) was unable to place a task. Reason: Capacity is unavailable at this time. Please try " +
			"again later or in a different availability zone", Source: events,
	},
	{
		Name: "quota reached", Passing: true,
		Sign: sign(`reached the limit on the number of|is above your limit|MaxSpotInstanceCountExceeded|` +
			`(Vcpu|Instance)LimitExceeded`),
		Means: "A quota of the account for tasks or vCPUs is used up.",
		Next:  "Ask for a higher quota in Service Quotas, or stop what is not needed.",
		Example: "(service web) was unable to place a task. Reason: You've reached the limit on the number of tasks you " +
			"can run concurrently", Source: events,
	},
	{
		Name: "minimum and maximum block each other", Sign: sign(`service deployment configuration`),
		Means: "No old task may stop before a new one runs, and no new one may start before an old one stops.",
		Next:  "Raise maximum-percent or lower minimum-healthy-percent.",
		Example: "(service web) was unable to stop or start tasks during a deployment because of the service deployment " +
			"configuration. Update the minimumHealthyPercent or maximumPercent value and try again.", Source: events,
	},
	{
		Name: "role cannot be assumed", Sign: sign(`unable to assume|IAM permissions policies have been misconfigured`),
		Means: "ECS cannot assume the task role or the execution role.",
		Next:  "Check that both roles exist and trust ecs-tasks.amazonaws.com.",
		Example: "ECS was unable to assume the role 'arn:aws:iam::123456789012:role/web-task' that was provided for this " +
			"task. Please verify that the role being passed has the proper trust relationship and permissions and that your " +
			"IAM user has permissions to pass this role.", Source: "unverified",
	},
	{
		Name: "network interface", Sign: sign(`Network Interface`),
		Means: "The network interface of a task could not be created.",
		Next:  "Check that the subnets have free addresses, and that subnets and security groups belong to one VPC.",
		Example: "Unexpected EC2 error while attempting to Create Network Interface in subnet 'subnet-0a1b': " +
			"InsufficientFreeAddressesInSubnet", Source: stopped,
	},
	{
		Name:  "platform",
		Sign:  sign(`PlatformTaskDefinitionIncompatibility|requested capabilities are not supported|PlatformUnknown`),
		Means: "The platform version does not support what the task definition asks for.",
		Next:  "Set the platform version of the service to LATEST, and check its operating system and architecture.",
		Example: "PlatformTaskDefinitionIncompatibilityException: One or more of the requested capabilities are not " +
			"supported.",
		Source: "unverified",
	},
	{
		Name: "hook failed", Sign: sign(`lifecycle hook`),
		Means: "A lifecycle hook refused the deployment, or did not answer as it should.",
		Next:  "Look at the log of the hook's Lambda function: it must return hookStatus SUCCEEDED, FAILED or IN_PROGRESS.",
		Example: "Service deployment rolled back because POST_TEST_TRAFFIC_SHIFT lifecycle hook(s) failed. Lifecycle " +
			"hook target arn:aws:lambda:eu-west-1:123456789012:function:check returned FAILED status.",
		Source: guide + "troubleshooting-blue-green.html",
	},
	{
		Name: "alarm", Sign: sign(`ALARM_ACTIVE|alarm detected|an alarm was triggered|alarms have been activated`),
		Means:   "A CloudWatch alarm of the service went off.",
		Next:    "Look at the alarm and its metric over the time of the deployment.",
		Example: "ECS deployment failed: alarm detected.", Source: "unverified",
	},
	{
		Name: "spot capacity taken back", Sign: sign(`Your Spot Task was interrupted|SpotInterruption`), Passing: true,
		Means:   "AWS took the Spot capacity back.",
		Next:    "Give the capacity provider strategy a base of FARGATE beside FARGATE_SPOT.",
		Example: "Your Spot Task was interrupted.", Source: "unverified",
	},
	{
		Name: "tasks keep failing", Sign: sign(`unable to consistently start tasks`),
		Means:   "ECS waits longer and longer before it starts another task, since they keep failing.",
		Next:    "Look at the stopped tasks of the service.",
		Example: "(service web) is unable to consistently start tasks successfully.", Source: events,
	},
	{
		Name: "throttled", Sign: sign(`being throttled|Rate exceeded`), Passing: true,
		Means:   "ECS is throttled by another AWS service, and tries again.",
		Next:    "Wait, or deploy fewer services at once.",
		Example: "(service web) operations are being throttled. Will try again later.", Source: events,
	},
})

// anyExit stands for all exit codes that no other entry has.
const anyExit = -1

// Lookup is the entry for a text of AWS's.
func Lookup(text string) (Entry, bool) {
	for _, entry := range Knowledge {
		if entry.Sign != nil && entry.Sign().MatchString(text) {
			return entry, true
		}
	}
	return Entry{}, false
}

// LookupCause is the entry for why a task failed: by the words of AWS or, where they are not known, by the exit code.
func LookupCause(cause rollout.Cause) (Entry, bool) {
	if entry, found := Lookup(cause.Said); found && cause.Said != "" {
		return entry, true
	}
	if !cause.Exited {
		return Lookup(string(cause.StopCode))
	}
	for _, code := range []int{cause.ExitCode, anyExit} {
		for _, entry := range Knowledge {
			if slices.Contains(entry.Exits, code) {
				return entry, true
			}
		}
	}
	return Entry{}, false
}
