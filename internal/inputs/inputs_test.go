package inputs

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ecs-deploy/internal/rollout"
	"ecs-deploy/internal/taskdef"
)

// read reads inputs as the runner sets them: every declared one is there, to nothing where it is not
// given, and the hyphens are kept.
func read(t *testing.T, with map[string]string) (Inputs, error) {
	t.Helper()
	env := map[string]string{}
	for _, input := range Declared() {
		env["INPUT_"+strings.ToUpper(input.Name)] = ""
	}
	for name, value := range with {
		env["INPUT_"+strings.ToUpper(name)] = value
	}
	return Read(t.Context(), func(name string) string { return env[name] }, slices.Collect(maps.Keys(env)))
}

func TestDefaults(t *testing.T) {
	in, err := read(t, map[string]string{"service": " web \n"})
	require.NoError(t, err)
	in.CodeDeploy = rollout.CodeDeployOptions{}
	require.Equal(t, Inputs{
		Operation: "deploy", Cluster: "default", Targets: []rollout.Target{{Text: "web", Cluster: "default", Name: "web"}}, WaitFor: "stable", WhenBusy: rollout.ReplaceOther, Verify: true, Places: []rollout.Place{{}},
		Credentials: Credentials{Audience: "sts.amazonaws.com", Role: rollout.Role{SessionName: "ecs-deploy"}},
	}, in)
}

func TestDaemonsAreRead(t *testing.T) {
	const arn = "arn:aws:ecs:eu-west-1:123456789012:daemon/tools/logs"
	in, err := read(t, map[string]string{"daemon": "agent\n" + arn + "\n---\nmain/metrics", "cluster": "main"})
	require.NoError(t, err)
	place := rollout.Place{Region: "eu-west-1"}
	require.Equal(t, []rollout.Target{
		{Text: "agent", Cluster: "main", Name: "agent", Daemon: true, Place: place},
		{Text: arn, Cluster: "tools", Name: "logs", Daemon: true, Place: place},
		{Text: "main/metrics", Cluster: "main", Name: "metrics", Daemon: true, Wave: 1, Place: place},
	}, in.Targets)
}

func TestEverythingIsRead(t *testing.T) {
	in, err := read(t, map[string]string{
		"cluster": "arn:aws-cn:ecs:cn-north-1:123456789012:cluster/main", "service": "arn:aws-cn:ecs:cn-north-1:123456789012:service/main/web",
		"task-definition": "web:41", "image": "nginx\n\n  app=redis:7  \n", "desired-count": "0", "minimum-healthy-percent": "010",
		"maximum-percent": "150", "force-new-deployment": "False", "wait-for": "none", "timeout": "1h30m", "dry-run": "TRUE", "verbose": "true",
		"aws-region": "cn-north-1", "aws-access-key-id": "id", "aws-secret-access-key": "secret", "aws-session-token": "token", "simulate": "healthy",
	})
	require.NoError(t, err)
	require.Equal(t, "arn:aws-cn:ecs:cn-north-1:123456789012:cluster/main", in.Cluster)
	require.Equal(t, "web:41", in.TaskDefinition)
	require.Len(t, in.Images, 2)
	require.Equal(t, "nginx:latest", in.Images[0].Reference)
	require.Equal(t, "app=redis:7", in.Images[1].String())
	require.Zero(t, *in.DesiredCount)
	require.EqualValues(t, 10, *in.MinimumHealthyPercent, "numbers are decimal, also with a 0 in front")
	require.EqualValues(t, 150, *in.MaximumPercent)
	require.False(t, *in.ForceNewDeployment)
	require.Equal(t, 90*time.Minute, in.Timeout)
	require.True(t, in.DryRun && in.Verbose)
	require.Equal(t, rollout.Keys{AccessKeyID: "id", SecretAccessKey: "secret", SessionToken: "token"}, in.Credentials.Keys)
}

func TestVariablesAreReadLineByLine(t *testing.T) {
	in, err := read(t, map[string]string{"service": "web", "environment-variables": "  A= 1 \r\n\napp:!B\nC= trailing  ", "secrets": "D=arn"})
	require.NoError(t, err)
	require.Equal(t, []taskdef.Variable{
		{Name: "A", Value: " 1 ", Input: "environment-variables"}, {Container: "app", Name: "B", Remove: true, Input: "environment-variables"},
		{Name: "C", Value: " trailing  ", Input: "environment-variables"}, {Name: "D", Value: "arn", Secret: true, Input: "secrets"},
	}, in.Variables)
}

