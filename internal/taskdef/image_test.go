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
		"":                 `"" is not an image: it is empty: is the variable that it comes from set?`,
		`{"app":"web:1"}`:  `"{\"app\":\"web:1\"}" is not an image: write container=image, one per line`,
		"nginx:":           `"nginx:" is not an image: its tag or digest is empty: is the variable that it comes from set?`,
		"nginx@":           `"nginx@" is not an image: its tag or digest is empty: is the variable that it comes from set?`,
		":v2":              `":v2" is not an image: what stands before it is empty: is the variable that it comes from set?`,
		"/web:v2":          `"/web:v2" is not an image: what stands before it is empty: is the variable that it comes from set?`,
		"https://x.io/app": `"https://x.io/app" is not an image: leave out :// and what stands before it`,
		"Nginx":            `"Nginx" is not an image: the name of a repository is in lower case`,
		"web:feature/a":    `"web:feature/a" is not an image: "feature/a" is not a tag: that has at most 128 letters, digits and . _ - and begins with none of the latter two`,
		"web:1.0+build":    `"web:1.0+build" is not an image: "1.0+build" is not a tag: that has at most 128 letters, digits and . _ - and begins with none of the latter two`,
		`"web:v2"`:         `"\"web:v2\"" is not an image: leave out the quotes`,
		"- web:v2":         `"- web:v2" is not an image: leave out the list marker, and write one image per line`,
		"web:v2, api:v2":   `"web:v2, api:v2" is not an image: write one image per line, without commas`,
		"web:$TAG":         `"web:$TAG" is not an image: shell variables are not expanded here; write an expression of the workflow, ${{ … }}`,
		"web:v 2":          `"web:v 2" is not an image: it contains a space`,
		"web@sha256:1":     `"web@sha256:1" is not an image: the digest behind @ is sha256: and 64 digits from 0 to f`,
		"my app=nginx":     `"my app" is not the name of a container`,
		"=nginx":           `"" is not the name of a container`,
		"app=":             `container app: "" is not an image: it is empty: is the variable that it comes from set?`,
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
		again.Untagged = image.Untagged
		require.Equal(t, image, again)
		require.True(t, image.Same(again))
		container := Container{Name: image.Container, Image: image.Reference}
		require.True(t, image.selects(container), "an image must select the container that it was given to")
	})
}
