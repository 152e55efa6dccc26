package htcondor

import (
	"context"
	"errors"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/command"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
)

// tools answers each of the reader's four kinds of call from a recorded file. A
// name without ".json" stands for a recorded failure.
type tools struct {
	t                                                  *testing.T
	collector, slots, masters, schedds, queues, totals string
	ungrouped                                          bool // condor_q has no -group-by
	calls                                              []command.Command
}

const oneSchedd = `[{"Name": "hcm.hpc.test"}]`

func recorded(t *testing.T) *tools {
	return &tools{t: t, collector: "collector.json", slots: "condor_status-projected.json", schedds: oneSchedd, queues: "condor_q-full.json", totals: "condor_q-totals.json", masters: "condor_status-masters.json"}
}

func (f *tools) Run(_ context.Context, c command.Command, consume func(io.Reader) error) error {
	f.calls = append(f.calls, c)
	if f.ungrouped && slices.Contains(c.Args, "-group-by") {
		return &command.Error{Command: c.Name, Stderr: "Error: unrecognized argument -group-by", Err: errors.New("exit status 1")}
	}
	answer := f.slots
	switch {
	case slices.Contains(c.Args, "-collector"):
		answer = f.collector
	case slices.Contains(c.Args, "-master"):
		answer = f.masters
	case slices.Contains(c.Args, "-schedd"):
		answer = f.schedds
	case slices.Contains(c.Args, "-totals"):
		answer = f.totals
	case path.Base(c.Name) == "condor_q":
		answer = f.queues
	}
	if strings.HasPrefix(answer, "[") || answer == "" {
		return consume(strings.NewReader(answer))
	}
	if strings.HasSuffix(answer, ".json") {
		return consume(strings.NewReader(read(f.t, answer)))
	}
	if err := consume(strings.NewReader(read(f.t, answer+".stdout"))); err != nil {
		return err
	}
	if text := read(f.t, answer+".stderr"); text != "" {
		return &command.Error{Command: c.Name, Stderr: text, Err: errors.New("exit status 1")}
	}
	return nil
}

