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

// A job over several workers is named with what it asks for, the workers that it has and
// those that it waits for.
func TestAJobOverSeveralWorkers(t *testing.T) {
	whole := queue.Shape{Cpus: 4, MemoryMiB: 7000}
	for _, tt := range []struct {
		name string
		job  queue.JobGroup
		want []string
	}{
		{"some are missing", queue.JobGroup{Nodes: 6}, []string{
			"asks for 6 workers of 4 CPUs, 6.8 GiB at once.",
			"Each starts when all of its workers are there. Ready and kept for them: astro-cpu-2; on their way: astro-cpu-3; to be called back: astro-cpu-4; to be made together: 3 of group cpu.",
			"1 needs a new worker, of group cpu.", "1 job over several workers put off, each gets all of its workers or none",
		}},
		{"none has to be made", queue.JobGroup{Nodes: 3}, []string{"to be called back: astro-cpu-4.", "1 has room on workers that were asked to leave, and are called back: astro-cpu-4 (1)."}},
		{"too many", queue.JobGroup{Nodes: 40, OneGroup: true}, []string{
			"asks for 40 workers of 4 CPUs, 6.8 GiB at once, all of one group.",
			"1 has no worker to come: each asks for 40 workers of 4 CPUs, 6.8 GiB at once, all of one group, and no group may have so many: group cpu has max = 12, group gpu has max = 2.",
		}},
		{"tasks", queue.JobGroup{Tasks: 5, Nodes: 2}, []string{"asks for 5 tasks of 4 CPUs, 6.8 GiB at once, on at least 2 workers.", "to be made together: 2 of group cpu"}},
	} {
		f := recordtest.Facts(0)
		f.Queue.Workers[1].State = "Unclaimed/Idle"
		tt.job.Key, tt.job.Asks, tt.job.Takes, tt.job.Count, tt.job.First, tt.job.Oldest = "gang", whole, whole, 1, "20.0", recordtest.Noon
		f.Queue.Jobs = []queue.JobGroup{tt.job}
		r, _ := recordtest.Tick(f, decide.Memory{Unmet: map[string]time.Time{"cpu": recordtest.Noon.Add(-time.Hour)}}, recordtest.Noon.Add(10*time.Second))
		text := strings.Join(explain.OfJob(queue.Job{ID: "20.0", State: queue.JobWaits, Kind: tt.job}, r, nil).Now, "\n")
		for _, want := range tt.want {
			if !strings.Contains(text, want) {
				t.Errorf("%s: it lacks %q:\n%s", tt.name, want, text)
			}
		}
	}
}
