package cluster

import (
	"context"
	"errors"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/provider/diagnose"
)

// checkHomonyms refuses new groups whose workers would have the names that workers of
// another cluster have or can get: a name has to stand for one server. A cluster that
// the state holds is compared when it is planned itself, since it may be about to go.
func (r *clusterResource) checkHomonyms(ctx context.Context, c change) diag.Diagnostics {
	var diags diag.Diagnostics
	found := r.session.intend(c.spec.Name, c.spec.GroupNames())
	var added []string
	for _, group := range c.spec.GroupNames() {
		if _, existed := c.was.config.groups[group]; !existed {
			added = append(added, group)
		}
	}
	for _, group := range added {
		if len(cluster.Homonyms(c.spec.Name, group)) == 0 {
			continue
		}
		cloud, err := r.session.Cloud(ctx)
		if errors.Is(err, ErrUnknownConfig) {
			break
		}
		var there []cluster.Homonym
		if err == nil {
			there, err = homonyms(ctx, cloud, c.spec.Name, group, r.session.has)
		}
		if err != nil {
			diags.Append(diagnose.Unbegun("The names of workers can't be checked", err))
			break
		}
		found = append(found, there...)
	}
	for _, h := range found {
		diags.AddAttributeError(path.Root("workers").AtMapKey(h.Group), "Workers of two clusters with one name", fmt.Sprintf(
			"Group %q of cluster %q has workers of the same names, such as %s. Choose another name for the group, or for the cluster.", h.OtherGroup, h.OtherCluster, h.Name()))
	}
	return diags
}

// homonyms returns those groups of other clusters in the project whose workers have, or
// can get, the names of workers of a cluster's group. It takes one list for each other
// cluster that could have such a group: none for names without a hyphen. Clusters for
// which known reports true, by ID, are left out.
func homonyms(ctx context.Context, cloud Cloud, name, group string, known func(id string) bool) ([]cluster.Homonym, error) {
	var out []cluster.Homonym
	for _, h := range cluster.Homonyms(name, group) {
		nodes, err := cloud.Nodes(ctx, cluster.NameTag(h.OtherCluster))
		if err != nil {
			return nil, fmt.Errorf("list the servers of clusters named %s: %w", h.OtherCluster, err)
		}
		if hasGroup(nodes, h.OtherGroup, known) {
			out = append(out, h)
		}
	}
	return out, nil
}

// hasGroup reports whether clusters have a group of that name: in the document of a
// front-end, or in a worker.
func hasGroup(nodes cluster.Nodes, group string, known func(id string) bool) bool {
	for _, n := range nodes {
		if known(n.ClusterID) {
			continue
		}
		if n.Group == group {
			return true
		}
		if n.Role != cluster.RoleFrontEnd {
			continue
		}
		doc, err := cluster.DecodeDocument(n.Metadata)
		if _, has := doc.Groups[group]; err == nil && has {
			return true
		}
	}
	return false
}
