package loop_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/decide"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/loop"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue/queuetest"
)

// sim is a cloud, a front-end and a pool in memory, in virtual time. It behaves as real
// ones were observed to: servers boot for a while, jobs are matched once a minute, the
// front-end sees a change of the document only at its next reading, and a report exists
// only until it is read.
type sim struct {
	mu    sync.Mutex
	at    time.Time
	start time.Time

	boot      time.Duration
	negotiate time.Duration
	react     time.Duration
	// requeueAfter is how long a job waits at least after the batch system has heard of the
	// loss of its worker.
	requeueAfter time.Duration
	address      map[string]time.Duration // by group: from the create call to the address
	deleting     time.Duration            // from the deletion to the end of the server
	firstLook    time.Duration            // the first reading takes longer: logging in, looking up
	look         time.Duration

	doc    cluster.Document
	nodes  map[string]*simNode
	jobs   []*simJob
	report *cluster.Report

	ours bool // the scaler drains by its queue's program; the front-end has no batch system

	// Faults.
	queueErr    error
	clusterErr  error
	addErr      error
	neverJoin   bool
	addTakes    time.Duration
	partial     []string
	poolSince   time.Time              // the directory was restarted; workers return a while later
	dark        func(name string) bool // workers that neither pool nor queue can reach
	quota       int                    // of instances; 0 is without limit
	others      int                    // instances of others in the quota
	roomErr     error
	removeErr   error
	fullZone    string // a zone without room
	dieIn       string // the next call of that name is cut short, and the scaler with it
	die         context.CancelFunc
	enrolErr    error
	loseAnswers bool // create calls are carried out after answerAfter, and their answers are lost
	answerAfter time.Duration
	failBuilds  string // fault with which builds end from now on
	callBack    func() // what another scaler does just before workers are removed

	// What happened.
	created, removed, killed, peak int
	posts, enrols                  int
	twice                          []string // names that two servers got
	calls                          []string
	twins                          []cluster.Node
	consoles, collected            []string
	consoleTakes                   time.Duration // to be read
	refused                        int
}

type simNode struct {
	node                    cluster.Node
	exists, addressed, gone time.Time
	ready                   time.Time
	closed                  bool
	ran                     bool
	empty                   time.Time
}

type simJob struct {
	submitted time.Time
	length    time.Duration
	on        string
	ends      time.Time
	done      bool
	lost      string // batch of the server that is lost, on which the batch system believes it
}

func newSim() *sim {
	now := time.Now()
	return &sim{
		at: now, start: now, boot: 2 * time.Minute, negotiate: time.Minute, react: 20 * time.Second,
		firstLook: 900 * time.Millisecond, look: 400 * time.Millisecond,
		nodes: map[string]*simNode{},
		doc:   cluster.Document{ID: "id", Name: "astro", Generation: 1, Groups: map[string]cluster.GroupSpec{"cpu": {NodeSpec: cluster.NodeSpec{Flavor: "f"}}}},
	}
}

const cpusEach = 4

// advance plays the world up to now, second by second.
func (s *sim) advance() {
	for now := time.Now(); !s.at.Add(time.Second).After(now); {
		s.at = s.at.Add(time.Second)
		s.build()
		for _, j := range s.jobs {
			if j.on != "" && !j.done && !s.at.Before(j.ends) {
				j.done = true
				if n := s.nodes[j.on]; n != nil {
					n.empty = s.at
				}
				j.on = ""
			}
		}
		elapsed := s.at.Sub(s.start)
		if elapsed%s.negotiate == 0 {
			s.match()
		}
		if elapsed%s.react == 0 {
			s.frontEnd()
		}
	}
}

// build gives servers their addresses, and ends those that are being deleted.
func (s *sim) build() {
	for name, n := range s.nodes {
		switch {
		case !n.gone.IsZero() && !s.at.Before(n.gone):
			delete(s.nodes, name)
		case n.node.Status != cluster.StatusBuild || n.addressed.IsZero() || s.at.Before(n.addressed):
		case s.failBuilds != "":
			n.node.Status, n.node.Fault = cluster.StatusError, &cluster.Fault{Code: 500, Message: s.failBuilds}
		default:
			n.node.Status, n.node.Address = cluster.StatusActive, "192.0.2."+n.node.ID[1:]
		}
	}
}

// list returns the servers that a list shows.
func (s *sim) list() cluster.Nodes {
	var out cluster.Nodes
	for _, name := range s.names() {
		if n := s.nodes[name]; !s.at.Before(n.exists) {
			out = append(out, n.node)
		}
	}
	return append(out, s.twins...)
}

func (s *sim) running(name string) int {
	n := 0
	for _, j := range s.jobs {
		if j.on == name && !j.done {
			n++
		}
	}
	return n
}

func (s *sim) inPool(n *simNode) bool { return !n.ready.IsZero() && !s.at.Before(n.ready) }

func (s *sim) names() []string {
	var names []string
	for name := range s.nodes {
		names = append(names, name)
	}
	slices.SortFunc(names, cluster.CompareNames)
	return names
}

