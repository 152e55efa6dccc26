package classad

import (
	"errors"
	"fmt"
	"strings"
)

// Expression is a ClassAd expression. One that this package cannot read has an
// error instead of a root. An expression is never changed.
type Expression struct {
	text  string
	root  node
	nodes int         // in it
	names []Reference // those in it, each once
	err   error
	limit *LimitError // err, if it is one
}

// node is a part of an expression. Scope.eval calls value, and counts.
type node interface {
	value(s *Scope) (any, error)
}

// Compile reads an expression of the parts that requests and requirements consist
// of: numbers, text, attributes, arithmetic, comparison, logic, the conditional, and
// functions. Lists and nested ads are errors; the caller reports the expression or
// leaves it to HTCondor. An expression that exceeds a bound is a *LimitError.
func Compile(text string) *Expression {
	if len(text) > MaxText {
		return unreadable(text, 0, exceeds("it is longer than %d bytes", MaxText))
	}
	p := &parser{text: text}
	p.next()
	root, err := p.conditional()
	if err == nil && (p.tok != "" || p.quote) { // an empty text is no end
		err = fmt.Errorf("unexpected %q", excerpt(p.tok))
	}
	if err != nil {
		return unreadable(text, p.nodes, err)
	}
	return &Expression{text: text, root: root, nodes: p.nodes, names: p.names.list}
}

func unreadable(text string, nodes int, err error) *Expression {
	e := &Expression{text: text, nodes: nodes, err: fmt.Errorf("read %q: %w", excerpt(text), err)}
	errors.As(err, &e.limit)
	return e
}

// excerpt returns the begin of a text, for an error.
func excerpt(text string) string {
	if most := 80; len(text) > most {
		return strings.ToValidUTF8(text[:most], "") + "…"
	}
	return text
}

// Text returns the expression as it is written.
func (e *Expression) Text() string { return e.text }

// Err returns why the expression cannot be read; nil if it can.
func (e *Expression) Err() error { return e.err }

type parser struct {
	text  string
	pos   int
	tok   string // "" at the end
	quote bool   // tok is the content of a string literal
	level int    // of tok, if it is a binary operator; -1 else
	nest  int    // of parentheses and conditionals
	nodes int
	names references
}

// made counts a node.
func (p *parser) made(n node) (node, error) {
	if p.nodes++; p.nodes > maxNodes {
		return nil, exceeds("it has more than %d parts", maxNodes)
	}
	return n, nil
}

var operators = []string{"=?=", "=!=", "==", "!=", "<=", ">=", "&&", "||", "<", ">", "+", "-", "*", "/", "%", "(", ")", ",", "?", ":", "!"}

// begins marks the characters with which operators begin.
var begins = func() (set [256]bool) {
	for _, op := range operators {
		set[op[0]] = true
	}
	return set
}()

func (p *parser) next() {
	p.token()
	p.level = -1
	if !p.quote {
		p.level = levelOf(p.tok)
	}
}

func (p *parser) token() {
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
		end := quoted(rest)
		p.tok, p.quote = unescape.Replace(rest[1:min(end, len(rest))]), true
		p.pos += min(end+1, len(rest))
		return
	}
	if begins[rest[0]] {
		for _, op := range operators {
			if strings.HasPrefix(rest, op) {
				p.tok = op
				p.pos += len(op)
				return
			}
		}
	}
	end := max(wordEnd(rest), 1)
	p.tok = rest[:end]
	p.pos += end
}

