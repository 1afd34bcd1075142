package taskdef

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	madeByECS = `{"family":"main-web","cpu":"512","memory":"1024","taskRoleArn":"role","runtimePlatform":{"cpuArchitecture":"X86_64","operatingSystemFamily":"LINUX"},
		"containerDefinitions":[{"name":"Main","image":"web:v1","essential":true,"environment":[{"name":"A","value":"1"}],
		"portMappings":[{"containerPort":8080,"hostPort":8080,"name":"main"}],
		"logConfiguration":{"logDriver":"awslogs","options":{"awslogs-group":"/aws/web","awslogs-region":"eu-west-1","awslogs-stream-prefix":"ecs"}}}]}`
	shownByExpress = `{"cpu":"512","taskRoleArn":"role","newField":{"of":"tomorrow"},"primaryContainer":{"image":"web:v1","containerPort":8080,
		"environment":[{"name":"A","value":"1"}],"awsLogsConfiguration":{"logGroup":"/aws/web","logStreamPrefix":"ecs"},"unheardOf":[1]}}`
)

// All of the container that Express shows is sent back, also what nobody knows, and of the rest what changes.
func TestAnExpressServiceIsSentItsWholeContainer(t *testing.T) {
	const rest = `"containerPort":8080,"environment":[{"name":"A","value":"1"}],"awsLogsConfiguration":{"logGroup":"/aws/web","logStreamPrefix":"ecs"},"unheardOf":[1]`
	for name, test := range map[string]struct{ patch, want string }{
		"the image":   {`containerDefinitions: [{name: Main, image: web:v2}]`, `{"serviceArn":"arn","primaryContainer":{"image":"web:v2",` + rest + `}}`},
		"a command":   {`containerDefinitions: [{name: Main, command: [serve]}]`, `{"serviceArn":"arn","primaryContainer":{"image":"web:v1",` + rest + `,"command":["serve"]}}`},
		"the sizes":   {`{cpu: 1024, memory: 2048}`, `{"serviceArn":"arn","primaryContainer":{"image":"web:v1",` + rest + `},"cpu":"1024","memory":"2048"}`},
		"a role":      {`taskRoleArn: another`, `{"serviceArn":"arn","primaryContainer":{"image":"web:v1",` + rest + `},"taskRoleArn":"another"}`},
		"a platform":  {`runtimePlatform: {cpuArchitecture: ARM64}`, `{"serviceArn":"arn","primaryContainer":{"image":"web:v1",` + rest + `},"cpuArchitecture":"ARM64"}`},
		"a variable":  {`containerDefinitions: [{name: Main, environment: [{name: A, $delete: true}]}]`, `{"serviceArn":"arn","primaryContainer":{"image":"web:v1","containerPort":8080,"environment":[],"awsLogsConfiguration":{"logGroup":"/aws/web","logStreamPrefix":"ecs"},"unheardOf":[1]}}`},
		"a log group": {`containerDefinitions: [{name: Main, logConfiguration: {options: {awslogs-group: /new}}}]`, `{"serviceArn":"arn","primaryContainer":{"image":"web:v1","containerPort":8080,"environment":[{"name":"A","value":"1"}],"awsLogsConfiguration":{"logGroup":"/new","logStreamPrefix":"ecs"},"unheardOf":[1]}}`},
		"the port": {`containerDefinitions: [{name: Main, portMappings: [{containerPort: 8080, $delete: true}, {containerPort: 9090, hostPort: 9090, name: main}]}]`,
			`{"serviceArn":"arn","primaryContainer":{"image":"web:v1","containerPort":9090,"environment":[{"name":"A","value":"1"}],"awsLogsConfiguration":{"logGroup":"/aws/web","logStreamPrefix":"ecs"},"unheardOf":[1]}}`},
	} {
		t.Run(name, func(t *testing.T) {
			request, left := ExpressUpdate("arn", parsed(t, shownByExpress), parsed(t, madeByECS), changedBy(t, madeByECS, test.patch))
			require.Empty(t, left)
			require.Equal(t, test.want, string(request.JSON()))
		})
	}
}

func TestWhatAnExpressServiceCannotBeSentIsTold(t *testing.T) {
	for patch, want := range map[string][]string{
		`pidMode: task`: {"pidMode"},
		`runtimePlatform: {operatingSystemFamily: WINDOWS_SERVER_2022_CORE}`:                                           {"runtimePlatform.operatingSystemFamily"},
		`{taskRoleArn: null, cpu: null}`:                                                                               {"cpu", "taskRoleArn"},
		`runtimePlatform: {cpuArchitecture: null}`:                                                                     {"runtimePlatform.cpuArchitecture"},
		`containerDefinitions: [{name: Main, logConfiguration: {options: {awslogs-stream-prefix: null}}}]`:             {"containerDefinitions.logConfiguration"},
		`containerDefinitions: [{name: Main, portMappings: null}]`:                                                     {"containerDefinitions.portMappings"},
		`tags: [{key: a, value: b}]`:                                                                                   {"tags"},
		`containerDefinitions: [{name: sidecar, image: x}]`:                                                            {"containerDefinitions"},
		`containerDefinitions: [{name: Main, stopTimeout: 60}]`:                                                        {"containerDefinitions.stopTimeout"},
		`containerDefinitions: [{name: Main, portMappings: [{containerPort: 8080, name: http}]}]`:                      {"containerDefinitions.portMappings"},
		`containerDefinitions: [{name: Main, portMappings: [{containerPort: 9090}]}]`:                                  {"containerDefinitions.portMappings"},
		`containerDefinitions: [{name: Main, logConfiguration: {logDriver: splunk}}]`:                                  {"containerDefinitions.logConfiguration"},
		`{memory: 2048, containerDefinitions: [{name: Main, image: web:v2, ulimits: [{name: nofile, softLimit: 1}]}]}`: {"containerDefinitions.ulimits"},
	} {
		request, left := ExpressUpdate("arn", parsed(t, shownByExpress), parsed(t, madeByECS), changedBy(t, madeByECS, patch))
		require.Equal(t, want, left, patch)
		require.True(t, json.Valid(request.JSON()), patch)
	}
}

func changedBy(t *testing.T, document, patch string) Document {
	t.Helper()
	p, err := ParsePatch(patch, TaskDefinitionShape())
	require.NoError(t, err)
	changed, err := p.Apply(parsed(t, document))
	require.NoError(t, err)
	return changed
}
