package decide

import (
	"slices"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/demand"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/fleet"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/reason"
)

// grow decides on new workers. Facts that are partial may cause some: jobs that
// are listed do wait.
func (t *tick) grow() {
	t.budget = t.p.MaxCreate
	t.inFlight = t.fleet.Count("", fleet.Booting)
	limits := []func(group string, n int) int{t.byBreaker, t.byRemovals, t.byMaxCreate, t.byInFlight, t.byQuota}
	for _, group := range t.inTurn() {
		n, why := t.wanted(group)
		for _, limit := range limits {
			if n > 0 {
				n = limit(group, n)
			}
		}
		if n == 0 {
			continue
		}
		t.budget -= n
		t.inFlight += n
		t.take(group, n)
		t.m.Turn = group
		t.d.Add = append(t.d.Add, Add{Group: group, Count: n, Reason: why, Avoid: t.avoid[group]})
	}
}

// inTurn returns the groups in the order in which they are served: who comes first
// may take all that a tick, the cloud's in-flight servers and the quota allow, so
// those after the one that got the last workers come first.
func (t *tick) inTurn() []string {
	groups := t.managed()
	first := slices.IndexFunc(groups, func(g string) bool { return g > t.m.Turn })
	if first < 0 {
		return groups
	}
	return slices.Concat(groups[first:], groups[:first])
}

// byRemovals holds new workers back that would get the name of one that is being
// deleted. One that can't be deleted keeps its name, and must not stop the group
// for ever.
func (t *tick) byRemovals(group string, n int) int {
	if gone := steps(t.d.Remove, group) + steps(t.d.Discard, group) - t.again[group]; gone > 0 {
		t.d.note("group "+group, reason.New(reason.NamesBeingFreed, reason.Count("workers", n), reason.Count("removed", gone)))
		return 0
	}
	return n
}

func (t *tick) byMaxCreate(group string, n int) int {
	if n > t.budget {
		t.d.note("group "+group, reason.New(reason.AtMaxCreate, reason.Count("left_out", n-t.budget), reason.Count("workers", n), reason.Count("max_create", t.p.MaxCreate)))
	}
	return min(n, t.budget)
}

func (t *tick) byInFlight(group string, n int) int {
	room := max(0, t.p.MaxInFlight-t.inFlight)
	if n > room {
		t.d.note("group "+group, reason.New(reason.AtMaxInFlight, reason.Count("left_out", n-room), reason.Count("workers", n), reason.Count("booting", t.inFlight), reason.Count("max_in_flight", t.p.MaxInFlight)))
	}
	return min(n, room)
}

// wanted returns how many new workers a group should get now, and why.
func (t *tick) wanted(group string) (int, reason.Reason) {
	bounds := t.p.Groups[group]
	have := len(t.fleet.Group(group))
	staying := t.fleet.Count(group, fleet.Idle, fleet.Busy, fleet.Booting, fleet.Closed) + steps(t.d.Undrain, group) - steps(t.d.Drain, group)
	n, why := 0, reason.Reason{}
	need := t.demand.Needs[group]
	if need.Workers == 0 {
		delete(t.m.Unmet, group)
	} else {
		since, ok := t.m.Unmet[group]
		if !ok {
			since = t.unmetSince(need)
			t.m.Unmet[group] = since
		}
		lasted := t.now.Sub(since)
		newest := t.now.Sub(t.newest(group))
		switch {
		case lasted >= t.p.ScaleOutAfter && newest < t.p.OutCooldown:
			t.d.note("group "+group, reason.New(reason.OutCooldown,
				reason.Count("workers", need.Workers), reason.Span("newest", newest), reason.Span("cooldown", t.p.OutCooldown)))
		case lasted >= t.p.ScaleOutAfter:
			n = need.Workers
			why = reason.New(reason.DemandLasted, reason.Why("needs", t.lacking(group, need)...))
			if lasted > 0 {
				why = why.With(reason.Span("lasted", lasted))
			}
		default:
			if end := since.Add(t.p.ScaleOutAfter); t.holdEnds.IsZero() || end.Before(t.holdEnds) {
				t.holdEnds = end
			}
			t.d.note("group "+group, reason.New(reason.DemandHeld, reason.Count("workers", need.Workers), reason.Why("needs", t.wanting(group, need)...),
				reason.Span("lasted", lasted), reason.Span("hold", t.p.ScaleOutAfter)))
		}
	}
	if below := bounds.Min - staying; below > n {
		n = below
		why = reason.New(reason.FewerThanMin, reason.Count("workers", staying), reason.Count("min", bounds.Min))
	}
	if room := bounds.Max - have; n > room {
		t.d.note("group "+group, reason.New(reason.AtMax, reason.Count("left_out", n-max(room, 0)), reason.Count("workers", n), reason.Count("existing", have), reason.Count("max", bounds.Max)))
		n = max(room, 0)
	}
	return n, why
}

// unmetSince is since when there has been a need that is seen for the first time:
// since the reading, or since the jobs that it is for were queued, if all of them
// came after the reading before. Reading a queue can take longer than the interval.
func (t *tick) unmetSince(need demand.Need) time.Time {
	since := t.facts.Queue.JobsAt
	if since.IsZero() || since.After(t.now) {
		since = t.now
	}
	queued := need.Oldest.Add(time.Second) // told in whole seconds
	if need.Spare == 0 && !t.m.LookedAt.IsZero() && need.Oldest.After(t.m.LookedAt) && queued.Before(since) {
		return queued
	}
	return since
}

// newest is when the group's newest server was made. The cloud tells it, so a
// restart changes nothing.
func (t *tick) newest(group string) time.Time {
	var newest time.Time
	for _, w := range t.fleet.Group(group) {
		if w.Node.Created.After(newest) {
			newest = w.Node.Created
		}
	}
	return newest
}

// lacking says what a group's new workers are for.
func (t *tick) lacking(group string, need demand.Need) []reason.Reason {
	var needs []reason.Reason
	if need.Jobs > 0 || need.Spare == 0 {
		needs = append(needs, reason.New(reason.JobsFoundNoPlace, reason.Count("jobs", need.Jobs)))
	}
	if need.Spare > 0 {
		needs = append(needs, reason.New(reason.SparesAreMissing, reason.Count("missing", need.Spare), reason.Count("spare", t.p.Groups[group].Spare)))
	}
	return needs
}

// wanting says the same of workers that are yet to be wished for.
func (t *tick) wanting(group string, need demand.Need) []reason.Reason {
	var needs []reason.Reason
	if need.Jobs > 0 || need.Spare == 0 {
		needs = append(needs, reason.New(reason.HeldForJobs, reason.Count("jobs", need.Jobs)))
	}
	if need.Spare > 0 {
		needs = append(needs, reason.New(reason.HeldForSpares, reason.Count("spare", t.p.Groups[group].Spare)))
	}
	return needs
}

func steps(steps []Step, group string) int {
	n := 0
	for _, s := range steps {
		if s.Group == group {
			n++
		}
	}
	return n
}
