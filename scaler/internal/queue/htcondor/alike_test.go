package htcondor

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
)

// variants are recorded jobs, and others that differ from them in numbers, in
// parts of their requirements, and in what they lack.
func variants(t *testing.T) []map[string]any {
	t.Helper()
	var recorded, all []map[string]any
	if err := json.Unmarshal([]byte(read(t, "condor_q-grouped.json")), &recorded); err != nil {
		t.Fatal(err)
	}
	for i, a := range recorded {
		whole, _ := a["Requirements"].(string)
		changes := []map[string]any{
			{},
			{"RequestMemory": 64 + i}, {"RequestMemory": 1500.5}, {"RequestCpus": 3}, {"RequestDisk": 7, "DiskUsage": 9},
			{"ImageSize": 5_000_000}, {"ImageSize": 6_000_000}, {"MemoryUsage": 77}, {"NumJobStarts": 2}, {"RequestMemory": "much"},
			{"RequestMemory": "/Expr(RequestCpus * 1000)/"}, {"RequestMemory": 1e300}, {"RequestCpus": nil}, {"Requirements": nil}, {"Requirements": true},
			{"Requirements": "/Expr(TARGET.Memory > 2 * RequestMemory && " + strings.TrimPrefix(whole, "/Expr(")},
			{"Requirements": "/Expr(TARGET.Memory > 2 * RequestMemory && " + strings.TrimPrefix(whole, "/Expr("), "RequestMemory": 77},
			{"Requirements": fmt.Sprintf(`/Expr((TARGET.Rack == %d && "a && \"b\"" != Site) && (%s)/`, i, strings.TrimPrefix(strings.TrimSuffix(whole, ")/"), "/Expr("))},
			{"Requirements": "/Expr(TARGET.Rack == WantedRack)/", "WantedRack": i},
			{"Requirements": "/Expr(TARGET.Rack == WantedRack)/", "WantedRack": i + 1},
		}
		for _, with := range changes {
			b := maps.Clone(a)
			for k, v := range with {
				if b[k] = v; v == nil {
					delete(b, k)
				}
			}
			b["JobIds"] = fmt.Sprintf("%d.0", len(all)+1)
			all = append(all, b)
		}
	}
	return all
}

func listOf(t *testing.T, ads ...map[string]any) queue.Snapshot {
	t.Helper()
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	if err := e.Encode(ads); err != nil {
		t.Fatal(err)
	}
	l := newJobList(time.Unix(1_795_400_000, 0), 0)
	l.schedd = "pool"
	if err := decodeTemplates(&text, l.add, l.leave); err != nil {
		t.Fatal(err)
	}
	var s queue.Snapshot
	l.fill(&s, anywhere)
	return s
}

// A job is judged alike, be it alone or among thousands whose ads look like its
// own: what one reading remembers of an ad may not get into another one's answer.
func TestAlikeJobsAreJudgedLikeSingleOnes(t *testing.T) {
	type outcome struct {
		count int
		asks  queue.Shape
		group string
	}
	all := variants(t)
	machines := []queue.Attributes{
		{"arch": "X86_64", "opsys": "LINUX", "rack": 3.0, "site": "north", "filesystemdomain": "hcm.hpc.test", "vmclustergroup": "gpu"},
		{"arch": "aarch64", "opsys": "LINUX", "rack": 4.0, "site": `a && "b"`, "hasfiletransfer": true, "hasdocker": true, "opsysmajorver": 12.0},
	}
	judge := func(g queue.JobGroup) string {
		text := ""
		for _, m := range machines {
			for _, free := range []queue.Shape{{Cpus: 8, MemoryMiB: 160}, {Cpus: 1, MemoryMiB: 9000, GPUs: 1}} {
				if g.Requires != nil {
					text += Judge(g.Requires, m, free, plenty).Unmet
				}
				text += ";"
			}
		}
		return text
	}
	want, unmet, skipped := map[string]outcome{}, map[string]string{}, map[string]int{}
	for _, a := range all {
		s := listOf(t, a)
		for _, g := range s.Jobs {
			o := want[g.Key]
			want[g.Key] = outcome{o.count + g.Count, g.Asks, g.Group}
			unmet[g.Key] = judge(g)
		}
		for _, k := range s.Skipped {
			skipped[k.Why] += k.Count
		}
	}
	for why := range skipped {
		if strings.Contains(why, "request") && !strings.Contains(why, "RequestMemory") {
			t.Errorf("attributes are named as HTCondor writes them: %s", why)
		}
	}
	s := listOf(t, all...)
	if len(want) < 100 || len(s.Jobs) != len(want) {
		t.Errorf("%d kinds of jobs together, %d one by one", len(s.Jobs), len(want))
	}
	for _, g := range s.Jobs {
		if got := (outcome{g.Count, g.Asks, g.Group}); got != want[g.Key] {
			t.Errorf("jobs of %s: %v, one by one %v", g.First, got, want[g.Key])
		}
		if got := judge(g); got != unmet[g.Key] {
			t.Errorf("jobs of %s do not meet %q, one by one %q", g.First, got, unmet[g.Key])
		}
	}
	for _, k := range s.Skipped {
		if skipped[k.Why] != k.Count {
			t.Errorf("%s: %d, one by one %d", k.Why, k.Count, skipped[k.Why])
		}
	}
}