func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func snapshot(t *testing.T, f *tools) queue.Snapshot {
	t.Helper()
	s, err := New(Options{Runner: f}).Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestJobsOfARealQueue(t *testing.T) {
	s := snapshot(t, recorded(t))
	got := map[string]queue.JobGroup{}
	for _, g := range s.Jobs {
		got[g.First] = g
	}
	want := map[string]struct {
		count       int
		asks, takes queue.Shape
	}{
		"6.0":  {3, queue.Shape{Cpus: 4, MemoryMiB: 2048, DiskKiB: 1048576}, queue.Shape{Cpus: 4, MemoryMiB: 2048, DiskKiB: 1048576}},
		"8.0":  {2, queue.Shape{Cpus: 2, MemoryMiB: 4096, DiskKiB: 45, GPUs: 1}, queue.Shape{Cpus: 2, MemoryMiB: 4096, DiskKiB: 1024, GPUs: 1}},
		"9.0":  {2, queue.Shape{Cpus: 64, MemoryMiB: 524288, DiskKiB: 45}, queue.Shape{Cpus: 64, MemoryMiB: 524288, DiskKiB: 1024}},
		"10.0": {2, queue.Shape{Cpus: 4, MemoryMiB: 6000, DiskKiB: 45}, queue.Shape{Cpus: 4, MemoryMiB: 6016, DiskKiB: 1024}},
		"15.0": {2, queue.Shape{Cpus: 4, MemoryMiB: 7000, DiskKiB: 45}, queue.Shape{Cpus: 4, MemoryMiB: 7040, DiskKiB: 1024}},
		"17.0": {1, queue.Shape{Cpus: 1, MemoryMiB: 10, DiskKiB: 45}, queue.Shape{Cpus: 1, MemoryMiB: 128, DiskKiB: 1024}},
	}
	if len(got) != len(want) {
		t.Errorf("%d groups, want %d: %v", len(got), len(want), s.Jobs)
	}
	for first, w := range want {
		g := got[first]
		if g.Count != w.count || g.Asks != w.asks || g.Takes != w.takes {
			t.Errorf("group of %s: %d × %+v taking %+v, want %d × %+v taking %+v", first, g.Count, g.Asks, g.Takes, w.count, w.asks, w.takes)
		}
	}
	if oldest := got["6.0"].Oldest; !oldest.Equal(time.Unix(1795343710, 0)) {
		t.Errorf("oldest of 6.*: %s", oldest)
	}
	if s.Waiting() != 12 || s.Running != 5 {
		t.Errorf("waiting %d running %d, want 12 and 5", s.Waiting(), s.Running)
	}
	if len(s.Skipped) != 1 || s.Skipped[0].First != "12.0" || !strings.Contains(s.Skipped[0].Why, "deferred") {
		t.Errorf("skipped: %+v, want only the deferred job", s.Skipped)
	}
	if s.OnNode["w1"] != 2 || s.OnNode["w2"] != 1 || s.OnNode["w3"] != 2 {
		t.Errorf("jobs on nodes: %v", s.OnNode)
	}
	if len(s.Partial) != 0 {
		t.Errorf("partial: %v", s.Partial)
	}
	if !s.PoolSince.Equal(time.Unix(1795343548, 0)) {
		t.Errorf("collector since %s", s.PoolSince)
	}
}

func TestWorkersOfARealPool(t *testing.T) {
	s := snapshot(t, recorded(t))
	want := []queue.Worker{
		{Name: "w1", Slots: 1, Running: 2, Total: queue.Shape{Cpus: 4, MemoryMiB: 8000, DiskKiB: 77429808}, Free: queue.Shape{Cpus: 2, MemoryMiB: 6848, DiskKiB: 77416496}},
		{Name: "w2", Slots: 1, Running: 1, Total: queue.Shape{Cpus: 2, MemoryMiB: 4000, DiskKiB: 77429248}, Free: queue.Shape{Cpus: 1, MemoryMiB: 2976, DiskKiB: 77417984}},
		{Name: "w3", Slots: 1, Running: 2, Total: queue.Shape{Cpus: 2, MemoryMiB: 4000, DiskKiB: 77429252}, Free: queue.Shape{Cpus: 0, MemoryMiB: 2848, DiskKiB: 77415940}},
	}
	if len(s.Workers) != len(want) {
		t.Fatalf("%d workers, want %d", len(s.Workers), len(want))
	}
	for i, w := range want {
		got := s.Workers[i]
		if got.Name != w.Name || got.Slots != w.Slots || got.Running != w.Running || got.Total != w.Total || got.Free != w.Free || got.Draining {
			t.Errorf("worker %d: %+v\nwant %+v", i, got, w)
		}
	}
}

func TestWorkersThatTakeNoJobs(t *testing.T) {
	f := recorded(t)
	f.slots = "drained-and-draining.json"
	s := snapshot(t, f)
	k1, _ := s.Worker("k1")
	k2, _ := s.Worker("k2")
	if !k1.Draining || k1.Running != 0 || !k1.RanBefore || !k1.IdleSince.Equal(time.Unix(1795344432, 0)) {
		t.Errorf("drained worker: %+v", k1)
	}
	if !k2.Draining || k2.Running != 2 {
		t.Errorf("draining worker: %+v", k2)
	}
	f.slots = "off-peaceful.json"
	s = snapshot(t, f)
	if k2, _ = s.Worker("k2"); !k2.Draining || k2.Running != 2 {
		t.Errorf("a worker that is being switched off peacefully shows only by its Start: %+v", k2)
	}
}

// A partitionable slot says Unclaimed/Idle even when it is full.
func TestAFullWorkerIsNotIdle(t *testing.T) {
	f := recorded(t)
	f.slots = "condor_status-pslot-full.json"
	w, ok := snapshot(t, f).Worker("e1")
	if !ok || w.Running != 2 || w.Free.Cpus != 0 || w.Draining || !w.IdleSince.Equal(time.Unix(1795346453, 0)) {
		t.Errorf("worker: %+v", w)
	}
}

// The start of its daemon shows how long a worker took to join.
func TestSinceWhenAWorkerIsThere(t *testing.T) {
	f := recorded(t)
	f.slots = "condor_status-pslot-full.json"
	if w := snapshot(t, f).Workers[0]; !w.Started.Equal(time.Unix(1795346446, 0)) {
		t.Errorf("started %s", w.Started)
	}
}

func TestStaticSlots(t *testing.T) {
	f := recorded(t)
	f.slots = `[
	 {"Machine":"s1","Name":"slot1@s1","State":"Claimed","Activity":"Busy","Start":true,"Cpus":1,"Memory":1000,"TotalSlotCpus":1,"TotalSlotMemory":1000,"EnteredCurrentActivity":100,"MyCurrentTime":200,"LastHeardFrom":200},
	 {"Machine":"s1","Name":"slot2@s1","State":"Unclaimed","Activity":"Idle","Start":true,"Cpus":1,"Memory":1000,"TotalSlotCpus":1,"TotalSlotMemory":1000,"EnteredCurrentActivity":150,"MyCurrentTime":200,"LastHeardFrom":200}]`
	w, _ := snapshot(t, f).Worker("s1")
	if w.Slots != 2 || w.Running != 1 || w.Free.Cpus != 1 || w.Total.Cpus != 2 {
		t.Errorf("worker: %+v", w)
	}
}

func TestJobsThatDoNotCount(t *testing.T) {
	f := recorded(t)
	f.queues = `[
	 {"ClusterId":2,"ProcId":0,"JobStatus":1,"JobUniverse":12,"RequestCpus":1},
	 {"ClusterId":3,"ProcId":0,"JobStatus":1,"JobUniverse":9},
	 {"ClusterId":4,"ProcId":0,"JobStatus":1,"JobUniverse":5,"RequestMemory":"/Expr(stringListSize(Args))/"}]`
	s := snapshot(t, f)
	if len(s.Jobs) != 0 || len(s.Skipped) != 3 {
		t.Errorf("jobs %+v skipped %+v", s.Jobs, s.Skipped)
	}
}

func TestEmptyIsSuspicious(t *testing.T) {
	f := recorded(t)
	f.slots, f.queues, f.totals = "", "", `[{"AllusersIdle":0,"AllusersRunning":0}]`
	if s := snapshot(t, f); len(s.Partial) != 0 || len(s.Jobs) != 0 || len(s.Workers) != 0 {
		t.Errorf("an empty pool that says so is empty: %+v", s)
	}
	f.totals = "condor_q-totals.json"
	if s := snapshot(t, f); len(s.Partial) != 1 || !strings.Contains(s.Partial[0], "totals count") {
		t.Errorf("an empty list against totals of 20 jobs: partial %v", s.Partial)
	}
	f.totals = ""
	mustFail(t, f, "check that the queue is empty: condor_q -totals printed nothing")
	f = recorded(t)
	f.collector = ""
	mustFail(t, f, "the collector does not even list itself")
	f = recorded(t)
	f.schedds = ""
	mustFail(t, f, "the collector knows no schedd")
}

func mustFail(t *testing.T, f *tools, want string) {
	t.Helper()
	_, err := New(Options{Runner: f}).Read(t.Context())
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v, want %q", err, want)
	}
}

