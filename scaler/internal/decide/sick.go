package decide

import (
	"fmt"
	"strings"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/fleet"
)

// When more workers than this are sick, the trouble is not the workers': a switch,
// a storage, the pool itself. Whatever is done then may make it worse.
const (
	sickPercent = 45
	sickWorkers = 3
)

// sickness says why nothing may be done at all, or "".
func (t *tick) sickness() string {
	all, sick := 0, map[string]int{}
	var order []string
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
		return ""
	}
	var parts []string
	for _, how := range order {
		parts = append(parts, fmt.Sprintf("%d %s", sick[how], how))
	}
	return fmt.Sprintf("%d of %d workers are sick (%s): nothing is made or removed until no more than %d %% are",
		total, all, strings.Join(parts, ", "), sickPercent)
}

// sick says what is wrong with a worker that was well once. One that never came
// up is no sign of a sudden trouble: it is replaced, and its group's breaker sees
// to the rest.
func (t *tick) sick(w fleet.Worker) string {
	switch {
	case w.Phase == fleet.Stopped:
		return "stopped"
	case w.Phase == fleet.Broken && !w.Orphan:
		return "in ERROR"
	case w.Node.Status == cluster.StatusUnknown:
		return "on hosts that Nova does not reach"
	case w.Phase == fleet.Leaving || w.InPool || !w.WasWell:
		return ""
	case w.Phase == fleet.Absent || t.now.Sub(w.AbsentSince) >= t.lostAfter():
		return "gone from the pool"
	}
	return ""
}

// lostAfter is how long a worker may be out of the pool before that means
// something: its ads live that long, and a new directory of workers needs that long.
func (t *tick) lostAfter() time.Duration { return t.p.PoolSettle + time.Minute }
