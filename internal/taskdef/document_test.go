package taskdef

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// odd is everything that a typed round trip is known to spoil: members that no SDK knows, empty
// strings and lists, big numbers, nulls, one key twice, escapes and half a surrogate pair.
const odd = `{
  "family": "web",
  "brandNew": {"a": [1, 2.50, 1e3], "b": null, "c": ""},
  "containerDefinitions": [
    {"name": "app", "image": "nginx:1", "dockerLabels": {"empty": ""}, "environment": [],
     "ulimits": [{"name": "nofile", "softLimit": 0, "hardLimit": 12345678901234567890}],
     "command": ["sh", "-c", "echo \u0026 \ud800 < \/ > 'é'"]},
    {"image": "redis", "name": "cache", "name": "c\u0061che"}
  ]
}`

func TestEditKeepsEverythingElseAsItWasWritten(t *testing.T) {
	document, err := Parse([]byte(odd))
	require.NoError(t, err)
	image, err := ParseImage("nginx:2")
	require.NoError(t, err)

	edited, err := document.Apply(Edit{Images: []Image{image}})
	require.NoError(t, err)

	var want bytes.Buffer
	require.NoError(t, json.Compact(&want, bytes.Replace([]byte(odd), []byte("nginx:1"), []byte("nginx:2"), 1)))
	require.Equal(t, want.String(), string(edited.Document.JSON()))
	require.Contains(t, string(document.JSON()), "nginx:1", "the document that was edited must not change")
}

func TestParseTellsWhereTheFaultIs(t *testing.T) {
	for text, want := range map[string]string{
		"":                           "line 1, column 1: unexpected end of JSON input",
		"{\"family\": \"web\",\n}":   "line 2, column 1: invalid character '}' looking for beginning of object key string",
		"{\n\n  \"a\": 1\n} extra":   "line 4, column 3: invalid character 'e' after top-level value",
		"[]":                         "a task definition is a JSON object",
		`"{\"family\": \"quoted\"}"`: "a task definition is a JSON object",
	} {
		_, err := Parse([]byte(text))
		require.EqualError(t, err, want, text)
	}
}

func TestDescribedBecomesWhatRegisterTakes(t *testing.T) {
	answer := `{"taskDefinition": {
	    "taskDefinitionArn": "arn", "family": "web", "revision": 7, "status": "INACTIVE", "cpu": "256",
	    "requiresAttributes": [{}], "compatibilities": ["EC2"], "registeredAt": 1.7e9, "registeredBy": "me",
	    "deregisteredAt": 1.7e9, "deleteRequestedAt": 1.7e9, "unheardOf": {"status": "kept"}},
	  "tags": [{"key": "team", "value": ""}, {"key": "aws:cloudformation:stack-name", "value": "s"}]}`
	document, err := Described([]byte(answer))
	require.NoError(t, err)
	require.Equal(t,
		`{"family":"web","cpu":"256","unheardOf":{"status":"kept"},"tags":[{"key":"team","value":""}]}`,
		string(document.JSON()))

	for _, tags := range []string{`[]`, `null`, `[{"key":"aws:x","value":"y"}]`} {
		document, err := Described([]byte(`{"taskDefinition":{"family":"web"},"tags":` + tags + `}`))
		require.NoError(t, err)
		require.Equal(t, `{"family":"web"}`, string(document.JSON()), "RegisterTaskDefinition refuses an empty list of tags")
	}

	_, err = Described([]byte(`{}`))
	require.EqualError(t, err, "the answer holds no task definition")
}

func TestParseFile(t *testing.T) {
	const want = `{"family":"web","cpu":"256","containerDefinitions":[{"name":"app","image":"x"}],"tags":[{"key":"k","value":""}]}`
	for name, text := range map[string]string{
		"JSON":                want,
		"YAML":                "family: web\ncpu: \"256\"\ncontainerDefinitions:\n- {name: app, image: x}\ntags:\n- {key: k, value: ''}\n",
		"a comma too many":    strings.Replace(want, `"}],"tags"`, `",},],"tags"`, 1),
		"JSON with comments":  "{ # the one\n" + want[1:],
		"a described one":     `{"taskDefinition":{"family":"web","cpu":"256","containerDefinitions":[{"name":"app","image":"x"}],"revision":3,"status":"ACTIVE"},"tags":[{"key":"k","value":""}]}`,
		"read-only left over": strings.Replace(want, `{"family"`, `{"revision":3,"registeredAt":1,"family"`, 1),
	} {
		document, err := ParseFile([]byte(text))
		require.NoError(t, err, name)
		require.Equal(t, want, string(document.JSON()), name)
	}
	for text, want := range map[string]string{
		"{\"family\": \"web\",\n]": "line 2, column 1: invalid character ']' looking for beginning of object key string",
		"family: web\n  cpu: 1\n":  "line 2, column 6: mapping values are not allowed in this context",
		"- a":                      "a task definition is a map",
		"cpu: 1":                   `a task definition needs "family"`,
		"family: web":              `a task definition needs "containerDefinitions"`,
		"":                         "there must be one YAML document, and it must not be empty",
	} {
		_, err := ParseFile([]byte(text))
		require.EqualError(t, err, want, text)
	}
}

func FuzzParseThenPrintIsTheIdentity(f *testing.F) {
	f.Add([]byte(odd))
	f.Add([]byte(`{"a":{"b":[[],{},[{"":""}]]}}`))
	f.Add([]byte("{\"\\u0000\":\"\xff\"}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		document, err := Parse(data)
		if err != nil {
			return
		}
		var want bytes.Buffer
		require.NoError(t, json.Compact(&want, data), "Parse took what is not JSON")
		require.Equal(t, want.String(), string(document.JSON()))

		untouched, err := document.Apply(Edit{})
		require.NoError(t, err)
		require.True(t, untouched.Document.Equal(document))
	})
}

func TestStringsAreReadAsEveryJSONReaderReadsThem(t *testing.T) {
	for _, text := range []string{`""`, `"web"`, `"w\u0065b"`, `"a\"b\\"`, `"wéb"`, "\"w\xffb\"", `"\ud83d\ude80"`} {
		var want string
		require.NoError(t, json.Unmarshal([]byte(text), &want))
		document, err := Parse([]byte(`{"family":` + text + `}`))
		require.NoError(t, err)
		require.Equal(t, want, document.Family(), text)
	}
}

func TestStopTimeout(t *testing.T) {
	document, err := Parse([]byte(`{"containerDefinitions": [{"name": "app", "stopTimeout": 120}, {"name": "envoy"}]}`))
	require.NoError(t, err)
	require.Equal(t, 2*time.Minute, document.StopTimeout("app"))
	require.Equal(t, 30*time.Second, document.StopTimeout("envoy"))
}
