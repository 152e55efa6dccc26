package cluster

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

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
	there, err := r.homonymsThere(ctx, c.spec.Name, added)
	if err != nil {
		diags.Append(diagnose.Unbegun("The names of workers can't be checked", err))
	}
	found = append(found, there...)
	for _, h := range found {
		diags.AddAttributeError(path.Root("workers").AtMapKey(h.Group), "Workers of two clusters with one name", fmt.Sprintf(
			"Group %q of cluster %q has workers of the same names, such as %s. Choose another name for the group, or for the cluster.", h.OtherGroup, h.OtherCluster, h.Name()))
	}
	return diags
}

// homonymsThere is homonyms in the project, as far as the provider is configured already.
func (r *clusterResource) homonymsThere(ctx context.Context, name string, groups []string) ([]cluster.Homonym, error) {
	var possible []cluster.Homonym
	for _, group := range groups {
		possible = append(possible, cluster.Homonyms(name, group)...)
	}
	if len(possible) == 0 {
		return nil, nil
	}
	cloud, err := r.session.Cloud(ctx)
	if errors.Is(err, ErrUnknownConfig) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return homonyms(ctx, cloud, possible, r.session.has)
}

// homonyms returns those groups of other clusters in the project whose workers have, or
// can get, the names of workers of a cluster's groups. One list shows all clusters that
// could have such a group. Clusters for which known reports true, by ID, are left out.
func homonyms(ctx context.Context, cloud Cloud, possible []cluster.Homonym, known func(id string) bool) ([]cluster.Homonym, error) {
	var names, tags []string
	for _, h := range possible {
		if !slices.Contains(names, h.OtherCluster) {
			names, tags = append(names, h.OtherCluster), append(tags, cluster.NameTag(h.OtherCluster))
		}
	}
	nodes, err := cloud.NodesWithAny(ctx, tags...)
	if err != nil {
		return nil, fmt.Errorf("list the servers of clusters named %s: %w", strings.Join(names, " or "), err)
	}
	return slices.DeleteFunc(slices.Clone(possible), func(h cluster.Homonym) bool { return !has(nodes, h, known) }), nil
}

// has reports whether a cluster has the homonym's group: in the document of a front-end, or
// in a worker.
func has(nodes cluster.Nodes, h cluster.Homonym, known func(id string) bool) bool {
	for _, n := range nodes {
		if n.ClusterName != h.OtherCluster || known(n.ClusterID) {
			continue
		}
		if n.Group == h.OtherGroup {
			return true
		}
		if n.Role != cluster.RoleFrontEnd {
			continue
		}
		doc, err := cluster.DecodeDocument(n.Metadata)
		if _, there := doc.Groups[h.OtherGroup]; err == nil && there {
			return true
		}
	}
	return false
}
