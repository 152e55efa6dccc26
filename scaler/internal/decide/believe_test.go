package decide_test

import (
	"testing"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/decide"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/fleet"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue/queuetest"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/reason"
)

// believing returns the facts of a worker that is in the pool, and eight jobs of a
// CPU each; its flavor has four CPUs.
func believing(now time.Time, w queue.Worker) decide.Facts {
	traits := queuetest.Traits()
	traits.Identities = true
	w.Name, w.Slots, w.HeardAt, w.IdleSince = "astro-cpu-1", 1, now, now.Add(-10*time.Second)
	return decide.Facts{
		Queue: queue.Snapshot{
			Traits: traits, JobsAt: now, WorkersAt: now, PoolSince: now.Add(-time.Hour), Workers: []queue.Worker{w},
			Jobs: []queue.JobGroup{{Key: "k", First: "1.0", Count: 8, Oldest: now.Add(-time.Hour), Asks: queue.Shape{Cpus: 1, MemoryMiB: 100}, Takes: queue.Shape{Cpus: 1, MemoryMiB: 128}}},
		},
		Cluster: cluster.View{
			Nodes: cluster.Nodes{{ID: "s1", Name: "astro-cpu-1", Role: cluster.RoleWorker, Group: "cpu", Flavor: "f4", Address: "192.0.2.1", Status: cluster.StatusActive, Created: now.Add(-2 * time.Hour), Batch: "b"}},
			Document: cluster.Document{
				Name: "astro", Groups: map[string]cluster.GroupSpec{"cpu": {NodeSpec: cluster.NodeSpec{Flavor: "f4"}}},
				Workers: []cluster.Member{{Name: "astro-cpu-1", Address: "192.0.2.1", Batch: "b"}},
			},
		},
		Flavors: map[string]queue.Shape{"cpu": {Cpus: 4, MemoryMiB: 8000}},
	}
}

func TestWhatContradictsTheCloudCountsForNothing(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	honest := queue.Worker{Identity: "astro-cpu-1", Server: "s1", Address: "192.0.2.1", Total: queue.Shape{Cpus: 4, MemoryMiB: 8000}, Free: queue.Shape{Cpus: 4, MemoryMiB: 8000}}
	for _, row := range []struct {
		name   string
		change func(*queue.Worker)
		inPool bool
		cpus   int // of the worker that are free
		noted  reason.Code
	}{
		{"as it is", func(*queue.Worker) {}, true, 4, ""},
		{"without its server and address", func(w *queue.Worker) { w.Server, w.Address = "", "" }, true, 4, ""},
		{"no proof", func(w *queue.Worker) { w.Identity = "" }, false, 0, reason.PoolUnproved},
		{"another server", func(w *queue.Worker) { w.Server = "s2" }, false, 0, reason.PoolOtherServer},
		{"another address", func(w *queue.Worker) { w.Address = "192.0.2.2" }, false, 0, reason.PoolOtherAddress},
		{"100,000 CPUs", func(w *queue.Worker) { w.Total.Cpus, w.Free.Cpus = 100_000, 100_000 }, true, 4, reason.PoolTooMuch},
		{"twice as many, as an operator may say", func(w *queue.Worker) { w.Total.Cpus, w.Free.Cpus = 8, 8 }, true, 8, ""},
		{"more memory than there is", func(w *queue.Worker) { w.Total.MemoryMiB = 1 << 30 }, true, 4, reason.PoolTooMuch},
	} {
		w := honest
		row.change(&w)
		p := decide.DefaultPolicy()
		p.Groups["cpu"] = decide.Bounds{Max: 10}
		out, m := decide.Tick(believing(now, w), p, decide.Memory{}, now)
		got := out.Fleet.Workers[0]
		if got.InPool != row.inPool || got.Pool.Free.Cpus != row.cpus || got.Doubted == row.inPool {
			t.Errorf("%s: %+v", row.name, got)
		}
		if l := m.Learned["cpu"]; l.Shape.Cpus > 8 || l.Shape.MemoryMiB > 8000 {
			t.Errorf("%s: the next worker is expected to have %s", row.name, l.Shape)
		}
		code := reason.Code("")
		for _, n := range out.Decision.Notes {
			if n.About == "astro-cpu-1" && (n.Reason.Code == row.noted || row.noted == "" && n.Reason.Code != reason.IdleNotLongEnough && n.Reason.Code != reason.IdleJobsFit) {
				code = n.Reason.Code
			}
		}
		if code != row.noted {
			t.Errorf("%s: noted %q of %+v", row.name, code, out.Decision.Notes)
		}
	}
}

