package htcondor

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// evaluate computes a ClassAd expression in the context of one ad. It knows what
// requests for resources are made of: numbers, text, attributes, arithmetic,
// comparison, logic, the conditional, and a few functions. Anything else is an
// error, and the job is then reported instead of guessed at.
func evaluate(text string, in ad, depth int) (any, error) {
	p := &parser{text: text, in: in, depth: depth}
	p.next()
	v, err := p.conditional()
	if err != nil {
		return nil, fmt.Errorf("evaluate %q: %w", text, err)
	}
	if p.tok != "" {
		return nil, fmt.Errorf("evaluate %q: unexpected %q", text, p.tok)
	}
	return v, nil
}

// parser evaluates while it parses. Both branches of a conditional are computed;
// only the chosen one's value counts, and nothing here has side effects.
type parser struct {
	text  string
	pos   int
	tok   string // "" at the end
	quote bool   // tok is the content of a string literal
	in    ad
	depth int // of attributes that refer to others
	nest  int // of parentheses and conditionals
}

// maxNest bounds what an expression may do to the stack.
const maxNest = 200

var operators = []string{"=?=", "=!=", "==", "!=", "<=", ">=", "&&", "||", "<", ">", "+", "-", "*", "/", "%", "(", ")", ",", "?", ":", "!"}

func (p *parser) next() {
	p.quote = false
	for p.pos < len(p.text) && strings.IndexByte(" \t\n", p.text[p.pos]) >= 0 {
		p.pos++
	}
	rest := p.text[p.pos:]
	if rest == "" {
		p.tok = ""
		return
	}
	if rest[0] == '"' {
		end := 1
		for end < len(rest) && rest[end] != '"' {
			if rest[end] == '\\' {
				end++
			}
			end++
		}
		p.tok, p.quote = strings.ReplaceAll(rest[1:min(end, len(rest))], `\"`, `"`), true
		p.pos += min(end+1, len(rest))
		return
	}
	for _, op := range operators {
		if strings.HasPrefix(rest, op) {
			p.tok = op
			p.pos += len(op)
			return
		}
	}
	end := strings.IndexFunc(rest, func(r rune) bool {
		return r != '_' && r != '.' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	})
	if end < 0 {
		end = len(rest)
	}
	// an exponent's sign belongs to the number: 9.8E-01
	if end > 0 && end < len(rest) && rest[0] >= '0' && rest[0] <= '9' && strings.ContainsRune("eE", rune(rest[end-1])) && strings.ContainsRune("+-", rune(rest[end])) {
		for end++; end < len(rest) && rest[end] >= '0' && rest[end] <= '9'; end++ {
		}
	}
	end = max(end, 1)
	p.tok = rest[:end]
	p.pos += end
}

func (p *parser) is(op string) bool { return !p.quote && strings.EqualFold(p.tok, op) && p.tok != "" }

func (p *parser) expect(op string) error {
	if !p.is(op) {
		return fmt.Errorf("%q expected at %q", op, p.tok)
	}
	p.next()
	return nil
}

func (p *parser) conditional() (any, error) {
	if p.nest++; p.nest > maxNest {
		return nil, errors.New("it is nested too deeply")
	}
	defer func() { p.nest-- }()
	cond, err := p.binary(0)
	if err != nil || !p.is("?") {
		return cond, err
	}
	p.next()
	yes, err := p.conditional()
	if err != nil {
		return nil, err
	}
	if err := p.expect(":"); err != nil {
		return nil, err
	}
	no, err := p.conditional()
	if err != nil {
		return nil, err
	}
	return choose(cond, yes, no), nil
}

// levels lists the binary operators, loosest first.
var levels = [][]string{
	{"||"}, {"&&"},
	{"=?=", "=!=", "is", "isnt", "==", "!="},
	{"<=", ">=", "<", ">"},
	{"+", "-"}, {"*", "/", "%"},
}

func (p *parser) binary(level int) (any, error) {
	if level == len(levels) {
		return p.unary()
	}
	left, err := p.binary(level + 1)
	if err != nil {
		return nil, err
	}
	for {
		op := ""
		for _, o := range levels[level] {
			if p.is(o) {
				op = o
			}
		}
		if op == "" {
			return left, nil
		}
		p.next()
		right, err := p.binary(level + 1)
		if err != nil {
			return nil, err
		}
		if left, err = apply(op, left, right); err != nil {
			return nil, err
		}
	}
}

