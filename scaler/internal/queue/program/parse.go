package program

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/text"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue/schema"
)

// Bounds of what a program prints.
const (
	mostBytes   = 64 << 20
	mostOfEntry = 1 << 20 // bytes of one job group or worker
	mostOfField = 8 << 20 // bytes of a field that is no list of these
	mostEntries = 100_000 // of one list
	mostLeftOut = 1_000   // job groups that are not understood
)

// parse reads what a program printed: one object, and nothing behind it. Entries of lists
// are read one by one, so that the whole is never in memory as text.
func parse(out io.Reader, s *queue.Snapshot) error { return parseUpTo(mostBytes, out, s) }

// parseUpTo is parse with a bound in bytes.
func parseUpTo(most int64, out io.Reader, s *queue.Snapshot) error {
	limited := &io.LimitedReader{R: out, N: most + 1}
	err := (&parser{json: json.NewDecoder(&spaceless{from: limited}), to: s}).parse()
	if limited.N <= 0 {
		return fmt.Errorf("it printed more than %d MiB", most>>20)
	}
	return err
}

// parser reads one snapshot.
type parser struct {
	json *json.Decoder
	to   *queue.Snapshot

	groups  groups
	workers workers
}

func (p *parser) parse() error {
	if token, err := p.json.Token(); err != nil || token != json.Delim('{') {
		return notJSON(err)
	}
	seen := map[string]bool{}
	for p.json.More() {
		name, err := p.name()
		if err != nil {
			return err
		}
		if !schema.IsField(name) {
			return &schema.PathError{Path: text.Line(name, 100), Why: "there is no such field"}
		}
		if seen[name] {
			return &schema.PathError{Path: name, Why: "the name occurs twice in an object"}
		}
		seen[name] = true
		if err := p.field(name); err != nil {
			return err
		}
	}
	if _, err := p.json.Token(); err != nil {
		return notJSON(err)
	}
	for _, name := range []string{"version", "jobs", "workers"} {
		if !seen[name] {
			return &schema.PathError{Path: name, Why: "the field is missing"}
		}
	}
	if _, err := p.json.Token(); !errors.Is(err, io.EOF) {
		return errors.New("there is text after the object")
	}
	return p.finish()
}

// name reads the name of a field.
func (p *parser) name() (string, error) {
	token, err := p.json.Token()
	name, is := token.(string)
	if err != nil || !is {
		return "", notJSON(err)
	}
	return name, nil
}

// notJSON returns the error of text that is not one JSON object.
func notJSON(err error) error {
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("it did not print a whole JSON object")
	case err != nil:
		return fmt.Errorf("it did not print a JSON object: %s", text.Line(err.Error(), 200))
	}
	return errors.New("it did not print a JSON object")
}

// field reads the value of a field.
func (p *parser) field(name string) error {
	switch name {
	case "jobs":
		return p.list(name, p.groups.add)
	case "workers":
		return p.list(name, p.workers.add)
	}
	raw, err := p.value(mostOfField)
	if err != nil {
		return within(name, err)
	}
	if err := schema.Check(schema.Field(name), raw); err != nil {
		return err.Under(name)
	}
	return p.take(name, raw)
}

// take notes the value of a field that is no list of jobs or workers.
func (p *parser) take(name string, raw json.RawMessage) error {
	var err error
	switch name {
	case "traits":
		return p.traits(raw)
	case "jobs_at":
		err = json.Unmarshal(raw, &p.to.JobsAt)
	case "workers_at":
		err = json.Unmarshal(raw, &p.to.WorkersAt)
	case "pool_since":
		err = json.Unmarshal(raw, &p.to.PoolSince)
		p.to.PoolSince = p.to.PoolSince.UTC()
	case "partial":
		err = json.Unmarshal(raw, &p.to.Partial)
	case "left_out":
		err = json.Unmarshal(raw, &p.to.LeftOut)
	case "skipped":
		err = json.Unmarshal(raw, &p.to.Skipped)
	case "running":
		err = json.Unmarshal(raw, &p.to.Running)
	case "on_node":
		err = json.Unmarshal(raw, &p.to.OnNode)
	case "claims":
		err = json.Unmarshal(raw, &p.to.Claims)
	}
	if err != nil {
		return &schema.PathError{Path: name, Why: text.Line(err.Error(), 200)}
	}
	return nil
}

// traits takes what the program says of its batch system.
func (p *parser) traits(raw json.RawMessage) error {
	t := &p.to.Traits
	if err := json.Unmarshal(raw, t); err != nil {
		return &schema.PathError{Path: "traits", Why: text.Line(err.Error(), 200)}
	}
	if t.System != Name {
		return &schema.PathError{Path: "traits.system", Why: fmt.Sprintf("%q is another adapter; leave it out", text.Line(t.System, 100))}
	}
	if _, err := regexp.Compile("^(?:" + t.JobIDPattern + ")$"); err != nil {
		return &schema.PathError{Path: "traits.job_id_pattern", Why: text.Line(err.Error(), 200)}
	}
	return nil
}

// list reads a list and hands its entries on one by one, each with its path.
func (p *parser) list(name string, add func(path string, raw json.RawMessage) error) error {
	if token, err := p.json.Token(); err != nil || token != json.Delim('[') {
		if err != nil {
			return within(name, notJSON(err))
		}
		return &schema.PathError{Path: name, Why: "it is no list"}
	}
	for n := 0; p.json.More(); n++ {
		path := fmt.Sprintf("%s[%d]", name, n)
		if n == mostEntries {
			return &schema.PathError{Path: name, Why: fmt.Sprintf("there are more than %d entries", mostEntries)}
		}
		raw, err := p.value(mostOfEntry)
		if err != nil {
			return within(path, err)
		}
		if err := add(path, raw); err != nil {
			return err
		}
	}
	if _, err := p.json.Token(); err != nil {
		return within(name, notJSON(err))
	}
	return nil
}

// value reads one value as text of at most that many bytes.
func (p *parser) value(most int) (json.RawMessage, error) {
	var raw json.RawMessage
	if err := p.json.Decode(&raw); err != nil {
		return nil, notJSON(err)
	}
	if len(raw) > most {
		return nil, fmt.Errorf("it is longer than %d bytes", most)
	}
	return raw, nil
}

func within(path string, err error) error { return fmt.Errorf("%s: %w", path, err) }

// finish moves what the lists held into the snapshot.
func (p *parser) finish() error {
	var left []string
	p.to.Jobs, left = p.groups.all()
	p.to.LeftOut = append(p.to.LeftOut, left...)
	workers, doubted, left := p.workers.all()
	if len(doubted) > queue.MostClaims {
		return fmt.Errorf("%d workers are not understood, the first is %s", len(doubted), left[0])
	}
	p.to.Workers = workers
	p.to.LeftOut = append(p.to.LeftOut, left...)
	var claims []queue.Claim
	for _, name := range doubted {
		claims = append(claims, queue.Claim{Node: name, By: name})
	}
	p.to.Claims = append(claims, p.to.Claims...) // of many the first count
	return nil
}
