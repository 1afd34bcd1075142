package cloud

import (
	"fmt"
	"net/url"
	"strings"

	"ecs-deploy/internal/rollout"
)

// consoles are the hosts of the AWS console by partition; {region} stands for the region
// (https://docs.aws.amazon.com/general/latest/gr/mgmt-console.html). That regions of the other
// partitions have hosts of their own is unverified; that of the European Sovereign Cloud is named in
// https://cambelo.com/posts/aws-european-sovereign-cloud-technical-guide.
var consoles = map[string]string{
	"aws":        "{region}.console.aws.amazon.com",
	"aws-cn":     "{region}.console.amazonaws.cn",
	"aws-us-gov": "{region}.console.amazonaws-us-gov.com",
	"aws-eusc":   "console.amazonaws-eusc.eu",
}

// consoleHost is the host of the console of the partition that an ARN names
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html), or "" where it is not known.
func consoleHost(arn, region string) string {
	parts := strings.SplitN(arn, ":", 3)
	if len(parts) < 3 {
		return ""
	}
	return strings.ReplaceAll(consoles[parts[1]], "{region}", region)
}

// serviceURL is where a person looks at a service's deployments.
func serviceURL(service rollout.Service) string {
	return consoleURL(
		service.ARN,
		service.Region,
		"/ecs/v2/clusters/%s/services/%s/deployments?region=%s",
		service.Cluster,
		service.Name,
		service.Region,
	)
}

// clusterURL is where a person looks at a cluster, and from where at its managed daemons: of their own page no page of
// AWS's says the address.
func clusterURL(service rollout.Service) string {
	return consoleURL(
		service.ARN, service.Region, "/ecs/v2/clusters/%s/services?region=%s", service.Cluster, service.Region,
	)
}

// taskURL is where a person looks at a task. That the console has it there is unverified: no page of AWS's says so.
func taskURL(arn, region string) string {
	parts := strings.Split(arn, "/")
	if len(parts) != 3 { // the old format has no cluster
		return ""
	}
	return consoleURL(arn, region, "/ecs/v2/clusters/%s/tasks/%s/configuration?region=%s", parts[1], parts[2], region)
}

// logURL is where a person reads a stream of a log group. The console escapes the names twice, and then writes a dollar
// sign for the percent sign: /ecs/web is $252Fecs$252Fweb. Many tools build such links; AWS documents them nowhere.
func logURL(arn, region, group, stream string) string {
	escaped := func(name string) string {
		once := strings.ReplaceAll(url.QueryEscape(name), "+", "%20")
		return strings.ReplaceAll(url.QueryEscape(once), "%", "$")
	}
	return consoleURL(arn, region, "/cloudwatch/home?region=%s#logsV2:log-groups/log-group/%s/log-events/%s",
		region, escaped(group), escaped(stream))
}

// consoleURL is a page of the console, or "" where the console is not known.
func consoleURL(arn, region, format string, args ...any) string {
	host := consoleHost(arn, region)
	if host == "" {
		return ""
	}
	return "https://" + host + fmt.Sprintf(format, args...)
}
