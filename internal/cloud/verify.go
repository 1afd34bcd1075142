package cloud

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	ecrtypes "github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"ecs-deploy/internal/rollout"
	"ecs-deploy/internal/taskdef"
)

const (
	// checkTimeout is how long a check may take, and verifyTimeout all of them together: they only help.
	checkTimeout  = 5 * time.Second
	verifyTimeout = 20 * time.Second

	// checksAtOnce is how many checks are made at the same time.
	checksAtOnce = 20
)

// Verify looks, without changing anything, whether what the tasks of revisions need is there, as far as they are new:
// others have been deployed before. What is missing is sure to make the deployment fail. What cannot be looked at,
// or does not answer, is not known: the actions that would be needed come back by their names, and what did not
// answer by its own. The account is that of the services, or empty where it is not known.
func (c *Client) Verify(
	ctx context.Context, revisions []rollout.PlannedRevision, account string,
) (rollout.Verified, error) {
	ctx, cancel := context.WithTimeout(ctx, verifyTimeout)
	defer cancel()
	once := c.WithoutRetry()
	var checks []check
	known := map[string]bool{} // of several revisions, each thing counts once
	for _, revision := range revisions {
		if !revision.New() {
			continue
		}
		for _, needed := range once.checks(revision, account) {
			if id := needed.action + " " + needed.thing; !known[id] {
				known[id] = true
				checks = append(checks, needed)
			}
		}
	}
	concerns, errs := make([]rollout.Concern, len(checks)), make([]error, len(checks))
	_ = each(ctx, checksAtOnce, checks, nil, func(ctx context.Context, i int, check check) error {
		ctx, cancel := context.WithTimeout(ctx, checkTimeout)
		defer cancel()
		concerns[i], errs[i] = checkAgain(ctx, check.look)
		return nil // the error of one ends none of the others
	})
	return once.verified(checks, concerns, errs)
}

// A check that gets no answer is made again, after a while, so often at most.
const (
	checkAttempts = 3
	checkInterval = time.Second
)

// checkAgain looks until there is an answer. Its pauses have no jitter: there are few checks, and only at the
// beginning.
func checkAgain(ctx context.Context, look func(context.Context) (rollout.Concern, error)) (rollout.Concern, error) {
	for attempt := 1; ; attempt++ {
		concern, err := look(ctx)
		if err == nil || !Transient(err) || attempt == checkAttempts {
			return concern, err
		}
		select {
		case <-ctx.Done():
			return concern, err
		case <-time.After(checkInterval):
		}
	}
}

// check is a look at a thing that tasks need, and the action that it takes.
type check struct {
	action, thing string
	look          func(context.Context) (rollout.Concern, error)
}

// checks are those for one revision.
func (c *Client) checks(revision rollout.PlannedRevision, account string) []check {
	var checks []check
	add := func(action, thing string, look func(context.Context) (rollout.Concern, error)) {
		checks = append(checks, check{action, thing, look})
	}
	dependencies := revision.Document.Dependencies()
	for _, image := range newImages(revision) {
		if in, isECR := taskdef.ParseECRImage(image); isECR {
			add("ecr:BatchGetImage", image, func(ctx context.Context) (rollout.Concern, error) {
				return c.verifyImage(ctx, image, in, dependencies.Platform)
			})
		}
	}
	for _, role := range dependencies.Roles {
		add("iam:GetRole", role, func(ctx context.Context) (rollout.Concern, error) { return c.verifyRole(ctx, role) })
	}
	for _, log := range dependencies.Logs {
		add(
			"logs:DescribeLogGroups",
			log.Region+" "+log.Group,
			func(ctx context.Context) (rollout.Concern, error) { return c.verifyLogGroup(ctx, log) },
		)
	}
	for _, secret := range dependencies.Secrets {
		if strings.Contains(secret, ":secretsmanager:") {
			add(
				"secretsmanager:DescribeSecret",
				secret,
				func(ctx context.Context) (rollout.Concern, error) { return c.verifySecret(ctx, secret) },
			)
		} else if ours(secret, account) {
			add(
				"ssm:DescribeParameters",
				secret,
				func(ctx context.Context) (rollout.Concern, error) { return c.verifyParameter(ctx, secret) },
			)
		}
	}
	return checks
}

