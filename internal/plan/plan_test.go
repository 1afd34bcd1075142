package plan

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ecs-deploy/internal/inputs"
	"ecs-deploy/internal/rollout"
	"ecs-deploy/internal/taskdef"
)

func revisionOf(t *testing.T, number int, image string) rollout.Revision {
	t.Helper()
	document, err := taskdef.Parse([]byte(`{"family":"web","containerDefinitions":[{"name":"app","image":"` + image + `"}]}`))
	require.NoError(t, err)
	r := rollout.Revision{Family: "web", Number: number, Active: true, Document: document}
	r.ARN = "arn:aws:ecs:eu-west-1:123456789012:task-definition/" + r.ID()
	return r
}

func worldOf(runs rollout.Revision) rollout.World {
	return rollout.World{Services: []rollout.SurveyedService{{
		Service:  rollout.Service{ServiceKey: rollout.ServiceKey{Cluster: "main", Name: "web"}, TaskDefinition: runs.ARN},
		Revision: runs,
	}}}
}

func images(t testing.TB, texts ...string) []taskdef.Image {
	t.Helper()
	var images []taskdef.Image
	for _, text := range texts {
		image, err := taskdef.ParseImage(text)
		require.NoError(t, err)
		images = append(images, image)
	}
	return images
}

func TestMake(t *testing.T) {
	yes, no := true, false
	for _, test := range []struct {
		name     string
		change   func(*inputs.Inputs, *rollout.World)
		register bool
		arn      string // what the update names already
		force    bool
	}{
		{"a new image is registered and rolls by itself", func(in *inputs.Inputs, _ *rollout.World) {
			in.Images = images(t, "nginx:2")
		}, true, "", false},
		{"nothing changes: the revision that runs is forced", func(in *inputs.Inputs, _ *rollout.World) {
			in.Images = images(t, "nginx:1")
		}, false, "web:41", true},
		{"unless that is not wanted", func(in *inputs.Inputs, _ *rollout.World) {
			in.ForceNewDeployment = &no
		}, false, "web:41", false},
		{"another revision rolls by itself", func(in *inputs.Inputs, world *rollout.World) {
			base := revisionOf(t, 40, "nginx:0")
			world.Bases = map[rollout.Place]rollout.Revision{{}: base}
		}, false, "web:40", false},
		{"force as asked", func(in *inputs.Inputs, _ *rollout.World) {
			in.Images, in.ForceNewDeployment = images(t, "nginx:2"), &yes
		}, true, "", true},
		{"an inactive revision cannot be deployed: it is registered anew", func(_ *inputs.Inputs, world *rollout.World) {
			world.Services[0].Revision.Active = false
		}, true, "", false},
		{"what runs is not what the service names: no need to force", func(_ *inputs.Inputs, world *rollout.World) {
			world.Services[0].Service.TaskDefinition = revisionOf(t, 42, "x").ARN
		}, false, "web:41", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			in, world := inputs.Inputs{WaitFor: "stable"}, worldOf(revisionOf(t, 41, "nginx:1"))
			test.change(&in, &world)
			plan, err := Make(in, world)
			require.NoError(t, err)
			require.Equal(t, test.register, plan.Revisions[0].Register)
			update := plan.Rollouts[0].Update
			require.Equal(t, test.arn, rollout.RevisionID(update.TaskDefinition))
			require.Equal(t, test.force, update.Force)
			require.Nil(t, update.Desired)
		})
	}
}

func TestProblemsAreTheAuthorsToMend(t *testing.T) {
	one := int32(1)
	for want, change := range map[string]func(*inputs.Inputs, *rollout.World){
		"image: no container of web:41 is meant by httpd:2, db=redis:latest": func(in *inputs.Inputs, _ *rollout.World) {
			in.Images = images(t, "httpd:2", "nginx:2", "db=redis")
		},
		"desired-count: service web is a DAEMON, which runs a task on every container instance": func(in *inputs.Inputs, world *rollout.World) {
			in.DesiredCount, world.Services[0].Service.Daemon = &one, true
		},
	} {
		in, world := inputs.Inputs{}, worldOf(revisionOf(t, 41, "nginx:1"))
		change(&in, &world)
		_, err := Make(in, world)
		var problem *rollout.Problem
		require.ErrorAs(t, err, &problem)
		require.Equal(t, want, problem.What)
		require.Equal(t, rollout.BadInput, problem.Kind)
		require.NotEmpty(t, problem.Next)
	}
}

