package program

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/command"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
)

// Options say which program reads the batch system, and what it can do.
type Options struct {
	Command []string // the program and its first arguments
	Actions []string // that it takes: queue.ActionDrain and the like
	Runner  command.Runner
}

// Program is a batch system behind a user's program.
type Program struct {
	Options
	seen map[string]sighting // by name: what this process has seen of a worker
}

// sighting is what a program need not say of a worker, because it can be seen.
type sighting struct {
	empty time.Time // since when it has run nothing; zero: it runs something
	ran   bool      // it has run something
}

var _ queue.Reader = (*Program)(nil)

// New returns a batch system behind a program.
func New(o Options) *Program { return &Program{Options: o} }

// Read implements queue.Reader.
func (p *Program) Read(ctx context.Context) (queue.Snapshot, error) {
	began := time.Now().UTC().Round(0)
	s := queue.Snapshot{Traits: traits(p.Actions)}
	err := p.run(ctx, func(out io.Reader) error { return parse(out, &s) })
	if err != nil {
		return queue.Snapshot{}, err
	}
	s.Traits.Actions = slices.Clone(p.Actions)
	s.JobsAt, s.WorkersAt = atMost(s.JobsAt, began), atMost(s.WorkersAt, began)
	p.look(s.Workers, began)
	return s, nil
}

// atMost returns a time of the program's reading, which is the beginning of ours where the
// program says none or a later one.
func atMost(t, began time.Time) time.Time {
	if t.IsZero() || t.After(began) {
		return began
	}
	return t.UTC()
}

// look notes what workers run, and adds what the program does not say: since when a worker
// has run nothing, and whether it had a job.
func (p *Program) look(workers []queue.Worker, now time.Time) {
	seen := map[string]sighting{}
	for i := range workers {
		w := &workers[i]
		before := p.seen[w.Name]
		s := sighting{empty: before.empty, ran: before.ran || w.Running > 0}
		switch {
		case w.Running > 0:
			s.empty = time.Time{}
		case s.empty.IsZero():
			s.empty = now
		}
		if w.Running == 0 && w.IdleSince.IsZero() {
			w.IdleSince = s.empty
		}
		w.RanBefore = w.RanBefore || s.ran
		seen[w.Name] = s
	}
	p.seen = seen
}

// Drain has the program drain a worker.
func (p *Program) Drain(ctx context.Context, name string) error {
	return p.act(ctx, queue.ActionDrain, name)
}

// Undrain has the program give a worker jobs again.
func (p *Program) Undrain(ctx context.Context, name string) error {
	return p.act(ctx, queue.ActionUndrain, name)
}

// Forget has the program forget a worker whose server is gone.
func (p *Program) Forget(ctx context.Context, name string) error {
	return p.act(ctx, queue.ActionForget, name)
}

// act runs the program with an action. What it prints then is not read.
func (p *Program) act(ctx context.Context, action, name string) error {
	if !slices.Contains(p.Actions, action) {
		return fmt.Errorf("the program has no action %s: actions in the queue block does not list it", action)
	}
	return p.run(ctx, func(out io.Reader) error {
		_, err := io.Copy(io.Discard, io.LimitReader(out, mostBytes))
		return err
	}, action, name)
}

func (p *Program) run(ctx context.Context, consume func(io.Reader) error, args ...string) error {
	return p.Runner.Run(ctx, command.Command{Name: p.Command[0], Args: slices.Concat(p.Command[1:], args)}, consume)
}
