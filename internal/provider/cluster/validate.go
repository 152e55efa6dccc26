package cluster

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/provider/whole"
)

// ValidateConfig refuses, without a cloud, what no cloud could make.
func (r *clusterResource) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	var m model
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() {
		return
	}
	resp.Diagnostics.Append(m.checkLoginUser()...)
	if m.hasNullGroup() {
		return // the schema's own rules say so
	}
	c, whole, diags := decode(ctx, m)
	if diags.HasError() {
		return // likewise, and they know the place
	}
	if whole {
		resp.Diagnostics.Append(c.checkCoordinator()...)
		resp.Diagnostics.Append(c.checkPlaces()...)
		resp.Diagnostics.Append(c.checkSizes()...)
		resp.Diagnostics.Append(c.checkTraffic()...)
		resp.Diagnostics.Append(c.checkUserData()...)
		resp.Diagnostics.Append(c.checkBatchSystem()...)
		resp.Diagnostics.Append(c.checkRetire()...)
		resp.Diagnostics.Append(c.checkPairs()...)
		resp.Diagnostics.Append(c.checkStateVolume()...)
	}
}

// checkLoginUser refuses a login user that the cluster's name gives and that can't be
// one; the schema refuses those that are configured.
func (m model) checkLoginUser() diag.Diagnostics {
	var diags diag.Diagnostics
	if !m.LoginUser.IsNull() || cluster.CheckClusterName(m.Name.ValueString()) != nil {
		return nil
	}
	if err := CheckLoginUser(cluster.DefaultLoginUser(m.Name.ValueString())); err != nil {
		diags.AddAttributeError(path.Root("name"), "Reserved login_user",
			fmt.Sprintf("It gives the login user %q: %s. Set `login_user`.", cluster.DefaultLoginUser(m.Name.ValueString()), err))
	}
	return diags
}

// checkPlaces requires an image and a network for every node.
func (c config) checkPlaces() diag.Diagnostics {
	var diags diag.Diagnostics
	check := func(attribute string, own, common types.String, at path.Path) {
		if either(own, common).IsNull() {
			diags.AddAttributeError(at.AtName(attribute), "Missing "+attribute,
				"Set `"+attribute+"` here, or for the whole cluster.")
		}
	}
	check("image", c.frontEnd.Image, c.Image, path.Root("front_end"))
	checkNetworks := func(n nodeModel, at path.Path) {
		if !hasNetworks(n.Network, n.Networks) && !hasNetworks(c.Network, c.Networks) {
			diags.AddAttributeError(at.AtName("network"), "Missing network", "Set `network` or `networks` here, or for the whole cluster.")
		}
		diags.Append(c.networking(n, at).check()...)
	}
	checkNetworks(c.frontEnd.nodeModel, path.Root("front_end"))
	for _, name := range c.groupNames() {
		at := path.Root("workers").AtMapKey(name)
		check("image", c.groups[name].Image, c.Image, at)
		checkNetworks(c.groups[name].nodeModel, at)
	}
	return diags
}

// checkCoordinator refuses, with coordinator = "last_worker", what needs a front-end
// that learns of changes without a new worker.
func (c config) checkCoordinator() diag.Diagnostics {
	var diags diag.Diagnostics
	if c.Coordinator.ValueString() != cluster.CoordinatorLastWorker {
		return nil
	}
	const why = "With `coordinator = \"last_worker\"` only new workers of Terraform's bring changes to the front-end, so %s."
	if c.rolls() {
		diags.AddAttributeError(path.Root("replacement"), "Not with last_worker", fmt.Sprintf(why, "it can't drain workers for a rolling replacement"))
	}
	for _, name := range c.groupNames() {
		if !c.groups[name].Scaling.IsNull() {
			diags.AddAttributeError(path.Root("workers").AtMapKey(name).AtName("scaling"), "Not with last_worker", fmt.Sprintf(why, "a scaler can't add any"))
		}
	}
	return diags
}

// checkSizes requires exactly one of count and scaling in each group of a
// configuration, and bounds that make sense.
func (c config) checkSizes() diag.Diagnostics {
	var diags diag.Diagnostics
	for _, name := range c.groupNames() {
		g, at := c.groups[name], path.Root("workers").AtMapKey(name)
		switch {
		case g.Count.IsNull() && g.Scaling.IsNull():
			diags.AddAttributeError(at, "Missing count or scaling",
				"Set `count` for a number of workers that Terraform owns, or `scaling` for one that the scaler owns.")
		case g.Count.IsUnknown() || g.Scaling.IsUnknown(): // looked at again when they are known
		case !g.Count.IsNull() && !g.Scaling.IsNull():
			diags.AddAttributeError(at.AtName("scaling"), "Both count and scaling",
				"The number of workers has one owner: with `count` it is Terraform, with `scaling` the scaler. Remove one of them.")
		}
		if s, ok := g.scaling(); ok {
			diags.Append(s.check(at.AtName("scaling"))...)
		}
		if least := g.MinReady; !least.IsNull() && !g.sizeUnknown() && g.least() >= 0 && least.ValueInt64() > int64(g.least()) {
			diags.AddAttributeError(at.AtName("min_ready"), "Contradictory bounds",
				fmt.Sprintf("It is more than the %d workers that the group is made with.", g.least()))
		}
	}
	return diags
}

func (s scalingModel) check(at path.Path) diag.Diagnostics {
	var diags diag.Diagnostics
	known := func(v whole.Number) bool { return !v.IsNull() && !v.IsUnknown() }
	if known(s.Min) && known(s.Max) && s.Min.ValueInt64() > s.Max.ValueInt64() {
		diags.AddAttributeError(at.AtName("min"), "Contradictory bounds",
			fmt.Sprintf("It is more than `max` = %d.", s.Max.ValueInt64()))
	}
	if known(s.Initial) && (known(s.Min) && s.Initial.ValueInt64() < s.Min.ValueInt64() || known(s.Max) && s.Initial.ValueInt64() > s.Max.ValueInt64()) {
		diags.AddAttributeError(at.AtName("initial"), "Contradictory bounds",
			fmt.Sprintf("It is not between `min` = %d and `max` = %d.", s.Min.ValueInt64(), s.Max.ValueInt64()))
	}
	return diags
}
