package decide_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/decide"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/fleet"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue/queuetest"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/reason"
)

var now = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func ago(s int) time.Time { return now.Add(-time.Duration(s) * time.Second) }

var four = queue.Shape{Cpus: 4, MemoryMiB: 8000}

// world builds the facts of one tick. The cluster is "astro" with group "cpu".
type world struct {
	facts  decide.Facts
	policy decide.Policy
	memory decide.Memory
}

func newWorld(changes ...func(*world)) world {
	w := world{policy: decide.DefaultPolicy()}
	w.policy.Groups["cpu"] = decide.Bounds{Min: 0, Max: 10}
	w.facts.Flavors = map[string]queue.Shape{"cpu": four}
	w.facts.Queue = queue.Snapshot{Traits: queuetest.Traits(), JobsAt: now, WorkersAt: now, PoolSince: ago(36000), OnNode: map[string]int{}}
	w.facts.Cluster.Document = cluster.Document{
		Name: "astro", Generation: 7, Groups: map[string]cluster.GroupSpec{"cpu": {}, "other": {}},
	}
	for _, c := range changes {
		c(&w)
	}
	return w
}

func jobs(n int) func(*world) {
	return func(w *world) {
		one := queue.Shape{Cpus: 1, MemoryMiB: 1024}
		w.facts.Queue.Jobs = append(w.facts.Queue.Jobs, queue.JobGroup{Key: "k", Asks: one, Takes: one, Count: n, First: "6.0", Oldest: ago(30)})
	}
}

// node adds a server that was made some seconds ago and stands in the roster.
func node(name string, age int, change ...func(*cluster.Node, *cluster.Member)) func(*world) {
	return func(w *world) {
		group := strings.Split(name, "-")[1]
		n := cluster.Node{Name: name, Role: cluster.RoleWorker, Group: group, Status: cluster.StatusActive, Created: ago(age)}
		m := cluster.Member{Name: name}
		for _, c := range change {
			c(&n, &m)
		}
		w.facts.Cluster.Nodes = append(w.facts.Cluster.Nodes, n)
		w.facts.Cluster.Document.Workers = append(w.facts.Cluster.Document.Workers, m)
	}
}

func protected(n *cluster.Node, _ *cluster.Member) { n.Protected = true }
func inError(n *cluster.Node, _ *cluster.Member) {
	n.Status, n.Fault = cluster.StatusError, &cluster.Fault{Message: "No valid host was found."}
}
func leaving(_ *cluster.Node, m *cluster.Member)  { m.Leaving = cluster.LeaveIdle }
func draining(_ *cluster.Node, m *cluster.Member) { m.Leaving = cluster.LeaveJobsOK }

// pool adds a member of the pool; running jobs, or idle for some seconds.
func pool(name string, running, idle int) func(*world) {
	return func(w *world) {
		w.facts.Queue.Workers = append(w.facts.Queue.Workers, queue.Worker{
			Name: name, Slots: 1, Total: four, Free: four.Take(queue.Shape{Cpus: 1, MemoryMiB: 1024}, running),
			Running: running, RanBefore: true, IdleSince: ago(idle), HeardAt: ago(5),
		})
	}
}

func fresh(w *world) { w.facts.Queue.Workers[len(w.facts.Queue.Workers)-1].RanBefore = false }

func report(drained, busy string) func(*world) {
	return func(w *world) {
		w.facts.Cluster.HasReport = true
		w.facts.Cluster.Report = cluster.Report{Generation: 7, Drained: drained, Busy: busy}
	}
}

func unmetFor(s int) func(*world) {
	return func(w *world) { w.memory.Unmet = map[string]time.Time{"cpu": ago(s)} }
}

func confirmedOnce(name string, s int) func(*world) {
	return func(w *world) {
		w.memory.Confirmed = map[string]decide.Sighting{name: {First: ago(s), Last: ago(s), Reads: 1}}
	}
}

func policy(change func(*decide.Policy)) func(*world) {
	return func(w *world) { change(&w.policy) }
}

func bounds(least, most int) func(*world) {
	return policy(func(p *decide.Policy) { p.Groups["cpu"] = decide.Bounds{Min: least, Max: most} })
}

