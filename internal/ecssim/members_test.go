package ecssim

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/stretchr/testify/require"
)

// TestMembersThatDaemonsDoNotHaveAreThoseOfTheSDK compares the types of the two kinds of task definitions.
func TestMembersThatDaemonsDoNotHaveAreThoseOfTheSDK(t *testing.T) {
	without := func(of, than reflect.Type) (names []string) {
		for field := range of.Fields() {
			if _, has := than.FieldByName(field.Name); !has && field.IsExported() {
				names = append(names, strings.ToLower(field.Name[:1])+field.Name[1:])
			}
		}
		return names
	}
	all := append(
		without(reflect.TypeFor[ecs.RegisterTaskDefinitionInput](), reflect.TypeFor[ecs.RegisterDaemonTaskDefinitionInput]()),
		without(reflect.TypeFor[types.ContainerDefinition](), reflect.TypeFor[types.DaemonContainerDefinition]())...)
	require.ElementsMatch(t, all, daemonless)
}

func TestMembersOfATaskDefinitionAreThoseOfTheSDK(t *testing.T) {
	got := map[string][]string{}
	var walk func(of reflect.Type, name string)
	walk = func(of reflect.Type, name string) {
		switch of.Kind() {
		case reflect.Pointer, reflect.Slice, reflect.Map:
			walk(of.Elem(), name)
			return
		case reflect.String:
			got["text"] = append(got["text"], name)
		case reflect.Int32:
			got["number"] = append(got["number"], name)
		case reflect.Bool:
			got["boolean"] = append(got["boolean"], name)
		case reflect.Struct:
			for field := range of.Fields() {
				if field.IsExported() {
					walk(field.Type, strings.ToLower(field.Name[:1])+field.Name[1:])
				}
			}
			fallthrough
		default:
			got["struct"] = append(got["struct"], name)
		}
	}
	walk(reflect.TypeFor[ecs.RegisterTaskDefinitionInput](), "")
	for kind, ours := range map[string][]string{"text": textMembers, "number": numberMembers, "boolean": booleanMembers, "struct": structMembers} {
		names := slices.DeleteFunc(slices.Compact(slices.Sorted(slices.Values(got[kind]))), func(name string) bool { return name == "" || slices.Contains(sizeMembers, name) })
		require.Equal(t, names, slices.Sorted(slices.Values(ours)), kind)
	}
}
