package decide_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/decide"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
)

// site carries decisions out as a cloud, a front-end and a batch system would, round by
// round. A job on several workers starts when all are free.
type site struct {
	played
	made, batches int
	refuse        int            // create calls that are refused from now on
	broken        map[string]int // servers of that name that end in ERROR, and how many
	silent        map[string]int // servers of that name that never join
	started       bool
	drained       []string
	undrained     int
}

func newSite(changes ...func(*world)) *site {
	s := &site{broken: map[string]int{}, silent: map[string]int{}}
	s.w, s.at, s.m = newWorld(changes...), now, decide.Memory{WatchedFrom: ago(36000)}
	s.w.policy.LearnJoin = false
	return s
}

// round decides and carries out.
func (s *site) round(t *testing.T) decide.Decision {
	t.Helper()
	for i := range s.w.facts.Queue.Workers {
		s.w.facts.Queue.Workers[i].HeardAt = s.at
	}
	out := s.tick(10 * time.Second)
	d := out.Decision
	for _, step := range slices.Concat(d.Remove, d.Forget) {
		s.delete(step.Worker)
	}
	for _, step := range d.Drain {
		s.drained = append(s.drained, step.Worker)
		s.mark(step.Worker, cluster.LeaveIdle)
	}
	for _, step := range d.Undrain {
		s.undrained++
		s.mark(step.Worker, cluster.Stays)
	}
	if len(d.Add) > 0 {
		s.batches++
	}
	for _, a := range d.Add {
		for range a.Count {
			s.create(a.Group)
		}
	}
	if len(s.w.facts.Queue.Jobs) > 0 {
		idle := 0
		for _, w := range s.w.facts.Queue.Workers {
			if m, ok := s.w.facts.Cluster.Document.Member(w.Name); ok && m.Leaving == cluster.Stays {
				idle++
			}
		}
		if idle >= s.w.facts.Queue.Jobs[0].Workers() {
			s.started = true
		}
	}
	return d
}

func (s *site) mark(name string, as cluster.Leaving) {
	for i := range s.w.facts.Cluster.Document.Workers {
		if m := &s.w.facts.Cluster.Document.Workers[i]; m.Name == name {
			m.Leaving = as
		}
	}
}

func (s *site) delete(name string) {
	f := &s.w.facts
	for _, n := range f.Cluster.Nodes {
		if n.Name == name {
			s.m = s.m.Deleted(s.at, n.ID)
		}
	}
	f.Cluster.Nodes = slices.DeleteFunc(f.Cluster.Nodes, func(n cluster.Node) bool { return n.Name == name })
	f.Cluster.Document.Workers = slices.DeleteFunc(f.Cluster.Document.Workers, func(m cluster.Member) bool { return m.Name == name })
	f.Queue.Workers = slices.DeleteFunc(f.Queue.Workers, func(w queue.Worker) bool { return w.Name == name })
}

// create makes a server, which is in the roster at once.
func (s *site) create(group string) {
	if s.refuse > 0 {
		s.refuse--
		s.m = s.m.Failed(s.at, fault(cluster.FaultNoHost, ""))
		return
	}
	f := &s.w.facts
	name := cluster.NextNames("astro", group, 1, f.Cluster.Nodes.Names())[0]
	s.made++
	f.Cluster.Nodes = append(f.Cluster.Nodes, cluster.Node{
		ID: fmt.Sprint("s", s.made), Name: name, Role: cluster.RoleWorker, Group: group, Status: cluster.StatusActive, Created: s.at,
	})
	f.Cluster.Document.Workers = append(f.Cluster.Document.Workers, cluster.Member{Name: name})
	switch n := &f.Cluster.Nodes[len(f.Cluster.Nodes)-1]; {
	case s.broken[name] > 0:
		s.broken[name]--
		n.Status, n.Fault = cluster.StatusError, &cluster.Fault{Message: "No valid host was found."}
	case s.silent[name] > 0:
		s.silent[name]--
	default:
		f.Queue.Workers = append(f.Queue.Workers, queue.Worker{Name: name, Slots: 1, Total: four, Free: four, IdleSince: s.at})
	}
}

// until plays rounds until the job starts, and returns how long that takes.
func (s *site) until(t *testing.T, limit time.Duration) time.Duration {
	t.Helper()
	begun := s.at
	for !s.started && s.at.Sub(begun) < limit {
		s.round(t)
	}
	return s.at.Sub(begun)
}

