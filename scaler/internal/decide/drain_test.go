package decide_test

import (
	"testing"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/decide"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
)

// drains has the queue's program drain workers, on a cluster without a batch system. Its
// front-end calls each marked worker drained.
func drains(w *world) {
	withoutBatchSystem(w)
	w.facts.Queue.Traits.Actions = []string{queue.ActionDrain, queue.ActionUndrain}
}

func withoutBatchSystem(w *world) {
	w.facts.Cluster.Document.BatchSystem = cluster.BatchNone
	report("cpu[1]", "")(w)
}

// drained has the pool show its last member as draining.
func drained(w *world) { w.facts.Queue.Workers[len(w.facts.Queue.Workers)-1].Draining = true }

func TestProgramDrains(t *testing.T) {
	idle := pool("astro-cpu-1", 0, 90)
	marked := func(changes ...func(*world)) world {
		return newWorld(append([]func(*world){drains, node("astro-cpu-1", 9000, leaving)}, changes...)...)
	}
	open := func(changes ...func(*world)) world {
		return newWorld(append([]func(*world){drains, node("astro-cpu-1", 9000)}, changes...)...)
	}
	check(t, []row{
		{"a worker that is asked to leave is drained in the same round", open(idle), "drain:cpu-1 close:cpu-1", "astro-cpu-1: marked"},
		{"drained again while the pool does not show it, whatever the front-end reports", marked(idle, confirmedOnce("astro-cpu-1", 60)), "close:cpu-1", "astro-cpu-1: not_drained_yet"},
		{"drained: the queue is read again first", marked(idle, drained), "", "astro-cpu-1: read_again_first what=(is_closed)"},
		{"drained, and two readings agree", marked(idle, drained, confirmedOnce("astro-cpu-1", 15)), "remove:cpu-1", "astro-cpu-1: removed_drained"},
		{"not before drain_recheck", marked(idle, drained, confirmedOnce("astro-cpu-1", 14)), "", "astro-cpu-1: read_again_first"},
		{"a reading that began before the drain showed does not count", marked(idle, drained, func(w *world) {
			w.memory.Confirmed = map[string]decide.Sighting{"astro-cpu-1": {First: ago(20), Last: ago(40), Reads: 1}}
			w.facts.Queue.JobsAt = ago(30)
		}), "", "astro-cpu-1: read_again_first"},
		{"a job began before the drain: it comes back", marked(pool("astro-cpu-1", 1, 0), drained, confirmedOnce("astro-cpu-1", 60)), "undrain:cpu-1 open:cpu-1", "astro-cpu-1: recalled_got_job"},
		{"a job that only the queue knows brings it back as well", marked(idle, drained, confirmedOnce("astro-cpu-1", 60), func(w *world) { w.facts.Queue.OnNode["astro-cpu-1"] = 1 }), "undrain:cpu-1 open:cpu-1", "astro-cpu-1: recalled_got_job"},
		{"demand comes back", marked(jobs(1), idle, drained), "undrain:cpu-1 open:cpu-1", "astro-cpu-1: recalled_jobs_came jobs=1"},
		{"demand comes back before the drain shows: it is undrained all the same", marked(jobs(1), idle), "undrain:cpu-1 open:cpu-1", ""},
		{"partial facts remove nothing", marked(idle, drained, confirmedOnce("astro-cpu-1", 60), func(w *world) { w.facts.Queue.Partial = []string{"x"} }), "", "astro-cpu-1: not_removed_now"},
		{"a worker that Terraform removes is drained as well", newWorld(drains, node("astro-cpu-1", 9000, draining), idle), "close:cpu-1", "astro-cpu-1: leaves_for_others"},
		{"drained without a mark, by a scaler that ended before it undrained it", open(idle, drained), "open:cpu-1", "astro-cpu-1: drains_unmarked"},
		{"or by somebody else: it is undrained once, and then left alone", open(idle, drained, func(w *world) { w.memory.Tried = map[string]bool{"astro-cpu-1": true} }), "", "astro-cpu-1: closed_by_others"},
		{"one that is out of the pool is not drained", marked(func(w *world) { w.memory.WatchedFrom = ago(60) }), "", "astro-cpu-1: not_drained_yet"},
		{"one that died on its way goes after the join timeout", marked(confirmedOnce("astro-cpu-1", 15)), "remove:cpu-1", "astro-cpu-1: removed_absent"},
	})
}

// Where nothing keeps jobs from a worker that leaves, none is asked to leave and none is
// removed.
func TestNothingDrains(t *testing.T) {
	check(t, []row{
		{"an idle worker stays", newWorld(withoutBatchSystem, node("astro-cpu-1", 9000), pool("astro-cpu-1", 0, 9000)), "", "astro-cpu-1: idle_no_drain idle=2h30m"},
		{"a marked one is called back, although the front-end calls it drained", newWorld(withoutBatchSystem, node("astro-cpu-1", 9000, leaving), pool("astro-cpu-1", 0, 90), confirmedOnce("astro-cpu-1", 60)), "undrain:cpu-1", "astro-cpu-1: recalled_no_drain"},
		{"a server in ERROR goes", newWorld(withoutBatchSystem, node("astro-cpu-1", 30, inError)), "remove:cpu-1", ""},
	})
}

// A sighting of a drained worker is void once a reading shows it open: a job may have come
// and gone.
func TestSightingsBeforeAnOpenWorkerAreVoid(t *testing.T) {
	world := func(changes ...func(*world)) world {
		return newWorld(append([]func(*world){drains, node("astro-cpu-1", 9000, leaving), pool("astro-cpu-1", 0, 90)}, changes...)...)
	}
	out, m := ticks(t, decide.Memory{}, world(drained), world(drained), world(), world(drained))
	if got := brief(out.Decision); got != "" || m.Confirmed["astro-cpu-1"].Reads != 1 {
		t.Errorf("decided %q, sighting %+v", got, m.Confirmed["astro-cpu-1"])
	}
	if out, _ = ticks(t, decide.Memory{}, world(drained), world(drained), world(drained)); brief(out.Decision) != "remove:cpu-1" {
		t.Errorf("decided %q", brief(out.Decision))
	}
}

// Workers that were marked in this scaler's time are undrained until the pool shows it,
// others once.
func TestUndrainedUntilThePoolShowsIt(t *testing.T) {
	world := func(changes ...func(*world)) world {
		return newWorld(append([]func(*world){drains, pool("astro-cpu-1", 0, 30), drained}, changes...)...)
	}
	marked, open := node("astro-cpu-1", 9000, leaving), node("astro-cpu-1", 9000)
	_, m := ticks(t, decide.Memory{}, world(marked))
	m = m.Undrained("astro-cpu-1")
	out, m := ticks(t, m, world(open))
	if got := brief(out.Decision); got != "open:cpu-1" || !m.Ours["astro-cpu-1"] {
		t.Errorf("after its mark was taken back: %q", got)
	}
	out, m = ticks(t, decide.Memory{}, world(open))
	if got := brief(out.Decision); got != "open:cpu-1" {
		t.Errorf("after a restart: %q", got)
	}
	m = m.Undrained("astro-cpu-1")
	out, m = ticks(t, m, world(open))
	if got := brief(out.Decision); got != "" || !m.Tried["astro-cpu-1"] {
		t.Errorf("when that did not help: %q", got)
	}
	_, m = ticks(t, m, newWorld(drains, open, pool("astro-cpu-1", 0, 30)))
	if len(m.Ours)+len(m.Tried) > 0 {
		t.Errorf("after it was seen open: %v, %v", m.Ours, m.Tried)
	}
}
