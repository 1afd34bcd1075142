package cloud

import (
	"errors"
	"slices"
	"strings"

	"github.com/aws/smithy-go"
)

// CredentialError is a way in which credentials are not to be had, or not good. In What and Next,
// {role} is the role, {account} its account; {issuer}, {audience} and {subject} are of the identity
// token.
type CredentialError struct {
	Name string
	What string
	Next string

	call   string   // of STS; empty is any call to AWS
	codes  []string // of AWS; none where AWS was not asked
	says   string   // a part of AWS's message; empty is any
	passes bool     // it is worth another attempt
	claims bool     // the claims of the token are what it is about
	renews bool     // other credentials of the same role may do

	Example string // how AWS words it
	Source  string
}

const (
	viaToken = "AssumeRoleWithWebIdentity"
	viaKeys  = "AssumeRole"

	// The errors of STS and what they mean are described at these addresses.
	webIdentityDocs = "https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html"
	assumeRoleDocs  = "https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html"
	commonErrors    = "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/CommonErrors.html"
)

// The errors that are found without asking AWS.
var (
	noIdentityToken = CredentialError{
		Name: "no identity token",
		What: "role-to-assume: GitHub gives this job no identity token",
		Next: "Give the job the permissions id-token: write and contents: read (naming one removes all others). A " +
			"reusable workflow gets them from the job that calls it; jobs of pull requests from forks get none by default. " +
			"To assume the role with keys instead, give aws-access-key-id and aws-secret-access-key.",
	}
	tokenRefused = CredentialError{
		Name: "identity token refused",
		What: "the runner refused to issue an identity token",
		Next: "Check https://www.githubstatus.com, and that the job has id-token: write; a job that has ended, or waits " +
			"for approval again, gets no token.",
	}
	noCredentials = CredentialError{
		Name: "no credentials",
		What: "there are no AWS credentials",
		Next: "Set role-to-assume, and give the job the permission id-token: write. Or run " +
			"aws-actions/configure-aws-credentials before this step, or set aws-access-key-id and aws-secret-access-key. The " +
			"~/.aws of the host is not visible in a container action. To use the instance role of a self-hosted runner on " +
			"EC2, set the hop limit of its metadata service to 2.",
	}
	noProfile = CredentialError{
		Name: "no such profile",
		What: "aws-profile: the profile is in none of the files that this container sees",
		Next: "The ~/.aws of the host is not visible in a container action. Write the profile to .aws/credentials or " +
			".aws/config in the workspace, or point AWS_SHARED_CREDENTIALS_FILE and AWS_CONFIG_FILE to files in the workspace.",
	}
	externalIDWithToken = CredentialError{
		Name: "external id with a token",
		What: "role-external-id needs keys or a profile: this job has only an identity token, which cannot carry one",
		Next: "Leave role-external-id out, and have the trust policy check the subject of the token instead. Or give " +
			"aws-access-key-id and aws-secret-access-key.",
	}
	anotherAccount = CredentialError{
		Name: "account not allowed",
		What: "allowed-account-ids: the credentials belong to another account",
		Next: "Check which role, keys or environment this job has. Nothing was changed.",
	}
	anotherPartition = CredentialError{
		Name: "another partition",
		What: "role-to-assume: the role and the region are in different partitions",
		Next: "Give a role of the partition of aws-region: arn:aws-cn:… for China, arn:aws-us-gov:… for GovCloud, " +
			"arn:aws-eusc:… for the European Sovereign Cloud.",
	}
)

