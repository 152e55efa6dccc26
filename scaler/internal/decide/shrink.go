package decide

import (
	"cmp"
	"slices"
	"strings"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/fleet"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/reason"
)

// unsafe says why nothing may be concluded from what is not there; "" means
// that the facts are whole.
func (t *tick) unsafe() reason.Reason {
	q := t.facts.Queue
	if len(q.Partial) > 0 {
		return reason.New(reason.FactsPartial, reason.Text("parts", strings.Join(q.Partial, "; ")))
	}
	if age := t.now.Sub(q.PoolSince); age < t.p.PoolSettle {
		return reason.New(reason.DirectoryYoung, reason.Name("directory", q.Traits.DirectoryName()), reason.Span("age", age), reason.Span("limit", t.p.PoolSettle))
	}
	return reason.Reason{}
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
			t.d.note(w.Name, reason.New(reason.LeavesForOthers))
			continue
		}
		if w.Drained {
			t.m.Closed[w.Name] = true
		} else if t.fleet.Reported {
			delete(t.m.Closed, w.Name) // it has been open meanwhile, by another's wish
		}
		closed, gone := t.m.Closed[w.Name], t.gone(w)
		what := reason.New(reason.IsClosed)
		if !closed {
			what = reason.New(reason.AskedAndAbsent, reason.Span("absent", t.now.Sub(w.AbsentSince)))
		}
		waiting := t.demand.On(w.Name)
		switch {
		case w.Node.Protected:
			t.undrain(w, reason.New(reason.RecalledProtected))
		case waiting > 0:
			t.undrain(w, reason.New(reason.RecalledJobsCame, reason.Count("jobs", waiting)))
		case slices.Contains(t.demand.Spares, w.Name):
			t.undrain(w, reason.New(reason.RecalledAsSpare, reason.Count("spare", t.p.Groups[w.Group].Spare)))
		case below[w.Group] > steps(t.d.Undrain, w.Group) && !gone:
			t.undrain(w, reason.New(reason.RecalledForMin, reason.Count("min", t.p.Groups[w.Group].Min)))
		case w.Refused:
			t.undrain(w, reason.New(reason.RecalledHasJob))
		case !closed && !gone:
			t.d.note(w.Name, reason.New(reason.NotClosedYet, reason.Count("generation", int(t.fleet.Generation))))
		case w.Jobs > 0:
			delete(t.m.Confirmed, w.Name)
			t.d.note(w.Name, reason.New(reason.JobsByQueue, reason.Why("what", what), reason.Count("jobs", w.Jobs)))
		case !unsafe.IsZero():
			t.d.note(w.Name, reason.New(reason.NotRemovedNow, reason.Why("what", what), reason.Why("why", unsafe)))
		case !t.confirmed(w):
			t.d.note(w.Name, reason.New(reason.ReadAgainFirst, reason.Why("what", what)))
		case closed:
			t.removeMarked(w, reason.New(reason.RemovedClosed))
		default:
			t.removeMarked(w, reason.New(reason.RemovedAbsent, t.absence(w)...))
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
				t.d.note(w.Name, reason.New(reason.BrokenButInPool))
			}
		case fleet.Closed:
			t.d.note(w.Name, reason.New(reason.ClosedByOthers, reason.Name("state", w.Pool.State)))
		case fleet.Stopped:
			t.d.note(w.Name, reason.New(reason.ServerStopped, reason.Name("status", string(w.Node.Status))))
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
		why, leaves := t.mayLeave(w, staying[w.Group], unsafe)
		if !leaves {
			t.d.note(w.Name, why)
			continue
		}
		staying[w.Group]--
		t.d.Drain = append(t.d.Drain, Step{Worker: w.Name, Group: w.Group, Reason: why})
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
func (t *tick) mayLeave(w fleet.Worker, staying int, unsafe reason.Reason) (reason.Reason, bool) {
	limit, what := t.p.IdleAfter, "idle_after"
	if !w.Pool.RanBefore && t.p.FirstJobGrace > limit {
		limit, what = t.p.FirstJobGrace, "first_job_grace"
	}
	idle := t.now.Sub(w.Pool.IdleSince)
	stays := func(code reason.Code, more ...reason.Argument) (reason.Reason, bool) {
		return reason.New(code, append([]reason.Argument{reason.Span("idle", idle)}, more...)...), false
	}
	waiting := t.demand.On(w.Name)
	switch {
	case waiting > 0:
		return stays(reason.IdleJobsFit, reason.Count("jobs", waiting))
	case idle < limit:
		return stays(reason.IdleNotLongEnough, reason.Name("setting", what), reason.Span("limit", limit))
	case w.Node.Protected:
		return stays(reason.IdleProtected)
	case staying <= t.p.Groups[w.Group].Min:
		return stays(reason.IdleAtMin, reason.Count("min", t.p.Groups[w.Group].Min))
	case slices.Contains(t.demand.Spares, w.Name):
		return stays(reason.IdleSpare, reason.Count("spare", t.p.Groups[w.Group].Spare))
	case !w.Listed:
		return stays(reason.IdleNotListed)
	case !unsafe.IsZero():
		return stays(reason.IdleFactsUnsafe, reason.Why("why", unsafe))
	case t.p.InCooldown > 0 && t.now.Sub(t.newest(w.Group)) < t.p.InCooldown:
		return stays(reason.IdleAfterNewest, reason.Span("newest", t.now.Sub(t.newest(w.Group))), reason.Span("cooldown", t.p.InCooldown))
	case t.now.Sub(t.m.Left[w.Group]) < t.p.InCooldown:
		return stays(reason.IdleAfterLastLeft, reason.Span("left", t.now.Sub(t.m.Left[w.Group])), reason.Span("cooldown", t.p.InCooldown))
	case len(t.d.Drain) >= t.p.MaxRemove:
		return stays(reason.IdleAtMaxRemove, reason.Count("max_remove", t.p.MaxRemove))
	}
	return reason.New(reason.IdleLongEnough, reason.Span("idle", idle), reason.Name("setting", what), reason.Span("limit", limit)), true
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
			why, kind := reason.New(reason.ServerInError), cluster.FaultOther
			if w.Node.Fault != nil {
				why = why.With(reason.Text("message", w.Node.Fault.Message))
				kind = cluster.FaultOfWords(w.Node.Fault.Message)
			}
			if t.spared(w, why) {
				continue
			}
			if w.Listed && !unsafe.IsZero() { // it may have come to run jobs
				t.d.note(w.Name, reason.New(reason.NotDeletedNow, reason.Why("what", why), reason.Why("why", unsafe)))
				continue
			}
			t.dismiss(w, why)
			failed = t.blame(failed, w, kind, why)
		case fleet.Absent:
			why := reason.New(reason.NotInPool, t.absence(w)...)
			if t.spared(w, why) {
				continue
			}
			if !unsafe.IsZero() || !t.confirmed(w) {
				again := reason.New(reason.LookedForAgain, reason.Why("what", why))
				if !unsafe.IsZero() {
					again = again.With(reason.Why("why", unsafe))
				}
				t.d.note(w.Name, again)
				continue
			}
			t.dismiss(w, why)
			failed = t.blame(failed, w, NotJoined, why)
		case fleet.Vanished:
			if t.confirmed(w) {
				t.remove(w, reason.New(reason.NoServer))
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
func (t *tick) blame(failed []Fault, w fleet.Worker, kind cluster.FaultKind, why reason.Reason) []Fault {
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
func (t *tick) spared(w fleet.Worker, why reason.Reason) bool {
	switch {
	case w.Node.Protected:
		t.d.note(w.Name, reason.New(reason.KeptProtected, reason.Why("what", why)))
	case w.Jobs > 0:
		t.d.note(w.Name, reason.New(reason.KeptForJobs, reason.Why("what", why), reason.Count("jobs", w.Jobs)))
	default:
		return false
	}
	return true
}

func (t *tick) undrain(w fleet.Worker, why reason.Reason) {
	delete(t.m.Confirmed, w.Name)
	t.d.Undrain = append(t.d.Undrain, Step{Worker: w.Name, Group: w.Group, Reason: why})
}

func (t *tick) removeMarked(w fleet.Worker, why reason.Reason) {
	t.remove(w, why)
	t.d.Remove[len(t.d.Remove)-1].Marked = true
}

func (t *tick) remove(w fleet.Worker, why reason.Reason) {
	t.d.Remove = append(t.d.Remove, Step{Worker: w.Name, Group: w.Group, Server: w.Node.ID, Reason: why})
}
