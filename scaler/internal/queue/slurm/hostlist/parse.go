package hostlist

import (
	"errors"
	"fmt"
	"iter"
	"strconv"
	"strings"
)

// Bounds of a list. Any user writes one for a job.
const (
	MaxText   = 64 << 10 // bytes of a list
	maxName   = 255      // bytes of a name
	maxDigits = 15       // of a number in brackets
	maxParts  = 10_000   // names and ranges that are written in a list
)

// names are one name of a list, or the names of one range in its brackets.
type names struct {
	prefix, suffix string
	numbered       bool // the name has brackets; the following are 0 if it has none
	low, high      int  // the first and the last number
	width          int  // digits of a number at least; it is filled up with zeros
}

func (n names) count() int { return n.high - n.low + 1 }

func (n names) each() iter.Seq[string] {
	return func(yield func(string) bool) {
		for i := n.low; i <= n.high; i++ {
			if !yield(n.name(i)) {
				return
			}
		}
	}
}

func (n names) name(number int) string {
	if !n.numbered {
		return n.prefix
	}
	return n.prefix + n.digits(number) + n.suffix
}

func (n names) digits(number int) string {
	text := strconv.Itoa(number)
	return strings.Repeat("0", max(n.width-len(text), 0)) + text
}

// has reports whether a name is among the names.
func (n names) has(name string) bool {
	if !n.numbered {
		return name == n.prefix
	}
	rest, ok := strings.CutPrefix(name, n.prefix)
	digits, ends := strings.CutSuffix(rest, n.suffix)
	if !ok || !ends {
		return false
	}
	number, err := numberOf(digits)
	return err == nil && n.low <= number && number <= n.high && n.digits(number) == digits
}

// all yields the names of a list, a name or a range at a time. An error ends it. Its time
// is linear in the text.
func all(text string) iter.Seq2[names, error] {
	return func(yield func(names, error) bool) {
		if len(text) > MaxText {
			yield(names{}, fmt.Errorf("the list is longer than %d bytes", MaxText))
			return
		}
		parts := 0
		for entry := range entries(text) {
			prefix, ranges, suffix, err := split(entry)
			if err != nil {
				yield(names{}, err)
				return
			}
			for one := range strings.SplitSeq(ranges, ",") {
				n := names{prefix: prefix, suffix: suffix, numbered: prefix != entry}
				if n.numbered {
					n.low, n.high, n.width, err = rangeOf(one)
				}
				if parts++; err == nil && parts > maxParts {
					err = fmt.Errorf("the list has more than %d names and ranges", maxParts)
				}
				if !yield(n, err) || err != nil {
					return
				}
			}
		}
	}
}

// entries yields what is between the commas of a list outside of brackets.
func entries(list string) iter.Seq[string] {
	return func(yield func(string) bool) {
		from, inside := 0, false
		for i := range len(list) {
			switch list[i] {
			case '[':
				inside = true
			case ']':
				inside = false
			case ',':
				if inside {
					continue
				}
				if !yield(list[from:i]) {
					return
				}
				from = i + 1
			}
		}
		yield(list[from:])
	}
}

var errDimensions = errors.New("it has several pairs of brackets in one name, or brackets in brackets")

// split splits a name at its brackets. Without brackets the prefix is all of it.
func split(entry string) (prefix, ranges, suffix string, err error) {
	prefix, rest, bracketed := strings.Cut(entry, "[")
	ranges, suffix, closed := strings.Cut(rest, "]")
	switch {
	case entry == "":
		return "", "", "", errors.New("it has an empty name")
	case bracketed && !closed:
		return "", "", "", errors.New("it has a bracket without an end")
	case strings.Contains(ranges, "["), strings.Contains(suffix, "["):
		return "", "", "", errDimensions
	case len(prefix)+len(suffix)+maxDigits > maxName:
		return "", "", "", fmt.Errorf("it has a name of more than %d characters", maxName-maxDigits)
	}
	for _, text := range []string{prefix, suffix} {
		if i := strings.IndexFunc(text, strange); i >= 0 {
			return "", "", "", fmt.Errorf("it has the character %q in a name", text[i])
		}
	}
	return prefix, ranges, suffix, nil
}

// strange reports whether a character is none of a host name.
func strange(c rune) bool {
	switch {
	case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_', c == '.':
		return false
	}
	return true
}

// rangeOf reads a number or a range of numbers. All numbers have at least as many digits
// as the first one: [08-10] is 08, 09, 10.
func rangeOf(text string) (low, high, width int, err error) {
	first, last, is := strings.Cut(text, "-")
	if low, err = numberOf(first); err != nil {
		return 0, 0, 0, err
	}
	high = low
	if is {
		if high, err = numberOf(last); err != nil {
			return 0, 0, 0, err
		}
	}
	if high < low {
		return 0, 0, 0, fmt.Errorf("the range %s ends before it begins", text)
	}
	return low, high, len(first), nil
}

func numberOf(digits string) (int, error) {
	if digits == "" || len(digits) > maxDigits || strings.Trim(digits, "0123456789") != "" {
		return 0, fmt.Errorf("%.40q is no number of a node", digits)
	}
	return strconv.Atoi(digits)
}
