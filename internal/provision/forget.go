package provision

import (
	"context"
	"fmt"
	"slices"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/batch"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/roster"
)

// Forget takes workers whose servers are gone out of the roster, in one write, and returns
// their names in order. A worker of which any server is still there stays. known are the
// servers of those workers as the caller has seen them last: one that a list lacks is
// asked for by its ID, and if the cloud does not say that it is gone, the error is a
// HiddenError and nothing is forgotten.
func (p Steps) Forget(ctx context.Context, ref cluster.Ref, names []string, known cluster.Nodes) ([]string, error) {
	known = slices.DeleteFunc(slices.Clone(known), func(n cluster.Node) bool { return !slices.Contains(names, n.Name) })
	view, err := p.Refresh(ctx, ref, known)
	if err != nil {
		return nil, err
	}
	fe, ok := view.Nodes.FrontEnd()
	if !ok || !view.HasDocument {
		return nil, fmt.Errorf("forget workers: %w", ErrNoFrontEnd)
	}
	var gone []string
	doc, err := p.store(fe.ID).Change(ctx, nil, func(d *cluster.Document) error {
		gone = nil
		roster.Forget(d, func(m cluster.Member) bool {
			leaves := slices.Contains(names, m.Name) && vanished(view.Document, view.Nodes, m)
			if leaves {
				gone = append(gone, m.Name)
			}
			return leaves
		})
		if len(gone) == 0 {
			return roster.ErrNoChange
		}
		d.Generation++
		return nil
	})
	if err != nil {
		return nil, err
	}
	cluster.SortNames(gone)
	lost := slices.DeleteFunc(known, func(n cluster.Node) bool { return !slices.Contains(gone, n.Name) })
	batch.ServerGroups{Maker: p.maker()}.Tidy(ctx, batch.HeldBy(cluster.Document{}, lost), lost, doc)
	p.witness(ctx, doc, view.Nodes, nil) // the one that bore the mark may be gone
	return gone, nil
}
