package cluster

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/provider/diagnose"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/provision"
)

// ValidateConfig refuses, without a cloud, what no cloud could make.
func (r *clusterResource) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	var config model
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	resp.Diagnostics.Append(config.checkLoginUser()...)
	p, ok, diags := config.parts(ctx)
	resp.Diagnostics.Append(diags...)
	if ok {
		resp.Diagnostics.Append(config.checkCoordinator(p)...)
		resp.Diagnostics.Append(config.checkPlaces(p)...)
		resp.Diagnostics.Append(p.checkSizesOfGroups()...)
	}
}

// reservedUsers have a uid and a purpose of their own on every node: given the
// login user's, the node would not work.
var reservedUsers = []string{"root", "daemon", "nobody", "sshd", "vmcluster", "condor", "slurm", "munge"}

// checkLoginUser refuses accounts that the login user can't be, also where the
// cluster's name stands in for it.
func (m model) checkLoginUser() diag.Diagnostics {
	var diags diag.Diagnostics
	user, why := m.LoginUser.ValueString(), ""
	if m.LoginUser.IsNull() {
		user, why = cluster.DefaultLoginUser(m.Name.ValueString()), " It is the default that follows from `name`."
	}
	if slices.Contains(reservedUsers, user) {
		diags.AddAttributeError(path.Root("login_user"), "Reserved login_user",
			fmt.Sprintf("%q is a system account on the nodes.%s Set `login_user` to an account of its own.", user, why))
	}
	return diags
}

// checkPlaces wants an image and a network for every node.
func (m model) checkPlaces(p parts) diag.Diagnostics {
	var diags diag.Diagnostics
	check := func(attribute string, own, common types.String, at path.Path) {
		if either(own, common).IsNull() {
			diags.AddAttributeError(at.AtName(attribute), "Missing "+attribute,
				"Set `"+attribute+"` here, or for the whole cluster.")
		}
	}
	check("image", p.frontEnd.Image, m.Image, path.Root("front_end"))
	checkNetworks := func(n nodeModel, at path.Path) {
		if !hasNetworks(n.Network, n.Networks) && !hasNetworks(m.Network, m.Networks) {
			diags.AddAttributeError(at.AtName("network"), "Missing network", "Set `network` or `networks` here, or for the whole cluster.")
		}
		diags.Append(m.networking(n, at).check()...)
	}
	checkNetworks(p.frontEnd.nodeModel, path.Root("front_end"))
	for _, name := range p.groupNames() {
		at := path.Root("workers").AtMapKey(name)
		check("image", p.groups[name].Image, m.Image, at)
		checkNetworks(p.groups[name].nodeModel, at)
	}
	return diags
}

// ModifyPlan tells in the plan what an apply would do, and refuses what it could
// not do.
func (r *clusterResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if req.Plan.Raw.IsNull() {
		return // a destroy
	}
	var plan model
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	var was *model
	if !req.State.Raw.IsNull() {
		was = &model{}
		resp.Diagnostics.Append(req.State.Get(ctx, was)...)
	}
	if resp.Diagnostics.HasError() {
		return
	}
	if was != nil { // with -refresh=false nothing has read it
		r.session.remember(was.ID.ValueString())
	}
	private, diags := readPrivate(ctx, req.Private)
	resp.Diagnostics.Append(diags...)
	private.given, private.keyOpen, diags = givenCA(ctx, req.Config)
	resp.Diagnostics.Append(diags...)
	ctx, cancel := context.WithTimeout(ctx, defaultReadTimeout)
	defer cancel()
	resp.Diagnostics.Append(r.plan(ctx, &plan, was, private)...)
	if resp.Diagnostics.HasError() {
		return
	}
	resp.Diagnostics.Append(resp.Plan.Set(ctx, &plan)...)
}

