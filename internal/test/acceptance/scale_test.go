//go:build acceptance

package acceptance

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// TestScale takes a cluster of 50 workers to 60, to 20 with named victims, and to
// nothing. VMCLUSTER_ACC_WORKERS sets another size for smaller projects.
func TestScale(t *testing.T) {
	n := number(t, "VMCLUSTER_ACC_WORKERS", 50)
	more, fewer := n+max(1, n/5), max(1, n*2/5)
	b := newBench(t, "vmcluster-acc-scale")
	portsBefore := b.ports(t)

	b.want(t, n)
	plan := b.planCalls(t)
	timed(t, fmt.Sprintf("create %d", n), func() { b.apply(t) })
	if calls := expectCalls(t, b, fmt.Sprintf("create of %d workers", n), n+25); calls > n+15+2*plan {
		t.Errorf("beside its two plans, which took %d calls each, the create took %d, at most %d are allowed", plan, calls-2*plan, n+15)
	}
	nodes := b.expectServers(t, n)
	id := nodes[0].ClusterID

	timed(t, "plan", func() { b.expectNoDifference(t) })
	expectCalls(t, b, "refresh", 5)

	b.want(t, more)
	timed(t, fmt.Sprintf("grow to %d", more), func() { b.apply(t) })
	t.Logf("growth by %d: %d calls", more-n, b.calls(t))
	grown := b.expectServers(t, more)
	for _, old := range nodes {
		if now, ok := grown.ByName(old.Name); !ok || now.ID != old.ID {
			t.Errorf("%s was touched by the growth", old.Name)
		}
	}

	var retire []string
	for i := 1; i <= (more-fewer)/2; i++ {
		retire = append(retire, cluster.WorkerName(b.name, "cpu", i))
	}
	b.want(t, fewer, retire...)
	timed(t, fmt.Sprintf("shrink to %d", fewer), func() { b.apply(t) })
	t.Logf("shrink by %d: %d calls", more-fewer, b.calls(t))
	left := b.expectServers(t, fewer)
	for _, name := range left.Names() {
		if slices.Contains(retire, name) {
			t.Errorf("%s was to leave", name)
		}
	}
	b.expectNoDifference(t)
	b.calls(t)

	timed(t, fmt.Sprintf("destroy %d", fewer), func() {
		if _, err := b.cli.Destroy(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
	expectCalls(t, b, fmt.Sprintf("destroy of %d workers", fewer), fewer+10)
	b.expectNothing(t, id, portsBefore)
}

// planCalls returns what a plan of the configuration takes. An apply takes them twice: it
// plans, and plans once more before it creates, in a process of its own. A name with dashes
// costs each plan one list.
func (b *bench) planCalls(t *testing.T) int {
	t.Helper()
	if _, differs, err := b.cli.Plan(t.Context()); err != nil || !differs {
		t.Fatalf("plan: difference %v, %v", differs, err)
	}
	return b.calls(t)
}

func timed(t *testing.T, what string, act func()) {
	t.Helper()
	start := time.Now()
	act()
	t.Logf("%s: %s", what, time.Since(start).Round(time.Second))
}

func expectCalls(t *testing.T, b *bench, what string, most int) int {
	t.Helper()
	n := b.calls(t)
	t.Logf("%s: %d calls, budget %d", what, n, most)
	if n > most {
		t.Errorf("%s took %d calls, at most %d are allowed", what, n, most)
	}
	return n
}
