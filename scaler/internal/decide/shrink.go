package decide

import (
	"fmt"
	"slices"
	"strings"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/fleet"
)

// unsafe says why nothing may be concluded from what is not there; "" means
// that the facts are whole.
func (t *tick) unsafe() string {
	q := t.facts.Queue
	if len(q.Partial) > 0 {
		return "what was read is not whole: " + strings.Join(q.Partial, "; ")
	}
	if age := t.now.Sub(q.PoolSince); age < t.p.PoolSettle {
		return fmt.Sprintf("the collector was started %s ago, less than %s", short(age), short(t.p.PoolSettle))
	}
	return ""
}

// leaving carries on with workers that are on their way out by our mark.
func (t *tick) leaving() {
	unsafe := t.unsafe()
	for _, w := range t.fleet.Workers {
		if w.Phase != fleet.Leaving || !t.isManaged(w.Group) {
			continue
		}
		if w.Mark != cluster.LeaveIdle {
			t.d.note(w.Name, "is leaving by somebody else's wish")
			continue
		}
		if w.Drained {
			t.m.Closed[w.Name] = true
		} else if t.fleet.Reported {
			delete(t.m.Closed, w.Name) // it has been open meanwhile, by another's wish
		}
		closed, gone := t.m.Closed[w.Name], t.gone(w)
		what := "is closed"
		if !closed {
			what = fmt.Sprintf("is asked to leave, and not in the pool for %s", short(t.now.Sub(w.AbsentSince)))
		}
		waiting := t.demand.On(w.Name)
		switch {
		case w.Node.Protected:
			t.undrain(w, "is protected by its metadata")
		case waiting > 0:
			t.undrain(w, jobs(waiting)+" came that fit it")
		case slices.Contains(t.demand.Spares, w.Name):
			t.undrain(w, fmt.Sprintf("is wanted again: spare = %d", t.p.Groups[w.Group].Spare))
		case w.Refused:
			t.undrain(w, "the front-end refused to close it: it has a job")
		case !closed && !gone:
			t.d.note(w.Name, fmt.Sprintf("is asked to leave; the front-end has not closed it yet (generation %d)", t.fleet.Generation))
		case w.Jobs > 0:
			delete(t.m.Confirmed, w.Name)
			t.d.note(w.Name, fmt.Sprintf("%s, but %s still on it by the queue's account", what, jobs(w.Jobs)))
		case unsafe != "":
			t.d.note(w.Name, what+", and is not removed now: "+unsafe)
		case !t.confirmed(w):
			t.d.note(w.Name, what+"; the queue is read again before it is removed")
		case closed:
			t.remove(w, "closed by the front-end, and two readings of the queue found no job on it")
		default:
			t.remove(w, what+fmt.Sprintf(" (join_timeout = %s), and two readings of the queue found no job on it", short(t.p.JoinTimeout)))
		}
	}
}

// gone tells that a worker has been out of the pool for so long that nobody can
// be expected to close it.
func (t *tick) gone(w fleet.Worker) bool {
	return !w.InPool && t.now.Sub(w.AbsentSince) >= t.p.JoinTimeout
}

// confirmed counts this reading for the worker's removal and tells whether that
// is enough: two readings, and some time between them.
func (t *tick) confirmed(w fleet.Worker) bool {
	c := t.m.confirm(w.Name, w.Node.ID, t.facts.Queue.JobsAt, t.now)
	return c.Reads >= 2 && t.now.Sub(c.First) >= t.p.DrainRecheck
}

// shrink asks idle workers to leave, the longest idle first.
func (t *tick) shrink() {
	unsafe := t.unsafe()
	var idle []fleet.Worker
	staying := map[string]int{}
	for _, w := range t.fleet.Workers {
		if !t.isManaged(w.Group) {
			continue
		}
		switch w.Phase {
		case fleet.Idle, fleet.Busy, fleet.Booting:
			staying[w.Group]++
			if w.Node.Broken() {
				t.d.note(w.Name, "its server is in ERROR, and yet it works in the pool: treated like the others")
			}
		case fleet.Closed:
			t.d.note(w.Name, "takes no jobs ("+w.Pool.State+"), and not by this scaler's wish: left alone")
		case fleet.Stopped:
			t.d.note(w.Name, "its server is "+string(w.Node.Status)+": left alone")
		}
		if w.Phase == fleet.Idle {
			idle = append(idle, w)
		}
	}
	for _, s := range t.d.Undrain {
		staying[s.Group]++
	}
	slices.SortStableFunc(idle, func(a, b fleet.Worker) int {
		if c := a.Pool.IdleSince.Compare(b.Pool.IdleSince); c != 0 {
			return c
		}
		return cluster.CompareNames(b.Name, a.Name)
	})
	for _, w := range idle {
		reason, leaves := t.mayLeave(w, staying[w.Group], unsafe)
		if !leaves {
			t.d.note(w.Name, reason)
			continue
		}
		staying[w.Group]--
		t.d.Drain = append(t.d.Drain, Step{Worker: w.Name, Group: w.Group, Reason: reason})
	}
}