// plan fills the computed part of plan.
func (r *clusterResource) plan(ctx context.Context, plan, was *model, private private) diag.Diagnostics {
	plan.setIdentity(was)
	p, ok, diags := plan.parts(ctx)
	if diags.HasError() {
		return diags
	}
	if !ok || plan.Name.IsUnknown() || p.countsUnknown(ctx) {
		plan.leaveOpen()
		return diags
	}
	diags.Append(plan.dropScaledCounts(ctx, p)...)
	c := change{was: was, open: !isKnown(ctx, plan.FrontEnd, plan.Workers, plan.Image, plan.Network, plan.Networks, plan.ClusterNetwork, plan.KeyPair, plan.SecurityGroups),
		floatingOpen: p.frontEnd.ExternalNetwork.IsUnknown(), frontEndOpen: plan.frontEndOpen(ctx), rollsOpen: plan.rollsOpen(),
		strays: private.strays, serverGroups: private.serverGroups}
	if was != nil {
		before, _, more := was.parts(ctx)
		diags.Append(more...)
		c.wasFor = was.spec(before, resolutionOf(was.Resolved))
		prior, more := nodeStates(ctx, was.Nodes)
		diags.Append(more...)
		c.have = nodesOf(prior)
	}
	if diags.HasError() {
		return diags
	}
	// Who comes and goes does not depend on what names stand for; who is made anew
	// for a new image does.
	rules := private.rules()
	c.nodes = provision.Compute(begin(plan.spec(p, nil), p, c.wasFor.Groups), c.have, rules)
	diags.Append(r.resolvePlan(ctx, plan, p, &c)...)
	if (plan.rolls() || c.rollsOpen) && was != nil {
		rules.Rolling = true
		made := c.makes()
		compute := func() {
			spec := begin(plan.spec(p, c.resolved), p, c.wasFor.Groups)
			rules.Open = plan.openGroups(ctx, spec)
			c.nodes = provision.Compute(spec, c.have, rules)
		}
		if compute(); !made && c.makes() { // then names are looked up anew, as whenever nodes are to be made
			diags.Append(r.resolvePlan(ctx, plan, p, &c)...)
			compute()
		}
	}
	c.wanted = plan.spec(p, c.resolved)
	c.rotates = rotates(plan, was)
	diags.Append(c.decideFrontEnd(p.frontEnd, private)...)
	diags.Append(c.checkTelling(private)...)
	if c.makes() || c.redescribed() {
		items, more := checkSizes(c.wanted, time.Now())
		c.documentItems = items
		diags.Append(more...)
	}
	if (c.makes() || c.mayGrow()) && !diags.HasError() {
		diags.Append(r.preflight(ctx, plan, p, c)...)
	}
	diags.Append(laterWarnings(c)...)
	diags.Append(boundsWarnings(c)...)
	diags.Append(plan.planCounts(ctx, c, p)...)
	diags.Append(plan.planComputed(ctx, c)...)
	return diags
}

// setIdentity plans what names the cluster.
func (m *model) setIdentity(was *model) {
	m.ID = types.StringUnknown()
	if was != nil {
		m.ID = was.ID
	}
	if m.LoginUser.IsUnknown() && was != nil && !was.LoginUser.IsNull() {
		m.LoginUser = was.LoginUser
	}
	if m.LoginUser.IsUnknown() && !m.Name.IsUnknown() {
		m.LoginUser = types.StringValue(cluster.DefaultLoginUser(m.Name.ValueString()))
	}
}

// isKnown tells that nothing in the values is left to the apply.
func isKnown(ctx context.Context, values ...attr.Value) bool {
	for _, v := range values {
		raw, err := v.ToTerraformValue(ctx)
		if err != nil || !raw.IsFullyKnown() {
			return false
		}
	}
	return true
}

func (p parts) countsUnknown(ctx context.Context) bool {
	for _, g := range p.groups {
		if g.sizeUnknown() || !isKnown(ctx, g.Retire) {
			return true
		}
	}
	return false
}

// resolvePlan looks up the names that are new, and all of them when nodes are to
// be made: an image may have been replaced by one of the same name. It also asks
// whether a new cluster's name is free.
func (r *clusterResource) resolvePlan(ctx context.Context, plan *model, p parts, c *change) diag.Diagnostics {
	plan.Resolved = types.MapUnknown(types.StringType)
	refs, allKnown := plan.references(p)
	known := resolution{}
	if c.was != nil && !c.makes() {
		known = resolutionOf(c.was.Resolved)
	}
	var diags diag.Diagnostics
	c.resolved = known
	if missing(refs, known) || c.was == nil {
		client, err := r.session.Cloud(ctx)
		if errors.Is(err, ErrUnknownConfig) {
			return nil
		}
		if err != nil {
			diags.Append(diagnose.Fault("The cloud can't be reached", err))
			c.resolved = nil
			return diags
		}
		c.resolved, diags = resolve(ctx, client, refs, known)
		if c.was == nil {
			left, more := r.checkName(ctx, plan.Name.ValueString())
			c.leftovers = left
			diags.Append(more...)
		}
	}
	if allKnown {
		plan.Resolved = c.resolved.only(refs).value()
	}
	return diags
}

// checkName wants no other cluster of that name. left tells that an interrupted
// create of the same place left something of it.
func (r *clusterResource) checkName(ctx context.Context, name string) (left bool, diags diag.Diagnostics) {
	prov, err := r.session.Provisioner(ctx)
	free := false
	if err == nil {
		free, err = prov.CheckName(ctx, name, CreatedBy(name))
	}
	if free {
		r.session.foundFree(name, time.Now())
	}
	var exists *provision.ExistsError
	if errors.As(err, &exists) && r.session.has(exists.ID) {
		return false, nil // the one that this plan replaces
	}
	if err != nil {
		diags.Append(diagnose.Fault("Whether the name is free can't be told", err))
	}
	return err == nil && !free, diags
}

// only drops what the configuration no longer names.
func (r resolution) only(refs []reference) resolution {
	out := make(resolution, len(refs))
	for _, ref := range refs {
		if id, ok := r[ref.key()]; ok {
			out[ref.key()] = id
		}
	}
	return out
}
