package journal

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/record"
)

// tail is how much of a file's end is read: some thousands of records.
const tail = 4 << 20

// Read returns the latest records of a file of decisions, the oldest first. A
// line that is no record, as the one that a crash cut short, is passed over.
func Read(path string) ([]record.Record, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read the file of decisions: %w", err)
	}
	raw, err := lastBytes(f, tail)
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, fmt.Errorf("read the file of decisions: %w", err)
	}
	var records []record.Record
	for line := range bytes.Lines(raw) {
		var r record.Record
		if json.Unmarshal(line, &r) == nil && !r.Time.IsZero() {
			records = append(records, r)
		}
	}
	return records, nil
}

// lastBytes returns a file's end, from the begin of a line.
func lastBytes(f *os.File, n int64) ([]byte, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	from := max(0, info.Size()-n)
	if _, err := f.Seek(from, io.SeekStart); err != nil {
		return nil, err
	}
	raw, err := io.ReadAll(io.LimitReader(f, n))
	if err != nil {
		return nil, err
	}
	if from > 0 {
		_, raw, _ = bytes.Cut(raw, []byte("\n"))
	}
	return raw, nil
}

// File is the file of decisions. It implements loop.Recorder; without a path it
// keeps nothing.
type File struct {
	mu sync.Mutex
	f  *os.File
}

// Open opens the file of that path for adding to it.
func Open(path string) (*File, error) {
	f := &File{}
	return f, f.Reopen(path)
}

// Reopen goes on in the file of that path: another one, or a new one where the
// old one was moved away. Where that fails, the old one stays in use.
func (d *File) Reopen(path string) error {
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
	d.f = opened
	if old == nil {
		return nil
	}
	if err := old.Close(); err != nil {
		return fmt.Errorf("close the file of decisions: %w", err)
	}
	return nil
}

// Record implements loop.Recorder.
func (d *File) Record(r record.Record) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.f == nil {
		return nil
	}
	return (&record.JSONLines{W: d.f}).Record(r)
}

// Close ends the keeping of records.
func (d *File) Close() error { return d.Reopen("") }
