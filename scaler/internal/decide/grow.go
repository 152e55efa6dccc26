package decide

import (
	"slices"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/demand"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/fleet"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/reason"
)

// grow decides on new workers. Facts that are partial may cause some: jobs that are
// listed do wait. Before is what was decided earlier in this round, and retried how many of
// its removals in each group were tried before.
func grow(r round, need demand.Demand, before Decision, retried map[string]int, m Memory) (d Decision, holdEnds time.Time, after Memory) {
	wishes, m := wishesOf(r, need, before, retried, m)
	g := growth{
		r: r, wishes: wishes, gangs: need.Gangs, state: make([]gangState, len(need.Gangs)), forGangs: map[string]int{},
		left: left{room: r.facts.Room, create: r.policy.mostNew(), booting: r.fleet.Count("", fleet.Booting)},
	}
	for _, group := range inTurn(r.managed, m.LastServedGroup) {
		w := wishes[group]
		n, cause, notes := g.serve(group)
		for _, why := range slices.Concat(w.notes, notes) {
			d.note("group "+group, why)
		}
		if end := w.holdEnds; !end.IsZero() && (holdEnds.IsZero() || end.Before(holdEnds)) {
			holdEnds = end
		}
		if n > 0 {
			m.LastServedGroup = group
			d.Add = append(d.Add, Add{Group: group, Count: n, Reason: cause, Avoid: w.gate.avoid})
		}
	}
	return d, holdEnds, m
}

// inTurn returns the groups in the order in which they are served. A group that comes
// first may take all that a round, the number of booting servers and the quota allow,
// so those after the group that got the last workers come first.
func inTurn(groups []string, last string) []string {
	first := slices.IndexFunc(groups, func(g string) bool { return g > last })
	if first < 0 {
		return groups
	}
	return slices.Concat(groups[first:], groups[:first])
}

// beingFreed returns how many names of the group are freed by removals of this round.
// A server that can't be deleted keeps its name, and must not stop the group for ever.
func beingFreed(before Decision, group string, retried map[string]int) int {
	again := 0
	for _, s := range before.Remove {
		if s.Group == group && s.Reason.Code == reason.StillThere {
			again++
		}
	}
	return steps(before.Remove, group) + steps(before.Discard, group) - retried[group] - again
}

// unmetSince returns since when a group has had a need; zero where it has none. A need
// that is seen for the first time has been there since the reading, or since the jobs
// that it is for were queued, if all of them came after the reading before: reading a
// queue can take longer than the interval.
func unmetSince(r round, m Memory, group string, need demand.Need) time.Time {
	if need.Workers == 0 {
		return time.Time{}
	}
	if since, known := m.Unmet[group]; known {
		return since
	}
	since := r.facts.Queue.JobsAt
	if since.IsZero() || since.After(r.now) {
		since = r.now
	}
	queued := need.Oldest.Add(time.Second) // the batch system gives it in whole seconds
	if need.Spare == 0 && !m.LookedAt.IsZero() && need.Oldest.After(m.LookedAt) && queued.Before(since) {
		return queued
	}
	return since
}

// failedToCome reports whether one of the steps removes a worker of the group whose server
// Nova could not build.
func failedToCome(removed []Step, group string) bool {
	return slices.ContainsFunc(removed, func(s Step) bool {
		return s.Group == group && s.Fault != "" && s.Reason.Code == reason.ServerInError
	})
}

// wish is how many new workers a group should get, and what limits this group.
type wish struct {
	jobs     int // for a need that has lasted
	least    int // for the group's min
	room     int // up to its max
	gate     gate
	freed    int           // names that are being freed
	why      reason.Reason // of the need
	whyLeast reason.Reason
	notes    []reason.Reason
	holdEnds time.Time // of the need, where it has not lasted long enough
}

