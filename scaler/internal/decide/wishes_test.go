package decide_test

import (
	"strings"
	"testing"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/decide"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue/queuetest"
)

func spare(n int) func(*world) {
	return policy(func(p *decide.Policy) { p.Groups["cpu"] = decide.Bounds{Max: 10, Spare: n} })
}

func TestSpare(t *testing.T) {
	check(t, []row{
		{"spares are held like other demand", newWorld(spare(2)), "", "group cpu: demand_held workers=2 needs=(held_for_spares spare=2) lasted=0s hold=1m"},
		{"then they are made", newWorld(spare(2), unmetFor(60)), "+2cpu", "demand_lasted needs=(spares_are_missing missing=2 spare=2) lasted=1m"},
		{"with those for jobs", newWorld(spare(1), jobs(8), unmetFor(60)), "+3cpu", "demand_lasted needs=(jobs_found_no_place jobs=8) needs=(spares_are_missing missing=1 spare=1) lasted=1m"},
		{"an idle worker stays as a spare, however long", newWorld(spare(1), node("astro-cpu-1", 9000), pool("astro-cpu-1", 0, 9000)), "", "astro-cpu-1: idle_spare idle=2h30m spare=1"},
		{"one that is too many goes, the longest idle one", newWorld(spare(1), node("astro-cpu-1", 9000), pool("astro-cpu-1", 0, 90), node("astro-cpu-2", 9000), pool("astro-cpu-2", 0, 900)), "drain:cpu-2", "astro-cpu-1: idle_spare idle=1m30s spare=1"},
		{"one on its way out is called back as a spare", newWorld(spare(1), node("astro-cpu-1", 9000, leaving), pool("astro-cpu-1", 0, 90)), "undrain:cpu-1", "astro-cpu-1: recalled_as_spare spare=1"},
		{"no spares beyond max", newWorld(policy(func(p *decide.Policy) { p.Groups["cpu"] = decide.Bounds{Max: 1, Spare: 5} }), unmetFor(60)), "+1cpu", ""},
	})
}

func TestPriority(t *testing.T) {
	two := func(cpu, other int) func(*world) {
		return func(w *world) {
			w.policy.Groups["cpu"], w.policy.Groups["other"] = decide.Bounds{Max: 1, Priority: cpu}, decide.Bounds{Max: 10, Priority: other}
			w.facts.Flavors["other"] = queue.Shape{Cpus: 64, MemoryMiB: 64000}
			w.memory.Unmet = map[string]time.Time{"cpu": ago(60), "other": ago(60)}
		}
	}
	check(t, []row{
		{"the least waste without priorities", newWorld(jobs(4), two(0, 0)), "+1cpu", ""},
		{"the higher priority", newWorld(jobs(4), two(1, 2)), "+1other", ""},
		{"the next one when it is full", newWorld(jobs(8), two(2, 1)), "+1cpu +1other", ""},
	})
}

func asksFor(group string) func(*world) {
	return func(w *world) { w.facts.Queue.Jobs[len(w.facts.Queue.Jobs)-1].Group = group }
}

func TestJobsThatAskForAGroup(t *testing.T) {
	check(t, []row{
		{"get it", newWorld(jobs(4), asksFor("cpu"), unmetFor(60)), "+1cpu", ""},
		{"are named where there is none", newWorld(jobs(4), asksFor("gpu"), unmetFor(60)), "", "jobs: jobs_unmet jobs=4 first=6.0 why=(group_not_in_cluster group=gpu)"},
		{"or it is not ours", newWorld(jobs(4), asksFor("other"), unmetFor(60)), "", "jobs: jobs_unmet jobs=4 first=6.0 why=(group_not_in_charge group=other)"},
	})
}

func demands(name, value string) func(*world) {
	return func(w *world) { w.facts.Queue.Jobs[len(w.facts.Queue.Jobs)-1].Requires = queuetest.Has(name, value) }
}

// says gives the worker that was added last to the pool an attribute.
func says(name string, value any) func(*world) {
	return func(w *world) {
		last := &w.facts.Queue.Workers[len(w.facts.Queue.Workers)-1]
		if last.Attributes == nil {
			last.Attributes = queue.Attributes{}
		}
		last.Attributes[name] = value
	}
}

