package decide

import (
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/fleet"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/reason"
)

// When more workers than this are sick, the cause is not in the workers but in a
// switch, a storage, or the pool itself. Whatever is done then may make it worse.
const (
	sickPercent = 45
	sickWorkers = 3
)

// sickness returns why nothing may be done at all; zero where few workers are sick.
func sickness(r round) reason.Reason {
	workers, total := 0, 0
	sick := map[reason.Code]int{}
	var order []reason.Code
	for _, w := range r.fleet.Workers {
		if !r.manages(w.Group) || w.Phase == fleet.Vanished || w.Phase == fleet.Foreign || w.Node.Status == cluster.StatusDeleting {
			continue // a worker that is being deleted is not sick
		}
		workers++
		if how := sickOf(r, w); how != "" {
			if sick[how] == 0 {
				order = append(order, how)
			}
			sick[how]++
			total++
		}
	}
	if total <= sickWorkers || 100*total <= sickPercent*workers {
		return reason.Reason{}
	}
	var how []reason.Reason
	for _, code := range order {
		how = append(how, reason.New(code, reason.Count("workers", sick[code])))
	}
	return reason.New(reason.TooManySick, reason.Count("sick", total), reason.Count("workers", workers),
		reason.Why("how", how...), reason.Count("percent", sickPercent))
}

// sickOf returns how a worker is sick that was healthy before; "" if it is not. A
// worker that never came up is no sign of a sudden trouble: it is replaced, and the
// breaker of its group limits further ones.
func sickOf(r round, w fleet.Worker) reason.Code {
	switch {
	case w.Phase == fleet.Stopped:
		return reason.SickStopped
	case w.Phase == fleet.Broken && !w.Orphan && !neverCame(r, w):
		return reason.SickError
	case w.Node.Status == cluster.StatusUnknown:
		return reason.SickUnreached
	case w.Phase == fleet.Leaving || w.InPool || !w.WasHealthy:
		return ""
	case w.Phase == fleet.Absent || r.absent(w) >= lostAfter(r.policy):
		return reason.SickLost
	}
	return ""
}

// neverCame reports whether a worker in ERROR is one that Nova could not build: such a
// one may have got an address, and come into the roster, before the build failed.
func neverCame(r round, w fleet.Worker) bool {
	return !w.WasHealthy && r.now.Sub(w.Node.Created) < r.policy.JoinTimeout
}

// lostAfter returns how long a worker may be out of the pool before that means
// something: its ads live that long, and a new directory of workers needs that long.
func lostAfter(p Policy) time.Duration { return p.PoolSettle + time.Minute }
