package terraform

import (
	"context"
	"fmt"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/actuate"
)

// runs carries out wishes until none is left.
func (a *Actuator) runs(ctx context.Context, clusterID string, done chan struct{}) {
	defer close(done)
	timer := time.NewTimer(gather)
	<-timer.C
	for {
		w, more := a.next()
		if !more {
			return
		}
		start := time.Now()
		err := a.guarded(ctx, clusterID, w)
		if a.ended(err) {
			a.o.Log("terraform run failed", "error", err)
			return
		}
		a.o.Log("terraform run has ended", "seconds", int(time.Since(start).Seconds()))
	}
}

// guarded carries a wish out while the lease is held. The run outlives the call that
// began it. When the lease is lost, the running program is interrupted, so that it
// writes its state and releases the state's lock. Nothing else is begun, because the
// scaler that took over may run Terraform itself.
func (a *Actuator) guarded(ctx context.Context, clusterID string, w wish) error {
	running, cancel := context.WithTimeout(context.WithoutCancel(ctx), a.o.Timeout)
	defer cancel()
	guarded, release := a.o.While(running)
	defer release()
	r := run{o: a.o, file: &a.file, clusterID: clusterID, known: a.known}
	err := r.carryOut(guarded, w)
	if err != nil && guarded.Err() != nil && running.Err() == nil {
		return actuate.PutOffError{Err: fmt.Errorf("%w: %w", context.Cause(guarded), err)}
	}
	return err
}

// next returns the wishes of the present round, if they are new.
func (a *Actuator) next() (w wish, more bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	done := a.finishing && !a.gathering
	a.gathering = false
	if done || a.want.empty() || a.want.equal(a.doing) {
		a.running, a.doing = nil, newWish()
		return w, false
	}
	a.doing = a.want.clone()
	return a.doing, true
}

// ended notes the result of a run. It reports whether no other run follows now.
func (a *Actuator) ended(err error) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if err == nil {
		a.pause, a.paused = 0, time.Time{}
		return false
	}
	a.failed, a.grew, a.reported = err, a.doing, false
	a.pause = min(max(2*a.pause, firstPause), longestPause)
	a.paused = time.Now().Add(a.pause)
	a.running, a.doing = nil, newWish()
	return true
}

// known returns the nodes of the last reading: a list leaves out the servers of a cell
// that is down.
func (a *Actuator) known() cluster.Nodes {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.last.Nodes
}
