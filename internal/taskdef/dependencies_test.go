package taskdef

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNeeds(t *testing.T) {
	document, err := Parse([]byte(`{"taskRoleArn":"arn:aws:iam::1:role/a","executionRoleArn":"arn:aws:iam::1:role/a",
	  "runtimePlatform":{"cpuArchitecture":"ARM64"},"containerDefinitions":[
	  {"name":"a","secrets":[{"name":"X","valueFrom":"x"},{"name":"Y","valueFrom":"x"}],
	   "logConfiguration":{"logDriver":"awslogs","options":{"awslogs-group":"g","awslogs-region":"eu-west-1"}}},
	  {"name":"b","logConfiguration":{"logDriver":"awslogs","options":{"awslogs-group":"g","awslogs-region":"eu-west-1"}}},
	  {"name":"c","logConfiguration":{"logDriver":"awslogs","options":{"awslogs-group":"made","awslogs-create-group":"true"}}},
	  {"name":"d","logConfiguration":{"logDriver":"splunk"}},{"name":"e"}]}`))
	require.NoError(t, err)
	require.Equal(t, Dependencies{
		Roles: []string{"arn:aws:iam::1:role/a"}, Secrets: []string{"x"}, Platform: Platform{Architecture: "arm64"},
		Logs: []Log{{Driver: "awslogs", Group: "g", Region: "eu-west-1"}},
	}, document.Dependencies())
	require.Equal(t, Dependencies{}, Document{}.Dependencies())
}

func TestParseECRImage(t *testing.T) {
	for text, want := range map[string]ECRImage{
		"123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/web:v2":      {"123456789012", "eu-west-1", "team/web", "v2", "", ""},
		"123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/web" + digest: {"123456789012", "cn-north-1", "web", "", digest[1:], ""},
		"123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com/web:1":   {"123456789012", "us-gov-west-1", "web", "1", "", ""},
		"123456789012.dkr.ecr.eusc-de-east-1.amazonaws.eu/web:1":        {"123456789012", "eusc-de-east-1", "web", "1", "", ""},
		"123456789012.dkr-ecr.eu-west-1.on.aws/web:1" + digest:          {"123456789012", "eu-west-1", "web", "1", digest[1:], ""},
	} {
		got, ok := ParseECRImage(text)
		require.True(t, ok, text)
		require.Equal(t, strings.Split(text, "/")[0]+"/"+want.Repository, got.Name())
		got.host = ""
		require.Equal(t, want, got)
	}
	for _, text := range []string{"nginx", "public.ecr.aws/x/y:1", "12.dkr.ecr.eu-west-1.amazonaws.com/web", "123456789012.dkr.ecr.eu-west-1.amazonaws.com.evil.example/web", "Web"} {
		_, ok := ParseECRImage(text)
		require.False(t, ok, text)
	}
}

func TestThePlatformOfTasks(t *testing.T) {
	for text, want := range map[string]Platform{
		`{}`: {},
		`{"requiresCompatibilities":["FARGATE"]}`:                                                                        {"linux", "amd64"},
		`{"requiresCompatibilities":["EC2","FARGATE"],"runtimePlatform":{"cpuArchitecture":"ARM64"}}`:                    {"linux", "arm64"},
		`{"requiresCompatibilities":["EC2"],"runtimePlatform":{"operatingSystemFamily":"LINUX"}}`:                        {"linux", ""},
		`{"requiresCompatibilities":["FARGATE"],"runtimePlatform":{"operatingSystemFamily":"WINDOWS_SERVER_2022_CORE"}}`: {"windows", "amd64"},
		`{"runtimePlatform":{"operatingSystemFamily":"WINDOWS_SERVER_2022_CORE","cpuArchitecture":"X86_64"}}`:            {"windows", "amd64"},
	} {
		require.Equal(t, want, parsed(t, text).Dependencies().Platform, text)
	}
}
