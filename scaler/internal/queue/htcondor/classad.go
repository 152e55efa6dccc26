package htcondor

import (
	"fmt"
	"strings"
)

// ad is a ClassAd with its attribute names in lower case: they are not
// case-sensitive. Values are string, bool, int64, float64, nil, *expression, and
// []any and map[string]any for lists and ads inside, which are not read.
type ad map[string]any

// undefined is the ClassAd value of an attribute that is not there.
type undefined struct{}

// get implements jobScope.
func (a ad) get(name string) (any, bool) {
	v, there := a[name]
	return v, there
}

// value evaluates an attribute without a machine. The result is bool, int64, float64,
// string, undefined or unknown.
func (a ad) value(lower, name string) (any, error) {
	s := scope{job: a}
	v, err := s.attribute(lower)
	if err != nil {
		return nil, fmt.Errorf("evaluate %s: %w", name, err)
	}
	return v, nil
}

// number returns an attribute's value as a whole number, see roundedUp. ok is false if
// the attribute is undefined.
func (a ad) number(name string) (n int, ok bool, err error) {
	return a.numberOf(strings.ToLower(name), name)
}

// numberOf is number for a name in both forms: in lower case, and as people write it.
func (a ad) numberOf(lower, name string) (n int, ok bool, err error) {
	v, err := a.value(lower, name)
	if err != nil {
		return 0, false, err
	}
	switch v := v.(type) {
	case undefined:
		return 0, false, nil
	case int64:
		n, err := roundedUp(name, float64(v))
		return n, err == nil, err
	case float64:
		n, err := roundedUp(name, v)
		return n, err == nil, err
	case bool:
		return 0, false, fmt.Errorf("attribute %s is a boolean, a number is needed", name)
	case unknown:
		return 0, false, fmt.Errorf("attribute %s can not be computed here", name)
	default:
		return 0, false, fmt.Errorf("attribute %s is text, a number is needed", name)
	}
}

// integer returns an attribute's value as a whole number, or 0 if it is none.
func (a ad) integer(name string) int {
	n, _, err := a.number(name)
	if err != nil {
		return 0
	}
	return n
}

func (a ad) text(name string) string {
	s, _ := a[strings.ToLower(name)].(string)
	return s
}

func (a ad) boolean(name string) bool {
	b, _ := a[strings.ToLower(name)].(bool)
	return b
}
