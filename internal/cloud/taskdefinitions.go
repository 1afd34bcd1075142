package cloud

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/smithy-go/middleware"

	"ecs-deploy/internal/rollout"
	"ecs-deploy/internal/taskdef"
)

// withMiddleware adds to the stack of one call.
func withMiddleware(add ...func(*middleware.Stack) error) func(*ecs.Options) {
	return func(o *ecs.Options) { o.APIOptions = append(o.APIOptions, add...) }
}

// sending has another body sent than the SDK would make, and the call made again only where nothing was done: what
// changes something may have done so where no answer came.
func (c *Client) sending(body taskdef.Document, nothingDone ...retry.IsErrorRetryable) func(*ecs.Options) {
	return func(o *ecs.Options) {
		o.APIOptions = append(o.APIOptions, sendBody(body.JSON()))
		o.Retryer = c.retryer(throttled, nothingDone...)
	}
}

// Revision reads a task definition, with its tags: of a family (its latest ACTIVE revision), of
// family:revision, or of an ARN.
func (c *Client) Revision(ctx context.Context, name string) (rollout.Revision, error) {
	return c.revision(ctx, name, rollout.IsOfDaemon(name))
}

// revision is the same of one kind: of managed daemons, or of others.
func (c *Client) revision(ctx context.Context, name string, ofDaemon bool) (rollout.Revision, error) {
	if ofDaemon {
		return c.daemonDefinition(ctx, name)
	}
	var answer []byte
	_, err := c.ecs.DescribeTaskDefinition(ctx, &ecs.DescribeTaskDefinitionInput{
		TaskDefinition: &name, Include: []types.TaskDefinitionField{types.TaskDefinitionFieldTags},
	}, withMiddleware(takeAnswer(&answer)))
	return c.described(
		ctx, answer, err, "ecs:DescribeTaskDefinition", "task definition "+rollout.RevisionID(name),
		"Check task-definition and the region.",
	)
}

// described reads the answer of an action that describes a task definition, or tells why there is none: next is what to
// do if it does not exist.
func (c *Client) described(
	ctx context.Context, answer []byte, err error, action, resource, next string,
) (rollout.Revision, error) {
	if code(err) == "ClientException" {
		what := " has no active revision in "
		if strings.Contains(resource, ":") {
			what = " does not exist in "
		}
		return rollout.Revision{}, &rollout.Problem{
			Kind: rollout.BadInput, What: resource + what + c.place.Region, Err: err, Next: next,
		}
	}
	var revision rollout.Revision
	if err == nil {
		revision, err = readRevision(answer)
	}
	if err != nil {
		return rollout.Revision{}, c.problem(ctx, err, action, resource)
	}
	return revision, nil
}

// Register registers a document as a new revision, as it stands, of the kind that it was made from.
// RegisterTaskDefinition has no client token: what is looked for is that the latest revision is this one, and newer
// than the one that the document was made from.
func (c *Client) Register(
	ctx context.Context, document taskdef.Document, from rollout.Revision,
) (rollout.Revision, error) {
	register, action := c.register, "ecs:RegisterTaskDefinition"
	if from.Daemon {
		register, action = c.registerForDaemon, "ecs:RegisterDaemonTaskDefinition"
	}
	registered, err := once(ctx, c, c.most,
		func() (rollout.Revision, error) { return register(ctx, document) },
		func() (rollout.Revision, bool, error) { return c.latestIs(ctx, document, from) },
		func(err error) error {
			return c.problem(ctx, err, action, "task definition "+document.Family())
		})
	if err == nil {
		c.tellLost(registered.Document.Lost(document))
	}
	return registered, err
}

// tellLost warns of members that ECS did not keep: it passes over those that it does not know.
func (c *Client) tellLost(lost []taskdef.Lost) {
	var paths []string
	for _, member := range lost {
		path := fmt.Sprintf("%q", member.Path)
		if member.Meant != "" {
			path += fmt.Sprintf(": did you mean %q?", member.Meant)
		}
		paths = append(paths, path)
	}
	if len(paths) > 0 {
		c.emit(rollout.Noticed{What: "ECS did not keep " + strings.Join(paths, ", "), Next: "Look up the name in the API " +
			"reference of RegisterTaskDefinition.", Warning: true})
	}
}

