package action

import (
	"cmp"
	"context"
	"net/http"
	"path/filepath"
	"slices"

	"ecs-deploy/internal/cloud"
	"ecs-deploy/internal/inputs"
	"ecs-deploy/internal/oidc"
	"ecs-deploy/internal/rollout"
)

// connect makes the clients of AWS, whose credentials are there.
func connect(ctx context.Context, env Env, in inputs.Inputs, emit rollout.Emit) (*cloud.Clients, error) {
	with := map[string]cloud.Credentials{} // by the role that is assumed
	places := slices.Concat(in.Places, in.Elsewhere)
	clients, err := cloud.OpenAll(ctx, places, func(place rollout.Place) (_ cloud.Options, err error) {
		its := in.Credentials.In(place)
		if _, known := with[its.Role.ARN]; !known {
			with[its.Role.ARN], err = credentials(its, env, emit)
		}
		options := cloud.Options{
			Place:       place,
			Credentials: with[its.Role.ARN],
			Attempts:    in.Attempts,
			HTTP:        env.HTTP,
			Jitter:      env.Jitter,
			Emit:        emit,
		}
		if env.HTTP != nil {
			options.Place.Region = cmp.Or(place.Region, simulatedRegion)
		}
		return options, err
	})
	if err != nil {
		return nil, err
	}
	return clients, clients.Authenticate(ctx)
}

const simulatedRegion = "eu-west-1"

// credentials decides what to call with. What is said in the inputs comes first, then the identity
// token for a role, then the environment. An external id asks for keys: a token cannot carry one.
func credentials(in inputs.Credentials, env Env, emit rollout.Emit) (cloud.Credentials, error) {
	var with cloud.Credentials
	role := cloud.AssumedRole{Role: in.Role}
	runner, hasToken := oidc.On(env.Getenv, transport(env.HTTP), in.Audience)
	inEnv := rollout.Keys{
		AccessKeyID:     env.Getenv("AWS_ACCESS_KEY_ID"),
		SecretAccessKey: env.Getenv("AWS_SECRET_ACCESS_KEY"),
		SessionToken:    env.Getenv("AWS_SESSION_TOKEN"),
	}
	fromEnv := env.Getenv("AWS_PROFILE")
	with.Named = named(env.Getenv)
	switch {
	case in.Keys.AccessKeyID != "":
		with = keys(in.Keys, with.Named)
	case in.Profile != "":
		with.Profile = profile("aws-profile", in.Profile, env.Getenv)
	case role.ARN != "" && hasToken && role.ExternalID == "":
		role.Token = runner.Token
		if inEnv.AccessKeyID != "" {
			emit(rollout.Noticed{What: "the keys in the environment are not used: role-to-assume is assumed with the " +
				"identity token of the job", Next: "To assume it with the keys, give them as inputs."})
		}
	case inEnv.AccessKeyID != "":
		with = keys(inEnv, with.Named)
	case fromEnv != "":
		with.Profile = profile("AWS_PROFILE", fromEnv, env.Getenv)
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

func keys(k rollout.Keys, named cloud.Place) cloud.Credentials {
	return cloud.Credentials{Named: named, Keys: k}
}

// profile is a profile and where it may be: in the files that the environment names, in the home folder, which
// container actions of a job share, and in the workspace.
func profile(input, name string, getenv func(string) string) cloud.Profile {
	workspace := getenv("GITHUB_WORKSPACE")
	in := func(root string) cloud.Place {
		return cloud.Place{
			Config:      filepath.Join(root, ".aws", "config"),
			Credentials: filepath.Join(root, ".aws", "credentials"),
			Workspace:   root == workspace,
		}
	}
	p := cloud.Profile{Input: input, Name: name}
	home := getenv("HOME")
	if place := named(getenv); place.Config+place.Credentials != "" {
		if home != "" {
			place.Config = cmp.Or(place.Config, in(home).Config)
			place.Credentials = cmp.Or(place.Credentials, in(home).Credentials)
		}
		p.Places = append(p.Places, place)
	}
	for _, root := range []string{home, workspace} {
		if root != "" {
			p.Places = append(p.Places, in(root))
		}
	}
	return p
}

// named are the files that the environment names.
func named(getenv func(string) string) cloud.Place {
	workspace := getenv("GITHUB_WORKSPACE")
	place := cloud.Place{Config: getenv("AWS_CONFIG_FILE"), Credentials: getenv("AWS_SHARED_CREDENTIALS_FILE")}
	place.Workspace = isIn(workspace, place.Config) || isIn(workspace, place.Credentials)
	return place
}

// isIn tells whether a file is in a folder, wherever links lead.
func isIn(folder, file string) bool {
	if folder == "" || file == "" {
		return false
	}
	inside, err := filepath.Rel(resolved(folder), resolved(file))
	return err == nil && filepath.IsLocal(inside)
}

// resolved is where a path leads. A file that is not there is where it would be.
func resolved(path string) string {
	if absolute, err := filepath.Abs(path); err == nil {
		path = absolute
	}
	if target, err := filepath.EvalSymlinks(path); err == nil {
		return target
	}
	return path
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
