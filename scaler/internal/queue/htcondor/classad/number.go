package classad

import (
	"fmt"
	"strconv"
	"strings"
)

// Number is a number that is printed in an ad. ClassAds keep whole numbers (4) and
// real ones (4.0) apart: they divide and compare differently.
type Number struct {
	N    float64 // exact for a whole number, too
	Real bool
}

// Value returns the number as a value of an expression: int64 or float64.
func (n Number) Value() any {
	if n.Real {
		return n.N
	}
	return int64(n.N)
}

// longestExact is the number of digits of a whole number that a float64 always holds
// exactly.
const longestExact = 15

// PlainNumber reads a number. ok is false for text that is no number, and for a whole
// number that the type Number may not hold exactly.
func PlainNumber(raw []byte) (n Number, ok bool) {
	digits := raw
	if len(digits) > 0 && digits[0] == '-' {
		digits = digits[1:]
	}
	if len(digits) == 0 || digits[0] < '0' || digits[0] > '9' {
		return Number{}, false
	}
	if v, whole := wholeNumber(digits); whole {
		if len(digits) < len(raw) {
			v = -v
		}
		return Number{N: v}, true
	}
	if !isReal(digits) {
		return Number{}, false
	}
	v, err := strconv.ParseFloat(string(raw), 64)
	return Number{v, true}, err == nil
}

// isReal reports whether a number without its sign has a fraction or an exponent, and
// nothing that is no part of a number.
func isReal(digits []byte) bool {
	found := false
	for _, c := range digits {
		switch {
		case c == '.' || c == 'e' || c == 'E':
			found = true
		case (c < '0' || c > '9') && c != '+' && c != '-':
			return false
		}
	}
	return found
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

// ParseNumber reads a number of JSON or of an expression. A whole one that an int64
// does not hold is read as a real one.
func ParseNumber(text string) (any, error) {
	if !strings.ContainsAny(text, ".eE") {
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			return n, nil
		}
	}
	n, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return nil, fmt.Errorf("%q is not a number", excerpt(text))
	}
	return n, nil
}

// realText returns a real number as text that does not look like a whole number.
func realText(v float64) string {
	text := strconv.FormatFloat(v, 'g', -1, 64)
	if !strings.ContainsAny(text, ".eIN") {
		text += ".0"
	}
	return text
}
