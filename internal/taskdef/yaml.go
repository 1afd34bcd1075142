package taskdef

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// parseYAML reads one YAML or JSON value. Its values know the lines on which they stand, but for
// those of JSON. Numbers keep their text, so that big ones stay as they are.
func parseYAML(text string) (value, error) {
	if inside, braced := strings.CutPrefix(strings.TrimSpace(text), "{"); braced {
		v, err := parseJSON([]byte(text)) // a YAML reader would take some of JSON's escapes for others
		if err == nil || strings.HasPrefix(strings.TrimSpace(inside), `"`) {
			return v, err
		}
	}
	file, err := parser.ParseBytes([]byte(text), 0)
	if err != nil {
		return value{}, positioned(err)
	}
	if len(file.Docs) != 1 || file.Docs[0].Body == nil {
		return value{}, errors.New("there must be one YAML document, and it must not be empty")
	}
	return (&yamlReader{anchors: map[string]ast.Node{}}).read(file.Docs[0].Body)
}

// positioned puts the line of a YAML error in front of it.
func positioned(err error) error {
	var located yaml.Error
	if !errors.As(err, &located) || located.GetToken() == nil {
		return err
	}
	at := located.GetToken().Position
	return fmt.Errorf("line %d, column %d: %s", at.Line, at.Column, located.GetMessage())
}

// yamlReader turns a YAML tree into values.
type yamlReader struct{ anchors map[string]ast.Node }

func (r *yamlReader) read(node ast.Node) (value, error) {
	line := node.GetToken().Position.Line
	switch n := node.(type) {
	case *ast.MappingNode:
		return r.mapping(n.Values, line)
	case *ast.MappingValueNode:
		return r.mapping([]*ast.MappingValueNode{n}, line)
	case *ast.SequenceNode:
		v := value{kind: array, line: line}
		for _, entry := range n.Values {
			element, err := r.read(entry)
			if err != nil {
				return value{}, err
			}
			v.elements = append(v.elements, element)
		}
		return v, nil
	case *ast.AnchorNode:
		r.anchors[n.Name.String()] = n.Value
		return r.read(n.Value)
	case *ast.AliasNode:
		target, known := r.anchors[n.Value.String()]
		if !known {
			return value{}, fmt.Errorf("line %d: there is no anchor &%s", line, n.Value)
		}
		return r.read(target)
	case *ast.TagNode:
		return r.read(n.Value)
	case ast.ScalarNode:
		return scalarOf(n, line)
	}
	return value{}, fmt.Errorf("line %d: %s cannot stand here", line, node.Type())
}

func (r *yamlReader) mapping(pairs []*ast.MappingValueNode, line int) (value, error) {
	v := value{kind: object, line: line}
	for _, pair := range pairs {
		member, err := r.read(pair.Value)
		if err != nil {
			return value{}, err
		}
		if pair.Key.IsMergeKey() {
			for _, m := range member.members {
				if v.index(m.name()) < 0 {
					v = v.with(m.name(), m.value)
				}
			}
			continue
		}
		member.line = pair.Key.GetToken().Position.Line
		v = v.with(pair.Key.GetToken().Value, member)
	}
	return v, nil
}

// scalarOf keeps the text of what JSON writes in the same way, and lets the library make sense of the
// rest.
func scalarOf(n ast.ScalarNode, line int) (value, error) {
	text := []byte(n.GetToken().Value)
	switch n.(type) {
	case *ast.StringNode, *ast.LiteralNode:
		v := stringValue(fmt.Sprint(n.GetValue()))
		v.line = line
		return v, nil
	case *ast.IntegerNode, *ast.FloatNode:
		if json.Valid(text) {
			return value{text: text, line: line}, nil
		}
	}
	encoded, err := json.Marshal(n.GetValue())
	if err != nil {
		return value{}, fmt.Errorf("line %d: %s cannot be written as JSON", line, n.GetToken().Value)
	}
	return value{text: encoded, line: line}, nil
}
