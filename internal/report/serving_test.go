package report

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ecs-deploy/internal/rollout"
	"ecs-deploy/internal/taskdef"
)

func percent(share float64) *float64 { return &share }

func arn(id string) string { return "arn:aws:ecs:eu-west-1:123456789012:task-definition/" + id }

func TestWhoServesIsSaid(t *testing.T) {
	before := func(running int) rollout.ServingTasks {
		return rollout.ServingTasks{TaskDefinition: arn("web:41"), Running: running}
	}
	ours := func(running int) rollout.ServingTasks {
		return rollout.ServingTasks{TaskDefinition: arn("web:42"), Running: running}
	}
	shared := func(tasks rollout.ServingTasks, share float64) rollout.ServingTasks {
		tasks.Traffic = percent(share)
		return tasks
	}
	for name, test := range map[string]struct {
		serves []rollout.ServingTasks
		change func(*rollout.Rollout)
		want   string
	}{
		"what ran before":              {[]rollout.ServingTasks{before(2)}, nil, "web:41 (v1) serves with 2 of 2 tasks"},
		"with fewer tasks":             {[]rollout.ServingTasks{before(1)}, nil, "web:41 (v1) serves with 1 of 2 tasks"},
		"with more":                    {[]rollout.ServingTasks{before(3)}, nil, "web:41 (v1) serves with 3 tasks"},
		"the new one too":              {[]rollout.ServingTasks{before(2), ours(1)}, nil, "web:41 (v1) serves with 2 of 2 tasks, and 1 task of web:42 (v2) is running too"},
		"with a share of the traffic":  {[]rollout.ServingTasks{shared(before(2), 90), shared(ours(2), 10)}, nil, "web:41 (v1) serves 90% of the traffic, and web:42 (v2) 10%"},
		"without a share of it":        {[]rollout.ServingTasks{shared(before(2), 100), shared(ours(2), 0)}, nil, "web:41 (v1) serves with 2 of 2 tasks, and 2 tasks of web:42 (v2) are running too"},
		"another revision":             {[]rollout.ServingTasks{{TaskDefinition: arn("web:43"), Running: 2}}, nil, "web:43 serves with 2 of 2 tasks"},
		"nobody":                       {nil, nil, "THE SERVICE IS DOWN: 0 of 2 tasks running"},
		"nobody has to":                {nil, func(r *rollout.Rollout) { r.Service.Desired = 0 }, "the service is set to 0 tasks"},
		"it was not updated":           {nil, func(r *rollout.Rollout) { r.Deployment.ID = "" }, ""},
		"it was deleted":               {nil, func(r *rollout.Rollout) { r.Verdict.Ending = rollout.EndedDeleted }, ""},
		"it could not be followed":     {[]rollout.ServingTasks{before(2)}, func(r *rollout.Rollout) { r.Verdict.Ending = rollout.EndedLost }, "when last seen, web:41 (v1) serves with 2 of 2 tasks"},
		"after it was rolled back":     {nil, func(r *rollout.Rollout) { r.Verdict.Return = &rollout.Return{To: took(before(2))} }, "web:41 (v1) serves with 2 of 2 tasks"},
		"nothing is known of a return": {[]rollout.ServingTasks{ours(2)}, func(r *rollout.Rollout) { r.Verdict.Return = &rollout.Return{} }, "web:42 (v2) serves with 2 of 2 tasks"},
	} {
		t.Run(name, func(t *testing.T) {
			r := decided("web", rollout.Failed, rollout.EndedGivenUp)
			r.Service.Status, r.Service.Desired = rollout.ServiceActive, 2
			r.Progress.Serves = test.serves
			r.Revision.Images = []taskdef.ImageChange{{Container: "app", From: "example.com/web:v1", To: "example.com/web:v2"}}
			if test.change != nil {
				test.change(r)
			}
			require.Equal(t, test.want, serving(r))
		})
	}
}

// took is a deployment by which another was rolled back.
func took(serves rollout.ServingTasks) *rollout.Rollout {
	r := decided("web", rollout.Succeeded, rollout.EndedComplete)
	r.At = time.Unix(1, 0)
	r.Service.Status, r.Service.Desired = rollout.ServiceActive, 2
	r.Progress.Serves = []rollout.ServingTasks{serves}
	return r
}

func TestVersionsAreTagsOrDigests(t *testing.T) {
	for image, want := range map[string]string{
		"web": "latest", "web:v1": "v1", "localhost:5000/web": "latest", "localhost:5000/web:v1": "v1",
		"123456789012.dkr.ecr.eu-west-1.amazonaws.com/web@sha256:0123456789abcdef": "01234567",
		"web:v1@sha256:0123456789abcdef":                                           "01234567",
	} {
		require.Equal(t, want, version(image), image)
	}
	before, after := versions([]taskdef.ImageChange{{From: "proxy:1", To: "proxy:1"}, {From: "web:v1", To: "web:v2"}})
	require.Equal(t, []string{"v1", "v2"}, []string{before, after}, "of the image that changes")
	before, after = versions([]taskdef.ImageChange{{From: "web:v2", To: "web:v2"}})
	require.Equal(t, []string{"v2", "v2"}, []string{before, after})
}

// What does not change of an image is left out of the table, and a digest is as long as needed.
func TestImagesAreShort(t *testing.T) {
	for _, test := range []struct{ from, to, wantFrom, wantTo string }{
		{"example.com/team/web:v1", "example.com/team/web:v2", "web:v1", "web:v2"},
		{"example.com/web:v1", "another.example/web:v1", "example.com/web:v1", "another.example/web:v1"},
		{"web:v1", "web:v2", "web:v1", "web:v2"},
		{"example.com/web@sha256:0123456789abcdef", "example.com/web@sha256:fedcba9876543210", "web@01234567", "web@fedcba98"},
	} {
		change := taskdef.ImageChange{From: test.from, To: test.to}
		require.Equal(t, []string{test.wantFrom, test.wantTo}, []string{shortImage(change, test.from), shortImage(change, test.to)})
	}
}

func TestTheLastLineSaysWhatWasRunByWhomAndWhere(t *testing.T) {
	env := map[string]string{
		"GITHUB_REF_NAME": "v2.0.0", "GITHUB_SHA": "0123456789abcdef", "GITHUB_ACTOR": "jo", "GITHUB_RUN_ID": "77",
		"GITHUB_REPOSITORY": "acme/shop", "GITHUB_SERVER_URL": "https://github.com",
	}
	web := decided("web", rollout.Succeeded, rollout.EndedComplete)
	web.Service.ARN, web.Service.Region = "arn:aws:ecs:eu-west-1:123456789012:service/main/web", "eu-west-1"
	r := New(nil, func(name string) string { return env[name] })
	r.timeline.began = time.Date(2026, 11, 9, 2, 59, 12, 0, time.UTC)
	got := r.imprint(rollout.Result{Rollouts: []*rollout.Rollout{web}, Duration: 97 * time.Second})
	require.Equal(t, "\n<sub>`v2.0.0` at `01234567` by jo · [run 77](https://github.com/acme/shop/actions/runs/77) · deployment `ecs-svc/1` · "+
		"account 123456789012, eu-west-1 · 2026-11-09 02:59:12 to 03:00:49 UTC</sub>\n", got.before)
	require.Empty(t, New(nil, func(string) string { return "" }).imprint(rollout.Result{}).before)
}