func TestRequirementsAreHeldAgainstWhatWasSeenOfAGroup(t *testing.T) {
	seen := func(name string, value any) func(*world) {
		return func(w *world) {
			node("astro-cpu-1", 9000)(w)
			pool("astro-cpu-1", 4, 0)(w)
			says(name, value)(w)
		}
	}
	check(t, []row{
		{"nothing is known before the first worker: it is tried", newWorld(jobs(4), demands("arch", "aarch64"), unmetFor(60)), "+1cpu", ""},
		{"a group whose workers meet them", newWorld(jobs(4), demands("arch", "X86_64"), unmetFor(60), seen("arch", "X86_64")), "+1cpu", ""},
		{"a group whose workers have nothing of the kind", newWorld(jobs(4), demands("hascvmfs", "yes"), unmetFor(60), seen("hascvmfs", nil)), "", `jobs: jobs_unmet jobs=4 first=6.0 why=(no_group_ever_fits why=(requirements_unmet group=cpu requirement=hascvmfs == "yes"))`},
		{"a worker that has just been made may get it yet", newWorld(jobs(4), demands("hascvmfs", "yes"), unmetFor(60), seen("hascvmfs", nil), func(w *world) { w.facts.Cluster.Nodes[0].Created = ago(599) }), "+1cpu", ""},
		{"a worker of another spec says nothing of the next", newWorld(jobs(4), demands("hascvmfs", "yes"), unmetFor(60), seen("hascvmfs", nil), func(w *world) { w.facts.Cluster.Nodes[0].SpecHash = "before" }), "+1cpu", ""},
		{"a group whose workers do not", newWorld(jobs(4), demands("arch", "aarch64"), unmetFor(60), seen("arch", "X86_64")), "", `jobs: jobs_unmet jobs=4 first=6.0 why=(no_group_ever_fits why=(requirements_unmet group=cpu requirement=arch == "aarch64"))`},
		{"what a worker has for itself says nothing of the next", newWorld(jobs(4), demands("scratch", "/x/astro-cpu-2"), unmetFor(60), seen("scratch", "/x/astro-cpu-1")), "+1cpu", ""},
		{"nor does what is measured", newWorld(jobs(4), demands("loadavg", "0"), unmetFor(60), seen("loadavg", "3")), "+1cpu", ""},
		{"a new worker's group is certain", newWorld(jobs(4), demands("vmclustergroup", "gpu"), unmetFor(60)), "", `jobs: jobs_unmet jobs=4 first=6.0 why=(no_group_ever_fits why=(requirements_unmet group=cpu requirement=vmclustergroup == "gpu"))`},
		{"and its name", newWorld(jobs(4), demands("vmclustername", "astro-cpu-1"), unmetFor(60)), "+1cpu", ""},
		{"its machine's name, once the domain is known", newWorld(jobs(4), demands("machine", "astro-cpu-2.example.org"), unmetFor(60), seen("machine", "astro-cpu-1.example.org")), "+1cpu", ""},
		{"a job that wants a machine of the past makes none", newWorld(jobs(4), demands("machine", "old.example.org"), unmetFor(60), seen("machine", "astro-cpu-1.example.org")), "", `jobs: jobs_unmet jobs=4 first=6.0 why=(no_group_ever_fits why=(requirements_unmet group=cpu requirement=machine == "old.example.org"))`},
	})
}

// What was learned outlasts the workers, until flavor or image are others.
func TestWhatIsLearnedLasts(t *testing.T) {
	w := newWorld(node("astro-cpu-1", 9000), pool("astro-cpu-1", 1, 0), says("arch", "X86_64"), jobs(4), demands("arch", "aarch64"), unmetFor(60))
	w.facts.Queue.Workers[0].Total = queue.Shape{Cpus: 4, MemoryMiB: 7800}
	w.facts.Cluster.Nodes[0].SpecHash = cluster.GroupSpec{}.Hash()
	_, m := decide.Tick(w.facts, w.policy, w.memory, now)
	w.facts.Queue.Workers[0].Attributes = nil // no job names it for a while
	_, m = decide.Tick(w.facts, w.policy, m, now)
	w.facts.Cluster.Nodes, w.facts.Cluster.Document.Workers, w.facts.Queue.Workers = nil, nil, nil
	for _, tt := range []struct {
		name, want string
		change     func(*cluster.GroupSpec)
	}{
		{"the workers are gone", "", func(*cluster.GroupSpec) {}},
		{"another image may bring it", "+1cpu", func(g *cluster.GroupSpec) { g.Image = "new" }},
		{"another flavor may, too", "+1cpu", func(g *cluster.GroupSpec) { g.Flavor = "new" }},
	} {
		spec := cluster.GroupSpec{}
		tt.change(&spec)
		w.facts.Cluster.Document.Groups["cpu"] = spec
		m.Unmet["cpu"] = ago(60)
		out, _ := decide.Tick(w.facts, w.policy, m, now)
		if got := brief(out.Decision); got != tt.want {
			t.Errorf("%s: %q, want %q\n%s", tt.name, got, tt.want, reasons(out.Decision))
		}
	}
	if got := m.Learned["cpu"].Shape.MemoryMiB; got != 7800 {
		t.Errorf("learned memory %d", got)
	}
}

