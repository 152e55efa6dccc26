package loop_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/provision"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/decide"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/loop"
)

// lose takes the server of the first job away as a failed hypervisor or a person does: what
// it runs hangs until the batch system hears of it. It returns the worker's name and the
// batch that it was made in.
func (s *sim) lose() (name, batch string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.advance()
	name = s.jobs[0].on
	batch = s.nodes[name].node.Batch
	delete(s.nodes, name)
	for _, j := range s.jobs {
		if j.on == name && !j.done {
			j.lost, j.ends = batch, s.at.Add(24*time.Hour)
		}
	}
	return name, batch
}

// requeue has jobs wait anew whose worker the roster lacks, or has as another server: the
// front-end says so to the batch system. A batch system lets such a job wait for a while.
func (s *sim) requeue() {
	for _, j := range s.jobs {
		if m, listed := s.doc.Member(j.on); j.lost != "" && (!listed || m.Batch != j.lost) {
			j.on, j.lost, j.submitted = "", "", s.at.Add(s.requeueAfter)
		}
	}
}

// lossOf is what became of a worker that was lost under a job.
type lossOf struct {
	forgotten time.Duration // from the loss to the roster without the worker
	again     time.Duration // from the loss to the job on another worker
}

// lossAt loses a busy worker some time into the run, beside a free one.
func lossAt(t *testing.T, after time.Duration, change func(*sim, *loop.Loop)) lossOf {
	t.Helper()
	s := newSim()
	s.negotiate, s.react, s.requeueAfter = 10*time.Second, 15*time.Second, 31*time.Second
	s.submit(1, 0, 24*time.Hour)
	l := newLoop(s, 4)
	l.Policy.Groups["cpu"] = decide.Bounds{Min: 2, Max: 4}
	out := lossOf{-1, -1}
	done := make(chan struct{})
	go func() {
		defer close(done)
		time.Sleep(after)
		name, batch := s.lose()
		lost := time.Now()
		if change != nil {
			change(s, l)
		}
		for time.Since(lost) < 10*time.Minute {
			time.Sleep(time.Second)
			s.mu.Lock()
			s.advance()
			m, listed := s.doc.Member(name)
			listed = listed && m.Batch == batch
			again := s.jobs[0].on != "" && s.jobs[0].lost == ""
			s.mu.Unlock()
			if !listed && out.forgotten < 0 {
				out.forgotten = time.Since(lost)
			}
			if again {
				out.again = time.Since(lost)
				return
			}
		}
	}()
	running(t, l, after+12*time.Minute)
	<-done
	return out
}

// The worker of a running job is deleted. The first round that does not find its server
// takes it from the roster: the job runs again within a minute of the loss being seen, of
// which half is the batch system's own wait.
func TestAWorkerLostUnderAJob(t *testing.T) {
	for offset := range 10 {
		synctest.Test(t, func(t *testing.T) {
			got := lossAt(t, 6*time.Minute+time.Duration(offset)*time.Second, nil)
			t.Logf("lost %d s into an interval: out of the roster after %s, running again after %s", offset, got.forgotten, got.again)
			seen := 11 * time.Second // an interval and the reading
			if got.forgotten < 0 || got.forgotten > seen+time.Second || got.again < 0 || got.again > seen+time.Minute {
				t.Errorf("%d s into an interval: out of the roster after %s, running again after %s", offset, got.forgotten, got.again)
			}
		})
	}
}

// While the cloud does not say that a missing server is gone, the worker stays in the roster.
func TestAWorkerThatMayBeThereIsNotForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		got := lossAt(t, 6*time.Minute, func(s *sim, _ *loop.Loop) {
			s.mu.Lock()
			s.clusterErr = &provision.HiddenError{Nodes: cluster.Nodes{{ID: "s0", Name: "astro-cpu-1"}}, Err: errDown}
			s.mu.Unlock()
			time.Sleep(5 * time.Minute)
			s.mu.Lock()
			if _, listed := s.doc.Member("astro-cpu-1"); !listed || slices.Contains(s.calls, "forget") {
				t.Error("forgotten, although it may be there")
			}
			s.clusterErr = nil
			s.mu.Unlock()
		})
		if got.forgotten < 5*time.Minute || got.forgotten > 5*time.Minute+12*time.Second {
			t.Errorf("out of the roster after %s", got.forgotten)
		}
	})
}

// A server ends in ERROR under a job, and its worker falls silent. It may run on, so it stays
// until the batch system gives the job to others; then it goes in the next rounds.
func TestAWorkerInErrorUnderAJob(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSim()
		s.negotiate, s.react = 10*time.Second, 15*time.Second
		s.submit(1, 0, 24*time.Hour)
		l := newLoop(s, 4)
		l.Policy.Groups["cpu"] = decide.Bounds{Min: 2, Max: 4}
		running(t, l, 6*time.Minute)
		name := s.jobs[0].on
		n := &s.nodes[name].node
		n.Status, n.Fault = cluster.StatusError, &cluster.Fault{Code: 500, Message: "the host is down"}
		s.nodes[name].ready = time.Time{} // its daemon is silent
		running(t, l, 80*time.Second)     // the time after which the batch system gives the worker up
		if s.removed != 0 || s.killed != 0 {
			t.Errorf("%d removed, %d jobs killed while the queue had the job on it", s.removed, s.killed)
		}
		s.jobs[0].on, s.jobs[0].submitted = "", s.at
		running(t, l, 40*time.Second)
		if s.removed != 1 || s.killed != 0 || s.jobs[0].on == "" {
			t.Errorf("%d removed, %d jobs killed, the job runs on %q", s.removed, s.killed, s.jobs[0].on)
		}
		if m, listed := s.doc.Member(name); listed && m.Batch == n.Batch {
			t.Error("it is still in the roster")
		}
	})
}