// brief writes a decision in one line: "+2cpu -astro-cpu-1 ?astro-cpu-2 !astro-cpu-3".
func brief(d decide.Decision) string {
	var parts []string
	for _, a := range d.Add {
		parts = append(parts, fmt.Sprintf("+%d%s", a.Count, a.Group))
	}
	list := func(sign string, steps []decide.Step) {
		for _, s := range steps {
			parts = append(parts, sign+strings.TrimPrefix(s.Worker, "astro-"))
		}
	}
	list("drain:", d.Drain)
	list("undrain:", d.Undrain)
	list("close:", d.Close)
	list("open:", d.Open)
	list("remove:", d.Remove)
	list("forget:", d.Forget)
	list("enrol:", d.Enrol)
	for _, s := range d.Discard {
		parts = append(parts, "discard:"+strings.TrimPrefix(s.Worker, "astro-")+"/"+s.Server)
	}
	return strings.Join(parts, " ")
}

// reasons writes all reasons by their codes, one a line, each with what it is about.
func reasons(d decide.Decision) string {
	var all []string
	for _, a := range d.Add {
		all = append(all, a.Reason.Brief())
	}
	for _, s := range slices.Concat(d.Enrol, d.Drain, d.Undrain, d.Close, d.Open, d.Remove, d.Forget, d.Discard) {
		all = append(all, s.Worker+": "+s.Reason.Brief())
	}
	if !d.Stop.IsZero() {
		all = append(all, d.Stop.Brief())
	}
	for _, n := range d.Notes {
		all = append(all, n.About+": "+n.Reason.Brief())
	}
	return strings.Join(all, "\n")
}

type row struct {
	name  string
	world world
	want  string // brief decision; "" is nothing
	why   string // must be among the reasons, by code and arguments
}

func check(t *testing.T, rows []row) {
	t.Helper()
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			out, _ := decide.Tick(r.world.facts, r.world.policy, r.world.memory, now)
			if got := brief(out.Decision); got != r.want {
				t.Errorf("decided %q, want %q\n%s", got, r.want, reasons(out.Decision))
			}
			if got := reasons(out.Decision); !strings.Contains(got, r.why) {
				t.Errorf("reasons lack %q:\n%s", r.why, got)
			}
		})
	}
}

