package loop

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/actuate"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/decide"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/reason"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/record"
)

// Remains deletes what servers left that are gone.
type Remains interface {
	// CollectRemains deletes a gone server's ports and those of the volumes, and
	// returns what it found.
	CollectRemains(ctx context.Context, serverID string, volumes []string) ([]string, error)
}

// zonal is an actuator that can leave availability zones out. Another one makes
// workers wherever it does, and the cloud's refusals come back as before.
type zonal interface {
	AddOutside(ctx context.Context, clusterID, group string, n int, avoid []string) ([]string, error)
}

// discarder is an actuator that can delete one of two servers of a name.
type discarder interface {
	Discard(ctx context.Context, clusterID, serverID string) error
}

var (
	_ zonal     = (*actuate.Nova)(nil)
	_ discarder = (*actuate.Nova)(nil)
)

// actions is one tick's carrying out.
type actions struct {
	l      *Loop
	facts  decide.Facts
	r      *record.Record
	failed []error
}

// act carries a decision out: marks first, for they are cheap and undo what the
// rest must not do; then removals, which free quota; then new workers. What is
// not begun before the facts are too old is left to the next tick.
func (l *Loop) act(ctx context.Context, facts decide.Facts, d decide.Decision, r *record.Record) error {
	a := &actions{l: l, facts: facts, r: r}
	id := facts.Cluster.Document.ID
	readConsoles := a.consoles(ctx, d.Remove, d.Discard)
	if marks := d.Marks(); len(marks) > 0 {
		a.do(ctx, "ask workers to leave or stay", func(ctx context.Context) error { return l.Actuator.Mark(ctx, id, marks) })
	}
	if going := going(d); len(going) > 0 {
		l.keep(ctx, facts, going, false)
	}
	readConsoles() // a server that is deleted has no console any more
	if names := d.Removals(); len(names) > 0 {
		a.do(ctx, "remove workers", func(ctx context.Context) error { return l.Actuator.Remove(ctx, id, names, d.Drained()) })
	}
	a.discard(ctx, id, d.Discard)
	a.collect(ctx, d.Collect)
	for _, add := range d.Add {
		a.do(ctx, fmt.Sprintf("add %d to group %s", add.Count, add.Group), func(ctx context.Context) error {
			names, err := l.add(ctx, id, add)
			r.Added = append(r.Added, names...)
			if err != nil && !errors.Is(ctx.Err(), context.Canceled) { // else the lease is lost, and nothing is known of the group
				l.memory = l.memory.Failed(time.Now(), faultsOf(add.Group, err)...)
			}
			return err
		})
	}
	return errors.Join(a.failed...)
}

// do carries one action out, unless the scaler is asked to stop or the facts are
// too old by now.
func (a *actions) do(ctx context.Context, what string, call func(ctx context.Context) error) {
	if ctx.Err() != nil {
		return // the next scaler sees the same need
	}
	if age := time.Since(a.facts.Queue.ReadAt()); age > a.l.Policy.MaxAge {
		why := reason.New(reason.PutOff, reason.Span("age", age))
		a.r.Notes = append(a.r.Notes, decide.Note{About: what, Reason: why})
		a.l.Log.Info("not done", "about", what, "because", why.String())
		return
	}
	calling, cancel := context.WithTimeout(context.WithoutCancel(ctx), actionTimeout)
	defer cancel()
	calling, release := a.l.guard(calling)
	defer release()
	if err := call(calling); err != nil {
		err = fmt.Errorf("%s: %w", what, err)
		a.failed = append(a.failed, err)
		a.r.Failed(err)
	}
}

func (l *Loop) add(ctx context.Context, id string, add decide.Add) ([]string, error) {
	if z, ok := l.Actuator.(zonal); ok && len(add.Avoid) > 0 {
		return z.AddOutside(ctx, id, add.Group, add.Count, add.Avoid)
	}
	return l.Actuator.Add(ctx, id, add.Group, add.Count)
}

// faultsOf sorts what went wrong with new workers: by zone where the error tells.
func faultsOf(group string, err error) []decide.Fault {
	var off actuate.PutOffError
	if errors.As(err, &off) {
		return nil
	}
	var lost cluster.NotMadeError
	if !errors.As(err, &lost) {
		kind := cluster.KindOf(err)
		if errors.Is(err, cluster.ErrDocumentConflict) {
			kind = cluster.FaultConflict
		}
		return []decide.Fault{{Group: group, Kind: kind, Why: reason.Said(err.Error())}}
	}
	var faults []decide.Fault
	for _, w := range lost {
		f := decide.Fault{Group: group, Kind: w.Kind, Why: reason.New(reason.WorkerNotMade, reason.Name("worker", w.Name), reason.Text("message", w.Message))}
		if len(w.Zones) == 0 {
			faults = append(faults, f)
		}
		for _, f.Zone = range w.Zones {
			faults = append(faults, f)
		}
	}
	return faults
}

// discard deletes servers by their IDs.
func (a *actions) discard(ctx context.Context, id string, steps []decide.Step) {
	for _, s := range steps {
		what := fmt.Sprintf("delete server %s of name %s", s.Server, s.Worker)
		d, ok := a.l.Actuator.(discarder)
		if !ok {
			a.r.Notes = append(a.r.Notes, decide.Note{About: s.Worker, Reason: reason.New(reason.DiscardUnknown, reason.Name("server", s.Server))})
			continue
		}
		a.do(ctx, what, func(ctx context.Context) error { return d.Discard(ctx, id, s.Server) })
	}
}

// collect deletes what gone servers left. A failure is tried again later, and is
// no reason to call the tick failed.
func (a *actions) collect(ctx context.Context, gone []decide.Remains) {
	if a.l.Remains == nil || a.l.DryRun {
		return
	}
	for _, g := range gone {
		if ctx.Err() != nil {
			return
		}
		calling, cancel := context.WithTimeout(context.WithoutCancel(ctx), readTimeout)
		calling, release := a.l.guard(calling)
		found, err := a.l.Remains.CollectRemains(calling, g.Server, g.Volumes)
		release()
		cancel()
		a.l.memory = a.l.memory.Collected(g.Server, err, time.Now())
		if len(found) > 0 {
			a.r.Collected = append(a.r.Collected, found...)
			a.l.Log.Warn("a server that is gone had left something, which is deleted", "worker", g.Worker, "server", g.Server, "what", strings.Join(found, ", "))
		}
		switch {
		case cluster.IsKind(err, cluster.FaultForbidden):
			a.l.Log.Error("what deleted servers leave can not be looked for, and is left: a right is missing", "error", err)
			a.l.Remains = nil
			return
		case err != nil:
			a.l.Log.Warn("what a server left could not be deleted; it is tried again later", "worker", g.Worker, "server", g.Server, "error", err)
		}
	}
}