// wordEnd returns where the name or number at the begin of a text ends.
func wordEnd(text string) int {
	end := 0
	for end < len(text) && (isLetter(text[end]) || isDigit(text[end]) || text[end] == '.') {
		end++
	}
	// an exponent's sign belongs to the number: 9.8E-01
	if end > 0 && end < len(text) && isDigit(text[0]) && strings.IndexByte("eE", text[end-1]) >= 0 && strings.IndexByte("+-", text[end]) >= 0 {
		for end++; end < len(text) && isDigit(text[end]); end++ {
		}
	}
	return end
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isLetter(c byte) bool { return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }

var unescape = strings.NewReplacer(`\"`, `"`, `\\`, `\`)

// quoted returns the place of the closing quote of the string literal at the begin of
// a text.
func quoted(text string) int {
	end := 1
	for end < len(text) && text[end] != '"' {
		if text[end] == '\\' {
			end++
		}
		end++
	}
	return end
}

func (p *parser) is(op string) bool { return !p.quote && strings.EqualFold(p.tok, op) && p.tok != "" }

func (p *parser) expect(op string) error {
	if !p.is(op) {
		return fmt.Errorf("%q expected at %q", op, excerpt(p.tok))
	}
	p.next()
	return nil
}

func (p *parser) conditional() (node, error) {
	if p.nest++; p.nest > maxNest {
		return nil, exceeds("it is nested too deeply, more than %d levels", maxNest)
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
	return p.made(conditional{cond, yes, no})
}

// levelOf returns how tightly a binary operator binds, from 0 for the loosest; -1 for
// other tokens.
func levelOf(tok string) int {
	switch tok {
	case "||":
		return 0
	case "&&":
		return 1
	case "=?=", "=!=", "==", "!=":
		return 2
	case "<=", ">=", "<", ">":
		return 3
	case "+", "-":
		return 4
	case "*", "/", "%":
		return 5
	}
	if len(tok) == 2 && strings.EqualFold(tok, "is") || len(tok) == 4 && strings.EqualFold(tok, "isnt") {
		return 2
	}
	return -1
}

// binary reads operators that bind at least as tightly as the level.
func (p *parser) binary(level int) (node, error) {
	left, err := p.unary()
	if err != nil {
		return nil, err
	}
	for p.level >= level {
		op, tight := strings.ToLower(p.tok), p.level
		p.next()
		right, err := p.binary(tight + 1)
		if err != nil {
			return nil, err
		}
		if left, err = p.made(operation{op, left, right}); err != nil {
			return nil, err
		}
	}
	return left, nil
}

func (p *parser) unary() (node, error) {
	if p.nest++; p.nest > maxNest {
		return nil, exceeds("it is nested too deeply, more than %d levels", maxNest)
	}
	defer func() { p.nest-- }()
	for _, op := range []string{"!", "-", "+"} {
		if p.is(op) {
			p.next()
			of, err := p.unary()
			if err != nil {
				return nil, err
			}
			return p.made(prefixed{op, of})
		}
	}
	if p.is("(") {
		p.next()
		n, err := p.conditional()
		if err != nil {
			return nil, err
		}
		return n, p.expect(")")
	}
	return p.primary()
}

func (p *parser) primary() (node, error) {
	word, quoted := p.tok, p.quote
	if word == "" && !quoted {
		return nil, errors.New("it ends too early")
	}
	p.next()
	if quoted {
		return p.made(literal{word})
	}
	if isDigit(word[0]) || word[0] == '.' {
		n, err := ParseNumber(word)
		if err != nil {
			return nil, err
		}
		return p.made(literal{n})
	}
	switch strings.ToLower(word) {
	case "true":
		return p.made(literal{true})
	case "false":
		return p.made(literal{false})
	case "undefined":
		return p.made(literal{Undefined{}})
	}
	if !isLetter(word[0]) {
		return nil, fmt.Errorf("unexpected %q", excerpt(word))
	}
	if p.is("(") {
		return p.call(word)
	}
	return p.attribute(strings.ToLower(word))
}

// attribute reads an attribute by its name in lower case, which may have a scope.
func (p *parser) attribute(word string) (node, error) {
	a := Reference{Name: word}
	if scope, name, ok := strings.Cut(word, "."); ok {
		if scope != OfJob && scope != OfMachine || strings.Contains(name, ".") {
			return nil, fmt.Errorf("%q is not known here", excerpt(word))
		}
		a = Reference{scope, name}
	}
	if len(a.Name) > MaxName {
		return nil, exceeds("it names an attribute of %d characters, more than %d", len(a.Name), MaxName)
	}
	if p.names.add(a); len(p.names.list) > MaxNames {
		return nil, tooManyNames()
	}
	return p.made(a)
}

func (p *parser) call(name string) (node, error) {
	p.next()
	c := call{name: strings.ToLower(name)}
	for !p.is(")") {
		arg, err := p.conditional()
		if err != nil {
			return nil, err
		}
		c.args = append(c.args, arg)
		if !p.is(",") {
			break
		}
		p.next()
	}
	if err := p.expect(")"); err != nil {
		return nil, err
	}
	if c.name == "ifthenelse" && len(c.args) == 3 {
		return p.made(conditional{c.args[0], c.args[1], c.args[2]})
	}
	return p.made(c)
}
