package status_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/decide"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/fleet"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/reason"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/record"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/recordtest"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/status"
)

var update = flag.Bool("update", false, "write the golden files anew")

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s: got\n%s\nwant\n%s", name, got, want)
	}
}

func decisions(t *testing.T, records []record.Record) string {
	t.Helper()
	var out bytes.Buffer
	for _, r := range records {
		if err := (&record.JSONLines{W: &out}).Record(r); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(t.TempDir(), "decisions.jsonl")
	if err := os.WriteFile(path, out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestTable(t *testing.T) {
	records := recordtest.Records()
	last, err := status.LastOf(decisions(t, records))
	if err != nil {
		t.Fatal(err)
	}
	s := status.Of(records[1])
	s.Time = s.Time.Add(30 * time.Second)
	var out bytes.Buffer
	if err := status.Write(&out, s, last); err != nil {
		t.Fatal(err)
	}
	golden(t, "table.txt", out.Bytes())
}

func TestJSON(t *testing.T) {
	raw, err := json.MarshalIndent(status.Of(recordtest.Records()[1]), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "status.json", append(raw, '\n'))
}

func TestNothingIsKnownOfTheScaler(t *testing.T) {
	if last, err := status.LastOf(decisions(t, nil)); last != nil || err != nil {
		t.Errorf("an empty file: %+v, %v", last, err)
	}
	if _, err := status.LastOf("/nowhere/decisions.jsonl"); err == nil {
		t.Error("a file that is not there: no error")
	}
}

// The status of a scaler that waits, and of a look, names the scaler that acts.
func TestAnotherScalerActs(t *testing.T) {
	r := recordtest.Records()[1]
	r.Holder, r.Standby = "front-k3v9q", "scaler front-k3v9q acts for this cluster, this one waits"
	s := status.Of(r)
	var out bytes.Buffer
	if err := status.Write(&out, s, nil); err != nil || !strings.Contains(out.String(), "\nscaler   front-k3v9q holds the lease\n") {
		t.Errorf("%v:\n%s", err, out.String())
	}
	text, err := json.Marshal(s)
	if err != nil || !strings.Contains(string(text), `"standby":"scaler front-k3v9q acts for this cluster, this one waits","acting":"front-k3v9q"`) {
		t.Errorf("%s: %v", text, err)
	}
}

// clock is a time that tests set.
type clock struct{ now time.Time }

func board() (*status.Board, *clock) {
	c := &clock{recordtest.Noon}
	return status.NewBoard(func() time.Duration { return 10 * time.Second }, func() time.Time { return c.now }), c
}

func TestHealth(t *testing.T) {
	b, c := board()
	records := recordtest.Records()
	check := func(after time.Duration, ok bool, text string) {
		t.Helper()
		c.now = recordtest.Noon.Add(after)
		if h := b.View().Health; h.OK != ok || !strings.Contains(h.Text, text) {
			t.Errorf("after %s: %+v, want %t, %q", after, h, ok, text)
		}
	}
	check(3*time.Minute, true, "no round has ended since the start, 3m ago")
	check(4*time.Minute, false, "longer than 3m20s")
	in := func(part record.Part, begun, since time.Duration) {
		b.Running(record.Progress{Begun: recordtest.Noon.Add(begun), Part: part, Since: recordtest.Noon.Add(since)})
	}
	in(record.PartCluster, 5*time.Minute, 5*time.Minute)
	check(8*time.Minute, true, "a round runs since 3m, in its part cluster")
	check(9*time.Minute, false, "in its part cluster since 4m, longer than 3m")
	c.now = recordtest.Noon.Add(9 * time.Minute)
	b.Decided(at(records[0], 5*time.Minute))
	in(record.PartCreations, 5*time.Minute, 9*time.Minute)
	check(14*time.Minute, true, "a round runs since 9m, in its part creations")
	check(16*time.Minute, false, "in its part creations since 7m, longer than 6m")
	in(record.PartDeletions, 5*time.Minute, time.Hour) // a later action of the same round
	check(time.Hour+time.Minute, true, "a round runs since 56m")
	check(time.Hour+6*time.Minute, false, "a round runs since 1h1m, in its part deletions, longer than 1h")
	in(record.PartMemos, 5*time.Minute, time.Hour)
	check(time.Hour+4*time.Minute, false, "in its part memos since 4m, longer than 3m")
	c.now = recordtest.Noon.Add(3 * time.Hour)
	b.Finished(at(records[0], 3*time.Hour))
	in(record.PartRecord, 5*time.Minute, 3*time.Hour)
	check(3*time.Hour+10*time.Minute, false, "in its part record since 10m") // the disk hangs
	b.Running(record.Progress{})
	check(3*time.Hour+time.Minute, true, "the last round ended 1m ago")
	check(3*time.Hour+10*time.Minute, false, "the last round ended 10m ago")

	c.now = recordtest.Noon.Add(4 * time.Hour)
	b.Finished(record.Record{Time: c.now, Error: "read the queue: no answer"})
	check(4*time.Hour, true, "the last round ended 0s ago") // a restart would not help
	if v := b.View(); v.Health.Error != "read the queue: no answer" || v.Status.Cluster != "astro" || v.Status.Error == "" {
		t.Errorf("health %+v, status of %q", v.Health, v.Status.Cluster)
	}
}

func at(r record.Record, after time.Duration) record.Record {
	r.Time = recordtest.Noon.Add(after)
	return r
}

func TestHistory(t *testing.T) {
	b, _ := board()
	var written []record.Record
	for i := range 3000 { // a night before the restart, one gap
		r := record.Record{Time: recordtest.Noon.Add(time.Duration(i) * 10 * time.Second), Waiting: i % 50, Workers: map[fleet.Phase]int{fleet.Busy: 1}}
		if i%100 == 7 {
			r.Error = "no answer"
		}
		written = append(written, r)
	}
	for _, r := range written {
		b.Replay(r)
	}
	b.Finished(record.Record{Time: recordtest.Noon.Add(30000 * time.Second), Waiting: 1, Decision: decide.Decision{Notes: []decide.Note{{About: "jobs", Reason: reason.Said("x")}}}})
	v := b.View()
	for span, want := range map[string]struct{ points, peak int }{"hour": {360, 38}, "6h": {360, 49}, "day": {126, 23}, "week": {20, 49}, "month": {6, 49}} {
		points := v.History[span]
		if len(points) != want.points || points[0].Waiting != want.peak {
			t.Errorf("%s has %d points, the first %+v; want %d with the peaks of each step", span, len(points), points[0], want.points)
		}
		if last := points[len(points)-1]; !last.Time.Equal(recordtest.Noon.Add(30000*time.Second)) || last.Waiting != 1 {
			t.Errorf("%s ends with %+v, and not with the latest reading", span, last)
		}
	}
	if v.Known {
		t.Error("what was written down is no status")
	}
	if len(v.Events) == 0 {
		t.Error("no events")
	}
}
