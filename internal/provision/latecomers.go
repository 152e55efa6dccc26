package provision

import (
	"context"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/roster"
)

// latecomers are the new workers of a run that have an address and are not in the
// document as they are now.
type latecomers struct{ r *run }

func (l latecomers) names() []string {
	var out []string
	for _, n := range l.r.inv.batch.Nodes() {
		m, listed := l.r.doc.Member(n.Name)
		if n.Address != "" && (!listed || m.Address != n.Address || !m.Enrols(n)) {
			out = append(out, n.Name)
		}
	}
	return out
}

// enrol writes all of them into the document.
func (l latecomers) enrol(ctx context.Context) error {
	r := l.r
	r.p.opts.Log(ctx, "enrolling workers that came late", "nodes", l.names())
	doc, err := r.p.store(r.inv.frontEnd.ID).Change(ctx, nil, func(d *cluster.Document) error {
		if err := r.checkTrust(*d); err != nil {
			return err
		}
		if !r.inv.batch.Enrol(d) {
			return roster.ErrNoChange
		}
		d.Generation++
		return nil
	})
	if err != nil {
		return err
	}
	r.doc = doc
	r.inv.batch.Yield(ctx)
	return nil
}
