package diagnose

// byPlace are causes for which a task finds no place.
var byPlace = []Entry{
	{
		ID: "throttled",
		Signs: signs(
			all(
				`being throttled|Rate exceeded|Throttling|RequestLimitExceeded|^THROTTLED|` +
					`requests were made than are permitted`,
			),
		),
		Passing: true,
		Means:   "Another AWS service throttles ECS, which tries again.",
		Next:    "Wait, or deploy fewer services at the same time.",
		Example: "(service web) operations are being throttled. Will try again later.",
		Source:  events,
	},
	{
		ID: "discovery-failed",
		Signs: signs(
			all(
				`Cloud Map|Route 53|NamespaceNotFound|No service exists with the specified ID|` +
					`service discovery|servicediscovery`,
			),
		),
		Means:   "The tasks could not be registered with service discovery, or were found unhealthy there.",
		Next:    "Check the Cloud Map service of serviceRegistries, and its health check.",
		Example: "(service web) failed to register instances in AWS Cloud Map.",
		Source:  "unverified",
	},
	{
		ID: "quota",
		Signs: signs(
			all(
				`reached the limit on the number of|than your current vCPU limit|above your limit|MaxSpotInstanceCountExceeded|` +
					`(Vcpu|Instance)LimitExceeded|provisioning capacity limit|quota|LimitExceededException`,
			),
		),
		Passing: true,
		Means:   "The account's quota for tasks or vCPUs is used up.",
		Next:    "Request a higher quota in Service Quotas, or stop what you do not need.",
		Example: "(service web) was unable to place a task. Reason: You've reached the limit on the number of tasks you " +
			"can run concurrently",
		Source: events,
	},
	{
		ID: "no-capacity",
		Signs: signs(
			all(
				`Capacity is unavailable|UnfulfillableCapacity|InsufficientInstanceCapacity|` +
					`not enough capacity|RESOURCE:FARGATE|InsufficientHostCapacity`,
			),
		),
		Passing: true,
		Means:   "AWS has no capacity for the tasks at the moment.",
		Next:    "Try again later, or spread the service over more subnets and capacity providers.",
		Example: "(service web) was unable to place a task. Reason: Capacity is unavailable at this time. Please try " +
			"again later or in a different availability zone",
		Source: events,
	},
	{
		ID:      "no-gpu",
		Signs:   signs(all(`insufficient GPU|RESOURCE:GPU`)),
		Room:    true,
		Means:   "No container instance has a GPU left for a task.",
		Next:    "Add instances with GPUs, or let an old task stop first.",
		Example: "(service web) was unable to place a task. Reason: TaskFailedToStart: RESOURCE:GPU.",
		Source:  events,
	},
	{
		ID:    "no-cpu",
		Signs: signs(all(`insufficient CPU|RESOURCE:CPU`)),
		Room:  true,
		Means: "No container instance has enough CPU left for a task.",
		Next:  "Add instances, or lower the cpu of the task.",
		Example: "(service web) was unable to place a task because no container instance met all of its requirements. The " +
			"closest matching container-instance 5f1c7a9be0d24c11 has insufficient CPU units available.",
		Source: events,
	},
	{
		ID:    "no-memory",
		Signs: signs(all(`insufficient memory|RESOURCE:MEMORY`)),
		Room:  true,
		Means: "No container instance has enough memory left for a task.",
		Next:  "Add instances, or lower the memory of the task.",
		Example: "(service web) was unable to place a task because no container instance met all of its requirements. The " +
			"closest matching container-instance 5f1c7a9be0d24c11 has insufficient memory available.",
		Source: events,
	},
	{
		ID:      "network-interface-limit",
		Signs:   signs(all(`RESOURCE:ENI|insufficient ENI`)),
		Room:    true,
		Means:   "No container instance can take another network interface.",
		Next:    "Turn on ENI trunking (awsvpcTrunking), or add instances.",
		Example: "RESOURCE:ENI",
		Source:  guide + "api_failures_messages.html",
	},
	{
		ID:      "network-interface",
		Signs:   signs(all(`Timeout waiting for (the )?network interface`)),
		Passing: true,
		Means:   "The network interface of a task was not ready in time.",
		Next:    "Wait: ECS tries again. If it happens again, check the EC2 quota for network interfaces.",
		Example: "Timeout waiting for network interface provisioning to complete.",
		Source:  stopped,
	},
	{
		ID:    "network-interface",
		Signs: signs(all(`network interface|\beni\b|ContainerNetworkingError|network namespace|add network failed`)),
		Means: "The network interface of a task could not be created or attached.",
		Next:  "Check that the subnets have free addresses, and that subnets and security groups belong to one VPC.",
		Example: "Unexpected EC2 error while attempting to Create Network Interface in subnet 'subnet-0a1b': " +
			"InsufficientFreeAddressesInSubnet",
		Source: stopped,
	},
	{
		ID:    "attribute-missing",
		Signs: signs(all(`missing an attribute|(?-i:\bATTRIBUTE\b)`)),
		Means: "No container instance has what the task definition needs, such as a log driver, awsvpc or an agent that " +
			"is new enough.",
		Next: "Check requiresAttributes of the task definition, and update the agent and AMI of the instances.",
		Example: "(service web) was unable to place a task because no container instance met all of its requirements. The " +
			"closest matching container-instance 5f1c7a9be0d24c11 is missing an attribute required by your task.",
		Source: events,
	},
	{
		ID:      "placement-constraint",
		Signs:   signs(all(`placement constraint|MemberOf|distinctInstance`)),
		Means:   "A placement constraint rules out every container instance.",
		Next:    "Check the placement constraints of the service and of the task definition.",
		Example: "TaskFailedToStart: MemberOf placement constraint unsatisfied",
		Source:  guide + "api_failures_messages.html",
	},
	{
		ID: "zone-mismatch",
		Signs: signs(
			all(
				`^LOCATION$|(different|another) (availability )?zone (than|from)|` +
					`not in the (same )?availability zone|` +
					`not supported in your requested availability zone`,
			),
		),
		Means:   "No container instance is in a zone where the task is allowed to run.",
		Next:    "Put the subnets of the service, the volumes and the instances into the same availability zones.",
		Example: "LOCATION",
		Source:  guide + "api_failures_messages.html",
	},
	{
		ID: "agent-disconnected",
		Signs: signs(
			all(
				`(?-i:\bAGENT\b)|(have the|is the) agent connected|agent (is )?(not |dis)connected|` +
					`ECS Agent to start`,
			),
		),
		Means: "The agent of the container instances is not connected.",
		Next:  "Check the ECS agent on the instances, and their route to the ECS endpoints.",
		Example: "(service web) was unable to place a task because no container instance met all of its requirements. The " +
			"closest matching container-instance 5f1c7a9be0d24c11 encountered error \"AGENT\".",
		Source: events,
	},
	{
		ID: "no-instances",
		Signs: signs(
			all(`No Container Instances were found|NO ACTIVE INSTANCES|EMPTY CAPACITY PROVIDER`),
		),
		Room:  true,
		Means: "There is no container instance to run tasks on.",
		Next:  "Check the auto scaling group of the capacity provider, and whether its instances join the cluster.",
		Example: "(service web) was unable to reach steady state. Reason: No Container Instances were found in your " +
			"capacity provider.",
		Source: events,
	},
	{
		ID: "platform-version",
		Signs: signs(
			all(
				`PlatformTaskDefinitionIncompatibility|requested capabilities are not supported|` +
					`PlatformUnknown|platform version`,
			),
		),
		Means: "The platform version does not support what the task definition needs.",
		Next:  "Set the platform version of the service to LATEST, and check its operating system and architecture.",
		Example: "PlatformTaskDefinitionIncompatibilityException: One or more of the requested capabilities are not " +
			"supported.",
		Source: "unverified",
	},
}
