package demand_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/demand"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/fleet"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue/queuetest"
)

// tasks makes each job as many tasks, on at least as many workers.
func tasks(g queue.JobGroup, n, nodes int) queue.JobGroup {
	g.Tasks, g.Nodes = n, nodes
	return g
}

func oneGroup(g queue.JobGroup) queue.JobGroup {
	g.OneGroup = true
	return g
}

func oldest(g queue.JobGroup, at int64) queue.JobGroup {
	g.Oldest = time.Unix(at, 0)
	return g
}

// idleIn is an idle worker of another group.
func idleIn(group, name string) fleet.Worker {
	return in(group, inPool(name, fleet.Idle, cpus(4, 64000)))
}

// Tasks that may be spread in any way get as few workers as hold them.
func TestTasks(t *testing.T) {
	cpu := demand.Group{Name: "cpu", Kind: kind(4, 8000), Max: 10, Room: 10}
	nearly := cpu
	nearly.Max, nearly.Room = 4, 2
	mem := demand.Group{Name: "mem", Kind: kind(16, 64000), Max: 3, Room: 3}
	one, two := cpus(1, 1000), cpus(2, 1000)
	only := []demand.Group{cpu}
	checkGangs(t, []gangRow{
		{name: "no more workers than hold them", jobs: []queue.JobGroup{tasks(waiting("a", 1, one), 10, 0)}, groups: only, want: "cpu:3", jobsFor: "cpu:1"},
		{name: "memory counts, too", jobs: []queue.JobGroup{tasks(waiting("a", 1, cpus(1, 3900)), 6, 0)}, groups: only, want: "cpu:3", jobsFor: "cpu:1"},
		{name: "at least as many workers as the job wants", jobs: []queue.JobGroup{tasks(waiting("a", 1, one), 4, 3)}, groups: only, want: "cpu:3", jobsFor: "cpu:1"},
		{name: "but none without a task", jobs: []queue.JobGroup{tasks(waiting("a", 1, one), 2, 5)}, groups: only, want: "cpu:2", jobsFor: "cpu:1"},
		{name: "a single task is a job like others", jobs: []queue.JobGroup{tasks(waiting("a", 8, one), 1, 0)}, groups: only, want: "cpu:2", jobsFor: "cpu:8"},
		{
			name: "what is free is filled first", workers: []fleet.Worker{busy("w1", 1), idle("w2")},
			jobs: []queue.JobGroup{tasks(waiting("a", 1, one), 7, 0)}, groups: only, want: "cpu:1", jobsFor: "cpu:1", on: "w1:1 w2:1",
		},
		{
			name: "a worker that holds all tasks comes before several", workers: []fleet.Worker{busy("w1", 1), idle("w2")},
			jobs: []queue.JobGroup{tasks(waiting("a", 1, one), 4, 0)}, groups: only, on: "w2:1", phases: "idle:1",
		},
		{
			name: "where it is ready as early", workers: []fleet.Worker{busy("w1", 2), busy("w2", 2), booting("w3")},
			jobs: []queue.JobGroup{tasks(waiting("a", 1, one), 4, 0)}, groups: only, on: "w1:1 w2:1", phases: "busy:1",
		},
		{
			name: "and the job may be on one worker", workers: []fleet.Worker{idle("w1"), idle("w2")},
			jobs: []queue.JobGroup{tasks(waiting("a", 1, one), 4, 2)}, groups: only, on: "w1:1 w2:1", phases: "idle:1",
		},
		{
			name: "enough tasks are left for the last worker", workers: []fleet.Worker{idle("w1"), busy("w2", 1), busy("w3", 1)},
			jobs: []queue.JobGroup{tasks(waiting("a", 1, one), 3, 3)}, groups: only, on: "w1:1 w2:1 w3:1", phases: "idle:1",
		},
		{name: "several jobs fill workers together", jobs: []queue.JobGroup{tasks(waiting("a", 3, one), 6, 0)}, groups: only, want: "cpu:5", jobsFor: "cpu:3"},
		{name: "many jobs that fit on one worker each", jobs: []queue.JobGroup{tasks(waiting("a", 4, two), 2, 0)}, groups: only, want: "cpu:4", jobsFor: "cpu:4"},
		{name: "the group that wastes least", jobs: []queue.JobGroup{tasks(waiting("a", 1, one), 8, 0)}, groups: []demand.Group{mem, cpu}, want: "cpu:2", jobsFor: "cpu:1"},
		{name: "one group for all of them, if it has room", jobs: []queue.JobGroup{tasks(waiting("a", 1, one), 40, 0)}, groups: []demand.Group{mem, nearly}, want: "mem:3", jobsFor: "mem:1"},
		{name: "or two", jobs: []queue.JobGroup{tasks(waiting("a", 1, one), 52, 0)}, groups: []demand.Group{mem, nearly}, want: "cpu:2 mem:3", jobsFor: "mem:1"},
		{
			name: "all or none", workers: []fleet.Worker{idle("w1"), busy("w2", 0)},
			jobs: []queue.JobGroup{tasks(waiting("a", 2, one), 14, 0), waiting("b", 1, cpus(4, 4000))}, groups: []demand.Group{nearly}, on: "w1:1", phases: "idle:1",
			unmet: "2 a.0 tasks_too_few tasks=14 each=1 CPU, 1000 MiB found=12 groups=(group_at_max group=cpu max=4)",
		},
		{
			name: "more than the group may have", jobs: []queue.JobGroup{tasks(waiting("a", 1, one), 41, 0)}, groups: only,
			unmet: "1 a.0 tasks_too_many tasks=41 each=1 CPU, 1000 MiB groups=(group_max_tasks group=cpu holds=4 max=10)", never: true,
		},
		{
			name: "or on more workers than it may have", jobs: []queue.JobGroup{tasks(waiting("a", 1, one), 12, 11)}, groups: only,
			unmet: "1 a.0 tasks_too_many tasks=12 nodes=11 each=1 CPU, 1000 MiB groups=(group_max_tasks group=cpu holds=4 max=10)", never: true,
		},
		{
			name: "or than all may have", jobs: []queue.JobGroup{tasks(waiting("a", 1, one), 89, 0)}, groups: []demand.Group{cpu, mem},
			unmet: "1 a.0 tasks_too_many tasks=89 each=1 CPU, 1000 MiB groups=(group_max_tasks group=cpu holds=4 max=10) groups=(group_max_tasks group=mem holds=16 max=3) together=13", never: true,
		},
		{
			name: "no task fits", jobs: []queue.JobGroup{tasks(waiting("a", 1, cpus(5, 1000)), 3, 0)}, groups: only,
			unmet: "1 a.0 no_group_ever_fits why=(worker_too_small group=cpu what=CPUs has=4 asked=5)", never: true,
		},
		{
			name: "an exclusive job takes whole workers", workers: []fleet.Worker{busy("w1", 3), idle("w2")},
			jobs: []queue.JobGroup{exclusive(tasks(waiting("a", 1, one), 6, 0)), waiting("b", 4, one)}, groups: only, want: "cpu:2", jobsFor: "cpu:2", on: "w1:3 w2:1", phases: "busy:3",
		},
		{name: "also where it fits on one", jobs: []queue.JobGroup{exclusive(tasks(waiting("a", 3, one), 2, 0))}, groups: only, want: "cpu:3", jobsFor: "cpu:3"},
		{
			name: "those of the group that it asks for", workers: []fleet.Worker{idle("w1")},
			jobs: []queue.JobGroup{asking(tasks(waiting("a", 1, one), 20, 0), "mem")}, groups: []demand.Group{cpu, mem}, want: "mem:2", jobsFor: "mem:1",
		},
		{
			name: "those that meet its requirements", workers: []fleet.Worker{saying(idle("w1"), "arch", "x"), saying(idle("w2"), "arch", "y")},
			jobs: []queue.JobGroup{tasks(demanding(waiting("a", 1, one), queuetest.Has("arch", "y")), 6, 0)}, groups: only, want: "cpu:1", jobsFor: "cpu:1", on: "w2:1",
		},
	})
}

