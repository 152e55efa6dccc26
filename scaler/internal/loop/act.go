package loop

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/actuate"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/decide"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/reason"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/record"
)

// actionTimeout bounds one action. An action may boot servers. It is finished even
// when the scaler is asked to stop.
const actionTimeout = 30 * time.Minute

// actions carries one round's decision out.
type actions struct {
	*round
	id     string // of the cluster
	failed []error
}

// act carries a decision out: marks first, because they are cheap and undo what the
// rest must not do; then removals, which free quota; then new workers. What is not
// begun before the facts are too old is left to the next round.
func (r *round) act(ctx context.Context, d decide.Decision) error {
	a := &actions{round: r, id: r.facts.Cluster.Document.ID}
	gone := going(d)
	logConsoles := a.readConsoles(ctx, slices.Concat(d.Remove, d.Discard))
	if marks := d.Marks(); len(marks) > 0 {
		a.do(ctx, record.PartMarks, "ask workers to leave or stay", func(ctx context.Context) error { return r.Actuator.Mark(ctx, a.id, marks) })
	}
	if len(gone) > 0 {
		r.keepMemos(ctx, gone, false)
	}
	logConsoles() // a server that is deleted has no console any more
	if names := d.Removals(); len(names) > 0 {
		a.do(ctx, record.PartDeletions, "remove workers", func(ctx context.Context) error { return r.Actuator.Remove(ctx, a.id, names, d.Drained()) })
	}
	a.discard(ctx, d.Discard)
	a.collect(ctx, d.Collect)
	for _, add := range d.Add {
		a.do(ctx, record.PartCreations, fmt.Sprintf("add %d to group %s", add.Count, add.Group), func(ctx context.Context) error { return a.add(ctx, add) })
	}
	r.keepMemos(ctx, gone, true)
	return errors.Join(a.failed...)
}

// do carries one action out, unless the scaler is asked to stop or the facts are
// too old by now.
func (a *actions) do(ctx context.Context, part record.Part, what string, call func(ctx context.Context) error) {
	if ctx.Err() != nil {
		return // the next scaler sees the same need
	}
	if age := a.now().Sub(a.facts.Queue.ReadAt()); age > a.policy.MaxAge {
		why := reason.New(reason.PutOff, reason.Span("age", age))
		a.record.Notes = append(a.record.Notes, decide.Note{About: what, Reason: why})
		a.Log.Info("not done", "about", what, "because", why.String())
		return
	}
	defer a.times.enter(part)()
	calling, cancel := context.WithTimeout(context.WithoutCancel(ctx), actionTimeout)
	defer cancel()
	calling, release := a.guard(calling)
	defer release()
	if err := call(calling); err != nil {
		err = fmt.Errorf("%s: %w", what, err)
		a.failed = append(a.failed, err)
		a.record.Failed(err)
	}
}

// add makes workers, and notes a failure of their group.
func (a *actions) add(ctx context.Context, add decide.Add) error {
	var names []string
	var err error
	if z, ok := a.Actuator.(zonal); ok && len(add.Avoid) > 0 {
		names, err = z.AddOutside(ctx, a.id, add.Group, add.Count, add.Avoid)
	} else {
		names, err = a.Actuator.Add(ctx, a.id, add.Group, add.Count)
	}
	a.record.Added = append(a.record.Added, names...)
	if err != nil && !errors.Is(ctx.Err(), context.Canceled) { // else the lease is lost, and nothing is known of the group
		now := a.state.follow(a.now())
		a.state.memory = a.state.memory.Failed(now, faultsOf(add.Group, err)...)
	}
	return err
}

// faultsOf returns what went wrong with new workers, by zone where the error names one.
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
func (a *actions) discard(ctx context.Context, steps []decide.Step) {
	for _, s := range steps {
		what := fmt.Sprintf("delete server %s of name %s", s.Server, s.Worker)
		d, ok := a.Actuator.(discarder)
		if !ok {
			why := reason.New(reason.DiscardUnknown, reason.Name("server", s.Server))
			a.record.Notes = append(a.record.Notes, decide.Note{About: s.Worker, Reason: why})
			continue
		}
		a.do(ctx, record.PartDeletions, what, func(ctx context.Context) error { return d.Discard(ctx, a.id, s.Server) })
	}
}

// collect deletes what deleted servers left. A failure is tried again later; the
// round has not failed by it.
func (a *actions) collect(ctx context.Context, gone []decide.Remains) {
	if a.Remains == nil || a.DryRun {
		return
	}
	for _, g := range gone {
		if ctx.Err() != nil || a.state.warned.has(remainsForbidden) {
			return
		}
		found, err := a.collectOne(ctx, g)
		now := a.state.follow(a.now())
		a.state.memory = a.state.memory.Collected(g.Server, err, now)
		if len(found) > 0 {
			a.record.Collected = append(a.record.Collected, found...)
			a.Log.Warn("what a deleted server had left is deleted", "worker", g.Worker, "server", g.Server, "what", strings.Join(found, ", "))
		}
		switch {
		case cluster.IsKind(err, cluster.FaultForbidden):
			a.state.warned.begin(remainsForbidden, "")
			a.Log.Error("ports and volumes that deleted servers leave stay: the credential has no right to look for them", "error", err)
		case err != nil:
			a.Log.Warn("what a deleted server left could not be deleted; the scaler tries again later", "worker", g.Worker, "server", g.Server, "error", err)
		}
	}
}

func (a *actions) collectOne(ctx context.Context, g decide.Remains) ([]string, error) {
	defer a.times.enter(record.PartRemains)()
	calling, cancel := context.WithTimeout(context.WithoutCancel(ctx), readTimeout)
	defer cancel()
	calling, release := a.guard(calling)
	defer release()
	return a.Remains.CollectRemains(calling, g.Server, g.Volumes)
}
