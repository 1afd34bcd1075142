package taskdef

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const digest = "@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

func mustImage(t *testing.T, text string) Image {
	t.Helper()
	image, err := ParseImage(text)
	require.NoError(t, err)
	return image
}

func TestImageTextIsWhatWasAskedFor(t *testing.T) {
	for text, want := range map[string]string{
		"nginx":              "nginx:latest",
		"nginx:1.27":         "nginx:1.27",
		"nginx" + digest:     "nginx" + digest,
		"nginx:1" + digest:   "nginx:1" + digest,
		"localhost:5000/app": "localhost:5000/app:latest",
		"123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/web:v2": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/web:v2",
	} {
		require.Equal(t, want, mustImage(t, text).Reference)
	}
}

func TestImageSelectsByRepositoryInFull(t *testing.T) {
	const ecr = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/web"
	for _, test := range []struct {
		image, inUse string
		want         bool
	}{
		{"nginx:2", "nginx:1", true},
		{"nginx:2", "nginx", true},
		{"nginx:2", "nginx" + digest, true},
		{"nginx:2", "nginx:1" + digest, true},
		{"nginx:2", "docker.io/library/nginx:1", true},
		{"nginx:2", "index.docker.io/library/nginx", true},
		{"docker.io/nginx:2", "nginx:1", true},
		{"nginx:2", "bitnami/nginx:1", false},
		{"nginx:2", "public.ecr.aws/nginx/nginx:1", false},
		{"nginx:2", "my-nginx:1", false},
		{"foo/bar:2", "myfoo/bar:1", false},
		{"foo/bar:2", "x.example/foo/bar:1", false},
		{"a.b/c:2", "aXb/c:1", false},
		{"localhost:5000/app:2", "localhost:5000/app", true},
		{"localhost:5000/app:2", "localhost:5001/app:1", false},
		{ecr + ":v2", ecr + ":v1", true},
		{ecr + ":v2", ecr + "-worker:v1", false},
		{ecr + ":v2", strings.Replace(ecr, "eu-west-1", "us-east-1", 1) + ":v1", false},
		{"app=nginx", "PLACEHOLDER", true},
		{"nginx", "PLACEHOLDER", false},
		{"other=nginx", "nginx", false},
	} {
		got := mustImage(t, test.image).selects(Container{Name: "app", Image: test.inUse})
		require.Equal(t, test.want, got, "%s for a container that runs %s", test.image, test.inUse)
	}
}

func TestImageRefusesWhatIsNone(t *testing.T) {
	for text, want := range map[string]string{
		"":                 `"" is not an image: write repository[:tag][@digest]`,
		"nginx:":           `"nginx:" is not an image: write repository[:tag][@digest]`,
		"https://x.io/app": `"https://x.io/app" is not an image: write repository[:tag][@digest]`,
		"Nginx":            `"Nginx" is not an image: invalid reference format: repository name (library/Nginx) must be lowercase`,
		"my app=nginx":     `"my app" is not the name of a container`,
		"=nginx":           `"" is not the name of a container`,
		"app=":             `"" is not an image: write repository[:tag][@digest]`,
	} {
		_, err := ParseImage(text)
		require.EqualError(t, err, want)
	}
}

func TestApply(t *testing.T) {
	document, err := Parse([]byte(`{"containerDefinitions":[
	  {"name":"app","image":"nginx:1"},{"name":"side","image":"nginx:1"},{"name":"cache","image":"redis:7"}]}`))
	require.NoError(t, err)
	for _, test := range []struct {
		name      string
		images    []string
		want      []ImageChange
		unmatched []string
	}{
		{"every container of the repository", []string{"nginx:2"},
			[]ImageChange{{"app", "nginx:1", "nginx:2"}, {"side", "nginx:1", "nginx:2"}}, nil},
		{"a named container has its way, in whatever order", []string{"side=caddy:1", "nginx:2"},
			[]ImageChange{{"app", "nginx:1", "nginx:2"}, {"side", "nginx:1", "caddy:1"}}, nil},
		{"the image in use is reported too", []string{"redis:7"},
			[]ImageChange{{"cache", "redis:7", "redis:7"}}, nil},
		{"what matched nothing is returned", []string{"nginx:2", "httpd:2", "db=postgres:17"},
			[]ImageChange{{"app", "nginx:1", "nginx:2"}, {"side", "nginx:1", "nginx:2"}}, []string{"httpd:2", "db=postgres:17"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var edit Edit
			for _, text := range test.images {
				edit.Images = append(edit.Images, mustImage(t, text))
			}
			edited, err := document.Apply(edit)
			require.NoError(t, err)
			require.Equal(t, test.want, edited.Images)
			var unmatched []string
			for _, image := range edited.Unmatched {
				unmatched = append(unmatched, image.String())
			}
			require.Equal(t, test.unmatched, unmatched)

			again, err := edited.Document.Apply(edit)
			require.NoError(t, err)
			require.True(t, again.Document.Equal(edited.Document), "applying twice is applying once")
		})
	}
}

func FuzzParseImage(f *testing.F) {
	for _, seed := range []string{"nginx", "app=nginx:1", "localhost:5000/a/b:c" + digest, "a=b=c", "@", ":"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		image, err := ParseImage(text)
		if err != nil {
			return
		}
		again, err := ParseImage(image.String())
		require.NoError(t, err, "what was made of an image must be an image")
		require.Equal(t, image, again)
		require.True(t, image.Same(again))
		container := Container{Name: image.Container, Image: image.Reference}
		require.True(t, image.selects(container), "an image must select the container that it was given to")
	})
}
