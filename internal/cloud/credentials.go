package cloud

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"ecs-deploy/internal/oidc"
	"ecs-deploy/internal/rollout"
)

// Credentials say what the calls are signed with: keys, or a profile, or neither for the SDK's own
// chain (web identity file, container, instance); or a role that is assumed with one of these, or
// with an identity token.
type Credentials struct {
	rollout.Keys
	Profile Profile
	Role    AssumedRole
	Named   Place // the files that the environment names, for what is said of no profile
}

// AssumedRole is a role, and what it is assumed with.
type AssumedRole struct {
	rollout.Role
	// Token gets a new identity token of the job. It is nil where the role is assumed with keys.
	Token func(context.Context) (oidc.Token, error)
}

// NoIdentityToken is the error of a job that is to assume a role and has nothing to do it with.
func NoIdentityToken() error { return noIdentityToken.problem(rollout.BadInput) }

// ExternalIDWithToken is the error of a job that has an identity token and an external id, and no keys.
func ExternalIDWithToken() error { return externalIDWithToken.problem(rollout.BadInput) }

// problem is the error in the form in which it is reported.
func (e CredentialError) problem(kind rollout.ProblemKind) *rollout.Problem {
	short := e.Name
	if e.call != "" {
		short = "the role cannot be assumed (" + e.Name + ")"
	}
	return &rollout.Problem{Kind: kind, What: e.What, Next: e.Next, Short: short}
}

// load makes the configuration that all clients are made from.
func (c *Client) load(ctx context.Context, options Options) (aws.Config, error) {
	cfg, err := base(ctx, options)
	if err != nil {
		return cfg, err
	}
	if role := options.Credentials.Role; role.ARN != "" {
		if err := samePartition(cfg.Region, role.ARN); err != nil {
			return cfg, err
		}
		c.assumer = newAssumer(cfg, role, c)
		cfg.Credentials = aws.NewCredentialsCache(c.assumer)
	}
	return cfg, nil
}

// samePartition refuses a role of another partition than the region's. Without either there is nothing to refuse.
func samePartition(region, role string) error {
	if region == "" || role == "" {
		return nil
	}
	of, has := partition(region), strings.Split(role, ":")[1]
	if of == has {
		return nil
	}
	p := anotherPartition.problem(rollout.BadInput)
	p.What = fmt.Sprintf("role-to-assume: %s is in the partition %s, and the region %s in %s", role, has, region, of)
	return p
}

// base is the configuration before a role is assumed.
func base(ctx context.Context, options Options) (aws.Config, error) {
	if options.HTTP != nil {
		return rehearsed(ctx, options)
	}
	given, profile := options.Credentials.given(), options.Credentials.Profile
	if given != nil {
		// Nothing in a file of HOME or of the workspace may redirect the calls then; of HOME the region counts.
		named := options.Credentials.Named
		if named.Workspace {
			named = Place{}
		}
		cfg, err := configured(ctx, homeRegion(ctx, options.Place.Region), given, named)
		if err != nil {
			err = unreadable(err)
		}
		return cfg, err
	}
	load := []func(*config.LoadOptions) error{
		config.WithRegion(options.Place.Region),
		config.WithHTTPClient(network()),
	}
	switch {
	case profile.Name != "":
		_, place, err := profile.load(ctx, options.Emit)
		if err != nil {
			return aws.Config{}, err
		}
		configs, secrets := place.files()
		load = append(
			load,
			config.WithSharedConfigProfile(profile.Name),
			config.WithSharedConfigFiles(configs),
			config.WithSharedCredentialsFiles(secrets),
		)
	case options.Credentials.Named.Workspace:
		if err := options.Credentials.Named.trustDefault(ctx, options.Emit); err != nil {
			return aws.Config{}, err
		}
	}
	cfg, err := config.LoadDefaultConfig(ctx, load...)
	if err != nil {
		return cfg, unreadable(err)
	}
	cfg.Credentials = aws.NewCredentialsCache(announcedCredentials{cfg.Credentials, options.Emit})
	return cfg, nil
}

// homeRegion is a region that is given, else that of the default profile of HOME, if there is one. The environment's
// goes before either, as everywhere in the SDK.
func homeRegion(ctx context.Context, given string) string {
	if given != "" || os.Getenv("AWS_REGION") != "" || os.Getenv("AWS_DEFAULT_REGION") != "" {
		return given
	}
	home := Place{Config: config.DefaultSharedConfigFilename(), Credentials: config.DefaultSharedCredentialsFilename()}
	section, err := home.section(ctx, cmp.Or(os.Getenv("AWS_PROFILE"), "default"))
	if err != nil {
		return ""
	}
	return section.Region
}

// given are the credentials that need not be looked for; nil if there are none.
func (c Credentials) given() aws.CredentialsProvider {
	switch {
	case c.AccessKeyID != "":
		return credentials.NewStaticCredentialsProvider(c.AccessKeyID, c.SecretAccessKey, c.SessionToken)
	case c.Role.Token != nil:
		return aws.AnonymousCredentials{}
	}
	return nil
}

