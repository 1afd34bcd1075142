package taskdef_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/stretchr/testify/require"

	"ecs-deploy/internal/taskdef"
)

// TestNotOfDaemonsIsWhatTheirTypesDoNotHave gives a document every member that there is, and one that nobody knows.
func TestNotOfDaemonsIsWhatTheirTypesDoNotHave(t *testing.T) {
	every := func(of reflect.Type) map[string]any {
		members := map[string]any{"fieldOfTomorrow": "x"}
		for field := range of.Fields() {
			if field.IsExported() {
				members[strings.ToLower(field.Name[:1])+field.Name[1:]] = "x"
			}
		}
		return members
	}
	without := func(path string, of, than reflect.Type) (paths []string) {
		for field := range of.Fields() {
			if _, has := than.FieldByName(field.Name); !has && field.IsExported() {
				paths = append(paths, path+strings.ToLower(field.Name[:1])+field.Name[1:])
			}
		}
		return paths
	}
	definition, container := reflect.TypeFor[ecs.RegisterTaskDefinitionInput](), reflect.TypeFor[types.ContainerDefinition]()
	members, its := every(definition), every(container)
	its["name"] = "agent"
	members["containerDefinitions"] = []any{its}
	text, err := json.Marshal(members)
	require.NoError(t, err)
	document, err := taskdef.Parse(text)
	require.NoError(t, err)
	require.ElementsMatch(t, append(
		without("", definition, reflect.TypeFor[ecs.RegisterDaemonTaskDefinitionInput]()),
		without("containerDefinitions[agent].", container, reflect.TypeFor[types.DaemonContainerDefinition]())...,
	), document.NotOfDaemons())
}

func TestTagsInTheNameSpaceOfAWSAreNotSet(t *testing.T) {
	document, err := taskdef.Parse([]byte(`{"family": "agent"}`))
	require.NoError(t, err)
	require.JSONEq(t, `{"family": "agent", "tags": [{"key": "a", "value": ""}, {"key": "team", "value": "x"}]}`,
		string(document.Tagged(map[string]string{"team": "x", "a": "", "aws:cloudformation:stack-name": "s"}).JSON()))
	require.JSONEq(t, `{"family": "agent"}`, string(document.Tagged(map[string]string{"AWS:x": "y"}).JSON()))
}
