package htcondor

import (
	"fmt"
	"math"
	"strings"
)

// ad is a ClassAd with its attribute names in lower case: they are not
// case-sensitive. Values are what encoding/json makes of them, and *expression.
type ad map[string]any

// undefined is ClassAd's value for an attribute that is not there.
type undefined struct{}

// value returns an attribute's value by the ad alone: bool, float64, string,
// undefined or unknown.
func (a ad) value(lower, name string) (any, error) {
	s := scope{job: a}
	v, err := s.attribute(lower)
	if err != nil {
		return nil, fmt.Errorf("evaluate %s: %w", name, err)
	}
	return v, nil
}

// number returns an attribute's value as a whole number, rounded up: half a CPU
// asked for is a CPU taken. ok is false where the attribute is undefined.
func (a ad) number(name string) (n int, ok bool, err error) {
	return a.numberOf(strings.ToLower(name), name)
}

// numberOf is number for a name that is in lower case already, and as people write
// it.
func (a ad) numberOf(lower, name string) (n int, ok bool, err error) {
	v, err := a.value(lower, name)
	if err != nil {
		return 0, false, err
	}
	switch v := v.(type) {
	case undefined:
		return 0, false, nil
	case float64:
		n, err := whole(name, v)
		return n, err == nil, err
	case bool:
		return 0, false, fmt.Errorf("attribute %s is a boolean, a number is needed", name)
	case unknown:
		return 0, false, fmt.Errorf("attribute %s can not be computed here", name)
	default:
		return 0, false, fmt.Errorf("attribute %s is text, a number is needed", name)
	}
}

func whole(name string, v float64) (int, error) {
	if math.IsNaN(v) || math.Abs(v) > math.MaxInt32*1024 {
		return 0, fmt.Errorf("attribute %s is %v", name, v)
	}
	return int(math.Ceil(v)), nil
}

// integer returns a number where an ad should have one, else 0.
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