// verified gathers what the checks found, in their order.
func (c *Client) verified(checks []check, concerns []rollout.Concern, errs []error) (rollout.Verified, error) {
	var verified rollout.Verified
	for i, check := range checks {
		var problem *rollout.Problem
		switch err := errs[i]; {
		case err == nil:
			verified.Checks++
			if concerns[i].What != "" {
				verified.Concerns = append(verified.Concerns, concerns[i])
			}
		case errors.As(err, &problem), isCredentialError(err): // a problem comes of getting credentials
			return verified, c.problem(context.Background(), err, "the checks", "the task definition")
		case NotAllowed(err):
			if !slices.Contains(verified.Unknown, check.action) {
				verified.Unknown = append(verified.Unknown, check.action)
			}
		default:
			verified.Unanswered = append(verified.Unanswered, fmt.Sprintf("%s for %s", check.action, check.thing))
		}
	}
	slices.Sort(verified.Unknown)
	return verified, nil
}

func sure(cause, next, format string, args ...any) rollout.Concern {
	return rollout.Concern{Sure: true, Cause: cause, What: fmt.Sprintf(format, args...), Next: next}
}

// verifyImage looks whether an image is in Amazon ECR and, where its index tells, made for the platform. Other
// registries are not looked at.
func (c *Client) verifyImage(
	ctx context.Context, text string, image taskdef.ECRImage, platform taskdef.Platform,
) (rollout.Concern, error) {
	out, err := c.image(ctx, image)
	if code(err) == "RepositoryNotFoundException" {
		return sure(
			"image-not-found",
			"Check the account, region and name of the repository.", "image %s: the repository does not exist", text,
		), nil
	}
	if err != nil {
		return rollout.Concern{}, err
	}
	for _, failure := range out.Failures {
		if failure.FailureCode == ecrtypes.ImageFailureCodeImageNotFound {
			return sure(
				"image-not-found",
				"Push it before the deployment, or check the tag.", "image %s: the repository has no such image", text,
			), nil
		}
	}
	for _, found := range out.Images {
		if has := platforms(deref(found.ImageManifest)); len(has) > 0 &&
			!slices.ContainsFunc(has, func(p taskdef.Platform) bool { return fits(p, platform) }) {
			return sure(
				"image-wrong-platform", "Build it for that platform too, or change runtimePlatform in the task definition.",
				"image %s is built for %s, but the tasks run on %s", text, inWords(has...), inWords(platform)), nil
		}
	}
	return rollout.Concern{}, nil
}

// newImages are the images that are deployed anew: those of a file all are.
func newImages(revision rollout.PlannedRevision) []string {
	var images []string
	for _, image := range revision.Images {
		images = append(images, image.To)
	}
	if revision.Base.ARN == "" {
		for _, container := range revision.Document.Containers() {
			images = append(images, container.Image)
		}
	}
	slices.Sort(images)
	return slices.Compact(images)
}

// platforms are those of an image's index. A manifest of one image does not tell its own, and attestations are of
// unknown ones.
func platforms(text string) []taskdef.Platform {
	var index manifest
	if json.Unmarshal([]byte(text), &index) != nil {
		return nil
	}
	var has []taskdef.Platform
	for _, m := range index.Manifests {
		if p := m.Platform; p.Architecture != "" && p.Architecture != "unknown" && !slices.Contains(has, p) {
			has = append(has, p)
		}
	}
	return has
}

// fits tells whether an image for one platform runs on another. What is not known may.
func fits(image, on taskdef.Platform) bool {
	return (image.OS == "" || on.OS == "" || image.OS == on.OS) &&
		(on.Architecture == "" || image.Architecture == on.Architecture)
}