// A job's workers are of one group where it must be so, and where it makes no difference
// to what has to be made.
func TestWorkersOfOneGroup(t *testing.T) {
	cpu := demand.Group{Name: "cpu", Kind: kind(4, 8000), Max: 10, Room: 10}
	nearly := cpu
	nearly.Room = 2
	mem := demand.Group{Name: "mem", Kind: kind(4, 64000), Max: 3, Room: 3}
	both := []demand.Group{cpu, mem}
	job := func(nodes int) []queue.JobGroup { return []queue.JobGroup{gang(waiting("a", 1, cpus(1, 1000)), nodes)} }
	strict := func(nodes int) []queue.JobGroup {
		return []queue.JobGroup{oneGroup(gang(waiting("a", 1, cpus(1, 1000)), nodes))}
	}
	checkGangs(t, []gangRow{
		{name: "new ones of the group that has room for all", jobs: job(3), groups: []demand.Group{nearly, mem}, want: "mem:3", jobsFor: "mem:1"},
		{name: "of two groups if no group has", jobs: job(5), groups: []demand.Group{nearly, mem}, want: "cpu:2 mem:3", jobsFor: "mem:1"},
		{
			name: "the rest of the group of the free ones", workers: []fleet.Worker{idleIn("mem", "m1"), idleIn("mem", "m2")},
			jobs: job(3), groups: both, want: "mem:1", jobsFor: "mem:1", on: "m1:1 m2:1",
		},
		{
			name: "free workers of two groups are better than new ones", workers: []fleet.Worker{idle("w1"), idleIn("mem", "m1")},
			jobs: job(2), groups: both, on: "m1:1 w1:1", phases: "idle:1",
		},
		{
			name: "free ones of one group are better still", workers: []fleet.Worker{idle("w1"), idleIn("mem", "m1"), idleIn("mem", "m2")},
			jobs: job(2), groups: both, on: "m1:1 m2:1", phases: "idle:1",
		},
		{
			name: "unless they are ready later", workers: []fleet.Worker{idle("w1"), idleIn("mem", "m1"), in("mem", booting("m2"))},
			jobs: job(2), groups: both, on: "m1:1 w1:1", phases: "idle:1",
		},
		{
			name: "must be: no mix of free ones", workers: []fleet.Worker{idle("w1"), idleIn("mem", "m1")},
			jobs: strict(2), groups: both, want: "cpu:1", jobsFor: "cpu:1", on: "w1:1",
		},
		{
			name: "must be: the group that needs fewer new ones", workers: []fleet.Worker{idle("w1"), idleIn("mem", "m1"), idleIn("mem", "m2")},
			jobs: strict(3), groups: both, want: "mem:1", jobsFor: "mem:1", on: "m1:1 m2:1",
		},
		{
			name: "must be: two groups together are not enough", jobs: strict(12), groups: both, never: true,
			unmet: "1 a.0 gang_too_large nodes=12 each=1 CPU, 1000 MiB of=one group groups=(group_max group=cpu max=10) groups=(group_max group=mem max=3)",
		},
		{
			name: "must be: two groups together have enough for now", workers: []fleet.Worker{idle("w1")}, jobs: strict(4), groups: []demand.Group{nearly, mem},
			unmet: "1 a.0 gang_too_few nodes=4 each=1 CPU, 1000 MiB of=one group found=3 groups=(group_at_max group=cpu max=10) groups=(group_at_max group=mem max=3)",
		},
		{
			name: "must be: tasks", jobs: []queue.JobGroup{oneGroup(tasks(waiting("a", 1, cpus(1, 1000)), 44, 0))}, groups: both, never: true,
			unmet: "1 a.0 tasks_too_many tasks=44 each=1 CPU, 1000 MiB of=one group groups=(group_max_tasks group=cpu holds=4 max=10) groups=(group_max_tasks group=mem holds=4 max=3)",
		},
		{name: "without any worker or group", jobs: strict(2), unmet: "1 a.0 no_group_in_charge"},
		{
			name: "workers of a group that is not in the scaler's charge count", workers: []fleet.Worker{in("mem", busy("m1", 0)), in("mem", busy("m2", 0))},
			jobs: job(12), groups: []demand.Group{cpu},
			unmet: "1 a.0 gang_too_few nodes=12 each=1 CPU, 1000 MiB found=10 groups=(group_at_max group=cpu max=10)",
		},
	})
}

