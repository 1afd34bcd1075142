package cloud

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ecs-deploy/internal/rollout"
)

func TestPagesOfTheConsoleAreThoseOfThePartition(t *testing.T) {
	for arn, want := range map[string]string{
		"arn:aws:ecs:eu-west-1:123456789012:service/main/web":            "https://eu-west-1.console.aws.amazon.com/ecs/v2/clusters/main/services/web/deployments?region=eu-west-1",
		"arn:aws-cn:ecs:cn-north-1:123456789012:service/main/web":        "https://cn-north-1.console.amazonaws.cn/ecs/v2/clusters/main/services/web/deployments?region=cn-north-1",
		"arn:aws-us-gov:ecs:us-gov-west-1:123456789012:service/main/web": "https://us-gov-west-1.console.amazonaws-us-gov.com/ecs/v2/clusters/main/services/web/deployments?region=us-gov-west-1",
		"arn:aws-eusc:ecs:eusc-de-east-1:123456789012:service/main/web":  "https://console.amazonaws-eusc.eu/ecs/v2/clusters/main/services/web/deployments?region=eusc-de-east-1",
		"arn:aws-secret:ecs:secret-east-1:123456789012:service/main/web": "",
		"": "",
	} {
		region := ""
		if arn != "" {
			region = strings.Split(arn, ":")[3]
		}
		service := rollout.Service{ServiceKey: rollout.ServiceKey{Place: rollout.Place{Region: region}, Cluster: "main", Name: "web"}, ARN: arn}
		require.Equal(t, want, serviceURL(service))
	}
	require.Equal(t, "https://eu-west-1.console.aws.amazon.com/ecs/v2/clusters/main/tasks/1a2b/configuration?region=eu-west-1",
		taskURL("arn:aws:ecs:eu-west-1:123456789012:task/main/1a2b", "eu-west-1"))
	require.Equal(t, "https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1#logsV2:log-groups/log-group/$252Fecs$252Fweb/log-events/app$252Fapp$252F1a2b",
		logURL("arn:aws:ecs:eu-west-1:123456789012:service/main/web", "eu-west-1", "/ecs/web", "app/app/1a2b"))
	require.Empty(t, taskURL("arn:aws:ecs:eu-west-1:123456789012:task/1a2b", "eu-west-1"), "the old format")
}
