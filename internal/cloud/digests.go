package cloud

import (
	"context"
	"fmt"
	"slices"

	"ecs-deploy/internal/rollout"
	"ecs-deploy/internal/taskdef"
)

// Digests looks up what the tags of the new images of a plan's revisions point to in Amazon ECR: by the place of the
// revision and the image as it is written, the same image with its digest. Images of other registries, and those that
// have one, are left out. The error of an image that is not there is a *rollout.Problem.
func (c *Clients) Digests(ctx context.Context, plan rollout.Plan) (rollout.Digests, error) {
	digests := rollout.Digests{}
	for _, revision := range plan.Revisions {
		for _, image := range newImages(revision) {
			if its, is := taskdef.ParseECRImage(image); is && its.Digest == "" {
				digests[rollout.PlacedImage{Place: revision.Place, Image: image}] = ""
			}
		}
	}
	images := make([]rollout.PlacedImage, 0, len(digests))
	for image := range digests {
		images = append(images, image)
	}
	slices.SortFunc(images, rollout.PlacedImage.Compare)
	found := make([]string, len(images))
	err := Each(ctx, images, func(ctx context.Context, i int, image rollout.PlacedImage) (err error) {
		found[i], err = c.At(image.Place).digest(ctx, image.Image)
		return err
	})
	for i, image := range images {
		digests[image] = found[i]
	}
	return digests, err
}

// digest is an image with its digest in place of its tag.
func (c *Client) digest(ctx context.Context, text string) (string, error) {
	image, _ := taskdef.ParseECRImage(text)
	out, err := c.image(ctx, image)
	switch {
	case code(err) == "RepositoryNotFoundException":
		return "", noImage(text, "the repository does not exist", "Check the account, region and name of the repository.")
	case err != nil:
		return "", c.problem(ctx, err, "ecr:BatchGetImage", "image "+text)
	case len(out.Images) == 0 || out.Images[0].ImageId == nil || deref(out.Images[0].ImageId.ImageDigest) == "":
		return "", noImage(text, "the repository has no such image", "Push it before the deployment, or check the tag.")
	}
	return image.Name() + "@" + *out.Images[0].ImageId.ImageDigest, nil
}

func noImage(text, what, next string) error {
	return &rollout.Problem{
		Kind: rollout.BadInput, Cause: "image-not-found", Next: next,
		What: fmt.Sprintf("resolve-digest: image %s: %s", text, what),
	}
}
