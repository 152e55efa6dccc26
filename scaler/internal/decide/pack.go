package decide

import (
	"maps"
	"slices"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/demand"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/fleet"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
)

// pack computes the demand. A group that can get no worker for now, because it
// pauses or the quota has no room, leaves its jobs to other groups that fit them.
// What no other group can take stays its own: its hold goes on, and why it waits
// is told.
func (t *tick) pack() demand.Demand {
	groups, shapes, except := t.groups(), t.shapes(), t.except()
	d := demand.Compute(t.fleet, t.facts.Queue.Jobs, groups, shapes, except)
	var open, shut []demand.Group
	waits := false
	for _, g := range groups {
		if t.gate(g.Name).closed != nil || t.noRoom(g.Name) {
			shut = append(shut, g)
			waits = waits || d.Needs[g.Name].Workers > 0
		} else {
			open = append(open, g)
		}
	}
	if !waits || len(open) == 0 {
		return d
	}
	elsewhere := demand.Compute(t.fleet, t.facts.Queue.Jobs, open, shapes, except)
	left := onlyHere(t.facts.Queue.Jobs, d, &elsewhere)
	here := demand.Compute(fleet.Fleet{}, left, shut, shapes, nil)
	maps.Copy(elsewhere.Needs, here.Needs)
	elsewhere.Unmet = append(elsewhere.Unmet, here.Unmet...)
	return elsewhere
}

// onlyHere returns the jobs that are met in d and not elsewhere, and takes them
// from what is unmet there.
func onlyHere(jobs []queue.JobGroup, d demand.Demand, elsewhere *demand.Demand) []queue.JobGroup {
	unmet := map[string]int{}
	for _, u := range d.Unmet {
		unmet[u.Key] += u.Count
	}
	more := map[string]int{}
	for i, u := range elsewhere.Unmet {
		n := max(0, u.Count-unmet[u.Key])
		unmet[u.Key] -= u.Count - n
		elsewhere.Unmet[i].Count -= n
		more[u.Key] += n
	}
	elsewhere.Unmet = slices.DeleteFunc(elsewhere.Unmet, func(u demand.Unmet) bool { return u.Count == 0 })
	var left []queue.JobGroup
	for _, g := range jobs {
		if g.Count = more[g.Key]; g.Count > 0 {
			left = append(left, g)
		}
	}
	return left
}
