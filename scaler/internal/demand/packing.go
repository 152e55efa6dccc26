package demand

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/fleet"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
)

// bin is a worker that jobs are packed onto; a new one has no name.
type bin struct {
	worker     string
	group      string
	phase      fleet.Phase
	free       queue.Shape
	attributes queue.Attributes
	likeness   uint64 // the same for workers that say the same of themselves
	idleSince  time.Time
	used       bool // jobs were packed onto it
}

type packing struct {
	traits  queue.AttributeTraits
	judge   queue.Judge
	bins    []bin
	room    room // of the bins
	groups  []Group
	fresh   []bin // of the groups: a new worker of each
	beside  []Group
	every   []Group // groups and beside, by name
	kinds   map[string]Kind
	judged  map[judgement]string
	reasons map[string]*reason
	d       Demand
}

// judgement names an answer to whether workers that are alike meet a requirement.
type judgement struct {
	requirement *queue.Requirement
	likeness    uint64
	gpus        int    // that are free: countMatches() of them counts as no amount
	worker      string // where the requirement goes by what each has for itself
}

// order is the order in which existing workers are filled: those that stay
// anyway first, so that empty ones can go.
var order = map[fleet.Phase]int{fleet.Busy: 1, fleet.Foreign: 2, fleet.Idle: 3, fleet.Booting: 4, fleet.Leaving: 5}

func (p *packing) existing(in Input) []bin {
	var bins []bin
	for _, w := range in.Fleet.Workers {
		if in.Ignore[w.Name] {
			continue
		}
		b := bin{worker: w.Name, group: w.Group, phase: w.Phase, free: w.Pool.Free, attributes: w.Pool.Attributes, idleSince: w.Pool.IdleSince}
		if !w.InPool {
			b.attributes = in.Kinds[w.Group].Attributes
		}
		switch w.Phase {
		case fleet.Busy, fleet.Idle:
		case fleet.Foreign:
			if w.Pool.Draining {
				continue
			}
		case fleet.Booting:
			b.free = in.Kinds[w.Group].Shape
		case fleet.Leaving:
			if w.Mark != cluster.LeaveIdle { // somebody else's wish, not ours to undo
				continue
			}
			b.free = in.Kinds[w.Group].Shape
		default:
			continue
		}
		b.likeness = p.likeness(b.attributes, b.group)
		bins = append(bins, b)
	}
	priority := map[string]int{}
	for _, g := range in.Groups {
		priority[g.Name] = g.Priority
	}
	slices.SortStableFunc(bins, func(a, b bin) int {
		if c := cmp.Or(cmp.Compare(order[a.phase], order[b.phase]), cmp.Compare(priority[b.group], priority[a.group])); c != 0 || a.phase != fleet.Busy {
			return c
		}
		return cmp.Compare(a.free.Cpus, b.free.Cpus)
	})
	return bins
}

// largestFirst returns the jobs in the order in which they are packed.
func largestFirst(jobs []queue.JobGroup) []*queue.JobGroup {
	sorted := make([]*queue.JobGroup, len(jobs))
	for i := range jobs {
		sorted[i] = &jobs[i]
	}
	slices.SortStableFunc(sorted, func(a, b *queue.JobGroup) int {
		if c := b.Asks.GPUs - a.Asks.GPUs; c != 0 {
			return c
		}
		if c := b.Asks.Cpus - a.Asks.Cpus; c != 0 {
			return c
		}
		if c := b.Asks.MemoryMiB - a.Asks.MemoryMiB; c != 0 {
			return c
		}
		return cmp.Or(a.Oldest.Compare(b.Oldest), strings.Compare(a.Key, b.Key))
	})
	return sorted
}

// place packs up to n jobs onto the bins there are, and returns how many are left.
// The bins that are too full are leapt over: there may be thousands of them, and
// of the jobs.
func (p *packing) place(g *queue.JobGroup, n int) int {
	for i := p.room.next(0, g.Asks); i >= 0 && n > 0; i = p.room.next(i+1, g.Asks) {
		b := &p.bins[i]
		count := p.fill(b, g, n)
		if count == 0 {
			continue
		}
		n -= count
		b.used = true
		p.room.set(i, b.free)
		if b.worker == "" {
			need := p.d.Needs[b.group]
			need.take(g, count)
			p.d.Needs[b.group] = need
			continue
		}
		p.d.Placements = append(p.d.Placements, Placement{Key: g.Key, Worker: b.worker, Phase: b.phase, Count: count})
	}
	return n
}

