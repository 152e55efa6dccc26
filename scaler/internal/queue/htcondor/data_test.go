package htcondor

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue/htcondor/classad"
)

// What was read is judged the same after it has been written down and read again,
// by a process that has not seen the ads.
func TestRecordedQueuesSurviveJSON(t *testing.T) {
	for name, f := range map[string]*tools{"grouped": grouped(t), "listed": recorded(t)} {
		s := snapshot(t, f)
		raw, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		var back queue.Snapshot
		if err := json.Unmarshal(raw, &back); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(back, s) {
			t.Errorf("%s:\n%+v\nbecame\n%+v", name, s, back)
		}
		compiled = new(classad.Cache)
		for i, g := range back.Jobs {
			for _, w := range back.Workers {
				if g.Requires == nil {
					continue
				}
				if got, want := Judge(g.Requires, w.Attributes, w.Free, plenty), Judge(s.Jobs[i].Requires, w.Attributes, w.Free, plenty); got != want {
					t.Errorf("%s: %s on %s: %+v, before %+v", name, g.First, w.Name, got, want)
				}
			}
		}
	}
}

// A key is what records of earlier processes call a kind of jobs by.
func TestKeysAreTheSameInEachProcess(t *testing.T) {
	want := map[string]string{
		"6.0":  "hcm.hpc.test/18c7562d3ea7080ce8eead8e5f815a12",
		"10.0": "hcm.hpc.test/25e67d30febc4887b6459235f48c6004",
	}
	for _, g := range snapshot(t, recorded(t)).Jobs {
		if w, pinned := want[g.First]; pinned && g.Key != w {
			t.Errorf("the key of %s is %s, not %s", g.First, g.Key, w)
		}
	}
}

// What differs has another key, however alike it looks.
func TestKeysTellKindsApart(t *testing.T) {
	jobs := func(requirements, more string) string {
		return `[{"JobCount":1,"JobIds":"1.0","JobStatus":1,"JobUniverse":5,"Requirements":"\/Expr(` + requirements + `)\/"` + more + `}]`
	}
	seen := map[string]string{}
	for _, text := range []string{
		jobs("A", ""), jobs("B", ""), jobs("A && B", ""), jobs("B && A", ""), jobs("AB", ""),
		jobs("A == Wanted", ""), jobs("A == Wanted", `,"Wanted":4`), jobs("A == Wanted", `,"Wanted":4.0`), jobs("A == Wanted", `,"Wanted":"4"`),
		jobs("A == Wanted", `,"Wanted":"\/Expr(4 + 0)\/"`), jobs("A", `,"ConcurrencyLimits":"x"`), jobs("A", `,"VmclusterGroup":"x"`),
		jobs("A", `,"RequestCpus":2`), jobs("A", `,"RequestGPUs":2`),
	} {
		f := grouped(t)
		f.queues = text
		key := snapshot(t, f).Jobs[0].Key
		if seen[key] != "" {
			t.Errorf("%s and %s have the key %s", text, seen[key], key)
		}
		seen[key] = text
	}
}

// The attributes that whole and real numbers are read from keep them apart: a job
// that demands more than half a CPU of each of its four gets a worker with three.
func TestRealNumbersDivideAsSuch(t *testing.T) {
	f := grouped(t)
	f.queues = `[{"JobCount":1,"JobIds":"1.0","JobStatus":1,"JobUniverse":5,"Share":4.0,"Parts":4,` +
		`"Requirements":"\/Expr(TARGET.Cpus\/4.0 > 0.5 && TARGET.Cpus\/MY.Share > 0.5 && TARGET.Speed\/2 == 1.5 && TARGET.Cpus\/MY.Parts == 0)\/"}]`
	r := snapshot(t, f).Jobs[0].Requires
	if got := Judge(r, queue.Attributes{"speed": 3.0}, queue.Shape{Cpus: 3}, plenty).Unmet; got != "" {
		t.Errorf("a worker with 3 CPUs does not meet %q", got)
	}
	if got := Judge(r, queue.Attributes{"speed": int64(3)}, queue.Shape{Cpus: 3}, plenty).Unmet; got != "TARGET.Speed/2 == 1.5 (speed is 3)" {
		t.Errorf("of a worker whose speed is a whole number: %q", got)
	}
}

// A request that is computed of real numbers is rounded at its end alone.
func TestRequestsByRealNumbers(t *testing.T) {
	f := grouped(t)
	f.queues = `[{"JobCount":1,"JobIds":"1.0","JobStatus":1,"JobUniverse":5,"RequestCpus":"\/Expr(3 \/ 2.0)\/","RequestMemory":"\/Expr(ImageSize \/ 1024.0)\/","ImageSize":1500}]`
	if got := snapshot(t, f).Jobs[0].Asks; got.Cpus != 2 || got.MemoryMiB != 2 {
		t.Errorf("asks for %+v", got)
	}
}

// Text that is no UTF-8 would not survive JSON.
func TestTextIsUTF8(t *testing.T) {
	latin := func(text string) string { return strings.ReplaceAll(text, "é", "\xe9") }
	f := grouped(t)
	f.queues = latin(`[{"JobCount":1,"JobIds":"1.0é","JobStatus":1,"JobUniverse":5,"Sité":"é","VmclusterGroup":"e","Wanted":"é\n",` +
		`"Requirements":"\/Expr(TARGET.Site == MY.Wanted && Arch == \"é\")\/"},` +
		`{"JobCount":1,"JobIds":"2.0é","JobStatus":2,"JobUniverse":5,"RemoteHost":"slot1@gone"}]`)
	f.slots = latin(`[{"Machine":"m","Name":"slot1@m","State":"é","NovaInstanceUUID":"é","Start":true,"Site":"é","PartitionableSlot":true}]`)
	s := snapshot(t, f)
	raw, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	var back queue.Snapshot
	if err := json.Unmarshal(raw, &back); err != nil || !reflect.DeepEqual(back, s) {
		t.Errorf("%+v\nbecame\n%+v, %v", s, back, err)
	}
}
