package cloud

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/ecr"
	ecrtypes "github.com/aws/aws-sdk-go-v2/service/ecr/types"

	"ecs-deploy/internal/taskdef"
)

// manifests are the forms of an image that there are.
var manifests = []string{
	"application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json",
	"application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json",
}

// manifest is that of an image, or an index of those for several platforms
// (https://github.com/opencontainers/image-spec/blob/main/image-index.md).
type manifest struct {
	Layers    []struct{ Size int64 }
	Manifests []struct {
		Digest   string
		Platform taskdef.Platform
	}
}

// image reads an image in Amazon ECR: by its digest or, where it has none, by its tag.
func (c *Client) image(ctx context.Context, image taskdef.ECRImage) (*ecr.BatchGetImageOutput, error) {
	tag := image.TagOrLatest()
	id := ecrtypes.ImageIdentifier{ImageTag: &tag}
	if image.Digest != "" {
		id = ecrtypes.ImageIdentifier{ImageDigest: &image.Digest}
	}
	client := ecr.NewFromConfig(c.config, func(o *ecr.Options) { o.Region = image.Region })
	return client.BatchGetImage(ctx, &ecr.BatchGetImageInput{
		RegistryId: &image.Account, RepositoryName: &image.Repository, AcceptedMediaTypes: manifests,
		ImageIds: []ecrtypes.ImageIdentifier{id},
	})
}
