package slurm

import (
	"reflect"
	"strings"
	"testing"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue/queuetest"
)

// What a user writes into a job costs that job alone: the jobs before and after it are read
// as without it, and it adds no other job.
func TestHostileFields(t *testing.T) {
	first, last := job(map[int]string{fieldID: "1"}), job(map[int]string{fieldID: "9", fieldCpus: "3"})
	want := read(t, pool(first, last))
	for name, text := range map[string]string{
		"a separator":             "gpu" + separator + "x",
		"a bar":                   "gpu|cpu",
		"a line break":            "gpu\nx",
		"a whole record":          "gpu" + separator + "x\n" + strings.TrimSuffix(job(map[int]string{fieldID: "7", fieldCpus: "64"}), separator+recordedMark+"\n") + separator + "guess\n",
		"the end of a record":     "gpu" + separator + "guess\n",
		"an escape sequence":      "\x1b[2J\x1b]0;title\a",
		"a change of direction":   "\u202e\u2066",
		"no UTF-8":                "\xff\xfe\x00",
		"a long text":             strings.Repeat("x", 100_000),
		"a text that is too long": strings.Repeat("x", longestRecord+1),
	} {
		for field := range fieldCount {
			if len(text) > 1000 && field != fieldFeatures && field != fieldTasksOfArray {
				continue // a long text takes long
			}
			odd := job(map[int]string{fieldID: "5", fieldCpus: "2", field: text})
			got := read(t, pool(first, odd, last))
			if problems := queuetest.Problems(got); len(problems) > 0 {
				t.Errorf("%s in field %s: %v", name, jobFields[field], problems)
			}
			others := 0
			for _, g := range got.Jobs {
				others += g.Count
			}
			if !strings.Contains(strings.Join(firsts(got.Jobs), " "), want.Jobs[1].First) || others+skippedOf(got) > 3 || got.Running > 1 {
				t.Errorf("%s in field %s: %+v", name, jobFields[field], got)
			}
			for _, w := range want.Jobs {
				found := false
				for _, g := range got.Jobs {
					found = found || g.Key == w.Key && g.Count >= w.Count && reflect.DeepEqual(g.Requires, w.Requires)
				}
				if !found {
					t.Errorf("%s in field %s: jobs of %s are lost", name, jobFields[field], w.First)
				}
			}
		}
	}
}

func firsts(groups []queue.JobGroup) []string {
	var out []string
	for _, g := range groups {
		out = append(out, g.First)
	}
	return out
}

func skippedOf(s queue.Snapshot) int {
	n := 0
	for _, k := range s.Skipped {
		n += k.Count
	}
	return n
}
