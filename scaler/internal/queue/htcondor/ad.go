package htcondor

import (
	"fmt"
	"math"
	"strings"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue/htcondor/classad"
)

// ad is a ClassAd with its attribute names in lower case: they are not
// case-sensitive. Values are string, bool, int64, float64, nil, *classad.Expression, and
// []any and map[string]any for lists and ads inside, which are not read.
type ad map[string]any

// Get implements classad.Job.
func (a ad) Get(name string) (any, bool) {
	v, there := a[name]
	return v, there
}

// requestBudget is what the evaluation of one ad's requests may take.
var requestBudget = classad.Budget{Steps: 2000, Bytes: 64 << 10}

// scope returns a scope without a machine.
func (a ad) scope() *classad.Scope { return classad.NewScope(a, nil, requestBudget) }

// numberIn returns the value of an attribute of a scope's job as a whole number, see
// roundedUp. The name has two forms: in lower case, and as people write it. ok is false
// if the attribute is undefined.
func numberIn(s *classad.Scope, lower, name string) (n int, ok bool, err error) {
	v, err := s.OfJob(lower)
	if err != nil {
		return 0, false, fmt.Errorf("evaluate %s: %w", name, err)
	}
	switch v := v.(type) {
	case classad.Undefined:
		return 0, false, nil
	case int64:
		n, err := roundedUp(name, float64(v))
		return n, err == nil, err
	case float64:
		n, err := roundedUp(name, v)
		return n, err == nil, err
	case bool:
		return 0, false, fmt.Errorf("attribute %s is a boolean, a number is needed", name)
	case classad.Unknown:
		return 0, false, fmt.Errorf("attribute %s can not be computed here", name)
	default:
		return 0, false, fmt.Errorf("attribute %s is text, a number is needed", name)
	}
}

// integer returns an attribute's value as a whole number, or 0 if it is none.
func (a ad) integer(name string) int {
	lower := strings.ToLower(name)
	var n int
	var err error
	switch v := a[lower].(type) {
	case nil:
	case int64:
		n, err = roundedUp(name, float64(v))
	default:
		n, _, err = numberIn(a.scope(), lower, name)
	}
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

// roundedUp returns a number as a whole one: a job that asks for half a CPU takes one.
func roundedUp(name string, v float64) (int, error) {
	if math.IsNaN(v) || math.Abs(v) > math.MaxInt32*1024 {
		return 0, fmt.Errorf("attribute %s is %v", name, v)
	}
	return int(math.Ceil(v)), nil
}
