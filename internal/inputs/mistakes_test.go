package inputs

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// inWorkspace reads inputs in a workspace with files.
func inWorkspace(t *testing.T, with, files map[string]string) (Inputs, error) {
	t.Helper()
	workspace := t.TempDir()
	for name, text := range files {
		require.NoError(t, os.WriteFile(filepath.Join(workspace, name), []byte(text), 0o644))
	}
	env := map[string]string{"GITHUB_WORKSPACE": workspace}
	var names []string
	for name, value := range with {
		env["INPUT_"+strings.ToUpper(name)] = value
		names = append(names, "INPUT_"+strings.ToUpper(name))
	}
	return Read(t.Context(), func(name string) string { return env[name] }, names)
}

// told are the warnings and notes of inputs that are taken.
func told(t *testing.T, with, files map[string]string) []string {
	t.Helper()
	in, err := inWorkspace(t, with, files)
	require.NoError(t, err)
	var all []string
	for _, notice := range in.Notices {
		kind := "note: "
		if notice.Warning {
			kind = "warning: "
		}
		all = append(all, kind+notice.What)
	}
	return all
}

func TestInputsThatThereAreNotAreRefusedWhereAnotherIsMeant(t *testing.T) {
	for input, meant := range map[string]string{
		"services": "service", "task_definition": "task-definition", "taskDefinition": "task-definition", "image-uri": "image", "region": "aws-region",
		"container-name": "image, as container=image", "task-definition-family": "task-definition", "force-new-deploy": "force-new-deployment",
		"force_new_deployment": "force-new-deployment", "environment-variable": "environment-variables", "secret": "secrets", "enviroment-variables": "environment-variables",
		"wait-for-minuts": "wait-for-minutes", "env-files": "environment-file, or environmentFiles in task-definition-patch for files in S3", "clusterName": "cluster",
		"desired_count": "desired-count", "aws_role": "role-to-assume", "max-definitions": "keep-revisions", "subnets": "run-task-subnets",
	} {
		_, err := inWorkspace(t, map[string]string{"service": "web", input: "x"}, nil)
		require.EqualError(t, err, strings.ToLower(input)+": there is no such input: use "+meant+"")
	}
	require.Equal(t, []string{"warning: notify-slack: there is no such input, and it has no effect"}, told(t, map[string]string{"service": "web", "notify-slack": "x"}, nil))
	require.Empty(t, told(t, map[string]string{"service": "web", "args": "x", "entrypoint": "x"}, nil), "those are the runner's")
}

