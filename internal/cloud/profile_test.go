package cloud

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/stretchr/testify/require"

	"ecs-deploy/internal/rollout"
)

// place writes the two files of a place.
func place(t *testing.T, workspace bool, configs, secrets string) Place {
	t.Helper()
	folder := t.TempDir()
	p := Place{Config: filepath.Join(folder, "config"), Credentials: filepath.Join(folder, "credentials"), Workspace: workspace}
	require.NoError(t, os.WriteFile(p.Config, []byte(configs), 0o600))
	require.NoError(t, os.WriteFile(p.Credentials, []byte(secrets), 0o600))
	return p
}

const keysOfCI = "[ci]\naws_access_key_id = AKIA\naws_secret_access_key = secret\n"

func TestAProfileComesFromOnePlace(t *testing.T) {
	home := place(t, false, "[profile other]\nregion = eu-west-1\n", keysOfCI)
	workspace := place(t, true, "[profile ci]\nendpoint_url = http://attacker.invalid\nregion = us-east-1\n", "")
	section, from, err := Profile{"aws-profile", "ci", []Place{home, workspace}}.load(t.Context(), func(rollout.Event) {})
	require.NoError(t, err)
	require.Equal(t, home, from)
	require.Empty(t, section.BaseEndpoint, "nothing of the workspace is mixed in")
	require.Empty(t, section.Region)

	_, _, err = Profile{"AWS_PROFILE", "gone", []Place{home, {Credentials: "/nowhere"}}}.load(t.Context(), func(rollout.Event) {})
	require.EqualError(t, err, `AWS_PROFILE: there is no profile "gone" in `+home.Credentials+", "+home.Config+", /nowhere")
}

func TestAProfileOfTheWorkspaceRedirectsNothingUnasked(t *testing.T) {
	for name, test := range map[string]struct{ config, credentials, risk string }{
		"a program":             {"[profile ci]\ncredential_process = /bin/evil\n", "", "credential_process"},
		"another endpoint":      {"[profile ci]\nendpoint_url = http://attacker.invalid\n", keysOfCI, "endpoint_url"},
		"endpoints by service":  {"[profile ci]\nservices = all\n[services all]\necs =\n  endpoint_url = http://attacker.invalid\n", keysOfCI, "services"},
		"a program of a source": {"[profile ci]\nrole_arn = arn:aws:iam::1:role/r\nsource_profile = base\n[profile base]\ncredential_process = /bin/evil\n", "", "credential_process"},
		"keys alone":            {"[profile ci]\nregion = eu-west-1\n", keysOfCI, ""},
	} {
		t.Run(name, func(t *testing.T) {
			workspace := place(t, true, test.config, test.credentials)
			where := `profile "ci" of ` + workspace.Credentials + " and " + workspace.Config + " in the workspace"
			_, _, err := Profile{"AWS_PROFILE", "ci", []Place{workspace}}.load(t.Context(), func(rollout.Event) {})
			if test.risk == "" {
				require.NoError(t, err)
			} else {
				require.EqualError(t, err, "AWS_PROFILE: "+where+" has "+test.risk+", which is not taken from there")
			}
			var told []rollout.Event
			_, _, err = Profile{"aws-profile", "ci", []Place{workspace}}.load(t.Context(), func(e rollout.Event) { told = append(told, e) })
			require.NoError(t, err, "the input names it")
			what := "the credentials come from " + where
			if test.risk != "" {
				what += ", with its " + test.risk
			}
			require.Equal(t, []rollout.Event{rollout.Noticed{What: what}}, told)

			home := workspace
			home.Workspace = false
			_, _, err = Profile{"AWS_PROFILE", "ci", []Place{home}}.load(t.Context(), func(rollout.Event) {})
			require.NoError(t, err, "what the person has put into HOME is taken")
		})
	}
}

