package reason

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
)

// Code names a kind of reason in lower case with underscores: "demand_held".
type Code string

// Reason is a code with its arguments. Its JSON is {"code": …, "arguments": {…}}.
// The zero value means that there is no reason.
type Reason struct {
	Code      Code      `json:"code"`
	Arguments Arguments `json:"arguments,omitempty"`
}

// Argument is one named value of a reason. Value is an int, a time.Duration, a
// MiB, a string (a name or a setting), a []string, a Words or a []Reason.
type Argument struct {
	Name  string
	Value any
}

// MiB is an amount of memory or disk in units of 2^20 bytes.
type MiB int

// Words is text of other programs. It may hold anything, also changing numbers.
type Words string

// New returns a reason. Arguments keep their order.
func New(code Code, arguments ...Argument) Reason {
	return Reason{Code: code, Arguments: arguments}
}

// Said returns a reason that is known by its words alone.
func Said(words string) Reason { return New(Other, Text("words", words)) }

// Count returns a number as an argument.
func Count(name string, n int) Argument { return Argument{name, n} }

// Span returns a duration as an argument.
func Span(name string, d time.Duration) Argument { return Argument{name, d} }

// Amount returns an amount in MiB as an argument.
func Amount(name string, mib int) Argument { return Argument{name, MiB(mib)} }

// Name returns a name, a setting or a state as an argument.
func Name(name, value string) Argument { return Argument{name, value} }

// Names returns a list of names as an argument.
func Names(name string, values ...string) Argument {
	return Argument{name, append([]string{}, values...)}
}

// Text returns another program's words as an argument.
func Text(name, words string) Argument { return Argument{name, Words(words)} }

// Why returns reasons as an argument of a reason that rests on them.
func Why(name string, reasons ...Reason) Argument {
	return Argument{name, append([]Reason{}, reasons...)}
}

// IsZero reports whether there is no reason.
func (r Reason) IsZero() bool { return r.Code == "" && len(r.Arguments) == 0 }

// With returns the reason with more arguments.
func (r Reason) With(more ...Argument) Reason {
	return Reason{Code: r.Code, Arguments: slices.Concat(r.Arguments, more)}
}

// Get returns an argument's value; nil where the reason does not have it.
func (r Reason) Get(name string) any {
	for _, a := range r.Arguments {
		if a.Name == name {
			return a.Value
		}
	}
	return nil
}

// Key returns a text that is the same for reasons of the same matter: the code and
// the names in the arguments, without numbers, durations and amounts, which change
// from round to round, and without the digits of other programs' words.
func (r Reason) Key() string {
	var b strings.Builder
	b.WriteString(string(r.Code))
	for _, a := range r.Arguments {
		switch v := a.Value.(type) {
		case string:
			fmt.Fprintf(&b, " %s=%q", a.Name, v)
		case []string:
			fmt.Fprintf(&b, " %s=%q", a.Name, v)
		case Words:
			fmt.Fprintf(&b, " %s=%q", a.Name, withoutDigits(string(v)))
		case []Reason:
			for _, nested := range v {
				fmt.Fprintf(&b, " %s=(%s)", a.Name, nested.Key())
			}
		}
	}
	return b.String()
}

func withoutDigits(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsDigit(r) {
			return -1
		}
		return r
	}, s)
}

// Brief returns the code and all arguments in one line that does not depend on the
// words for people: "demand_held workers=2 lasted=10s hold=1m".
func (r Reason) Brief() string {
	var b strings.Builder
	b.WriteString(string(r.Code))
	for _, a := range r.Arguments {
		nested, ok := a.Value.([]Reason)
		if !ok {
			fmt.Fprintf(&b, " %s=%s", a.Name, written(a.Value))
			continue
		}
		for _, n := range nested {
			fmt.Fprintf(&b, " %s=(%s)", a.Name, n.Brief())
		}
	}
	return b.String()
}
