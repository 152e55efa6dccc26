package htcondor

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/text"
)

// splitter finds the objects of an array and the places of their attributes. It
// skips text in quotes and copies nothing: a reading may have tens of megabytes.
type splitter struct {
	in        io.Reader
	buf       []byte
	at        int // of the next byte to look at
	end       int // of what was read
	raw       []byte
	fields    []field // of raw; both are valid until the next object
	irregular bool    // raw does not look like attributes and values
	read      int     // bytes of all objects so far
	leftOut   string  // why the object is left out; raw has its begin then
}

// Bounds of what is read of a tool's output. What exceeds them is left out, and costs
// none of the rest.
var (
	longestAd = 2 << 20   // bytes
	mostRead  = 256 << 20 // bytes of all ads; those that follow are left out
)

// field is the places of an attribute's name and value in an object, the name without
// its quotes.
type field struct{ name, nameEnd, value, valueEnd int }

func (s *splitter) name(f field) []byte  { return s.raw[f.name:f.nameEnd] }
func (s *splitter) value(f field) []byte { return bytes.TrimSpace(s.raw[f.value:f.valueEnd]) }

const windowSize = 64 << 10

// newSplitter reads up to the bracket that opens an array. It returns nil if there is
// no output.
func newSplitter(r io.Reader) (*splitter, error) {
	s := &splitter{in: r, buf: make([]byte, windowSize)}
	c, err := s.next()
	switch {
	case errors.Is(err, io.EOF):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("read its output: %w", err)
	case c == '[':
		return s, nil
	}
	for !bytes.ContainsRune(s.buf[s.at:s.end], '\n') && s.end-s.at < 200 { // enough for the message
		if s.more(s.at-1) != nil {
			break
		}
	}
	line, _, _ := strings.Cut(string(s.buf[s.at-1:s.end]), "\n")
	return nil, fmt.Errorf("its output is not JSON: %q", strings.TrimSpace(line[:min(len(line), 200)]))
}

// more reads more input. It drops what lies before from, and moves the rest to the
// begin of the buffer.
func (s *splitter) more(from int) error {
	if from > 0 {
		s.end = copy(s.buf, s.buf[from:s.end])
		s.at -= from
	}
	if s.end == len(s.buf) {
		s.buf = append(s.buf, make([]byte, len(s.buf))...)
	}
	for range 100 { // a reader may return nothing without an error, but not for ever
		n, err := s.in.Read(s.buf[s.end:])
		s.end += n
		if n > 0 {
			return nil
		}
		if err != nil {
			return err
		}
	}
	return io.ErrNoProgress
}

// next returns the next byte that is not white space.
func (s *splitter) next() (byte, error) {
	for {
		for s.at < s.end {
			c := s.buf[s.at]
			s.at++
			if !isSpace(c) {
				return c, nil
			}
		}
		if err := s.more(s.at); err != nil {
			return 0, err
		}
	}
}

func isSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\t' || c == '\r' }

// object goes to the next object. It returns false at the end of the array.
func (s *splitter) object(first bool) (bool, error) {
	c, err := s.next()
	if err == nil && c == ',' && !first {
		c, err = s.next()
	} else if err == nil && c == '{' && !first {
		return false, errors.New("read its JSON: there is no comma between two ads")
	}
	switch {
	case err != nil:
		return false, endsEarly(err)
	case c == ']':
		return false, nil
	case c != '{':
		return false, fmt.Errorf("read its JSON: an ad was expected at %q", c)
	}
	return true, s.mark()
}

// mark reads up to the closing brace of the object and marks the attributes.
func (s *splitter) mark() error {
	s.fields, s.leftOut = s.fields[:0], ""
	begin := s.at - 1
	m := marker{depth: 1}
	for done := 1; ; {
		done = m.scan(s.buf[begin:s.end], done, &s.fields)
		if m.depth == 0 {
			s.raw, s.at, s.irregular = s.buf[begin:begin+done], begin+done, m.irregular
			if s.read += done; s.read > mostRead {
				s.leftOut = fmt.Sprintf("it stands after the first %d MiB of an answer", mostRead>>20)
			}
			return nil
		}
		if s.end-begin > longestAd {
			return s.skip(m, begin)
		}
		s.at = s.end
		if err := s.more(begin); err != nil {
			return endsEarly(err)
		}
		begin = 0
	}
}