func (s *sim) match() {
	for _, j := range s.jobs {
		if j.done || j.on != "" || j.submitted.After(s.at) {
			continue
		}
		for _, name := range s.names() {
			n := s.nodes[name]
			if s.inPool(n) && !n.closed && s.running(name) < cpusEach {
				j.on, j.ends, n.ran = name, s.at.Add(j.length), true
				break
			}
		}
	}
}

func (s *sim) frontEnd() {
	s.requeue()
	r := cluster.Report{Generation: s.doc.Generation}
	var drained, busy []string
	for _, m := range s.doc.Workers {
		n := s.nodes[m.Name]
		if n == nil {
			continue
		}
		switch {
		case s.ours && m.Leaving != cluster.Stays:
			drained = append(drained, m.Name) // a cluster without a batch system has nothing to drain
		case s.ours:
		case m.Leaving == cluster.Stays:
			n.closed = false
		case s.running(m.Name) > 0:
			busy = append(busy, m.Name)
		default:
			n.closed = true
			drained = append(drained, m.Name)
		}
	}
	r.Drained, r.Busy = cluster.FoldNames("astro", drained), cluster.FoldNames("astro", busy)
	s.report = &r
}

// readCluster takes the report, as a reading clears the real slot.
func (s *sim) readCluster() (cluster.View, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.advance()
	if s.clusterErr != nil {
		return cluster.View{}, s.clusterErr
	}
	v := cluster.View{Document: s.doc.Clone(), Nodes: s.list(), HasDocument: true}
	if s.report != nil {
		v.Report, v.HasReport = *s.report, true
		s.report = nil
	}
	s.peak = max(s.peak, len(s.nodes))
	return v, nil
}

func (s *sim) readQueue() (queue.Snapshot, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.advance()
	if s.queueErr != nil {
		return queue.Snapshot{}, s.queueErr
	}
	q := queue.Snapshot{Traits: queuetest.Traits(), JobsAt: s.at, WorkersAt: s.at, PoolSince: s.start.Add(-time.Hour), OnNode: map[string]int{}, Partial: s.partial}
	if !s.poolSince.IsZero() {
		q.PoolSince = s.poolSince
	}
	one := queue.Shape{Cpus: 1, MemoryMiB: 1024}
	g := queue.JobGroup{Key: "k", Asks: one, Takes: one, First: "1.0"}
	for _, j := range s.jobs {
		switch {
		case j.done || j.submitted.After(s.at):
		case j.on != "":
			q.Running++
			q.OnNode[j.on]++
		default:
			if g.Count == 0 {
				g.Oldest = j.submitted
			}
			g.Count++
		}
	}
	if g.Count > 0 {
		q.Jobs = []queue.JobGroup{g}
	}
	for _, name := range s.names() {
		n := s.nodes[name]
		if !s.inPool(n) || n.closed && s.running(name) == 0 && !s.ours {
			continue // a closed worker's daemon has gone
		}
		if s.at.Sub(q.PoolSince) < 45*time.Second || s.dark != nil && s.dark(name) {
			continue // its update has not come
		}
		total := queue.Shape{Cpus: cpusEach, MemoryMiB: 8000}
		idle := n.ready
		if n.empty.After(idle) {
			idle = n.empty
		}
		q.Workers = append(q.Workers, queue.Worker{
			Name: name, Slots: 1, Total: total, Free: total.Take(one, s.running(name)),
			Running: s.running(name), RanBefore: n.ran, IdleSince: idle, HeardAt: s.at, Draining: n.closed,
			Started: n.ready, Server: n.node.ID,
		})
	}
	return q, nil
}

func (s *sim) submit(n int, after, length time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for range n {
		s.jobs = append(s.jobs, &simJob{submitted: s.start.Add(after), length: length})
	}
}

func (s *sim) unfinished() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.advance()
	n := 0
	for _, j := range s.jobs {
		if !j.done {
			n++
		}
	}
	return n
}

func (s *sim) servers() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.nodes)
}

type clusterOf struct {
	*sim
	read bool
}

// Read takes time, and the first one of a scaler takes longer.
func (c *clusterOf) Read(context.Context) (cluster.View, error) {
	if c.read {
		time.Sleep(c.look)
	} else {
		time.Sleep(c.firstLook)
	}
	c.read = true
	return c.readCluster()
}

type queueOf struct{ *sim }

func (q queueOf) Read(context.Context) (queue.Snapshot, error) { return q.readQueue() }

func newLoop(s *sim, most int) *loop.Loop {
	p := decide.DefaultPolicy()
	p.Groups["cpu"] = decide.Bounds{Max: most}
	return &loop.Loop{
		Parts: loop.Parts{
			Cluster: &clusterOf{sim: s}, Actuator: s, Project: projectOf{s}, Consoles: s, Remains: s,
		},
		Settings: loop.Settings{Queue: queueOf{s}, Policy: p, Interval: 10 * time.Second},
		Log:      hclog.NewNullLogger(),
	}
}

// running starts the loop, lets it run for a time, and stops it.
func running(t *testing.T, l *loop.Loop, d time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	if err := l.Run(ctx); err != nil {
		t.Fatal(err)
	}
}

var errDown = errors.New("no answer within 10s")
