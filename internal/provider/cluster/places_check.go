package cluster

import (
	"fmt"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cloudinit"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/provider/diagnose"
)

// hasNullGroup reports whether a group has no value at all.
func (m model) hasNullGroup() bool {
	for _, group := range m.Workers.Elements() {
		if group.IsNull() {
			return true
		}
	}
	return false
}

// eachNode calls visit with the front-end and each group, in order of their names.
func (c config) eachNode(visit func(n nodeModel, at path.Path)) {
	visit(c.frontEnd.nodeModel, path.Root("front_end"))
	for _, name := range c.groupNames() {
		visit(c.groups[name].nodeModel, path.Root("workers").AtMapKey(name))
	}
}

// checkTraffic refuses a cluster-wide cluster_network that no node has.
func (c config) checkTraffic() diag.Diagnostics {
	var diags diag.Diagnostics
	known := !c.ClusterNetwork.IsUnknown() && checkReference(c.ClusterNetwork.ValueString()) == nil && !c.Networks.IsUnknown()
	taken := false
	c.eachNode(func(n nodeModel, at path.Path) {
		w := c.networking(n, at)
		taken = taken || w.has(c.ClusterNetwork)
		known = known && !n.Networks.IsUnknown() && !slices.ContainsFunc(w.all, types.String.IsUnknown)
	})
	if known && !taken {
		diags.AddAttributeError(path.Root("cluster_network"), "Unknown cluster_network",
			"No node has this network. Name one of `networks`, written in the same way.")
	}
	return diags
}

// checkUserData refuses files and cloud-config that can't be on a node.
func (c config) checkUserData() diag.Diagnostics {
	var diags diag.Diagnostics
	user := c.LoginUser.ValueString()
	if c.LoginUser.IsNull() {
		user = cluster.DefaultLoginUser(c.Name.ValueString())
	}
	c.eachNode(func(n nodeModel, at path.Path) {
		for _, wrong := range cloudinit.CheckFiles(sortedNames(n.Files.Elements()), user) {
			diags.Append(diagnose.UserData(at, wrong))
		}
		if err := cloudinit.CheckCloudConfig(n.CloudConfig.ValueString()); err != nil {
			diags.Append(diagnose.UserData(at, err))
		}
	})
	return diags
}

// checkRetire refuses names in retire that no worker of the group can have.
func (c config) checkRetire() diag.Diagnostics {
	var diags diag.Diagnostics
	if c.Name.IsUnknown() {
		return nil
	}
	for _, group := range c.groupNames() {
		for _, name := range texts(c.groups[group].Retire.Elements()) {
			if checkReference(name) == nil && cluster.GroupOf(c.Name.ValueString(), name) != group {
				diags.AddAttributeError(path.Root("workers").AtMapKey(group).AtName("retire").AtSetValue(types.StringValue(name)), "No worker of the group",
					fmt.Sprintf("Not the name of a worker of this group; such names are %s and so on.", cluster.WorkerName(c.Name.ValueString(), group, 1)))
			}
		}
	}
	return diags
}

// checkPairs refuses attributes that contradict each other.
func (c config) checkPairs() diag.Diagnostics {
	var diags diag.Diagnostics
	for _, name := range c.groupNames() {
		g, at := c.groups[name], path.Root("workers").AtMapKey(name)
		policy, _ := g.ServerGroup.Attributes()["policy"].(types.String)
		if zones := len(g.AvailabilityZones.Elements()); zones > 1 && policy.ValueString() == "affinity" {
			diags.AddAttributeError(at.AtName("availability_zones"), "Contradicts server_group",
				fmt.Sprintf("With `policy = \"affinity\"` all workers are on one hypervisor, which is in one availability zone, and %d are named. Name one, or choose `soft-affinity`.", zones))
		}
	}
	c.eachNode(func(n nodeModel, at path.Path) {
		if c.Coordinator.ValueString() == cluster.CoordinatorLastWorker && isFalse(n.ConfigDrive) {
			diags.AddAttributeError(at.AtName("config_drive"), "Not with last_worker",
				"With `coordinator = \"last_worker\"` user data reaches the nodes on config drives. Leave `config_drive` out.")
		}
	})
	return diags
}

func isFalse(v attr.Value) bool { return v.Equal(types.BoolValue(false)) }
