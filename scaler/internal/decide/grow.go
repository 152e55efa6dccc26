package decide

import (
	"fmt"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/demand"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/fleet"
)

// grow decides on new workers. Facts that are partial may cause some: jobs that
// are listed do wait.
func (t *tick) grow() {
	budget := t.p.MaxCreate
	inFlight := t.fleet.Count("", fleet.Booting)
	for _, group := range t.managed() {
		n, reason := t.wanted(group)
		if n == 0 {
			continue
		}
		if b := t.m.Backoff[group]; t.now.Before(b.Until) {
			t.d.note("group "+group, fmt.Sprintf("%s not added: pause of another %s after %s: %s",
				count(n, "worker"), short(b.Until.Sub(t.now)), count(b.Failures, "failure"), b.Why))
			continue
		}
		if gone := steps(t.d.Remove, group) - t.again[group]; gone > 0 {
			// A new worker would get the name of one that is being deleted. One that
			// can't be deleted keeps its name, and must not stop the group for ever.
			t.d.note("group "+group, fmt.Sprintf("%s not added now: %s being removed", count(n, "worker"), count(gone, "worker")))
			continue
		}
		if n > budget {
			t.d.note("group "+group, fmt.Sprintf("%d of %s put off: max_create = %d", n-budget, count(n, "worker"), t.p.MaxCreate))
			n = budget
		}
		if room := max(0, t.p.MaxInFlight-inFlight); n > room {
			t.d.note("group "+group, fmt.Sprintf("%d of %s put off: %d are booting, max_in_flight = %d", n-room, count(n, "worker"), inFlight, t.p.MaxInFlight))
			n = room
		}
		if n == 0 {
			continue
		}
		budget -= n
		inFlight += n
		t.d.Add = append(t.d.Add, Add{Group: group, Count: n, Reason: reason})
	}
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
			since = t.now
			t.m.Unmet[group] = since
		}
		lasted := t.now.Sub(since)
		if lasted >= t.p.ScaleOutAfter {
			n = need.Workers
			reason = t.lacking(group, need)
			if lasted > 0 {
				reason += " for " + short(lasted)
			}
		} else {
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
