package diagnose

// byVolume are causes for which a volume is not there.
var byVolume = []Entry{
	{
		ID: "efs-mount-failed",
		Signs: signs(all(`\bEFS (utils|volume|file ?system|mount|access)|Amazon EFS|` +
			`mount\.nfs|@efs|@volume-plugin|amazon-ecs-volume-plugin|mounting volume failed`)),
		Means: "An EFS volume could not be mounted.",
		Next: "Check the id of the file system, that it has a mount target in each availability zone of the subnets, that " +
			"the security groups allow port 2049, and that the directory exists.",
		Example: "ResourceInitializationError: failed to invoke EFS utils commands to set up EFS volumes: stderr: " +
			"mount.nfs4: Connection reset by peer : unsuccessful EFS utils command execution; code: 32",
		Source: "https://github.com/docker-archive/compose-cli/issues/1490",
	},
	{
		ID:      "ebs-failed",
		Signs:   signs(all(`\bEBS\b`)),
		Means:   "The EBS volume of a task could not be created or attached.",
		Next:    "Check the reason in the console, the quotas of EBS, and the infrastructure role of the volume.",
		Example: "ECS timed out while configuring the EBS volume attachment to your Task.",
		Source:  guide + "troubleshoot-ebs-volumes.html",
	},
	{
		ID: "volume-permission",
		Signs: signs(
			all(
				`chown|mkdir|volume|mount|copy file info`,
				`operation not permitted|permission denied|read-only file system`,
			),
		),
		Means: "The container's user has no access to a volume.",
		Next:  "Make the image's user the owner of the path where the volume is mounted, or mount it elsewhere.",
		Example: "CannotCreateContainerError: Error response from daemon: failed to chown /var/lib/ecs/volumes/x/_data: " +
			"lchown /var/lib/ecs/volumes/x/_data: operation not permitted",
		Source: "https://github.com/aws/amazon-ecs-agent/issues/2518",
	},
}
