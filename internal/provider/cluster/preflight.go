package cluster

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/preflight"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/preflight/compare"
)

// preflight returns what the project has too little of for what the plan adds.
func (r *clusterResource) preflight(ctx context.Context, c change) diag.Diagnostics {
	client, err := r.session.Cloud(ctx)
	if err != nil {
		return nil // an error of the look-ups, or the configuration is open
	}
	f := forecast{change: c, mayReplace: r.session.mayReplace()}
	diags := f.checkVolumes(client.HasVolumes())
	unanswered := func(question string, err error) {
		tflog.Debug(ctx, "the cloud does not answer a question of the preflight", map[string]any{"question": question, "error": err.Error()})
	}
	for _, s := range preflight.Check(ctx, client, f.groups(), unanswered) {
		diags.Append(f.shortage(s))
	}
	own := c.was.states[c.nodes.FrontEndName].ID.ValueString()
	if c.nodes.FrontEnd && c.spec.FrontEnd.Port != "" {
		fault := preflight.CheckPort(ctx, client, c.want.frontEnd.Port.ValueString(), c.spec.FrontEnd.Network, own)
		diags.Append(f.portFault(fault)...)
	}
	if c.nodes.FrontEnd && c.spec.FrontEnd.StateVolume != "" {
		diags.Append(f.volumeFault(preflight.CheckVolume(ctx, client, c.want.batch.StateVolume.ValueString(), own))...)
	}
	if s := c.spec.FrontEnd; (c.nodes.FrontEnd || c.readdresses()) && s.FixedIP != "" && s.Network != "" {
		diags.Append(f.addressFault(preflight.CheckAddress(ctx, client, s.Network, s.FixedIP, own, unanswered))...)
	}
	return diags
}

// forecast is a change as a preflight looks at it: what it takes of the project, and
// what becomes free before.
type forecast struct {
	change
	mayReplace bool // the change may be the second half of a replacement
}

// groups returns the groups and the front-end as a preflight looks at them.
func (f forecast) groups() map[string]preflight.Group {
	bounds := f.bounds()
	group := func(name string, n nodeModel, spec cluster.NodeSpec, before string) preflight.Group {
		g := preflight.Group{Bounds: bounds[name], Spec: spec, Flavor: n.Flavor.ValueString(), Image: either(n.Image, f.want.Image).ValueString(), FlavorBefore: before}
		g.Standing, g.Members = f.serverGroup(name, spec.ServerGroup)
		return g
	}
	frontEnd := group(cluster.FrontEndGroup, f.want.frontEnd.nodeModel, f.spec.FrontEnd, f.was.spec.FrontEnd.Flavor)
	frontEnd.Items = f.documentItems
	out := map[string]preflight.Group{cluster.FrontEndGroup: frontEnd}
	for name := range bounds {
		if _, ok := out[name]; !ok {
			out[name] = group(name, f.want.groups[name].nodeModel, f.spec.Groups[name].NodeSpec, f.was.spec.Groups[name].Flavor)
		}
	}
	return out
}

// bounds returns how many nodes the plan adds, how many the groups may come to add,
// and how many are made anew in place of others. It leaves out nodes of which only
// the apply will know whether they are made anew: the apply plans them again.
func (f forecast) bounds() map[string]compare.Bounds {
	_, had := f.was.states[f.nodes.FrontEndName]
	frontEnd := compare.Bounds{}
	switch {
	case f.nodes.FrontEnd && had:
		if !f.open.frontEnd {
			frontEnd.Anew = 1
		}
	case f.nodes.FrontEnd:
		frontEnd.Min, frontEnd.Max = 1, 1
	}
	out := map[string]compare.Bounds{cluster.FrontEndGroup: frontEnd}
	for name, g := range f.nodes.Groups {
		added := max(len(g.Add)-len(g.Remove), 0)
		most := f.spec.Groups[name].Most() - (len(g.Keep) + len(g.Add) - added)
		anew := len(g.Add) - added
		if !f.open.rolls {
			anew += len(g.Roll)
		}
		out[name] = compare.Bounds{Min: added, Max: max(most, added), Anew: anew}
	}
	return out
}

