package demand_test

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/demand"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/fleet"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue/queuetest"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/reason"
)

func cpus(n, memoryMiB int) queue.Shape { return queue.Shape{Cpus: n, MemoryMiB: memoryMiB} }

func kind(n, memoryMiB int) demand.Kind { return demand.Kind{Shape: cpus(n, memoryMiB)} }

func waiting(key string, count int, each queue.Shape) queue.JobGroup {
	takes := each
	takes.MemoryMiB = (each.MemoryMiB + 127) / 128 * 128
	return queue.JobGroup{Key: key, Asks: each, Takes: takes, Count: count, First: key + ".0", Oldest: time.Unix(1000, 0)}
}

func inPool(name string, phase fleet.Phase, free queue.Shape) fleet.Worker {
	return fleet.Worker{Name: name, Group: "cpu", Phase: phase, InPool: true, Pool: queue.Worker{Name: name, Free: free}}
}

func booting(name string) fleet.Worker {
	return fleet.Worker{Name: name, Group: "cpu", Phase: fleet.Booting}
}

func TestCompute(t *testing.T) {
	small := demand.Group{Name: "cpu", Kind: kind(4, 8000), Max: 10, Room: 10}
	big := demand.Group{Name: "mem", Kind: kind(16, 256000), Max: 2, Room: 2}
	gpu := demand.Group{Name: "gpu", Kind: demand.Kind{Shape: queue.Shape{Cpus: 8, MemoryMiB: 64000, GPUs: 1}}, Max: 3, Room: 3}
	full := small
	full.Room = 0

	tests := []struct {
		name    string
		workers []fleet.Worker
		jobs    []queue.JobGroup
		groups  []demand.Group
		except  map[string]reason.Reason
		want    map[string]int // new workers by group
		on      map[string]int // jobs by existing worker
		unmet   string
	}{
		{name: "an empty queue needs nothing", groups: []demand.Group{small}},
		{
			name: "four one-core jobs share a new worker of four",
			jobs: []queue.JobGroup{waiting("a", 4, cpus(1, 1000))}, groups: []demand.Group{small},
			want: map[string]int{"cpu": 1},
		},
		{
			name: "memory counts as much as cores",
			jobs: []queue.JobGroup{waiting("a", 4, cpus(1, 3900))}, groups: []demand.Group{small},
			want: map[string]int{"cpu": 2},
		},
		{
			name:    "what is free is filled first",
			workers: []fleet.Worker{inPool("w1", fleet.Busy, cpus(2, 4000))},
			jobs:    []queue.JobGroup{waiting("a", 3, cpus(1, 1000))}, groups: []demand.Group{small},
			want: map[string]int{"cpu": 1}, on: map[string]int{"w1": 2},
		},
		{
			name:    "busy workers are filled before idle ones, so that those can go",
			workers: []fleet.Worker{inPool("w1", fleet.Idle, cpus(4, 8000)), inPool("w2", fleet.Busy, cpus(1, 4000))},
			jobs:    []queue.JobGroup{waiting("a", 1, cpus(1, 1000))}, groups: []demand.Group{small},
			on: map[string]int{"w2": 1},
		},
		{
			name:    "booting workers are capacity already",
			workers: []fleet.Worker{booting("w1"), booting("w2")},
			jobs:    []queue.JobGroup{waiting("a", 8, cpus(1, 1000))}, groups: []demand.Group{small},
			on: map[string]int{"w1": 4, "w2": 4},
		},
		{
			name: "a worker on its way out is called back before a new one is made",
			workers: []fleet.Worker{
				{Name: "w1", Group: "cpu", Phase: fleet.Leaving, Mark: cluster.LeaveIdle},
				{Name: "w2", Group: "cpu", Phase: fleet.Leaving, Mark: cluster.LeaveJobsOK},
			},
			jobs: []queue.JobGroup{waiting("a", 8, cpus(1, 1000))}, groups: []demand.Group{small},
			on: map[string]int{"w1": 4}, want: map[string]int{"cpu": 1},
		},
		{
			name:    "a closed, stopped or broken worker is no capacity",
			workers: []fleet.Worker{inPool("w1", fleet.Closed, cpus(4, 8000)), inPool("w2", fleet.Stopped, cpus(4, 8000)), inPool("w3", fleet.Broken, cpus(4, 8000))},
			jobs:    []queue.JobGroup{waiting("a", 1, cpus(1, 1000))}, groups: []demand.Group{small},
			want: map[string]int{"cpu": 1},
		},
		{
			name:    "a stranger in the pool takes jobs as well",
			workers: []fleet.Worker{inPool("desktop", fleet.Foreign, cpus(1, 2000))},
			jobs:    []queue.JobGroup{waiting("a", 1, cpus(1, 1000))}, groups: []demand.Group{small},
			on: map[string]int{"desktop": 1},
		},
		{
			name: "the group that wastes least is chosen",
			jobs: []queue.JobGroup{waiting("a", 1, cpus(2, 4000))}, groups: []demand.Group{big, small},
			want: map[string]int{"cpu": 1},
		},
		{
			name: "a large job goes where it fits",
			jobs: []queue.JobGroup{waiting("a", 1, cpus(2, 100000))}, groups: []demand.Group{small, big},
			want: map[string]int{"mem": 1},
		},
		{
			name: "small jobs fill up what the large job leaves",
			jobs: []queue.JobGroup{waiting("small", 14, cpus(1, 1000)), waiting("large", 1, cpus(2, 100000))}, groups: []demand.Group{small, big},
			want: map[string]int{"mem": 1},
		},
		{
			name: "GPU workers are not made for jobs without need of a GPU",
			jobs: []queue.JobGroup{waiting("a", 8, cpus(1, 1000))}, groups: []demand.Group{gpu, small},
			want: map[string]int{"cpu": 2},
		},
		{
			name: "GPU jobs get GPU workers, one each",
			jobs: []queue.JobGroup{waiting("a", 2, queue.Shape{Cpus: 1, MemoryMiB: 1000, GPUs: 1})}, groups: []demand.Group{small, gpu},
			want: map[string]int{"gpu": 2},
		},
		{
			name: "a job larger than any worker never makes one, and is named",
			jobs: []queue.JobGroup{waiting("9", 2, cpus(1, 524288))}, groups: []demand.Group{small, big},
			unmet: "2 9.0 no_group_ever_fits why=(worker_too_small group=cpu what=memory has=7.8 GiB asked=512.0 GiB) why=(worker_too_small group=mem what=memory has=250.0 GiB asked=512.0 GiB)",
		},
		{
			name: "a full group makes room for the next best",
			jobs: []queue.JobGroup{waiting("a", 20, cpus(1, 1000))}, groups: []demand.Group{full, big},
			want: map[string]int{"mem": 2},
		},
		{
			name: "jobs beyond all bounds wait",
			jobs: []queue.JobGroup{waiting("a", 50000, cpus(1, 1000))}, groups: []demand.Group{small},
			want: map[string]int{"cpu": 10}, unmet: "49960 a.0 groups_at_max groups=(group_at_max group=cpu max=10)",
		},
		{
			name: "a group of unknown size is not guessed at",
			jobs: []queue.JobGroup{waiting("a", 1, cpus(1, 1000))}, groups: []demand.Group{{Name: "cpu", Max: 1, Room: 1}},
			unmet: "1 a.0 size_not_known groups=cpu",
		},
		{
			name: "jobs that a free worker has passed over cause nothing",
			jobs: []queue.JobGroup{waiting("a", 5, cpus(1, 1000))}, groups: []demand.Group{small}, except: map[string]reason.Reason{"a": reason.New(reason.JobsPassedOver)},
			unmet: "5 a.0 jobs_passed_over",
		},
		{
			name: "a request that only fits unrounded fits",
			jobs: []queue.JobGroup{waiting("a", 1, cpus(1, 8000))}, groups: []demand.Group{{Name: "cpu", Kind: kind(4, 8000), Max: 1, Room: 1}},
			want: map[string]int{"cpu": 1},
		},
		{
			name: "without a group nothing is made",
			jobs: []queue.JobGroup{waiting("a", 1, cpus(1, 1))}, unmet: "1 a.0 no_group_in_charge",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := demand.Compute(demand.Input{
				Traits: queuetest.Traits(),
				Fleet:  fleet.Fleet{Workers: tt.workers}, Jobs: tt.jobs, Groups: tt.groups, Except: tt.except,
				Kinds: map[string]demand.Kind{"cpu": kind(4, 8000)},
			})
			got := map[string]int{}
			for group, need := range d.Needs {
				got[group] = need.Workers
			}
			if !maps.Equal(got, nonNil(tt.want)) {
				t.Errorf("new workers %v, want %v", got, tt.want)
			}
			on := map[string]int{}
			for _, p := range d.Placements {
				on[p.Worker] += p.Count
			}
			if !maps.Equal(on, nonNil(tt.on)) {
				t.Errorf("jobs on existing workers %v, want %v", on, tt.on)
			}
			var unmet []string
			for _, u := range d.Unmet {
				unmet = append(unmet, strings.Join([]string{strconv.Itoa(u.Count), u.First, u.Why.Brief()}, " "))
			}
			slices.Sort(unmet)
			if strings.Join(unmet, "\n") != tt.unmet {
				t.Errorf("unmet %q, want %q", unmet, tt.unmet)
			}
		})
	}
}

// The jobs are never listed one by one: 50,000 of them in 500 groups on 1,000
// workers must take no time to speak of.
func BenchmarkCompute50000Jobs(b *testing.B) {
	var jobs []queue.JobGroup
	for i := range 500 {
		g := waiting("g"+strconv.Itoa(i), 100, cpus(1+i%4, 500+i))
		g.Requires = queuetest.Has("arch", "X86_64")
		jobs = append(jobs, g)
	}
	var workers []fleet.Worker
	for i := range 1000 {
		w := inPool("w"+strconv.Itoa(i), fleet.Busy, cpus(i%5, 3000))
		w.Pool.Attributes = queue.Attributes{"arch": "X86_64"}
		workers = append(workers, w)
	}
	in := demand.Input{
		Traits: queuetest.Traits(),
		Fleet:  fleet.Fleet{Workers: workers}, Jobs: jobs, Groups: []demand.Group{{Name: "cpu", Kind: kind(4, 8000), Max: 2000, Room: 2000}},
	}
	needed := 0
	for b.Loop() {
		needed = demand.Compute(in).New()
	}
	b.ReportMetric(float64(needed), "workers")
}

func nonNil(m map[string]int) map[string]int {
	if m == nil {
		return map[string]int{}
	}
	return m
}
