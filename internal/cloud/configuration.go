package cloud

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
)

// configured is the configuration of calls for which there are credentials already: what the environment says, and the
// default profile of files. The SDK's own loader insists on the profile of AWS_PROFILE, which is not needed then; the
// resolvers that it applies are those of config.LoadDefaultConfig that have to do with our calls.
func configured(
	ctx context.Context, region string, credentials aws.CredentialsProvider, files Place,
) (aws.Config, error) {
	environment, err := config.NewEnvConfig()
	if err != nil {
		return aws.Config{}, err
	}
	profile, err := config.LoadSharedConfigProfile(ctx, "default", func(o *config.LoadSharedConfigOptions) {
		o.ConfigFiles, o.CredentialsFiles = files.files()
	})
	var missing config.SharedConfigProfileNotExistError
	if err != nil && !errors.As(err, &missing) {
		return aws.Config{}, err
	}
	client, err := trusting(network(), cmp.Or(environment.CustomCABundle, profile.CustomCABundle))
	if err != nil {
		return aws.Config{}, err
	}
	cfg := aws.Config{
		Region: cmp.Or(region, environment.Region, profile.Region), Credentials: credentials, HTTPClient: client,
		ConfigSources: []any{environment, profile},
	}
	ignored, _, err := config.GetIgnoreConfiguredEndpoints(ctx, cfg.ConfigSources)
	if endpoint := cmp.Or(environment.BaseEndpoint, profile.BaseEndpoint); endpoint != "" && !ignored {
		cfg.BaseEndpoint = &endpoint
	}
	return cfg, err
}

// trusting is a client that trusts the certificates of a file, if one is named, and no others.
func trusting(client *awshttp.BuildableClient, bundle string) (*awshttp.BuildableClient, error) {
	if bundle == "" {
		return client, nil
	}
	certificates, err := os.ReadFile(bundle)
	if err != nil {
		return client, fmt.Errorf("AWS_CA_BUNDLE: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(certificates) {
		return client, fmt.Errorf("AWS_CA_BUNDLE: there is no certificate in %s", bundle)
	}
	return client.WithTransportOptions(func(t *http.Transport) {
		if t.TLSClientConfig == nil {
			t.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12}
		}
		t.TLSClientConfig.RootCAs = pool
	}), nil
}
