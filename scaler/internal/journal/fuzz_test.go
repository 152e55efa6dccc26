package journal_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/journal"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/record"
)

// FuzzFile reads a file of decisions with a line that anything may have written, as a
// crash in the middle of a write, or a person. The records around it are read as ever,
// and a history is made of all.
func FuzzFile(f *testing.F) {
	f.Add(`{"time":"2026-11-01T12:00:05Z","notes_as_before":true,"notes_over":["group cpu"]}`)
	f.Add(`{"time":"2026-11-01T12:00:05Z","notes":[{"about":"x","reason":{"code":"at_max","arguments":{"left_out":[{}]}}}]}`)
	f.Add(`{"time":"0000-01-01T00:00:00Z"}`)
	f.Add("{\"time\":\"2026-11-01T1\x00")
	var out bytes.Buffer
	w := &record.JSONLines{W: &out}
	for i := range 2 {
		if err := w.Record(at(10*i, note("group cpu", "CPUs 64 > 2"))); err != nil {
			f.Fatal(err)
		}
	}
	before, after, _ := strings.Cut(out.String(), "\n")
	path := filepath.Join(f.TempDir(), "decisions.jsonl")
	f.Fuzz(func(t *testing.T, line string) {
		if err := os.WriteFile(path, []byte(before+"\n"+line+"\n"+after), 0o600); err != nil {
			t.Fatal(err)
		}
		records, err := journal.Read(path)
		if err != nil || len(records) < 2 {
			t.Fatalf("%d records, %v", len(records), err)
		}
		for _, r := range []record.Record{records[0], records[len(records)-1]} {
			if len(r.Notes) != 1 || r.Notes[0].Reason.String() != "CPUs 64 > 2" {
				t.Errorf("%q: %+v", line, r)
			}
		}
		if events := journal.Of(records); len(events) == 0 {
			t.Errorf("%q: no events", line)
		}
	})
}