// with adds a service of a family of its own to a world.
func with(t *testing.T, world rollout.World, name string, document string) rollout.World {
	t.Helper()
	parsed, err := taskdef.Parse([]byte(document))
	require.NoError(t, err)
	runs := rollout.Revision{ARN: "arn:aws:ecs:eu-west-1:123456789012:task-definition/" + name + ":1", Family: name, Number: 1, Active: true, Document: parsed}
	world.Services = append(world.Services, rollout.SurveyedService{
		Service: rollout.Service{ServiceKey: rollout.ServiceKey{Cluster: "main", Name: name}, TaskDefinition: runs.ARN}, Revision: runs,
	})
	return world
}

func TestServicesOfOneRevisionShareTheNewOne(t *testing.T) {
	runs := revisionOf(t, 41, "nginx:1")
	world := worldOf(runs)
	world = with(t, world, "jobs", `{"family":"jobs","containerDefinitions":[{"name":"app","image":"nginx:1"}]}`)
	world.Services = append(world.Services, worldOf(runs).Services...)
	world.Services[2].Service.Name = "admin"
	plan, err := Make(inputs.Inputs{Images: images(t, "nginx:2")}, world)
	require.NoError(t, err)
	require.Len(t, plan.Revisions, 2)
	var of []string
	for _, r := range plan.Rollouts {
		of = append(of, r.Service.Name+" "+plan.Revisions[r.Planned].Document.Family())
	}
	require.Equal(t, []string{"web web", "jobs jobs", "admin web"}, of)

	base := revisionOf(t, 7, "nginx:1")
	world.Bases = map[rollout.Place]rollout.Revision{{}: base}
	plan, err = Make(inputs.Inputs{Images: images(t, "nginx:2")}, world)
	require.NoError(t, err)
	require.Len(t, plan.Revisions, 1, "what is named is the base of all")
}

func TestWhatIsMeantForNoneOfSeveralServicesIsAMistake(t *testing.T) {
	world := with(t, worldOf(revisionOf(t, 41, "nginx:1")), "jobs", `{"family":"jobs","containerDefinitions":[{"name":"runner","image":"ruby:1"},{"name":"log","image":"fluent:1"}]}`)
	variable := func(container, name string) taskdef.Variable {
		return taskdef.Variable{Container: container, Name: name, Value: "x"}
	}
	for name, test := range map[string]struct {
		in   inputs.Inputs
		want string
	}{
		"an image for each":           {inputs.Inputs{Images: images(t, "nginx:2", "ruby:2")}, ""},
		"none for one":                {inputs.Inputs{Images: images(t, "nginx:2")}, "image: no container of jobs:1 is meant by nginx:2"},
		"one for none":                {inputs.Inputs{Images: images(t, "nginx:2", "ruby:2", "httpd:2")}, "image: no container of web:41, jobs:1 is meant by httpd:2"},
		"a variable of one":           {inputs.Inputs{Variables: []taskdef.Variable{variable("log", "A")}}, ""},
		"a variable of none":          {inputs.Inputs{Variables: []taskdef.Variable{variable("db", "A")}}, "environment-variables: it is unclear which container of web:41 is meant by db:A"},
		"a variable without a target": {inputs.Inputs{Variables: []taskdef.Variable{variable("", "A")}}, "environment-variables: it is unclear which container of jobs:1 is meant by A"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Make(test.in, world)
			if test.want == "" {
				require.NoError(t, err)
			} else {
				require.EqualError(t, err, test.want)
			}
		})
	}
}

