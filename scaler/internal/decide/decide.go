package decide

import (
	"maps"
	"slices"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/demand"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/fleet"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/reason"
)

// Facts is what was read in one tick.
type Facts struct {
	Queue   queue.Snapshot         `json:"queue"`
	Cluster cluster.View           `json:"cluster"`
	Flavors map[string]queue.Shape `json:"flavors"` // by group: a worker's size by its flavor, where it is known
	Room    Room                   `json:"room"`    // what the project's quota leaves
	Sizes   map[string]Size        `json:"sizes"`   // by group: what a worker takes of it
}

// Outcome is everything that a tick makes of its facts.
type Outcome struct {
	Fleet        fleet.Fleet              `json:"fleet"`
	Demand       demand.Demand            `json:"demand"`
	Decision     Decision                 `json:"decision"` // JoinTimeouts are those that hold in this tick, by group.
	JoinTimeouts map[string]time.Duration `json:"join_timeouts_ns"`
	Breakers     map[FaultKey]Breaker     `json:"breakers"` // after this tick's decision, before it is acted upon
	// HoldEnds is when the first hold ends that is not over; zero: there is none.
	HoldEnds time.Time `json:"hold_ends,omitzero"`
}

// Tick judges the facts: fleet, demand and decision, and what the next tick
// has to know.
func Tick(facts Facts, p Policy, m Memory, now time.Time) (Outcome, Memory) {
	now = wall(now)
	t := tick{
		facts: facts, p: p.At(now).For(facts.Cluster.Document.Groups), m: m.clone(), now: now,
		again: map[string]int{}, avoid: map[string][]string{}, room: facts.Room.clone(),
	}
	t.joins = t.joinTimeouts()
	t.births()
	t.fleet = fleet.Join(facts.Cluster, facts.Queue, fleet.Clock{
		Now: now, JoinTimeout: p.JoinTimeout, Learned: t.joins, WatchedFrom: m.WatchedFrom, Seen: m.Seen, Born: t.m.Born,
	})
	t.remember()
	t.learn()
	t.demand = t.pack()
	t.passOver()
	t.watchStrangers()
	t.explainJobs()
	t.act()
	t.forget()
	t.m.LookedAt = facts.Queue.JobsAt
	out := Outcome{Fleet: t.fleet, Demand: t.demand, Decision: t.d, JoinTimeouts: map[string]time.Duration{}, HoldEnds: t.holdEnds}
	for _, group := range t.managed() {
		out.JoinTimeouts[group] = t.joinTimeout(group)
	}
	out.Breakers = maps.Clone(t.m.Breakers)
	return out, t.m
}

// act decides what is done, if anything may be.
func (t *tick) act() {
	age := t.now.Sub(t.facts.Queue.ReadAt())
	if age > t.p.MaxAge {
		t.d.note("queue", reason.New(reason.FactsStale, reason.Span("age", age), reason.Span("limit", t.p.MaxAge)))
		return
	}
	if stop := t.sickness(); !stop.IsZero() {
		t.d.Stop, t.d.Stopped = stop, stop.String()
		return
	}
	t.leaving()
	t.shrink()
	t.clear()
	t.orphans()
	t.past()
	t.grow()
}

// tick is one judgement in the making.
type tick struct {
	facts  Facts
	p      Policy
	m      Memory
	now    time.Time
	fleet  fleet.Fleet
	byName map[string]int // where in it
	demand demand.Demand
	d      Decision
	again  map[string]int           // removals of a group that were tried before
	joins  map[string]time.Duration // learned join timeouts, by group
	avoid  map[string][]string      // zones that a group's new workers had better not be in

	// What is left by what is decided.
	room     Room
	budget   int // of new workers
	inFlight int

	holdEnds time.Time // see Outcome
}

// managed returns the groups in the scaler's charge, in order. A group that the
// cluster does not have is not among them.
func (t *tick) managed() []string {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(t.p.Groups)) {
		if _, ok := t.facts.Cluster.Document.Groups[name]; ok {
			names = append(names, name)
		}
	}
	return names
}

func (t *tick) isManaged(group string) bool { return slices.Contains(t.managed(), group) }

// births notes when servers are seen first. Cloud, pool and scaler have a clock each:
// what began before our eyes is timed by ours, and only the rest by theirs.
func (t *tick) births() {
	if t.m.WatchedFrom.IsZero() {
		return
	}
	first, there := t.m.Born == nil, map[string]time.Time{}
	for _, n := range t.facts.Cluster.Nodes {
		at, known := t.m.Born[n.ID]
		if !known && !first {
			at = t.now
		}
		there[n.ID] = at
	}
	t.m.Born = there
}

// remember notes who is in the pool and who has jobs.
func (t *tick) remember() {
	t.forgetBreakers()
	for i, w := range t.fleet.Workers {
		if w.Jobs > 0 {
			t.m.Busy[w.Name] = t.now
		}
		// The report by which a batch system says that a worker became empty may
		// carry the time of an earlier change; the right one comes with the next.
		for _, seen := range []time.Time{t.m.Busy[w.Name], t.m.Born[w.Node.ID]} {
			if w.InPool && seen.After(t.fleet.Workers[i].Pool.IdleSince) {
				t.fleet.Workers[i].Pool.IdleSince = seen
			}
		}
		if !w.InPool || w.Phase == fleet.Foreign {
			continue
		}
		t.joinedAfter(w)
		t.learnJoin(w)
		t.m.Seen[w.Name] = t.now
	}
}

