package program

import "io"

// spaceless hands on JSON text with one space in place of many between its words. The
// decoder of encoding/json looks at all spaces before a word again with each piece of text
// that comes: a program that prints nothing else would keep it busy for minutes.
type spaceless struct {
	from io.Reader

	quoted  bool // inside of a string
	escaped bool // behind a backslash in it
	space   bool // the last byte was a space between words
}

// Read implements io.Reader.
func (s *spaceless) Read(p []byte) (int, error) {
	for {
		n, err := s.from.Read(p)
		if kept := s.keep(p[:n]); kept > 0 || err != nil || n == 0 {
			return kept, err
		}
	}
}

// keep moves the bytes that are handed on to the front, and returns their number.
func (s *spaceless) keep(p []byte) int {
	kept := 0
	for _, b := range p {
		space := !s.quoted && (b == ' ' || b == '\n' || b == '\r' || b == '\t')
		if space && s.space {
			continue
		}
		s.space = space
		switch {
		case s.escaped:
			s.escaped = false
		case s.quoted && b == '\\':
			s.escaped = true
		case b == '"':
			s.quoted = !s.quoted
		}
		p[kept] = b
		kept++
	}
	return kept
}