// Where one worker of a gang fails, the others stay for it, and only that one is made again.
func TestAFailedWorkerOfAGangIsMadeAgainAlone(t *testing.T) {
	for _, tt := range []struct {
		name    string
		change  func(*site)
		made    int
		within  time.Duration
		batches int
	}{
		{"none fails", func(*site) {}, 4, 2 * time.Minute, 1},
		{"its build fails", func(s *site) { s.broken["astro-cpu-2"] = 1 }, 5, 8 * time.Minute, 2},
		{"twice: one is tried after the second pause", func(s *site) { s.broken["astro-cpu-2"] = 2 }, 6, 18 * time.Minute, 3},
		{"it never joins", func(s *site) { s.silent["astro-cpu-3"] = 1 }, 5, 24 * time.Minute, 2},
		{"its create call is refused", func(s *site) { s.refuse = 1 }, 4, 8 * time.Minute, 2},
		{"two fail", func(s *site) { s.broken["astro-cpu-1"], s.broken["astro-cpu-4"] = 1, 1 }, 6, 8 * time.Minute, 2},
	} {
		s := newSite(gang(1, 4))
		tt.change(s)
		took := s.until(t, 3*time.Hour)
		if !s.started || took > tt.within || s.made != tt.made || s.batches != tt.batches || len(s.drained) > 0 {
			t.Errorf("%s: started %t after %s, %d made in %d batches, drained %v; want %d in %d within %s",
				tt.name, s.started, took, s.made, s.batches, s.drained, tt.made, tt.batches, tt.within)
		}
	}
}

// A free worker stays for the rest of its gang for a limited time: then it goes, nothing
// calls it back, and the job gets all of its workers anew when they can be made.
func TestFreeWorkersOfAGangGoInTheEnd(t *testing.T) {
	s := newSite(gang(1, 4))
	s.broken["astro-cpu-2"] = 1000
	begun := s.at
	for len(s.drained) == 0 && s.at.Sub(begun) < 6*time.Hour {
		s.round(t)
	}
	kept := s.at.Sub(begun)
	if kept < time.Hour || kept > 80*time.Minute {
		t.Errorf("the free workers stayed for %s", kept)
	}
	d := s.round(t)
	if !slices.Equal(s.drained, []string{"astro-cpu-1", "astro-cpu-3", "astro-cpu-4"}) && !slices.Equal(s.drained, []string{"astro-cpu-4", "astro-cpu-3", "astro-cpu-1"}) {
		t.Errorf("drained %v", s.drained)
	}
	for range 6 {
		if s.undrained > 0 {
			t.Fatalf("called back: %s\n%s", brief(d), reasons(d))
		}
		d = s.round(t)
	}
	for _, name := range s.drained {
		s.delete(name)
	}
	delete(s.broken, "astro-cpu-2")
	if took := s.until(t, 2*time.Hour); !s.started || took > time.Hour {
		t.Errorf("started %t after %s", s.started, took)
	}
}

// Workers that were asked to leave because their gang was not complete are called back when
// the missing one comes after all.
func TestTheRestOfAGangIsCalledBack(t *testing.T) {
	w := newWorld(gang(1, 3), node("astro-cpu-1", 9000, leaving), pool("astro-cpu-1", 0, 7000), node("astro-cpu-2", 9000), pool("astro-cpu-2", 0, 7000))
	w.memory.Kept = map[string]time.Time{"astro-cpu-1": ago(7200), "astro-cpu-2": ago(7200)}
	check(t, []row{
		{"one is still missing", w, "drain:cpu-2", "astro-cpu-2: kept_long_enough idle=1h56m40s kept=2h limit=1h jobs=1"},
		{"it boots", with(w, node("astro-cpu-3", 60)), "undrain:cpu-1", "astro-cpu-1: recalled_jobs_came jobs=1"},
		{"it is there", with(w, node("astro-cpu-3", 60), pool("astro-cpu-3", 0, 10)), "undrain:cpu-1", "astro-cpu-2: idle_jobs_fit"},
		{"another job fits", with(w, jobs(4)), "drain:cpu-2", ""},
	})
}

// with changes a copy of a world.
func with(w world, changes ...func(*world)) world {
	w.facts.Cluster.Nodes = slices.Clone(w.facts.Cluster.Nodes)
	w.facts.Cluster.Document = w.facts.Cluster.Document.Clone()
	w.facts.Queue.Workers, w.facts.Queue.Jobs = slices.Clone(w.facts.Queue.Workers), slices.Clone(w.facts.Queue.Jobs)
	for _, change := range changes {
		change(&w)
	}
	return w
}

// Two jobs that can each have their workers, but not both: the first one runs, the other
// one waits without half a gang, and gets the workers afterwards.
func TestTwoGangsDoNotBlockEachOther(t *testing.T) {
	for name, change := range map[string]func(*world){
		"by max":           bounds(0, 6),
		"by the quota":     func(w *world) { w.facts.Sizes = map[string]decide.Size{"cpu": {Cores: 4, RAMMiB: 8192}} },
		"by max_in_flight": policy(func(p *decide.Policy) { p.MaxInFlight = 5 }),
	} {
		s := newSite(gang(2, 4), change)
		for range 30 {
			if name == "by the quota" {
				left := 6 - len(s.w.facts.Cluster.Nodes)
				s.w.facts.Room = decide.Room{Instances: &left}
			}
			s.silent = map[string]int{"astro-cpu-1": 1, "astro-cpu-2": 1, "astro-cpu-3": 1, "astro-cpu-4": 1} // they boot
			s.round(t)
		}
		if s.made != 4 || s.batches != 1 {
			t.Errorf("%s: %d workers in %d batches", name, s.made, s.batches)
		}
	}
}

