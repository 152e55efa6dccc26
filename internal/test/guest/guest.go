// Package guest simulates what runs inside the servers of a cloud in which nothing
// boots, such as the embedded one: the coordinator on the front-end of every cluster.
// In each round it reads the cluster document from the front-end's metadata, joins the
// roster's workers, drains those that are marked as leaving, and posts a report into
// the password slot, as the real node program does.
//
//	metadata → document → join, drain → report → password slot
package guest

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/openstacktest"
)

// Cloud is what guests can do, and the servers that they are in; *openstacktest.Cloud
// satisfies it.
type Cloud interface {
	Servers() []openstacktest.Server
	GuestMetadata(serverID string) (map[string]string, error)
	PostPassword(serverID, content string) error
	WriteConsole(serverID, text string)
}

// Options are the speed of the guests and the answers of their batch system.
type Options struct {
	Interval  time.Duration // between two rounds; 0 is 10 ms
	BootDelay time.Duration // from ACTIVE until the programs of a node run

	// Busy reports whether a worker runs a job; nil is never. It is called
	// without the simulator's lock, and after Accepts returns false for that worker.
	Busy func(worker string) bool
	// Back is called, without the lock, for a drained worker whose mark to leave
	// went away. It may be nil.
	Back func(worker string)
	// Joins reports whether a worker can be joined; nil is always.
	Joins func(worker string) bool
	// Misses reports whether a worker that has joined can't be reached now, and so
	// lacks the newest generation; nil is never.
	Misses func(worker string) bool
	// Waits returns the waiting jobs that only one group can run; nil is none.
	Waits func() cluster.Waits
}

// Worker is a worker as its front-end sees it.
type Worker struct {
	Name    string
	Group   string
	Joined  bool
	Behind  bool // lacks the newest generation
	Leaving cluster.Leaving
	Drained bool
}

// Simulator runs the guests of one cloud.
type Simulator struct {
	cloud Cloud
	o     Options
	stop  context.CancelFunc
	done  chan struct{}

	mu        sync.Mutex
	frontEnds map[string]*frontEnd // by server ID
	trust     map[string]trusted   // of each worker that was ever joined, by server ID
}

// New returns a simulator that does not run yet.
func New(cloud Cloud, o Options) *Simulator {
	o.Interval = cmp.Or(o.Interval, 10*time.Millisecond)
	if o.Busy == nil {
		o.Busy = func(string) bool { return false }
	}
	if o.Back == nil {
		o.Back = func(string) {}
	}
	if o.Joins == nil {
		o.Joins = func(string) bool { return true }
	}
	if o.Misses == nil {
		o.Misses = func(string) bool { return false }
	}
	if o.Waits == nil {
		o.Waits = func() cluster.Waits { return nil }
	}
	return &Simulator{cloud: cloud, o: o, frontEnds: map[string]*frontEnd{}, trust: map[string]trusted{}}
}

// Start begins with the rounds.
func (s *Simulator) Start() {
	ctx, stop := context.WithCancel(context.Background())
	s.stop, s.done = stop, make(chan struct{})
	go func() {
		defer close(s.done)
		tick := time.NewTicker(s.o.Interval)
		defer tick.Stop()
		for {
			s.Round(time.Now())
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
		}
	}()
}

// Close ends the rounds and waits for the last.
func (s *Simulator) Close() {
	if s.stop != nil {
		s.stop()
		<-s.done
	}
}

// Workers returns the workers that the front-ends know, in order of name.
func (s *Simulator) Workers() []Worker {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Worker
	for _, f := range s.frontEnds {
		for _, w := range f.workers {
			out = append(out, *w)
		}
	}
	slices.SortFunc(out, func(a, b Worker) int { return cluster.CompareNames(a.Name, b.Name) })
	return out
}

// Joined returns the names of the workers that are in the pool, drained ones
// included.
func (s *Simulator) Joined() []string { return s.names(func(w Worker) bool { return w.Joined }) }

// Drained returns the names of the workers that left the pool empty.
func (s *Simulator) Drained() []string { return s.names(func(w Worker) bool { return w.Drained }) }

func (s *Simulator) names(keep func(Worker) bool) []string {
	var out []string
	for _, w := range s.Workers() {
		if keep(w) {
			out = append(out, w.Name)
		}
	}
	return out
}

// Accepts reports whether the batch system may start a job on a worker now. A caller
// that holds the lock of Busy while it asks and starts the job never meets a worker
// that is drained in between.
func (s *Simulator) Accepts(worker string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.frontEnds {
		if w, ok := f.workers[worker]; ok {
			return w.Joined && !f.closed[worker] && !w.Drained
		}
	}
	return false
}

// Round lets every front-end that has booted do one round.
func (s *Simulator) Round(now time.Time) {
	servers := s.cloud.Servers()
	seen := map[string]bool{}
	for _, server := range servers {
		if !slices.Contains(server.Tags, cluster.RoleTag(cluster.RoleFrontEnd)) || !s.booted(server, now) {
			continue
		}
		seen[server.ID] = true
		s.mu.Lock()
		f, ok := s.frontEnds[server.ID]
		if !ok {
			f = newFrontEnd(server)
			s.frontEnds[server.ID] = f
		}
		s.mu.Unlock()
		s.coordinate(f, servers, now)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for id := range s.frontEnds {
		if !seen[id] {
			delete(s.frontEnds, id)
		}
	}
}

func (s *Simulator) booted(server openstacktest.Server, now time.Time) bool {
	return server.Status == string(cluster.StatusActive) && !server.Deleting && !server.ActiveFrom.IsZero() &&
		!now.Before(server.ActiveFrom.Add(s.o.BootDelay))
}