func TestWithoutServiceOnlyTheRevisionIsPlanned(t *testing.T) {
	base := revisionOf(t, 7, "nginx:1")
	plan, err := Make(inputs.Inputs{Images: images(t, "nginx:2")}, rollout.World{Bases: map[rollout.Place]rollout.Revision{{}: base}})
	require.NoError(t, err)
	require.Empty(t, plan.Rollouts)
	require.True(t, plan.Revisions[0].Register)
	require.Equal(t, rollout.Planned, Result(plan).Outcome())
	require.Equal(t, "web:7", Result(plan).Registered.Previous.ID())
}

// ECS rounds the lower bound up and the upper bound down.
func TestDeadlock(t *testing.T) {
	number := func(n int32) *int32 { return &n }
	for _, test := range []struct {
		desired, minimum, maximum int
		update                    rollout.Update
		change                    func(*rollout.Service)
		blocked                   bool
	}{
		{desired: 2, minimum: 100, maximum: 200},
		{desired: 1, minimum: 50, maximum: 100, blocked: true},
		{desired: 1, minimum: 100, maximum: 199, blocked: true},
		{desired: 3, minimum: 100, maximum: 125, blocked: true},
		{desired: 3, minimum: 67, maximum: 133, blocked: true},
		{desired: 3, minimum: 66, maximum: 133},
		{desired: 4, minimum: 100, maximum: 125},
		{desired: 0, minimum: 100, maximum: 100},
		{desired: 1, minimum: 100, maximum: 199, update: rollout.Update{MaximumPercent: number(200)}},
		{desired: 1, minimum: 100, maximum: 199, update: rollout.Update{MinimumHealthyPercent: number(0)}},
		{desired: 1, minimum: 100, maximum: 150, update: rollout.Update{Desired: number(2)}},
		{desired: 2, minimum: 100, maximum: 150, update: rollout.Update{Desired: number(1)}, blocked: true},
		{desired: 1, minimum: 100, maximum: 100, change: func(s *rollout.Service) { s.Daemon = true }},
		{desired: 1, minimum: 100, maximum: 100, change: func(s *rollout.Service) { s.Rolling = false }},
	} {
		service := rollout.Service{Rolling: true, Desired: test.desired, Minimum: test.minimum, Maximum: test.maximum}
		if test.change != nil {
			test.change(&service)
		}
		doubts := Concerns(rollout.Plan{Rollouts: []*rollout.Rollout{{Look: rollout.Look{Service: service}, Update: test.update}}})
		require.Equal(t, test.blocked, len(doubts) == 1, "%+v", test)
	}
	patch, err := taskdef.ParsePatch("desiredCount: 2", taskdef.ServiceShape())
	require.NoError(t, err)
	doubts := Concerns(rollout.Plan{Rollouts: []*rollout.Rollout{{
		Look: rollout.Look{Service: rollout.Service{Rolling: true, Desired: 1, Minimum: 100, Maximum: 150}}, Update: rollout.Update{Patch: patch},
	}}})
	require.False(t, doubts[0].Sure, "a patch may change the numbers")
}

// To go back to a revision that Terraform has deregistered takes a permission that the deployment itself does not need:
// that is said before anything has changed.
func TestARollbackThatNeedsToRegisterIsSaidBefore(t *testing.T) {
	world := worldOf(revisionOf(t, 41, "nginx:1"))
	world.Services[0].Revision.Active = false
	in := inputs.Inputs{RollbackOnFailure: true}
	notes := func() []rollout.NoteAbout {
		plan, err := Make(in, world)
		require.NoError(t, err)
		var about []rollout.NoteAbout
		for _, note := range plan.Notes {
			about = append(about, note.About)
		}
		return about
	}
	require.NotContains(t, notes(), rollout.NoteInactive, "the revision is registered anew anyway")
	base := revisionOf(t, 40, "nginx:0")
	world.Bases = map[rollout.Place]rollout.Revision{{}: base}
	require.Contains(t, notes(), rollout.NoteInactive)
	in.RollbackOnFailure = false
	require.NotContains(t, notes(), rollout.NoteInactive)
}
