package demand_test

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/demand"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/fleet"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue/queuetest"
)

// gang makes jobs run on several workers at once.
func gang(g queue.JobGroup, nodes int) queue.JobGroup {
	g.Nodes = nodes
	return g
}

func exclusive(g queue.JobGroup) queue.JobGroup {
	g.Exclusive = true
	return g
}

func blocked(g queue.JobGroup, why string) queue.JobGroup {
	g.Blocked = why
	return g
}

// callable is a worker that the scaler has asked to leave.
func callable(name string) fleet.Worker {
	return fleet.Worker{Name: name, Group: "cpu", Phase: fleet.Leaving, Mark: cluster.LeaveIdle}
}

// idle is a worker of 4 CPUs on which nothing runs, busy one with that many left.
func idle(name string) fleet.Worker { return inPool(name, fleet.Idle, cpus(4, 8000)) }

func busy(name string, free int) fleet.Worker {
	w := inPool(name, fleet.Busy, cpus(free, 2000*free))
	w.Jobs = 1
	return w
}

// gangRow is one case of how jobs over several workers are packed.
type gangRow struct {
	name    string
	workers []fleet.Worker
	jobs    []queue.JobGroup
	groups  []demand.Group
	atOnce  int
	want    string // new workers by group
	jobsFor string // that they are for, by group
	on      string // jobs by existing worker
	phases  string // jobs by phase
	unmet   string
	never   bool
}

