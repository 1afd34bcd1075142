package plan

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ecs-deploy/internal/inputs"
	"ecs-deploy/internal/rollout"
	"ecs-deploy/internal/taskdef"
)

// containers is how many a task definition can have, and size how many bytes
// (https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-quotas.html).
const (
	containers = 10
	size       = 64 << 10
)

// BenchmarkLargest reads the largest task definition that ECS takes, plans a change of each container, and compares.
func BenchmarkLargest(b *testing.B) {
	described := []byte(largest())
	patch, err := taskdef.ParsePatch(`{"cpu": "1024", "containerDefinitions": [{"name": "app-3", "stopTimeout": 60}]}`, taskdef.TaskDefinitionShape())
	require.NoError(b, err)
	in := inputs.Inputs{WaitFor: "stable", Images: images(b, "nginx:2"), Variables: []taskdef.Variable{{Name: "RELEASE", Value: "v2"}}, Patch: patch}
	b.ReportAllocs()
	b.SetBytes(int64(len(described)))
	for b.Loop() {
		document, err := taskdef.Parse(described)
		require.NoError(b, err)
		plan, err := Make(in, worldOf(rollout.Revision{Family: "web", Number: 41, Active: true, Document: document}))
		require.NoError(b, err)
		diff := taskdef.Diff(document, plan.Revisions[0].Document, "web:41", "a new revision of web", false)
		require.Equal(b, containers, strings.Count(diff, `+      "image": "nginx:2"`))
	}
}

// largest is a task definition with as many containers, and variables of each, as fit in.
func largest() string {
	smaller, variables := "", ""
	for v := 1; ; v++ {
		var definitions []string
		for c := range containers {
			definitions = append(definitions, fmt.Sprintf(`{"name":"app-%d","image":"nginx:1","essential":true,"environment":[%s]}`, c, variables))
		}
		text := `{"family":"web","containerDefinitions":[` + strings.Join(definitions, ",") + `]}`
		if len(text) > size {
			return smaller
		}
		smaller = text
		variables = strings.TrimPrefix(fmt.Sprintf(`%s,{"name":"VARIABLE_%d","value":"the value of variable %d"}`, variables, v, v), ",")
	}
}
