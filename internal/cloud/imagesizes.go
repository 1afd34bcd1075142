package cloud

import (
	"context"
	"encoding/json"

	"ecs-deploy/internal/rollout"
	"ecs-deploy/internal/taskdef"
)

// ImageSizes looks up how large the images of a task are that are in Amazon ECR, by the digests that it pulled.
func (c *Client) ImageSizes(
	ctx context.Context, task rollout.Task, platform taskdef.Platform,
) ([]rollout.ImageSize, error) {
	var sizes []rollout.ImageSize
	for _, container := range task.Containers {
		image, is := taskdef.ParseECRImage(container.Image)
		if !is || container.Digest == "" {
			continue
		}
		image.Digest = container.Digest
		size, err := c.imageSize(ctx, image, platform)
		if err != nil {
			return nil, err
		}
		if size > 0 {
			sizes = append(sizes, rollout.ImageSize{Container: container.Name, Bytes: size})
		}
	}
	return sizes, nil
}

// imageSize is how large the layers of an image for a platform are together, in bytes; 0: that is not known.
func (c *Client) imageSize(ctx context.Context, image taskdef.ECRImage, platform taskdef.Platform) (int64, error) {
	its, err := c.manifest(ctx, image)
	if err != nil {
		return 0, err
	}
	for _, of := range its.Manifests {
		if of.Digest != "" && fits(of.Platform, platform) {
			image.Digest = of.Digest
			if its, err = c.manifest(ctx, image); err != nil {
				return 0, err
			}
			break
		}
	}
	var size int64
	for _, layer := range its.Layers {
		size += layer.Size
	}
	return size, nil
}

// manifest reads that of an image by its digest.
func (c *Client) manifest(ctx context.Context, image taskdef.ECRImage) (its manifest, err error) {
	out, err := c.image(ctx, image)
	if err != nil {
		return its, c.problem(ctx, err, "ecr:BatchGetImage", "image "+image.Name()+"@"+image.Digest)
	}
	for _, found := range out.Images {
		if err := json.Unmarshal([]byte(deref(found.ImageManifest)), &its); err != nil {
			return its, errNoAnswer
		}
	}
	return its, nil
}
