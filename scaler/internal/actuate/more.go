package actuate

import (
	"context"
	"slices"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// AddOutside is Add that leaves availability zones out, as far as there are others.
func (n *Nova) AddOutside(ctx context.Context, clusterID, group string, count int, avoid []string) ([]string, error) {
	return n.p.AddWorkersOutside(ctx, clusterID, group, count, avoid)
}

// Discard deletes one server by its ID and leaves the roster as it is.
func (n *Nova) Discard(ctx context.Context, clusterID, serverID string) error {
	if err := n.p.DiscardServer(ctx, clusterID, serverID); err != nil {
		return err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.seen = slices.DeleteFunc(slices.Clone(n.seen), func(s cluster.Node) bool { return s.ID == serverID })
	return nil
}