func TestEveryRefusedValueSaysWhatIsWrongWithIt(t *testing.T) {
	const good = "family: web\ncontainerDefinitions: [{name: app, image: nginx:1}]\n"
	for _, test := range []struct{ input, value, want string }{
		{"image", "web:feature/login", `image: "web:feature/login" is not an image: "feature/login" is not a tag: that has at most 128 letters, digits and . _ - and begins with none of the latter two`},
		{"image", "123456789012.dkr.ecr.eu-west-1.amazonaws.com/web:", `image: "123456789012.dkr.ecr.eu-west-1.amazonaws.com/web:" is not an image: its tag or digest is empty: is the variable that it comes from set?`},
		{"task-definition", "x.io/web:v2", "task-definition: there is no file x.io/web:v2 in the workspace: an image is given as image"},
		{"task-definition", `{"family": "web"}`, "task-definition: it is the text of a task definition: write that to a file in the workspace, and give its path"},
		{"task-definition", "family: web\ncontainerDefinitions:\n- {name: app, image: x.io/web:1, environment: [{name: P, value: hunter2}]}", "task-definition: it is the text of a task definition: write that to a file in the workspace, and give its path"},
		{"task-definition", `[{"name":"P","value":"hunter2"}]`, "task-definition: it is the text of a task definition: write that to a file in the workspace, and give its path"},
		{"environment-file", "DB_PASSWORD=hunter2", "environment-file: it is not a path: give that of a file in the workspace"},
		{"environment-file", "colon.env", "environment-file: colon.env: line 1: write NAME=value, and put a value of several lines in quotes"},
		{"environment-file", "open.env", "environment-file: open.env: line 2: write NAME=value, and put a value of several lines in quotes"},
		{"environment-variables", "\"A=hunter2\"", "environment-variables: line 1: write NAME=value, container:NAME=value, !NAME or container:!NAME; a value of several lines goes into environment-file or task-definition-patch"},
		{"environment-variables", "T=abc\nZGVm==", "environment-variables: line 2 (ZGVm): it looks like a part of a value of several lines, which goes into environment-file or task-definition-patch"},
		{"image", "https://AWS:hunter2@x.io/web:1", `image: "https://AWS:(hidden)@x.io/web:1" is not an image: leave out :// and what stands before it`},
		{"run-before", "- bin/migrate", "run-before: its first word is not a program: a task in YAML has container, command, environment and so on, and a list is written in JSON"},
		{"run-before", "comand: bin/migrate", "run-before: its first word is not a program: a task in YAML has container, command, environment and so on, and a list is written in JSON"},
		{"run-before", "count: 99999999999999999999", "run-before: count: the number is too large"},
		{"task-definition", "web", `task-definition: "web" is the name of a file in the workspace, and could also be a family: write ./web for the file, or family:revision, or an ARN`},
		{"task-definition", "missing.json", "task-definition: there is no file missing.json in the workspace"},
		{"task-definition", "folder/..", "task-definition: folder/.. is not a file, but a folder"},
		{"aws-region", "Ireland", `aws-region: "Ireland" is not the name of a region, such as eu-west-1`},
		{"aws-region", "eu-west-1a", `aws-region: "eu-west-1a" is an availability zone: the region is eu-west-1`},
		{"aws-region", "'eu-west-1'", `aws-region: "'eu-west-1'" is not the name of a region, such as eu-west-1: leave out the quotes`},
		{"timeout", "300", `timeout: "300" has no unit: do you mean 300s or 300m?`},
		{"service", "- web\n- api", "service: \"- web\" is neither the name nor the ARN of a service: leave out the list marker, and write one per line\nservice: \"- api\" is neither the name nor the ARN of a service: leave out the list marker, and write one per line"},
		{"service", `"web"`, `service: "\"web\"" is neither the name nor the ARN of a service: leave out the quotes`},
		{"service", "$SERVICE", `service: "$SERVICE" is neither the name nor the ARN of a service: shell variables are not expanded here; write an expression of the workflow, ${{ … }}`},
		{"service", `["web"`, `service: "[\"web\"" is neither the name nor the ARN of a service: it is not a JSON list of strings`},
		{"cluster", "my cluster", `cluster: "my cluster" is neither the name nor the ARN of a cluster: it contains a space`},
		{"dry-run", `"true"`, `dry-run: "\"true\"" is neither true nor false: leave out the quotes`},
		{"wait-for-minutes", "soon", `wait-for-minutes: "soon" is not a number of minutes from 1 to 360`},
		{"environment-file", "missing.env", "environment-file: there is no file missing.env in the workspace"},
		{"environment-file", "bad.env", "environment-file: bad.env: line 3: write NAME=value, and put a value of several lines in quotes"},
		{"run-before", "echo hunter2 | tee", "run-before: no shell interprets it: write sh -c '…', if the image has one"},
		{"run-before", "echo 'hunter2", "run-before: the command cannot be split into words: a quote is not closed, or something is out of place"},
		{"role-external-id", "hunter 2", "role-external-id: it must have 2 or more letters, digits and _+=,.@:/-\nrole-external-id needs role-to-assume, which is not set"},
		{"replace-environment", "true", "replace-environment: it removes variables that environment-variables and environment-file do not give, and neither is set"},
		{"task-definition-arn", "web", `task-definition-arn: "web" is not the ARN of a revision, such as arn:aws:ecs:eu-west-1:123456789012:task-definition/web:41`},
	} {
		with := map[string]string{"service": "app", test.input: test.value}
		_, err := inWorkspace(t, with, map[string]string{"web": good, "folder": "", "bad.env": "A=1\nB=2\nhunter2 is it\nC=3\n", "colon.env": "DEBUG: true\n", "open.env": "A=1\nB=\"x\n"})
		require.Error(t, err, test.value)
		if test.value != "folder/.." {
			require.EqualError(t, err, test.want, test.value)
		}
	}
	_, err := inWorkspace(t, map[string]string{"task-definition": "td.json"}, nil)
	require.EqualError(t, err, "task-definition: there is no file td.json: the workspace is empty, so run actions/checkout before this step")
	_, err = inWorkspace(t, map[string]string{"task-definition": "./."}, map[string]string{"a": ""})
	require.EqualError(t, err, "task-definition: ./. is not a file, but a folder")
}

