package taskdef

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParseVariable(t *testing.T) {
	for line, want := range map[string]Variable{
		"A=b":             {Name: "A", Value: "b"},
		"A= b = c ":       {Name: "A", Value: " b = c "},
		"A=":              {Name: "A"},
		"app:A=x:y":       {Container: "app", Name: "A", Value: "x:y"},
		"URL=http://a:80": {Name: "URL", Value: "http://a:80"},
		"!A":              {Name: "A", Remove: true},
		"app:!A":          {Container: "app", Name: "A", Remove: true},
	} {
		got, err := ParseVariable(line, false)
		require.NoError(t, err, line)
		require.Equal(t, want, got, line)
	}
	secret, err := ParseVariable("DB= arn:aws:ssm:eu-west-1:1:parameter/db ", true)
	require.NoError(t, err)
	require.Equal(t, Variable{Name: "DB", Value: "arn:aws:ssm:eu-west-1:1:parameter/db", Secret: true}, secret)

	for line, want := range map[string]string{
		"A":       "write NAME=value, container:NAME=value, !NAME or container:!NAME; a value of several lines goes into environment-file or task-definition-patch",
		"=b":      "write NAME=value, container:NAME=value, !NAME or container:!NAME; a value of several lines goes into environment-file or task-definition-patch",
		"!A=b":    "write NAME=value, container:NAME=value, !NAME or container:!NAME; a value of several lines goes into environment-file or task-definition-patch",
		"a b:C=d": "what stands before the colon is not the name of a container",
	} {
		_, err := ParseVariable(line, false)
		require.EqualError(t, err, want, line)
	}
	_, err = ParseVariable("A= ", true)
	require.EqualError(t, err, "a secret is given by the name or ARN of what holds it")
}

func TestVariables(t *testing.T) {
	const document = `{"containerDefinitions":[
	  {"name":"app","image":"web:1","environment":[{"name":"A","value":"1"},{"name":"B","value":"2"}],"secrets":[{"name":"S","valueFrom":"s"}]},
	  {"name":"side","image":"side:1"}]}`
	for name, test := range map[string]struct {
		images, environment, secrets []string
		want                         string
		unplaced                     []string
	}{
		"to the containers that an image was given to": {
			images: []string{"web:1"}, environment: []string{"A=x", "N=", "!B"},
			want: `{"containerDefinitions":[
			  {"name":"app","image":"web:1","environment":[{"name":"A","value":"x"},{"name":"N","value":""}],"secrets":[{"name":"S","valueFrom":"s"}]},
			  {"name":"side","image":"side:1"}]}`,
		},
		"to the container that is named": {
			environment: []string{"side:X=y", "app:!NOWHERE"}, secrets: []string{"side:!Z"},
			want: `{"containerDefinitions":[
			  {"name":"app","image":"web:1","environment":[{"name":"A","value":"1"},{"name":"B","value":"2"}],"secrets":[{"name":"S","valueFrom":"s"}]},
			  {"name":"side","image":"side:1","environment":[{"name":"X","value":"y"}]}]}`,
		},
		"a name that moves leaves the other list": {
			environment: []string{"app:S=plain"}, secrets: []string{"app:A=hidden"},
			want: `{"containerDefinitions":[
			  {"name":"app","image":"web:1","environment":[{"name":"B","value":"2"},{"name":"S","value":"plain"}],"secrets":[{"name":"A","valueFrom":"hidden"}]},
			  {"name":"side","image":"side:1"}]}`,
		},
		"the same value changes nothing": {environment: []string{"app:A=1"}, want: document},
		"without a container that is meant": {
			environment: []string{"A=x", "other:B=y"}, want: document, unplaced: []string{"A", "other:B"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			before, err := Parse([]byte(document))
			require.NoError(t, err)
			want, err := Parse([]byte(test.want))
			require.NoError(t, err)
			var edit Edit
			for _, text := range test.images {
				edit.Images = append(edit.Images, mustImage(t, text))
			}
			for lines, secret := range map[*[]string]bool{&test.environment: false, &test.secrets: true} {
				for _, line := range *lines {
					v, err := ParseVariable(line, secret)
					require.NoError(t, err)
					edit.Variables = append(edit.Variables, v)
				}
			}
			edited, err := before.Apply(edit)
			require.NoError(t, err)
			require.Equal(t, string(want.JSON()), string(edited.Document.JSON()))
			var unplaced []string
			for _, v := range edited.Unplaced {
				unplaced = append(unplaced, v.String())
			}
			require.Equal(t, test.unplaced, unplaced)
		})
	}

	only, err := Parse([]byte(`{"containerDefinitions":[{"name":"one","image":"x"}]}`))
	require.NoError(t, err)
	edited, err := only.Apply(Edit{Variables: []Variable{{Name: "A", Value: "b"}}})
	require.NoError(t, err)
	require.Equal(t, `{"containerDefinitions":[{"name":"one","image":"x","environment":[{"name":"A","value":"b"}]}]}`, string(edited.Document.JSON()))
}

func TestOnlyLegalNamesAreTold(t *testing.T) {
	for line, want := range map[string]string{
		"A=b": "A", " app:A = b": "app:A", "!A": "!A", "app:!A": "app:!A", "A.b-c=": "A.b-c",
		"hunter 2": "", "hunter2": "", "app:hunter2": "", "-----BEGIN KEY-----": "", "a b:C=d": "", "=b": "", "MIIEpAIBAAKCAQEA+/x=": "", strings.Repeat("A", 200): "",
	} {
		require.Equal(t, want, NameOf(line), line)
	}
}

func TestReplacingVariablesRemovesThoseThatAreNotGiven(t *testing.T) {
	document := parsed(t, `{"containerDefinitions":[{"name":"app","image":"web:1","environment":[{"name":"A","value":"1"},{"name":"B","value":"2"}],"secrets":[{"name":"S","valueFrom":"s"}]},
	  {"name":"side","image":"side:1","environment":[{"name":"X","value":"1"}]}]}`)
	edited, err := document.Apply(Edit{Images: []Image{mustImage(t, "web:1")}, Variables: []Variable{{Name: "B", Value: "3"}, {Name: "C", Value: "4"}}, Replace: true})
	require.NoError(t, err)
	require.Equal(t, `{"containerDefinitions":[{"name":"app","image":"web:1","environment":[{"name":"B","value":"3"},{"name":"C","value":"4"}],"secrets":[{"name":"S","valueFrom":"s"}]},`+
		`{"name":"side","image":"side:1","environment":[{"name":"X","value":"1"}]}]}`, string(edited.Document.JSON()))

	edited, err = document.Apply(Edit{Images: []Image{mustImage(t, "web:1")}, Variables: []Variable{{Name: "B", Value: "3"}, {Container: "side", Name: "S", Value: "arn", Secret: true}}, Replace: true})
	require.NoError(t, err)
	require.Contains(t, string(edited.Document.JSON()), `{"name":"side","image":"side:1","environment":[{"name":"X","value":"1"}],"secrets":[{"name":"S","valueFrom":"arn"}]}`,
		"a container that is given only secrets keeps its variables")
}