func inWords(platforms ...taskdef.Platform) string {
	var words []string
	for _, p := range platforms {
		words = append(words, strings.Trim(p.OS+"/"+p.Architecture, "/"))
	}
	return strings.Join(words, " and ")
}

func (c *Client) verifyRole(ctx context.Context, arn string) (rollout.Concern, error) {
	name := rollout.LastSegment(arn)
	_, err := iam.NewFromConfig(c.config).GetRole(ctx, &iam.GetRoleInput{RoleName: &name})
	if code(err) == "NoSuchEntity" {
		return sure(
			"role-not-assumable",
			"Create it, or correct taskRoleArn and executionRoleArn.",
			"role %s does not exist",
			arn,
		), nil
	}
	return rollout.Concern{}, err
}

func (c *Client) verifyLogGroup(ctx context.Context, log taskdef.Log) (rollout.Concern, error) {
	out, err := c.logs(log.Region).DescribeLogGroups(
		ctx, &cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePrefix: &log.Group},
	)
	if err != nil {
		return rollout.Concern{}, err
	}
	for _, group := range out.LogGroups {
		if deref(group.LogGroupName) == log.Group {
			return rollout.Concern{}, nil
		}
	}
	if out.NextToken != nil {
		return rollout.Concern{}, errors.New("there are more")
	}
	return sure(
		"log-group-missing",
		`Create it, or set awslogs-create-group to "true".`,
		"log group %s does not exist",
		log.Group,
	), nil
}

func (c *Client) verifySecret(ctx context.Context, from string) (rollout.Concern, error) {
	parts := strings.Split(from, ":") // behind the name stand the JSON key, stage and version
	arn := strings.Join(parts[:min(7, len(parts))], ":")
	client := secretsmanager.NewFromConfig(c.config, func(o *secretsmanager.Options) {
		if len(parts) > 3 && parts[3] != "" {
			o.Region = parts[3]
		}
	})
	out, err := client.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: &arn})
	switch {
	case code(err) == "ResourceNotFoundException":
		return sure("secret-not-found", "Create it, or correct valueFrom.", "secret %s does not exist", arn), nil
	case err == nil && out.DeletedDate != nil:
		return sure("secret-not-found", "Restore it, or correct valueFrom.", "secret %s is deleted", arn), nil
	}
	return rollout.Concern{}, err
}

// ours tells whether a parameter is one that can be looked up: those of other accounts cannot, nor can what stands
// for a secret (https://docs.aws.amazon.com/systems-manager/latest/userguide/integration-ps-secretsmanager.html).
func ours(from, account string) bool {
	parts := strings.SplitN(from, ":", 6)
	if len(parts) == 6 && account != "" && parts[4] != account {
		return false
	}
	return !strings.Contains(from, "/aws/reference/secretsmanager/")
}

// verifyParameter asks for the description, not for the value. The ARN of a parameter is the same with and without a
// slash in front of its name
// (https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-access.html).
func (c *Client) verifyParameter(ctx context.Context, from string) (rollout.Concern, error) {
	name, region := from, ""
	if parts := strings.SplitN(from, ":", 6); len(parts) == 6 {
		region, name = parts[3], strings.TrimPrefix(parts[5], "parameter")
	}
	bare := strings.TrimPrefix(name, "/")
	client := ssm.NewFromConfig(c.config, func(o *ssm.Options) { o.Region = cmp.Or(region, o.Region) })
	key, equals := "Name", "Equals"
	out, err := client.DescribeParameters(ctx, &ssm.DescribeParametersInput{
		ParameterFilters: []ssmtypes.ParameterStringFilter{{Key: &key, Option: &equals, Values: []string{"/" + bare, bare}}},
	})
	if err != nil || len(out.Parameters) > 0 || out.NextToken != nil {
		return rollout.Concern{}, err
	}
	return sure("secret-not-found", "Create it, or correct valueFrom.", "parameter %s does not exist", name), nil
}
