package requirements

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// Bounds of an expression.
const (
	mostTokens = 2_000
	mostDepth  = 50
)

// Expression is a condition that was read. The zero value is met by every machine.
type Expression struct {
	root   *node
	tokens int
}

// node is a comparison, or a number of conditions joined by one operator.
type node struct {
	operator string  // "&&", "||", "!", or that of the comparison
	operands []*node // of the first three
	variable string  // of a comparison: in lower case
	values   []string
	number   bool // the value is a number
	text     string
}

// Parse reads an expression.
func Parse(text string) (Expression, error) {
	p := parser{}
	if err := p.split(text); err != nil {
		return Expression{}, err
	}
	if len(p.tokens) == 0 {
		return Expression{}, nil
	}
	root, err := p.or(0)
	switch {
	case err != nil:
		return Expression{}, err
	case p.at < len(p.tokens):
		return Expression{}, fmt.Errorf("nothing may follow before %s", p.tokens[p.at])
	}
	return Expression{root, len(p.tokens)}, nil
}

// Size returns how many comparisons and signs the expression has.
func (e Expression) Size() int { return e.tokens }

// machineVariable matches the variable that is a machine's name.
var machineVariable = regexp.MustCompile(`(?i)\bmachine\b`)

// NamesMachine reports whether an expression may depend on the name of a machine.
func NamesMachine(text string) bool { return machineVariable.MatchString(text) }

type parser struct {
	tokens []string
	at     int
}

var token = regexp.MustCompile(`^(?:&&|\|\||==|!=|<=|>=|[<>!(){}]|"[^"]*"|[A-Za-z_][A-Za-z0-9_.-]*|-?[0-9]+(?:\.[0-9]+)?)`)

func (p *parser) split(text string) error {
	for {
		text = strings.TrimLeft(text, " \t,")
		if text == "" {
			return nil
		}
		t := token.FindString(text)
		switch {
		case t == "":
			return fmt.Errorf("%.20q is no part of an expression", text)
		case len(p.tokens) >= mostTokens:
			return fmt.Errorf("it has more than %d parts", mostTokens)
		}
		p.tokens = append(p.tokens, t)
		text = text[len(t):]
	}
}

func (p *parser) next() string {
	if p.at == len(p.tokens) {
		return ""
	}
	p.at++
	return p.tokens[p.at-1]
}

func (p *parser) take(t string) bool {
	if p.at < len(p.tokens) && p.tokens[p.at] == t {
		p.at++
		return true
	}
	return false
}

func (p *parser) or(depth int) (*node, error) {
	return p.joined("||", func() (*node, error) { return p.and(depth) })
}

func (p *parser) and(depth int) (*node, error) {
	return p.joined("&&", func() (*node, error) { return p.condition(depth) })
}

func (p *parser) joined(operator string, operand func() (*node, error)) (*node, error) {
	first, err := operand()
	if err != nil {
		return nil, err
	}
	n := &node{operator: operator, operands: []*node{first}}
	for p.take(operator) {
		next, err := operand()
		if err != nil {
			return nil, err
		}
		n.operands = append(n.operands, next)
	}
	if len(n.operands) == 1 {
		return first, nil
	}
	return n, nil
}

func (p *parser) condition(depth int) (*node, error) {
	if depth > mostDepth {
		return nil, fmt.Errorf("it is nested more than %d deep", mostDepth)
	}
	switch {
	case p.take("!"):
		n, err := p.condition(depth + 1)
		return &node{operator: "!", operands: []*node{n}}, err
	case p.take("("):
		n, err := p.or(depth + 1)
		if err == nil && !p.take(")") {
			err = errors.New("a bracket is not closed")
		}
		return n, err
	}
	return p.comparison()
}

// comparisons are the operators, with those for exchanged sides.
var comparisons = map[string]string{"==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}

func (p *parser) comparison() (*node, error) {
	begin := p.at
	left, err := p.operand()
	if err != nil {
		return nil, err
	}
	operator := p.next()
	if comparisons[operator] == "" {
		return nil, fmt.Errorf("a comparison lacks its operator: %q", operator)
	}
	right, err := p.operand()
	if err != nil {
		return nil, err
	}
	if left.variable == "" {
		left, right, operator = right, left, comparisons[operator]
	}
	if left.variable == "" || right.variable != "" {
		return nil, errors.New("a comparison is not between a variable and a value")
	}
	right.operator, right.variable = operator, left.variable
	right.text = strings.Join(p.tokens[begin:p.at], " ")
	return right, nil
}

// operand reads a variable or a value.
func (p *parser) operand() (*node, error) {
	t := p.next()
	switch {
	case t == "":
		return nil, errors.New("it ends in the middle of a comparison")
	case t == "{":
		n := &node{}
		for !p.take("}") {
			v := p.next()
			if !strings.HasPrefix(v, `"`) {
				return nil, fmt.Errorf("a list has the part %q, which is no text", v)
			}
			n.values = append(n.values, strings.Trim(v, `"`))
		}
		return n, nil
	case t[0] == '"':
		return &node{values: []string{strings.Trim(t, `"`)}}, nil
	case t[0] == '-' || t[0] >= '0' && t[0] <= '9':
		return &node{values: []string{t}, number: true}, nil
	case t[0] == '_' || t[0]|0x20 >= 'a' && t[0]|0x20 <= 'z':
		return &node{variable: strings.ToLower(t)}, nil
	}
	return nil, fmt.Errorf("%q is neither a variable nor a value", t)
}