func TestMistakesDoNotTellValues(t *testing.T) {
	_, err := read(t, map[string]string{"service": "web", "environment-variables": "A B=hunter2\nC=1\nC=hunter2", "secrets": "C=hunter2"})
	require.EqualError(t, err, "environment-variables: line 1: write NAME=value, container:NAME=value, !NAME or container:!NAME; a value of several lines goes into environment-file or task-definition-patch\n"+
		"environment-variables: line 3 (C): it is given twice\nsecrets: C is also given in environment-variables")
}

func TestTaskDefinitionFiles(t *testing.T) {
	workspace := t.TempDir()
	temp := t.TempDir()
	elsewhere := t.TempDir()
	write := func(folder, name, text string) string {
		path := filepath.Join(folder, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
		return path
	}
	const good = "family: web\ncontainerDefinitions:\n- {name: app, image: nginx}\n"
	write(workspace, "deploy/web.yaml", good)
	write(workspace, "broken.json", "{\n  \"family\": \"web\",\n]")
	rendered := write(temp, "task-definition-1.json", `{"family":"web","containerDefinitions":[{"name":"app","image":"nginx"}]}`)
	outside := write(elsewhere, "secret.json", good)
	require.NoError(t, os.Symlink(outside, filepath.Join(workspace, "link.json")))
	read := func(file string) (Inputs, error) {
		return Read(t.Context(), func(name string) string {
			return map[string]string{"INPUT_TASK-DEFINITION": file, "GITHUB_WORKSPACE": workspace, "RUNNER_TEMP": temp}[name]
		}, nil)
	}
	for _, file := range []string{"deploy/web.yaml", "./deploy/web.yaml", rendered} {
		in, err := read(file)
		require.NoError(t, err, file)
		require.Equal(t, "web", in.File.Family())
		require.Empty(t, in.TaskDefinition)
	}
	for file, want := range map[string]string{
		"broken.json":    "task-definition: broken.json: line 3, column 1: invalid character ']' looking for beginning of object key string",
		"missing.json":   "task-definition: there is no file missing.json in the workspace",
		outside:          "task-definition: " + outside + " is outside the workspace",
		"link.json":      "task-definition: link.json is outside the workspace",
		"../secret.json": "task-definition: there is no file ../secret.json in the workspace",
	} {
		_, err := read(file)
		require.EqualError(t, err, want)
	}
}

func TestDebugRunsAreVerbose(t *testing.T) {
	in, err := Read(t.Context(), func(name string) string {
		return map[string]string{"INPUT_SERVICE": "web", "RUNNER_DEBUG": "1"}[name]
	}, nil)
	require.NoError(t, err)
	require.True(t, in.Verbose)
}

func TestMistakes(t *testing.T) {
	for _, test := range []struct {
		with map[string]string
		want string
	}{
		{nil, "give service, daemon or task-definition: none is set"},
		{map[string]string{"service": "we b"}, `service: "we b" is neither the name nor the ARN of a service: it contains a space`},
		{map[string]string{"service": "a,b c"}, `service: "b c" is neither the name nor the ARN of a service: it contains a space`},
		{map[string]string{"service": "a\narn:aws:ecs:eu-west-1:123456789012:service/default/a"}, "service: a is given twice"},
		{map[string]string{"service": " , "}, `service: "," names no service`},
		{map[string]string{"service": "arn:aws:ecs:eu-west-1:123456789012:service/main/a\narn:aws:ecs:eu-west-1:123456789012:service/other/b", "cluster": "third"}, `cluster: "third" has no effect: each service names its own, main, other`},
		{map[string]string{"service": "a\n---\na"}, "service: a is in wave 1 and in wave 2"},
		{map[string]string{"service": "---\na"}, "service: a wave names no service: there must be one before and after each ---"},
		{map[string]string{"service": "a, ---, !b-*"}, "service: a wave names no service: there must be one before and after each ---"},
		{map[string]string{"daemon": "a,---,b", "wait-for": "none"}, "daemon: a wave begins when the one before has succeeded, which wait-for: none does not wait for"},
		{map[string]string{"daemon": "a,---"}, "daemon: a wave names no daemon: there must be one before and after each ---"},
		{map[string]string{"daemon": "a", "operation": "continue"}, "operation: continue has no effect on managed daemons, which wait for nobody"},
		{map[string]string{"daemon": "a", "scheduled-tasks": "rule:x"}, "scheduled-tasks has no effect on managed daemons: give it for services"},
		{map[string]string{"daemon": "arn:aws:ecs:eu-west-1:123456789012:service/main/web"}, `daemon: "arn:aws:ecs:eu-west-1:123456789012:service/main/web" is neither the name nor the ARN of a managed daemon`},
		{map[string]string{"service": "a", "task-definition": "arn:aws:ecs:eu-west-1:123456789012:daemon-task-definition/agent:2"}, "task-definition: arn:aws:ecs:eu-west-1:123456789012:daemon-task-definition/agent:2 is of a managed daemon: give daemon in place of service"},
		{map[string]string{"service": "arn:aws:ecs:eu-west-1:123456789012:daemon/main/agent"}, `service: "arn:aws:ecs:eu-west-1:123456789012:daemon/main/agent" is neither the name nor the ARN of a service: it is that of a managed daemon: give it as daemon`},
		{map[string]string{"service": "a,---,b", "wait-for": "none"}, "service: a wave begins when the one before has succeeded, which wait-for: none does not wait for"},
		{map[string]string{"service": "a,---,b", "operation": "status"}, "service: a wave begins when the one before has succeeded, which operation: status does not wait for"},
		{map[string]string{"service": "ma in/a"}, `service: "ma in/a" is neither cluster/service nor region/cluster/service: it contains a space`},
		{map[string]string{"service": "a", "max-parallel": "0"}, `max-parallel: "0" is not a whole number from 1 to 5000`},
		{map[string]string{"service": "a", "max-parallel": "2", "wait-for": "none"}, "max-parallel: a service is next when another is done, which wait-for: none does not wait for"},
		{map[string]string{"service": "arn:aws:ecs:eu-west-1:123456789012:cluster/main"}, `service: "arn:aws:ecs:eu-west-1:123456789012:cluster/main" is neither the name nor the ARN of a service`},
		{map[string]string{"service": "web", "cluster": "x/y"}, `cluster: "x/y" is neither the name nor the ARN of a cluster`},
		{map[string]string{"task-definition": "td.json"}, "task-definition: there is no file td.json in the workspace"},
		{map[string]string{"task-definition": "/etc/hostname"}, "task-definition: /etc/hostname is outside the workspace"},
		{map[string]string{"task-definition": "web:0"}, `task-definition: "web:0" is neither a family, nor family:revision, nor the ARN of a revision, nor a file`},
		{map[string]string{"service": "web", "image": "nginx:1\ndocker.io/nginx:2"}, `image: "nginx:1" and "docker.io/nginx:2" go to the same containers: give only one of them`},
		{map[string]string{"service": "web", "image": "a=nginx:1\na=redis"}, `image: "a=nginx:1" and "a=redis:latest" go to the same containers: give only one of them`},
		{map[string]string{"service": "web", "desired-count": "two"}, `desired-count: "two" is not a whole number from 0 to 5000`},
		{map[string]string{"service": "web", "desired-count": "99999999999"}, `desired-count: "99999999999" is not a whole number from 0 to 5000`},
		{map[string]string{"service": "web", "minimum-healthy-percent": "101"}, `minimum-healthy-percent: "101" is not a whole number from 0 to 100`},
		{map[string]string{"service": "web", "maximum-percent": "0"}, `maximum-percent: "0" is not a whole number from 1 to 10000`},
		{map[string]string{"service": "web", "task-definition-patch": "cpu: [1"}, "task-definition-patch: line 2, column 1: did not find expected ',' or ']' while parsing a flow sequence that begins at line 1, column 6"},
		{map[string]string{"service": "web", "task-definition-patch": "cpu"}, "task-definition-patch: a patch is a map, in the shape of what it changes"},
		{map[string]string{"service": "!web"}, `service: "!web" names no service`},
		{map[string]string{"service": "tag:=shop"}, `service: "tag:=shop" names no tag: write tag:key=value`},
		{map[string]string{"service": "web", "dry-run": "yes"}, `dry-run: "yes" is neither true nor false`},
		{map[string]string{"service": "web", "wait-for": "ready"}, `wait-for: "ready" is not one of ` + strings.Join(WaitForValues, ", ")},
		{map[string]string{"service": "web", "timeout": "30"}, `timeout: "30" has no unit: do you mean 30s or 30m?`},
		{map[string]string{"service": "web", "timeout": "-5m"}, `timeout: "-5m" is not a duration, such as 90s, 30m or 1h30m`},
		{map[string]string{"service": "web", "aws-region": "Ireland"}, `aws-region: "Ireland" is not the name of a region, such as eu-west-1`},
		{map[string]string{"service": "web", "aws-access-key-id": "id"}, "aws-access-key-id and aws-secret-access-key go together: only one is set"},
		{map[string]string{"service": "web", "aws-session-token": "t"}, "aws-session-token needs aws-access-key-id, which is not set"},
		{map[string]string{"service": "web", "keep-revisions": "0"}, `keep-revisions: "0" is not a whole number from 1 to 10000`},
		{map[string]string{"service": "web", "keep-revisions": "5", "wait-for": "none"}, "keep-revisions: old revisions are deregistered after success, which wait-for: none does not wait for"},
		{map[string]string{"task-definition": "web", "desired-count": "1"}, "desired-count needs a service: give service too"},
		{map[string]string{"task-definition": "web", "codedeploy-application": "a"}, "codedeploy-application needs a service: give service too"},
		{map[string]string{"service": "web", "operation": "status", "codedeploy-deployment-config": "a"}, "codedeploy-deployment-config has no effect with operation: status"},
		{map[string]string{"service": "web", "operation": "rollback", "dry-run": "true"}, "dry-run has no effect with operation: rollback; use operation: status to see how things stand"},
		{map[string]string{"service": "web", "operation": "continue", "dry-run": "true"}, "dry-run has no effect with operation: continue; use operation: status to see how things stand"},
		{map[string]string{"service": "web", "operation": "rollback", "wait-for": "running"}, "wait-for: running has no effect with operation: rollback, which is followed to its end"},
		{map[string]string{"service": "arn:aws:ecs:eu-west-1:123456789012:service/main/web", "cluster": "other"}, `cluster: "other" has no effect: each service names its own, main`},
	} {
		_, err := read(t, test.with)
		require.EqualError(t, err, test.want, "%v", test.with)
	}
}

func TestAllMistakesAreReportedAtOnce(t *testing.T) {
	_, err := read(t, map[string]string{"cluster": "!", "image": "A\nB", "timeout": "x", "dry-run": "x"})
	require.Len(t, strings.Split(err.Error(), "\n"), 6)
}

func TestTheClusterOfAServiceARNIsTheCluster(t *testing.T) {
	in, err := read(t, map[string]string{"service": "arn:aws:ecs:eu-west-1:123456789012:service/main/web"})
	require.NoError(t, err)
	require.Equal(t, "main", in.Cluster)
}

func TestWhatWasUnderstoodIsToldWithoutValues(t *testing.T) {
	in, err := read(t, map[string]string{
		"cluster": "arn:aws:ecs:eu-west-1:123456789012:cluster/main", "service": "a,b,c,d,e,f,g", "task-definition": "web:41", "image": "nginx\napp=redis:7",
		"environment-variables": "app:PASSWORD=hush\n!OLD", "secrets": "KEY=arn:aws:ssm:::hush", "task-definition-patch": "cpu: 1024", "service-patch": "platformVersion: hush",
		"desired-count": "3", "force-new-deployment": "true", "run-before": "migrate --all", "run-after": "cpu: 256", "scheduled-tasks": "rule:a/b, schedule:c",
		"timeout": "10m", "rollback-on-failure": "true", "keep-revisions": "5", "aws-access-key-id": "hush", "aws-secret-access-key": "hush",
		"role-to-assume": "arn:aws:iam::123456789012:role/deployer", "verify": "false", "dry-run": "true", "show-values": "true", "simulate": "healthy",
	})
	require.NoError(t, err)
	require.Equal(t, []rollout.Fact{
		{Name: "deploy", Value: "services a, b, c, d, e, f and 1 more in cluster main"},
		{Name: "revision", Value: "web:41"},
		{Name: "image", Value: "nginx:latest, app=redis:7"},
		{Name: "variables", Value: "app:PASSWORD, OLD (removed), KEY (secret)"},
		{Name: "patched", Value: "the task definition, the service"},
		{Name: "service", Value: "desired-count 3, force-new-deployment true"},
		{Name: "one-off tasks", Value: "a task before, a task after success"},
		{Name: "scheduled tasks", Value: "rule:a/b, schedule:default/c"},
		{Name: "wait for", Value: "stable"},
		{Name: "on failure", Value: "roll back"},
		{Name: "revisions", Value: "keep the newest 5"},
		{Name: "credentials", Value: "role deployer, assumed with the keys of the inputs"},
		{Name: "note", Value: "a dry run, no checks, values of variables are shown, AWS is not called: scenario healthy of the simulator"},
	}, in.Facts())
}
