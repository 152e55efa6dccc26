package journal

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/record"
)

// Limits of what is read of the end of a file of decisions: the records of a span of
// time, and no less than leastTail and no more than mostTail bytes.
const (
	Day       = 24 * time.Hour
	Month     = 31 * Day // the longest chart, and a day more
	leastTail = 4 << 20
	mostTail  = 64 << 20
)

// Read returns the records of the last day of a file of decisions, the oldest first. It skips
// a line that is not a record, such as one that a crash cut short.
func Read(path string) ([]record.Record, error) {
	var records []record.Record
	err := Each(path, Day, func(r record.Record) { records = append(records, r) })
	return records, err
}

// Each calls a function with the latest records of a file of decisions, the oldest
// first, without keeping them in memory. These are the records of the span of time
// before the file's last change, and maybe older ones.
func Each(path string, span time.Duration, do func(record.Record)) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("read the file of decisions: %w", err)
	}
	if err = errors.Join(each(f, span, do), f.Close()); err != nil {
		return fmt.Errorf("read the file of decisions: %w", err)
	}
	return nil
}

func each(f *os.File, span time.Duration, do func(record.Record)) error {
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
