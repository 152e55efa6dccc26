package journal_test

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/decide"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/fleet"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/journal"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/reason"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/record"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/usage"
)

// busyRound returns a round of a cluster that works: jobs come and go, and some rounds
// add workers or ask some to leave.
func busyRound(i int, step time.Duration) record.Record {
	var d decide.Decision
	if i%97 == 0 {
		d.Add = []decide.Add{{Group: "cpu", Count: 2, Reason: reason.New(reason.FewerThanMin, reason.Count("min", i))}}
	}
	if i%101 == 0 {
		d.Drain = []decide.Step{{Worker: fmt.Sprintf("astro-cpu-%d", i%40), Group: "cpu", Reason: reason.Said("idle")}}
	}
	for w := range 12 {
		d.Notes = append(d.Notes, decide.Note{About: fmt.Sprintf("astro-cpu-%d", w), Reason: reason.New(reason.IdleAtMin, reason.Count("min", i))})
	}
	r := at(0, d)
	r.Time = r.Time.Add(time.Duration(i) * step)
	r.Generation, r.Seconds, r.PartSeconds = 127, 0.412, parts()
	r.Waiting, r.Running = (i*7)%50, i%200
	r.Workers = map[fleet.Phase]int{fleet.Busy: 10 + i%9, fleet.Idle: i % 5, fleet.Booting: i % 3}
	r.Groups = map[string]record.Group{
		"cpu": {Workers: map[fleet.Phase]int{fleet.Busy: 10 + i%9, fleet.Idle: i % 5}, Scaled: true, Min: 1, Max: 40},
		"gpu": {Workers: map[fleet.Phase]int{fleet.Booting: i % 3}, Scaled: true, Max: 8},
	}
	return r
}

// What a file of decisions holds, by its records.
type held struct {
	records, thinned, added int
	first, last             time.Time
	hours                   map[string]float64
}

