package program

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/command"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
)

// The example's program and what Grid Engine 8.1.9 printed: testdata/gridengine.
const (
	gridEngine = "../../../../examples/queues/gridengine/gridengine.py"
	busy       = "testdata/gridengine"
)

// fakeTools are Grid Engine's tools in the shell. They print what was recorded, and note
// what would change something. Host astro-cpu-2 counts as disabled by an administrator.
var fakeTools = map[string]string{
	"qstat": `case "$*" in
"-u * -s h -xml") cat "$DATA/held.xml";;
"-u * -s prs -g t -r -xml") cat "$DATA/jobs.xml";;
*) exit 1;; esac`,
	"qhost": `[ "$*" = "-q -F -xml" ] && cat "$DATA/hosts.xml"`,
	"qselect": `case "$*" in
*@nowhere) exit 1;;
*"-qs d"*@astro-cpu-2|"-q *@astro-cpu-2") echo all.q@astro-cpu-2;;
*"-qs d"*) exit 1;;
*) echo "all.q@${2#*@}";; esac`,
	"qmod": `echo "qmod $*" >>"$CALLS"`,
	"qconf": `case "$1" in
-sp) cat "$DATA/pe-$2.txt";;
-se) cat "$DATA/host-$2.txt";;
-shgrp) cat "$DATA/drained.txt";;
-shgrpl) echo @allhosts;;
-sql) echo all.q;;
-sel) echo astro-cpu-1; echo astro-cpu-4;;
-sh) echo astro-cpu-4; echo qm;;
*) echo "qconf $*" >>"$CALLS";; esac`,
}