func TestRecordedFailures(t *testing.T) {
	for name, change := range map[string]func(*tools){
		"Collector has no record of schedd":     func(f *tools) { f.queues = "q-schedd-down" },
		"Read failure during security":          func(f *tools) { f.queues = "q-schedd-hangs" },
		"Couldn't contact the condor_collector": func(f *tools) { f.collector = "q-collector-port-closed" },
		"unknown host nosuch.hpc.test":          func(f *tools) { f.slots = "q-unresolvable-pool" },
		"AUTHENTICATE:1003":                     func(f *tools) { f.schedds = "status-auth-required-no-token" },
		`is not JSON: "All queues are empty"`:   func(f *tools) { f.queues = "q-global-schedd-down" },
		"it ends too early":                     func(f *tools) { f.queues = `[{"ClusterId":1}` },
	} {
		f := recorded(t)
		change(f)
		mustFail(t, f, name)
	}
}

func TestOneOfTwoScheddsFails(t *testing.T) {
	good, bad := recorded(t), recorded(t)
	bad.queues = "q-schedd-down"
	run := runnerFunc(func(ctx context.Context, c command.Command, consume func(io.Reader) error) error {
		if slices.Contains(c.Args, "second") {
			return bad.Run(ctx, c, consume)
		}
		return good.Run(ctx, c, consume)
	})
	s, err := New(Options{Runner: run, Schedds: []string{"first", "second"}}).Read(t.Context())
	if err != nil || s.Waiting() != 12 || len(s.Partial) != 1 || !strings.Contains(s.Partial[0], "second") {
		t.Errorf("waiting %d, partial %v, error %v", s.Waiting(), s.Partial, err)
	}
}

type runnerFunc func(context.Context, command.Command, func(io.Reader) error) error

func (f runnerFunc) Run(ctx context.Context, c command.Command, consume func(io.Reader) error) error {
	return f(ctx, c, consume)
}

func TestCommands(t *testing.T) {
	f := recorded(t)
	_, err := New(Options{Runner: f, Pool: "astro-frontend", Bin: "/opt/condor/bin", TokenDirectory: "/etc/scaler/tokens"}).Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range f.calls {
		line := c.String()
		if !strings.HasPrefix(line, "/opt/condor/bin/condor_") || !strings.Contains(line, "-pool astro-frontend") || !strings.Contains(line, "-json") {
			t.Errorf("call %q", line)
		}
		if !slices.Contains(c.Env, "CONDOR_CONFIG=ONLY_ENV") || !slices.Contains(c.Env, "_CONDOR_SEC_TOKEN_DIRECTORY=/etc/scaler/tokens") {
			t.Errorf("environment %v", c.Env)
		}
		if strings.Contains(line, "-global") {
			t.Errorf("-global calls a queue that can't be reached empty: %q", line)
		}
	}
}
