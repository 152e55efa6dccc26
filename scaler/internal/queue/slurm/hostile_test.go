package slurm

import (
	"fmt"
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

// Users who give each of very many jobs a long list or constraint of its own take little of
// the scaler's memory. All their jobs count, and what other jobs demand is judged.
func TestLongTextsOfAllJobs(t *testing.T) {
	const jobs = 1200
	long := func(i int) string { return fmt.Sprintf("%sw%d", strings.Repeat("w1,", 4000), i) } // 12 kB
	for name, field := range map[string]int{"--exclude": -1, "--nodelist": fieldRequired, "--constraint": fieldFeatures} {
		var records, excluded strings.Builder
		records.WriteString(job(map[int]string{fieldID: "1", fieldFeatures: "worker", fieldTasksPerNode: "1"}))
		for i := range jobs {
			other, list := map[int]string{fieldID: fmt.Sprint(i + 2)}, ""
			switch field {
			case -1:
				list = long(i)
			case fieldFeatures:
				other[field] = strings.Repeat("worker&", 500) + fmt.Sprint("f", i) // 3.5 kB
			default:
				other[field] = long(i)
			}
			records.WriteString(job(other))
			fmt.Fprintf(&excluded, "%d%s%s%s%s\n", i+2, separator, list, separator, recordedMark)
		}
		fmt.Fprintf(&excluded, "1%s%s%s\n", separator, separator, recordedMark)
		r := pool()
		r.jobs, r.excluded = records.String(), excluded.String()
		s := read(t, r)
		if problems := queuetest.Problems(s); len(problems) > 0 {
			t.Errorf("%s: %v", name, problems[0])
		}
		kept, notJudged, plain := 0, 0, false
		seen := map[*queue.Requirement]bool{}
		for _, g := range s.Jobs {
			if g.Requires == nil || seen[g.Requires] {
				continue
			}
			seen[g.Requires] = true
			for _, clause := range g.Requires.Clauses {
				kept += len(clause)
				plain = plain || clause == "features: worker"
			}
			notJudged += len(g.Requires.NotJudged)
		}
		if kept > mostTexts+100_000 || notJudged == 0 && kept < mostTexts/2 || !plain || s.Waiting() != jobs+1 {
			t.Errorf("%s: %d bytes of clauses, %d parts are not judged, %d jobs, %v", name, kept, notJudged, s.Waiting(), s.Skipped)
		}
	}
}
