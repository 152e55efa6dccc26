package provision

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// Clusters reads the clusters of the project, or those of one name, in order of
// name and ID. One list shows them all. A cluster whose document can't be read is
// shown without it: a list serves to find what needs care.
func (p *Provisioner) Clusters(ctx context.Context, name string) ([]View, error) {
	var tags []string
	if name != "" {
		tags = []string{cluster.NameTag(name)}
	}
	nodes, err := p.cloud.Nodes(ctx, tags...)
	if err != nil {
		return nil, fmt.Errorf("list the servers of clusters: %w", err)
	}
	slices.SortStableFunc(nodes, func(a, b cluster.Node) int {
		return cmp.Or(strings.Compare(a.ClusterName, b.ClusterName), strings.Compare(a.ClusterID, b.ClusterID))
	})
	var out []View
	for len(nodes) > 0 {
		n := 1
		for n < len(nodes) && nodes[n].ClusterID == nodes[0].ClusterID {
			n++
		}
		v, err := cluster.ViewOf(nodes[:n:n])
		if err != nil {
			p.opts.Log(ctx, "a cluster's document can't be read", "cluster", nodes[0].ClusterName, "error", err.Error())
		}
		out, nodes = append(out, v), nodes[n:]
	}
	return out, nil
}