func holds(t *testing.T, path string) held {
	t.Helper()
	h := held{hours: map[string]float64{}}
	var m usage.Meter
	err := journal.Each(path, journal.Month, func(r record.Record) {
		if h.records++; h.first.IsZero() {
			h.first = r.Time
		}
		h.last = r.Time
		if r.Thinned {
			h.thinned++
		}
		for _, a := range r.Add {
			h.added += a.Count
		}
		for group, seconds := range m.Add(r) {
			h.hours[group] += seconds / 3600
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// Of five weeks, a month is kept in a file that would hold a fortnight of whole rounds:
// all worker-hours, what was done, and the last rounds whole.
func TestAMonthFits(t *testing.T) {
	if testing.Short() {
		t.Skip("tens of thousands of rounds, without anything that runs beside")
	}
	const limit, step, rounds = 6 << 20, 100 * time.Second, 35 * 864
	path := filepath.Join(t.TempDir(), "decisions.jsonl")
	f, err := journal.OpenLimited(path, limit)
	if err != nil {
		t.Fatal(err)
	}
	most := int64(0)
	for i := range rounds {
		if err := f.Record(busyRound(i, step)); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		most = max(most, info.Size())
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	h := holds(t, path)
	t.Logf("%d rounds: %d records, %d of them thinned, at most %d bytes, from %s to %s", rounds, h.records, h.thinned, most, h.first, h.last)
	if most > limit+4096 {
		t.Errorf("the file had %d bytes, and is thinned from %d on", most, limit)
	}
	if span := h.last.Sub(h.first); span < 29*journal.Day || h.thinned < 3000 {
		t.Errorf("the file reaches back %s, with %d thinned records", span, h.thinned)
	}
	want := held{hours: map[string]float64{}}
	var m usage.Meter
	for i := range rounds {
		r := busyRound(i, step)
		if r.Time.Before(h.first) {
			continue
		}
		for group, seconds := range m.Add(r) {
			want.hours[group] += seconds / 3600
		}
		for _, a := range r.Add {
			want.added += a.Count
		}
	}
	for group, hours := range want.hours {
		if got := h.hours[group]; math.Abs(got-hours) > 0.1 {
			t.Errorf("group %s: %.1f hours, want %.1f", group, got, hours)
		}
	}
	if h.added != want.added {
		t.Errorf("%d workers were added by the file, want %d", h.added, want.added)
	}
	records, err := journal.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	last := records[len(records)-1]
	if len(last.Notes) != 12 || last.Thinned {
		t.Errorf("the last record: %+v", last)
	}
}

// Thinning what is thinned changes no sum.
func TestWorkerHoursStayWhenAFileIsThinnedAgain(t *testing.T) {
	const step, rounds = 2 * time.Minute, 3 * 24 * 30
	var sums []map[string]float64
	for _, limit := range []int64{1 << 30, 300 << 10} {
		path := filepath.Join(t.TempDir(), "decisions.jsonl")
		f, err := journal.OpenLimited(path, limit)
		if err != nil {
			t.Fatal(err)
		}
		for i := range rounds {
			if err := f.Record(busyRound(i, step)); err != nil {
				t.Fatal(err)
			}
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		h := holds(t, path)
		if thinned := h.thinned > 0; thinned != (limit < 1<<30) {
			t.Errorf("limit %d: %d thinned records", limit, h.thinned)
		}
		sums = append(sums, h.hours)
	}
	for group, want := range sums[0] {
		if got := sums[1][group]; math.Abs(got-want) > 0.01 {
			t.Errorf("group %s: %.3f hours of %.3f", group, got, want)
		}
	}
}

// Two processes append to a file while each of them thins it: no latest line is lost.
func TestTwoProcessesKeepOneFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "decisions.jsonl")
	const each = 600
	var done sync.WaitGroup
	for n := range 2 {
		done.Go(func() {
			f, err := journal.OpenLimited(path, 100<<10)
			if err != nil {
				t.Error(err)
				return
			}
			for i := range each {
				r := busyRound(i, time.Second)
				r.Generation = int64(n)
				if err := f.Record(r); err != nil {
					t.Error(err)
				}
			}
			if err := f.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	done.Wait()
	last := map[int64]time.Time{}
	if err := journal.Each(path, journal.Month, func(r record.Record) { last[r.Generation] = r.Time }); err != nil {
		t.Fatal(err)
	}
	want := busyRound(each-1, time.Second).Time
	if !last[0].Equal(want) || !last[1].Equal(want) {
		t.Errorf("the last rounds are %v, want %s of both", last, want)
	}
}

// A rotated file is opened anew without a signal; a directory that cannot be written
// costs the thinning, and no record.
func TestAFileThatMoves(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "decisions.jsonl")
	f, err := journal.Open(path, false)
	if err != nil {
		t.Fatal(err)
	}
	for i, name := range []string{"decisions.jsonl.1", ""} {
		if err := f.Record(busyRound(i, time.Minute)); err != nil {
			t.Fatal(err)
		}
		if name != "" {
			if err := os.Rename(path, filepath.Join(dir, name)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"decisions.jsonl.1", "decisions.jsonl"} {
		if h := holds(t, filepath.Join(dir, name)); h.records != 1 {
			t.Errorf("%s: %d records", name, h.records)
		}
	}
}

func TestAPipeIsWrittenTo(t *testing.T) {
	f, err := journal.Open(os.DevNull, false)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Record(busyRound(0, time.Minute)); err != nil {
		t.Error(err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
}

// A file that cannot be thinned keeps growing, and each record is kept.
func TestAFileThatCannotBeThinned(t *testing.T) {
	path := filepath.Join(t.TempDir(), "decisions.jsonl")
	if err := os.Mkdir(path+".thinned", 0o700); err != nil { // in the way
		t.Fatal(err)
	}
	f, err := journal.OpenLimited(path, 40<<10)
	if err != nil {
		t.Fatal(err)
	}
	failures := 0
	for i := range 300 {
		if f.Record(busyRound(i, time.Minute)) != nil {
			failures++
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if h := holds(t, path); h.records != 300 || failures == 0 || failures > 30 {
		t.Errorf("%d of 300 records, %d failures", h.records, failures)
	}
}

// On a file system without locks no round waits for one.
func TestWithoutLocks(t *testing.T) {
	journal.Flock(t, func(int, int) error { return syscall.ENOLCK })
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "decisions.jsonl")
		f, err := journal.Open(path, false)
		if err != nil {
			t.Fatal(err)
		}
		begun := time.Now()
		for i := range 3 {
			if err := f.Record(busyRound(i, time.Minute)); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(begun); took > 0 {
			t.Errorf("three records took %s", took)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		if h := holds(t, path); h.records != 3 {
			t.Errorf("%d records", h.records)
		}
	})
}

// A thinned file has the permissions of the file before it.
func TestThinningKeepsPermissions(t *testing.T) {
	path := filepath.Join(t.TempDir(), "decisions.jsonl")
	f, err := journal.OpenLimited(path, 64<<10)
	if err != nil {
		t.Fatal(err)
	}
	const mode = 0o666 // more than a usual umask leaves
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
	for i := range 300 {
		if err := f.Record(busyRound(i, time.Minute)); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if h := holds(t, path); info.Mode().Perm() != mode || h.thinned == 0 {
		t.Errorf("mode %s, %d thinned records", info.Mode(), h.thinned)
	}
}
