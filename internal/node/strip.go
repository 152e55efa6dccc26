package node

import "bytes"

// strip returns a Python source without its comments and docstrings, which take a
// third of a node's user data, and with a tab for four spaces of indentation. Every
// line stays where it is, so that a traceback from a node names the lines of the
// source. A string that is a statement by itself counts as a docstring; it must not
// have a prefix.
func strip(source []byte) []byte {
	s := stripper{in: source}
	for s.at < len(s.in) {
		s.step()
	}
	return s.out
}

// stripper is a scanner that knows just enough of Python: strings, comments,
// brackets and continued lines.
type stripper struct {
	in, out   []byte
	at        int  // in in
	depth     int  // of open brackets
	continued bool // the line before ended with a backslash
}

func (s *stripper) step() {
	switch c := s.in[s.at]; c {
	case '#':
		s.at += lineLength(s.in[s.at:])
		s.out = bytes.TrimRight(s.out, " \t")
		return
	case ' ':
		if len(s.out) == 0 || s.out[len(s.out)-1] == '\n' {
			s.indentation()
			return
		}
	case '"', '\'':
		s.text()
		return
	case '(', '[', '{':
		s.depth++
	case ')', ']', '}':
		s.depth--
	case '\n':
		s.continued = s.at > 0 && s.in[s.at-1] == '\\'
	}
	s.out = append(s.out, s.in[s.at])
	s.at++
}

// indentation shortens the spaces at a line's beginning. Those of a line that goes on
// have no meaning.
func (s *stripper) indentation() {
	spaces := len(s.in[s.at:]) - len(bytes.TrimLeft(s.in[s.at:], " "))
	s.at += spaces
	if s.depth == 0 && !s.continued {
		s.out = append(s.out, bytes.Repeat([]byte("\t"), spaces/4)...)
		s.out = append(s.out, bytes.Repeat([]byte(" "), spaces%4)...)
	}
}

// text copies a string, or puts "pass" in the place of one that is a statement.
func (s *stripper) text() {
	begins := s.depth == 0 && !s.continued && len(bytes.TrimSpace(s.out[bytes.LastIndexByte(s.out, '\n')+1:])) == 0
	length := stringLength(s.in[s.at:])
	text, rest := s.in[s.at:s.at+length], s.in[s.at+length:]
	s.at += length
	if begins && len(bytes.TrimSpace(rest[:lineLength(rest)])) == 0 {
		s.out = append(s.out, "pass"...)
		text = bytes.Repeat([]byte("\n"), bytes.Count(text, []byte("\n")))
	}
	s.out = append(s.out, text...)
}

// lineLength returns the length of text up to its first line break.
func lineLength(text []byte) int {
	if n := bytes.IndexByte(text, '\n'); n >= 0 {
		return n
	}
	return len(text)
}

// stringLength returns the length of the Python string at the beginning of text.
func stringLength(text []byte) int {
	quote := text[:1]
	if triple := bytes.Repeat(quote, 3); bytes.HasPrefix(text, triple) {
		quote = triple
	}
	for i := len(quote); i < len(text); i++ {
		switch {
		case text[i] == '\\':
			i++
		case bytes.HasPrefix(text[i:], quote):
			return i + len(quote)
		}
	}
	return len(text)
}