func TestGangs(t *testing.T) {
	cpu := demand.Group{Name: "cpu", Kind: kind(4, 8000), Max: 10, Room: 10}
	full, nearly := cpu, cpu
	full.Max, full.Room = 4, 0
	nearly.Max, nearly.Room = 4, 2
	mem := demand.Group{Name: "mem", Kind: kind(4, 64000), Max: 3, Room: 3}
	one, whole := cpus(1, 1000), cpus(4, 4000)
	checkGangs(t, []gangRow{
		{
			name: "all workers are new", jobs: []queue.JobGroup{gang(waiting("a", 1, whole), 3)}, groups: []demand.Group{cpu},
			want: "cpu:3", jobsFor: "cpu:1",
		},
		{
			name: "each of a job's parts is on a worker of its own", jobs: []queue.JobGroup{gang(waiting("a", 1, one), 3)}, groups: []demand.Group{cpu},
			want: "cpu:3", jobsFor: "cpu:1",
		},
		{
			name: "parts of several jobs share workers", jobs: []queue.JobGroup{gang(waiting("a", 4, one), 3)}, groups: []demand.Group{cpu},
			want: "cpu:3", jobsFor: "cpu:4",
		},
		{
			name: "and the rest goes to more workers", jobs: []queue.JobGroup{gang(waiting("a", 5, one), 3)}, groups: []demand.Group{cpu},
			want: "cpu:6", jobsFor: "cpu:5",
		},
		{
			name: "free workers are enough", workers: []fleet.Worker{idle("w1"), busy("w2", 1), idle("w3")},
			jobs: []queue.JobGroup{gang(waiting("a", 1, one), 3)}, groups: []demand.Group{cpu}, on: "w1:1 w2:1 w3:1", phases: "idle:1",
		},
		{
			name:    "free, booting, callable and new ones together",
			workers: []fleet.Worker{busy("w1", 2), idle("w2"), booting("w3"), callable("w4"), busy("w5", 0)},
			jobs:    []queue.JobGroup{gang(waiting("a", 1, one), 5)}, groups: []demand.Group{cpu},
			want: "cpu:1", jobsFor: "cpu:1", on: "w1:1 w2:1 w3:1 w4:1",
		},
		{
			name:    "a job counts where its last worker is",
			workers: []fleet.Worker{idle("w1"), booting("w2"), callable("w3")},
			jobs:    []queue.JobGroup{gang(waiting("a", 1, whole), 2), gang(waiting("b", 1, whole), 1)}, groups: []demand.Group{full},
			on: "w1:1 w2:1 w3:1", phases: "booting:1 leaving:1",
		},
		{
			name: "all or none: too few make no worker", workers: []fleet.Worker{idle("w1"), idle("w2")},
			jobs: []queue.JobGroup{gang(waiting("a", 1, one), 4)}, groups: []demand.Group{full},
			unmet: "1 a.0 gang_too_few nodes=4 each=1 CPU, 1000 MiB found=2 groups=(group_at_max group=cpu max=4)",
		},
		{
			name: "and take no room from other jobs", workers: []fleet.Worker{idle("w1"), idle("w2")},
			jobs: []queue.JobGroup{gang(waiting("a", 1, whole), 4), waiting("b", 2, whole)}, groups: []demand.Group{full},
			on: "w1:1 w2:1", phases: "idle:2", unmet: "1 a.0 gang_too_few nodes=4 each=4 CPUs, 3.9 GiB found=2 groups=(group_at_max group=cpu max=4)",
		},
		{
			name: "nor from the group", workers: []fleet.Worker{idle("w1")},
			jobs: []queue.JobGroup{gang(waiting("a", 1, whole), 4), waiting("b", 2, whole)}, groups: []demand.Group{nearly},
			want: "cpu:1", jobsFor: "cpu:1", on: "w1:1", phases: "idle:1", unmet: "1 a.0 gang_too_few nodes=4 each=4 CPUs, 3.9 GiB found=3 groups=(group_at_max group=cpu max=4)",
		},
		{
			name: "of many jobs as many as there is room for", jobs: []queue.JobGroup{gang(waiting("a", 4, whole), 4)}, groups: []demand.Group{cpu},
			want: "cpu:8", jobsFor: "cpu:2", unmet: "2 a.0 gang_too_few nodes=4 each=4 CPUs, 3.9 GiB found=2 groups=(group_at_max group=cpu max=10)",
		},
		{
			name: "more workers than a group may have", jobs: []queue.JobGroup{gang(waiting("a", 1, one), 11)}, groups: []demand.Group{cpu},
			unmet: "1 a.0 gang_too_large nodes=11 each=1 CPU, 1000 MiB groups=(group_max group=cpu max=10)", never: true,
		},
		{
			name: "more than all groups may have", jobs: []queue.JobGroup{gang(waiting("a", 1, one), 14)}, groups: []demand.Group{cpu, mem},
			unmet: "1 a.0 gang_too_large nodes=14 each=1 CPU, 1000 MiB groups=(group_max group=cpu max=10) groups=(group_max group=mem max=3) together=13", never: true,
		},
		{
			name: "two groups together have enough", jobs: []queue.JobGroup{gang(waiting("a", 1, one), 12)}, groups: []demand.Group{cpu, mem},
			want: "cpu:10 mem:2", jobsFor: "mem:1",
		},
		{
			name: "but not for a job that asks for one of them", jobs: []queue.JobGroup{asking(gang(waiting("a", 1, one), 4), "mem")}, groups: []demand.Group{cpu, mem},
			unmet: "1 a.0 gang_too_large nodes=4 each=1 CPU, 1000 MiB groups=(group_max group=mem max=3)", never: true,
		},
		{
			name: "workers of others may be enough one day", workers: []fleet.Worker{in("", inPool("x", fleet.Foreign, cpus(0, 0)))},
			jobs: []queue.JobGroup{gang(waiting("a", 1, one), 11)}, groups: []demand.Group{cpu},
			unmet: "1 a.0 gang_too_few nodes=11 each=1 CPU, 1000 MiB found=10 groups=(group_at_max group=cpu max=10)",
		},
		{
			name:    "a worker that does not meet the requirements is no part",
			workers: []fleet.Worker{saying(idle("w1"), "arch", "x"), saying(idle("w2"), "arch", "y")},
			jobs:    []queue.JobGroup{gang(demanding(waiting("a", 1, one), queuetest.Has("arch", "y")), 2)}, groups: []demand.Group{cpu},
			want: "cpu:1", jobsFor: "cpu:1", on: "w2:1",
		},
		{
			name: "no group can run a part", jobs: []queue.JobGroup{gang(waiting("a", 2, cpus(8, 1000)), 2)}, groups: []demand.Group{cpu},
			unmet: "2 a.0 no_group_ever_fits why=(worker_too_small group=cpu what=CPUs has=4 asked=8)", never: true,
		},
		{
			name: "they are packed before single jobs", workers: []fleet.Worker{idle("w1"), idle("w2")},
			jobs: []queue.JobGroup{waiting("b", 1, whole), gang(waiting("a", 1, one), 2)}, groups: []demand.Group{cpu},
			want: "cpu:1", jobsFor: "cpu:1", on: "w1:1 w2:1", phases: "idle:1",
		},
		{
			name: "an exclusive job takes a whole worker", workers: []fleet.Worker{busy("w1", 3), idle("w2")},
			jobs: []queue.JobGroup{exclusive(waiting("a", 2, one)), waiting("b", 3, one)}, groups: []demand.Group{cpu},
			want: "cpu:1", jobsFor: "cpu:1", on: "w1:3 w2:1", phases: "busy:3 idle:1",
		},
		{
			name: "and shares none with another of its kind", jobs: []queue.JobGroup{exclusive(waiting("a", 3, one))}, groups: []demand.Group{cpu},
			want: "cpu:3", jobsFor: "cpu:3",
		},
		{
			name: "nor with a job that asks for nothing", workers: []fleet.Worker{idle("w1")},
			jobs: []queue.JobGroup{exclusive(waiting("a", 1, one)), {Key: "b", Count: 1, First: "b.0"}}, groups: []demand.Group{cpu},
			want: "cpu:1", jobsFor: "cpu:1", on: "w1:1", phases: "idle:1",
		},
		{
			name: "exclusive on several workers", workers: []fleet.Worker{busy("w1", 3), idle("w2")},
			jobs: []queue.JobGroup{exclusive(gang(waiting("a", 1, one), 2)), waiting("b", 1, cpus(4, 1000))}, groups: []demand.Group{cpu},
			want: "cpu:2", jobsFor: "cpu:2", on: "w2:1",
		},
		{
			name: "blocked jobs cause nothing and are named", workers: []fleet.Worker{idle("w1")},
			jobs: []queue.JobGroup{blocked(waiting("a", 5, one), "waits for job 7"), waiting("b", 1, one)}, groups: []demand.Group{cpu},
			on: "w1:1", phases: "idle:1", unmet: "5 a.0 jobs_blocked why=waits for job 7",
		},
	})
}

