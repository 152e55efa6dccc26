package decide

import (
	"maps"
	"slices"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/demand"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/reason"
)

// explainJobs says which waiting jobs cause nothing, and which groups of the
// configuration are not managed.
func explainJobs(r round, need demand.Demand) (d Decision) {
	for _, s := range r.facts.Queue.Skipped {
		d.note("jobs", reason.New(reason.JobsNotCounted, reason.Count("jobs", s.Count), reason.Name("first", s.First), reason.Text("why", s.Why)))
	}
	unmet := map[string]demand.Unmet{} // by reason: there may be hundreds of groups
	for _, u := range need.Unmet {
		if all, ok := unmet[u.Why]; ok {
			u.First, u.Count = all.First, u.Count+all.Count
		}
		unmet[u.Why] = u
	}
	for _, why := range slices.Sorted(maps.Keys(unmet)) {
		u := unmet[why]
		d.note("jobs", reason.New(reason.JobsUnmet, reason.Count("jobs", u.Count), reason.Name("first", u.First), reason.Why("why", reason.Said(why))))
	}
	for _, name := range slices.Sorted(maps.Keys(r.policy.Groups)) {
		if !r.manages(name) {
			d.note("group "+name, reason.New(reason.GroupNotThere))
		}
	}
	if len(r.policy.Groups) == 0 {
		d.note("groups", reason.New(reason.NoGroupIsManaged))
	}
	return d
}
