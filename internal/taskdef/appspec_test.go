package taskdef

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// The keys are taken in any case, and all that is not the revision comes out as it went in.
func TestAppSpecGetsTheRevision(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{
			"YAML as in the documentation",
			"version: 0.0\nResources:\n  - TargetService:\n      Type: AWS::ECS::Service\n      Properties:\n        TaskDefinition: old\n        LoadBalancerInfo: {ContainerName: app, ContainerPort: 8080}\n        Odd: 12345678901234567890\nHooks:\n  - AfterAllowTestTraffic: check\n",
			`{"version":0.0,"Resources":[{"TargetService":{"Type":"AWS::ECS::Service","Properties":{"TaskDefinition":"web:42","LoadBalancerInfo":{"ContainerName":"app","ContainerPort":8080},"Odd":12345678901234567890}}}],"Hooks":[{"AfterAllowTestTraffic":"check"}]}`,
		},
		{
			"JSON with keys in lower case, without a revision or load balancer",
			`{"version":1,"resources":[{"svc":{"type":"AWS::ECS::Service","properties":{"platformVersion":""}}}],"hooks":[{"afterallowtesttraffic":"check"}]}`,
			`{"version":1,"resources":[{"svc":{"type":"AWS::ECS::Service","properties":{"platformVersion":"","TaskDefinition":"web:42","LoadBalancerInfo":{"ContainerName":"app","ContainerPort":8080}}}}],"hooks":[{"afterallowtesttraffic":"check"}]}`,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			spec, err := ParseAppSpec([]byte(test.text))
			require.NoError(t, err)
			spec = spec.With("web:42").Balancing("app", 8080)
			require.Equal(t, test.want, string(spec.JSON()))
			require.Equal(t, "web:42", spec.TaskDefinition())
			require.Equal(t, "app", spec.Container())
			require.Equal(t, "check", spec.Hook("AfterAllowTestTraffic"))
			require.Empty(t, spec.Hook("BeforeInstall"))
		})
	}
}

func TestAppSpecMistakes(t *testing.T) {
	for text, want := range map[string]string{
		"[1]":               "an AppSpec is a map",
		"version: 0.0":      `an AppSpec needs "Resources", a list with one resource, of the type AWS::ECS::Service`,
		"Resources: {a: 1}": `an AppSpec needs "Resources", a list with one resource, of the type AWS::ECS::Service`,
		"Resources:\n- fn:\n    Type: AWS::Lambda::Function\n    Properties: {}\n": "line 2: fn: the type of the resource must be AWS::ECS::Service",
		"Resources:\n- web:\n    Type: AWS::ECS::Service\n":                        `line 2: web: the resource needs "Properties", a map`,
		"Resources: [{a: {}, b: {}}]":                                              `an AppSpec needs "Resources", a list with one resource, of the type AWS::ECS::Service`,
		"Resources: [":                                                             "line 2, column 1: did not find expected node content",
	} {
		_, err := ParseAppSpec([]byte(text))
		require.EqualError(t, err, want, text)
	}
}
