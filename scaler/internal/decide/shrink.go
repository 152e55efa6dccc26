package decide

import (
	"cmp"
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
		return fmt.Sprintf("the %s was started %s ago, less than %s", q.Traits.DirectoryName(), short(age), short(t.p.PoolSettle))
	}
	return ""
}

// leaving carries on with workers that are on their way out by our mark.
func (t *tick) leaving() {
	unsafe := t.unsafe()
	below := t.belowMin()
	for _, w := range t.fleet.Workers {
		if w.Phase != fleet.Leaving || !t.isManaged(w.Group) {
			continue
		}
		t.m.Left[w.Group] = t.now
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
		case below[w.Group] > steps(t.d.Undrain, w.Group) && !gone:
			t.undrain(w, fmt.Sprintf("is wanted again: min = %d", t.p.Groups[w.Group].Min))
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
			t.removeMarked(w, "closed by the front-end, and two readings of the queue found no job on it")
		default:
			t.removeMarked(w, what+fmt.Sprintf(" (%s), and two readings of the queue found no job on it", t.joinText(w)))
		}
	}
}

// belowMin returns how many workers each group lacks for its min, those on their way
// out not counted: a schedule or an apply may have raised it.
func (t *tick) belowMin() map[string]int {
	lack := map[string]int{}
	for _, group := range t.managed() {
		lack[group] = t.p.Groups[group].Min - t.fleet.Count(group, fleet.Idle, fleet.Busy, fleet.Booting, fleet.Closed)
	}
	return lack
}

// gone tells that a worker has been out of the pool for so long that nobody can
// be expected to close it.
func (t *tick) gone(w fleet.Worker) bool {
	return !w.InPool && t.now.Sub(w.AbsentSince) >= w.Timeout
}

// confirmed counts this reading for the worker's removal and tells whether that
// is enough: two readings, and some time between them.
func (t *tick) confirmed(w fleet.Worker) bool {
	c := t.m.confirm(w.Name, w.Node.ID, t.facts.Queue.JobsAt, t.now)
	return c.Reads >= 2 && t.now.Sub(c.First) >= t.p.DrainRecheck
}

// shrink asks idle workers to leave: first those whose server is broken, then
// those that never had a job, then the longest idle.
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
	slices.SortStableFunc(idle, leavesBefore)
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

func leavesBefore(a, b fleet.Worker) int {
	rank := func(w fleet.Worker) int {
		switch {
		case w.Node.Broken():
			return 0
		case !w.Pool.RanBefore:
			return 1
		}
		return 2
	}
	return cmp.Or(
		cmp.Compare(rank(a), rank(b)),
		a.Pool.IdleSince.Compare(b.Pool.IdleSince),
		cluster.CompareNames(b.Name, a.Name),
	)
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
	case t.p.InCooldown > 0 && t.now.Sub(t.newest(w.Group)) < t.p.InCooldown:
		return fmt.Sprintf("idle for %s, stays for now: the group's newest worker was made %s ago, scale_in_cooldown = %s",
			short(idle), short(t.now.Sub(t.newest(w.Group))), short(t.p.InCooldown)), false
	case t.now.Sub(t.m.Left[w.Group]) < t.p.InCooldown:
		return fmt.Sprintf("idle for %s, stays for now: another one was leaving %s ago, scale_in_cooldown = %s",
			short(idle), short(t.now.Sub(t.m.Left[w.Group])), short(t.p.InCooldown)), false
	case len(t.d.Drain) >= t.p.MaxRemove:
		return fmt.Sprintf("idle for %s, stays for now: max_remove = %d", short(idle), t.p.MaxRemove), false
	}
	return fmt.Sprintf("idle for %s (%s = %s), and no waiting job fits it", short(idle), what, short(limit)), true
}

// clear removes servers that will not do: in ERROR, never joined, or gone.
func (t *tick) clear() {
	unsafe := t.unsafe()
	var failed []Fault
	for _, w := range t.fleet.Workers {
		if !t.isManaged(w.Group) {
			continue
		}
		switch w.Phase {
		case fleet.Broken:
			why, kind := "its server is in ERROR", cluster.FaultOther
			if w.Node.Fault != nil {
				why += ": " + w.Node.Fault.Message
				kind = cluster.FaultOfWords(w.Node.Fault.Message)
			}
			if t.spared(w, why) {
				continue
			}
			if w.Listed && unsafe != "" { // it may have come to run jobs
				t.d.note(w.Name, why+"; not removed now: "+unsafe)
				continue
			}
			t.dismiss(w, why)
			failed = t.blame(failed, w, kind, why)
		case fleet.Absent:
			why := fmt.Sprintf("not in the pool for %s (%s)", short(t.now.Sub(w.AbsentSince)), t.joinText(w))
			if t.spared(w, why) {
				continue
			}
			if unsafe != "" || !t.confirmed(w) {
				t.d.note(w.Name, why+"; it is looked for again before it is replaced"+because(unsafe))
				continue
			}
			t.dismiss(w, why)
			failed = t.blame(failed, w, NotJoined, why)
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
	if len(failed) > 0 {
		t.m = t.m.Failed(t.now, failed...)
	}
}

// blame counts a server's failure once, however often its removal is tried, and
// notes it with the step that removes it.
func (t *tick) blame(failed []Fault, w fleet.Worker, kind cluster.FaultKind, why string) []Fault {
	for _, steps := range [][]Step{t.d.Remove, t.d.Discard} {
		if last := len(steps) - 1; last >= 0 && steps[last].Worker == w.Name {
			steps[last].Fault = kind
		}
	}
	if id, before := t.m.Blamed[w.Name]; before && id == w.Node.ID {
		t.again[w.Group]++
		return failed
	}
	t.m.Blamed[w.Name] = w.Node.ID
	f := t.faultOf(w, kind, why)
	if b := t.m.Breakers[f.key()]; b.Recalled && w.Node.Created.Before(b.Last) {
		t.again[w.Group]++ // the scaler before this one has counted it
		return failed
	}
	return append(failed, f)
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

func (t *tick) removeMarked(w fleet.Worker, reason string) {
	t.remove(w, reason)
	t.d.Remove[len(t.d.Remove)-1].Marked = true
}

func (t *tick) remove(w fleet.Worker, reason string) {
	t.d.Remove = append(t.d.Remove, Step{Worker: w.Name, Group: w.Group, Server: w.Node.ID, Reason: reason})
}
