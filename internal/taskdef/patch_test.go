package taskdef

import (
	"testing"

	"github.com/stretchr/testify/require"
)

const patched = `{"family":"web","cpu":"256","unheardOf":{"a":1},"containerDefinitions":[
  {"name":"app","image":"web:1","cpu":10,"essential":true,"command":["a","b"],
   "environment":[{"name":"A","value":"1"},{"name":"B","value":""}],
   "portMappings":[{"containerPort":80,"protocol":"tcp"},{"containerPort":80,"protocol":"udp"}],
   "dockerLabels":{"com.example.team":"x"}},
  {"name":"side","image":"side:1"}],"tags":[{"key":"k","value":"v"}]}`

func TestPatch(t *testing.T) {
	for name, test := range map[string]struct{ patch, want string }{
		"nothing": {`{}`, patched},
		"maps merge, scalars replace, strings stay strings": {
			"cpu: 512\ncontainerDefinitions:\n- name: app\n  cpu: 20\n  dockerLabels: {com.example.team: 7, new: yes}\n",
			`{"family":"web","cpu":"512","unheardOf":{"a":1},"containerDefinitions":[
			  {"name":"app","image":"web:1","cpu":20,"essential":true,"command":["a","b"],
			   "environment":[{"name":"A","value":"1"},{"name":"B","value":""}],
			   "portMappings":[{"containerPort":80,"protocol":"tcp"},{"containerPort":80,"protocol":"udp"}],
			   "dockerLabels":{"com.example.team":"7","new":"yes"}},
			  {"name":"side","image":"side:1"}],"tags":[{"key":"k","value":"v"}]}`,
		},
		"lists of named things merge by their key, new ones come last": {
			"containerDefinitions:\n- name: app\n  environment:\n  - {name: C, value: 3}\n  - {name: A, value: true}\n- name: new\n  image: n\n",
			`{"family":"web","cpu":"256","unheardOf":{"a":1},"containerDefinitions":[
			  {"name":"app","image":"web:1","cpu":10,"essential":true,"command":["a","b"],
			   "environment":[{"name":"A","value":"true"},{"name":"B","value":""},{"name":"C","value":"3"}],
			   "portMappings":[{"containerPort":80,"protocol":"tcp"},{"containerPort":80,"protocol":"udp"}],
			   "dockerLabels":{"com.example.team":"x"}},
			  {"name":"side","image":"side:1"},{"name":"new","image":"n"}],"tags":[{"key":"k","value":"v"}]}`,
		},
		"other lists are replaced, and a port is told apart by its protocol": {
			"containerDefinitions:\n- name: app\n  command: [c]\n  portMappings:\n  - {containerPort: 80, protocol: udp, name: dns}\n",
			`{"family":"web","cpu":"256","unheardOf":{"a":1},"containerDefinitions":[
			  {"name":"app","image":"web:1","cpu":10,"essential":true,"command":["c"],
			   "environment":[{"name":"A","value":"1"},{"name":"B","value":""}],
			   "portMappings":[{"containerPort":80,"protocol":"tcp"},{"containerPort":80,"protocol":"udp","name":"dns"}],
			   "dockerLabels":{"com.example.team":"x"}},
			  {"name":"side","image":"side:1"}],"tags":[{"key":"k","value":"v"}]}`,
		},
		"null takes a member away, $delete an item": {
			"cpu: null\nabsent: null\ncontainerDefinitions:\n- name: side\n  $delete: true\n- name: app\n  environment:\n  - {name: A, $delete: true}\n  - {name: Z, $delete: true}\ntags: null\n",
			`{"family":"web","unheardOf":{"a":1},"containerDefinitions":[
			  {"name":"app","image":"web:1","cpu":10,"essential":true,"command":["a","b"],
			   "environment":[{"name":"B","value":""}],
			   "portMappings":[{"containerPort":80,"protocol":"tcp"},{"containerPort":80,"protocol":"udp"}],
			   "dockerLabels":{"com.example.team":"x"}}]}`,
		},
		"fields that nobody knows, big numbers and JSON": {
			`{"unheardOf": {"b": 12345678901234567890123, "c": [null, {"d": ""}]}}`,
			`{"family":"web","cpu":"256","unheardOf":{"a":1,"b":12345678901234567890123,"c":[null,{"d":""}]},"containerDefinitions":[
			  {"name":"app","image":"web:1","cpu":10,"essential":true,"command":["a","b"],
			   "environment":[{"name":"A","value":"1"},{"name":"B","value":""}],
			   "portMappings":[{"containerPort":80,"protocol":"tcp"},{"containerPort":80,"protocol":"udp"}],
			   "dockerLabels":{"com.example.team":"x"}},
			  {"name":"side","image":"side:1"}],"tags":[{"key":"k","value":"v"}]}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			document, err := Parse([]byte(patched))
			require.NoError(t, err)
			patch, err := ParsePatch(test.patch, TaskDefinitionShape())
			require.NoError(t, err)
			got, err := patch.Apply(document)
			require.NoError(t, err)
			want, err := Parse([]byte(test.want))
			require.NoError(t, err)
			require.Equal(t, string(want.JSON()), string(got.JSON()))
			again, err := patch.Apply(got)
			require.NoError(t, err)
			require.Equal(t, string(got.JSON()), string(again.JSON()), "applying twice is applying once")
		})
	}
}

func TestPatchMistakesTellLineAndPath(t *testing.T) {
	document, err := Parse([]byte(patched))
	require.NoError(t, err)
	for text, want := range map[string]string{
		"cpu:\n- 1\n": "line 1: cpu: it is a list, and must be text",
		"family: web\ncontainerDefinitions:\n  app: {}\n":                "line 2: containerDefinitions: it is a map, and must be a list",
		"containerDefinitions:\n- name: app\n  environment:\n    A: 1\n": "line 3: containerDefinitions[app].environment: it is a map, and must be a list",
		"containerDefinitions:\n- image: x\n":                            "line 2: containerDefinitions: each item must be a map with \"name\"",
		"unheardOf: [1]\n":                                               "line 1: unheardOf: the patch has a list where the document has a map",
		"containerDefinitions:\n- app\n":                                 "line 2: containerDefinitions[0]: it is a single value, and must be a map",
		"tags:\n- {key: a, value: b}\n- {key: a, value: c}\n":            `line 3: tags: key "a" appears twice`,
		`{"tags": {"a": "b"}}`:                                           "tags: it is a map, and must be a list",
	} {
		patch, err := ParsePatch(text, TaskDefinitionShape())
		if err == nil {
			_, err = patch.Apply(document)
		}
		require.EqualError(t, err, want, text)
	}
	for text, want := range map[string]string{
		"":              "there must be one YAML document, and it must not be empty",
		"- a\n":         "a patch is a map, in the shape of what it changes",
		"a: [1\n":       "line 2, column 1: did not find expected ',' or ']' while parsing a flow sequence that begins at line 1, column 4",
		"a: *nowhere\n": "line 1, column 4: an alias names no anchor: put text that begins with * in quotes",
	} {
		_, err := ParsePatch(text, TaskDefinitionShape())
		require.EqualError(t, err, want, text)
	}
}

func FuzzPatchTwiceIsPatchOnce(f *testing.F) {
	f.Add(patched, "cpu: 1\ncontainerDefinitions:\n- {name: app, cpu: null}\n")
	f.Add(`{"a":{"b":null}}`, `{"a":{"b":{"c":null}}}`)
	f.Add(`{"tags":[{"key":1},{"key":"1"}]}`, `{"tags":[{"key":"1","$delete":true}]}`)
	f.Fuzz(func(t *testing.T, text, change string) {
		document, err := Parse([]byte(text))
		if err != nil {
			return
		}
		patch, err := ParsePatch(change, Shape{})
		if err != nil {
			return
		}
		once, err := patch.Apply(document)
		if err != nil {
			return
		}
		_, err = Parse(once.JSON())
		require.NoError(t, err, "what comes out must be JSON")
		for _, m := range document.root.members {
			if name := m.name(); patch.root.index(name) < 0 {
				require.Equal(t, string(document.root.get(name).append(nil)), string(once.root.get(name).append(nil)), "what the patch does not name is untouched")
			}
		}
		if patch.Empty() {
			require.True(t, once.Equal(document), "a patch with nothing is the identity")
		}
		twice, err := patch.Apply(once)
		require.NoError(t, err)
		require.Equal(t, string(once.JSON()), string(twice.JSON()))
	})
}
