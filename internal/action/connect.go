package action

import (
	"cmp"
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
	named := env.Getenv("AWS_PROFILE")
	switch {
	case in.Keys.AccessKeyID != "":
		with = keys(in.Keys)
	case in.Profile != "":
		with.Profile = profile("aws-profile", in.Profile, env.Getenv)
	case role.ARN != "" && hasToken && role.ExternalID == "":
		role.Token = runner.Token
		if inEnv.AccessKeyID != "" {
			emit(rollout.Noticed{What: "the keys in the environment are not used: role-to-assume is assumed with the identity token of the job", Next: "To assume it with the keys, give them as inputs."})
		}
	case inEnv.AccessKeyID != "":
		with = keys(inEnv)
	case named != "":
		with.Profile = profile("AWS_PROFILE", named, env.Getenv)
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

// profile is a profile and where it may be: in the files that the environment names, in the home folder, which container
// actions of a job share, and in the workspace.
func profile(input, name string, getenv func(string) string) cloud.Profile {
	workspace := getenv("GITHUB_WORKSPACE")
	in := func(root string) cloud.Place {
		return cloud.Place{Config: filepath.Join(root, ".aws", "config"), Credentials: filepath.Join(root, ".aws", "credentials"), Workspace: root == workspace}
	}
	p := cloud.Profile{Input: input, Name: name}
	home := getenv("HOME")
	if config, credentials := getenv("AWS_CONFIG_FILE"), getenv("AWS_SHARED_CREDENTIALS_FILE"); config+credentials != "" {
		place := cloud.Place{Workspace: isIn(workspace, config) || isIn(workspace, credentials)}
		if home != "" {
			place.Config, place.Credentials = in(home).Config, in(home).Credentials
		}
		place.Config, place.Credentials = cmp.Or(config, place.Config), cmp.Or(credentials, place.Credentials)
		p.Places = append(p.Places, place)
	}
	for _, root := range []string{home, workspace} {
		if root != "" {
			p.Places = append(p.Places, in(root))
		}
	}
	return p
}

// isIn tells whether a file is in a folder.
func isIn(folder, file string) bool {
	if folder == "" || file == "" {
		return false
	}
	inside, err := filepath.Rel(folder, file)
	return err == nil && filepath.IsLocal(inside)
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
