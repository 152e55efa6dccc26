package decide

import (
	"slices"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/demand"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/fleet"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
)

// pack computes the demand. A group that can get no worker for now, because it
// pauses or the quota has no room, leaves its jobs to other groups that fit them.
// What no other group can take stays its own: its hold goes on, and why it waits
// is told. A reason goes through all groups, those that can grow and those that
// can not.
func (t *tick) pack() demand.Demand {
	kinds := t.kinds()
	in := demand.Input{
		Fleet: t.fleet, Jobs: t.facts.Queue.Jobs, Traits: t.facts.Queue.Traits, Groups: t.groups(kinds), Kinds: kinds, Except: t.except(), Ignore: t.refusing(),
	}
	all := demand.Compute(in)
	var open, shut []demand.Group
	waits := false
	for _, g := range in.Groups {
		if t.gate(g.Name).closed != nil || t.noRoom(g.Name) {
			waits = waits || all.Needs[g.Name].Jobs > 0
			shut = append(shut, g)
		} else {
			open = append(open, g)
		}
	}
	if !waits || len(open) == 0 {
		return all
	}
	in.Groups = open
	out := demand.Compute(in)
	in.Jobs, in.Groups, in.Beside, in.Fleet, in.Except = onlyHere(in.Jobs, all, out), withoutSpares(shut), open, fleet.Fleet{}, nil
	here := demand.Compute(in)
	out.Unmet = append(all.Unmet, here.Unmet...)
	for _, g := range shut {
		need := here.Needs[g.Name]
		need.Spare = all.Needs[g.Name].Spare
		if need.Workers += need.Spare; need.Workers > 0 {
			out.Needs[g.Name] = need
		}
	}
	for _, spare := range all.Spares {
		if !slices.Contains(out.Spares, spare) && out.On(spare) == 0 && slices.ContainsFunc(shut, func(g demand.Group) bool { return t.groupOf(spare) == g.Name }) {
			out.Spares = append(out.Spares, spare)
		}
	}
	return out
}

func (t *tick) groupOf(worker string) string {
	w, _ := t.worker(worker)
	return w.Group
}

func withoutSpares(groups []demand.Group) []demand.Group {
	groups = slices.Clone(groups)
	for i := range groups {
		groups[i].Spare = 0
	}
	return groups
}

// onlyHere returns the jobs that are met with all groups and unmet elsewhere.
func onlyHere(jobs []queue.JobGroup, all, elsewhere demand.Demand) []queue.JobGroup {
	more := map[string]int{}
	for _, u := range elsewhere.Unmet {
		more[u.Key] += u.Count
	}
	for _, u := range all.Unmet {
		more[u.Key] -= u.Count
	}
	var left []queue.JobGroup
	for _, g := range jobs {
		if g.Count = more[g.Key]; g.Count > 0 {
			left = append(left, g)
		}
	}
	return left
}
