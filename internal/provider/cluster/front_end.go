package cluster

import (
	"context"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/provision"
)

// decideFrontEnd replaces a working front-end in the plan if the configuration asks
// for it, and replaces workers that a new front-end could not take over. It warns of
// what is lost with a front-end.
func (c *change) decideFrontEnd() diag.Diagnostics {
	if c.create {
		return nil
	}
	var diags diag.Diagnostics
	p, fe := c.kept, c.want.frontEnd
	canKeep := p.given.open || provision.CanKeepWorkers(p.last, p.keys(p.given)...)
	spec := c.spec.FrontEnd
	c.open.frontEnd = c.open.frontEnd || !isResolved(spec) || c.want.namesMore(spec)
	follows := fe.ReplaceOnChange.ValueBool() || fe.ReplaceOnChange.IsUnknown()
	asked := follows && !c.nodes.FrontEnd && p.frontEndSpec != "" && (c.open.frontEnd || p.frontEndSpec != spec.BuildHash())
	switch {
	case asked && c.nodes.Keeps() && !canKeep:
		diags.AddAttributeWarning(path.Root("front_end").AtName("replace_on_change"), "The front-end stays as it is",
			"Its workers could not go on under a new one: the key of the CA that they trust is not at hand. "+
				"Give another `ssh_ca_private_key_wo_version` first, which brings a new CA to them.")
		c.keepsFrontEnd = true
		return diags
	case asked:
		c.nodes.FrontEnd = true
	case c.nodes.FrontEnd && c.nodes.Keeps() && !canKeep:
		c.nodes = c.nodes.Anew()
		diags.AddAttributeWarning(path.Root("workers"), "Workers are made anew with the front-end",
			"A new front-end could not get into the present workers, or not distinguish them from impostors: the key of the CA that they trust is not at hand, "+
				"or the lost front-end had never reported. Their jobs end.")
	}
	if c.nodes.FrontEnd && c.spec.BatchSystem != cluster.BatchNone {
		diags.Append(queueWarning(*c, asked && c.open.frontEnd))
	}
	return diags
}

// isResolved reports whether all names in a spec stand for something.
func isResolved(s cluster.NodeSpec) bool {
	return s.Image != "" && s.Flavor != "" && s.Network != "" && !slices.Contains(s.SecurityGroups, "")
}

// namesMore reports whether a front-end's port or state volume is named that spec does not
// have: what the name stands for is known during the apply only.
func (c config) namesMore(spec cluster.NodeSpec) bool {
	return !c.frontEnd.Port.IsNull() && spec.Port == "" || !c.batch.StateVolume.IsNull() && spec.StateVolume == ""
}

// withFloating adds the front-end's floating IP where Nova does not show it: some
// clouds show it late, and some never. A resource has the address in its state; a
// first look at a cluster has to ask for it.
func withFloating(ctx context.Context, prov *provision.Provisioner, v cluster.View) (cluster.View, error) {
	fe := slices.IndexFunc(v.Nodes, func(n cluster.Node) bool { return n.Role == cluster.RoleFrontEnd })
	if fe < 0 || v.Nodes[fe].Floating != "" || frontEndSpec(v).ExternalNetworkID == "" {
		return v, nil
	}
	address, err := prov.FloatingIP(ctx, v.Nodes[fe].ClusterID)
	if err != nil {
		return v, err
	}
	v.Nodes = slices.Clone(v.Nodes)
	v.Nodes[fe].Floating = address
	return v, nil
}
