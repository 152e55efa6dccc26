package journal

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/loop"
)

// tail is how much of a file's end is read: some thousands of records.
const tail = 4 << 20

// Read returns the latest records of a file of decisions, the oldest first. A
// line that is no record, as the one that a crash cut short, is passed over.
func Read(path string) ([]loop.Record, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read the file of decisions: %w", err)
	}
	raw, err := lastBytes(f, tail)
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, fmt.Errorf("read the file of decisions: %w", err)
	}
	var records []loop.Record
	for line := range bytes.Lines(raw) {
		var r loop.Record
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
