package demand_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/demand"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/fleet"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue/queuetest"
)

// part is the workers of one group, or of all: how many there are and how many there may
// be, and how many parts of a job these hold.
type part struct{ there, holds, more, moreHold int }

func (p part) and(o part) part {
	return part{p.there + o.there, p.holds + o.holds, p.more + o.more, p.moreHold + o.moreHold}
}

// onNew returns how many parts of a job have to be on new workers, by plain arithmetic;
// ok is false if the job finds too few workers.
func (p part) onNew(g *queue.JobGroup) (n int, ok bool) {
	n = max(0, g.Parts()-p.holds, g.Workers()-p.there)
	return n, p.there+p.more >= g.Workers() && p.holds+p.moreHold >= g.Parts()
}

// One job gets its workers if and only if there are or may be enough, and as few of its
// parts as possible are on new workers, for any workers and groups.
func TestOneGangOnAnyWorkers(t *testing.T) {
	const seed = 20261129
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 1))
	met, unmet, several := 0, 0, 0
	for try := range 6_000 {
		g := randomGang(r)
		in := demand.Input{Traits: queuetest.Traits(), Jobs: []queue.JobGroup{g}, AtOnce: 1000}
		parts := map[string]part{}
		for i := range 1 + r.IntN(3) {
			group := demand.Group{Name: fmt.Sprint("g", i), Kind: kind(1+r.IntN(8), 64000), Max: 20, Room: r.IntN(5), Priority: r.IntN(2)}
			in.Groups = append(in.Groups, group)
			parts[group.Name] = randomWorkers(r, &in, group, &g)
		}
		all, least, possible := part{}, 0, false
		for _, p := range parts {
			all = all.and(p)
			if n, ok := p.onNew(&g); ok && (!possible || n < least) {
				least, possible = n, true
			}
		}
		if !g.OneGroup {
			least, possible = all.onNew(&g)
		}
		d := demand.Compute(in)
		if (len(d.Unmet) == 0) != possible {
			t.Fatalf("try %d: %+v: unmet %v, possible %t with %+v", try, g, d.Unmet, possible, parts)
		}
		if !possible {
			if unmet++; d.New() != 0 || len(d.Placements) != 0 {
				t.Fatalf("try %d: %+v gets a part of its workers: %+v", try, g, d)
			}
			continue
		}
		met++
		checkTeam(t, try, &g, d, in.Groups, least)
		if len(d.Needs) > 1 {
			several++
		}
	}
	if met < 1500 || unmet < 1500 || several < 30 {
		t.Errorf("%d jobs met, %d unmet, %d on new workers of several groups: too few of one kind", met, unmet, several)
	}
}

func randomGang(r *rand.Rand) queue.JobGroup {
	asks := cpus(1+r.IntN(3), 100)
	g := queue.JobGroup{Key: "a", Asks: asks, Takes: asks, Count: 1, First: "a.0", Nodes: 2 + r.IntN(9), OneGroup: r.IntN(3) == 0, Exclusive: r.IntN(4) == 0}
	if r.IntN(2) == 0 {
		g.Tasks, g.Nodes = 2+r.IntN(40), r.IntN(9)
	}
	return g
}

// randomWorkers adds workers of a group, and returns what they and new ones hold.
func randomWorkers(r *rand.Rand, into *demand.Input, group demand.Group, g *queue.JobGroup) part {
	holds := func(n int) int { return min(n/g.Asks.Cpus, max(1, g.Tasks)) }
	var p part
	for i := range r.IntN(6) {
		free := r.IntN(group.Kind.Shape.Cpus + 1)
		w := fleet.Worker{Name: fmt.Sprint(group.Name, "-", i), Group: group.Name, Phase: fleet.Booting}
		if free < group.Kind.Shape.Cpus {
			w = in(group.Name, busy(w.Name, free))
			w.Pool.Free.MemoryMiB = 64000
		}
		into.Fleet.Workers = append(into.Fleet.Workers, w)
		if n := holds(free); n > 0 && (w.Phase == fleet.Booting || !g.Exclusive) {
			p.there++
			p.holds += n
		}
	}
	if into.Kinds == nil {
		into.Kinds = map[string]demand.Kind{}
	}
	into.Kinds[group.Name] = group.Kind
	if n := holds(group.Kind.Shape.Cpus); n > 0 {
		p.more, p.moreHold = group.Room, group.Room*n
	}
	return p
}

