package taskdef

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// file wraps the members of a container into a whole file.
func file(container string) string {
	return "family: web\ncontainerDefinitions:\n- name: app\n  image: nginx:1\n" + indent(container)
}

func indent(text string) string {
	return "  " + strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n  ") + "\n"
}

// What a person writes is what goes out, in a file as in a patch.
func TestTheTextOfAScalarGoesOut(t *testing.T) {
	for name, test := range map[string]struct{ container, want string }{
		"a literal block":           {"command:\n- sh\n- -c\n- |\n  set -e\n  exec app\n", `"command":["sh","-c","set -e\nexec app\n"]`},
		"chomped and kept":          {"command:\n- |-\n  a\n- |+\n  b\n\n- >-\n  c\n  d\n", `"command":["a","b\n\n","c d"]`},
		"an indentation figure":     {"command:\n- |2\n    a\n   b\n", `"command":["  a\n b\n"]`},
		"a folded block":            {"command:\n- >\n  a\n  b\n\n  c\n", `"command":["a b\nc\n"]`},
		"a key of several lines":    {"environment:\n- name: KEY\n  value: |\n    -----BEGIN KEY-----\n    abc\n", `"environment":[{"name":"KEY","value":"-----BEGIN KEY-----\nabc\n"}]`},
		"numbers where text is":     {"user: 1000\ncommand: [sleep, 3600]\n", `"user":"1000","command":["sleep","3600"]`},
		"leading zeros":             {"environment:\n- {name: A, value: 012345670123}\n- {name: B, value: 0x1F}\n- {name: C, value: 0o17}\n", `"environment":[{"name":"A","value":"012345670123"},{"name":"B","value":"0x1F"},{"name":"C","value":"0o17"}]`},
		"odd numbers and booleans":  {"command: [1_000, +5, .5, 5., True, 'no', 1e3, .inf, 2026-11-25, 1:30]\n", `"command":["1_000","+5",".5","5.","True","no","1e3",".inf","2026-11-25","1:30"]`},
		"tags":                      {"command: [!!str 0755, ! 0755, !!str true, ! true]\ncpu: !!int '7'\n", `"command":["0755","0755","true","true"],"cpu":7`},
		"labels and options":        {"dockerLabels: {version: 1.10, on: true, empty: ''}\nlogConfiguration: {logDriver: awslogs, options: {awslogs-create-group: true, max-buffer-size: 25}}\n", `"dockerLabels":{"version":"1.10","on":"true","empty":""},"logConfiguration":{"logDriver":"awslogs","options":{"awslogs-create-group":"true","max-buffer-size":"25"}}`},
		"text where numbers are":    {"memory: '512'\nessential: 'true'\nportMappings: [{containerPort: '8080'}, {containerPort: 0x50}, {containerPort: 81.0}]\n", `"memory":512,"essential":true,"portMappings":[{"containerPort":8080},{"containerPort":80},{"containerPort":81}]`},
		"what nobody knows":         {"unheardOf: {a: 007, b: 0x1F, c: +5, d: .5, e: 1e3, f: 12345678901234567890123, g: True, h: ~, i: yes, j: .nan}\n", `"unheardOf":{"a":7,"b":31,"c":5,"d":0.5,"e":1e3,"f":12345678901234567890123,"g":true,"h":null,"i":"yes","j":".nan"}`},
		"a list with a tag":         {"command: ! [a]\n", `"command":["a"]`},
		"anchors":                   {"command: &c [a, &b b, *b]\nentryPoint: *c\n", `"command":["a","b","b"],"entryPoint":["a","b","b"]`},
		"escapes":                   {`command: ["\/\u00e9\x41\t", 'it''s']`, `"command":["/éA\t","it's"]`},
		"a merge of one":            {"<<: {cpu: 1, memory: 2}\ncpu: 3\n", `"cpu":3,"memory":2`},
		"a merge of several":        {"<<: [{cpu: 1}, {cpu: 2, memory: 2}]\n", `"cpu":1,"memory":2`},
		"a quoted key is no merge":  {`"<<": x`, `"<<":"x"`},
		"numbers that are as wrote": {"dockerLabels: {a: 1.10, b: 0, c: -0, d: 00}\n", `"dockerLabels":{"a":"1.10","b":"0","c":"-0","d":"00"}`},
	} {
		t.Run(name, func(t *testing.T) {
			document, err := ParseFile([]byte(file(test.container)))
			require.NoError(t, err)
			require.Equal(t, `{"family":"web","containerDefinitions":[{"name":"app","image":"nginx:1",`+test.want+`}]}`, string(document.JSON()))

			base, err := Parse([]byte(`{"containerDefinitions":[{"name":"app"}]}`))
			require.NoError(t, err)
			patch, err := ParsePatch("containerDefinitions:\n- name: app\n"+indent(test.container), TaskDefinitionShape())
			require.NoError(t, err)
			patched, err := patch.Apply(base)
			require.NoError(t, err)
			require.Equal(t, `{"containerDefinitions":[{"name":"app",`+strings.Replace(test.want, `"h":null,`, "", 1)+`}]}`, string(patched.JSON()))
		})
	}
}