// wishesOf returns each managed group's wish, and the memory of since when there has
// been a need.
func wishesOf(r round, need demand.Demand, before Decision, retried map[string]int, m Memory) (map[string]wish, Memory) {
	m.Unmet = copied(m.Unmet)
	out := map[string]wish{}
	for _, group := range r.managed {
		since := unmetSince(r, m, group, need.Needs[group])
		if _, known := m.Unmet[group]; !known && !since.IsZero() && failedToCome(before.Remove, group) {
			since = since.Add(-r.policy.ScaleOutAfter) // it has lasted: the failed worker was made for it
		}
		if since.IsZero() {
			delete(m.Unmet, group)
		} else {
			m.Unmet[group] = since
		}
		w := wanted(r, group, need.Needs[group], since, before)
		w.gate = gateOf(r, m.Breakers, group)
		w.freed = beingFreed(before, group, retried)
		out[group] = w
	}
	return out, m
}

// wanted returns a group's wish: for a need that has lasted since then, and for its
// min.
func wanted(r round, group string, need demand.Need, since time.Time, before Decision) wish {
	bounds := r.policy.Groups[group]
	existing := len(r.fleet.Group(group))
	staying := r.staying(group) + steps(before.Undrain, group) - steps(before.Drain, group)
	var w wish
	if need.Workers > 0 {
		w = wantedForJobs(r, group, need, since)
	}
	w.least, w.room = max(0, bounds.Min-staying), max(0, bounds.Max-existing)
	w.whyLeast = reason.New(reason.FewerThanMin, reason.Count("workers", staying), reason.Count("min", bounds.Min))
	if n := max(w.jobs, w.least); n > w.room {
		w.notes = append(w.notes, reason.New(reason.AtMax, reason.Count("left_out", n-w.room), reason.Count("workers", n),
			reason.Count("existing", existing), reason.Count("max", bounds.Max)))
	}
	return w
}

// wantedForJobs returns the wish that a need makes.
func wantedForJobs(r round, group string, need demand.Need, since time.Time) wish {
	p, spare := r.policy, r.policy.Groups[group].Spare
	workers := reason.Count("workers", need.Workers)
	lasted, newest := r.now.Sub(since), r.now.Sub(r.newest(group))
	switch {
	case lasted < p.ScaleOutAfter:
		held := reason.New(reason.DemandHeld, workers, reason.Why("needs", heldFor(need, spare)...), reason.Span("lasted", lasted), reason.Span("hold", p.ScaleOutAfter))
		return wish{notes: []reason.Reason{held}, holdEnds: since.Add(p.ScaleOutAfter)}
	case newest < p.OutCooldown:
		return wish{notes: []reason.Reason{reason.New(reason.OutCooldown, workers, reason.Span("newest", newest), reason.Span("cooldown", p.OutCooldown))}}
	}
	why := reason.New(reason.DemandLasted, reason.Why("needs", lacking(need, spare)...))
	if lasted > 0 {
		why = why.With(reason.Span("lasted", lasted))
	}
	return wish{jobs: need.Workers, why: why}
}

// lacking returns what new workers are for.
func lacking(need demand.Need, spare int) []reason.Reason {
	var needs []reason.Reason
	if need.Jobs > 0 || need.Spare == 0 {
		needs = append(needs, reason.New(reason.JobsFoundNoPlace, reason.Count("jobs", need.Jobs)))
	}
	if need.Spare > 0 {
		needs = append(needs, reason.New(reason.SparesAreMissing, reason.Count("missing", need.Spare), reason.Count("spare", spare)))
	}
	return needs
}

// heldFor returns the same of a demand that is held.
func heldFor(need demand.Need, spare int) []reason.Reason {
	var needs []reason.Reason
	if need.Jobs > 0 || need.Spare == 0 {
		needs = append(needs, reason.New(reason.HeldForJobs, reason.Count("jobs", need.Jobs)))
	}
	if need.Spare > 0 {
		needs = append(needs, reason.New(reason.HeldForSpares, reason.Count("spare", spare)))
	}
	return needs
}
