package terraform_test

import (
	"context"
	"errors"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/decide"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/loop"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue/queuetest"
)

// played is a pool of workers with one CPU each, on which jobs run for a while.
type played struct {
	s     *stage
	start time.Time
	jobs  []*playedJob
	empty map[string]time.Time // since when a worker runs nothing
	ran   map[string]bool
	lost  int // running jobs whose worker went
}

type playedJob struct {
	from   time.Time // submitted
	length time.Duration
	on     string
	ends   time.Time
	done   bool
}

// step ends jobs and starts others, under the lock that the front-end takes to ask for
// busy workers.
func (p *played) step(now time.Time) {
	joined := p.s.guests.Joined()
	for _, j := range p.jobs {
		if j.on != "" && !j.done && !slices.Contains(joined, j.on) {
			p.lost++
			j.on = ""
		}
		if j.on != "" && !j.done && now.After(j.ends) {
			j.done = true
			p.set(j.on, false, now)
		}
	}
	for _, j := range p.jobs {
		if j.on != "" || now.Before(j.from) {
			continue
		}
		for _, w := range joined {
			if p.take(w) {
				j.on, j.ends = w, now.Add(j.length)
				p.ran[w] = true
				break
			}
		}
	}
}

// take begins a job on a worker, if the worker accepts it.
func (p *played) take(worker string) bool {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	if p.s.busy[worker] || !p.s.guests.Accepts(worker) {
		return false
	}
	p.s.busy[worker] = true
	return true
}

func (p *played) set(worker string, busy bool, now time.Time) {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	p.s.busy[worker] = busy
	p.empty[worker] = now
}

// Read implements queue.Reader.
func (p *played) Read(context.Context) (queue.Snapshot, error) {
	now := time.Now()
	p.step(now)
	one := queue.Shape{Cpus: 1, MemoryMiB: 200}
	q := queue.Snapshot{Traits: queuetest.Traits(), JobsAt: now, WorkersAt: now, PoolSince: p.start.Add(-time.Hour), OnNode: map[string]int{}}
	waiting := queue.JobGroup{Key: "k", Asks: one, Takes: one, First: "1.0"}
	for _, j := range p.jobs {
		switch {
		case j.done || now.Before(j.from):
		case j.on != "":
			q.Running++
			q.OnNode[j.on]++
		default:
			if waiting.Count == 0 {
				waiting.Oldest = j.from
			}
			waiting.Count++
		}
	}
	if waiting.Count > 0 {
		q.Jobs = []queue.JobGroup{waiting}
	}
	for _, w := range p.s.guests.Workers() {
		if !w.Joined || w.Drained {
			continue
		}
		if _, known := p.empty[w.Name]; !known {
			p.empty[w.Name] = now
		}
		q.Workers = append(q.Workers, queue.Worker{
			Name: w.Name, Slots: 1, Total: one, Free: one.Take(one, q.OnNode[w.Name]), Running: q.OnNode[w.Name],
			RanBefore: p.ran[w.Name], IdleSince: p.empty[w.Name], HeardAt: now,
		})
	}
	return q, nil
}

func (p *played) over() bool {
	return !slices.ContainsFunc(p.jobs, func(j *playedJob) bool { return !j.done })
}

// Through Terraform, more jobs than workers cause growth, late jobs call a worker back,
// and in the end no worker is left. No job loses its worker, and a person finds nothing
// left to apply.
func TestALifeThroughTerraform(t *testing.T) {
	s := newStage(t, "")
	a := s.terraform(nil)
	p := &played{s: s, start: time.Now(), empty: map[string]time.Time{}, ran: map[string]bool{}}
	submit := func(n int, after, length time.Duration) {
		for range n {
			p.jobs = append(p.jobs, &playedJob{from: time.Now().Add(after), length: length})
		}
	}
	submit(5, 0, 20*time.Second)
	submit(2, 40*time.Second, 5*time.Second)
	policy := decide.DefaultPolicy()
	policy.Groups["cpu"] = decide.Bounds{Max: 5}
	policy.ScaleOutAfter, policy.IdleAfter, policy.FirstJobGrace = time.Second, 2*time.Second, 5*time.Second
	policy.DrainRecheck, policy.PoolSettle = time.Second, 0
	logger := hclog.NewNullLogger()
	if testing.Verbose() {
		logger = hclog.New(&hclog.LoggerOptions{Output: os.Stderr})
	}
	l := &loop.Loop{
		Parts:    loop.Parts{Cluster: a, Actuator: a, Reports: s.nova()},
		Settings: loop.Settings{Queue: p, Policy: policy, Interval: 500 * time.Millisecond},
		Log:      logger,
	}
	ctx, cancel := context.WithTimeoutCause(t.Context(), 3*time.Minute, errors.New("the story took too long"))
	defer cancel()
	peak := 0
	for !p.over() || len(s.servers()) > 0 {
		l.Tick(ctx, true)
		peak = max(peak, len(s.servers()))
		if ctx.Err() != nil {
			t.Fatalf("%v: servers %v, jobs done %t", context.Cause(ctx), s.servers(), p.over())
		}
		time.Sleep(l.Interval)
	}
	if err := a.Wait(ctx); err != nil {
		t.Error(err)
	}
	if p.lost > 0 || peak != 5 {
		t.Errorf("%d jobs lost their worker; at most %d workers, want 5", p.lost, peak)
	}
	s.expectNoDifference()
	if groups, err := s.file().Read(); err != nil || groups["cpu"].Count != 0 {
		t.Errorf("the file says %v, %v", groups, err)
	}
}
