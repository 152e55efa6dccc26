package provision

import (
	"context"
	"fmt"
	"slices"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// DiscardServer deletes one worker's server by its ID and waits until it is gone.
// The roster stays as it is: it holds another server of that name, or none. A server
// that is in the roster by now is not deleted, and the error is a conflict.
func (p *Provisioner) DiscardServer(ctx context.Context, clusterID, serverID string) error {
	view, _, err := p.open(ctx, cluster.Ref{ID: clusterID})
	if err != nil {
		return err
	}
	i := slices.IndexFunc(view.Nodes, func(n cluster.Node) bool { return n.ID == serverID && n.Role == cluster.RoleWorker })
	if i < 0 {
		return nil // it is gone already
	}
	n := view.Nodes[i]
	twin := slices.ContainsFunc(view.Nodes, func(o cluster.Node) bool { return o.Name == n.Name && o.ID != n.ID && !o.Gone() })
	if view.Document.Enrolled(n) && !twin {
		return &cluster.CloudError{
			Kind: cluster.FaultConflict, Op: "delete server " + serverID,
			Message: fmt.Sprintf("%s is in the roster by now", n.Name),
		}
	}
	p.opts.Log(ctx, "deleting a server that is in no roster", "node", n.Name, "server", n.ID)
	return deleteAll(ctx, p, clusterID, cluster.Nodes{n}, nil)
}
