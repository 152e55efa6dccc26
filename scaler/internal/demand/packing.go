package demand

import (
	"cmp"
	"fmt"
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
	idleSince  time.Time
	used       bool // jobs were packed onto it
}

type packing struct {
	bins   []bin
	groups []Group
	beside []Group
	kinds  map[string]Kind
	judged map[judgement]string
	d      Demand
}

// judgement names an answer to whether a worker, or a new one of a group, meets
// a requirement.
type judgement struct {
	requirement queue.Requirement
	worker      string
	group       string
}

// order is the order in which existing workers are filled: those that stay
// anyway first, so that empty ones can go.
var order = map[fleet.Phase]int{fleet.Busy: 1, fleet.Foreign: 2, fleet.Idle: 3, fleet.Booting: 4, fleet.Leaving: 5}

func existing(in Input) []bin {
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
	full := 0
	for i := range p.bins {
		if n == 0 {
			break
		}
		b := &p.bins[i]
		count := p.fill(b, g, n)
		if count == 0 {
			continue
		}
		n -= count
		b.used = true
		if b.full() {
			full++
		}
		if b.worker == "" {
			need := p.d.Needs[b.group]
			need.Jobs += count
			p.d.Needs[b.group] = need
			continue
		}
		p.d.Placements = append(p.d.Placements, Placement{Key: g.Key, Worker: b.worker, Phase: b.phase, Count: count})
	}
	if full > 0 { // thousands may be, and each would be looked at for all other jobs
		p.bins = slices.DeleteFunc(p.bins, bin.full)
	}
	return n
}

// fill packs up to n jobs onto a bin and returns how many. Jobs whose requirements
// go by what is free are packed one by one.
func (p *packing) fill(b *bin, g queue.JobGroup, n int) int {
	if g.Group != "" && g.Group != b.group {
		return 0
	}
	step := n
	if g.Requires != nil && g.Requires.Amounts() {
		step = 1
	}
	packed := 0
	for packed < n {
		count, takes := fits(b.free, g, min(step, n-packed))
		if count == 0 || p.lacks(*b, g) != "" {
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

// full tells that no job fits any more: each takes a CPU. A worker that nothing
// was packed onto is kept, it may be a spare.
func (b bin) full() bool { return b.used && b.free.Cpus < 1 }

// lacks returns the part of the jobs' requirements that a worker does not meet.
func (p *packing) lacks(b bin, g queue.JobGroup) string {
	if g.Requires == nil {
		return ""
	}
	if g.Requires.Amounts() {
		return g.Requires.Unmet(b.attributes, b.free)
	}
	about := judgement{g.Requires, b.worker, b.group}
	why, known := p.judged[about]
	if !known {
		why = g.Requires.Unmet(b.attributes, b.free)
		p.judged[about] = why
	}
	return why
}

// fresh returns a new worker of a group.
func fresh(g Group) bin {
	return bin{group: g.Name, free: g.Kind.Shape, attributes: g.Kind.Attributes}
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
			p.bins = append(p.bins, fresh(*group))
		}
		n = p.place(g, n)
	}
}

// best returns the group with room, of the highest priority, that wastes least,
// or -1.
func (p *packing) best(g queue.JobGroup, n int) int {
	best, least := -1, 0.0
	for i, group := range p.groups {
		if group.Room == 0 || g.Group != "" && g.Group != group.Name {
			continue
		}
		count, takes := fits(group.Kind.Shape, g, n)
		if count == 0 || p.lacks(fresh(group), g) != "" {
			continue
		}
		waste := wasted(group.Kind.Shape, group.Kind.Shape.Take(takes, count))
		if best < 0 || before(group, waste, p.groups[best], least) {
			best, least = i, waste
		}
	}
	return best
}

func before(a Group, wasteA float64, b Group, wasteB float64) bool {
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

// whyNot says why no group gets a new worker for a job, and whether none ever
// could.
func (p *packing) whyNot(g queue.JobGroup) (why string, never bool) {
	if len(p.groups)+len(p.beside) == 0 {
		return "no worker group is in this scaler's charge", false
	}
	var full, unknown, unfit []string
	asked := false
	groups := slices.SortedStableFunc(slices.Values(slices.Concat(p.groups, p.beside)), func(a, b Group) int { return strings.Compare(a.Name, b.Name) })
	for _, group := range groups {
		if g.Group != "" && g.Group != group.Name {
			continue
		}
		asked = true
		switch {
		case group.Kind.Shape == (queue.Shape{}):
			unknown = append(unknown, group.Name)
		case group.Kind.Shape.Holds(g.Asks, 1) == 0:
			what := fmt.Sprintf("%s of group %s", group.Kind.Shape.Missing(g.Asks), group.Name)
			if group.Kind.Guess {
				what += " (by its flavor, none was seen yet)"
			}
			unfit = append(unfit, what)
		case p.lacks(fresh(group), g) != "":
			unfit = append(unfit, fmt.Sprintf("workers of group %s do not meet %s", group.Name, p.lacks(fresh(group), g)))
		default:
			full = append(full, fmt.Sprintf("group %s is at its max of %d", group.Name, group.Max))
		}
	}
	switch _, there := p.kinds[g.Group]; {
	case !asked && !there:
		return fmt.Sprintf("they ask for group %s, which the cluster does not have", g.Group), true
	case !asked:
		return fmt.Sprintf("they ask for group %s, which is not in this scaler's charge", g.Group), false
	case len(full) > 0:
		return strings.Join(full, ", "), false
	case len(unknown) > 0:
		return "the size of a worker is not known yet in group " + strings.Join(unknown, ", "), false
	case g.Group != "":
		return "the group that they ask for can never run them: " + strings.Join(unfit, "; "), true
	}
	return "no group can ever run them: " + strings.Join(unfit, "; "), true
}

func (p *packing) unmet(g queue.JobGroup, n int, why string, never bool) {
	p.d.Unmet = append(p.d.Unmet, Unmet{Key: g.Key, Count: n, First: g.First, Why: why, Never: never})
}
