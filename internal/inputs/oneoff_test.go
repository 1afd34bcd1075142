package inputs

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ecs-deploy/internal/rollout"
)

func TestCommandsAreSplitAsAShellSplitsThem(t *testing.T) {
	for line, want := range map[string][]string{
		"bin/migrate --all":              {"bin/migrate", "--all"},
		` a  'b c'  "d \"e\" f" g\ h ''`: {"a", "b c", `d "e" f`, "g h", ""},
		`grep "\d+" '$HOME'`:             {"grep", `\d+`, "$HOME"},
		`sh -c 'echo "$A" | cat; true'`:  {"sh", "-c", `echo "$A" | cat; true`},
		"rake db:migrate VERSION=3":      {"rake", "db:migrate", "VERSION=3"},
		"echo a: b":                      {"echo", "a:", "b"},
		"find . -name '*.sql'":           {"find", ".", "-name", "*.sql"},
		"run *.sql":                      {"run", "*.sql"},
		"a \\\n b":                       {"a", "b"},
	} {
		got, err := splitCommand(line)
		require.NoError(t, err, line)
		require.Equal(t, want, got, line)
	}
	for _, line := range []string{"a | b", "a; b", "a && b", "a > b", "echo $HOME", "echo $(date)", "A=1 b", "a &", "if true; then a; fi", "a\nb"} {
		_, err := splitCommand(line)
		require.ErrorIs(t, err, errNeedsShell, line)
	}
	_, err := splitCommand("echo 'a")
	require.ErrorContains(t, err, "cannot be split into words")
}

func TestOneOffTasks(t *testing.T) {
	in, err := read(t, map[string]string{"service": "web", "run-before": "bin/migrate --all", "run-after": `
container: app
command: bin/smoke 'a b'
environment: {MODE: smoke, LEVEL: 3}
cpu: 512
memory: 1024
taskRole: arn:aws:iam::123456789012:role/smoke
network:
  subnets: [subnet-1, subnet-2]
  securityGroups: [sg-1]
  assignPublicIp: true
capacity:
- {provider: FARGATE_SPOT, weight: 1}
count: 2
timeout: 90s
`})
	require.NoError(t, err)
	require.Equal(t, &OneOff{Command: words{"bin/migrate", "--all"}, Count: 1, Timeout: length(15 * time.Minute)}, in.RunBefore)
	require.Equal(t, "app", in.RunAfter.Container)
	require.Equal(t, words{"bin/smoke", "a b"}, in.RunAfter.Command)
	require.Equal(t, "512", in.RunAfter.CPU)
	require.Equal(t, "1024", in.RunAfter.Memory)
	require.Equal(t, &Network{Subnets: []string{"subnet-1", "subnet-2"}, SecurityGroups: []string{"sg-1"}, AssignPublicIP: true}, in.RunAfter.Network)
	require.Equal(t, []rollout.Share{{Provider: "FARGATE_SPOT", Weight: 1}}, in.RunAfter.Capacity.Shares)
	require.Equal(t, 2, in.RunAfter.Count)
	require.Equal(t, length(90*time.Second), in.RunAfter.Timeout)
	require.Equal(t, assignments{{"MODE", "smoke"}, {"LEVEL", "3"}}, in.RunAfter.Environment)

	in, err = read(t, map[string]string{"service": "web", "run-before": "command: [a, b c]\ncapacity: EC2"})
	require.NoError(t, err)
	require.Equal(t, words{"a", "b c"}, in.RunBefore.Command)
	require.Equal(t, "EC2", in.RunBefore.Capacity.LaunchType)
}

func TestACommandMayBeAListOrHaveComments(t *testing.T) {
	for value, want := range map[string]words{
		`["bin/migrate", "up $A"]`:         {"bin/migrate", "up $A"},
		"# migrates\ncommand: bin/migrate": {"bin/migrate"},
		`"command": [a, b]`:                {"a", "b"},
		"# first\n# second\nbin/migrate":   {"bin/migrate"},
		"echo ~ {a,b} a*":                  {"echo", "~", "{a,b}", "a*"},
	} {
		in, err := read(t, map[string]string{"service": "web", "run-before": value})
		require.NoError(t, err, value)
		require.Equal(t, want, in.RunBefore.Command, value)
	}
}

func TestMistakesInOneOffTasks(t *testing.T) {
	for value, want := range map[string]string{
		"a | b":                   `run-before: no shell interprets it: write sh -c '…', if the image has one`,
		"command: a\ncomand: b":   `run-before: line 2: there is no member "comand": did you mean "command"?`,
		"command: a\ncount: 11":   "run-before: count: 11 is not a number of tasks from 1 to 10",
		"command: a\ntimeout: 0s": `run-before: timeout: "0s" is not a duration, such as 90s, 30m or 1h30m`,
		"count: many":             `run-before: line 1: count: "many" is not a whole number`,
	} {
		_, err := read(t, map[string]string{"service": "web", "run-before": value})
		require.EqualError(t, err, want)
	}
}

func TestScheduledTasks(t *testing.T) {
	in, err := read(t, map[string]string{"service": "web", "scheduled-tasks": "rule:nightly, rule:a.b_c/x-1\nschedule:monthly\nschedule:reports/monthly"})
	require.NoError(t, err)
	require.Equal(t, []rollout.ScheduleName{
		{Rule: "nightly"}, {Rule: "a.b_c", Target: "x-1"}, {Group: "default", Schedule: "monthly"}, {Group: "reports", Schedule: "monthly"},
	}, in.Scheduled)
}
