package constraint

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Bounds of an expression. Any user writes one for a job.
const (
	MaxText     = 8 << 10 // bytes
	maxFeatures = 500     // in an expression, also if they are the same
	maxDigits   = 7       // of a count
)

// Expression is what a job demands of the features of its workers.
type Expression struct {
	parts    []part
	features int // in all parts, also if they are the same
	counted  int // groups with a count
}

// part is a group, or the groups in square brackets.
type part struct {
	joins     byte // & or |: how it is joined with the parts before it
	bracketed bool
	groups    []group
}

// group is a feature, or the features in parentheses.
type group struct {
	joins byte // & or |: how it is joined with the groups before it in the brackets
	terms []term
	count int // how many workers must meet it; 0: it has no count
}

// term is a feature in a group.
type term struct {
	joins   byte // & or |: how it is joined with the terms before it
	feature string
}

// Parse reads an expression. An error says why it cannot be read.
func Parse(text string) (Expression, error) {
	if len(text) > MaxText {
		return Expression{}, fmt.Errorf("it is longer than %d bytes", MaxText)
	}
	p := parser{rest: strings.ReplaceAll(text, ",", "&")}
	if err := p.expression(); err != nil {
		return Expression{}, err
	}
	return p.out, nil
}

// parser reads an expression from left to right.
type parser struct {
	rest string
	out  Expression
}

// take reads one character if it is the next one.
func (p *parser) take(c byte) bool {
	if p.rest == "" || p.rest[0] != c {
		return false
	}
	p.rest = p.rest[1:]
	return true
}

// operator reads & or |. It returns 0 if neither is next.
func (p *parser) operator() byte {
	for _, c := range []byte("&|") {
		if p.take(c) {
			return c
		}
	}
	return 0
}

// expression reads the whole text.
func (p *parser) expression() error {
	brackets := 0
	for joins := byte('&'); joins != 0; joins = p.operator() {
		if p.rest == "" && len(p.out.parts) > 0 { // after the last operator
			break
		}
		one, err := p.part(joins)
		if err != nil {
			return err
		}
		if p.out.parts = append(p.out.parts, one); one.bracketed {
			brackets++
		}
	}
	switch {
	case p.rest != "":
		return fmt.Errorf("the character %q is at a wrong place", p.rest[0])
	case brackets > 1:
		return errors.New("it has square brackets twice")
	case brackets == 0 && p.out.counted > 0 && p.out.features > 1:
		return errors.New("it has a count and another feature without square brackets")
	}
	return nil
}

// part reads a group, or the groups in square brackets.
func (p *parser) part(joins byte) (part, error) {
	out := part{joins: joins, bracketed: p.take('[')}
	counted := p.out.counted
	for joins = '&'; joins != 0; joins = p.operator() {
		g, err := p.group(joins)
		if err != nil {
			return out, err
		}
		if out.groups = append(out.groups, g); !out.bracketed {
			return out, nil
		}
	}
	if !p.take(']') {
		return out, errors.New("it has a square bracket without an end")
	}
	counted = p.out.counted - counted
	for _, g := range out.groups[1:] {
		if g.joins == '&' && counted != len(out.groups) || g.joins == '|' && counted > 0 {
			return out, errors.New("it has square brackets with neither a count for each feature nor | between all of them")
		}
	}
	return out, nil
}

// group reads a feature, or the features in parentheses, and the count.
func (p *parser) group(joins byte) (group, error) {
	g := group{joins: joins}
	parens := p.take('(')
	for joins = '&'; joins != 0; joins = p.operator() {
		feature, err := p.feature()
		if err != nil {
			return g, err
		}
		if g.terms = append(g.terms, term{joins, feature}); !parens {
			break
		}
	}
	if parens && !p.take(')') {
		return g, errors.New("it has a parenthesis without an end, or something in it that is no feature")
	}
	if p.take('*') {
		p.out.counted++
		return g, p.number(&g.count)
	}
	return g, nil
}

// feature reads a name.
func (p *parser) feature() (string, error) {
	end := strings.IndexAny(p.rest, "&|()[]*")
	if end < 0 {
		end = len(p.rest)
	}
	if end == 0 {
		return "", errors.New("it lacks the name of a feature")
	}
	if p.out.features++; p.out.features > maxFeatures {
		return "", fmt.Errorf("it has more than %d features", maxFeatures)
	}
	name := p.rest[:end]
	p.rest = p.rest[end:]
	return name, nil
}

// number reads a count, which is not 0.
func (p *parser) number(into *int) error {
	digits := len(p.rest) - len(strings.TrimLeft(p.rest, "0123456789"))
	if digits > maxDigits {
		return fmt.Errorf("it has a count of more than %d digits", maxDigits)
	}
	n, err := strconv.Atoi(p.rest[:digits])
	if err != nil || n == 0 {
		return errors.New("it has a * without a number of workers")
	}
	*into, p.rest = n, p.rest[digits:]
	return nil
}
