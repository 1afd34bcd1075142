package diagnose

// byImage are causes for which an image is not pulled.
var byImage = []Entry{
	{
		ID: "disk-full",
		Signs: signs(
			all(
				`no space left on device|disk quota exceeded|free data blocks|not enough (disk|space)`,
			),
		),
		Means: "The disk is full of images, layers or what containers write.",
		Next: "Give the task more ephemeralStorage, or the instances more disk and an earlier image cleanup. Check how " +
			"large the image is.",
		Example: "CannotPullContainerError: write /var/lib/docker/tmp/GetImageBlob111111111: no space left on device",
		Source:  "https://github.com/aws/amazon-ecs-agent/issues/312",
	},
	{
		ID: "image-wrong-platform",
		Signs: signs(
			all(
				`descriptor (matching|for) platform|no match(ing manifest)? for|exec format error|` +
					`image operating system|does not match the (specified|detected) platform|` +
					`cannot be used on this platform|operating system does not match|` +
					`image is incompatible with|no processor for media-?type`,
			),
		),
		Means: "The image is not built for the architecture or operating system that the tasks run on.",
		Next: "Build the image for the cpuArchitecture of runtimePlatform, or for both (docker buildx build --platform " +
			"linux/amd64,linux/arm64).",
		Example: "CannotPullContainerError: image Manifest does not contain descriptor matching platform 'linux/amd64'",
		Source:  seen,
	},
	{
		ID: "image-name-invalid",
		Signs: signs(
			all(
				`invalid (image )?reference|invalid repository name|must be lowercase|normalize image|` +
					`image repository should not be|could not parse (image )?reference|repository name must|invalid tag format|` +
					`invalid image name`,
			),
		),
		Means:   "The name of the image is not valid.",
		Next:    "Correct the image in the task definition: registry/repository:tag, in lower case.",
		Example: "CannotPullContainerError: invalid reference format",
		Source:  pullDocs,
	},
	{
		ID: "image-pull-rate-limited",
		Signs: signs(
			all(
				`toomanyrequests|429 Too Many Requests|pull rate limit|` +
					`unexpected status code @dockerhub\S*$`,
			),
		),
		Passing: true,
		Means:   "The registry's pull limit for this address is used up.",
		Next:    "Pull through Amazon ECR (a pull-through cache or a copy of the image), or give repositoryCredentials.",
		Example: "CannotPullContainerError: toomanyrequests: You have reached your pull rate limit.",
		Source:  pullDocs,
	},
	{
		ID: "name-not-resolved",
		Signs: signs(
			all(
				pulling+`|registry auth|secrets`,
				lookup,
			),
		),
		Means: "The name of the registry, or of an AWS service, cannot be resolved in the VPC.",
		Next:  "Turn on DNS resolution and DNS hostnames for the VPC, and check its resolver, private zones and endpoints.",
		Example: "CannotPullContainerError: Error response from daemon: Get " +
			"\"https://123456789012.dkr.ecr.eu-west-1.amazonaws.com/v2/\": dial tcp: lookup " +
			"123456789012.dkr.ecr.eu-west-1.amazonaws.com on 10.0.0.2:53: no such host",
		Source: pullDocs,
	},
	{
		ID: "s3-unreachable",
		Signs: signs(
			all(pulling, `@s3`, unreachable),
		),
		Means: "The layers of the image cannot be read from Amazon S3.",
		Next: "Give the subnets a gateway endpoint for S3, or a NAT gateway, and allow it in the endpoint policy and " +
			"security groups.",
		Tells: noWay,
		Example: "CannotPullContainerError: ref pull has been retried 5 time(s): failed to copy: httpReadSeeker: failed " +
			"open: failed to do request: Get \"https://prod-eu-west-1-starport-layer-bucket.s3.eu-west-1.amazonaws.com/x\": " +
			"dial tcp 52.219.1.1:443: i/o timeout",
		Source: pullDocs,
	},
	{
		ID: "aws-unreachable",
		Signs: signs(
			all(pulling, `@ecr\b|CannotPullECR|GetAuthorizationToken`, unreachable),
		),
		Means: "The tasks cannot reach the API of Amazon ECR.",
		Next: "Give the subnets a NAT gateway, or assignPublicIp in public ones, or VPC endpoints for ecr.api, ecr.dkr " +
			"and S3. Allow outbound port 443 in the security groups.",
		Tells: noWay,
		Example: "CannotPullECRContainerError: RequestError: send request failed caused by: Post " +
			"\"https://api.ecr.us-west-2.amazonaws.com/\": net/http: request canceled",
		Source: pullDocs,
	},
	{
		ID: "registry-unreachable",
		Signs: signs(
			but(all(pulling, unreachable+`|x509|certificate|failed to do request`), `: not found\W*$`),
		),
		Means: "The tasks cannot reach the registry from their subnets.",
		Next: "Give the subnets a NAT gateway, or assignPublicIp in public ones, or VPC endpoints for ecr.api, ecr.dkr " +
			"and S3. Allow outbound port 443 in the security groups.",
		Tells: noWay,
		Example: "CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to resolve ref " +
			"registry-1.docker.io/library/nginx:1: dial tcp 54.198.86.24:443: i/o timeout",
		Source: pullDocs,
	},
	{
		ID: "image-pull-denied",
		Signs: signs(
			all(pulling, denied+`|`+noCredentials),
			all(`UnableToGetUpstreamImage|pull through cache rule`),
			all(`ecr credentials|(retrieve|pull) (ecr )?registry auth|GetAuthorizationToken`, denied+`|`+noCredentials),
		),
		Means: "The execution role is not allowed to pull this image, or the repository does not exist.",
		Next: "Allow the execution role ecr:BatchGetImage, ecr:GetDownloadUrlForLayer and ecr:GetAuthorizationToken, and " +
			"check the policy and the name of the repository.",
		Tells: refusal,
		Example: "CannotPullContainerError: pull access denied, repository does not exist or may require authorization: " +
			"server message: insufficient_scope: authorization failed",
		Source: seen,
	},
	{
		ID: "image-not-found",
		Signs: signs(
			but(all(pulling, missing), `register layer|ImportLayer`),
		),
		Means: "The registry has no image with this tag or digest.",
		Next: "Check that it was pushed to this repository, in this region, before the deployment, and that no lifecycle " +
			"policy has removed it.",
		Example: "CannotPullContainerError: pull image manifest has been retried 7 time(s): failed to resolve ref " +
			"example.com/web:v2: example.com/web:v2: not found",
		Source: seen,
	},
}
