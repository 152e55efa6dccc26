package classad

import (
	"fmt"
	"math"
	"strings"
)

// call computes a ClassAd function. An undefined or unknown argument makes the result
// undefined or unknown.
func (s *Scope) call(name string, args []any) (any, error) {
	if name == "isundefined" && len(args) == 1 {
		return s.apply("is", args[0], Undefined{})
	}
	if f, ok := numberFunctions[name]; ok && len(args) == f.arguments {
		return applyToNumbers(name, args, f.of)
	}
	f, ok := textFunctions[name]
	if !ok || len(args) < f.least || len(args) > f.most {
		return nil, fmt.Errorf("function %s with %d arguments is not known here", excerpt(name), len(args))
	}
	texts := make([]string, len(args))
	length := 0
	for i, a := range args {
		text, ok := a.(string)
		if !ok {
			if isVague(a) {
				return vague(args...), nil
			}
			return nil, fmt.Errorf("%s() of something that is no text", name)
		}
		texts[i] = text
		length += len(text)
	}
	if err := s.meter.read(length); err != nil {
		return nil, err
	}
	return f.of(s.meter, texts)
}

func applyToNumbers(name string, args []any, f func(n []any) (any, error)) (any, error) {
	numbers := make([]any, len(args))
	for i, a := range args {
		n, ok := numeric(a)
		if !ok {
			if isVague(a) {
				return vague(args...), nil
			}
			return nil, fmt.Errorf("%s() of something that is no number", name)
		}
		numbers[i] = n
	}
	return f(numbers)
}

// numberFunctions are the functions of numbers. Their arguments are int64 or float64.
var numberFunctions = map[string]struct {
	arguments int
	of        func(n []any) (any, error)
}{
	"int":      {1, toWhole(math.Trunc)},
	"real":     {1, func(n []any) (any, error) { return realOf(n[0]), nil }},
	"ceiling":  {1, toWhole(math.Ceil)},
	"floor":    {1, toWhole(math.Floor)},
	"round":    {1, toWhole(math.RoundToEven)},
	"pow":      {2, power},
	"quantize": {2, quantize},
}

// toWhole returns a function that turns a real number into a whole one.
func toWhole(round func(float64) float64) func(n []any) (any, error) {
	return func(n []any) (any, error) {
		if _, whole := n[0].(int64); whole {
			return n[0], nil
		}
		v := round(realOf(n[0]))
		if math.IsNaN(v) || v < math.MinInt64 || v >= math.MaxInt64 {
			return nil, fmt.Errorf("%v is too large for a whole number", v)
		}
		return int64(v), nil
	}
}

// power is pow(n, exponent): whole for a whole number and a whole exponent that is
// not negative.
func power(n []any) (any, error) {
	_, wholeBase := n[0].(int64)
	exponent, wholeExponent := n[1].(int64)
	v := math.Pow(realOf(n[0]), realOf(n[1]))
	if wholeBase && wholeExponent && exponent >= 0 && math.Abs(v) < math.MaxInt64 {
		return int64(math.Floor(v + 0.5)), nil
	}
	return v, nil
}

// quantize returns the next multiple of a step; a step of 0 leaves the number. The
// result is whole if both are.
func quantize(n []any) (any, error) {
	v, wholeV := n[0].(int64)
	step, wholeStep := n[1].(int64)
	switch {
	case math.Abs(realOf(n[1])) <= 1e-8:
		return n[0], nil
	case wholeV && wholeStep:
		return (v + step - 1) / step * step, nil
	}
	return math.Ceil(realOf(n[0])/realOf(n[1])) * realOf(n[1]), nil
}

// textFunctions are the functions of text. The work on their arguments is counted
// before they are called.
var textFunctions = map[string]struct {
	least, most int
	of          func(m *meter, t []string) (any, error)
}{
	"regexp":            {2, 3, matches},
	"stringlistmember":  {2, 3, memberBy(func(a, b string) bool { return a == b })},
	"stringlistimember": {2, 3, memberBy(strings.EqualFold)},
	"tolower":           {1, 1, cased(strings.ToLower)},
	"toupper":           {1, 1, cased(strings.ToUpper)},
	"strcat":            {1, 20, joined},
	"strcmp":            {2, 2, func(_ *meter, t []string) (any, error) { return int64(strings.Compare(t[0], t[1])), nil }},
	"stricmp": {2, 2, func(_ *meter, t []string) (any, error) {
		return int64(strings.Compare(strings.ToLower(t[0]), strings.ToLower(t[1]))), nil
	}},
}

func joined(m *meter, t []string) (any, error) {
	length := 0
	for _, text := range t {
		length += len(text)
	}
	if err := m.write(length); err != nil {
		return nil, err
	}
	return strings.Join(t, ""), nil
}

func cased(to func(string) string) func(m *meter, t []string) (any, error) {
	return func(m *meter, t []string) (any, error) {
		if err := m.write(len(t[0])); err != nil {
			return nil, err
		}
		return to(t[0]), nil
	}
}

// memberBy returns a function that reports whether text is in a list. Space and comma
// delimit the elements unless the third argument has other delimiters.
func memberBy(equal func(a, b string) bool) func(m *meter, t []string) (any, error) {
	return func(m *meter, t []string) (any, error) {
		delimiters := " ,"
		if len(t) == 3 {
			delimiters = t[2]
		}
		if len(delimiters) > maxDelimiters {
			return nil, m.exceed(exceeds("a list has more than %d delimiters", maxDelimiters))
		}
		if err := m.read(3 * len(t[1])); err != nil { // to find its elements is more work than to compare the text
			return nil, err
		}
		for element := range strings.FieldsFuncSeq(t[1], func(r rune) bool { return strings.ContainsRune(delimiters, r) }) {
			if equal(t[0], strings.TrimSpace(element)) {
				return true, nil
			}
		}
		return false, nil
	}
}