// mayLeave tells whether an idle worker is asked to leave, and why or why not.
func (t *tick) mayLeave(w fleet.Worker, staying int, unsafe string) (string, bool) {
	limit, what := t.p.IdleAfter, "idle_after"
	if !w.Pool.RanBefore && t.p.FirstJobGrace > limit {
		limit, what = t.p.FirstJobGrace, "first_job_grace"
	}
	idle := t.now.Sub(w.Pool.IdleSince)
	waiting := t.demand.On(w.Name)
	switch {
	case waiting > 0:
		return fmt.Sprintf("idle for %s, stays: %s fit it", short(idle), jobs(waiting)), false
	case idle < limit:
		return fmt.Sprintf("idle for %s of %s = %s", short(idle), what, short(limit)), false
	case w.Node.Protected:
		return fmt.Sprintf("idle for %s, stays: protected by its metadata", short(idle)), false
	case staying <= t.p.Groups[w.Group].Min:
		return fmt.Sprintf("idle for %s, stays: min = %d", short(idle), t.p.Groups[w.Group].Min), false
	case slices.Contains(t.demand.Spares, w.Name):
		return fmt.Sprintf("idle for %s, stays: spare = %d", short(idle), t.p.Groups[w.Group].Spare), false
	case !w.Listed:
		return fmt.Sprintf("idle for %s, stays: it is not in the cluster's roster yet", short(idle)), false
	case unsafe != "":
		return fmt.Sprintf("idle for %s, stays: %s", short(idle), unsafe), false
	case len(t.d.Drain) >= t.p.MaxRemove:
		return fmt.Sprintf("idle for %s, stays for now: max_remove = %d", short(idle), t.p.MaxRemove), false
	}
	return fmt.Sprintf("idle for %s (%s = %s), and no waiting job fits it", short(idle), what, short(limit)), true
}

// clear removes servers that will not do: in ERROR, never joined, or gone.
func (t *tick) clear() {
	unsafe := t.unsafe()
	failed := map[string]string{}
	for _, w := range t.fleet.Workers {
		if !t.isManaged(w.Group) {
			continue
		}
		switch w.Phase {
		case fleet.Broken:
			why := "its server is in ERROR"
			if w.Node.Fault != nil {
				why += ": " + w.Node.Fault.Message
			}
			if t.spared(w, why) {
				continue
			}
			if w.Listed && unsafe != "" { // it may have come to run jobs
				t.d.note(w.Name, why+"; not removed now: "+unsafe)
				continue
			}
			t.remove(w, why)
			t.blame(w, why, failed)
		case fleet.Absent:
			why := fmt.Sprintf("not in the pool for %s (join_timeout = %s)", short(t.now.Sub(w.AbsentSince)), short(t.p.JoinTimeout))
			if t.spared(w, why) {
				continue
			}
			if unsafe != "" || !t.confirmed(w) {
				t.d.note(w.Name, why+"; it is looked for again before it is replaced"+because(unsafe))
				continue
			}
			t.remove(w, why)
			t.blame(w, why, failed)
		case fleet.Vanished:
			if t.confirmed(w) {
				t.remove(w, "in the roster, but it has no server")
			}
		default:
			if w.Phase != fleet.Leaving {
				delete(t.m.Confirmed, w.Name)
			}
		}
	}
	for group, why := range failed {
		t.m = t.m.Failed(group, why, t.now)
	}
}

// blame counts a server's failure once, however often its removal is tried.
func (t *tick) blame(w fleet.Worker, why string, failed map[string]string) {
	if id, before := t.m.Blamed[w.Name]; before && id == w.Node.ID {
		t.again[w.Group]++
		return
	}
	t.m.Blamed[w.Name] = w.Node.ID
	failed[w.Group] = why
}

// spared tells, and notes, that a worker is kept for all that is wrong with it.
func (t *tick) spared(w fleet.Worker, why string) bool {
	switch {
	case w.Node.Protected:
		t.d.note(w.Name, why+"; kept: protected by its metadata")
	case w.Jobs > 0:
		t.d.note(w.Name, fmt.Sprintf("%s; kept: %s on it by the queue's account", why, jobs(w.Jobs)))
	default:
		return false
	}
	return true
}

func because(unsafe string) string {
	if unsafe == "" {
		return ""
	}
	return " (" + unsafe + ")"
}

func (t *tick) undrain(w fleet.Worker, reason string) {
	delete(t.m.Confirmed, w.Name)
	t.d.Undrain = append(t.d.Undrain, Step{Worker: w.Name, Group: w.Group, Reason: reason})
}

func (t *tick) remove(w fleet.Worker, reason string) {
	t.d.Remove = append(t.d.Remove, Step{Worker: w.Name, Group: w.Group, Reason: reason})
}
