package diagnose

import "ecs-deploy/internal/rollout"

// byHost are causes for which the host of a task goes away, or its network is late: the next task has another.
var byHost = []Entry{
	{
		Name: "instance gone", Sign: sign(`Host EC2 \(instance|TerminationNotice`), Passing: true,
		Means:   "The instance on which the task ran was stopped or terminated.",
		Next:    "Wait: ECS starts the task on another. If instances keep going, look at their auto scaling group.",
		Example: "Host EC2 (instance i-0123456789abcdef0) stopped.", Source: stopped,
	},
	{
		Name: "maintenance by AWS", Sign: sign(`InfrastructureHealth|task retirement`), Passing: true,
		Means:   "AWS took the host of the task out of service.",
		Next:    "Wait: ECS starts the task on another.",
		Example: "InfrastructureHealth", Source: "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Task.html",
	},
	{
		Name: "network interface is late", Sign: sign(`Timeout waiting for (the )?network interface`), Passing: true,
		Means:   "The network interface of a task was not there in time.",
		Next:    "Wait: ECS tries again. If it goes on, look at the quota of EC2 for network interfaces.",
		Example: "Timeout waiting for network interface provisioning to complete.", Source: stopped,
	},
}

// mayPass tells whether tasks that fail for a cause may fare better if they are only started again. Where a capacity
// provider adds instances, that may be so of all that nothing is known of, and of want of room.
func mayPass(cause rollout.Cause, scales bool) bool {
	if cause.StopCode.HostGone() {
		return true
	}
	entry, found := LookupCause(cause)
	if !found {
		return scales
	}
	return entry.Passing || scales && entry.Room
}
