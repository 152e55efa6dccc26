package decide_test

import (
	"testing"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/decide"
)

func TestLeaving(t *testing.T) {
	marked := func(changes ...func(*world)) world {
		return newWorld(append([]func(*world){node("astro-cpu-1", 9000, leaving)}, changes...)...)
	}
	check(t, []row{
		{"without a report one waits", marked(pool("astro-cpu-1", 0, 90)), "", "astro-cpu-1: not_closed_yet generation=7"},
		{"a report on an older generation does not count", marked(pool("astro-cpu-1", 0, 90), report("cpu[1]", ""), func(w *world) { w.facts.Cluster.Report.Generation = 6 }, confirmedOnce("astro-cpu-1", 20)), "", "astro-cpu-1: not_closed_yet generation=7"},
		{"closed: the queue is read again first", marked(report("cpu[1]", "")), "", "astro-cpu-1: read_again_first what=(is_closed)"},
		{"closed, and two readings agree", marked(report("cpu[1]", ""), confirmedOnce("astro-cpu-1", 15)), "remove:cpu-1", "astro-cpu-1: removed_closed"},
		{"the report is read once: what it said is remembered", marked(confirmedOnce("astro-cpu-1", 15), func(w *world) { w.memory.Closed = map[string]bool{"astro-cpu-1": true} }), "remove:cpu-1", ""},
		{"opened meanwhile by another: what an older report said is void", marked(pool("astro-cpu-1", 0, 90), report("", ""), confirmedOnce("astro-cpu-1", 60), func(w *world) { w.memory.Closed = map[string]bool{"astro-cpu-1": true} }), "", "astro-cpu-1: not_closed_yet generation=7"},
		{"two readings of a server before it under its name do not count", marked(report("cpu[1]", ""), func(w *world) {
			w.memory.Confirmed = map[string]decide.Sighting{"astro-cpu-1": {Server: "before", First: ago(60), Last: ago(20), Reads: 2}}
		}), "", "astro-cpu-1: read_again_first what=(is_closed)"},
		{"one that died on its way is not waited for longer than the join timeout", marked(confirmedOnce("astro-cpu-1", 15)), "remove:cpu-1", "astro-cpu-1: removed_absent absent=2h30m limit=15m"},
		{"after a second look", marked(), "", "astro-cpu-1: read_again_first what=(asked_and_absent absent=2h30m)"},
		{"and not while the queue believes a job on it", marked(confirmedOnce("astro-cpu-1", 15), func(w *world) { w.facts.Queue.OnNode["astro-cpu-1"] = 1 }), "", "astro-cpu-1: jobs_by_queue what=(asked_and_absent absent=2h30m) jobs=1"},
		{"nor on partial facts", marked(confirmedOnce("astro-cpu-1", 15), func(w *world) { w.facts.Queue.Partial = []string{"x"} }), "", "astro-cpu-1: not_removed_now what=(asked_and_absent absent=2h30m) why=(facts_partial parts=x)"},
		{"nor before the timeout", marked(confirmedOnce("astro-cpu-1", 15), func(w *world) { w.memory.WatchedFrom = ago(600) }), "", "astro-cpu-1: not_closed_yet generation=7"},
		{"not before drain_recheck", marked(report("cpu[1]", ""), confirmedOnce("astro-cpu-1", 14)), "", "astro-cpu-1: read_again_first what=(is_closed)"},
		{"the same reading is not counted twice", marked(report("cpu[1]", ""), func(w *world) {
			w.memory.Confirmed = map[string]decide.Sighting{"astro-cpu-1": {First: ago(60), Last: now, Reads: 1}}
		}), "", "astro-cpu-1: read_again_first what=(is_closed)"},
		{"closed, but the queue knows a job on it", marked(report("cpu[1]", ""), confirmedOnce("astro-cpu-1", 60), func(w *world) { w.facts.Queue.OnNode["astro-cpu-1"] = 1 }), "", "astro-cpu-1: jobs_by_queue what=(is_closed) jobs=1"},
		{"closed, but facts are partial", marked(report("cpu[1]", ""), confirmedOnce("astro-cpu-1", 60), func(w *world) { w.facts.Queue.Partial = []string{"x"} }), "", "astro-cpu-1: not_removed_now what=(is_closed) why=(facts_partial parts=x)"},
		{"its group's min was raised meanwhile: called back before a new one is made", marked(bounds(1, 10), pool("astro-cpu-1", 0, 90)), "undrain:cpu-1", "astro-cpu-1: recalled_for_min min=1"},
		{"as many as are missing, and no more", marked(bounds(2, 10), node("astro-cpu-2", 9000, leaving), node("astro-cpu-3", 9000), pool("astro-cpu-1", 0, 90), pool("astro-cpu-2", 0, 90), pool("astro-cpu-3", 1, 0)), "undrain:cpu-1", ""},
		{"those that jobs call back count", marked(bounds(1, 10), jobs(4), node("astro-cpu-2", 9000, leaving), pool("astro-cpu-1", 0, 90), pool("astro-cpu-2", 0, 90)), "undrain:cpu-1", ""},
		{"one that has gone is not called back", marked(bounds(1, 10), confirmedOnce("astro-cpu-1", 15)), "remove:cpu-1", "astro-cpu-1: removed_absent absent=2h30m limit=15m"},
		{"busy after all: it comes back", marked(pool("astro-cpu-1", 1, 0), report("", "cpu[1]")), "undrain:cpu-1", "astro-cpu-1: recalled_has_job"},
		{"demand comes back before it is closed", marked(jobs(1), pool("astro-cpu-1", 0, 90)), "undrain:cpu-1", "astro-cpu-1: recalled_jobs_came jobs=1"},
		{"demand comes back after it is closed", marked(jobs(1), report("cpu[1]", ""), confirmedOnce("astro-cpu-1", 60)), "undrain:cpu-1", ""},
		{"demand calls back before it adds", marked(jobs(8), unmetFor(60), pool("astro-cpu-1", 0, 90)), "+1cpu undrain:cpu-1", ""},
		{"a worker that Terraform drains is not ours", newWorld(jobs(1), node("astro-cpu-1", 9000, draining), report("cpu[1]", "")), "", "astro-cpu-1: leaves_for_others"},
		{"protected meanwhile: it comes back", newWorld(node("astro-cpu-1", 9000, leaving, protected), report("cpu[1]", ""), confirmedOnce("astro-cpu-1", 60)), "undrain:cpu-1", "astro-cpu-1: recalled_protected"},
	})
}

