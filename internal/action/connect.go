package action

import (
	"context"
	"net/http"
	"path/filepath"

	"ecs-deploy/internal/cloud"
	"ecs-deploy/internal/inputs"
	"ecs-deploy/internal/oidc"
	"ecs-deploy/internal/rollout"
)

// connect makes a client of AWS, whose credentials are there and of an account that is allowed.
func connect(ctx context.Context, env Env, in inputs.Inputs, emit rollout.Emit) (*cloud.Client, error) {
	credentials, err := credentials(in.Credentials, env, emit)
	if err != nil {
		return nil, err
	}
	options := cloud.Options{Region: in.Region, Credentials: credentials, Attempts: in.Attempts, HTTP: env.HTTP, Jitter: env.Jitter, Emit: emit}
	if env.HTTP != nil {
		options.Region = simulatedRegion
	}
	client, err := cloud.Open(ctx, options)
	if err != nil {
		return nil, err
	}
	return client, client.Authenticate(ctx, in.Credentials.Accounts)
}

const simulatedRegion = "eu-west-1"

// credentials decides what to call with. What is said in the inputs comes first, then the identity
// token for a role, then the environment. An external id asks for keys: a token cannot carry one.
func credentials(in inputs.Credentials, env Env, emit rollout.Emit) (cloud.Credentials, error) {
	var with cloud.Credentials
	role := cloud.Role{ARN: in.Role.ARN, SessionName: in.Role.SessionName, ExternalID: in.Role.ExternalID, Duration: in.Role.Duration}
	runner, hasToken := oidc.On(env.Getenv, transport(env.HTTP), in.Audience)
	inEnv := inputs.Keys{
		AccessKeyID: env.Getenv("AWS_ACCESS_KEY_ID"), SecretAccessKey: env.Getenv("AWS_SECRET_ACCESS_KEY"), SessionToken: env.Getenv("AWS_SESSION_TOKEN"),
	}
	profile := env.Getenv("AWS_PROFILE")
	switch {
	case in.Keys.AccessKeyID != "":
		with = keys(in.Keys)
	case in.Profile != "":
		with.Profile = files("aws-profile", in.Profile, env.Getenv)
	case role.ARN != "" && hasToken && role.ExternalID == "":
		role.Token = runner.Token
		if inEnv.AccessKeyID != "" {
			emit(rollout.Noticed{What: "the keys in the environment are not used: role-to-assume is assumed with the identity token of the job", Next: "To assume it with the keys, give them as inputs."})
		}
	case inEnv.AccessKeyID != "":
		with = keys(inEnv)
	case profile != "":
		with.Profile = files("AWS_PROFILE", profile, env.Getenv)
	case role.ARN != "" && hasToken && env.Getenv("RUNNER_ENVIRONMENT") != "self-hosted":
		return with, cloud.ExternalIDWithToken()
	case role.ARN != "" && env.Getenv("RUNNER_ENVIRONMENT") != "self-hosted":
		return with, cloud.NoIdentityToken() // only a runner of one's own can have a role by itself
	case role.ARN == "" && env.HTTP != nil:
		with.AccessKeyID, with.SecretAccessKey = "simulated", "simulated"
	}
	with.Role = role
	return with, nil
}

func keys(k inputs.Keys) cloud.Credentials {
	return cloud.Credentials{AccessKeyID: k.AccessKeyID, SecretAccessKey: k.SecretAccessKey, SessionToken: k.SessionToken}
}

// files are where a profile is looked for: in the files that the environment names, else in the home
// folder, which container actions of a job share, and in the workspace, which comes first.
func files(input, profile string, getenv func(string) string) cloud.Profile {
	find := func(variable, name string) []string {
		if file := getenv(variable); file != "" {
			return []string{file}
		}
		var files []string
		for _, folder := range []string{"HOME", "GITHUB_WORKSPACE"} {
			if root := getenv(folder); root != "" {
				files = append(files, filepath.Join(root, ".aws", name))
			}
		}
		return files
	}
	return cloud.Profile{Input: input, Name: profile, Configs: find("AWS_CONFIG_FILE", "config"), Credentials: find("AWS_SHARED_CREDENTIALS_FILE", "credentials")}
}

// transport is the way to the runner's token endpoint; nil is the network.
func transport(client cloud.HTTPClient) http.RoundTripper {
	if client == nil {
		return nil
	}
	return roundTripper{client}
}

type roundTripper struct{ client cloud.HTTPClient }

func (r roundTripper) RoundTrip(request *http.Request) (*http.Response, error) {
	return r.client.Do(request)
}
