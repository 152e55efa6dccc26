package provision

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// Refresh reads a cluster: one list by tag, which carries the document too, and a
// look-up by ID of each known server that the list lacks. A cluster of which no
// server exists has no nodes and is no error.
func (p *Provisioner) Refresh(ctx context.Context, id string, known cluster.Nodes) (View, error) {
	nodes, err := p.cloud.Nodes(ctx, cluster.IDTag(id))
	if err == nil {
		nodes, err = p.complete(ctx, id, nodes, known)
	}
	if err != nil {
		return View{}, fmt.Errorf("list the servers of cluster %s: %w", id, err)
	}
	return cluster.ViewOf(nodes)
}

// Find reads the cluster of that name or ID.
func (p *Provisioner) Find(ctx context.Context, nameOrID string) (View, error) {
	v, err := p.Refresh(ctx, nameOrID, nil)
	if err != nil || len(v.Nodes) > 0 {
		return v, err
	}
	if cluster.CheckClusterName(nameOrID) != nil {
		return v, notFound(nameOrID)
	}
	nodes, err := p.cloud.Nodes(ctx, cluster.NameTag(nameOrID))
	if err != nil {
		return View{}, fmt.Errorf("list the servers of cluster %s: %w", nameOrID, err)
	}
	if len(nodes) == 0 {
		return v, notFound(nameOrID)
	}
	for _, n := range nodes {
		if n.ClusterID != nodes[0].ClusterID {
			return View{}, &cluster.CloudError{
				Kind: cluster.FaultAmbiguous, Op: "find cluster " + nameOrID,
				Message: fmt.Sprintf("clusters %s and %s both have this name; use the ID", nodes[0].ClusterID, n.ClusterID),
			}
		}
	}
	return cluster.ViewOf(nodes)
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

// ExistsError means that a new cluster's name is taken.
type ExistsError struct {
	Name     string
	ID       string
	Finished bool // false: an interrupted create of another place left it
}

func (e *ExistsError) Error() string {
	if e.Finished {
		return fmt.Sprintf("a cluster named %q exists already (ID %s); import it or choose another name", e.Name, e.ID)
	}
	return fmt.Sprintf("servers of an unfinished cluster named %q exist (ID %s), made from another place: another run may be under way", e.Name, e.ID)
}

// CheckName refuses the name of a new cluster that a finished cluster has, or one
// that is being made from another place than createdBy. What an interrupted create
// left is no hindrance if it comes from the same place or has the ID abandoned ("" is
// none), because Apply removes it; free reports whether there is nothing of that
// either.
func (p *Provisioner) CheckName(ctx context.Context, name, createdBy, abandoned string) (free bool, err error) {
	left, err := p.leftovers(ctx, name, createdBy, abandoned)
	return err == nil && len(left) == 0, err
}

func (p *Provisioner) leftovers(ctx context.Context, name, createdBy, abandoned string) (cluster.Nodes, error) {
	nodes, err := p.cloud.Nodes(ctx, cluster.NameTag(name))
	if err != nil {
		return nil, fmt.Errorf("list the servers of clusters named %s: %w", name, err)
	}
	for _, n := range nodes {
		if n.Metadata[cluster.MetaReady] != "" {
			return nil, &ExistsError{Name: name, ID: n.ClusterID, Finished: true}
		}
	}
	for _, n := range nodes {
		given := abandoned != "" && n.ClusterID == abandoned
		if n.Metadata[cluster.MetaCreatedBy] != createdBy && !given {
			return nil, &ExistsError{Name: name, ID: n.ClusterID}
		}
	}
	return nodes, nil
}

// removeLeftovers deletes what an interrupted create left; see CheckName. Its CA died
// with it, so nothing of it can be used. The cluster with the ID except stays.
func (p *Provisioner) removeLeftovers(ctx context.Context, name, createdBy, abandoned, except string) error {
	left, err := p.leftovers(ctx, name, createdBy, abandoned)
	if err != nil {
		return err
	}
	done := map[string]bool{except: true}
	for _, n := range left {
		if done[n.ClusterID] {
			continue
		}
		done[n.ClusterID] = true
		p.opts.Log(ctx, "removing what an interrupted create left", "cluster", n.ClusterName, "id", n.ClusterID)
		if err := p.Destroy(ctx, n.ClusterID, nil); err != nil {
			return fmt.Errorf("remove what an interrupted create left: %w", err)
		}
	}
	return nil
}
