package place

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// configuration is what a person has written of an object, with the object's schema. It
// may be nil, and so may the schema.
type configuration struct {
	schema *tfprotov6.Schema
	config *tfprotov6.DynamicValue
}

// place returns the diagnostics in their places, each once.
func (c configuration) place(diags []*tfprotov6.Diagnostic) []*tfprotov6.Diagnostic {
	if len(diags) == 0 {
		return diags
	}
	var out []*tfprotov6.Diagnostic
	said := map[string]bool{}
	for _, d := range diags {
		if d == nil {
			continue
		}
		reworded := c.reworded(d)
		if reworded == nil {
			continue
		}
		placed, d := *reworded, reworded
		if d.Attribute != nil && len(d.Attribute.Steps()) > 0 {
			placed.Attribute, placed.Detail = visible(d.Attribute), c.beginning(d.Attribute, d.Detail)
		}
		key := fmt.Sprint(placed.Severity, placed.Attribute, "\n", placed.Summary, "\n", placed.Detail)
		if !said[key] {
			said[key] = true
			out = append(out, &placed)
		}
	}
	return out
}

// visible returns the part of a path for which the CLI finds a line: an attribute, or an
// element of it.
func visible(path *tftypes.AttributePath) *tftypes.AttributePath {
	steps := path.Steps()
	n := 1
	if len(steps) > 1 {
		switch steps[1].(type) {
		case tftypes.ElementKeyString, tftypes.ElementKeyInt:
			n = 2
		}
	}
	return tftypes.NewAttributePathWithSteps(steps[:n])
}

// beginning returns a text that begins with the attribute and its value.
func (c configuration) beginning(path *tftypes.AttributePath, text string) string {
	name := Written(path)
	if strings.HasPrefix(text, name+":") || strings.HasPrefix(text, name+" = ") {
		return text
	}
	if value := c.value(path); value != "" {
		name += " = " + value
		text = strings.TrimPrefix(text, value+" ") // what follows is about the value anyway
	}
	return name + ": " + lowered(text)
}

// Written returns a path as a configuration writes it: workers["gpu"].networks[1]. An
// element of a set has no place there, so it reads: security_groups has "web".
func Written(path *tftypes.AttributePath) string {
	var out strings.Builder
	for i, step := range path.Steps() {
		switch step := step.(type) {
		case tftypes.AttributeName:
			if i > 0 {
				out.WriteByte('.')
			}
			out.WriteString(string(step))
		case tftypes.ElementKeyString:
			out.WriteString("[" + strconv.Quote(cut(string(step))) + "]")
		case tftypes.ElementKeyInt:
			fmt.Fprintf(&out, "[%d]", int64(step))
		case tftypes.ElementKeyValue:
			if value := primitive(tftypes.Value(step)); value != "" {
				out.WriteString(" has " + value)
			}
		}
	}
	return out.String()
}

// cut returns a key, of which only the beginning where it is long.
func cut(key string) string {
	if runes := []rune(key); len(runes) > longestValue {
		return string(runes[:longestValue]) + "…"
	}
	return key
}

// lowered returns a text that goes on after a colon: without a capital letter, unless
// its first word has to have one.
func lowered(text string) string {
	if text == "" {
		return ""
	}
	first, size := utf8.DecodeRuneInString(text)
	word := text
	if end := strings.IndexFunc(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }); end >= 0 {
		word = text[:end]
	}
	if strings.ContainsFunc(word[min(size, len(word)):], func(r rune) bool { return unicode.IsUpper(r) || unicode.IsDigit(r) }) || properNames[word] {
		return text
	}
	return string(unicode.ToLower(first)) + text[size:]
}

// properNames are first words of the provider's sentences that keep their capital letter.
var properNames = map[string]bool{"Nova": true, "Neutron": true, "Keystone": true, "Glance": true, "Cinder": true, "Terraform": true}
