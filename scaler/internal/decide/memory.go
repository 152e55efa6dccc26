package decide

import (
	"maps"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
)

// Memory is what one tick tells the next. Losing it delays things and breaks
// nothing: marks and servers are in the cloud.
type Memory struct {
	WatchedFrom time.Time            `json:"watched_from,omitzero"` // zero: absences are counted from the server's creation
	LookedAt    time.Time            `json:"looked_at,omitzero"`    // when the queue was read last
	Unmet       map[string]time.Time `json:"unmet"`
	Seen        map[string]time.Time `json:"last_in_pool"`                // node → last time in the pool
	Busy        map[string]time.Time `json:"last_busy"`                   // node → last time it was seen with a job
	Learned     map[string]Learned   `json:"learned"`                     // group → its workers in the pool
	Domain      string               `json:"domain,omitempty"`            // of the machines' names in the pool
	Strangers   map[string]Stranger  `json:"strangers"`                   // workers in the pool that are not the cluster's
	Confirmed   map[string]Sighting  `json:"confirmed"`                   // node → readings that agree on its removal
	Closed      map[string]bool      `json:"closed"`                      // node → the front-end has reported it closed; it stays so while it is marked
	Offered     map[string]time.Time `json:"offered"`                     // job group → since when it has waited beside a free worker with room for it
	PassedOver  map[string]time.Time `json:"passed_over"`                 // job group → since when a free worker is known not to take it
	Breakers    map[FaultKey]Breaker `json:"breakers"`                    // pauses after failures
	Blamed      map[string]string    `json:"blamed"`                      // node → ID of its server, whose failure has been counted
	Joins       map[string][]Join    `json:"joins"`                       // group → how long its workers took to join, latest last
	Left        map[string]time.Time `json:"last_left"`                   // group → when one of its workers was last seen on its way out
	Turn        string               `json:"last_served_group,omitempty"` // group that got the last new workers; the next one is served first
	Orphans     map[string]time.Time `json:"orphans"`                     // server ID → since when nobody has wanted it
	Born        map[string]time.Time `json:"first_seen"`                  // server ID → when it was seen first, by our clock; zero: it was there before
	Servers     map[string]Past      `json:"servers"`                     // server ID → workers' servers, those that are gone until they are looked after
}

// Learned is a group's worker as the pool sees it, which is less than its flavor.
type Learned struct {
	Shape      queue.Shape      `json:"shape"`
	Flavor     string           `json:"flavor"`
	Image      string           `json:"image"`
	Spec       string           `json:"spec"`       // hash of the spec that it was made from
	Attributes queue.Attributes `json:"attributes"` // what the next one will have as well
}

// Sighting counts readings of the queue that agree.
type Sighting struct {
	Server string    `json:"server"` // ID: the next worker of that name starts anew
	First  time.Time `json:"first"`
	Last   time.Time `json:"last"` // time of the last reading that was counted
	Reads  int       `json:"reads"`
}

// passedOverFor is how long a job group that a free worker left waiting does
// not cause new workers.
const passedOverFor = time.Hour

// wall returns a time without the reading of the process's own clock, which a
// recorded time does not have: durations would differ by nanoseconds.
func wall(t time.Time) time.Time { return t.UTC().Round(0) }

func (m Memory) clone() Memory {
	m.Unmet, m.Seen, m.Busy = copied(m.Unmet), copied(m.Seen), copied(m.Busy)
	m.Offered, m.PassedOver, m.Left = copied(m.Offered), copied(m.PassedOver), copied(m.Left)
	m.Learned, m.Confirmed, m.Closed = copied(m.Learned), copied(m.Confirmed), copied(m.Closed)
	m.Breakers, m.Blamed, m.Joins = copied(m.Breakers), copied(m.Blamed), copied(m.Joins)
	m.Orphans, m.Servers = copied(m.Orphans), copied(m.Servers)
	m.Strangers = copied(m.Strangers)
	if m.Born != nil { // nil: nothing was seen yet
		m.Born = maps.Clone(m.Born)
	}
	return m
}

func copied[K comparable, V any](in map[K]V) map[K]V {
	if in == nil {
		return map[K]V{}
	}
	return maps.Clone(in)
}

// confirm counts a reading for a node and returns how many agree by now. A
// reading that was counted already is not counted twice.
func (m Memory) confirm(node, server string, readAt, now time.Time) Sighting {
	c := m.Confirmed[node]
	if c.Reads == 0 || c.Server != server {
		c = Sighting{Server: server, First: now}
	}
	if c.Reads == 0 || readAt.After(c.Last) {
		c.Reads++
		c.Last = readAt
	}
	m.Confirmed[node] = c
	return c
}
