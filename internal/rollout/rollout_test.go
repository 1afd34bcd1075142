package rollout

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestConsoleURLIsThatOfThePartition(t *testing.T) {
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
		require.Equal(t, want, Service{ServiceKey: ServiceKey{"main", "web"}, ARN: arn, Region: region}.ConsoleURL())
	}
}
