package loop_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/decide"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/loop"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/reason"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/record"
)

// programPool is the simulation's pool behind a user's program, on a cluster without a
// batch system of its own.
type programPool struct {
	*sim
	actions []string
	drained map[string]bool // by the program
	asked   []string        // calls in their order

	before func(verb, name string)       // is called at the beginning of a call
	fails  func(verb, name string) error // nil: no call fails
	hangs  func(verb, name string) bool  // nil: no call hangs
	takes  time.Duration                 // each call
}

func newProgramPool() *programPool {
	s := newSim()
	s.ours, s.doc.BatchSystem = true, cluster.BatchNone
	return &programPool{sim: s, drained: map[string]bool{}, actions: []string{queue.ActionDrain, queue.ActionUndrain, queue.ActionForget}}
}

// loop returns a scaler of that pool, which has just been started.
func (p *programPool) loop() *loop.Loop {
	l := newLoop(p.sim, 20)
	l.Queue, l.Closer = p, p
	return l
}

// Read implements queue.Reader.
func (p *programPool) Read(context.Context) (queue.Snapshot, error) {
	s, err := p.readQueue()
	s.Traits.Actions = p.actions
	return s, err
}

func (p *programPool) call(ctx context.Context, verb, name string, change func(n *simNode)) error {
	if p.hangs != nil && p.hangs(verb, name) {
		ctx, cancel := context.WithTimeout(ctx, 10*time.Second) // the queue block's own
		defer cancel()
		<-ctx.Done()
		return fmt.Errorf("no answer within 10s: %w", context.DeadlineExceeded)
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(p.takes):
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.advance()
	p.asked = append(p.asked, verb+" "+name)
	if p.before != nil {
		p.before(verb, name)
	}
	if p.dies("before " + verb) {
		return context.Canceled
	}
	if p.fails != nil {
		if err := p.fails(verb, name); err != nil {
			return err
		}
	}
	if n := p.nodes[name]; n != nil {
		change(n)
	}
	if p.dies("after " + verb) {
		return context.Canceled
	}
	return nil
}

// Drain implements loop.Closer.
func (p *programPool) Drain(ctx context.Context, name string) error {
	return p.call(ctx, "drain", name, func(n *simNode) { n.closed, p.drained[name] = true, true })
}

// Undrain implements loop.Closer: what somebody else has drained stays so.
func (p *programPool) Undrain(ctx context.Context, name string) error {
	return p.call(ctx, "undrain", name, func(n *simNode) {
		if p.drained[name] {
			n.closed = false
			delete(p.drained, name)
		}
	})
}

// Forget implements loop.Closer.
func (p *programPool) Forget(ctx context.Context, name string) error {
	return p.call(ctx, "forget", name, func(*simNode) { p.twice = append(p.twice, "forgot "+name+", which is there") })
}

// begin begins a job on a worker.
func (p *programPool) begin(name string, length time.Duration) {
	n := p.nodes[name]
	p.jobs = append(p.jobs, &simJob{submitted: p.at, length: length, on: name, ends: p.at.Add(length)})
	n.ran = true
}

func (p *programPool) times(call string) int {
	n := 0
	for _, a := range p.asked {
		if strings.HasPrefix(a, call) {
			n++
		}
	}
	return n
}

// expectEmpty wants that all jobs have ended, none was killed, and no server is left.
func (p *programPool) expectEmpty(t *testing.T, what string) {
	t.Helper()
	if left := p.unfinished(); left > 0 || p.killed > 0 || p.servers() > 0 || len(p.doc.Workers) > 0 || len(p.twice) > 0 {
		t.Errorf("%s: %d jobs left, %d killed, servers %v, roster %v, %v; asked %v", what, left, p.killed, p.names(), p.doc.Workers, p.twice, p.asked)
	}
}

// The scaler makes workers, drains them by the program once they are idle, removes them,
// and has the program forget them.
func TestProgramGrowsAndShrinks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newProgramPool()
		p.submit(12, 0, 5*time.Minute)
		running(t, p.loop(), 30*time.Minute)
		p.expectEmpty(t, "in the end")
		if p.created != 3 || p.times("drain") != 3 || p.times("undrain") != 0 || p.times("forget") != 3 {
			t.Errorf("%d created, asked %v", p.created, p.asked)
		}
	})
}

// A job that begins between the reading and the drain brings the worker back, and ends on it.
func TestProgramJobBeforeTheDrain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newProgramPool()
		p.submit(4, 0, 5*time.Minute)
		began := 0
		p.before = func(verb, name string) {
			if verb == "drain" && began < 2 {
				began++
				p.begin(name, 20*time.Minute)
			}
		}
		running(t, p.loop(), 90*time.Minute)
		p.expectEmpty(t, "in the end")
		if began != 2 || p.times("undrain") < 2 || p.created != 1 {
			t.Errorf("%d jobs began late, %d workers made, asked %v", began, p.created, p.asked)
		}
	})
}

// A worker that the program cannot drain stays, and no other one does.
func TestProgramRefusesADrain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newProgramPool()
		p.submit(12, 0, 5*time.Minute)
		p.fails = func(verb, name string) error {
			if verb == "drain" && name == "astro-cpu-2" {
				return errors.New("exit status 1: no such host")
			}
			return nil
		}
		l := p.loop()
		running(t, l, 30*time.Minute)
		if fmt.Sprint(p.names()) != "[astro-cpu-2]" || p.killed > 0 || p.times("drain astro-cpu-2") < 10 {
			t.Errorf("there are %v, asked %v", p.names(), p.asked)
		}
		p.fails = nil
		running(t, l, 5*time.Minute)
		p.expectEmpty(t, "once it can be drained")
	})
}

