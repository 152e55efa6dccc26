package main

import (
	"slices"
	"sync"
	"time"
)

// What every worker offers, and what every job asks: one slot of one CPU.
const (
	workerCPUs   = 1
	workerMemory = 512 // MiB
	jobMemory    = 256 // MiB
)

// job is one job in the played queue.
type job struct {
	id      int
	arrived time.Time
	length  time.Duration
	started time.Time // zero while it waits
	worker  string
	done    bool
}

// pool plays the batch system: it starts waiting jobs on workers that accept
// them, and ends them when their time is over.
type pool struct {
	mu      sync.Mutex
	jobs    []*job
	workers map[string]*slot
	killed  int                      // running jobs that lost their worker
	accepts func(worker string) bool // asked under mu, as busy is
}

type slot struct {
	since   time.Time // in the pool
	changed time.Time // a job came or went
}

func newPool(accepts func(string) bool) *pool {
	return &pool{workers: map[string]*slot{}, accepts: accepts}
}

func (p *pool) submit(n int, length time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for range n {
		p.jobs = append(p.jobs, &job{id: len(p.jobs) + 1, arrived: time.Now(), length: length})
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
		if !j.done && !j.started.IsZero() && j.worker == worker {
			n++
		}
	}
	return n
}

// step takes over the present members of the pool, ends jobs and starts others.
func (p *pool) step(joined []string, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, name := range joined {
		if p.workers[name] == nil {
			p.workers[name] = &slot{since: now, changed: now}
		}
	}
	for name := range p.workers {
		if !slices.Contains(joined, name) {
			p.lose(name)
		}
	}
	for _, j := range p.jobs {
		if !j.done && !j.started.IsZero() && now.Sub(j.started) >= j.length {
			j.done = true
			p.workers[j.worker].changed = now
		}
	}
	for _, j := range p.jobs {
		if j.started.IsZero() {
			if name := p.free(joined); name != "" {
				j.started, j.worker = now, name
				p.workers[name].changed = now
			}
		}
	}
}

// lose forgets a worker. A job on it starts anew elsewhere, which the demo counts
// as a failure: the scaler must never let that happen.
func (p *pool) lose(name string) {
	delete(p.workers, name)
	for _, j := range p.jobs {
		if !j.done && j.worker == name {
			p.killed++
			j.started, j.worker = time.Time{}, ""
		}
	}
}

func (p *pool) free(joined []string) string {
	for _, name := range joined {
		if p.running(name) < workerCPUs && p.accepts(name) {
			return name
		}
	}
	return ""
}

// lost returns how many running jobs have lost their worker.
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
		case j.started.IsZero():
			waiting++
		default:
			running++
		}
	}
	return waiting, running, done
}