// serverGroup reports whether a group's server group with that policy exists, and
// how many of its members stay. A worker is a member of the server group in which
// it was made, and of no other one.
func (f forecast) serverGroup(group, policy string) (standing bool, members int) {
	if policy == "" {
		return false, 0
	}
	g := f.nodes.Groups[group]
	for _, w := range f.was.nodes.Workers(group) {
		if f.kept.serverGroups[w.Name] != policy {
			continue
		}
		standing = true
		if slices.Contains(g.Keep, w.Name) && !slices.Contains(g.Roll, w.Name) {
			members++
		}
	}
	return standing, members
}

// checkVolumes warns of boot volumes in a cloud whose catalog has no service for
// them.
func (f forecast) checkVolumes(service bool) diag.Diagnostics {
	var diags diag.Diagnostics
	if service {
		return nil
	}
	for _, group := range append([]string{cluster.FrontEndGroup}, f.want.groupNames()...) {
		if f.specOf(group).BootVolume != nil {
			diags.AddAttributeWarning(placeOf(group).AtName("boot_volume"), "No block-storage service",
				"The cloud's catalog lists no block-storage service, so volumes probably can't be made. Leave `boot_volume` out, or check the region.")
		}
	}
	return diags
}

// portFault words why the front-end's own port can't be used. A port in use is a
// warning where its present server is deleted first.
func (f forecast) portFault(fault preflight.PortFault) diag.Diagnostics {
	var diags diag.Diagnostics
	at := path.Root("front_end").AtName("port")
	if fault.Network != "" {
		diags.AddAttributeError(at, "Port on another network", fmt.Sprintf(
			"The port is on network %s, the front-end's network for the cluster's traffic is %s. Name a port on that network, or set `network`, `networks` and `cluster_network` to suit.", f.networkName(fault.Network), f.networkName(f.spec.FrontEnd.Network)))
	}
	switch says := fmt.Sprintf("The port belongs to %s already. Name one that is free.", fault.Device); {
	case fault.Device == "":
	case f.leftovers:
		diags.AddAttributeWarning(at, "Port in use now", says+"\n\n"+f.comesFree())
	case f.create && f.mayReplace: // in use in every replacement
	default:
		diags.AddAttributeError(at, "Port in use", says)
	}
	return diags
}

// addressFault words why the front-end can't have its fixed_ip, or may not get it. An
// address in use is a warning where its present server is deleted first.
func (f forecast) addressFault(fault preflight.AddressFault) diag.Diagnostics {
	var diags diag.Diagnostics
	at := path.Root("front_end").AtName("fixed_ip")
	switch says := fmt.Sprintf("The address belongs to %s already. Choose one that is free.", fault.User); {
	case fault.Outside != nil:
		diags.AddAttributeError(at, "Address outside the network", fmt.Sprintf(
			"No subnet of the front-end's network for the cluster's traffic holds this address. Its subnets are %s.", joined(fault.Outside)))
	case fault.Reserved != "":
		diags.AddAttributeError(at, "Reserved address", fmt.Sprintf("This is the %s address of the subnet, which no server can have. Choose another one.", fault.Reserved))
	case fault.User != "" && f.leftovers:
		diags.AddAttributeWarning(at, "Address in use now", says+"\n\n"+f.comesFree())
	case fault.User != "" && f.create && f.mayReplace: // in use in every replacement
	case fault.User != "":
		diags.AddAttributeError(at, "Address in use", says)
	case fault.Gateway:
		diags.AddAttributeWarning(at, "Address of the gateway", "The subnet names this address as its gateway: nodes without another route send everything through the front-end.")
	case fault.Given && len(f.nodes.Adds()) > 0:
		diags.AddAttributeWarning(at, "Address may be given to a worker",
			"It lies in an allocation pool of the subnet, and workers are made first, with addresses of this pool. Choose an address outside the pools, or use `port`.")
	}
	return diags
}

// joined writes values as a list.
func joined[T fmt.Stringer](values []T) string {
	texts := make([]string, 0, len(values))
	for _, v := range values {
		texts = append(texts, v.String())
	}
	return strings.Join(texts, ", ")
}
