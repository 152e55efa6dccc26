package journal

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/record"
)

// Limits of what is read of the end of a file of decisions: the records of the last
// day, and no less than leastTail and no more than mostTail bytes.
const (
	span      = 24 * time.Hour // of the longest chart
	leastTail = 4 << 20
	mostTail  = 64 << 20
)

// Read returns the latest records of a file of decisions, the oldest first. It skips
// a line that is not a record, such as one that a crash cut short.
func Read(path string) ([]record.Record, error) {
	var records []record.Record
	err := Each(path, func(r record.Record) { records = append(records, r) })
	return records, err
}

// Each calls a function with the records that Read returns, one after another,
// without keeping them in memory.
func Each(path string, do func(record.Record)) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("read the file of decisions: %w", err)
	}
	if err = errors.Join(each(f, do), f.Close()); err != nil {
		return fmt.Errorf("read the file of decisions: %w", err)
	}
	return nil
}

func each(f *os.File, do func(record.Record)) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	lines, err := tailOf(f, info.Size(), info.ModTime().Add(-span))
	if err != nil {
		return err
	}
	var notes notes
	for {
		raw, err := lines.ReadBytes('\n')
		var l line
		if len(raw) > 0 && json.Unmarshal(raw, &l) == nil && !l.Time.IsZero() {
			do(notes.expand(l))
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
	}
}

// tailOf returns a reader of the end of a file. It begins at the start of a line that
// is older than since, as far as mostTail allows.
func tailOf(f *os.File, size int64, since time.Time) (*bufio.Reader, error) {
	for n := int64(leastTail); ; n = min(2*n, mostTail) {
		from := max(0, size-n)
		if _, err := f.Seek(from, io.SeekStart); err != nil {
			return nil, err
		}
		r := bufio.NewReaderSize(io.LimitReader(f, n), 64<<10)
		if from == 0 {
			return r, nil
		}
		if _, err := r.ReadBytes('\n'); err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		if begun, ok := timeOf(r); n == mostTail || ok && begun.Before(since) {
			return r, nil
		}
	}
}

// timeOf returns the time in the next line without consuming the line.
func timeOf(r *bufio.Reader) (time.Time, bool) {
	const most = 64
	head, _ := r.Peek(most) // no record is shorter
	text, ok := bytes.CutPrefix(head, []byte(`{"time":"`))
	text, _, whole := bytes.Cut(text, []byte(`"`))
	t, err := time.Parse(time.RFC3339Nano, string(text))
	return t, ok && whole && err == nil
}

// Rounds calls a function with each record of a file of decisions that has an input.
// It reads the whole file and fails at a line that it cannot decode, and where the
// function fails.
func Rounds(path string, do func(record.Record) error) error {
	raw, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("read recorded rounds: %w", err)
	}
	n := 0
	for text := range bytes.Lines(raw) {
		n++
		var l wholeLine
		err := json.Unmarshal(text, &l)
		if err == nil && l.Input != nil {
			l.Record.Input = l.Input
			err = do(l.Record)
		}
		if err != nil {
			return fmt.Errorf("%s, line %d: %w", path, n, err)
		}
	}
	return nil
}

// File is an open file of decisions. It implements loop.Recorder. Without a path it
// discards records. It is safe for concurrent use.
type File struct {
	mu    sync.Mutex
	f     *os.File
	facts bool
	notes notes // of the latest line that was written
}

// Open opens the file of that path to append records. With facts, each line also has
// its round's input, so that the round can be decided again.
func Open(path string, facts bool) (*File, error) {
	f := &File{}
	return f, f.Reopen(path, facts)
}

// Reopen continues in the file of that path, which is created if it does not exist,
// as after a rotation. If that fails, the old file stays in use.
func (d *File) Reopen(path string, facts bool) error {
	var opened *os.File
	if path != "" {
		var err error
		if opened, err = os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600); err != nil {
			return fmt.Errorf("open the file of decisions: %w", err)
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	old := d.f
	d.f, d.facts, d.notes = opened, facts, notes{}
	if old == nil {
		return nil
	}
	if err := old.Close(); err != nil {
		return fmt.Errorf("close the file of decisions: %w", err)
	}
	return nil
}

// Record appends a record. It implements loop.Recorder.
func (d *File) Record(r record.Record) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.f == nil {
		return nil
	}
	var err error
	if d.facts {
		err = record.WriteLine(d.f, wholeLine{Record: r, Input: r.Input})
	} else {
		err = record.WriteLine(d.f, d.notes.shorten(r))
	}
	if d.facts || err != nil {
		d.notes = notes{} // the next line does not refer to this one
	}
	return err
}

// Close closes the file. Records after that are discarded.
func (d *File) Close() error { return d.Reopen("", false) }
