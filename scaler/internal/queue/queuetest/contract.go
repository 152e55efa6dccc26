package queuetest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/command"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue/adapter"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue/schema"
)

// Contract is what a test of an adapter brings so that the promises of all adapters
// are tested.
type Contract struct {
	Adapter string // its name
	// Reader returns a reader with the settings that the recordings were made with.
	Reader func(run command.Runner) queue.Reader

	Pools map[string]*Tools // recorded batch systems, each with jobs and workers
	Empty *Tools            // a batch system without jobs and workers
	Down  map[string]*Tools // recorded failures: nothing is known then
	// Partly are recordings of which a part could not be read.
	Partly map[string]*Tools
}

// Run tests the contract.
func (c Contract) Run(t *testing.T) {
	a, ok := adapter.Find(c.Adapter)
	if !ok || len(c.Pools) == 0 || c.Empty == nil || len(c.Down) == 0 {
		t.Fatalf("adapter %q registered: %t; it needs recordings of all kinds", c.Adapter, ok)
	}
	if settings := a.Settings(); settings.Reader(&Tools{}) == nil || len(settings.Options()) == 0 {
		t.Error("its settings make no reader, or have no options")
	}
	for name, tools := range c.Pools {
		t.Run("reads "+name, func(t *testing.T) { c.reads(t, a, tools) })
		t.Run("notices faults in "+name, func(t *testing.T) { c.noticesFaults(t, tools) })
		t.Run("finds jobs in "+name, func(t *testing.T) { c.finds(t, tools) })
	}
	t.Run("reads an empty one", func(t *testing.T) { c.readsEmpty(t, a) })
	for name, tools := range c.Down {
		t.Run("fails: "+name, func(t *testing.T) {
			if s, err := c.Reader(tools).Read(t.Context()); err == nil {
				t.Errorf("it was read: %+v", s)
			}
		})
	}
	for name, tools := range c.Partly {
		t.Run("reads a part: "+name, func(t *testing.T) {
			s := c.read(t, tools)
			if len(s.Partial) == 0 {
				t.Error("it does not say so")
			}
			report(t, Problems(s))
		})
	}
}

