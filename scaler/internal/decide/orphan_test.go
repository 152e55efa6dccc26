package decide_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/decide"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/fleet"
)

// unenrollable is the reason of a server whose metadata do not prove its batch.
const unenrollable = "never_enrolled why=its metadata hold no vmcluster_batch_ca that belongs to its vmcluster_batch"

// server is one of a batch that was not enrolled. Its metadata do not prove the batch.
func server(name, id, batch string, age int, change ...func(*cluster.Node, *cluster.Member)) func(*world) {
	return func(w *world) {
		n := cluster.Node{ID: id, Name: name, Role: cluster.RoleWorker, Group: "cpu", Status: cluster.StatusActive, Batch: batch, Created: ago(age)}
		for _, c := range change {
			c(&n, nil)
		}
		w.facts.Cluster.Nodes = append(w.facts.Cluster.Nodes, n)
	}
}

// enrolled puts the last server into the roster.
func enrolled(w *world) {
	n := w.facts.Cluster.Nodes[len(w.facts.Cluster.Nodes)-1]
	w.facts.Cluster.Document.Workers = append(w.facts.Cluster.Document.Workers, cluster.Member{Name: n.Name, Batch: n.Batch})
}

func unwantedFor(id string, s int) func(*world) {
	return func(w *world) {
		w.memory.Orphans = map[string]time.Time{id: ago(s)}
		watched(36000)(w)
	}
}

func building(n *cluster.Node, _ *cluster.Member) { n.Status = cluster.StatusBuild }

// onServer says of the pool's last worker which server it is.
func onServer(id string) func(*world) {
	return func(w *world) { w.facts.Queue.Workers[len(w.facts.Queue.Workers)-1].Server = id }
}

func TestOrphans(t *testing.T) {
	check(t, []row{
		{"one that is being made has time", newWorld(watched(9000), server("astro-cpu-1", "s1", "b1", 299)), "", ""},
		{"and its batch's latecomers give it more", newWorld(unwantedFor("s1", 9000), server("astro-cpu-1", "s1", "b1", 9000), server("astro-cpu-2", "s2", "b1", 200)), "", ""},
		{"as do those that Nova is still building", newWorld(unwantedFor("s1", 9000), server("astro-cpu-1", "s1", "b1", 600), server("astro-cpu-2", "s2", "b1", 600, building)), "", ""},
		{"then it is said", newWorld(watched(9000), server("astro-cpu-1", "s1", "b1", 300)), "", "astro-cpu-1: deleted_later what=(" + unenrollable + ") left=5m"},
		{"another batch is no excuse", newWorld(unwantedFor("s1", 300), server("astro-cpu-1", "s1", "b1", 600), server("astro-cpu-2", "s2", "b2", 200)), "remove:cpu-1", ""},
		{"and after five minutes it is done", newWorld(unwantedFor("s1", 300), server("astro-cpu-1", "s1", "b1", 600)), "remove:cpu-1", "astro-cpu-1: never_enrolled"},
		{"not sooner", newWorld(unwantedFor("s1", 299), server("astro-cpu-1", "s1", "b1", 600)), "", "astro-cpu-1: deleted_later what=(" + unenrollable + ") left=1s"},
		{"another server's grace is not its own", newWorld(unwantedFor("s0", 900), server("astro-cpu-1", "s1", "b1", 600)), "", "astro-cpu-1: deleted_later what=(" + unenrollable + ") left=5m"},
		{"a run of a minute goes by the server's age", newWorld(server("astro-cpu-1", "s1", "b1", 600)), "remove:cpu-1", ""},
		{"an old server's entry does not enrol a new one of its name, which goes by its ID", newWorld(server("astro-cpu-1", "s1", "b1", 600), unwantedFor("s1", 300), func(w *world) {
			w.facts.Cluster.Document.Workers = []cluster.Member{{Name: "astro-cpu-1", Batch: "b0"}}
		}), "discard:cpu-1/s1", ""},
		{"an enrolled one is none", newWorld(unwantedFor("s1", 300), server("astro-cpu-1", "s1", "b1", 600), enrolled), "", ""},
		{"nor is one in the pool", newWorld(unwantedFor("s1", 300), server("astro-cpu-1", "s1", "b1", 600), pool("astro-cpu-1", 1, 0)), "", ""},
		{"nor one in the pool whose name is asked to leave", newWorld(unwantedFor("s1", 300), server("astro-cpu-1", "s1", "b1", 600), func(w *world) {
			w.facts.Cluster.Document.Workers = []cluster.Member{{Name: "astro-cpu-1", Batch: "b0", Leaving: cluster.LeaveIdle}}
		}, pool("astro-cpu-1", 0, 900)), "", "astro-cpu-1: not_closed_yet generation=7"},
		{"nor one with a job by the queue's account", newWorld(unwantedFor("s1", 300), server("astro-cpu-1", "s1", "b1", 600), func(w *world) { w.facts.Queue.OnNode["astro-cpu-1"] = 1 }), "", "astro-cpu-1: kept_may_have_jobs what=(" + unenrollable + ")"},
		{"a protected one stays", newWorld(unwantedFor("s1", 300), server("astro-cpu-1", "s1", "b1", 600, protected)), "", "astro-cpu-1: kept_protected what=(" + unenrollable + ")"},
		{"partial facts delete none", newWorld(unwantedFor("s1", 300), server("astro-cpu-1", "s1", "b1", 600), func(w *world) { w.facts.Queue.Partial = []string{"x"} }), "", "astro-cpu-1: not_deleted_now what=(" + unenrollable + ") why=(facts_partial parts=x)"},
		{"another group's is not ours", newWorld(unwantedFor("s1", 300), server("astro-other-1", "s1", "b1", 600, func(n *cluster.Node, _ *cluster.Member) { n.Group = "other" })), "", ""},
	})
}