func (p *parser) unary() (any, error) {
	if p.nest++; p.nest > maxNest {
		return nil, errors.New("it is nested too deeply")
	}
	defer func() { p.nest-- }()
	switch {
	case p.is("-"):
		p.next()
		v, err := p.unary()
		if err != nil {
			return nil, err
		}
		return apply("-", 0.0, v)
	case p.is("+"):
		p.next()
		return p.unary()
	case p.is("!"):
		p.next()
		v, err := p.unary()
		if err != nil {
			return nil, err
		}
		if b, ok := truth(v); ok {
			return !b, nil
		}
		return undefined{}, nil
	case p.is("("):
		p.next()
		v, err := p.conditional()
		if err != nil {
			return nil, err
		}
		return v, p.expect(")")
	}
	return p.primary()
}

func (p *parser) primary() (any, error) {
	word, quoted := p.tok, p.quote
	if word == "" && !quoted {
		return nil, errors.New("it ends too early")
	}
	p.next()
	if quoted {
		return word, nil
	}
	if word[0] >= '0' && word[0] <= '9' || word[0] == '.' {
		n, err := strconv.ParseFloat(word, 64)
		if err != nil {
			return nil, fmt.Errorf("%q is not a number", word)
		}
		return n, nil
	}
	switch strings.ToLower(word) {
	case "true":
		return true, nil
	case "false":
		return false, nil
	case "undefined":
		return undefined{}, nil
	}
	if p.is("(") {
		return p.call(word)
	}
	if scope, name, ok := strings.Cut(word, "."); ok {
		if strings.EqualFold(scope, "TARGET") {
			return undefined{}, nil // a request does not know its machine yet
		}
		word = name
	}
	if strings.IndexFunc(word, func(r rune) bool { return r == '_' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' }) != 0 {
		return nil, fmt.Errorf("unexpected %q", word)
	}
	return p.in.lookup(word, p.depth)
}

func (p *parser) call(name string) (any, error) {
	p.next()
	var args []any
	for !p.is(")") {
		v, err := p.conditional()
		if err != nil {
			return nil, err
		}
		args = append(args, v)
		if !p.is(",") {
			break
		}
		p.next()
	}
	if err := p.expect(")"); err != nil {
		return nil, err
	}
	return callFunction(strings.ToLower(name), args)
}

func callFunction(name string, args []any) (any, error) {
	if name == "ifthenelse" && len(args) == 3 {
		return choose(args[0], args[1], args[2]), nil
	}
	if name == "isundefined" && len(args) == 1 {
		_, is := args[0].(undefined)
		return is, nil
	}
	f, ok := functions[name]
	if !ok || len(args) != f.arguments {
		return nil, fmt.Errorf("function %s with %d arguments is not known here", name, len(args))
	}
	numbers := make([]float64, len(args))
	for i, a := range args {
		n, ok := a.(float64)
		if !ok {
			if _, undef := a.(undefined); undef {
				return undefined{}, nil
			}
			return nil, fmt.Errorf("%s() of something that is no number", name)
		}
		numbers[i] = n
	}
	return f.of(numbers), nil
}

// functions are those of numbers alone.
var functions = map[string]struct {
	arguments int
	of        func(n []float64) float64
}{
	"int":      {1, func(n []float64) float64 { return math.Trunc(n[0]) }},
	"real":     {1, func(n []float64) float64 { return n[0] }},
	"ceiling":  {1, func(n []float64) float64 { return math.Ceil(n[0]) }},
	"floor":    {1, func(n []float64) float64 { return math.Floor(n[0]) }},
	"round":    {1, func(n []float64) float64 { return math.Round(n[0]) }},
	"pow":      {2, func(n []float64) float64 { return math.Pow(n[0], n[1]) }},
	"quantize": {2, func(n []float64) float64 { return math.Ceil(n[0]/n[1]) * n[1] }},
	"max":      {2, func(n []float64) float64 { return max(n[0], n[1]) }},
	"min":      {2, func(n []float64) float64 { return min(n[0], n[1]) }},
}
