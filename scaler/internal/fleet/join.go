package fleet

import (
	"slices"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/reason"
)

// Clock is what joining needs to know of the past.
type Clock struct {
	Now         time.Time
	JoinTimeout time.Duration
	Learned     map[string]time.Duration // by group: the timeout of workers that have not joined yet, where it differs
	WatchedFrom time.Time                // zero: nothing is known of the time before
	LastInPool  map[string]time.Time     // worker → when it was last in the pool
	FirstSeen   map[string]time.Time     // server ID → when it was seen first; zero or missing: not known
	Enrolled    map[string]time.Time     // server ID → when it could be enrolled first, or was enrolled; missing: soon after its creation
	LateAt      time.Time                // when a server was enrolled last that had existed for long; counts where WatchedFrom is zero
	Doomed      map[string]bool          // server IDs whose deletion the cloud has accepted a moment ago
	Expected    map[string]Expected      // by name: workers whose create calls were sent
}

// Expected is a worker whose create call was sent.
type Expected struct {
	Group string    `json:"group"`
	Since time.Time `json:"since"`
}

// Join makes the fleet of what the cloud and the document show, v, and what the batch
// system shows, s.
func Join(v cluster.View, s queue.Snapshot, c Clock) Fleet {
	f := Fleet{Cluster: v.Document.Name, Generation: v.Document.Generation}
	f.Reported = v.HasReport && v.Report.Generation >= v.Document.Generation
	read := readings{view: v, traits: s.Traits, onNode: s.OnNode, poolSince: s.PoolSince, clock: c}
	read.index(s, f.Reported)
	nodes, twins := distinct(v, s)
	known := map[string]bool{}
	for _, n := range nodes {
		known[n.Name] = true
		w, doubt := read.worker(n)
		if f.Workers = append(f.Workers, w); !doubt.IsZero() {
			f.Doubts = append(f.Doubts, Doubt{n.Name, doubt})
		}
	}
	for name, e := range c.Expected {
		if !known[name] {
			known[name] = true
			f.Workers = append(f.Workers, expected(name, e, v, c))
		}
	}
	for _, m := range v.Document.Workers {
		if !known[m.Name] {
			known[m.Name] = true
			f.Workers = append(f.Workers, Worker{
				Name: m.Name, Group: v.Document.GroupOf(m.Name), Phase: Vanished, Listed: true, Mark: m.Leaving, Jobs: s.OnNode[m.Name],
			})
		}
	}
	for _, w := range s.Workers {
		switch {
		case known[w.Name]:
		case s.Traits.Identities && w.Identity != "":
			f.Doubts = append(f.Doubts, Doubt{w.Name, reason.New(reason.PoolNoServer, reason.Name("directory", s.Traits.DirectoryName()))})
		default:
			f.Workers = append(f.Workers, Worker{Name: w.Name, Phase: Foreign, Pool: w, InPool: true, Jobs: w.Running})
		}
	}
	for _, c := range s.Claims {
		f.Doubts = append(f.Doubts, doubtOfClaim(s.Traits, c))
	}
	slices.SortStableFunc(f.Workers, func(a, b Worker) int { return cluster.CompareNames(a.Name, b.Name) })
	for _, n := range twins {
		f.Twins = append(f.Twins, Twin{Node: n, Used: used(n, nodes, s)})
	}
	return f
}

// expected returns a worker whose server no list has shown yet. The cloud may make it
// until the call is forgotten, so it has time until then.
func expected(name string, e Expected, v cluster.View, c Clock) Worker {
	n := cluster.Node{
		Name: name, ClusterID: v.Document.ID, ClusterName: v.Document.Name, Role: cluster.RoleWorker, Group: e.Group,
		Status: cluster.StatusBuild, Created: e.Since,
	}
	return Worker{Name: name, Group: e.Group, Phase: Booting, Node: n, Orphan: true, Expected: true, AbsentSince: e.Since, Timeout: c.JoinTimeout}
}

// readings is what was read of the workers, by their names.
type readings struct {
	view      cluster.View
	traits    queue.Traits
	members   map[string]cluster.Member
	pool      map[string]queue.Worker
	claimed   map[string]bool // members said something in the node's name that does not count
	drained   map[string]bool
	refused   map[string]bool
	onNode    map[string]int
	poolSince time.Time
	clock     Clock
}

// index sorts by name what the document, the pool and a report on the document's
// generation say. Of two entries of a name the first counts.
func (r *readings) index(s queue.Snapshot, reported bool) {
	r.members, r.pool, r.claimed = map[string]cluster.Member{}, map[string]queue.Worker{}, map[string]bool{}
	for _, m := range slices.Backward(r.view.Document.Workers) {
		r.members[m.Name] = m
	}
	for _, w := range slices.Backward(s.Workers) {
		r.pool[w.Name] = w
	}
	for _, c := range s.Claims {
		r.claimed[c.Node] = true
	}
	if reported {
		r.drained = nameSet(r.view.Document.Name, r.view.Report.Drained)
		r.refused = nameSet(r.view.Document.Name, r.view.Report.Busy)
	}
}

