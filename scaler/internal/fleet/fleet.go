// Package fleet joins what three places know of the workers: the cloud (which
// servers exist), the cluster document (who is in the roster, who is asked to
// leave), and the pool (who runs jobs). It is a pure function of values.
package fleet

import (
	"slices"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
)

// Phase says where a worker is in its life.
type Phase string

// The phases of a worker.
const (
	Booting  Phase = "booting"  // a server that has time left to appear in the pool: counts as capacity
	Idle     Phase = "idle"     // in the pool, runs nothing
	Busy     Phase = "busy"     // in the pool, runs something
	Closed   Phase = "closed"   // in the pool, takes no jobs, and not because we asked
	Leaving  Phase = "leaving"  // asked to leave by a mark in the document
	Absent   Phase = "absent"   // not in the pool for longer than the join timeout
	Stopped  Phase = "stopped"  // the server is switched off
	Broken   Phase = "broken"   // the server is in ERROR, and not in the pool
	Vanished Phase = "vanished" // in the roster, but there is no such server
	Foreign  Phase = "foreign"  // in the pool, but not of this cluster
)

// Worker is one worker in all places' words.
type Worker struct {
	Name   string
	Group  string
	Phase  Phase
	Node   cluster.Node // zero for Vanished and Foreign
	Pool   queue.Worker // zero when not in the pool
	InPool bool
	Listed bool // its name is in the document's roster
	Orphan bool // the server itself is not: who made it has not come to enrol it
	Jobs   int  // that run on it by the pool's or the queue's account, whichever is more

	Mark    cluster.Leaving
	Drained bool // the front-end reports: runs nothing, takes nothing
	Refused bool // the front-end reports: runs jobs

	AbsentSince time.Time     // for a worker that is not in the pool
	Timeout     time.Duration // after which one that is not in the pool is given up
	WasWell     bool          // it is in the pool, or has been
}

// Fleet is all workers of a cluster, and strangers in its pool.
type Fleet struct {
	Cluster    string
	Generation int64
	Reported   bool // the front-end has reported on this generation
	Workers    []Worker
	Twins      []Twin
}

// Twin is a second server of a worker's name. The worker is the one that the pool
// speaks of; where that does not tell, the one in the roster, and the older one.
type Twin struct {
	Node cluster.Node
	Used bool // jobs may run on it for all that is known
}

// Clock is what joining needs to know of the past.
type Clock struct {
	Now         time.Time
	JoinTimeout time.Duration
	Learned     map[string]time.Duration // by group: the timeout for those that have not joined yet, where it is another
	WatchedFrom time.Time                // zero: nothing is known of the time before
	LastInPool  map[string]time.Time     // when a worker was last in the pool
	FirstSeen   map[string]time.Time     // server ID → when it was seen first; zero or missing: not known
}

// Join makes the fleet.
func Join(v cluster.View, s queue.Snapshot, c Clock) Fleet {
	f := Fleet{Cluster: v.Document.Name, Generation: v.Document.Generation}
	f.Reported = v.HasReport && v.Report.Generation >= v.Document.Generation
	drained, refused := map[string]bool{}, map[string]bool{}
	if f.Reported {
		drained = nameSet(v.Document.Name, v.Report.Drained)
		refused = nameSet(v.Document.Name, v.Report.Busy)
	}
	known := map[string]bool{}
	members, pool := map[string]cluster.Member{}, map[string]queue.Worker{}
	for _, m := range slices.Backward(v.Document.Workers) { // of two entries the first counts
		members[m.Name] = m
	}
	for _, w := range slices.Backward(s.Workers) {
		pool[w.Name] = w
	}
	nodes, twins := distinct(v, s)
	for _, n := range nodes {
		known[n.Name] = true
		w := Worker{Name: n.Name, Group: n.Group, Node: n, Orphan: true}
		if m, ok := members[n.Name]; ok {
			w.Listed, w.Mark, w.Orphan = true, m.Leaving, !m.Enrols(n)
		}
		w.Pool, w.InPool = pool[n.Name]
		w.Jobs = max(w.Pool.Running, s.OnNode[n.Name])
		w.Drained = w.Mark != cluster.Stays && drained[n.Name]
		w.Refused = w.Mark != cluster.Stays && refused[n.Name]
		if !w.InPool {
			w.AbsentSince = latest(n.Created, s.PoolSince, c.WatchedFrom, c.LastInPool[n.Name], c.FirstSeen[n.ID])
		}
		w.WasWell = w.InPool || c.wasWell(w)
		w.Timeout = c.JoinTimeout
		if learned, ok := c.Learned[w.Group]; ok && !w.WasWell {
			w.Timeout = learned
		}
		w.Phase = phase(w, c)
		f.Workers = append(f.Workers, w)
	}
	for _, m := range v.Document.Workers {
		if !known[m.Name] {
			known[m.Name] = true
			group := v.Document.GroupOf(m.Name)
			f.Workers = append(f.Workers, Worker{Name: m.Name, Group: group, Phase: Vanished, Listed: true, Mark: m.Leaving, Jobs: s.OnNode[m.Name]})
		}
	}
	for _, w := range s.Workers {
		if !known[w.Name] {
			f.Workers = append(f.Workers, Worker{Name: w.Name, Phase: Foreign, Pool: w, InPool: true, Jobs: w.Running})
		}
	}
	slices.SortStableFunc(f.Workers, func(a, b Worker) int { return cluster.CompareNames(a.Name, b.Name) })
	for _, n := range twins {
		f.Twins = append(f.Twins, Twin{Node: n, Used: used(n, nodes, s)})
	}
	return f
}

