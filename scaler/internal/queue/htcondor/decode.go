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
	in := bufio.NewReader(r)
	for {
		c, err := in.ReadByte()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read its output: %w", err)
		}
		if strings.IndexByte(" \t\r\n", c) >= 0 {
			continue
		}
		if err := in.UnreadByte(); err != nil {
			return fmt.Errorf("read its output: %w", err)
		}
		break
	}
	if start, err := in.Peek(1); err == nil && start[0] != '[' {
		line, _ := in.ReadString('\n') // what there is, is enough for the message
		return fmt.Errorf("its output is not JSON: %q", strings.TrimSpace(line[:min(len(line), 200)]))
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
