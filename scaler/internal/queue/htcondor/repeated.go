package htcondor

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// repeated is an ad that comes many times, but for the attributes in own: it is
// read once. A note that was taken of it the first time holds for all.
type repeated struct {
	ad
	note any
}

// own are the attributes in which otherwise equal job ads differ, as they are
// printed, without quotes; nil where there is none. They are valid until the
// next ad is read.
type own struct {
	jobCount, jobIDs, cluster, proc, queued, host []byte
	id                                            []byte // of the schedd's answer; of no use
}

// field returns where an attribute of that name goes, or nil.
func (o *own) field(name []byte) *[]byte {
	switch string(name) {
	case "JobCount":
		return &o.jobCount
	case "JobIds":
		return &o.jobIDs
	case "ClusterId":
		return &o.cluster
	case "ProcId":
		return &o.proc
	case "QDate":
		return &o.queued
	case "RemoteHost":
		return &o.host
	case "Id":
		return &o.id
	}
	return nil
}

// jobs returns how many jobs the ad stands for.
func (o *own) jobs() (int, error) {
	if o.jobCount == nil {
		return 1, nil
	}
	n, err := strconv.Atoi(string(o.jobCount))
	if err != nil || n < 1 {
		return 0, fmt.Errorf("read a group of jobs: its number is %q", o.jobCount)
	}
	return n, nil
}

// first returns the ID of the first of the jobs, which the schedd writes as in
// "6.0 ... 6.2".
func (o *own) first() string {
	if o.jobIDs == nil {
		return string(o.cluster) + "." + string(o.proc)
	}
	first, _, _ := strings.Cut(string(o.jobIDs), " ")
	return first
}

// since returns when they were queued; zero is not known.
func (o *own) since() time.Time {
	n := int64(0)
	for _, c := range o.queued {
		if c < '0' || c > '9' {
			return time.Time{}
		}
		n = 10*n + int64(c-'0')
	}
	if n == 0 {
		return time.Time{}
	}
	return time.Unix(n, 0)
}

// maxRepeated bounds how many different ads are remembered.
const maxRepeated = 5000

// decodeRepeated reads the JSON array of ads that condor_q prints, like decode.
// It costs a tenth where most ads are alike: of one that was seen before, only
// its own attributes are looked at.
func decodeRepeated(r io.Reader, each func(a *repeated, o *own) error) error {
	in, err := array(r)
	if in == nil || err != nil {
		return err
	}
	s := &splitter{in: in}
	seen := map[string]*repeated{}
	expressions := map[string]*expression{}
	var signature []byte
	for first := true; ; first = false {
		more, err := s.next(first)
		if err != nil {
			return err
		}
		if !more {
			return nil
		}
		o := &own{}
		signature = signature[:0]
		for _, f := range s.fields {
			name, value := s.raw[f.name:f.nameEnd], bytes.TrimSpace(s.raw[f.value:f.valueEnd])
			if to := o.field(name); to != nil {
				*to = bytes.Trim(value, `"`)
				continue
			}
			signature = append(append(append(append(signature, name...), ':'), value...), '\n')
		}
		a := seen[string(signature)]
		if a == nil {
			if a, err = s.ad(expressions); err != nil {
				return err
			}
			if len(seen) < maxRepeated {
				seen[string(signature)] = a
			}
		}
		if err := each(a, o); err != nil {
			return err
		}
	}
}

// splitter finds the objects of an array and where in them the attributes are.
type splitter struct {
	in     *bufio.Reader
	raw    []byte // the object
	fields []field
}

// field is where an attribute's name and value are.
type field struct{ name, nameEnd, value, valueEnd int }

// ad reads the object in full. What is not JSON shows here, before it is
// remembered.
func (s *splitter) ad(expressions map[string]*expression) (*repeated, error) {
	var all map[string]any
	if err := json.Unmarshal(s.raw, &all); err != nil {
		return nil, fmt.Errorf("read its JSON: %w", err)
	}
	a := &repeated{ad: make(ad, len(all))}
	for k, v := range all {
		a.ad[strings.ToLower(k)] = expressed(v, expressions)
	}
	return a, nil
}

// next goes to the next object; there is none at the array's end.
func (s *splitter) next(first bool) (bool, error) {
	c, err := s.skip()
	if err == nil && c == ',' && !first {
		c, err = s.skip()
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
	return true, s.object()
}

func (s *splitter) skip() (byte, error) {
	for {
		c, err := s.in.ReadByte()
		if err != nil || strings.IndexByte(" \t\r\n", c) < 0 {
			return c, err
		}
	}
}

// object reads up to the brace that closes the one that was read.
func (s *splitter) object() error {
	s.raw, s.fields = append(s.raw[:0], '{'), s.fields[:0]
	m := marker{depth: 1}
	for {
		if _, err := s.in.Peek(1); err != nil {
			return endsEarly(err)
		}
		window, err := s.in.Peek(s.in.Buffered())
		if err != nil {
			return endsEarly(err)
		}
		n := 0
		for n < len(window) && m.depth > 0 {
			m.mark(window[n], len(s.raw)+n, s)
			n++
		}
		s.raw = append(s.raw, window[:n]...)
		if _, err := s.in.Discard(n); err != nil {
			return endsEarly(err)
		}
		if m.depth == 0 {
			return nil
		}
	}
}

// marker goes through an object byte by byte and marks its attributes.
type marker struct {
	depth   int
	quoted  bool
	escaped bool
	valued  bool // in an attribute's value
	f       field
}

func (m *marker) mark(c byte, at int, s *splitter) {
	switch {
	case m.escaped:
		m.escaped = false
	case m.quoted && c == '\\':
		m.escaped = true
	case c == '"':
		m.quoted = !m.quoted
		if m.depth == 1 && !m.valued {
			if m.quoted {
				m.f.name = at + 1
			} else {
				m.f.nameEnd = at
			}
		}
	case m.quoted:
	case c == ':' && m.depth == 1:
		m.valued, m.f.value = true, at+1
	case c == '{' || c == '[':
		m.depth++
	case c == '}' || c == ']':
		if m.depth--; m.depth == 0 && m.valued {
			m.f.valueEnd = at
			s.fields = append(s.fields, m.f)
		}
	case c == ',' && m.depth == 1:
		m.f.valueEnd = at
		s.fields = append(s.fields, m.f)
		m.valued = false
	}
}

func endsEarly(err error) error {
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("read its JSON: it ends too early: %w", io.ErrUnexpectedEOF)
	}
	return fmt.Errorf("read its output: %w", err)
}
