package decide

import (
	"maps"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/demand"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/fleet"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/reason"
)

// Facts is what was read in one round.
type Facts struct {
	Queue   queue.Snapshot         `json:"queue"`
	Cluster cluster.View           `json:"cluster"`
	Flavors map[string]queue.Shape `json:"flavors"` // by group: a worker's size by its flavor, where it is known
	Room    Room                   `json:"room"`    // what the project's quota leaves
	Sizes   map[string]Size        `json:"sizes"`   // by group: what a worker takes of it
}

// Outcome is all that a round makes of its facts.
type Outcome struct {
	Fleet    fleet.Fleet   `json:"fleet"`
	Demand   demand.Demand `json:"demand"`
	Decision Decision      `json:"decision"`
	// JoinTimeouts are those that hold in this round, by group.
	JoinTimeouts map[string]time.Duration `json:"join_timeouts_ns"`
	Breakers     map[FaultKey]Breaker     `json:"breakers"` // after this round's decision, before it is acted upon
	// HoldEnds is the end of the first hold that is not over; zero if there is none.
	HoldEnds time.Time `json:"hold_ends,omitzero"`
}

// Tick judges the facts of one round and returns what it makes of them and what the
// next round has to know.
func Tick(facts Facts, p Policy, m Memory, now time.Time) (Outcome, Memory) {
	facts.Queue.JobsAt, facts.Queue.WorkersAt = wall(facts.Queue.JobsAt), wall(facts.Queue.WorkersAt)
	r, m := observe(facts, p, m, wall(now)) // which workers there are, and in which phase
	m = learn(r, m)                         // what a new worker of each group will be
	strangers, m := refusingStrangers(r, m) // workers of others that do not count as capacity
	need := weigh(r, strangers.ignored, m)  // which workers the waiting jobs lack
	m = watchPassedOver(r, need, m)         // job groups that free workers do not take
	m = watchStrangers(r, need, m)          // strangers that do not take jobs
	m = watchKept(r, need, m)               // free workers that wait for others of their jobs
	d := strangers.notes.and(explainDoubts(r.fleet)).and(explainJobs(r, need))
	acts, holdEnds, m := act(r, need, m)
	d = d.and(acts)
	m = forget(r, d, m)
	m.LookedAt = facts.Queue.JobsAt
	return Outcome{
		Fleet: r.fleet, Demand: need, Decision: d,
		JoinTimeouts: r.joinTimeouts(), Breakers: maps.Clone(m.Breakers), HoldEnds: holdEnds,
	}, m
}

// act decides what is done, if anything may be. Each concern returns its steps and
// its notes, and the memory with what it has to remember. A later concern gets the
// steps of earlier ones where these make a difference to it.
func act(r round, need demand.Demand, m Memory) (d Decision, holdEnds time.Time, after Memory) {
	if age := r.now.Sub(r.facts.Queue.ReadAt()); age > r.policy.MaxAge {
		d.note("queue", reason.New(reason.FactsStale, reason.Span("age", age), reason.Span("limit", r.policy.MaxAge)))
		return d, time.Time{}, m
	}
	if stop := sickness(r); !stop.IsZero() {
		d.Stop, d.Stopped = stop, stop.String()
		return d, time.Time{}, m
	}
	leaving, m := leave(r, need, m)                  // marked workers are removed or called back
	shrinking := shrink(r, need, leaving.Undrain, m) // idle workers are asked to leave
	unkept, retried, m := deleteUnkept(r, m)         // servers that failed, and entries without a server, go
	orphaned, m := deleteOrphans(r, m)               // servers go that no front-end will ever join
	deleting, m := watchDeletions(r, m)              // deletions that take too long are asked for again
	enrolling, m := enrol(r, m)                      // workers with an address come into the roster
	collecting, m := trackServers(r, m)              // ports and volumes of gone servers are looked for
	d = leaving.and(shrinking).and(unkept).and(orphaned).and(deleting).and(enrolling).and(collecting)
	closing, m := drainAndUndrain(r, d, m)               // the queue's program drains and undrains workers
	growing, holdEnds, m := grow(r, need, d, retried, m) // new workers are made
	return d.and(closing).and(growing), holdEnds, m
}

// forget drops what is remembered of workers that are no more, or no longer
// leaving. What a report said is remembered as long as the worker is there: a
// report is read once, and a decision need not be carried out.
func forget(r round, d Decision, m Memory) Memory {
	there := map[string]bool{}
	m.Closed = copied(m.Closed)
	for _, w := range r.fleet.Workers {
		there[w.Name] = true
		if w.Phase != fleet.Leaving || w.Refused {
			delete(m.Closed, w.Name)
		}
	}
	for _, s := range d.Undrain {
		delete(m.Closed, s.Worker)
	}
	m.Closed = only(there, m.Closed)
	m.LastInPool, m.LastBusy = only(there, m.LastInPool), only(there, m.LastBusy)
	m.Confirmed, m.Blamed = only(there, m.Confirmed), only(there, m.Blamed)
	m.Ours, m.Tried = onlySome(there, m.Ours), onlySome(there, m.Tried)
	m.Asked = remembered(m)
	return m
}

// onlySome is only for a map that stays nil where nothing is in it.
func onlySome(there, of map[string]bool) map[string]bool {
	if of = only(there, of); len(of) == 0 {
		return nil
	}
	return of
}

// only returns the entries of the nodes that are there.
func only[V any](there map[string]bool, of map[string]V) map[string]V {
	of = copied(of)
	maps.DeleteFunc(of, func(name string, _ V) bool { return !there[name] })
	return of
}
