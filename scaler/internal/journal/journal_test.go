package journal_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/decide"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/journal"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/reason"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/record"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/recordtest"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func at(seconds int, d decide.Decision) record.Record {
	return record.Record{Time: noon.Add(time.Duration(seconds) * time.Second), Cluster: "astro", Decision: d}
}

func note(about, words string) decide.Decision {
	return decide.Decision{Notes: []decide.Note{{About: about, Reason: reason.Said(words)}}}
}

func lines(events []journal.Event) string {
	var b strings.Builder
	for _, e := range events {
		fmt.Fprintf(&b, "%d-%d %s %s: %s\n", int(e.From.Sub(noon).Seconds()), int(e.To.Sub(noon).Seconds()), e.What, e.About, e.Reason)
	}
	return b.String()
}

func TestAReasonThatGoesOnIsOneEvent(t *testing.T) {
	add := decide.Decision{Add: []decide.Add{{Group: "cpu", Count: 2, Reason: reason.Said("8 jobs found no place for 1m")}}}
	failed := at(40, decide.Decision{})
	failed.Error = "nothing is done in this round: read the queue: no answer"
	got := lines(journal.Of([]record.Record{
		at(0, note("astro-cpu-1", "idle for 10s of idle_after = 1m")),
		at(10, note("astro-cpu-1", "idle for 20s of idle_after = 1m")),
		at(20, add),
		at(30, note("astro-cpu-1", "idle for 40s of idle_after = 1m")),
		failed,
	}))
	want := `0-10 nothing astro-cpu-1: idle for 20s of idle_after = 1m
20-20 add group cpu: 8 jobs found no place for 1m
30-30 nothing astro-cpu-1: idle for 40s of idle_after = 1m
40-40 failed scaler: nothing is done in this round: read the queue: no answer
`
	if got != want {
		t.Errorf("events:\n%swant:\n%s", got, want)
	}
}

// The history of a scaler that waits for another one has no actions.
func TestAStandbyHasNoActions(t *testing.T) {
	waits := at(0, decide.Decision{Add: []decide.Add{{Group: "cpu", Count: 2, Reason: reason.Said("8 jobs found no place for 1m")}}, Stopped: "4 of 8 workers are sick"})
	waits.Standby = "scaler other acts for this cluster, this one waits"
	later := waits
	later.Time = noon.Add(10 * time.Second)
	if got, want := lines(journal.Of([]record.Record{waits, later})), "0-10 nothing scaler: scaler other acts for this cluster, this one waits\n"; got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestWorkersThatWereMade(t *testing.T) {
	r := at(0, decide.Decision{Add: []decide.Add{{Group: "cpu", Count: 1}, {Group: "cpu-big", Count: 1}}})
	r.Added = []string{"astro-cpu-1", "astro-cpu-big-1"}
	events := journal.Of([]record.Record{r})
	if len(events) != 2 || strings.Join(events[0].Names, " ") != "astro-cpu-1" || strings.Join(events[1].Names, " ") != "astro-cpu-big-1" {
		t.Errorf("events %+v", events)
	}
}

// A journal of months stays small, and keeps the events that still hold.
func TestTheOldestGo(t *testing.T) {
	j := journal.New(3)
	for i := range 100 {
		d := note("group cpu", "at its max")
		d.Drain = []decide.Step{{Worker: "astro-cpu-1", Reason: reason.Said(strings.Repeat("x", i))}}
		j.Add(at(10*i, d))
	}
	events := j.Events()
	if len(events) < 3 || len(events) > 7 {
		t.Fatalf("%d events are kept", len(events))
	}
	if e := events[0]; e.What != journal.Nothing || !e.From.Equal(noon) || !e.To.Equal(noon.Add(990*time.Second)) {
		t.Errorf("what goes on: %+v", e)
	}
	if last := events[len(events)-1]; last.What != journal.Drain || len(last.Reason) != 99 {
		t.Errorf("the latest: %+v", last)
	}
}

// Once watches for a while before it acts: what it decides meanwhile is not carried out.
func TestWatchingRoundsHaveNoActions(t *testing.T) {
	r := recordtest.Records()[1]
	did := journal.Of([]record.Record{r})
	r.Watching = true
	for _, e := range journal.Of([]record.Record{r}) {
		if e.Action() {
			t.Errorf("%s %s: %s", e.What, e.About, e.Reason)
		}
	}
	if !slices.ContainsFunc(did, journal.Event.Action) {
		t.Error("the record has no action at all")
	}
}
