package loop

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/actuate"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/decide"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/reason"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/record"
)

// actionTimeout bounds one action: the client gives no request more time than that. An
// action waits for no server. It is finished even when the scaler is asked to stop.
const actionTimeout = 5 * time.Minute

// actions carries one round's decision out.
type actions struct {
	*round
	id     string // of the cluster
	failed []error
}

// act carries a decision out: marks first, because they are cheap and undo what the
// rest must not do; then drains, which follow the marks; then the roster's new workers,
// which wait for their join; then workers without a server, whose jobs wait for that; then
// deletions, which free quota; then new workers. Nothing is waited for: later rounds see
// what came of it. What is not begun before the facts are too old is left to the next
// round.
func (r *round) act(ctx context.Context, d decide.Decision) error {
	a := &actions{round: r, id: r.facts.Cluster.Document.ID}
	a.drain(ctx, d, a.mark(ctx, d))
	a.enrol(ctx, d.Enrol)
	remove, discard := a.afterConsoles(ctx, d.Remove), a.afterConsoles(ctx, d.Discard)
	gone := servers(remove, discard)
	if len(gone) > 0 {
		r.keepMemos(ctx, gone, false)
	}
	a.forget(ctx, d.Forget)
	a.remove(ctx, remove)
	a.discard(ctx, discard)
	a.collect(ctx, d.Collect)
	a.post(ctx, d.Add)
	r.keepMemos(ctx, gone, true)
	return errors.Join(a.failed...)
}