// rehearsed is the configuration of which nothing may reach the network. A profile counts with the
// keys that stand in it.
func rehearsed(ctx context.Context, options Options) (aws.Config, error) {
	cfg := aws.Config{Region: options.Place.Region, Credentials: options.Credentials.given(), HTTPClient: options.HTTP}
	profile := options.Credentials.Profile
	if profile.Name == "" {
		return cfg, nil
	}
	section, _, err := profile.load(ctx, options.Emit)
	if err != nil {
		return cfg, err
	}
	cfg.Credentials = aws.NewCredentialsCache(
		announcedCredentials{credentials.StaticCredentialsProvider{Value: section.Credentials}, options.Emit},
	)
	return cfg, nil
}

// partitions are told from the names of their regions
// (https://github.com/aws/aws-sdk-go-v2/blob/main/internal/endpoints/awsrulesfn/partitions.json).
var partitions = []struct{ prefix, partition string }{
	{"cn-", "aws-cn"}, {"us-gov-", "aws-us-gov"}, {"eusc-", "aws-eusc"},
	{"us-iso-", "aws-iso"}, {"us-isob-", "aws-iso-b"}, {"eu-isoe-", "aws-iso-e"}, {"us-isof-", "aws-iso-f"},
}

func partition(region string) string {
	for _, p := range partitions {
		if strings.HasPrefix(region, p.prefix) {
			return p.partition
		}
	}
	return "aws"
}

// announcedCredentials tells the secrets of credentials, so that they are masked before anything prints them.
type announcedCredentials struct {
	provider aws.CredentialsProvider
	emit     rollout.Emit
}

func (t announcedCredentials) Retrieve(ctx context.Context) (aws.Credentials, error) {
	got, err := t.provider.Retrieve(ctx)
	t.emit(rollout.SecretLearned{Values: []string{got.AccessKeyID, got.SecretAccessKey, got.SessionToken}})
	return got, err
}

// Authenticate gets the credentials. Nothing of AWS is called before but what gets credentials.
func (c *Client) Authenticate(ctx context.Context) error {
	if c.config.Credentials == nil {
		return noCredentials.problem(rollout.Refused)
	}
	if _, err := c.config.Credentials.Retrieve(ctx); err != nil {
		return c.unauthenticated(ctx, err)
	}
	return nil
}

// CheckAccount refuses credentials that belong to another account than one of these, by their ids; none: of all.
func (c *Client) CheckAccount(ctx context.Context, accounts []string) error {
	if len(accounts) == 0 {
		return nil
	}
	caller, err := c.askCaller(ctx)
	if err != nil {
		return err
	}
	if account := rollout.Account(caller); !slices.Contains(accounts, account) {
		p := anotherAccount.problem(rollout.BadInput)
		p.What = fmt.Sprintf(
			"allowed-account-ids: the credentials belong to account %s (%s), but only %s is allowed",
			account,
			caller,
			strings.Join(accounts, ", "),
		)
		return p
	}
	return nil
}

// unauthenticated is why there are no credentials: what is known already in our words, what STS
// answered to the SDK for a profile or a web identity file, or that the SDK's chain came to its end.
func (c *Client) unauthenticated(ctx context.Context, err error) error {
	var known *rollout.Problem
	var answer smithy.APIError
	var call *smithy.OperationError
	var lost *smithyhttp.RequestSendError
	inChain := errors.As(err, &call) && call.Service() == sts.ServiceID
	switch cause := context.Cause(ctx); {
	case cause != nil:
		return cause
	case errors.As(err, &known):
		return known
	case inChain && errors.As(err, &answer):
		p := &rollout.Problem{
			Kind: rollout.Refused,
			What: fmt.Sprintf(
				"sts:%s for the role of the profile: %s (%s)", call.Operation(), answer.ErrorMessage(), answer.ErrorCode(),
			),
		}
		if trouble, found := credentialError(call.Operation(), err); found {
			p.Next = trouble.with(AssumedRole{}, oidc.Claims{}).Next
		}
		return p
	case inChain && errors.As(err, &lost):
		return c.unreached(err, fmt.Sprintf("sts:%s for the role of the profile: ", call.Operation()))
	}
	p := noCredentials.problem(rollout.Refused)
	if last := innermost(err).Error(); !strings.Contains(strings.ToLower(err.Error()), "imds") {
		p.What += ": " + last
	}
	return p
}

// with puts in what a credential error leaves open.
func (e CredentialError) with(role AssumedRole, claims oidc.Claims) CredentialError {
	of := "the account"
	if id := rollout.Account(role.ARN); id != "" {
		of = "account " + id
	}
	words := strings.NewReplacer(
		"{role}", cmp.Or(role.ARN, "the role"), "{account}", of,
		"{issuer}", cmp.Or(claims.Issuer, "GitHub"), "{audience}", cmp.Or(string(claims.Audience), "of the token"),
		"{subject}", cmp.Or(claims.Subject, "of the token"),
	)
	e.What, e.Next = words.Replace(e.What), words.Replace(e.Next)
	return e
}
