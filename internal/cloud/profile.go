package cloud

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/config"

	"ecs-deploy/internal/rollout"
)

// Profile is a section of the files that AWS's tools share. It is unset without a name.
type Profile struct {
	Input  string // that names it, aws-profile or AWS_PROFILE
	Name   string
	Places []Place // where it may be, in the order in which they are looked through
}

// Place is files that belong together. A profile is taken from one place alone. A file that is not there counts as
// empty.
type Place struct {
	Config, Credentials string
	Workspace           bool // they are of the workspace, which holds what anyone may have pushed
}

// files are those that there are, as the SDK takes them: none is an empty list.
func (p Place) files() (configs, credentials []string) {
	list := func(path string) []string {
		if path == "" {
			return []string{}
		}
		return []string{path}
	}
	return list(p.Config), list(p.Credentials)
}

// section reads a profile of the place, and of no other file.
func (p Place) section(ctx context.Context, profile string) (config.SharedConfig, error) {
	return config.LoadSharedConfigProfile(ctx, profile, func(o *config.LoadSharedConfigOptions) {
		o.ConfigFiles, o.CredentialsFiles = p.files()
	})
}

// trustDefault is trust for the profile that counts where none is named.
func (p Place) trustDefault(ctx context.Context, emit rollout.Emit) error {
	section, err := p.section(ctx, "default")
	if err != nil {
		return nil // what cannot be read here, the SDK does not read either
	}
	return Profile{Input: "AWS_CONFIG_FILE", Name: "default"}.trust(section, p, emit)
}

// load reads the profile from the first place that has it. The error is a *rollout.Problem.
func (p Profile) load(ctx context.Context, emit rollout.Emit) (config.SharedConfig, Place, error) {
	var looked []string
	for _, place := range p.Places {
		section, err := place.section(ctx, p.Name)
		var missing config.SharedConfigProfileNotExistError
		if errors.As(err, &missing) {
			configs, credentials := place.files()
			looked = append(looked, slices.Concat(credentials, configs)...)
			continue
		}
		if err != nil {
			return section, place, unreadable(err)
		}
		return section, place, p.trust(section, place, emit)
	}
	problem := noProfile.problem(rollout.BadInput)
	problem.What = fmt.Sprintf(
		"%s: there is no profile %q in %s",
		p.Input,
		p.Name,
		cmp.Or(strings.Join(looked, ", "), "the files of the environment"),
	)
	return config.SharedConfig{}, Place{}, problem
}

// trust refuses a profile of the workspace that runs a program or sends the calls elsewhere, unless an input names
// it: who can change a file of the repository could take the credentials otherwise.
func (p Profile) trust(section config.SharedConfig, place Place, emit rollout.Emit) error {
	if !place.Workspace {
		return nil
	}
	risky := risks(&section)
	where := fmt.Sprintf(
		"profile %q of %s in the workspace",
		p.Name,
		strings.Join(
			slices.DeleteFunc([]string{place.Credentials, place.Config}, func(path string) bool { return path == "" }),
			" and ",
		),
	)
	if len(risky) > 0 && p.Input != "aws-profile" {
		return &rollout.Problem{
			Kind: rollout.BadInput,
			What: fmt.Sprintf("%s: %s has %s, which is not taken from there", p.Input, where, strings.Join(risky, " and ")),
			Next: "If you mean it, name the profile with aws-profile; otherwise leave them out.",
		}
	}
	if len(risky) > 0 {
		where += ", with its " + strings.Join(risky, " and ")
	}
	emit(rollout.Noticed{What: "the credentials come from " + where})
	return nil
}

// risks are the settings of a profile, and of those that it builds on, that run a program or send calls elsewhere.
func risks(section *config.SharedConfig) []string {
	var found []string
	for ; section != nil; section = section.Source {
		for _, setting := range []struct {
			name string
			set  bool
		}{
			{"credential_process", section.CredentialProcess != ""}, {"endpoint_url", section.BaseEndpoint != ""},
			{"services", section.ServicesSectionName != "" || len(section.Services.ServiceValues) > 0},
		} {
			if setting.set && !slices.Contains(found, setting.name) {
				found = append(found, setting.name)
			}
		}
	}
	return found
}

// unreadable is the error of a configuration that cannot be read.
func unreadable(err error) error {
	return &rollout.Problem{
		Kind: rollout.BadInput, What: "the AWS configuration cannot be read: " + innermost(err).Error(),
		Next: "Check the files that AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE name, and the profile in them.",
	}
}
