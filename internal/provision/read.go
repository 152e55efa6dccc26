package provision

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// Refresh reads a cluster: one list by tag, which carries the document and other
// clusters of the name too, and a look-up by ID of each known server that the list
// lacks. A cluster of which no server exists has no nodes and is no error.
func (p *Provisioner) Refresh(ctx context.Context, ref cluster.Ref, known cluster.Nodes) (cluster.View, error) {
	listed, err := p.cloud.ManyNodes(ctx, len(known), ref.Tag())
	ours, leftovers, strangers := ref.Split(listed)
	if err == nil {
		ours, err = complete(ctx, p.cloud, p.opts.Concurrency, ref.ID, ours, known)
	}
	if err != nil {
		return cluster.View{}, fmt.Errorf("list the servers of cluster %s: %w", ref.ID, err)
	}
	v, err := cluster.ViewOf(ours)
	v.Leftovers, v.Strangers = leftovers, strangers
	return v, err
}

// Find reads the cluster of that name or ID. Of several clusters of a name it is the
// finished one: what an interrupted create has left beside it costs no reader anything.
func (p *Provisioner) Find(ctx context.Context, nameOrID string) (cluster.View, error) {
	if cluster.IsID(nameOrID) {
		v, err := p.Refresh(ctx, cluster.Ref{ID: nameOrID}, nil)
		if err != nil || len(v.Nodes) > 0 {
			return v, err
		}
	}
	if cluster.CheckClusterName(nameOrID) != nil {
		return cluster.View{}, notFound(nameOrID)
	}
	ref := cluster.Ref{Name: nameOrID}
	nodes, err := p.cloud.Nodes(ctx, ref.Tag())
	if err != nil {
		return cluster.View{}, fmt.Errorf("list the servers of cluster %s: %w", nameOrID, err)
	}
	if ref.ID, err = onlyCluster(nameOrID, nodes); err != nil {
		return cluster.View{}, err
	}
	ours, _, strangers := ref.Split(nodes)
	v, err := cluster.ViewOf(ours)
	v.Strangers = strangers
	return v, err
}

// onlyCluster returns the ID of the only cluster of a name, or of the only finished one.
func onlyCluster(name string, nodes cluster.Nodes) (string, error) {
	var all, finished []string
	for _, c := range nodes.Clusters() {
		all = append(all, c[0].ClusterID)
		if c.Finished() {
			finished = append(finished, c[0].ClusterID)
		}
	}
	switch {
	case len(all) == 0:
		return "", notFound(name)
	case len(all) == 1:
		return all[0], nil
	case len(finished) == 1:
		return finished[0], nil
	case len(finished) > 1:
		all = finished
	}
	return "", &cluster.CloudError{
		Kind: cluster.FaultAmbiguous, Op: "find cluster " + name,
		Message: fmt.Sprintf("clusters %s and %s both have this name; use the ID", all[0], all[1]),
	}
}

// Read returns a cluster's nodes, document and the front-end's latest report.
// Known are the nodes that an earlier Read returned; if the cloud now says nothing
// about one of them, that is an error.
func (p *Provisioner) Read(ctx context.Context, nameOrID string, known cluster.Nodes) (cluster.View, error) {
	v, err := Steps{p}.ReadNodes(ctx, nameOrID, known)
	if err != nil {
		return v, err
	}
	return Steps{p}.ReadReport(ctx, v, p.opts.KeepReport)
}

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

func notFound(nameOrID string) error {
	return &cluster.CloudError{
		Kind: cluster.FaultNotFound, Op: "find cluster " + nameOrID,
		Message: "no server of this project is tagged as part of a cluster of that name or ID",
	}
}

// Clusters reads the clusters of the project, or those of one name, in order of
// name and ID. One list shows them all. A cluster whose document can't be read is
// returned without it: a list serves to find what needs care.
func (p *Provisioner) Clusters(ctx context.Context, name string) ([]cluster.View, error) {
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
	var out []cluster.View
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
