package inputs

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"mvdan.cc/sh/v3/syntax"

	"ecs-deploy/internal/lazy"
	"ecs-deploy/internal/rollout"
	"ecs-deploy/internal/taskdef"
)

// OneOff is a task that is to run once, of the new revision.
type OneOff struct {
	Container   string // empty: the first essential one
	Command     words
	Environment assignments
	CPU         string // of the task, in CPU units
	Memory      string // of the task, in MiB
	TaskRole    string
	Network     *Network
	Capacity    capacity
	Count       int
	Timeout     length
	Request     taskdef.Patch `json:"-"` // what else RunTask is sent
	Detached    bool          `json:"-"` // it is not waited for
}

// Network is where a task runs in network mode awsvpc.
type Network struct {
	Subnets        []string
	SecurityGroups []string
	AssignPublicIP bool
}

// capacity is a launch type, or shares.
type capacity struct {
	LaunchType string
	Shares     []rollout.Share
}

func (c *capacity) UnmarshalJSON(text []byte) error {
	if json.Unmarshal(text, &c.LaunchType) == nil {
		return nil
	}
	var shares []struct {
		Provider     string
		Weight, Base int
	}
	err := json.Unmarshal(text, &shares)
	for _, share := range shares {
		c.Shares = append(c.Shares, rollout.Share{Provider: share.Provider, Weight: share.Weight, Base: share.Base})
	}
	return err
}

// words are a command: a list, or a text that is split as a shell splits it.
type words []string

func (w *words) UnmarshalJSON(text []byte) error {
	var line string
	if json.Unmarshal(text, &line) != nil {
		return json.Unmarshal(text, (*[]string)(w))
	}
	split, err := splitCommand(line)
	*w = split
	return err
}

// Assignment is a variable of the environment and its value.
type Assignment struct{ Name, Value string }

// assignments are those of a map, in their order.
type assignments []Assignment

func (a *assignments) UnmarshalJSON(text []byte) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	_, err := decoder.Token() // the brace
	for err == nil && decoder.More() {
		var name json.Token
		var value string
		if name, err = decoder.Token(); err == nil {
			err = decoder.Decode(&value)
			*a = append(*a, Assignment{fmt.Sprint(name), value})
		}
	}
	return err
}

// length is a length of time.
type length time.Duration

func (l *length) UnmarshalJSON(text []byte) error {
	var written string
	if err := json.Unmarshal(text, &written); err != nil {
		return err
	}
	d, err := time.ParseDuration(written)
	if err != nil || d <= 0 {
		return fmt.Errorf("timeout: %q is not a duration, such as 90s, 30m or 1h30m", written)
	}
	*l = length(d)
	return nil
}

var errNeedsShell = errors.New("no shell interprets it: write sh -c '…', if the image has one")

// splitCommand splits a command into words as a shell does. What only a shell could carry out is an
// error: pipes, lists of commands, variables.
func splitCommand(line string) ([]string, error) {
	program, err := syntax.NewParser(syntax.Variant(syntax.LangPOSIX)).Parse(strings.NewReader(line), "")
	if err != nil {
		return nil, fmt.Errorf("the command cannot be split into words: %s", shellMistake(err))
	}
	if len(program.Stmts) != 1 {
		return nil, errNeedsShell
	}
	statement := program.Stmts[0]
	call, simple := statement.Cmd.(*syntax.CallExpr)
	if !simple || len(call.Assigns)+len(statement.Redirs) > 0 || statement.Background || statement.Negated {
		return nil, errNeedsShell
	}
	var split []string
	for _, arg := range call.Args {
		word, literal := literally(arg.Parts)
		if !literal {
			return nil, errNeedsShell
		}
		split = append(split, word)
	}
	if len(split) > 0 && (split[0] == "-" || strings.HasSuffix(split[0], ":") || strings.HasPrefix(split[0], "[")) {
		return nil, errors.New("its first word is not a program: a task in YAML has container, command, environment and " +
			"so on, and a list is written in JSON")
	}
	return split, nil
}

// shellMistake is what the parser says, without what stands in the command.
func shellMistake(err error) string {
	var mistake syntax.ParseError
	if errors.As(err, &mistake) && !strings.ContainsAny(mistake.Text, "`\"'") {
		return mistake.Text
	}
	return "a quote is not closed, or something is out of place"
}

// literally is the text of a word with its quotes removed, as POSIX has it
// (https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html#tag_19_02): braces and ~ are text, and
// so is a * for which there are no files. It is false for what only a shell could fill in.
func literally(parts []syntax.WordPart) (string, bool) {
	var text strings.Builder
	for _, part := range parts {
		switch part := part.(type) {
		case *syntax.Lit:
			text.WriteString(unescaped(part.Value, ""))
		case *syntax.SglQuoted:
			text.WriteString(part.Value)
		case *syntax.DblQuoted:
			for _, inner := range part.Parts {
				literal, is := inner.(*syntax.Lit)
				if !is {
					return "", false
				}
				text.WriteString(unescaped(literal.Value, "$`\"\\"))
			}
		default:
			return "", false
		}
	}
	return text.String(), true
}

// unescaped takes backslashes away: all, or those before some characters. With the end of a line, both go.
func unescaped(text, only string) string {
	var out strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' || i+1 == len(text) {
			out.WriteByte(text[i])
			continue
		}
		next := text[i+1]
		switch {
		case next == '\n':
			i++
		case only == "" || strings.IndexByte(only, next) >= 0:
			i++
			out.WriteByte(next)
		default:
			out.WriteByte('\\')
		}
	}
	return out.String()
}

// description tells a description of a task, whose keys may be in quotes, from a command.
var description = lazy.Regexp(
	`^\s*(\{|["']?(container|command|environment|cpu|memory|taskRole|network|capacity|count|timeout)["']?\s*:(\s|$))`,
)

// comments are lines in front that begin with #.
var comments = lazy.Regexp(`^(?:\s*#[^\n]*(?:\n|$))+`)

const (
	mostTasks            = 10 // https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html
	defaultOneOffTimeout = 15 * time.Minute
)

// oneOff reads a command, or the description of a task.
func (c *checker) oneOff(input, value string) *OneOff {
	if value == "" {
		return nil
	}
	task := OneOff{Count: 1, Timeout: length(defaultOneOffTimeout)}
	var err error
	bare := comments().ReplaceAllString(value, "")
	if list, is := jsonList(bare); is {
		task.Command = list
	} else if description().MatchString(bare) {
		err = taskdef.Decode(value, taskdef.OneOffShape(), &task)
	} else {
		task.Command, err = splitCommand(bare)
	}
	switch {
	case err != nil:
		c.mistake("%s: %w", input, err)
	case task.Count < 1 || task.Count > mostTasks:
		c.mistake("%s: count: %d is not a number of tasks from 1 to %d", input, task.Count, mostTasks)
	}
	return &task
}