// distinct returns one server for each worker's name, and the others.
func distinct(v cluster.View, s queue.Snapshot) (one, others cluster.Nodes) {
	one, others = v.Nodes.Distinct(v.Document.Workers)
	one, others = one.Workers(""), others.Workers("")
	for i, n := range others {
		w, _ := s.Worker(n.Name)
		j := slices.IndexFunc(one, func(o cluster.Node) bool { return o.Name == n.Name })
		if j >= 0 && w.Server == n.ID { // the pool tells which one works
			one[j], others[i] = n, one[j]
		}
	}
	return one, others
}

// used tells whether jobs may run on a second server of a name. None do where the
// pool says that the name is the other one's, or where nobody knows of any.
func used(twin cluster.Node, one cluster.Nodes, s queue.Snapshot) bool {
	w, inPool := s.Worker(twin.Name)
	if !inPool {
		return s.OnNode[twin.Name] > 0
	}
	return !slices.ContainsFunc(one, func(n cluster.Node) bool { return n.Name == twin.Name && n.ID == w.Server })
}

func phase(w Worker, c Clock) Phase {
	switch {
	case w.Node.Broken() && !w.InPool: // after a failed resize or migration the guest works on
		return Broken
	case w.Mark != cluster.Stays:
		return Leaving
	case stopped(w.Node.Status):
		return Stopped
	case !w.InPool && c.Now.Sub(w.AbsentSince) < w.Timeout:
		return Booting
	case !w.InPool:
		return Absent
	case w.Pool.Draining:
		return Closed
	case w.Jobs > 0:
		return Busy
	}
	return Idle
}

// wasWell tells a worker that has been in the pool: it was seen there, or it was
// there for so long before the watch began that it would have been replaced.
func (c Clock) wasWell(w Worker) bool {
	if seen, ok := c.LastInPool[w.Name]; ok && !w.Node.Created.After(seen) {
		return true
	}
	from := c.WatchedFrom
	if from.IsZero() {
		from = c.Now.Add(-c.JoinTimeout)
	}
	return !w.Orphan && w.Node.Created.Before(from.Add(-c.JoinTimeout))
}

func stopped(s cluster.Status) bool {
	switch s {
	case cluster.StatusDeleting, cluster.StatusShutoff, "PAUSED", "SUSPENDED", "SHELVED", "SHELVED_OFFLOADED", "RESCUE":
		return true
	}
	return false
}

// nameSet reads folded names. A report that can't be read names nobody: then
// nothing is removed on its word.
func nameSet(clusterName, text string) map[string]bool {
	set := map[string]bool{}
	names, err := cluster.UnfoldNames(clusterName, text)
	if err != nil {
		return set
	}
	for _, n := range names {
		set[n] = true
	}
	return set
}

func latest(times ...time.Time) time.Time {
	return slices.MaxFunc(times, time.Time.Compare)
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

// Count returns the number of workers in a phase; "" counts every group's.
func (f Fleet) Count(group string, phases ...Phase) int {
	n := 0
	for _, w := range f.Workers {
		if (group == "" || w.Group == group) && slices.Contains(phases, w.Phase) {
			n++
		}
	}
	return n
}