// do carries one action out, unless the scaler is asked to stop or the facts are
// too old by now.
func (a *actions) do(ctx context.Context, part record.Part, what string, call func(ctx context.Context) error) {
	if !a.mayBegin(ctx, what) {
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

// mayBegin reports whether an action may begin, and notes why not.
func (a *actions) mayBegin(ctx context.Context, what string) bool {
	if ctx.Err() != nil {
		return false // the next scaler sees the same need
	}
	if age := a.now().Sub(a.facts.Queue.ReadAt()); age > a.policy.MaxAge {
		a.putOff(what, reason.New(reason.PutOff, reason.Span("age", age)))
		return false
	}
	return true
}

// putOff notes why an action is left to a later round.
func (a *actions) putOff(what string, why reason.Reason) {
	a.record.Notes = append(a.record.Notes, decide.Note{About: what, Reason: why})
	a.Log.Info("not done", "about", what, "because", why.String())
}

// mark asks workers to leave, or to stay after all. It reports whether all that are to be
// marked are.
func (a *actions) mark(ctx context.Context, d decide.Decision) (done bool) {
	marks := d.Marks()
	if len(marks) == 0 {
		return true
	}
	a.do(ctx, record.PartMarks, "ask workers to leave or stay", func(ctx context.Context) error {
		err := a.Actuator.Mark(ctx, a.id, marks)
		done = err == nil
		return err
	})
	return done
}

// enrol writes the workers of a decision into the roster. While that fails, their groups
// get no others.
func (a *actions) enrol(ctx context.Context, steps []decide.Step) {
	if len(steps) == 0 {
		return
	}
	a.do(ctx, record.PartEnrolments, "enrol workers", func(calling context.Context) error {
		names, err := a.Actuator.Enrol(calling, enrollable(a.facts.Cluster, steps))
		a.record.Enrolled = append(a.record.Enrolled, names...)
		a.state.begun.coming = without(a.state.begun.coming, names)
		if err != nil {
			a.note(calling, faultsOf(groupsOf(steps), decide.NotEnrolled, err)...)
		}
		return err
	})
}

// enrollable returns a view in which only servers of the steps' names prove their
// batches: no other can be enrolled, and each still counts as a server of its name.
func enrollable(v cluster.View, steps []decide.Step) cluster.View {
	decided := decide.Workers(steps)
	v.Nodes = slices.Clone(v.Nodes)
	for i, n := range v.Nodes {
		if !slices.Contains(decided, n.Name) {
			v.Nodes[i].BatchCA = ""
		}
	}
	return v
}

// remove asks for the deletion of workers' servers.
func (a *actions) remove(ctx context.Context, steps []decide.Step) {
	if len(steps) == 0 {
		return
	}
	a.do(ctx, record.PartDeletions, "remove workers", func(ctx context.Context) error {
		accepted, err := a.Actuator.Remove(ctx, a.id, decide.Workers(steps), decide.Marked(steps))
		for _, s := range steps {
			if s.Server != "" && slices.Contains(accepted, s.Worker) {
				a.deleted(s.Server)
				if _, listed := a.facts.Cluster.Document.Member(s.Worker); listed {
					a.state.begun.going = append(a.state.begun.going, s.Worker)
				}
			}
		}
		return err
	})
}

// discard asks for the deletion of servers by their IDs.
func (a *actions) discard(ctx context.Context, steps []decide.Step) {
	for _, s := range steps {
		what := fmt.Sprintf("delete server %s of name %s", s.Server, s.Worker)
		d, ok := a.Actuator.(discarder)
		if !ok {
			why := reason.New(reason.DiscardUnknown, reason.Name("server", s.Server))
			a.record.Notes = append(a.record.Notes, decide.Note{About: s.Worker, Reason: why})
			continue
		}
		a.do(ctx, record.PartDeletions, what, func(ctx context.Context) error {
			err := d.Discard(ctx, a.id, s.Server)
			var off actuate.PutOffError
			switch {
			case errors.As(err, &off):
				a.Log.Info("not done", "about", what, "because", off.Error())
				return nil
			case err == nil:
				a.deleted(s.Server)
			}
			return err
		})
	}
}

// deleted notes that the cloud has accepted the deletion of a server.
func (a *actions) deleted(server string) {
	now := a.state.follow(a.now())
	a.state.memory = a.state.memory.Deleted(now, server)
}

// forget takes workers out of the roster whose servers are gone.
func (a *actions) forget(ctx context.Context, steps []decide.Step) {
	var gone []string
	if len(steps) > 0 {
		a.do(ctx, record.PartForgets, "forget workers without a server", func(ctx context.Context) (err error) {
			gone, err = a.Actuator.Forget(ctx, a.id, decide.Workers(steps))
			a.state.begun.going = without(a.state.begun.going, gone)
			return err
		})
	}
	a.erase(ctx, gone)
}

// without returns the names that are not among the others.
func without(names, others []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool { return slices.Contains(others, name) })
}

// note remembers failures of groups, unless the action was ended by the loss of the
// lease: then nothing is known of the groups.
func (a *actions) note(ctx context.Context, faults ...decide.Fault) {
	if !errors.Is(ctx.Err(), context.Canceled) {
		now := a.state.follow(a.now())
		a.state.memory = a.state.memory.Failed(now, faults...)
	}
}

// groupsOf returns the groups that steps are about, each once.
func groupsOf(steps []decide.Step) []string {
	var groups []string
	for _, s := range steps {
		if !slices.Contains(groups, s.Group) {
			groups = append(groups, s.Group)
		}
	}
	return groups
}

// going returns the servers that a decision deletes.
func going(d decide.Decision) []string { return servers(d.Remove, d.Discard) }

// servers returns the IDs of the servers that steps are about.
func servers(all ...[]decide.Step) []string {
	ids := []string{}
	for _, steps := range all {
		for _, s := range steps {
			if s.Server != "" {
				ids = append(ids, s.Server)
			}
		}
	}
	return ids
}

// kindOf returns the kind of a failure to make workers.
func kindOf(err error) cluster.FaultKind {
	if errors.Is(err, cluster.ErrDocumentConflict) {
		return cluster.FaultConflict
	}
	return cluster.KindOf(err)
}

// faultsOf returns what went wrong with workers of the groups.
func faultsOf(groups []string, kind cluster.FaultKind, err error) []decide.Fault {
	var faults []decide.Fault
	for _, group := range groups {
		faults = append(faults, decide.Fault{Group: group, Kind: kind, Why: reason.Said(err.Error())})
	}
	return faults
}
