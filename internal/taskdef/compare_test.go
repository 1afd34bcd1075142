package taskdef

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWhatADocumentDrops(t *testing.T) {
	had := parsed(t, `{"family": "web", "networkMode": "bridge", "taskRoleArn": "r", "tags": [{"key": "team", "value": "shop"}], "volumes": [],
		"containerDefinitions": [
			{"name": "app", "image": "web:1", "essential": true, "cpu": 0, "command": ["a", "b"], "environment": [{"name": "A", "value": "1"}],
			 "secrets": [{"name": "API_KEY", "valueFrom": "k"}], "healthCheck": {"command": ["x"], "interval": 30, "startPeriod": 5}, "logConfiguration": {"logDriver": "awslogs"},
			 "portMappings": [{"containerPort": 80, "hostPort": 80, "protocol": "tcp"}]},
			{"name": "proxy", "image": "envoy:1"}]}`)
	has := parsed(t, `{"family": "web", "containerDefinitions": [
			{"name": "app", "image": "web:2", "command": ["a"], "logConfiguration": {}, "portMappings": [{"containerPort": 80}]}]}`)
	require.Equal(t, []string{
		"containerDefinitions[app].environment[A]", "containerDefinitions[app].healthCheck",
		"containerDefinitions[app].secrets[API_KEY]", "containerDefinitions[proxy]", "tags[team]", "taskRoleArn",
	}, had.Dropped(has))
	require.Empty(t, had.Dropped(had))
}

func TestImagesAndVariablesOverAnotherDocument(t *testing.T) {
	runs := parsed(t, `{"containerDefinitions": [
		{"name": "app", "image": "web:1", "environment": [{"name": "A", "value": "1"}, {"name": "B", "value": "1"}, {"name": "C", "value": "1"}]},
		{"name": "proxy", "image": "envoy:1"}, {"name": "old", "image": "old:1"}]}`)
	file := parsed(t, `{"containerDefinitions": [
		{"name": "app", "image": "web:1", "environment": [{"name": "C", "value": "1"}, {"name": "B", "value": "2"}, {"name": "D", "value": "1"}]},
		{"name": "proxy", "image": "envoy:2"}, {"name": "new", "image": "new:1", "environment": [{"name": "A", "value": "1"}]}]}`)
	require.Equal(t, []ImageChange{
		{Container: "app", From: "web:1", To: "web:1"}, {Container: "proxy", From: "envoy:1", To: "envoy:2"}, {Container: "new", To: "new:1"},
	}, file.ImagesOver(runs, []ImageChange{{Container: "app"}}))
	require.Equal(t, 3, file.VariablesOver(runs))
}
