package provision

import (
	"context"
	"fmt"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/batch"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

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
	left, err := leftovers(ctx, p.cloud, name, createdBy, abandoned)
	return err == nil && len(left) == 0, err
}

// leftovers returns the servers that an interrupted create left, see CheckName.
func leftovers(ctx context.Context, cloud batch.Cloud, name, createdBy, abandoned string) (cluster.Nodes, error) {
	nodes, err := cloud.Nodes(ctx, cluster.NameTag(name))
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

// removeLeftovers deletes what an interrupted create left, see CheckName. Its CA died
// with it, so nothing of it can be used. The cluster with the ID except stays.
func removeLeftovers(ctx context.Context, p *Provisioner, name, createdBy, abandoned, except string) error {
	left, err := leftovers(ctx, p.cloud, name, createdBy, abandoned)
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
		if err := p.Destroy(ctx, cluster.Ref{ID: n.ClusterID, Name: n.ClusterName}, nil); err != nil {
			return fmt.Errorf("remove what an interrupted create left: %w", err)
		}
	}
	return nil
}
