package provision

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// A report holds some 150 scattered names; the rest of them are in its counts only.
func TestReportThatNamesOnlySome(t *testing.T) {
	doc := cluster.Document{Name: "astro"}
	var victims []string
	for i := range 300 {
		name := cluster.WorkerName("astro", "cpu", 2*i+1)
		doc.Workers = append(doc.Workers, cluster.Member{Name: name, Leaving: cluster.LeaveJobsOK})
		victims = append(victims, name)
	}
	named := cluster.FoldNames("astro", victims[:100])
	for _, row := range []struct {
		drainedCount, undrained int
	}{{0, 200}, {299, 200}, {300, 0}} {
		w := &joinWait{r: &run{doc: doc}, drained: victims, last: cluster.Report{Drained: named, DrainedCount: row.drainedCount}}
		if got := w.undrained(); len(got) != row.undrained {
			t.Errorf("%d of 300 drained, 100 named: %d are waited for, want %d", row.drainedCount, len(got), row.undrained)
		}
	}
	said := &joinWait{last: cluster.Report{Error: "astro-cpu-12: no; astro-cpu-1: its host certificate has expired: delete its server"}}
	if why := said.quoteWhy("astro-cpu-1"); why != ". The front-end says: its host certificate has expired: delete its server" || said.quoteWhy("astro-cpu-2") != "" {
		t.Errorf("the front-end's words are %q", why)
	}
	w := &joinWait{r: &run{doc: doc}, last: cluster.Report{Pending: 3, PendingNames: "cpu[1,3]"}, spared: func(string) bool { return true }}
	problems := w.problems(t.Context())
	if !slices.ContainsFunc(problems, func(p cluster.Problem) bool { return strings.Contains(p.Summary, "reports 1 worker") }) {
		t.Errorf("the third worker is in no problem: %s", fmt.Sprint(problems))
	}
}
