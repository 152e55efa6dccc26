// Package demand computes how many workers the waiting jobs need. It packs the
// jobs onto what is free, then onto workers that are booting, then onto workers
// that could be called back, and only what is left onto new workers of the group
// that fits at least waste, of the groups with the highest priority. A job that
// runs on several workers at once is packed whole or not at all. The result is a
// pure function of values.
package demand

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/fleet"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/reason"
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

// take adds jobs that the new workers are for.
func (n *Need) take(g *queue.JobGroup, count int) {
	if n.Jobs == 0 || g.Oldest.Before(n.Oldest) {
		n.Oldest = g.Oldest // zero is before all others
	}
	n.Jobs += count
}

// Gang is new workers that one job needs at once: all of them are of use, or none is.
type Gang struct {
	Key string         `json:"key"` // of the job group
	New map[string]int `json:"new"` // by worker group: those that no earlier gang needs
	// After are the indices of earlier gangs whose new workers the job needs as well.
	After []int `json:"after,omitempty"`
}

// Placement is a number of jobs of one group on one existing worker.
type Placement struct {
	Key    string // of the job group
	Worker string
	Phase  fleet.Phase
	Count  int
	// Elsewhere is how many of the jobs run on several workers and are counted at
	// another one: at the one that is ready last.
	Elsewhere int
}

// Unmet is a number of jobs that cause no new worker, and why.
type Unmet struct {
	Key   string // of the job group
	Count int
	First string // the ID of one of the jobs
	Why   reason.Reason
	Never bool // no group can run them, however many workers it has
}

// Demand is the result.
type Demand struct {
	Waiting    int // jobs that count
	Placements []Placement
	Needs      map[string]Need // by group; groups without a need are missing
	Gangs      []Gang          // of the needs, what can be made together only
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

// StartsOn returns how many waiting jobs were packed onto a worker that are not
// counted at another one, which is ready later.
func (d Demand) StartsOn(worker string) int {
	n := 0
	for _, p := range d.Placements {
		if p.Worker == worker {
			n += p.Count - p.Elsewhere
		}
	}
	return n
}

// OnPhase returns how many waiting jobs were packed onto workers of a phase. A job
// on several workers counts once.
func (d Demand) OnPhase(phase fleet.Phase) int {
	n := 0
	for _, p := range d.Placements {
		if p.Phase == phase {
			n += p.Count - p.Elsewhere
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

// UnmetByReason returns the unmet jobs with those together that have the same reason,
// in the order of the reasons' words. First is a job of the first group; the keys
// are left out.
func (d Demand) UnmetByReason() []Unmet {
	words := map[*reason.Argument]string{} // there may be thousands of groups, and few reasons
	byWords := map[string]*Unmet{}
	for _, u := range d.Unmet {
		var text string
		if len(u.Why.Arguments) == 0 {
			text = u.Why.String()
		} else if text = words[&u.Why.Arguments[0]]; text == "" {
			text = u.Why.String()
			words[&u.Why.Arguments[0]] = text
		}
		if all := byWords[text]; all != nil {
			all.Count += u.Count
			continue
		}
		u.Key = ""
		byWords[text] = &u
	}
	var out []Unmet
	for _, text := range slices.Sorted(maps.Keys(byWords)) {
		out = append(out, *byWords[text])
	}
	return out
}

// Input is what the demand depends on.
type Input struct {
	Fleet  fleet.Fleet
	Jobs   []queue.JobGroup
	Traits queue.Traits             // of the batch system
	Groups []Group                  // in the scaler's charge
	Beside []Group                  // others that are, and get no workers here: for the reasons alone
	Kinds  map[string]Kind          // by group, of the whole cluster
	Except map[string]reason.Reason // jobs that are left out, by key, with the reason
	Ignore map[string]bool          // workers that do not count
}

// Compute packs the jobs.
func Compute(in Input) Demand {
	p := newPacking(in)
	for _, g := range largestFirst(in.Jobs) {
		p.d.Waiting += g.Count
		p.pack(g, in.Except[g.Key])
	}
	p.spare()
	p.d.on = map[string]int{}
	for _, place := range p.d.Placements {
		p.d.on[place.Worker] += place.Count
	}
	return p.d
}

func newPacking(in Input) *packing {
	p := &packing{
		traits: in.Traits.Attributes, groups: slices.Clone(in.Groups), kinds: in.Kinds,
		judged: map[judgement]string{}, reasons: map[string]*whyNot{},
	}
	p.judge, _ = queue.JudgeOf(in.Traits.System)
	p.d.Needs = map[string]Need{}
	for _, b := range p.existing(in) {
		p.add(b)
	}
	p.every = slices.SortedStableFunc(slices.Values(slices.Concat(in.Groups, in.Beside)), func(a, b Group) int { return strings.Compare(a.Name, b.Name) })
	for _, g := range p.groups {
		p.fresh = append(p.fresh, p.newWorker(g))
	}
	return p
}
