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
	for _, what := range r.facts.Queue.LeftOut {
		d.note("queue", reason.New(reason.EntryLeftOut, reason.Text("what", what)))
	}
	for _, s := range r.facts.Queue.Skipped {
		d.note("jobs", reason.New(reason.JobsNotCounted, reason.Count("jobs", s.Count), reason.Text("first", s.First), reason.Text("why", s.Why)))
	}
	for _, u := range need.UnmetByReason() { // there may be hundreds of groups
		d.note("jobs", reason.New(reason.JobsUnmet, reason.Count("jobs", u.Count), reason.Text("first", u.First), reason.Why("why", u.Why)))
	}
	for _, n := range need.NotJudged {
		d.note("jobs", reason.New(reason.JobsNotJudged, reason.Count("jobs", n.Count), reason.Text("first", n.First), reason.Text("why", n.Why)))
	}
	for _, name := range slices.Sorted(maps.Keys(r.policy.Groups)) {
		if !r.manages(name) {
			d.note("group "+name, reason.New(reason.GroupNotThere))
		}
	}
	d = d.and(r.others)
	if len(r.policy.Groups) == 0 && len(r.others.Notes) == 0 {
		d.note("groups", reason.New(reason.NoGroupIsManaged))
	}
	return d
}
