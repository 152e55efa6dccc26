// Package demand tells how many workers the waiting jobs need. It packs the
// jobs onto what is free, then onto workers that are booting, then onto workers
// that could be called back, and only what is left onto new workers of the group
// that fits at least waste, of the groups with the highest priority. It is a pure
// function of values.
package demand

import (
	"slices"
	"strings"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/fleet"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
)

// Kind is what a worker of a group is when it is empty, and what it says of itself.
type Kind struct {
	Shape      queue.Shape // zero: not known
	Attributes queue.Attributes
	Guess      bool // the shape is the flavor's: no worker has been seen
}

// Group is a worker group that may get new workers.
type Group struct {
	Name     string
	Kind     Kind
	Max      int // bound of the group, for people
	Room     int // new workers that may still be made
	Priority int // of the groups that fit, those with the highest get the jobs
	Spare    int // workers to be kept empty beside what the jobs need
}

// Need is what a group lacks.
type Need struct {
	Workers int // new ones
	Jobs    int // that they are for
	Spare   int // of the new ones, those that shall stay empty
	// Oldest is when the first of the jobs was queued, by the batch system's clock;
	// zero: it is not known of all of them.
	Oldest time.Time
}

// take notes jobs that the new workers are for.
func (n *Need) take(g *queue.JobGroup, count int) {
	if n.Jobs == 0 || g.Oldest.Before(n.Oldest) {
		n.Oldest = g.Oldest // zero is before all others
	}
	n.Jobs += count
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
	Never bool // no group can run them, however many workers it has
}

// Demand is the result.
type Demand struct {
	Waiting    int // jobs that count
	Placements []Placement
	Needs      map[string]Need // by group; groups without a need are missing
	Spares     []string        // workers that are kept empty by their group's wish
	Unmet      []Unmet

	on map[string]int // jobs by worker, as in Placements
}

// On returns how many waiting jobs were packed onto a worker.
func (d Demand) On(worker string) int {
	if d.on != nil {
		return d.on[worker]
	}
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

// Input is what the demand depends on.
type Input struct {
	Fleet  fleet.Fleet
	Jobs   []queue.JobGroup
	Traits queue.Traits      // of the batch system
	Groups []Group           // in the scaler's charge
	Beside []Group           // others that are, and get no workers here: for the reasons alone
	Kinds  map[string]Kind   // by group, of the whole cluster
	Except map[string]string // jobs that are left out, by key, with the reason
	Ignore map[string]bool   // workers that do not count
}

// Compute packs the jobs.
func Compute(in Input) Demand {
	p := packing{
		traits: in.Traits.Attributes, groups: slices.Clone(in.Groups), beside: in.Beside, kinds: in.Kinds,
		judged: map[judgement]string{}, reasons: map[string]*reason{},
	}
	p.judge, _ = queue.JudgeOf(in.Traits.System)
	p.bins = p.existing(in)
	p.d.Needs = map[string]Need{}
	for _, b := range p.bins {
		p.room.add(b.free)
	}
	p.every = slices.SortedStableFunc(slices.Values(slices.Concat(in.Groups, in.Beside)), func(a, b Group) int { return strings.Compare(a.Name, b.Name) })
	for _, g := range p.groups {
		p.fresh = append(p.fresh, p.newWorker(g))
	}
	for _, g := range largestFirst(in.Jobs) {
		p.d.Waiting += g.Count
		if why, ok := in.Except[g.Key]; ok {
			p.unmet(g, g.Count, why, false)
			continue
		}
		left := p.place(g, g.Count)
		if left > 0 {
			p.grow(g, left)
		}
	}
	p.spare()
	p.d.on = map[string]int{}
	for _, place := range p.d.Placements {
		p.d.on[place.Worker] += place.Count
	}
	return p.d
}
