package htcondor

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// decode reads the JSON array of ads that the tools print, one ad at a time.
// Nothing but white space is an empty list.
func decode(r io.Reader, each func(ad) error) error {
	s, err := newSplitter(r)
	if s == nil || err != nil {
		return err
	}
	v := newValues()
	for first := true; ; first = false {
		more, err := s.object(first)
		if err != nil || !more {
			return err
		}
		a, err := v.ad(s)
		if err != nil {
			return err
		}
		if err := each(a); err != nil {
			return err
		}
	}
}

// values reads attributes. A list of ads has few different names, texts and
// expressions: each is kept once.
type values struct {
	names       map[string]string // as printed → in lower case
	texts       map[string]string
	expressions map[string]*expression
}

func newValues() *values {
	return &values{names: map[string]string{}, texts: map[string]string{}, expressions: map[string]*expression{}}
}

// What is kept once is short, and not without end.
const (
	mostKept     = 10_000
	longestKept  = 64
	longestExact = 15 // digits of a whole number that a float64 holds
)

// ad reads the object that the splitter is at.
func (v *values) ad(s *splitter) (ad, error) {
	if s.odd {
		return v.strict(s.raw)
	}
	a := make(ad, len(s.fields))
	for _, f := range s.fields {
		value, err := v.value(s.value(f))
		if err != nil {
			return nil, err
		}
		a[v.name(s.name(f))] = value
	}
	return a, nil
}

// strict reads an object that is out of the ordinary, or none.
func (v *values) strict(raw []byte) (ad, error) {
	var all map[string]any
	if err := json.Unmarshal(raw, &all); err != nil {
		return nil, fmt.Errorf("read its JSON: %w", err)
	}
	a := make(ad, len(all))
	for name, value := range all {
		if text, ok := value.(string); ok {
			value = v.expressed(text)
		}
		a[strings.ToLower(name)] = value
	}
	return a, nil
}

// name returns an attribute's name in lower case.
func (v *values) name(printed []byte) string {
	name, known := v.names[string(printed)]
	if !known {
		name = strings.ToLower(string(printed))
		if bytes.IndexByte(printed, '\\') >= 0 {
			name = strings.ToLower(text(printed))
		}
		v.names[string(printed)] = name
	}
	return name
}

// value reads what encoding/json would: text, numbers, true, false and null at
// once, and by its help the rest.
func (v *values) value(raw []byte) (any, error) {
	if n, ok := plainNumber(raw); ok {
		return n, nil
	}
	switch {
	case len(raw) > 1 && raw[0] == '"' && bytes.IndexByte(raw[1:], '"') == len(raw)-2 && bytes.IndexByte(raw, '\\') < 0:
		return v.expressed(v.kept(raw[1 : len(raw)-1])), nil
	case string(raw) == "true":
		return true, nil
	case string(raw) == "false":
		return false, nil
	}
	var read any
	if err := json.Unmarshal(raw, &read); err != nil {
		return nil, fmt.Errorf("read its JSON: %w", err)
	}
	if s, ok := read.(string); ok {
		return v.expressed(s), nil
	}
	return read, nil
}

func (v *values) kept(raw []byte) string {
	if s, known := v.texts[string(raw)]; known {
		return s
	}
	s := string(raw)
	if len(s) <= longestKept && len(v.texts) < mostKept {
		v.texts[s] = s
	}
	return s
}

// expressed returns text, or the expression that is printed as text, "/Expr(…)/".
func (v *values) expressed(s string) any {
	inner, ok := strings.CutPrefix(s, "/Expr(")
	if !ok {
		return s
	}
	inner = strings.TrimSuffix(inner, ")/")
	e := v.expressions[inner]
	if e == nil {
		e = compile(inner)
		v.expressions[inner] = e
	}
	return e
}

// text reads what is in quotes.
func text(raw []byte) string {
	if bytes.IndexByte(raw, '\\') < 0 {
		return string(raw)
	}
	var s string
	if json.Unmarshal(append(append([]byte{'"'}, raw...), '"'), &s) != nil {
		return string(raw)
	}
	return s
}

// plainNumber reads a number; a whole one without strconv's help.
func plainNumber(raw []byte) (float64, bool) {
	digits := raw
	if len(digits) > 0 && digits[0] == '-' {
		digits = digits[1:]
	}
	if len(digits) == 0 || digits[0] < '0' || digits[0] > '9' {
		return 0, false
	}
	if n, whole := wholeNumber(digits); whole {
		if len(digits) < len(raw) {
			n = -n
		}
		return n, true
	}
	for _, c := range digits {
		if (c < '0' || c > '9') && c != '.' && c != '+' && c != '-' && c != 'e' && c != 'E' {
			return 0, false
		}
	}
	n, err := strconv.ParseFloat(string(raw), 64)
	return n, err == nil
}

func wholeNumber(digits []byte) (float64, bool) {
	if len(digits) > longestExact {
		return 0, false
	}
	n := int64(0)
	for _, c := range digits {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = 10*n + int64(c-'0')
	}
	return float64(n), true
}
