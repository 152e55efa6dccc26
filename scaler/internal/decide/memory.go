package decide

import (
	"maps"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
)

// Memory is what one tick tells the next. Losing it delays things and breaks
// nothing: marks and servers are in the cloud.
type Memory struct {
	WatchedFrom time.Time // zero: absences are counted from the server's creation
	Unmet       map[string]time.Time
	Seen        map[string]time.Time // node → last time in the pool
	Busy        map[string]time.Time // node → last time it was seen with a job
	Learned     map[string]Learned   // group → its workers in the pool
	Domain      string               // of the machines' names in the pool
	Strangers   map[string]Stranger  // workers in the pool that are not the cluster's
	Confirmed   map[string]Sighting  // node → readings that agree on its removal
	Closed      map[string]bool      // node → the front-end has reported it closed; it stays so while it is marked
	Offered     map[string]time.Time // job group → since when it has waited beside a free worker with room for it
	PassedOver  map[string]time.Time // job group → since when a free worker is known not to take it
	Backoff     map[string]Backoff   // group → pause after failures
	Blamed      map[string]string    // node → ID of its server, whose failure has been counted
}

// Learned is a group's worker as the pool sees it, which is less than its flavor.
type Learned struct {
	Shape      queue.Shape
	Flavor     string
	Image      string
	Spec       string           // hash of the spec that it was made from
	Attributes queue.Attributes // what the next one will have as well
}

// Sighting counts readings of the queue that agree.
type Sighting struct {
	Server string // ID: the next worker of that name starts anew
	First  time.Time
	Last   time.Time // time of the last reading that was counted
	Reads  int
}

// Backoff is a pause before a group's next new workers.
type Backoff struct {
	Failures int
	Until    time.Time
	Why      string
}

// Pauses after a failure double up to a limit.
const (
	firstBackoff = time.Minute
	maxBackoff   = 30 * time.Minute
	// passedOverFor is how long a job group that a free worker left waiting does
	// not cause new workers.
	passedOverFor = time.Hour
)

func (m Memory) clone() Memory {
	copied := func(in map[string]time.Time) map[string]time.Time {
		if in == nil {
			return map[string]time.Time{}
		}
		return maps.Clone(in)
	}
	m.Unmet, m.Seen, m.Busy = copied(m.Unmet), copied(m.Seen), copied(m.Busy)
	m.Strangers = cloneStrangers(m.Strangers)
	m.Offered, m.PassedOver = copied(m.Offered), copied(m.PassedOver)
	if m.Learned = maps.Clone(m.Learned); m.Learned == nil {
		m.Learned = map[string]Learned{}
	}
	if m.Confirmed = maps.Clone(m.Confirmed); m.Confirmed == nil {
		m.Confirmed = map[string]Sighting{}
	}
	if m.Closed = maps.Clone(m.Closed); m.Closed == nil {
		m.Closed = map[string]bool{}
	}
	if m.Backoff = maps.Clone(m.Backoff); m.Backoff == nil {
		m.Backoff = map[string]Backoff{}
	}
	if m.Blamed = maps.Clone(m.Blamed); m.Blamed == nil {
		m.Blamed = map[string]string{}
	}
	return m
}

// Failed returns the memory after a group's workers could not be made or did
// not come up: a pause, longer each time.
func (m Memory) Failed(group, why string, now time.Time) Memory {
	m = m.clone()
	b := m.Backoff[group]
	pause := firstBackoff << min(b.Failures, 10)
	b.Failures++
	b.Until = now.Add(min(pause, maxBackoff))
	b.Why = why
	m.Backoff[group] = b
	return m
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
