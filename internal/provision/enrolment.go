package provision

import (
	"context"
	"slices"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/plan"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/roster"
)

// asPlanned returns a view as a plan's refresh shows it. Where a roster is carried, workers
// that are in none are no nodes of the cluster there.
func asPlanned(v cluster.View) cluster.View {
	if v.Document.WithoutMetadataService() {
		v.Nodes = slices.DeleteFunc(slices.Clone(v.Nodes), func(n cluster.Node) bool {
			return n.Role == cluster.RoleWorker && !v.Document.Enrolled(n)
		})
	}
	return v
}

// enrolment brings workers of whichever run into the roster.
type enrolment struct{ *run }

// left returns the workers that stay, that an earlier run has made, and that are in no
// roster yet.
func (r enrolment) left() cluster.Nodes {
	v := cluster.View{Nodes: r.inv.servers, Document: r.doc, HasDocument: true}
	kept := r.plan.Kept()
	return slices.DeleteFunc(plan.Unenrolled(v, r.p.opts.Owner, time.Now()), func(n cluster.Node) bool { return !slices.Contains(kept, n.Name) })
}

// write writes the run's workers into a document, and all others that are ready and in no
// roster, whichever process has made them. It reports whether that changed the roster. A
// roster that is carried names the run's workers only.
func (r enrolment) write(d *cluster.Document) bool {
	ours := r.inv.batch.Enrol(d)
	if r.channel.delivery() != pulled && !r.plan.FrontEnd {
		return ours
	}
	others := unchangedSince(cluster.View{Nodes: r.inv.nodes(), Document: r.doc}, *d)
	return len(roster.Enrol(d, others, time.Now())) > 0 || ours
}

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
		moved, err := roster.Spare(d, joined(ctx, r), func(d *cluster.Document) (bool, error) {
			moved := r.inv.batch.Enrol(d)
			d.Generation++
			return moved, nil
		})
		if err == nil && !moved {
			return roster.ErrNoChange
		}
		return err
	})
	if err != nil {
		return err
	}
	r.doc = doc
	r.inv.batch.Yield(ctx)
	return nil
}

// joined returns the function that reads which workers of a document have joined.
func joined(ctx context.Context, r *run) func(cluster.Document) map[string]bool {
	return func(d cluster.Document) map[string]bool { return r.p.reporter().joined(ctx, d, r.inv.frontEnd) }
}
