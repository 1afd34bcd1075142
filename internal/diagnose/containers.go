package diagnose

// byContainer are causes for which a container does not start, or ends.
var byContainer = []Entry{
	{
		ID: "gpu-driver-missing",
		Signs: signs(all(`nvidia-(container|smi)|runtime name: nvidia|NVIDIA (driver|GPU)|` +
			`libnvidia|libcuda|@nvidia|could not select device driver`)),
		Means: "The GPU driver is missing on the instance, or is the wrong version.",
		Next:  "Use the GPU-optimized AMI of ECS on instances with GPUs, and check nvidia-smi there.",
		Example: "OCI runtime create failed: error running prestart hook #0: exit status 1, stdout: , stderr: " +
			"nvidia-container-cli: initialization error: load library failed: libnvidia-ml.so.1",
		Source: "https://github.com/aws/amazon-ecs-agent/issues/2169",
	},
	{
		ID: "user-not-in-image",
		Signs: signs(
			all(
				`unable to find (user|group)|no (users|groups) found|no matching entries in (passwd|group)|user lookup|` +
					`@passwd`,
			),
		),
		Means:   "The image has no such user.",
		Next:    "Correct user in the container definition, or create the user in the image.",
		Example: "CannotStartContainerError: unable to find user app: no matching entries in passwd file",
		Source:  "unverified",
	},
	{
		ID: "out-of-memory",
		Signs: signs(
			all(
				`OutOfMemory|OOM[- ]?killed|Container killed due to memory|cannot allocate memory|` +
					`out of memory`,
			),
		),
		Means:   "The container used more memory than the task definition allows.",
		Next:    "Give the container more memory, or find out what uses it.",
		Example: "OutOfMemoryError: Container killed due to memory usage",
		Source:  seen,
	},
	{
		ID:    "out-of-memory",
		Exits: []int{137},
		Means: "Something killed the container with SIGKILL (137), most likely because it used too much memory.",
		Next: "Give the container more memory, or find out what uses it. If ECS was already stopping it, it took longer " +
			"than stopTimeout to exit.",
		Source: seen,
	},
	{
		ID: "command-not-found",
		Signs: signs(
			all(`executable file not found`),
			but(
				all(
					`exec: |CreateProcess|starting container process|entrypoint|start container process`,
					`no such file or directory|cannot find the file`,
				),
				`chdir to cwd|sysctl`,
			),
			all(`^(exec|stat) .*no such file or directory`),
		),
		Exits: []int{127},
		Means: "The command or entry point is not in the image.",
		Next: "Check command and entryPoint: each word is a separate element ([\"node\", \"app.js\"], not [\"node " +
			"app.js\"]), and the file must be in the image.",
		Example: "CannotStartContainerError: ResourceInitializationError: failed to create new container runtime task: " +
			"failed to create shim: OCI runtime create failed: container_linux.go:380: starting container process caused: " +
			"exec: \"-url\": executable file not found in",
		Source: "https://github.com/jenkinsci/amazon-ecs-plugin/issues/258",
	},
	{
		ID: "command-not-executable",
		Signs: signs(
			but(
				all(
					`exec: |starting container process|entrypoint|start container`,
					`permission denied|is a directory`,
				),
				`chdir to cwd|sysctl`,
			),
		),
		Exits: []int{126},
		Means: "The command or entry point is in the image, but is not executable.",
		Next:  "Make the file executable in the image (chmod +x), and check that it is not a directory.",
		Example: "CannotStartContainerError: Error response from daemon: OCI runtime create failed: " +
			"container_linux.go:380: starting container process caused: exec: \"/entrypoint.sh\": permission denied: unknown",
		Source: "https://github.com/aws/amazon-ecs-agent/issues/110",
	},
	{
		ID: "port-in-use",
		Signs: signs(
			all(
				`already using a port|port is already allocated|address already in use|` +
					`RESOURCE:PORTS|all ports are allocated|host ports? unavailable|Bind for [\d.]+`,
			),
		),
		Room:  true,
		Means: "The host port is taken on every container instance.",
		Next: "Use a dynamic host port (hostPort 0), or run one more instance than tasks, or a minimum-healthy-percent " +
			"that lets an old task stop first.",
		Example: "(service web) was unable to place a task because no container instance met all of its requirements. The " +
			"closest matching container-instance 5f1c7a9be0d24c11 is already using a port required by your task.",
		Source: events,
	},
	{
		ID: "runtime-timeout",
		Signs: signs(
			all(
				`Timeout(Error)?: Could not transition|Could not transition to|` +
					`timed out after waiting`,
			),
		),
		Means: "Docker or containerd did not answer the agent in time.",
		Next: "Check the load, the disk and the logs of the instance. If it only needs more time, raise " +
			"ECS_CONTAINER_START_TIMEOUT.",
		Example: "CannotInspectContainerError: Could not transition to inspecting; timed out after waiting 30s",
		Source:  stopped,
	},
	{
		ID:    "sidecar-exited",
		Signs: signs(all(`container ordering dependency|dependency graph`)),
		Means: "Another essential container, or one that this container depends on, exited first; then ECS stopped the task.",
		Next: "Read the log of that container. A sidecar that is allowed to exit must not be essential; one that must " +
			"finish first goes into dependsOn.",
		Example: "CannotStartContainerError: dependency graph: failed to resolve container ordering dependency [a " +
			"(STOPPED->RUNNING) - Exit: 1] for target [b] as dependency did not exit successfully.",
		Source: "https://github.com/aws/amazon-ecs-agent/blob/master/agent/engine/dependencygraph/graph.go",
	},
	{
		ID:     "crashed",
		Exits:  []int{132, 133, 134, 135, 136, 139},
		Means:  "The program in the container crashed with a signal, such as SIGSEGV (139) or SIGABRT (134).",
		Next:   "Run the image with its command. The most likely cause is a native library for another architecture or libc.",
		Source: "the signal's number plus 128: signal(7)",
	},
	{
		ID:      "told-to-stop",
		Signs:   signs(all(`Scaling activity initiated by|Task stopped by (a )?user|^UserInitiated$`)),
		Exits:   []int{143},
		Means:   "The container was told to stop (143 is SIGTERM), and did.",
		Next:    "Find out why: another essential container exited first, a health check failed, or a user stopped the task.",
		Example: "Task stopped by user",
		Source:  stopped,
	},
	{
		ID:    "exited",
		Signs: signs(all(`Essential container in task exited`)),
		Exits: []int{anyExit},
		Means: "The program exited on its own; ECS did not stop it.",
		Next: "Read the container's last log lines. To reproduce it, run the image with the same command, environment and " +
			"secrets.",
		Example: "Essential container in task exited",
		Source:  seen,
	},
	{
		ID:    "exited",
		Exits: []int{0},
		Means: "The program finished without an error, but an essential container must keep running.",
		Next: "Run the server in the foreground, not as a daemon. A container that is allowed to finish must not be " +
			"essential.",
		Source: seen,
	},
}