func TestTheTextOfAScalarGoesOutInAServicePatch(t *testing.T) {
	patch, err := ParsePatch("desiredCount: '2'\ndeploymentConfiguration:\n  alarms:\n    enable: true\n    alarmNames:\n    - |-\n      my alarm\n    - 007\n", ServiceShape())
	require.NoError(t, err)
	require.Equal(t, `{"desiredCount":2,"deploymentConfiguration":{"alarms":{"enable":true,"alarmNames":["my alarm","007"]}}}`, string(patch.root.append(nil)))
}

// The smallest files that went wrong, with what is right.
func TestFilesThatWentWrong(t *testing.T) {
	for name, test := range map[string]struct{ source, want string }{
		"cpu and memory of a task": {"family: web\ncpu: 256\nmemory: 512\ncontainerDefinitions: [{name: app, image: nginx:1, environment: [{name: PORT, value: 8080}, {name: DEBUG, value: true}]}]\n",
			`{"family":"web","cpu":"256","memory":"512","containerDefinitions":[{"name":"app","image":"nginx:1","environment":[{"name":"PORT","value":"8080"},{"name":"DEBUG","value":"true"}]}]}`},
		"a byte order mark before JSON": {"\ufeff" + `{"family": "web", "containerDefinitions": [{"name": "app", "image": "web:v2"}]}`,
			`{"family":"web","containerDefinitions":[{"name":"app","image":"web:v2"}]}`},
		"a byte order mark before the first key": {"\ufeffcpu: \"256\"\nfamily: web\ncontainerDefinitions:\n- {name: app, image: nginx:1}\n",
			`{"cpu":"256","family":"web","containerDefinitions":[{"name":"app","image":"nginx:1"}]}`},
		"anchors at the top, merged in a list": {"family: web\nx-log: &log {logConfiguration: {logDriver: awslogs}}\nx-lim: &lim {ulimits: [{name: nofile, softLimit: 1, hardLimit: 2}], memory: 1}\ncontainerDefinitions:\n- <<: [*log, *lim]\n  name: app\n  image: nginx:1\n  memory: 128\n",
			`{"family":"web","containerDefinitions":[{"name":"app","image":"nginx:1","memory":128,"logConfiguration":{"logDriver":"awslogs"},"ulimits":[{"name":"nofile","softLimit":1,"hardLimit":2}]}]}`},
		"no tags": {`{"family":"web","containerDefinitions":[{"name":"app","image":"a"}],"compatibilities":["EC2"],"registeredAt":"2026-04-28T14:28:33Z","tags":[]}`,
			`{"family":"web","containerDefinitions":[{"name":"app","image":"a"}]}`},
		"no tags in a wrapper": {`{"taskDefinition":{"family":"web","containerDefinitions":[{"name":"app","image":"a"}],"tags":[]},"tags":[]}`,
			`{"family":"web","containerDefinitions":[{"name":"app","image":"a"}]}`},
		"AWS's own tags": {`{"family":"web","containerDefinitions":[{"name":"app","image":"a"}],"tags":[{"key":"aws:cloudformation:stack-name","value":"s"}]}`,
			`{"family":"web","containerDefinitions":[{"name":"app","image":"a"}]}`},
		"empty roles and items": {`{"family":"web","taskRoleArn":"","placementConstraints":[],"containerDefinitions":[{"name":"app","image":"a","repositoryCredentials":{"credentialsParameter":""},"logConfiguration":{"logDriver":"awsfirelens","options":{"KeyName":""},"secretOptions":[{"name":"","valueFrom":""}]}}]}`,
			`{"family":"web","placementConstraints":[],"containerDefinitions":[{"name":"app","image":"a","logConfiguration":{"logDriver":"awsfirelens","options":{"KeyName":""},"secretOptions":[]}}]}`},
		"a skeleton of the CLI with empty members": {`{"family":"web","cpu":"","containerDefinitions":[{"name":"app","image":"a","links":[""],"command":["sh","-c",""],"dependsOn":[{"containerName":"","condition":""}]}],"tags":[{"key":"","value":""}],"inferenceAccelerators":[{"deviceName":"","deviceType":""}]}`,
			`{"family":"web","containerDefinitions":[{"name":"app","image":"a","links":[],"command":["sh","-c",""],"dependsOn":[]}],"inferenceAccelerators":[]}`},
		"empty text for numbers, lists and words": {`{"family":"web","ephemeralStorage":{"sizeInGiB":""},"runtimePlatform":{"cpuArchitecture":"","operatingSystemFamily":""},"volumes":"","containerDefinitions":[{"name":"app","image":"a","cpu":"","essential":"","command":"","environment":"","portMappings":[{"containerPort":80,"hostPort":"","protocol":""}],"healthCheck":{"command":[]},"logConfiguration":{},"linuxParameters":{}}]}`,
			`{"family":"web","containerDefinitions":[{"name":"app","image":"a","portMappings":[{"containerPort":80}],"linuxParameters":{}}]}`},
		"volumes of the host are empty": {`{"family":"web","tags":[],"containerDefinitions":[{"name":"app","image":"a"}],"volumes":[{"name":"data","host":{}}]}`,
			`{"family":"web","containerDefinitions":[{"name":"app","image":"a"}],"volumes":[{"name":"data","host":{}}]}`},
		"a key twice, and empty": {`{"family":"one","containerDefinitions":[{"name":"app","image":"a"}],"family":"web"}`,
			`{"containerDefinitions":[{"name":"app","image":"a"}],"family":"web"}`},
		"nulls": {`{"family":"web","cpu":null,"containerDefinitions":[{"name":"app","image":"a","command":null,"environment":[{"name":"E","value":""},null],"healthCheck":null}],"volumes":null}`,
			`{"family":"web","containerDefinitions":[{"name":"app","image":"a","environment":[{"name":"E","value":""}]}]}`},
	} {
		t.Run(name, func(t *testing.T) {
			document, err := ParseFile([]byte(test.source))
			require.NoError(t, err)
			document, leftOut := document.Tidy()
			require.Equal(t, test.want, string(document.JSON()))
			again, none := document.Tidy()
			require.Empty(t, none)
			require.Equal(t, string(document.JSON()), string(again.JSON()))
			if strings.Contains(name, "tags") || strings.Contains(name, "empty") || name == "nulls" {
				require.NotEmpty(t, leftOut, "it is told what was left out")
			}
		})
	}
}

