package explain_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/decide"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/explain"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/journal"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/record"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/recordtest"
)

var update = flag.Bool("update", false, "write the golden files anew")

func look() (record.Record, []journal.Event) {
	records := recordtest.Records()
	return records[1], journal.Of(records)
}

// The whole explanation of each subject, as an operator reads it.
func TestExplanations(t *testing.T) {
	r, events := look()
	small, huge, gpu := r.Facts.Queue.Jobs[0], r.Facts.Queue.Jobs[1], r.Facts.Queue.Jobs[2]
	gone := small
	gone.Key = "of a kind that came after the look"
	var out bytes.Buffer
	write := func(e explain.Explanation) {
		t.Helper()
		if err := explain.Write(&out, e); err != nil {
			t.Fatal(err)
		}
		out.WriteString("----\n")
	}
	for _, j := range []queue.Job{
		{ID: "12.3", State: queue.JobWaits, Kind: small},
		{ID: "9.1", State: queue.JobWaits, Kind: huge},
		{ID: "13.0", State: queue.JobWaits, Kind: gpu},
		{ID: "14.0", State: queue.JobWaits, Kind: gone},
		{ID: "11.0", State: queue.JobWaits, Why: "deferred to a later time"},
		{ID: "3.0", State: queue.JobRuns, Node: "astro-cpu-1"},
		{ID: "4.0", State: queue.JobHeld, Why: "via condor_hold (by user astro)"},
		{ID: "5.0", State: queue.JobOther},
	} {
		write(explain.OfJob(j, r, events))
	}
	for _, name := range []string{
		"astro-cpu-1", "astro-cpu-2", "astro-cpu-3", "astro-cpu-4", "astro-cpu-5", "astro-cpu-6", "astro-cpu-7", "nobody", "astro-cpu-9", "astro-gpu-1", "astro-gpu-2", "elsewhere",
	} {
		write(explain.OfWorker(name, r, events))
	}
	for _, name := range []string{"cpu", "gpu", "login", "typo"} {
		write(explain.OfGroup(name, r, events))
	}
	path := filepath.Join("testdata", "explanations.txt")
	if *update {
		if err := os.WriteFile(path, out.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(out.Bytes(), want) {
		t.Errorf("got\n%s\nwant\n%s", out.String(), want)
	}
}

// Without a reading, the events explain a subject.
func TestWithoutAReading(t *testing.T) {
	_, events := look()
	e := explain.OfWorker("astro-cpu-5", record.Record{}, events)
	if len(e.Now) != 0 || len(e.Events) == 0 || !strings.Contains(e.Events[0].Reason, "No valid host") {
		t.Errorf("worker: %+v", e)
	}
	if e = explain.OfGroup("cpu", record.Record{}, events); len(e.Now) != 0 || len(e.Events) == 0 {
		t.Errorf("group: %+v", e)
	}
}

func TestKind(t *testing.T) {
	r, events := look()
	for name, want := range map[string]string{
		"6": explain.Job, "6.0": explain.Job, "cpu": explain.Group, "typo": explain.Group, "astro-cpu-1": explain.Worker, "nobody": explain.Worker,
	} {
		if got := explain.Kind(name, r, events); got != want {
			t.Errorf("%s is a %s, want %s", name, got, want)
		}
	}
	if got := explain.Kind("cpu", record.Record{}, events); got != explain.Group {
		t.Errorf("by the events alone cpu is a %s", got)
	}
}

// Where jobs of one kind have several places, each is named.
func TestJobsOnTheirWay(t *testing.T) {
	f := recordtest.Facts(0)
	f.Queue.Workers[1].State = "Unclaimed/Idle"
	r, _ := recordtest.Tick(f, decide.Memory{}, recordtest.Noon.Add(10*time.Second))
	text := strings.Join(explain.OfJob(queue.Job{ID: "12.0", State: queue.JobWaits, Kind: f.Queue.Jobs[0]}, r, nil).Now, "\n")
	for _, want := range []string{"room in the pool", "astro-cpu-2 (4)", "on workers that are on their way: astro-cpu-3 (4)", "called back: astro-cpu-4 (4)", "8 need new workers, of group cpu"} {
		if !strings.Contains(text, want) {
			t.Errorf("it lacks %q:\n%s", want, text)
		}
	}
}