func checkGangs(t *testing.T, rows []gangRow) {
	t.Helper()
	for _, tt := range rows {
		t.Run(tt.name, func(t *testing.T) {
			d := demand.Compute(demand.Input{
				Traits: queuetest.Traits(), Fleet: fleet.Fleet{Workers: tt.workers}, Jobs: tt.jobs, Groups: tt.groups, AtOnce: tt.atOnce,
				Kinds: map[string]demand.Kind{"cpu": kind(4, 8000), "mem": kind(4, 64000)},
			})
			news, jobs, on, phases := map[string]int{}, map[string]int{}, map[string]int{}, map[string]int{}
			for group, need := range d.Needs {
				news[group] = need.Workers
				if need.Jobs > 0 {
					jobs[group] = need.Jobs
				}
			}
			for _, w := range tt.workers {
				on[w.Name] = d.On(w.Name)
				phases[string(w.Phase)] = d.OnPhase(w.Phase)
			}
			for _, counts := range []map[string]int{on, phases} {
				maps.DeleteFunc(counts, func(_ string, n int) bool { return n == 0 })
			}
			var unmet []string
			for _, u := range d.Unmet {
				unmet = append(unmet, strings.Join([]string{strconv.Itoa(u.Count), u.First, u.Why.Brief()}, " "))
				if u.Never != tt.never {
					t.Errorf("never %t, want %t", u.Never, tt.never)
				}
			}
			for _, of := range []struct{ what, got, want string }{
				{"new workers", brief(news), tt.want}, {"jobs for them", brief(jobs), tt.jobsFor}, {"jobs on existing workers", brief(on), tt.on},
				{"jobs by phase", brief(phases), tt.phases}, {"unmet", strings.Join(unmet, "; "), tt.unmet},
			} {
				if of.got != of.want {
					t.Errorf("%s %q, want %q", of.what, of.got, of.want)
				}
			}
			if total := waitingIn(tt.jobs); d.Waiting != total {
				t.Errorf("%d jobs wait, want %d", d.Waiting, total)
			}
		})
	}
}

