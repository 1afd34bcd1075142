package cloud

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	ecrtypes "github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"ecs-deploy/internal/rollout"
	"ecs-deploy/internal/taskdef"
)

const (
	// checking is how long a check may take, and verifying all of them together: they only help.
	checking  = 5 * time.Second
	verifying = 20 * time.Second

	// checksAtOnce is how many checks are made at the same time.
	checksAtOnce = 20
)

// Verify looks, without changing anything, whether what the tasks of revisions need is there, as far as
// they are new: others have been deployed before. What is missing is sure to make the deployment fail.
// What may not be looked at, or does not answer, is not known; the actions that would be needed come
// back by their names.
func (c *Client) Verify(ctx context.Context, revisions []rollout.PlannedRevision) (rollout.Verified, error) {
	ctx, cancel := context.WithTimeout(ctx, verifying)
	defer cancel()
	once := c.WithoutRetry()
	v := &verification{client: once, ctx: ctx, known: map[string]bool{}, found: map[int]rollout.Doubt{}}
	v.running.SetLimit(checksAtOnce)
	for _, revision := range revisions {
		if revision.Register {
			v.verify(once, revision)
		}
	}
	return v.wait()
}

// verify starts the checks for one revision.
func (v *verification) verify(once *Client, revision rollout.PlannedRevision) {
	needs := revision.Document.Needs()
	for _, image := range revision.Images {
		v.start("ecr:BatchGetImage", image.To+" "+needs.Architecture, func(ctx context.Context) (rollout.Doubt, error) {
			return once.verifyImage(ctx, image.To, needs.Architecture)
		})
	}
	for _, role := range needs.Roles {
		v.start("iam:GetRole", role, func(ctx context.Context) (rollout.Doubt, error) { return once.verifyRole(ctx, role) })
	}
	for _, log := range needs.Logs {
		v.start("logs:DescribeLogGroups", log.Region+" "+log.Group, func(ctx context.Context) (rollout.Doubt, error) { return once.verifyLogGroup(ctx, log) })
	}
	for _, secret := range needs.Secrets {
		if strings.Contains(secret, ":secretsmanager:") {
			v.start("secretsmanager:DescribeSecret", secret, func(ctx context.Context) (rollout.Doubt, error) { return once.verifySecret(ctx, secret) })
		} else {
			v.start("ssm:DescribeParameters", secret, func(ctx context.Context) (rollout.Doubt, error) { return once.verifyParameter(ctx, secret) })
		}
	}
}

// verification gathers what the checks find, in the order in which they were started.
type verification struct {
	client  *Client
	ctx     context.Context // of all checks
	running errgroup.Group
	started int
	known   map[string]bool // what is being looked at: of several revisions, each thing counts once

	mu      sync.Mutex
	found   map[int]rollout.Doubt
	unknown []string // actions
	err     error
	fault   any
}

func (v *verification) start(action, thing string, check func(context.Context) (rollout.Doubt, error)) {
	if v.known[action+" "+thing] {
		return
	}
	v.known[action+" "+thing] = true
	number := v.started
	v.started++
	v.running.Go(func() error {
		defer v.catch()
		ctx, cancel := context.WithTimeout(v.ctx, checking)
		defer cancel()
		doubt, err := check(ctx)
		v.mu.Lock()
		defer v.mu.Unlock()
		var problem *rollout.Problem
		switch {
		case err == nil && doubt.What != "":
			v.found[number] = doubt
		case err == nil:
		case errors.As(err, &problem): // in getting credentials
			v.err = err
		case isCredentialError(err):
			v.err = err
		case NotAllowed(err) && !slices.Contains(v.unknown, action):
			v.unknown = append(v.unknown, action)
		}
		return nil
	})
}

// catch keeps a fault of a check for the one who waits: in a goroutine it would end the process.
func (v *verification) catch() {
	if fault := recover(); fault != nil {
		v.mu.Lock()
		defer v.mu.Unlock()
		v.fault = fault
	}
}

func (v *verification) wait() (rollout.Verified, error) {
	_ = v.running.Wait() // the checks keep their errors
	if v.fault != nil {
		panic(v.fault)
	}
	verified := rollout.Verified{Checks: v.started, Unknown: v.unknown}
	slices.Sort(verified.Unknown)
	for number := range v.started {
		if doubt, found := v.found[number]; found {
			verified.Doubts = append(verified.Doubts, doubt)
		}
	}
	if v.err != nil {
		return verified, v.client.problem(context.Background(), v.err, "the checks", "the task definition")
	}
	return verified, nil
}

func sure(next, format string, args ...any) rollout.Doubt {
	return rollout.Doubt{Sure: true, What: fmt.Sprintf(format, args...), Next: next}
}

// manifests are the forms of an image that there are.
var manifests = []string{
	"application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json",
	"application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json",
}

