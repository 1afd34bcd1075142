package cloud

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/stretchr/testify/require"

	"ecs-deploy/internal/taskdef"
)

// The shapes of package taskdef are those of the SDK, which AWS generates from its own model of ECS. What ECS takes and
// the SDK does not know yet passes as it is written.
func TestShapesAreThoseOfTheSDK(t *testing.T) {
	for _, test := range []struct {
		shape taskdef.Shape
		of    reflect.Type
	}{
		{taskdef.TaskDefinitionShape(), reflect.TypeFor[ecs.RegisterTaskDefinitionInput]()},
		{taskdef.ServiceShape(), reflect.TypeFor[ecs.UpdateServiceInput]()},
	} {
		members := membersOf(test.of, "")
		slices.Sort(members)
		require.Equal(t, members, test.shape.Members(), test.of.Name())
	}
}

func TestWhatUpdateServiceDoesNotHave(t *testing.T) {
	names := func(of reflect.Type) []string {
		var names []string
		for field := range of.Fields() {
			if field.IsExported() {
				names = append(names, strings.ToLower(field.Name[:1])+field.Name[1:])
			}
		}
		return names
	}
	theirs := append(names(reflect.TypeFor[types.Service]()), names(reflect.TypeFor[ecs.CreateServiceInput]())...)
	slices.Sort(theirs)
	theirs = slices.DeleteFunc(slices.Compact(theirs), func(name string) bool {
		return slices.Contains(names(reflect.TypeFor[ecs.UpdateServiceInput]()), name)
	})
	require.Equal(t, theirs, slices.Sorted(slices.Values(taskdef.NotOfUpdateService)))
}

// membersOf lists what a type of the SDK holds, as Shape.Members does. Interfaces stand for unions and documents.
func membersOf(of reflect.Type, path string) []string {
	switch of.Kind() {
	case reflect.Pointer:
		return membersOf(of.Elem(), path)
	case reflect.Slice:
		return membersOf(of.Elem(), path+"[]")
	case reflect.Map:
		return membersOf(of.Elem(), path+"{}")
	case reflect.Struct:
		var members []string
		for field := range of.Fields() {
			if field.IsExported() {
				name := strings.ToLower(field.Name[:1]) + field.Name[1:]
				members = append(members, membersOf(field.Type, strings.TrimPrefix(path+"."+name, "."))...)
			}
		}
		return members
	}
	words := map[reflect.Kind]string{
		reflect.String: "text", reflect.Int32: "a whole number", reflect.Int64: "a whole number",
		reflect.Float32: "a number", reflect.Float64: "a number", reflect.Bool: "true or false",
	}
	return []string{path + ": " + words[of.Kind()]}
}