// Of two jobs that find place each, but not both, the first one gets all of its workers and
// the second one none.
func TestTwoGangsThatDoNotFitTogether(t *testing.T) {
	cpu := demand.Group{Name: "cpu", Kind: kind(4, 8000), Max: 6, Room: 6}
	half := cpu
	half.Room = 3
	whole := cpus(4, 4000)
	two := []queue.JobGroup{oldest(gang(waiting("b", 1, whole), 4), 2000), oldest(gang(waiting("a", 1, whole), 4), 1000)}
	checkGangs(t, []gangRow{
		{name: "all workers are new", jobs: two, groups: []demand.Group{cpu}, want: "cpu:4", jobsFor: "cpu:1", unmet: "1 b.0 gang_too_few nodes=4 each=4 CPUs, 3.9 GiB found=2 groups=(group_at_max group=cpu max=6)"},
		{
			name: "some are free", workers: []fleet.Worker{idle("w1"), idle("w2"), idle("w3")}, jobs: two, groups: []demand.Group{half},
			want: "cpu:1", jobsFor: "cpu:1", on: "w1:1 w2:1 w3:1", unmet: "1 b.0 gang_too_few nodes=4 each=4 CPUs, 3.9 GiB found=2 groups=(group_at_max group=cpu max=6)",
		},
		{
			name: "the larger one comes first, also if the smaller one is older", groups: []demand.Group{cpu},
			jobs: []queue.JobGroup{oldest(gang(waiting("a", 1, whole), 3), 1000), oldest(gang(waiting("b", 1, whole), 4), 2000)},
			want: "cpu:4", jobsFor: "cpu:1", unmet: "1 a.0 gang_too_few nodes=3 each=4 CPUs, 3.9 GiB found=2 groups=(group_at_max group=cpu max=6)",
		},
		{
			name: "no job may need more new workers at once than may boot", jobs: []queue.JobGroup{gang(waiting("a", 2, whole), 4), waiting("b", 1, whole)}, groups: []demand.Group{cpu}, atOnce: 3,
			want: "cpu:1", jobsFor: "cpu:1", unmet: "2 a.0 gang_over_max_in_flight workers=4 max_in_flight=3",
		},
		{
			name: "free workers count for that", workers: []fleet.Worker{idle("w1")}, jobs: []queue.JobGroup{gang(waiting("a", 1, whole), 4)}, groups: []demand.Group{half}, atOnce: 3,
			want: "cpu:3", jobsFor: "cpu:1", on: "w1:1",
		},
	})
}

