package inputs

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"ecs-deploy/internal/lazy"
	"ecs-deploy/internal/rollout"
	"ecs-deploy/internal/taskdef"
)

// checker collects mistakes. Each names the input, its value, and what is allowed.
type checker struct {
	mistakes []error
	notices  []rollout.Noticed
	workspace
}

// mistake adds one. A URL in it is told without its password.
func (c *checker) mistake(format string, args ...any) {
	err := fmt.Errorf(format, args...)
	if told := asWritten(err.Error()); told != err.Error() {
		err = errors.New(told)
	}
	if shown := taskdef.HideURLPasswords(err.Error()); shown != err.Error() {
		err = errors.New(shown)
	}
	said := func(other error) bool { return other.Error() == err.Error() }
	if !slices.ContainsFunc(c.mistakes, said) { // of a service in several regions
		c.mistakes = append(c.mistakes, err)
	}
}

// The names that ECS allows:
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html and
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html.
var (
	ordinal    = lazy.Regexp(`^[1-9][0-9]*$`)
	clusterARN = lazy.Regexp(`^arn:[a-z0-9-]+:ecs:[a-z0-9-]+:[0-9]{12}:cluster/[A-Za-z0-9_-]+$`)
	serviceARN = lazy.Regexp(`^arn:[a-z0-9-]+:ecs:[a-z0-9-]+:[0-9]{12}:service/([A-Za-z0-9_-]+/)?[A-Za-z0-9_*?-]+$`)
	// servicePattern is the same with * and ?.
	servicePattern = lazy.Regexp(`^[A-Za-z0-9_*?-]{1,255}$`)
	revisionARN    = lazy.Regexp(
		`^arn:[a-z0-9-]+:ecs:[a-z0-9-]+:[0-9]{12}:(?:daemon-)?task-definition/[A-Za-z0-9_-]+:[1-9][0-9]*$`,
	)
	// https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-regions.html
	regionName = lazy.Regexp(`^[a-z]{2,5}(?:-[a-z]+)+-[0-9]+$`)
	zoneName   = lazy.Regexp(`^([a-z]{2,5}(?:-[a-z]+)+-[0-9]+)[a-z]$`)
)

func (c *checker) cluster(input, value string) string {
	if !taskdef.IsName(value) && !clusterARN().MatchString(value) {
		c.mistake("%s: %q is neither the name nor the ARN of a cluster%s", input, value, oddity(value))
	}
	return value
}

// isRevision tells whether a value is a family, or a family and the number of a revision.
func isRevision(value string) bool {
	family, number, numbered := strings.Cut(value, ":")
	return taskdef.IsName(family) && (!numbered || ordinal().MatchString(number))
}

// taskDefinition reads the name of a task definition, or a file that holds one, which is kept if something is to be
// filled in.
func (c *checker) taskDefinition(input, value string, of *templates) (string, *taskdef.Document) {
	switch {
	case value == "", revisionARN().MatchString(value):
		return value, nil
	case isRevision(value) && c.isFile(value):
		c.mistake("%s: %q is the name of a file in the workspace, and could also be a family: write ./%s for the file, or "+
			"family:revision, or an ARN", input, value, value)
		return "", nil
	case isRevision(value):
		return value, nil
	case !isPath(value) && !c.isFile(value):
		c.mistake("%s: it is the text of a task definition: write that to a file in the workspace, and give its path", input)
		return "", nil
	case !strings.ContainsAny(value, "/.") || strings.HasPrefix(value, "arn:"):
		c.mistake(
			"%s: %q is neither a family, nor family:revision, nor the ARN of a revision, nor a file%s",
			input,
			value,
			oddity(value),
		)
		return "", nil
	}
	text, err := c.read(value)
	if err != nil {
		c.mistake("%s: %w%s", input, err, looksLikeImage(value))
		return "", nil
	}
	document, err := taskdef.ParseFile([]byte(of.with(string(text), &of.file)))
	if err != nil {
		c.mistake("%s: %s: %w", input, value, err)
	}
	return "", &document
}

// looksLikeImage is what to say of a path that is an image.
func looksLikeImage(path string) string {
	if _, err := taskdef.ParseImage(path); err == nil && strings.Contains(path, ":") {
		return ": an image is given as image"
	}
	return ""
}

// isPath tells whether a text may be a path, rather than what should be in the file.
func isPath(text string) bool { return !strings.ContainsAny(text, "\n={[\"") }

// workspace is where files may be: the folder that was checked out, and the runner's own for temporary ones.
type workspace struct{ root, temp string }

func (w workspace) path(path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(w.root, path)
}

func (w workspace) isFile(path string) bool {
	info, err := os.Stat(w.path(path))
	return err == nil && info.Mode().IsRegular()
}

// read reads a file of one of the two folders, and of no other.
func (w workspace) read(path string) ([]byte, error) {
	full, err := filepath.EvalSymlinks(w.path(path))
	if err != nil && !isPath(path) {
		// it may be what should be in it
		return nil, errors.New("it is not a path: give that of a file in the workspace")
	}
	if err != nil {
		if there, err := os.ReadDir(cmp.Or(w.root, ".")); err == nil && len(there) == 0 {
			return nil, fmt.Errorf("there is no file %s: the workspace is empty, so run actions/checkout before this step", path)
		}
		return nil, fmt.Errorf("there is no file %s in the workspace", path)
	}
	for _, root := range []string{cmp.Or(w.root, "."), w.temp} {
		if root, err = filepath.EvalSymlinks(root); err != nil || root == "" {
			continue
		}
		if inside, err := filepath.Rel(root, full); err == nil && filepath.IsLocal(inside) {
			return readRegular(path, full)
		}
	}
	return nil, fmt.Errorf("%s is outside the workspace", path)
}

