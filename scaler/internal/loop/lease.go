package loop

import (
	"context"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/record"
)

// releaseTimeout bounds the release of the lease.
const releaseTimeout = 30 * time.Second

// leaseState is how this scaler stands to the lease, by the last round that asked.
type leaseState struct {
	standing record.Standing
	free     bool // no other scaler holds it
	unsure   bool // another scaler may hold it, or may have died with it: to be asked again
	left     bool // the last reading left the front-end's report in its slot
}

// takeReport makes room for the front-end's next report when this scaler begins to
// act: its readings so far have left the report in its slot.
func (r *round) takeReport(ctx context.Context) {
	if r.Reports == nil || !r.state.lease.left {
		return
	}
	r.beginReport(ctx, r.facts.Cluster, false)
}

// hold reports whether this scaler may act in this round, and notes why not. A round
// that only watches takes no lease.
func (r *round) hold(ctx context.Context) (bool, error) {
	state := &r.state.lease
	act := r.mode == acting || r.mode == finishing
	if r.Lease == nil || r.DryRun || r.mode == pretending {
		*state = leaseState{standing: record.Standing{Mine: act && !r.DryRun}, left: state.left}
		return act, nil
	}
	defer r.times.enter(record.PartLease)()
	was := state.standing
	s, err := r.Lease.Hold(ctx, r.facts.Cluster, act)
	*state = leaseState{standing: s, free: err == nil && s.Holder == "", left: state.left}
	r.record.Holder = s.Holder
	if act && s.Mine && !was.Mine {
		r.takeReport(ctx)
	}
	waits := ""
	switch {
	case err != nil:
		waits = err.Error()
	case s.Holder != "":
		waits = "scaler " + s.Holder + " acts for this cluster, this one waits"
		state.unsure = act && !s.Sure
	case act && !s.Mine:
		waits = "another scaler wanted the lease at the same moment"
		state.unsure = true
	}
	if act {
		r.record.Standby = waits
	}
	r.logWait(waits)
	return act && waits == "" && s.Mine, err
}

// guard returns a context for an action: it ends when the lease is lost.
func (r *round) guard(ctx context.Context) (context.Context, context.CancelFunc) {
	if r.Lease == nil || r.DryRun {
		return ctx, func() {}
	}
	return r.Lease.While(ctx)
}
