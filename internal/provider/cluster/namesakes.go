package cluster

import (
	"fmt"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/provider/diagnose"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/text"
)

// namesakeWarnings names the servers of other clusters that bear this one's name, each
// cluster once: what an interrupted create has left, and what is not this
// configuration's to touch.
func namesakeWarnings(v cluster.View) diag.Diagnostics {
	var diags diag.Diagnostics
	for _, nodes := range staying(v.Leftovers).Clusters() {
		diags.AddAttributeWarning(path.Root("name"), "An interrupted create left servers",
			fmt.Sprintf("Cluster %s of this name was begun and never finished. It has %s. Nothing uses these servers. The next apply deletes them, and so does a destroy.",
				nodes[0].ClusterID, serversOf(nodes)))
	}
	for _, nodes := range staying(v.Strangers).Clusters() {
		id := nodes[0].ClusterID
		detail := fmt.Sprintf("Cluster %s has %s. It is not the one of this state, so no apply and no destroy of this configuration touches it, "+
			"and its nodes have the names of nodes of this cluster. ", id, serversOf(nodes))
		switch {
		case nodes.Finished() && nodes.Headless():
			detail += "It was finished and has lost its front-end; its servers may hold users' data. Where they are not needed, delete them: " +
				"openstack server list --tags " + cluster.IDTag(id) + " shows them."
		case nodes.Finished():
			detail += "Where one of the two is not needed, destroy it there where it was made; else make one of them anew under another name."
		default:
			detail += "It is not finished: a run at another place may be making it, or has been interrupted. " + diagnose.Abandon(id)
		}
		diags.AddAttributeWarning(path.Root("name"), "Another cluster has the same name", detail)
	}
	return diags
}

// staying returns the nodes whose servers are not being deleted.
func staying(nodes cluster.Nodes) cluster.Nodes {
	return slices.DeleteFunc(slices.Clone(nodes), func(n cluster.Node) bool { return n.Status == cluster.StatusDeleting })
}

// serversOf names nodes with the IDs of their servers.
func serversOf(nodes cluster.Nodes) string {
	named := make([]string, 0, len(nodes))
	for _, n := range nodes {
		named = append(named, fmt.Sprintf("%s (server %s)", text.Line(n.Name, cluster.MaxNodeName), n.ID))
	}
	slices.SortFunc(named, cluster.CompareNames)
	return firstOf(named)
}