// fill packs up to n jobs onto a bin and returns how many. Jobs whose requirements
// go by what is free are packed one by one.
func (p *packing) fill(b *bin, g *queue.JobGroup, n int) int {
	if g.Group != "" && g.Group != b.group {
		return 0
	}
	step := n
	if g.Requires != nil && g.Requires.Amounts {
		step = 1
	}
	packed := 0
	for packed < n {
		count, takes := fits(b.free, g, min(step, n-packed))
		if count == 0 || p.lacks(b, g) != "" {
			break
		}
		b.free = b.free.Take(takes, count)
		packed += count
		if step == n {
			break
		}
	}
	return packed
}

// lacks returns the part of the jobs' requirements that a worker does not meet.
func (p *packing) lacks(b *bin, g *queue.JobGroup) string {
	if g.Requires == nil {
		return ""
	}
	if g.Requires.Amounts {
		return p.judge(g.Requires, b.attributes, b.free)
	}
	about := judgement{requirement: g.Requires, likeness: b.likeness, gpus: b.free.GPUs}
	if g.Requires.Personal {
		about.worker = b.worker
	}
	why, known := p.judged[about]
	if !known {
		why = p.judge(g.Requires, b.attributes, b.free)
		p.judged[about] = why
	}
	return why
}

// newWorker returns a new worker of a group.
func (p *packing) newWorker(g Group) bin {
	return bin{group: g.Name, free: g.Kind.Shape, attributes: g.Kind.Attributes, likeness: p.likeness(g.Kind.Attributes, g.Name)}
}

// fits tells how many of the jobs fit, at most n, and what each takes. Where the
// rounded request does not fit, the batch system tries the job's own.
func fits(free queue.Shape, g *queue.JobGroup, n int) (int, queue.Shape) {
	if count := free.Holds(g.Takes, n); count > 0 {
		return count, g.Takes
	}
	return free.Holds(g.Asks, min(n, 1)), g.Asks
}

// grow opens new workers for n jobs that found no place.
func (p *packing) grow(g *queue.JobGroup, n int) {
	for n > 0 {
		i := p.best(g, n)
		if i < 0 {
			why, never := p.whyNot(g)
			p.unmet(g, n, why, never)
			return
		}
		group := &p.groups[i]
		each, _ := fits(group.Kind.Shape, g, n)
		open := min((n+each-1)/each, group.Room)
		group.Room -= open
		need := p.d.Needs[group.Name]
		need.Workers += open
		p.d.Needs[group.Name] = need
		for range open {
			p.bins = append(p.bins, p.fresh[i])
			p.room.add(group.Kind.Shape)
		}
		n = p.place(g, n)
	}
}

// best returns the group with room, of the highest priority, that wastes least,
// or -1.
func (p *packing) best(g *queue.JobGroup, n int) int {
	best, least := -1, 0.0
	for i := range p.groups {
		group := &p.groups[i]
		if group.Room == 0 || g.Group != "" && g.Group != group.Name {
			continue
		}
		count, takes := fits(group.Kind.Shape, g, n)
		if count == 0 || p.lacks(&p.fresh[i], g) != "" {
			continue
		}
		waste := wasted(group.Kind.Shape, group.Kind.Shape.Take(takes, count))
		if best < 0 || before(group, waste, &p.groups[best], least) {
			best, least = i, waste
		}
	}
	return best
}

func before(a *Group, wasteA float64, b *Group, wasteB float64) bool {
	return cmp.Or(
		cmp.Compare(b.Priority, a.Priority), cmp.Compare(wasteA, wasteB),
		cmp.Compare(a.Kind.Shape.Cpus, b.Kind.Shape.Cpus), cmp.Compare(a.Kind.Shape.MemoryMiB, b.Kind.Shape.MemoryMiB),
		strings.Compare(a.Name, b.Name),
	) < 0
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