// verifyImage looks whether an image is in Amazon ECR and, where its index tells, made for the
// architecture. Other registries are not looked at.
func (c *Client) verifyImage(ctx context.Context, text, architecture string) (rollout.Doubt, error) {
	image, isECR := taskdef.ParseECRImage(text)
	if !isECR {
		return rollout.Doubt{}, nil
	}
	id := ecrtypes.ImageIdentifier{ImageTag: &image.Tag}
	if image.Digest != "" {
		id = ecrtypes.ImageIdentifier{ImageDigest: &image.Digest}
	}
	client := ecr.NewFromConfig(c.config, func(o *ecr.Options) { o.Region = image.Region })
	out, err := client.BatchGetImage(ctx, &ecr.BatchGetImageInput{
		RegistryId: &image.Account, RepositoryName: &image.Repository, AcceptedMediaTypes: manifests, ImageIds: []ecrtypes.ImageIdentifier{id},
	})
	if code(err) == "RepositoryNotFoundException" {
		return sure("Check account, region and name of the repository.", "image %s: there is no such repository", text), nil
	}
	if err != nil {
		return rollout.Doubt{}, err
	}
	for _, failure := range out.Failures {
		if failure.FailureCode == ecrtypes.ImageFailureCodeImageNotFound {
			return sure("Push it before the deployment, or check the tag.", "image %s: the repository has no such image", text), nil
		}
	}
	for _, found := range out.Images {
		if has := architectures(deref(found.ImageManifest)); architecture != "" && len(has) > 0 && !slices.Contains(has, architecture) {
			return sure("Build it for that architecture too, or change cpuArchitecture of runtimePlatform.",
				"image %s is made for %s, and the task definition asks for %s", text, strings.Join(has, " and "), architecture), nil
		}
	}
	return rollout.Doubt{}, nil
}

// architectures are those of an image's index. A manifest of one image does not tell its own.
func architectures(manifest string) []string {
	var index struct {
		Manifests []struct{ Platform struct{ Architecture string } }
	}
	if json.Unmarshal([]byte(manifest), &index) != nil {
		return nil
	}
	var has []string
	for _, m := range index.Manifests {
		if a := m.Platform.Architecture; a != "" && a != "unknown" && !slices.Contains(has, a) { // attestations are unknown
			has = append(has, a)
		}
	}
	return has
}

func (c *Client) verifyRole(ctx context.Context, arn string) (rollout.Doubt, error) {
	name := last(arn)
	_, err := iam.NewFromConfig(c.config).GetRole(ctx, &iam.GetRoleInput{RoleName: &name})
	if code(err) == "NoSuchEntity" {
		return sure("Create it, or correct taskRoleArn and executionRoleArn.", "role %s does not exist", arn), nil
	}
	return rollout.Doubt{}, err
}

func (c *Client) verifyLogGroup(ctx context.Context, log taskdef.Log) (rollout.Doubt, error) {
	client := cloudwatchlogs.NewFromConfig(c.config, func(o *cloudwatchlogs.Options) { o.Region = cmp.Or(log.Region, o.Region) })
	out, err := client.DescribeLogGroups(ctx, &cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePrefix: &log.Group})
	if err != nil {
		return rollout.Doubt{}, err
	}
	for _, group := range out.LogGroups {
		if deref(group.LogGroupName) == log.Group {
			return rollout.Doubt{}, nil
		}
	}
	if out.NextToken != nil {
		return rollout.Doubt{}, errors.New("there are more")
	}
	return sure(`Create it, or set awslogs-create-group to "true".`, "log group %s does not exist", log.Group), nil
}

func (c *Client) verifySecret(ctx context.Context, from string) (rollout.Doubt, error) {
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
		return sure("Create it, or correct valueFrom.", "secret %s does not exist", arn), nil
	case err == nil && out.DeletedDate != nil:
		return sure("Restore it, or correct valueFrom.", "secret %s is deleted", arn), nil
	}
	return rollout.Doubt{}, err
}

// verifyParameter asks for the description, not for the value.
func (c *Client) verifyParameter(ctx context.Context, from string) (rollout.Doubt, error) {
	name, region := from, ""
	if parts := strings.SplitN(from, ":", 6); len(parts) == 6 {
		region, name = parts[3], strings.TrimPrefix(parts[5], "parameter")
	}
	client := ssm.NewFromConfig(c.config, func(o *ssm.Options) { o.Region = cmp.Or(region, o.Region) })
	key, equals := "Name", "Equals"
	out, err := client.DescribeParameters(ctx, &ssm.DescribeParametersInput{
		ParameterFilters: []ssmtypes.ParameterStringFilter{{Key: &key, Option: &equals, Values: []string{name}}},
	})
	if err != nil || len(out.Parameters) > 0 || out.NextToken != nil {
		return rollout.Doubt{}, err
	}
	return sure("Create it, or correct valueFrom.", "parameter %s does not exist", name), nil
}
