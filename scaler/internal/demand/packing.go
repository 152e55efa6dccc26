package demand

import (
	"cmp"
	"slices"
	"strings"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/reason"
)

// packing is the state of a computation of the demand.
type packing struct {
	match  *matcher
	refuse *refusals
	bins   []bin
	room   room // of the bins
	groups []Group
	fresh  []bin          // of the groups: a new worker of each
	jobs   int            // groups of jobs
	atOnce int            // new workers that one job may need; 0: any number
	there  map[string]int // existing workers by group
	seats  []seat         // to be used again
	names  []string       // of all groups with a bin or a new worker, in order; "": workers from outside the cluster
	d      Demand
}

// largestFirst returns the jobs in the order in which they are packed.
func largestFirst(jobs []queue.JobGroup) []*queue.JobGroup {
	sorted := make([]*queue.JobGroup, len(jobs))
	for i := range jobs {
		sorted[i] = &jobs[i]
	}
	slices.SortStableFunc(sorted, func(a, b *queue.JobGroup) int {
		switch {
		case a.Workers() != b.Workers():
			return b.Workers() - a.Workers()
		case a.Parts() != b.Parts():
			return b.Parts() - a.Parts()
		case a.Exclusive != b.Exclusive:
			if a.Exclusive {
				return -1
			}
			return 1
		case a.Asks.GPUs != b.Asks.GPUs:
			return b.Asks.GPUs - a.Asks.GPUs
		case a.Asks.Cpus != b.Asks.Cpus:
			return b.Asks.Cpus - a.Asks.Cpus
		case a.Asks.MemoryMiB != b.Asks.MemoryMiB:
			return b.Asks.MemoryMiB - a.Asks.MemoryMiB
		}
		return cmp.Or(a.Oldest.Compare(b.Oldest), strings.Compare(a.Key, b.Key))
	})
	return sorted
}

// pack finds places for jobs of a group, and says why the others get none.
func (p *packing) pack(g *queue.JobGroup, except reason.Reason) {
	switch {
	case !except.IsZero():
		p.unmet(g, g.Count, except, false)
	case g.Blocked != "":
		p.unmet(g, g.Count, reason.New(reason.JobsBlocked, reason.Text("why", g.Blocked)), false)
	case g.IsGang():
		p.gangs(g)
	default:
		if left := p.place(g, g.Count); left > 0 {
			p.grow(g, left)
		}
	}
}

// add appends a bin.
func (p *packing) add(b bin) {
	p.bins = append(p.bins, b)
	p.room.add(b.free)
}

// place packs up to n jobs onto the existing bins, and returns how many are left. It
// skips bins that are too full, because there may be thousands of bins and of jobs.
func (p *packing) place(g *queue.JobGroup, n int) int {
	for i := p.room.next(0, g.Asks); i >= 0 && n > 0; i = p.room.next(i+1, g.Asks) {
		count := p.fill(i, g, n)
		if count == 0 {
			continue
		}
		n -= count
		b := &p.bins[i]
		if b.worker == "" {
			p.isFor(b.group, g, count)
			continue
		}
		p.d.Placements = append(p.d.Placements, Placement{Key: g.Key, Worker: b.worker, Phase: b.phase, Count: count})
	}
	return n
}

// isFor adds jobs to those that a group's new workers are for.
func (p *packing) isFor(group string, g *queue.JobGroup, count int) {
	need := p.d.Needs[group]
	need.take(g, count)
	p.d.Needs[group] = need
}

// fill packs up to n jobs onto a bin and returns how many it packed. It packs jobs one
// by one if their requirements depend on what is free.
func (p *packing) fill(i int, g *queue.JobGroup, n int) int {
	b := &p.bins[i]
	step := n
	if oneByOne(g) {
		step = 1
	}
	packed := 0
	for packed < n {
		count, takes := p.match.fitting(b, g, min(step, n-packed))
		if count == 0 {
			break
		}
		p.occupy(i, g, takes, count)
		packed += count
		if step == n {
			break
		}
	}
	return packed
}

// oneByOne reports whether it depends on the job before whether a bin takes the next one.
// Jobs that take nothing leave a bin as it is.
func oneByOne(g *queue.JobGroup) bool {
	return g.Exclusive || g.Requires != nil && g.Requires.Amounts && g.Takes != (queue.Shape{})
}

// occupy takes a bin's room for jobs that fit it.
func (p *packing) occupy(i int, g *queue.JobGroup, takes queue.Shape, count int) {
	b := &p.bins[i]
	b.used, b.empty = true, false
	if g.Exclusive {
		b.free = nothing
		p.room.close(i)
		return
	}
	b.free = b.free.Take(takes, count)
	p.room.set(i, b.free)
}

// grow opens new workers for n jobs that found no place.
func (p *packing) grow(g *queue.JobGroup, n int) {
	for n > 0 {
		i, _ := p.best(g, n, anyGroup)
		if i < 0 {
			why, never := p.refuse.whyNot(g)
			p.unmet(g, n, why, never)
			return
		}
		each, _ := fits(p.groups[i].Kind.Shape, g, n)
		p.open(i, min((n+each-1)/each, p.groups[i].Room))
		n = p.place(g, n)
	}
}

// open adds new workers of a group, which has room for them.
func (p *packing) open(group, n int) {
	p.groups[group].Room -= n
	name := p.groups[group].Name
	need := p.d.Needs[name]
	need.Workers += n
	p.d.Needs[name] = need
	for range n {
		p.add(p.fresh[group])
	}
}

// best returns the group with room and the highest priority that wastes least, and how
// much it wastes; -1 if none fits. Only is the group to look at, or anyGroup.
func (p *packing) best(g *queue.JobGroup, n int, only string) (best int, least float64) {
	best = -1
	for i := range p.groups {
		group := &p.groups[i]
		if group.Room == 0 || only != anyGroup && only != group.Name {
			continue
		}
		count, takes := p.match.fitting(&p.fresh[i], g, n)
		if count == 0 {
			continue
		}
		waste := wasted(group.Kind.Shape, group.Kind.Shape.Take(takes, count))
		if best < 0 || before(group, waste, &p.groups[best], least) {
			best, least = i, waste
		}
	}
	return best, least
}

func before(a *Group, wasteA float64, b *Group, wasteB float64) bool {
	return cmp.Or(
		cmp.Compare(b.Priority, a.Priority), cmp.Compare(wasteA, wasteB),
		cmp.Compare(a.Kind.Shape.Cpus, b.Kind.Shape.Cpus), cmp.Compare(a.Kind.Shape.MemoryMiB, b.Kind.Shape.MemoryMiB),
		strings.Compare(a.Name, b.Name),
	) < 0
}

// wasted returns the sum of the unused parts of a worker's CPUs, memory and GPUs.
func wasted(total, left queue.Shape) float64 {
	part := func(left, total int) float64 {
		if total == 0 {
			return 0
		}
		return float64(left) / float64(total)
	}
	return part(left.Cpus, total.Cpus) + part(left.MemoryMiB, total.MemoryMiB) + part(left.GPUs, total.GPUs)
}

// unmet records jobs that cause no worker.
func (p *packing) unmet(g *queue.JobGroup, n int, why reason.Reason, never bool) {
	if len(p.d.Unmet) == manyUnmet { // most of a queue may be
		p.d.Unmet = slices.Grow(p.d.Unmet, p.jobs)
	}
	p.d.Unmet = append(p.d.Unmet, Unmet{Key: g.Key, Count: n, First: g.First, Why: why, Never: never})
}
