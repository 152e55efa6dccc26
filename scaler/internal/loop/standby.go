package loop

import (
	"context"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/decide"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/record"
)

// Reports is a cluster whose front-end's report can be read in two ways: taken from
// its slot, so that the next one can come, or left there for the scaler that acts.
type Reports interface {
	KeepReports(keep bool)
}

// keepReports has this round's reading leave the report to another scaler, as long
// as there may be one.
func (l *Loop) keepReports() {
	if l.Reports != nil {
		l.leaves = l.Lease != nil && !l.mine && !l.alone
		l.Reports.KeepReports(l.leaves)
	}
}

// takeReport makes room for the front-end's next report when this scaler begins to
// act: its readings so far have left what stood there.
func (l *Loop) takeReport(ctx context.Context) {
	if l.Reports == nil || !l.leaves {
		return
	}
	l.Reports.KeepReports(false)
	if _, err := l.Cluster.Read(ctx); err != nil {
		l.Log.Debug("the front-end's report could not be taken; the next round does", "error", err)
	}
}

// Lease has one of several scalers of a cluster act.
type Lease interface {
	// Hold looks at who holds the lease, by what was just read, and takes it if it
	// is free and to be taken.
	Hold(ctx context.Context, v cluster.View, take bool) (record.Standing, error)
	// While returns a context that ends when the lease is lost.
	While(ctx context.Context) (context.Context, context.CancelFunc)
	// Release gives the lease back.
	Release(ctx context.Context) error
}

const releaseTimeout = 30 * time.Second

// hold tells whether this scaler may act in this round, and says for whom it
// waits. A round that only watches takes no lease.
func (l *Loop) hold(ctx context.Context, f decide.Facts, act bool, r *record.Record) (bool, error) {
	if l.Lease == nil || l.DryRun {
		l.mine = act && !l.DryRun
		return act, nil
	}
	s, err := l.Lease.Hold(ctx, f.Cluster, act)
	began := s.Mine && !l.mine
	l.mine, l.alone = s.Mine, err == nil && s.Holder == ""
	r.Holder = s.Holder
	if began && act {
		l.takeReport(ctx)
	}
	waits := ""
	l.unsure = false
	switch {
	case err != nil:
		waits = err.Error()
	case s.Holder != "":
		waits = "scaler " + s.Holder + " acts for this cluster, this one waits"
		l.unsure = act && !s.Sure
	case act && !s.Mine:
		waits = "another scaler wanted the lease at the same moment"
		l.unsure = true
	}
	if act {
		r.Standby = waits
	}
	if waits != l.waits {
		if waits == "" {
			l.Log.Info("this scaler acts")
		} else {
			l.Log.Warn("nothing is done: " + waits)
		}
		l.waits = waits
	}
	return act && waits == "" && s.Mine, err
}

// guard returns a context for an action: it ends when another scaler takes over.
func (l *Loop) guard(ctx context.Context) (context.Context, context.CancelFunc) {
	if l.Lease == nil || l.DryRun {
		return ctx, func() {}
	}
	return l.Lease.While(ctx)
}

// Release gives the lease back, once nothing is under way any more.
func (l *Loop) Release(ctx context.Context) error {
	if l.Lease == nil {
		return nil
	}
	releasing, cancel := context.WithTimeout(context.WithoutCancel(ctx), releaseTimeout)
	defer cancel()
	return l.Lease.Release(releasing)
}
