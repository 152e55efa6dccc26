package main

import (
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// What every worker offers, and what every job asks of each of its workers: one CPU.
const (
	workerCPUs   = 1
	workerMemory = 512 // MiB
	jobMemory    = 256 // MiB
)

// job is one job in the played queue.
type job struct {
	submission int // number of the submission, from 1
	index      int // in the submission, from 0
	of         int // jobs of the submission
	arrived    time.Time
	length     time.Duration
	needs      int       // workers that it takes at once
	started    time.Time // zero while it waits
	workers    []string
	done       bool
}

func (j *job) waits() bool { return j.started.IsZero() }

func (j *job) runs() bool { return !j.done && !j.waits() }

// pool plays the batch system: it starts waiting jobs on workers that accept them, in
// the order of their arrival, and ends them when their time is over.
type pool struct {
	mu          sync.Mutex
	submissions int
	jobs        []*job
	workers     map[string]*slot
	killed      int                      // running jobs that lost a worker
	accepts     func(worker string) bool // asked under mu, as busy is

	serverID func(worker string) string
}

type slot struct {
	since   time.Time // in the pool
	changed time.Time // a job came or went
}

func newPool(accepts func(string) bool, serverID func(string) string) *pool {
	return &pool{workers: map[string]*slot{}, accepts: accepts, serverID: serverID}
}

func (p *pool) submit(s submission, length time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.submissions++
	for i := range s.jobs {
		p.jobs = append(p.jobs, &job{submission: p.submissions, index: i, of: s.jobs, arrived: time.Now(), length: length, needs: s.workers})
	}
}

// busy reports whether the worker runs a job.
func (p *pool) busy(worker string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.running(worker) > 0
}

func (p *pool) running(worker string) int {
	n := 0
	for _, j := range p.jobs {
		if j.runs() && slices.Contains(j.workers, worker) {
			n++
		}
	}
	return n
}

// names returns the names of the workers in the pool, in order.
func (p *pool) names() []string {
	return slices.SortedFunc(maps.Keys(p.workers), cluster.CompareNames)
}

// step takes over the present members of the pool, ends jobs and starts others.
func (p *pool) step(members []string, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, name := range members {
		if p.workers[name] == nil {
			p.workers[name] = &slot{since: now, changed: now}
		}
	}
	for name := range p.workers {
		if !slices.Contains(members, name) {
			p.lose(name)
		}
	}
	for _, j := range p.jobs {
		if j.runs() && now.Sub(j.started) >= j.length {
			j.done = true
			p.change(j.workers, now)
		}
	}
	for _, j := range p.jobs {
		if !j.waits() {
			continue
		}
		free := p.free(members)
		if len(free) < j.needs {
			return // jobs behind it wait for it
		}
		j.started, j.workers = now, free[:j.needs]
		p.change(j.workers, now)
	}
}

func (p *pool) change(workers []string, now time.Time) {
	for _, name := range workers {
		p.workers[name].changed = now
	}
}

// lose forgets a worker. A job on it starts anew elsewhere, which the demo counts
// as a failure: the scaler must never let that happen.
func (p *pool) lose(name string) {
	delete(p.workers, name)
	for _, j := range p.jobs {
		if j.runs() && slices.Contains(j.workers, name) {
			p.killed++
			j.started, j.workers = time.Time{}, nil
		}
	}
}

func (p *pool) free(members []string) []string {
	return slices.DeleteFunc(slices.Clone(members), func(name string) bool {
		return p.running(name) >= workerCPUs || !p.accepts(name)
	})
}

// lost returns how many running jobs have lost a worker.
func (p *pool) lost() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.killed
}

// counts returns how many jobs wait, run and are done.
func (p *pool) counts() (waiting, running, done int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, j := range p.jobs {
		switch {
		case j.done:
			done++
		case j.waits():
			waiting++
		default:
			running++
		}
	}
	return waiting, running, done
}

// together returns the workers of each running job that takes more than one.
func (p *pool) together() [][]string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out [][]string
	for _, j := range p.jobs {
		if j.runs() && j.needs > 1 {
			out = append(out, slices.Clone(j.workers))
		}
	}
	return out
}