// With keys, what a file of HOME says of a default profile does not send the calls elsewhere.
func TestWithKeysFilesOfHomeRedirectNothing(t *testing.T) {
	home := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(home, ".aws"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(home, ".aws", "config"), []byte("[default]\nendpoint_url = http://attacker.invalid\n[profile gone]\n"), 0o600))
	t.Setenv("HOME", home)
	t.Setenv("AWS_PROFILE", "nowhere")
	for _, variable := range []string{"AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_CA_BUNDLE", "AWS_ENDPOINT_URL"} {
		t.Setenv(variable, "")
		os.Unsetenv(variable)
	}
	client, err := Open(t.Context(), Options{Place: rollout.Place{Region: "eu-west-1"}, Credentials: Credentials{Keys: rollout.Keys{AccessKeyID: "id", SecretAccessKey: "secret"}}, Emit: func(rollout.Event) {}})
	require.NoError(t, err)
	require.Nil(t, client.config.BaseEndpoint)

	// Its region counts, where there is no other.
	require.NoError(t, os.WriteFile(filepath.Join(home, ".aws", "config"), []byte("[default]\nregion = eu-north-1\nendpoint_url = http://attacker.invalid\n"), 0o600))
	for _, variable := range []string{"AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"} {
		t.Setenv(variable, "")
	}
	client, err = Open(t.Context(), Options{Credentials: Credentials{Keys: rollout.Keys{AccessKeyID: "id", SecretAccessKey: "secret"}}, Emit: func(rollout.Event) {}})
	require.NoError(t, err)
	require.Equal(t, "eu-north-1", client.config.Region)
	require.Nil(t, client.config.BaseEndpoint)

	// A file of the workspace that the environment names counts for neither keys nor the profile that nobody names.
	workspace := place(t, true, "[default]\nendpoint_url = http://attacker.invalid\ncredential_process = /bin/evil\n", "")
	t.Setenv("AWS_CONFIG_FILE", workspace.Config)
	client, err = Open(t.Context(), Options{Place: rollout.Place{Region: "eu-west-1"}, Credentials: Credentials{Keys: rollout.Keys{AccessKeyID: "id", SecretAccessKey: "secret"}, Named: workspace}, Emit: func(rollout.Event) {}})
	require.NoError(t, err)
	require.Nil(t, client.config.BaseEndpoint)
	_, err = Open(t.Context(), Options{Place: rollout.Place{Region: "eu-west-1"}, Credentials: Credentials{Named: workspace}, Emit: func(rollout.Event) {}})
	require.ErrorContains(t, err, "in the workspace has credential_process and endpoint_url, which is not taken from there")
}

// Keys need no profile: that of the environment may be missing, and what else the environment says still counts.
func TestKeysAreConfiguredByTheEnvironment(t *testing.T) {
	for _, variable := range []string{"AWS_REGION", "AWS_DEFAULT_REGION", "AWS_CA_BUNDLE"} {
		t.Setenv(variable, "")
	}
	t.Setenv("AWS_PROFILE", "nowhere")
	t.Setenv("AWS_DEFAULT_REGION", "eu-north-1")
	t.Setenv("AWS_ENDPOINT_URL", "https://proxy.invalid")
	keys := credentials.NewStaticCredentialsProvider("id", "secret", "")
	cfg, err := configured(t.Context(), "", keys, Place{})
	require.NoError(t, err)
	require.Equal(t, "eu-north-1", cfg.Region)
	require.Equal(t, "https://proxy.invalid", *cfg.BaseEndpoint)
	require.Equal(t, "nowhere", os.Getenv("AWS_PROFILE"), "the environment stays as it is")

	cfg, err = configured(t.Context(), "eu-west-1", keys, Place{})
	require.NoError(t, err)
	require.Equal(t, "eu-west-1", cfg.Region)
	t.Setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")
	cfg, err = configured(t.Context(), "", keys, Place{})
	require.NoError(t, err)
	require.Nil(t, cfg.BaseEndpoint)

	t.Setenv("AWS_CA_BUNDLE", filepath.Join(t.TempDir(), "missing.pem"))
	_, err = configured(t.Context(), "", keys, Place{})
	require.ErrorContains(t, err, "AWS_CA_BUNDLE: open ")
	empty := filepath.Join(t.TempDir(), "empty.pem")
	require.NoError(t, os.WriteFile(empty, nil, 0o644))
	t.Setenv("AWS_CA_BUNDLE", empty)
	_, err = configured(t.Context(), "", keys, Place{})
	require.EqualError(t, err, "AWS_CA_BUNDLE: there is no certificate in "+empty)
}
