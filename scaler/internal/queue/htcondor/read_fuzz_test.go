package htcondor

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
)

// FuzzRead reads a queue and a pool in which one job's and one slot's ads say anything.
// The usual jobs and workers are read and judged as without them, the work of judging is
// bounded, and no call has an argument that is too long or no name.
func FuzzRead(f *testing.F) {
	f.Add("TARGET.Arch == MY.Wanted && regexp(\"x\", Machine)", "Wanted", "X86_64", "w9.hpc.test")
	f.Add("TARGET."+strings.Repeat("x", 120)+" =?= undefined", "RequestMemory", "/Expr(1/0)/", "\x1b[2J\u202e")
	f.Add(strings.Repeat("(", 50)+"A"+strings.Repeat(" && b)", 50), "A", "/Expr(ifThenElse(A, A, A))/", "-pool")
	f.Add(`regexp("[a-z]{100}", MY.Wanted)`, "JobCount", "9", "astro-cpu-1")
	f.Add("-pool evil,x && `rm` && $(y)", "VmclusterGroup", "gpu\n", "")
	f.Fuzz(func(t *testing.T, requirements, name, value, machine string) {
		if len(requirements) > 10_000 || strings.EqualFold(machine, "w1.hpc.test") || strings.HasPrefix(strings.ToLower(machine), "w1") {
			return // a worker of the same name is the same worker
		}
		odd := usualJob(map[string]any{"JobIds": "2.0", "Requirements": "/Expr(" + requirements + ")/", name: value})
		first, last := usualJob(nil), usualJob(map[string]any{"JobIds": "3.0", "RequestCpus": 7})
		slot := map[string]any{"Machine": "w1.hpc.test", "Name": "slot1@w1.hpc.test", "Arch": "X86_64", "HasDocker": true, "PartitionableSlot": true, "Start": true, "TotalSlotCpus": 8, "Cpus": 8}
		oddSlot := map[string]any{"Machine": machine, "Name": machine, name: value, "PartitionableSlot": true}
		read := func(jobs, slots []map[string]any) (queue.Snapshot, *tools) {
			tools := grouped(t)
			tools.queues, tools.slots = queueOf(t, jobs...), queueOf(t, slots...)
			s, err := queue.Cleaned(New(Options{Runner: tools})).Read(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			return s, tools
		}
		want, _ := read([]map[string]any{first, last}, []map[string]any{slot})
		got, tools := read([]map[string]any{first, odd, last}, []map[string]any{slot, oddSlot})
		bounded(t, tools)
		w, _ := got.Worker("w1")
		for _, g := range want.Jobs {
			found := false
			for _, o := range got.Jobs {
				found = found || o.Key == g.Key && o.Count >= g.Count && reflect.DeepEqual(o.Requires, g.Requires) && o.Asks == g.Asks
			}
			if j := Judge(g.Requires, w.Attributes, w.Total, plenty); !found || j.Unmet != "" || j.NotJudged != "" {
				t.Errorf("jobs of %s: found %t, %+v", g.First, found, j)
			}
		}
		if w.Total != want.Workers[0].Total || w.Running != 0 {
			t.Errorf("worker %+v, want %+v", w, want.Workers[0])
		}
		for _, g := range got.Jobs {
			for _, w := range got.Workers {
				if j := Judge(g.Requires, w.Attributes, w.Total, plenty); g.Requires != nil && (j.Steps > plenty || len(j.Unmet)+len(j.NotJudged) > 6000) {
					t.Errorf("%d steps, %d bytes", j.Steps, len(j.Unmet))
				}
			}
		}
		for _, c := range tools.calls {
			for i, a := range c.Args {
				if i > 0 && c.Args[i-1] == "-attributes" && strings.Trim(strings.ToLower(a), "abcdefghijklmnopqrstuvwxyz0123456789_,") != "" {
					t.Errorf("attributes %q", a)
				}
			}
		}
		if raw, err := json.Marshal(got); err != nil || len(raw) > 100_000+8*len(fmt.Sprint(odd, oddSlot)) {
			t.Errorf("a snapshot of %d bytes, %v", len(raw), err)
		}
	})
}
