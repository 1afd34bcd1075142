package taskdef

import (
	"errors"
	"fmt"
	"strings"

	"github.com/distribution/reference"
)

// Image asks for a new image: for one container, or for every container that runs an image of the
// same repository.
type Image struct {
	// Container is the only container meant; empty means every container of the repository.
	Container string
	// Reference is the text that goes into the document: what was asked for, with ":latest" behind
	// it when it had neither a tag nor a digest.
	Reference string
	// Untagged tells that it had neither.
	Untagged bool

	repository string // in full: "nginx" is "docker.io/library/nginx"
}

// ImageChange is what an Image did to one container.
type ImageChange struct {
	Container, From, To string
}

// IsName tells whether ECS takes a text for the name of a container, family, service or cluster
// (https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html). An expression that counts
// to 255 would take a millisecond to compile, at every start.
func IsName(text string) bool {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"
	return text != "" && len(text) <= 255 && strings.Trim(text, letters) == ""
}

// ParseImage reads "repository[:tag][@digest]" or "container=image".
func ParseImage(text string) (Image, error) {
	var image Image
	if name, rest, named := strings.Cut(text, "="); named {
		if !IsName(name) {
			return Image{}, fmt.Errorf("%q is not the name of a container", name)
		}
		image.Container, text = name, rest
	}
	named, err := reference.ParseNormalizedNamed(text)
	if err != nil {
		if image.Container != "" {
			return Image{}, fmt.Errorf("container %s: %q is not an image: %s", image.Container, text, explain(text, err))
		}
		return Image{}, fmt.Errorf("%q is not an image: %s", text, explain(text, err))
	}
	image.repository = named.Name()
	image.Reference = text
	if reference.IsNameOnly(named) {
		image.Reference, image.Untagged = text+":latest", true
	}
	return image, nil
}

// explain says what is wrong with a text that is no image.
func explain(text string, err error) string {
	repository := text
	tag := ""
	tagged := false
	if colon := strings.LastIndexByte(text, ':'); colon >= 0 {
		repository = text[:colon]
		tag = text[colon+1:]
		tagged = true
	}
	switch {
	case text == "":
		return "it is empty: is the variable that it comes from set?"
	case strings.ContainsAny(text[:1], "{["):
		return "write container=image, one per line"
	case strings.HasPrefix(text, "- "):
		return "leave out the list marker, and write one image per line"
	case strings.ContainsAny(text, `"'`):
		return "leave out the quotes"
	case strings.Contains(text, "://"):
		return "leave out :// and what stands before it"
	case strings.Contains(text, ","):
		return "write one image per line, without commas"
	case strings.Contains(text, "$"):
		return "shell variables are not expanded here; write an expression of the workflow, ${{ … }}"
	case strings.ContainsAny(text, " \t"):
		return "it contains a space"
	case strings.HasSuffix(text, ":") || strings.HasSuffix(text, "@"):
		return "its tag or digest is empty: is the variable that it comes from set?"
	case strings.ContainsAny(text[:1], ":/@"):
		return "what stands before it is empty: is the variable that it comes from set?"
	}
	if _, lower := reference.ParseNormalizedNamed(strings.ToLower(repository)); lower == nil &&
		strings.ToLower(repository) != repository {
		return "the name of a repository is in lower case"
	}
	if _, err := reference.ParseNormalizedNamed(repository); err == nil && tagged {
		return fmt.Sprintf("%q is not a tag: that has at most 128 letters, digits and . _ - and begins with none of the "+
			"latter two", tag)
	}
	if strings.Contains(text, "@") {
		return "the digest behind @ is sha256: and 64 digits from 0 to f"
	}
	if errors.Is(err, reference.ErrReferenceInvalidFormat) {
		return "write repository[:tag][@digest]"
	}
	return err.Error()
}

// String is the image as it was asked for.
func (i Image) String() string {
	if i.Container != "" {
		return i.Container + "=" + i.Reference
	}
	return i.Reference
}

// Same tells whether two images ask for the same container or repository, so that only one of them
// could have its way.
func (i Image) Same(other Image) bool {
	if i.Container != "" || other.Container != "" {
		return i.Container == other.Container
	}
	return i.repository == other.repository
}

// selects tells whether the image is meant for this container. An image in use that is no valid
// reference belongs to no repository.
func (i Image) selects(container Container) bool {
	if i.Container != "" {
		return i.Container == container.Name
	}
	named, err := reference.ParseNormalizedNamed(container.Image)
	return err == nil && named.Name() == i.repository
}
