package htcondor

import (
	"fmt"
	"math"
	"regexp"
	"strings"
	"sync"
)

// callFunction computes a ClassAd function. What is undefined or unknown among
// the arguments makes the result so.
func callFunction(name string, args []any) (any, error) {
	switch {
	case name == "ifthenelse" && len(args) == 3:
		return choose(args[0], args[1], args[2]), nil
	case name == "isundefined" && len(args) == 1:
		return apply("is", args[0], undefined{})
	}
	if f, ok := functions[name]; ok && len(args) == f.arguments {
		return ofNumbers(name, args, f.of)
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

func ofNumbers(name string, args []any, f func(n []float64) float64) (any, error) {
	numbers := make([]float64, len(args))
	for i, a := range args {
		n, ok := a.(float64)
		if !ok {
			if isVague(a) {
				return vague(args...), nil
			}
			return nil, fmt.Errorf("%s() of something that is no number", name)
		}
		numbers[i] = n
	}
	return f(numbers), nil
}

// functions are those of numbers alone.
var functions = map[string]struct {
	arguments int
	of        func(n []float64) float64
}{
	"int":      {1, func(n []float64) float64 { return math.Trunc(n[0]) }},
	"real":     {1, func(n []float64) float64 { return n[0] }},
	"ceiling":  {1, func(n []float64) float64 { return math.Ceil(n[0]) }},
	"floor":    {1, func(n []float64) float64 { return math.Floor(n[0]) }},
	"round":    {1, func(n []float64) float64 { return math.Round(n[0]) }},
	"pow":      {2, func(n []float64) float64 { return math.Pow(n[0], n[1]) }},
	"quantize": {2, func(n []float64) float64 { return math.Ceil(n[0]/n[1]) * n[1] }},
	"max":      {2, func(n []float64) float64 { return max(n[0], n[1]) }},
	"min":      {2, func(n []float64) float64 { return min(n[0], n[1]) }},
}

// textFunctions are those of text alone.
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
	"strcmp":            {2, 2, func(t []string) (any, error) { return float64(strings.Compare(t[0], t[1])), nil }},
	"stricmp": {2, 2, func(t []string) (any, error) {
		return float64(strings.Compare(strings.ToLower(t[0]), strings.ToLower(t[1]))), nil
	}},
}

// matches is regexp(pattern, text, options). HTCondor's patterns are Perl's; one
// that Go does not read is an error.
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
	re, err := compiled(pattern)
	if err != nil {
		return nil, fmt.Errorf("read the pattern of regexp(): %w", err)
	}
	return re.MatchString(t[1]), nil
}

// patterns are those that were compiled; each is held against hundreds of workers,
// in each round.
var patterns struct {
	sync.Mutex
	of map[string]*regexp.Regexp
}

const mostPatterns = 1000

func compiled(pattern string) (*regexp.Regexp, error) {
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

// member tells whether text is in a list, whose delimiters are space and comma
// if nothing else is said.
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