// except returns the job groups that a free worker is known to leave waiting.
func (t *tick) except() map[string]string {
	out := map[string]string{}
	for key, since := range t.m.PassedOver {
		if t.now.Sub(since) < passedOverFor {
			out[key] = reason.New(reason.JobsPassedOver).String()
		}
	}
	return out
}

// passOver finds job groups that wait although a worker has had room for them
// for longer than the first-job grace. More workers would not help them. How long
// they have waited there is watched: a job that was held, or lost its worker, is
// old in the queue and new to this one.
func (t *tick) passOver() {
	waiting := t.oldest()
	for key := range t.m.PassedOver {
		if _, ok := waiting[key]; !ok || t.now.Sub(t.m.PassedOver[key]) >= passedOverFor {
			delete(t.m.PassedOver, key)
		}
	}
	offered := map[string]time.Time{}
	for _, p := range t.demand.Placements {
		w, ok := t.worker(p.Worker)
		if !ok || p.Phase != fleet.Idle || !t.isManaged(w.Group) {
			continue
		}
		begun, seen := t.m.Offered[p.Key]
		if !seen && !t.m.WatchedFrom.IsZero() {
			begun = t.now
		}
		offered[p.Key] = begun
		since := slices.MaxFunc([]time.Time{begun, w.Pool.IdleSince, waiting[p.Key]}, time.Time.Compare)
		if _, known := t.m.PassedOver[p.Key]; !known && t.now.Sub(since) >= max(t.p.FirstJobGrace, t.facts.Queue.Traits.MatchPause()) {
			t.m.PassedOver[p.Key] = t.now
		}
	}
	t.m.Offered = offered
}

// oldest returns since when the oldest job of each kind has waited, of those kinds
// that have been passed over or could be.
func (t *tick) oldest() map[string]time.Time {
	asked := map[string]bool{}
	for key := range t.m.PassedOver {
		asked[key] = true
	}
	for _, p := range t.demand.Placements {
		asked[p.Key] = true
	}
	out := map[string]time.Time{}
	for i := range t.facts.Queue.Jobs {
		if g := &t.facts.Queue.Jobs[i]; asked[g.Key] {
			out[g.Key] = g.Oldest
		}
	}
	return out
}

func (t *tick) worker(name string) (fleet.Worker, bool) {
	if t.byName == nil {
		t.byName = make(map[string]int, len(t.fleet.Workers))
		for i, w := range slices.Backward(t.fleet.Workers) {
			t.byName[w.Name] = i
		}
	}
	i, ok := t.byName[name]
	if !ok {
		return fleet.Worker{}, false
	}
	return t.fleet.Workers[i], true
}

// explainJobs says which waiting jobs cause nothing.
func (t *tick) explainJobs() {
	for _, s := range t.facts.Queue.Skipped {
		t.d.note("jobs", reason.New(reason.JobsNotCounted, reason.Count("jobs", s.Count), reason.Name("first", s.First), reason.Text("why", s.Why)))
	}
	unmet := map[string]demand.Unmet{} // by reason: there may be hundreds of groups
	for _, u := range t.demand.Unmet {
		if all, ok := unmet[u.Why]; ok {
			u.First, u.Count = all.First, u.Count+all.Count
		}
		unmet[u.Why] = u
	}
	for _, why := range slices.Sorted(maps.Keys(unmet)) {
		t.d.note("jobs", reason.New(reason.JobsUnmet, reason.Count("jobs", unmet[why].Count), reason.Name("first", unmet[why].First), reason.Why("why", reason.Said(why))))
	}
	for _, name := range slices.Sorted(maps.Keys(t.p.Groups)) {
		if !t.isManaged(name) {
			t.d.note("group "+name, reason.New(reason.GroupNotThere))
		}
	}
	if len(t.p.Groups) == 0 {
		t.d.note("groups", reason.New(reason.NoGroupIsManaged))
	}
}

// forget drops what is remembered of workers that are no more, or no more
// leaving. A report is read once and then gone, so what it said is remembered, as
// long as the worker is there: a decision need not be carried out.
func (t *tick) forget() {
	there := map[string]bool{}
	for _, w := range t.fleet.Workers {
		there[w.Name] = true
		if w.Phase != fleet.Leaving || w.Refused {
			delete(t.m.Closed, w.Name)
		}
	}
	for _, s := range t.d.Undrain {
		delete(t.m.Closed, s.Worker)
	}
	maps.DeleteFunc(t.m.Closed, func(name string, _ bool) bool { return !there[name] })
	maps.DeleteFunc(t.m.Seen, func(name string, _ time.Time) bool { return !there[name] })
	maps.DeleteFunc(t.m.Busy, func(name string, _ time.Time) bool { return !there[name] })
	maps.DeleteFunc(t.m.Confirmed, func(name string, _ Sighting) bool { return !there[name] })
	maps.DeleteFunc(t.m.Blamed, func(name string, _ string) bool { return !there[name] })
}
