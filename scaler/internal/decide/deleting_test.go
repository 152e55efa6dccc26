package decide_test

import (
	"testing"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/decide"
)

func asked(server string, s int) func(*world) {
	return func(w *world) { w.memory.Asked = map[string]time.Time{server: ago(s)} }
}

// known has the scaler know a server, and that of its name.
func known(name, id string) func(*world) {
	return func(w *world) { w.memory.Servers = map[string]decide.Past{id: {Name: name, Seen: ago(10)}} }
}

// A worker leaves the roster when its server is gone, and not before: until then its mark
// stays, and nothing calls it back.
func TestDeletions(t *testing.T) {
	going := func(n *cluster.Node, m *cluster.Member) {
		n.ID, n.Status, m.Leaving = "s1", cluster.StatusDeleting, cluster.LeaveIdle
	}
	accepted := func(n *cluster.Node, m *cluster.Member) { n.ID, m.Leaving = "s1", cluster.LeaveIdle }
	check(t, []row{
		{"one that is being deleted is no capacity, and keeps its mark", newWorld(jobs(4), unmetFor(60), node("astro-cpu-1", 900, going), asked("s1", 20)), "+1cpu", "astro-cpu-1: being_deleted since=20s"},
		{"nor is one whose deletion was accepted", newWorld(jobs(4), unmetFor(60), node("astro-cpu-1", 900, accepted), pool("astro-cpu-1", 0, 90), asked("s1", 20)), "+1cpu", "astro-cpu-1: being_deleted since=20s"},
		{"nor does a min call it back", newWorld(bounds(1, 4), node("astro-cpu-1", 900, accepted), asked("s1", 20)), "+1cpu", ""},
		{"it counts for max", newWorld(jobs(4), unmetFor(60), bounds(0, 1), node("astro-cpu-1", 900, going), asked("s1", 20)), "", ""},
		{"after a while the deletion is asked for again", newWorld(node("astro-cpu-1", 900, going), asked("s1", 90)), "remove:cpu-1", "astro-cpu-1: still_there since=1m30s"},
		{"which does not hold its group up", newWorld(jobs(4), unmetFor(60), node("astro-cpu-1", 900, going), asked("s1", 90)), "+1cpu remove:cpu-1", ""},
		{"a deletion of an earlier scaler is watched", newWorld(node("astro-cpu-1", 900, going)), "", "astro-cpu-1: being_deleted since=0s"},
		{"other programs' deletions are theirs", newWorld(node("astro-cpu-1", 900, func(n *cluster.Node, _ *cluster.Member) { n.Status = cluster.StatusDeleting })), "", "astro-cpu-1: deleted_by_others"},
		{"one that Nova did not delete is judged again as what it is", newWorld(node("astro-cpu-1", 900, inError, func(n *cluster.Node, _ *cluster.Member) { n.ID = "s1" }), asked("s1", 90)), "remove:cpu-1", "astro-cpu-1: server_in_error"},
		{"the entry goes as soon as the server is gone", newWorld(func(w *world) {
			w.facts.Cluster.Document.Workers = []cluster.Member{{Name: "astro-cpu-1", Leaving: cluster.LeaveIdle}}
		}, known("astro-cpu-1", "s1"), asked("s1", 20)), "forget:cpu-1", "astro-cpu-1: no_server"},
		{"whoever deleted it, also under jobs", newWorld(func(w *world) {
			w.facts.Cluster.Document.Workers = []cluster.Member{{Name: "astro-cpu-1"}}
			w.facts.Queue.OnNode["astro-cpu-1"] = 2
		}, known("astro-cpu-1", "s1"), pool("astro-cpu-1", 2, 0)), "forget:cpu-1", "astro-cpu-1: no_server"},
		{"but not by the server before of that name", newWorld(func(w *world) {
			w.facts.Cluster.Document.Workers = []cluster.Member{{Name: "astro-cpu-1", Batch: "b2"}}
		}, func(w *world) {
			w.memory.Servers = map[string]decide.Past{"s1": {Name: "astro-cpu-1", Batch: "b1", Seen: ago(10)}}
		}), "", ""},
		{"after a second look, where this scaler has not seen the server", newWorld(func(w *world) {
			w.facts.Cluster.Document.Workers = []cluster.Member{{Name: "astro-cpu-1", Leaving: cluster.LeaveIdle}}
		}), "", ""},
	})
}

// Many servers that are being deleted by the scaler's wish are no sickness.
func TestDeletionsAreNoSickness(t *testing.T) {
	w := newWorld(func(w *world) {
		for i := range 8 {
			node(cluster.WorkerName("astro", "cpu", i+1), 90000, func(n *cluster.Node, _ *cluster.Member) { n.Status = cluster.StatusDeleting })(w)
		}
	})
	if out, _ := decide.Tick(w.facts, w.policy, w.memory, now); !out.Decision.Stop.IsZero() {
		t.Error(out.Decision.Stopped)
	}
}

// What is remembered of deletions goes with the servers.
func TestDeletionsAreForgotten(t *testing.T) {
	w := newWorld(node("astro-cpu-1", 900, func(n *cluster.Node, _ *cluster.Member) { n.ID = "s1" }), asked("s1", 20))
	w.memory.Asked["s2"] = ago(20)
	_, m := decide.Tick(w.facts, w.policy, w.memory, now)
	if _, kept := m.Asked["s1"]; !kept || len(m.Asked) != 1 {
		t.Errorf("asked %v", m.Asked)
	}
	later := now.Add(time.Hour)
	w.facts.Cluster.Nodes = nil
	w.facts.Queue.JobsAt, w.facts.Queue.WorkersAt = later, later
	out, m := decide.Tick(w.facts, w.policy, m, later)
	for _, g := range out.Decision.Collect {
		m = m.Collected(g.Server, nil, later)
	}
	if _, m = decide.Tick(w.facts, w.policy, m, later); len(m.Asked) != 0 {
		t.Errorf("asked %v", m.Asked)
	}
}
