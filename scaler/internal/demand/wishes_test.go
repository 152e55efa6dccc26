package demand_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/demand"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/fleet"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue/queuetest"
)

func asking(g queue.JobGroup, group string) queue.JobGroup {
	g.Group = group
	return g
}

func demanding(g queue.JobGroup, r *queue.Requirement) queue.JobGroup {
	g.Requires = r
	return g
}

// in puts a worker into another group than "cpu".
func in(group string, w fleet.Worker) fleet.Worker {
	w.Group = group
	return w
}

func saying(w fleet.Worker, name string, value any) fleet.Worker {
	w.Pool.Attributes = queue.Attributes{name: value}
	return w
}

func TestWhatJobsAndOperatorsWish(t *testing.T) {
	one := cpus(1, 1000)
	cpu := demand.Group{Name: "cpu", Kind: kind(4, 8000), Max: 10, Room: 10}
	old := demand.Group{Name: "old", Kind: kind(4, 8000), Max: 10, Room: 10}
	with := func(g demand.Group, change func(*demand.Group)) demand.Group {
		change(&g)
		return g
	}
	arm := with(old, func(g *demand.Group) { g.Kind.Attributes = queue.Attributes{"arch": "aarch64"} })
	first := with(old, func(g *demand.Group) { g.Priority = 5 })
	spare := func(n int) demand.Group { return with(cpu, func(g *demand.Group) { g.Spare = n }) }

	tests := []struct {
		name    string
		workers []fleet.Worker
		jobs    []queue.JobGroup
		groups  []demand.Group
		ignore  map[string]bool
		want    string // new workers
		on      string // jobs on existing workers
		spares  string
		unmet   string
		never   bool
	}{
		{
			name: "jobs that ask for a group get workers of it, waste or not",
			jobs: []queue.JobGroup{asking(waiting("a", 1, one), "mem")}, groups: []demand.Group{cpu, {Name: "mem", Kind: kind(64, 512000), Max: 1, Room: 1}},
			want: "mem:1",
		},
		{
			name:    "and leave the free workers of others alone",
			workers: []fleet.Worker{inPool("w1", fleet.Idle, cpus(4, 8000)), in("old", inPool("w2", fleet.Idle, cpus(4, 8000)))},
			jobs:    []queue.JobGroup{asking(waiting("a", 2, one), "old")}, groups: []demand.Group{cpu, old},
			on: "w2:2",
		},
		{
			name: "a group that is full is waited for",
			jobs: []queue.JobGroup{asking(waiting("a", 1, one), "old")}, groups: []demand.Group{cpu, with(old, func(g *demand.Group) { g.Room = 0 })},
			unmet: "groups_at_max groups=(group_at_max group=old max=10)",
		},
		{
			name: "a group that there is not",
			jobs: []queue.JobGroup{asking(waiting("a", 1, one), "gpu")}, groups: []demand.Group{cpu},
			unmet: "group_not_in_cluster group=gpu", never: true,
		},
		{
			name: "a group that Terraform owns",
			jobs: []queue.JobGroup{asking(waiting("a", 1, one), "cpu")}, groups: []demand.Group{old},
			unmet: "group_not_in_charge group=cpu",
		},
		{
			name: "too large for the group that they ask for",
			jobs: []queue.JobGroup{asking(waiting("a", 1, cpus(8, 1000)), "cpu")}, groups: []demand.Group{cpu, {Name: "mem", Kind: kind(64, 512000), Max: 1, Room: 1}},
			unmet: "asked_group_never_fits why=(worker_too_small group=cpu what=CPUs has=4 asked=8)", never: true,
		},
		{
			name: "nearly fits, by what is only guessed",
			jobs: []queue.JobGroup{waiting("a", 1, cpus(1, 8001))}, groups: []demand.Group{with(cpu, func(g *demand.Group) { g.Kind.Guess = true })},
			unmet: "no_group_ever_fits why=(worker_just_too_small group=cpu what=memory has=8000 asked=8001 known_by=flavor)", never: true,
		},
		{
			name: "the group with the higher priority gets the jobs",
			jobs: []queue.JobGroup{waiting("a", 8, one)}, groups: []demand.Group{cpu, first},
			want: "old:2",
		},
		{
			name: "even at more waste",
			jobs: []queue.JobGroup{waiting("a", 1, one)}, groups: []demand.Group{cpu, with(first, func(g *demand.Group) { g.Kind = kind(64, 8000) })},
			want: "old:1",
		},
		{
			name: "and the next one when it is full",
			jobs: []queue.JobGroup{waiting("a", 12, one)}, groups: []demand.Group{cpu, with(first, func(g *demand.Group) { g.Room = 1 })},
			want: "cpu:2 old:1",
		},
		{
			name:    "its idle workers are filled first, so that the others can go",
			workers: []fleet.Worker{inPool("w1", fleet.Idle, cpus(4, 8000)), in("old", inPool("w2", fleet.Idle, cpus(4, 8000)))},
			jobs:    []queue.JobGroup{waiting("a", 1, one)}, groups: []demand.Group{cpu, first},
			on: "w2:1",
		},
		{
			name: "requirements choose the group",
			jobs: []queue.JobGroup{demanding(waiting("a", 1, one), queuetest.Has("arch", "aarch64"))}, groups: []demand.Group{with(cpu, func(g *demand.Group) { g.Kind.Attributes = queue.Attributes{"arch": "X86_64"} }), arm},
			want: "old:1",
		},
		{
			name: "requirements that no group meets are named",
			jobs: []queue.JobGroup{demanding(waiting("a", 1, one), queuetest.Has("arch", "riscv"))}, groups: []demand.Group{arm},
			unmet: "no_group_ever_fits why=(requirements_unmet group=old requirement=arch == \"riscv\")", never: true,
		},
		{
			name:    "jobs for a certain worker wait for it",
			workers: []fleet.Worker{saying(inPool("w1", fleet.Busy, cpus(0, 0)), "serial", "w1"), saying(inPool("w2", fleet.Idle, cpus(4, 8000)), "serial", "w2")},
			jobs:    []queue.JobGroup{demanding(waiting("a", 1, one), queuetest.Has("serial", "w1"))}, groups: []demand.Group{with(cpu, func(g *demand.Group) { g.Kind.Attributes = queue.Attributes{"serial": "w3"} })},
			unmet: "only_certain_workers why=(requirements_unmet group=cpu requirement=serial == \"w1\")",
		},
		{
			name:    "and jobs for a worker of the past for none",
			workers: []fleet.Worker{saying(inPool("w2", fleet.Idle, cpus(4, 8000)), "serial", "w2")},
			jobs:    []queue.JobGroup{demanding(waiting("a", 1, one), queuetest.Has("serial", "w1"))}, groups: []demand.Group{with(cpu, func(g *demand.Group) { g.Kind.Attributes = queue.Attributes{"serial": "w3"} })},
			unmet: "no_group_ever_fits why=(requirements_unmet group=cpu requirement=serial == \"w1\")", never: true,
		},
		{
			name:    "a worker that does not meet them is no capacity, one that does is",
			workers: []fleet.Worker{saying(inPool("w1", fleet.Idle, cpus(4, 8000)), "arch", "X86_64"), saying(inPool("w2", fleet.Foreign, cpus(4, 8000)), "arch", "aarch64")},
			jobs:    []queue.JobGroup{demanding(waiting("a", 5, one), queuetest.Has("arch", "aarch64"))}, groups: []demand.Group{arm},
			on: "w2:4", want: "old:1",
		},
		{
			name:    "requirements on amounts are held against what is free",
			workers: []fleet.Worker{inPool("w1", fleet.Busy, cpus(4, 6000))},
			jobs:    []queue.JobGroup{demanding(waiting("a", 2, one), queuetest.FreeMemory(5500))}, groups: []demand.Group{cpu},
			on: "w1:1", want: "cpu:1",
		},
		{
			name:    "also when other jobs have taken of it",
			workers: []fleet.Worker{inPool("w1", fleet.Busy, cpus(4, 6000))},
			jobs:    []queue.JobGroup{demanding(waiting("a", 1, cpus(2, 1000)), queuetest.FreeMemory(5500)), demanding(waiting("b", 1, one), queuetest.FreeMemory(5500))}, groups: []demand.Group{cpu},
			on: "w1:1", want: "cpu:1",
		},
		{
			name:    "a worker with too little free is no capacity for them",
			workers: []fleet.Worker{inPool("w1", fleet.Busy, cpus(4, 5000))},
			jobs:    []queue.JobGroup{demanding(waiting("a", 2, one), queuetest.FreeMemory(5500))}, groups: []demand.Group{cpu},
			want: "cpu:1",
		},
		{
			name:    "a stranger that leaves jobs waiting does not count",
			workers: []fleet.Worker{inPool("desktop", fleet.Foreign, cpus(1, 2000))},
			jobs:    []queue.JobGroup{waiting("a", 1, one)}, groups: []demand.Group{cpu}, ignore: map[string]bool{"desktop": true},
			want: "cpu:1",
		},
		{name: "spares are made without any job", groups: []demand.Group{spare(2)}, want: "cpu:2"},
		{
			name:    "an idle worker that no job needs is a spare, and so is one that boots",
			workers: []fleet.Worker{inPool("w1", fleet.Idle, cpus(4, 8000)), booting("w2")}, groups: []demand.Group{spare(2)},
			spares: "w1 w2",
		},
		{
			name:    "one whose size is not known is a spare as well, when other workers are full",
			workers: []fleet.Worker{in("odd", booting("w1")), inPool("w2", fleet.Busy, cpus(1, 4000))}, jobs: []queue.JobGroup{waiting("a", 1, one)},
			groups: []demand.Group{{Name: "odd", Max: 5, Room: 5, Spare: 1}},
			on:     "w2:1", spares: "w1",
		},
		{
			name:    "one that waiting jobs need is not",
			workers: []fleet.Worker{inPool("w1", fleet.Idle, cpus(4, 8000))}, jobs: []queue.JobGroup{waiting("a", 1, one)}, groups: []demand.Group{spare(1)},
			on: "w1:1", want: "cpu:1",
		},
		{
			name:    "nor is one with room beside its jobs",
			workers: []fleet.Worker{inPool("w1", fleet.Busy, cpus(3, 7000))}, groups: []demand.Group{spare(1)},
			want: "cpu:1",
		},
		{
			name: "spares come on top of what the jobs need",
			jobs: []queue.JobGroup{waiting("a", 5, one)}, groups: []demand.Group{spare(1)},
			want: "cpu:3",
		},
		{
			name: "within max", groups: []demand.Group{with(spare(5), func(g *demand.Group) { g.Room = 2 })},
			want: "cpu:2",
		},
		{
			name: "of several idle workers those stay that had a job last",
			workers: []fleet.Worker{
				inPool("w1", fleet.Idle, cpus(4, 8000)),
				func() fleet.Worker {
					w := inPool("w2", fleet.Idle, cpus(4, 8000))
					w.Pool.IdleSince = time.Unix(5000, 0)
					return w
				}(),
			}, groups: []demand.Group{spare(1)},
			spares: "w2",
		},
		{
			name: "a worker on its way out is called back before a spare is made",
			workers: []fleet.Worker{
				{Name: "w1", Group: "cpu", Phase: fleet.Leaving, Mark: cluster.LeaveIdle},
				{Name: "w2", Group: "cpu", Phase: fleet.Leaving, Mark: cluster.LeaveJobsOK},
			}, groups: []demand.Group{spare(2)},
			spares: "w1", want: "cpu:1",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			kinds := map[string]demand.Kind{"cpu": kind(4, 8000)}
			for _, g := range tt.groups {
				kinds[g.Name] = g.Kind
			}
			d := demand.Compute(demand.Input{Traits: queuetest.Traits(), Fleet: fleet.Fleet{Workers: tt.workers}, Jobs: tt.jobs, Groups: tt.groups, Kinds: kinds, Ignore: tt.ignore})
			news, on := map[string]int{}, map[string]int{}
			for group, need := range d.Needs {
				news[group] = need.Workers
			}
			for _, p := range d.Placements {
				on[p.Worker] += p.Count
			}
			if got := brief(news); got != tt.want {
				t.Errorf("new workers %q, want %q", got, tt.want)
			}
			if got := brief(on); got != tt.on {
				t.Errorf("on existing workers %q, want %q", got, tt.on)
			}
			if got := strings.Join(d.Spares, " "); got != tt.spares {
				t.Errorf("spares %q, want %q", got, tt.spares)
			}
			var unmet demand.Unmet
			if len(d.Unmet) > 0 {
				unmet = d.Unmet[0]
			}
			if unmet.Why.Brief() != tt.unmet || unmet.Never != tt.never {
				t.Errorf("unmet %+v, want %q", unmet, tt.unmet)
			}
		})
	}
}

func brief(counts map[string]int) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		parts = append(parts, fmt.Sprintf("%s:%d", name, counts[name]))
	}
	return strings.Join(parts, " ")
}
