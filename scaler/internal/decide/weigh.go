package decide

import (
	"slices"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/demand"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/fleet"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
)

// weigh returns the demand. A group that can get no worker for now, because it
// pauses or the quota has no room, leaves its jobs to other groups that fit them.
// Jobs that no other group can take stay its own: its hold goes on, and the decision
// says why it waits. A reason goes through all groups, those that can grow and those
// that can not.
func weigh(r round, ignored map[string]bool, m Memory) demand.Demand {
	kinds := kinds(r, m)
	in := demand.Input{
		Fleet: r.fleet, Jobs: r.facts.Queue.Jobs, Traits: r.facts.Queue.Traits,
		Groups: groups(r, kinds), Kinds: kinds, Except: passedOver(m, r.now), Ignore: ignored,
		AtOnce: r.policy.MaxInFlight,
	}
	all := demand.Compute(in)
	var open, shut []demand.Group
	waits := false
	for _, g := range in.Groups {
		if closedFor(r, m, g) {
			waits = waits || all.Needs[g.Name].Workers > all.Needs[g.Name].Spare
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
	left := onlyHere(in.Jobs, all, out)
	in.Jobs, in.Groups, in.Beside, in.Fleet, in.Except = left.single, withoutSpares(shut), open, fleet.Fleet{}, nil
	here := demand.Compute(in)
	out.Unmet = append(all.Unmet, here.Unmet...)
	out.NotJudged = all.NotJudged
	for _, g := range shut {
		need := here.Needs[g.Name]
		need.Spare = all.Needs[g.Name].Spare
		if need.Workers += need.Spare; need.Workers > 0 {
			out.Needs[g.Name] = need
		}
	}
	out.Spares = append(out.Spares, sparesOf(r, shut, all, out)...)
	return out.Adopt(all, left.gangs, names(shut))
}

// sparesOf returns the spares of the groups that are shut, of those that no job of
// the others needs.
func sparesOf(r round, shut []demand.Group, all, out demand.Demand) []string {
	group := map[string]string{}
	for _, w := range slices.Backward(r.fleet.Workers) {
		group[w.Name] = w.Group
	}
	var spares []string
	for _, spare := range all.Spares {
		isShut := slices.ContainsFunc(shut, func(g demand.Group) bool { return group[spare] == g.Name })
		if isShut && !slices.Contains(out.Spares, spare) && out.On(spare) == 0 {
			spares = append(spares, spare)
		}
	}
	return spares
}

func withoutSpares(groups []demand.Group) []demand.Group {
	groups = slices.Clone(groups)
	for i := range groups {
		groups[i].Spare = 0
	}
	return groups
}

// names returns the groups' names.
func names(groups []demand.Group) map[string]bool {
	out := map[string]bool{}
	for _, g := range groups {
		out[g.Name] = true
	}
	return out
}

// jobsLeft is jobs that are met with all groups and unmet elsewhere.
type jobsLeft struct {
	single []queue.JobGroup
	gangs  []queue.JobGroup // jobs that run on several workers
}

func onlyHere(jobs []queue.JobGroup, all, elsewhere demand.Demand) jobsLeft {
	more := map[string]int{}
	for _, u := range elsewhere.Unmet {
		more[u.Key] += u.Count
	}
	for _, u := range all.Unmet {
		more[u.Key] -= u.Count
	}
	var left jobsLeft
	for _, g := range jobs {
		g.Count = more[g.Key]
		switch {
		case g.Count <= 0:
		case g.IsGang():
			left.gangs = append(left.gangs, g)
		default:
			left.single = append(left.single, g)
		}
	}
	return left
}