func TestWhatTidyLeavesOutIsTold(t *testing.T) {
	document, err := ParseFile([]byte(`{"family":"web","taskRoleArn":"","cpu":null,"x-a":1,"containerDefinitions":[{"name":"app","image":"a","repositoryCredentials":{"credentialsParameter":""},"secrets":[{"name":"","valueFrom":""}]}],"tags":[{"key":"aws:x","value":"y"}]}`))
	require.NoError(t, err)
	_, leftOut := document.Tidy()
	require.Equal(t, []string{"taskRoleArn", "cpu", "x-a", "containerDefinitions[app].repositoryCredentials.credentialsParameter", "containerDefinitions[app].secrets[0]", "tags[aws:x]", "tags"}, leftOut)
}

func TestMistakesInAFileNamePathValueAndWhatIsWanted(t *testing.T) {
	for source, want := range map[string]string{
		file("memory: 1GB"):                                  `line 5: containerDefinitions[app].memory: "1GB" is not a whole number`,
		file("cpu: 0.5"):                                     `line 5: containerDefinitions[app].cpu: "0.5" is not a whole number`,
		file("essential: yes"):                               `line 5: containerDefinitions[app].essential: "yes" is neither true nor false`,
		file("command: sleep 5"):                             "line 5: containerDefinitions[app].command: it is a single value, and must be a list",
		file("dockerLabels: [a]"):                            "line 5: containerDefinitions[app].dockerLabels: it is a list, and must be a map",
		file("environment: [{name: A, value: {a: secret}}]"): "line 5: containerDefinitions[app].environment[A].value: it is a map, and must be text",
		file("image: again"):                                 `line 5: the key "image" is already on line 4`,
		file("image2: !Ref Image"):                           "line 5, column 11: the tag !Ref has no meaning here: write the value itself",
		file("cpu: !!int many"):                              "line 5, column 8: what is tagged !!int is not one",
		file("command: !!set {a, b}"):                        "line 5, column 12: the tag !!set has no meaning here: write the value itself",
		file("user: !hunter2 x"):                             "line 5, column 9: a tag has no meaning here: put text that begins with ! in quotes",
		file("user: *hunter2"):                               "line 5, column 9: an alias names no anchor: put text that begins with * in quotes",
		file("<<: 1"):                                        "line 5: << merges a map, or a list of maps",
		file("[a]: 1"):                                       "line 5: a map or a list cannot be a key",
		"Family: web\n":                                      `a task definition needs "family": it is written "Family" here, as CloudFormation has it`,
		"a: 1\n---\nb: 2\n":                                  "there must be one YAML document, and it must not be empty",
		"f\x00a\x00":                                         "it is in UTF-16: save it as UTF-8",
		"\xff\xfef\x00":                                      "it is in UTF-16: save it as UTF-8",
		"{\x00\"\x00":                                        "it is in UTF-16: save it as UTF-8",
		"{\"a\":\n \"caf\xe9\"}":                             "line 2, column 6: it is not in UTF-8, but most likely in Latin-1 (ISO 8859-1, Windows-1252): save it as UTF-8",
		strings.Repeat("#", MaxSource+1):                     "it is longer than 1024 KiB, which is more than any document of ECS",
		`{"family":"web","memory":{"a":1}}`:                  "memory: it is a map, and must be text",
	} {
		_, err := ParseFile([]byte(source))
		require.EqualError(t, err, want)
	}
}

