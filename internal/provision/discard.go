package provision

import (
	"context"

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
	doomed, err := discardable(view, serverID)
	if err != nil || len(doomed) == 0 {
		return err
	}
	n := doomed[0]
	p.opts.Log(ctx, "deleting a server that is in no roster", "node", n.Name, "server", n.ID)
	return deleteAll(ctx, p, clusterID, doomed, nil)
}
