package batch

import (
	"context"
	"slices"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/roster"
)

// Enrol writes the workers with an address into the roster, except those whose
// name another writer has put there since the batch was prepared. It reports
// whether that changed the roster.
func (b *Batch) Enrol(d *cluster.Document) bool {
	changed := false
	b.taken = nil
	for _, n := range b.Nodes() {
		if n.Address == "" {
			continue
		}
		made := b.members[n.Name]
		entry := cluster.Member{Name: n.Name, Address: n.Address, Batch: made.batch}
		if !b.Messenger.Brings(entry) {
			b.GiveUp(n.Name, cluster.Problem{Kind: cluster.FaultOther, Summary: "is in no roster",
				Detail: "it was not there, or at another address, when the roster was sent to the front-end; the next apply that makes a worker enrols it or makes it anew"})
			continue
		}
		i := slices.IndexFunc(d.Workers, func(m cluster.Member) bool { return m.Name == n.Name })
		switch {
		case i < 0:
			d.Workers = append(d.Workers, entry)
		case d.Workers[i].Batch != made.batch && isNew(b.doc, d.Workers[i]):
			b.taken = append(b.taken, made)
			continue
		case d.Workers[i].Batch != made.batch || d.Workers[i].Address != n.Address:
			d.Workers[i] = entry
		default:
			continue
		}
		roster.SetBatch(d, made.batch, made.ca)
		changed = true
	}
	return changed
}

// Sign puts the public half of the batch's own CA into the document, see roster.SetBatch.
func (b *Batch) Sign(d *cluster.Document) { roster.SetBatch(d, b.ID, b.ca.Public()) }

// isNew reports whether a roster entry was not in the document when the batch was
// prepared.
func isNew(prepared cluster.Document, entry cluster.Member) bool {
	before, known := prepared.Member(entry.Name)
	return !known || before.Batch != entry.Batch || before.Address != entry.Address
}

// Yield deletes the workers that Enrol has passed over because another writer's
// worker has the name.
func (b *Batch) Yield(ctx context.Context) {
	for _, m := range b.taken {
		detail := "the other one stays, ours was deleted"
		if err := b.maker.Cloud.DeleteNode(ctx, m.id); err != nil {
			detail = "the other one stays; ours could not be deleted: " + err.Error()
		}
		m.old = append(m.old, m.id)
		b.GiveUp(m.name, cluster.Problem{Kind: cluster.FaultConflict, Summary: "was made by another writer at the same time", Detail: detail})
	}
	b.taken = nil
}