// A pipe would be waited for without end.
func TestAPipeIsNoFile(t *testing.T) {
	workspace := t.TempDir()
	require.NoError(t, syscall.Mkfifo(filepath.Join(workspace, "td.json"), 0o644))
	_, err := Read(t.Context(), func(name string) string {
		return map[string]string{"INPUT_TASK-DEFINITION": "td.json", "GITHUB_WORKSPACE": workspace}[name]
	}, nil)
	require.EqualError(t, err, "task-definition: td.json is not a file, but a device or a pipe")
}

func TestListsTakeCommentsAndJSON(t *testing.T) {
	in, err := inWorkspace(t, map[string]string{
		"service": `["web", "api"]`, "image": "# the new ones\nnginx:1\n  # and\nredis:7", "allowed-account-ids": "123456789012, # no item\n# none\n210987654321",
		"environment-variables": "# A=1\nB=#2",
	}, nil)
	require.EqualError(t, err, `allowed-account-ids: "# no item" is not an account id, which has 12 digits`)
	require.Equal(t, "web, api → default", in.About())
	require.Len(t, in.Images, 2)
	require.Len(t, in.Variables, 1)
	require.Equal(t, "#2", in.Variables[0].Value)
}

func TestWhatIsLikelyNotMeantIsAWarning(t *testing.T) {
	for _, test := range []struct{ input, value, want string }{
		{"image", "nginx", "warning: image: nginx has no tag, so whatever latest names then is deployed"},
		{"image", "nginx:1", ""},
		{"environment-variables", "A=1,B=2", "warning: environment-variables: line 1 (A): what looks like another variable after a comma is part of the value"},
		{"environment-variables", "A=a,b=c", ""},
		{"environment-variables", "\nA = 1", "warning: environment-variables: line 2 (A): there are spaces around =; those after it are part of the value"},
		{"environment-variables", "A= 1", "warning: environment-variables: line 1 (A): there are spaces around =; those after it are part of the value"},
		{"wait-for-minutes", "5 minutes", ""},
		{"wait-for-minutes", "0", "note: wait-for-minutes: 0 means 30 minutes, as in AWS's action"},
		{"wait-for-minutes", "600", "note: wait-for-minutes: 600 is taken as 360, the most that AWS's action waits; timeout takes more"},
		{"max-retries", "0", "note: max-retries: 0 has no effect, as in AWS's action: calls are retried as usual"},
		{"service-managed-ebs-volume", "{}", "note: service-managed-ebs-volume: it is empty and has no effect"},
	} {
		var want []string
		if test.want != "" {
			want = append(want, test.want)
		}
		require.Equal(t, want, told(t, map[string]string{"service": "web", test.input: test.value}, nil), test.value)
	}
}

func TestServicePatchLeadsToNoOtherService(t *testing.T) {
	_, err := inWorkspace(t, map[string]string{"service": "web", "service-patch": `{"service":"api","taskDefinition":"api:1","cluster":"other"}`}, nil)
	require.EqualError(t, err, "service-patch: service cannot be patched: it is the input service\nservice-patch: taskDefinition cannot be patched: it is the input task-definition\nservice-patch: cluster cannot be patched: it is the input cluster")

	in, err := inWorkspace(t, map[string]string{"service": "web", "service-patch": "{launchType: FARGATE, serviceName: web, enableExecuteCommand: true, desiredcount: 3, brandNew: 1}"}, nil)
	require.NoError(t, err)
	require.Equal(t, []string{"enableExecuteCommand", "desiredcount", "brandNew"}, in.ServicePatch.Members())
	require.Len(t, in.Notices, 2)
	require.Equal(t, "service-patch: UpdateService has no known member desiredcount: did you mean desiredCount?", in.Notices[0].What)
	require.Equal(t, "service-patch: UpdateService has no launchType, serviceName; they are not sent", in.Notices[1].What)

	_, err = inWorkspace(t, map[string]string{"service": "web", "service-patch": "{Cluster: other, services: api}"}, nil)
	require.EqualError(t, err, "service-patch: Cluster cannot be patched: it is the input cluster\nservice-patch: services cannot be patched: it is the input service")
}

