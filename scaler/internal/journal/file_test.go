package journal_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/decide"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/fleet"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/journal"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/reason"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/record"
)

func TestAFileIsReadFromItsEnd(t *testing.T) {
	var out bytes.Buffer
	w := &record.JSONLines{W: &out}
	for i := range 3 {
		if err := w.Record(at(10*i, note("group cpu", "CPUs 64 > 2"))); err != nil {
			t.Fatal(err)
		}
	}
	one := out.Len() / 3
	big := strings.Repeat(strings.Repeat(" ", 1023)+"\n", 64<<10) // 64 MiB of nothing
	for name, tt := range map[string]struct {
		content string
		want    int
	}{
		"whole":              {out.String(), 3},
		"the last cut short": {out.String()[:out.Len()-5], 2},
		"a strange line":     {"panic: no\n" + out.String(), 3},
		"more than is read":  {out.String() + big[:64<<20-one-10] + out.String()[2*one:], 1},
		"empty":              {"", 0},
	} {
		path := filepath.Join(t.TempDir(), "decisions.jsonl")
		if err := os.WriteFile(path, []byte(tt.content), 0o600); err != nil {
			t.Fatal(err)
		}
		records, err := journal.Read(path)
		if err != nil || len(records) != tt.want {
			t.Errorf("%s: %d records, want %d; %v", name, len(records), tt.want, err)
		}
		if len(records) > 0 && records[0].Notes[0].Reason.String() != "CPUs 64 > 2" {
			t.Errorf("%s: %+v", name, records[0])
		}
	}
	if _, err := journal.Read(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("no error for a file that is not there")
	}
}

// write keeps records in a file, as the running scaler does.
func write(t *testing.T, records func(yield func(record.Record) bool)) (path string, size int64) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "decisions.jsonl")
	f, err := journal.Open(path, false)
	if err != nil {
		t.Fatal(err)
	}
	var last time.Time
	for r := range records {
		last = r.Time
		if err := f.Record(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(path, last, last); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return path, info.Size()
}

// parts are the times of a round in which nothing is done.
func parts() record.PartSeconds {
	return record.PartSeconds{
		record.PartCluster: 0.172, record.PartQueue: 0.221, record.PartProject: 0.01, record.PartDecide: 0.006,
		record.PartLease: 0.001, record.PartRecord: 0.002, record.PartOther: 0.001,
	}
}

// idlers returns a round of a cluster whose workers stay idle. Each has a note, whose
// numbers change in each round.
func idlers(round, workers int) record.Record {
	r := at(10*round, decide.Decision{})
	r.Generation, r.Running, r.Seconds, r.PartSeconds = 127, 4, 0.412, parts()
	r.Workers = map[fleet.Phase]int{fleet.Idle: workers, fleet.Busy: 1}
	for i := range workers {
		r.Notes = append(r.Notes, decide.Note{
			About: fmt.Sprintf("astro-cpu-%d", i+1), Reason: reason.New(reason.IdleAtMin, reason.Span("idle", time.Duration(10*round)*time.Second), reason.Count("min", 100)),
		})
	}
	return r
}

// After a restart, the page's chart of a day is complete, also if a hundred workers have
// a note in each round.
func TestADayOfAHundredIdleWorkersIsReadWhole(t *testing.T) {
	const rounds, workers = 24*360 + 1, 100
	path, size := write(t, func(yield func(record.Record) bool) {
		for i := range rounds {
			if !yield(idlers(i, workers)) {
				return
			}
		}
	})
	whole := int64(len(fmt.Sprint(idlers(rounds, workers).Notes))) * rounds
	t.Logf("%d rounds with %d notes each take %.1f MiB, %d bytes a round; all notes alone would take %.0f MiB", rounds, workers, float64(size)/(1<<20), size/rounds, float64(whole)/(1<<20))
	if size > 8<<20 {
		t.Errorf("the file has %d bytes", size)
	}
	read, events := 0, journal.New(0)
	err := journal.Each(path, journal.Day, func(r record.Record) {
		if read++; len(r.Notes) != workers {
			t.Fatalf("the record of %s has %d notes", r.Time, len(r.Notes))
		}
		events.Add(r)
	})
	if err != nil || read != rounds {
		t.Errorf("%d of %d records were read: %v", read, rounds, err)
	}
	if got := events.Events(); len(got) != workers || got[0].To.Sub(got[0].From) != 24*time.Hour {
		t.Errorf("%d events, the first %+v", len(got), got[0])
	}
}

// Notes are read as they were written, except for the numbers of notes that still hold.
func TestNotesAreReadBack(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var written []record.Record
	for i := range 500 {
		var d decide.Decision
		for worker := range 20 {
			for kind := range random.IntN(3) {
				d.Notes = append(d.Notes, decide.Note{About: fmt.Sprintf("astro-cpu-%d", worker), Reason: reason.New([]reason.Code{reason.IdleAtMin, reason.IdleSpare}[kind], reason.Count("min", i))})
			}
		}
		if i%20 > 3 && len(written) > 0 { // most rounds bring nothing new
			d = written[len(written)-1].Decision
		}
		r := at(10*i, d)
		if i%37 == 5 {
			r.Decision, r.Error = decide.Decision{}, "no answer"
		}
		written = append(written, r)
	}
	path, _ := write(t, slices.Values(written))
	read, err := journal.Read(path)
	if err != nil || len(read) != len(written) {
		t.Fatalf("%d records of %d: %v", len(read), len(written), err)
	}
	for i := range written {
		if got, want := matters(read[i]), matters(written[i]); !slices.Equal(got, want) {
			t.Fatalf("record %d: notes %q, want %q", i, got, want)
		}
	}
}

func matters(r record.Record) []string {
	var out []string
	for _, n := range r.Notes {
		out = append(out, n.About+": "+n.Reason.Key())
	}
	slices.Sort(out)
	return out
}

// The first line of a file does not refer to the file before.
func TestANewFileBeginsWithAllNotes(t *testing.T) {
	dir := t.TempDir()
	f, err := journal.Open(filepath.Join(dir, "old"), false)
	if err != nil {
		t.Fatal(err)
	}
	for i, name := range []string{"", "new"} {
		if name != "" {
			if err := f.Reopen(filepath.Join(dir, name), false); err != nil {
				t.Fatal(err)
			}
		}
		if err := f.Record(idlers(i, 3)); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if records, err := journal.Read(filepath.Join(dir, "new")); err != nil || len(records) != 1 || len(records[0].Notes) != 3 {
		t.Errorf("%+v, %v", records, err)
	}
}
