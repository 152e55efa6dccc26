package htcondor

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// decode reads the JSON array of ads that the tools print, one ad at a time.
// Nothing but white space is an empty list.
func decode(r io.Reader, each func(ad) error) error {
	in, err := array(r)
	if in == nil || err != nil {
		return err
	}
	if err := in.UnreadByte(); err != nil {
		return fmt.Errorf("read its output: %w", err)
	}
	d := json.NewDecoder(in)
	if _, err := d.Token(); err != nil {
		return fmt.Errorf("read its JSON: %w", err)
	}
	seen := map[string]*expression{} // a queue's ads have few different ones
	for d.More() {
		var raw map[string]any
		if err := d.Decode(&raw); err != nil {
			return fmt.Errorf("read its JSON: %w", err)
		}
		a := make(ad, len(raw))
		for k, v := range raw {
			a[strings.ToLower(k)] = expressed(v, seen)
		}
		if err := each(a); err != nil {
			return err
		}
	}
	if _, err := d.Token(); err != nil {
		return fmt.Errorf("read its JSON: it ends too early: %w", err)
	}
	return nil
}

// array reads up to the bracket that opens an array. Where there is nothing, the
// reader is nil.
func array(r io.Reader) (*bufio.Reader, error) {
	in := bufio.NewReaderSize(r, 64<<10)
	for {
		c, err := in.ReadByte()
		switch {
		case errors.Is(err, io.EOF):
			return nil, nil
		case err != nil:
			return nil, fmt.Errorf("read its output: %w", err)
		case strings.IndexByte(" \t\r\n", c) >= 0:
		case c == '[':
			return in, nil
		default:
			line, _ := in.ReadString('\n') // what there is, is enough for the message
			line = string(c) + line
			return nil, fmt.Errorf("its output is not JSON: %q", strings.TrimSpace(line[:min(len(line), 200)]))
		}
	}
}

// expressed returns an attribute's value; an expression is printed as text,
// "/Expr(…)/".
func expressed(v any, seen map[string]*expression) any {
	s, _ := v.(string)
	text, ok := strings.CutPrefix(s, "/Expr(")
	if !ok {
		return v
	}
	text = strings.TrimSuffix(text, ")/")
	e := seen[text]
	if e == nil {
		e = compile(text)
		seen[text] = e
	}
	return e
}