// A program that hangs at one worker holds back neither the others nor new workers. One
// that hangs at all workers costs their removal.
func TestProgramHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newProgramPool()
		p.submit(40, 0, 5*time.Minute)
		p.hangs = func(verb, name string) bool { return verb == "drain" && name == "astro-cpu-1" }
		l := p.loop()
		running(t, l, 40*time.Minute)
		if fmt.Sprint(p.names()) != "[astro-cpu-1]" || p.killed > 0 {
			t.Errorf("there are %v, asked %v", p.names(), p.asked)
		}
		p.hangs = func(string, string) bool { return true }
		p.submit(8, time.Since(p.start), 5*time.Minute)
		running(t, l, 30*time.Minute)
		if p.unfinished() > 0 || p.servers() < 2 || p.killed > 0 {
			t.Errorf("%d jobs left, there are %v", p.unfinished(), p.names())
		}
		p.hangs = nil
		running(t, l, 10*time.Minute)
		p.expectEmpty(t, "once it answers")
	})
}

// longest is how long the longest round was, in seconds.
type longest struct{ seconds float64 }

func (*longest) Decided(record.Record) {}

func (o *longest) Finished(r record.Record) { o.seconds = max(o.seconds, r.Seconds) }

// A program that is slow makes no round long: the next rounds go on.
func TestProgramIsSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newProgramPool()
		p.submit(40, 0, 5*time.Minute)
		p.takes = 8 * time.Second
		l, rounds := p.loop(), &longest{}
		l.Observers = append(l.Observers, rounds)
		running(t, l, 40*time.Minute)
		p.expectEmpty(t, "in the end")
		if rounds.seconds > 65 { // drains, and workers to forget
			t.Errorf("a round took %.0f s, asked %v", rounds.seconds, p.asked)
		}
	})
}

// Scalers that are killed before and after each call, and started anew, lose no job and
// leave nothing behind.
func TestProgramAndKilledScalers(t *testing.T) {
	for _, in := range []string{"before drain", "after drain", "before undrain", "after undrain", "before forget", "after forget", "delete"} {
		synctest.Test(t, func(t *testing.T) {
			p := newProgramPool()
			p.submit(8, 0, 5*time.Minute)
			if strings.HasSuffix(in, "undrain") { // jobs come while workers are on their way out
				p.before = func(verb, _ string) {
					if verb == "drain" && p.times("drain") == 1 {
						for range 8 {
							p.jobs = append(p.jobs, &simJob{submitted: p.at, length: 5 * time.Minute})
						}
					}
				}
			}
			ctx, kill := context.WithCancel(t.Context())
			p.dieIn, p.die = in, kill
			if err := p.loop().Run(ctx); err != nil { // without an end unless it is killed
				t.Fatal(err)
			}
			running(t, p.loop(), time.Hour)
			p.expectEmpty(t, "killed "+in)
		})
	}
}

// Scalers that are started anew all the time do the whole work.
func TestProgramAndManyScalers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newProgramPool()
		p.submit(10, 0, 5*time.Minute)
		for range 20 {
			running(t, p.loop(), 3*time.Minute+7*time.Second)
		}
		p.expectEmpty(t, "in the end")
	})
}

// A worker that an earlier scaler has drained and that is not marked any more takes jobs
// again. One that an administrator has drained stays drained: it is asked for once.
func TestProgramUndrainsItsOwnAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newProgramPool()
		p.submit(8, 0, time.Hour)
		running(t, p.loop(), 10*time.Minute)
		p.nodes["astro-cpu-1"].closed, p.drained["astro-cpu-1"] = true, true
		p.nodes["astro-cpu-2"].closed = true
		running(t, p.loop(), 5*time.Minute)
		if p.nodes["astro-cpu-1"].closed || !p.nodes["astro-cpu-2"].closed || p.times("undrain astro-cpu-1") != 1 || p.times("undrain astro-cpu-2") != 1 || p.killed > 0 {
			t.Errorf("asked %v", p.asked)
		}
	})
}

// Where nothing can drain, no worker is removed, and the notes say so.
func TestProgramWithoutDrain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newProgramPool()
		p.actions = nil
		p.submit(8, 0, 5*time.Minute)
		l := p.loop()
		running(t, l, time.Hour)
		r, err := l.Look(t.Context())
		said := slices.ContainsFunc(r.Notes, func(n decide.Note) bool { return n.Reason.Code == reason.IdleNoDrain })
		if err != nil || !said || p.removed > 0 || p.servers() != 2 || len(p.asked) > 0 {
			t.Errorf("%d removed, %d there, asked %v, notes %+v, %v", p.removed, p.servers(), p.asked, r.Notes, err)
		}
	})
}

// A scaler that decides for show has the program change nothing.
func TestProgramInADryRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newProgramPool()
		p.submit(4, 0, time.Minute)
		p.fails = func(string, string) error { return errDown }
		running(t, p.loop(), 30*time.Minute)
		asked := len(p.asked)
		l := p.loop()
		l.DryRun = true
		running(t, l, 10*time.Minute)
		if asked == 0 || len(p.asked) != asked {
			t.Errorf("asked %v", p.asked)
		}
	})
}
