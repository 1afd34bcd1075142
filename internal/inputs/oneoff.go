package inputs

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/syntax"

	"ecs-deploy/internal/taskdef"
)

// OneOff is a task that is to run once, of the new revision.
type OneOff struct {
	Container   string // empty: the first essential one
	Command     words
	Environment yaml.MapSlice
	CPU         string // of the task, in CPU units
	Memory      string // of the task, in MiB
	TaskRole    string `yaml:"taskRole"`
	Network     *Network
	Capacity    capacity
	Count       int
	Timeout     time.Duration
	Request     taskdef.Patch `yaml:"-"` // what else RunTask is sent
	Detached    bool          `yaml:"-"` // it is not waited for
}

// Network is where a task runs in network mode awsvpc.
type Network struct {
	Subnets        []string
	SecurityGroups []string `yaml:"securityGroups"`
	AssignPublicIP bool     `yaml:"assignPublicIp"`
}

// Share is how much of a task's count a capacity provider gets.
type Share struct {
	Provider     string
	Weight, Base int
}

// capacity is a launch type, or shares.
type capacity struct {
	LaunchType string
	Shares     []Share
}

func (c *capacity) UnmarshalYAML(text []byte) error {
	if yaml.Unmarshal(text, &c.LaunchType) == nil {
		return nil
	}
	return yaml.UnmarshalWithOptions(text, &c.Shares, yaml.Strict())
}

// words are a command: a list, or a text that is split as a shell splits it.
type words []string

func (w *words) UnmarshalYAML(text []byte) error {
	var line string
	if yaml.Unmarshal(text, &line) != nil {
		return yaml.Unmarshal(text, (*[]string)(w))
	}
	split, err := splitCommand(line)
	*w = split
	return err
}

var errNeedsShell = errors.New("there is no shell to understand it: write sh -c '…', if the image has one")

// splitCommand splits a command into words as a shell does. What only a shell could carry out is an
// error: pipes, lists of commands, variables.
func splitCommand(line string) ([]string, error) {
	program, err := syntax.NewParser(syntax.Variant(syntax.LangPOSIX)).Parse(strings.NewReader(line), "")
	if err != nil {
		return nil, fmt.Errorf("%q cannot be split into words: %s", line, strings.TrimPrefix(err.Error(), "1:"))
	}
	if len(program.Stmts) != 1 {
		return nil, fmt.Errorf("%q: %w", line, errNeedsShell)
	}
	statement := program.Stmts[0]
	call, simple := statement.Cmd.(*syntax.CallExpr)
	if !simple || len(call.Assigns)+len(statement.Redirs) > 0 || statement.Background || statement.Negated {
		return nil, fmt.Errorf("%q: %w", line, errNeedsShell)
	}
	split, err := expand.Fields(&expand.Config{NoUnset: true}, call.Args...)
	if err != nil {
		return nil, fmt.Errorf("%q: %w", line, errNeedsShell)
	}
	return split, nil
}

// asYAML tells a description of a task from a command.
var asYAML = regexp.MustCompile(`^\s*(\{|(container|command|environment|cpu|memory|taskRole|network|capacity|count|timeout)\s*:(\s|$))`)

const (
	mostTasks     = 10 // https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html
	oneOffTimeout = 15 * time.Minute
)

// oneOff reads a command, or the description of a task.
func (c *checker) oneOff(input, value string) *OneOff {
	if value == "" {
		return nil
	}
	task := OneOff{Count: 1, Timeout: oneOffTimeout}
	var err error
	if asYAML.MatchString(value) {
		err = yaml.UnmarshalWithOptions([]byte(value), &task, yaml.Strict())
		var located yaml.Error
		if errors.As(err, &located) && located.GetToken() != nil {
			err = fmt.Errorf("line %d: %s", located.GetToken().Position.Line, located.GetMessage())
		}
	} else {
		task.Command, err = splitCommand(value)
	}
	switch {
	case err != nil:
		c.mistake("%s: %w", input, err)
	case task.Count < 1 || task.Count > mostTasks:
		c.mistake("%s: count: %d is not a number of tasks from 1 to %d", input, task.Count, mostTasks)
	case task.Timeout <= 0:
		c.mistake("%s: timeout: %s is not a length of time, such as 10m", input, task.Timeout)
	}
	return &task
}
