package decide

import (
	"maps"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/fleet"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
)

// Memory is what one round passes to the next. Losing it delays things and breaks
// nothing: marks and servers are in the cloud. All times are the scaler's own.
type Memory struct {
	WatchedFrom     time.Time            `json:"watched_from,omitzero"` // when the scaler began to watch; zero: absences count from the server's creation
	LookedAt        time.Time            `json:"looked_at,omitzero"`    // when the queue was read last
	Unmet           map[string]time.Time `json:"unmet"`
	LastInPool      map[string]time.Time `json:"last_in_pool"`                // worker → last time in the pool
	LastBusy        map[string]time.Time `json:"last_busy"`                   // worker → last time it was seen with a job
	Learned         map[string]Learned   `json:"learned"`                     // group → its workers in the pool
	Domain          string               `json:"domain,omitempty"`            // of the machines' names in the pool
	Strangers       map[string]Stranger  `json:"strangers"`                   // workers in the pool that are not the cluster's
	Confirmed       map[string]Sighting  `json:"confirmed"`                   // worker → readings that agree on its removal
	Closed          map[string]bool      `json:"closed"`                      // worker → the front-end has reported it closed; it stays so while it is marked
	Offered         map[string]time.Time `json:"offered"`                     // job group → since when it has waited beside a free worker with room for it
	PassedOver      map[string]time.Time `json:"passed_over"`                 // job group → since when a free worker is known not to take it
	Kept            map[string]time.Time `json:"kept,omitempty"`              // worker → since when it is kept for jobs that wait for other workers, too
	Breakers        map[FaultKey]Breaker `json:"breakers"`                    // pauses after failures
	Blamed          map[string]string    `json:"blamed"`                      // worker → ID of its server, whose failure has been counted
	Joins           map[string][]Join    `json:"joins"`                       // group → how long its workers took to join, latest last
	LastLeft        map[string]time.Time `json:"last_left"`                   // group → when one of its workers was last seen on its way out
	LastServedGroup string               `json:"last_served_group,omitempty"` // group that got the last new workers; the next one is served first
	Orphans         map[string]time.Time `json:"orphans"`                     // server ID → since when it has been an orphan
	FirstSeen       map[string]time.Time `json:"first_seen"`                  // server ID → when it was seen first, by our clock; zero: it was there before
	Servers         map[string]Past      `json:"servers"`                     // server ID → workers' servers, those that are gone until they are looked after

	Ours  map[string]bool `json:"ours,omitempty"`  // worker → it was marked to leave in this scaler's time, and may still be drained
	Tried map[string]bool `json:"tried,omitempty"` // worker → it was undrained without a mark, and goes on draining: not by the scaler's wish

	Posted map[string]fleet.Expected `json:"posted,omitempty"` // worker → its create call, until a list shows its server
	Asked  map[string]time.Time      `json:"asked,omitempty"`  // server ID → when the cloud accepted its deletion
	Ready  map[string]Readiness      `json:"ready,omitempty"`  // server ID → servers that could be enrolled, until they are in the pool
	LateAt time.Time                 `json:"late_at,omitzero"` // when a server was enrolled last that had existed for long
}

// Learned is a group's worker as the pool sees it, which is less than its flavor.
type Learned struct {
	Shape      queue.Shape      `json:"shape"`
	Flavor     string           `json:"flavor"`
	Image      string           `json:"image"`
	Spec       string           `json:"spec"`       // hash of the spec that it was made from
	Attributes queue.Attributes `json:"attributes"` // what the next one will have as well
}

// wall returns a time without the reading of the process's own clock. A recorded time
// does not have it, so durations would differ by nanoseconds. Two times that both have
// it are compared by it, which gives a wrong order after Shifted.
func wall(t time.Time) time.Time { return t.UTC().Round(0) }

// copied returns a map of its own, which is never nil.
func copied[K comparable, V any](in map[K]V) map[K]V {
	if in == nil {
		return map[K]V{}
	}
	return maps.Clone(in)
}

// Shifted returns the memory after the machine's clock was set by a duration: what it
// remembers happened as long ago as before.
func (m Memory) Shifted(by time.Duration) Memory {
	at := func(t time.Time) time.Time {
		if t.IsZero() {
			return t
		}
		return t.Add(by)
	}
	m.WatchedFrom, m.LookedAt, m.LateAt = at(m.WatchedFrom), at(m.LookedAt), at(m.LateAt)
	for _, times := range []*map[string]time.Time{
		&m.Unmet, &m.LastInPool, &m.LastBusy, &m.Offered, &m.PassedOver, &m.Kept, &m.LastLeft, &m.Orphans, &m.FirstSeen, &m.Asked,
	} {
		*times = each(*times, at)
	}
	m.Strangers = each(m.Strangers, func(s Stranger) Stranger {
		s.Offered, s.Refused = at(s.Offered), at(s.Refused)
		return s
	})
	m.Confirmed = each(m.Confirmed, func(s Sighting) Sighting {
		s.First, s.Last = at(s.First), at(s.Last)
		return s
	})
	m.Breakers = each(m.Breakers, func(b Breaker) Breaker {
		b.Last, b.Until = at(b.Last), at(b.Until)
		return b
	})
	m.Posted = each(m.Posted, func(e fleet.Expected) fleet.Expected {
		e.Since = at(e.Since)
		return e
	})
	m.Ready = each(m.Ready, func(r Readiness) Readiness {
		r.Since = at(r.Since)
		return r
	})
	m.Servers = each(m.Servers, func(p Past) Past {
		p.Seen = at(p.Seen)
		return p
	})
	return m
}

// each returns a map of the same keys with changed values; nil stays nil.
func each[K comparable, V any](in map[K]V, change func(V) V) map[K]V {
	out := maps.Clone(in)
	for key, v := range in {
		out[key] = change(v)
	}
	return out
}