// CredentialErrors are all that are known, in the order in which they are looked through.
var CredentialErrors = []CredentialError{
	noIdentityToken,
	tokenRefused,
	externalIDWithToken,
	noCredentials,
	noProfile,
	anotherAccount,
	anotherPartition,
	{
		Name:   "trust policy",
		call:   viaToken,
		codes:  []string{"AccessDenied"},
		claims: true,
		What:   "the trust policy of {role} does not allow the subject {subject}",
		Next: "Compare the policy with the claims of the token in the log. If the policy names an environment, set " +
			"environment: in the job: its subject then names the environment in place of the branch or tag. Also check that " +
			"the role exists.",
		Example: "Not authorized to perform sts:AssumeRoleWithWebIdentity",
		Source:  "https://github.com/aws-actions/configure-aws-credentials/issues/318",
	},
	{
		Name:  "identity provider missing",
		call:  viaToken,
		codes: []string{"InvalidIdentityToken"},
		says:  "No OpenIDConnect provider found",
		What:  "{account} has no identity provider for {issuer}",
		Next: "Create an IAM OpenID Connect provider for {issuer} with the audience {audience} in {account}, or check the " +
			"account in role-to-assume.",
		Example: "No OpenIDConnect provider found in your account for https://token.actions.githubusercontent.com",
		Source:  webIdentityDocs,
	},
	{
		Name: "audience", call: viaToken, codes: []string{"InvalidIdentityToken"}, says: "audience", claims: true,
		What:    "the identity provider in {account} does not know the audience {audience}",
		Next:    "Add {audience} to the provider's audiences (its client ID list), or set audience to one that it has.",
		Example: "Incorrect token audience", Source: "https://github.com/glassechidna/ghaoidc/issues/3",
	},
	{
		Name:   "no keys of GitHub",
		call:   viaToken,
		codes:  []string{"InvalidIdentityToken"},
		says:   "verification key",
		passes: true,
		What:   "AWS could not get the keys of {issuer} to verify the token",
		Next:   "Run the job again. If that does not help, check that {issuer} can be reached from the internet.",
		Example: "Couldn't retrieve verification key from your identity provider,  please reference " +
			"AssumeRoleWithWebIdentity documentation for requirements",
		Source: webIdentityDocs,
	},
	{
		Name: "GitHub not reached", call: viaToken, codes: []string{"IDPCommunicationError"}, passes: true,
		What: "AWS could not reach {issuer} to verify the token",
		Next: "Run the job again. If that does not help, check that {issuer} can be reached from the internet.",
		// text unverified
		Example: "Communications error while communicating with the identity provider", Source: webIdentityDocs,
	},
	{
		Name: "claims rejected", call: viaToken, codes: []string{"IDPRejectedClaim"}, claims: true,
		What:    "AWS rejects the claims of the token",
		Next:    "Compare the claims, shown in the log, with the trust policy of {role}.",
		Example: "The web identity token was rejected by the identity provider", Source: webIdentityDocs, // text unverified
	},
	{
		Name: "token expired", call: viaToken, codes: []string{"ExpiredTokenException"}, passes: true,
		What: "the new identity token had already expired when AWS received it",
		Next: "Check the clock of the runner.",
		// text unverified
		Example: "Token expired: current date/time must be before the expiration date/time", Source: webIdentityDocs,
	},
	{
		Name:   "token not accepted",
		call:   viaToken,
		codes:  []string{"InvalidIdentityToken"},
		claims: true,
		What:   "AWS does not accept the identity token",
		Next:   "Check that the provider's URL in {account} is exactly {issuer}.",
		// text unverified
		Example: "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)",
		Source:  webIdentityDocs,
	},
	{
		Name:  "session too long",
		codes: []string{"ValidationError"},
		says:  "MaxSessionDuration",
		What:  "{role} does not allow sessions as long as role-duration-seconds",
		Next: "Lower role-duration-seconds (credentials are renewed while the step waits), or raise the role's maximum " +
			"session duration.",
		Example: "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
		Source:  "https://github.com/kreuzwerker/awsu/issues/27",
	},
	{
		Name:  "chained session too long",
		call:  viaKeys,
		codes: []string{"ValidationError"},
		says:  "role chaining",
		What:  "a role that is assumed with the credentials of another role cannot last longer than an hour",
		Next:  "Set role-duration-seconds to 3600 or less: credentials are renewed while the step waits.",
		// text unverified
		Example: "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.",
		Source:  assumeRoleDocs,
	},
	{
		Name: "region disabled", codes: []string{"RegionDisabledException"},
		What: "STS is not activated in this region for {account}",
		Next: "Activate the region's STS endpoint in the account settings of IAM, or use another aws-region.",
		// text unverified
		Example: "STS is not activated in this region for account:123456789012. Your account administrator can activate " +
			"STS in this region using the IAM Console.", Source: webIdentityDocs,
	},
	{
		Name: "not allowed", call: viaKeys, codes: []string{"AccessDenied"},
		What: "the credentials are not allowed to assume {role}",
		Next: "Allow them sts:AssumeRole on the role, and name them in its trust policy. If that requires an external id, " +
			"give role-external-id.",
		Example: "User: arn:aws:iam::123456789012:user/ci is not authorized to perform: sts:AssumeRole on resource: " +
			"arn:aws:iam::123456789012:role/deployer",
		Source: "https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html",
	},
	{
		Name: "source credentials expired", call: viaKeys, codes: []string{"ExpiredTokenException", "ExpiredToken"},
		What: "the credentials with which {role} is assumed have expired",
		Next: "Assume the role with the identity token of the job (id-token: write, and no keys in the inputs): that can " +
			"be renewed at any time. Or use keys that last longer.",
		Example: "The security token included in the request is expired", Source: commonErrors,
	},
	{
		Name: "credentials expired", renews: true, codes: []string{"ExpiredTokenException", "ExpiredToken"},
		What: "the AWS credentials have expired",
		Next: "Set role-to-assume in this step: it then renews its credentials. Or get them right before this step, valid " +
			"for longer than the deployment takes (role-duration-seconds).",
		Example: "The security token included in the request is expired", Source: commonErrors,
	},
	{
		Name: "clock", codes: []string{"RequestExpired"},
		What:    "the request had expired when it arrived",
		Next:    "Check the clock of the runner.",
		Example: "Request has expired.", Source: commonErrors, // text unverified
	},
	{
		Name:    "clock",
		codes:   []string{"InvalidSignatureException", "SignatureDoesNotMatch"},
		says:    "Signature expired",
		What:    "the request had expired when it arrived",
		Next:    "Check the clock of the runner.",
		Example: "Signature expired: 20261109T030000Z is now earlier than 20261109T031500Z (20261109T032000Z - 5 min.)",
		Source:  "https://docs.aws.amazon.com/IAM/latest/UserGuide/signature-v4-troubleshooting.html",
	},
	{
		Name: "credentials not accepted",
		codes: []string{
			"UnrecognizedClientException",
			"InvalidClientTokenId",
			"InvalidSignatureException",
			"SignatureDoesNotMatch",
			"IncompleteSignature",
			"MissingAuthenticationTokenException",
			"MissingAuthenticationToken",
		},
		What: "AWS does not accept the credentials",
		Next: "Check that the key, its secret and the session token belong together, that the key is active, and that it " +
			"belongs to the partition of the region.",
		Example: "The security token included in the request is invalid.",
		Source:  commonErrors,
	},
}

// credentialError recognizes what AWS answered to a call; the call matters only for those of STS that
// get credentials.
func credentialError(call string, err error) (CredentialError, bool) {
	var api smithy.APIError
	if !errors.As(err, &api) {
		return CredentialError{}, false
	}
	for _, known := range CredentialErrors {
		if (known.call == "" || known.call == call) && slices.Contains(known.codes, api.ErrorCode()) &&
			strings.Contains(api.ErrorMessage(), known.says) {
			return known, true
		}
	}
	return CredentialError{}, false
}

func isCredentialError(err error) bool {
	_, is := credentialError("", err)
	return is
}
