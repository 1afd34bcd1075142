package inputs

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ecs-deploy/internal/rollout"
)

func TestTargetsAreReadInAllForms(t *testing.T) {
	in, err := read(t, map[string]string{"cluster": "main", "aws-region": "eu-west-1", "service": `web
		canary/web
		---
		us-east-1/main/web-*
		tag:path=/a/b, main/tag:team=shop
		arn:aws:ecs:eu-central-1:123456789012:service/other/api
		arn:aws:ecs:eu-central-1:123456789012:service/other/job-?
		!web-old, !canary/*, !us-east-1/main/web-1`})
	require.NoError(t, err)
	type read struct {
		region, cluster, name string
		selector              rollout.Selector
		wave                  int
	}
	var all []read
	for _, target := range in.Targets {
		all = append(all, read{target.Region, target.Cluster, target.Name, target.Selector, target.Wave})
	}
	require.Equal(t, []read{
		{"eu-west-1", "main", "web", rollout.Selector{}, 0},
		{"eu-west-1", "canary", "web", rollout.Selector{}, 0},
		{"us-east-1", "main", "", rollout.Selector{Pattern: "web-*"}, 1},
		{"eu-west-1", "main", "", rollout.Selector{Key: "path", Value: "/a/b"}, 1},
		{"eu-west-1", "main", "", rollout.Selector{Key: "team", Value: "shop"}, 1},
		{"eu-central-1", "other", "api", rollout.Selector{}, 1},
		{"eu-central-1", "other", "", rollout.Selector{Pattern: "job-?"}, 1},
		{"", "", "", rollout.Selector{Except: true, Pattern: "web-old"}, 1},
		{"", "canary", "", rollout.Selector{Except: true, Pattern: "*"}, 1},
		{"us-east-1", "main", "", rollout.Selector{Except: true, Pattern: "web-1"}, 1},
	}, all)
	require.Equal(t, []rollout.Place{{Region: "eu-west-1"}, {Region: "us-east-1"}, {Region: "eu-central-1"}}, in.Places)
}

func TestAServiceWithoutRegionIsInEach(t *testing.T) {
	in, err := read(t, map[string]string{"aws-region": "eu-west-1, us-east-1", "service": "web, web-*"})
	require.NoError(t, err)
	var texts []string
	for _, target := range in.Targets {
		texts = append(texts, target.Region+" "+target.Text)
	}
	require.Equal(t, []string{
		"eu-west-1 web", "us-east-1 web", "eu-west-1 eu-west-1/default/web-*", "us-east-1 us-east-1/default/web-*",
	}, texts)
}

// The account of a service counts only where it says which role is assumed: with other credentials there is one.
func TestAccountsCountWhereTheRoleIsToldByThem(t *testing.T) {
	const arn = "arn:aws:ecs:eu-west-1:123456789012:service/main/web"
	in, err := read(t, map[string]string{"service": arn})
	require.NoError(t, err)
	require.Equal(t, []rollout.Place{{Region: "eu-west-1"}}, in.Places)

	in, err = read(t, map[string]string{"service": arn, "role-to-assume": "arn:aws:iam::{account}:role/deployer-{region}"})
	require.NoError(t, err)
	require.Equal(t, []rollout.Place{{Region: "eu-west-1", Account: "123456789012"}}, in.Places)
	require.Equal(t, "arn:aws:iam::123456789012:role/deployer-eu-west-1", in.Credentials.In(in.Places[0]).Role.ARN)

	_, err = read(t, map[string]string{"service": arn + "\narn:aws:ecs:eu-west-1:222222222222:service/main/web", "role-to-assume": "arn:aws:iam::123456789012:role/deployer"})
	require.EqualError(t, err, "service: the services are in the accounts 123456789012 and 222222222222: "+
		"give the role that is assumed in each, as role-to-assume: arn:aws:iam::{account}:role/deployer")
	_, err = read(t, map[string]string{"service": arn, "role-to-assume": "arn:aws:iam::222222222222:role/deployer"})
	require.EqualError(t, err, "role-to-assume: arn:aws:iam::222222222222:role/deployer is in account 222222222222, and the services are in 123456789012")
}

func TestOnlyWhatIsMeantIsFilledIn(t *testing.T) {
	with := values{"{region}": "R", "{service}": "S"}
	for text, want := range map[string]string{
		"{service}": "S", "{service}}": "S}", "{{service}": "{S", "a{region}{service}b": "aRSb", "{cluster}": "{cluster}", "{Service}": "{Service}",
		"${service}": "${service}", "{{service}}": "{{service}}", "${{ service }}": "${{ service }}", "$${service}": "$${service}", "{ service }": "{ service }",
		`{"image":"{service}"}`: `{"image":"S"}`, "{image: {service}}": "{image: S}",
	} {
		require.Equal(t, want, with.into(text), text)
	}
	require.Equal(t, []string{"{region}", "{service}"}, placeholders("{region} {service} {region} ${account} {{cluster}}"))
}

func TestWhatIsFilledInIsOfEachService(t *testing.T) {
	in, err := inWorkspace(t, map[string]string{
		"service": "web, api", "image": "x.{region}.example.com/{cluster}/{service}:1", "task-definition": "td.yaml",
		"task-definition-patch": "{cpu: 256, tags: [{key: service, value: '{service}'}]}", "service-patch": "{enableExecuteCommand: true}",
	}, map[string]string{"td.yaml": "family: '{service}'\ncontainerDefinitions: [{name: app, image: 'x.{region}.example.com/{cluster}/{service}:0', command: ['echo', '${service}']}]"})
	require.NoError(t, err)
	web := rollout.Service{ServiceKey: rollout.ServiceKey{Place: rollout.Place{Region: "eu-west-1"}, Cluster: "main", Name: "web"}}
	filled, with, err := in.For(web)
	require.NoError(t, err)
	require.Equal(t, "x.eu-west-1.example.com/main/web:1", filled.Images[0].Reference)
	require.Equal(t, "web", filled.File.Family())
	require.Contains(t, string(filled.File.JSON()), "${service}", "what a shell is to fill in stays")
	api := web
	api.Name = "api"
	_, others, err := in.For(api)
	require.NoError(t, err)
	require.NotEqual(t, with, others)
}

func TestURLsAreShownWithoutWhatMayBeSecret(t *testing.T) {
	in, err := read(t, map[string]string{"service": "web", "check-url": "https://me:pass@example.com/health?token=abcdefgh 204\n" +
		"http://example.com:8080/hooks/T000/xoxb1234567890abcdefghij\nhttps://example.com/a-long-path-without-any-token"})
	require.NoError(t, err)
	var shown []string
	for _, check := range in.Gates.URLs {
		shown = append(shown, check.Shown)
	}
	require.Equal(t, []string{
		"example.com/health?…", "example.com:8080/hooks/T000/…", "example.com/a-long-path-without-any-token",
	}, shown)
	require.Equal(t, 204, in.Gates.URLs[0].Status)
	require.Equal(t, []string{"abcdefgh"}, secretsOfURLs("https://me:pw@example.com/?token=abcdefgh&page=12345678")[:1])
}