func waitingIn(jobs []queue.JobGroup) int {
	n := 0
	for g := range slices.Values(jobs) {
		n += g.Count
	}
	return n
}

// The same facts give the same demand, also where several groups grow for one job.
func TestGangsAreDeterministic(t *testing.T) {
	var groups []demand.Group
	for i := range 8 {
		groups = append(groups, demand.Group{Name: "g" + strconv.Itoa(i), Kind: kind(4, 8000), Max: 2, Room: 2})
	}
	in := demand.Input{Traits: queuetest.Traits(), Jobs: []queue.JobGroup{gang(waiting("a", 2, cpus(1, 1000)), 7)}, Groups: groups}
	first := demand.Compute(in)
	for range 50 {
		if again := demand.Compute(in); !maps.Equal(again.Needs, first.Needs) {
			t.Fatalf("%v, and before %v", again.Needs, first.Needs)
		}
	}
}

// New workers that are of use only together are named by the first job that needs
// them; a later job that shares them waits for the first one's.
func TestWorkersThatAreMadeTogether(t *testing.T) {
	cpu := demand.Group{Name: "cpu", Kind: kind(4, 8000), Max: 10, Room: 10}
	mem := demand.Group{Name: "mem", Kind: kind(4, 64000), Max: 3, Room: 3}
	for _, tt := range []struct {
		name    string
		workers []fleet.Worker
		jobs    []queue.JobGroup
		want    string // of each gang: job group, new workers, those it comes after
	}{
		{"all are new", nil, []queue.JobGroup{gang(waiting("a", 1, cpus(4, 4000)), 3)}, "a cpu:3 []"},
		{"a free worker is not among them", []fleet.Worker{idle("w1")}, []queue.JobGroup{gang(waiting("a", 1, cpus(4, 4000)), 3)}, "a cpu:2 []"},
		{"workers that are there are enough", []fleet.Worker{idle("w1"), idle("w2")}, []queue.JobGroup{gang(waiting("a", 1, cpus(4, 4000)), 2)}, ""},
		{"each job has its own", nil, []queue.JobGroup{gang(waiting("a", 2, cpus(4, 4000)), 2)}, "a cpu:2 [], a cpu:2 []"},
		{"a job that finds place on another's new workers has none of its own", nil, []queue.JobGroup{gang(waiting("a", 2, cpus(2, 1000)), 2)}, "a cpu:2 []"},
		{"nor has one that needs only some of them; one for which they are too full has", nil, []queue.JobGroup{gang(waiting("a", 1, cpus(3, 1000)), 3), gang(waiting("b", 1, cpus(1, 1000)), 2), gang(waiting("c", 1, cpus(2, 1000)), 2)}, "a cpu:3 [], c cpu:2 []"},
		{"a smaller one finds place on a larger one's", nil, []queue.JobGroup{gang(waiting("a", 1, cpus(2, 1000)), 2), gang(waiting("b", 1, cpus(2, 1000)), 3)}, "b cpu:3 []"},
		{"a job may need another's and new ones", nil, []queue.JobGroup{exclusive(gang(waiting("a", 1, cpus(2, 1000)), 4)), gang(waiting("b", 2, cpus(3, 1000)), 3), gang(waiting("c", 1, cpus(1, 1000)), 4)}, "a cpu:4 [], c cpu:4 [], b cpu:2 [1]"},
		{"of two groups", nil, []queue.JobGroup{gang(waiting("a", 1, cpus(1, 1000)), 12)}, "a cpu:10 mem:2 []"},
		{"single jobs have none", nil, []queue.JobGroup{waiting("a", 8, cpus(4, 4000))}, ""},
	} {
		d := demand.Compute(demand.Input{
			Traits: queuetest.Traits(), Fleet: fleet.Fleet{Workers: tt.workers}, Jobs: tt.jobs, Groups: []demand.Group{cpu, mem},
			Kinds: map[string]demand.Kind{"cpu": kind(4, 8000), "mem": kind(4, 64000)},
		})
		var got []string
		for _, g := range d.Gangs {
			got = append(got, fmt.Sprint(g.Key, " ", brief(g.New), " ", g.After))
		}
		if strings.Join(got, ", ") != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, strings.Join(got, ", "), tt.want)
		}
	}
}
