// Package fleet joins what three places know of the workers: the cloud (which
// servers exist), the cluster document (which workers are in the roster, and which
// are asked to leave), and the pool (which workers run jobs). It is a pure function
// of values.
package fleet

import (
	"slices"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
)

// Phase is where a worker is in its life.
type Phase string

// The phases of a worker.
const (
	Booting  Phase = "booting"  // a server that has time left to appear in the pool: counts as capacity
	Idle     Phase = "idle"     // in the pool, runs nothing
	Busy     Phase = "busy"     // in the pool, runs something
	Closed   Phase = "closed"   // in the pool, takes no jobs, and not because the scaler asked
	Leaving  Phase = "leaving"  // asked to leave by a mark in the document
	Deleting Phase = "deleting" // its server is being deleted: nothing calls it back
	Absent   Phase = "absent"   // not in the pool for longer than the join timeout
	Stopped  Phase = "stopped"  // the server is switched off
	Broken   Phase = "broken"   // the server is in ERROR, and not in the pool
	Vanished Phase = "vanished" // in the roster, but there is no such server
	Foreign  Phase = "foreign"  // in the pool, but not of this cluster
)

// Worker is what all places know of one worker.
type Worker struct {
	Name   string       `json:"name"`
	Group  string       `json:"group,omitempty"`
	Phase  Phase        `json:"phase"`
	Node   cluster.Node `json:"node"` // zero for Vanished and Foreign; without an ID where the worker is expected
	Pool   queue.Worker `json:"pool"` // zero where the worker is not in the pool
	InPool bool         `json:"in_pool"`
	Listed bool         `json:"listed"` // its name is in the document's roster
	Orphan bool         `json:"orphan"` // the roster does not have the server itself: no process has enrolled it
	Jobs   int          `json:"jobs"`   // that run on it by the pool's or the queue's account, whichever is more

	Mark    cluster.Leaving `json:"mark,omitempty"`
	Drained bool            `json:"drained,omitempty"` // runs nothing, takes nothing: the front-end reports it, or the pool shows it where the scaler drains
	Refused bool            `json:"refused,omitempty"` // runs jobs, by the same account
	// Expected is set where the worker's create call was sent and no list has shown a
	// server of it yet.
	Expected bool `json:"expected,omitempty"`
	Doubted  bool `json:"doubted,omitempty"` // the pool lists it, or something in its name, and that is not believed: it counts as not in the pool

	AbsentSince time.Time     `json:"absent_since,omitzero"` // of a worker that is not in the pool
	Timeout     time.Duration `json:"timeout_ns"`            // after which a worker that is not in the pool is given up
	WasHealthy  bool          `json:"was_healthy"`           // it is in the pool, or has been
}

// Fleet is all workers of a cluster, and strangers in its pool.
type Fleet struct {
	Cluster    string   `json:"cluster"`
	Generation int64    `json:"generation"`
	Reported   bool     `json:"reported"` // the front-end has reported on this generation
	Workers    []Worker `json:"workers"`  // in the order of their names
	Twins      []Twin   `json:"twins,omitempty"`
	Doubts     []Doubt  `json:"doubts,omitempty"` // what the pool says and what counts for nothing
}

// Twin is a second server of a worker's name. The worker is the server that the pool
// names; where the pool names none, the server in the roster, then the older one.
type Twin struct {
	Node cluster.Node `json:"node"`
	Used bool         `json:"used"` // as far as is known jobs may run on it
}

// Group returns the workers of a group that have a server.
func (f Fleet) Group(name string) []Worker {
	var out []Worker
	for _, w := range f.Workers {
		if w.Group == name && w.Phase != Vanished && w.Phase != Foreign {
			out = append(out, w)
		}
	}
	return out
}

// Count returns the number of workers in one of the phases; the group "" counts every
// group's.
func (f Fleet) Count(group string, phases ...Phase) int {
	n := 0
	for _, w := range f.Workers {
		if (group == "" || w.Group == group) && slices.Contains(phases, w.Phase) {
			n++
		}
	}
	return n
}
