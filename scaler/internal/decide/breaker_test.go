package decide_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/decide"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/reason"
)

func fault(kind cluster.FaultKind, zone string) decide.Fault {
	return decide.Fault{Group: "cpu", Zone: zone, Kind: kind, Why: reason.Said("no luck")}
}

// failed notes the same faults n times, the last some seconds ago.
func failed(n, s int, f ...decide.Fault) func(*world) {
	return func(w *world) {
		for range n {
			w.memory = w.memory.Failed(ago(s), f...)
		}
	}
}

func zones(names ...string) func(*world) {
	return func(w *world) {
		g := w.facts.Cluster.Document.Groups["cpu"]
		g.Zones = names
		w.facts.Cluster.Document.Groups["cpu"] = g
	}
}

func inZone(zone string) func(*cluster.Node, *cluster.Member) {
	return func(n *cluster.Node, _ *cluster.Member) { n.Zone = zone }
}

// A group whose workers never come up must not be filled for ever.
func TestPausesGrow(t *testing.T) {
	for _, row := range []struct {
		kind cluster.FaultKind
		want string // minutes
	}{
		{cluster.FaultNoHost, "[5 10 20 30 30 30]"},
		{decide.NotJoined, "[5 10 20 30 30 30]"},
		{cluster.FaultQuota, "[1 1 1 1 1 1]"},    // the limits are read in each tick
		{cluster.FaultConflict, "[1 1 1 1 1 1]"}, // another writer
	} {
		var m decide.Memory
		var got []int
		for range 6 {
			m = m.Failed(now, fault(row.kind, ""))
			got = append(got, int(m.Breakers[decide.FaultKey{Group: "cpu", Kind: row.kind}].Until.Sub(now).Minutes()))
		}
		if fmt.Sprint(got) != row.want {
			t.Errorf("%s: pauses of %v minutes, want %s", row.kind, got, row.want)
		}
	}
}

func TestOneAttemptIsOneFailure(t *testing.T) {
	f := fault(cluster.FaultNoHost, "a")
	m := decide.Memory{}.Failed(now, f, f, f, fault(cluster.FaultNoHost, "b"), fault(cluster.FaultImage, "a"))
	for key, want := range map[decide.FaultKey]int{
		{Group: "cpu", Zone: "a", Kind: cluster.FaultNoHost}: 1,
		{Group: "cpu", Zone: "b", Kind: cluster.FaultNoHost}: 1,
		{Group: "cpu", Kind: cluster.FaultImage}:             1, // no zone has another image
	} {
		if got := m.Breakers[key].Failures; got != want {
			t.Errorf("%v: %d failures, want %d", key, got, want)
		}
	}
}

