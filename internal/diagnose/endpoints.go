package diagnose

import (
	"ecs-deploy/internal/lazy"
	"fmt"
	"net/netip"
	"regexp"
	"strings"
	"sync"
)

// endpoint is a service that tasks call before they run.
type endpoint struct {
	name    string // of its VPC endpoint, behind com.amazonaws.region.
	service string
	asked   *regexp.Regexp // what texts have that tell of a call to it
	reached string         // what was evidently reached before it
}

// endpoints are those of https://docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html: a pull asks the API
// of ECR for a token, the registry for the manifest, and S3 for the layers.
var endpoints = sync.OnceValue(func() []endpoint {
	asked := func(pattern string) *regexp.Regexp { return regexp.MustCompile(`(?i)` + pattern) }
	return []endpoint{
		{"s3", "the layers of the image in Amazon S3", asked(`starport-layer`), "ecr.api and ecr.dkr were"},
		{"s3", "Amazon S3", asked(`\bs3[.-][\w.-]*amazonaws|S3: |env files|from S3`), ""},
		{"ecr.dkr", "the registry of Amazon ECR", asked(`\.dkr[.-]ecr[\w.-]*(amazonaws|on\.aws)[^\s"]*/v2/`), "ecr.api was"},
		{
			"ecr.api",
			"the API of Amazon ECR",
			asked(`api\.ecr\.|registry auth from Amazon ECR|GetAuthorizationToken|ECR: `),
			"",
		},
		{"logs", "CloudWatch Logs", asked(`\blogs\.[\w.-]*amazonaws|Amazon CloudWatch|CloudWatch log`), ""},
		{
			"secretsmanager", "Secrets Manager",
			asked(`secretsmanager\.[\w.-]*amazonaws|Secrets Manager|from asm|GetSecretValue`), "",
		},
		{"ssm", "Systems Manager", asked(`\bssm\.[\w.-]*amazonaws|Parameter Store|from ssm|GetParameters`), ""},
		{"kms", "AWS KMS", asked(`\bkms\.[\w.-]*amazonaws|KMS: `), ""},
	}
})

// dialled is the address to which there is no way, where a text tells it.
var dialled = lazy.Regexp(`dial tcp (\d+\.\d+\.\d+\.\d+):443`)

// The registries to which VPC endpoints lead, and that of an address in a text; and what tells of a certificate.
var (
	private   = lazy.Regexp(`\.dkr[.-]ecr[.\w-]*\.`)
	registry  = lazy.Regexp(`[\w-]+\.(io|com|aws|dev|net|org)\b(:\d+)?/`)
	untrusted = lazy.Regexp(`x509|certificate`)
)

// noWay is which endpoint is missing, where a text tells what was not reached, and by which address.
func noWay(text string) (means, next string) {
	for _, e := range endpoints() {
		if e.asked.MatchString(text) {
			return e.missing(text)
		}
	}
	if untrusted().MatchString(text) {
		return "The certificate of the registry is not trusted where the tasks run.",
			"Give the registry a certificate of a public authority, or make the instances trust its own."
	}
	if !private().MatchString(text) && registry().MatchString(text) {
		return "", "Give the subnets a NAT gateway, or assignPublicIp in public ones: no VPC endpoint leads to this " +
			"registry. Or pull the image through Amazon ECR (a pull-through cache)."
	}
	return "", ""
}

// missing is what keeps tasks from an endpoint.
func (e endpoint) missing(text string) (means, next string) {
	means = fmt.Sprintf("The tasks cannot reach %s from their subnets", e.service)
	if e.reached != "" {
		means += "; " + e.reached + " reached"
	}
	if found := dialled().FindStringSubmatch(text); found != nil {
		if address, err := netip.ParseAddr(found[1]); err == nil && address.IsPrivate() {
			return means + ".", fmt.Sprintf("%s is a private address, most likely that of the VPC endpoint for %s: allow "+
				"inbound port 443 from the tasks in its security group.", address, e.name)
		}
	}
	kind := "a VPC endpoint"
	if strings.HasPrefix(e.name, "s3") {
		kind = "a gateway endpoint"
	}
	return means + ".", fmt.Sprintf(
		"Give the subnets a NAT gateway (public ones: assignPublicIp), or %s for %s. Allow outbound port 443 in the "+
			"security groups.",
		kind,
		e.name,
	)
}