func TestEnvironmentFiles(t *testing.T) {
	in, err := inWorkspace(t, map[string]string{
		"service": "web", "environment-file": "base.env\n# of production\nlive.env\nside:side.env", "environment-variables": "LEVEL=debug", "secrets": "TOKEN=arn", "replace-environment": "true",
	}, map[string]string{
		"base.env": "\ufeffLEVEL=info\r\nNAME = \"two words\"\r\n# no\r\nexport PRICE=$5 ${HOME}\nTOKEN=x\n",
		"live.env": "KEY=\"-----BEGIN KEY-----\nabc$d\n-----END KEY-----\"\nNAME='$other'\nEMPTY=\n",
		"side.env": "LEVEL=warn\n",
	})
	require.NoError(t, err)
	require.True(t, in.Replace)
	var got []string
	for _, v := range in.Variables {
		got = append(got, v.String()+"="+v.Value)
	}
	require.ElementsMatch(t, []string{
		"PRICE=$5 ${HOME}", "KEY=-----BEGIN KEY-----\nabc$d\n-----END KEY-----", "NAME=$other", "EMPTY=", "side:LEVEL=warn", "LEVEL=debug", "TOKEN=arn",
	}, got)
}

// Whatever the inputs hold, what may be a secret is in no error.
func FuzzNoErrorQuotesASecret(f *testing.F) {
	const secret = "hunter2hunter2"
	for _, line := range []string{"A=%", "%", "A %", "a b:C=%", "-----BEGIN\n%\n", "A=\"%", "- A=%", "A=1\n%=\nA=%", "{A: %}", "[%", "!A=%", "\xff%"} {
		f.Add(line, uint8(0))
	}
	f.Fuzz(func(t *testing.T, text string, where uint8) {
		text = strings.ReplaceAll(text, "%", secret)
		input := []string{"environment-variables", "secrets", "role-external-id", "run-before", "environment-file", "aws-secret-access-key", "aws-session-token"}[int(where)%7]
		if !strings.Contains(text, secret) || strings.Contains(text, "\x00") {
			return
		}
		// A name may be told: what is no value is not a secret. So may be the keys of a map.
		if input == "run-before" && description().MatchString(text) {
			return
		}
		if name, _, assigned := strings.Cut(text, "="); input != "run-before" && assigned && strings.Contains(name, secret) || strings.HasPrefix(strings.TrimSpace(text), secret) {
			return
		}
		with, files := map[string]string{"service": "web", input: text}, map[string]string{}
		if input == "environment-file" {
			with[input], files["a.env"] = "a.env", text
		}
		if _, err := inWorkspace(t, with, files); err != nil {
			for line := range strings.Lines(err.Error()) {
				if !strings.Contains(line, "("+secret) { // a legal name
					require.NotContains(t, line, secret)
				}
			}
		}
	})
}

// What dotenv of npm does with each is asked in .ci/readers.
func TestDotenv(t *testing.T) {
	for text, want := range map[string]string{
		`RE="^\d+$"`: `^\d+$`, `P="C:\Users\x"`: `C:\Users\x`, `A="a\nb"`: "a\nb", `A='a\nb'`: `a\nb`, "A=`it's \"x\"`": `it's "x"`,
		"A=b#c": "b#c", "A=b # c": "b", "A= # c": "", "A=": "", "A = b c ": "b c", "export A=$B": "$B", `A="x" # c`: "x", `A='x\\'`: `x\\`, "A=\uf8ff": "\uf8ff",
		"A=\"x\ny\"\n": "x\ny", "A=a\"b\"": `a"b"`, `A="say \"hi\""`: `say \"hi\"`,
	} {
		variables, line := dotenv(text)
		require.Zero(t, line, text)
		require.Equal(t, []Assignment{{"A", want}}, append([]Assignment{}, Assignment{"A", variables[0].Value}), text)
		require.Len(t, variables, 1)
	}
	for text, line := range map[string]int{"A": 1, "A=1\n\nB C=1": 3, `A="x`: 1, "A=1\nB='x' y": 2, "1A=b": 1, "app:A=b": 1} {
		_, got := dotenv(text)
		require.Equal(t, line, got, text)
	}
}
