package htcondor

import (
	"fmt"
	"math"
	"strings"
)

// truth reads a value as a condition, as ClassAds do: numbers are true unless 0.
func truth(v any) (value, ok bool) {
	switch v := v.(type) {
	case bool:
		return v, true
	case float64:
		return v != 0, true
	}
	return false, false
}

// isVague tells that a value is undefined or unknown.
func isVague(v any) bool {
	switch v.(type) {
	case undefined, unknown:
		return true
	}
	return false
}

// vague is what comes of values that are no help: unknown, if one of them is,
// for the fact might be any.
func vague(values ...any) any {
	for _, v := range values {
		if _, is := v.(unknown); is {
			return v
		}
	}
	return undefined{}
}

func choose(cond, yes, no any) any {
	b, ok := truth(cond)
	switch {
	case !ok:
		return vague(cond)
	case b:
		return yes
	}
	return no
}

func apply(op string, l, r any) (any, error) {
	_, lu := l.(unknown)
	_, ru := r.(unknown)
	switch op {
	case "&&", "||":
		return logic(op, l, r), nil
	case "is", "=?=", "isnt", "=!=":
		if lu || ru {
			return unknown{}, nil
		}
		return same(l, r) == (op == "is" || op == "=?="), nil
	}
	if isVague(l) || isVague(r) {
		return vague(l, r), nil
	}
	if ls, ok := l.(string); ok {
		rs, ok := r.(string)
		if !ok {
			return nil, fmt.Errorf("text %s a number", op)
		}
		return compare(op, float64(strings.Compare(strings.ToLower(ls), strings.ToLower(rs))), 0)
	}
	a, okA := number(l)
	b, okB := number(r)
	if !okA || !okB {
		return nil, fmt.Errorf("a number %s text", op)
	}
	return arithmetic(op, a, b)
}

func number(v any) (float64, bool) {
	switch v := v.(type) {
	case float64:
		return v, true
	case bool:
		if v {
			return 1, true
		}
		return 0, true
	}
	return 0, false
}

func arithmetic(op string, a, b float64) (any, error) {
	switch op {
	case "+":
		return a + b, nil
	case "-":
		return a - b, nil
	case "*":
		return a * b, nil
	case "/", "%":
		if b == 0 {
			return nil, fmt.Errorf("division by zero")
		}
		if op == "%" {
			return math.Mod(a, b), nil
		}
		if a == math.Trunc(a) && b == math.Trunc(b) {
			return math.Trunc(a / b), nil // integers divide as in C
		}
		return a / b, nil
	}
	return compare(op, a, b)
}

func compare(op string, a, b float64) (any, error) {
	switch op {
	case "==":
		return a == b, nil
	case "!=":
		return a != b, nil
	case "<":
		return a < b, nil
	case "<=":
		return a <= b, nil
	case ">":
		return a > b, nil
	case ">=":
		return a >= b, nil
	}
	return nil, fmt.Errorf("operator %s is not known here", op)
}

// same is the comparison that never is undefined; text is compared exactly.
func same(l, r any) bool { return l == r }

func logic(op string, l, r any) any {
	lb, lok := truth(l)
	rb, rok := truth(r)
	decides := op == "||" // the value that settles the matter by itself
	if lok && lb == decides || rok && rb == decides {
		return decides
	}
	if !lok || !rok {
		return vague(l, r)
	}
	return !decides
}