// Jobs that take nothing of a worker are packed at once, however many there are.
func TestAnyNumberOfGangsThatTakeNothing(t *testing.T) {
	cpu := demand.Group{Name: "cpu", Kind: kind(4, 8000), Max: 6, Room: 6}
	nothing := queue.JobGroup{Key: "a", Count: 1_000_000_000, First: "a.0", Nodes: 3}
	checkGangs(t, []gangRow{
		{name: "on several workers", jobs: []queue.JobGroup{nothing}, groups: []demand.Group{cpu}, want: "cpu:3", jobsFor: "cpu:1000000000"},
		{name: "in tasks", jobs: []queue.JobGroup{tasks(nothing, 1_000_000, 0)}, groups: []demand.Group{cpu}, want: "cpu:1", jobsFor: "cpu:1000000000"},
		{
			name: "whose requirement looks at what is free", groups: []demand.Group{cpu}, want: "cpu:1", jobsFor: "cpu:1000000000",
			jobs: []queue.JobGroup{{Key: "a", Count: 1_000_000_000, First: "a.0", Requires: &queue.Requirement{Clauses: []string{"true"}, Amounts: true}}},
		},
	})
}

// Ten thousand jobs that ask for the same cost about as much as the workers that they fill.
func BenchmarkGangs10000(b *testing.B) {
	groups := []demand.Group{
		{Name: "cpu", Kind: kind(64, 256000), Max: 600, Room: 500}, {Name: "gpu", Kind: kind(64, 512000), Max: 600, Room: 500}, {Name: "mem", Kind: kind(64, 1024000), Max: 600, Room: 500},
	}
	var workers []fleet.Worker
	for _, group := range []string{"cpu", "gpu", "mem"} {
		for i := range 100 {
			workers = append(workers, in(group, inPool(group+string(rune('a'+i%26))+string(rune('a'+i/26)), fleet.Idle, cpus(64, 256000))))
		}
	}
	for _, of := range []struct {
		name string
		job  queue.JobGroup
	}{
		{"workers", gang(waiting("a", 10_000, cpus(2, 1000)), 4)},
		{"tasks", tasks(waiting("a", 10_000, cpus(1, 1000)), 6, 2)},
		{"one_group", oneGroup(gang(waiting("a", 10_000, cpus(2, 1000)), 4))},
		{"exclusive", exclusive(gang(waiting("a", 10_000, cpus(2, 1000)), 4))},
	} {
		b.Run(of.name, func(b *testing.B) {
			in := demand.Input{Traits: queuetest.Traits(), Fleet: fleet.Fleet{Workers: workers}, Jobs: []queue.JobGroup{of.job}, Groups: groups}
			var d demand.Demand
			for b.Loop() {
				d = demand.Compute(in)
			}
			b.ReportMetric(float64(d.New()), "workers")
			b.ReportMetric(float64(len(d.Placements)), "placements")
		})
	}
}

