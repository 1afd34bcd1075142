package taskdef

import (
	"cmp"
	"ecs-deploy/internal/lazy"
	"slices"
	"strings"

	"github.com/distribution/reference"
)

// Dependencies are the things outside of a task definition that its tasks cannot start without.
type Dependencies struct {
	Roles    []string // ARNs
	Logs     []Log    // of the driver awslogs
	Secrets  []string // valueFrom: names and ARNs of parameters, ARNs of secrets
	Platform Platform
}

// Platform is what an image must be made for, as images call it: linux or windows, amd64 or arm64. What is empty is not
// known: on instances it is theirs.
type Platform struct{ OS, Architecture string }

// platform is that of the tasks. On Fargate what is not said is Linux on X86_64
// (https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RuntimePlatform.html).
func (d Document) platform() Platform {
	of := d.root.get("runtimePlatform")
	family := of.get("operatingSystemFamily").str()
	p := Platform{Architecture: map[string]string{"X86_64": "amd64", "ARM64": "arm64"}[of.get("cpuArchitecture").str()]}
	switch {
	case family == "LINUX":
		p.OS = "linux"
	case strings.HasPrefix(family, "WINDOWS"):
		p.OS = "windows"
	}
	if d.onFargate() {
		p.OS, p.Architecture = cmp.Or(p.OS, "linux"), cmp.Or(p.Architecture, "amd64")
	}
	return p
}

// Dependencies reads them from the document, each once.
func (d Document) Dependencies() Dependencies {
	dependencies := Dependencies{Platform: d.platform()}
	for _, role := range []string{"taskRoleArn", "executionRoleArn"} {
		if arn := d.root.get(role).str(); strings.HasPrefix(arn, "arn:") && !slices.Contains(dependencies.Roles, arn) {
			dependencies.Roles = append(dependencies.Roles, arn)
		}
	}
	for _, container := range d.Containers() {
		if log := d.Log(container.Name); log.Driver == "awslogs" && log.Group != "" && !log.Create &&
			!slices.ContainsFunc(dependencies.Logs, log.sameGroup) {
			dependencies.Logs = append(dependencies.Logs, log)
		}
	}
	for _, definition := range d.root.get("containerDefinitions").elements {
		for _, secret := range definition.get("secrets").elements {
			if from := secret.get("valueFrom").str(); from != "" && !slices.Contains(dependencies.Secrets, from) {
				dependencies.Secrets = append(dependencies.Secrets, from)
			}
		}
	}
	return dependencies
}

func (l Log) sameGroup(other Log) bool { return l.Group == other.Group && l.Region == other.Region }

// ECRImage is an image in Amazon ECR.
type ECRImage struct {
	Account, Region, Repository, Tag, Digest string

	host string
}

// TagOrLatest is the tag that counts: latest where there is none.
func (i ECRImage) TagOrLatest() string { return cmp.Or(i.Tag, "latest") }

// Name is the image without tag and digest, as it is written.
func (i ECRImage) Name() string { return i.host + "/" + i.Repository }

// ecrHost is a private registry, in its forms with IPv4, FIPS and dual-stack names
// (https://docs.aws.amazon.com/AmazonECR/latest/userguide/Registries.html), also in China and in the
// European Sovereign Cloud (https://github.com/docker/login-action/blob/master/src/aws.ts).
var ecrHost = lazy.Regexp(
	`^(\d{12})\.dkr[.-]ecr(?:-fips)?\.([a-z0-9-]+)\.(?:amazonaws\.(?:com(?:\.cn)?|eu)|on\.aws)$`,
)

// ParseECRImage tells what an image is called in Amazon ECR, if it is there.
func ParseECRImage(text string) (ECRImage, bool) {
	named, err := reference.ParseNormalizedNamed(text)
	if err != nil {
		return ECRImage{}, false
	}
	host := ecrHost().FindStringSubmatch(reference.Domain(named))
	if host == nil {
		return ECRImage{}, false
	}
	image := ECRImage{Account: host[1], Region: host[2], Repository: reference.Path(named), host: host[0]}
	if tagged, ok := named.(reference.Tagged); ok {
		image.Tag = tagged.Tag()
	}
	if digested, ok := named.(reference.Digested); ok {
		image.Digest = digested.Digest().String()
	}
	return image, true
}