// skip goes to the end of an object that is too long, and keeps only its begin.
func (s *splitter) skip(m marker, begin int) error {
	s.leftOut = fmt.Sprintf("its ad is longer than %d MiB", longestAd>>20)
	s.raw = append(make([]byte, 0, windowSize), s.buf[begin:min(s.end, begin+windowSize)]...)
	for i, f := range s.fields {
		if f.valueEnd > len(s.raw) {
			s.fields = s.fields[:i]
			break
		}
	}
	backslash := m.quoted && escaped(s.buf[begin:s.end])
	for s.at = s.end; m.depth > 0; s.at++ {
		if s.at == s.end {
			if err := s.more(s.at); err != nil {
				return endsEarly(err)
			}
		}
		switch c := s.buf[s.at]; {
		case backslash:
			backslash = false
		case m.quoted:
			m.quoted, backslash = c != '"', c == '\\'
		default:
			m.inner(c)
		}
	}
	return nil
}

// label returns which job or which slot the object is, for people, or what of it can be
// read; "" if that is nothing.
func (s *splitter) label() string {
	found := map[string]string{}
	for _, f := range s.fields {
		found[string(s.name(f))] = strings.Trim(string(s.value(f)), `"`)
	}
	jobs, _, _ := strings.Cut(found["JobIds"], " ")
	id := ""
	if found["ClusterId"] != "" {
		id = found["ClusterId"] + "." + found["ProcId"]
	}
	return text.Line(cmp.Or(jobs, id, found["Name"], found["Machine"]), longestLabel)
}

const longestLabel = 100 // characters

// marker goes through an object and marks its attributes.
type marker struct {
	depth     int
	quoted    bool
	named     bool // an attribute's name was read
	valued    bool // in an attribute's value
	irregular bool // something stands where it should not
	f         field
}

// scan continues at i and returns where it stopped: behind the object, or at the end
// of the part that has been read.
func (m *marker) scan(raw []byte, i int, fields *[]field) int {
	for i < len(raw) {
		if m.quoted {
			n := bytes.IndexByte(raw[i:], '"')
			if n < 0 {
				return len(raw)
			}
			i += n + 1
			if !escaped(raw[:i-1]) {
				m.unquote(i - 1)
			}
			continue
		}
		c := raw[i]
		i++
		if isSpace(c) {
			continue
		}
		if m.depth == 1 {
			m.one(c, i-1, fields)
		} else {
			m.inner(c)
		}
		if m.depth == 0 {
			return i
		}
	}
	return i
}

// escaped reports whether a backslash escapes the character after the text.
func escaped(before []byte) bool {
	n := 0
	for i := len(before) - 1; i >= 0 && before[i] == '\\'; i-- {
		n++
	}
	return n%2 == 1
}

func (m *marker) unquote(at int) {
	m.quoted = false
	if m.depth == 1 && !m.valued {
		m.f.nameEnd, m.named = at, true
	}
}

// one takes a character of the object itself that is outside of quotes.
func (m *marker) one(c byte, at int, fields *[]field) {
	end := func() {
		m.f.valueEnd = at
		*fields = append(*fields, m.f)
		m.named, m.valued = false, false
	}
	switch {
	case c == '"':
		m.quoted = true
		if !m.valued {
			m.irregular = m.irregular || m.named
			m.f.name = at + 1
		}
	case c == '}':
		if m.depth = 0; m.valued {
			end()
		} else {
			m.irregular = m.irregular || m.named || len(*fields) > 0 // {"A"}, {"A":1,}
		}
	case m.valued && c == ',':
		end()
	case m.valued:
		if c == '{' || c == '[' {
			m.depth++
		}
	case c == ':' && m.named:
		m.valued, m.f.value = true, at+1
	default:
		m.irregular = true
	}
}

// inner takes a character inside of a list or an object that is outside of quotes.
func (m *marker) inner(c byte) {
	switch c {
	case '"':
		m.quoted = true
	case '{', '[':
		m.depth++
	case '}', ']':
		m.depth--
	}
}

func endsEarly(err error) error {
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("read its JSON: it ends too early: %w", io.ErrUnexpectedEOF)
	}
	return fmt.Errorf("read its output: %w", err)
}