func (c Contract) read(t *testing.T, run command.Runner) queue.Snapshot {
	t.Helper()
	s, err := c.Reader(run).Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// reads tests that a snapshot is sane, is the same in the next reading, and means the
// same after a way through JSON.
func (c Contract) reads(t *testing.T, a adapter.Adapter, tools *Tools) {
	before := time.Now().Add(-time.Second)
	s := c.read(t, tools)
	if len(s.Jobs) == 0 || len(s.Workers) == 0 || len(s.Partial) > 0 {
		t.Errorf("%d groups of jobs, %d workers, partial %v", len(s.Jobs), len(s.Workers), s.Partial)
	}
	if s.Traits.System != a.Traits.System || s.JobsAt.Before(before) || s.WorkersAt.Before(before) || s.ReadAt().After(time.Now()) {
		t.Errorf("of %q, read at %s and %s", s.Traits.System, s.JobsAt, s.WorkersAt)
	}
	report(t, Problems(s))
	again := c.read(t, tools)
	for i, w := range again.Workers {
		if w.HeardAt.Equal(again.WorkersAt) { // the batch system has just asked the worker
			again.Workers[i].HeardAt = s.WorkersAt
		}
		if w.IdleSince.Equal(again.JobsAt) { // the reader is new, and sees only now that the worker is empty
			again.Workers[i].IdleSince = s.JobsAt
		}
	}
	again.JobsAt, again.WorkersAt = s.JobsAt, s.WorkersAt
	if got, want := text(t, again), text(t, s); got != want {
		t.Errorf("the next reading is another:\n%s\nwant\n%s", got, want)
	}
	if err := schema.Check(schema.Whole, []byte(text(t, s))); err != nil {
		t.Errorf("the schema refuses it: %v", err)
	}
	var back queue.Snapshot
	if err := json.Unmarshal([]byte(text(t, s)), &back); err != nil {
		t.Fatal(err)
	}
	if got, want := text(t, back), text(t, s); got != want {
		t.Errorf("through JSON it became\n%s\nwant\n%s", got, want)
	}
	for i := range s.Jobs {
		for _, w := range s.Workers {
			for _, free := range []queue.Shape{w.Free, w.Total} {
				if got, want := judged(back.Jobs[i], a.Judge, w, free), judged(s.Jobs[i], a.Judge, w, free); got != want {
					t.Errorf("%s on %s: through JSON %+v, want %+v", s.Jobs[i].First, w.Name, got, want)
				}
			}
		}
	}
}

func judged(g queue.JobGroup, judge queue.Judge, w queue.Worker, free queue.Shape) queue.Judgement {
	if g.Requires == nil {
		return queue.Judgement{}
	}
	return judge(g.Requires, w.Attributes, free, 10_000)
}

func text(t *testing.T, s queue.Snapshot) string {
	t.Helper()
	raw, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func report(t *testing.T, problems []string) {
	t.Helper()
	for _, p := range problems {
		t.Error(p)
	}
}

// readsEmpty tests that an empty batch system is no failure.
func (c Contract) readsEmpty(t *testing.T, a adapter.Adapter) {
	s := c.read(t, c.Empty)
	if s.Waiting() != 0 || s.Running != 0 || len(s.Workers) != 0 || len(s.Partial) != 0 || s.Traits.System != a.Traits.System {
		t.Errorf("%+v", s)
	}
	report(t, Problems(s))
}

// finds tests that a single job is found, and is of the kind that the whole reading
// has it in.
func (c Contract) finds(t *testing.T, tools *Tools) {
	finder, ok := c.Reader(tools).(queue.Finder)
	if !ok {
		return
	}
	if _, err := finder.Find(t.Context(), "no job's ID"); err == nil || errors.Is(err, queue.ErrNoJob) {
		t.Errorf("a word that is no ID of a job: %v", err)
	}
}

// A fault is what can happen to one call of a tool.
type fault func(r io.Reader, consume func(io.Reader) error) error

var faults = map[string]fault{
	"the tool fails": func(io.Reader, func(io.Reader) error) error {
		return &command.Error{Command: "tool", Stderr: "can not connect", Err: errors.New("exit status 1")}
	},
	"the tool fails after it has printed": func(r io.Reader, consume func(io.Reader) error) error {
		_ = consume(r)
		return &command.Error{Command: "tool", Err: errors.New("exit status 1")}
	},
	"the tool hangs": func(io.Reader, func(io.Reader) error) error {
		return &command.Error{Command: "tool", Err: fmt.Errorf("no answer within 10s: %w", context.DeadlineExceeded)}
	},
	"it prints garbage": func(_ io.Reader, consume func(io.Reader) error) error {
		return consume(strings.NewReader("Segmentation fault\x00\xff\n"))
	},
	"its output breaks off early":    breaksOff(1, 4),
	"its output breaks off half-way": breaksOff(1, 2),
	"its output lacks the end":       breaksOff(95, 100),
	"it prints too much": func(r io.Reader, consume func(io.Reader) error) error {
		_ = consume(io.LimitReader(r, 10))
		return errors.New("it printed more than 10 bytes")
	},
}

// breaksOff hands on a part of the output, as if that were all.
func breaksOff(part, of int) fault {
	return func(r io.Reader, consume func(io.Reader) error) error {
		all, err := io.ReadAll(r)
		if err != nil {
			return err
		}
		return consume(strings.NewReader(string(all[:len(all)*part/of])))
	}
}

// faulty brings a fault into one of the calls.
type faulty struct {
	command.Runner
	at    int // the call; the first is 0
	fault fault
	calls int
}

// Run implements command.Runner.
func (f *faulty) Run(ctx context.Context, c command.Command, consume func(io.Reader) error) error {
	f.calls++
	if f.calls-1 != f.at {
		return f.Runner.Run(ctx, c, consume)
	}
	return f.Runner.Run(ctx, c, func(r io.Reader) error { return f.fault(r, consume) })
}

// noticesFaults tests that a fault in any call is an error, or shows in Partial: what
// is missing must not look as if it were not there.
func (c Contract) noticesFaults(t *testing.T, tools *Tools) {
	counter := &faulty{Runner: tools, at: -1}
	whole := c.read(t, counter)
	if counter.calls == 0 {
		t.Fatal("it runs no tool")
	}
	for call := range counter.calls {
		for name, fault := range faults {
			s, err := c.Reader(&faulty{Runner: tools, at: call, fault: fault}).Read(t.Context())
			if err == nil && len(s.Partial) == 0 {
				t.Errorf("call %d: %s: it goes unnoticed: %d of %d jobs, %d of %d workers", call+1, name, s.Waiting(), whole.Waiting(), len(s.Workers), len(whole.Workers))
			}
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Reader(tools).Read(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("a reading that is cancelled: %v", err)
	}
}