func TestBreakers(t *testing.T) {
	want := func(changes ...func(*world)) world {
		return newWorld(append([]func(*world){jobs(16), unmetFor(60)}, changes...)...)
	}
	host, lost := fault(cluster.FaultNoHost, ""), fault(decide.NotJoined, "")
	check(t, []row{
		{"a failure pauses its group", want(failed(1, 299, host)), "", "group cpu: group_pauses workers=4 left=1s failures=1 why=(other words=no luck)"},
		{"for five minutes", want(failed(1, 300, host)), "+4cpu", ""},
		{"min is no exception", newWorld(bounds(2, 10), failed(1, 10, host)), "", "group cpu: group_pauses workers=2 left=4m50s failures=1 why=(other words=no luck)"},
		{"another group's failure does not", want(failed(1, 10, decide.Fault{Group: "other", Kind: cluster.FaultNoHost})), "+4cpu", ""},
		{"a second failure pauses for ten", want(failed(2, 599, host)), "", "group cpu: group_pauses workers=4 left=1s failures=2 why=(other words=no luck)"},
		{"and then one is tried first", want(failed(2, 600, host)), "+1cpu", "group cpu: probe_first left_out=3 workers=4 failures=2 why=(other words=no luck)"},
		{"the others wait until it has joined", want(failed(2, 700, host), node("astro-cpu-1", 60)), "", "group cpu: probe_under_way workers=3 failures=2 worker=astro-cpu-1"},
		{"and come when it has", want(failed(2, 700, host), node("astro-cpu-1", 60), pool("astro-cpu-1", 4, 0)), "+4cpu", ""},
		{"a worker from before the failure proves nothing", want(failed(1, 10, host), node("astro-cpu-1", 60), pool("astro-cpu-1", 4, 0)), "", "group cpu: group_pauses workers=4 left=4m50s failures=1 why=(other words=no luck)"},
		{"faults of two kinds: the longer pause holds", want(failed(1, 290, host), failed(1, 100, lost)), "", "group cpu: group_pauses workers=4 left=3m20s failures=1 why=(other words=no luck)"},
		{"failures are forgotten in the end", want(failed(2, 600+3*3600+1, host)), "+4cpu", ""},
		{"want of quota is no failure", want(failed(5, 60, fault(cluster.FaultQuota, ""))), "+4cpu", ""},
		{"and pauses for a minute", want(failed(5, 59, fault(cluster.FaultQuota, ""))), "", "group cpu: group_pauses workers=4 left=1s why=(other words=no luck)"},

		{"a failure in one zone leaves the others", want(zones("a", "b"), failed(1, 10, fault(cluster.FaultNoHost, "a"))), "+4cpu", "group cpu: zones_avoided zones=a"},
		{"failures in all zones do not", want(zones("a", "b"), failed(1, 10, fault(cluster.FaultNoHost, "a")), failed(1, 200, fault(cluster.FaultNoHost, "b"))), "", "group cpu: group_pauses workers=4 left=1m40s failures=1 why=(other words=no luck)"},
		{"one zone's past failures need no probe", want(zones("a", "b"), failed(2, 700, fault(cluster.FaultNoHost, "a"))), "+4cpu", ""},
		{"all zones' do", want(zones("a", "b"), failed(2, 700, fault(cluster.FaultNoHost, "a")), failed(2, 700, fault(cluster.FaultNoHost, "b"))), "+1cpu", "group cpu: probe_first left_out=3 workers=4 failures=2 why=(other words=no luck)"},
		{"a bad image is the same in every zone", want(zones("a", "b"), failed(1, 10, fault(cluster.FaultImage, "a"))), "", "group cpu: group_pauses workers=4 left=4m50s failures=1 why=(other words=no luck)"},
		{"a worker of another zone proves nothing of this one", want(zones("a"), failed(1, 100, fault(cluster.FaultNoHost, "a")), node("astro-cpu-1", 60, inZone("b")), pool("astro-cpu-1", 4, 0)), "", "group cpu: group_pauses workers=4 left=3m20s failures=1 why=(other words=no luck)"},
		{"one of this zone does", want(zones("a"), failed(1, 100, fault(cluster.FaultNoHost, "a")), node("astro-cpu-1", 60, inZone("a")), pool("astro-cpu-1", 4, 0)), "+4cpu", ""},
	})
}

func TestTheZoneToAvoidIsPartOfTheDecision(t *testing.T) {
	w := newWorld(jobs(4), unmetFor(60), zones("a", "b"), failed(1, 10, fault(cluster.FaultNoHost, "a")))
	out, _ := decide.Tick(w.facts, w.policy, w.memory, now)
	if add := out.Decision.Add; len(add) != 1 || fmt.Sprint(add[0].Avoid) != "[a]" {
		t.Errorf("%+v", add)
	}
}

// A worker that is deleted for its failure counts for its zone and its kind, and the
// step names the kind.
func TestFailedWorkersOpenTheirBreakers(t *testing.T) {
	w := newWorld(zones("a", "b"),
		node("astro-cpu-1", 30, inError, inZone("a")),
		node("astro-cpu-2", 920, inZone("b")), confirmedOnce("astro-cpu-2", 20),
		node("astro-cpu-3", 30, inError, inZone("nova"))) // not a zone of the group's own
	out, m := decide.Tick(w.facts, w.policy, w.memory, now)
	for _, key := range []decide.FaultKey{
		{Group: "cpu", Zone: "a", Kind: cluster.FaultNoHost},
		{Group: "cpu", Zone: "b", Kind: decide.NotJoined},
		{Group: "cpu", Kind: cluster.FaultNoHost},
	} {
		if b := m.Breakers[key]; b.Failures != 1 || b.Until != now.Add(5*time.Minute) {
			t.Errorf("%v: %+v", key, b)
		}
	}
	want := []cluster.FaultKind{cluster.FaultNoHost, decide.NotJoined, cluster.FaultNoHost}
	for i, s := range out.Decision.Remove {
		if s.Fault != want[i] {
			t.Errorf("%s: fault %q", s.Worker, s.Fault)
		}
	}
}
