package decide

import (
	"slices"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/demand"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/fleet"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/reason"
)

// leave carries on with workers that are on their way out by the scaler's mark: it
// calls them back, removes them, or waits.
func leave(r round, need demand.Demand, m Memory) (Decision, Memory) {
	var d Decision
	m.LastLeft, m.Closed, m.Confirmed = copied(m.LastLeft), copied(m.Closed), copied(m.Confirmed)
	lack := lackForMin(r)
	for _, w := range r.fleet.Workers {
		if w.Phase != fleet.Leaving || !r.manages(w.Group) {
			continue
		}
		m.LastLeft[w.Group] = r.now
		if w.Mark != cluster.LeaveIdle {
			d.note(w.Name, reason.New(reason.LeavesForOthers))
			continue
		}
		if w.Drained {
			m.Closed[w.Name] = true
		} else if r.fleet.Reported || r.drains() {
			delete(m.Closed, w.Name) // it has been open meanwhile, by another's wish
		}
		closed := m.Closed[w.Name]
		if why := recalled(r, need, m, w, lack[w.Group] > steps(d.Undrain, w.Group)); !why.IsZero() {
			delete(m.Confirmed, w.Name)
			d.Undrain = append(d.Undrain, stepOf(w, why))
			continue
		}
		if why, removed := removedMarked(r, w, closed, m.Confirmed); removed {
			s := removal(w, why)
			s.Marked = true
			d.Remove = append(d.Remove, s)
		} else {
			d.note(w.Name, why)
		}
	}
	return d, m
}

// lackForMin returns how many workers each group lacks for its min, those on their way
// out not counted: a schedule or an apply may have raised it.
func lackForMin(r round) map[string]int {
	lack := map[string]int{}
	for _, group := range r.managed {
		lack[group] = r.policy.Groups[group].Min - r.staying(group)
	}
	return lack
}

// recalled returns why a worker on its way out is called back; zero where it is not.
// Lacks says that its group has fewer workers than its min.
func recalled(r round, need demand.Demand, m Memory, w fleet.Worker, lacks bool) reason.Reason {
	bounds := r.policy.Groups[w.Group]
	waiting := keeping(r, need, m, w)
	switch {
	case w.Node.Protected:
		return reason.New(reason.RecalledProtected)
	case waiting > 0:
		return reason.New(reason.RecalledJobsCame, reason.Count("jobs", waiting))
	case slices.Contains(need.Spares, w.Name):
		return reason.New(reason.RecalledAsSpare, reason.Count("spare", bounds.Spare))
	case lacks && !gone(r, w):
		return reason.New(reason.RecalledForMin, reason.Count("min", bounds.Min))
	case r.undrained():
		return reason.New(reason.RecalledNoDrain)
	case w.Refused && r.drains():
		return reason.New(reason.RecalledGotJob)
	case w.Refused:
		return reason.New(reason.RecalledHasJob)
	}
	return reason.Reason{}
}

// removedMarked reports whether a worker that is on its way out is removed, and why or
// why not yet.
func removedMarked(r round, w fleet.Worker, closed bool, readings map[string]Sighting) (reason.Reason, bool) {
	what := reason.New(reason.IsClosed)
	if !closed {
		what = reason.New(reason.AskedAndAbsent, reason.Span("absent", r.absent(w)))
	}
	switch {
	case !closed && !gone(r, w) && r.drains():
		delete(readings, w.Name) // jobs may have come and gone since a reading that showed it drained
		return reason.New(reason.NotDrainedYet), false
	case !closed && !gone(r, w):
		return reason.New(reason.NotClosedYet, reason.Count("generation", int(r.fleet.Generation))), false
	case w.Jobs > 0:
		delete(readings, w.Name)
		return reason.New(reason.JobsByQueue, reason.Why("what", what), reason.Count("jobs", w.Jobs)), false
	case !r.whole():
		return reason.New(reason.NotRemovedNow, reason.Why("what", what), reason.Why("why", r.unsafe)), false
	case !confirmed(r, w, readings):
		return reason.New(reason.ReadAgainFirst, reason.Why("what", what)), false
	case closed && r.drains():
		return reason.New(reason.RemovedDrained), true
	case closed:
		return reason.New(reason.RemovedClosed), true
	}
	return reason.New(reason.RemovedAbsent, r.absence(w)...), true
}

// gone reports whether a worker has been out of the pool for so long that the
// front-end can't be expected to close it. A worker that is doubted may still run jobs.
func gone(r round, w fleet.Worker) bool { return !w.InPool && !w.Doubted && r.absent(w) >= w.Timeout }

// Sighting counts readings of the queue that agree.
type Sighting struct {
	Server string    `json:"server"` // ID: the next worker of that name starts anew
	First  time.Time `json:"first"`
	Last   time.Time `json:"last"` // time of the last reading that was counted
	Reads  int       `json:"reads"`
}

// confirmed counts this reading for a worker's removal and reports whether that
// is enough: two readings, and some time between them. A reading that was counted
// already is not counted twice. Where the scaler drains, the second reading begins after
// the first one has shown the worker drained.
func confirmed(r round, w fleet.Worker, readings map[string]Sighting) bool {
	c, readAt := readings[w.Name], r.facts.Queue.JobsAt
	if c.Reads == 0 || c.Server != w.Node.ID {
		c = Sighting{Server: w.Node.ID, First: r.now}
	}
	if c.Reads == 0 || readAt.After(c.Last) && (!r.drains() || r.facts.Queue.ReadAt().After(c.First)) {
		c.Reads++
		c.Last = readAt
	}
	readings[w.Name] = c
	return c.Reads >= 2 && r.now.Sub(c.First) >= r.policy.DrainRecheck
}
