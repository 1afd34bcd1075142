package inputs

import (
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ecs-deploy/internal/rollout"
)

func TestCredentials(t *testing.T) {
	in, err := read(t, map[string]string{
		"service": "web", "role-to-assume": "arn:aws-us-gov:iam::123456789012:role/ci/deployer", "role-session-name": "release",
		"role-duration-seconds": "900", "role-external-id": "shop:42", "audience": "sts.amazonaws.com.cn", "aws-profile": "ci",
		"allowed-account-ids": "123456789012, 210987654321\n111111111111",
	})
	require.NoError(t, err)
	require.Equal(t, Credentials{
		Profile: "ci", Audience: "sts.amazonaws.com.cn", Accounts: []string{"123456789012", "210987654321", "111111111111"},
		Role: rollout.Role{ARN: "arn:aws-us-gov:iam::123456789012:role/ci/deployer", SessionName: "release", ExternalID: "shop:42", MaxAge: 15 * time.Minute},
	}, in.Credentials)
}

func TestMistakesInCredentials(t *testing.T) {
	const role = "arn:aws:iam::123456789012:role/deployer"
	for _, test := range []struct {
		with map[string]string
		want string
	}{
		{map[string]string{"role-to-assume": "deployer"}, `role-to-assume: "deployer" is not the ARN of a role, such as arn:aws:iam::123456789012:role/deployer`},
		{map[string]string{"role-to-assume": role, "role-session-name": "a b"}, `role-session-name: "a b" is not 2 to 64 letters, digits and _+=,.@-: it contains a space`},
		{map[string]string{"role-to-assume": role, "role-duration-seconds": "60"}, `role-duration-seconds: "60" is not a whole number from 900 to 43200`},
		{map[string]string{"role-to-assume": role, "role-external-id": "x"}, `role-external-id: it must have 2 or more letters, digits and _+=,.@:/-`},
		{map[string]string{"role-external-id": "shop"}, "role-external-id needs role-to-assume, which is not set"},
		{map[string]string{"role-session-name": "shop"}, "role-session-name needs role-to-assume, which is not set"},
		{map[string]string{"role-duration-seconds": "900"}, "role-duration-seconds needs role-to-assume, which is not set"},
		{map[string]string{"allowed-account-ids": "1234"}, `allowed-account-ids: "1234" is not an account id, which has 12 digits`},
		{map[string]string{"allowed-account-ids": ","}, `allowed-account-ids: "," names no account: give ids of 12 digits, one per line or separated by commas`},
		{map[string]string{"allowed-account-ids": "210987654321", "role-to-assume": role}, "role-to-assume: " + role + " is in account 123456789012, and allowed-account-ids allows only 210987654321"},
		{map[string]string{"aws-access-key-id": "id", "aws-secret-access-key": "secret", "aws-profile": "ci"}, "give aws-access-key-id or aws-profile: both are set"},
	} {
		with := map[string]string{"service": "web"}
		maps.Copy(with, test.with)
		_, err := read(t, with)
		require.EqualError(t, err, test.want)
	}
}

func TestRegion(t *testing.T) {
	const service, cluster = "arn:aws:ecs:eu-west-1:123456789012:service/main/web", "arn:aws:ecs:eu-central-1:123456789012:cluster/main"
	for name, test := range map[string]struct {
		with map[string]string
		env  map[string]string
		want string
		err  string
	}{
		"the input first":       {map[string]string{"aws-region": "eu-west-1"}, map[string]string{"AWS_REGION": "eu-west-2"}, "eu-west-1", ""},
		"then AWS_REGION":       {nil, map[string]string{"AWS_REGION": "eu-west-2", "AWS_DEFAULT_REGION": "eu-west-3"}, "eu-west-2", ""},
		"then the default":      {nil, map[string]string{"AWS_DEFAULT_REGION": "eu-west-3"}, "eu-west-3", ""},
		"then the service's":    {map[string]string{"service": service}, nil, "eu-west-1", ""},
		"then the cluster's":    {map[string]string{"cluster": cluster}, nil, "eu-central-1", ""},
		"then the revision's":   {map[string]string{"task-definition": "arn:aws:ecs:eu-north-1:123456789012:task-definition/web:1"}, nil, "eu-north-1", ""},
		"else none":             {nil, nil, "", ""},
		"one that says another": {map[string]string{"service": service}, map[string]string{"AWS_REGION": "us-east-1"}, "eu-west-1", ""},
		"two that differ":       {map[string]string{"service": service, "cluster": cluster}, nil, "", "cluster: " + cluster + " is not in eu-west-1, where the services are"},
		"one without effect":    {map[string]string{"service": service, "aws-region": "us-east-1"}, nil, "", "aws-region: us-east-1 has no effect: each service names its own, eu-west-1"},
		"no region":             {nil, map[string]string{"AWS_REGION": "Ireland"}, "", `AWS_REGION: "Ireland" is not the name of a region, such as eu-west-1`},
	} {
		t.Run(name, func(t *testing.T) {
			env := map[string]string{"INPUT_SERVICE": "web"}
			maps.Copy(env, test.env)
			for name, value := range test.with {
				env["INPUT_"+strings.ToUpper(name)] = value
			}
			in, err := Read(t.Context(), func(name string) string { return env[name] }, nil)
			if test.err != "" {
				require.EqualError(t, err, test.err)
				return
			}
			require.NoError(t, err)
			require.Equal(t, []rollout.Place{{Region: test.want}}, in.Places)
		})
	}
}

func TestSessionsAreNamedAfterTheJob(t *testing.T) {
	name := func(env map[string]string) string { return job(func(name string) string { return env[name] }) }
	require.Equal(t, "ecs-deploy", name(nil))
	require.Equal(t, "gha-acme-shop-123-2", name(map[string]string{"GITHUB_REPOSITORY": "acme/shop", "GITHUB_RUN_ID": "123", "GITHUB_RUN_ATTEMPT": "2"}))
	long := name(map[string]string{"GITHUB_REPOSITORY": "acme/" + strings.Repeat("shop-", 30), "GITHUB_RUN_ID": "12345678901"})
	require.Regexp(t, sessionName(), long)
	require.True(t, strings.HasSuffix(long, "-12345678901-1"), long)
}

func TestSecretsAreKnownBeforeTheInputsAreRead(t *testing.T) {
	env := map[string]string{
		"INPUT_AWS-ACCESS-KEY-ID": "input-id", "INPUT_AWS-SECRET-ACCESS-KEY": " input-secret\n", "INPUT_AWS-SESSION-TOKEN": "input-token",
		"AWS_ACCESS_KEY_ID": "env-id", "AWS_SECRET_ACCESS_KEY": "env-secret", "AWS_SESSION_TOKEN": "env-token",
		"ACTIONS_ID_TOKEN_REQUEST_TOKEN": "request-token", "ACTIONS_RUNTIME_TOKEN": "runtime-token",
		"AWS_CONTAINER_AUTHORIZATION_TOKEN": "container-token", "AWS_REGION": "eu-west-1",
		"HTTPS_PROXY": "http://user:proxy%2Fpassword@proxy:3128", "http_proxy": "user:another-password@proxy:3128",
	}
	require.ElementsMatch(t, []string{
		"input-id", "input-secret", "input-token", "env-id", "env-secret", "env-token", "request-token", "runtime-token", "container-token", "proxy/password", "proxy%2Fpassword", "another-password",
	}, Secrets(func(name string) string { return env[name] }))
}
