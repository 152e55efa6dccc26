// Package demand computes how many workers the waiting jobs need. It packs the
// jobs onto free workers, then onto workers that are booting, then onto workers
// that the scaler can call back, and the rest onto new workers: of the groups with
// the highest priority, the one that fits with the least waste. A job that runs on
// several workers at once is packed whole or not at all. The result is a pure
// function of values.
package demand

import (
	"maps"
	"slices"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/fleet"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/reason"
)

// Kind is an empty worker of a group: its size and its attributes.
type Kind struct {
	Shape      queue.Shape // zero: not known
	Attributes queue.Attributes
	Guess      bool // the shape is the flavor's: no worker has been in the pool
}

// Group is a worker group that may get new workers.
type Group struct {
	Name     string
	Kind     Kind
	Max      int // bound of the group's workers, for reasons
	Room     int // new workers that the scaler may still make
	Priority int // the jobs go to the groups with the highest that fit
	Spare    int // workers to be kept empty beside what the jobs need
}

// Need is what a group lacks of workers.
type Need struct {
	Workers int `json:"workers"`         // new workers
	Jobs    int `json:"jobs"`            // jobs that they are for
	Spare   int `json:"spare,omitempty"` // new workers among them that stay empty
	// Oldest is when the first of the jobs was queued, by the batch system's clock;
	// zero if that is not known of all of them.
	Oldest time.Time `json:"oldest,omitzero"`
}

// take adds jobs that the new workers are for.
func (n *Need) take(g *queue.JobGroup, count int) {
	if n.Jobs == 0 || g.Oldest.Before(n.Oldest) {
		n.Oldest = g.Oldest // zero is before all other times
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
	Key    string      `json:"key"` // of the job group
	Worker string      `json:"worker"`
	Phase  fleet.Phase `json:"phase"`
	Count  int         `json:"count"`
	// Elsewhere is the number of those jobs that run on several workers and are
	// counted at another one: at the worker that is ready last.
	Elsewhere int `json:"elsewhere,omitempty"`
	// Lacks is the number of those jobs that run on several workers of which some are
	// still to be made.
	Lacks int `json:"lacks,omitempty"`
}

// Unmet is a number of jobs that cause no new worker, and why.
type Unmet struct {
	Key   string        `json:"key"` // of the job group
	Count int           `json:"count"`
	First string        `json:"first"` // the ID of one of the jobs
	Why   reason.Reason `json:"why"`
	Never bool          `json:"never,omitempty"` // no group can run them, whatever its number of workers
}

// NotJudged is a number of jobs whose requirements exceed a bound in part, and why.
// That part counts as met.
type NotJudged struct {
	Count int    `json:"count"`
	First string `json:"first"` // the ID of one of the jobs
	Why   string `json:"why"`
}

// Demand is what the waiting jobs need, and where they are packed.
type Demand struct {
	Waiting    int             `json:"waiting"` // jobs that count
	Placements []Placement     `json:"placements"`
	Needs      map[string]Need `json:"needs"`           // by group; groups without a need are missing
	Gangs      []Gang          `json:"gangs,omitempty"` // of the needs, what can be made together only
	Spares     []string        `json:"spares"`          // workers that stay empty because their group has spare workers
	Unmet      []Unmet         `json:"unmet"`
	NotJudged  []NotJudged     `json:"not_judged,omitempty"`
	on         map[string]int  // jobs by worker, as in Placements
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

// Lack returns how many waiting jobs were packed onto a worker that need other workers
// which are still to be made.
func (d Demand) Lack(worker string) int {
	n := 0
	for _, p := range d.Placements {
		if p.Worker == worker {
			n += p.Lacks
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

// mostUnmetReasons bounds the reasons of UnmetByReason. Jobs may ask for anything, and so
// there may be as many reasons as jobs.
const mostUnmetReasons = 25

// UnmetByReason returns the unmet jobs, one value for each reason, in the order of the
// reasons' words. First is a job of the first job group; Key is empty. Of very many
// reasons it returns those of most jobs; the last value stands for the others.
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
	texts := slices.Sorted(maps.Keys(byWords))
	var others Unmet
	if len(texts) > mostUnmetReasons {
		slices.SortStableFunc(texts, func(a, b string) int { return byWords[b].Count - byWords[a].Count })
		for _, text := range texts[mostUnmetReasons:] {
			others.Count += byWords[text].Count
		}
		others.First, others.Why = byWords[texts[mostUnmetReasons]].First, reason.New(reason.OtherReasons)
		texts = texts[:mostUnmetReasons]
		slices.Sort(texts)
	}
	var out []Unmet
	for _, text := range texts {
		out = append(out, *byWords[text])
	}
	if others.Count > 0 {
		out = append(out, others)
	}
	return out
}

// Input is all that the demand depends on.
type Input struct {
	Fleet  fleet.Fleet
	Jobs   []queue.JobGroup
	Traits queue.Traits             // of the batch system
	Groups []Group                  // in the scaler's charge
	Beside []Group                  // others in its charge that get no workers here; reasons name them
	Kinds  map[string]Kind          // by group, of the whole cluster
	Except map[string]reason.Reason // by key of the job group: why the jobs are left out
	Ignore map[string]bool          // workers that do not count
	AtOnce int                      // new workers that one job may need; 0: any number
}

// Compute packs the jobs and returns the demand.
func Compute(in Input) Demand {
	p := newPacking(in)
	for _, g := range largestFirst(in.Jobs) {
		p.d.Waiting += g.Count
		p.pack(g, in.Except[g.Key])
	}
	p.spare()
	p.d.NotJudged = p.match.notJudged(in.Jobs)
	p.d.on = map[string]int{}
	for _, place := range p.d.Placements {
		p.d.on[place.Worker] += place.Count
	}
	return p.d
}

func newPacking(in Input) *packing {
	match := newMatcher(in.Traits, in.Jobs)
	p := &packing{match: match, refuse: newRefusals(match, in), groups: slices.Clone(in.Groups), jobs: len(in.Jobs), atOnce: in.AtOnce}
	p.d.Needs = map[string]Need{}
	p.there = map[string]int{}
	for _, b := range match.existing(in) {
		p.add(b)
		p.there[b.group]++
	}
	for _, g := range p.groups {
		p.fresh = append(p.fresh, match.newWorker(g))
	}
	p.names = groupNames(p.bins, p.fresh)
	return p
}
