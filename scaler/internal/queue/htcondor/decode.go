package htcondor

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue/htcondor/classad"
)

// leave takes an ad that is left out: which job or slot it is of, "" if that is not
// known, and why.
type leave func(label, why string)

// decode reads the JSON array of ads that the tools print, one ad at a time. Output
// of white space alone is an empty list. An ad that cannot be read, that exceeds a bound
// or for which each returns an error is left out.
func decode(r io.Reader, each func(ad) error, left leave) error {
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
		if s.leftOut != "" {
			left(s.label(), s.leftOut)
			continue
		}
		a, err := v.ad(s)
		if err == nil {
			err = each(a)
		}
		if err != nil {
			left(s.label(), err.Error())
		}
	}
}

// values reads the values of attributes. A list of ads has few different names, texts
// and expressions: each is kept once.
type values struct {
	names       map[string]string // as printed → in lower case
	texts       map[string]string
	expressions map[string]*classad.Expression
}

func newValues() *values {
	return &values{names: map[string]string{}, texts: map[string]string{}, expressions: map[string]*classad.Expression{}}
}

// Bounds of the texts and expressions that are kept: their number and their length.
const (
	mostKept          = 10_000
	longestKept       = 64
	mostExpressions   = 5000
	longestExpression = 1000
)

// ad reads the object that the splitter is at.
func (v *values) ad(s *splitter) (ad, error) {
	if s.irregular {
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

// strict reads an object by encoding/json, which finds what is not JSON.
func (v *values) strict(raw []byte) (ad, error) {
	var all map[string]any
	if err := unmarshal(raw, &all); err != nil {
		return nil, err
	}
	a := make(ad, len(all))
	for name, value := range all {
		value, err := v.of(value)
		if err != nil {
			return nil, err
		}
		a[strings.ToLower(name)] = value
	}
	return a, nil
}

// name returns an attribute's name in lower case.
func (v *values) name(printed []byte) string {
	name, known := v.names[string(printed)]
	if !known {
		name = valid(strings.ToLower(string(printed)))
		if bytes.IndexByte(printed, '\\') >= 0 {
			name = strings.ToLower(unquoted(printed))
		}
		if len(printed) <= longestKept && len(v.names) < mostKept {
			v.names[string(printed)] = name
		}
	}
	return name
}

// value reads a value like encoding/json. It reads plain text, numbers, true and false
// itself, and leaves the rest to encoding/json.
func (v *values) value(raw []byte) (any, error) {
	if n, ok := classad.PlainNumber(raw); ok {
		return n.Value(), nil
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
	if err := unmarshal(raw, &read); err != nil {
		return nil, err
	}
	return v.of(read)
}

// of converts a value of encoding/json to the value of an attribute.
func (v *values) of(read any) (any, error) {
	switch read := read.(type) {
	case string:
		return v.expressed(read), nil
	case json.Number:
		n, err := classad.ParseNumber(read.String())
		if err != nil {
			return nil, fmt.Errorf("read its JSON: %w", err)
		}
		return n, nil
	}
	return read, nil
}

// unmarshal is json.Unmarshal, but returns numbers as json.Number.
func unmarshal(raw []byte, to any) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if err := d.Decode(to); err != nil {
		return fmt.Errorf("read its JSON: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("read its JSON: something follows a value")
	}
	return nil
}

func (v *values) kept(raw []byte) string {
	if s, known := v.texts[string(raw)]; known {
		return s
	}
	s := valid(string(raw))
	if len(s) <= longestKept && len(v.texts) < mostKept {
		v.texts[s] = s
	}
	return s
}

// expressed returns the expression that is printed as "/Expr(…)/", and other text as it
// is.
func (v *values) expressed(s string) any {
	inner, ok := strings.CutPrefix(s, "/Expr(")
	if !ok {
		return s
	}
	inner = strings.TrimSuffix(inner, ")/")
	e := v.expressions[inner]
	if e == nil {
		e = classad.Compile(inner)
		if len(inner) <= longestExpression && len(v.expressions) < mostExpressions {
			v.expressions[inner] = e
		}
	}
	return e
}

// unquoted reads a JSON string without its quotes.
func unquoted(raw []byte) string {
	if bytes.IndexByte(raw, '\\') < 0 {
		return valid(string(raw))
	}
	var s string
	if json.Unmarshal(append(append([]byte{'"'}, raw...), '"'), &s) != nil {
		return valid(string(raw))
	}
	return s
}

// valid replaces bytes that are not UTF-8, as encoding/json does.
func valid(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	return string([]rune(s))
}

// unescaped appends the meaning of text that is printed in JSON.
func unescaped(to, printed []byte) []byte {
	for i := 0; i < len(printed); i++ {
		c := printed[i]
		if c == '\\' && i+1 < len(printed) {
			i++
			switch c = printed[i]; c {
			case '"', '\\', '/':
			default:
				return append(to[:0], unquoted(printed)...) // rare
			}
		}
		to = append(to, c)
	}
	return to
}