// A document may be small and mean much: nothing of this takes all the memory, or ends the process.
func TestDocumentsBeyondTheBudgetAreErrors(t *testing.T) {
	bomb := "a: &a [x,x,x,x,x,x,x,x,x,x]\n"
	for c := 'b'; c <= 'i'; c++ {
		bomb += fmt.Sprintf("%c: &%c [%s]\n", c, c, strings.Repeat(fmt.Sprintf("*%c,", c-1), 10))
	}
	merges := "a: &a {x0: 1}\n"
	for i := range 40 {
		merges += fmt.Sprintf("b%d: &b%d {<<: [*a, *a], x%d: 1}\n", i, i, i+1)
	}
	for source, want := range map[string]string{
		"a: &a " + strings.Repeat("x", 700_000) + "\nb: [" + strings.Repeat("*a,", 19_000) + "]\n": "with what its aliases repeat, it is longer than 4096 KiB",
		"a: &a\n  b: *a\n":                   "nested more than 100 levels deep, or an alias holds itself",
		"a: &a [*a]\n":                       "nested more than 100 levels deep, or an alias holds itself",
		"a: &a {<<: *a}\n":                   "nested more than 100 levels deep, or an alias holds itself",
		bomb:                                 "with what its aliases repeat, it holds more than 20000 values",
		"a: " + strings.Repeat("[", 200_000): "line",
		"a: " + strings.Repeat("[", 200) + strings.Repeat("]", 200):               "nested more than 100 levels deep",
		`{"a":` + strings.Repeat("[", 200) + strings.Repeat("]", 200) + `}`:       "nested more than 100 levels deep",
		`{"a":` + strings.Repeat(`{"a":`, 9000) + "1" + strings.Repeat("}", 9001): "nested more than 100 levels deep",
	} {
		_, err := ParsePatch(source, Shape{})
		require.ErrorContains(t, err, want)
		_, err = ParseAppSpec([]byte(source))
		require.ErrorContains(t, err, want)
	}
	_, err := ParsePatch(merges, Shape{})
	require.NoError(t, err)
}

func BenchmarkManyMembers(b *testing.B) {
	var labels strings.Builder
	for i := range 19_000 {
		fmt.Fprintf(&labels, "    l%d: x\n", i)
	}
	source := []byte(file("dockerLabels:") + labels.String())
	for b.Loop() {
		document, err := ParseFile(source)
		require.NoError(b, err)
		document.Tidy()
	}
}

// The text that a YAML writer wrote is the text that goes out, in whatever style it wrote it: also plain, where another reader
// would see a number.
func FuzzWhatAYAMLWriterWrote(f *testing.F) {
	for _, text := range []string{"", "0x10000000000000000", "a", "0755", "true", "~", "a\nb\n", " a\n  b\n\n", "\n", "a: b", "# no", "*a", "é\t\u2028", "- a", "|", "\u0085", "'", `"\`, "<<", ".5", "0x1F", "a\n\n\nb"} {
		f.Add(text, uint8(0), "KEY")
		f.Add(text, uint8(3), text)
	}
	styles := []yaml.Style{0, yaml.DoubleQuotedStyle, yaml.SingleQuotedStyle, yaml.LiteralStyle, yaml.FoldedStyle, yaml.TaggedStyle}
	f.Fuzz(func(t *testing.T, text string, style uint8, key string) {
		scalar := yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: text, Style: styles[int(style)%len(styles)]}
		name := yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: key}
		whole := yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Content: []*yaml.Node{&name, {Kind: yaml.SequenceNode, Tag: "!!seq", Content: []*yaml.Node{&scalar, &scalar}}}}
		source, err := yaml.Marshal(&whole)
		if err != nil || !written(source, text, key) {
			return
		}
		patch, err := ParsePatch(string(source), mapping(texts()))
		require.NoError(t, err, string(source))
		got := patch.root.get(key).elements
		require.Len(t, got, 2, string(source))
		require.Equal(t, text, got[0].str(), string(source))
		require.True(t, got[1].isText())
	})
}

// written tells whether a writer wrote what it was to write, by its own reader: it has faults of its own.
func written(source []byte, text, key string) bool {
	var back map[string][]string
	return yaml.Unmarshal(source, &back) == nil && len(back[key]) == 2 && back[key][0] == text && back[key][1] == text
}
