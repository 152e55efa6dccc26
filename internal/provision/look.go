package provision

import (
	"context"
	"fmt"
	"slices"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// ReadNodes is Read without the report.
func (p Steps) ReadNodes(ctx context.Context, nameOrID string, known cluster.Nodes) (cluster.View, error) {
	v, err := p.Find(ctx, nameOrID)
	if err != nil {
		return v, err
	}
	id := v.Nodes[0].ClusterID
	nodes, err := complete(ctx, p.cloud, p.opts.Concurrency, id, v.Nodes, slices.DeleteFunc(slices.Clone(known), func(n cluster.Node) bool { return n.ClusterID != id }))
	if err != nil {
		return v, fmt.Errorf("list the servers of cluster %s: %w", id, err)
	}
	if len(nodes) > len(v.Nodes) {
		return cluster.ViewOf(nodes)
	}
	return v, nil
}

// ReadReport returns the view with the front-end's latest report. With keep the report
// stays where it is; else one that is not final makes room for the next one.
func (p Steps) ReadReport(ctx context.Context, v cluster.View, keep bool) (cluster.View, error) {
	fe, ok := v.Nodes.FrontEnd()
	if !ok {
		return v, nil
	}
	return p.reporter().withReport(ctx, v, fe.ID, keep)
}
