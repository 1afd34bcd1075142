package inputs

import (
	"fmt"
	"slices"
	"strings"

	"ecs-deploy/internal/lazy"
	"ecs-deploy/internal/taskdef"
)

// variables reads the inputs for variables. A name must not stand in two lists, since ECS refuses that; what a file has
// gives way to the lists. No value is told: it may be a secret.
func (c *checker) variables(t text) []taskdef.Variable {
	plain := c.variableLines("environment-variables", t.EnvironmentVariables, false)
	secret := c.variableLines("secrets", t.Secrets, true)
	for _, v := range secret {
		if slices.ContainsFunc(plain, v.Same) {
			c.mistake("secrets: %s is also given in environment-variables", v)
		}
	}
	given := append(plain, secret...)
	var variables []taskdef.Variable
	for _, v := range c.environmentFiles("environment-file", t.EnvironmentFile) {
		if !slices.ContainsFunc(given, v.Same) {
			variables = append(variables, v)
		}
	}
	return append(variables, given...)
}

// variableLines reads one variable a line. Each line is named by its number and, where it has a legal one, its name.
func (c *checker) variableLines(input, value string, secret bool) []taskdef.Variable {
	var variables []taskdef.Variable
	assignments, isList := jsonList(value)
	if !isList {
		assignments = slices.Collect(strings.Lines(value))
	}
	for i, line := range assignments {
		number := i + 1
		if !isList {
			line = strings.TrimLeft(strings.TrimRight(line, "\r\n"), " \t")
		}
		if line == "" || isComment(line) {
			continue
		}
		v, err := taskdef.ParseVariable(line, secret)
		v.Input = input
		where := fmt.Sprintf("%s: line %d", input, number)
		if name := taskdef.NameOf(line); name != "" {
			where += " (" + name + ")"
		}
		if err != nil {
			c.mistake("%s: %w", where, err)
			continue
		}
		if slices.ContainsFunc(variables, v.Same) {
			c.mistake("%s: it is given twice", where)
		}
		c.warnOfOdd(where, line, v)
		variables = append(variables, v)
	}
	return variables
}

var secondName = lazy.Regexp(`,\s*[A-Z][A-Z0-9_]*=`)

// warnOfOdd warns of what is likely not meant as it is written.
func (c *checker) warnOfOdd(where, line string, v taskdef.Variable) {
	name, value, _ := strings.Cut(line, "=")
	switch {
	case v.Remove || v.Secret:
		return
	case secondName().MatchString(value):
		c.warn("Write one variable per line.", "%s: what looks like another variable after a comma is part of the "+
			"value", where)
	case name != strings.TrimRight(name, " \t"), value != strings.TrimLeft(value, " \t"):
		c.warn("Leave the spaces out, unless you mean them.", "%s: there are spaces around =; those after it are part of "+
			"the value", where)
	}
}

// environmentFiles reads files in the format of dotenv, a path a line, with the container in front where the file is
// for another than those that image gives an image to. What a later file has goes before an earlier.
func (c *checker) environmentFiles(input, value string) []taskdef.Variable {
	var variables []taskdef.Variable
	for _, line := range lines(value) {
		container, path, named := strings.Cut(line, ":")
		if !named || !taskdef.IsName(container) || c.isFile(line) {
			container, path = "", line
		}
		for _, v := range c.environmentFile(input, strings.TrimSpace(path)) {
			v.Container = container
			variables = slices.DeleteFunc(variables, v.Same)
			variables = append(variables, v)
		}
	}
	if value != "" && len(variables) == 0 && len(c.mistakes) == 0 {
		c.warn("", "%s: it contains no variable", input)
	}
	return variables
}

func (c *checker) environmentFile(input, path string) []taskdef.Variable {
	source, err := c.read(path)
	if err != nil {
		c.mistake("%s: %w", input, err)
		return nil
	}
	text, err := taskdef.Text(source)
	if err != nil {
		c.mistake("%s: %s: %w", input, path, err)
		return nil
	}
	assignments, line := dotenv(text)
	if line > 0 {
		c.mistake("%s: %s: line %d: write NAME=value, and put a value of several lines in quotes", input, path, line)
		return nil
	}
	var variables []taskdef.Variable
	for _, assigned := range assignments {
		v := taskdef.Variable{Name: assigned.Name, Value: assigned.Value, Input: input}
		variables = append(slices.DeleteFunc(variables, v.Same), v)
	}
	return variables
}
