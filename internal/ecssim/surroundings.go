package ecssim

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
)

// lacks tells of the things outside of ECS whether a scenario does without them: a log group, the name of a
// parameter, secret or role, or "repository:tag" of an image. All others are there.
func (s *Sim) lacks(name string) bool { return slices.Contains(s.scenario.lacking, name) }

type (
	batchGetImageRequest struct {
		RepositoryName string
		ImageIds       []imageID
	}
	imageID struct{ ImageTag, ImageDigest string }
)

// found is the identifier of an image that is there: one asked for by its digest is told without a tag.
func (id imageID) found(repository string) document {
	if id.ImageTag == "" {
		return document{"imageDigest": id.ImageDigest}
	}
	return document{"imageTag": id.ImageTag, "imageDigest": digestOf(repository, id.ImageTag)}
}

// batchGetImage answers with an index of two architectures, or of one where the scenario says so
// (https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_BatchGetImage.html).
func (s *Sim) batchGetImage(request batchGetImageRequest) (any, error) {
	if s.lacks(request.RepositoryName) {
		return nil, clientError("RepositoryNotFoundException", "The repository with name '%s' does not exist in the "+
			"registry with id '%s'", request.RepositoryName, account)
	}
	images, failures := []document{}, []document{}
	for _, id := range request.ImageIds {
		if id.ImageTag == "" && id.ImageDigest == "" { // text unverified
			return nil, clientError("InvalidParameterException", "Invalid parameter at 'imageTag': it must not be empty")
		}
		if s.lacks(request.RepositoryName + ":" + id.ImageTag) {
			failures = append(
				failures,
				document{
					"imageId":       document{"imageTag": id.ImageTag},
					"failureCode":   "ImageNotFound",
					"failureReason": "Requested image not found",
				},
			)
			continue
		}
		platforms := []string{"linux/amd64", "linux/arm64"}
		if s.scenario.onlyFor != "" {
			platforms = []string{s.scenario.onlyFor}
		}
		var manifests []string
		for _, platform := range append(platforms, "unknown/unknown") { // an attestation is of an unknown one
			os, architecture, _ := strings.Cut(platform, "/")
			its := digestOf(request.RepositoryName, cmp.Or(id.ImageTag, id.ImageDigest)+platform)
			its = onePlatform + its[len(onePlatform):]
			manifests = append(
				manifests, fmt.Sprintf(`{"digest":%q,"platform":{"architecture":%q,"os":%q}}`, its, architecture, os),
			)
		}
		manifest := `{"schemaVersion":2,"manifests":[` + strings.Join(manifests, ",") + `]}`
		if strings.HasPrefix(id.ImageDigest, onePlatform) {
			manifest = `{"schemaVersion":2,"layers":[{"size":1200000000},{"size":612000000}]}`
		}
		images = append(images, document{
			"repositoryName": request.RepositoryName, "imageId": id.found(request.RepositoryName), "imageManifest": manifest,
		})
	}
	return document{"images": images, "failures": failures}, nil
}

// onePlatform is how the digests of images for one platform begin here, to tell them from those of indexes.
const onePlatform = "sha256:00000000"

// digestOf is the digest of an image, which is made of its name.
func digestOf(repository, tag string) string {
	return fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(repository+":"+tag)))
}

type describeLogGroupsRequest struct{ LogGroupNamePrefix string }

func (s *Sim) describeLogGroups(request describeLogGroupsRequest) (any, error) {
	groups := []document{{"logGroupName": request.LogGroupNamePrefix + "-of-another"}}
	if !s.lacks(request.LogGroupNamePrefix) {
		groups = append(groups, document{"logGroupName": request.LogGroupNamePrefix})
	}
	return document{"logGroups": groups}, nil
}

type describeParametersRequest struct{ ParameterFilters []struct{ Values []string } }

// describeParameters finds parameters by the very names that they have: with a slash before it that of one in a
// hierarchy, and without it that of any other
// (https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-hierarchies.html).
func (s *Sim) describeParameters(request describeParametersRequest) (any, error) {
	found := []document{}
	for _, filter := range request.ParameterFilters {
		for _, name := range filter.Values {
			bare, rooted := strings.CutPrefix(name, "/")
			if rooted == strings.Contains(bare, "/") && !s.lacks(bare) && !s.lacks("/"+bare) {
				found = append(found, document{"Name": name})
			}
		}
	}
	return document{"Parameters": found}, nil
}

type describeSecretRequest struct{ SecretID string }

func (s *Sim) describeSecret(request describeSecretRequest) (any, error) {
	if s.lacks(request.SecretID) {
		return nil, clientError("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
	}
	return document{"ARN": request.SecretID}, nil
}
