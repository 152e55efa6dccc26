package classad

import (
	"iter"
	"strings"
)

// matters marks the characters by which the end of a part is found.
var matters = func() (set [256]bool) {
	for _, c := range []byte(`"([{)]}|?&`) {
		set[c] = true
	}
	return set
}()

// Parts yields the texts between the && of an expression. It ignores parentheses
// around the whole.
func Parts(text string) iter.Seq[string] {
	return func(yield func(string) bool) {
		text = stripParens(text)
		from, depth, end := 0, 0, hasLooseOperator(text)
		if end {
			yield(text)
			return
		}
		for i := 0; i < len(text); i++ {
			c := text[i]
			if !matters[c] {
				continue
			}
			switch {
			case c == '"':
				i += quoted(text[i:])
			case c == '(' || c == '[' || c == '{':
				depth++
			case c == ')' || c == ']' || c == '}':
				depth--
			case depth <= 0 && strings.HasPrefix(text[i:], "&&"):
				if !yield(text[from:i]) {
					return
				}
				from = i + 2
				i++
			}
		}
		yield(text[from:])
	}
}

// hasLooseOperator reports whether an expression has, outside of parentheses, an
// operator that binds looser than &&.
func hasLooseOperator(text string) bool {
	depth := 0
	for i := 0; i < len(text); i++ {
		c := text[i]
		if !matters[c] {
			continue
		}
		switch {
		case c == '"':
			i += quoted(text[i:])
		case c == '(' || c == '[' || c == '{':
			depth++
		case c == ')' || c == ']' || c == '}':
			depth--
		case depth > 0:
		case strings.HasPrefix(text[i:], "||") || c == '?' && !strings.HasPrefix(text[max(0, i-1):], "=?="):
			return true
		}
	}
	return false
}

// Clauses splits an expression at each && that is outside of parentheses, and removes
// parentheses around the whole. A caller compiles each clause by itself, so that it
// can evaluate the others if this package cannot read one.
func Clauses(text string) []string {
	var all []string
	for part := range Parts(text) {
		if part = stripParens(part); len(part) == len(text) || hasLooseOperator(part) || !strings.Contains(part, "&&") {
			all = append(all, part)
			continue
		}
		all = append(all, Clauses(part)...)
	}
	return all
}

// stripParens removes all parentheses around the whole text.
func stripParens(text string) string {
	text = strings.TrimSpace(text)
	for {
		inner, ok := unwrap(text)
		if !ok {
			return text
		}
		text = strings.TrimSpace(inner)
	}
}

// unwrap removes one pair of parentheses around the whole text.
func unwrap(text string) (string, bool) {
	if !strings.HasPrefix(text, "(") || !strings.HasSuffix(text, ")") {
		return text, false
	}
	depth := 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '"':
			i += quoted(text[i:])
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return text[1:i], i == len(text)-1
			}
		}
	}
	return text, false
}

var withoutScopes = strings.NewReplacer(" ", "", "(", "", ")", "", "my.", "", "target.", "")

// Normalized returns an expression in lower case, without spaces, parentheses and
// scopes.
func Normalized(text string) string { return withoutScopes.Replace(strings.ToLower(text)) }