func TestGrow(t *testing.T) {
	check(t, []row{
		{"an empty queue adds nothing", newWorld(), "", ""},
		{"new demand is held first", newWorld(jobs(8)), "", "group cpu: demand_held workers=2 needs=(held_for_jobs jobs=8) lasted=0s hold=1m"},
		{"demand of 59 s is still held", newWorld(jobs(8), unmetFor(59)), "", "group cpu: demand_held workers=2 needs=(held_for_jobs jobs=8) lasted=59s hold=1m"},
		{"demand that lasted adds what the jobs need", newWorld(jobs(8), unmetFor(60)), "+2cpu", "demand_lasted needs=(jobs_found_no_place jobs=8) lasted=1m"},
		{"booting workers count", newWorld(jobs(8), unmetFor(60), node("astro-cpu-1", 30)), "+1cpu", "demand_lasted needs=(jobs_found_no_place jobs=4) lasted=1m"},
		{"booting workers that suffice end the demand", newWorld(jobs(8), unmetFor(60), node("astro-cpu-1", 30), node("astro-cpu-2", 30)), "", ""},
		{"free workers end the demand", newWorld(jobs(4), unmetFor(60), node("astro-cpu-1", 900), pool("astro-cpu-1", 0, 10)), "", "astro-cpu-1: idle_jobs_fit idle=10s jobs=4"},
		{"max is kept", newWorld(jobs(400), unmetFor(60), bounds(0, 3), node("astro-cpu-1", 900), pool("astro-cpu-1", 4, 0)), "+2cpu", "jobs: jobs_unmet jobs=392 first=6.0 why=(groups_at_max groups=(group_at_max group=cpu max=3))"},
		{"at max nothing is added, and it is said", newWorld(jobs(4), unmetFor(60), bounds(0, 1), node("astro-cpu-1", 900), pool("astro-cpu-1", 4, 0)), "", "jobs: jobs_unmet jobs=4 first=6.0 why=(groups_at_max groups=(group_at_max group=cpu max=1))"},
		{"a tick adds at most max_create", newWorld(jobs(400), unmetFor(60), bounds(0, 50), policy(func(p *decide.Policy) { p.MaxCreate = 10 })), "+10cpu", "group cpu: at_max_create left_out=40 workers=50 max_create=10"},
		{"without it, what max_in_flight allows", newWorld(jobs(4000), unmetFor(60), bounds(0, 500)), "+200cpu", "group cpu: at_max_in_flight left_out=300 workers=500 booting=0 max_in_flight=200"},
		{"or the quota", newWorld(jobs(4000), unmetFor(60), bounds(0, 500), room(120, -1, -1)), "+120cpu", "group cpu: quota_exceeded left_out=80 workers=200 short=(quota_left left=120 what=instances each=1)"},
		{"no more than max_in_flight boot at a time", newWorld(jobs(40), unmetFor(60), policy(func(p *decide.Policy) { p.MaxInFlight = 3 }), node("astro-cpu-1", 10), node("astro-cpu-2", 10)), "+1cpu", "group cpu: at_max_in_flight left_out=7 workers=8 booting=2 max_in_flight=3"},
		{"min is kept without any hold", newWorld(bounds(2, 10)), "+2cpu", "fewer_than_min workers=0 min=2"},
		{"a group without a block keeps the document's min", newWorld(func(w *world) {
			delete(w.policy.Groups, "cpu")
			w.facts.Cluster.Document.Groups["cpu"] = cluster.GroupSpec{Scaling: &cluster.Scaling{Min: 2, Max: 4}}
		}), "+2cpu", "fewer_than_min workers=0 min=2"},
		{"no group in its charge is said", newWorld(policy(func(p *decide.Policy) { delete(p.Groups, "cpu") })), "", "groups: no_group_is_managed"},
		{"after failures a group pauses", newWorld(jobs(8), unmetFor(60), func(w *world) {
			w.memory.Breakers = map[decide.FaultKey]decide.Breaker{{Group: "cpu", Kind: cluster.FaultNoHost}: {Failures: 2, Until: now.Add(90 * time.Second), Why: reason.Said("No valid host")}}
		}), "", "group cpu: group_pauses workers=2 left=1m30s failures=2 why=(other words=No valid host)"},
		{"held demand survives partial facts: listed jobs do wait", newWorld(jobs(8), unmetFor(60), func(w *world) { w.facts.Queue.Partial = []string{"one daemon did not answer"} }), "+2cpu", ""},
		{"stale facts add nothing", newWorld(jobs(8), unmetFor(60), func(w *world) { w.facts.Queue.JobsAt = ago(121) }), "", "queue: facts_stale age=2m1s limit=2m"},
		{"a group that the cluster lacks is reported", newWorld(policy(func(p *decide.Policy) { p.Groups["gpu"] = decide.Bounds{Max: 1} })), "", "group gpu: group_not_there"},
		{"a just restarted directory shows no worker: those there are counted as capacity", newWorld(jobs(8), unmetFor(60),
			func(w *world) { w.facts.Queue.PoolSince = ago(20) }, node("astro-cpu-1", 9000), node("astro-cpu-2", 9000)), "", ""},
		{"the size seen in the pool beats the flavor's", newWorld(jobs(8), unmetFor(60), func(w *world) {
			w.memory.Learned = map[string]decide.Learned{"cpu": {Shape: queue.Shape{Cpus: 4, MemoryMiB: 2100}}}
		}), "+4cpu", ""},
	})
}

