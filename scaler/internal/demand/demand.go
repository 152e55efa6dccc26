// Package demand tells how many workers the waiting jobs need. It packs the
// jobs onto what is free, then onto workers that are booting, then onto workers
// that could be called back, and only what is left onto new workers of the group
// that fits at least waste. It is a pure function of values.
package demand

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/fleet"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
)

// Group is a worker group that may get new workers.
type Group struct {
	Name  string
	Shape queue.Shape // of one empty worker; zero means not known
	Max   int         // bound of the group, for people
	Room  int         // new workers that may still be made
}

// Need is what a group lacks.
type Need struct {
	Workers int // new ones
	Jobs    int // that they are for
}

// Placement is a number of jobs of one group on one existing worker.
type Placement struct {
	Key    string
	Worker string
	Phase  fleet.Phase
	Count  int
}

// Unmet is a number of jobs that cause no new worker, and why.
type Unmet struct {
	Key   string
	Count int
	First string
	Why   string
}

// Demand is the result.
type Demand struct {
	Waiting    int // jobs that count
	Placements []Placement
	Needs      map[string]Need // by group; groups without a need are missing
	Unmet      []Unmet
}

// On returns how many waiting jobs were packed onto a worker.
func (d Demand) On(worker string) int {
	n := 0
	for _, p := range d.Placements {
		if p.Worker == worker {
			n += p.Count
		}
	}
	return n
}

// OnPhase returns how many waiting jobs were packed onto workers of a phase.
func (d Demand) OnPhase(phase fleet.Phase) int {
	n := 0
	for _, p := range d.Placements {
		if p.Phase == phase {
			n += p.Count
		}
	}
	return n
}

// New returns the number of new workers needed in all groups.
func (d Demand) New() int {
	n := 0
	for _, need := range d.Needs {
		n += need.Workers
	}
	return n
}

// Compute packs the jobs. Shapes are those of empty workers, by group. Jobs
// whose key is in except are left out, for the reason given there.
func Compute(f fleet.Fleet, jobs []queue.JobGroup, groups []Group, shapes map[string]queue.Shape, except map[string]string) Demand {
	p := packing{bins: existing(f, shapes), groups: slices.Clone(groups)}
	p.d.Needs = map[string]Need{}
	for _, g := range largestFirst(jobs) {
		p.d.Waiting += g.Count
		if why, ok := except[g.Key]; ok {
			p.unmet(g, g.Count, why)
			continue
		}
		left := p.place(g, g.Count)
		if left > 0 {
			p.grow(g, left)
		}
	}
	return p.d
}

// bin is a worker that jobs are packed onto; a new one has no name.
type bin struct {
	worker string
	group  string
	phase  fleet.Phase
	free   queue.Shape
}

type packing struct {
	bins   []bin
	groups []Group
	d      Demand
}

// order is the order in which existing workers are filled: those that stay
// anyway first, so that empty ones can go.
var order = map[fleet.Phase]int{fleet.Busy: 1, fleet.Foreign: 2, fleet.Idle: 3, fleet.Booting: 4, fleet.Leaving: 5}

func existing(f fleet.Fleet, shapes map[string]queue.Shape) []bin {
	var bins []bin
	for _, w := range f.Workers {
		b := bin{worker: w.Name, group: w.Group, phase: w.Phase, free: w.Pool.Free}
		switch w.Phase {
		case fleet.Busy, fleet.Idle:
		case fleet.Foreign:
			if w.Pool.Draining {
				continue
			}
		case fleet.Booting:
			b.free = shapes[w.Group]
		case fleet.Leaving:
			if w.Mark != cluster.LeaveIdle { // somebody else's wish, not ours to undo
				continue
			}
			b.free = shapes[w.Group]
		default:
			continue
		}
		bins = append(bins, b)
	}
	slices.SortStableFunc(bins, func(a, b bin) int {
		if c := cmp.Compare(order[a.phase], order[b.phase]); c != 0 || a.phase != fleet.Busy {
			return c
		}
		return cmp.Compare(a.free.Cpus, b.free.Cpus)
	})
	return bins
}

func largestFirst(jobs []queue.JobGroup) []queue.JobGroup {
	sorted := slices.Clone(jobs)
	slices.SortStableFunc(sorted, func(a, b queue.JobGroup) int {
		return cmp.Or(
			cmp.Compare(b.Asks.GPUs, a.Asks.GPUs),
			cmp.Compare(b.Asks.Cpus, a.Asks.Cpus),
			cmp.Compare(b.Asks.MemoryMiB, a.Asks.MemoryMiB),
			a.Oldest.Compare(b.Oldest),
			strings.Compare(a.Key, b.Key),
		)
	})
	return sorted
}

