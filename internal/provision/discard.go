package provision

import (
	"context"
	"fmt"
	"slices"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// DiscardServer deletes one worker's server by its ID and waits until it is gone.
// The roster is left as it is: it speaks of another server of that name, or of
// none. One that is in the roster by now is not deleted.
func (p *Provisioner) DiscardServer(ctx context.Context, clusterID, serverID string) error {
	view, _, err := p.open(ctx, clusterID)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(view.Nodes, func(n cluster.Node) bool { return n.ID == serverID && n.Role == cluster.RoleWorker })
	if i < 0 {
		return nil // somebody else has done it
	}
	n := view.Nodes[i]
	twin := slices.ContainsFunc(view.Nodes, func(o cluster.Node) bool { return o.Name == n.Name && o.ID != n.ID && !o.Gone() })
	if view.Document.Enrolled(n) && !twin {
		return &cluster.CloudError{
			Kind: cluster.FaultConflict, Op: "delete server " + serverID,
			Message: fmt.Sprintf("%s is in the roster by now", n.Name),
		}
	}
	p.opts.Log(ctx, "deleting a server that nobody wants", "node", n.Name, "server", n.ID)
	return p.deleteAll(ctx, clusterID, cluster.Nodes{n}, nil)
}
