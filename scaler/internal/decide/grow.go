package decide

import (
	"fmt"
	"slices"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/demand"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/fleet"
)

// grow decides on new workers. Facts that are partial may cause some: jobs that
// are listed do wait.
func (t *tick) grow() {
	t.budget = t.p.MaxCreate
	t.inFlight = t.fleet.Count("", fleet.Booting)
	limits := []func(group string, n int) int{t.byBreaker, t.byRemovals, t.byMaxCreate, t.byInFlight, t.byQuota}
	for _, group := range t.inTurn() {
		n, reason := t.wanted(group)
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
		t.d.Add = append(t.d.Add, Add{Group: group, Count: n, Reason: reason, Avoid: t.avoid[group]})
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
		t.d.note("group "+group, fmt.Sprintf("%s not added now: %s being removed", count(n, "worker"), count(gone, "worker")))
		return 0
	}
	return n
}

func (t *tick) byMaxCreate(group string, n int) int {
	if n > t.budget {
		t.d.note("group "+group, fmt.Sprintf("%d of %s put off: max_create = %d", n-t.budget, count(n, "worker"), t.p.MaxCreate))
	}
	return min(n, t.budget)
}

func (t *tick) byInFlight(group string, n int) int {
	room := max(0, t.p.MaxInFlight-t.inFlight)
	if n > room {
		t.d.note("group "+group, fmt.Sprintf("%d of %s put off: %d are booting, max_in_flight = %d", n-room, count(n, "worker"), t.inFlight, t.p.MaxInFlight))
	}
	return min(n, room)
}

// wanted returns how many new workers a group should get now, and why.
func (t *tick) wanted(group string) (int, string) {
	bounds := t.p.Groups[group]
	have := len(t.fleet.Group(group))
	staying := t.fleet.Count(group, fleet.Idle, fleet.Busy, fleet.Booting, fleet.Closed) + steps(t.d.Undrain, group) - steps(t.d.Drain, group)
	n, reason := 0, ""
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
			t.d.note("group "+group, fmt.Sprintf("%s not added yet: the last one was made %s ago, scale_out_cooldown = %s",
				count(need.Workers, "worker"), short(newest), short(t.p.OutCooldown)))
		case lasted >= t.p.ScaleOutAfter:
			n = need.Workers
			reason = t.lacking(group, need)
			if lasted > 0 {
				reason += " for " + short(lasted)
			}
		default:
			if end := since.Add(t.p.ScaleOutAfter); t.holdEnds.IsZero() || end.Before(t.holdEnds) {
				t.holdEnds = end
			}
			t.d.note("group "+group, fmt.Sprintf("%s for %s not added yet: the demand has lasted %s of %s",
				count(need.Workers, "worker"), t.wanting(group, need), short(lasted), short(t.p.ScaleOutAfter)))
		}
	}
	if below := bounds.Min - staying; below > n {
		n = below
		reason = fmt.Sprintf("%d of at least %d workers", staying, bounds.Min)
	}
	if room := bounds.Max - have; n > room {
		t.d.note("group "+group, fmt.Sprintf("%d of %s not added: %d exist, max = %d", n-max(room, 0), count(n, "worker"), have, bounds.Max))
		n = max(room, 0)
	}
	return n, reason
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

// lacking says what a group's new workers are for, as a reason.
func (t *tick) lacking(group string, need demand.Need) string {
	spare := fmt.Sprintf("%d of %d spare workers missing", need.Spare, t.p.Groups[group].Spare)
	switch {
	case need.Spare == 0:
		return jobs(need.Jobs) + " found no place"
	case need.Jobs == 0:
		return spare
	}
	return jobs(need.Jobs) + " found no place, " + spare
}

// wanting says the same of workers that are yet to be wished for.
func (t *tick) wanting(group string, need demand.Need) string {
	spare := fmt.Sprintf("spare = %d", t.p.Groups[group].Spare)
	switch {
	case need.Spare == 0:
		return jobs(need.Jobs)
	case need.Jobs == 0:
		return spare
	}
	return jobs(need.Jobs) + " and " + spare
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
