package cluster

import (
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// networking is the networks of a node, as the configuration names them.
type networking struct {
	all     []types.String // in order
	traffic types.String   // the one for the cluster's traffic
	at      path.Path      // the place where traffic is configured
}

// networking returns a node's networks: its own `network` or `networks`, else the
// cluster's. The cluster's traffic takes the network that is named for it, else the
// first.
func (m model) networking(n nodeModel, at path.Path) networking {
	out := networking{all: networkNames(n.Network, n.Networks), traffic: n.ClusterNetwork, at: at}
	if len(out.all) == 0 {
		out.all = networkNames(m.Network, m.Networks)
	}
	if out.traffic.IsNull() && out.has(m.ClusterNetwork) {
		out.traffic, out.at = m.ClusterNetwork, path.Empty()
	}
	if out.traffic.IsNull() && len(out.all) > 0 {
		out.traffic = out.all[0]
	}
	return out
}

func (w networking) has(name types.String) bool {
	return slices.ContainsFunc(w.all, func(n types.String) bool { return n.Equal(name) })
}

func networkNames(one types.String, several types.List) []types.String {
	if !one.IsNull() {
		return []types.String{one}
	}
	var out []types.String
	for _, v := range several.Elements() {
		if s, ok := v.(types.String); ok {
			out = append(out, s)
		}
	}
	return out
}

// hasNetworks reports whether networks are named, or may be once all is known.
func hasNetworks(one types.String, several types.List) bool {
	return !one.IsNull() || !several.IsNull()
}

// apply writes the networks into a spec.
func (w networking) apply(spec *cluster.NodeSpec, resolved resolution) {
	spec.Network = resolved.get(kindNetwork, w.traffic)
	if len(w.all) < 2 {
		return
	}
	for _, name := range w.all {
		spec.Networks = append(spec.Networks, resolved.get(kindNetwork, name))
	}
	spec.NetworkName = resolved.get(kindNetworkName, w.traffic)
}

// check refuses a network for the cluster's traffic that the node does not have.
func (w networking) check() diag.Diagnostics {
	var diags diag.Diagnostics
	known := !slices.ContainsFunc(append(w.all, w.traffic), types.String.IsUnknown)
	if known && len(w.all) > 0 && !w.has(w.traffic) && checkReference(w.traffic.ValueString()) == nil {
		diags.AddAttributeError(w.at.AtName("cluster_network"), "Unknown cluster_network",
			"None of the node's networks. Name one of them, written in the same way.")
	}
	return diags
}

// addNetworks lists the names that several networks add to the references.
func (c config) addNetworks(add func(kind, types.String, path.Path)) {
	list := func(several types.List, at path.Path) {
		for i, name := range networkNames(types.StringNull(), several) {
			add(kindNetwork, name, at.AtName("networks").AtListIndex(i))
		}
	}
	list(c.Networks, path.Empty())
	node := func(n nodeModel, at path.Path) {
		list(n.Networks, at)
		// Nova lists a server's addresses by the networks' names, so the one for the
		// cluster's traffic must have a name that no other has.
		if w := c.networking(n, at); len(w.all) > 1 {
			add(kindNetworkName, w.traffic, w.at.AtName("cluster_network"))
		}
	}
	node(c.frontEnd.nodeModel, path.Root("front_end"))
	for _, name := range c.groupNames() {
		node(c.groups[name].nodeModel, path.Root("workers").AtMapKey(name))
	}
}

// networksOf is the reverse of networking: a configuration that stands for spec.
func networksOf(spec cluster.NodeSpec) (one types.String, several types.List, traffic types.String) {
	several = types.ListNull(types.StringType)
	if len(spec.Networks) < 2 {
		return orNull(spec.Network), several, types.StringNull()
	}
	return types.StringNull(), stringListOf(spec.Networks), orNull(spec.Network)
}
