package classad

import (
	"fmt"
	"math"
	"regexp"
	"strings"
	"sync"
)

// callFunction computes a ClassAd function. An undefined or unknown argument makes
// the result undefined or unknown.
func callFunction(name string, args []any) (any, error) {
	switch {
	case name == "ifthenelse" && len(args) == 3:
		return choose(args[0], args[1], args[2]), nil
	case name == "isundefined" && len(args) == 1:
		return apply("is", args[0], Undefined{})
	}
	if f, ok := numberFunctions[name]; ok && len(args) == f.arguments {
		return applyToNumbers(name, args, f.of)
	}
	f, ok := textFunctions[name]
	if !ok || len(args) < f.least || len(args) > f.most {
		return nil, fmt.Errorf("function %s with %d arguments is not known here", name, len(args))
	}
	texts := make([]string, len(args))
	for i, a := range args {
		text, ok := a.(string)
		if !ok {
			if isVague(a) {
				return vague(args...), nil
			}
			return nil, fmt.Errorf("%s() of something that is no text", name)
		}
		texts[i] = text
	}
	return f.of(texts)
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

// textFunctions are the functions of text.
var textFunctions = map[string]struct {
	least, most int
	of          func(t []string) (any, error)
}{
	"regexp":            {2, 3, matches},
	"stringlistmember":  {2, 3, func(t []string) (any, error) { return member(t, func(a, b string) bool { return a == b }), nil }},
	"stringlistimember": {2, 3, func(t []string) (any, error) { return member(t, strings.EqualFold), nil }},
	"tolower":           {1, 1, func(t []string) (any, error) { return strings.ToLower(t[0]), nil }},
	"toupper":           {1, 1, func(t []string) (any, error) { return strings.ToUpper(t[0]), nil }},
	"strcat":            {1, 20, func(t []string) (any, error) { return strings.Join(t, ""), nil }},
	"strcmp":            {2, 2, func(t []string) (any, error) { return int64(strings.Compare(t[0], t[1])), nil }},
	"stricmp": {2, 2, func(t []string) (any, error) {
		return int64(strings.Compare(strings.ToLower(t[0]), strings.ToLower(t[1]))), nil
	}},
}

// matches is regexp(pattern, text, options). HTCondor reads patterns as Perl does; a
// pattern that Go cannot read is an error.
func matches(t []string) (any, error) {
	pattern := t[0]
	if len(t) == 3 {
		flags := ""
		for _, option := range strings.ToLower(t[2]) {
			if !strings.ContainsRune("ims", option) {
				return nil, fmt.Errorf("regexp() with option %c is not known here", option)
			}
			flags += string(option)
		}
		if flags != "" {
			pattern = "(?" + flags + ")" + pattern
		}
	}
	re, err := compiledPattern(pattern)
	if err != nil {
		return nil, fmt.Errorf("read the pattern of regexp(): %w", err)
	}
	return re.MatchString(t[1]), nil
}

// patterns holds compiled patterns: each is matched against hundreds of workers in
// each round.
var patterns struct {
	sync.Mutex
	of map[string]*regexp.Regexp
}

const mostPatterns = 1000

func compiledPattern(pattern string) (*regexp.Regexp, error) {
	patterns.Lock()
	defer patterns.Unlock()
	if re, known := patterns.of[pattern]; known {
		return re, nil
	}
	re, err := regexp.Compile(pattern)
	if err != nil {
		return nil, err
	}
	if patterns.of == nil || len(patterns.of) >= mostPatterns {
		patterns.of = map[string]*regexp.Regexp{}
	}
	patterns.of[pattern] = re
	return re, nil
}

// member reports whether text is in a list. Space and comma delimit the elements
// unless the third argument has other delimiters.
func member(t []string, equal func(a, b string) bool) bool {
	delimiters := " ,"
	if len(t) == 3 {
		delimiters = t[2]
	}
	for _, element := range strings.FieldsFunc(t[1], func(r rune) bool { return strings.ContainsRune(delimiters, r) }) {
		if equal(t[0], strings.TrimSpace(element)) {
			return true
		}
	}
	return false
}
