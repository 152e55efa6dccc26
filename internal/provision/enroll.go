package provision

import (
	"context"
	"slices"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// enroll writes the members with an address into the roster, except those whose
// name another writer has put there since. It reports whether that changed it.
func (f *fleet) enroll(d *cluster.Document) bool {
	changed := false
	f.taken = nil
	for _, n := range f.nodes() {
		if n.Address == "" {
			continue
		}
		entry := cluster.Member{Name: n.Name, Address: n.Address, Batch: f.batchID}
		if !f.errand.brings(entry) {
			f.giveUp(f.members[n.Name], Problem{Kind: cluster.FaultOther, Summary: "is in no roster",
				Detail: "it was not there, or at another address, when the roster was sent to the front-end; the next apply makes it anew"})
			continue
		}
		i := slices.IndexFunc(d.Workers, func(m cluster.Member) bool { return m.Name == n.Name })
		switch {
		case i < 0:
			d.Workers = append(d.Workers, entry)
		case d.Workers[i].Batch != f.batchID && f.unseen(d.Workers[i]):
			f.taken = append(f.taken, f.members[n.Name])
			continue
		case d.Workers[i].Batch != f.batchID || d.Workers[i].Address != n.Address:
			d.Workers[i] = entry
		default:
			continue
		}
		changed = true
	}
	if changed {
		if d.Batches == nil {
			d.Batches = map[string]string{}
		}
		d.Batches[f.batchID] = f.batch.Public()
	}
	return changed
}

// unseen tells a roster entry that was not there when the batch was prepared.
func (f *fleet) unseen(entry cluster.Member) bool {
	before, known := f.doc.Member(entry.Name)
	return !known || before.Batch != entry.Batch || before.Address != entry.Address
}

// yield deletes the members that enroll has passed over.
func (f *fleet) yield(ctx context.Context) {
	for _, m := range f.taken {
		detail := "the other one stays, ours was deleted"
		if err := f.p.cloud.DeleteNode(ctx, m.id); err != nil {
			detail = "the other one stays; ours could not be deleted: " + err.Error()
		}
		m.old = append(m.old, m.id)
		f.giveUp(m, Problem{Kind: cluster.FaultConflict, Summary: "was made by another writer at the same time", Detail: detail})
	}
	f.taken = nil
}
