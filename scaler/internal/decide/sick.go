package decide

import (
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/fleet"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/reason"
)

// When more workers than this are sick, the trouble is not the workers': a switch,
// a storage, the pool itself. Whatever is done then may make it worse.
const (
	sickPercent = 45
	sickWorkers = 3
)

// sickness says why nothing may be done at all, or "".
func (t *tick) sickness() reason.Reason {
	all, sick := 0, map[reason.Code]int{}
	var order []reason.Code
	total := 0
	for _, w := range t.fleet.Workers {
		if !t.isManaged(w.Group) || w.Phase == fleet.Vanished || w.Phase == fleet.Foreign || w.Node.Status == cluster.StatusDeleting {
			continue // one that somebody deletes just now is not sick
		}
		all++
		if how := t.sick(w); how != "" {
			if sick[how] == 0 {
				order = append(order, how)
			}
			sick[how]++
			total++
		}
	}
	if total <= sickWorkers || 100*total <= sickPercent*all {
		return reason.Reason{}
	}
	var parts []reason.Reason
	for _, how := range order {
		parts = append(parts, reason.New(how, reason.Count("workers", sick[how])))
	}
	return reason.New(reason.TooManySick, reason.Count("sick", total), reason.Count("workers", all),
		reason.Why("how", parts...), reason.Count("percent", sickPercent))
}

// sick says what is wrong with a worker that was well once. One that never came
// up is no sign of a sudden trouble: it is replaced, and its group's breaker sees
// to the rest.
func (t *tick) sick(w fleet.Worker) reason.Code {
	switch {
	case w.Phase == fleet.Stopped:
		return reason.SickStopped
	case w.Phase == fleet.Broken && !w.Orphan:
		return reason.SickError
	case w.Node.Status == cluster.StatusUnknown:
		return reason.SickUnreached
	case w.Phase == fleet.Leaving || w.InPool || !w.WasWell:
		return ""
	case w.Phase == fleet.Absent || t.now.Sub(w.AbsentSince) >= t.lostAfter():
		return reason.SickLost
	}
	return ""
}

// lostAfter is how long a worker may be out of the pool before that means
// something: its ads live that long, and a new directory of workers needs that long.
func (t *tick) lostAfter() time.Duration { return t.p.PoolSettle + time.Minute }