func TestShrink(t *testing.T) {
	idle := func(s int) world { return newWorld(node("astro-cpu-1", 9000), pool("astro-cpu-1", 0, s)) }
	check(t, []row{
		{"an idle worker stays for idle_after", idle(59), "", "astro-cpu-1: idle_not_long_enough idle=59s setting=idle_after limit=1m"},
		{"then it is asked to leave", idle(60), "drain:cpu-1", "astro-cpu-1: idle_long_enough idle=1m setting=idle_after limit=1m"},
		{"a worker that never had a job gets longer", newWorld(node("astro-cpu-1", 400), pool("astro-cpu-1", 0, 299), fresh), "", "astro-cpu-1: idle_not_long_enough idle=4m59s setting=first_job_grace limit=5m"},
		{"but not for ever", newWorld(node("astro-cpu-1", 400), pool("astro-cpu-1", 0, 300), fresh), "drain:cpu-1", ""},
		// The first ad after a job of ten minutes said that the worker had been idle for ten minutes.
		{"a worker that had a job a moment ago is not idle for long, whatever its ad says", newWorld(node("astro-cpu-1", 9000), pool("astro-cpu-1", 0, 600), func(w *world) {
			w.memory.LastBusy = map[string]time.Time{"astro-cpu-1": ago(10)}
		}), "", "astro-cpu-1: idle_not_long_enough idle=10s setting=idle_after limit=1m"},
		{"a busy worker stays", newWorld(node("astro-cpu-1", 9000), pool("astro-cpu-1", 1, 9000)), "", ""},
		{"a worker stays whose job only the queue knows of", newWorld(node("astro-cpu-1", 9000), pool("astro-cpu-1", 0, 9000), func(w *world) { w.facts.Queue.OnNode["astro-cpu-1"] = 1 }), "", ""},
		{"a waiting job that fits keeps it", newWorld(jobs(1), node("astro-cpu-1", 9000), pool("astro-cpu-1", 0, 200)), "", "astro-cpu-1: idle_jobs_fit idle=3m20s jobs=1"},
		{"one waiting job keeps one of two", newWorld(jobs(1), node("astro-cpu-1", 9000), pool("astro-cpu-1", 0, 90), node("astro-cpu-2", 9000), pool("astro-cpu-2", 0, 90)), "drain:cpu-2", ""},
		{"min is kept, the longest idle goes", newWorld(bounds(1, 10), node("astro-cpu-1", 9000), pool("astro-cpu-1", 0, 900), node("astro-cpu-2", 9000), pool("astro-cpu-2", 0, 90)), "drain:cpu-1", "astro-cpu-2: idle_at_min idle=1m30s min=1"},
		{"a protected worker stays", newWorld(node("astro-cpu-1", 9000, protected), pool("astro-cpu-1", 0, 900)), "", "astro-cpu-1: idle_protected idle=15m"},
		{"a group without bounds is left alone", newWorld(node("astro-other-1", 9000), pool("astro-other-1", 0, 900)), "", ""},
		{"a stranger in the pool is left alone", newWorld(pool("desktop", 0, 90000)), "", ""},
		{"a worker closed by somebody else is left alone", newWorld(node("astro-cpu-1", 9000), pool("astro-cpu-1", 0, 900), func(w *world) { w.facts.Queue.Workers[0].Draining = true }), "", "astro-cpu-1: closed_by_others state="},
		{"on partial facts none is asked to leave", newWorld(node("astro-cpu-1", 9000), pool("astro-cpu-1", 0, 900), func(w *world) { w.facts.Queue.Partial = []string{"one daemon did not answer"} }), "", "astro-cpu-1: idle_facts_unsafe idle=15m why=(facts_partial parts=one daemon did not answer)"},
		{"nor does a young directory", newWorld(node("astro-cpu-1", 9000), pool("astro-cpu-1", 0, 900), func(w *world) { w.facts.Queue.PoolSince = ago(100) }), "", "astro-cpu-1: idle_facts_unsafe idle=15m why=(directory_young directory=directory age=1m40s limit=3m)"},
		{"nor do stale facts", newWorld(node("astro-cpu-1", 9000), pool("astro-cpu-1", 0, 900), func(w *world) { w.facts.Queue.WorkersAt = ago(150) }), "", "queue: facts_stale age=2m30s limit=2m"},
		{"max_remove bounds a tick", newWorld(policy(func(p *decide.Policy) { p.MaxRemove = 1 }), node("astro-cpu-1", 9000), pool("astro-cpu-1", 0, 90), node("astro-cpu-2", 9000), pool("astro-cpu-2", 0, 90)), "drain:cpu-2", "astro-cpu-1: idle_at_max_remove idle=1m30s max_remove=1"},
	})
}

// A job that was held for an hour, or lost its worker, waits anew: the free
// worker beside it has not passed it over.
func TestAnOldJobMayWaitAnew(t *testing.T) {
	w := newWorld(jobs(40), unmetFor(60), node("astro-cpu-1", 9000), pool("astro-cpu-1", 0, 3600))
	w.facts.Queue.Jobs[0].Oldest = ago(7200)
	w.memory.WatchedFrom = ago(9000)
	out, m := decide.Tick(w.facts, w.policy, w.memory, now)
	if got := brief(out.Decision); got != "+9cpu" || len(m.PassedOver) != 0 {
		t.Errorf("decided %q, passed over %v", got, m.PassedOver)
	}
	later := now.Add(w.policy.FirstJobGrace)
	w.facts.Queue.JobsAt, w.facts.Queue.WorkersAt = later, later
	if _, m = decide.Tick(w.facts, w.policy, m, later); len(m.PassedOver) != 1 {
		t.Errorf("after %s beside a free worker: passed over %v", w.policy.FirstJobGrace, m.PassedOver)
	}
}

