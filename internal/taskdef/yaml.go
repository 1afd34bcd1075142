package taskdef

import (
	"ecs-deploy/internal/lazy"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// parseSource reads one YAML or JSON value that a person has written. The values of YAML know the lines on which they
// stand, and scalars how they were written.
func parseSource(source []byte) (value, error) {
	text, err := Text(source)
	if err != nil {
		return value{}, err
	}
	if inside, braced := strings.CutPrefix(strings.TrimSpace(text), "{"); braced {
		v, err := parseJSON([]byte(text)) // which keeps escapes as they are written
		switch {
		case err == nil && v.count() > maxValues:
			return v, fmt.Errorf("it holds more than %d values", maxValues)
		case err == nil:
			return v, nil
		}
		// With comments or a comma too many it is YAML. If it is that neither, it was meant to be JSON if it looks so.
		if v, yamlErr := parseYAML(text); yamlErr == nil || !strings.HasPrefix(strings.TrimSpace(inside), `"`) {
			return v, yamlErr
		}
		return v, err
	}
	return parseYAML(text)
}

// parseYAML reads one YAML document.
func parseYAML(text string) (value, error) {
	documents := yaml.NewDecoder(strings.NewReader(withoutVersion(text)))
	var document, another yaml.Node
	switch err := documents.Decode(&document); {
	case errors.Is(err, io.EOF):
		return value{}, errOneDocument
	case err != nil:
		return value{}, positioned(err)
	case documents.Decode(&another) != io.EOF:
		return value{}, errOneDocument
	}
	root := document.Content[0]
	if root.Kind == yaml.ScalarNode && root.Value == "" && root.Style == 0 {
		return value{}, errOneDocument
	}
	r := &yamlReader{left: maxValues, text: maxText}
	return r.read(root, 0)
}

// withoutVersion makes a comment of the directive %YAML 1.2 (or 1.0 or 1.1), which the library refuses and which says
// what holds anyway.
func withoutVersion(text string) string {
	if !strings.Contains(text, "%YAML 1.") {
		return text
	}
	return versionDirective().ReplaceAllString(text, "${1}#YAML")
}

var versionDirective = lazy.Regexp(`\A((?:[ \t]*(?:#[^\n]*)?\n)*)%YAML`)

var errOneDocument = errors.New("there must be one YAML document, and it must not be empty")

// positioned puts the line and column of a YAML error in front of it.
func positioned(err error) error {
	var located *yaml.LoadError
	if !errors.As(err, &located) {
		return err
	}
	what := located.Message
	if strings.HasPrefix(what, "unknown anchor") { // which it quotes
		what = "an alias names no anchor: put text that begins with * in quotes"
	}
	if begun := located.ContextMark; begun.Line > 0 && begun.Line != located.Mark.Line {
		what += fmt.Sprintf(" %s that begins at line %d, column %d", located.ContextMsg, begun.Line, begun.Column)
	}
	if located.Mark.Line == 0 {
		return errors.New(what)
	}
	return fmt.Errorf("line %d, column %d: %s", located.Mark.Line, located.Mark.Column, what)
}

// yamlReader turns a YAML tree into values.
type yamlReader struct{ left, text int } // values and bytes, in its budget

func (r *yamlReader) read(node *yaml.Node, depth int) (value, error) {
	r.left--
	r.text -= len(node.Value)
	switch {
	case depth > maxDepth:
		return value{}, fmt.Errorf(
			"line %d: it is nested more than %d levels deep, or an alias holds itself", node.Line, maxDepth,
		)
	case r.left < 0:
		return value{}, fmt.Errorf(
			"line %d: with what its aliases repeat, it holds more than %d values", node.Line, maxValues,
		)
	case r.text < 0:
		return value{}, fmt.Errorf("line %d: with what its aliases repeat, it is longer than %d KiB", node.Line, maxText>>10)
	}
	if node.Kind != yaml.ScalarNode && node.Kind != yaml.AliasNode {
		if tag := explicitTag(node); tag != "" && tag != nonSpecific && tag != "!!map" && tag != "!!seq" {
			return value{}, unknownTag(node, tag)
		}
	}
	switch node.Kind {
	case yaml.MappingNode:
		return r.mapping(node, depth)
	case yaml.SequenceNode:
		v := value{kind: array, line: node.Line}
		for _, entry := range node.Content {
			element, err := r.read(entry, depth+1)
			if err != nil {
				return value{}, err
			}
			v.elements = append(v.elements, element)
		}
		return v, nil
	case yaml.AliasNode:
		return r.read(node.Alias, depth+1)
	default:
		return scalarOf(node)
	}
}

// mapping reads a map. What it says itself goes before what it merges, and of several maps that it merges the earlier
// goes before the later (https://yaml.org/type/merge.html).
func (r *yamlReader) mapping(node *yaml.Node, depth int) (value, error) {
	v := value{kind: object, line: node.Line}
	var merged []value
	stands := map[string]int{} // the line of each key
	add := func(key string, line int, m value) {
		stands[key] = line
		v.members = append(v.members, member{stringValue(key).text, m})
	}
	for pair := range slices.Chunk(node.Content, 2) {
		key := pair[0]
		if key.Kind == yaml.AliasNode {
			key = key.Alias
		}
		if key.Kind != yaml.ScalarNode {
			return value{}, fmt.Errorf("line %d: a map or a list cannot be a key", pair[0].Line)
		}
		of, err := r.read(pair[1], depth+1)
		if err != nil {
			return value{}, err
		}
		if key.Value == "<<" && key.Style == 0 {
			sources, err := mergeSources(of, key.Line)
			if err != nil {
				return value{}, err
			}
			merged = append(merged, sources...)
			continue
		}
		if line, twice := stands[key.Value]; twice {
			return value{}, fmt.Errorf("line %d: the key %q is already on line %d", key.Line, key.Value, line)
		}
		add(key.Value, key.Line, of.at(key.Line))
	}
	for _, source := range merged {
		for _, m := range source.members {
			if _, said := stands[m.name()]; !said {
				add(m.name(), m.value.line, m.value)
			}
		}
	}
	return v, nil
}

// mergeSources are the maps that a merge key names.
func mergeSources(of value, line int) ([]value, error) {
	sources := of.elements
	if of.kind == object {
		sources = []value{of}
	}
	if of.kind == scalar || slices.ContainsFunc(sources, func(v value) bool { return v.kind != object }) {
		return nil, fmt.Errorf("line %d: << merges a map, or a list of maps", line)
	}
	return sources, nil
}

// explicitTag is the tag that is written before a node, or "".
func explicitTag(node *yaml.Node) string {
	switch {
	case node.Tag == nonSpecific:
		return nonSpecific
	case node.Style&yaml.TaggedStyle == 0:
		return ""
	}
	return node.ShortTag()
}

// nonSpecific is the tag that makes text of a scalar, and nothing else of a map or list.
const nonSpecific = "!"

// unknownTag is about a tag that nothing here carries out. To pass over one of CloudFormation's would deploy its
// argument in place of its value. Others may be text of someone's, and are not quoted.
func unknownTag(node *yaml.Node, tag string) error {
	if slices.Contains(knownTags, tag) {
		return fmt.Errorf(
			"line %d, column %d: the tag %s has no meaning here: write the value itself", node.Line, node.Column, tag,
		)
	}
	return fmt.Errorf(
		"line %d, column %d: a tag has no meaning here: put text that begins with ! in quotes", node.Line, node.Column,
	)
}

// knownTags are those of YAML 1.1 (https://yaml.org/type/) and of CloudFormation
// (https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference.html).
var knownTags = []string{
	"!!set",
	"!!omap",
	"!!pairs",
	"!!binary",
	"!!timestamp",
	"!!merge",
	"!!value",
	"!!yaml",
	"!Ref",
	"!Sub",
	"!GetAtt",
	"!Join",
	"!If",
	"!ImportValue",
	"!Select",
	"!Split",
	"!FindInMap",
	"!Base64",
	"!Cidr",
	"!GetAZs",
	"!Transform",
}
