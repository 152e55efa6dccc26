package queue

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Attributes is what a worker says of itself beside amounts, by name in lower
// case: text, bool, int64 (a whole number) or float64 (a real one, never infinite
// or NaN). Nil is known not to be there; what is missing is not known.
//
// In JSON a whole number has neither a fraction nor an exponent, and a real one
// has either: 4 and 4.0 are different values.
type Attributes map[string]any

// MarshalJSON writes the attributes in the order of their names.
func (a Attributes) MarshalJSON() ([]byte, error) {
	if a == nil {
		return []byte("null"), nil
	}
	out := []byte{'{'}
	for i, name := range slices.Sorted(maps.Keys(a)) {
		if i > 0 {
			out = append(out, ',')
		}
		key, err := plainJSON(name)
		if err != nil {
			return nil, err
		}
		value, err := attributeJSON(a[name])
		if err != nil {
			return nil, fmt.Errorf("attribute %s: %w", name, err)
		}
		out = append(append(append(out, key...), ':'), value...)
	}
	return append(out, '}'), nil
}

func attributeJSON(v any) ([]byte, error) {
	switch v := v.(type) {
	case nil, bool, string:
		return plainJSON(v)
	case int64:
		return strconv.AppendInt(nil, v, 10), nil
	case float64:
		return realJSON(v)
	}
	return nil, fmt.Errorf("a %T is no attribute", v)
}

// realJSON writes a real number so that it is not taken for a whole one.
func realJSON(v float64) ([]byte, error) {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil, fmt.Errorf("%v is no number in JSON", v)
	}
	text := strconv.FormatFloat(v, 'g', -1, 64)
	if !strings.ContainsAny(text, ".e") {
		text += ".0"
	}
	return []byte(text), nil
}

// plainJSON writes a value without escapes for HTML.
func plainJSON(v any) ([]byte, error) {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), nil
}

// UnmarshalJSON reads what MarshalJSON writes.
func (a *Attributes) UnmarshalJSON(raw []byte) error {
	var values map[string]any
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if err := d.Decode(&values); err != nil {
		return err
	}
	for name, v := range values {
		switch v := v.(type) {
		case nil, bool, string:
		case json.Number:
			n, err := number(v.String())
			if err != nil {
				return fmt.Errorf("attribute %s: %w", name, err)
			}
			values[name] = n
		default:
			return fmt.Errorf("attribute %s is neither text nor a number nor a truth value", name)
		}
	}
	*a = values
	return nil
}

// number reads a number of JSON. A whole one that an int64 does not hold is read
// as a real one.
func number(text string) (any, error) {
	if !strings.ContainsAny(text, ".eE") {
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			return n, nil
		}
	}
	return strconv.ParseFloat(text, 64)
}