// A machine from outside that looks free and takes none of the jobs must not
// hold back new workers for ever.
func TestAStrangerThatTakesNoJobs(t *testing.T) {
	w := newWorld(jobs(4), pool("desktop", 0, 90000))
	w.memory.WatchedFrom = ago(9000)
	m, at := w.memory, now
	step := func(d time.Duration) decide.Outcome {
		at = at.Add(d)
		w.facts.Queue.JobsAt, w.facts.Queue.WorkersAt = at, at
		var out decide.Outcome
		out, m = decide.Tick(w.facts, w.policy, m, at)
		return out
	}
	for range 30 {
		if out := step(10 * time.Second); out.Demand.New() != 0 {
			t.Fatalf("at %s it does not count: %s", at.Sub(now), reasons(out.Decision))
		}
	}
	step(10 * time.Second)
	out := step(10 * time.Second)
	if out.Demand.New() != 1 || !strings.Contains(reasons(out.Decision), "desktop: stranger_refuses") {
		t.Fatalf("after first_job_grace it still counts: %s", reasons(out.Decision))
	}
	if out = step(time.Minute); brief(out.Decision) != "+1cpu" {
		t.Errorf("decided %q", brief(out.Decision))
	}
	if out = step(time.Hour); out.Demand.New() != 0 {
		t.Error("an hour later it is not given another try")
	}
	for range 32 {
		out = step(10 * time.Second)
	}
	if out.Demand.New() != 1 {
		t.Error("it did not take the other try and counts")
	}
	w.facts.Queue.Workers[0].Running = 1
	if out = step(10 * time.Second); out.Demand.New() != 0 {
		t.Error("it has started a job and does not count")
	}
	w.facts.Queue.Jobs = nil
	step(10 * time.Second)
	if len(m.Strangers) != 0 {
		t.Errorf("remembered without need: %v", m.Strangers)
	}
}

// A stranger that works off the queue is capacity, job by job.
func TestAStrangerThatTakesJobs(t *testing.T) {
	w := newWorld(jobs(4), pool("desktop", 0, 5))
	w.memory.WatchedFrom = ago(9000)
	m, at := w.memory, now
	for i := range 100 {
		at = at.Add(30 * time.Second)
		w.facts.Queue.JobsAt, w.facts.Queue.WorkersAt = at, at
		w.facts.Queue.Workers[0].Running = i % 2
		var out decide.Outcome
		if out, m = decide.Tick(w.facts, w.policy, m, at); out.Demand.New() != 0 {
			t.Fatalf("after %s: %s", at.Sub(now), reasons(out.Decision))
		}
	}
}

// A scaler that looks once goes by the ages of job and worker.
func TestAStrangerAtFirstSight(t *testing.T) {
	for _, tt := range []struct {
		age     int
		refuses bool
	}{{30, false}, {299, false}, {300, true}} {
		w := newWorld(jobs(4), pool("desktop", 0, 90000))
		w.facts.Queue.Jobs[0].Oldest = ago(tt.age)
		_, m := decide.Tick(w.facts, w.policy, w.memory, now)
		if got := !m.Strangers["desktop"].Refused.IsZero(); got != tt.refuses {
			t.Errorf("jobs that have waited %d s: refuses %t", tt.age, got)
		}
	}
}

// Of two workers the newest shows what the next one is like; and where a group has
// shown none, another group of its flavor and image does.
func TestWhoTheSizeIsLearnedOf(t *testing.T) {
	sized := func(memory int) func(*world) {
		return func(w *world) { w.facts.Queue.Workers[len(w.facts.Queue.Workers)-1].Total.MemoryMiB = memory }
	}
	flavored := func(group, flavor string) func(*world) {
		return func(w *world) {
			w.facts.Cluster.Document.Groups[group] = cluster.GroupSpec{NodeSpec: cluster.NodeSpec{Flavor: flavor}}
			for i, n := range w.facts.Cluster.Nodes {
				if n.Group == group {
					w.facts.Cluster.Nodes[i].Flavor = flavor
				}
			}
		}
	}
	for _, tt := range []struct {
		name  string
		world world
		want  string
	}{
		{"the newest", newWorld(jobs(4), unmetFor(60), node("astro-cpu-1", 9000), pool("astro-cpu-1", 4, 0), sized(8000), node("astro-cpu-2", 900), pool("astro-cpu-2", 4, 0), sized(2100)), "+2cpu"},
		{"the newest, whatever its number", newWorld(jobs(4), unmetFor(60), node("astro-cpu-1", 900), pool("astro-cpu-1", 4, 0), sized(2100), node("astro-cpu-2", 9000), pool("astro-cpu-2", 4, 0), sized(8000)), "+2cpu"},
		{"another group of the same flavor", newWorld(jobs(4), unmetFor(60), node("astro-other-1", 900), pool("astro-other-1", 4, 0), sized(2100), flavored("cpu", "f"), flavored("other", "f")), "+2cpu"},
		{"not of another flavor", newWorld(jobs(4), unmetFor(60), node("astro-other-1", 900), pool("astro-other-1", 4, 0), sized(2100), flavored("cpu", "f"), flavored("other", "g")), "+1cpu"},
	} {
		out, _ := decide.Tick(tt.world.facts, tt.world.policy, tt.world.memory, now)
		if got := brief(out.Decision); got != tt.want {
			t.Errorf("%s: %q, want %q\n%s", tt.name, got, tt.want, reasons(out.Decision))
		}
	}
}
