package loop

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/decide"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/record"
)

// Bounds of what one round has the queue's program do. The next round goes on.
const (
	closesTogether = 20
	closeTimeout   = 30 * time.Second
)

// closing is a call of the queue's program that is due.
type closing struct {
	verb   string
	worker string
	call   func(context.Context, string) error
	done   func(worker string) // is called where it has succeeded; nil: nothing is noted
}

// drain has the queue's program drain and undrain workers. Where the marks of this round
// were not written, only those of earlier rounds count.
func (a *actions) drain(ctx context.Context, d decide.Decision, marked bool) {
	if a.Closer == nil || a.DryRun {
		return
	}
	var due []closing
	for _, s := range d.Open {
		due = append(due, closing{queue.ActionUndrain, s.Worker, a.Closer.Undrain, func(worker string) {
			a.state.memory = a.state.memory.Undrained(worker)
		}})
	}
	for _, s := range d.Close {
		if marked || !slices.Contains(decide.Workers(d.Drain), s.Worker) {
			due = append(due, closing{queue.ActionDrain, s.Worker, a.Closer.Drain, nil})
		}
	}
	a.close(ctx, record.PartMarks, due)
}

// erase has the queue's program forget workers that have left the roster, and those for
// which that has failed before. A worker that has come back under a name is not forgotten.
func (a *actions) erase(ctx context.Context, gone []string) {
	if a.Closer == nil || a.DryRun || !decide.Forgets(a.facts.Queue) {
		return
	}
	for _, name := range gone {
		if !slices.Contains(a.state.erase, name) {
			a.state.erase = append(a.state.erase, name)
		}
	}
	there := a.facts.Cluster.Nodes.Names()
	for name := range a.state.memory.Posted {
		there = append(there, name)
	}
	a.state.erase = slices.DeleteFunc(a.state.erase, func(name string) bool {
		return slices.Contains(there, name) && !slices.Contains(gone, name)
	})
	var due []closing
	for _, name := range a.state.erase {
		due = append(due, closing{queue.ActionForget, name, a.Closer.Forget, func(worker string) {
			a.state.erase = without(a.state.erase, []string{worker})
		}})
	}
	a.close(ctx, record.PartForgets, due)
}

// close carries calls out, one after the other. One that fails costs itself alone. After
// one that hangs the others wait for the next round, which begins with them.
func (a *actions) close(ctx context.Context, part record.Part, due []closing) {
	if len(due) == 0 {
		return
	}
	first := slices.IndexFunc(due, func(c closing) bool { return c.verb+c.worker == a.state.closeNext })
	if due = slices.Concat(due[max(first, 0):], due[:max(first, 0)]); len(due) > closesTogether {
		a.state.closeNext = due[closesTogether].verb + due[closesTogether].worker
		due = due[:closesTogether]
	}
	a.do(ctx, part, "have the queue's program change workers", func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, closeTimeout)
		defer cancel()
		var failed []error
		for i, c := range due {
			err := c.call(ctx, c.worker)
			switch {
			case err == nil:
				a.Log.Info("the queue's program has changed a worker", "worker", c.worker, "action", c.verb)
				if c.done != nil {
					c.done(c.worker)
				}
				continue
			default:
				failed = append(failed, fmt.Errorf("%s %s: %w", c.verb, c.worker, err))
			}
			if errors.Is(err, context.DeadlineExceeded) || ctx.Err() != nil {
				next := due[(i+1)%len(due)]
				a.state.closeNext = next.verb + next.worker
				break
			}
		}
		return errors.Join(failed...)
	})
}
