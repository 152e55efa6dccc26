package provision

import (
	"context"
	"fmt"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// Steps are what a scaler does to a cluster. Each sends what was decided and returns; none
// waits for a server. Later readings show what came of it, to whichever process.
type Steps struct{ *Provisioner }

// open reads a cluster that is to be changed without its CA's key.
func (p Steps) open(ctx context.Context, ref cluster.Ref) (cluster.View, cluster.Node, error) {
	view, err := p.Refresh(ctx, ref, nil)
	if err != nil {
		return view, cluster.Node{}, err
	}
	fe, ok := view.Nodes.FrontEnd()
	if !ok || !view.HasDocument {
		return view, fe, fmt.Errorf("open cluster %s: %w", ref.ID, ErrNoFrontEnd)
	}
	if view.Document.WithoutMetadataService() {
		return view, fe, fmt.Errorf("open cluster %s: %w", ref.ID, ErrGrowsByTerraform)
	}
	return view, fe, nil
}
