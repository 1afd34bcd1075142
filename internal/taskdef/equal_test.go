package taskdef

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func parsed(t *testing.T, text string) Document {
	t.Helper()
	document, err := Parse([]byte(text))
	require.NoError(t, err)
	return document
}

func TestDocumentsAreEqualWhenTheyMeanTheSame(t *testing.T) {
	const document = `{"family":"web","containerDefinitions":[{"name":"app","image":"x/web:v2","cpu":1}]}`
	for text, equal := range map[string]bool{
		`{"f\u0061mily":"web","containerDefinitions":[{"name":"app","image":"x\/web:v2","cpu":1}]}`:            true,
		`{"containerDefinitions":[{"image":"x/web:v2","cpu":1,"name":"app"}],"family":"web"}`:                  true,
		`{"family":"other","family":"web","containerDefinitions":[{"name":"app","image":"x/web:v2","cpu":1}]}`: true,
		`{"family":"web","containerDefinitions":[{"name":"app","image":"x/web:v2","cpu":"1"}]}`:                false,
		`{"family":"web","containerDefinitions":[{"name":"app","image":"x/web:v2","cpu":1,"command":[]}]}`:     false,
		`{"family":"web"}`: false,
	} {
		require.Equal(t, equal, parsed(t, text).Equal(parsed(t, document)), text)
		require.Equal(t, equal, parsed(t, document).Equal(parsed(t, text)), text)
	}
	require.False(t, parsed(t, `{"a":"\ud800"}`).Equal(parsed(t, `{"a":"\ud801"}`)), "half a character is not another half")
	require.False(t, parsed(t, `{"a":"\ud800"}`).Equal(parsed(t, "{\"a\":\"\ufffd\"}")))
	require.True(t, Document{}.Equal(parsed(t, "{}")))
}

func TestWhatECSMakesOfADocumentEchoesIt(t *testing.T) {
	const sent = `{"family":"web","cpu":"256","containerDefinitions":[{"name":"app","image":"x\/web:v2","stopTimeout":0,"healthCheck":{"command":["a"]},
	  "environment":[{"name":"A","value":"1"},{"name":"B","value":"caf\u00e9"}],"portMappings":[{"containerPort":80}]}],"tags":[{"key":"k","value":"v"}]}`
	const filled = `{"family":"web","cpu":"256","volumes":[],"placementConstraints":[],"networkMode":"bridge","containerDefinitions":[{"name":"app","image":"x/web:v2","cpu":0,"essential":true,"mountPoints":[],
	  "healthCheck":{"command":["a"],"interval":30,"timeout":5,"retries":3},"environment":[{"name":"B","value":"café"},{"name":"A","value":"1"}],
	  "portMappings":[{"containerPort":80,"hostPort":80,"protocol":"tcp"}]}],"tags":[{"key":"k","value":"v"}]}`
	require.True(t, parsed(t, filled).Echoes(parsed(t, sent)))
	require.Empty(t, parsed(t, filled).Lost(parsed(t, sent)))
	for name, answer := range map[string]string{
		"an older revision that has more": `{"family":"web","cpu":"256","memory":"512"}`,
		"another value":                   `{"family":"web","cpu":"512"}`,
		"a member that is gone":           `{"family":"web"}`,
		"a list that was not sent":        `{"family":"web","cpu":"256","volumes":[{"name":"data"}]}`,
		"another kind":                    `{"family":"web","cpu":["256"]}`,
	} {
		require.False(t, parsed(t, answer).Echoes(parsed(t, `{"family":"web","cpu":"256"}`)), name)
	}
	require.False(t, parsed(t, `{"containerDefinitions":[{"name":"a"},{"name":"b"}]}`).Echoes(parsed(t, `{"containerDefinitions":[{"name":"a"}]}`)))
}

func TestMembersThatECSDidNotKeepAreFoundByTheNearestName(t *testing.T) {
	sent := parsed(t, `{"family":"web","containerDefinition":[{}],"containerDefinitions":[{"name":"app","image":"a","enviroment":[{"name":"A","value":"1"}],"esential":false,"xyz":{"a":1},"nothing":null,"privileged":false}]}`)
	answer := parsed(t, `{"family":"web","containerDefinitions":[{"name":"app","image":"a"}]}`)
	require.Equal(t, []Lost{
		{Path: "containerDefinition", Meant: "containerDefinitions"},
		{Path: "containerDefinitions[app].enviroment", Meant: "environment"},
		{Path: "containerDefinitions[app].esential", Meant: "essential"},
		{Path: "containerDefinitions[app].xyz"},
	}, answer.Lost(sent))
	require.True(t, answer.Echoes(sent), "the lost answer to a document with a typo finds its own revision")
}

func TestNearest(t *testing.T) {
	names := []string{"service", "task-definition", "image", "cluster", "secrets"}
	for name, want := range map[string]string{
		"services": "service", "task_definition": "task-definition", "taskDefinition": "task-definition", "Images": "image", "clustre": "cluster",
		"image": "", "tag": "", "region": "", "secret": "secrets", "": "",
	} {
		require.Equal(t, want, Nearest(name, names), name)
	}
}