// Jobs whose requirements no worker meets look as if they fit. One worker is
// made for them and left idle; from then on they cause none.
func TestJobsThatAFreeWorkerLeavesWaiting(t *testing.T) {
	w := newWorld(jobs(4), node("astro-cpu-1", 900), pool("astro-cpu-1", 0, 300), fresh)
	w.facts.Queue.Jobs[0].Oldest = ago(1000)
	out, m := decide.Tick(w.facts, w.policy, w.memory, now)
	if !out.Decision.Nothing() {
		t.Fatalf("first look: %s", brief(out.Decision))
	}
	later := now.Add(10 * time.Second)
	w.facts.Queue.JobsAt, w.facts.Queue.WorkersAt = later, later
	out, m = decide.Tick(w.facts, w.policy, m, later)
	if got := brief(out.Decision); got != "drain:cpu-1" {
		t.Errorf("second look: %q, want the worker to leave", got)
	}
	if !strings.Contains(reasons(out.Decision), "jobs_passed_over") {
		t.Errorf("not explained:\n%s", reasons(out.Decision))
	}
	w.facts.Queue.Jobs = nil
	if _, m = decide.Tick(w.facts, w.policy, m, later); len(m.PassedOver) != 0 {
		t.Error("jobs that left the queue are still remembered")
	}
}

// A job that runs on several workers waits beside a free one until the others have
// booted: it is not passed over, and the free one stays.
func TestAJobOnSeveralWorkersWaitsForTheLast(t *testing.T) {
	several := func(w *world) { w.facts.Queue.Jobs[0].Nodes = 2 }
	foreign := func(w *world) {
		pool("desktop", 0, 3600)(w)
		w.facts.Queue.Workers[len(w.facts.Queue.Workers)-1].Total = four
	}
	for name, change := range map[string]func(*world){
		"of this cluster": func(w *world) { node("astro-cpu-1", 9000)(w); pool("astro-cpu-1", 0, 3600)(w) },
		"of another":      foreign,
	} {
		w := newWorld(jobs(1), several, change, node("astro-cpu-2", 300))
		w.facts.Queue.Jobs[0].Oldest = ago(7200)
		_, m := decide.Tick(w.facts, w.policy, w.memory, now)
		out, m := decide.Tick(w.facts, w.policy, m, now)
		if !out.Decision.Nothing() || len(m.PassedOver) != 0 {
			t.Errorf("%s: decided %q, passed over %v\n%s", name, brief(out.Decision), m.PassedOver, reasons(out.Decision))
		}
		for stranger, s := range m.Strangers {
			if !s.Refused.IsZero() {
				t.Errorf("%s refused", stranger)
			}
		}
	}
}

// A batch system matches jobs in rounds: a worker that waits for its first job is
// not passed over, however short the operator's grace is.
func TestAShortGraceDoesNotMakeJobsPassedOver(t *testing.T) {
	w := newWorld(jobs(40), unmetFor(60), node("astro-cpu-1", 900), pool("astro-cpu-1", 0, 299), fresh)
	w.facts.Queue.Jobs[0].Oldest = ago(1000)
	w.policy.FirstJobGrace = 0
	out, m := decide.Tick(w.facts, w.policy, w.memory, now)
	if got := brief(out.Decision); got != "+9cpu" || len(m.PassedOver) != 0 {
		t.Errorf("decided %q, passed over %v", got, m.PassedOver)
	}
}

func TestFleetOfTheDecision(t *testing.T) {
	w := newWorld(node("astro-cpu-1", 900), pool("astro-cpu-1", 1, 0), node("astro-cpu-2", 10), pool("desktop", 0, 5))
	out, _ := decide.Tick(w.facts, w.policy, w.memory, now)
	for phase, want := range map[fleet.Phase]int{fleet.Busy: 1, fleet.Booting: 1, fleet.Foreign: 1} {
		if got := out.Fleet.Count("", phase); got != want {
			t.Errorf("%d workers %s, want %d", got, phase, want)
		}
	}
}