func TestDeleteUnkept(t *testing.T) {
	check(t, []row{
		{"a server in ERROR goes at once, with Nova's words", newWorld(node("astro-cpu-1", 30, inError)), "remove:cpu-1", "astro-cpu-1: server_in_error message=No valid host was found."},
		{"a protected one stays", newWorld(node("astro-cpu-1", 30, inError, protected)), "", "astro-cpu-1: kept_protected what=(server_in_error message=No valid host was found.)"},
		{"partial facts remove none that may have had jobs", newWorld(node("astro-cpu-1", 9000, inError), func(w *world) { w.facts.Queue.Partial = []string{"one daemon did not answer"} }), "", "astro-cpu-1: not_deleted_now what=(server_in_error message=No valid host was found.) why=(facts_partial parts=one daemon did not answer)"},
		{"one that was never in the roster has none", newWorld(node("astro-cpu-1", 30, inError), func(w *world) {
			w.facts.Cluster.Document.Workers, w.facts.Queue.Partial = nil, []string{"one daemon did not answer"}
		}), "remove:cpu-1", ""},
		{"one that is out of the pool stays while the queue has a job on it", newWorld(node("astro-cpu-1", 9000, inError), func(w *world) { w.facts.Queue.OnNode["astro-cpu-1"] = 1 }), "", "astro-cpu-1: kept_for_jobs what=(server_in_error message=No valid host was found.) jobs=1"},
		// A job could start on it between the reading and the deletion.
		{"one that works in the pool goes as the others do", newWorld(node("astro-cpu-1", 9000, inError), pool("astro-cpu-1", 0, 90)), "drain:cpu-1", "astro-cpu-1: broken_but_in_pool"},
		{"and stays as the others do", newWorld(node("astro-cpu-1", 9000, inError), pool("astro-cpu-1", 0, 30)), "", "astro-cpu-1: idle_not_long_enough idle=30s setting=idle_after limit=1m"},
		{"a server that is late gets its join timeout", newWorld(node("astro-cpu-1", 899)), "", ""},
		{"then it is looked for once more", newWorld(node("astro-cpu-1", 900)), "", "astro-cpu-1: looked_for_again what=(not_in_pool absent=15m limit=15m)"},
		{"then it goes", newWorld(node("astro-cpu-1", 920), confirmedOnce("astro-cpu-1", 20)), "remove:cpu-1", "astro-cpu-1: not_in_pool absent=15m20s limit=15m"},
		{"unless the queue believes a job on it", newWorld(node("astro-cpu-1", 9000), confirmedOnce("astro-cpu-1", 20), func(w *world) { w.facts.Queue.OnNode["astro-cpu-1"] = 2 }), "", "astro-cpu-1: kept_for_jobs what=(not_in_pool absent=2h30m limit=15m) jobs=2"},
		{"absence counts from the last time in the pool", newWorld(node("astro-cpu-1", 9000), confirmedOnce("astro-cpu-1", 20), func(w *world) { w.memory.LastInPool = map[string]time.Time{"astro-cpu-1": ago(600)} }), "", ""},
		{"and from the start of the watch", newWorld(node("astro-cpu-1", 9000), func(w *world) { w.memory.WatchedFrom = ago(600) }), "", ""},
		{"a stopped server is left alone", newWorld(node("astro-cpu-1", 9000, func(n *cluster.Node, _ *cluster.Member) { n.Status = "SHUTOFF" })), "", "astro-cpu-1: server_stopped status=SHUTOFF"},
		{"a roster entry without a server is deleted after a second look", newWorld(func(w *world) {
			w.facts.Cluster.Document.Workers = []cluster.Member{{Name: "astro-cpu-3"}}
		}, confirmedOnce("astro-cpu-3", 20)), "forget:cpu-3", "astro-cpu-3: no_server"},
		{"nothing is added while a name is being freed", newWorld(jobs(8), unmetFor(60), node("astro-cpu-1", 30, inError)), "remove:cpu-1", "group cpu: group_pauses workers=2 left=5m failures=1 why=(server_in_error message=No valid host was found.)"},
	})
}

// A server in ERROR that the cloud does not delete is one failure, not one in
// every tick, and does not stop its group for ever.
func TestAServerThatCanNotBeDeletedIsOneFailure(t *testing.T) {
	w := newWorld(jobs(4), node("astro-cpu-1", 30, inError))
	w.facts.Cluster.Nodes[0].ID = "s1"
	m, at := w.memory, now
	var out decide.Outcome
	for range 40 {
		w.facts.Queue.JobsAt, w.facts.Queue.WorkersAt = at, at
		out, m = decide.Tick(w.facts, w.policy, m, at)
		at = at.Add(10 * time.Second)
	}
	if b := m.Breakers[decide.FaultKey{Group: "cpu", Kind: cluster.FaultNoHost}]; b.Failures != 1 {
		t.Errorf("%d failures counted", b.Failures)
	}
	if got := brief(out.Decision); got != "+1cpu remove:cpu-1" {
		t.Errorf("decided %q in the end\n%s", got, reasons(out.Decision))
	}
}
