package config

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// The parser of HCL calls itself for each bracket in a bracket, each sign before a sign
// and each condition in a condition, and a program whose stack is too deep ends. No
// configuration comes near these numbers.
const (
	mostBytes = 256 << 10
	mostDepth = 50
	mostSigns = 500 // and conditions
)

// deepens says by how much a token deepens the nesting.
var deepens = map[hclsyntax.TokenType]int{
	hclsyntax.TokenOParen: 1, hclsyntax.TokenOBrack: 1, hclsyntax.TokenOBrace: 1, hclsyntax.TokenOQuote: 1, hclsyntax.TokenOHeredoc: 1,
	hclsyntax.TokenTemplateInterp: 1, hclsyntax.TokenTemplateControl: 1,
	hclsyntax.TokenCParen: -1, hclsyntax.TokenCBrack: -1, hclsyntax.TokenCBrace: -1, hclsyntax.TokenCQuote: -1, hclsyntax.TokenCHeredoc: -1,
	hclsyntax.TokenTemplateSeqEnd: -1,
}

// tooDeep returns the place at which a file is nested too deeply for its parser; nil if
// it is not.
func tooDeep(path string, source []byte) *hcl.Range {
	tokens, _ := hclsyntax.LexConfig(source, path, hcl.InitialPos) // the parser reports mistakes
	depth, signs := 0, 0
	for _, t := range tokens {
		depth = max(0, depth+deepens[t.Type])
		switch t.Type {
		case hclsyntax.TokenBang, hclsyntax.TokenMinus, hclsyntax.TokenQuestion:
			signs++
		}
		if depth > mostDepth || signs > mostSigns {
			return &t.Range
		}
	}
	return nil
}