// The five minutes that its batch may take and those of its grace are the same: a
// scaler that watches from the beginning does not wait twice.
func TestAnOrphanGoesFiveMinutesAfterItWasMade(t *testing.T) {
	w := newWorld(watched(9000), server("astro-cpu-1", "s1", "b1", 0))
	at, m := now, w.memory
	for _, step := range []struct {
		after time.Duration
		want  string
	}{{10 * time.Second, ""}, {280 * time.Second, ""}, {20 * time.Second, "astro-cpu-1"}} {
		at = at.Add(step.after)
		w.facts.Queue.JobsAt, w.facts.Queue.WorkersAt = at, at
		var out decide.Outcome
		out, m = decide.Tick(w.facts, w.policy, m, at)
		if got := strings.Join(out.Decision.Removals(), " "); got != step.want {
			t.Errorf("%s after it was made: removes %q, want %q", at.Sub(now), got, step.want)
		}
	}
}

func TestTwoServersOfOneName(t *testing.T) {
	two := func(changes ...func(*world)) world {
		return newWorld(append([]func(*world){
			server("astro-cpu-1", "old", "b1", 9000), enrolled, server("astro-cpu-1", "young", "b2", 600),
		}, changes...)...)
	}
	check(t, []row{
		{"the younger one goes", two(unwantedFor("young", 300), pool("astro-cpu-1", 4, 0), onServer("old")), "discard:cpu-1/young", "astro-cpu-1: second_of_name"},
		{"after its grace", two(unwantedFor("young", 299), pool("astro-cpu-1", 4, 0), onServer("old")), "", "astro-cpu-1: deleted_later what=(second_of_name) left=1s"},
		{"unless it is the one that works", two(unwantedFor("old", 300), pool("astro-cpu-1", 4, 0), onServer("young")), "discard:cpu-1/old", ""},
		{"none goes while the pool does not name the one that works", two(unwantedFor("young", 300), pool("astro-cpu-1", 4, 0)), "", "astro-cpu-1: kept_may_have_jobs what=(second_of_name)"},
		{"nor while the queue knows of jobs and the pool of nothing", two(unwantedFor("young", 300), watched(600), func(w *world) { w.facts.Queue.OnNode["astro-cpu-1"] = 1 }), "", "astro-cpu-1: kept_may_have_jobs what=(second_of_name)"},
		{"a protected one stays", two(unwantedFor("young", 300), pool("astro-cpu-1", 4, 0), onServer("old"), func(w *world) { w.facts.Cluster.Nodes[1].Protected = true }), "", "astro-cpu-1: kept_protected what=(second_of_name)"},
		{"one that is being made is left to its maker", two(unwantedFor("young", 300), pool("astro-cpu-1", 4, 0), onServer("old"), func(w *world) { w.facts.Cluster.Nodes[1].Status = cluster.StatusBuild }), "", ""},
	})
	out, _ := decide.Tick(two().facts, two().policy, decide.Memory{}, now)
	if n := len(out.Fleet.Group("cpu")); n != 1 || out.Fleet.Count("", fleet.Vanished) != 0 {
		t.Errorf("%d workers of one name", n)
	}
}

// The ports and volumes of a server that is gone are looked for once, after the
// grace, and again later where that failed.
func TestRemainsOfGoneServers(t *testing.T) {
	w := newWorld(server("astro-cpu-1", "s1", "", 9000, func(n *cluster.Node, _ *cluster.Member) { n.Volumes = []string{"v1"} }), enrolled, pool("astro-cpu-1", 1, 0))
	at := now
	var m decide.Memory
	tick := func(after time.Duration) string {
		at = at.Add(after)
		w.facts.Queue.JobsAt, w.facts.Queue.WorkersAt = at, at
		var out decide.Outcome
		out, m = decide.Tick(w.facts, w.policy, m, at)
		return fmt.Sprint(out.Decision.Collect)
	}
	want := func(what, got, wanted string) {
		t.Helper()
		if got != wanted {
			t.Errorf("%s: %s, want %s", what, got, wanted)
		}
	}
	want("while it is there", tick(0), "[]")
	w.facts.Cluster.Nodes, w.facts.Cluster.Document.Workers, w.facts.Queue.Workers = nil, nil, nil
	want("just gone", tick(4*time.Minute), "[]")
	want("gone for the grace", tick(time.Minute), "[{s1 astro-cpu-1 [v1]}]")
	m = m.Collected("s1", errors.New("down"), at)
	want("after a failure", tick(4*time.Minute), "[]")
	want("later", tick(time.Minute), "[{s1 astro-cpu-1 [v1]}]")
	m = m.Collected("s1", nil, at)
	want("when that is done", tick(time.Hour), "[]")
}
