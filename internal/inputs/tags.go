package inputs

import (
	"encoding/json"
	"slices"
	"strings"

	"ecs-deploy/internal/lazy"
	"ecs-deploy/internal/rollout"
	"ecs-deploy/internal/taskdef"
)

// What AWS allows in tags, and how many there may be
// (https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Tag.html).
const (
	longestTagKey   = 128
	longestTagValue = 256
	mostTags        = 50
)

var (
	tagText    = lazy.Regexp(`^[\p{L}\p{N}\p{Z}+\-=._:/@]*$`)
	notTagText = lazy.Regexp(`[^\p{L}\p{N}\p{Z}+\-=._:/@]+`)
)

// tag is one as ECS has it.
type tag struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// ofGitHub stands for the tags that tell the run.
const ofGitHub = "github"

// tags reads lines of key=value, and github for what tells the run, as a patch of the task definition.
func (c *checker) tags(input, value string, getenv func(string) string) (taskdef.Patch, []string) {
	var tags []tag
	var keys []string
	add := func(key, value string) {
		if slices.Contains(keys, key) {
			c.mistake("%s: %s is given twice", input, key)
		}
		tags, keys = append(tags, tag{key, value}), append(keys, key)
	}
	for _, line := range lines(value) {
		key, value, is := strings.Cut(line, "=")
		switch {
		case line == ofGitHub:
			for _, of := range rollout.RunTags {
				if told := ofRun(of.Variable, getenv); told != "" {
					add(of.Key, told)
				}
			}
		case !is || key == "":
			c.mistake("%s: %q is neither key=value nor github%s", input, line, oddity(line))
		case strings.HasPrefix(strings.ToLower(key), "aws:"):
			c.mistake("%s: %q: keys that begin with aws: are AWS's own", input, key)
		case len([]rune(key)) > longestTagKey || len([]rune(value)) > longestTagValue:
			c.mistake("%s: %q is too long: a key has at most 128 characters, and a value 256", input, key)
		case !tagText().MatchString(key + value):
			c.mistake("%s: %q: a tag has letters, digits, spaces and + - = . _ : / @", input, line)
		default:
			add(key, value)
		}
	}
	if len(tags) > mostTags {
		c.mistake("%s: a task definition has at most %d tags, and there are %d", input, mostTags, len(tags))
	}
	if len(tags) == 0 {
		return taskdef.Patch{}, nil
	}
	text, err := json.Marshal(map[string][]tag{"tags": tags})
	if err != nil {
		c.mistake("%s: %w", input, err)
	}
	return c.taskPatch(input, string(text)), keys
}

// ofRun is what a variable of the runner tells, as far as a tag can hold it.
func ofRun(variable string, getenv func(string) string) string {
	value := []rune(notTagText().ReplaceAllString(getenv(variable), "_"))
	return string(value[:min(len(value), longestTagValue)])
}
