package cloud

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"ecs-deploy/internal/rollout"
	"ecs-deploy/internal/taskdef"
)

// daemonDefinition reads the task definition of a managed daemon: of a family (its latest ACTIVE revision), of
// family:revision, or of an ARN. AWS tells its tags by another call.
func (c *Client) daemonDefinition(ctx context.Context, name string) (rollout.Revision, error) {
	var answer []byte
	_, err := c.ecs.DescribeDaemonTaskDefinition(
		ctx, &ecs.DescribeDaemonTaskDefinitionInput{DaemonTaskDefinition: &name}, withMiddleware(takeAnswer(&answer)),
	)
	revision, err := c.described(
		ctx, answer, err, "ecs:DescribeDaemonTaskDefinition", "daemon task definition "+rollout.RevisionID(name),
		"Check task-definition and the region. Daemons have task definitions of their own kind.",
	)
	if err != nil {
		return revision, err
	}
	tags, err := c.tags(ctx, revision.ARN)
	revision.Document = revision.Document.Tagged(tags)
	return revision, err
}

// tags are those of a task definition. Where they cannot be read, it is told once, and there are none. That AWS tells
// those of the task definitions of daemons is unverified.
func (c *Client) tags(ctx context.Context, arn string) (map[string]string, error) {
	out, err := c.ecs.ListTagsForResource(ctx, &ecs.ListTagsForResourceInput{ResourceArn: &arn})
	if NotAllowed(err) || code(err) == "InvalidParameterException" || code(err) == "ClientException" {
		c.learned.mu.Lock()
		first := !c.learned.untagged
		c.learned.untagged = true
		c.learned.mu.Unlock()
		if err = c.problem(ctx, err, "ecs:ListTagsForResource", "task definition "+rollout.RevisionID(arn)); first {
			c.emit(rollout.Unreadable{Err: err, Sight: rollout.SightTags})
		}
		return nil, nil
	}
	if err != nil {
		return nil, c.problem(ctx, err, "ecs:ListTagsForResource", "task definition "+rollout.RevisionID(arn))
	}
	tags := map[string]string{}
	for _, tag := range out.Tags {
		tags[deref(tag.Key)] = deref(tag.Value)
	}
	return tags, nil
}

// registerForDaemon registers the task definition of a managed daemon, and reads what came of it: the answer has its
// ARN alone.
func (c *Client) registerForDaemon(ctx context.Context, document taskdef.Document) (rollout.Revision, error) {
	family := document.Family()
	input := &ecs.RegisterDaemonTaskDefinitionInput{ // for the SDK's own check; another body is sent
		Family: &family, ContainerDefinitions: []types.DaemonContainerDefinition{},
	}
	out, err := c.ecs.RegisterDaemonTaskDefinition(ctx, input, c.sending(document, tooManyRegistrations))
	if err == nil && deref(out.DaemonTaskDefinitionArn) == "" {
		err = errNoAnswer
	}
	if err != nil {
		return rollout.Revision{}, err
	}
	registered, err := c.daemonDefinition(ctx, *out.DaemonTaskDefinitionArn)
	if c.tagsUnknown() {
		registered.Document = registered.Document.Tagged(document.Tags())
	}
	return registered, err
}

// tagsUnknown tells whether the tags of task definitions cannot be read.
func (c *Client) tagsUnknown() bool {
	c.learned.mu.Lock()
	defer c.learned.mu.Unlock()
	return c.learned.untagged
}