// readRegular reads a file, and nothing that could block or has no end.
func readRegular(path, full string) ([]byte, error) {
	info, err := os.Stat(full)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s cannot be read: %w", path, err)
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf(
			"%s is not a file, but %s", path, map[bool]string{true: "a folder", false: "a device or a pipe"}[info.IsDir()],
		)
	}
	file, err := os.Open(full)
	if err != nil {
		return nil, fmt.Errorf("%s cannot be read: %w", path, err)
	}
	defer file.Close()
	return io.ReadAll(io.LimitReader(file, taskdef.MaxSource+1))
}

func (c *checker) images(input, value string) []taskdef.Image {
	var images []taskdef.Image
	for _, line := range lines(value) {
		image, err := taskdef.ParseImage(line)
		if err != nil {
			c.mistake("%s: %w", input, err)
			continue
		}
		if at := slices.IndexFunc(images, image.Same); at >= 0 {
			c.mistake("%s: %q and %q go to the same containers: give only one of them", input, images[at], image)
		}
		if image.Untagged {
			c.warn("Name the tag or the digest of what was built.", "%s: %s has no tag, so whatever latest names then is "+
				"deployed", input, line)
		}
		images = append(images, image)
	}
	return images
}

func (c *checker) taskPatch(input, value string) taskdef.Patch {
	return c.patch(input, value, taskdef.TaskDefinitionShape())
}

func (c *checker) patch(input, value string, of taskdef.Shape) taskdef.Patch {
	if value == "" {
		return taskdef.Patch{}
	}
	patch, err := taskdef.ParsePatch(value, of)
	if err != nil {
		c.mistake("%s: %w", input, err)
	}
	return patch
}

// named are the members of service-patch that other inputs say.
var named = map[string]string{"cluster": "cluster", "service": "service", "taskDefinition": "task-definition"}

// servicePatch reads what UpdateService is sent. What would lead it to another service is refused, and what it does
// not have is left out.
func (c *checker) servicePatch(input, value string) taskdef.Patch {
	patch := c.patch(input, value, taskdef.ServiceShape())
	known := append(taskdef.ServiceShape().Names(), taskdef.NotOfUpdateService...)
	var leftOut []string
	for _, member := range patch.Members() {
		near := taskdef.Nearest(member, known)
		if other, is := named[cmp.Or(near, member)]; is {
			c.mistake("%s: %s cannot be patched: it is the input %s", input, member, other)
		} else if slices.Contains(taskdef.NotOfUpdateService, member) {
			leftOut = append(leftOut, member)
		} else if near != "" {
			c.warn("", "%s: UpdateService has no known member %s: did you mean %s?", input, member, near)
		}
	}
	if len(leftOut) > 0 {
		c.warn(
			"Leave them out of the patch.",
			"%s: UpdateService has no %s; they are not sent",
			input,
			strings.Join(leftOut, ", "),
		)
	}
	return patch.Without(taskdef.NotOfUpdateService...)
}

// whole reads a whole number between two others.
func (c *checker) whole(input, value string, least, most int32) *int32 {
	if value == "" {
		return nil
	}
	n, err := strconv.ParseInt(value, 10, 32)
	if err != nil || int32(n) < least || int32(n) > most {
		c.mistake("%s: %q is not a whole number from %d to %d", input, value, least, most)
		return nil
	}
	number := int32(n)
	return &number
}

// tristate reads a boolean that may be left open. Only the words that YAML itself takes are allowed:
// a typo must not count as "no".
func (c *checker) tristate(input, value string) *bool {
	var yes bool
	switch value {
	case "":
		return nil
	case "true", "True", "TRUE":
		yes = true
	case "false", "False", "FALSE":
		yes = false
	default:
		c.mistake("%s: %q is neither true nor false%s", input, value, oddity(value))
		return nil
	}
	return &yes
}

func (c *checker) yes(input, value string) bool {
	yes := c.tristate(input, value)
	return yes != nil && *yes
}

func (c *checker) oneOf(input, value string, allowed ...string) string {
	if !slices.Contains(allowed, value) {
		c.mistake("%s: %q is not one of %s", input, value, strings.Join(allowed, ", "))
	}
	return value
}

// WhenBusyValues are what when-busy takes. The first is the default.
var WhenBusyValues = []string{
	string(rollout.ReplaceOther), string(rollout.AwaitOther), string(rollout.RefuseOther),
}

func (c *checker) whenBusy(value string) rollout.WhenBusy {
	return rollout.WhenBusy(c.oneOf("when-busy", cmp.Or(value, WhenBusyValues[0]), WhenBusyValues...))
}

func (c *checker) duration(input, value string, otherwise time.Duration) time.Duration {
	if value == "" {
		return otherwise
	}
	d, err := time.ParseDuration(value)
	switch {
	case ordinal().MatchString(value):
		c.mistake("%s: %q has no unit: do you mean %ss or %sm?", input, value, value, value)
	case err != nil || d <= 0:
		c.mistake("%s: %q is not a duration, such as 90s, 30m or 1h30m", input, value)
	}
	return d
}
