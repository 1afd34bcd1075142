package plan

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ecs-deploy/internal/inputs"
	"ecs-deploy/internal/rollout"
	"ecs-deploy/internal/taskdef"
)

func taskPatch(t *testing.T, text string) taskdef.Patch {
	t.Helper()
	patch, err := taskdef.ParsePatch(text, taskdef.TaskDefinitionShape())
	require.NoError(t, err)
	return patch
}

func servicePatch(t *testing.T, text string) taskdef.Patch {
	t.Helper()
	patch, err := taskdef.ParsePatch(text, taskdef.ServiceShape())
	require.NoError(t, err)
	return patch
}

func TestARevisionThatECSRefusesIsAnErrorBeforeAnyChange(t *testing.T) {
	for name, test := range map[string]struct{ patch, want, next string }{
		"a typo in the name of a container": {
			"containerDefinitions: [{name: ap, cpu: 1}]", "task-definition-patch: in what it makes of web:41, container ap has no image",
			"The containers of web:41 are app; a new one needs an image.",
		},
		"the container of the load balancer is gone": {
			"containerDefinitions: [{name: app, $delete: true}, {name: web, image: nginx:1}]",
			"task-definition-patch: container app is gone, and service web has a load balancer or registry that sends traffic there",
			"Keep its name and its port in portMappings, or change loadBalancers in service-patch with it. The containers are web.",
		},
		"its port is gone": {
			"containerDefinitions: [{name: app, portMappings: [{containerPort: 8080, $delete: true}]}]",
			"task-definition-patch: container app no longer maps port 8080, and service web has a load balancer or registry that sends traffic there",
			"Keep its name and its port in portMappings, or change loadBalancers in service-patch with it. The containers are app.",
		},
	} {
		t.Run(name, func(t *testing.T) {
			document, err := taskdef.Parse([]byte(`{"family":"web","containerDefinitions":[{"name":"app","image":"nginx:1","portMappings":[{"containerPort":8080}]}]}`))
			require.NoError(t, err)
			runs := revisionOf(t, 41, "nginx:1")
			runs.Document = document
			world := worldOf(runs)
			world.Services[0].Service.Attached = []rollout.Balanced{{Container: "app", Port: 8080}}
			_, err = Make(inputs.Inputs{Patch: taskPatch(t, test.patch)}, world)
			var problem *rollout.Problem
			require.ErrorAs(t, err, &problem)
			require.Equal(t, test.want, problem.What)
			require.Equal(t, test.next, problem.Next)
			require.Equal(t, rollout.BadInput, problem.Kind)
		})
	}
}

func TestTheLoadBalancerMayBeChangedWithTheContainer(t *testing.T) {
	world := worldOf(revisionOf(t, 41, "nginx:1"))
	world.Services[0].Service.Attached = []rollout.Balanced{{Container: "old", Port: 80}}
	_, err := Make(inputs.Inputs{ServicePatch: servicePatch(t, "loadBalancers: [{targetGroupArn: a, containerName: app, containerPort: 80}]")}, world)
	require.NoError(t, err)
}

// ECS moves tasks to other capacity providers when a deployment is forced, and not by itself.
func TestOtherCapacityProvidersForceADeployment(t *testing.T) {
	no := false
	for name, test := range map[string]struct {
		patch string
		force *bool
		want  bool
	}{
		"others":             {"capacityProviderStrategy: [{capacityProvider: FARGATE_SPOT, weight: 1}]", nil, true},
		"another weight":     {"capacityProviderStrategy: [{capacityProvider: FARGATE, weight: 2}]", nil, true},
		"none":               {"capacityProviderStrategy: []", nil, true},
		"the same":           {"capacityProviderStrategy: [{capacityProvider: FARGATE, weight: 1, base: 0}]", nil, false},
		"something else":     {"enableExecuteCommand: true", nil, false},
		"it is not to force": {"capacityProviderStrategy: [{capacityProvider: FARGATE_SPOT}]", &no, false},
	} {
		t.Run(name, func(t *testing.T) {
			world := worldOf(revisionOf(t, 41, "nginx:1"))
			world.Services[0].Service.Placement.Capacity = []rollout.Share{{Provider: "FARGATE", Weight: 1}}
			plan, err := Make(inputs.Inputs{Images: images(t, "nginx:2"), ForceNewDeployment: test.force, ServicePatch: servicePatch(t, test.patch)}, world)
			require.NoError(t, err)
			require.Equal(t, test.want, plan.Rollouts[0].Update.Force)
		})
	}
}

func TestAnEscapeIsNoChange(t *testing.T) {
	document, err := taskdef.Parse([]byte(`{"family":"web","containerDefinitions":[{"name":"app","image":"x\/web:v2","environment":[{"name":"A","value":"caf\u00e9"}]}]}`))
	require.NoError(t, err)
	runs := revisionOf(t, 41, "nginx:1")
	runs.Document = document
	plan, err := Make(inputs.Inputs{Images: images(t, "x/web:v2"), Patch: taskPatch(t, `{"containerDefinitions":[{"name":"app","environment":[{"name":"A","value":"café"}]}]}`)}, worldOf(runs))
	require.NoError(t, err)
	require.False(t, plan.Revisions[0].Register)
}

func TestThePlanSaysWhatIsLeftOut(t *testing.T) {
	base := revisionOf(t, 0, "nginx:1")
	var err error
	base.Document, err = taskdef.ParseFile([]byte(`{"family":"web","taskRoleArn":"","tags":[],"containerDefinitions":[{"name":"app","image":"nginx:1"}]}`))
	require.NoError(t, err)
	base.ARN = ""
	plan, err := Make(inputs.Inputs{}, rollout.World{Bases: map[rollout.Place]rollout.Revision{{}: base}})
	require.NoError(t, err)
	require.Equal(t, []rollout.Note{{About: rollout.NoteLeftOut, Said: []string{"taskRoleArn", "tags"}}}, plan.Notes)
}