// example returns the example's program on the outputs that a folder holds, and the file of
// its calls that change something.
func example(t *testing.T, folder string) (*Program, string) {
	t.Helper()
	dir := t.TempDir()
	for name, script := range fakeTools {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+script+"\n"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	data, err := filepath.Abs(folder)
	if err != nil {
		t.Fatal(err)
	}
	accounting, _ := os.ReadFile(filepath.Join(data, "accounting")) // a new Grid Engine has none
	if err := errors.Join(os.MkdirAll(filepath.Join(dir, "default/common"), 0o700),
		os.WriteFile(filepath.Join(dir, "default/common/accounting"), accounting, 0o600)); err != nil {
		t.Fatal(err)
	}
	calls := filepath.Join(dir, "calls")
	x := command.Exec{Timeout: time.Minute, Inherit: []string{"DATA", "CALLS", "SGE_*"}, Environ: []string{
		"PATH=" + dir + ":" + os.Getenv("PATH"), "TZ=UTC", "LC_ALL=C", "DATA=" + data, "CALLS=" + calls, "SGE_ROOT=" + dir,
	}}
	return New(Options{Command: []string{"python3", "-B", gridEngine}, Actions: both, Runner: x}), calls
}

// The example makes of Grid Engine's outputs what it made of Grid Engine itself.
func TestGridEngineSnapshot(t *testing.T) {
	p, _ := example(t, busy)
	s, err := p.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile("testdata/gridengine/snapshot.json")
	if err != nil {
		t.Fatal(err)
	}
	var want queue.Snapshot
	want.Traits = traits(both)
	if err := parse(strings.NewReader(string(raw)), &want); err != nil {
		t.Fatal(err)
	}
	want.JobsAt, want.WorkersAt = s.JobsAt, s.WorkersAt
	for i, w := range want.Workers {
		if w.IdleSince.IsZero() && w.Running == 0 {
			want.Workers[i].IdleSince = s.JobsAt
		}
		want.Workers[i].RanBefore = w.RanBefore || w.Running > 0
	}
	got, _ := json.MarshalIndent(s, "", " ")
	if expected, _ := json.MarshalIndent(want, "", " "); string(got) != string(expected) {
		t.Errorf("it prints\n%s\nwant\n%s", got, expected)
	}
	if len(s.LeftOut)+len(s.Partial) > 0 {
		t.Errorf("left out %v, partial %v", s.LeftOut, s.Partial)
	}
}

// A job that asks for an amount in another form costs itself alone.
func TestGridEngineOddAmounts(t *testing.T) {
	jobs, err := os.ReadFile(busy + "/jobs.xml")
	if err != nil {
		t.Fatal(err)
	}
	for _, amount := range []string{"INFINITY", "0x1G", "1e3", "-1", "1.2.3", ""} {
		data := t.TempDir()
		odd := strings.ReplaceAll(string(jobs), ">300M</hard_request>", ">"+amount+"</hard_request>")
		if err := errors.Join(os.CopyFS(data, os.DirFS(busy)), os.Remove(data+"/jobs.xml"), os.WriteFile(data+"/jobs.xml", []byte(odd), 0o600)); err != nil {
			t.Fatal(err)
		}
		p, _ := example(t, data)
		s, err := p.Read(t.Context())
		if err != nil {
			t.Fatalf("%q: %v", amount, err)
		}
		skipped := slices.ContainsFunc(s.Skipped, func(k queue.Skipped) bool { return k.First == "7" && strings.Contains(k.Why, "not understood") })
		others := slices.ContainsFunc(s.Jobs, func(g queue.JobGroup) bool { return g.First == "6" })
		if !skipped || !others {
			t.Errorf("%q: skipped %v, jobs %v", amount, s.Skipped, s.Jobs)
		}
	}
}

// A Grid Engine without jobs and hosts is no failure.
func TestGridEngineEmpty(t *testing.T) {
	p, _ := example(t, busy+"/empty")
	if s, err := p.Read(t.Context()); err != nil || len(s.Jobs)+len(s.Workers)+len(s.Skipped)+s.Running > 0 {
		t.Errorf("%+v, %v", s, err)
	}
}

// What the recorded queue holds, counted in its outputs by hand.
func TestGridEngineCounts(t *testing.T) {
	p, _ := example(t, busy)
	s, err := p.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	jobs := map[string]queue.JobGroup{}
	for _, g := range s.Jobs {
		jobs[g.First] = g
	}
	for first, want := range map[string]queue.JobGroup{
		"5":  {Count: 2, Asks: queue.Shape{Cpus: 1, MemoryMiB: 256}},            // tasks 5 and 6 of an array
		"6":  {Count: 1, Asks: queue.Shape{Cpus: 2, MemoryMiB: 1024}, Nodes: 2}, // 4 slots, 2 on each host
		"7":  {Count: 1, Asks: queue.Shape{Cpus: 1, MemoryMiB: 300}, Tasks: 5},  // 5 to 8 slots on any hosts
		"8":  {Count: 1, Asks: queue.Shape{Cpus: 2}},                            // 2 slots on one host
		"9":  {Count: 2, Asks: queue.Shape{Cpus: 1}},
		"11": {Count: 1, Asks: queue.Shape{Cpus: 1, MemoryMiB: 3072}},
		"12": {Count: 2, Asks: queue.Shape{Cpus: 1, GPUs: 1}, Group: "gpu"},
	} {
		g := jobs[first]
		if g.Count != want.Count || g.Asks != want.Asks || g.Nodes != want.Nodes || g.Tasks != want.Tasks || g.Group != want.Group {
			t.Errorf("jobs of %s: %+v, want %+v", first, g, want)
		}
		delete(jobs, first)
	}
	if len(jobs) > 0 || s.Skipped[0].Count+s.Skipped[1].Count != 5 || len(s.Skipped) != 2 {
		t.Errorf("further jobs %v, skipped %+v", jobs, s.Skipped)
	}
	if s.Running != 7 || s.OnNode["astro-cpu-1"] != 2 || s.OnNode["astro-cpu-4"] != 2 || s.OnNode["astro-gpu-1"] != 3 {
		t.Errorf("%d running, %v", s.Running, s.OnNode)
	}
	workers := ""
	for _, w := range s.Workers {
		workers += w.Name + " " + w.Free.String() + " of " + w.Total.String() + ", "
		if w.Draining != (w.Name == "astro-cpu-3") {
			t.Errorf("%+v", w)
		}
	}
	if strings.Contains(workers, "astro-cpu-4") || !strings.Contains(workers, "astro-cpu-3 2 CPUs, 2.0 GiB of 2 CPUs, 2.0 GiB") ||
		!strings.Contains(workers, "astro-gpu-1 0 CPUs, 3.2 GiB of 4 CPUs, 4.0 GiB, 1 GPU") {
		t.Error(workers)
	}
}

// The example changes a worker by Grid Engine's tools, and only what it has to.
func TestGridEngineActions(t *testing.T) {
	for _, c := range []struct{ action, name, want string }{
		{queue.ActionDrain, "astro-cpu-1", "qconf -aattr hostgroup hostlist astro-cpu-1 @vmcluster_drained|qmod -d *@astro-cpu-1"},
		{queue.ActionDrain, "astro-cpu-3", "qmod -d *@astro-cpu-3"}, // begun before
		{queue.ActionDrain, "astro-cpu-2", ""},                      // an administrator did
		{queue.ActionUndrain, "astro-cpu-3", "qmod -e *@astro-cpu-3|qconf -dattr hostgroup hostlist astro-cpu-3 @vmcluster_drained"},
		{queue.ActionUndrain, "astro-cpu-2", ""},
		{queue.ActionForget, "astro-cpu-4", "qmod -f -rq *@astro-cpu-4|qconf -dattr hostgroup hostlist astro-cpu-4 @allhosts|qconf -purge queue * all.q@astro-cpu-4|qconf -de astro-cpu-4|qconf -dh astro-cpu-4"},
		{queue.ActionForget, "astro-cpu-9", "qmod -f -rq *@astro-cpu-9|qconf -dattr hostgroup hostlist astro-cpu-9 @allhosts|qconf -purge queue * all.q@astro-cpu-9"},
	} {
		p, calls := example(t, busy)
		if err := p.act(t.Context(), c.action, c.name); err != nil {
			t.Errorf("%s %s: %v", c.action, c.name, err)
		}
		raw, _ := os.ReadFile(calls) // none is there where nothing was called
		if got := strings.ReplaceAll(strings.TrimSpace(string(raw)), "\n", "|"); got != c.want {
			t.Errorf("%s %s: %s\nwant %s", c.action, c.name, got, c.want)
		}
	}
	p, _ := example(t, busy)
	if err := p.Drain(t.Context(), "nowhere"); err == nil || !strings.Contains(err.Error(), "qselect -q *@nowhere") {
		t.Error(err)
	}
}

// The example is short enough to be copied.
func TestGridEngineIsShort(t *testing.T) {
	raw, err := os.ReadFile(gridEngine)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(raw), "\n"); n > 150 {
		t.Errorf("it has %d lines", n)
	}
	if out, err := exec.CommandContext(t.Context(), "python3", "-B", gridEngine, "drain").CombinedOutput(); err == nil || !strings.Contains(string(out), "usage: ") {
		t.Errorf("a call without a name: %v, %s", err, out)
	}
}
