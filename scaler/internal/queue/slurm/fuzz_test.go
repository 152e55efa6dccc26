package slurm

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue/queuetest"
)

// FuzzJob reads a queue in which one job's fields say anything. The other jobs are read as
// without it, it is one job at most or the tasks of an array, and its requirement is
// judged within bounds.
func FuzzJob(f *testing.F) {
	f.Add(uint8(fieldFeatures), "gpu|cpu", uint8(fieldReason), "Priority")
	f.Add(uint8(fieldFeatures), "[a*2&b*1]&(c|d)", uint8(fieldNodeCount), "3")
	f.Add(uint8(fieldPartition), "all_groups,\tx\n7", uint8(fieldRequired), "w[1-99999999]")
	f.Add(uint8(fieldTasksOfArray), "1-4000000:2%5,7", uint8(fieldState), "PENDING")
	f.Add(uint8(fieldHet), "5", uint8(fieldHetOffset), "1")
	f.Add(uint8(fieldPerTask), "cpu=2,gres/gpu:a100=99999999999", uint8(fieldTasks), "4294967295")
	f.Add(uint8(fieldNodes), "w[1-3],w2", uint8(fieldState), "RUNNING")
	f.Add(uint8(fieldMemory), "NaN", uint8(fieldAllocated), "mem=1e308P,node=-1")
	f.Fuzz(func(t *testing.T, field uint8, text string, second uint8, more string) {
		if len(text)+len(more) > 10_000 || strings.Contains(text+more, recordedMark) {
			return // the mark is what no user knows
		}
		first, last := job(map[int]string{fieldID: "1"}), job(map[int]string{fieldID: "9", fieldCpus: "3"})
		want := read(t, pool(first, last))
		odd := map[int]string{fieldID: "5", fieldArray: "5", fieldCpus: "2"}
		odd[int(second)%int(fieldCount)] = more
		odd[int(field)%int(fieldCount)] = text
		got := read(t, pool(first, job(odd), last))
		if problems := queuetest.Problems(got); len(problems) > 0 {
			t.Fatal(problems)
		}
		for _, w := range want.Jobs {
			found := false
			for _, g := range got.Jobs {
				found = found || g.Key == w.Key && g.Count >= w.Count && reflect.DeepEqual(g.Requires, w.Requires)
			}
			if !found {
				t.Errorf("jobs of %s are lost in %+v", w.First, got)
			}
		}
		if len(got.Jobs)+len(got.Skipped) > 4 || got.Running > 1 {
			t.Errorf("one job makes %+v", got)
		}
		judged(t, got)
		if raw, err := json.Marshal(got); err != nil || len(raw) > 100_000+8*len(text+more) {
			t.Errorf("a snapshot of %d bytes, %v", len(raw), err)
		}
	})
}

// judged tests that all requirements of a snapshot are judged within bounds.
func judged(t *testing.T, s queue.Snapshot) {
	t.Helper()
	const plenty = 20_000
	for _, g := range s.Jobs {
		for _, w := range s.Workers {
			if g.Requires == nil {
				continue
			}
			if j := Judge(g.Requires, w.Attributes, w.Total, plenty); j.Steps > plenty || len(j.Unmet)+len(j.NotJudged) > 6000 {
				t.Errorf("%d steps, %d bytes", j.Steps, len(j.Unmet)+len(j.NotJudged))
			}
		}
	}
}

// FuzzNode reads nodes of which one says anything. The others are read as without it.
func FuzzNode(f *testing.F) {
	f.Add("IDLE+DRAIN", "Reason=x [root@1]")
	f.Add("IDLE CPUTot=99999999999999999999", "Extra={\"a\": \"b\"}\nNodeName=w1 State=DOWN*")
	f.Add("DOWN*", "Comment=\x1b[2J")
	f.Fuzz(func(t *testing.T, state, more string) {
		if len(state)+len(more) > 10_000 {
			return
		}
		r := pool(job(nil))
		want := read(t, r)
		r.nodes = node("w1", "IDLE+DYNAMIC_NORM", "") + node("w2", "IDLE+DYNAMIC_NORM", "") + node("odd", state, more)
		s, err := queue.Cleaned(reader(r.tools(t))).Read(t.Context())
		if err != nil {
			if !strings.Contains(state+more, "\n") {
				t.Fatal(err)
			}
			return // more lines that are none than entries
		}
		if problems := queuetest.Problems(s); len(problems) > 0 {
			t.Fatal(problems)
		}
		for _, w := range want.Workers {
			got, _ := s.Worker(w.Name)
			w.HeardAt = got.HeardAt
			if !reflect.DeepEqual(got, w) {
				t.Errorf("%+v, want %+v", got, w)
			}
		}
	})
}
