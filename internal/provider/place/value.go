package place

import (
	"math/big"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// longestValue is how many characters of a value a diagnostic shows.
const longestValue = 60

// value returns the value at a path as a configuration writes it. It is empty for what
// is not known, long or secret, and for a whole object.
func (c configuration) value(path *tftypes.AttributePath) string {
	value, ok := c.find(path)
	if !ok || !c.shows(path) || !value.IsFullyKnown() || value.IsNull() {
		return ""
	}
	return written(value)
}

// find returns the value at a path of the configuration.
func (c configuration) find(path *tftypes.AttributePath) (tftypes.Value, bool) {
	if c.schema == nil || c.config == nil {
		return tftypes.Value{}, false
	}
	whole, err := c.config.Unmarshal(c.schema.ValueType())
	if err != nil {
		return tftypes.Value{}, false
	}
	found, rest, err := tftypes.WalkAttributePath(whole, path)
	value, ok := found.(tftypes.Value)
	return value, err == nil && ok && len(rest.Steps()) == 0
}

// shows reports whether the value at a path may be shown: it is an attribute, or an
// element of a list, and no secret. What a person keeps in a map, as the contents of
// files, says nothing about the key that is wrong.
func (c configuration) shows(path *tftypes.AttributePath) bool {
	attributes := c.schema.Block.Attributes
	for _, step := range path.Steps() {
		name, isName := step.(tftypes.AttributeName)
		if !isName {
			continue
		}
		found := find(attributes, string(name))
		if found == nil || found.Sensitive || found.WriteOnly {
			return false
		}
		attributes = nil
		if found.NestedType != nil {
			attributes = found.NestedType.Attributes
		}
	}
	switch path.LastStep().(type) {
	case tftypes.AttributeName, tftypes.ElementKeyInt:
		return true
	default:
		return false
	}
}

func find(attributes []*tfprotov6.SchemaAttribute, name string) *tfprotov6.SchemaAttribute {
	for _, a := range attributes {
		if a.Name == name {
			return a
		}
	}
	return nil
}

// written returns a primitive value, or a collection of those, as a configuration writes
// it; "" for others and for long ones.
func written(v tftypes.Value) string {
	if text := primitive(v); text != "" {
		return text
	}
	if !v.Type().Is(tftypes.List{}) && !v.Type().Is(tftypes.Set{}) {
		return ""
	}
	var elements []tftypes.Value
	if v.As(&elements) != nil {
		return ""
	}
	texts := make([]string, 0, len(elements))
	for _, e := range elements {
		text := primitive(e)
		if text == "" {
			return ""
		}
		texts = append(texts, text)
	}
	return short("[" + strings.Join(texts, ", ") + "]")
}

func primitive(v tftypes.Value) string {
	var text string
	var number *big.Float
	var yes bool
	switch {
	case !v.IsFullyKnown():
	case v.IsNull():
		return "null"
	case v.Type().Is(tftypes.String) && v.As(&text) == nil:
		return short(quoted(text))
	case v.Type().Is(tftypes.Number) && v.As(&number) == nil:
		return short(number.Text('g', 20))
	case v.Type().Is(tftypes.Bool) && v.As(&yes) == nil:
		return strconv.FormatBool(yes)
	}
	return ""
}

// quoted returns a text in quotes; "" for one of several lines.
func quoted(text string) string {
	if strings.Contains(text, "\n") {
		return ""
	}
	return strconv.Quote(text)
}

// short returns the text if it is no longer than a diagnostic shows, else "".
func short(text string) string {
	if utf8.RuneCountInString(text) > longestValue {
		return ""
	}
	return text
}
