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
// around the whole. Its time is linear in the text.
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
				depth = max(depth-1, 0)
			case depth == 0 && strings.HasPrefix(text[i:], "&&"):
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
			depth = max(depth-1, 0)
		case depth > 0:
		case isLoose(text, i):
			return true
		}
	}
	return false
}

// isLoose reports whether an operator that binds looser than && begins at i.
func isLoose(text string, i int) bool {
	return strings.HasPrefix(text[i:], "||") || text[i] == '?' && !strings.HasPrefix(text[max(0, i-1):], "=?=")
}

// Clauses splits an expression at each && that is outside of parentheses, and removes
// parentheses around the whole; then each part in the same way. A caller compiles each
// clause by itself, so that it can evaluate the others if this package cannot read one.
// The time is linear in the text.
func Clauses(text string) []string {
	s := newSplitting(text)
	s.split(0, len(text), s.pair())
	return s.clauses
}

func newSplitting(text string) *splitting {
	return &splitting{text: text, ends: make([]int32, len(text))}
}

// splitting is the work of Clauses.
type splitting struct {
	text    string
	ends    []int32 // of a bracket or quote: where it ends; negative for a bracket around a loose operator
	clauses []string
	looked  int // characters that split has looked at
}

// pair finds the ends of brackets and quotes. It reports whether a loose operator is
// outside of all brackets.
func (s *splitting) pair() (loose bool) {
	var open []int
	for i := 0; i < len(s.text); i++ {
		c := s.text[i]
		if !matters[c] {
			continue
		}
		switch {
		case c == '"':
			end := min(i+quoted(s.text[i:]), len(s.text))
			s.ends[i] = int32(end) //nolint:gosec // callers bound the text
			i = end
		case c == '(' || c == '[' || c == '{':
			open = append(open, i)
			s.ends[i] = int32(len(s.text)) //nolint:gosec // callers bound the text
		case c == ')' || c == ']' || c == '}':
			if n := len(open); n > 0 {
				end := int32(i)
				if s.ends[open[n-1]] < 0 {
					end = -end
				}
				s.ends[open[n-1]], open = end, open[:n-1]
			}
		case isLoose(s.text, i) && len(open) == 0:
			loose = true
		case isLoose(s.text, i):
			if at := open[len(open)-1]; s.ends[at] > 0 {
				s.ends[at] = -s.ends[at]
			}
		}
	}
	return loose
}

// split adds the clauses of a part of the text. Loose says that the part has a loose
// operator outside of its brackets.
func (s *splitting) split(from, to int, loose bool) {
	for {
		for from < to && isBlank(s.text[from]) {
			from++
		}
		for from < to && isBlank(s.text[to-1]) {
			to--
		}
		if from == to || s.text[from] != '(' || s.text[to-1] != ')' || s.end(from) != to-1 {
			break
		}
		loose = s.ends[from] < 0
		from, to = from+1, to-1
	}
	if loose {
		s.clauses = append(s.clauses, s.text[from:to])
		return
	}
	begin := from
	for i := from; i < to; i++ {
		s.looked++
		switch {
		case s.ends[i] != 0:
			i = s.end(i)
		case strings.HasPrefix(s.text[i:to], "&&"):
			s.split(begin, i, false)
			begin = i + 2
			i++
		}
	}
	if begin == from {
		s.clauses = append(s.clauses, s.text[from:to])
		return
	}
	s.split(begin, to, false)
}

func (s *splitting) end(at int) int { return int(max(s.ends[at], -s.ends[at])) }

const blanks = " \t\n\r"

func isBlank(c byte) bool { return strings.IndexByte(blanks, c) >= 0 }

// stripParens removes all parentheses around the whole text, and white space.
func stripParens(text string) string {
	text = strings.Trim(text, blanks)
	lead, inner := leading(text)
	tail := len(strings.TrimRight(text, ")"+blanks))
	trail := strings.Count(text[tail:], ")")
	if lead == 0 || trail == 0 {
		return text
	}
	depth, least := lead, lead
	i := inner
	for ; i < tail; i++ {
		switch text[i] {
		case '"':
			i += quoted(text[i:])
		case '(', '[', '{':
			depth++
		case ')', ']', '}':
			depth--
			least = min(least, depth)
		}
	}
	if depth != trail || i > max(tail, inner) { // unbalanced
		return text
	}
	for range min(least, trail) {
		text = strings.Trim(text[1:len(text)-1], blanks)
	}
	return text
}

// leading returns the number of parentheses at the begin of a text, and where the rest
// begins.
func leading(text string) (n, rest int) {
	for rest < len(text) && (text[rest] == '(' || isBlank(text[rest])) {
		if text[rest] == '(' {
			n++
		}
		rest++
	}
	return n, rest
}

var withoutScopes = strings.NewReplacer(" ", "", "(", "", ")", "", "my.", "", "target.", "")

// Normalized returns an expression in lower case, without spaces, parentheses and
// scopes.
func Normalized(text string) string { return withoutScopes.Replace(strings.ToLower(text)) }