// Ten thousand jobs each of which asks for something else, on a thousand workers.
func BenchmarkGangsOf10000Kinds(b *testing.B) {
	cpu := demand.Group{Name: "cpu", Kind: kind(64, 256000), Max: 1000}
	gpu := demand.Group{Name: "gpu", Kind: kind(64, 256000), Max: 1000}
	var workers []fleet.Worker
	for i := range 1000 {
		workers = append(workers, inPool("w"+strconv.Itoa(i), fleet.Idle, cpus(64, 256000)))
	}
	for _, of := range []struct {
		name  string
		nodes int
		group string
	}{{"placed", 4, ""}, {"of_a_group_without_workers", 4, "gpu"}, {"too_many", 1001, ""}} {
		b.Run(of.name, func(b *testing.B) {
			in := demand.Input{Traits: queuetest.Traits(), Fleet: fleet.Fleet{Workers: workers}, Groups: []demand.Group{cpu, gpu}}
			for i := range 10_000 {
				in.Jobs = append(in.Jobs, asking(gang(waiting("k"+strconv.Itoa(i), 1, cpus(4, 100+i)), of.nodes), of.group))
			}
			var d demand.Demand
			for b.Loop() {
				d = demand.Compute(in)
				d.UnmetByReason()
			}
			b.ReportMetric(float64(len(d.Unmet)), "unmet")
		})
	}
}
