package rollout

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ecs-deploy/internal/taskdef"
)

// fill gives everything in a value something to hold.
func fill(t *testing.T, v reflect.Value) {
	t.Helper()
	const text = `{"a<b":"c&d","n":12345678901234567890}`
	switch held := v.Addr().Interface().(type) {
	case *time.Time:
		*held = time.Date(2026, 11, 9, 3, 0, 0, 7, time.UTC)
		return
	case json.Unmarshaler:
		require.NoError(t, held.UnmarshalJSON([]byte(text)))
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			require.True(t, v.Type().Field(i).IsExported(), "%s.%s would be lost", v.Type(), v.Type().Field(i).Name)
			fill(t, v.Field(i))
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(t, v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fill(t, v.Index(0))
		fill(t, v.Index(1))
	case reflect.String:
		v.SetString("a <text> & more")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Float64:
		v.SetFloat(12.5)
	case reflect.Int, reflect.Int32, reflect.Int64:
		v.SetInt(42)
	default:
		require.Fail(t, "cannot be filled", "%s", v.Type())
	}
}

func TestEveryEventCanBeWrittenDownAndToldAgain(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "events.go", nil, 0)
	require.NoError(t, err)
	var declared, known []string
	for _, decl := range file.Decls {
		if method, is := decl.(*ast.FuncDecl); is && method.Name.Name == "event" {
			declared = append(declared, method.Recv.List[0].Type.(*ast.Ident).Name)
		}
	}
	for name, kind := range kinds {
		known = append(known, name)
		event := reflect.New(kind)
		fill(t, event.Elem())
		for _, event := range []Event{event.Elem().Interface().(Event), reflect.Zero(kind).Interface().(Event)} {
			heard := Heard{At: 91 * time.Second, Event: event}
			line, err := heard.Line()
			require.NoError(t, err)
			require.Equal(t, 1, strings.Count(string(line), "\n"))
			again, err := ParseHeard(line)
			require.NoError(t, err, string(line))
			require.Equal(t, heard, again, string(line))
		}
	}
	require.ElementsMatch(t, declared, known)
}

func TestWhatIsNoEventIsNotToldAgain(t *testing.T) {
	for text, says := range map[string]string{
		`{"at":"1s","event":"Party","holds":{}}`:                `there is no event "Party"`,
		`{"at":"soon","event":"Ended","holds":{}}`:              "invalid duration",
		`{"at":"1s","event":"Decided","holds":{"Verdict":"x"}}`: "Decided: json:",
		`{"at":1}`: "cannot unmarshal",
	} {
		_, err := ParseHeard([]byte(text))
		require.ErrorContains(t, err, says)
	}
}

func TestDocumentsKeepTheirTextInARecording(t *testing.T) {
	document, err := taskdef.Parse([]byte(`{"n":1.10,"empty":""}`))
	require.NoError(t, err)
	text, err := Heard{Event: PlanMade{Plan: Plan{Revisions: []PlannedRevision{{Document: document}}}}}.Line()
	require.NoError(t, err)
	require.Contains(t, string(text), `"Document":{"n":1.10,"empty":""}`)
}