func (c *Client) register(ctx context.Context, document taskdef.Document) (rollout.Revision, error) {
	family := document.Family()
	var answer []byte
	input := &ecs.RegisterTaskDefinitionInput{ // for the SDK's own check; another body is sent
		Family: &family, ContainerDefinitions: []types.ContainerDefinition{},
	}
	_, err := c.ecs.RegisterTaskDefinition(ctx, input, c.sending(document, tooManyRegistrations),
		withMiddleware(takeAnswer(&answer)))
	if err != nil {
		return rollout.Revision{}, err
	}
	return readRevision(answer)
}

// latestIs tells whether the latest revision of a family is a newer one that means what a document does, and reads it.
func (c *Client) latestIs(
	ctx context.Context, document taskdef.Document, from rollout.Revision,
) (rollout.Revision, bool, error) {
	if err := c.Pause(ctx, lookInterval); err != nil {
		return rollout.Revision{}, false, err
	}
	latest, err := c.revision(ctx, document.Family(), from.Daemon)
	var p *rollout.Problem
	if errors.As(err, &p) && p.Kind == rollout.BadInput { // there is none
		return rollout.Revision{}, false, nil
	}
	newer := latest.Family != from.Family || latest.Number > from.Number
	return latest, err == nil && newer && latest.Document.Echoes(document), err
}

// ActiveRevisions lists the ARNs of the ACTIVE revisions of a family, the newest first.
func (c *Client) ActiveRevisions(ctx context.Context, family string) ([]string, error) {
	var arns []string
	err := eachPage(func(token *string) (*string, error) {
		out, err := c.ecs.ListTaskDefinitions(ctx, &ecs.ListTaskDefinitionsInput{
			FamilyPrefix: &family, Status: types.TaskDefinitionStatusActive, Sort: types.SortOrderDesc, NextToken: token,
		})
		if err != nil {
			return nil, err
		}
		arns = append(arns, out.TaskDefinitionArns...)
		return out.NextToken, nil
	})
	if err != nil {
		return nil, c.problem(ctx, err, "ecs:ListTaskDefinitions", "family "+family)
	}
	return arns, nil
}

// Deregister makes a revision INACTIVE: tasks that run it go on, and no new ones can be started.
func (c *Client) Deregister(ctx context.Context, arn string) error {
	_, err := c.ecs.DeregisterTaskDefinition(
		ctx, &ecs.DeregisterTaskDefinitionInput{TaskDefinition: &arn}, withMiddleware(takeAnswer(new([]byte))),
	)
	if err != nil {
		return c.problem(ctx, err, "ecs:DeregisterTaskDefinition", "task definition "+rollout.RevisionID(arn))
	}
	return nil
}

// readRevision reads the answer of Describe- and RegisterTaskDefinition.
func readRevision(answer []byte) (rollout.Revision, error) {
	type identity struct {
		TaskDefinitionArn, DaemonTaskDefinitionArn, Family, Status, RegisteredBy string
		Revision                                                                 int
		RegisteredAt                                                             epoch
	}
	var told struct{ TaskDefinition, DaemonTaskDefinition identity }
	if json.Unmarshal(answer, &told) != nil {
		return rollout.Revision{}, errNoAnswer
	}
	its := told.TaskDefinition
	if its.TaskDefinitionArn == "" {
		its = told.DaemonTaskDefinition
	}
	arn := cmp.Or(its.TaskDefinitionArn, its.DaemonTaskDefinitionArn)
	if arn == "" {
		return rollout.Revision{}, errNoAnswer
	}
	document, err := taskdef.Described(answer)
	return rollout.Revision{
		ARN:      arn,
		Family:   its.Family,
		Number:   its.Revision,
		Active:   its.Status == "ACTIVE",
		Daemon:   rollout.IsOfDaemon(arn),
		By:       its.RegisteredBy,
		Made:     its.RegisteredAt.Time,
		Document: document,
	}, err
}

// deref is what a pointer points to, or nothing: AWS leaves members out as it pleases.
func deref[T any](pointer *T) (value T) {
	if pointer != nil {
		value = *pointer
	}
	return value
}
