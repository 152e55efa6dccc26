package provision

import (
	"context"
	"fmt"
	"slices"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// RequestDiscard asks for the deletion of one worker's server by its ID and returns
// without waiting until it is gone. The roster stays as it is: it holds another server of
// that name, or none. A server that is in the roster by now is not deleted, and the
// error is a conflict.
func (p Steps) RequestDiscard(ctx context.Context, ref cluster.Ref, serverID string) error {
	view, _, err := p.open(ctx, ref)
	if err != nil {
		return err
	}
	doomed, err := discardable(view, serverID)
	if err != nil {
		return err
	}
	for _, refusal := range p.requestDeletion(ctx, ref, doomed) {
		return refusal.Err
	}
	return context.Cause(ctx)
}

// discardable returns the server to discard, none where it is gone.
func discardable(view cluster.View, serverID string) (cluster.Nodes, error) {
	i := slices.IndexFunc(view.Nodes, func(n cluster.Node) bool { return n.ID == serverID && n.Role == cluster.RoleWorker })
	if i < 0 {
		return nil, nil
	}
	n := view.Nodes[i]
	twin := slices.ContainsFunc(view.Nodes, func(o cluster.Node) bool { return o.Name == n.Name && o.ID != n.ID && !o.Gone() })
	if view.Document.Enrolled(n) && !twin {
		return nil, &cluster.CloudError{
			Kind: cluster.FaultConflict, Op: "delete server " + serverID,
			Message: fmt.Sprintf("%s is in the roster by now", n.Name),
		}
	}
	return cluster.Nodes{n}, nil
}
