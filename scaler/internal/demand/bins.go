package demand

import (
	"cmp"
	"hash/maphash"
	"slices"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/fleet"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
)

// bin is a worker that jobs are packed onto. A new worker has no name.
type bin struct {
	worker     string
	group      string
	phase      fleet.Phase
	free       queue.Shape
	attributes queue.Attributes
	likeness   uint64 // the same for workers with the same attributes
	idleSince  time.Time
	empty      bool // no job runs on it, and none was packed onto it
	used       bool // jobs were packed onto it
	gang       int  // of a new worker: the first gang that needs it, counted from 1; 0: none
}

// order is the order in which existing workers are filled: first the workers that
// stay anyway, so that empty workers can go.
var order = map[fleet.Phase]int{fleet.Busy: 1, fleet.Foreign: 2, fleet.Idle: 3, fleet.Booting: 4, fleet.Leaving: 5}

// existing returns the workers that jobs can be packed onto, in the order in which
// they are filled.
func (m *matcher) existing(in Input) []bin {
	var bins []bin
	for _, w := range in.Fleet.Workers {
		if in.Ignore[w.Name] {
			continue
		}
		if b, ok := m.binOf(w, in.Kinds[w.Group]); ok {
			bins = append(bins, b)
		}
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

// binOf returns a worker as a bin; ok is false for one that takes no jobs.
func (m *matcher) binOf(w fleet.Worker, kind Kind) (b bin, ok bool) {
	b = bin{worker: w.Name, group: w.Group, phase: w.Phase, free: w.Pool.Free, attributes: w.Pool.Attributes, idleSince: w.Pool.IdleSince, empty: w.Jobs == 0}
	if !w.InPool {
		b.attributes = kind.Attributes
	}
	switch w.Phase {
	case fleet.Busy, fleet.Idle:
	case fleet.Foreign:
		if w.Pool.Draining {
			return b, false
		}
	case fleet.Booting:
		b.free = kind.Shape
	case fleet.Leaving:
		if w.Mark != cluster.LeaveIdle { // the scaler undoes only its own marks
			return b, false
		}
		b.free = kind.Shape
	default:
		return b, false
	}
	b.likeness = m.likeness(b.attributes, b.group)
	return b, true
}

// newWorker returns a new worker of a group.
func (m *matcher) newWorker(g Group) bin {
	return bin{group: g.Name, free: g.Kind.Shape, attributes: g.Kind.Attributes, likeness: m.likeness(g.Kind.Attributes, g.Name), empty: true}
}

var seed = maphash.MakeSeed()

// likeness returns a sum of a worker's attributes without the personal ones. Most of
// hundreds of workers have the same attributes and are judged together.
func (m *matcher) likeness(a queue.Attributes, group string) uint64 {
	sum := maphash.String(seed, group)
	for name, v := range a {
		if !m.traits.IsPersonal(name) {
			sum += maphash.Comparable(seed, said{name, v})
		}
	}
	return sum
}

type said struct {
	name  string
	value any
}
