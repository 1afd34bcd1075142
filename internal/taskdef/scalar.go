package taskdef

import (
	"ecs-deploy/internal/lazy"
	"fmt"
	"math/big"
	"strings"

	"go.yaml.in/yaml/v4"
)

// scalarOf reads a scalar: quoted text and block scalars are text, and what is plain is what the core schema of YAML
// 1.2 says (https://yaml.org/spec/1.2.2/#103-core-schema). How it was written is kept, for where text is wanted.
func scalarOf(node *yaml.Node) (value, error) {
	plain := node.Style&^yaml.TaggedStyle == 0
	tag := explicitTag(node)
	switch {
	case tag == "!!str", tag == nonSpecific, tag == "" && !plain:
		return stringValue(node.Value).at(node.Line), nil
	case tag == "":
		_, text := resolve(node.Value)
		return text.at(node.Line), nil
	}
	is, text := resolve(node.Value)
	if known := coreTags[tag]; known == nil {
		return value{}, unknownTag(node, tag)
	} else if !known(is) {
		return value{}, fmt.Errorf("line %d, column %d: what is tagged %s is not one", node.Line, node.Column, tag)
	}
	return text.at(node.Line), nil
}

// scalarType is what the core schema takes a plain scalar for.
type scalarType byte

const (
	stringScalar scalarType = iota
	nullScalar
	boolScalar
	intScalar
	floatScalar
)

// coreTags are the tags of scalars other than text, and what may be tagged so.
var coreTags = map[string]func(scalarType) bool{
	"!!null":  func(is scalarType) bool { return is == nullScalar },
	"!!bool":  func(is scalarType) bool { return is == boolScalar },
	"!!int":   func(is scalarType) bool { return is == intScalar },
	"!!float": func(is scalarType) bool { return is == intScalar || is == floatScalar },
}

// The numbers of the core schema. JSON has no infinity and no NaN: they count as text.
var (
	decimalInt   = lazy.Regexp(`^([-+]?)0*([0-9]+)$`)
	basedInt     = lazy.Regexp(`^0(?:o[0-7]+|x[0-9a-fA-F]+)$`)
	decimalFloat = lazy.Regexp(`^([-+]?)0*([0-9]*)(?:\.([0-9]*))?([eE][-+]?[0-9]+)?$`)
)

// resolve is what a plain scalar is, and the value in JSON.
func resolve(text string) (scalarType, value) {
	is, encoded := stringScalar, ""
	switch text {
	case "", "~", "null", "Null", "NULL":
		is, encoded = nullScalar, "null"
	case "true", "True", "TRUE":
		is, encoded = boolScalar, "true"
	case "false", "False", "FALSE":
		is, encoded = boolScalar, "false"
	default:
		is, encoded = number(text)
	}
	if is == stringScalar {
		return is, stringValue(text)
	}
	return is, value{text: []byte(encoded), written: text}
}

// number is a number as JSON writes it. Big ones stay as they are.
func number(text string) (scalarType, string) {
	if !strings.ContainsAny(text[:1], "+-.0123456789") {
		return stringScalar, ""
	}
	if parts := decimalInt().FindStringSubmatch(text); parts != nil {
		return intScalar, strings.TrimPrefix(parts[1], "+") + parts[2]
	}
	if basedInt().MatchString(text) {
		n, _ := new(big.Int).SetString(text, 0) // the expression is stricter
		return intScalar, n.String()
	}
	parts := decimalFloat().FindStringSubmatch(text)
	if parts == nil || parts[2]+parts[3] == "" {
		return stringScalar, ""
	}
	whole, fraction := parts[2], ""
	if whole == "" {
		whole = "0"
	}
	if parts[3] != "" {
		fraction = "." + parts[3]
	}
	return floatScalar, strings.TrimPrefix(parts[1], "+") + whole + fraction + parts[4]
}
