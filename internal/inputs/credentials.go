package inputs

import (
	"cmp"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"ecs-deploy/internal/lazy"
	"ecs-deploy/internal/rollout"
)

// Credentials are what the inputs say of them. The zero value leaves them to the environment.
type Credentials struct {
	Keys     rollout.Keys
	Profile  string
	Role     rollout.Role
	Audience string   // of the identity token
	Accounts []string // whose credentials are accepted; none: of all
}

// In are the credentials for one place: {region} and {account} are filled in.
func (c Credentials) In(place rollout.Place) Credentials {
	c.Role.ARN = values{"{region}": place.Region, "{account}": place.Account}.into(c.Role.ARN)
	return c
}

// secretInputs and secretVariables are what holds secrets, before anything is checked.
var (
	secretInputs    = []string{"aws-access-key-id", "aws-secret-access-key", "aws-session-token"}
	secretVariables = []string{
		"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN",
		"ACTIONS_ID_TOKEN_REQUEST_TOKEN", "ACTIONS_RUNTIME_TOKEN",
	}
	proxies = []string{"HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"}
)

// Secrets are the secrets that the environment of this process holds, its inputs among it.
func Secrets(getenv func(string) string) []string {
	var secrets []string
	for _, input := range secretInputs {
		secrets = append(secrets, strings.TrimSpace(getenv("INPUT_"+strings.ToUpper(input))))
	}
	for _, name := range secretVariables {
		secrets = append(secrets, getenv(name))
	}
	for _, name := range proxies {
		proxy := getenv(name)
		if !strings.Contains(proxy, "://") {
			proxy = "http://" + proxy // as Go's client takes it
		}
		if parsed, err := url.Parse(proxy); err == nil && parsed.User != nil {
			password, _ := parsed.User.Password()
			_, asWritten, _ := strings.Cut(parsed.User.String(), ":")
			secrets = append(secrets, password, asWritten)
		}
	}
	secrets = append(secrets, secretsOfURLs(getenv("INPUT_CHECK-URL"))...)
	slices.Sort(secrets)
	secrets = slices.Compact(secrets)
	return slices.DeleteFunc(secrets, func(secret string) bool { return secret == "" })
}

// What AWS allows: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html.
var (
	roleARN     = lazy.Regexp(`^arn:aws[a-z-]*:iam::[0-9]{12}:role/[\w+=,.@/-]+$`)
	sessionName = lazy.Regexp(`^[\w+=,.@-]{2,64}$`)
	externalID  = lazy.Regexp(`^[\w+=,.@:/-]{2,}$`)
	accountID   = lazy.Regexp(`^[0-9]{12}$`)
)

// credentials checks what the inputs say of credentials. The job names the session of a role.
func (c *checker) credentials(t text, job string) Credentials {
	c.matching("role-to-assume", sample.into(t.Role), roleARN, "the ARN of a role, such as "+
		"arn:aws:iam::123456789012:role/deployer")
	for _, found := range placeholders(t.Role) {
		if found != "{region}" && found != "{account}" {
			c.mistake("role-to-assume: a role is assumed for a region and an account, so %s cannot be filled in", found)
		}
	}
	c.matching("role-session-name", t.RoleSessionName, sessionName, "2 to 64 letters, digits and _+=,.@-")
	if t.RoleExternalID != "" && !externalID().MatchString(t.RoleExternalID) {
		c.mistake("role-external-id: it must have 2 or more letters, digits and _+=,.@:/-") // it may be a secret
	}
	given := Credentials{
		Keys:     rollout.Keys{AccessKeyID: t.AccessKeyID, SecretAccessKey: t.SecretAccessKey, SessionToken: t.SessionToken},
		Profile:  t.Profile,
		Audience: t.Audience,
		Role:     rollout.Role{ARN: t.Role, SessionName: cmp.Or(t.RoleSessionName, job), ExternalID: t.RoleExternalID},
		Accounts: c.accounts("allowed-account-ids", t.AllowedAccountIDs),
	}
	if seconds := c.whole("role-duration-seconds", t.RoleDurationSeconds, 900, 43200); seconds != nil {
		given.Role.MaxAge = time.Duration(*seconds) * time.Second
	}
	if (t.AccessKeyID == "") != (t.SecretAccessKey == "") {
		c.mistake("aws-access-key-id and aws-secret-access-key go together: only one is set")
	}
	if t.SessionToken != "" && t.AccessKeyID == "" {
		c.mistake("aws-session-token needs aws-access-key-id, which is not set")
	}
	if t.AccessKeyID != "" && t.Profile != "" {
		c.mistake("give aws-access-key-id or aws-profile: both are set")
	}
	for _, input := range []struct{ name, value string }{
		{"role-session-name", t.RoleSessionName},
		{"role-duration-seconds", t.RoleDurationSeconds},
		{"role-external-id", t.RoleExternalID},
	} {
		if input.value != "" && t.Role == "" {
			c.mistake("%s needs role-to-assume, which is not set", input.name)
		}
	}
	if account := rollout.Account(t.Role); accountID().MatchString(account) && len(given.Accounts) > 0 &&
		!slices.Contains(given.Accounts, account) {
		c.mistake(
			"role-to-assume: %s is in account %s, and allowed-account-ids allows only %s",
			t.Role,
			account,
			strings.Join(given.Accounts, ", "),
		)
	}
	return given
}

// matching tells whether a text is of a form, or empty.
func (c *checker) matching(input, value string, form func() *regexp.Regexp, allowed string) bool {
	if value != "" && !form().MatchString(value) {
		c.mistake("%s: %q is not %s%s", input, value, allowed, oddity(value))
		return false
	}
	return true
}

func (c *checker) accounts(input, value string) []string {
	var accounts []string
	for _, line := range items(value) {
		if !accountID().MatchString(line) {
			c.mistake("%s: %q is not an account id, which has 12 digits", input, line)
		}
		accounts = append(accounts, line)
	}
	if value != "" && len(accounts) == 0 {
		c.mistake("%s: %q names no account: give ids of 12 digits, one per line or separated by commas", input, value)
	}
	return accounts
}

// regions are those of the input, else of the environment, else the one in an ARN. There is none where none of them
// names one: then a profile may.
func (c *checker) regions(input, value string, getenv func(string) string, arns ...string) []string {
	from := input
	for _, variable := range []string{"AWS_REGION", "AWS_DEFAULT_REGION"} {
		if value == "" {
			from, value = variable, getenv(variable)
		}
	}
	regions := items(value)
	for i, region := range regions {
		if zone := zoneName().FindStringSubmatch(region); zone != nil {
			c.mistake("%s: %q is an availability zone: the region is %s", from, region, zone[1])
		} else if !regionName().MatchString(region) {
			c.mistake("%s: %q is not the name of a region, such as eu-west-1%s", from, region, oddity(region))
		} else if slices.Contains(regions[:i], region) {
			c.mistake("%s: %s is given twice", from, region)
		}
	}
	for _, arn := range arns {
		if region := rollout.PlaceOf(arn).Region; len(regions) == 0 && region != "" {
			regions = []string{region}
		}
	}
	return regions
}

// job is a name for sessions by which CloudTrail tells the run that they were for.
func job(getenv func(string) string) string {
	run := getenv("GITHUB_RUN_ID")
	if run == "" {
		return "ecs-deploy"
	}
	return rollout.SessionName(getenv("GITHUB_REPOSITORY"), run, getenv("GITHUB_RUN_ATTEMPT"))
}