// place packs up to n jobs onto the bins there are, and returns how many are left.
func (p *packing) place(g queue.JobGroup, n int) int {
	for i := range p.bins {
		if n == 0 {
			break
		}
		b := &p.bins[i]
		count, takes := fits(b.free, g, n)
		if count == 0 {
			continue
		}
		b.free = b.free.Take(takes, count)
		n -= count
		if b.worker == "" {
			need := p.d.Needs[b.group]
			need.Jobs += count
			p.d.Needs[b.group] = need
			continue
		}
		p.d.Placements = append(p.d.Placements, Placement{Key: g.Key, Worker: b.worker, Phase: b.phase, Count: count})
	}
	return n
}

// fits tells how many of the jobs fit, at most n, and what each takes. Where the
// rounded request does not fit, HTCondor tries the job's own.
func fits(free queue.Shape, g queue.JobGroup, n int) (int, queue.Shape) {
	if count := free.Holds(g.Takes, n); count > 0 {
		return count, g.Takes
	}
	return free.Holds(g.Asks, min(n, 1)), g.Asks
}

// grow opens new workers for n jobs that found no place.
func (p *packing) grow(g queue.JobGroup, n int) {
	for n > 0 {
		i := p.best(g, n)
		if i < 0 {
			p.unmet(g, n, p.whyNot(g))
			return
		}
		group := &p.groups[i]
		each, _ := fits(group.Shape, g, n)
		open := min((n+each-1)/each, group.Room)
		group.Room -= open
		need := p.d.Needs[group.Name]
		need.Workers += open
		p.d.Needs[group.Name] = need
		for range open {
			p.bins = append(p.bins, bin{group: group.Name, free: group.Shape})
		}
		n = p.place(g, n)
	}
}

// best returns the group with room that wastes least, or -1.
func (p *packing) best(g queue.JobGroup, n int) int {
	best, least := -1, 0.0
	for i, group := range p.groups {
		count, takes := fits(group.Shape, g, n)
		if count == 0 || group.Room == 0 {
			continue
		}
		waste := wasted(group.Shape, group.Shape.Take(takes, count))
		if best < 0 || waste < least || waste == least && smaller(group, p.groups[best]) {
			best, least = i, waste
		}
	}
	return best
}

// wasted adds up the unused parts of a worker's CPUs, memory and GPUs.
func wasted(total, left queue.Shape) float64 {
	part := func(left, total int) float64 {
		if total == 0 {
			return 0
		}
		return float64(left) / float64(total)
	}
	return part(left.Cpus, total.Cpus) + part(left.MemoryMiB, total.MemoryMiB) + part(left.GPUs, total.GPUs)
}

func smaller(a, b Group) bool {
	return cmp.Or(cmp.Compare(a.Shape.Cpus, b.Shape.Cpus), cmp.Compare(a.Shape.MemoryMiB, b.Shape.MemoryMiB), strings.Compare(a.Name, b.Name)) < 0
}

// whyNot says why no group gets a new worker for a job.
func (p *packing) whyNot(g queue.JobGroup) string {
	if len(p.groups) == 0 {
		return "no worker group is in this scaler's charge"
	}
	var full, unknown, small []string
	for _, group := range p.groups {
		switch {
		case group.Shape == (queue.Shape{}):
			unknown = append(unknown, group.Name)
		case group.Shape.Holds(g.Asks, 1) > 0:
			full = append(full, fmt.Sprintf("group %s is at its max of %d", group.Name, group.Max))
		default:
			small = append(small, fmt.Sprintf("%s of group %s", group.Shape.Missing(g.Asks), group.Name))
		}
	}
	switch {
	case len(full) > 0:
		return strings.Join(full, ", ")
	case len(unknown) > 0:
		return "the size of a worker is not known yet in group " + strings.Join(unknown, ", ")
	}
	return "no group can ever run them: " + strings.Join(small, "; ")
}

func (p *packing) unmet(g queue.JobGroup, n int, why string) {
	p.d.Unmet = append(p.d.Unmet, Unmet{Key: g.Key, Count: n, First: g.First, Why: why})
}
