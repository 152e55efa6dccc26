package requirements

import (
	"slices"
	"strconv"
	"strings"
)

// Value is what is known of a variable of a machine. A text is compared without regard to
// case; several texts are all true of the machine, as its features are.
type Value struct {
	Texts  []string
	Number float64
	Kind   Kind
}

// Kind is how a value is compared.
type Kind int

// The kinds of values. The zero value is that nothing is known.
const (
	Unknown Kind = iota
	Texts
	Number
)

// Answer is what an expression says of a machine.
type Answer struct {
	Unmet     string // the comparison that the machine does not meet; "": there is none
	NotJudged string // the comparison that can't be judged; "": there is none
}

// truth is true, false or neither.
type truth int

const (
	no truth = iota
	maybe
	yes
)

// Judge holds a machine against the expression. Known returns what is known of a variable,
// whose name is in lower case.
func (e Expression) Judge(known func(variable string) Value) Answer {
	if e.root == nil {
		return Answer{}
	}
	parts := []*node{e.root}
	if e.root.operator == "&&" {
		parts = e.root.operands
	}
	var a Answer
	for _, n := range parts {
		switch n.judge(known) {
		case no:
			return Answer{Unmet: n.String(), NotJudged: a.NotJudged}
		case maybe:
			if a.NotJudged == "" {
				a.NotJudged = n.String()
			}
		}
	}
	return a
}

func (n *node) judge(known func(string) Value) truth {
	switch n.operator {
	case "&&":
		all := yes
		for _, o := range n.operands {
			all = min(all, o.judge(known))
		}
		return all
	case "||":
		one := no
		for _, o := range n.operands {
			one = max(one, o.judge(known))
		}
		return one
	case "!":
		return yes - n.operands[0].judge(known)
	}
	return n.compare(known(n.variable))
}

func (n *node) compare(v Value) truth {
	switch {
	case v.Kind == Texts && (n.operator == "==" || n.operator == "!="):
		has := slices.ContainsFunc(n.values, func(wanted string) bool {
			return slices.ContainsFunc(v.Texts, func(t string) bool { return strings.EqualFold(t, wanted) })
		})
		return truthOf(has == (n.operator == "=="))
	case v.Kind == Number && n.number:
		wanted, err := strconv.ParseFloat(n.values[0], 64)
		if err != nil {
			return maybe
		}
		return truthOf(compared(v.Number, n.operator, wanted))
	}
	return maybe
}

func compared(a float64, operator string, b float64) bool {
	switch operator {
	case "==":
		return a == b
	case "!=":
		return a != b
	case "<":
		return a < b
	case "<=":
		return a <= b
	case ">":
		return a > b
	}
	return a >= b
}

func truthOf(b bool) truth {
	if b {
		return yes
	}
	return no
}

// String returns a condition as it was written, but for spaces.
func (n *node) String() string {
	switch n.operator {
	case "!":
		return "!(" + n.operands[0].String() + ")"
	case "&&", "||":
		parts := make([]string, len(n.operands))
		for i, o := range n.operands {
			parts[i] = "(" + o.String() + ")"
		}
		return strings.Join(parts, " "+n.operator+" ")
	}
	return n.text
}