// worker returns what is known of a worker that has a server, and why it is doubted what
// the pool says of it.
func (r *readings) worker(n cluster.Node) (w Worker, doubt reason.Reason) {
	w = Worker{Name: n.Name, Group: n.Group, Node: n, Orphan: true, Timeout: r.clock.JoinTimeout}
	if m, ok := r.members[n.Name]; ok {
		w.Listed, w.Mark, w.Orphan = true, m.Leaving, !m.Enrols(n)
	}
	if w.Pool, w.InPool = r.pool[n.Name]; w.InPool {
		if doubt = doubtOf(r.traits, w.Pool, n, r.members[n.Name].Address); !doubt.IsZero() {
			w.Pool, w.InPool, w.Doubted = queue.Worker{}, false, true
		}
	} else {
		w.Doubted = r.claimed[n.Name] // a claim may have taken the place of its own ad
	}
	w.Jobs = max(w.Pool.Running, r.onNode[n.Name])
	if w.Mark != cluster.Stays {
		w.Drained, w.Refused = r.closed(w)
	}
	if !w.InPool {
		w.AbsentSince = latest(n.Created, r.poolSince, r.clock.WatchedFrom, r.clock.LastInPool[n.Name], r.clock.FirstSeen[n.ID], r.clock.enrolled(n))
	}
	w.WasHealthy = w.InPool || r.clock.wasHealthy(w)
	if learned, ok := r.clock.Learned[w.Group]; ok && !w.WasHealthy {
		w.Timeout = learned
		if n.Status == cluster.StatusBuild || w.Orphan { // it can't join yet: the time of those that could says nothing
			w.Timeout = max(learned, r.clock.JoinTimeout)
		}
	}
	w.Phase = phase(w, r.clock.Now)
	if n.Status == cluster.StatusDeleting || r.clock.Doomed[n.ID] {
		w.Phase = Deleting
	}
	return w, doubt
}

// closed reports whether a worker that is asked to leave takes no job and runs none, and
// whether it can't leave because it has a job. Where the scaler itself drains the workers,
// what it has read says so; else the front-end's report does.
func (r *readings) closed(w Worker) (drained, refused bool) {
	if r.traits.Does(queue.ActionDrain) {
		return w.InPool && w.Pool.Draining && w.Jobs == 0, w.Jobs > 0
	}
	return r.drained[w.Name], r.refused[w.Name]
}

// distinct returns one server for each worker's name, and the others.
func distinct(v cluster.View, s queue.Snapshot) (one, others cluster.Nodes) {
	one, others = v.Nodes.Distinct(v.Document.Workers)
	one, others = one.Workers(""), others.Workers("")
	for i, n := range others {
		w, _ := s.Worker(n.Name)
		j := slices.IndexFunc(one, func(o cluster.Node) bool { return o.Name == n.Name })
		if j >= 0 && w.Server == n.ID && proved(s.Traits, w) { // the pool names the server that works
			one[j], others[i] = n, one[j]
		}
	}
	return one, others
}

// used reports whether jobs may run on a second server of a name. None do where the
// pool says that the name is the other server's, or where neither the pool nor the
// queue knows of any. A member of the pool that has not proved its name may be either.
func used(twin cluster.Node, one cluster.Nodes, s queue.Snapshot) bool {
	w, inPool := s.Worker(twin.Name)
	if !inPool {
		return s.OnNode[twin.Name] > 0 || slices.ContainsFunc(s.Claims, func(c queue.Claim) bool { return c.Node == twin.Name })
	}
	return !proved(s.Traits, w) || !slices.ContainsFunc(one, func(n cluster.Node) bool { return n.Name == twin.Name && n.ID == w.Server })
}

func phase(w Worker, now time.Time) Phase {
	switch {
	case w.Node.Broken() && !w.InPool: // after a failed resize or migration the guest works on
		return Broken
	case w.Mark != cluster.Stays:
		return Leaving
	case stopped(w.Node.Status):
		return Stopped
	case !w.InPool && now.Sub(w.AbsentSince) < w.Timeout:
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

// wasHealthy reports whether a worker has been in the pool: it was seen there, or it
// existed for so long before the watch began that it would have been replaced.
func (c Clock) wasHealthy(w Worker) bool {
	if seen, ok := c.LastInPool[w.Name]; ok && !w.Node.Created.After(seen) {
		return true
	}
	from := c.WatchedFrom
	if from.IsZero() {
		from = c.Now.Add(-c.JoinTimeout)
	}
	return !w.Orphan && w.Node.Created.Before(from.Add(-c.JoinTimeout))
}

// enrolled returns from when a server's join timeout counts because it was enrolled
// late; zero where that is not known.
func (c Clock) enrolled(n cluster.Node) time.Time {
	if at, known := c.Enrolled[n.ID]; known || !c.WatchedFrom.IsZero() || n.Created.After(c.LateAt) {
		return at
	}
	return c.LateAt
}

func stopped(s cluster.Status) bool {
	switch s {
	case cluster.StatusShutoff, "PAUSED", "SUSPENDED", "SHELVED", "SHELVED_OFFLOADED", "RESCUE":
		return true
	}
	return false
}

// nameSet reads folded names. A report that can't be read counts as one without
// names: then nothing is removed on its word.
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