// checkTeam checks the workers of a job of which so many parts have to be on new ones.
func checkTeam(t *testing.T, try int, g *queue.JobGroup, d demand.Demand, groups []demand.Group, least int) {
	t.Helper()
	workers, used, news, holds := len(d.Placements), map[string]bool{}, 0, 0
	for _, p := range d.Placements {
		used[p.Worker[:2]] = true
		if p.Count != 1 || d.New() > 0 && (p.Elsewhere != 1 || p.Lacks != 1) {
			t.Fatalf("try %d: %+v is placed as %+v", try, g, p)
		}
	}
	for _, group := range groups {
		if n := d.Needs[group.Name].Workers; n > 0 {
			used[group.Name] = true
			news += n
			holds += n * min(group.Kind.Shape.Cpus/g.Asks.Cpus, max(1, g.Tasks))
			if n > group.Room {
				t.Fatalf("try %d: %d new workers of %+v", try, n, group)
			}
		}
	}
	if (news == 0) != (least == 0) || news > least || holds < least {
		t.Fatalf("try %d: %+v needs %d new workers, which hold %d parts; %d parts have no other place", try, g, news, holds, least)
	}
	if workers+news < g.Workers() || workers+news > g.Parts() || g.OneGroup && len(used) > 1 {
		t.Fatalf("try %d: %+v runs on %d workers of %v", try, g, workers+news, used)
	}
}

// Numbers as large as a snapshot can have end soon, and in no nonsense.
func TestGangsOfAnyNumbers(t *testing.T) {
	const seed = 7
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 1))
	any := func(most int) int {
		return []int{0, 1, 2, r.IntN(8), r.IntN(most), most}[r.IntN(6)]
	}
	shape := func() queue.Shape {
		return queue.Shape{Cpus: any(1 << 41), MemoryMiB: any(1 << 41), DiskKiB: any(1 << 41), GPUs: any(1 << 41)}
	}
	for try := range 3000 {
		in := demand.Input{Traits: queuetest.Traits(), AtOnce: any(300), Kinds: map[string]demand.Kind{}}
		room := 0
		for i := range 3 {
			g := demand.Group{Name: fmt.Sprint("g", i), Kind: demand.Kind{Shape: shape()}, Max: 200, Room: any(200)}
			in.Groups, in.Kinds[g.Name], room = append(in.Groups, g), g.Kind, room+g.Room
			for k := range r.IntN(4) {
				w := fleet.Worker{Name: fmt.Sprint(g.Name, "-", k), Group: g.Name, InPool: true, Phase: fleet.Idle}
				w.Pool.Free = shape()
				in.Fleet.Workers = append(in.Fleet.Workers, w)
			}
		}
		for i := range 1 + r.IntN(3) {
			takes := shape()
			in.Jobs = append(in.Jobs, queue.JobGroup{
				Key: fmt.Sprint(i), Asks: takes, Takes: takes, Count: any(1_000_000_000), Nodes: any(1_000_000), Tasks: any(1_000_000), OneGroup: r.IntN(3) == 0, Exclusive: r.IntN(3) == 0,
			})
		}
		d := demand.Compute(in)
		left := d.Waiting
		for _, p := range d.Placements {
			if left -= p.Count - p.Elsewhere; p.Count < 1 || p.Elsewhere < 0 || p.Lacks > p.Count {
				t.Fatalf("try %d: %+v", try, p)
			}
		}
		for _, need := range d.Needs {
			left -= need.Jobs
		}
		for _, u := range d.Unmet {
			left -= u.Count
		}
		if left != 0 || d.New() > room {
			t.Fatalf("try %d: %d jobs are nowhere, %d new workers with room for %d: %+v", try, left, d.New(), room, in.Jobs)
		}
	}
}
