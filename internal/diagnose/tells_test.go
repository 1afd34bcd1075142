package diagnose

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWhereItFailedDecidesWhatToDo(t *testing.T) {
	const (
		account = "111122223333"
		ecr     = account + ".dkr.ecr.eu-west-1.amazonaws.com"
	)
	for _, test := range []struct{ text, id, means, next string }{
		{
			"ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve secret from asm: service call has been retried 1 time(s): failed to fetch secret arn:aws:secretsmanager:eu-west-1:" + account + ":secret:db from secrets manager: AccessDeniedException: User: arn:aws:sts::" + account + ":assumed-role/web-exec/0a1b is not authorized to perform: secretsmanager:GetSecretValue on resource: arn:aws:secretsmanager:eu-west-1:" + account + ":secret:db because no identity-based policy allows the secretsmanager:GetSecretValue action",
			"secret-denied", "Role web-exec is not allowed to call secretsmanager:GetSecretValue on arn:aws:secretsmanager:eu-west-1:" + account + ":secret:db.",
			"Allow role web-exec the action secretsmanager:GetSecretValue on arn:aws:secretsmanager:eu-west-1:" + account + ":secret:db.",
		},
		{
			"CannotStartContainerError: Error response from daemon: failed to initialize logging driver: failed to create Cloudwatch log stream: AccessDeniedException: User: arn:aws:sts::" + account + ":assumed-role/ecsInstanceRole/i-0123456789abcdef0 is not authorized to perform: logs:CreateLogStream on resource: arn:aws:logs:eu-west-1:" + account + ":log-group:/ecs/web:log-stream:x",
			"logs-denied", "Role ecsInstanceRole, which is the container instance's, is not allowed to call logs:CreateLogStream on arn:aws:logs:eu-west-1:" + account + ":log-group:/ecs/web:log-stream:x: the task definition has no execution role for it.",
			"Allow role ecsInstanceRole the action logs:CreateLogStream on arn:aws:logs:eu-west-1:" + account + ":log-group:/ecs/web:log-stream:x.",
		},
		{
			"CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref " + ecr + "/web:v2: pulling from host " + ecr + " failed with status code [manifests v2]: 403 Forbidden",
			"image-pull-denied", "The execution role is not allowed to pull this image, or the repository does not exist.",
			"Allow the execution role ecr:BatchGetImage, ecr:GetDownloadUrlForLayer and ecr:GetAuthorizationToken, and check the policy and the name of the repository.",
		},
		{
			"ResourceInitializationError: unable to pull secrets or registry auth: unable to retrieve ecr registry auth: AccessDeniedException: User: arn:aws:sts::" + account + ":assumed-role/web-exec/0a1b is not authorized to perform: ecr:GetAuthorizationToken on resource: * with an explicit deny in a service control policy",
			"image-pull-denied", "Role web-exec is not allowed to call ecr:GetAuthorizationToken.", "Find the statement that denies it, in the service control policy, as IAM says.",
		},
		{
			"ECS was unable to assume the role 'arn:aws:iam::" + account + ":role/web-task' that was provided for this task.",
			"role-not-assumable", "ECS cannot assume role web-task for the task.", "Check that role web-task exists and that its trust policy has ecs-tasks.amazonaws.com.",
		},
		{
			`CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to resolve ref ` + ecr + `/web:v2: failed to do request: Head "https://` + ecr + `/v2/web/manifests/v2": dial tcp 10.0.3.7:443: i/o timeout`,
			"registry-unreachable", "The tasks cannot reach the registry of Amazon ECR from their subnets; ecr.api was reached.",
			"10.0.3.7 is a private address, most likely that of the VPC endpoint for ecr.dkr: allow inbound port 443 from the tasks in its security group.",
		},
		{
			`CannotPullContainerError: ref pull has been retried 5 time(s): failed to copy: httpReadSeeker: failed open: failed to do request: Get "https://prod-eu-west-1-starport-layer-bucket.s3.eu-west-1.amazonaws.com/x": dial tcp 52.219.1.1:443: i/o timeout`,
			"s3-unreachable", "The tasks cannot reach the layers of the image in Amazon S3 from their subnets; ecr.api and ecr.dkr were reached.",
			"Give the subnets a NAT gateway (public ones: assignPublicIp), or a gateway endpoint for s3. Allow outbound port 443 in the security groups.",
		},
		{
			"CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to resolve ref docker.io/library/nginx:1: failed to do request: Head \"https://registry-1.docker.io/v2/library/nginx/manifests/1\": dial tcp 54.198.86.24:443: i/o timeout",
			"registry-unreachable", "The tasks cannot reach the registry from their subnets.",
			"Give the subnets a NAT gateway, or assignPublicIp in public ones: no VPC endpoint leads to this registry. Or pull the image through Amazon ECR (a pull-through cache).",
		},
		{
			"ResourceInitializationError: unable to pull secrets or registry auth: unable to retrieve secrets from ssm: RequestError: send request failed caused by: Post \"https://ssm.eu-west-1.amazonaws.com/\": dial tcp 52.94.1.1:443: i/o timeout",
			"aws-unreachable", "The tasks cannot reach Systems Manager from their subnets.",
			"Give the subnets a NAT gateway (public ones: assignPublicIp), or a VPC endpoint for ssm. Allow outbound port 443 in the security groups.",
		},
	} {
		entry, found := Lookup(test.text)
		require.True(t, found, test.text)
		require.Equal(t, test, struct{ text, id, means, next string }{test.text, entry.ID, entry.Means, entry.Next})
	}
}