// A member of the pool that is doubted is not deleted for not being in the pool.
func TestADoubtedWorkerIsKept(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	p := decide.DefaultPolicy()
	p.Groups["cpu"] = decide.Bounds{Max: 10}
	for _, doubted := range []bool{false, true} {
		var m decide.Memory
		removed := false
		for minute := range 40 {
			at := now.Add(time.Duration(minute) * time.Minute)
			f := believing(at, queue.Worker{Identity: "astro-cpu-1", Server: "s2"})
			f.Queue.PoolSince, f.Cluster.Nodes[0].Created = now.Add(-time.Hour), now.Add(-2*time.Hour)
			if !doubted {
				f.Queue.Workers = nil
			}
			var out decide.Outcome
			out, m = decide.Tick(f, p, m, at)
			removed = removed || len(out.Decision.Remove) > 0
			if kept := slicesContain(out.Decision.Notes, reason.KeptDoubted); minute == 39 && kept != doubted {
				t.Errorf("doubted %t: noted %+v", doubted, out.Decision.Notes)
			}
		}
		if removed == doubted {
			t.Errorf("doubted %t: removed %t", doubted, removed)
		}
	}
}

func slicesContain(notes []decide.Note, code reason.Code) bool {
	for _, n := range notes {
		if n.Reason.Code == code {
			return true
		}
	}
	return false
}

func TestClaimsAreNamed(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	f := believing(now, queue.Worker{Identity: "astro-cpu-1", Server: "s1"})
	f.Queue.Claims = []queue.Claim{{Node: "astro-cpu-1", By: "astro-cpu-2"}, {Node: "astro-cpu-1", By: "astro-cpu-1"}, {Node: "astro-cpu-1"}}
	f.Queue.Workers = append(f.Queue.Workers, queue.Worker{Name: "astro-cpu-7", Identity: "astro-cpu-7", Slots: 1, Total: queue.Shape{Cpus: 64}, Free: queue.Shape{Cpus: 64}},
		queue.Worker{Name: "elsewhere", Slots: 1})
	out, _ := decide.Tick(f, decide.DefaultPolicy(), decide.Memory{}, now)
	for _, code := range []reason.Code{reason.PoolSpokenFor, reason.PoolContradicts, reason.PoolSameName, reason.PoolNoServer} {
		if !slicesContain(out.Decision.Notes, code) {
			t.Errorf("%s is not noted: %+v", code, out.Decision.Notes)
		}
	}
	if n := out.Fleet.Count("", fleet.Foreign); n != 1 {
		t.Errorf("%d strangers, want only the machine that claims to be none of the cluster's", n)
	}
}

// identities makes the batch system one whose workers prove which nodes they are. A
// worker of the pool that pool() adds has not.
func identities(w *world) { w.facts.Queue.Traits.Identities = true }

// claimed notes that a member of the pool spoke in a node's name, in the place of that
// node's own words.
func claimed(node, by string) func(*world) {
	return func(w *world) { w.facts.Queue.Claims = []queue.Claim{{Node: node, By: by}} }
}

// What the pool says of a doubted worker does not count, so its jobs are not known. It
// goes only if the front-end has closed it.
func TestADoubtedWorkerMayHaveJobs(t *testing.T) {
	leaves := func(changes ...func(*world)) world {
		return newWorld(append([]func(*world){identities, node("astro-cpu-1", 9000, leaving), pool("astro-cpu-1", 0, 9000)}, changes...)...)
	}
	check(t, []row{
		{"another's words in the place of its own", newWorld(identities, node("astro-cpu-1", 9000), confirmedOnce("astro-cpu-1", 15), claimed("astro-cpu-1", "astro-cpu-2")), "", "astro-cpu-1: kept_doubted what=(not_in_pool absent=2h30m limit=15m)"},
		{"its own words that contradict themselves", newWorld(identities, node("astro-cpu-1", 9000), confirmedOnce("astro-cpu-1", 15), claimed("astro-cpu-1", "astro-cpu-1")), "", "astro-cpu-1: kept_doubted what=(not_in_pool absent=2h30m limit=15m)"},
		{"a claim on another one", newWorld(identities, node("astro-cpu-1", 9000), confirmedOnce("astro-cpu-1", 15), claimed("astro-cpu-2", "astro-cpu-3")), "remove:cpu-1", ""},
		{"in ERROR", newWorld(identities, node("astro-cpu-1", 9000, inError), pool("astro-cpu-1", 0, 90)), "", "astro-cpu-1: kept_doubted what=(server_in_error message=No valid host was found.)"},
		{"on its way out", leaves(confirmedOnce("astro-cpu-1", 15)), "", "astro-cpu-1: not_closed_yet generation=7"},
		{"on its way out, and closed", leaves(report("cpu[1]", ""), confirmedOnce("astro-cpu-1", 15)), "remove:cpu-1", "astro-cpu-1: removed_closed"},
		{"an orphan", newWorld(identities, unwantedFor("s1", 300), server("astro-cpu-1", "s1", "b1", 600), pool("astro-cpu-1", 1, 0)), "", "astro-cpu-1: kept_may_have_jobs what=(" + unenrollable + ")"},
	})
}
