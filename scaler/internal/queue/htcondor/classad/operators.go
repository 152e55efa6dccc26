package classad

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"strings"
)

// Truth returns a value as a condition: numbers are true unless they are 0. ok is
// false for other values.
func Truth(v any) (value, ok bool) {
	switch v := v.(type) {
	case bool:
		return v, true
	case int64:
		return v != 0, true
	case float64:
		return v != 0, true
	}
	return false, false
}

// isVague reports whether a value is undefined or unknown.
func isVague(v any) bool {
	switch v.(type) {
	case Undefined, Unknown:
		return true
	}
	return false
}

// vague returns the result of values of which one is undefined or unknown: unknown if
// one of them is unknown.
func vague(values ...any) any {
	for _, v := range values {
		if _, is := v.(Unknown); is {
			return v
		}
	}
	return Undefined{}
}

// apply computes a binary operator other than && and ||.
func (s *Scope) apply(op string, l, r any) (any, error) {
	_, lu := l.(Unknown)
	_, ru := r.(Unknown)
	switch op {
	case "is", "=?=", "isnt", "=!=":
		if lu || ru {
			return Unknown{}, nil
		}
		return identical(l, r) == (op == "is" || op == "=?="), nil
	}
	if isVague(l) || isVague(r) {
		return vague(l, r), nil
	}
	if ls, ok := l.(string); ok {
		rs, ok := r.(string)
		if !ok {
			return nil, fmt.Errorf("text %s a number", op)
		}
		if err := s.meter.read(len(ls) + len(rs)); err != nil {
			return nil, err
		}
		return compare(op, strings.Compare(strings.ToLower(ls), strings.ToLower(rs)))
	}
	l, okL := numeric(l)
	r, okR := numeric(r)
	if !okL || !okR {
		return nil, fmt.Errorf("a number %s text", op)
	}
	return ofNumbers(op, l, r)
}

// numeric returns a value as int64 or float64. A truth value counts as 0 or 1.
func numeric(v any) (any, bool) {
	switch v := v.(type) {
	case int64, float64:
		return v, true
	case bool:
		if v {
			return int64(1), true
		}
		return int64(0), true
	}
	return nil, false
}

// realOf returns a numeric value as a real number.
func realOf(v any) float64 {
	if n, whole := v.(int64); whole {
		return float64(n)
	}
	r, _ := v.(float64)
	return r
}

// ofNumbers computes an operator of two numbers. The result is whole only if both
// are: 3 / 4 is 0, and 3 / 4.0 is 0.75.
func ofNumbers(op string, l, r any) (any, error) {
	a, wholeA := l.(int64)
	b, wholeB := r.(int64)
	if wholeA && wholeB {
		return ofWholeNumbers(op, a, b)
	}
	return ofRealNumbers(op, realOf(l), realOf(r))
}

var errDivision = errors.New("division by zero")

func ofWholeNumbers(op string, a, b int64) (any, error) {
	switch op {
	case "+":
		return a + b, nil
	case "-":
		return a - b, nil
	case "*":
		return a * b, nil
	case "/":
		if b == 0 {
			return nil, errDivision
		}
		return a / b, nil
	case "%":
		if b == 0 {
			return nil, errDivision
		}
		return a % b, nil
	}
	return compare(op, cmp.Compare(a, b))
}

func ofRealNumbers(op string, a, b float64) (any, error) {
	n := 0.0
	switch op {
	case "+":
		n = a + b
	case "-":
		n = a - b
	case "*":
		n = a * b
	case "/":
		n = a / b
	case "%":
		return nil, errors.New("a real number has no remainder")
	default:
		if math.IsNaN(a) || math.IsNaN(b) {
			return op == "!=", nil
		}
		return compare(op, cmp.Compare(a, b))
	}
	if math.IsInf(n, 1) { // the one infinity that ClassAds take for an error
		return nil, errDivision
	}
	return n, nil
}

// compare returns the result of a comparison operator for an order: negative, 0 or
// positive.
func compare(op string, order int) (any, error) {
	switch op {
	case "==":
		return order == 0, nil
	case "!=":
		return order != 0, nil
	case "<":
		return order < 0, nil
	case "<=":
		return order <= 0, nil
	case ">":
		return order > 0, nil
	case ">=":
		return order >= 0, nil
	}
	return nil, fmt.Errorf("operator %s is not known here", op)
}

// identical is the comparison whose result is never undefined. It compares types, so
// that 4 and 4.0 differ, and text exactly.
func identical(l, r any) bool { return l == r }

func logic(op string, l, r any) any {
	lb, lok := Truth(l)
	rb, rok := Truth(r)
	decides := op == "||" // the value of one side that settles the result
	if lok && lb == decides || rok && rb == decides {
		return decides
	}
	if !lok || !rok {
		return vague(l, r)
	}
	return !decides
}

// negative computes the operator - of one value.
func negative(v any) (any, error) {
	switch v := v.(type) {
	case int64:
		return -v, nil
	case float64:
		return -v, nil
	case Undefined, Unknown:
		return v, nil
	}
	return nil, errors.New("- of something that is no number")
}
