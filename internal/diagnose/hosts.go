package diagnose

// byHost are causes for which the host of a task goes away: the next task has another.
var byHost = []Entry{
	{
		ID: "instance-gone",
		Signs: signs(
			all(
				`Host EC2 \(instance|TerminationNotice|in (the )?(stopped|terminated) state|` +
					`instance .*(was|is being) (terminated|stopped)|container instance .*(deregist\w+|` +
					`is (inactive|draining))|^INACTIVE$|Target\.InvalidState`,
			),
		),
		Passing: true,
		Means:   "The instance on which the task ran was stopped or terminated.",
		Next: "Find out what terminates the instances: the activity of their auto scaling group, Spot interruptions, or " +
			"an update of the instances.",
		Example: "Host EC2 (instance i-0123456789abcdef0) stopped.",
		Source:  stopped,
	},
	{
		ID: "instance-stopped-by-aws",
		Signs: signs(
			all(
				`InfrastructureHealth|task retirement|scheduled (for )?(maintenance|retirement)|` +
					`underlying (host|infrastructure)|Amazon ECS is performing maintenance`,
			),
		),
		Passing: true,
		Means:   "AWS took the host of the task out of service.",
		Next:    "ECS starts the task again on another host. Deploy again if the deployment has ended in the meantime.",
		Example: "InfrastructureHealth",
		Source:  "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Task.html",
	},
	{
		ID:      "spot-interrupted",
		Signs:   signs(all(`Spot Task was interrupted|SpotInterruption|spot interruption`)),
		Passing: true,
		Means:   "AWS reclaimed the Spot capacity.",
		Next:    "Add FARGATE with a base to the capacity provider strategy, beside FARGATE_SPOT.",
		Example: "Your Spot Task was interrupted.",
		Source:  "unverified",
	},
}