// A job that needs more new workers at once than may boot is named, with the setting.
func TestAGangOverMaxInFlightIsNamed(t *testing.T) {
	few := policy(func(p *decide.Policy) { p.MaxInFlight = 3 })
	check(t, []row{
		{"none is made", newWorld(gang(1, 4), few, unmetFor(60)), "", "jobs: jobs_unmet jobs=1 first=7.0 why=(gang_over_max_in_flight workers=4 max_in_flight=3)"},
		{"others are", newWorld(gang(1, 4), jobs(4), few, unmetFor(60)), "+1cpu", "gang_over_max_in_flight"},
		{"as many as may boot are made together", newWorld(gang(1, 3), few, unmetFor(60)), "+3cpu", ""},
	})
}

// Jobs whose tasks may be spread in any way are gangs like others.
func TestTasksAreMadeWholeOrNotAtAll(t *testing.T) {
	spread := func(tasks, nodes int) func(*world) {
		return func(w *world) {
			one := queue.Shape{Cpus: 1, MemoryMiB: 1024}
			w.facts.Queue.Jobs = append(w.facts.Queue.Jobs, queue.JobGroup{Key: "tasks", Asks: one, Takes: one, Tasks: tasks, Nodes: nodes, Count: 1, First: "8.0", Oldest: ago(300)})
		}
	}
	in := func(changes ...func(*world)) world {
		return newWorld(append([]func(*world){unmetFor(60)}, changes...)...)
	}
	check(t, []row{
		{"as few as hold them", in(spread(14, 0)), "+4cpu", ""},
		{"or as many as asked", in(spread(14, 6)), "+6cpu", ""},
		{"the quota has room for three of four", in(spread(14, 0), room(3, -1, -1)), "", "group cpu: gangs_put_off jobs=1 why=(quota_exceeded left_out=1 workers=4"},
		{"free workers stay for the rest", in(spread(14, 0), room(0, -1, -1), node("astro-cpu-1", 9000), pool("astro-cpu-1", 0, 7000)), "", "astro-cpu-1: idle_jobs_fit"},
		{"while the group pauses, too", in(spread(14, 0), second(2), failed(1, 10, fault(cluster.FaultNoHost, "")), node("astro-cpu-1", 9000), pool("astro-cpu-1", 0, 7000)), "", "astro-cpu-1: idle_jobs_fit"},
		{"more than can be are named", in(spread(41, 0)), "", "jobs: jobs_unmet jobs=1 first=8.0 why=(tasks_too_many tasks=41 each=1 CPU, 1.0 GiB groups=(group_max_tasks group=cpu holds=4 max=10))"},
	})
}

// In words an operator reads what such a job asks for, and what no group may have.
func TestAGangThatNoGroupCanHoldInWords(t *testing.T) {
	w := newWorld(gang(1, 11))
	out, _ := decide.Tick(w.facts, w.policy, w.memory, now)
	var words []string
	for _, n := range out.Decision.Notes {
		words = append(words, n.Reason.String())
	}
	want := "1 job without a worker to come (7.0…): each asks for 11 workers of 4 CPUs, 7.8 GiB at once, and no group may have so many: group cpu has max = 10"
	if !slices.Contains(words, want) {
		t.Errorf("said\n%s\nand not\n%s", strings.Join(words, "\n"), want)
	}
}

// A gang loses one of its workers. The batch system queues it again: it keeps the others, and
// gets one new worker.
func TestAGangThatLosesAWorkerGetsOne(t *testing.T) {
	s := newSite(gang(1, 4))
	if s.until(t, time.Hour); !s.started || s.made != 4 {
		t.Fatalf("started %t with %d workers", s.started, s.made)
	}
	s.round(t) // the scaler sees the servers
	f := &s.w.facts
	f.Cluster.Nodes = slices.DeleteFunc(f.Cluster.Nodes, func(n cluster.Node) bool { return n.Name == "astro-cpu-2" })
	f.Queue.OnNode["astro-cpu-2"] = 1
	s.started = false
	d := s.round(t)
	if got := brief(d); got != "forget:cpu-2" {
		t.Errorf("decided %q when the worker was missed first\n%s", got, reasons(d))
	}
	delete(f.Queue.OnNode, "astro-cpu-2")
	if took := s.until(t, time.Hour); !s.started || took > 2*time.Minute || s.made != 5 || len(s.drained) > 0 {
		t.Errorf("started %t after %s, %d made, drained %v", s.started, took, s.made, s.drained)
	}
}
